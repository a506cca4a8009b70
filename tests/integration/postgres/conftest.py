"""Databases on a real server, and the content of a store on one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from digest.store import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.store.transaction import Store
    from tests.postgres import Server


@pytest.fixture
def url(postgres: Server) -> str:
    """An empty database."""
    return postgres.database()


@pytest.fixture
def store(postgres: Server, postgres_template: str) -> Iterator[Store]:
    """A new store."""
    opened = open_store(postgres.database(postgres_template))
    yield opened
    opened.close()
