"""Explains the state of an entry, and why it was sent to somebody or not: the stored facts, in sentences' order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from digest.editions.schedule import next_slot
from digest.errors import UnknownError
from digest.model import DeliveryState, DigestId, Edition, EditionKey, EntryId, Section, SourceId
from digest.records.editions import FIRST_REACH
from digest.records.intake import DumpState
from digest.records.people import SubscriberRecord
from digest.records.publishing import Act, ActKind, EntryState, Handled
from digest.records.upkeep import Mention, Story
from digest.service.editions.digests import schedule_of
from digest.service.people.subscribers import require_person
from digest.service.publishing.feeds import holds_any
from digest.settings import Digest, Settings, Source

if TYPE_CHECKING:
    from digest.store.transaction import Store, Transaction

_CANDIDATES = 20
_HELD = 3  # dumps that are named
_TELLING = {Section.NEW, Section.CATCH_UP}
_PERSONAL = {*_TELLING, Section.AGAIN}  # for some subscribers only


@dataclass(frozen=True, slots=True)
class NotAnnounced:
    """The relation of a digest to an entry that it did not announce: `why` is a sentence."""

    digest: str
    why: str


@dataclass(frozen=True, slots=True)
class Dealing:
    """The outcome of an edition with the entry, for one person. `why` is a sentence."""

    edition: EditionKey
    section: Section
    state: DeliveryState | None
    attempts: int
    accepted_at: datetime | None
    code: int | None
    text: str
    why: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """An entry, the digests that announced nothing of it, and, if requested, what one person got of it.

    `dumps` has the state of each dump that shows it and is not good: held or failed, and why. `acts` are the operators'
    changes to it, oldest first. `uids` are the identifiers by which sources showed it.
    """

    story: Story
    handled: Handled
    acts: tuple[Act, ...]
    unannounced: tuple[NotAnnounced, ...]
    dumps: tuple[tuple[SourceId, str, DumpState, str], ...]
    person: SubscriberRecord | None
    dealings: tuple[Dealing, ...]
    person_why: str
    uids: tuple[tuple[SourceId, str], ...] = ()


def candidates(store: Store, settings: Settings, asked: str) -> list[tuple[EntryId, str]]:
    """The entry with this id, or those that have or had these words in their title.

    Raises:
        UnknownError: there is none.
    """
    with store.read() as tx:
        found = tx.audit.matching(asked, _CANDIDATES)
        held = [] if found else _held(tx, settings.sources)
    if not found:
        remedy = "see `digest entries list`, or give a part of its title"
        if held:
            more = f" and {len(held) - _HELD} more" if len(held) > _HELD else ""
            remedy += f"; nothing is known of what only a held dump shows: {', '.join(held[:_HELD])}{more}"
            remedy += ": see `digest source show ID`"
        raise UnknownError("entry", asked, remedy=remedy)
    return found


def _held(tx: Transaction, sources: Iterable[Source]) -> list[str]:
    """The held dumps by source and path."""
    each = ((source.id, tx.readings.dumps(SourceId(source.id))) for source in sources)
    return sorted(
        f"{name}/{path}" for name, dumps in each for path, dump in dumps.items() if dump.state is DumpState.HELD
    )


def explain(store: Store, settings: Settings, entry: EntryId, address: str | None, now: datetime) -> Explanation:
    """Everything known about one entry.

    Raises:
        UnknownError: there is no such entry or person.
    """
    with store.read() as tx:
        story = tx.audit.story(entry)
        if story is None:
            raise UnknownError("entry", entry, remedy="see `digest entries list`")
        told = {mention.edition.digest for mention in story.mentions if mention.section in _TELLING}
        untold = (digest for digest in settings.digests if digest.id not in told)
        person = require_person(tx, address) if address else None
        handled = tx.by_hand.entry(entry)
        assert handled is not None  # noqa: S101 - it has a history
        return Explanation(
            story,
            handled,
            tuple(tx.by_hand.acts(entry)),
            tuple(NotAnnounced(digest.id, _why_untold(tx, story, handled, digest, now)) for digest in untold),
            _troubled(tx, story),
            person,
            tuple(_dealing(tx, settings, story, one, person) for one in story.mentions) if person else (),
            _why_nobody(settings.digests, person, now) if person else "",
            tuple(tx.entries.uids(entry)),
        )


def _why_untold(tx: Transaction, story: Story, handled: Handled, digest: Digest, now: datetime) -> str:
    shown = {one.source for one in story.shown}
    state = tx.editions.digest(DigestId(digest.id))
    reaches = state is None or state.editions or story.first_seen_at >= state.configured_at - FIRST_REACH
    schedule, plan = schedule_of(digest), tx.control.plan(DigestId(digest.id))
    out = next((one for one in plan.left_out if one.entry == story.entry), None)
    later = plan.asked_at is not None and story.first_seen_at > plan.asked_at
    reasons = {
        f"it was merged into {handled.merged_into}": handled.merged_into,
        "it was removed": story.removed_at,
        "it is hidden: `digest entries publish` ends that": handled.state is EntryState.HIDDEN,
        "its dumps were forgotten": handled.state is EntryState.FORGOTTEN,
        "an entry that was merged into it was announced": _told_through(tx, story, digest),
        "you left it out of this digest: `digest edition leave-out --undo` ends that": out and not out.once,
        "you left it out of the next edition: the one after it includes it": out,
        "the next edition waits for your approval, and this came later: the one after it includes it": later,
        "the first import of its source is not finished: nothing of it is published yet": story.updated_at is None,
        "it came with the first import of its source and is older than its `backlog`: no news": not story.announced,
        f"the digest tells of {', '.join(digest.sources)} only": digest.sources and not shown & set(digest.sources),
        "it was there long before the digest was configured": not reaches,
        "the store is fenced: see `digest unfence`": tx.backups.fenced(),
        f"it waits for the next edition, at {next_slot(schedule, now):%Y-%m-%d %H:%M} UTC": True,
    }
    return next(reason for reason, holds in reasons.items() if holds)


def _told_through(tx: Transaction, story: Story, digest: Digest) -> bool:
    """Whether the digest announced another entry as new that is merged with this one."""
    merged = {act.other for act in tx.by_hand.acts(story.entry) if act.kind is ActKind.MERGE and act.other}
    others = (tx.audit.story(one) for one in merged if tx.by_hand.merged_into(one) == story.entry)
    return any(
        mention.edition.digest == digest.id and mention.section is Section.NEW
        for other in others
        if other
        for mention in other.mentions
    )


def _troubled(tx: Transaction, story: Story) -> tuple[tuple[SourceId, str, DumpState, str], ...]:
    found = []
    for source in {place.source for place in story.places}:
        paths = {place.path for place in story.places if place.source == source}
        dumps = tx.readings.dumps(source)
        found += [(source, path, dumps[path].state, dumps[path].reason) for path in sorted(paths)]
    return tuple(one for one in found if one[3])


def _dealing(tx: Transaction, settings: Settings, story: Story, mention: Mention, person: SubscriberRecord) -> Dealing:
    edition = mention.edition
    row = tx.audit.delivery(edition.key, person.subscriber.id)
    if row is None:
        why = _why_no_mail(settings, story, mention, person, tx)
        return Dealing(edition.key, mention.section, None, 0, None, None, "", why)
    accepted = next((at for key, _, at in person.deliveries if key == edition.key), None)
    told = tx.audit.tells(edition.key, person.subscriber.id, story.entry, mention.section)
    why = _why_state(row.state, edition, person, told=told or mention.section not in _PERSONAL)
    if row.state in {DeliveryState.UNKNOWN, DeliveryState.FAILED} and told:
        listed = tx.doubts.listed_in(edition.key, person.subscriber.id) if row.uncertain else []
        why += "".join(f"; what it told is listed once more in {key}" for key in listed)
    return Dealing(
        edition.key,
        mention.section,
        row.state,
        row.attempts,
        accepted,
        row.code,
        row.text,
        why,
    )


def _why_state(state: DeliveryState, edition: Edition, person: SubscriberRecord, *, told: bool) -> str:
    if not told:
        return "their mail of this edition leaves it out: another topic, or they had got it before"
    if state is DeliveryState.SUPPRESSED and edition.cancelled_at and not person.suppressed:
        return f"never mailed: you cancelled the edition at {edition.cancelled_at:%Y-%m-%d %H:%M} UTC"
    if state in {DeliveryState.PLANNED, DeliveryState.DEFERRED} and edition.held_at:
        return f"it waits: you held the edition at {edition.held_at:%Y-%m-%d %H:%M} UTC"
    if state is DeliveryState.SUPPRESSED:
        return f"never mailed: {person.suppressed or 'they left or paused before it went out'}"
    return {
        DeliveryState.ACCEPTED: "it was sent",
        DeliveryState.PLANNED: "it waits to be sent",
        DeliveryState.LEASED: "it is being sent",
        DeliveryState.DEFERRED: "the server refused it for now; it is tried again",
        DeliveryState.FAILED: "the server refused it permanently",
        DeliveryState.UNKNOWN: "the connection was lost: they may have it",
    }[state]


def _why_no_mail(settings: Settings, story: Story, mention: Mention, person: SubscriberRecord, tx: Transaction) -> str:
    """Why there is no delivery: not subscribed at that time, or the edition had nothing for them."""
    edition, subscribed = mention.edition, False
    for consent in person.consents:
        if consent.digest == edition.digest and consent.at <= edition.closes_at:
            subscribed = consent.act == "joined"
    if not subscribed:
        joined = next((c.at for c in person.consents if c.digest == edition.digest and c.act == "joined"), None)
        since = f"; they joined at {joined:%Y-%m-%d %H:%M} UTC" if joined else ""
        return f"they were not subscribed when it was made, at {edition.closes_at:%Y-%m-%d %H:%M} UTC{since}"
    entry = tx.entries.entry(story.entry)
    topics = person.subscriber.topics
    if topics and entry and not holds_any(settings, topics)(entry):
        return f"they read {', '.join(topics)} only"
    return "no mail was made for them: they paused, were undeliverable, or it held nothing for them"


def _why_nobody(digests: Sequence[Digest], person: SubscriberRecord, now: datetime) -> str:
    """The present state of the person."""
    if person.suppressed:
        return f"not mailed any more: {person.suppressed}"
    paused = person.subscriber.paused_until
    if paused and paused > now:
        return f"paused until {paused:%Y-%m-%d %H:%M} UTC"
    names = {digest.id for digest in digests}
    active = [name for name in person.digests if name in names]
    return f"subscribed to {', '.join(active)}" if active else "left every digest"
