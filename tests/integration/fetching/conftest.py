"""A site for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sites import Site, sites

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def site() -> Iterator[Site]:
    with sites() as made:
        yield made
