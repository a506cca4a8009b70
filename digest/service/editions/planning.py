"""Large editions: stored quickly with all their content; their mails are planned in parts so that nobody waits.

Decision 100.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from digest.model import DigestId, EditionKey, SubscriberId
from digest.records.editions import Recipient, Unplanned
from digest.service.editions.digests import frequencies_of
from digest.service.upkeep.turns import in_turns
from digest.settings import Settings

if TYPE_CHECKING:
    from digest.store.transaction import Store, Transaction

LARGE_EDITION = 2_000  # subscribers of an edition whose mails are planned in parts
_PART = 500


def recipient_parts(
    tx: Transaction,
    settings: Settings,
    digest: DigestId,
    mails: Sequence[Recipient],
    caught_up: Sequence[SubscriberId],
    paused: Sequence[SubscriberId],
) -> list[Unplanned]:
    """The subscribers of an edition in parts. Paused ones get no mail."""
    frequencies, behind = frequencies_of(settings, digest), set(caught_up)
    made = []
    for start in range(0, len(mails), _PART):
        some = mails[start : start + _PART]
        counts = [
            (m.subscriber, _announced_count(tx, frequencies, m.subscriber)) for m in some if m.subscriber in behind
        ]
        made.append(Unplanned(tuple(some), tuple(counts), ()))
        behind.difference_update(person for person, _ in counts)
    # The edition has nothing for the others.
    others = [(person, _announced_count(tx, frequencies, person)) for person in behind]
    made += [Unplanned((), tuple(others[at : at + _PART]), ()) for at in range(0, len(others), _PART)]
    made += [Unplanned((), (), tuple(paused[at : at + _PART])) for at in range(0, len(paused), _PART)]
    return made


def plan_waiting(store: Store, settings: Settings) -> None:
    """Plan all mails that are not planned yet, including those that a process left when it died."""
    with store.read() as tx:
        waiting = tx.planning.waiting()
    if waiting:
        in_turns(store, waiting, lambda tx, batch: plan_parts(tx, settings, batch), first=1)


def plan_parts(tx: Transaction, settings: Settings, waiting: Sequence[tuple[EditionKey, int]]) -> None:
    """Plan parts. People who left, paused or became unreachable meanwhile get none.

    People who had missed an edition have caught up, unless a mail that announced something to them has failed since.
    """
    for edition, number in waiting:
        found = tx.planning.take(edition, number)
        if found is None:
            continue
        digest, part = found
        frequencies = frequencies_of(settings, digest)
        unchanged = [person for person, count in part.caught_up if _announced_count(tx, frequencies, person) == count]
        reached = tx.planning.plan(edition, part.mails)
        mailed = {mail.subscriber for mail in part.mails}
        tx.subscribers.set_behind(
            digest, [person for person in unchanged if person in reached or person not in mailed], behind=False
        )
        tx.subscribers.set_behind(digest, part.resting, behind=True)


def _announced_count(tx: Transaction, frequencies: Sequence[DigestId], person: SubscriberId) -> int:
    return len(tx.selecting.sent_entries(person, frequencies))
