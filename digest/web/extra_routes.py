"""The routes of what is off by default. The code behind it is loaded only where it is on."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from starlette.routing import BaseRoute, Route

    from digest.operations.core import Service
    from digest.settings import Settings
    from digest.store.transaction import Store


def hook_routes(
    store: Store, settings: Settings, now: Callable[[], datetime], fetch: Callable[[str], bytes] | None
) -> list[Route]:
    """The routes for providers. Without a provider, the code that verifies them is not loaded."""
    if not settings.hooks.on():
        return []
    from digest.web import hooks  # noqa: PLC0415 - as above

    return hooks.hook_routes(store, settings, now=now, fetch=fetch)


def api_routes(
    store: Store, settings: Settings, now: Callable[[], datetime], service: Service | None
) -> Sequence[BaseRoute]:
    """The routes of the API and of the page that describes it. Where it is off, its code is not loaded."""
    if not settings.api.on:
        return []
    from digest.operations import core  # noqa: PLC0415 - as above
    from digest.web.api import application  # noqa: PLC0415 - as above

    return application.routes(store, settings, service or core.Service(), now=now)
