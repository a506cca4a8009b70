"""SQLite's plans for the queries of a store: by which index, or through the whole table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from digest.store.transaction import Store


def plans(store: Store, ask: Callable[[Connection], object]) -> list[str]:
    """The plans of the SELECTs that are asked, in their order."""
    asked: list[str] = []
    with store._writing.connect() as connection:
        if connection.dialect.name != "sqlite":
            pytest.skip("reads SQLite's plans")
        event.listen(connection, "before_cursor_execute", lambda *told: asked.append(str(told[2])))
        ask(connection)
        return [
            str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", (0,) * query.count("?")).all())
            for query in [one for one in asked if one.startswith("SELECT")]
        ]
