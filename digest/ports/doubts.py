"""Mails of which nobody knows whether they arrived, and what their readers are still to be told once more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from digest.model import DigestId, EditionKey, Entry, SubscriberId


@dataclass(frozen=True, slots=True)
class Owed:
    """What a reader is to be told once more: `entries` as Entries.newest, at least one, of the mails of `editions`."""

    entries: tuple[Entry, ...]
    editions: tuple[EditionKey, ...]


class Doubts(Protocol):
    """Deliveries that have ended, of which an attempt may have been taken and none was surely."""

    def owed(self, digest: DigestId, rhythms: Sequence[DigestId]) -> Mapping[SubscriberId, Owed]:
        """What those who follow the digest, and can be reached, are to be told once more.

        That is what such mails of the `rhythms` (the digests that tell the same entries) told them as new or
        corrected, since they follow it. Not what is no longer published, and not what another mail listed for them
        already, unless that one surely did not arrive.
        """
        ...

    def listed_in(self, edition: EditionKey, subscriber: SubscriberId) -> list[EditionKey]:
        """The editions whose mails list for this person what the mail of `edition` told; oldest first.

        Mails that surely did not arrive do not count.
        """
        ...
