"""Which sightings stand on a page to the letter as at its last reading, and so need no comparison. Pure."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import TYPE_CHECKING

from digest.changes.keys import title_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from digest.changes.shown import Line, Shown
    from digest.changes.values import Placing
    from digest.model import DateEvidence

_LATE = timedelta(days=366)


def unchanged(
    shown: Sequence[Shown], last: Sequence[Placing], *, now: datetime, ranged: bool = False
) -> dict[int, Placing]:
    """The sightings, by position, that stood in the last reading to the letter, with their placings.

    Only where nothing can be confused or have become clear since: title and day stand once on both sides, no range of
    the operator's (`ranged`) could tell the year, and the date is no late one, which may not have been believable.
    """
    if not last:
        return {}
    views = {(placing.view, placing.evidence): placing for placing in last}
    before, here = Counter(lines_of(shown, last)), Counter(one.line for one in shown)
    late = now.date() - _LATE
    return {
        one.sighting.position: stood
        for one in shown
        if (stood := views.get((one.view, one.sighting.date)))
        and before[one.line] == here[one.line] == 1
        and _is_settled(one.sighting.date, late, ranged=ranged)
    }


def _is_settled(evidence: DateEvidence | None, late: date, *, ranged: bool) -> bool:
    if evidence is None:
        return True
    return not ranged if evidence.year is None else date(evidence.year, evidence.month, evidence.day) < late


def lines_of(shown: Sequence[Shown], last: Sequence[Placing]) -> Iterator[Line]:
    """The lines of the last reading; most of its titles still stand there, and have their key."""
    keys = {one.content.title: one.key for one in shown}
    return ((keys.get(placing.title) or title_key(placing.title), placing.evidence) for placing in last)
