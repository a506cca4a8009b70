"""Which known entry a sighting shows: a scored match of title, day, text and place. Stores and decides nothing else."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rapidfuzz import fuzz

from digest.changes.keys import lead_key, series_marks, title_key
from digest.changes.text import plain_text, similarity
from digest.changes.values import Ambiguous, Known
from digest.model import Content

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from digest.changes.values import Placing
    from digest.model import DateEvidence, EntryDate, EntryId, Sighting

    _Line = tuple[str, DateEvidence | None]

_SAME_TEXT = 0.85
_OTHER_TEXT = 0.5
_SAME_TITLE = 0.75
_COMPARED = 50  # candidates of one title and day that are compared by text; more say nothing


@dataclass(frozen=True, slots=True)
class Match:
    """A sighting's entry: a known one, or None for a new one; `unassigned` where it is neither.

    `because` says why, for people.
    """

    sighting: Sighting
    entry: Known | None
    unassigned: bool = False
    report: Ambiguous | None = None
    because: str = "no known entry has its title and day, or its text"


def _line(title: str, evidence: DateEvidence | None) -> _Line:
    """What an entry's line on a page says of it: title and day."""
    return title_key(title), evidence


def content_of(sighting: Sighting) -> Content:
    """What a reader reads of a sighting."""
    return Content(sighting.title, sighting.author, sighting.paragraphs, sighting.figures, sighting.complete)


def matches(sightings: Sequence[Sighting], last: Sequence[Placing], known: Iterable[Known]) -> list[Match]:
    """The match of each sighting, in their order.

    First each sighting takes an entry that answers to its title; then what is left may be a corrected title of an
    entry that no other sighting answers to.
    """
    board = _Board(sightings, last, known)
    by_title = {sighting.position: board.by_title(sighting) for sighting in sightings}
    board.claimed = {match.entry.id for match in by_title.values() if match and match.entry}
    return board.apart([by_title[sighting.position] or board.corrected(sighting) for sighting in sightings])


def same_day(evidence: DateEvidence | None, date: EntryDate | None) -> bool:
    """Whether both are known and nothing speaks against one day: years agree, or one of them is absent."""
    if evidence is None or date is None or (evidence.month, evidence.day) != (date.month, date.day):
        return False
    return evidence.year is None or date.year is None or evidence.year == date.year


def same_article(sighting: Sighting, date: EntryDate | None, text: str) -> bool:
    """Whether a sighting of the same title shows this article too: on the same day, and with no other plain text."""
    if _full(sighting.date, date):
        return True
    score = similarity(plain_text(content_of(sighting)), text)
    return same_day(sighting.date, date) and (score is None or score >= _OTHER_TEXT)


def _full(evidence: DateEvidence | None, date: EntryDate | None) -> bool:
    """Whether the same full date is known on both sides."""
    return same_day(evidence, date) and evidence is not None and evidence.year is not None and bool(date and date.year)


