"""Who subscribes to what, and the links that people were mailed."""

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
    """A record that is never changed. `act`: `joined` or `left`; `source`: who acted and by which means.

    `wording` names the words that they agreed to, `asked_at` is when they asked for what they confirmed `at`.
    """

    digest: DigestId
    act: str
    source: str
    at: datetime
    wording: str = ""
    asked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SubscriberRecord:
    """All that is stored of a person: what `export` prints. `digests` are the active subscriptions."""

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
    """Somebody who gets no mail since then, and why."""

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
        """A new person with a consent record a digest; None where the address is known already."""
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
        """Subscribe a known person; False where they are subscribed already.

        With `since` they followed this selection since then, and the next edition tells what they missed of it.
        With `consented_at` they agreed then, and joined now.
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
        """Change how a person is written to. A pause suppresses what is on its way to them and not handed over."""
        ...

    def suppressed(self) -> list[Suppressed]:
        """Everybody who is suppressed, in the order of joining."""
        ...

    def unsuppress(self, subscriber: SubscriberId, reason: str, now: datetime) -> bool:
        """Mail this address again; what came back before no longer counts, and the next edition tells what was missed.

        False where it is not suppressed.
        """
        ...

    def move(self, subscriber: SubscriberId, address: str, source: str, now: datetime, *, asked_at: datetime) -> None:
        """Give a person, who confirmed it, another address that nobody has; what came back before no longer counts.

        For each digest that they follow a consent is recorded, in the words of `source`.
        """
        ...

    def hand_on(self, subscriber: SubscriberId, other: SubscriberId, digest: DigestId) -> None:
        """Let what was told to a person of a digest count as told to another one, and what is owed be owed to them.

        Nothing where the other one was told anything of it.
        """
        ...

    def is_erased(self, subscriber: SubscriberId) -> bool:
        """Whether there was such a person once."""
        ...

    def leave(self, subscriber: SubscriberId, digest: DigestId, source: str, now: datetime) -> bool:
        """End a subscription and take back its deliveries that are not begun; False where there is none."""
        ...

    def find(self, address: str) -> SubscriberRecord | None:
        """By address, whatever its case and however its domain is written."""
        ...

    def get(self, subscriber: SubscriberId) -> SubscriberRecord | None: ...

    def all(self) -> list[SubscriberRecord]:
        """Everybody, in the order of joining (left ones too)."""
        ...

    def active(self, digest: DigestId) -> list[Subscriber]:
        """Who is subscribed and not suppressed, paused ones too."""
        ...

    def followers(self, digest: DigestId) -> list[Follower]:
        """The same people with where they stand."""
        ...

    def subscription(self, subscriber: SubscriberId, digest: DigestId) -> tuple[datetime, datetime | None] | None:
        """Since when they follow its selection, and when they left; None where they never joined."""
        ...

    def follows_since(self, subscriber: SubscriberId, digest: DigestId, since: datetime) -> None:
        """They follow its selection since then, and the next edition tells what they missed of it."""
        ...

    def set_behind(self, digest: DigestId, subscribers: Iterable[SubscriberId], *, behind: bool) -> None:
        """Remember who missed an edition, or that the one just made tells them what they missed."""
        ...

    def erase(self, subscriber: SubscriberId, address_hash: str, now: datetime) -> None:
        """Delete the person and every trace but the deliveries' counts; keep `address_hash` so that none re-imports."""
        ...

    def keep_out(self, address_hash: str, now: datetime) -> None:
        """Remember an address that nobody has any more, so that no import brings it back."""
        ...

    def suppress(self, subscriber: SubscriberId, reason: str, now: datetime) -> None:
        """Never mail this address again: what its server said."""
        ...


class Confirmations(Protocol):
    """What was asked for on pages and awaits the owner of an address."""

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
        """Store it; `mail` says whether the owner is to be mailed."""
        ...

    def get(self, confirmation: ConfirmationId) -> Confirmation | None: ...

    def asked(self, since: datetime, network: str | None = None) -> int:
        """How many were asked for after then, from a network or from all."""
        ...

    def mailed(self, kind: ConfirmationKind, address: str, since: datetime) -> int:
        """How many of a kind, asked for after then, were to be mailed to an address, whatever its case.

        To subscribe and to move count together: whoever asks chooses the address.
        """
        ...

    def mailed_within(self, domain: str, since: datetime) -> int:
        """How many of all kinds, asked for after then, were to be mailed to a domain, whatever its case."""
        ...

    def done(self, confirmation: ConfirmationId, now: datetime, subscriber: SubscriberId | None = None) -> None:
        """Its owner confirmed; `subscriber` is who joined by it."""
        ...

    def due(self, now: datetime) -> bool:
        """Whether the mail of any is due."""
        ...

    def lease(self, now: datetime, until: datetime, limit: int) -> list[Confirmation]:
        """Take up to `limit` whose mail is due, oldest first: due again `until` then, and one more attempt."""
        ...

    def record(self, confirmation: ConfirmationId, *, next_at: datetime | None, text: str) -> None:
        """What became of its mail; without `next_at` it is not tried again."""
        ...

    def unmade(self) -> tuple[int, str]:
        """How many wait because their template is wrong, and what is wrong with one of them."""
        ...

    def pending(self, now: datetime) -> int:
        """How many await their owner."""
        ...

    def expired(self, now: datetime, asked_before: datetime) -> int:
        """How many have expired and were asked for before then, those apart of which `expire` left what stays."""
        ...

    def expire(self, now: datetime, asked_before: datetime) -> int:
        """Delete those; how many there were. Of those that were confirmed it stays whose they are, and no address."""
        ...
