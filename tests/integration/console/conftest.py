"""A console in front of a store in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from digest.settings import Settings
from digest.settings.console import Console
from digest.store import open_store
from tests.consoles import Browser

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from digest.store.transaction import Store


@pytest.fixture
def store() -> Iterator[Store]:
    store = open_store("sqlite://")
    yield store
    store.close()


@pytest.fixture
def console(store: Store) -> Callable[..., Browser]:
    """A browser in front of a console with these settings, which nobody has logged in to yet."""

    def made(url: str = "http://digest.example.org", **settings: object) -> Browser:
        return Browser(store, Settings(base_url=url, console=Console(on=True, **settings)))

    return made
