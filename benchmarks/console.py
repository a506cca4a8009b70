"""How long the pages of the console take with 100,000 subscribers and 10,000 entries, on SQLite and PostgreSQL.

`python -m benchmarks.console` prints every page; with `--docs` writes those above the limit into docs/performance.md.
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from benchmarks import corpus, machine
from benchmarks.edition import words
from benchmarks.machine import BUILD, ROOT
from benchmarks.measure import Clock, Row, small, times
from digest import logs
from digest.model import BounceKind, DeliveryState, DigestId, Edition, EditionKey, Variant
from digest.records.console import Role
from digest.records.editions import Recipient
from digest.records.mailing import Bounce, Evidence
from digest.service.bounces.suppressing import apply_due
from digest.service.intake.refresh import refresh
from digest.service.people import importing
from digest.settings import Settings
from digest.store import open_store
from digest.store.database.tables.mailing import deliveries
from digest.store.database.tables.people import subscribers, subscriptions
from digest.web.application import application
from digest.web.console.routes import PAGES
from tests.consoles import Browser
from tests.postgres import Server, programs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from digest.settings import Bounces
    from digest.store.transaction import Store

_LIMIT = 0.05  # seconds for a page
_TURNS = small(20, 5)
_PEOPLE, _ENTRIES = small(100_000, 2_000), small(10_000, 400)
_DAY = timedelta(days=1)
_WEEKLY, _KEY = DigestId("weekly"), EditionKey("weekly/2026-W40")
_DOCS = ROOT / "docs" / "performance.md"
_BEGIN, _END = "<!-- console: written by `python -m benchmarks.console --docs` -->", "<!-- end of console -->"
# Pages that answer with a whole list as a file, and those without a state of their own here (no provider, no link that
# is still valid, nothing held).
_LEFT_OUT = (
    "/console/people/export.csv",
    "/console/audit/export/{name}",
    "/console/login/oidc",
    "/console/login/oidc/back",
    "/console/link/{token}",
    "/console/account/password",
    "/console/sources/held/{source}",
    "/console/sources/layouts/{layout}",
)
# Further addresses of lists: searches with and without a hit, filters, and later parts.
_SEARCHES = (
    "/console/entries?q=梯度",
    "/console/entries?q=nowhere",
    "/console/entries?state=all",
    "/console/people?q=reader99",
    "/console/people?q=nowhere",
    "/console/people?state=left",
    "/console/people?state=suppressed",
    "/console/people?after={half}",
    "/console/editions/mails?state=failed",
    "/console/editions/mails?edition={edition}&who={subscriber}",
)


@dataclass(frozen=True, slots=True)
class Taken:
    """What a page took in seconds: median and p95 by the wall clock, and the median of this process's processor."""

    page: str
    median: float
    p95: float
    processor: float


def rows() -> Iterator[Row]:
    """The slowest page of each database beside the limit."""
    for engine, taken in measured():
        slowest = max(taken[1:], key=lambda one: one.median)
        name = f"the slowest page of the console ({slowest.page}), {engine}"
        yield times("console", name, "the limit", slowest.median, _LIMIT, 1, clock=Clock.WALL)


def measured() -> Iterator[tuple[str, list[Taken]]]:
    """Each database with its pages; the first line is the reference, one person found by the index of addresses."""
    with _filled("sqlite") as (store, settings):
        yield "SQLite", _asked(store, settings)
    bin_ = programs()
    if bin_ is None:
        print("     (no PostgreSQL here: its pages are left out)")
        return
    server = Server(bin_, durable=True)
    try:
        with _filled("postgresql", server.database()) as (store, settings):
            yield "PostgreSQL", _asked(store, settings)
    finally:
        server.remove()


# --- the store ------------------------------------------------------------------------------------


