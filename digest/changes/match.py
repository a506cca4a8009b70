"""The match of a sighting: a known entry, a new one, or neither, with the reason.

Separates sightings that were matched to one entry, but would give it several titles, dates or texts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from digest.changes.day_match import full_dates_agree, is_its_day
from digest.changes.text import OTHER_TEXT, similarity
from digest.changes.values import Ambiguous, Known, Placing
from digest.model import DateEvidence, EntryId, value
from digest.typeset.titles import headline

if TYPE_CHECKING:
    from digest.changes.prepared import Prepared

ANOTHER_YEAR = "may be the article of another year; kept apart as a new entry"


@value
class Match:
    """A sighting's entry: a known one, or None for a new one; `unassigned` if it is neither.

    `because` is the reason, for people. `stood` is the placing of an unchanged sighting in the last reading; then its
    entry is the match, whether it is known or not. `redated` means that the article was posted again with this
    sighting's date. `waits` is as in ChangeSet. `sure`: an
    identifier says so, whatever its title, day and text.
    """

    shown: Prepared
    entry: Known | None
    unassigned: bool = False
    report: Ambiguous | None = None
    stood: Placing | None = None
    because: str = "no known entry has its title and day, or its text"
    redated: bool = False
    waits: bool = False
    sure: bool = False


def doubt(shown: Prepared, candidates: Sequence[Known], outcome: str, *, unassigned: bool = False) -> Match:
    """A sighting that matches none of these entries, with a report."""
    return Match(shown, None, unassigned, report(shown, candidates, outcome), because=outcome)


def report(shown: Prepared, candidates: Sequence[Known], outcome: str) -> Ambiguous:
    """The report for operators about a sighting that may show one of these entries."""
    ids, sighting = tuple(sorted(entry.id for entry in candidates)), shown.sighting
    return Ambiguous(sighting.position, sighting.title or headline(shown.content), ids, outcome)


@dataclass(slots=True)
class _Shared:
    """What the sightings of one entry show together. `text` is the longest text among those that fit the entry."""

    times: int = 0
    titles: set[str] = field(default_factory=set)
    days: set[tuple[int, int]] = field(default_factory=set)
    years: set[int] = field(default_factory=set)
    text: str | None = None


def apart(made: Sequence[Match], claimed: AbstractSet[EntryId]) -> list[Match]:
    """The matches, without those that would give an entry several titles, dates or texts: they become new entries.

    `claimed` are the entries that a sighting answers to by its title.
    """
    shared = _shared(made)
    return [
        _checked(match, match.entry, shared[match.entry.id], claimed)
        if match.entry and not match.sure and shared[match.entry.id].times > 1
        else match
        for match in made
    ]


def _shared(made: Iterable[Match]) -> dict[EntryId, _Shared]:
    found: dict[EntryId, _Shared] = defaultdict(_Shared)
    for match in made:
        if match.entry is None:
            continue
        one, day = found[match.entry.id], match.shown.sighting.date
        one.times += 1
        one.titles.add(match.shown.key)
        if day:
            one.days.add((day.month, day.day))
            one.years |= {day.year} if day.year else set()
    return found


def _checked(match: Match, entry: Known, shared: _Shared, claimed: AbstractSet[EntryId]) -> Match:
    day, text = match.shown.sighting.date, match.shown.text
    if day and (other := _another_date(match, day, entry, shared)):
        return other
    if len(shared.titles) > 1 and entry.id not in claimed:
        return doubt(match.shown, [entry], "may correct its title, as others may; kept as a new entry")
    alike = similarity(text, text if shared.text is None else shared.text)
    if alike is not None and alike < OTHER_TEXT and not full_dates_agree(day, entry):
        return doubt(match.shown, [entry], "is one of several texts; kept apart as a new entry")
    shared.text = max(shared.text or "", text, key=len)
    return match


def _another_date(match: Match, day: DateEvidence, entry: Known, shared: _Shared) -> Match | None:
    """The match as a new entry, if its date is not the one of the displayed dates that belongs to the entry."""
    if day.year and len(shared.days) == 1 and len(shared.years) > 1:
        if day.year == _likeliest_year(entry, shared.years):
            return match
        return Match(match.shown, None, because="same title and day, published in another year")
    if len(shared.days) > 1 and not (is_its_day(day, entry) or full_dates_agree(day, entry)):
        return doubt(match.shown, [entry], "is one of several dates; kept apart as a new entry")
    return None


def _likeliest_year(entry: Known, years: AbstractSet[int]) -> int:
    """The printed year that belongs to the entry, if one title and day appear with several years.

    It is the known or inferred year, or else the latest year in which the entry can have been seen.
    """
    if entry.date and entry.date.year is not None and entry.date.year in years:
        return entry.date.year
    seen = entry.first_seen_at.year if entry.first_seen_at else max(years)
    return max((year for year in years if year <= seen), default=min(years))
