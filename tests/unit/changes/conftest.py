"""Fixtures for the tests of changes."""

from __future__ import annotations

import pytest

from tests.unit.changes.shelf import Shelf


@pytest.fixture
def shelf() -> Shelf:
    """An empty one."""
    return Shelf()
