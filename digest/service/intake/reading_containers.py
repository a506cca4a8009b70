"""Reads containers within a pass: which of their records changed, which are gone, and what is stored of each container.

A container has a record of its own in the store, which says that it needs no look while its stamp stays. Decision 325.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from digest.dumps import RULES, configured, files, pages, snapshot
from digest.dumps.containers.container import Container, RecordPage
from digest.dumps.containers.kinds import OF_RECORD, containers_of
from digest.errors import DumpError
from digest.model import SourceId
from digest.records.intake import FACT, DumpState, KnownDump, KnownRecord
from digest.service.intake import passes, reading_dumps
from digest.settings import Source

if TYPE_CHECKING:
    from digest.store.transaction import Store, Transaction

_TOGETHER = 1_000  # records whose new stamps are stored in one transaction


@dataclass(frozen=True, slots=True)
class _Seen:
    """A container that was read to its end, as far as it goes."""

    container: Container
    touched: bool  # a record was new or had other bytes


class Containers:
    """The containers of a source in one pass.

    `vanished` are the records in trouble that their containers no longer have. `done` counts the unchanged records, and
    has the problems that are not stored.
    """

    def __init__(self, store: Store, source: Source, troubled: Mapping[str, KnownDump], now: datetime) -> None:
        self.vanished: set[str] = set()
        self.done = passes.Pass(SourceId(source.id))
        self._store, self._source, self._now = store, source, now
        self._name, self._terms = SourceId(source.id), configured.terms_of(source)
        self._inside: dict[str, dict[str, KnownDump]] = {}
        self._seen: list[_Seen] = []
        for path, dump in troubled.items():
            if dump.stamp.mark == OF_RECORD:
                for container in containers_of(path):
                    self._inside.setdefault(container, {})[path] = dump

    def inside(self, page: pages.Page) -> Mapping[str, KnownDump]:
        """The records of a container that are in trouble, by their paths; most pages have none."""
        return self._inside.get(page.name, {}) if self._inside else {}

    def existing(self, names: Iterable[str]) -> set[str]:
        """The records in trouble whose containers are among these; until they are opened, they count as there."""
        if not self._inside:
            return set()
        return {path for name in names for path in self._inside.get(name, ())}

    def is_unchanged(self, page: pages.Page, stored: str | None) -> bool:
        """Whether it is a container whose stored stamp says that nothing in it needs a look."""
        if stored is None or stored != f"{page.stamp} {self._terms.mark}":
            return False
        return not any(dump.awaits_reading for dump in self.inside(page).values())

    def is_plain(self, page: pages.Page) -> None:
        """Note that a page was read as it is: if it was a container, its records are gone."""
        if not isinstance(page, RecordPage):
            self.vanished.update(self.inside(page))

    def records(self, page: pages.Page, only: Collection[str] | None = None) -> Iterator[tuple[RecordPage, bool]]:
        """The records that have to be read, each with whether the store knows nothing of it.

        It opens the container. `only` names those that may be read; without it, all that are not as before are.
        What is known of the container changes only if all of them were taken.
        """
        container = Container(page, self._terms, configured.layouts_of(self._source))
        if only is not None:
            yield from ((record, False) for record in container.pages() if record.name in only)
            return
        with self._store.read() as tx:
            known = tx.readings.records(
                self._name, page.name, configured.layouts_of(self._source).rules(RULES), self._now
            )
        met: set[str] = set()
        stamped: dict[str, files.Stamp] = {}
        touched = False
        for record in container.pages():
            if container.is_single:
                yield record, False
                met.update(self.inside(page) if record.is_cut else ())
                continue
            met.add(record.name)
            if _is_as_before(record, known.get(record.name), stamped):
                self._skipped(stamped)
                continue
            if container.is_changed():
                problem = f"{page.name}: changed while it was read (it is read again next time)"
                self.done += passes.Pass(self._name, problems=(problem,))
                return
            touched = True
            yield record, record.name not in known
        self._skipped(stamped, all_of_them=True)
        if container.problem is None:
            self.vanished.update(self.inside(page).keys() - met)
        if not container.is_single:
            self._seen.append(_Seen(container, touched))

    def store_seen(self, tx: Transaction) -> None:
        """Store what is known of the containers now, once their records are stored."""
        for seen in self._seen:
            tx.readings.store_dump(self._record(tx, seen))
            seen.container.close()

    def _record(self, tx: Transaction, seen: _Seen) -> KnownDump:
        container, page = seen.container, seen.container.page
        known = tx.readings.dump(self._name, page.name)
        stamp = replace(page.stamp, settled=reading_dumps.is_settled(page.stamp, self._now), mark=self._terms.mark)
        error = container.problem or _barren(container)
        return replace(
            KnownDump.of(self._name, page.name, stamp, "", self._now),
            state=DumpState.FAILED if error else DumpState.GOOD,
            reason=f"{error.reason} ({error.remedy})" if error else "",
            unreadable=error is not None,
            rules=configured.layouts_of(self._source).rules(RULES),
            changed_at=self._now if seen.touched or known is None else known.changed_at or known.read_at,
            weigh_at=tx.readings.weigh_at(self._name, page.name),
            notes=(*container.notes(), *(FACT + fact for fact in container.facts())),
            left_out=bool(container.flaws),
        )

    def _skipped(self, stamped: dict[str, files.Stamp], *, all_of_them: bool = False) -> None:
        """Count an unchanged record, and store new stamps from time to time."""
        if not all_of_them:
            self.done += passes.Pass(self._name, skipped=1)
        if stamped and (all_of_them or len(stamped) >= _TOGETHER):
            with self._store.write(exclusive=False) as tx:
                tx.readings.confirm(self._name, stamped, self._now)
            stamped.clear()


def _is_as_before(record: RecordPage, known: KnownRecord | None, stamped: dict[str, files.Stamp]) -> bool:
    """Whether a good record has the bytes of its last reading; `stamped` gets its stamp if that is another one."""
    if known is None or not known.is_settled:
        return False
    try:
        with record.open() as stream:
            sha256 = hashlib.sha256(stream.read()).hexdigest()
    except DumpError:
        return False
    if sha256 != known.sha256:
        return False
    if known.stamp != str(record.stamp):
        stamped[record.name] = record.stamp
    return True


def _barren(container: Container) -> DumpError | None:
    """Why a container is of no use; None if a layout reads one of its records, or there is none to read."""
    if not container.seen and not container.flaws:
        return DumpError(container.page.name, "holds no record", remedy="see what writes it")
    if not container.is_barren:
        return None
    problem = f"holds no entry in a known layout, in none of {container.seen:,} records"
    return DumpError(container.page.name, problem, remedy=snapshot.NEXT)
