"""A list of 100,000 people comes in, while others are let go at once."""

from __future__ import annotations

import shutil
import threading
import time
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from benchmarks.machine import BUILD
from benchmarks.measure import Clock, Row, small, times
from digest.mail.tokens import leave_token
from digest.service.people import importing, subscribers
from digest.settings import Settings
from digest.store import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.store.transaction import Store

_LIMIT, _PATIENCE = 60.0, 1.0  # seconds for the whole list, and for one reader who leaves meanwhile
_READERS = 500


def rows() -> Iterator[Row]:
    """Both limits are those of two cores; the time of one turn grows with no size of the list."""
    many = small(100_000, 5_000)
    folder = BUILD / "people"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    settings = Settings(
        data_dir=folder,
        base_url="https://digest.example.org",
        sources=[{"id": "blog", "title": "Blog", "path": folder, "timezone": "UTC"}],
        digests=[{"id": "weekly", "title": "Weekly"}],
    )
    with closing(open_store(settings.database)) as store:
        first = "email\n" + "".join(f"first{number}@example.org\n" for number in range(_READERS))
        _imported(store, settings, first.encode())
        leaving = _Leaving(store, settings)
        leaving.start()
        started = time.perf_counter()
        _imported(store, settings, _export(many))
        taken = time.perf_counter() - started
        leaving.stop()
    shutil.rmtree(folder)
    limit = _LIMIT * many / 100_000
    yield times("people", f"import of {many:,} rows", "the limit", taken, limit, 1, "s", Clock.WALL)
    yield times(
        "people",
        "the longest wait of who leaves meanwhile",
        "the limit",
        leaving.longest,
        _PATIENCE,
        1,
        "ms",
        Clock.WALL,
    )


def _export(many: int) -> bytes:
    head = "Email Address,First Name,Last Name,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,TAGS\n"
    row = (
        "reader{0}@host{1}.example.org,Reader,Number {0},2,2024-01-02 03:04:05,192.0.2.1,2024-01-02 03:09:11,192.0.2.1,"
        '"""a"",""b"""\n'
    )
    return (head + "".join(row.format(number, number % 700) for number in range(many))).encode()


def _imported(store: Store, settings: Settings, raw: bytes) -> None:
    now = datetime.now(UTC)
    report = importing.import_people(store, settings, importing.read_people(raw, now), now=now)
    if report.problems:
        raise RuntimeError(str(report.problems[:3]))


class _Leaving(threading.Thread):
    """One reader after the other leaves, by a store of its own; `longest` is the seconds that one of them took."""

    def __init__(self, store: Store, settings: Settings) -> None:
        super().__init__()
        self._settings, self._done, self.longest = settings, threading.Event(), 0.0
        secret = store.secret()
        with store.read() as tx:
            followers = tx.subscribers.followers(settings.digests[0].id)  # type: ignore[arg-type] # a name of a digest
        self._tokens = [leave_token(secret, one.subscriber.id, settings.digests[0].id) for one in followers]  # type: ignore[arg-type] # as above

    def run(self) -> None:
        with closing(open_store(self._settings.database)) as store:
            for token in self._tokens:
                started = time.perf_counter()
                subscribers.leave(store, token, source="one click", now=datetime.now(UTC))
                self.longest = max(self.longest, time.perf_counter() - started)
                if self._done.wait(0.05):
                    return

    def stop(self) -> None:
        self._done.set()
        self.join()
