"""Suppresses addresses that do not exist: gathers evidence, and a circuit breaker checks the share of an edition.

The suppressions that an edition requests take effect when its mails are sent, or after a day. If it requests more than
the share that the settings allow, the addresses are not the cause: none of them takes effect, sending pauses, and the
operator decides. Everything here is computed from the store again, so that no crash loses it. Decision 130.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from digest.addresses import domain_of
from digest.errors import DigestError, PersonError, UnknownError
from digest.mail.replies.diagnosis import diagnose
from digest.model import BounceKind, EditionKey, SubscriberId
from digest.records.mailing import Bounce, Evidence, RequestState, SuppressionRequest
from digest.service.people.subscribers import require_person
from digest.settings import Bounces, Settings

if TYPE_CHECKING:
    from digest.store.transaction import Store, Transaction

FEWEST = 20  # requests of an edition from which a share is computed: fewer say nothing
_A_DAY = timedelta(days=1)
_AT_THIS_ADDRESS = "1.1"  # the only code about one address among others of its domain
_BOUNCED = frozenset({BounceKind.SOFT, BounceKind.HARD})
_HARD_BOUNCES = 2  # editions; a single refusal may have another cause than the address


@dataclass(frozen=True, slots=True)
class HeldEdition:
    """An edition that requests more suppressions than its settings allow: `asked` of the `mails` sent."""

    edition: EditionKey
    asked: int
    mails: int

    def __str__(self) -> str:
        return (
            f"{self.edition} asks to suppress {self.asked} of {self.mails} readers, which looks like a fault of ours; "
            f"nobody is suppressed and sending is paused. `digest subscribers suppress {self.edition}` names them, "
            "with --confirm it applies them, with --dismiss it drops them"
        )


def record_refusal(
    tx: Transaction,
    bounces: Bounces,
    person: SubscriberId,
    edition: EditionKey,
    text: str,
    *,
    proven: bool,
    now: datetime,
) -> None:
    """Record that a server refused an address during sending, because it does not exist.

    `proven`: by a status code. A server that answers RCPT for a domain from which it accepts other mail is that
    domain's server, or asked it.
    """
    if tx.subscribers.get(person) is None:
        return
    status, kind = diagnose(text).status, BounceKind.HARD if proven else BounceKind.SOFT
    known = hashlib.sha256(f"{person}\0{edition}".encode()).hexdigest()
    tx.bounces.add(Bounce(person, edition, f"refused {known}", kind, status, text, now))
    request_suppression(tx, bounces, person, edition, kind, text, status=status if proven else "", now=now)


def request_suppression(
    tx: Transaction,
    bounces: Bounces,
    person: SubscriberId,
    edition: EditionKey,
    kind: BounceKind,
    reason: str,
    *,
    status: str,
    now: datetime,
) -> None:
    """Request a suppression if there is evidence. `status`: the reply of the address's own server, otherwise empty."""
    sent = [SentEdition(key, kinds) for key, kinds in tx.bounces.counted(person)]
    if suppresses(kind, edition, sent, bounces.soft):
        tx.breaker.ask(edition, person, Evidence.EDITIONS, reason, now)
    elif status.partition(".")[2] == _AT_THIS_ADDRESS and any(one.edition == edition for one in sent):
        tx.breaker.ask(edition, person, Evidence.SERVER, reason, now)


def apply_due(tx: Transaction, bounces: Bounces, now: datetime) -> list[HeldEdition]:
    """Apply due suppressions; returns the editions that request too many. Requires an exclusive transaction."""
    return [held for edition in tx.breaker.waiting() if (held := _settle(tx, bounces, edition, now))]


def held_editions(tx: Transaction, bounces: Bounces, now: datetime) -> list[HeldEdition]:
    """The editions that request too many suppressions; changes nothing."""
    found = (_request_state(tx, bounces, edition, now) for edition in tx.breaker.waiting())
    return [one.held for one in found if one and one.held]


