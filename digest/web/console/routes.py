"""The pages of the console: each path with what a user's role must allow. Tests try every page with less than that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import Route

from digest.operations import core
from digest.web.console import (
    account,
    editions,
    entries,
    keeping,
    layouts,
    login,
    operators,
    people,
    settings,
    sources,
    templates,
    today,
    users,
)
from digest.web.console.frame import Console
from digest.web.console.visit import HOME

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from digest.operations.core import Service
    from digest.settings import Settings
    from digest.store.transaction import Store
    from digest.web.console.frame import Page

PAGES: tuple[Page, ...] = (
    *today.PAGES,
    *people.PAGES,
    *sources.PAGES,
    *layouts.PAGES,
    *entries.PAGES,
    *editions.PAGES,
    *keeping.PAGES,
    *login.PAGES,
    *account.PAGES,
    *users.PAGES,
    *operators.PAGES,
    *settings.PAGES,
    *templates.PAGES,
)


def console_routes(store: Store, given: Settings, now: Callable[[], datetime], service: Service | None) -> list[Route]:
    """A route for each page and each file, and one for whatever else is under `/console`."""
    console = Console(store, given, now, PAGES, service or core.Service())
    return [
        *(Route(page.path, console.endpoint(page), methods=["GET", "HEAD", "POST"]) for page in PAGES),
        *(Route(path, console.asset) for path in console.assets),
        Route(f"{HOME}/{{rest:path}}", console.missing, methods=["GET", "HEAD", "POST"]),
    ]
