"""Handles bounce messages: finds the delivery by evidence that only we could have made, and applies what follows.

Each message is one transaction.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from digest.errors import ConfigurationError
from digest.mail.composing.message import message_id
from digest.mail.receiving import mailboxes, reports
from digest.mail.tokens import bounce_token, claimed_subscriber, proven_edition, read_leave_token, return_path, token_in
from digest.model import BounceKind, Delivery, EditionKey, SubscriberId
from digest.records.mailing import Bounce
from digest.service.bounces import suppressing
from digest.settings import Bounces, Mail, Settings

if TYPE_CHECKING:
    from digest.store.transaction import Store, Transaction
_MOST = 5  # of each kind of evidence; an honest message has one
_MARK = re.compile(r"\.([0-9a-f]{32})@")


@dataclass(frozen=True, slots=True)
class BounceResult:
    """What a message was: a kind of bounce; `known` if it was received before; otherwise why it was ignored."""

    what: str
    suppressed: bool = False


def envelope_sender(mail: Mail, bounces: Bounces, secret: bytes, delivery: Delivery) -> str:
    """The address to which servers return a delivery."""
    address = bounces.address
    if not address:
        return mail.sender_mailbox.address
    return return_path(address, bounce_token(secret, delivery.subscriber.id, delivery.edition))


def handle_message(
    store: Store,
    settings: Settings,
    raw: bytes,
    recipients: Sequence[str] = (),
    *,
    now: datetime,
    sender: str | None = None,
) -> BounceResult:
    """Handle one message; its consequences are stored on return. The same message again changes nothing.

    `recipients` and `sender` are those of its envelope. Without them, its headers say where it arrived and who sent it.
    """
    report = reports.read_report(raw, our_addresses(settings.mail, settings.bounces))
    if sender is not None:
        report = replace(report, null_path=not sender)
    complaint = report.complaint
    evidence = DeliveryEvidence(
        addresses=(*(recipients or report.arrived_at), *(complaint.senders if complaint else ())),
        links=complaint.links if complaint else (),
        recipients=complaint.recipients if complaint else (),
        message_ids=complaint.message_ids if complaint else (),
    )
    secret = store.secret()
    with store.write() as tx:
        whose = find_delivery(tx, secret, settings.bounces, evidence)
        reason = _reason_to_ignore(tx, report, whose, named=evidence.names_one(settings.bounces.address))
        if reason or whose is None:
            tx.bounces.ignore(reason, now)
            return BounceResult(reason)
        return record_bounce(tx, settings.bounces, whose, report, report.message_id.encode() or raw, now)


def record_bounce(
    tx: Transaction,
    bounces: Bounces,
    whose: tuple[SubscriberId, EditionKey],
    report: reports.Report,
    mark: bytes,
    now: datetime,
) -> BounceResult:
    """Record a bounce of a delivery, and apply the consequences; `mark` identifies it if it comes again."""
    person, edition = whose
    message = hashlib.sha256(f"{person}\0{edition}\0".encode() + mark).hexdigest()
    if not tx.bounces.add(Bounce(person, edition, message, report.kind, report.status, report.text, now)):
        return BounceResult("known")
    return BounceResult(report.kind, _apply_consequences(tx, bounces, person, edition, report, now))


def our_addresses(mail: Mail, bounces: Bounces) -> tuple[str, ...]:
    """The names by which servers know us."""
    return tuple(filter(None, (bounces.address, mail.sender_mailbox.address)))


def _reason_to_ignore(
    tx: Transaction, report: reports.Report, whose: tuple[SubscriberId, EditionKey] | None, *, named: bool
) -> str:
    """Why a message is not recorded; empty if it is."""
    if whose is None:
        return "token not ours" if named else "no token"
    if report.text == reports.AUTOMATIC:
        return reports.AUTOMATIC
    if report.kind is BounceKind.OTHER:
        return "no report"
    record = tx.subscribers.get(whose[0])
    if record is None:
        return "erased"
    return "" if _credible(report, record.subscriber.address.casefold()) else "no report"


def _credible(report: reports.Report, address: str) -> bool:
    """Whether a guess has proof: it names the subscriber's own address, or has an empty sender, as bounces do.

    A message that a subscriber writes about bounces is no proof.
    """
    return not report.guessed or (report.sender != address and (report.null_path or address in report.failed))


def _apply_consequences(
    tx: Transaction,
    bounces: Bounces,
    person: SubscriberId,
    edition: EditionKey,
    report: reports.Report,
    now: datetime,
) -> bool:
    """Apply the rules; returns whether the address was suppressed by it.

    A complaint is the subscriber's own act. Anything else requests a suppression, which takes effect when the share is
    known.
    """
    record = tx.subscribers.get(person)
    if record is None:
        return False
    if report.kind is BounceKind.COMPLAINT:
        for digest in record.digests:
            tx.subscribers.leave(person, digest, "complaint, by a feedback report", now)
        tx.subscribers.suppress(person, " ".join(report.text.split()), now)
        return True
    if record.suppressed:
        return False
    reason = " ".join(f"bounced: {report.status} {report.text}".split())
    own = report.kind is BounceKind.HARD and bool(report.server)
    suppressing.request_suppression(
        tx, bounces, person, edition, report.kind, reason, status=report.status if own else "", now=now
    )
    suppressing.apply_due(tx, bounces, now)
    after = tx.subscribers.get(person)
    return after is not None and bool(after.suppressed)


def require_folder(bounces: Bounces) -> None:
    """Check that a folder is configured.

    Raises:
        ConfigurationError: neither a maildir nor an IMAP folder is configured.
    """
    if not bounces.maildir and not bounces.imap_host:
        raise ConfigurationError("neither maildir nor imap_host is set", place="bounces", remedy="see docs/bounces.md")


def read_mailboxes(
    store: Store, settings: Settings, clock: Callable[[], datetime], stopped: Callable[[], bool] = bool
) -> Counter[str]:
    """Handle everything in the maildir or the IMAP folder; returns how many of each result.

    Raises:
        IntakeError: the folder cannot be read. Messages handled so far are not handled again.
    """
    handled: Counter[str] = Counter()
    with closing(mailboxes.waiting_messages(settings.bounces)) as waiting:
        for message in waiting:
            result = handle_message(store, settings, message.raw, now=clock())
            message.put_away()
            handled[result.what] += 1
            handled["suppressed"] += result.suppressed
            if stopped():
                break
    return +handled


@dataclass(frozen=True, slots=True)
class DeliveryEvidence:
    """The references in a message to the mail that it is about.

    `addresses` may contain a token, and `links` one of our unsubscribe links. `recipients` are addresses of people,
    which prove nothing without one of `message_ids`.
    """

    addresses: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    message_ids: tuple[str, ...] = ()

    def tokens(self, address: str) -> list[str]:
        """The tokens in mails to our bounce address, genuine or not."""
        found = [token for one in self.addresses if (token := token_in(address, one))] if address else []
        return list(dict.fromkeys(found))[:_MOST]

    def names_one(self, address: str) -> bool:
        """Whether it refers to any mail of ours at all."""
        return bool(self.tokens(address))


def find_delivery(
    tx: Transaction, secret: bytes, bounces: Bounces, evidence: DeliveryEvidence
) -> tuple[SubscriberId, EditionKey] | None:
    """The delivery identified by the first genuine evidence; None if there is none."""
    return next(_proven_deliveries(tx, secret, bounces, evidence), None)


def _proven_deliveries(
    tx: Transaction, secret: bytes, bounces: Bounces, evidence: DeliveryEvidence
) -> Iterator[tuple[SubscriberId, EditionKey]]:
    for token in evidence.tokens(bounces.address):
        claimed = claimed_subscriber(token)
        edition = claimed and proven_edition(secret, token, tx.bounces.editions(claimed))
        if claimed and edition:
            yield claimed, edition
    marks = {found[1] for one in evidence.message_ids[:_MOST] if (found := _MARK.search(one))}
    for address in evidence.recipients[:_MOST] if marks else ():
        record = tx.subscribers.find(address)
        if record is not None:
            person = record.subscriber.id
            yield from ((person, key) for key in tx.bounces.editions(person) if _mark(secret, person, key) in marks)
    for link in evidence.links[:_MOST]:
        left = read_leave_token(secret, link.rpartition("/")[2])
        if left is not None:
            sent = [key for key, _ in tx.bounces.counted(left[0]) if key.partition("/")[0] == left[1]]
            yield from ((left[0], key) for key in sent[-1:])


def _mark(secret: bytes, person: SubscriberId, edition: EditionKey) -> str:
    """The token in one of our Message-IDs, whatever domain it was made in."""
    found = _MARK.search(message_id(edition, person, "x", secret))
    return found[1] if found else ""
