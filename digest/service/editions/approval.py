"""Approval of editions: asks the operator before an edition is made, and decides when nobody answers in time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from digest.editions.schedule import edition_key, next_slot
from digest.errors import DigestError
from digest.model import DigestId, Edition, EditionKey
from digest.records.editions import DigestState, EditionAct, EditionActKind, EditionPlan
from digest.records.operating import acting
from digest.service.editions.digests import schedule_of
from digest.settings import Digest

if TYPE_CHECKING:
    from digest.store.transaction import Transaction

SCHEDULE, DEADLINE = "the schedule", "the deadline"  # who did it, if not an operator


def ask(tx: Transaction, digest: Digest, slot: datetime, now: datetime) -> None:
    """Let the edition of a slot wait for approval. What is new after now waits for the next edition."""
    name = DigestId(digest.id)
    tx.control.ask(name, slot, now)
    until = deadline(digest, tx.control.plan(name))
    _record(tx, name, None, EditionActKind.ASK, now, f"it waits for approval until {_moment(until)}", who=SCHEDULE)


def deadline(digest: Digest, plan: EditionPlan) -> datetime:
    """Until when an edition waits; never beyond the next slot.

    Raises:
        ValueError: none waits.
    """
    if plan.slot_at is None or plan.asked_at is None:
        raise ValueError("no edition waits for approval")
    following = next_slot(schedule_of(digest), plan.asked_at)
    return min(plan.asked_at + digest.approve, following) if digest.approve else plan.asked_at


def overdue(tx: Transaction, digest: Digest, state: DigestState, now: datetime) -> tuple[datetime | None, bool]:
    """The slot of the edition that waits, and whether it is made now, because nobody decided in time."""
    plan = tx.control.plan(state.id)
    if now < deadline(digest, plan):
        return None, False
    if digest.approve and digest.unapproved == "skip":
        skip(tx, digest, state, now, who=DEADLINE)
        return None, False
    words = "nobody decided in time, so it was sent" if digest.approve else "approval is not required any more"
    _approved(tx, state.id, now, words, who=DEADLINE)
    return plan.slot_at, True


def given(now: datetime, tx: Transaction, state: DigestState) -> tuple[datetime | None, bool]:
    """Approve the edition that waits; its slot, and whether it is made now: not if somebody else decided meanwhile."""
    plan = tx.control.plan(state.id)
    if plan.slot_at is None:
        return None, False
    _approved(tx, state.id, now, "it was approved")
    return plan.slot_at, True


def skip(tx: Transaction, digest: Digest, state: DigestState, now: datetime, *, who: str = "") -> EditionKey:
    """Record that the edition that waits is skipped: the next one includes its entries and covers its days.

    Raises:
        DigestError: none waits.
    """
    plan = require_waiting(tx, digest, now)
    assert plan.slot_at is not None  # noqa: S101 - it waits
    key = tx.editions.free_key(edition_key(state.id, plan.slot_at, schedule_of(digest)))
    closes_at = min(state.last_close_at or state.configured_at, now)
    tx.editions.make(Edition(key, state.id, plan.slot_at, state.last_close_at, closes_at, empty=True), (), (), ())
    words = "nobody decided in time, so it was skipped" if who == DEADLINE else "it was skipped"
    _record(tx, state.id, None, EditionActKind.SKIP, now, f"{words}; the next edition includes its entries", who=who)
    tx.control.attach(state.id, key)
    tx.control.fulfilled(state.id)
    return key


def require_waiting(tx: Transaction, digest: Digest, now: datetime) -> EditionPlan:
    """The plan of the edition that waits.

    Raises:
        DigestError: none waits.
    """
    plan = tx.control.plan(DigestId(digest.id))
    if plan.slot_at is None:
        due = _moment(next_slot(schedule_of(digest), now))
        raise DigestError(
            f"{digest.id}: no edition waits for approval (the next one is due at {due}; `digest edition cut` makes one "
            "now)"
        )
    return plan


def _approved(tx: Transaction, digest: DigestId, now: datetime, words: str, *, who: str = "") -> None:
    """Record an approval, once: a large edition is made after it, and may be begun anew."""
    kinds = [act.kind for act in tx.control.acts([digest]) if act.edition is None]
    if EditionActKind.APPROVE not in kinds:
        _record(tx, digest, None, EditionActKind.APPROVE, now, words, who=who)


def _record(
    tx: Transaction,
    digest: DigestId,
    edition: EditionKey | None,
    kind: EditionActKind,
    now: datetime,
    detail: str,
    *,
    who: str = "",
) -> None:
    tx.control.record(EditionAct(now, who or acting(), digest, edition, kind, detail))


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
