"""Every store under test, and a helper that writes change sets as the diff would."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from digest.changes.values import Added, Ambiguous, Cause, ChangeSet, Placing, Revised, Vanished
from digest.dumps.files import Stamp
from digest.model import (
    AtomId,
    Body,
    Content,
    DateKind,
    DigestId,
    Edition,
    EditionKey,
    Entry,
    EntryDate,
    EntryId,
    Fingerprint,
    Format,
    Section,
    Selected,
    SourceId,
    SubscriberId,
    Variant,
)
from digest.records.editions import Recipient
from digest.records.intake import ApplyFacts, KnownDump
from digest.store import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from digest.store.transaction import Store
    from tests.postgres import Server

NOW = datetime(2026, 3, 14, 9, 26, 53, 589793, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(params=["file", "postgresql"])
def shared_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a new store will be that several may open."""
    if request.param == "file":
        return f"sqlite:///{tmp_path / 'digest.db'}"
    server: Server = request.getfixturevalue("postgres")
    return server.database()


@pytest.fixture(params=["file", "memory", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A new store; another database joins as one more parameter."""
    if request.param == "postgresql":
        server: Server = request.getfixturevalue("postgres")
        url = server.emptied(request.getfixturevalue("postgres_scratch"))
    else:
        url = "sqlite://" if request.param == "memory" else f"sqlite:///{tmp_path / 'state' / 'digest.db'}"
    opened = open_store(url)
    yield opened
    opened.close()


@pytest.fixture
def hand(store: Store) -> Hand:
    return Hand(store)


@pytest.fixture
def hand_of() -> type[Hand]:
    """For a test that opens a store of its own."""
    return Hand


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def day() -> timedelta:
    return DAY


@dataclass
class Hand:
    """Writes what a test needs to stand in the store, in as few words as the test has to say."""

    store: Store

    @staticmethod
    def content(title: str, *paragraphs: str) -> Content:
        return Content(title, "山客", paragraphs or (f"{title}的正文",), ())

    @staticmethod
    def exact(year: int, month: int, day: int) -> EntryDate:
        return EntryDate(month, day, year, DateKind.EXACT)

    @staticmethod
    def partial(month: int, day: int) -> EntryDate:
        return EntryDate(month, day, None, DateKind.PARTIAL)

    def added(self, entry: str, position: int = 0, date: EntryDate | None = None) -> Added:
        return Added(EntryId(entry), position, self.content(entry), date)

    def revised(self, entry: str, title: str, cause: Cause = Cause.TITLE) -> Revised:
        return Revised(EntryId(entry), self.content(title), cause)

    def placing(self, entry: str, position: int, page: int = 0) -> Placing:
        return Placing(EntryId(entry), position, page, entry, None, None, Fingerprint(f"1:{entry}"), complete=True)

    def dump(self, source: str = "blog", path: str = "a.txt", now: datetime = NOW) -> KnownDump:
        return replace(KnownDump.of(SourceId(source), path, Stamp(3, 5, 7), "ab" * 32, now), sightings=1)

    def read(
        self,
        *changes: Added | Revised,
        source: str = "blog",
        path: str = "a.txt",
        now: datetime = NOW,
        placings: Sequence[Placing] | None = None,
        readers: dict[str, int] | None = None,
        dates: dict[str, EntryDate] | None = None,
        ambiguous: Sequence[Ambiguous] = (),
        first_import: bool = False,
        last: Sequence[Placing] | None = None,
    ) -> set[EntryId]:
        """One dump read, in a transaction of its own; what its source never showed before.

        Without `placings` it shows what it changes. `last` is its last reading; what it showed only then vanishes.
        """
        shown = [self.placing(change.entry, n) for n, change in enumerate(changes)] if placings is None else placings
        contents = {change.entry: change.content for change in changes}
        gone = {one.entry for one in last or ()} - {one.entry for one in shown}
        change_set = ChangeSet(
            (*changes, *map(Vanished, sorted(gone))),
            tuple(shown),
            tuple((EntryId(entry), count) for entry, count in (readers or {}).items()),
            tuple((EntryId(entry), date) for entry, date in (dates or {}).items())
            + tuple((c.entry, c.date) for c in changes if isinstance(c, Added) and c.date),
            tuple(ambiguous),
        )
        facts = ApplyFacts(
            now=now,
            first_import=first_import,
            atom_ids={c.entry: AtomId(f"tag:x,2026:{c.entry}") for c in changes if isinstance(c, Added)},
            title_keys={entry: f"title {content.title}" for entry, content in contents.items()},
            lead_keys={entry: f"lead {content.paragraphs[0]}" for entry, content in contents.items()},
            last=last,
        )
        with self.store.write() as tx:
            tx.readings.register_source(SourceId(source), now)
            tx.readings.store_dump(self.dump(source, path, now))
            return tx.readings.apply(SourceId(source), path, change_set, facts)

    def entry(self, entry: str) -> Entry:
        with self.store.read() as tx:
            found = tx.entries.entry(EntryId(entry))
        assert found is not None
        return found

    def newest(self, **which: Any) -> list[str]:
        with self.store.read() as tx:
            return [entry.id for entry in tx.entries.newest(**which)]

    def subscriber(self, address: str, *digests: str, now: datetime = NOW) -> SubscriberId:
        with self.store.write() as tx:
            record = tx.subscribers.add(
                address,
                name="某人",
                language="zh_CN",
                fmt=Format.BOTH,
                digests=[DigestId(digest) for digest in digests or ("weekly",)],
                source="operator",
                now=now,
            )
        assert record is not None
        return record.subscriber.id

    def edition(
        self,
        key: str = "weekly/2026-W11",
        *,
        slot_at: datetime | None = None,
        closes_at: datetime = NOW,
        new: Sequence[str] = (),
        corrected: Sequence[str] = (),
        to: Sequence[int] = (),
    ) -> bool:
        """Make an edition of the digest before the slash that announces these entries as they are now."""
        digest = DigestId(key.partition("/")[0])
        selected = [Selected(Section.NEW, self.entry(entry)) for entry in new]
        selected += [Selected(Section.CORRECTED, self.entry(entry)) for entry in corrected]
        with self.store.write() as tx:
            tx.editions.register_digest(digest, NOW)
            return tx.editions.make(
                Edition(EditionKey(key), digest, slot_at, None, closes_at, empty=not selected),
                selected,
                [
                    Variant(Body("zh_CN", "主题", "<p>字</p>", "字"), tuple(range(len(new)))),
                    Variant(Body("en", "Subject", "<p>word</p>", "word"), tuple(range(len(new)))),
                ],
                [Recipient(SubscriberId(person), f"<{key}-{person}@example.org>", 0, closes_at) for person in to],
            )