@contextmanager
def _filled(name: str, url: str = "") -> Iterator[tuple[Store, Settings]]:
    """A store with people, entries, an edition that was sent to all, bounces, and an edition to come."""
    folder = BUILD / f"console-{name}"
    shutil.rmtree(folder, ignore_errors=True)
    dumps = folder / "dumps"
    dumps.mkdir(parents=True)
    settings = Settings(
        data_dir=folder,
        base_url="https://digest.example.org",
        operator=["ann@example.org"],
        console={"on": True},
        sources=[{"id": "one", "title": "一", "path": dumps, "timezone": "UTC", "language": "zh-CN"}],
        digests=[{"id": _WEEKLY, "title": "Weekly", "schedule": "mon 06:00"}],
        **({"database_url": url} if url else {}),
    )
    with closing(open_store(settings.database)) as store:
        _put(store, settings, dumps)
        yield store, settings
    shutil.rmtree(folder)


def _put(store: Store, settings: Settings, dumps: Path) -> None:
    now = datetime.now(UTC)
    before = now - 30 * _DAY
    for part in range(_ENTRIES // 400):
        _show(corpus.entries(part * 400, 400), dumps / f"{part:03}.txt")
    refresh(store, settings, settings.sources[0], now=before)
    people = "email,name\n" + "".join(
        f"reader{number}@host{number % 700}.example.org,Number {number}\n" for number in range(_PEOPLE)
    )
    importing.import_people(store, settings, importing.read_people(people.encode(), before), now=before)
    _send(store, settings.bounces, before + _DAY)
    _show(corpus.entries(_ENTRIES, 16), dumps / "new.txt")
    refresh(store, settings, settings.sources[0], now=now)
    with store.writing() as connection:
        if connection.dialect.name == "postgresql":  # what its autovacuum, or our upkeep of SQLite, does in time
            connection.exec_driver_sql("ANALYZE")


def _show(made: Path, where: Path) -> None:
    shutil.copyfile(made, where)
    os.utime(where, (time.time() - 60, time.time() - 60))


def _send(store: Store, bounces: Bounces, at: datetime) -> None:
    """An edition that everybody got, but for one in a hundred; one in twenty has left since."""
    with store.write() as tx:
        tx.editions.register_digest(_WEEKLY, at - _DAY)
        people = [one.subscriber.id for one in tx.subscribers.followers(_WEEKLY)]
        recipients = [Recipient(one, f"<weekly.2026-W40.{one:032x}@example.org>", 0, at) for one in people]
        edition = Edition(_KEY, _WEEKLY, at, at - _DAY, at, empty=False)
        tx.editions.make(edition, [], [Variant(words(), ())], recipients)
    with store.writing() as connection:
        ended = {"next_at": None, "attempts": 1, "begun_at": at}
        failed = deliveries.c.subscriber_id % 100 == 0
        connection.execute(
            update(deliveries).where(failed).values(state=DeliveryState.FAILED, code=550, text="no such user", **ended)
        )
        connection.execute(
            update(deliveries).where(~failed).values(state=DeliveryState.ACCEPTED, accepted_at=at, **ended)
        )
        connection.execute(update(subscriptions).where(subscriptions.c.subscriber_id % 20 == 7).values(left_at=at))
        hard = subscribers.c.id % 200 == 0
        connection.execute(update(subscribers).where(hard).values(suppressed="hard bounces", suppressed_at=at))
    with store.write() as tx:
        for one in people[99::100]:
            tx.bounces.add(Bounce(one, _KEY, f"m{one}", BounceKind.HARD, "5.1.1", "no such user", at))
        for one in people[99::1000]:
            tx.breaker.ask(_KEY, one, Evidence.SERVER, "hard bounces", at)
        apply_due(tx, bounces, at + _DAY)


# --- the pages ------------------------------------------------------------------------------------


def _asked(store: Store, settings: Settings) -> list[Taken]:
    def now() -> datetime:
        return datetime.now(UTC)

    browser = Browser(store, settings, application(store, settings, now=now), now)  # type: ignore[arg-type] # a clock that nobody moves
    browser.enter(Role.ADMIN)
    with store.reading() as connection:
        ids = connection.execute(select(subscribers.c.id).order_by(subscribers.c.id)).scalars().all()
    with store.read() as tx:
        entry = tx.entries.newest(limit=1)[0].id
    named = {
        "subscriber": ids[len(ids) // 3],
        "half": ids[len(ids) // 2],
        "entry": entry,
        "user": str(Role.ADMIN),
        "digest": _WEEKLY,
        "source": "one",
        "edition": _KEY,
    }
    address = f"reader{_PEOPLE // 2}@host{_PEOPLE // 2 % 700}.example.org"
    taken = [_timed("reference: one person by the index", lambda: _look_up(store, address))]
    for path in _paths():
        written = path.replace("{edition:path}", "{edition}").format(**named)
        query = {"/console/progress": f"?edition={_KEY}", "/console/settings/edit": "?key=base_url"}.get(path, "")
        asked = f"{written}{query}"
        shown = path.replace("{edition:path}", "{edition}").replace("{half}", "N")
        taken.append(_timed(shown, lambda asked=asked: _get(browser, asked)))
    return taken


def _paths() -> Sequence[str]:
    return [*(page.path for page in PAGES if page.get and page.path not in _LEFT_OUT), *_SEARCHES]


def _look_up(store: Store, address: str) -> None:
    with store.reading() as connection:
        connection.execute(select(subscribers.c.id).where(subscribers.c.address_key == address)).one()


def _get(browser: Browser, path: str) -> None:
    answer = browser.get(path)
    if answer.status not in {200, 303}:
        raise RuntimeError(f"{path} answers {answer.status}: {answer.text[:500]}")


def _timed(page: str, work: Callable[[], None]) -> Taken:
    work()
    walls, processors = [], []
    for _ in range(_TURNS):
        wall, processor = time.perf_counter(), time.process_time()
        work()
        walls.append(time.perf_counter() - wall)
        processors.append(time.process_time() - processor)
    walls.sort()
    return Taken(page, statistics.median(walls), walls[int(len(walls) * 0.95) - 1], statistics.median(processors))


# --- the table ------------------------------------------------------------------------------------


def main(arguments: Sequence[str]) -> int:
    """Print the table; 1 if a page is above the limit."""
    logs.configure("error", json_lines=False)
    found = dict(measured())
    lines = list(_table(found))
    print("\n".join(lines))
    if "--docs" in arguments:
        before, _, rest = _DOCS.read_text().partition(_BEGIN)
        table = "\n".join(_table(found, all_pages=False))
        _DOCS.write_text(f"{before}{_BEGIN}\n{table}\n{_END}{rest.partition(_END)[2]}")
    return int(any(one.median > _LIMIT for taken in found.values() for one in taken[1:]))


def _table(found: dict[str, list[Taken]], *, all_pages: bool = True) -> Iterator[str]:
    facts = machine.described()
    yield f"{facts['machine']}; {facts['system']}; commit `{facts['commit']}`, {datetime.now(UTC).date()}."
    yield ""
    yield "| page |" + "".join(f" {engine}: median | p95 | processor |" for engine in found)
    yield "|---|" + "--:|" * 3 * len(found)
    for same in zip(*found.values(), strict=True):
        if not (all_pages or same[0].page.startswith("reference") or any(one.median > _LIMIT for one in same)):
            continue
        figures = [figure for one in same for figure in (_ms(one.median), _plain(one.p95), _plain(one.processor))]
        yield f"| {_quoted(same[0].page)} | {' | '.join(figures)} |"


def _quoted(page: str) -> str:
    return f"`{page}`" if page.startswith("/") else page


def _plain(seconds: float) -> str:
    return f"{seconds * 1000:.1f}" if seconds < 0.01 else f"{seconds * 1000:.0f}"


def _ms(seconds: float) -> str:
    return f"**{_plain(seconds)}**" if seconds > _LIMIT else _plain(seconds)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
