"""Diffs one parsed dump against the store and applies the result, or holds the dump, in one transaction.

Chooses the reader counts of a dump to store: those that continue the series of their source and entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from digest.changes import backlog, counts, days, guards, keys, prepared
from digest.changes.dates import begins_on
from digest.changes.values import Added, Cause, ChangeSet, Placing, Revised, Vanished
from digest.model import AtomId, EntryId, Note, NoteKind, SourceId
from digest.records.intake import ApplyFacts, DumpState, KnownDump, Unsettled
from digest.service.intake import passes, years
from digest.service.intake.comparing import Compared, ReadDump, compare, ground
from digest.service.publishing.feeds import enlist
from digest.service.publishing.pictures import drawn
from digest.service.sources.moved_files import all_held, with_overwritten
from digest.settings import Settings, Source

if TYPE_CHECKING:
    from digest.store.intake.readings import Readings
    from digest.store.transaction import Store, Transaction


def counted(readings: Readings, source: SourceId, changes: ChangeSet) -> tuple[tuple[EntryId, int], ...]:
    """The counts to store. A whole series is read only if its newest count does not decide."""
    new = {change.entry for change in changes.changes if isinstance(change, Added)}
    before = changes.read_before
    newest = readings.newest_counts(source, (entry for entry, _ in changes.readers if entry not in new))
    doubtful = [entry for entry, count in changes.readers if counts.unsure(count, before.get(entry), newest.get(entry))]
    highest = readings.highest_counts(source, doubtful)
    return tuple(
        (entry, count)
        for entry, count in changes.readers
        if counts.goes_on(count, before.get(entry), newest.get(entry), highest.get(entry))
    )


@dataclass(frozen=True, slots=True)
class Deferred:
    """A dump that waits for the other dumps of its pass: it is suspicious, or it corrects entries.

    `corrected` are the entries that it would correct in this pass; empty if another suspicion holds it anyway. `waits`:
    it is judged last, because other dumps decide what it means.
    """

    dump: ReadDump
    corrected: frozenset[EntryId]
    waits: bool


def store_meaning(
    store: Store,
    settings: Settings,
    source: Source,
    dump: ReadDump,
    *,
    final: bool,
    crawler: guards.Hold | None = None,
    moves: passes.Moves | None = None,
) -> passes.Pass | Deferred:
    """Compare a reading with everything known, and store its result or hold it.

    Unless it is `final`, a reading that is suspicious or corrects entries is deferred: other dumps may explain it, and
    a pass that corrects too much is held as a whole. `crawler` is the hold of such a pass. `moves` are the moves of the
    dumps stored in it so far.
    """
    name, path = dump.looked.source, dump.looked.path
    last: tuple[Placing, ...] = ()
    if dump.known:
        with store.read() as tx:
            last = tx.readings.last_reading(name, path)
    on = ground(source, dump, last)
    pictures = drawn(store, (one.content for one in dump.shown if one.sighting.position not in on.stood))
    with store.write() as tx:
        if tx.readings.dump(name, path) != dump.known:  # somebody else read it since the pass began
            on = ground(source, dump, tx.readings.last_reading(name, path))
        compared = compare(tx.readings, source, dump, on, crawler=crawler, moves=moves)
        if compared.hold is None and (whole := with_overwritten(tx.readings, dump, compared.agreed)) is not dump:
            dump, on = whole, ground(source, whole, on.last)
            compared = compare(tx.readings, source, dump, on, moves=moves)
        changes = compared.changes
        if not final and (compared.hold or changes.waits or guards.corrected(changes)):
            return Deferred(dump, _corrected(compared), waits=changes.waits)
        if compared.hold:
            tx.readings.store_dump(_held(dump, compared, compared.hold))
            return passes.Pass(name, dumps=1)
        joining = _store(tx, settings, source, dump, compared)
        if better := years.better_dates(tx.readings, source, dump.looked, compared):
            tx.readings.upgrade_dates(better, dump.looked.read_at)
        tx.pictures.add(pictures)
        enlist(tx, settings, joining)
    return _passed(dump, compared)


def _corrected(compared: Compared) -> frozenset[EntryId]:
    if compared.hold and not compared.hold.suspicion.is_of_texts:
        return frozenset()
    return frozenset(guards.corrected(compared.changes))


def _held(dump: ReadDump, compared: Compared, hold: guards.Hold) -> KnownDump:
    """A dump to be held. If its hold does not end by itself, no reading of it counts as one that agrees."""
    known, ends = dump.known, hold.suspicion.ends_by_itself
    return replace(
        dump.looked,
        state=DumpState.HELD,
        reason=hold.reason,
        read_at=known.read_at if known and known.state is DumpState.HELD else dump.looked.read_at,
        sightings=len(compared.ground.last),
        waiting=guards.lines(dump.shown) if ends else (),
        overwritten=all_held(dump, compared.agreed) if ends else (),
        agreed=compared.agreed if ends else 0,
        notes=_sentences(dump.notes),
    )


def _store(tx: Transaction, settings: Settings, source: Source, dump: ReadDump, compared: Compared) -> set[EntryId]:
    """Store the reading; returns the entries that may belong to other feeds than before."""
    looked = dump.looked
    changes = replace(compared.changes, readers=counted(tx.readings, looked.source, compared.changes))
    if dump.overwritten:
        there = tuple(placing for placing in changes.placings if placing.position < dump.size)
        changes = replace(changes, placings=there, carried=0)
    state = tx.readings.source(looked.source)
    first_import = state is None or state.settled_at is None
    good = replace(
        looked,
        sightings=dump.size,
        confirmed_at=looked.read_at,
        weigh_at=_weigh_at(dump.shown, looked.read_at),
        notes=_sentences(dump.notes),
        left_out=any(note.kind in {NoteKind.UNREAD, NoteKind.CUT} for note in dump.notes),
    )
    tx.readings.store_dump(good)
    facts = replace(
        _facts(changes, dump.shown, settings.tag_base, looked.read_at, first_import=first_import),
        last=compared.ground.last,
        quiet={} if first_import else quiet(replace(compared, changes=changes), source, dump),
    )
    fresh = tx.readings.apply(looked.source, looked.path, changes, facts)
    return _joining(changes, fresh, first_import=first_import)


def quiet(compared: Compared, source: Source, dump: ReadDump) -> dict[EntryId, datetime]:
    """The new entries of a reading that are not announced, with their `updated` times.

    There are some in a reading that was held or that another layout reads. Another layout may find entries that were
    there before, so only entries above all known ones count as news then, and none if the bytes are the same.
    """
    known, changes = dump.known, compared.changes
    was_held = known is not None and known.state is DumpState.HELD
    if not (was_held or compared.by_layout):
        return {}
    zone, dates = ZoneInfo(source.timezone), dict(changes.dates)
    added = [
        Unsettled(change.entry, (), dates.get(change.entry, change.date), dump.looked.read_at, change.position)
        for change in changes.changes
        if isinstance(change, Added)
    ]
    candidates = added
    if compared.by_layout:
        before = {placing.entry for placing in compared.ground.last}
        top = min((placing.position for placing in changes.placings if placing.entry in before), default=0)
        same = known is not None and not was_held and known.sha256 == dump.looked.sha256
        candidates = [] if same else [one for one in added if one.page_order < top]
    told = set(backlog.news(candidates, source.backlog))
    return {one.id: backlog.first_updated_at(one, is_news=False, zone=zone) for one in added if one.id not in told}


def _weigh_at(shown: Sequence[prepared.Prepared], now: datetime) -> datetime | None:
    """When the first of the dates in the future becomes credible."""
    limit = (now + days.AHEAD).date()
    ahead = [
        day
        for one in shown
        if (dated := one.sighting.dated)
        and dated.year is not None
        and dated.year >= limit.year
        and (day := begins_on(dated)) is not None
        and day > limit
    ]
    return datetime.combine(min(ahead), time(), UTC) - days.AHEAD if ahead else None


def _sentences(notes: Sequence[Note]) -> tuple[str, ...]:
    return tuple(f"line {note.line} {note.reason}" for note in notes)


def _passed(dump: ReadDump, compared: Compared) -> passes.Pass:
    changes = compared.changes
    added = [change.entry for change in changes.changes if isinstance(change, Added)]
    revised = [change.entry for change in changes.changes if isinstance(change, Revised) and _told(change.cause)]
    vanished = [change.entry for change in changes.changes if isinstance(change, Vanished)]
    looked, sightings = dump.looked, len(dump.shown)
    passes.say_read(looked.path, sightings, {"added": added, "revised": revised, "vanished": vanished})
    return passes.Pass(
        looked.source,
        dumps=1,
        sightings=sightings,
        added=len(added),
        revised=len(revised),
        vanished=len(vanished),
        moves=passes.Moves(
            {placing.entry for placing in changes.shown}
            - {placing.entry for placing in compared.ground.last}
            - set(added),
            set(vanished),
        ),
    )


def _told(cause: Cause) -> bool:
    """Whether the count of revisions includes it: a difference in this dump does count, an addition does not."""
    return cause.significant or cause is Cause.COMPLETED


def _facts(
    changes: ChangeSet, read: Sequence[prepared.Prepared], tag_base: str, now: datetime, *, first_import: bool
) -> ApplyFacts:
    titles, leads, atom_ids = {}, {}, {}
    for change in changes.changes:
        if isinstance(change, Vanished):
            continue
        if isinstance(change, Added):
            atom_ids[change.entry] = atom_id(tag_base, change.entry)
            one = read[change.position]
            if change.content is one.content:
                titles[change.entry], leads[change.entry] = one.key, one.lead
                continue
        titles[change.entry], leads[change.entry] = keys.entry_key(change.content), keys.lead_key(change.content)
    return ApplyFacts(now=now, first_import=first_import, atom_ids=atom_ids, title_keys=titles, lead_keys=leads)


def atom_id(tag_base: str, entry: EntryId) -> AtomId:
    """The `tag:` URI that an entry gets when it is first seen. Source: RFC 4151, section 2.1."""
    return AtomId(f"tag:{tag_base}:entry/{entry}")


def _joining(changes: ChangeSet, fresh: set[EntryId], *, first_import: bool) -> set[EntryId]:
    """The entries that may belong to other feeds than before: new to the source or revised, except those that wait."""
    revised = {change.entry for change in changes.changes if isinstance(change, Revised)}
    waiting = {change.entry for change in changes.changes if isinstance(change, Added) and first_import}
    return (fresh | revised) - waiting
