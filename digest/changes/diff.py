"""What a snapshot changes: its sightings matched, merged and compared with what is known. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from digest.changes.dates import better, evidence_date
from digest.changes.keys import entry_id, title_key
from digest.changes.matching import matches, same_article
from digest.changes.text import Relation, equal, merged, normal, relation
from digest.changes.values import Added, Ambiguous, Cause, ChangeSet, Known, Placing, Questions, Revised, Vanished

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, datetime

    from digest.changes.matching import Match
    from digest.changes.shown import Shown
    from digest.model import Content, EntryDate, EntryId, Sighting


def questions(shown: Sequence[Shown], last: Sequence[Placing], stood: Mapping[int, Placing]) -> Questions:
    """What to ask the store before the diff: who answers to a title, and who stood where something changed since."""
    titles = frozenset(one.key for one in shown if one.sighting.position not in stood)
    gone = {placing.entry for placing in last} - {placing.entry for placing in stood.values()}
    return Questions(titles, entries=frozenset(gone))


def rival_questions(shown: Sequence[Shown], known: Iterable[Known], stood: Mapping[int, Placing]) -> Questions:
    """What to ask then, where nobody answers to a title: whose title it may correct."""
    titles = {title for entry in known for title in entry.titles}
    untitled = [one for one in shown if one.sighting.position not in stood and one.key not in titles]
    days = (one.sighting.date for one in untitled if one.sighting.date)
    return Questions(
        leads=frozenset(filter(None, (one.lead for one in untitled))),
        days=frozenset((day.year, day.month, day.day) for day in days if day.year is not None),
    )


def diff(
    shown: Sequence[Shown],
    last: Sequence[Placing],
    known: Iterable[Known],
    stood: Mapping[int, Placing],
    *,
    now: datetime,
    earliest: date | None = None,
    latest: date | None = None,
) -> ChangeSet:
    """Compare the sightings of a dump with its last good reading and with every entry that answers to them.

    `stood` (see `changes.unchanged`) are those that need no comparison, and whose entries need not be known.
    """
    entries = list(known)
    fold = _Fold(last, {entry.id for entry in entries}, now, earliest, latest)
    for match in matches(shown, last, entries, stood):
        fold.take(match)
    return fold.change_set()


@dataclass(slots=True)
class _State:
    """An entry while the sightings of a dump are folded into it."""

    entry: EntryId
    content: Content
    date: EntryDate | None
    first_position: int | None = None  # of a new entry
    longest: Shown | None = None  # the sighting of a new entry that shows the longest plain text
    known: Known | None = None
    cause: Cause | None = None
    dated: bool = False
    readers: int | None = None

    def revise(self, content: Content, cause: Cause) -> None:
        """Take over a content; the weightiest cause stays."""
        self.content = content
        if self.cause is None or (cause.significant and not self.cause.significant):
            self.cause = cause


@dataclass(slots=True)
class _Fold:
    """Takes the matches one after the other, and holds what came of them."""

    last: Sequence[Placing]
    taken: set[EntryId]
    now: datetime
    earliest: date | None
    latest: date | None
    states: dict[EntryId, _State] = field(default_factory=dict)
    placings: list[Placing] = field(default_factory=list)
    reports: list[Ambiguous] = field(default_factory=list)
    counts: list[tuple[EntryId, int]] = field(default_factory=list)  # of what stands as it stood
    _new: dict[str, list[_State]] = field(default_factory=dict)
    _own: dict[EntryId, list[Placing]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for placing in self.last:
            self._own.setdefault(placing.entry, []).append(placing)

    def take(self, match: Match) -> None:
        """Fold one sighting in."""
        if match.report:
            self.reports.append(match.report)
        if match.unassigned:
            return
        sighting, stood = match.shown.sighting, match.stood
        if stood:
            self.placings.append(self._still(stood, sighting))
            return
        state = self._state_of(match)
        own = self._own.get(state.entry, [])
        because = own[0].because if own else match.because
        self._fold(state, match.shown, own)
        self.placings.append(
            Placing(
                entry=state.entry,
                position=sighting.position,
                page=sighting.page,
                title=sighting.title,
                evidence=sighting.date,
                readers=sighting.readers,
                view=match.shown.view,
                complete=sighting.complete,
                because=because,
            )
        )

    def _still(self, stood: Placing, sighting: Sighting) -> Placing:
        """The placing of what stands to the letter as it stood, though perhaps elsewhere or read by more."""
        if sighting.readers is not None and sighting.readers != stood.readers:
            self.counts.append((stood.entry, sighting.readers))
        here = (sighting.position, sighting.page, sighting.readers)
        if here == (stood.position, stood.page, stood.readers):
            return stood
        return replace(stood, position=sighting.position, page=sighting.page, readers=sighting.readers)

    def _fold(self, state: _State, shown: Shown, own: Sequence[Placing]) -> None:
        sighting = shown.sighting
        _count(state, sighting.readers, own)
        if state.known and state.known.removed:
            return
        if all(placing.view != shown.view for placing in own):
            _compare(state, shown, own)
        dated = better(state.date, evidence_date(sighting.date, self.now, self.earliest, self.latest))
        if dated:
            state.date, state.dated = dated, True

    def _state_of(self, match: Match) -> _State:
        """The state of the matched entry, or of a new one; a new entry may stand twice in one dump."""
        shown, sighting = match.shown, match.shown.sighting
        if match.entry:
            entry = match.entry
            return self.states.setdefault(
                entry.id, _State(entry.id, entry.content, entry.date, known=entry, readers=entry.readers)
            )
        alike = self._new.setdefault(shown.key, [])
        for state in alike:
            if state.longest and same_article(shown, state.date, state.longest.text):
                state.longest = max(state.longest, shown, key=lambda one: len(one.text))
                return state
        name = entry_id(shown.key, sighting.date, self.taken)
        self.taken.add(name)
        state = _State(name, shown.content, None, first_position=sighting.position, longest=shown)
        self.states[name] = state
        alike.append(state)
        return state

    def change_set(self) -> ChangeSet:
        """All of it."""
        changes: list[Added | Revised | Vanished] = []
        readers, dates = self.counts, []
        for state in self.states.values():
            if state.first_position is not None:
                changes.append(Added(state.entry, state.first_position, state.content, state.date))
            elif state.cause:
                changes.append(Revised(state.entry, state.content, state.cause))
            if state.readers is not None and (state.known is None or state.readers != state.known.readers):
                readers.append((state.entry, state.readers))
            if state.dated and state.date:
                dates.append((state.entry, state.date))
        now = {placing.entry for placing in self.placings}
        changes += [Vanished(entry) for entry in self._own if entry not in now]
        return ChangeSet(tuple(changes), tuple(self.placings), tuple(readers), tuple(dates), tuple(self.reports))


def _count(state: _State, count: int | None, own: Sequence[Placing]) -> None:
    """A count is news where this dump showed another one before, or where none was as high."""
    if count is None:
        return
    moved = bool(own) and all(placing.readers != count for placing in own)
    if moved or (not own and (state.readers is None or count > state.readers)):
        state.readers = count


def _compare(state: _State, one: Shown, own: Sequence[Placing]) -> None:
    """Let a sighting that this dump did not show before change the entry's content."""
    shown = one.content
    if state.first_position == one.sighting.position:
        return
    _compare_title(state, shown, own)
    _compare_text(state, shown, own)
    if shown.author and shown.author != state.content.author and (own or state.content.author is None):
        state.revise(replace(state.content, author=shown.author), Cause.AUTHOR)


