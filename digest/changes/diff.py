"""Determines what a snapshot changes: matches its sightings, merges them and compares them with the known entries."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from digest.changes.compared import State, alternating, compare
from digest.changes.counts import last_counted, last_read, newly_counted, newly_read
from digest.changes.dates import better, changed_on, contradicts, evidence_date, same_day
from digest.changes.identifiers import differ
from digest.changes.keys import entry_id
from digest.changes.match import ANOTHER_YEAR, Match
from digest.changes.matching import matches, same_article
from digest.changes.prepared import Prepared
from digest.changes.redating import ALTERNATING_DAYS, EARLIER_DAY, Day, alternating_day, day_again, day_of
from digest.changes.text import Relation, equal, relation, same_text
from digest.changes.values import (
    Added,
    Ambiguous,
    Body,
    Cause,
    ChangeSet,
    Known,
    Others,
    Placing,
    Revised,
    Times,
    Vanished,
)
from digest.changes.yearly import changed_year
from digest.model import Content, DateEvidence, EntryId, Fingerprint, Layout, PrintedDate, Sighting
from digest.typeset.titles import headline


def diff(
    shown: Sequence[Prepared],
    last: Sequence[Placing],
    known: Iterable[Known],
    stood: Mapping[int, Placing],
    *,
    times: Times,
    earliest: date | None = None,
    latest: date | None = None,
    others: Others | None = None,
    instead: Cause | None = None,
    departed: Mapping[EntryId, Placing] | None = None,
    alike: Mapping[EntryId, Sequence[Placing]] | None = None,
    pinned: Mapping[int, EntryId] | None = None,
    source: str = "",
) -> ChangeSet:
    """Compare the sightings of a dump with its last good reading and with every entry that they may match.

    `stood` (see `changes.unchanged`) are the sightings that need no comparison, and whose entries need not be known.
    `others` has the information about the entries that `questions.asked_of_others` returns. `instead` is a silent cause
    that replaces significant ones, for revisions in which the article itself did not change. `departed` is how the dump
    showed entries before it stopped showing them; their texts are compared with that. `alike` is how
    other dumps with the rendering of this one show entries or did so. `pinned` are the entries of sightings, by
    position, that need no search. `source` is that of the dump, in which its ids and links count.
    """
    entries = list(known)
    fold = _Fold(last, {entry.id for entry in entries}, times, earliest, latest, instead, departed or {}, alike or {})
    if not all(placing.keeps_text for placing in last):
        fold.titles = frozenset(one.content.title for one in shown)
    for match in matches(shown, last, entries, stood, times, others or Others(), pinned or {}, source):
        fold.take(match)
    return fold.change_set()


_ALTERNATES = "shows two texts in turns; the one that was announced last stays"
_TWICE = "stands twice on its page, without a year; taken for one article"


@dataclass(slots=True)
class _Fold:
    """Applies the matches one after the other, and holds the results."""

    last: Sequence[Placing]
    used_ids: set[EntryId]
    times: Times
    earliest: date | None
    latest: date | None
    instead: Cause | None
    departed: Mapping[EntryId, Placing]
    alike: Mapping[EntryId, Sequence[Placing]] = field(default_factory=dict)
    titles: frozenset[str] = frozenset()  # titles on the page, if older rules may have missed some of them
    states: dict[EntryId, State] = field(default_factory=dict)
    placings: list[Placing] = field(default_factory=list)
    reports: list[Ambiguous] = field(default_factory=list)
    waits: bool = False
    cut: bool = False  # the dump is half-written
    size: int = 0  # sightings in the dump
    _contents: dict[int, Content] = field(default_factory=dict)  # compared contents, by position
    _new: dict[str, list[State]] = field(default_factory=dict)
    _own: dict[EntryId, list[Placing]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for placing in self.last:
            self._own.setdefault(placing.entry, []).append(placing)

    def take(self, match: Match) -> None:
        """Apply one sighting."""
        self.waits |= match.waits
        self.cut, self.size = _is_cut(match.shown.sighting), self.size + 1
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
        whole = next((placing for placing in own if placing.complete), None)
        if whole and not sighting.complete:  # a half-written reading removes nothing that a complete one showed
            self._date(state, sighting.dated)
            self.placings.append(self._still(whole, sighting))
            return
        because = own[0].because if own else match.because
        view = self._fold(state, match, own)
        self._contents[sighting.position] = match.shown.content
        extras = last_counted(sighting.extras, own)
        self.placings.append(
            Placing(
                entry=state.entry,
                position=sighting.position,
                page=sighting.page,
                title=sighting.title,
                evidence=sighting.date,
                readers=last_read(sighting.readers, own),
                view=view,
                complete=sighting.complete,
                because=because,
                extras=extras,
                key="" if sighting.title else match.shown.key,
            )
        )

    def _still(self, stood: Placing, sighting: Sighting) -> Placing:
        """The placing of an unchanged sighting, though it may have moved or have another reader count."""
        readers = last_read(sighting.readers, (stood,))
        extras = stood.extras
        if sighting.extras is not extras:
            extras = replace(extras, counts=last_counted(sighting.extras, (stood,)).counts)
        if (sighting.position, sighting.page, readers) == (stood.position, stood.page, stood.readers):
            return stood if extras is stood.extras or extras == stood.extras else replace(stood, extras=extras)
        return stood.still_shown(sighting.position, sighting.page, readers, extras)

    def _fold(self, state: State, match: Match, own: Sequence[Placing]) -> Fingerprint:
        """Apply a sighting to its entry; return the view for its placing."""
        shown, sighting = match.shown, match.shown.sighting
        if state.known and state.known.removed:
            return shown.view
        view = shown.view
        left = self.departed.get(state.entry)
        previous = own or ([left] if left else [])
        alike = () if previous else self.alike.get(state.entry, ())
        fresh = all(placing.view != view for placing in previous)
        turns = fresh and compare(state, shown, previous, self.titles, alike)
        day = Day.NEW if match.redated else day_of(state, shown, own)
        if day in (Day.EARLIER, Day.TURNS):
            self._report(state, shown, EARLIER_DAY if day is Day.EARLIER else ALTERNATING_DAYS)
            view = alternating_day(shown.view)
        else:
            self._date(state, sighting.dated, day)
            if state.date is None and (changed := changed_on(sighting.extras.updated, self.times.now)):
                state.date, state.dated = changed, True
        if turns:
            self._report(state, shown, _ALTERNATES)
            view = alternating(shown.view)
        return view

    def _report(self, state: State, shown: Prepared, outcome: str) -> None:
        title = shown.sighting.title or headline(shown.content)
        self.reports.append(Ambiguous(shown.sighting.position, title, (state.entry,), outcome))

    def _date(self, state: State, evidence: DateEvidence | PrintedDate | None, day: Day = Day.SAME) -> None:
        """Accept better evidence of the date. A different day counts only if the article was posted again."""
        printed = evidence_date(evidence, self.times.now, self.earliest, self.latest)
        if day is not Day.SAME and evidence and printed:
            state.date, state.dated = day_again(day, state.known, evidence, printed, self.times), True
            state.revise(state.content, Cause.SETTLED if day is Day.STAYS else Cause.REDATED)
            return
        if printed and state.date and not same_day(printed, state.date):
            if state.known and state.known.latest_only and state.date == state.known.date:
                state.date, state.dated = printed, True
            return
        if contradicts(state.date, printed):
            state.revise(state.content, Cause.REDATED)
        if dated := better(state.date, printed):
            state.date, state.dated = dated, True

    def _state_of(self, match: Match) -> State:
        """The state of the matched entry, or of a new one. A new entry may occur twice in one dump."""
        shown, sighting = match.shown, match.shown.sighting
        if match.entry:
            entry = match.entry
            return self.states.setdefault(entry.id, State(entry.id, entry.content, entry.date, known=entry))
        alike = self._new.setdefault(shown.key, [])
        for state in alike:
            if state.longest is None or not same_article(shown, state.date, state.longest.text):
                continue
            if differ(sighting.extras, state.longest.sighting.extras):
                continue
            if not sighting.title and relation(shown.content, state.longest.content) is Relation.OTHER:
                continue
            if _is_undated(sighting) and changed_year(shown.text, state.longest.text):
                self._report(state, shown, ANOTHER_YEAR)
                continue
            if _may_be_twins(sighting, state.longest.sighting):
                self._report(state, shown, _TWICE)
            state.longest = max(state.longest, shown, key=lambda one: len(one.text))
            return state
        name = entry_id(shown.key, sighting.date, self.used_ids)
        self.used_ids.add(name)
        state = State(name, shown.content, None, first_position=sighting.position, longest=shown)
        self.states[name] = state
        alike.append(state)
        return state

    def change_set(self) -> ChangeSet:
        """All changes."""
        changes: list[Added | Revised | Vanished] = []
        dates = []
        for state in self.states.values():
            if state.first_position is not None:
                changes.append(Added(state.entry, state.first_position, state.content, state.date))
            elif state.cause:
                self.waits |= self._merges_late(state)
                cause = self.instead if self.instead and state.cause.significant else state.cause
                changes.append(Revised(state.entry, state.content, cause))
            if state.dated and state.date:
                dates.append((state.entry, state.date))
        carried = self._behind_the_end()
        now = {placing.entry for placing in (*self.placings, *carried)}
        changes += [Vanished(entry) for entry in self._own if entry not in now]
        placings = (*(self._with_text(placing) for placing in self.placings), *carried)
        readers, before = newly_read(self.placings, self._own)
        counts, counted_before = newly_counted(self.placings, self._own)
        return ChangeSet(
            tuple(changes),
            placings,
            readers,
            tuple(dates),
            tuple(self.reports),
            before,
            self.waits,
            len(carried),
            counts,
            counted_before,
        )

    def _behind_the_end(self) -> list[Placing]:
        """The placings of the last reading that may lie beyond the end of a half-written dump.

        If the last reading of the dump ended in the same way, the dump always ends like this, and nothing is carried
        over.
        """
        if not (self.last and self.last[-1].complete and self.cut):
            return []
        here = {placing.entry for placing in self.placings}
        end, page = self.size, self.placings[-1].page if self.placings else 0
        gone = [placing for placing in self.last if placing.complete and placing.entry not in here]
        return [replace(placing, position=end + at, page=page) for at, placing in enumerate(gone)]

    def _merges_late(self, state: State) -> bool:
        """Whether another dump shows more of an entry that was known before this pass.

        A dump that showed the entry before may show the same text as a correction, so it goes first.
        """
        known = state.known
        if known is None or state.cause is not Cause.MERGED or known.first_seen_at is None:
            return False
        return known.first_seen_at < self.times.now and not same_text(known.content, state.content)

    def _with_text(self, placing: Placing) -> Placing:
        """The placing with the place of its text: a revision of its entry with this text, or the placing itself."""
        content, state = self._contents.get(placing.position), self.states.get(placing.entry)
        if content is None or state is None:
            return placing
        number = _revision_with(state, content)
        return placing.with_text(number, None if number else Body(content.paragraphs, content.figures))


def _revision_with(state: State, shown: Content) -> int | None:
    """The number of the entry's revision with exactly this text, including the revision that is being made."""
    known = state.known
    newest = known.revision if known else 1
    if equal(state.content, shown):
        return newest + 1 if known and state.cause else newest
    if known and equal(known.content, shown):
        return newest
    return next((one.number for one in known.earlier if equal(one.content, shown)), None) if known else None


def _is_cut(last: Sighting) -> bool:
    """Whether a dump that ends with this sighting is half-written. In a feed, the summary of an entry is incomplete."""
    return not last.complete and last.layout != Layout.FEED


def _may_be_twins(one: Sighting, other: Sighting) -> bool:
    """Whether two lines of one page may belong to two years although their texts are equal."""
    return _is_undated(one) and one.page == other.page and abs(one.position - other.position) > 1


def _is_undated(sighting: Sighting) -> bool:
    """Whether the sighting has no printed year."""
    return sighting.dated is None or sighting.dated.year is None
