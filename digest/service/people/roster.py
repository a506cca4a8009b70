"""Operators' view of people: lists, their choices, and unsubscribing them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from digest.errors import DigestError, UnknownError
from digest.lists.values import format_of, parse_time, split_tags
from digest.model import DigestId, Format, PrivateFeed
from digest.records.operating import consent_by_operator
from digest.records.people import OnRoster, SubscriberRecord
from digest.service.people import preferences
from digest.service.people.preferences import Choices
from digest.service.people.subscribers import checked_language, chosen_digests, require_person, topic_named
from digest.settings import Settings, Topic

if TYPE_CHECKING:
    from digest.store.transaction import Store

_SPAN = re.compile(r"(?P<number>\d{1,4})\s*(?P<unit>[dw])")
_DAYS = {"d": 1, "w": 7}
_MANY, _MINUTE = 5_000, timedelta(minutes=1)
HEADS = (
    "address",
    "name",
    "language",
    "format",
    "timezone",
    "topics",
    "paused_until",
    "digest",
    "status",
    "consented_at",
    "asked_at",
    "consent_source",
    "wording",
    "left_at",
)


class PersonState(StrEnum):
    """The state of a person: the first of these that is true."""

    SUPPRESSED = "suppressed"
    LEFT = "left"
    PAUSED = "paused"
    ACTIVE = "active"


def state_of(person: OnRoster, now: datetime, digest: str | None = None) -> PersonState:
    """The state of a person with a digest, or with all of them."""
    if person.suppressed:
        return PersonState.SUPPRESSED
    if not any(one.left_at is None for one in person.followed if digest in {None, one.digest}):
        return PersonState.LEFT
    until = person.subscriber.paused_until
    return PersonState.PAUSED if until and until > now else PersonState.ACTIVE


def list_people(
    store: Store, now: datetime, *, search: str = "", state: PersonState | None = None, digest: str | None = None
) -> Iterator[tuple[OnRoster, PersonState]]:
    """The people whose address or name contains the words, who ever followed the digest, and have this state."""
    wanted = search.casefold()
    with store.read() as tx:
        for person in tx.roster.people():
            known = f"{person.subscriber.address}\n{person.subscriber.name}".casefold()
            followed = digest is None or any(one.digest == digest for one in person.followed)
            present = state_of(person, now, digest)
            if wanted in known and followed and state in {None, present}:
                yield person, present


@dataclass(frozen=True, slots=True)
class PeopleCounts:
    """How many people are in each state, how many follow each digest, and what happened on each day since `since`.

    `days` has the day as a text, `joined` or `left`, and how often, as `Roster.growth` returns them.
    """

    at: datetime
    since: datetime
    states: dict[str, int]
    followers: dict[DigestId, int]
    days: tuple[tuple[str, str, int], ...]


_counted: WeakKeyDictionary[Store, dict[str, PeopleCounts]] = WeakKeyDictionary()


def people_counts(store: Store, now: datetime, since: datetime, digest: str = "") -> PeopleCounts:
    """Count people, and the joins and leaves of a digest or of all since then.

    With many people, the counts are those of the last minute: each count reads everybody.
    """
    kept = _counted.setdefault(store, {})
    last = kept.get(digest)
    if last and sum(last.states.values()) >= _MANY and timedelta(0) <= now - last.at < _MINUTE and since >= last.since:
        return last
    with store.read() as tx:
        days = tx.roster.growth(since, DigestId(digest) if digest else None)
        counts = PeopleCounts(now, since, tx.roster.numbers(now), tx.roster.followers(), tuple(days))
    kept.clear()  # one selection is enough
    kept[digest] = counts
    return counts


Kinds = list[tuple[str, Format, tuple[str, ...], int]]
_kinds: WeakKeyDictionary[Store, dict[DigestId, tuple[datetime, Kinds]]] = WeakKeyDictionary()


def kinds_of(store: Store, digest: DigestId, now: datetime) -> Kinds:
    """What `Roster.kinds` counts; with many people, that of the last minute, as in `people_counts`."""
    kept = _kinds.setdefault(store, {})
    if digest in kept:
        at, known = kept[digest]
        if sum(one[-1] for one in known) >= _MANY and timedelta(0) <= now - at < _MINUTE:
            return known
    with store.read() as tx:
        found = tx.roster.kinds(digest)
    kept[digest] = now, found
    return found


def export_rows(people: Iterable[OnRoster]) -> Iterator[Sequence[object]]:
    """A row per person and digest that they follow or followed, under `HEADS`; an import can read it."""
    for person in people:
        who = person.subscriber
        before = (
            who.address,
            who.name,
            who.language,
            str(who.format),
            who.timezone,
            ", ".join(who.topics),
            _written(who.paused_until),
        )
        for one in person.followed:
            status = "unsubscribed" if one.left_at else "subscribed"
            if person.suppressed:
                status = f"suppressed: {person.suppressed}"
            consent = one.consent
            times = (consent.at, consent.asked_at) if consent else (None, None)
            texts = (consent.source, consent.wording) if consent else ("", "")
            yield (*before, one.digest, status, *map(_written, times), *texts, _written(one.left_at))


def _written(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""


def record_of(store: Store, address: str) -> SubscriberRecord:
    """Everything stored about a person.

    Raises:
        UnknownError: there is no such person.
    """
    with store.read() as tx:
        return require_person(tx, address)


def set_choices(
    store: Store,
    settings: Settings,
    address: str,
    *,
    language: str | None = None,
    form: str | None = None,
    topics: str | None = None,
    zone: str | None = None,
    digests: Sequence[str] = (),
    pause: str | None = None,
    feed: str | None = None,
    now: datetime,
) -> SubscriberRecord:
    """Change the given choices of a person, as the operator's act; empty topics or zone are the defaults.

    Raises:
        UnknownError: there is no such person, digest or topic.
        DigestError: another value is invalid.
    """
    record = record_of(store, address)
    person = record.subscriber
    wishes = Choices(
        record.digests, person.topics, person.language, person.format, person.timezone, person.paused_until
    )
    if language is not None:
        wishes = replace(wishes, language=checked_language(language))
    if form is not None:
        wishes = replace(wishes, format=_form(form))
    if topics is not None:
        wishes = replace(wishes, topics=_topics(settings.topics, topics))
    if zone is not None:
        wishes = replace(wishes, timezone=zone)
    if digests:
        wishes = replace(wishes, digests=tuple(chosen_digests(settings, digests)))
    if pause is not None:
        wishes = replace(wishes, paused_until=_pause(pause, now))
    chosen = _feed(feed) if feed is not None else None
    source = consent_by_operator("subscribers set")
    preferences.change_preferences(store, settings, person.id, wishes, now, source=source)
    if chosen is not None:
        preferences.choose_feed(store, person.id, chosen, now)
    return record_of(store, address)


def _form(written: str) -> Format:
    found = format_of(written)
    if found is None:
        raise DigestError(f"{written!r} is no format (there are both, text)")
    return found


def _feed(written: str) -> PrivateFeed:
    name = "" if written == "none" else written
    if name not in set(PrivateFeed):
        raise DigestError(f"{written!r} is no choice of a private feed (there are none, beside, instead)")
    return PrivateFeed(name)


def _topics(topics: Sequence[Topic], written: str) -> tuple[str, ...]:
    chosen = []
    for tag in split_tags(written):
        meant = topic_named(topics, tag)
        if meant is None:
            raise UnknownError("topic", tag, remedy="the configuration names the topics")
        chosen.append(meant)
    return tuple(dict.fromkeys(chosen))


def _pause(written: str, now: datetime) -> datetime | None:
    """The end of a pause: from a day, a number of days or weeks, or `off`."""
    if written.strip().lower() in {"off", "no", "none", ""}:
        return None
    span = _SPAN.fullmatch(written.strip().lower())
    until = now + timedelta(days=int(span["number"]) * _DAYS[span["unit"]]) if span else parse_time(written)
    if until is None:
        raise DigestError(f"{written!r} is no pause (write a day such as 2027-01-31, 30d, 4w, or off)")
    if until <= now:
        raise DigestError(f"{written!r} is past (write a day that lies ahead, or off)")
    return until.astimezone(UTC)


def leave(
    store: Store, settings: Settings, address: str, digests: Sequence[str], *, now: datetime
) -> tuple[str, list[DigestId]]:
    """End a person's subscriptions, all without `digests`, as the operator's act; returns address and ended digests.

    Deliveries that are not begun are cancelled.

    Raises:
        UnknownError: there is no such person or digest.
        DigestError: they follow none of them.
    """
    record = record_of(store, address)
    unknown = [name for name in digests if settings.digest(name) is None and name not in record.digests]
    if unknown:
        raise UnknownError("digest", unknown[0], remedy="`digest subscribers show` names what they follow")
    wanted = [DigestId(name) for name in digests] or list(record.digests)
    with store.write() as tx:
        source = consent_by_operator("subscribers leave")
        left = [one for one in wanted if tx.subscribers.leave(record.subscriber.id, one, source, now)]
    if not left:
        raise DigestError(f"{record.subscriber.address}: follows none of them any more")
    return record.subscriber.address, left
