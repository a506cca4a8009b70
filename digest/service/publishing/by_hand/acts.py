"""Runs an operator's change in one transaction and reports its effects; the modules beside this make the changes.

Decisions 63 and 65.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from digest.errors import UnknownError
from digest.model import DigestId, EntryId, Section, SourceId
from digest.records.operating import acting
from digest.records.publishing import Act, ActKind, EntryState, Handled
from digest.service.editions.selecting import select_entries
from digest.typeset.titles import headline

if TYPE_CHECKING:
    from digest.settings import Digest, Settings
    from digest.store.transaction import Store, Transaction


class HandError(UnknownError):
    """A change that cannot be made to an entry in its present state."""

    def __init__(self, entry: str, problem: str, *, remedy: str) -> None:
        super().__init__("entry", entry)
        self.args = (f"{entry}: {problem} ({remedy})",)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a change: sentences for a person, and the same as data."""

    kind: ActKind
    entry: EntryId | None
    sentences: tuple[str, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hearing:
    """The effect of a change on a digest's subscribers: titles that its next edition adds, and those it leaves out."""

    digest: str
    new: tuple[str, ...] = ()
    corrected: tuple[str, ...] = ()
    no_longer: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Done:
    """A change, and its effects; `tried`: nothing was stored."""

    outcome: Outcome
    hearings: tuple[Hearing, ...]
    tried: bool


class _TriedError(Exception):
    """Rolls back the transaction of a trial."""

    def __init__(self, done: Done) -> None:
        super().__init__()
        self.done = done


def perform(store: Store, settings: Settings, work: Callable[[Transaction], Outcome], *, dry_run: bool = False) -> Done:
    """Make a change; or find out what it would do, by making it and rolling it back.

    Raises:
        UnknownError: there is no such entry, or the change cannot be made to it.
    """
    try:
        with store.write() as tx:
            before = _upcoming(tx, settings.digests)
            outcome = work(tx)
            done = Done(outcome, _heard(before, _upcoming(tx, settings.digests)), dry_run)
            _take_back(done)
    except _TriedError as tried:
        return tried.done
    return done


def _take_back(done: Done) -> None:
    """Let the transaction of a trial end without it."""
    if done.tried:
        raise _TriedError(done)


def require(tx: Transaction, entry: str) -> Handled:
    """The entry, whatever its state.

    Raises:
        UnknownError: there is none.
    """
    found = tx.by_hand.entry(EntryId(entry))
    if found is None:
        raise UnknownError("entry", entry, remedy="see `digest entries list --all`")
    return found


def require_own(tx: Transaction, entry: str) -> Handled:
    """The entry, if it is neither merged into another one nor removed.

    Raises:
        UnknownError: it is, or there is none.
    """
    found = require(tx, entry)
    if found.state is EntryState.MERGED:
        raise HandError(entry, f"was merged into {found.merged_into}", remedy="name that one, or undo the merge")
    if found.state is EntryState.REMOVED:
        raise HandError(entry, "is removed", remedy=f"`digest entries restore {entry}` publishes it again")
    return found


def record(
    tx: Transaction,
    kind: ActKind,
    now: datetime,
    *,
    entry: EntryId | None = None,
    other: EntryId | None = None,
    source: SourceId | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Record an operator's change."""
    tx.by_hand.record(Act(0, now, acting(), kind, entry, other, source, before or {}, after or {}))


def _upcoming(tx: Transaction, digests: Sequence[Digest]) -> dict[str, dict[tuple[Section, EntryId], str]]:
    """The content of each digest's next edition if made now, by its id: titles by section and entry."""
    found: dict[str, dict[tuple[Section, EntryId], str]] = {}
    for digest in digests:
        state = tx.editions.digest(DigestId(digest.id))
        if state is not None:
            chosen = select_entries(tx, digest, state).entries
            found[digest.id] = {
                (one.section, one.entry.id): headline(one.entry.content)
                for one in chosen
                if one.section is not Section.MOST_READ
            }
    return found


def _heard(
    before: Mapping[str, Mapping[tuple[Section, EntryId], str]],
    after: Mapping[str, Mapping[tuple[Section, EntryId], str]],
) -> tuple[Hearing, ...]:
    made = []
    for digest, told in after.items():
        was = before[digest]
        more = {key: title for key, title in told.items() if key not in was}
        gone = tuple(title for key, title in was.items() if key not in told)
        new = tuple(title for (section, _), title in more.items() if section is Section.NEW)
        corrected = tuple(title for (section, _), title in more.items() if section is Section.CORRECTED)
        if more or gone:
            made.append(Hearing(digest, new, corrected, gone))
    return tuple(made)
