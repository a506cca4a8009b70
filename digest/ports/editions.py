"""Digests and their editions in a store."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from digest.model import (
        Body,
        DeliveryState,
        DigestId,
        Edition,
        EditionKey,
        Entry,
        EntryId,
        Selected,
        SourceId,
        SubscriberId,
        Variant,
    )


@dataclass(frozen=True, slots=True)
class DigestState:
    """What is stored about a digest. `last_slot_at`, `last_close_at`: of its newest editions, including empty ones."""

    id: DigestId
    configured_at: datetime
    last_slot_at: datetime | None
    last_close_at: datetime | None
    editions: int


@dataclass(frozen=True, slots=True)
class EditionFailure:
    """Why no edition of a digest can be made, and since when."""

    since: datetime
    problem: str


@dataclass(frozen=True, slots=True)
class EditionCounts:
    """An edition with its deliveries by state."""

    edition: Edition
    deliveries: dict[DeliveryState, int]


@dataclass(frozen=True, slots=True)
class Recipient:
    """A recipient of an edition: the Message-ID of their mail, the number of its text, when it is due."""

    subscriber: SubscriberId
    message_id: str
    variant: int
    due_at: datetime


FIRST_REACH = timedelta(days=7)  # how far the first edition looks back from when its digest was configured


class Editions(Protocol):
    """Digests and editions."""

    def register_digest(self, digest: DigestId, now: datetime) -> None:
        """Register the digest; does nothing if it exists."""
        ...

    def digest(self, digest: DigestId) -> DigestState | None: ...

    def failure(self, digest: DigestId) -> EditionFailure | None:
        """Why the last attempt to make an edition failed; None if it did not."""
        ...

    def failed(self, digest: DigestId, problem: str, now: datetime) -> None:
        """Record that an attempt to make an edition failed; an earlier failure keeps its time."""
        ...

    def succeeded(self, digest: DigestId) -> None:
        """Forget the failure."""
        ...

    def untold(self, digest: DigestId, since: datetime | None, sources: Sequence[SourceId]) -> list[Entry]:
        """New entries that no edition of this digest contains, first seen at or after `since`; order as Entries.newest.

        Empty `sources` means all.
        """
        ...

    def corrected(self, digest: DigestId) -> list[Entry]:
        """Entries that this digest announced, with a significant revision newer than the one it announced last."""
        ...

    def told_revision(self, digest: DigestId, entry: EntryId) -> int | None:
        """The newest revision of an entry that this digest announced, as new or corrected."""
        ...

    def most_read(self, since: datetime, sources: Sequence[SourceId], limit: int) -> list[tuple[Entry, int]]:
        """Entries with the number of readers that each won since then, most first, without those that won none.

        A source's count is compared with its own earlier count, at the earliest since its last fall. If an entry has
        several sources, the one with the largest gain counts; with `sources`, only these count.
        """
        ...

    def free_key(self, wanted: EditionKey) -> EditionKey:
        """`wanted`, or if it is taken the first free one of `wanted-2`, `wanted-3`, …"""
        ...

    def make(
        self,
        edition: Edition,
        selected: Sequence[Selected],
        variants: Sequence[Variant],
        recipients: Sequence[Recipient],
    ) -> bool:
        """Store the edition, its entries at their revisions, its texts and one planned delivery per recipient.

        False, and nothing stored, if the slot of this digest has its edition already.
        """
        ...

    def editions(self, digest: DigestId | None = None) -> list[EditionCounts]:
        """All editions, newest first, including empty ones."""
        ...

    def newest(self, digest: DigestId | None = None) -> Edition | None:
        """The newest edition that is not empty, of a digest or of all; None if there is none."""
        ...

    def edition(self, key: EditionKey) -> EditionCounts | None: ...

    def selected(self, key: EditionKey) -> list[Selected]:
        """The entries in the order of making, each with the content of the frozen revision."""
        ...

    def read_at(self, key: EditionKey) -> list[datetime]:
        """The distinct times of the passes that brought the edition's entries, oldest first."""
        ...

    def body(self, key: EditionKey, language: str) -> Body | None:
        """The body in that language, otherwise the first one stored; None if there is no edition."""
        ...

    def subjects(self) -> frozenset[str]:
        """The subjects of all editions whose texts are stored."""
        ...

    def variants(self, key: EditionKey) -> list[Variant]:
        """The texts in the order of making; none for an empty edition."""
        ...

    def plan(self, key: EditionKey, recipient: Recipient) -> bool:
        """Plan one more delivery of an existing edition; False if the person has one that was not cancelled."""
        ...

    def told_since(self, digest: DigestId, moment: datetime) -> list[Entry]:
        """The published entries that its editions made after then announce as new, in the order of Entries.newest."""
        ...

    def news(self, since: datetime, sources: Sequence[SourceId]) -> list[Entry]:
        """All new entries first seen since then, announced or not, as in Entries.newest. Empty `sources` means all."""
        ...

    def told(self, subscriber: SubscriberId, digests: Sequence[DigestId]) -> set[EntryId]:
        """The entries that mails of these digests announce to the person as new, or are about to.

        Failed and suppressed mails do not count, unless an earlier attempt has an unknown outcome: the person may have
        the mail.
        """
        ...
