"""Subscribers, their subscriptions, and the links mailed to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from digest.model import (
        Confirmation,
        ConfirmationId,
        ConfirmationKind,
        DeliveryState,
        DigestId,
        EditionKey,
        Format,
        Subscriber,
        SubscriberId,
    )


@dataclass(frozen=True, slots=True)
class Consent:
    """A record that never changes. `act`: `joined` or `left`; `source`: who acted and how.

    `wording` identifies the text that they agreed to, `asked_at` is when they requested what they confirmed `at`.
    """

    digest: DigestId
    act: str
    source: str
    at: datetime
    wording: str = ""
    asked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SubscriberRecord:
    """Everything stored about a person, as `export` prints it. `digests` are the active subscriptions."""

    subscriber: Subscriber
    digests: tuple[DigestId, ...]
    suppressed: str
    consents: tuple[Consent, ...]
    deliveries: tuple[tuple[EditionKey, DeliveryState, datetime | None], ...]


@dataclass(frozen=True, slots=True)
class Follower:
    """A subscriber of a digest. `since`: when they began to follow its selection; `behind`: they missed an edition."""

    subscriber: Subscriber
    since: datetime
    behind: bool


@dataclass(frozen=True, slots=True)
class Suppressed:
    """A person who gets no mail since then, and why."""

    id: SubscriberId
    address: str
    reason: str
    at: datetime | None


class Subscribers(Protocol):
    """People and their consent."""

    def add(
        self,
        address: str,
        *,
        name: str,
        language: str,
        fmt: Format,
        now: datetime,
        digests: Sequence[DigestId] = (),
        source: str = "",
    ) -> SubscriberRecord | None:
        """Add a person with one consent record per digest; None if the address is known already."""
        ...

    def join(
        self,
        subscriber: SubscriberId,
        digest: DigestId,
        source: str,
        now: datetime,
        *,
        since: datetime | None = None,
        wording: str = "",
        asked_at: datetime | None = None,
        consented_at: datetime | None = None,
    ) -> bool:
        """Subscribe a known person; False if they are subscribed already.

        With `since`, they count as following this selection since then, and the next edition includes what they missed.
        With `consented_at`, they agreed then, and joined now.
        """
        ...

    def prefer(
        self,
        subscriber: SubscriberId,
        *,
        language: str,
        fmt: Format,
        timezone: str,
        topics: Sequence[str],
        paused_until: datetime | None,
    ) -> None:
        """Change a person's preferences. A pause suppresses mails to them that are not sent yet."""
        ...

    def suppressed(self) -> list[Suppressed]:
        """Everybody who is suppressed, in the order of joining."""
        ...

    def unsuppress(self, subscriber: SubscriberId, reason: str, now: datetime) -> bool:
        """Mail this address again; earlier bounces no longer count, and the next edition includes what was missed.

        False if it is not suppressed.
        """
        ...

    def move(self, subscriber: SubscriberId, address: str, source: str, now: datetime, *, asked_at: datetime) -> None:
        """Give a person, who confirmed it, another address that nobody has; earlier bounces no longer count.

        A consent is recorded for each digest that they follow, with `source`.
        """
        ...

    def hand_on(self, subscriber: SubscriberId, other: SubscriberId, digest: DigestId) -> None:
        """Let entries sent to one person for a digest count as sent to another, and owed entries be owed to them.

        Does nothing if the other person was sent anything of it.
        """
        ...

    def is_erased(self, subscriber: SubscriberId) -> bool:
        """Whether this address belonged to an erased person."""
        ...

    def leave(self, subscriber: SubscriberId, digest: DigestId, source: str, now: datetime) -> bool:
        """End a subscription and cancel its deliveries that are not begun; False if there is none."""
        ...

    def find(self, address: str) -> SubscriberRecord | None:
        """A person by address, ignoring case and however the domain is written."""
        ...

    def get(self, subscriber: SubscriberId) -> SubscriberRecord | None: ...

    def all(self) -> list[SubscriberRecord]:
        """Everybody, in the order of joining (including those who left)."""
        ...

    def active(self, digest: DigestId) -> list[Subscriber]:
        """People who are subscribed and not suppressed, including paused ones."""
        ...

    def followers(self, digest: DigestId) -> list[Follower]:
        """The same people with their state."""
        ...

    def subscription(self, subscriber: SubscriberId, digest: DigestId) -> tuple[datetime, datetime | None] | None:
        """Since when they follow its selection, and when they left; None if they never joined."""
        ...

    def follows_since(self, subscriber: SubscriberId, digest: DigestId, since: datetime) -> None:
        """Let them follow its selection since then; the next edition includes what they missed of it."""
        ...

    def set_behind(self, digest: DigestId, subscribers: Iterable[SubscriberId], *, behind: bool) -> None:
        """Record who missed an edition, or that the one just made includes what they missed."""
        ...

    def erase(self, subscriber: SubscriberId, address_hash: str, now: datetime) -> None:
        """Delete the person and every trace but the deliveries' counts; keep `address_hash` to prevent imports."""
        ...

    def keep_out(self, address_hash: str, now: datetime) -> None:
        """Remember a hash of an unused address, so that no import brings it back."""
        ...

    def suppress(self, subscriber: SubscriberId, reason: str, now: datetime) -> None:
        """Never mail this address again; records what its server said."""
        ...


class Confirmations(Protocol):
    """Requests made on pages, waiting for the owner of an address to confirm."""

    def ask(
        self,
        kind: ConfirmationKind,
        address: str,
        *,
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
        """Store a request; `mail` is whether to mail the owner."""
        ...

    def get(self, confirmation: ConfirmationId) -> Confirmation | None: ...

    def asked(self, since: datetime, network: str | None = None) -> int:
        """How many requests were made after then, from a network or from all."""
        ...

    def mailed(self, kind: ConfirmationKind, address: str, since: datetime) -> int:
        """How many requests of a kind after then mail an address, ignoring case.

        Requests to subscribe and to move count together, because the requester chooses the address.
        """
        ...

    def mailed_within(self, domain: str, since: datetime) -> int:
        """How many requests of all kinds after then mail a domain, ignoring case."""
        ...

    def done(self, confirmation: ConfirmationId, now: datetime, subscriber: SubscriberId | None = None) -> None:
        """Record that the owner confirmed; `subscriber` is who joined by it."""
        ...

    def due(self, now: datetime) -> bool:
        """Whether the mail of any request is due."""
        ...

    def lease(self, now: datetime, until: datetime, limit: int) -> list[Confirmation]:
        """Lease up to `limit` requests whose mail is due, oldest first, `until` then; this is one more attempt."""
        ...

    def record(self, confirmation: ConfirmationId, *, next_at: datetime | None, text: str) -> None:
        """Record the outcome of its mail; without `next_at` it is not tried again."""
        ...

    def unmade(self) -> tuple[int, str]:
        """How many wait because their template is wrong, and what is wrong with one of them."""
        ...

    def pending(self, now: datetime) -> int:
        """How many wait for their owner."""
        ...

    def expired(self, now: datetime, asked_before: datetime) -> int:
        """How many have expired and were made before then, without those that `expire` already reduced."""
        ...

    def expire(self, now: datetime, asked_before: datetime) -> int:
        """Delete those; returns how many. A confirmed request keeps its owner, but no address."""
        ...
