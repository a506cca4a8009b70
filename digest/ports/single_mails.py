"""Mails to one person that are not editions: a welcome, a notice to a former address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from digest.model import SingleMail, SingleMailId, SubscriberId

UNMADE = "template: "  # prefix of a stored attempt whose template is wrong


class SingleMails(Protocol):
    """Mails to one person that are not editions.

    As in the ledger of deliveries, the store records an attempt before it starts. If the sender dies, the outcome is
    unknown, and the mail is tried once more with the same Message-ID, never a third time.
    """

    def welcome(self, subscriber: SubscriberId, now: datetime) -> bool:
        """Plan a welcome; False if the person had one, or one is planned."""
        ...

    def tell_moved(
        self, subscriber: SubscriberId, address: str | None, now: datetime, *, guards_until: datetime | None
    ) -> None:
        """Plan a notice to a person's former address; None if no mail reaches it.

        Until then, the holder of the new address is not trusted to be the person.
        """
        ...

    def guarded(self, subscriber: SubscriberId, now: datetime) -> bool:
        """Whether the person's address changed so recently that a thief may hold it."""
        ...

    def awaits(self, subscriber: SubscriberId) -> bool:
        """Whether a welcome or an edition is on its way to somebody."""
        ...

    def due(self, now: datetime) -> bool:
        """Whether any mail is due."""
        ...

    def begin(self, now: datetime, until: datetime) -> SingleMail | None:
        """Begin to send the oldest mail that is due by then; None if there is none.

        A welcome that came too late is dropped: the person left, is suppressed, or got an edition meanwhile.
        """
        ...

    def unmade(self) -> tuple[int, str]:
        """How many wait because their template is wrong, and what is wrong with one of them."""
        ...

    def record(self, mail: SingleMailId, *, next_at: datetime | None, text: str, uncertain: bool = False) -> None:
        """Record the outcome; without `next_at` it is not tried again, nor after two unknown outcomes."""
        ...

    def expired(self, now: datetime) -> bool:
        """Whether there are former addresses that were notified and are needed no longer."""
        ...

    def expire(self, now: datetime) -> int:
        """Delete those; returns how many."""
        ...
