"""Gets changes of the published state by LISTEN, so that a request needs no query. Decision 220."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from digest.store.database.meta import CHANNEL
from digest.store.database.postgres import conninfo, defaults

if TYPE_CHECKING:
    from datetime import datetime

_ALIVE_SECONDS, _CLOSING_SECONDS, _AGAIN_SECONDS = 5.0, 0.5, 1.0
_STATE = "SELECT published, published_at FROM meta"


class Listening:
    """The published state, kept current by a thread of its own."""

    def __init__(self, url: str) -> None:
        self._target = conninfo(url)
        self._known: tuple[int, datetime] | None = None
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="listening", daemon=True)
        self._thread.start()

    @property
    def known(self) -> tuple[int, datetime] | None:
        """The newest state; None while the server does not answer, and the caller must query it."""
        return self._known

    def close(self) -> None:
        self._closed.set()
        self._thread.join()

    def _listen(self) -> None:
        while not self._closed.is_set():
            try:
                with psycopg.connect(self._target, autocommit=True, **defaults(self._target)) as connection:
                    connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(CHANNEL)))
                    while not self._closed.is_set():
                        self._known = connection.execute(_STATE).fetchone()
                        self._wait(connection)
            except psycopg.Error:
                self._known = None
                self._closed.wait(_AGAIN_SECONDS)
        self._known = None

    def _wait(self, connection: psycopg.Connection[Any]) -> None:
        """Wait for a notification, or long enough to check that the server is still there."""
        for _ in range(int(_ALIVE_SECONDS / _CLOSING_SECONDS)):
            if self._closed.is_set() or list(connection.notifies(timeout=_CLOSING_SECONDS, stop_after=1)):
                return
