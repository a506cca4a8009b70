"""Matches sightings to known entries by the ids of feeds and by links, which win over title and text. Decision 293."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING

from digest.changes.day_match import full_dates_agree, is_its_day
from digest.changes.identifiers import LINK, id_of, ids, unique
from digest.changes.match import Match
from digest.changes.text import OTHER_TEXT, SAME_TEXT
from digest.changes.values import Known
from digest.model import DateEvidence

if TYPE_CHECKING:
    from digest.changes.board import Board
    from digest.changes.prepared import Prepared
    from digest.changes.rivals import Reason, Rival

_ANOTHER_ID = "another entry of the feed has its title, day or text, under another id"
_A_YEAR, _LEAP_YEAR = 365, 2000


class Identities:
    """The identifiers of a reading and of the known entries, as far as they belong to the reading's source.

    An id is *vanished* if it is the entry's and no sighting has it. Feeds change the ids of all entries when their site
    moves to other software, so an entry whose id vanished may stand there under another one.
    """

    def __init__(self, board: Board, source: str) -> None:
        self._board = board
        each = unique(one.sighting.extras for one in board.shown)
        self._of = {one.sighting.position: found for one, found in zip(board.shown, each, strict=True) if found}
        self._here = {one for found in self._of.values() for one in found}
        last = (one for found in unique(placing.extras for placing in board.last) for one in found)
        self._carries_on = not self._here.isdisjoint(ids(last))
        self._known: dict[str, list[Known]] = defaultdict(list)
        self._theirs: dict[str, frozenset[str]] = {}
        for entry in board.known:
            theirs = frozenset(uid for place, uid in entry.uids if place == source)
            if theirs:
                self._theirs[entry.id] = theirs
                for uid in theirs:
                    self._known[uid].append(entry)

    def match(self, shown: Prepared) -> Match | None:
        """The entry that an id, a link or, under another id, title, day and text name; None if nothing does."""
        own = self._of.get(shown.sighting.position, ())
        uid = shown.sighting.extras.uid
        if uid and (named := self._known.get(id_of(uid))):
            return Match(shown, self._likeliest(named), because="the same id in its feed", sure=True)
        for link in own:
            if link.startswith(LINK) and (linked := self._linked(shown, link)):
                because = "the same link, under another id" if uid else "the same link"
                return Match(shown, linked, because=because, sure=True)
        return self._under_another_id(shown)

    def may_be(self, shown: Prepared, entry: Known) -> bool:
        """Whether title, day and text can tell that a sighting shows the entry: no identifier says otherwise."""
        theirs = self._theirs.get(entry.id)
        if theirs is None or not (own := self._of.get(shown.sighting.position)):
            return True
        if shown.sighting.extras.uid:
            return not ids(theirs)
        return theirs.isdisjoint(self._here) or not theirs.isdisjoint(own)

    def may_correct(self, shown: Prepared, rival: Rival, reason: Reason) -> bool:
        """Whether a sighting may show an entry with another title: under another id, only in place of what is gone."""
        if self.may_be(shown, rival.entry):
            return True
        if self._stands(rival.entry) or reason.redated or reason.waits or reason.doubtful:
            return False
        return rival.gone and not rival.rolled_off

    def _stands(self, entry: Known) -> bool:
        """Whether a sighting has an id of the entry."""
        return not ids(self._theirs.get(entry.id, ())).isdisjoint(self._here)

    def _likeliest(self, entries: Sequence[Known]) -> Known:
        """The entry in the dump's last reading, or else the one that was seen first: an operator split the others."""
        return min(entries, key=lambda one: (one.id not in self._board.placed, str(one.first_seen_at), one.id))

    def _linked(self, shown: Prepared, link: str) -> Known | None:
        """The entry with this link. Under another id, something else has to fit: a link may be that of a whole page."""
        entries = [entry for entry in self._known.get(link, ()) if not self._stands(entry)]
        if shown.sighting.extras.uid:
            entries = [entry for entry in entries if not ids(self._theirs[entry.id]) or self._fits(shown, entry)]
        return entries[0] if len(entries) == 1 else None

    def _fits(self, shown: Prepared, entry: Known) -> bool:
        if shown.key in entry.titles or full_dates_agree(shown.sighting.date, entry):
            return True
        score = self._board.closeness(shown, entry)
        return score is not None and score >= OTHER_TEXT

    def _under_another_id(self, shown: Prepared) -> Match | None:
        """The entry with this title and text, and about this day, if a feed shows it under another id, or none did.

        Feeds and pages may differ by a day, because each takes midnight of another time zone.
        """
        has_id, day = bool(shown.sighting.extras.uid), shown.sighting.date
        fitting = [
            entry
            for entry in self._board.titled.get(shown.key, ())
            if (self._may_have_another_id(day, entry) if has_id else self._is_a_day_off(shown, entry))
            and self._has_its_text(shown, entry)
        ]
        if len(fitting) != 1:
            return None
        because = "the same title and text, and about the same day"
        return Match(shown, fitting[0], because=f"{because}, under another id" if has_id else because)

    def _may_have_another_id(self, day: DateEvidence | None, entry: Known) -> bool:
        """Whether nothing shows the entry. Without a day, title and text may be those of a weekly one."""
        if self._stands(entry) or not _is_about(day, entry):
            return False
        theirs = ids(self._theirs.get(entry.id, ()))
        return not (day is None and theirs and self._carries_on) or entry.id in self._board.placed

    def _is_a_day_off(self, shown: Prepared, entry: Known) -> bool:
        """Whether a page shows what is known from a feed, on the day before or after, or before it was changed.

        HTML has times, too: what it shows and another page shows may be a day apart.
        """
        day = shown.sighting.date
        if day is None or entry.date is None or (day.month, day.day) == (entry.date.month, entry.date.day):
            return False
        if not self.may_be(shown, entry) or not (entry.is_of_feed or self._is_timed_elsewhere(shown, entry)):
            return False
        return _is_about(day, entry) or (entry.latest_only and _is_before(day, entry))

    def _is_timed_elsewhere(self, shown: Prepared, entry: Known) -> bool:
        """Whether HTML shows one of both, the source has not shown the entry yet, and no entry has exactly this day."""
        if entry.id in self._theirs or entry.id in self._board.placed:
            return False
        if not (entry.has_renderings or shown.sighting.extras.kinds):
            return False
        day = shown.sighting.date
        return day is not None and not any(is_its_day(day, one) for one in self._board.titled.get(shown.key, ()))

    def _has_its_text(self, shown: Prepared, entry: Known) -> bool:
        score = self._board.closeness(shown, entry)
        return score >= SAME_TEXT if score is not None else shown.text == self._board.text(entry)


