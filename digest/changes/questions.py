"""What the diff must ask of the store before it can compare a reading: entries that may match its sightings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from digest.changes.identifiers import identifiers
from digest.changes.values import Known, Placing, Questions, Times
from digest.model import EntryId

if TYPE_CHECKING:
    from digest.changes.prepared import Prepared


def questions(
    shown: Sequence[Prepared], last: Sequence[Placing], stood: Mapping[int, Placing], source: str = ""
) -> Questions:
    """The first questions to the store: entries with these titles and identifiers, or whose lines have changed."""
    fresh = [one for one in shown if one.sighting.position not in stood]
    gone = {placing.entry for placing in last} - {placing.entry for placing in stood.values()}
    uids = frozenset(uid for one in fresh for uid in identifiers(one.sighting.extras))
    return Questions(frozenset(one.key for one in fresh), entries=frozenset(gone), uids=uids, source=source)


def rival_questions(shown: Sequence[Prepared], known: Iterable[Known], stood: Mapping[int, Placing]) -> Questions:
    """The next questions, for sightings whose title matches no entry: entries whose title they may correct."""
    titles = {title for entry in known for title in entry.titles}
    untitled = [one for one in shown if one.sighting.position not in stood and one.key not in titles]
    days = (one.sighting.date for one in untitled if one.sighting.date)
    return Questions(
        leads=frozenset(filter(None, (one.lead for one in untitled))),
        days=frozenset((day.year, day.month, day.day) for day in days if day.year is not None),
    )


def asked_of_others(
    shown: Sequence[Prepared],
    last: Sequence[Placing],
    known: Iterable[Known],
    stood: Mapping[int, Placing],
    times: Times,
) -> set[EntryId]:
    """The entries about which other dumps may have information.

    They are the entries that a sighting could show on another line, or whose day may have come again.
    """
    days: dict[str, set[tuple[int, int]]] = {}
    for one in shown:
        if one.sighting.position not in stood and one.sighting.date:
            days.setdefault(one.key, set()).add((one.sighting.date.month, one.sighting.date.day))
    here = {placing.entry for placing in last}

    def has_another_line(entry: Known) -> bool:
        if entry.first_seen_at and entry.first_seen_at < times.now:
            return True  # its day may have come again
        shown_on = [day for title in entry.titles for day in days.get(title, ())]
        return not shown_on or entry.date is None or any(day != (entry.date.month, entry.date.day) for day in shown_on)

    return {entry.id for entry in known if entry.id not in here and has_another_line(entry)}
