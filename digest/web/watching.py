"""HTTP endpoints for monitors: liveness, readiness, metrics. Decisions 237 and 239."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from digest.errors import DigestError
from digest.service.operating.health import Sending

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp

    from digest.store.transaction import Store
    from digest.web.metrics import Metrics

_NOT_STORED = {"Cache-Control": "no-store"}
_FORWARDED = {"forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"}


class Watch:
    """The endpoints, as plain functions, because the store blocks."""

    def __init__(self, store: Store, metrics: Metrics) -> None:
        self._store, self._metrics = store, metrics

    def healthy(self, request: Request) -> Response:  # noqa: ARG002 - an endpoint takes it
        """The process answers; nothing else is a reason to kill it."""
        return PlainTextResponse("ok\n", headers=_NOT_STORED)

    def ready(self, request: Request) -> Response:
        """503 if the store does not work, so that no page could; with `?full` also if mail cannot be sent.

        A relay's fault keeps no page from its visitors, so it alone does not change the code. No relay is contacted:
        the last attempt decides. Other troubles are counted by kind. The response names no hosts and no people, because
        anybody may ask.
        """
        try:
            self._store.check()
        except DigestError:
            return _failing()
        now = self._metrics.standing()
        if now is None:
            return _failing()
        ready = now.sending is Sending.OK or "full" not in request.query_params
        troubles = {kind: count for kind, count in now.troubles.items() if count}
        told = {"ready": ready, "store": "ok", "mail": now.sending, "troubles": troubles}
        return JSONResponse(told, 200 if ready else 503, _NOT_STORED)

    def metrics(self, request: Request) -> Response:
        body, media_type = self._metrics.exposition(request.headers.get("accept", ""))
        return Response(body, headers={"Content-Type": media_type, **_NOT_STORED})


def watch_application(store: Store, metrics: Metrics) -> ASGIApp:
    """The ASGI application of a listener for monitors."""
    watch = Watch(store, metrics)
    return Starlette(
        routes=[
            Route("/healthz", watch.healthy),
            Route("/readyz", watch.ready),
            Route("/metrics", watch.metrics),
        ]
    )


def _failing() -> Response:
    told: dict[str, object] = {"ready": False, "store": "failing", "mail": "unknown", "troubles": {}}
    return JSONResponse(told, 503, _NOT_STORED)


def from_this_machine(request: Request, base_url: str) -> bool:
    """Whether a request certainly comes from this machine itself.

    A proxy's own address proves nothing, and not every proxy identifies itself. But a site behind a proxy has a name
    outside.
    """
    client = request.client.host if request.client else ""
    return (
        _is_loopback(client)
        and _is_loopback(urlsplit(base_url).hostname or "")
        and not _FORWARDED & {name.lower() for name in request.headers}
    )


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
