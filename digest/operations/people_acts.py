"""What an operator does about subscribers: add, import, change, unsubscribe, mail again, erase.

In the audit log stand their numbers and masked addresses: erasing a person must leave no trace there.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pydantic import Field

from digest.errors import masked
from digest.operations.core import AskedError, Context, Operation, Request, View
from digest.operations.people import LONGEST_ADDRESS, SubscriberName, SubscriberView, address_of, subscriber_facts
from digest.records.operating import Scope
from digest.service.people import roster, subscribers

if TYPE_CHECKING:
    from collections.abc import Callable

_NAMED = 10  # people named in the audit log


class LeftView(View):
    """The digests that somebody left."""

    id: int
    address: str
    left: list[str]


class LiftedPerson(View):
    """Somebody who gets mail again, and why they had got none."""

    id: int
    address: str
    reason: str
    suppressed_at: datetime | None


class LiftedView(View):
    """Who gets mail again; which of the named people do not, and why; how many others of a list do not."""

    people: list[LiftedPerson]
    problems: list[str]
    others: int


class ErasedView(View):
    """Somebody who was erased."""

    id: int
    erased: bool


class NewSubscriber(Request):
    """The person to subscribe, who agreed to it."""

    address: str = Field(min_length=3, max_length=LONGEST_ADDRESS)
    name: str = Field("", max_length=200)
    language: str | None = Field(None, max_length=20, description="zh_CN or en; by default that of the digest.")
    format: str = Field("both", max_length=20, description="both or text.")
    digests: list[str] = Field([], max_length=50, description="The digests; all if empty.")
    welcome: bool = Field(default=True, description="Send a first mail at once, as set in signup.welcome.")


class ChoicesRequest(SubscriberName):
    """The choices to change; what is absent stays."""

    language: str | None = Field(None, max_length=20, description="zh_CN or en.")
    format: str | None = Field(None, max_length=20, description="both or text.")
    topics: str | None = Field(None, max_length=500, description="Ids with commas between; empty for all.")
    zone: str | None = Field(None, max_length=100, description="A time zone; empty for that of the digest.")
    digests: list[str] = Field([], max_length=50, description="Follow these digests and no other.")
    pause: str | None = Field(None, max_length=50, description="A day, 30d, 4w, or off.")
    feed: str | None = Field(None, max_length=20, description="none, beside or instead: a private feed.")


class LeaveRequest(SubscriberName):
    """Which subscriptions to end."""

    digests: list[str] = Field([], max_length=50, description="Only these digests; all if empty.")


class SuppressRequest(SubscriberName):
    """Whom to send no more mail."""

    reason: str = Field("the operator suppressed it", min_length=1, max_length=300)


class UnsuppressRequest(Request):
    """Whom to mail again: these people and those at these domains, or everybody who fits the rest."""

    subscribers: list[str] = Field([], max_length=1000, description="Numbers or addresses.")
    domains: list[str] = Field([], max_length=100)
    since: datetime | None = Field(None, description="Only those suppressed since then.")
    reason: str = Field("", max_length=200, description="Only those whose reason contains this.")
    listed: list[str] = Field([], max_length=20_000, description="Addresses from a list; nothing is said about each.")


# --- acts -----------------------------------------------------------------------------------------


def add(context: Context, asked: NewSubscriber) -> SubscriberView:
    """Subscribe somebody who agreed to it; your act is recorded as their consent."""
    record = subscribers.add(
        context.store,
        context.settings,
        asked.address,
        name=asked.name,
        language=asked.language,
        form=asked.format,
        digests=asked.digests or None,
        welcome=asked.welcome,
        now=context.now(),
    )
    return SubscriberView(**subscriber_facts(record))


def set_choices(context: Context, asked: ChoicesRequest) -> SubscriberView:
    """Change a subscriber's choices, as they could on their own page; the change is recorded as yours."""
    given = (asked.language, asked.format, asked.topics, asked.zone, asked.pause, asked.feed)
    if all(value is None for value in given) and not asked.digests:
        raise AskedError("language", "say what to change")
    record = roster.set_choices(
        context.store,
        context.settings,
        address_of(context, asked.subscriber),
        language=asked.language,
        form=asked.format,
        topics=asked.topics,
        zone=asked.zone,
        digests=asked.digests,
        pause=asked.pause,
        feed=asked.feed,
        now=context.now(),
    )
    return SubscriberView(**subscriber_facts(record))


def leave(context: Context, asked: LeaveRequest) -> LeftView:
    """End subscriptions, for example because the subscriber asked you to; imports then skip the address."""
    record = roster.record_of(context.store, address_of(context, asked.subscriber))
    address, left = roster.leave(
        context.store, context.settings, record.subscriber.address, asked.digests, now=context.now()
    )
    return LeftView(id=record.subscriber.id, address=address, left=left)