def _compare_title(state: _State, shown: Content, own: Sequence[Placing]) -> None:
    """A title counts where this dump newly shows it, and never where it is one that the entry had before."""
    title = state.content.title
    if shown.title == title or any(placing.title == shown.title for placing in own):
        return
    if normal(shown.title) == normal(title):
        if own:
            state.revise(replace(state.content, title=shown.title), Cause.SPACING)
        return
    aliases = state.known.titles if state.known else frozenset([title_key(title)])
    if own or title_key(shown.title) not in aliases:
        cause = Cause.TITLE if state.first_position is None else Cause.MERGED
        state.revise(replace(state.content, title=shown.title), cause)


def _compare_text(state: _State, shown: Content, own: Sequence[Placing]) -> None:
    """More of the same text is silent, another text is a revision, and a half-written one waits."""
    content = state.content
    if equal(content, shown) and content.complete == shown.complete:
        return
    found = relation(content, shown)
    growing = not content.complete or any(not placing.complete for placing in own)
    if found is Relation.OTHER and not shown.complete:
        return
    if own and shown.complete and not content.complete:
        # What a half-written reading ended with may have been the next entry's title: the whole one is right.
        fuller, cause = shown, Cause.MERGED if found is Relation.SAME else Cause.COMPLETED
    elif found in (Relation.SAME, Relation.LESS):
        fuller = shown if found is Relation.SAME and own and shown.paragraphs != content.paragraphs else content
        cause = Cause.SPACING if fuller is shown else Cause.MERGED
    elif found is Relation.OTHER:
        fuller, cause = shown, Cause.COMPLETED if growing else Cause.TEXT
    else:
        inserted = found is Relation.MORE and own and not growing
        fuller, cause = shown, Cause.TEXT if inserted else Cause.COMPLETED if own else Cause.MERGED
    if state.first_position is not None and cause.significant:
        cause = Cause.MERGED
    made = replace(shown if found is Relation.OTHER else merged(content, shown, fuller=fuller), title=content.title)
    made = replace(made, author=content.author)
    if made != content:
        state.revise(made, cause)
