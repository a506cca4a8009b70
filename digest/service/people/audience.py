"""Who gets an edition and which of its entries: topics, pauses, what somebody missed before or may have missed.

Knows nothing of words.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from digest.model import DigestId, EntryId, Section, Selected, SourceId
from digest.service.editions.digests import rhythms_of
from digest.service.mailing.doubts import MOST, owed
from digest.service.publishing.feeds import holds_any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from digest.model import Entry, Subscriber, SubscriberId
    from digest.ports import Follower, Transaction
    from digest.settings import Digest, Settings

_CLOCK = timedelta(days=1)  # it may have stepped back between two moments; rather a day too much than one too little


@dataclass(slots=True)
class Audience:
    """The readers of an edition. `shown` counts from 0 in `entries`, which begins with what the edition selected.

    `resting` will have missed it; `caught_up` are told by it what they had missed.
    """

    entries: list[Selected]
    readers: list[tuple[Subscriber, tuple[int, ...]]] = field(default_factory=list)
    resting: list[SubscriberId] = field(default_factory=list)
    caught_up: list[SubscriberId] = field(default_factory=list)


def audience(
    tx: Transaction, settings: Settings, digest: Digest, selected: Sequence[Selected], now: datetime
) -> Audience:
    """Everybody who is subscribed, those left out for whom it holds nothing.

    Where the edition selected nothing new and nothing corrected, that is whoever is told something once more.
    """
    made = Audience(list(selected))
    whole = _whole(selected)
    places: dict[EntryId, int] = {}  # of what is listed once more
    once_more = owed(tx, settings, digest.id)
    nothing_new = all(one.section is Section.MOST_READ for one in selected)
    if nothing_new and not once_more:
        return made
    rules: dict[tuple[str, ...], Callable[[Entry], bool]] = {}
    for follower in tx.subscribers.followers(DigestId(digest.id)):
        person = follower.subscriber
        if nothing_new and person.id not in once_more:
            continue
        if person.paused_until is not None and person.paused_until > now:
            if not nothing_new:
                made.resting.append(person.id)
            continue
        shown = whole
        if follower.behind:
            made.caught_up.append(person.id)
            shown = _missing(tx, settings, digest, follower, made)
        if person.topics:
            holds = rules.setdefault(person.topics, holds_any(settings, person.topics))
            shown = tuple(at for at in shown if holds(made.entries[at].entry))
        if person.id in once_more:
            shown += _listed(once_more[person.id].entries, {made.entries[at] for at in shown}, places, made)
        if any(made.entries[at].section is not Section.MOST_READ for at in shown):
            made.readers.append((person, shown))
    return made


def _listed(
    entries: Iterable[Entry], shown: Iterable[Selected], places: dict[EntryId, int], made: Audience
) -> tuple[int, ...]:
    """What the edition lists once more for somebody; it joins `made.entries`, each once for all readers.

    Not what it tells them anyway.
    """
    told = {one.entry.id for one in shown if one.section in {Section.NEW, Section.CATCH_UP}}
    listed = [entry for entry in entries if entry.id not in told][:MOST]
    for entry in listed:
        if entry.id not in places:
            places[entry.id] = len(made.entries)
            made.entries.append(Selected(Section.AGAIN, entry))
    return tuple(places[entry.id] for entry in listed)


def _whole(selected: Sequence[Selected]) -> tuple[int, ...]:
    return tuple(range(len(selected)))


def _missing(
    tx: Transaction, settings: Settings, digest: Digest, follower: Follower, made: Audience
) -> tuple[int, ...]:
    """What the edition shows to somebody who missed an edition, or came from another rhythm of the same selection.

    All that is new to them since they follow it and nothing that a mail told them; it joins `made.entries`.
    """
    told = tx.editions.told(follower.subscriber.id, rhythms_of(settings, DigestId(digest.id)))
    places = {one.entry.id: at for at, one in enumerate(made.entries) if one.section in {Section.NEW, Section.CATCH_UP}}
    mine = {entry for entry in places if made.entries[places[entry]].section is Section.NEW}
    # What was untold when they came is theirs too, though it was seen before: editions made since then have told it.
    since, sources = follower.since, [SourceId(name) for name in digest.sources]
    theirs = [*tx.editions.news(since, sources), *tx.editions.told_since(DigestId(digest.id), since - _CLOCK)]
    for entry in theirs:
        if entry.id not in places and entry.id not in told:
            places[entry.id] = len(made.entries)
            made.entries.append(Selected(Section.CATCH_UP, entry))
        mine.add(entry.id)
    mine -= told
    return tuple(at for at, one in enumerate(made.entries) if _shows(one, at, mine, places))


def _shows(one: Selected, at: int, mine: set[EntryId], places: dict[EntryId, int]) -> bool:
    if one.section is Section.MOST_READ:
        return True
    if one.section is Section.CORRECTED:  # who reads it for the first time needs no correction
        return one.entry.id not in mine
    return one.entry.id in mine and places[one.entry.id] == at
