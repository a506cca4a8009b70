"""How often the database was written to, at a cost that each request can afford."""

import sqlite3
import threading
import time
from pathlib import Path

from digest.records.operating import Version

_SECONDS = 0.1  # after so long another process's writes are visible; one's own are visible at once


class Versions:
    """The version of a database, from a connection of its own that never writes.

    In memory, this process does all the writing (`private`). Another store without a file has no such version.

    Source: https://sqlite.org/pragma.html#pragma_data_version: it changes with each commit of another connection.
    """

    def __init__(self, file: Path | None, *, private: bool) -> None:
        self._file, self._private = file, private
        self._connection: sqlite3.Connection | None = None
        self._lock = threading.Lock()
        self._written = 0  # by this process
        self._seen = -1
        self._next = 0.0
        self._failed = -1
        self._newest = Version(-1, -1)

    def written(self) -> None:
        """Count a commit of this process."""
        with self._lock:
            self._written += 1

    def newest(self) -> Version | None:
        """The present version; None if only a query could find it."""
        if self._file is None:
            return Version(self._written, self._written) if self._private else None
        if self._seen != self._written or time.monotonic() > self._next:
            self._look(self._file)
        return self._newest

    def close(self) -> None:
        with self._lock:
            if self._connection:
                self._connection.close()
            self._connection = None

    def _look(self, file: Path) -> None:
        with self._lock:
            self._seen, self._next = self._written, time.monotonic() + _SECONDS
            try:
                if self._connection is None:
                    self._connection = sqlite3.connect(file, timeout=0, check_same_thread=False, isolation_level=None)
                    self._connection.execute("PRAGMA query_only = ON")
                commits = self._connection.execute("PRAGMA data_version").fetchone()[0]
                if commits != self._newest.commits:
                    published = self._connection.execute("SELECT published FROM meta").fetchone()[0]
                    self._newest = Version(published, commits)
            except sqlite3.Error:  # a caller of the store itself gets the error; until then every version counts as new
                self._failed -= 1
                self._newest = Version(self._failed, self._failed)
