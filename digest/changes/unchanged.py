"""Which sightings stand on a page to the letter as at its last reading, and so need no comparison. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from digest.changes.dates import is_settled
from digest.changes.keys import title_key
from digest.changes.yearly import lies_within

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from digest.changes.shown import Line, Shown
    from digest.changes.values import Placing, Times
    from digest.model import DateEvidence


def unchanged(
    shown: Sequence[Shown], last: Sequence[Placing], *, times: Times, ranged: bool = False
) -> dict[int, Placing]:
    """The sightings, by position, that stood in the last reading to the letter, with their placings.

    Only where nothing can be confused or have become clear since: title and day stand once on both sides, no range of
    the operator's (`ranged`) could tell the year, the printed date was believable at the last reading already, and the
    day has not come again since, as that of a yearly article does. Nor where an older program did not keep what a dump
    showed: then it is kept now.
    """
    if not last:
        return {}
    views = {(placing.view, placing.evidence): placing for placing in last}
    before, here = Counter(lines_of(shown, last)), Counter(one.line for one in shown)
    return {
        one.sighting.position: stood
        for one in shown
        if (stood := views.get((one.view, one.sighting.date)))
        and stood.keeps_text
        and before[one.line] == here[one.line] == 1
        and _is_settled(one.sighting.date, times, ranged=ranged)
    }


def _is_settled(evidence: DateEvidence | None, times: Times, *, ranged: bool) -> bool:
    if evidence is None or evidence.year is not None:
        return is_settled(evidence, times.since)
    return not ranged and times.since is not None and not lies_within(evidence, times.since, times.today)


def lines_of(shown: Sequence[Shown], last: Sequence[Placing]) -> Iterator[Line]:
    """The lines of the last reading; most of its titles still stand there, and have their key."""
    keys = {one.content.title: one.key for one in shown}
    return ((keys.get(placing.title) or title_key(placing.title), placing.evidence) for placing in last)
