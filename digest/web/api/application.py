"""The routes of the API: who asks, how often, what; then the operation, and its answer as JSON. Decision 339."""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
from collections import OrderedDict
from dataclasses import replace
from datetime import timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.routing import Mount, Route

from digest import __version__, json_output, logs
from digest.errors import DigestError, describe_fault
from digest.operations.core import Context, perform, require_scope
from digest.operations.table import OPERATIONS
from digest.records.operating import Via
from digest.service.operating import tokens
from digest.service.operating.auditing import Actor
from digest.web.api.openapi import document
from digest.web.api.page import subjects
from digest.web.api.problems import RefusedError, problem, problem_of
from digest.web.api.requests import read_request
from digest.web.pages import Pages
from digest.web.requests import network_of
from digest.web.template_trials import require_templates

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from starlette.requests import Request

    from digest.operations.core import Operation, Service
    from digest.records.operating import ApiToken
    from digest.settings import Settings
    from digest.store.transaction import Store

ROOT, PAGE = "/api/v1", "/api"
_KEY = re.compile(r"[!-~]{1,200}")
_WRONG_TOKENS = 20  # a minute, from one network
_KEPT = timedelta(days=1)  # how long an idempotency key is known
_OK = 200
_MAY_COME_AGAIN = {429, 503}  # the request had no effect, and the same one may succeed later
_MOST_NETWORKS = 10_000  # in memory; beyond them, the oldest are forgotten
_PRIVATE = {"Cache-Control": "private, no-cache", "Vary": "Authorization"}
_log = logs.get_logger()


def routes(
    store: Store,
    settings: Settings,
    service: Service,
    *,
    now: Callable[[], datetime],
    operations: Sequence[Operation[Any, Any]] = OPERATIONS,
) -> list[Route | Mount]:
    """The API at `ROOT`, and the page that describes it to people."""
    api = _Api(store, settings, service, now, operations)
    paths: dict[str, dict[str, Operation[Any, Any]]] = {}
    for one in operations:
        paths.setdefault(one.path, {})[one.method] = one
    # A path without names comes before one with names that would match it too.
    ordered = sorted(paths, key=lambda path: path.count("{"))
    performing = [Route(path, partial(api.answer, paths[path]), methods=list(paths[path])) for path in ordered]
    cors = Middleware(
        CORSMiddleware,
        allow_origins=list(settings.api.origins),
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "If-None-Match"],
        expose_headers=["ETag", "Retry-After", "Idempotency-Replayed"],
    )
    made = Starlette(
        routes=[Route("/openapi.json", api.openapi), *performing],
        middleware=[cors] if settings.api.origins else [],
        exception_handlers={404: _missing, 405: _not_allowed},
    )
    made.router.redirect_slashes = False
    mounted = Mount(ROOT, made)
    mounted.path_regex = re.compile(mounted.path_regex.pattern, re.DOTALL)  # a line break is no way out of the API
    return [Route(PAGE, api.page), mounted]