def suppress(context: Context, asked: SuppressRequest) -> SubscriberView:
    """Send no more mail to a subscriber, for example because their server says that they do not exist."""
    from digest.service.bounces import suppressing  # noqa: PLC0415 - the others need no bounces

    address = address_of(context, asked.subscriber)
    suppressing.suppress_person(context.store, address, asked.reason, context.now())
    return SubscriberView(**subscriber_facts(roster.record_of(context.store, address)))


def unsuppress(context: Context, asked: UnsuppressRequest) -> LiftedView:
    """Send mail to suppressed addresses again; earlier bounces no longer count."""
    from digest.service.bounces import lifting  # noqa: PLC0415 - the others need no bounces

    if not (asked.subscribers or asked.domains or asked.since or asked.reason or asked.listed):
        raise AskedError("subscribers", "name somebody, a domain, a time or a reason")
    if asked.since and asked.since.tzinfo is None:
        raise AskedError("since", "has no time zone", remedy="write it like 2026-11-16T08:00:00Z")
    named = [address_of(context, one) for one in asked.subscribers]
    since = asked.since.astimezone(UTC) if asked.since else None
    chosen = lifting.ChosenPeople(named, asked.domains, since, asked.reason, asked.listed)
    done = lifting.lift(context.store, chosen, now=context.now())
    people = [LiftedPerson(id=p.id, address=p.address, reason=p.reason, suppressed_at=p.at) for p in done.people]
    return LiftedView(people=people, problems=[one.whole or str(one) for one in done.problems], others=done.others)


def erase(context: Context, asked: SubscriberName) -> ErasedView:
    """Erase a subscriber permanently; a keyed hash of the address stays, so that no import adds it again."""
    record = roster.record_of(context.store, address_of(context, asked.subscriber))
    subscribers.erase(context.store, record.subscriber.address, now=context.now())
    return ErasedView(id=record.subscriber.id, erased=True)


# --- the audit log --------------------------------------------------------------------------------


def _who(asked: SubscriberName) -> str:
    """A subscriber in the audit log, as far as the request names them."""
    return masked(asked.subscriber) if "@" in asked.subscriber else f"subscriber {asked.subscriber}"


def _named(done: SubscriberView | LeftView) -> str:
    return f"subscriber {done.id} ({masked(done.address)})"


def _state(context: Context, asked: SubscriberName | NewSubscriber) -> dict[str, Any]:
    """What a subscriber chose, without what tells who they are."""
    written = asked.address if isinstance(asked, NewSubscriber) else address_of(context, asked.subscriber)
    facts = subscriber_facts(roster.record_of(context.store, written))
    paused = facts["paused_until"]
    return {
        **{name: facts[name] for name in ("language", "format", "digests", "timezone", "topics", "private_feed")},
        "suppressed": facts["suppressed"] is not None,
        "paused_until": paused.isoformat() if paused else None,
    }


def _act(
    name: str,
    run: Callable[[Context, Any], Any],
    takes: type[SubscriberName],
    gives: type[View],
    named: Callable[[Any], str],
) -> Operation[Any, Any]:
    path = f"/subscribers/{{subscriber}}/{name}"
    return Operation(
        f"subscribers.{name}",
        "POST",
        path,
        Scope.PEOPLE,
        takes,
        gives,
        run,
        f"subscribers {name}",
        target=_who,
        state=_state,
        named=named,
    )


ADD = Operation(
    "subscribers.add",
    "POST",
    "/subscribers",
    Scope.PEOPLE,
    NewSubscriber,
    SubscriberView,
    add,
    "subscribers add",
    target=lambda asked: masked(asked.address),
    named=_named,
    state=_state,
)
SET = _act("set", set_choices, ChoicesRequest, SubscriberView, _named)
LEAVE = _act("leave", leave, LeaveRequest, LeftView, _named)
SUPPRESS = _act("suppress", suppress, SuppressRequest, SubscriberView, _named)
ERASE = _act("erase", erase, SubscriberName, ErasedView, lambda done: f"subscriber {done.id}")
UNSUPPRESS = Operation(
    "subscribers.unsuppress",
    "POST",
    "/subscribers/unsuppress",
    Scope.PEOPLE,
    UnsuppressRequest,
    LiftedView,
    unsuppress,
    "subscribers unsuppress",
    named=lambda done: ", ".join(f"subscriber {one.id}" for one in done.people[:_NAMED]) or "nobody",
)
OPERATIONS = (ADD, SET, LEAVE, SUPPRESS, ERASE, UNSUPPRESS)