def apply_if_due(store: Store, settings: Settings, now: datetime) -> None:
    """Call `apply_due` only if it has something to do; otherwise nobody waits for a write transaction."""
    with store.read() as tx:
        looks = [_request_state(tx, settings.bounces, edition, now) for edition in tx.breaker.waiting()]
    if any(look and (look.weak or (look.applied if look.held else look.asked)) for look in looks):
        with store.write() as tx:
            apply_due(tx, settings.bounces, now)


@dataclass(frozen=True, slots=True)
class _RequestState:
    """The requests of an edition with a known share: `weak` have too little evidence, the others are valid.

    `dismissed`: the operator said that the addresses were not at fault; later requests are `weak`.
    """

    weak: frozenset[SubscriberId]
    asked: tuple[SuppressionRequest, ...]
    applied: tuple[SuppressionRequest, ...]
    held: HeldEdition | None
    dismissed: bool


def _request_state(tx: Transaction, bounces: Bounces, edition: EditionKey, now: datetime) -> _RequestState | None:
    """The requests; None if the share is not known yet."""
    tally = tx.breaker.tally(edition)
    if tally.open and now < tally.made_at + _A_DAY:
        return None
    requests = tx.breaker.requests(edition)
    waiting = [one for one in requests if one.state is RequestState.ASKED]
    dismissed = any(one.state is RequestState.DISMISSED for one in requests)
    by_server = [one for one in waiting if one.evidence is Evidence.SERVER]
    # Only if it matters, because it reads all mails of the edition.
    reached = tx.breaker.reached_domains(edition) if by_server and not dismissed else set()
    unproven = [one for one in by_server if domain_of(one.address) not in reached]
    weak = frozenset(one.subscriber for one in (waiting if dismissed else unproven))
    asked = tuple(one for one in waiting if one.subscriber not in weak)
    applied = tuple(one for one in requests if one.state is RequestState.APPLIED)
    confirmed = any(one.state is RequestState.CONFIRMED for one in requests)
    count = len(asked) + len(applied)
    mails = tally.mails - tally.open  # after a day, mails that no server was offered yet show nothing
    too_many = count >= FEWEST and count > bounces.breaker * max(mails, 1)
    stopped = HeldEdition(edition, count, mails) if asked and too_many and not confirmed else None
    return _RequestState(weak, asked, applied, stopped, dismissed)


def _settle(tx: Transaction, bounces: Bounces, edition: EditionKey, now: datetime) -> HeldEdition | None:
    look = _request_state(tx, bounces, edition, now)
    if look is None:
        return None
    tx.breaker.drop(edition, look.weak)
    if look.dismissed:
        tx.breaker.excuse(edition, look.weak)
    if look.held:
        # What took effect before, while the share was small, had the same cause.
        _take_back(tx, look.applied, f"{edition} asked for too many suppressions", now)
        tx.breaker.put(edition, [one.subscriber for one in look.applied], RequestState.ASKED)
        return look.held
    _apply(tx, edition, look.asked, RequestState.APPLIED, now)
    return None


def _apply(
    tx: Transaction, edition: EditionKey, asked: tuple[SuppressionRequest, ...], state: RequestState, now: datetime
) -> None:
    known = {one.subscriber: tx.subscribers.get(one.subscriber) for one in asked}
    # An address that is already suppressed for another reason must not be unsuppressed by a hold of this edition.
    tx.breaker.drop(edition, [person for person, record in known.items() if record and record.suppressed])
    for one in asked:
        record = known[one.subscriber]
        if record and not record.suppressed:
            tx.subscribers.suppress(one.subscriber, one.reason, now)
    tx.breaker.put(edition, [one.subscriber for one in asked], state)


def _take_back(tx: Transaction, applied: Iterable[SuppressionRequest], why: str, now: datetime) -> None:
    """End the suppressions that these requests caused; one for another reason, such as a complaint, stays."""
    for one in applied:
        record = tx.subscribers.get(one.subscriber)
        if record and record.suppressed == one.reason:
            tx.subscribers.unsuppress(one.subscriber, why, now)


