"""Selects an edition's entries, and who gets it with which of them.

Entries are new, most read, or corrected since they were announced. Subscribers get those of their topics, what they
missed, and what they may have missed: a mail may get lost although its last byte was sent, because the connection
breaks before the server's reply. It is sent once more, and if that ends in the same way, its entries count as sent. The
subscriber's next mail then lists them, once, as entries that they may have already. No extra record is needed: the
ledger and the stored texts of the mails are enough. Decisions 91, 98, 104
and 105.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING

from digest.mail.composing.corrections import Correction, is_visible
from digest.model import (
    Content,
    DigestId,
    Edition,
    Entry,
    EntryId,
    Section,
    Selected,
    SourceId,
    Subscriber,
    SubscriberId,
)
from digest.records.editions import CLOCK_TOLERANCE, FIRST_REACH, DigestState, Owed
from digest.records.people import Follower
from digest.records.publishing import RevisionRecord
from digest.service.editions.digests import frequencies_of
from digest.service.publishing import feeds, redating

if TYPE_CHECKING:
    from digest.settings import Digest, Settings
    from digest.store.transaction import Transaction
MOST_REPEATED = 40  # titles in one mail; the next one lists the rest


@dataclass(frozen=True, slots=True)
class Selection:
    """The content of an edition; `before` has what changed in corrected entries since they were announced."""

    entries: tuple[Selected, ...]
    before: dict[EntryId, tuple[Correction, ...]]

    @property
    def empty(self) -> bool:
        """Whether nothing is new and nothing corrected; most read entries alone are no edition."""
        return all(one.section is Section.MOST_READ for one in self.entries)

    def contents(self, entries: Sequence[Selected]) -> Iterator[Content]:
        """All texts that these entries may show."""
        yield from (one.entry.content for one in entries)
        yield from (content for steps in self.before.values() for one in steps for content in (one.before, one.after))


def select_entries(tx: Transaction, digest: Digest, state: DigestState) -> Selection:
    """Select the content of an edition of a digest that is made now, as the operator planned it."""
    sources: Sequence[SourceId] = [SourceId(name) for name in digest.sources]
    plan = tx.control.plan(state.id)
    untold = tx.selecting.untold(state.id, state.configured_at - FIRST_REACH, sources)
    new = plan.in_order([entry for entry in untold if plan.lists(entry)])
    corrected = [
        (entry, steps)
        for entry in tx.selecting.corrected(state.id)
        if plan.lists(entry)
        and is_visible(steps := _corrections(tx, state.id, entry.id))
        and _leads_elsewhere(steps, entry)
    ]
    read = tx.selecting.most_read(state.last_close_at, sources, digest.most_read) if state.last_close_at else []
    return Selection(
        (
            *(Selected(Section.NEW, entry) for entry in new),
            *(Selected(Section.MOST_READ, entry, gained) for entry, gained in read if plan.lists(entry)),
            *(Selected(Section.CORRECTED, entry) for entry, _ in corrected),
        ),
        {entry.id: steps for entry, steps in corrected},
    )


def _leads_elsewhere(steps: Sequence[Correction], entry: Entry) -> bool:
    """Whether the corrections, taken together, changed what people see, and it is still so.

    A correction that was taken back before anybody heard of it is none, even if the text changed later in silence.
    """
    dated = [one for one in steps if one.now is not None]
    before, after = steps[0].before, steps[-1].after
    announced = Correction(before, after, *((dated[0].was, dated[-1].now) if dated else ()))
    present = Correction(before, entry.content, *((dated[0].was, entry.date) if dated else ()))
    return is_visible((announced,)) and is_visible((present,))


def _corrections(tx: Transaction, digest: DigestId, entry: EntryId) -> tuple[Correction, ...]:
    """Each correction since the revision that the digest announced, with what it replaced, oldest first."""
    return _since(tx.entries.revisions(entry), tx.selecting.told_revision(digest, entry) or 1)


def corrections_of(tx: Transaction, edition: Edition, entry: EntryId, revision: int) -> tuple[Correction, ...]:
    """The corrections that an edition announced of an entry, which it froze at this revision."""
    announced = tx.selecting.told_revision(edition.digest, entry, before=edition.closes_at) or 1
    return _since(tx.entries.revisions(entry)[:revision], announced)


def _since(revisions: Sequence[RevisionRecord], announced: int) -> tuple[Correction, ...]:
    """The corrections after the announced revision. A date that is what was announced again is corrected by none."""
    was = next((one.date for one in revisions if one.number == announced), None)
    redated = bool(revisions) and revisions[-1].date != was
    found = []
    for old, new in pairwise(revisions):
        dates = (old.date, new.date) if redated and redating.tells_another_day(old, new) else ()
        if new.number > announced and (new.significant or dates):
            found.append(Correction(old.content, new.content, *dates))
    return tuple(found)


@dataclass(slots=True)
class Audience:
    """The recipients of an edition. `shown` counts from 0 in `entries`, which begins with the edition's selection.

    `paused` are not mailed and will have missed it; `caught_up` get what they had missed.
    """

    entries: list[Selected]
    recipients: list[tuple[Subscriber, tuple[int, ...]]] = field(default_factory=list)
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
            shown = _missed_entries(tx, settings, digest, follower, made)
        if person.topics:
            holds = rules.setdefault(person.topics, feeds.holds_any(settings, person.topics))
            shown = tuple(at for at in shown if holds(made.entries[at].entry))
        if person.id in once_more:
            shown += _entries_once_more(once_more[person.id].entries, {made.entries[at] for at in shown}, places, made)
        if any(made.entries[at].section is not Section.MOST_READ for at in shown):
            made.recipients.append((person, shown))
    return made


def _entries_once_more(
    entries: Iterable[Entry], shown: Iterable[Selected], places: dict[EntryId, int], made: Audience
) -> tuple[int, ...]:
    """The entries that the edition lists once more for somebody; they join `made.entries`, once for all subscribers.

    Entries that the edition announces to them anyway are left out.
    """
    announced = {one.entry.id for one in shown if one.section in {Section.NEW, Section.CATCH_UP}}
    listed = [entry for entry in entries if entry.id not in announced][:MOST_REPEATED]
    for entry in listed:
        if entry.id not in places:
            places[entry.id] = len(made.entries)
            made.entries.append(Selected(Section.AGAIN, entry))
    return tuple(places[entry.id] for entry in listed)


def _whole(selected: Sequence[Selected]) -> tuple[int, ...]:
    return tuple(range(len(selected)))


def _missed_entries(
    tx: Transaction, settings: Settings, digest: Digest, follower: Follower, made: Audience
) -> tuple[int, ...]:
    """The entries for somebody who missed an edition, or changed from another frequency of the same selection.

    These are all entries that are new since they follow it and that no mail announced to them. They join
    `made.entries`.
    """
    announced = tx.selecting.sent_entries(follower.subscriber.id, frequencies_of(settings, DigestId(digest.id)))
    places = {one.entry.id: at for at, one in enumerate(made.entries) if one.section in {Section.NEW, Section.CATCH_UP}}
    mine = {entry for entry in places if made.entries[places[entry]].section is Section.NEW}
    # What was unannounced when they came is theirs too, although it was seen before: later editions have announced it.
    since, sources = follower.since, [SourceId(name) for name in digest.sources]
    plan = tx.control.plan(DigestId(digest.id))
    theirs = [
        *tx.selecting.news(since, sources),
        *tx.selecting.told_since(DigestId(digest.id), since - CLOCK_TOLERANCE),
    ]
    for entry in filter(plan.lists, theirs):
        if entry.id not in places and entry.id not in announced:
            places[entry.id] = len(made.entries)
            made.entries.append(Selected(Section.CATCH_UP, entry))
        mine.add(entry.id)
    mine -= announced
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
                chosen[one.topics, entry.id] = feeds.holds_any(settings, one.topics)(entry)
        wanted = tuple(entry for entry in one.entries if chosen.get((one.topics, entry.id), True))
        if wanted:
            found[person] = replace(one, entries=wanted)
    return found
