"""What one reading of a dump means is found and stored, in one transaction; opens no file, judges no match."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from digest.changes.dates import inferred
from digest.changes.diff import diff, questions, rival_questions
from digest.changes.guards import hold_reason
from digest.changes.keys import lead_key, title_key
from digest.changes.shown import shown
from digest.changes.unchanged import unchanged
from digest.changes.values import Added, Cause, ChangeSet, Revised, Vanished
from digest.model import AtomId, EntryId
from digest.ports import ApplyFacts, DumpState, KnownDump
from digest.service.feeds import enlist
from digest.service.passes import Pass
from digest.service.pictures import drawn
from digest.service.tracing import say_read

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from digest.changes.shown import Shown
    from digest.changes.values import Known, Placing
    from digest.model import DateEvidence, EntryDate, Snapshot
    from digest.ports import Readings, Store
    from digest.settings import Settings, Source


def store_meaning(
    store: Store,
    settings: Settings,
    source: Source,
    snapshot: Snapshot,
    looked: KnownDump,
    known: KnownDump | None,
) -> Pass:
    """Compare a reading with all that is known and store what it says, or hold it. `known` is what was stored of it."""
    name, now = looked.source, looked.read_at
    read = shown(snapshot.sightings)
    compare = partial(unchanged, read, now=now, ranged=bool(source.earliest or source.latest))
    last: tuple[Placing, ...] = ()
    if known:
        with store.read() as tx:
            last = tx.readings.last_reading(name, looked.path)
    stood = compare(last)
    pictures = drawn(store, (one.content for one in read if one.sighting.position not in stood))
    with store.write() as tx:
        if tx.readings.dump(name, looked.path) != known:  # somebody else read it since the pass began
            last = tx.readings.last_reading(name, looked.path)
            stood = compare(last)
        entries = _answering(tx.readings, read, last, stood)
        changes = diff(read, last, entries, stood, now=now, earliest=source.earliest, latest=source.latest)
        approved = known is not None and known.approved == looked.sha256
        reason = "" if approved else hold_reason(last, changes, keep=source.keep, common=source.common)
        if reason:
            held = replace(looked, state=DumpState.HELD, reason=reason, sightings=len(last))
            tx.readings.store_dump(held)
            return Pass(name, dumps=1, held=1, problems=(f"{looked.path}: held: {reason}",))
        state = tx.readings.source(name)
        first_import = state is None or state.settled_at is None
        tx.readings.store_dump(replace(looked, sightings=len(snapshot.sightings)))
        facts = _facts(changes, read, settings.tag_base, now, first_import=first_import)
        fresh = tx.readings.apply(name, looked.path, changes, replace(facts, last=last))
        if _may_tell_years(changes, last, entries):
            _infer(tx.readings, looked, changes, entries, now)
        tx.pictures.add(pictures)
        enlist(tx, settings, _joining(changes, fresh, first_import=first_import))
    added = [change.entry for change in changes.changes if isinstance(change, Added)]
    revised = [change.entry for change in changes.changes if isinstance(change, Revised) and _told(change.cause)]
    vanished = [change.entry for change in changes.changes if isinstance(change, Vanished)]
    say_read(looked.path, len(snapshot.sightings), {"added": added, "revised": revised, "vanished": vanished})
    return Pass(
        name,
        dumps=1,
        sightings=len(snapshot.sightings),
        added=len(added),
        revised=len(revised),
        vanished=len(vanished),
    )


def _told(cause: Cause) -> bool:
    """Whether the count of revisions holds it: what this dump says differently, not what another one adds."""
    return cause.significant or cause is Cause.COMPLETED


def _facts(
    changes: ChangeSet, read: Sequence[Shown], tag_base: str, now: datetime, *, first_import: bool
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
        titles[change.entry], leads[change.entry] = title_key(change.content.title), lead_key(change.content)
    return ApplyFacts(now=now, first_import=first_import, atom_ids=atom_ids, title_keys=titles, lead_keys=leads)


def atom_id(tag_base: str, entry: EntryId) -> AtomId:
    """The `tag:` URI that an entry gets when it is first seen. Source: RFC 4151, section 2.1."""
    return AtomId(f"tag:{tag_base}:entry/{entry}")


def _answering(
    readings: Readings, read: Sequence[Shown], last: Sequence[Placing], stood: Mapping[int, Placing]
) -> list[Known]:
    """The entries that answer to the sightings; of other titles only where none answers to one's own."""
    entries = readings.known(questions(read, last, stood))
    here = {entry.id for entry in entries}
    rivals = readings.known(rival_questions(read, entries, stood))
    return [*entries, *(rival for rival in rivals if rival.id not in here)]


def _joining(changes: ChangeSet, fresh: set[EntryId], *, first_import: bool) -> set[EntryId]:
    """The entries that may belong to other feeds than before: new to the source or revised, less those that wait."""
    revised = {change.entry for change in changes.changes if isinstance(change, Revised)}
    waiting = {change.entry for change in changes.changes if isinstance(change, Added) and first_import}
    return (fresh | revised) - waiting


def _may_tell_years(changes: ChangeSet, last: Sequence[Placing], entries: Iterable[Known]) -> bool:
    """Whether a year may become known by this reading: a date got better, or a page's run is another than it was.

    A dump never read before tells a year where its own pages do, were they the only ones: asking for every page
    that shows an entry would take longer with each dump that shows it once more.
    """
    if changes.dates:
        return True
    if last:
        return _runs(changes.placings) != _runs(last)
    return bool(inferred(_pages(changes.placings), {entry.id: entry.date for entry in entries}))


def _runs(placings: Sequence[Placing]) -> list[tuple[EntryId, int, DateEvidence | None]]:
    """All of a reading that years are inferred from, but for the dates that are known."""
    return [(placing.entry, placing.page, placing.evidence) for placing in placings]


def _infer(readings: Readings, looked: KnownDump, changes: ChangeSet, entries: Iterable[Known], now: datetime) -> None:
    """Let the years that are exact settle their neighbours, on every page that shows an entry of this dump."""
    here = {placing.entry for placing in changes.placings}
    others = readings.pages_with(here, but=(looked.source, looked.path))
    dates: dict[EntryId, EntryDate | None] = {entry.id: entry.date for entry in entries} | dict(changes.dates)
    shown_there = {placing.entry for page in others.values() for placing in page}
    dates |= readings.dates((here | shown_there) - dates.keys())
    better = inferred([*_pages(changes.placings), *others.values()], dates)
    if better:
        readings.upgrade_dates(better, now)


def _pages(placings: Sequence[Placing]) -> list[list[Placing]]:
    """The pages of one dump."""
    pages: dict[int, list[Placing]] = {}
    for placing in placings:
        pages.setdefault(placing.page, []).append(placing)
    return list(pages.values())
