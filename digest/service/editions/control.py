"""What an operator does to editions: plan the next one, hold or cancel one that is sent, send one mail again.

Each act is recorded. Nothing that left the machine is taken back.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from digest.errors import DigestError, FencedError, TransportError, UnknownError
from digest.mail.composing import message, notes
from digest.mail.sending.session import Outgoing
from digest.mail.sending.transport import open_session
from digest.model import DeliveryState, DigestId, Edition, EditionKey, EntryId
from digest.records.editions import EditionAct, EditionActKind, EditionPlan
from digest.records.operating import acting
from digest.service.editions import approval, drafts, variants
from digest.service.mailing.composing import edition_mail
from digest.service.people.subscribers import require_person
from digest.settings import Digest, Settings

if TYPE_CHECKING:
    from digest.store.transaction import Store, Transaction

_OPEN = {DeliveryState.PLANNED, DeliveryState.DEFERRED, DeliveryState.LEASED}


def set_note(store: Store, digest: Digest, text: str | None, now: datetime) -> EditionPlan:
    """Put a note on top of the next edition, in Markdown; None removes it.

    Raises:
        ConfigurationError: the note is not usable, and why.
    """
    note = "" if text is None else notes.checked_note(text)
    with store.write() as tx:
        name = _registered(tx, digest, now)
        tx.control.set_note(name, note)
        _record(tx, name, None, EditionActKind.NOTE, now, f"note: {note}" if note else "the note was removed")
        return tx.control.plan(name)


def set_first(store: Store, digest: Digest, entries: Sequence[str], now: datetime) -> EditionPlan:
    """List these entries first in the next edition, in this order; none returns to the usual order.

    Raises:
        UnknownError: there is no such entry.
    """
    with store.write() as tx:
        name = _registered(tx, digest, now)
        found = [_require_entry(tx, entry) for entry in dict.fromkeys(entries)]
        tx.control.set_first(name, [entry for entry, _ in found])
        titles = ", ".join(title for _, title in found)
        _record(tx, name, None, EditionActKind.ORDER, now, f"first: {titles}" if titles else "the usual order")
        return tx.control.plan(name)


def leave_out(store: Store, digest: Digest, entries: Sequence[str], now: datetime, *, once: bool) -> EditionPlan:
    """Leave entries out of the next edition only (`once`), or of all mails of the digest; feeds and pages keep them.

    Raises:
        UnknownError: there is no such entry.
    """
    with store.write() as tx:
        name = _registered(tx, digest, now)
        for entry, title in [_require_entry(tx, entry) for entry in dict.fromkeys(entries)]:
            tx.control.leave_out(name, entry, now, once=once)
            words = f"{title} waits for the edition after this one" if once else f"{title} is left out"
            _record(tx, name, None, EditionActKind.LEAVE_OUT, now, words)
        return tx.control.plan(name)


def take_in(store: Store, digest: Digest, entries: Sequence[str], now: datetime) -> EditionPlan:
    """Leave entries out no longer.

    Raises:
        UnknownError: there is no such entry, or it was not left out.
    """
    with store.write() as tx:
        name = _registered(tx, digest, now)
        for entry, title in [_require_entry(tx, entry) for entry in dict.fromkeys(entries)]:
            if not tx.control.take_in(name, entry):
                raise UnknownError("entry that is left out", entry, remedy="see `digest edition plan`")
            _record(tx, name, None, EditionActKind.TAKE_IN, now, f"{title} is left out no longer")
        return tx.control.plan(name)


def skip_waiting(store: Store, digest: Digest, now: datetime) -> EditionKey:
    """Skip the edition that waits for approval; returns the key under which that is recorded.

    Raises:
        DigestError: none waits.
    """
    with store.write() as tx:
        state = tx.editions.digest(_registered(tx, digest, now))
        assert state is not None  # noqa: S101 - registered in this transaction
        return approval.skip(tx, digest, state, now)


def hold(store: Store, key: EditionKey, now: datetime) -> Edition:
    """Send no more mails of an edition; those that are being sent still go.

    Raises:
        UnknownError: there is no such edition.
        DigestError: it is held or cancelled already.
    """
    with store.write() as tx:
        edition = _require_edition(tx, key)
        if edition.held_at or edition.cancelled_at:
            raise DigestError(f"{key} is {'held' if edition.held_at else 'cancelled'} already")
        tx.control.hold(key, now)
        tx.webhooks.withdraw(key)
        _record(tx, edition.digest, key, EditionActKind.HOLD, now, "its mails are held")
        return _require_edition(tx, key)


def resume(store: Store, key: EditionKey, now: datetime) -> Edition:
    """Go on with the mails of an edition that is held.

    Raises:
        UnknownError: there is no such edition.
        DigestError: it is not held.
    """
    with store.write() as tx:
        edition = _require_edition(tx, key)
        if not edition.held_at:
            raise DigestError(f"{key} is not held")
        tx.control.hold(key, None)
        _record(tx, edition.digest, key, EditionActKind.RESUME, now, "its mails are sent again")
        return _require_edition(tx, key)


def cancel(store: Store, key: EditionKey, now: datetime) -> int:
    """Send no further mail of an edition; returns how many are not sent.

    Whoever does not get it missed it: the next edition lists its entries for them.

    Raises:
        UnknownError: there is no such edition.
    """
    with store.write() as tx:
        edition = _require_edition(tx, key)
        people = [*tx.control.cancel(key, now), *tx.planning.drop(key)]
        tx.control.missed(edition, people)
        tx.webhooks.withdraw(key)
        words = f"cancelled: {len(people)} mails are not sent; the next edition lists its entries for these people"
        _record(tx, edition.digest, key, EditionActKind.CANCEL, now, words)
    return len(people)


@dataclass(frozen=True, slots=True)
class Copy:
    """One more copy of a mail of an edition, made and recorded but not sent yet."""

    act: int
    whom: str
    mail: message.EditionMail


def prepare_copy(store: Store, settings: Settings, key: EditionKey, address: str, now: datetime) -> Copy:
    """Make one more copy of the mail that a subscriber got, with its frozen text and a Message-ID of its own.

    A note stands in the place of an entry that was removed since.

    Raises:
        UnknownError: there is no such edition or subscriber.
        DigestError: they had no mail of it, it is still to be sent, or no mail may go to them.
    """
    secret = store.secret()
    with store.write() as tx:
        if since := tx.backups.fenced():
            raise FencedError(since)
        edition = _require_edition(tx, key)
        person = require_person(tx, address)
        row = tx.audit.delivery(key, person.subscriber.id)
        if row is None:
            raise DigestError(f"{address} had no mail of {key}, so there is none to send again")
        if row.state in _OPEN:
            raise DigestError(f"{key} is still to be sent to {address} (see `digest edition send`)")
        if row.state in {DeliveryState.FAILED, DeliveryState.SUPPRESSED}:
            raise DigestError(f"{address} never got {key} (use `digest deliveries retry {key} {address}`)")
        variants.without_removed(tx, settings, key)
        variant, joined = tx.control.received(key, person.subscriber.id)
        if joined is None or person.suppressed:
            raise DigestError(f"{address} gets no mail of {edition.digest} (see `digest subscribers show {address}`)")
        body = tx.editions.variants(key)[variant].body
        mail = edition_mail(
            settings,
            secret,
            key,
            edition.digest,
            person.subscriber,
            body,
            drafts.edition_pictures(tx, body),
            message_id=f"<copy.{secrets.token_hex(16)}@{settings.mail.sender_mailbox.domain}>",
            written_at=now,
            agreed_at=joined,
        )
        whom = f"one more copy to subscriber {person.subscriber.id}"  # no address: they may be erased one day
        act = _record(tx, edition.digest, key, EditionActKind.RESEND, now, f"{whom}: nobody knows whether it was sent")
    return Copy(act, whom, mail)


async def send_copy(store: Store, settings: Settings, copy: Copy) -> str:
    """Send the copy, once, and record the outcome; returns the server's reply.

    Raises:
        TransportError: the server did not accept it.
    """
    to = copy.mail.to_address
    outgoing = Outgoing(settings.mail.sender_mailbox.address, to, message.edition_message(copy.mail))
    try:
        async with open_session(settings) as session:
            said = await session.send(outgoing)
    except TransportError as error:
        if not error.uncertain:
            _amend(store, copy.act, f"{copy.whom}: it was not sent")
        raise
    _amend(store, copy.act, f"{copy.whom}: it was sent")
    return said


def _amend(store: Store, act: int, detail: str) -> None:
    with store.write(exclusive=False) as tx:
        tx.control.amend(act, detail)


def _registered(tx: Transaction, digest: Digest, now: datetime) -> DigestId:
    name = DigestId(digest.id)
    tx.editions.register_digest(name, now)
    return name


def _require_entry(tx: Transaction, entry: str) -> tuple[EntryId, str]:
    found = tx.audit.matching(entry, 2)
    if len(found) > 1:
        raise UnknownError("single entry", entry, remedy="give its id: see `digest edition plan`")
    if not found:
        raise UnknownError("entry", entry, remedy="see `digest edition plan` or `digest entries list`")
    return found[0][0], found[0][1]


def _require_edition(tx: Transaction, key: EditionKey) -> Edition:
    made = tx.editions.edition(key)
    if made is None:
        raise UnknownError("edition", key, remedy="see `digest edition list`")
    return made.edition


def _record(
    tx: Transaction, digest: DigestId, edition: EditionKey | None, kind: EditionActKind, now: datetime, detail: str
) -> int:
    return tx.control.record(EditionAct(now, acting(), digest, edition, kind, detail))
