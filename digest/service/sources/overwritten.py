"""The former content of a dump during its hold, because its file may have changed before release. Stores nothing.

Decision 43.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from digest.changes import guards
from digest.changes.dates import same_day
from digest.changes.day_match import may_be_of
from digest.changes.prepared import Prepared, prepared
from digest.changes.values import Known, Questions
from digest.model import Sighting
from digest.records.intake import DumpState

if TYPE_CHECKING:
    from digest.service.intake.comparing import ReadDump
    from digest.store.intake.readings import Readings

_KEPT = 5_000  # sightings of a held dump; for a longer one, only its file's present content is used


def all_held(dump: ReadDump, agreed: int) -> tuple[Sighting, ...]:
    """The sightings of the last agreeing readings of a held dump; this one first."""
    here = tuple(one.sighting for one in dump.shown)
    held = (*here, *_missing(dump, agreed))
    return held if len(held) <= _KEPT else ()


def with_overwritten(readings: Readings, dump: ReadDump, agreed: int) -> ReadDump:
    """A released dump together with the new entries that it showed during the hold and shows no longer.

    They form a page of their own. The dump itself if there are none.
    """
    held = prepared(_missing(dump, agreed))
    known = readings.known(Questions(frozenset(one.key for one in held))) if held else []
    titled: dict[str, list[Known]] = {}
    for entry in known:
        for title in entry.titles:
            titled.setdefault(title, []).append(entry)
    missing = [one.sighting for one in held if not any(_may_be(one, entry) for entry in titled.get(one.key, ()))]
    if not missing:
        return dump
    end, page = len(dump.shown), dump.shown[-1].sighting.page + 1
    added = (replace(one, position=end + at, page=page) for at, one in enumerate(missing))
    return replace(dump, shown=(*dump.shown, *prepared(added)), released=True, overwritten=len(missing))


def _missing(dump: ReadDump, agreed: int) -> list[Sighting]:
    known = dump.known
    if known is None or known.state is not DumpState.HELD or not known.overwritten or dump.released:
        return []
    if agreed <= 1 and not guards.agree(known.waiting, guards.lines(dump.shown)):
        return []
    here = {one.line for one in dump.shown}
    return [one.sighting for one in prepared(known.overwritten) if one.line not in here]


def _may_be(shown: Prepared, entry: Known) -> bool:
    """Whether an entry with the title of a sighting that is shown no longer may be what it showed."""
    if shown.sighting.date is not None:
        return entry.date is not None and same_day(entry.date, shown.sighting.date)
    return may_be_of(shown.sighting.dated, entry)
