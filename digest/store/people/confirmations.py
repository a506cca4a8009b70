"""Requests that wait for an address's owner, and their mails."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, func, select, update

from digest.addresses import address_key
from digest.model import Confirmation, ConfirmationId, ConfirmationKind, DigestId, SubscriberId
from digest.records.people import UNMADE
from digest.store.database.statements import EVER, insert
from digest.store.database.tables.people import confirmations

# The requester may choose the recipient of these mails, so they are counted together.
_TOGETHER = dict.fromkeys((_BY_ANYBODY := (ConfirmationKind.JOIN, ConfirmationKind.MOVE)), _BY_ANYBODY)
_NOT_MAILED = "not mailed"  # prefix of the text of a mail that certainly reached nobody: it does not block another one


class Confirmations:
    """Requests made on pages, waiting for the owner of an address to confirm."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def ask(
        self,
        kind: ConfirmationKind,
        address: str,
        *,
        mail_host: str = "",
        subscriber: SubscriberId | None,
        digests: Sequence[DigestId],
        language: str,
        latest: bool,
        network: str,
        mail: bool,
        now: datetime,
        expires_at: datetime,
        proven: bool = False,
    ) -> ConfirmationId:
        """Store a request; `mail` is whether to mail the owner, `mail_host` what takes their mail, if known."""
        row = {
            "kind": kind,
            "address": address,
            "address_key": address_key(address),
            "mail_host": mail_host,
            "subscriber_id": subscriber,
            "digests": list(digests),
            "language": language,
            "latest": latest,
            "network": network,
            "asked_at": now,
            "expires_at": expires_at,
            "attempts": 0,
            "next_at": now if mail else None,
            "text": "" if mail else f"{_NOT_MAILED}: asked too often",
            "proven": proven,
        }
        asked = insert(self._connection, confirmations).values(row).returning(confirmations.c.id)
        return ConfirmationId(self._connection.execute(asked).scalar_one())

    def get(self, confirmation: ConfirmationId) -> Confirmation | None:
        """A request; None if it was never made, or is deleted."""
        query = select(confirmations).where(confirmations.c.id == confirmation)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else _confirmation(row)

    def asked(self, since: datetime, network: str | None = None) -> int:
        """How many requests were made after then, from a network or from all."""
        query = select(func.count()).select_from(confirmations).where(confirmations.c.asked_at > since)
        if network is not None:
            query = query.where(confirmations.c.network == network)
        return self._connection.execute(query).scalar_one()

    def mailed(self, kind: ConfirmationKind, address: str, since: datetime) -> int:
        """How many requests of a kind after then mail an address, ignoring case.

        Requests to subscribe and to move count together, because the requester chooses the address.
        """
        query = (
            select(func.count())
            .select_from(confirmations)
            .where(
                confirmations.c.kind.in_(_TOGETHER.get(kind, (kind,))),
                confirmations.c.address_key == address_key(address),
                confirmations.c.asked_at > since,
                ~confirmations.c.text.startswith(_NOT_MAILED),
            )
        )
        return self._connection.execute(query).scalar_one()

    def mailed_to_aliases(self, kind: ConfirmationKind, address: str, since: datetime) -> int:
        """The same for all addresses that may lead to the same mailbox: without dots, and without `+` and what follows.

        Some providers ignore dots. Elsewhere, the addresses of several people are counted together.
        """
        local, _, domain = address_key(address).replace(".", "").rpartition("@")
        name, folded = local.partition("+")[0], func.replace(confirmations.c.address_key, ".", "")
        tagged = folded.startswith(f"{name}+", autoescape=True) & folded.endswith(f"@{domain}", autoescape=True)
        query = (
            select(func.count())
            .select_from(confirmations)
            .where(
                confirmations.c.kind.in_(_TOGETHER.get(kind, (kind,))),
                confirmations.c.asked_at > since,
                ~confirmations.c.text.startswith(_NOT_MAILED),
                (folded == f"{name}@{domain}") | tagged,
            )
        )
        return self._connection.execute(query).scalar_one()

    def mailed_within(self, domain: str, mail_host: str, since: datetime) -> int:
        """How many requests of all kinds after then mail a domain, ignoring case, or another of the same mail host."""
        here = confirmations.c.address_key.endswith(address_key(f"@{domain}"), autoescape=True)
        if mail_host:
            here |= confirmations.c.mail_host == mail_host
        query = (
            select(func.count())
            .select_from(confirmations)
            .where(
                confirmations.c.asked_at > since,
                here,
                ~confirmations.c.text.startswith(_NOT_MAILED),
            )
        )
        return self._connection.execute(query).scalar_one()

    def done(self, confirmation: ConfirmationId, now: datetime, subscriber: SubscriberId | None = None) -> None:
        """Record that the owner confirmed; `subscriber` is who joined by it."""
        here = update(confirmations).where(confirmations.c.id == confirmation)
        whose = {} if subscriber is None else {"subscriber_id": subscriber}
        self._connection.execute(here.values(done_at=now, next_at=None, **whose))

    def due(self, now: datetime) -> bool:
        """Whether the mail of any request is due."""
        query = select(confirmations.c.id).where(confirmations.c.next_at <= now).limit(1)
        return self._connection.execute(query).one_or_none() is not None

    def lease(self, now: datetime, until: datetime, limit: int) -> list[Confirmation]:
        """Lease up to `limit` requests whose mail is due, oldest first, `until` then; this is one more attempt."""
        due = select(confirmations).where(confirmations.c.next_at <= now).order_by(confirmations.c.id).limit(limit)
        rows = self._connection.execute(due).all()
        leased = {"next_at": until, "attempts": confirmations.c.attempts + 1}
        these = confirmations.c.id.in_([row.id for row in rows])
        self._connection.execute(update(confirmations).where(these).values(leased))
        return [_confirmation(row, attempts=row.attempts + 1) for row in rows]

    def unmade(self) -> tuple[int, str]:
        """How many wait because their template is wrong, and what is wrong with one of them."""
        waits = confirmations.c.next_at > EVER, confirmations.c.text.startswith(UNMADE, autoescape=True)
        count, text = self._connection.execute(select(func.count(), func.max(confirmations.c.text)).where(*waits)).one()
        return count, (text or "").removeprefix(UNMADE)

    def record(self, confirmation: ConfirmationId, *, next_at: datetime | None, text: str) -> None:
        """Record the outcome of its mail; without `next_at` it is not tried again."""
        here = update(confirmations).where(confirmations.c.id == confirmation, confirmations.c.next_at.is_not(None))
        self._connection.execute(here.values(next_at=next_at, text=text))

    def expired(self, now: datetime, asked_before: datetime) -> int:
        """How many have expired and were made before then, without those that `expire` already reduced."""
        query = select(func.count()).select_from(confirmations).where(_expired(now, asked_before))
        return self._connection.execute(query).scalar_one()

    def expire(self, now: datetime, asked_before: datetime) -> int:
        """Delete those; returns how many. A confirmed request keeps its owner, but no address."""
        over = _expired(now, asked_before)
        gone = self._connection.execute(delete(confirmations).where(over, confirmations.c.done_at.is_(None))).rowcount
        return gone + self._connection.execute(update(confirmations).where(over).values(NOBODY)).rowcount


# What stays of a used link: whose it is, and when it was used.
NOBODY: dict[str, Any] = {
    "address": "",
    "address_key": "",
    "mail_host": "",
    "digests": [],
    "language": "",
    "network": "",
    "next_at": None,
    "text": "",
}


def _expired(now: datetime, asked_before: datetime) -> ColumnElement[bool]:
    kept = and_(confirmations.c.done_at.is_not(None), confirmations.c.address == "")
    return and_(confirmations.c.expires_at <= now, confirmations.c.asked_at < asked_before, ~kept)


def _confirmation(row: Row[Any], attempts: int | None = None) -> Confirmation:
    return Confirmation(
        id=ConfirmationId(row.id),
        kind=ConfirmationKind(row.kind),
        address=row.address,
        subscriber=row.subscriber_id,
        digests=tuple(DigestId(name) for name in row.digests),
        language=row.language,
        latest=row.latest,
        asked_at=row.asked_at,
        expires_at=row.expires_at,
        done_at=row.done_at,
        attempts=row.attempts if attempts is None else attempts,
        proven=row.proven,
    )
