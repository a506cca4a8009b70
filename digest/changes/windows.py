"""Recognises a feed that only moved on: a feed shows its newest entries, and older ones leave it. Decision 302."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from digest.changes.values import Placing
from digest.model import DateEvidence, EntryId, Extras, Layout

if TYPE_CHECKING:
    from digest.changes.prepared import Prepared


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
