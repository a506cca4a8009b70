"""Decides whether a sighting shows the article of another year, from its dates, its text and its page.

`yearly` contains the rules for one sighting and one entry. This module collects what they need to know of the reading.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from digest.changes.day_match import full_dates_agree, is_anniversary
from digest.changes.places import Reordering, leads, new_on_top
from digest.changes.text import SAME_TEXT, Relation, equal, relation
from digest.changes.values import Known
from digest.changes.yearly import LATE, Verdict, changed_year, is_old_enough, lies_within, verdict
from digest.model import DateEvidence

if TYPE_CHECKING:
    from digest.changes.board import Board
    from digest.changes.prepared import Prepared


class AnotherYear:
    """Judges the sightings of a reading. Anything that needs a whole page is computed once, at its first use."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._long_known: dict[int, dict[int, bool]] = {}  # for the new sightings, by page and position

    def verdict(self, shown: Prepared, entry: Known) -> Verdict:
        """Whether the entry's day has come again, so that the sighting shows the article of another year."""
        date = shown.sighting.date
        if date is None or full_dates_agree(date, entry):
            return Verdict.SAME
        found = self._by_time(shown, entry, date)
        if found is Verdict.SAME and self._names_another_year(shown, entry):
            found = Verdict.DOUBTFUL
        return Verdict.SAME if found is Verdict.DOUBTFUL and self._board.had(entry, shown) else found

    def _by_time(self, shown: Prepared, entry: Known, date: DateEvidence) -> Verdict:
        board, times = self._board, self._board.times
        if not is_old_enough(entry, date, times):
            return Verdict.SAME
        text = board.text(entry)
        if date.year is not None:
            another = changed_year(shown.text, text) and entry.id not in board.placed
            return Verdict.ANOTHER if another else Verdict.SAME
        same = equal(shown.content, entry.content)
        alike = 1.0 if same else board.closeness(shown, entry)
        once = board.stands_once(shown)
        if board.stood_here(entry, shown):
            if times.since is None or not lies_within(date, times.since, times.today):
                return Verdict.SAME
            changed = changed_year(shown.text, text) or (alike is not None and alike < SAME_TEXT)
            return Verdict.ANOTHER if changed or (once and self._reordering.moved_up(shown)) else Verdict.SAME
        on_top = shown.sighting.position in self._on_top and leads(shown, board.shown)
        on_top = on_top and not self._is_of_older_copy(shown)
        places = board.placed, board.others.standing, board.others.vanished
        standing = once and any(entry.id in those for those in places)
        letters = same or shown.text == text
        texts = shown.text, text
        return verdict(date, texts, alike, times, on_top=on_top, same_letters=letters, standing=standing)

    def _names_another_year(self, shown: Prepared, entry: Known) -> bool:
        """Whether a newly shown line has another text that names another year, and the dates do not decide."""
        dates = shown.sighting.date, entry.date
        if all(date and date.year is not None for date in dates) or entry.id in self._board.placed:
            return False
        if equal(shown.content, entry.content) or not changed_year(shown.text, self._board.text(entry)):
            return False
        return relation(entry.content, shown.content) is Relation.OTHER

    def _is_of_older_copy(self, shown: Prepared) -> bool:
        """Whether most of the new lines beside a sighting have been known for long. Then the page is an older crawl."""
        page, here = shown.sighting.page, shown.sighting.position
        if page not in self._long_known:
            new = (
                one for one in self._board.shown if one.sighting.page == page and one.sighting.position in self._on_top
            )
            self._long_known[page] = {one.sighting.position: self._is_known_for_long(one) for one in new}
        beside = [known for at, known in self._long_known[page].items() if at != here]
        return sum(beside) >= max(2, len(beside) / 2)

    def _is_known_for_long(self, shown: Prepared) -> bool:
        entries = (entry for entry in self._board.titled.get(shown.key, ()) if entry.first_seen_at)
        dates = (entry for entry in entries if is_anniversary(shown.sighting.date, entry))
        return any(entry.first_seen_at and self._board.times.now - entry.first_seen_at > LATE for entry in dates)

    @cached_property
    def _on_top(self) -> frozenset[int]:
        return new_on_top(self._board.shown, self._board.last)

    @cached_property
    def _reordering(self) -> Reordering:
        return Reordering(self._board.shown, self._board.last)
