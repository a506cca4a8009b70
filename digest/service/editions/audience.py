"""Selects who gets an edition, with which entries: by topics, pauses, and what somebody missed or may have missed.

A mail may get lost although its last byte was sent: the connection breaks before the server's reply. It is sent once
more, and if that ends in the same way, its entries count as sent. The subscriber's next mail then lists them, once, as
entries that they may have already. No extra record is needed: the ledger and the stored texts of the mails are enough.
Decisions 98, 104 and 105.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from digest.model import DigestId, EntryId, Section, Selected, SourceId
from digest.records.editions import CLOCK_TOLERANCE
from digest.service.editions.digests import frequencies_of
from digest.service.publishing.feeds import holds_any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from digest.model import Entry, EntryId, Subscriber, SubscriberId
    from digest.records.editions import Owed
    from digest.records.people import Follower
    from digest.settings import Digest, Settings
    from digest.store.transaction import Transaction

MOST_REPEATED = 40  # titles in one mail; the next one lists the rest


@dataclass(slots=True)
class Audience:
    """The recipients of an edition. `shown` counts from 0 in `entries`, which begins with the edition's selection.

    `paused` are not mailed and will have missed it; `caught_up` get what they had missed.
    """

    entries: list[Selected]
    readers: list[tuple[Subscriber, tuple[int, ...]]] = field(default_factory=list)
    paused: list[SubscriberId] = field(default_factory=list)
    caught_up: list[SubscriberId] = field(default_factory=list)


def audience(
    tx: Transaction, settings: Settings, digest: Digest, selected: Sequence[Selected], now: datetime
) -> Audience:
    """All subscribers, without those for whom the edition has nothing.

    If the edition selected nothing new and nothing corrected, these are the subscribers who are sent something once
    more.
    """
    made = Audience(list(selected))
    whole = _whole(selected)
    places: dict[EntryId, int] = {}  # of entries that are listed once more
    once_more = entries_to_repeat(tx, settings, digest.id)
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
                made.paused.append(person.id)
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
    """The entries that the edition lists once more for somebody; they join `made.entries`, once for all subscribers.

    Entries that the edition announces to them anyway are left out.
    """
    told = {one.entry.id for one in shown if one.section in {Section.NEW, Section.CATCH_UP}}
    listed = [entry for entry in entries if entry.id not in told][:MOST_REPEATED]
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
    """The entries for somebody who missed an edition, or changed from another frequency of the same selection.

    These are all entries that are new since they follow it and that no mail announced to them. They join
    `made.entries`.
    """
    told = tx.selecting.told(follower.subscriber.id, frequencies_of(settings, DigestId(digest.id)))
    places = {one.entry.id: at for at, one in enumerate(made.entries) if one.section in {Section.NEW, Section.CATCH_UP}}
    mine = {entry for entry in places if made.entries[places[entry]].section is Section.NEW}
    # What was unannounced when they came is theirs too, although it was seen before: later editions have announced it.
    since, sources = follower.since, [SourceId(name) for name in digest.sources]
    theirs = [
        *tx.selecting.news(since, sources),
        *tx.selecting.told_since(DigestId(digest.id), since - CLOCK_TOLERANCE),
    ]
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
    if one.section is Section.CORRECTED:  # a first-time reader of the entry needs no correction
        return one.entry.id not in mine
    return one.entry.id in mine and places[one.entry.id] == at


def entries_to_repeat(tx: Transaction, settings: Settings, digest: str) -> Mapping[SubscriberId, Owed]:
    """The entries to list once more for followers of a digest, limited to the topics that they chose."""
    name = DigestId(digest)
    found = {}
    chosen: dict[tuple[tuple[str, ...], EntryId], bool] = {}  # most people have the same topics and entries
    for person, one in tx.doubts.owed(name, frequencies_of(settings, name)).items():
        for entry in one.entries if one.topics else ():
            if (one.topics, entry.id) not in chosen:
                chosen[one.topics, entry.id] = holds_any(settings, one.topics)(entry)
        wanted = tuple(entry for entry in one.entries if chosen.get((one.topics, entry.id), True))
        if wanted:
            found[person] = replace(one, entries=wanted)
    return found
