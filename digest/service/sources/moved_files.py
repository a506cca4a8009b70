"""Dump files that changed in place: renamed or moved ones, and the former content of those that were overwritten.

Decisions 22 and 43.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from digest.changes import dates, day_match, guards, values
from digest.changes.prepared import Prepared, prepared
from digest.dumps.containers.kinds import BETWEEN, containers_of
from digest.model import Sighting, SourceId
from digest.records.intake import DumpState

if TYPE_CHECKING:
    from digest.dumps.files import Refused
    from digest.service.intake.comparing import ReadDump
    from digest.store.intake.readings import Readings
    from digest.store.transaction import Store

_FEW = 20  # dumps that are gone, all compared with a new file; of more only those of its name or bytes
_SAME = 0.5  # of the shorter reading that both show exactly alike


class Moved:
    """The dumps of a source whose files are gone, and the new files that may replace them."""

    def __init__(
        self,
        store: Store,
        source: SourceId,
        names: Iterable[str],
        known: Iterable[str],
        unseen: Collection[Refused] = (),
    ) -> None:
        """`names` are the existing files, `known` the dumps that were read before.

        An `unseen` file does not count as gone, and neither does a record of an existing container.
        """
        self._store, self._source = store, source
        here = set(names)
        self._gone: dict[str, str] = {}
        self._alike: dict[str, list[str]] = {}  # the dumps that are gone, by their hashes and by their own names
        self.taken: set[str] = set()
        if here.difference(known):
            with store.read() as tx:
                paths = tx.readings.paths(source)
            self._gone = {
                path: sha256
                for path, sha256 in paths.items()
                if path not in here
                and here.isdisjoint(containers_of(path))
                and not any(one.hides(path) for one in unseen)
            }
            for path, sha256 in self._gone.items():
                for sign in {sha256, _own_name(path)}:
                    self._alike.setdefault(sign, []).append(path)

    def followed(self, dump: ReadDump) -> ReadDump:
        """The dump, with the record of the file from which it was moved, if there is one."""
        path = dump.looked.path
        if not self._gone or dump.known:
            return dump
        for old in self._candidates(path, dump.looked.sha256):
            if self._is(old, dump):
                return self._moved(old, dump)
        return dump

    def _candidates(self, path: str, sha256: str) -> list[str]:
        """The dumps that are gone, the likeliest first."""
        alike = [*self._alike.get(sha256, ()), *self._alike.get(_own_name(path), ())]
        likely = [old for old in dict.fromkeys(alike) if old in self._gone]
        rest = list(self._gone) if len(self._gone) <= _FEW else []
        return [*likely, *(old for old in rest if old not in likely)]

    def _is(self, old: str, dump: ReadDump) -> bool:
        """Whether both readings show exactly the same, as far as the shorter one goes."""
        with self._store.read() as tx:
            last = tx.readings.last_reading(self._source, old)
        before = {(placing.view, placing.evidence) for placing in last}
        now = {(one.view, one.sighting.date) for one in dump.shown}
        common = len(before & now)
        return common > 0 and common >= _SAME * min(len(before), len(now))

    def _moved(self, old: str, dump: ReadDump) -> ReadDump:
        path = dump.looked.path
        with self._store.write() as tx:
            tx.readings.move(self._source, old, path)
            known = tx.readings.dump(self._source, path)
        del self._gone[old]
        self.taken.add(old)
        if known is None:
            return dump
        changed_at = known.changed_at if known.sha256 == dump.looked.sha256 else dump.looked.read_at
        looked = replace(
            dump.looked,
            changed_at=changed_at,
            confirmed_at=known.confirmed_at,
            approved=known.approved,
            discarded=known.discarded,
        )
        return replace(dump, looked=looked, known=known)


def _own_name(path: str) -> str:
    """The name of a file without its folders, or of a record without its container."""
    _, between, key = path.partition(BETWEEN)
    return key if between else PurePosixPath(path).name


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
    known = readings.known(values.Questions(frozenset(one.key for one in held))) if held else []
    titled: dict[str, list[values.Known]] = {}
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


def _may_be(shown: Prepared, entry: values.Known) -> bool:
    """Whether an entry with the title of a sighting that is shown no longer may be what it showed."""
    if shown.sighting.date is not None:
        return entry.date is not None and dates.same_day(entry.date, shown.sighting.date)
    return day_match.may_be_of(shown.sighting.dated, entry)
