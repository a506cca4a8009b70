"""Compares a reading of a dump with everything known: what it changes, and why it is held. Stores nothing.

Decision 45.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from digest.changes import board, guards, prepared
from digest.changes.diff import diff
from digest.changes.unchanged import rolls, unchanged
from digest.changes.values import Cause, ChangeSet, Known, Others, Placing, Times, Vanished
from digest.dumps import FIRST_DECLARED
from digest.dumps.damage import damage
from digest.model import EntryId, Note, NoteKind, SourceId
from digest.records.intake import DumpState, KnownDump
from digest.service.intake.passes import Moves
from digest.settings import Source

if TYPE_CHECKING:
    from digest.store.intake.readings import Readings


@dataclass(frozen=True, slots=True)
class ReadDump:
    """A dump that was read and not judged yet.

    `known` is its former record. `rewritten`: its file was written since the last look. `released`: its hold has ended,
    and nothing holds it any more; the last `overwritten` of its sightings are no longer in the file. `reshaped` entries
    stand in its file in a shape that no layout of the source reads, and they are most of it.
    """

    looked: KnownDump
    known: KnownDump | None
    shown: tuple[prepared.Prepared, ...]
    notes: tuple[Note, ...]
    rewritten: bool
    released: bool = False
    overwritten: int = 0
    reshaped: int = 0

    @property
    def size(self) -> int:
        """The number of sightings in its file."""
        return len(self.shown) - self.overwritten


@dataclass(frozen=True, slots=True)
class Ground:
    """The basis of a comparison: the last good reading, its unchanged placings (by position), the times."""

    last: tuple[Placing, ...]
    stood: Mapping[int, Placing]
    times: Times


@dataclass(frozen=True, slots=True)
class Compared:
    """A reading that was compared with everything known.

    `entries` are those that answered to it. `agreed` counts the consecutive readings that show the same, including this
    one; 0 if nothing is suspicious. `by_layout`: another layout of its source reads the dump, so differences are not
    the author's.
    """

    ground: Ground
    entries: list[Known]
    changes: ChangeSet
    hold: guards.Hold | None
    agreed: int
    by_layout: bool = False


def ground(source: Source, dump: ReadDump, last: tuple[Placing, ...]) -> Ground:
    """The basis for comparing a dump whose last good reading is `last`."""
    times = _times(source, dump)
    stood = unchanged(dump.shown, last, times=times, ranged=bool(source.earliest or source.latest))
    return Ground(last, stood, times)


def compare(
    readings: Readings,
    source: Source,
    dump: ReadDump,
    on: Ground,
    *,
    crawler: guards.Hold | None = None,
    moves: Moves | None = None,
) -> Compared:
    """Compare a reading with everything known.

    `crawler` is the hold of a pass that corrects too much. `moves` are the moves of the dumps stored in it.
    """
    looked, known, last = dump.looked, dump.known, on.last
    moved = moves or Moves()
    entries = _answering(readings, looked.source, dump.shown, last, on.stood)
    asked = board.asked_of_others(dump.shown, last, entries, on.stood, on.times)
    here = {placing.entry for placing in last}
    absent = [entry.id for entry in entries if entry.id not in here] if last else []
    departed = readings.departed(looked.source, looked.path, absent)
    alike = _alike(readings, dump, (entry.id for entry in entries if entry.id not in here and entry.has_renderings))
    others = Others(readings.standing_elsewhere(asked, (looked.source, looked.path)), moved.gone)

    by_layout = known is not None and bool(last) and _is_by_another_layout(known, looked)
    pinned = _in_their_places(dump, last) if by_layout else {}

    def compared(instead: Cause | None) -> ChangeSet:
        return diff(
            dump.shown,
            last,
            entries,
            on.stood,
            times=on.times,
            earliest=source.earliest,
            latest=source.latest,
            others=others,
            instead=instead,
            departed=departed,
            alike=alike,
            pinned=pinned,
            source=looked.source,
        )

    read_anew = known is not None and _is_read_anew(known, looked)
    changes = compared(Cause.CRAWLER if read_anew or by_layout else None)
    approved = known is not None and known.approved == looked.sha256
    if by_layout and (approved or not _damage(changes, dump.notes)):
        found = None if approved or dump.released else guards.layout_hold(last, changes, keep=source.keep)
        return Compared(on, entries, changes, found, 0, by_layout=True)
    if approved:
        many = len(guards.corrected(changes)) > source.backlog
        return Compared(on, entries, compared(Cause.CRAWLER) if many else changes, None, 0)
    signs = guards.Signs(
        _damage(changes, dump.notes),
        "" if read_anew else _left_out(dump),
        moved.arrived,
        rolls(last, changes.shown, dump.shown),
    )
    found = guards.hold(() if read_anew else last, changes, signs, keep=source.keep, common=source.common)
    if dump.reshaped and found and found.suspicion.is_of_entries:
        found = guards.shape_hold(dump.reshaped)
    if found and found.suspicion is guards.Suspicion.REPLACED:
        found = guards.foreign(found, [entry for entry in entries if entry.id in here], dump.shown)
    if dump.released:
        of_crawler = (found and found.suspicion.is_of_the_crawler) or _crawler_before(known)
        return Compared(on, entries, compared(Cause.CRAWLER) if of_crawler else changes, None, 0)
    if guards.corrected(changes) and (found is None or found.suspicion.is_of_texts):
        found = crawler or _crawler_before(known) or found
    agreed = _agreed(dump, found) if found else 0
    if found and found.suspicion.ends_by_itself and agreed >= source.agree:
        if found.suspicion.is_of_the_crawler:
            changes = compared(Cause.CRAWLER)
        found = None
    return Compared(on, entries, changes, found, agreed)


def _is_read_anew(known: KnownDump, looked: KnownDump) -> bool:
    """Whether only new parsing rules make the bytes of the last good reading mean something else.

    Held or other bytes were never good, so the rules explain nothing about them.
    """
    good = known.sightings > 0 and known.state is DumpState.GOOD
    return good and known.sha256 == looked.sha256 and known.rules != looked.rules


def _is_by_another_layout(known: KnownDump, looked: KnownDump) -> bool:
    """Whether the layouts of the source in the configuration changed since the last good reading."""
    if known.state is DumpState.HELD and guards.was_layout(known.reason):
        return True
    return known.rules != looked.rules and max(known.rules, looked.rules) >= FIRST_DECLARED


def _in_their_places(dump: ReadDump, last: Sequence[Placing]) -> dict[int, EntryId]:
    """The entries of the last reading, by position, if another layout finds as many on the same days; else none.

    Without any day, the bytes must be the same too.
    """
    days = [one.sighting.date and one.sighting.date[:2] for one in dump.shown]
    before = sorted(last, key=lambda placing: placing.position)
    if days != [placing.evidence and placing.evidence[:2] for placing in before]:
        return {}
    same = dump.known is not None and dump.known.state is DumpState.GOOD and dump.known.sha256 == dump.looked.sha256
    if not same and not any(days):
        return {}
    return {one.sighting.position: placing.entry for one, placing in zip(dump.shown, before, strict=True)}


def _times(source: Source, dump: ReadDump) -> Times:
    zone, now, known = ZoneInfo(source.timezone), dump.looked.read_at, dump.known
    before = None
    if known and known.sightings:
        before = known.confirmed_at or (known.read_at if known.state is DumpState.GOOD else None)
    since = before.astimezone(zone).date() if before and before <= now else None
    return Times(now, now.astimezone(zone).date(), since)


def _alike(readings: Readings, dump: ReadDump, entries: Iterable[EntryId]) -> dict[EntryId, list[Placing]]:
    """How other dumps with the rendering of this one show entries, which may be published in another rendering."""
    asked = list(entries)
    if not asked or not dump.shown:
        return {}
    markup = any(one.sighting.extras.uid or one.sighting.extras.kinds for one in dump.shown)
    return readings.shown_alike(asked, (dump.looked.source, dump.looked.path), markup=markup)


def _answering(
    readings: Readings,
    source: SourceId,
    read: Sequence[prepared.Prepared],
    last: Sequence[Placing],
    stood: Mapping[int, Placing],
) -> list[Known]:
    """The entries that answer to the sightings; entries with other titles only if none answers to the title itself."""
    entries = readings.known(board.questions(read, last, stood, source))
    here = {entry.id for entry in entries}
    rivals = readings.known(board.rival_questions(read, entries, stood))
    return [*entries, *(rival for rival in rivals if rival.id not in here)]


def _damage(changes: ChangeSet, notes: Sequence[Note]) -> str:
    """One sentence about damage in the text of the reading and in its unreadable parts."""
    brought = (
        text
        for change in changes.changes
        if not isinstance(change, Vanished)
        for text in (change.content.title, *change.content.paragraphs)
    )
    return damage(chain(brought, (note.text for note in notes if note.kind is NoteKind.UNREAD)))


def _left_out(dump: ReadDump) -> str:
    """One sentence naming the first unreadable entry; empty if as many were left out before."""
    lines = [note for note in dump.notes if note.kind is NoteKind.UNREAD]
    known = dump.known
    if known and known.state is DumpState.GOOD and known.left_out and len(lines) <= len(known.notes):
        return ""
    more = f" (and {len(lines) - 1} more lines)" if len(lines) > 1 else ""
    return f"line {lines[0].line} {lines[0].reason}{more}" if lines else ""


def _crawler_before(known: KnownDump | None) -> guards.Hold | None:
    return guards.crawler_hold_again(known.reason) if known and known.state is DumpState.HELD else None


def _agreed(dump: ReadDump, found: guards.Hold) -> int:
    """How many consecutive good readings show the same as this one, including this one.

    A page that was replaced and has moved on again is another reading of the same kind, although it shows other lines.
    """
    known = dump.known
    if known is None or known.state is not DumpState.HELD or not known.waiting:
        return 1
    moved_on = found.suspicion is guards.Suspicion.REPLACED and guards.was_replaced(known.reason)
    if not (moved_on or guards.agree(known.waiting, guards.lines(dump.shown))):
        return 1
    return known.agreed + dump.rewritten