def one_for_each_id(made: Sequence[Match], board: Board) -> list[Match]:
    """The matches; of several sightings with different ids that match one entry, only the likeliest keeps it."""
    having: dict[str, list[Match]] = defaultdict(list)
    for match in made:
        if match.entry and match.shown.sighting.extras.uid:
            having[match.entry.id].append(match)
    lost: set[int] = set()
    for matches in having.values():
        if len({match.shown.sighting.extras.uid for match in matches}) > 1:
            best = _best(matches, board).shown.sighting.extras.uid
            lost |= {m.shown.sighting.position for m in matches if m.shown.sighting.extras.uid != best}
    return [
        Match(match.shown, None, because=_ANOTHER_ID) if match.shown.sighting.position in lost else match
        for match in made
    ]


def _best(matches: Iterable[Match], board: Board) -> Match:
    def rank(match: Match) -> tuple[bool, float]:
        score = board.closeness(match.shown, match.entry) if match.entry and not match.sure else None
        return match.sure, score or 0.0

    return max(matches, key=rank)


def _is_before(day: DateEvidence, entry: Known) -> bool:
    """Whether a printed day, in some year, is before that of the entry."""
    full = entry.date.full if entry.date else None
    return full is None or day.year is None or date(day.year, day.month, day.day) < full


def _is_about(day: DateEvidence | None, entry: Known) -> bool:
    """Whether a printed day is at most one day from that of the entry, as far as both are known."""
    known = entry.date
    if day is None or known is None or known.month is None or known.day is None:
        return day is None or known is None or known.year in (None, day.year)
    if day.year is not None and known.year is not None:
        return abs((date(day.year, day.month, day.day) - date(known.year, known.month, known.day)).days) <= 1
    apart = (date(_LEAP_YEAR, day.month, day.day) - date(_LEAP_YEAR, known.month, known.day)).days
    return abs(apart) <= 1 or abs(apart) >= _A_YEAR
