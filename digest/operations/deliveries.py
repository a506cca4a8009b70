"""Deliveries, bounces and suppressions: the fate of each mail, and what an operator decides about it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from pydantic import Field

from digest.json_output import pick
from digest.model import BounceKind, DeliveryState, EditionKey, SubscriberId
from digest.operations.core import AskedError, Context, Listed, Nothing, Operation, PageRequest, Request, View, require
from digest.operations.editions import EditionName
from digest.operations.people import address_of
from digest.records.mailing import Evidence
from digest.records.operating import Scope
from digest.service.bounces import dead_letters
from digest.service.mailing.drain import releasing

if TYPE_CHECKING:
    from digest.records.mailing import DeliveryRow
    from digest.service.mailing.drain.releasing import LeasedDelivery

ONLY_IN_THE_API = {"subscriber"}
NOT_IN_AN_EDITION = {"edition", "subscriber", "listed_again"}


class DeliveryView(View):
    """A mail of an edition. `uncertain` attempts may have succeeded; other editions may list its entries again."""

    subscriber: int
    edition: str
    address: str
    state: DeliveryState
    attempts: int
    next_at: datetime | None
    code: int | None
    text: str
    uncertain: int
    listed_again: list[str]


class RetriedView(View):
    """How many dead letters were planned again, and how many stay as they are."""

    planned: int
    left: int


class LeaseView(View):
    """A leased delivery; `lease` is `ended`, `ahead` (of any clock) or `running`: perhaps a drain is at work."""

    subscriber: int
    edition: str
    address: str
    leased_until: datetime | None
    begun: bool
    lease: releasing.HolderState
    released: bool


class ReleasedView(View):
    """How many leases were released, how many of them with unknown outcome, and how many were not."""

    released: int
    unknown: int
    left: int


class BounceView(View):
    """A bounce or complaint."""

    id: int
    subscriber: int
    address: str
    edition: str
    kind: BounceKind
    status: str | None
    text: str
    at: datetime


class HandledView(View):
    """How many messages were read, by what they were."""

    handled: dict[str, int]


class SuppressionView(View):
    """A suppression that waits for a decision."""

    edition: str
    address: str
    evidence: Evidence
    reason: str


class DecidedView(View):
    """How many suppressions were applied or dropped."""

    edition: str
    suppressed: int | None = Field(None, exclude_if=lambda value: value is None)
    dismissed: int | None = Field(None, exclude_if=lambda value: value is None)


class DeliveriesRequest(PageRequest):
    """One page of deliveries; without `states`, all of them."""

    states: list[DeliveryState] = Field([], max_length=20, description="Only deliveries in one of these states.")
    edition: str = Field("", max_length=300, description="Only deliveries of this edition.")
    subscriber: str = Field("", max_length=320, description="Only mails to this person: a number or an address.")


class RetryRequest(Request):
    """The dead letters to plan again. Those in the state `unknown` may have arrived, and would arrive twice."""

    edition: str = Field("", max_length=300, description="Only this edition.")
    subscribers: list[str] = Field([], max_length=500, description="Only mails to these numbers or addresses.")
    states: list[DeliveryState] = Field(
        [DeliveryState.FAILED], min_length=1, max_length=2, description="Which of `failed` and `unknown`."
    )


class LeasesRequest(Request):
    """The leases of one edition or of all, to these people and domains or to everybody."""

    edition: str = Field("", max_length=300, description="Only this edition.")
    who: list[str] = Field([], max_length=500, description="Only these addresses and domains.")
    force: bool = Field(default=False, description="Also leases that may be in use.")


class ReleaseRequest(LeasesRequest):
    """The leases to release."""

    sure: bool = Field(default=False, description="Also those whose mail may have arrived, and would arrive twice.")


class DecideRequest(EditionName):
    """What becomes of the suppressions that wait after an edition."""

    confirm: bool = Field(description="True: the addresses are dead. False: the fault was ours or a server's.")


class BouncesRequest(PageRequest):
    """One page of the bounces."""

    edition: str = Field("", max_length=300, description="Only bounces of this edition.")


def delivery_view(row: DeliveryRow, again: list[EditionKey]) -> DeliveryView:
    """The JSON form of a delivery."""
    names = ("subscriber", "edition", "address", "state", "attempts", "next_at", "code", "text", "uncertain")
    return DeliveryView.model_validate(pick(row, *names) | {"listed_again": again})


def list_deliveries(context: Context, asked: DeliveriesRequest) -> Listed[DeliveryView]:
    """List the mails of editions, those of the newest edition first: who, in which state, what the server said."""
    edition = EditionKey(asked.edition) if asked.edition else None
    person = None
    with context.store.read() as tx:
        if asked.subscriber:
            found = tx.subscribers.find(address_of(context, asked.subscriber))
            person = found.subscriber.id if found else None
        rows = tx.dead_letters.page(asked.states, edition, person, _after(asked.cursor), asked.limit + 1)
    shown = rows[: asked.limit]
    again = dead_letters.editions_listing_again(context.store, shown)
    last = shown[-1] if len(rows) > asked.limit else None
    return Listed[DeliveryView](
        items=[delivery_view(row, again.get((row.edition, row.subscriber), [])) for row in shown],
        next=f"{last.edition} {last.subscriber}" if last else None,
    )


def _after(cursor: str) -> tuple[EditionKey, SubscriberId] | None:
    edition, _, person = cursor.rpartition(" ")
    if cursor and not (edition and person.isascii() and person.isdecimal() and len(person) <= 15):  # noqa: PLR2004 - fits any database
        raise AskedError("cursor", "is not the `next` of a page")
    return (EditionKey(edition), SubscriberId(int(person))) if cursor else None


def retry(context: Context, asked: RetryRequest) -> RetriedView:
    """Plan dead letters again; the service sends them at its next turn."""
    if asked.subscribers:
        require(context, Scope.PEOPLE, "deliveries.retry of single people")
    if wrong := [state for state in asked.states if state not in dead_letters.DEAD]:
        raise AskedError("states", f"{wrong[0]} is not one of {', '.join(dead_letters.DEAD)}")
    addresses = [address_of(context, one) for one in asked.subscribers]
    edition = EditionKey(asked.edition) if asked.edition else None
    rows = dead_letters.dead_letters(context.store, set(asked.states), edition, addresses)
    planned = dead_letters.retry(context.store, context.settings, rows, now=context.now())
    return RetriedView(planned=len(planned), left=len(rows) - len(planned))


def _leases(context: Context, asked: LeasesRequest) -> tuple[list[LeasedDelivery], list[LeasedDelivery]]:
    """The leases that are asked for, and those of them that may be released."""
    edition = EditionKey(asked.edition) if asked.edition else None
    found = releasing.leased_deliveries(context.store, context.settings.mail, edition, asked.who, context.now())
    return found, [one for one in found if asked.force or one.state is not releasing.HolderState.RUNNING]


def leased(context: Context, asked: LeasesRequest) -> Listed[LeaseView]:
    """List the leased deliveries, and whether they would be released."""
    found, chosen = _leases(context, asked)
    return Listed[LeaseView](
        items=[
            LeaseView(
                **pick(one.row, "subscriber", "edition", "address", "leased_until", "begun"),
                lease=one.state,
                released=one in chosen,
            )
            for one in found
        ]
    )


def release(context: Context, asked: ReleaseRequest) -> ReleasedView:
    """Release deliveries whose drain is gone: their lease has ended, or ends later than any drain could have set."""
    if asked.who:
        require(context, Scope.PEOPLE, "deliveries.release of single people")
    found, chosen = _leases(context, asked)
    begun = sum(one.row.begun for one in chosen)
    if begun and not asked.sure:
        raise AskedError("sure", f"{begun} of {len(chosen)} may have arrived or be in transit, and would arrive twice")
    done = releasing.release(context.store, chosen, context.now())
    released = done.free + done.unknown
    return ReleasedView(released=released, unknown=done.unknown, left=len(found) - released)


def list_bounces(context: Context, asked: BouncesRequest) -> Listed[BounceView]:
    """List bounces and complaints, the newest first."""
    before = int(asked.cursor) if asked.cursor.isascii() and asked.cursor.isdecimal() else None
    edition = EditionKey(asked.edition) if asked.edition else None
    with context.store.read() as tx:
        found = tx.bounces.listed(before, asked.limit + 1, edition)
    items = [
        BounceView(
            id=number,
            subscriber=one.subscriber,
            address=address,
            status=one.status or None,
            **pick(one, "edition", "kind", "text", "at"),
        )
        for number, address, one in found[: asked.limit]
    ]
    return Listed[BounceView](items=items, next=str(items[-1].id) if len(found) > asked.limit else None)


def read_bounces(context: Context, _asked: Nothing) -> HandledView:
    """Read the maildir or the IMAP folder of bounces once; the service does this by itself."""
    from digest.service.bounces import messages  # noqa: PLC0415 - the parsers of mail are needed nowhere else here

    messages.require_folder(context.settings.bounces)
    return HandledView(handled=dict(messages.read_mailboxes(context.store, context.settings, context.now)))


def list_suppressions(context: Context, asked: EditionName) -> Listed[SuppressionView]:
    """List the suppressions that wait after an edition for a decision."""
    from digest.service.bounces import suppressing  # noqa: PLC0415 - as above

    found = suppressing.open_requests(context.store, EditionKey(asked.edition))
    return Listed[SuppressionView](items=[SuppressionView.model_validate(one) for one in found])


def decide(context: Context, asked: DecideRequest) -> DecidedView:
    """Apply or drop the suppressions that wait after an edition, so that sending continues."""
    from digest.service.bounces import suppressing  # noqa: PLC0415 - as above

    key = EditionKey(asked.edition)
    count = suppressing.decide_requests(context.store, key, confirm=asked.confirm, now=context.now())
    return DecidedView(edition=key, **{"suppressed" if asked.confirm else "dismissed": count})


LIST = Operation(
    "deliveries.list",
    "GET",
    "/deliveries",
    Scope.PEOPLE,
    DeliveriesRequest,
    Listed[DeliveryView],
    list_deliveries,
    "deliveries list",
)
RETRY = Operation(
    "deliveries.retry",
    "POST",
    "/deliveries/retry",
    Scope.OPERATE,
    RetryRequest,
    RetriedView,
    retry,
    "deliveries retry",
    target=lambda asked: asked.edition or "all editions",
)
LEASED = Operation(
    "deliveries.leased", "GET", "/deliveries/leased", Scope.PEOPLE, LeasesRequest, Listed[LeaseView], leased
)
RELEASE = Operation(
    "deliveries.release",
    "POST",
    "/deliveries/release",
    Scope.OPERATE,
    ReleaseRequest,
    ReleasedView,
    release,
    "deliveries release",
    target=lambda asked: asked.edition or "all editions",
)
BOUNCES = Operation("bounces.list", "GET", "/bounces", Scope.PEOPLE, BouncesRequest, Listed[BounceView], list_bounces)
READ = Operation(
    "bounces.read", "POST", "/bounces/read", Scope.OPERATE, Nothing, HandledView, read_bounces, "bounces read"
)
SUPPRESSIONS = Operation(
    "suppressions.list",
    "GET",
    "/suppressions/{edition:path}",
    Scope.PEOPLE,
    EditionName,
    Listed[SuppressionView],
    list_suppressions,
    "subscribers suppress",
)
DECIDE = Operation(
    "suppressions.decide",
    "POST",
    "/suppressions",
    Scope.PEOPLE,
    DecideRequest,
    DecidedView,
    decide,
    "subscribers suppress",
    target=lambda asked: asked.edition,
)
OPERATIONS = (LIST, RETRY, LEASED, RELEASE, BOUNCES, READ, SUPPRESSIONS, DECIDE)