def undo_refusals(tx: Transaction, edition: EditionKey, people: Collection[SubscriberId], now: datetime) -> None:
    """Undo all consequences of an edition's refusals that were not about these people."""
    theirs = [one for one in tx.breaker.requests(edition) if one.subscriber in people]
    applied = [one for one in theirs if one.state is RequestState.APPLIED]
    _take_back(tx, applied, f"{edition}: the refusal was not about this address", now)
    tx.breaker.put(edition, [one.subscriber for one in applied], RequestState.ASKED)
    tx.breaker.forget(edition, people)


def open_requests(store: Store, edition: EditionKey) -> list[SuppressionRequest]:
    """The undecided requests of an edition.

    Raises:
        UnknownError: there is no such edition.
    """
    with store.read() as tx:
        if tx.editions.edition(edition) is None:
            raise UnknownError("edition", edition, remedy="see `digest edition list`")
        return [one for one in tx.breaker.requests(edition) if one.state is RequestState.ASKED]


def decide_requests(store: Store, edition: EditionKey, *, confirm: bool, now: datetime) -> int:
    """Apply or drop all requests of an edition, by the operator's decision; returns how many suppressions.

    Dropped requests are no evidence later either, and the edition causes no more suppressions.

    Raises:
        UnknownError: there is no such edition.
        DigestError: it requests none.
    """
    open_requests(store, edition)
    with store.write() as tx:
        asked = tuple(one for one in tx.breaker.requests(edition) if one.state is RequestState.ASKED)
        if not asked:
            raise DigestError(f"{edition}: asks for no suppressions (see `digest alerts`)")
        if confirm:
            _apply(tx, edition, asked, RequestState.CONFIRMED, now)
            return len(asked)
        applied = tuple(one for one in tx.breaker.requests(edition) if one.state is RequestState.APPLIED)
        _take_back(tx, applied, f"{edition}: dismissed by the operator", now)
        people = [one.subscriber for one in (*asked, *applied)]
        tx.breaker.put(edition, people, RequestState.DISMISSED)
        tx.breaker.excuse(edition, people)
        return len(people)


def suppress_person(store: Store, address: str, reason: str, now: datetime) -> None:
    """Send no more mail to somebody, by the operator's decision; their open mails are not sent.

    Raises:
        UnknownError: there is no such person.
        DigestError: the address is suppressed already.
    """
    with store.write() as tx:
        record = require_person(tx, address)
        if record.suppressed:
            raise PersonError(record.subscriber.address, "is suppressed already")
        tx.subscribers.suppress(record.subscriber.id, reason, now)


@dataclass(frozen=True, slots=True)
class SentEdition:
    """An edition that was sent to a subscriber, and the bounces of it; empty if there were none."""

    edition: EditionKey
    bounces: frozenset[BounceKind]


def suppresses(kind: BounceKind, edition: EditionKey, sent: Sequence[SentEdition], soft: int) -> bool:
    """Whether a bounce of this edition suppresses the subscriber's address.

    `sent` are the editions that count, oldest first, and already include this bounce. A complaint suppresses the
    address at once. Otherwise it takes two editions in a row for which the server said that the address does not exist,
    or other failures on `soft` editions in a row. An edition without bounces, or with only a delay, ends the row. An
    edition that a policy refused (which may be our fault) neither counts nor ends the row.
    """
    if kind is BounceKind.COMPLAINT:
        return True
    counted = [one for one in sent if one.bounces & _BOUNCED or BounceKind.REFUSED not in one.bounces]
    at = next((number for number, one in enumerate(counted) if one.edition == edition), None)
    if at is None or kind not in _BOUNCED:
        return False
    row = [*_failed_row(counted[at::-1])[::-1], *_failed_row(counted[at:])[1:]]
    hard = sum(BounceKind.HARD in one.bounces for one in row)
    return hard >= _HARD_BOUNCES or len(row) >= soft


def _failed_row(sent: Sequence[SentEdition]) -> Sequence[SentEdition]:
    """The failed editions at the start."""
    end = next((number for number, one in enumerate(sent) if not one.bounces & _BOUNCED), len(sent))
    return sent[:end]