class _Api:
    """The endpoints."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        service: Service,
        now: Callable[[], datetime],
        operations: Sequence[Operation[Any, Any]],
    ) -> None:
        self._store, self._settings, self._now, self._operations = store, settings, now, operations
        self._blank = Context(store, settings, now, Actor("", Via.API, frozenset()), service, require_templates)
        self._pages = Pages(settings)
        self._counting = threading.Lock()
        self._requests, self._failures = Rate(settings.api.per_minute), Rate(_WRONG_TOKENS)

    @cached_property
    def _document(self) -> dict[str, Any]:
        return document(
            self._operations,
            title=f"{self._settings.site_title}: the API of Digest",
            server=f"{self._settings.base_url}{ROOT}",
            version=__version__,
        )

    def openapi(self, request: Request) -> Response:
        """The OpenAPI document; it holds nothing of the installation but its title and address."""
        return _tagged(request, json.dumps(self._document, ensure_ascii=False).encode())

    def page(self, request: Request) -> Response:
        """The same for people."""
        return self._pages.page(request, "api", private=True, root=ROOT, subjects=subjects(self._document))

    async def answer(self, by_method: Mapping[str, Operation[Any, Any]], request: Request) -> Response:
        """Perform the operation that a request names."""
        operation = by_method["GET" if request.method == "HEAD" else request.method]
        try:
            network = network_of(request, self._settings.web.proxies)
            token = await run_in_threadpool(self._token, request, network)
            actor = Actor(f"token {token.name}", Via.API, tokens.allowed(token.scopes), network)
            context = replace(self._blank, actor=actor)
            require_scope(operation, context)  # before what is asked, which tells nothing to those who may not ask
            asked = await read_request(request, operation)
            if operation.is_act:
                return await run_in_threadpool(self._act, request, operation, context, asked, token)
            return await run_in_threadpool(self._look, request, operation, context, asked)
        except RefusedError as refused:
            return refused.response
        except DigestError as error:
            return problem_of(error)
        except Exception as error:  # noqa: BLE001 - one request fails, and says so in the form of all others
            _log.error("a request of the API failed", operation=operation.name, error=describe_fault(error, "failed"))
            return problem(500, "the service failed; its log says how")

    def _token(self, request: Request, network: str) -> ApiToken:
        """The token of a request, which counts for it.

        Raises:
            RefusedError: there is none, or it made too many requests; or too many wrong ones came from its network.
        """
        token = tokens.check(self._store, _bearer(request), self._now())
        with self._counting:
            if token is None:  # a right one is never refused for what others in its network do
                wait = self._failures.count(network)
                raise RefusedError(_too_many(wait) if wait else _not_authenticated())
            if wait := self._requests.count(token.id):
                raise RefusedError(_too_many(wait))
        return token

    def _look(self, request: Request, operation: Operation[Any, Any], context: Context, asked: Any) -> Response:  # noqa: ANN401 - as above
        return _tagged(request, _json(perform(operation, context, asked)))

    def _act(
        self,
        request: Request,
        operation: Operation[Any, Any],
        context: Context,
        asked: Any,  # noqa: ANN401 - as above
        token: ApiToken,
    ) -> Response:
        key = request.headers.get("idempotency-key")
        if key is not None and _KEY.fullmatch(key) is None:
            return problem(400, "the idempotency key is not 1 to 200 visible ASCII characters")
        if key is None:
            return self._acted(operation, context, asked)
        return self._once(token.id, _bearer(request), key, partial(self._acted, operation, context, asked))

    def _once(self, token: str, secret: str, key: str, acted: partial[Response]) -> Response:
        """Act, unless the same request came with this key before: then its answer comes again.

        `secret` is the whole token, without which nobody can read what the store keeps of request and answer.
        """
        operation, _, asked = acted.args
        hashed = tokens.keyed_hash(secret, f"{operation.name}\n{asked.model_dump_json()}")
        with self._store.write() as tx:
            tx.tokens.forget_before(self._now() - _KEPT)
            before = tx.tokens.begin(token, key, hashed, self._now())
        if before is None:
            made = acted()  # if it raises, nobody knows what it did: the key stays taken
            with self._store.write() as tx:
                if made.status_code in _MAY_COME_AGAIN:
                    tx.tokens.forget(token, key)
                else:
                    sealed = tokens.sealed(bytes(made.body).decode(), secret, key)
                    tx.tokens.answer(token, key, made.status_code, sealed)
            return made
        if before.request != hashed:
            return problem(422, "another request had this idempotency key (choose a new key for each request)")
        if before.status is None or before.body is None:
            return problem(
                409,
                "the first request with this idempotency key has no answer: it is in progress, or it was interrupted "
                "(look at `/audit` for what it did)",
            )
        good = before.status == _OK
        kind = "application/json" if good else "application/problem+json"
        headers = {"Cache-Control": "no-store", "Idempotency-Replayed": "true"}
        return Response(tokens.unsealed(before.body, secret, key), before.status, headers, kind)

    def _acted(self, operation: Operation[Any, Any], context: Context, asked: Any) -> Response:  # noqa: ANN401 - as above
        try:
            done = perform(operation, context, asked)
        except DigestError as error:
            return problem_of(error)
        return Response(_json(done), _OK, {"Cache-Control": "no-store"}, "application/json")


class Rate:
    """Counts per name, in the last minute. A name that is not counted for a minute is forgotten."""

    def __init__(self, per_minute: int) -> None:
        self._room = float(per_minute)
        self._per_second = per_minute / 60
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, name: str) -> int:
        """For how many seconds there is no room for this name; 0 if there is."""
        left = self._now_left(name)
        return 0 if left >= 1 else int((1 - left) / self._per_second) + 1

    def count(self, name: str) -> int:
        """Count one, if there is room; otherwise the seconds until there is."""
        if wait := self.wait(name):
            return wait
        self._left[name] = self._now_left(name) - 1, time.monotonic()
        self._left.move_to_end(name)
        if len(self._left) > _MOST_NETWORKS:
            self._left.popitem(last=False)
        return 0

    def _now_left(self, name: str) -> float:
        left, at = self._left.get(name, (self._room, 0.0))
        return min(self._room, left + (time.monotonic() - at) * self._per_second)


def _bearer(request: Request) -> str:
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    return text.strip() if scheme.lower() == "bearer" else ""


def _json(value: Any) -> bytes:  # noqa: ANN401 - a view of any operation
    return json_output.to_json(value.model_dump()).encode("utf-8", "replace")


def _tagged(request: Request, body: bytes) -> Response:
    """A body with its ETag; 304 if the client has it. Source: RFC 9110, section 13.1.2."""
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    given = request.headers.get("if-none-match", "")
    headers = {**_PRIVATE, "ETag": tag}
    if given.strip() == "*" or tag in (one.strip().removeprefix("W/") for one in given.split(",")):
        return Response(b"", 304, headers)
    return Response(body, _OK, headers, "application/json")


def _not_authenticated() -> Response:
    return problem(
        401,
        "the token is missing, wrong, expired or revoked (send `Authorization: Bearer …` with one that "
        "`digest tokens create` printed)",
        headers={"WWW-Authenticate": "Bearer"},
    )


def _too_many(seconds: int) -> Response:
    return problem(429, f"too many requests (come again in {seconds} s)", headers={"Retry-After": str(seconds)})


async def _missing(request: Request, error: Exception) -> Response:  # noqa: ARG001 - a handler takes both
    return problem(404, f"there is nothing at {request.url.path} (see {ROOT}/openapi.json)")


async def _not_allowed(request: Request, error: Exception) -> Response:
    allow: Mapping[str, str] = getattr(error, "headers", None) or {}
    return problem(405, f"{request.url.path} takes {allow.get('Allow', 'other methods')}", headers=allow)
