"""Mails that may not have arrived, and what their subscribers are to be sent once more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from digest.model import DigestId, EditionKey, Entry, SubscriberId


@dataclass(frozen=True, slots=True)
class Owed:
    """Entries to list once more for a subscriber: `entries` as in Entries.newest, at least one, of `editions`.

    `topics` are those that the person chose; none means all.
    """

    entries: tuple[Entry, ...]
    editions: tuple[EditionKey, ...]
    topics: tuple[str, ...]


class Doubts(Protocol):
    """Finished deliveries with an attempt that may have succeeded, and none that surely did."""

    def owed(self, digest: DigestId, rhythms: Sequence[DigestId]) -> Mapping[SubscriberId, Owed]:
        """The entries to list once more for reachable followers of the digest.

        These are the entries that such mails of the `rhythms` (the digests with the same entries) announced as new or
        corrected since the person follows. Entries that are no longer published are left out. So are those that another
        mail listed for them already, unless that mail surely did not arrive.
        """
        ...

    def listed_in(self, edition: EditionKey, subscriber: SubscriberId) -> list[EditionKey]:
        """The editions whose mails list for this person what the mail of `edition` announced; oldest first.

        Mails that surely did not arrive do not count.
        """
        ...
