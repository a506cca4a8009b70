"""Finds the sightings that are unchanged since a page's last reading, and so need no comparison. Decision 50."""

from collections import Counter
from collections.abc import Iterator, Sequence

from digest.changes.dates import is_settled
from digest.changes.keys import title_key
from digest.changes.prepared import Line, Prepared
from digest.changes.values import Placing, Times
from digest.changes.yearly import lies_within
from digest.model import DateEvidence, PrintedDate


def unchanged(
    shown: Sequence[Prepared], last: Sequence[Placing], *, times: Times, ranged: bool = False
) -> dict[int, Placing]:
    """The sightings, by position, that are identical in the last reading, with their placings.

    A sighting counts only if nothing can be confused, and nothing can have become clear since:

    - its title and day occur once on both sides, and its id in a feed is the same;
    - no range of the operator (`ranged`) could determine the year;
    - the printed date was already credible at the last reading;
    - the day has not come again since, as it does for a yearly article;
    - the text that the dump showed was stored. If an older version did not store it, it is stored now.
    """
    if not last:
        return {}
    views = {
        (placing.view, placing.evidence or placing.extras.printed, placing.extras.uid): placing for placing in last
    }
    before, here = Counter(lines_of(shown, last)), Counter(one.line for one in shown)
    return {
        one.sighting.position: stood
        for one in shown
        if (stood := views.get((one.view, one.sighting.date or one.sighting.extras.printed, one.sighting.extras.uid)))
        and stood.keeps_text
        and before[one.line] == here[one.line] == 1
        and _is_settled(one.sighting.dated, times, ranged=ranged)
    }


def _is_settled(evidence: DateEvidence | PrintedDate | None, times: Times, *, ranged: bool) -> bool:
    if evidence is None or evidence.year is not None or isinstance(evidence, PrintedDate):
        return is_settled(evidence, times.since)
    return not ranged and times.since is not None and not lies_within(evidence, times.since, times.today)


def lines_of(shown: Sequence[Prepared], last: Sequence[Placing]) -> Iterator[Line]:
    """The lines of the last reading. Most of its titles are still on the page, so their keys are reused."""
    keys = {one.content.title: one.key for one in shown if one.content.title}
    return (
        (placing.key or keys.get(placing.title) or title_key(placing.title), placing.evidence or placing.extras.printed)
        for placing in last
    )
