"""What a page shows as its last reading did: sightings that need no comparison, and a feed that only moved on.

Decisions 50 and 302.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from urllib.parse import urlsplit

from digest.changes.dates import is_settled
from digest.changes.keys import title_key
from digest.changes.prepared import Line, Prepared
from digest.changes.values import Placing, Times
from digest.changes.yearly import lies_within
from digest.model import DateEvidence, EntryId, Extras, Layout, PrintedDate


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


def rolls(last: Sequence[Placing], now: Sequence[Placing], shown: Sequence[Prepared]) -> bool:
    """Whether a feed shows the newest entries of its site, as it did at its last reading `last`.

    What left it, if anything, is no newer than what it shows now. Without dates, at least one entry is left, or the
    links lead to the same site as before.
    """
    if not shown or any(one.sighting.layout != Layout.FEED for one in shown):
        return False
    here = {placing.entry for placing in now}
    gone = [placing for placing in last if placing.entry not in here]
    if not gone:
        return True
    left, stayed = _days(placing.evidence for placing in gone), _stayed(last, here)
    if not left:
        return bool(stayed) or _same_site(last, shown)
    newest = max(_days(one.sighting.date for one in shown), default=None)
    if newest is None or max(left) > newest:
        return False
    if not stayed:
        return _same_site(last, shown)
    return max(left) <= min(_days(placing.evidence for placing in stayed), default=newest)


def _stayed(last: Sequence[Placing], here: set[EntryId]) -> list[Placing]:
    return [placing for placing in last if placing.entry in here]


def _days(evidence: Iterable[DateEvidence | None]) -> list[date]:
    return [date(day.year, day.month, day.day) for day in evidence if day and day.year]


def _same_site(last: Sequence[Placing], shown: Sequence[Prepared]) -> bool:
    """Whether a link of each reading leads to the same host; also if one of them has no link."""
    before, now = _hosts(placing.extras for placing in last), _hosts(one.sighting.extras for one in shown)
    return not before or not now or not before.isdisjoint(now)


def _hosts(extras: Iterable[Extras]) -> set[str]:
    return {urlsplit(one.link).netloc.lower().removeprefix("www.") for one in extras if one.link}
