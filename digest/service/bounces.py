"""What came back of mails: whose it is, by its token, and what follows from it; one transaction a message."""

from __future__ import annotations

import functools
import hashlib
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from email.utils import parseaddr
from typing import TYPE_CHECKING

from digest.errors import ConfigurationError, DigestError, UnknownError, masked
from digest.mail.bounces import report
from digest.mail.incoming import incoming
from digest.mail.strikes import Sent, strikes_off
from digest.mail.verp import bounce_token, claimed_subscriber, proven_edition, return_path, token_in
from digest.model import BounceKind
from digest.ports import Bounce

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from digest.mail.bounces import Report
    from digest.model import Delivery, EditionKey, SubscriberId
    from digest.ports import Store, Transaction
    from digest.settings import Settings

_MOST_TOKENS = 5  # of one message; an honest one has one


@dataclass(frozen=True, slots=True)
class Taken:
    """What a message was: a kind of bounce, `known` where it came before, else why it was ignored."""

    what: str
    struck_off: bool = False


def envelope_sender(settings: Settings, secret: bytes, delivery: Delivery) -> str:
    """Where a server sends a delivery back to."""
    address = settings.bounces.address
    if not address:
        return _address(settings.mail.sender)
    return return_path(address, bounce_token(secret, delivery.subscriber.id, delivery.edition))


@functools.cache
def _address(sender: str) -> str:
    """Parsed once: it takes as long as the line of log that a mail has."""
    return parseaddr(sender)[1]


def take(store: Store, settings: Settings, raw: bytes, recipients: Sequence[str] = (), *, now: datetime) -> Taken:
    """Handle one message; when this returns, what follows from it is stored. The same one again changes nothing.

    `recipients` are those of its envelope; without them its headers say where it arrived.
    """
    said = report(raw)
    secret = store.secret()
    addresses = (*(recipients or said.arrived_at), *said.about)
    tokens = [token for address in addresses if (token := token_in(settings.bounces.address, address))]
    with store.write() as tx:
        proven = _proven(tx, secret, list(dict.fromkeys(tokens))[:_MOST_TOKENS])
        reason = _ignored(tx, said, proven, named=bool(tokens))
        if reason or proven is None:
            tx.bounces.ignore(reason, now)
            return Taken(reason)
        person, edition = proven
        seen = said.message_id.encode() or raw
        message = hashlib.sha256(f"{person}\0{edition}\0".encode() + seen).hexdigest()
        if not tx.bounces.add(Bounce(person, edition, message, said.kind, said.status, said.text, now)):
            return Taken("known")
        return Taken(said.kind, _follow(tx, settings, person, edition, said, now))


def _proven(tx: Transaction, secret: bytes, tokens: Sequence[str]) -> tuple[SubscriberId, EditionKey] | None:
    """The delivery that the first genuine token names."""
    for token in tokens:
        person = claimed_subscriber(token)
        if person is not None:
            edition = proven_edition(secret, token, tx.bounces.editions(person))
            if edition is not None:
                return person, edition
    return None


def _ignored(tx: Transaction, said: Report, proven: tuple[SubscriberId, EditionKey] | None, *, named: bool) -> str:
    """Why a message is not recorded, empty where it is."""
    if proven is None:
        return "token not ours" if named else "no token"
    if said.kind is BounceKind.OTHER:
        return "no report"
    return "" if tx.subscribers.get(proven[0]) else "erased"


def _follow(
    tx: Transaction, settings: Settings, person: SubscriberId, edition: EditionKey, said: Report, now: datetime
) -> bool:
    """Do what the rules want; whether the address was struck off by it."""
    record = tx.subscribers.get(person)
    sent = [Sent(key, kinds) for key, kinds in tx.bounces.counted(person)]
    if record is None or not strikes_off(said.kind, edition, sent, settings.bounces.soft):
        return False
    if said.kind is BounceKind.COMPLAINT:
        for digest in record.digests:
            tx.subscribers.leave(person, digest, "complaint, by a feedback report", now)
    elif record.suppressed:
        return False
    words = said.text if said.kind is BounceKind.COMPLAINT else f"bounced: {said.status} {said.text}"
    tx.subscribers.suppress(person, " ".join(words.split()), now)
    return True


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


def unsuppress(store: Store, address: str, *, now: datetime) -> None:
    """Mail an address again that was struck off; what came back before no longer counts against it.

    Raises:
        UnknownError: there is no such person.
        DigestError: the address is not struck off.
    """
    with store.write() as tx:
        record = tx.subscribers.find(address.strip())
        if record is None:
            raise UnknownError("subscriber", masked(address), remedy="see `digest subscribers list`")
        if not tx.subscribers.unsuppress(record.subscriber.id, "operator, digest subscribers unsuppress", now):
            raise DigestError(f"{masked(address)}: is not suppressed")
