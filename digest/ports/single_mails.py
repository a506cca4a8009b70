"""Mails to one person that are no edition: a welcome, a word to a former address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from digest.model import SingleMail, SingleMailId, SubscriberId

UNMADE = "template: "  # how what is stored of an attempt begins where its template is wrong


class SingleMails(Protocol):
    """Mails to one person that are no edition.

    As in the ledger of deliveries, a hand-over is begun in the store before it starts: where who began it dies, nobody
    knows what became of it, and it is tried once more with the same Message-ID, never a third time.
    """

    def welcome(self, subscriber: SubscriberId, now: datetime) -> bool:
        """Plan a welcome; False where the person had one, or one is planned."""
        ...

    def tell_moved(
        self, subscriber: SubscriberId, address: str | None, now: datetime, *, guards_until: datetime | None
    ) -> None:
        """Plan a word to a person's former address; None where no mail reaches it.

        Until then whoever has the new one is not taken for the person.
        """
        ...

    def guarded(self, subscriber: SubscriberId, now: datetime) -> bool:
        """Whether the person's address changed so that it may still be a thief's."""
        ...

    def awaits(self, subscriber: SubscriberId) -> bool:
        """Whether a welcome or an edition is on its way to somebody."""
        ...

    def due(self, now: datetime) -> bool:
        """Whether any is to be sent."""
        ...

    def begin(self, now: datetime, until: datetime) -> SingleMail | None:
        """Begin to hand over the oldest that is due, by then; None where there is none.

        A welcome that came too late is dropped: the person left, is suppressed, or an edition went to them meanwhile.
        """
        ...

    def unmade(self) -> tuple[int, str]:
        """How many wait because their template is wrong, and what is wrong with one of them."""
        ...

    def record(self, mail: SingleMailId, *, next_at: datetime | None, text: str, uncertain: bool = False) -> None:
        """What became of it; without `next_at` it is not tried again, nor where nobody knows twice."""
        ...

    def expired(self, now: datetime) -> bool:
        """Whether there are former addresses that were told and guard nothing any more."""
        ...

    def expire(self, now: datetime) -> int:
        """Forget those; how many there were."""
        ...
