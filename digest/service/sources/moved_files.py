"""Detects that a dump file was renamed or moved, so that its last reading moves with it. Reads no file. Decision 22."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from digest.dumps.files import Refused
    from digest.model import SourceId
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

        An `unseen` file does not count as gone.
        """
        self._store, self._source = store, source
        here = set(names)
        self._gone: dict[str, str] = {}
        self._new: set[str] = set()
        self.taken: set[str] = set()
        if here.difference(known):
            with store.read() as tx:
                paths = tx.readings.paths(source)
            self._gone = {
                path: sha256
                for path, sha256 in paths.items()
                if path not in here and not any(one.hides(path) for one in unseen)
            }
            self._new = here - paths.keys()

    def followed(self, dump: ReadDump) -> ReadDump:
        """The dump, with the record of the file from which it was moved, if there is one."""
        path = dump.looked.path
        if path not in self._new or not self._gone or dump.known:
            return dump
        for old in self._candidates(path, dump.looked.sha256):
            if self._is(old, dump):
                return self._moved(old, dump)
        return dump

    def _candidates(self, path: str, sha256: str) -> list[str]:
        """The dumps that are gone, the likeliest first."""
        name = PurePosixPath(path).name
        likely = [old for old, had in self._gone.items() if had == sha256 or PurePosixPath(old).name == name]
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
