"""The routes of what is off by default. The code behind it is loaded only where it is on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.routing import Route

from digest.errors import DigestError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp

    from digest.operations.core import Service
    from digest.settings import Settings
    from digest.store.transaction import Store

_SEE_OTHER, _GONE, _UNABLE = 303, 400, 503


def hook_routes(
    store: Store, settings: Settings, now: Callable[[], datetime], fetch: Callable[[str], bytes] | None
) -> list[Route]:
    """The routes for providers. Without a provider, the code that verifies them is not loaded."""
    if not settings.hooks.on():
        return []
    from digest.web import hooks  # noqa: PLC0415 - as above

    return hooks.hook_routes(store, settings, now=now, fetch=fetch)


def operators_routes(
    store: Store, settings: Settings, now: Callable[[], datetime], service: Service | None
) -> list[BaseRoute]:
    """The routes of the API and of the console on `web.listen`: none where they have a listener of their own."""
    return (
        []
        if settings.console.listen
        else [*_api(store, settings, now, service), *_console(store, settings, now, service)]
    )


def operators_application(
    store: Store, settings: Settings, *, now: Callable[[], datetime], service: Service | None = None
) -> ASGIApp:
    """The application of `console.listen`: the console, the API, and nothing else."""
    made = Starlette(
        routes=[
            *_api(store, settings, now, service),
            *_console(store, settings, now, service),
            Route("/", lambda _: RedirectResponse("/console", _SEE_OTHER)),
        ],
        exception_handlers={
            ClientDisconnect: lambda *_: PlainTextResponse("the request ended early\n", _GONE),
            DigestError: lambda *_: PlainTextResponse("try again in a minute\n", _UNABLE, {"Retry-After": "60"}),
        },
    )
    made.router.redirect_slashes = False
    return made


def _console(store: Store, settings: Settings, now: Callable[[], datetime], service: Service | None) -> list[Route]:
    """The routes of the console. Where it is off, its code is not loaded."""
    if not settings.console.on:
        return []
    from digest.web.console.routes import console_routes  # noqa: PLC0415 - as above

    return console_routes(store, settings, now, service)


def _api(store: Store, settings: Settings, now: Callable[[], datetime], service: Service | None) -> Sequence[BaseRoute]:
    """The routes of the API and of the page that describes it. Where it is off, its code is not loaded."""
    if not settings.api.on:
        return []
    from digest.operations import core  # noqa: PLC0415 - as above
    from digest.web.api import application  # noqa: PLC0415 - as above

    return application.routes(store, settings, service or core.Service(), now=now)
