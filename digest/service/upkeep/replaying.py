"""Stores a store's recorded facts again in another store, act by act, through the same code; makes no edition.

Decision 209.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, assert_never

from digest.changes.by_hand import NOTHING
from digest.changes.values import Added, Cause, ChangeSet, Placing, Revised
from digest.dumps.files import Stamp
from digest.model import AtomId, EntryDate, EntryId, Fingerprint, SourceId
from digest.records.intake import ApplyFacts, KnownDump
from digest.records.upkeep import Counted, Fact, Removed, Settled, Sighted, Stated
from digest.service.intake.first_imports import publish
from digest.service.publishing.feeds import enlist
from digest.settings import Settings

if TYPE_CHECKING:
    from digest.store.transaction import Store, Transaction

_LARGEST = 500  # facts in a transaction, in memory with their texts
_NOWHERE = ""  # the path of facts that no single dump brought
_FIRST, _DATE = "first", "date"
_BY_HAND = {str(cause) for cause in Cause if cause.by_hand}


@dataclass(frozen=True, slots=True)
class Act:
    """Facts that one transaction stores: of one kind, time and dump. `last`: the dump's last act at that time."""

    at: datetime
    facts: Sequence[Fact]
    last: bool


def acts(facts: Iterable[Fact]) -> Iterator[Act]:
    """The facts grouped into acts, in their order."""
    for _, together in groupby(facts, key=_kind):
        batch: list[Fact] = []
        for fact in together:
            if len(batch) == _LARGEST:
                yield Act(batch[0].at, batch, last=False)
                batch = []
            batch.append(fact)
        yield Act(batch[0].at, batch, last=True)


def _kind(fact: Fact) -> tuple[object, ...]:
    match fact:
        case Stated():  # a dump states an entry once; revisions by number, so that each change set has an entry once
            return Stated, fact.at, fact.number, fact.source, fact.path, fact.cause in _BY_HAND
        case Sighted():
            return Sighted, fact.at, fact.source, fact.path
        case Counted():
            return Counted, fact.at, fact.source
        case Settled():
            return Settled, fact.at, fact.source
        case Removed():
            return Removed, fact.at
    assert_never(fact)


class Replay:
    """Writes acts into `store` under a configuration, which decides the feeds and what a first import announces."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store, self._settings = store, settings
        self._joining: list[EntryId] = []

    def take(self, act: Act) -> None:
        """Store an act."""
        with self._store.write() as tx:
            self._take(tx, act)
            self._joining += [fact.entry for fact in act.facts if isinstance(fact, Stated | Sighted)]
            if act.last and self._joining:  # the feeds number the entries of a dump together, in an order of their own
                enlist(tx, self._settings, self._joining)
                self._joining.clear()

    def _take(self, tx: Transaction, act: Act) -> None:
        match act.facts[0]:
            case Stated() as first:
                _state(tx, act.at, first, [fact for fact in act.facts if isinstance(fact, Stated)])
            case Sighted() as first:
                shown = [fact for fact in act.facts if isinstance(fact, Sighted)]
                placings = tuple(_placing(one, at) for at, one in enumerate(shown))
                _apply(tx, act.at, first.source, first.path, placings=placings)
            case Counted() as first:
                counts = tuple((fact.entry, fact.readers) for fact in act.facts if isinstance(fact, Counted))
                _apply(tx, act.at, first.source, _NOWHERE, readers=counts)
            case Settled() as first:
                tx.readings.register_source(first.source, act.at)
                publish(tx, self._settings, first.source, act.at)
            case Removed():
                for fact in act.facts:
                    if isinstance(fact, Removed):
                        tx.feeds.remove(fact.entry, act.at)


def _state(tx: Transaction, at: datetime, first: Stated, stated: Sequence[Stated]) -> None:
    """Store revisions of the same origin: an operator, the neighbours on a page, or a dump."""
    if first.cause in _BY_HAND:
        for one in stated:
            tx.by_hand.revise(one.entry, (one.content, one.date), NOTHING, Cause(one.cause), at)
        return
    if first.source is None:
        tx.readings.upgrade_dates({one.entry: one.date for one in stated if one.date}, at)
        return
    _apply(
        tx,
        at,
        first.source,
        first.path or _NOWHERE,
        changes=tuple(_change(one) for one in stated if one.cause != _DATE),
        dates=tuple((one.entry, one.date) for one in stated if one.cause == _DATE and one.date),
        atom_ids={one.entry: one.atom_id for one in stated if one.cause == _FIRST},
    )


def _change(stated: Stated) -> Added | Revised:
    if stated.cause == _FIRST:
        return Added(stated.entry, stated.page_order, stated.content, stated.date)
    return Revised(stated.entry, stated.content, Cause(stated.cause))


def _apply(
    tx: Transaction,
    at: datetime,
    source: SourceId,
    path: str,
    *,
    changes: tuple[Added | Revised, ...] = (),
    placings: tuple[Placing, ...] = (),
    readers: tuple[tuple[EntryId, int], ...] = (),
    dates: tuple[tuple[EntryId, EntryDate], ...] = (),
    atom_ids: Mapping[EntryId, AtomId] | None = None,
) -> None:
    """Without the keys of entries, because nothing is matched here."""
    tx.readings.register_source(source, at)
    tx.readings.store_dump(KnownDump.of(source, path, Stamp(0, 0, 0), "", at))
    state = tx.readings.source(source)
    facts = ApplyFacts(
        now=at,
        first_import=state is None or state.settled_at is None,
        atom_ids=atom_ids or {},
        title_keys={},
        lead_keys={},
    )
    tx.readings.apply(source, path, ChangeSet(changes, placings, readers, dates, ()), facts)


def _placing(sighted: Sighted, at: int) -> Placing:
    """A placing that says that the source shows the entry; its former position is no longer known."""
    return Placing(sighted.entry, at, 0, "", None, None, Fingerprint(""), complete=True, because=sighted.because)
