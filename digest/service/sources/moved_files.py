"""Detects that a dump file was renamed or moved, so that its last reading moves with it. Reads no file. Decision 22."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from digest.dumps.containers.kinds import BETWEEN, containers_of
from digest.model import SourceId

if TYPE_CHECKING:
    from digest.dumps.files import Refused
    from digest.service.intake.comparing import ReadDump
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
