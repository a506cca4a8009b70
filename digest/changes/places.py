"""Compares the positions on a page with those of its last reading: which entries are gone, and which are new on top.

Decision 27.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from digest.changes.days import number
from digest.changes.values import Placing
from digest.model import EntryId

if TYPE_CHECKING:
    from digest.changes.prepared import Prepared

_DAYS, _SHORTLY = 366, 45  # days of a year; an article this many days older counts as newer only if no year is printed
_PINS = 2  # articles that a site may pin to the top of a page
Gap = tuple[int, "EntryId | None", "EntryId | None"]  # page, entry above, entry below


class Places:
    """The last reading of a dump beside this one; `matched` are the entries of sightings by position.

    An entry is *gone* if it stood in the last reading and no sighting matches it. A sighting and a gone entry are *at
    the same place* if the nearest remaining entries above and below are the same, and at least one exists. Entries that
    moved past others do not count as remaining; an article that is posted again moves like this.
    """

    def __init__(self, shown: Sequence[Prepared], last: Sequence[Placing], matched: Mapping[int, EntryId]) -> None:
        here = set(matched.values())
        self._gone: dict[EntryId, list[Gap]] = {p.entry: [] for p in last if p.entry not in here}
        self._gaps: dict[int, Gap] = {}
        self._in_gap: dict[tuple[EntryId | None, EntryId | None], list[EntryId]] = defaultdict(list)
        if self._gone and len(matched) < len(shown):
            self._compare(shown, last, matched)

    def _compare(self, shown: Sequence[Prepared], last: Sequence[Placing], matched: Mapping[int, EntryId]) -> None:
        rank = {placing.entry: at for at, placing in enumerate(last)}
        order = [entry for one in shown if (entry := matched.get(one.sighting.position)) in rank and entry is not None]
        stayed = in_order(order, rank)
        now = [
            (one.sighting.page, entry if (entry := matched.get(one.sighting.position)) in stayed else None)
            for one in shown
        ]
        before = [(placing.page, placing.entry if placing.entry in stayed else None) for placing in last]
        self._gaps = {
            one.sighting.position: gap
            for one, gap in zip(shown, _gaps(now), strict=True)
            if one.sighting.position not in matched
        }
        for placing, gap in zip(last, _gaps(before), strict=True):
            if placing.entry in self._gone:
                self._gone[placing.entry].append(gap)
                self._in_gap[gap[1:]].append(placing.entry)

    def is_gone(self, entry: EntryId) -> bool:
        """Whether the entry stood here at the last reading, and nothing here matches it now."""
        return entry in self._gone

    def at_place_of(self, position: int) -> list[EntryId]:
        """The gone entries at the same place as an unmatched sighting, in their former order."""
        _, above, below = self._gaps.get(position, (0, None, None))
        return [] if above is None and below is None else self._in_gap.get((above, below), [])

    def may_have_rolled_off(self, entry: EntryId) -> bool:
        """Whether a gone entry stood below all remaining ones, so that new ones may have pushed it off the page."""
        return all(below is None for _, _, below in self._gone.get(entry, ()))


def in_order(entries: Sequence[EntryId], rank: Mapping[EntryId, int]) -> set[EntryId]:
    """The largest set of entries that are in the order of their ranks."""
    if all(rank[one] < rank[other] for one, other in pairwise(entries)):
        return set(entries)
    ends: list[int] = []  # the lowest rank at which a row of each length can end
    row: list[EntryId] = []
    before: dict[EntryId, EntryId | None] = {}
    for entry in entries:
        at = bisect_left(ends, rank[entry])
        before.setdefault(entry, row[at - 1] if at else None)
        ends[at : at + 1], row[at : at + 1] = [rank[entry]], [entry]
    found: set[EntryId] = set()
    last = row[-1] if row else None
    while last is not None and last not in found:
        found.add(last)
        last = before[last]
    return found


def _gaps(places: Sequence[tuple[int, EntryId | None]]) -> list[Gap]:
    """For each place, the nearest remaining entries above and below it on its page."""
    above: list[EntryId | None] = []
    nearest: EntryId | None = None
    page = -1
    for on, entry in places:
        if on != page:
            page, nearest = on, None
        above.append(nearest)
        nearest = entry if entry is not None else nearest
    gaps: list[Gap] = []
    nearest, page = None, -1
    for (on, entry), over in zip(reversed(places), reversed(above), strict=True):
        if on != page:
            page, nearest = on, None
        gaps.append((on, over, nearest))
        nearest = entry if entry is not None else nearest
    return gaps[::-1]


def new_on_top(shown: Sequence[Prepared], last: Sequence[Placing]) -> frozenset[int]:
    """The positions of sightings above the first line that the dump's last reading also showed and that stayed.

    Up to two remaining lines may be above them, because they are pinned to the top. If a page kept nothing, all its
    positions are returned; for a first reading, none.
    """
    if not last:
        return frozenset()
    rank: dict[tuple[str, object], int] = {}
    for at, placing in enumerate(last):
        rank.setdefault((placing.title or placing.key, placing.dated), at)
    found: set[int] = set()
    page = -1
    pins = fresh = 0
    for one in shown:
        if one.sighting.page != page:
            page, pins, fresh = one.sighting.page, 0, 0
        if pins > _PINS:
            continue
        if (one.sighting.title or one.key, one.sighting.dated) in rank:
            pins = _PINS + 1 if fresh else pins + 1
        else:
            fresh += 1
            found.add(one.sighting.position)
    return frozenset(found)


def leads(one: Prepared, shown: Sequence[Prepared]) -> bool:
    """Whether the next day below on the page is not shortly after this one, as at the top of a newest-first page."""
    here = one.sighting
    below = (other.sighting for other in shown[here.position + 1 :] if other.sighting.page == here.page)
    day = next((sighting.date for sighting in below if sighting.date), None)
    return here.date is None or day is None or not 0 < (number(day) - number(here.date)) % _DAYS <= _SHORTLY


class Reordering:
    """How the order of the lines on a reading's pages changed since the last reading."""

    def __init__(self, shown: Sequence[Prepared], last: Sequence[Placing]) -> None:
        rank = {(placing.title or placing.key, placing.dated): at for at, placing in enumerate(last)}
        self._pages: dict[int, dict[int, int]] = {}  # former rank of each line that stood there before, by position
        for one in shown:
            before = rank.get((one.sighting.title or one.key, one.sighting.dated))
            if before is not None:
                self._pages.setdefault(one.sighting.page, {})[one.sighting.position] = before
        self._changed = {page for page, ranks in self._pages.items() if list(ranks.values()) != sorted(ranks.values())}

    def moved_up(self, one: Prepared) -> bool:
        """Whether a line is above one that was above it before, and is the one of the two that moved.

        Of two lines that changed their order, the one that did so with more others moved. A pinned entry that returns
        to its place passes many, while each of them passes only that one.
        """
        page, here = one.sighting.page, one.sighting.position
        if page not in self._changed or here not in self._pages[page]:
            return False
        passed = self._passed(page, here)
        return any(len(self._passed(page, to)) <= len(passed) for to in passed if to > here)

    def _passed(self, page: int, at: int) -> list[int]:
        """The positions of the lines whose order relative to this one changed."""
        ranks = self._pages[page]
        return [to for to, rank in ranks.items() if (to - at) * (rank - ranks[at]) < 0]
