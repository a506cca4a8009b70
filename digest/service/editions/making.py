"""Makes editions: which are due, what is stored, and drafts that are not stored.

Records editions that cannot be made, with the reason, so that `health` reports them until one can be made.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from digest import logs
from digest.editions.schedule import due_at, due_slot, edition_key
from digest.errors import DigestError, EditionError, FencedError, StoreError, describe_fault
from digest.mail.composing.message import message_id
from digest.model import DigestId, Edition, EditionKey, Selected, SubscriberId, Variant
from digest.records.editions import DigestState, EditionCounts, Recipient
from digest.service.editions import approval, digests, drafts, selecting
from digest.service.editions.planning import LARGE_EDITION, plan_waiting, recipient_parts
from digest.service.editions.variants import Variants, edition_frame
from digest.service.intake.passes import say_made
from digest.service.operating import clocks
from digest.settings import Digest, Settings, Source

if TYPE_CHECKING:
    from digest.store.transaction import Store, Transaction

    # Whether an edition is wanted, and in which slot.
    _Wanted = Callable[[Transaction, DigestState], tuple[datetime | None, bool]]

_REPORT_IT = "this is a fault of digest: please report it"


@contextmanager
def recording_failure(store: Store, digest: Digest, now: datetime) -> Iterator[None]:
    """Record why an edition cannot be made. A fence and a store that does not answer are no failures of the edition.

    Raises:
        EditionError: it cannot be made, for whatever reason.
    """
    try:
        yield
    except (FencedError, StoreError):
        raise
    except Exception as error:
        expected = isinstance(error, DigestError)
        problem = str(error) if expected else f"{describe_fault(error, 'cannot be rendered')} ({_REPORT_IT})"
        with store.write() as tx:
            tx.editions.failed(DigestId(digest.id), problem, now)
        raise EditionError(digest.id, problem) from error


def has_failed(store: Store, digest: Digest) -> bool:
    """Whether the last attempt failed."""
    with store.read() as tx:
        return tx.editions.failure(DigestId(digest.id)) is not None


def forget_failure(store: Store, digest: Digest) -> None:
    """Forget the failure: an edition can be made now."""
    if has_failed(store, digest):
        with store.write() as tx:
            tx.editions.succeeded(DigestId(digest.id))


_log = logs.get_logger()


def make_due(store: Store, settings: Settings, now: datetime) -> list[EditionCounts]:
    """Make each edition that is due and not made; none behind a fence.

    An empty edition is recorded, and mailed only to subscribers for whom it lists something once more. A failure is
    recorded with the reason, and delays no other edition.
    """
    made = []
    secret = store.secret()
    clocks.repair_times(store, settings.mail, now)
    plan_waiting(store, settings)
    for digest in settings.digests:
        try:
            with recording_failure(store, digest, now):
                key = _make_edition(store, secret, settings, digest, now, partial(_due_slot, settings, digest, now))
                if key is None and has_failed(store, digest):
                    # the cause may be mended by now
                    drafts.draft_edition(store, settings, digest, now, digest.language)
        except FencedError:
            break
        except EditionError as error:
            _log.error("edition failed", digest=digest.id, reason=error.problem)
            continue
        forget_failure(store, digest)
        if key:
            made.append(_log_made(store, key))
    return made


def _due_slot(
    settings: Settings, digest: Digest, now: datetime, tx: Transaction, state: DigestState
) -> tuple[datetime | None, bool]:
    """The slot of a due edition, if any, and whether an edition is due: for that slot, or as the very first."""
    if tx.control.plan(state.id).slot_at is not None:
        return approval.overdue(tx, digest, state, now)
    slot = due_slot(
        digests.schedule_of(digest),
        now,
        configured_at=state.configured_at,
        last_slot_at=state.last_slot_at,
        late=digest.late,
    )
    first = digest.first == "now" and not state.editions and _all_settled(tx, settings.sources, digest)
    due = slot is not None or first
    if due and digest.approve and not selecting.select_entries(tx, digest, state).empty:
        approval.ask(tx, digest, slot or now, now)
        return None, False
    return slot, due


def cut(store: Store, settings: Settings, digest: Digest, now: datetime) -> EditionCounts | None:
    """Make an edition now, due or not; None if there is nothing to announce. One that waits is approved by that.

    Raises:
        FencedError: the store was restored, and its fence is not lifted.
        EditionError: it cannot be made.
    """
    return _make_now(store, settings, digest, now, lambda tx, state: (approval.given(now, tx, state)[0], True))


def approve(store: Store, settings: Settings, digest: Digest, now: datetime) -> EditionCounts | None:
    """Make the edition that waits for approval; None if there is nothing to announce any more.

    Raises:
        FencedError: the store was restored, and its fence is not lifted.
        EditionError: it cannot be made.
        DigestError: none waits.
    """
    with store.read() as tx:
        approval.require_waiting(tx, digest, now)
    return _make_now(store, settings, digest, now, partial(approval.given, now))


def _make_now(store: Store, settings: Settings, digest: Digest, now: datetime, wanted: _Wanted) -> EditionCounts | None:
    clocks.repair_times(store, settings.mail, now)
    plan_waiting(store, settings)
    with recording_failure(store, digest, now):
        key = _make_edition(store, store.secret(), settings, digest, now, wanted)
    if key is None:
        return None
    forget_failure(store, digest)
    return _log_made(store, key)


def _make_edition(
    store: Store,
    secret: bytes,
    settings: Settings,
    digest: Digest,
    now: datetime,
    wanted: _Wanted,
) -> EditionKey | None:
    """Store an edition if `wanted` agrees, in the slot that it returns; None if none is made.

    For few subscribers, this is one transaction. For many, the work is done while others may write. The exclusive
    transaction only stores the edition, its texts and its recipients, and the mails are planned in parts afterwards.

    Raises:
        FencedError: the store was restored, and its fence is not lifted.
    """
    while True:
        with store.write() as tx:
            _require_no_fence(tx)
            state = _digest_state(tx, digest, now)
            slot, due = wanted(tx, state)
            if not due:
                return None
            if tx.roster.followers().get(state.id, 0) <= LARGE_EDITION:
                return _store_edition(tx, _plan_edition(tx, secret, settings, digest, state, now, slot))
        with store.read() as tx:
            made, plan = _plan_edition(tx, secret, settings, digest, state, now, slot), tx.control.plan(state.id)
            kept = recipient_parts(tx, settings, state.id, made.recipients, made.caught_up, made.paused) if made else []
        if made is None:
            return None
        with store.write() as tx:
            _require_no_fence(tx)
            changed = tx.editions.digest(state.id) != state or tx.control.plan(state.id) != plan
            if changed or tx.editions.edition(made.edition.key) is not None:
                continue  # another process made one meanwhile, or the operator planned something else
            if not _store_texts(tx, made, ()):
                return None
            tx.planning.keep(made.edition.key, kept)
        plan_waiting(store, settings)
        return made.edition.key


def _require_no_fence(tx: Transaction) -> None:
    if since := tx.backups.fenced():
        raise FencedError(since)


def _log_made(store: Store, key: EditionKey) -> EditionCounts:
    """Log the edition after it is stored."""
    with store.read() as tx:
        made = tx.editions.edition(key)
        assert made is not None  # noqa: S101 - it was stored
        say_made(tx, made)
    return made


def make_all(
    tx: Transaction, secret: bytes, settings: Settings, now: datetime, *, but: Collection[str] = ()
) -> list[EditionKey]:
    """Make an edition of all unannounced entries of each digest, in its newest slot, however long ago that passed."""
    made = []
    for digest in settings.digests:
        if digest.id in but:
            continue
        state = _digest_state(tx, digest, now)
        tx.control.ask_no_more(state.id)  # what came after the question is unannounced, too
        slot = due_slot(
            digests.schedule_of(digest),
            now,
            configured_at=state.configured_at,
            last_slot_at=state.last_slot_at,
            late=timedelta.max,
        )
        key = _store_edition(tx, _plan_edition(tx, secret, settings, digest, state, now, slot))
        made += [key] if key else []
    return made


def _digest_state(tx: Transaction, digest: Digest, now: datetime) -> DigestState:
    name = DigestId(digest.id)
    tx.editions.register_digest(name, now)
    state = tx.editions.digest(name)
    assert state is not None  # noqa: S101 - registered in this transaction
    return state


def _all_settled(tx: Transaction, sources: Sequence[Source], digest: Digest) -> bool:
    """Whether the first import of each source of the digest is finished: half an import is no first edition.

    A paused source is not waited for.
    """
    read = [source.id for source in sources if not source.paused]
    names = [name for name in digest.sources if name in read] if digest.sources else read
    settled = {name for name, state in tx.readings.sources().items() if state.settled_at is not None}
    return settled.issuperset(names)


@dataclass(frozen=True, slots=True)
class _Planned:
    """An edition with everything to store. `caught_up` get what they had missed, `paused` get nothing."""

    edition: Edition
    entries: Sequence[Selected] = ()
    variants: Sequence[Variant] = ()
    recipients: Sequence[Recipient] = ()
    caught_up: Sequence[SubscriberId] = ()
    paused: Sequence[SubscriberId] = ()


def _plan_edition(
    tx: Transaction,
    secret: bytes,
    settings: Settings,
    digest: Digest,
    state: DigestState,
    now: datetime,
    slot: datetime | None,
) -> _Planned | None:
    """What an edition made now would be; None if there is nothing to make."""
    selection = selecting.select_entries(tx, digest, state)
    people = selecting.audience(tx, settings, digest, selection.entries, now)
    if selection.empty and slot is None and not people.recipients:
        return None
    key = tx.editions.free_key(edition_key(state.id, slot or now, digests.schedule_of(digest)))
    note = "" if selection.empty else tx.control.plan(state.id).note
    edition = Edition(key, state.id, slot, drafts.opens_at(state, now), now, selection.empty, note)
    if selection.empty and not people.recipients:
        return _Planned(edition)
    around = edition_frame(tx, settings, digest, edition, selection.contents(people.entries))
    variants = Variants(around, selection.before, people.entries)
    if not selection.empty:
        variants.variant_number(digest.language, tuple(range(len(selection.entries))))  # for its page
    domain, schedule = settings.mail.sender_mailbox.domain, digests.schedule_of(digest)
    recipients, still_behind = [], set()
    for person, shown in people.recipients:
        variant = variants.variant_number(person.language, shown)
        due, identity = due_at(schedule, slot, now, person.timezone), message_id(key, person.id, domain, secret)
        recipients.append(Recipient(person.id, identity, variant, due))
        if not variants.announces_all(variant, shown):
            still_behind.add(person.id)
    caught_up = [person for person in people.caught_up if person not in still_behind]
    return _Planned(edition, people.entries, variants.made, recipients, caught_up, people.paused)


def _store_edition(tx: Transaction, made: _Planned | None) -> EditionKey | None:
    """Store an edition with its mails; None if there is nothing to make or another scheduler made it."""
    if made is None or not _store_texts(tx, made, made.recipients):
        return None
    tx.subscribers.set_behind(made.edition.digest, made.caught_up, behind=False)
    tx.subscribers.set_behind(made.edition.digest, made.paused, behind=True)
    return made.edition.key


def _store_texts(tx: Transaction, made: _Planned, recipients: Sequence[Recipient]) -> bool:
    """Store an edition with its texts and these mails, which fulfils the operator's plan; False if another was made."""
    stored = tx.editions.make(made.edition, made.entries, made.variants, recipients)
    if stored:
        tx.control.attach(made.edition.digest, made.edition.key)
        tx.control.fulfilled(made.edition.digest)
    return stored