@dataclass(slots=True)
class _Board:
    """The candidates, indexed by what a sighting can ask for."""

    sightings: Sequence[Sighting]
    last: Sequence[Placing]
    known: Iterable[Known]
    claimed: set[EntryId] = field(default_factory=set)
    _titled: dict[str, list[Known]] = field(default_factory=lambda: defaultdict(list))
    _led: dict[str, list[Known]] = field(default_factory=lambda: defaultdict(list))
    _dated: dict[tuple[int, int, int | None], list[Known]] = field(default_factory=lambda: defaultdict(list))
    _placed: dict[EntryId, list[Placing]] = field(default_factory=lambda: defaultdict(list))
    _shown: dict[_Line, list[int]] = field(default_factory=lambda: defaultdict(list))
    _before: dict[_Line, list[EntryId]] = field(default_factory=lambda: defaultdict(list))
    _texts: dict[EntryId, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for sighting in self.sightings:
            self._shown[_line(sighting.title, sighting.date)].append(sighting.position)
        for placing in self.last:
            self._before[_line(placing.title, placing.evidence)].append(placing.entry)
            self._placed[placing.entry].append(placing)
        for entry in self.known:
            for title in entry.titles:
                self._titled[title].append(entry)
            if lead := lead_key(entry.content):
                self._led[lead].append(entry)
            if entry.date:
                self._dated[entry.date.month, entry.date.day, entry.date.year].append(entry)

    def by_title(self, sighting: Sighting) -> Match | None:
        """The entry of the same title, a report where it is doubtful, None where no entry has the title and day."""
        titled = self._titled.get(title_key(sighting.title), [])
        fitting = [entry for entry in titled if same_day(sighting.date, entry.date)]
        undated = [entry for entry in titled if entry.date is None or sighting.date is None]
        if not fitting and not undated:
            return None
        certain = [entry for entry in fitting if _full(sighting.date, entry.date) or self._stood(entry, sighting)]
        if len(certain) == 1:
            exact = _full(sighting.date, certain[0].date)
            return Match(sighting, certain[0], because="same title, same full date" if exact else "same title and day")
        return self._by_text(sighting, (certain or fitting or undated)[:_COMPARED], dated=bool(fitting))

    def _by_text(self, sighting: Sighting, candidates: list[Known], *, dated: bool) -> Match:
        """Decide among entries of the same title by their texts; where they do not tell, by the place on the page."""
        text = plain_text(content_of(sighting))
        scored = [(similarity(text, self._text(entry)), entry) for entry in candidates]
        alike = [entry for score, entry in scored if score is None or score >= _SAME_TEXT]
        if len(alike) > 1:
            alike = [entry for score, entry in scored if score is not None and score >= _SAME_TEXT] or alike
        placed = self._in_order(sighting, alike)
        if len(alike) == 1 or placed:
            because = "same title and place among those of this title" if placed else "same title, no other text"
            return Match(sighting, placed or alike[0], because=because)
        if alike:
            return self._doubt(sighting, alike, "shows nothing that they do not show; left unassigned", unassigned=True)
        close = [entry for score, entry in scored if score is not None and score >= _OTHER_TEXT]
        if len(close) == 1 and dated:
            return Match(sighting, close[0], because="same title and day, a similar text")
        return self._doubt(sighting, candidates, "has another text; kept apart as a new entry")

    def corrected(self, sighting: Sighting) -> Match:
        """The entry whose title this sighting corrects, or none: then it shows a new one."""
        text, marks = plain_text(content_of(sighting)), series_marks(sighting.title)
        evidence = sighting.date
        found: dict[EntryId, Known] = {}
        because = ""
        for entry in self._rivals(sighting):
            if entry.id in self.claimed or series_marks(entry.content.title) != marks:
                continue
            if not same_day(evidence, entry.date):
                continue
            score = similarity(text, self._text(entry))
            if score is None:
                alike = self._gone(entry, sighting) and _same_author(entry, sighting)
                score = fuzz.ratio(title_key(entry.content.title), title_key(sighting.title)) / 100 if alike else 0
                if score >= _SAME_TITLE:
                    found[entry.id] = entry
                    because = f"same day and author, a title alike by {score:.0%} in place of one that is gone"
            elif score >= _SAME_TEXT:
                found[entry.id] = entry
                because = f"same day, texts alike by {score:.0%}, another title"
        if len(found) == 1:
            return Match(sighting, next(iter(found.values())), because=because)
        if found:
            return self._doubt(sighting, list(found.values()), "may correct one of their titles; kept as a new entry")
        return Match(sighting, None)

    def apart(self, made: Sequence[Match]) -> list[Match]:
        """The matches, less those by which one entry would get several titles, dates or texts."""
        titles: dict[EntryId, set[str]] = defaultdict(set)
        days: dict[EntryId, set[tuple[int, int]]] = defaultdict(set)
        years: dict[EntryId, set[int]] = defaultdict(set)
        for match in made:
            if match.entry:
                titles[match.entry.id].add(title_key(match.sighting.title))
                if date := match.sighting.date:
                    days[match.entry.id].add((date.month, date.day))
                    years[match.entry.id] |= {date.year} if date.year else set()

        texts: dict[EntryId, str] = {}

        def checked(match: Match) -> Match:
            entry, date = match.entry, match.sighting.date
            if entry is None:
                return match
            if date and (len(days[entry.id]) > 1 or (date.year and len(years[entry.id]) > 1)):
                return self._doubt(match.sighting, [entry], "is one of several dates; kept apart as a new entry")
            if len(titles[entry.id]) > 1 and entry.id not in self.claimed:
                return self._doubt(match.sighting, [entry], "may correct its title, as others may; kept as a new entry")
            text = plain_text(content_of(match.sighting))
            alike = similarity(text, texts.setdefault(entry.id, text))
            if alike is not None and alike < _OTHER_TEXT and not _full(date, entry.date):
                return self._doubt(match.sighting, [entry], "is one of several texts; kept apart as a new entry")
            texts[entry.id] = max(texts[entry.id], text, key=len)
            return match

        return [checked(match) for match in made]

    def _rivals(self, sighting: Sighting) -> list[Known]:
        """Entries of another title that the sighting may be: the same beginning, or the same full date."""
        date = sighting.date
        rivals = list(self._led.get(lead_key(content_of(sighting)) or "none", []))
        if date:
            rivals += self._dated.get((date.month, date.day, date.year), [])
            if date.year is not None:
                rivals += self._dated.get((date.month, date.day, None), [])
        return rivals[: 2 * _COMPARED]

    def _stood(self, entry: Known, sighting: Sighting) -> bool:
        """Whether the last reading of this dump showed the entry under this title and day, which stand here once.

        Where the text is another one, the page may have moved on to the greeting of the next year.
        """
        line = _line(sighting.title, sighting.date)
        stood = len(self._shown[line]) == 1 and entry.id in self._before.get(line, ())
        return stood and same_article(sighting, entry.date, self._text(entry))

    def _gone(self, entry: Known, sighting: Sighting) -> bool:
        """Whether the last reading of this dump showed the entry with this day, under the title that is gone now."""
        return any(placing.evidence == sighting.date for placing in self._placed[entry.id])

    def _in_order(self, sighting: Sighting, candidates: Sequence[Known]) -> Known | None:
        """The candidate in whose place the sighting stands, where title and day stand as often as they did."""
        line = _line(sighting.title, sighting.date)
        positions, before = self._shown[line], self._before.get(line, ())
        if len(positions) != len(before):
            return None
        stood = before[positions.index(sighting.position)]
        return next((entry for entry in candidates if entry.id == stood), None)

    def _text(self, entry: Known) -> str:
        if entry.id not in self._texts:
            self._texts[entry.id] = plain_text(entry.content)
        return self._texts[entry.id]

    def _doubt(
        self, sighting: Sighting, candidates: Sequence[Known], outcome: str, *, unassigned: bool = False
    ) -> Match:
        ids = tuple(sorted(entry.id for entry in candidates))
        report = Ambiguous(sighting.position, sighting.title, ids, outcome)
        return Match(sighting, None, unassigned, report, because=outcome)


def _same_author(entry: Known, sighting: Sighting) -> bool:
    return entry.content.author is None or sighting.author is None or entry.content.author == sighting.author
