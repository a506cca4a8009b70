"""What came back of mails: whose it is, by its token, and what follows from it; one transaction a message."""

from __future__ import annotations

import hashlib
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from digest.addresses import mailbox
from digest.errors import ConfigurationError
from digest.mail.bounces import AUTOMATIC, report
from digest.mail.incoming import incoming
from digest.mail.verp import bounce_token, return_path
from digest.model import BounceKind
from digest.ports import Bounce
from digest.service.bounces import suppressing
from digest.service.bounces.finding import Evidence, find

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from digest.mail.bounces import Report
    from digest.model import Delivery, EditionKey, SubscriberId
    from digest.ports import Store, Transaction
    from digest.settings import Settings


@dataclass(frozen=True, slots=True)
class Taken:
    """What a message was: a kind of bounce, `known` where it came before, else why it was ignored."""

    what: str
    struck_off: bool = False


def envelope_sender(settings: Settings, secret: bytes, delivery: Delivery) -> str:
    """Where a server sends a delivery back to."""
    address = settings.bounces.address
    if not address:
        return mailbox(settings.mail.sender).address
    return return_path(address, bounce_token(secret, delivery.subscriber.id, delivery.edition))


def take(
    store: Store,
    settings: Settings,
    raw: bytes,
    recipients: Sequence[str] = (),
    *,
    now: datetime,
    sender: str | None = None,
) -> Taken:
    """Handle one message; when this returns, what follows from it is stored. The same one again changes nothing.

    `recipients` and `sender` are those of its envelope; without them its headers say where it arrived and whence.
    """
    said = report(raw, our_addresses(settings))
    if sender is not None:
        said = replace(said, null_path=not sender)
    told = said.complaint
    evidence = Evidence(
        addresses=(*(recipients or said.arrived_at), *(told.senders if told else ())),
        links=told.links if told else (),
        readers=told.recipients if told else (),
        message_ids=told.message_ids if told else (),
    )
    secret = store.secret()
    with store.write() as tx:
        whose = find(tx, secret, settings, evidence)
        reason = _ignored(tx, said, whose, named=evidence.names_one(settings.bounces.address))
        if reason or whose is None:
            tx.bounces.ignore(reason, now)
            return Taken(reason)
        return record(tx, settings, whose, said, said.message_id.encode() or raw, now)


def record(
    tx: Transaction,
    settings: Settings,
    whose: tuple[SubscriberId, EditionKey],
    said: Report,
    mark: bytes,
    now: datetime,
) -> Taken:
    """Record what came back of a delivery, and do what follows; `mark` knows it again."""
    person, edition = whose
    message = hashlib.sha256(f"{person}\0{edition}\0".encode() + mark).hexdigest()
    if not tx.bounces.add(Bounce(person, edition, message, said.kind, said.status, said.text, now)):
        return Taken("known")
    return Taken(said.kind, _follow(tx, settings, person, edition, said, now))


def our_addresses(settings: Settings) -> tuple[str, ...]:
    """The addresses that servers know us by."""
    return tuple(filter(None, (settings.bounces.address, mailbox(settings.mail.sender).address)))


def _ignored(tx: Transaction, said: Report, whose: tuple[SubscriberId, EditionKey] | None, *, named: bool) -> str:
    """Why a message is not recorded, empty where it is."""
    if whose is None:
        return "token not ours" if named else "no token"
    if said.text == AUTOMATIC:
        return AUTOMATIC
    if said.kind is BounceKind.OTHER:
        return "no report"
    record = tx.subscribers.get(whose[0])
    if record is None:
        return "erased"
    return "" if _credible(said, record.subscriber.address.casefold()) else "no report"


def _credible(said: Report, address: str) -> bool:
    """Whether a guess has proof: it speaks of the reader's own address, or came from nobody, as bounces do.

    What a reader writes about bounces is none.
    """
    return not said.guessed or (said.sender != address and (said.null_path or address in said.failed))


def _follow(
    tx: Transaction, settings: Settings, person: SubscriberId, edition: EditionKey, said: Report, now: datetime
) -> bool:
    """Do what the rules want; whether the address was struck off by it.

    A complaint is its reader's own act. Anything else asks for a suppression: it takes effect when the share is known.
    """
    record = tx.subscribers.get(person)
    if record is None:
        return False
    if said.kind is BounceKind.COMPLAINT:
        for digest in record.digests:
            tx.subscribers.leave(person, digest, "complaint, by a feedback report", now)
        tx.subscribers.suppress(person, " ".join(said.text.split()), now)
        return True
    if record.suppressed:
        return False
    words = " ".join(f"bounced: {said.status} {said.text}".split())
    own = said.kind is BounceKind.HARD and bool(said.server)
    suppressing.ask(tx, settings, person, edition, said.kind, words, status=said.status if own else "", now=now)
    suppressing.settle(tx, settings, now)
    after = tx.subscribers.get(person)
    return after is not None and bool(after.suppressed)


def require_folder(settings: Settings) -> None:
    """See that there is something to read.

    Raises:
        ConfigurationError: neither a maildir nor an IMAP folder is configured.
    """
    if not settings.bounces.maildir and not settings.bounces.imap_host:
        raise ConfigurationError("neither maildir nor imap_host is set", place="bounces", remedy="see docs/bounces.md")


def read(
    store: Store, settings: Settings, clock: Callable[[], datetime], stopped: Callable[[], bool] = bool
) -> Counter[str]:
    """Handle all that waits in the maildir or the IMAP folder; how much of what there was.

    Raises:
        IntakeError: it cannot be read. What was handled stays so, and none of it is handled twice.
    """
    handled: Counter[str] = Counter()
    with closing(incoming(settings.bounces)) as waiting:
        for message in waiting:
            taken = take(store, settings, message.raw, now=clock())
            message.put_away()
            handled[taken.what] += 1
            handled["struck off"] += taken.struck_off
            if stopped():
                break
    return +handled
