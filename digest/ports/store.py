"""Transactions, and the store that opens them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from datetime import datetime
    from pathlib import Path

    from digest.ports.alerts import Alerts
    from digest.ports.audit import Audit
    from digest.ports.backups import Backups
    from digest.ports.bounces import Bounces
    from digest.ports.breaker import Breaker, Resting
    from digest.ports.by_hand import ByHand
    from digest.ports.clocks import Clocks
    from digest.ports.deliveries import DeadLetters, Deliveries
    from digest.ports.digest_names import DigestNames
    from digest.ports.doubts import Doubts
    from digest.ports.dumps import Readings
    from digest.ports.editions import Editions
    from digest.ports.entries import Entries, Feeds, Pictures
    from digest.ports.newcomers import Newcomers
    from digest.ports.pacing import Pacing
    from digest.ports.planning import Planning
    from digest.ports.renames import Renames
    from digest.ports.roster import Roster
    from digest.ports.single_mails import SingleMails
    from digest.ports.subscribers import Confirmations, Subscribers
    from digest.ports.watching import Retention, Watching


class Transaction(Protocol):
    """One transaction, shared by its parts."""

    @property
    def readings(self) -> Readings: ...
    @property
    def renames(self) -> Renames: ...
    @property
    def entries(self) -> Entries: ...
    @property
    def by_hand(self) -> ByHand: ...
    @property
    def feeds(self) -> Feeds: ...
    @property
    def pictures(self) -> Pictures: ...
    @property
    def editions(self) -> Editions: ...
    @property
    def planning(self) -> Planning: ...
    @property
    def digest_names(self) -> DigestNames: ...
    @property
    def subscribers(self) -> Subscribers: ...
    @property
    def newcomers(self) -> Newcomers: ...
    @property
    def roster(self) -> Roster: ...
    @property
    def confirmations(self) -> Confirmations: ...
    @property
    def single_mails(self) -> SingleMails: ...
    @property
    def deliveries(self) -> Deliveries: ...
    @property
    def retention(self) -> Retention: ...
    @property
    def backups(self) -> Backups: ...
    @property
    def audit(self) -> Audit: ...
    @property
    def watching(self) -> Watching: ...
    @property
    def dead_letters(self) -> DeadLetters: ...
    @property
    def doubts(self) -> Doubts: ...
    @property
    def bounces(self) -> Bounces: ...
    @property
    def breaker(self) -> Breaker: ...
    @property
    def resting(self) -> Resting: ...
    @property
    def pacing(self) -> Pacing: ...
    @property
    def alerts(self) -> Alerts: ...
    @property
    def clocks(self) -> Clocks: ...


@dataclass(frozen=True, slots=True)
class Version:
    """Two numbers to compare for equality: one for the published content, one for the whole store."""

    published: int
    commits: int


class Store(Protocol):
    """The state. May be used from several threads at once, each with its own transaction."""

    def read(self) -> AbstractContextManager[Transaction]: ...

    def write(self, *, exclusive: bool = True) -> AbstractContextManager[Transaction]:
        """Begin a write transaction. Exclusive ones take turns: what one reads does not change until it ends.

        Other transactions may run at the same time if the database can. They are for rows with one owner only: a lease
        and its outcome.
        """
        ...

    def published_state(self) -> tuple[int, datetime]:
        """Like `Entries.published_state`, without a query if the database reports changes by itself."""
        ...

    def follow_published(self) -> None:
        """Let the database report changes from now on, if it can; otherwise each call queries it."""
        ...

    def secret(self) -> bytes:
        """32 random bytes, created once with the store, for the tokens in links."""
        ...

    def version(self) -> Version | None:
        """The present state, cheap enough for each request; None if this store cannot give it so cheaply.

        One's own commits count at once, another process's up to 0.1 s later.
        """
        ...

    def back_up(self, file: Path, now: datetime, progress: Callable[[int, int], None] | None = None) -> None:
        """Write a fenced copy of one point in time into a new file, during reads and writes; `progress` counts pages.

        The file is complete and durable when this returns, but not verified yet.
        """
        ...

    def check(self) -> None:
        """Check that the schema is the newest and the database answers; raises StoreError otherwise."""
        ...
