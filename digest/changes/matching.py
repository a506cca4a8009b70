"""Which known entry a sighting shows: a scored match of title, day, text and place. Stores and decides nothing else."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from rapidfuzz import fuzz

from digest.changes.keys import lead_key, series_marks, title_key
from digest.changes.text import equal, far_apart, pairs, plain_text, similarity
from digest.changes.unchanged import lines_of
from digest.changes.values import Ambiguous, Known
from digest.model import value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from digest.changes.shown import Line, Shown
    from digest.changes.values import Placing
    from digest.model import DateEvidence, EntryDate, EntryId

_SAME_TEXT = 0.85
_OTHER_TEXT = 0.5
_SAME_TITLE = 0.75
_LATE = timedelta(days=366)
_COMPARED = 50  # candidates of one title and day that are compared by text; more say nothing
_FEW = 8  # rivals; so few are compared sooner than their pairs are made
_RIVALS = 1000  # entries that one sighting is compared with for a corrected title


@value
class Match:
    """A sighting's entry: a known one, or None for a new one; `unassigned` where it is neither.

    `because` says why, for people. `stood` is where it stood in the last reading, to the letter: then the entry is that
    one's, known or not.
    """

    shown: Shown
    entry: Known | None
    unassigned: bool = False
    report: Ambiguous | None = None
    stood: Placing | None = None
    because: str = "no known entry has its title and day, or its text"


def matches(
    shown: Sequence[Shown], last: Sequence[Placing], known: Iterable[Known], stood: Mapping[int, Placing]
) -> list[Match]:
    """The match of each sighting, in their order; `stood` as from `unchanged`.

    What stands there as it stood needs no more. Of the others, first each takes an entry that answers to its title;
    then what is left may be a corrected title of an entry that no other sighting answers to.
    """
    board = _Board(shown, last, known)
    by_title = {one.sighting.position: board.by_title(one) for one in shown if one.sighting.position not in stood}
    contested = {match.entry.id for match in by_title.values() if match and match.entry}
    still = {position: placing for position, placing in stood.items() if placing.entry not in contested}
    for one in shown:  # an entry that another sighting answers to as well is judged with it
        if one.sighting.position in stood and one.sighting.position not in still:
            by_title[one.sighting.position] = board.by_title(one)
    board.claimed = {match.entry.id for match in by_title.values() if match and match.entry}
    board.claimed |= {placing.entry for placing in still.values()}
    return board.apart(
        [
            Match(one, None, stood=placing)
            if (placing := still.get(one.sighting.position))
            else by_title[one.sighting.position] or board.corrected(one)
            for one in shown
        ]
    )


def same_day(evidence: DateEvidence | None, date: EntryDate | None) -> bool:
    """Whether both are known and nothing speaks against one day: years agree, or one of them is absent."""
    if evidence is None or date is None or (evidence.month, evidence.day) != (date.month, date.day):
        return False
    return evidence.year is None or date.year is None or evidence.year == date.year


def same_article(shown: Shown, date: EntryDate | None, text: str) -> bool:
    """Whether a sighting of the same title shows this article too: on the same day, and with no other plain text."""
    evidence = shown.sighting.date
    if _full(evidence, date):
        return True
    if not same_day(evidence, date):
        return False
    score = similarity(shown.text, text)
    return score is None or score >= _OTHER_TEXT


def _full(evidence: DateEvidence | None, date: EntryDate | None) -> bool:
    """Whether the same full date is known on both sides."""
    return same_day(evidence, date) and evidence is not None and evidence.year is not None and bool(date and date.year)


@dataclass(slots=True)
class _Board:
    """The candidates, indexed by what a sighting can ask for."""

    shown: Sequence[Shown]
    last: Sequence[Placing]
    known: Iterable[Known]
    claimed: set[EntryId] = field(default_factory=set)
    _titled: dict[str, list[Known]] = field(default_factory=lambda: defaultdict(list))
    _led: dict[str, list[Known]] | None = None
    _dated: dict[tuple[int, int, int | None], list[Known]] = field(default_factory=lambda: defaultdict(list))
    _placed: dict[EntryId, list[Placing]] = field(default_factory=lambda: defaultdict(list))
    _lines: dict[Line, list[int]] = field(default_factory=lambda: defaultdict(list))
    _before: dict[Line, list[EntryId]] = field(default_factory=lambda: defaultdict(list))
    _texts: dict[EntryId, str] = field(default_factory=dict)
    _pairs: dict[EntryId, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for one in self.shown:
            self._lines[one.line].append(one.sighting.position)
        for placing, line in zip(self.last, lines_of(self.shown, self.last), strict=True):
            self._before[line].append(placing.entry)
            self._placed[placing.entry].append(placing)
        for entry in self.known:
            for title in entry.titles:
                self._titled[title].append(entry)
            if entry.date:
                self._dated[entry.date.month, entry.date.day, entry.date.year].append(entry)

    def by_title(self, shown: Shown) -> Match | None:
        """The entry of the same title, a report where it is doubtful, None where no entry has the title and day."""
        titled, sighting = self._titled.get(shown.key), shown.sighting
        if not titled:
            return None
        fitting = [entry for entry in titled if same_day(sighting.date, entry.date)]
        undated = [entry for entry in titled if entry.date is None or sighting.date is None]
        if not fitting and not undated:
            return None
        certain = [entry for entry in fitting if _full(sighting.date, entry.date) or self._stood(entry, shown)]
        if len(certain) == 1:
            exact = _full(sighting.date, certain[0].date)
            return Match(shown, certain[0], because="same title, same full date" if exact else "same title and day")
        return self._by_text(shown, (certain or fitting or undated)[:_COMPARED], dated=bool(fitting))

    def _by_text(self, shown: Shown, candidates: list[Known], *, dated: bool) -> Match:
        """Decide among entries of the same title by their texts; where they do not tell, by the place on the page."""
        same = len(candidates) == 1 and equal(shown.content, candidates[0].content)
        scored = [(1.0 if same else similarity(shown.text, self._text(entry)), entry) for entry in candidates]
        alike = [entry for score, entry in scored if score is None or score >= _SAME_TEXT]
        if len(alike) > 1:
            alike = [entry for score, entry in scored if score is not None and score >= _SAME_TEXT] or alike
        placed = self._in_order(shown, alike)
        if len(alike) == 1 or placed:
            because = "same title and place among those of this title" if placed else "same title, no other text"
            return Match(shown, placed or alike[0], because=because)
        if alike:
            return self._doubt(shown, alike, "shows nothing that they do not show; left unassigned", unassigned=True)
        close = [entry for score, entry in scored if score is not None and score >= _OTHER_TEXT]
        if len(close) == 1 and dated:
            return Match(shown, close[0], because="same title and day, a similar text")
        return self._doubt(shown, candidates, "has another text; kept apart as a new entry")

    def corrected(self, shown: Shown) -> Match:
        """The entry whose title this sighting corrects, or none: then it shows a new one."""
        found: dict[EntryId, tuple[Known, str]] = {}
        rivals = self._rivals(shown)
        many = len(rivals) > _FEW
        for entry in rivals:
            if entry.id not in found and (because := self._corrects(shown, entry, many=many)):
                found[entry.id] = entry, because
        if len(found) == 1:
            ((entry, because),) = found.values()
            return Match(shown, entry, because=because)
        if found:
            return self._doubt(
                shown, [entry for entry, _ in found.values()], "may correct one of their titles; kept as a new entry"
            )
        return Match(shown, None)

    def _corrects(self, shown: Shown, entry: Known, *, many: bool) -> str:
        """Why it is this entry under another title: day and text agree, no series mark differs; empty where it is not.

        Titles are all that short texts leave.
        """
        sighting, text = shown.sighting, self._text(entry)
        if entry.id in self.claimed or not same_day(sighting.date, entry.date):
            return ""
        if many and far_apart(shown.text, text, (shown.pairs, self._pairs_in(entry)), _SAME_TEXT):
            return ""
        least, score = _SAME_TEXT, similarity(shown.text, text, _SAME_TEXT)
        told = "same day, texts alike by {:.0%}, another title"
        if score is None:
            if not (self._gone(entry, shown) and _same_author(entry, shown)):
                return ""
            least, score = _SAME_TITLE, fuzz.ratio(title_key(entry.content.title), shown.key) / 100
            told = "same day and author, a title alike by {:.0%} in place of one that is gone"
        if score < least or series_marks(entry.content.title) != series_marks(sighting.title):
            return ""
        return told.format(score)

    def apart(self, made: Sequence[Match]) -> list[Match]:
        """The matches, less those by which one entry would get several titles, dates or texts."""
        times = Counter(match.entry.id for match in made if match.entry)
        titles: dict[EntryId, set[str]] = defaultdict(set)
        days: dict[EntryId, set[tuple[int, int]]] = defaultdict(set)
        years: dict[EntryId, set[int]] = defaultdict(set)
        for match in made:
            if match.entry and times[match.entry.id] > 1:
                titles[match.entry.id].add(match.shown.key)
                if date := match.shown.sighting.date:
                    days[match.entry.id].add((date.month, date.day))
                    years[match.entry.id] |= {date.year} if date.year else set()

        texts: dict[EntryId, str] = {}

        def checked(match: Match) -> Match:
            entry, date = match.entry, match.shown.sighting.date
            if entry is None or times[entry.id] == 1:
                return match
            if date and (len(days[entry.id]) > 1 or (date.year and len(years[entry.id]) > 1)):
                return self._doubt(match.shown, [entry], "is one of several dates; kept apart as a new entry")
            if len(titles[entry.id]) > 1 and entry.id not in self.claimed:
                return self._doubt(match.shown, [entry], "may correct its title, as others may; kept as a new entry")
            text = match.shown.text
            alike = similarity(text, texts.setdefault(entry.id, text))
            if alike is not None and alike < _OTHER_TEXT and not _full(date, entry.date):
                return self._doubt(match.shown, [entry], "is one of several texts; kept apart as a new entry")
            texts[entry.id] = max(texts[entry.id], text, key=len)
            return match

        return [checked(match) for match in made]

    def _rivals(self, shown: Shown) -> list[Known]:
        """Entries of another title that the sighting may be: the same beginning, or the same full date."""
        if not self._titled:
            return []
        if self._led is None:
            self._led = defaultdict(list)
            for entry in self.known:
                if lead := lead_key(entry.content):
                    self._led[lead].append(entry)
        date = shown.sighting.date
        rivals = list(self._led.get(shown.lead or "none", []))
        if date:
            rivals += self._dated.get((date.month, date.day, date.year), [])
            if date.year is not None:
                rivals += self._dated.get((date.month, date.day, None), [])
        rivals.sort(key=lambda entry: entry.id not in self._placed)  # those of this dump are the likeliest
        return rivals[:_RIVALS]

    def _stood(self, entry: Known, shown: Shown) -> bool:
        """Whether the last reading of this dump showed the entry under this title and day, which stand here once.

        Where the text is another one, the page may have moved on to the greeting of the next year.
        """
        stood = len(self._lines[shown.line]) == 1 and entry.id in self._before.get(shown.line, ())
        return stood and same_article(shown, entry.date, self._text(entry))

    def _gone(self, entry: Known, shown: Shown) -> bool:
        """Whether the last reading of this dump showed the entry with this day, under the title that is gone now."""
        return any(placing.evidence == shown.sighting.date for placing in self._placed.get(entry.id, ()))

    def _in_order(self, shown: Shown, candidates: Sequence[Known]) -> Known | None:
        """The candidate in whose place the sighting stands, where title and day stand as often as they did."""
        positions, before = self._lines[shown.line], self._before.get(shown.line, ())
        if len(positions) != len(before):
            return None
        stood = before[positions.index(shown.sighting.position)]
        return next((entry for entry in candidates if entry.id == stood), None)

    def _text(self, entry: Known) -> str:
        if entry.id not in self._texts:
            self._texts[entry.id] = plain_text(entry.content)
        return self._texts[entry.id]

    def _pairs_in(self, entry: Known) -> int:
        if entry.id not in self._pairs:
            self._pairs[entry.id] = pairs(self._text(entry))
        return self._pairs[entry.id]

    def _doubt(self, shown: Shown, candidates: Sequence[Known], outcome: str, *, unassigned: bool = False) -> Match:
        ids, sighting = tuple(sorted(entry.id for entry in candidates)), shown.sighting
        report = Ambiguous(sighting.position, sighting.title, ids, outcome)
        return Match(shown, None, unassigned, report, because=outcome)


def _same_author(entry: Known, shown: Shown) -> bool:
    author = shown.sighting.author
    return entry.content.author is None or author is None or entry.content.author == author
