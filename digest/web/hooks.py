"""Webhooks for bounces and complaints: providers POST to `/hooks/NAME`; 404 unless the provider is switched on."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from digest import logs
from digest.errors import HookError, StoreError
from digest.mail.receiving.provider_payloads import Provider
from digest.service.bounces.webhooks import IN_PATH, LARGEST, WebhookIntake
from digest.web.requests import body_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from starlette.requests import Request

    from digest.settings import Settings
    from digest.store.transaction import Store

_TOO_LARGE, _LATER = 413, 503
_log = logs.get_logger()


def hook_routes(
    store: Store, settings: Settings, *, now: Callable[[], datetime], fetch: Callable[[str], bytes] | None = None
) -> list[Route]:
    """The routes of the providers that are switched on.

    Raises:
        ConfigurationError: a key or secret cannot be read.
    """
    intake = WebhookIntake(store, settings, fetch) if fetch else WebhookIntake(store, settings)
    hooks = _Hooks(intake, now)
    return [
        Route(
            f"/hooks/{provider}/{{secret}}" if provider in IN_PATH else f"/hooks/{provider}",
            partial(hooks.receive, provider),
            methods=["POST"],
        )
        for provider in map(Provider, settings.hooks.on())
    ]


class _Hooks:
    """The endpoints."""

    def __init__(self, intake: WebhookIntake, now: Callable[[], datetime]) -> None:
        self._intake, self._now = intake, now

    async def receive(self, provider: Provider, request: Request) -> Response:
        if not self._intake.accepts(provider, request.path_params.get("secret", "")):
            return PlainTextResponse("not found\n", 404)
        raw = await body_of(request, LARGEST)
        if raw is None:
            return PlainTextResponse("too large\n", _TOO_LARGE)
        headers = {name.lower(): value for name, value in request.headers.items()}
        return await run_in_threadpool(self._answer, provider, headers, raw)

    def _answer(self, provider: Provider, headers: dict[str, str], raw: bytes) -> Response:
        try:
            taken = self._intake.handle(provider, headers, raw, self._now())
        except HookError as error:
            _log.warning("hook refused", provider=provider, reason=error.reason)
            return PlainTextResponse(f"{error.reason}\n", error.status)
        except StoreError as error:
            _log.error("hook not stored", provider=provider, reason=str(error))
            return PlainTextResponse("try again later\n", _LATER, headers={"Retry-After": "60"})
        if taken:
            _log.info("hook taken", provider=provider, **Counter(str(one.what) for one in taken))
        return PlainTextResponse("ok\n")
