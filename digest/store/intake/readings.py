"""Sources, dumps and their last good readings, and the entries that the diff needs; `applying` stores the changes."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, bindparam, delete, func, literal, not_, or_, select, update

from digest.changes.values import ChangeSet, Known, Placing, Questions
from digest.dumps.containers.kinds import BETWEEN, OF_RECORD
from digest.dumps.files import Stamp
from digest.errors import StoreError
from digest.model import EntryDate, EntryId, SourceId
from digest.records.intake import ApplyFacts, DumpState, KnownDump, KnownRecord, Report, SourceState, Unsettled
from digest.store.database.engine import make_room
from digest.store.database.statements import DATE, batches, date_of, fetched, insert, placing_of
from digest.store.database.tables.columns import UtcTime
from digest.store.database.tables.intake import dumps, renamed_sources, reports, sources
from digest.store.database.tables.publishing import departures, entries, entry_sources, placings
from digest.store.intake import answering, applying, counting, dump_rows, revising
from digest.store.operating.clocks import stepped_back

# Statements that each dump needs are created once: creating one takes four times as long as running it.
_SOURCE = select(sources).where(sources.c.id == bindparam("source"))
_RENAMED = select(renamed_sources.c.new).where(renamed_sources.c.old == bindparam("source"))
_DUMP = select(dumps).where(dumps.c.source == bindparam("source"), dumps.c.path == bindparam("path"))
_LAST_READING = (
    select(placings)
    .where(placings.c.source == bindparam("source"), placings.c.path == bindparam("path"))
    .order_by(placings.c.page, placings.c.position)
)
_PAGE = (placings.c.source, placings.c.path, placings.c.page)
_SHOWING = select(*_PAGE).where(placings.c.entry_id.in_(bindparam("entries", expanding=True))).distinct()
_ELSEWHERE = (
    select(placings.c.entry_id)
    .where(
        placings.c.entry_id.in_(bindparam("entries", expanding=True)),
        or_(placings.c.source != bindparam("source"), placings.c.path != bindparam("path")),
    )
    .distinct()
)
_PAGES = (  # of one dump: with all three in one condition, SQLite scans every row
    select(placings)
    .where(
        placings.c.source == bindparam("source"),
        placings.c.path == bindparam("path"),
        placings.c.page.in_(bindparam("pages", expanding=True)),
    )
    .order_by(placings.c.page, placings.c.position)
)


def _within(source: SourceId, container: str) -> ColumnElement[bool]:
    """Records of a container: their paths are its own, a mark, and more."""
    first, last = f"{container}{BETWEEN}", f"{container}{chr(ord(BETWEEN) + 1)}"
    of_record = dumps.c.stamp.like(f"% {OF_RECORD}")
    return and_(dumps.c.source == source, dumps.c.path > first, dumps.c.path < last, of_record)


class Readings:
    """Sources, dumps and their last good readings."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def register_source(self, source: SourceId, now: datetime) -> None:
        """Register the source; does nothing if it exists. StoreError for a source that was renamed."""
        renamed = self._connection.execute(_RENAMED, {"source": source}).scalar_one_or_none()
        if renamed:
            raise StoreError(f"the source {source} is {renamed} now (change its id in the configuration)")
        row = {"id": source, "registered_at": now, "problem": "", "failures": 0}
        self._connection.execute(insert(self._connection, sources).values(row).on_conflict_do_nothing())

    def source(self, source: SourceId) -> SourceState | None:
        """What is stored about a source; None if it was never registered."""
        row = self._connection.execute(_SOURCE, {"source": source}).one_or_none()
        return _source_state(row) if row else None

    def sources(self) -> dict[SourceId, SourceState]:
        """Every source ever known; one query for all sources."""
        return {SourceId(row.id): _source_state(row) for row in self._connection.execute(select(sources))}

    def shown_by(self, source: SourceId) -> int:
        """How many entries the source shows or showed, without removed ones. Reads them all: not for each dump."""
        count = (
            select(func.count())
            .select_from(entry_sources.join(entries))
            .where(entry_sources.c.source == source, entries.c.removed_at.is_(None))
        )
        return self._connection.execute(count).scalar_one()

    def refreshed(self, source: SourceId, now: datetime, problem: str, *, held: bool = False) -> None:
        """Record the end of a pass; it succeeded if `problem` is empty and no dump is `held`."""
        failures = sources.c.failures + 1 if problem or held else 0
        values = {"refreshed_at": now, "problem": problem, "failures": failures}
        self._connection.execute(update(sources).where(sources.c.id == source).values(values))

    def dumps(self, source: SourceId) -> dict[str, KnownDump]:
        """Every dump ever read of a source, by path."""
        rows = self._connection.execute(select(dumps).where(dumps.c.source == source).order_by(dumps.c.path))
        return {row.path: dump_rows.read(row) for row in rows}

    def dump(self, source: SourceId, path: str) -> KnownDump | None:
        """What is stored about a dump; None if it was never looked at."""
        row = self._connection.execute(_DUMP, {"source": source, "path": path}).one_or_none()
        return dump_rows.read(row) if row else None

    def stamps(self, source: SourceId, rules: int, now: datetime) -> dict[str, str]:
        """The stamp of each dump as text, by path, without records of containers and dumps that await reading.

        A dump awaits reading if the operator approved it, if other rules read it, or if its dates can be weighed again
        now.
        """
        awaits = and_(dumps.c.state == DumpState.HELD, dumps.c.approved.is_not_distinct_from(dumps.c.sha256))
        clear = or_(dumps.c.weigh_at.is_(None), dumps.c.weigh_at > now)
        query = select(dumps.c.path, dumps.c.stamp).where(
            dumps.c.source == source,
            not_(awaits),
            dumps.c.rules == rules,
            clear,
            dumps.c.stamp.not_like(f"% {OF_RECORD}"),
        )
        return dict(map(tuple, fetched(self._connection.execute(query))))

    def records(self, source: SourceId, container: str, rules: int, now: datetime) -> dict[str, KnownRecord]:
        """The records of a container that were ever read, by path."""
        awaits = and_(dumps.c.state == DumpState.HELD, dumps.c.approved.is_not_distinct_from(dumps.c.sha256))
        clear = or_(dumps.c.weigh_at.is_(None), dumps.c.weigh_at > now)
        settled = and_(dumps.c.state == DumpState.GOOD, not_(awaits), dumps.c.rules == rules, clear)
        query = select(dumps.c.path, dumps.c.sha256, dumps.c.stamp, settled).where(_within(source, container))
        return {path: KnownRecord(*rest) for path, *rest in fetched(self._connection.execute(query))}

    def weigh_at(self, source: SourceId, container: str) -> datetime | None:
        """When the first date that a record of the container shows becomes credible."""
        query = select(func.min(dumps.c.weigh_at, type_=UtcTime)).where(_within(source, container))
        found: datetime | None = self._connection.execute(query).scalar_one()
        return found

    def confirm(self, source: SourceId, stamps: Mapping[str, Stamp], now: datetime) -> None:
        """Store new stamps of records, by path, whose bytes were written once more."""
        rows = [{"at": path, "new": str(stamp)} for path, stamp in stamps.items()]
        here = update(dumps).where(dumps.c.source == source, dumps.c.path == bindparam("at"))
        self._connection.execute(here.values(stamp=bindparam("new"), confirmed_at=now), rows)

    def has_reading(self, source: SourceId) -> bool:
        """Whether one of its dumps was ever good."""
        query = select(dumps.c.path).where(dumps.c.source == source, dumps.c.sightings > 0).limit(1)
        return self._connection.execute(query).scalar_one_or_none() is not None

    def paths(self, source: SourceId) -> dict[str, str]:
        """The SHA-256 of each dump ever read of a source, by path."""
        query = select(dumps.c.path, dumps.c.sha256).where(dumps.c.source == source)
        return dict(map(tuple, fetched(self._connection.execute(query))))

    def move(self, source: SourceId, old: str, new: str) -> None:
        """Move a dump to another path, with its last reading and its reports; the new path must be unknown."""
        columns = [column for column in dumps.c if column.name != "path"]
        there = dumps.c.source == source, dumps.c.path == old
        copied = select(*columns, literal(new)).where(*there)
        self._connection.execute(dumps.insert().from_select([*(c.name for c in columns), "path"], copied))
        for table in (placings, departures, reports):
            here = table.c.source == source, table.c.path == old
            self._connection.execute(update(table).where(*here).values(path=new))
        self._connection.execute(delete(dumps).where(*there))

    def troubled(self, source: SourceId) -> list[KnownDump]:
        """The source's dumps that are not good, or have notes, by path."""
        ill = or_(dumps.c.state != DumpState.GOOD, dumps.c.notes.is_not(None))
        rows = self._connection.execute(select(dumps).where(dumps.c.source == source, ill).order_by(dumps.c.path))
        return [dump_rows.read(row) for row in rows]

    def let_go(self, source: SourceId, path: str) -> None:
        """A dump in trouble is gone: forget it, or make it good again at its last good reading if it had one."""
        here = dumps.c.source == source, dumps.c.path == path
        never = select(dumps.c.path).where(*here, dumps.c.sightings == 0).scalar_subquery()
        self._connection.execute(delete(reports).where(reports.c.source == source, reports.c.path == never))
        self._connection.execute(delete(dumps).where(*here, dumps.c.sightings == 0))
        good = {
            "state": DumpState.GOOD,
            "reason": "",
            "notes": None,
            "left_out": False,
            "waiting": None,
            "overwritten": None,
            "agreed": 0,
        }
        self._connection.execute(update(dumps).where(*here).values(good))

    def changed_at(self, source: SourceId) -> datetime | None:
        """When the content of one of its dumps last changed; None if it has none. Reads them all."""
        newest = select(func.max(func.coalesce(dumps.c.changed_at, dumps.c.read_at, type_=UtcTime)))
        found: datetime | None = self._connection.execute(newest.where(dumps.c.source == source)).scalar_one()
        return found

    def clock_stepped_back(self, now: datetime) -> None:
        """Move every stored time in the future to now: a wrong clock recorded it."""
        stepped_back(self._connection, now)

    def standing(self, source: SourceId) -> int:
        """How many entries the last good readings of the source show."""
        count = select(func.count(placings.c.entry_id.distinct())).where(placings.c.source == source)
        return self._connection.execute(count).scalar_one()

    def standing_elsewhere(self, entries: Iterable[EntryId], but: tuple[SourceId, str]) -> set[EntryId]:
        """Those of the entries that the last good reading of a dump other than `but` (source, path) shows."""
        source, path = but
        found: set[EntryId] = set()
        for batch in batches(set(entries)):
            asked = {"entries": batch, "source": source, "path": path}
            found.update(map(EntryId, self._connection.execute(_ELSEWHERE, asked).scalars()))
        return found

    def held(self, source: SourceId) -> set[str]:
        """The paths of the source's held dumps."""
        here = select(dumps.c.path).where(dumps.c.source == source, dumps.c.state == DumpState.HELD)
        return set(self._connection.execute(here).scalars())

    def last_reading(self, source: SourceId, path: str) -> tuple[Placing, ...]:
        """The last good reading in page order; empty if there is none."""
        rows = self._connection.execute(_LAST_READING, {"source": source, "path": path})
        return tuple(placing_of(row) for row in fetched(rows))

    def departed(self, source: SourceId, path: str, entries: Iterable[EntryId]) -> dict[EntryId, Placing]:
        """How the dump showed those of the entries that it stopped showing in the last 90 days.

        Only title, view and text of these placings are stored.
        """
        return revising.departed(self._connection, source, path, entries)

    def shown_alike(
        self, entries: Iterable[EntryId], but: tuple[SourceId, str], *, markup: bool
    ) -> dict[EntryId, list[Placing]]:
        """How dumps other than `but` (source, path) show the entries, or did in the last 90 days.

        `markup`: only feeds and HTML; otherwise only texts.
        """
        return revising.shown_alike(self._connection, entries, but, markup=markup)

    def known(self, questions: Questions) -> list[Known]:
        """Every entry, including removed ones, that answers to a question; unordered, without duplicates."""
        return answering.matching_entries(self._connection, questions)

    def pages_with(
        self, entries: Iterable[EntryId], *, but: tuple[SourceId, str] | None = None
    ) -> dict[tuple[SourceId, str, int], tuple[Placing, ...]]:
        """Each page (source, path, page) of a last good reading that shows one of the entries, in page order.

        It leaves out the pages of the dump `but` (source, path).
        """
        showing: dict[tuple[str, str], set[int]] = {}
        for batch in batches(set(entries)):
            for source, path, page in self._connection.execute(_SHOWING, {"entries": batch}):
                showing.setdefault((source, path), set()).add(page)
        pages: dict[tuple[SourceId, str, int], list[Placing]] = {}
        for (source, path), some in sorted(showing.items()):
            for numbers in batches(sorted(some)) if (source, path) != but else ():
                asked = {"source": source, "path": path, "pages": numbers}
                for row in fetched(self._connection.execute(_PAGES, asked)):
                    pages.setdefault((SourceId(source), path, row.page), []).append(placing_of(row))
        return {where: tuple(shown) for where, shown in pages.items()}

    def newest_counts(self, source: SourceId, entries: Iterable[EntryId]) -> dict[EntryId, int]:
        """The newest count that the source showed of each entry, if it ever showed one."""
        return counting.newest_counts(self._connection, source, entries)

    def highest_counts(self, source: SourceId, entries: Iterable[EntryId]) -> dict[EntryId, int]:
        """The highest count that the source ever showed of each entry; reads its whole series."""
        return counting.highest_counts(self._connection, source, entries)

    def dates(self, entries: Iterable[EntryId]) -> dict[EntryId, tuple[EntryDate | None, datetime]]:
        """The date of each entry, and when it was first seen."""
        return applying.dates(self._connection, entries)

    def store_dump(self, dump: KnownDump) -> None:
        """Insert or replace the record of the dump; its last reading stays."""
        dump_rows.store(self._connection, dump)

    def apply(self, source: SourceId, path: str, changes: ChangeSet, facts: ApplyFacts) -> set[EntryId]:
        """Store a change set: entries, revisions, keys, all counts, dates, and `placings` as the new last reading.

        Returns the entries that the source never showed before, including new ones.

        The source must be registered and the dump stored before. A better date is a silent revision of its own. An
        ambiguous sighting is reported, unless the reading before it had the same report.
        """
        return applying.apply(self._connection, source, path, changes, facts)

    def upgrade_dates(self, dates: Mapping[EntryId, EntryDate], now: datetime) -> None:
        """Store better date evidence. This is silent: `updated_at` does not change."""
        applying.upgrade_dates(self._connection, dates, now)

    def unsettled(self, source: SourceId) -> list[Unsettled]:
        """The entries of an unfinished first import that this source showed first; they are not published yet."""
        here = and_(entries.c.first_source == source, entries.c.updated_at.is_(None), entries.c.removed_at.is_(None))
        elsewhere = (
            select(entry_sources.c.entry_id, entry_sources.c.source)
            .join(entries)
            .where(here, entry_sources.c.source != source)
            .order_by(entry_sources.c.first_seen_at, entry_sources.c.source)
        )
        others: dict[str, list[SourceId]] = {}
        for row in self._connection.execute(elsewhere):
            others.setdefault(row.entry_id, []).append(SourceId(row.source))
        columns = (entries.c.id, entries.c.first_seen_at, entries.c.page_order, *(entries.c[name] for name in DATE))
        return [
            Unsettled(
                EntryId(row.id), (source, *others.get(row.id, ())), date_of(row), row.first_seen_at, row.page_order
            )
            for row in fetched(self._connection.execute(select(*columns).where(here)))
        ]

    def settle(
        self, source: SourceId, news: Iterable[EntryId], updated_at: Mapping[EntryId, datetime], now: datetime
    ) -> None:
        """Finish the first import: publish its entries with the given `updated_at`, mark `news` for editions."""
        make_room(self._connection)
        applying.settle(self._connection, source, frozenset(news), updated_at, now)

    def reports(self, source: SourceId | None = None, limit: int = 20) -> list[Report]:
        """The ambiguous sightings (`apply` stores them from the change set), newest first."""
        query = select(reports).order_by(reports.c.at.desc(), reports.c.id.desc()).limit(limit)
        if source is not None:
            query = query.where(reports.c.source == source)
        return [dump_rows.report_of(row) for row in self._connection.execute(query)]

    def decide(self, source: SourceId, path: str, *, approve: bool) -> None:
        """Record the operator's decision on a held dump.

        Approved: its present hash is stored in `approved`, and it stays held until it is read. Discarded: its present
        hash is stored in `discarded`, and it is good again, at its last good reading.
        """
        held = update(dumps).where(dumps.c.source == source, dumps.c.path == path, dumps.c.state == DumpState.HELD)
        word = (
            held.values(approved=dumps.c.sha256)
            if approve
            else held.values(discarded=dumps.c.sha256, state=DumpState.GOOD, reason="")
        )
        self._connection.execute(word)


def _source_state(row: Row[Any]) -> SourceState:
    return SourceState(SourceId(row.id), row.settled_at, row.refreshed_at, row.problem, row.failures, row.registered_at)
