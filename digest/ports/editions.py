"""What a store keeps of digests and their editions; knows no mail."""

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
    """What is stored of a digest. `last_slot_at`, `last_close_at`: of its newest editions, empty ones included."""

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
    """Who gets an edition: the Message-ID of their mail, the number of the words in it, when it is due."""

    subscriber: SubscriberId
    message_id: str
    variant: int
    due_at: datetime


FIRST_REACH = timedelta(days=7)  # how far the first edition looks back from when its digest was configured


class Editions(Protocol):
    """Digests and editions."""

    def register_digest(self, digest: DigestId, now: datetime) -> None:
        """Make the digest known; does nothing where it is."""
        ...

    def digest(self, digest: DigestId) -> DigestState | None: ...

    def failure(self, digest: DigestId) -> EditionFailure | None:
        """Why the last try to make an edition of it failed; None where it did not."""
        ...

    def failed(self, digest: DigestId, problem: str, now: datetime) -> None:
        """Record that a try to make an edition failed; an earlier failure keeps its moment."""
        ...

    def succeeded(self, digest: DigestId) -> None:
        """Forget the failure."""
        ...

    def untold(self, digest: DigestId, since: datetime | None, sources: Sequence[SourceId]) -> list[Entry]:
        """News that no edition of this digest holds, first seen at or after `since`; order as Entries.newest.

        Empty `sources` means all.
        """
        ...

    def corrected(self, digest: DigestId) -> list[Entry]:
        """Entries that this digest told, with a significant revision newer than the one it told last."""
        ...

    def told_revision(self, digest: DigestId, entry: EntryId) -> int | None:
        """The newest revision of an entry that this digest told, as new or corrected."""
        ...

    def most_read(self, since: datetime, sources: Sequence[SourceId], limit: int) -> list[tuple[Entry, int]]:
        """Entries with the readers that each won since then, most first, none that won nothing.

        What a source counts is compared with what it counted itself, since its last fall at the earliest. Of several
        sources, the one by which the entry won most says how many; with `sources`, only these are asked.
        """
        ...

    def free_key(self, wanted: EditionKey) -> EditionKey:
        """`wanted`, or where it is taken the first free one of `wanted-2`, `wanted-3`, …"""
        ...

    def make(
        self,
        edition: Edition,
        selected: Sequence[Selected],
        variants: Sequence[Variant],
        recipients: Sequence[Recipient],
    ) -> bool:
        """Store the edition, its entries at their revisions, its words and one planned delivery a recipient.

        False, and nothing stored, where the slot of this digest has its edition already.
        """
        ...

    def editions(self, digest: DigestId | None = None) -> list[EditionCounts]:
        """Newest first, empty ones included."""
        ...

    def edition(self, key: EditionKey) -> EditionCounts | None: ...

    def selected(self, key: EditionKey) -> list[Selected]:
        """In the order of making, each entry with the content of the frozen revision."""
        ...

    def read_at(self, key: EditionKey) -> list[datetime]:
        """The moments of the passes that made what the edition tells, each once, oldest first."""
        ...

    def body(self, key: EditionKey, language: str) -> Body | None:
        """The body in that language, or where there is none the first one stored; None where there is no edition."""
        ...

    def subjects(self) -> frozenset[str]:
        """The subjects of all editions whose words are stored."""
        ...

    def variants(self, key: EditionKey) -> list[Variant]:
        """The words as they were made, in that order; none of an empty edition."""
        ...

    def plan(self, key: EditionKey, recipient: Recipient) -> bool:
        """One more delivery of an edition that was made; False where the person has one that was not taken back."""
        ...

    def told_since(self, digest: DigestId, moment: datetime) -> list[Entry]:
        """The published entries that its editions made after then tell as new, in the order of Entries.newest."""
        ...

    def news(self, since: datetime, sources: Sequence[SourceId]) -> list[Entry]:
        """All news first seen at or after `since`, told or not, as Entries.newest. Empty `sources` means all."""
        ...

    def told(self, subscriber: SubscriberId, digests: Sequence[DigestId]) -> set[EntryId]:
        """What mails of these digests tell the person as new, or are about to; what failed or was suppressed is not.

        But where nobody knows what became of an attempt before: they may have it.
        """
        ...
