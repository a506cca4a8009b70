"""Subscribers as an operator sees them: search, one person with their consent, exports, growth, and the form."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pydantic import Field

from digest.errors import UnknownError, UnknownPersonError
from digest.json_output import pick
from digest.lists.table import csv_lines
from digest.model import DeliveryState, SubscriberId
from digest.operations.core import AskedError, Context, Listed, Operation, PageRequest, Request, View
from digest.records.operating import Scope
from digest.service.people import roster, subscribers

if TYPE_CHECKING:
    from digest.records.people import OnRoster, SubscriberRecord

LONGEST_ADDRESS = 320


class SubscriberView(View):
    """A subscriber and their choices."""

    id: int
    address: str
    name: str
    language: str
    format: str
    digests: list[str]
    created_at: datetime
    suppressed: str | None
    timezone: str | None
    topics: list[str]
    paused_until: datetime | None
    private_feed: str


class ListedSubscriber(SubscriberView):
    """A subscriber in a list, with their state."""

    state: roster.PersonState


class ConsentView(View):
    """A record of joining or leaving a digest: who acted and how, and to which wording they agreed."""

    digest: str
    act: str
    source: str
    wording: str | None
    asked_at: datetime | None
    at: datetime


class PersonDelivery(View):
    """A mail to a person."""

    edition: str
    state: DeliveryState
    accepted_at: datetime | None


class PersonBounce(View):
    """A bounce of a mail to a person."""

    edition: str
    kind: str
    status: str | None
    text: str
    at: datetime


class PersonSuppression(View):
    """When an address was suppressed or unsuppressed, and why."""

    act: str
    reason: str
    at: datetime


class PersonView(View):
    """Everything stored about a person."""

    id: int
    address: str
    name: str
    language: str
    format: str
    timezone: str | None
    topics: list[str]
    paused_until: datetime | None
    private_feed: str | None
    created_at: datetime
    digests: list[str]
    suppressed: str | None
    consents: list[ConsentView]
    deliveries: list[PersonDelivery]
    bounces: list[PersonBounce]
    suppressions: list[PersonSuppression]


class CsvView(View):
    """A part of a CSV file, which `import` can read; only the first part has the headings."""

    csv: str
    next: str | None


class WeekView(View):
    """How often people joined and left digests in a week, which begins on that Monday in UTC."""

    week: date
    joined: int
    left: int


class GrowthView(View):
    """The present numbers of people by state, and the weeks, the oldest first. Erased people are in none of them."""

    people: dict[roster.PersonState, int]
    weeks: list[WeekView]


class FormView(View):
    """The HTML of a form for another site."""

    html: str


class SubscriberName(Request):
    """One subscriber."""

    subscriber: str = Field(max_length=LONGEST_ADDRESS, description="The number or the address of a subscriber.")


class SubscribersRequest(PageRequest):
    """One page of the subscribers, in the order in which they joined."""

    search: str = Field("", max_length=200, description="Only those whose address or name contains this.")
    state: roster.PersonState | None = Field(None, description="Only those in this state.")
    digest: str = Field("", max_length=200, description="Only those who follow this digest or left it.")


class GrowthRequest(Request):
    """The weeks to count."""

    weeks: int = Field(52, ge=1, le=520, description="How many weeks, with the present one.")
    digest: str = Field("", max_length=200, description="Only this digest.")


class FormRequest(Request):
    """The form to make."""

    digests: list[str] = Field([], max_length=50, description="Choose these digests on the page.")
    back: str = Field("", max_length=2000, description="Link back to this address, at one of signup.hosts.")


def address_of(context: Context, written: str) -> str:
    """The address of a subscriber who is named by it or by a number.

    Raises:
        UnknownPersonError: there is nobody with this number.
    """
    if not (written.isascii() and written.isdecimal() and len(written) <= 15):  # noqa: PLR2004 - fits any database
        return written
    with context.store.read() as tx:
        record = tx.subscribers.get(SubscriberId(int(written)))
    if record is None:
        raise UnknownPersonError(written)
    return record.subscriber.address


def subscriber_facts(record: SubscriberRecord | OnRoster) -> dict[str, Any]:
    """The fields of a `SubscriberView`."""
    person = record.subscriber
    return {
        **pick(person, "id", "address", "name", "language", "format"),
        "digests": _followed(record),
        "created_at": person.created_at,
        "suppressed": record.suppressed or None,
        "timezone": person.timezone or None,
        "topics": list(person.topics),
        "paused_until": person.paused_until,
        "private_feed": str(person.feed),
    }


def _followed(record: SubscriberRecord | OnRoster) -> list[str]:
    if hasattr(record, "followed"):
        return [one.digest for one in record.followed if one.left_at is None]
    return list(record.digests)


def _number(cursor: str) -> int:
    if cursor and not (cursor.isascii() and cursor.isdecimal() and len(cursor) <= 15):  # noqa: PLR2004 - as above
        raise AskedError("cursor", "is not the `next` of a page")
    return int(cursor or 0)


def require_digest(context: Context, name: str) -> None:
    """Check that a digest is configured.

    Raises:
        UnknownError: it is not.
    """
    if name and context.settings.digest(name) is None:
        raise UnknownError("digest", name, remedy="the configuration lists the digests")


def list_people(context: Context, asked: SubscribersRequest) -> Listed[ListedSubscriber]:
    """Search subscribers, or list them all, in the order in which they joined."""
    require_digest(context, asked.digest)
    now, digest = context.now(), asked.digest or None
    with context.store.read() as tx:
        found = tx.roster.page(
            now,
            after=_number(asked.cursor),
            limit=asked.limit + 1,
            search=asked.search,
            state=asked.state or "",
            digest=digest,
        )
    items = [
        ListedSubscriber(**subscriber_facts(one), state=roster.state_of(one, now, digest))
        for one in found[: asked.limit]
    ]
    return Listed[ListedSubscriber](items=items, next=str(items[-1].id) if len(found) > asked.limit else None)


def show(context: Context, asked: SubscriberName) -> PersonView:
    """Show everything stored about a subscriber, with their consent record."""
    number = roster.record_of(context.store, address_of(context, asked.subscriber)).subscriber.id
    (found,) = subscribers.export_page(context.store, number - 1, 1)
    return PersonView.model_validate(found)


def export(context: Context, asked: PageRequest) -> Listed[PersonView]:
    """Export everything stored about subscribers, page by page in the order in which they joined."""
    found = subscribers.export_page(context.store, _number(asked.cursor), asked.limit + 1)
    items = [PersonView.model_validate(one) for one in found[: asked.limit]]
    return Listed[PersonView](items=items, next=str(items[-1].id) if len(found) > asked.limit else None)


def export_csv(context: Context, asked: PageRequest) -> CsvView:
    """Export the subscribers and their consent as CSV, page by page; `import` can read it."""
    with context.store.read() as tx:
        found = tx.roster.page(context.now(), after=_number(asked.cursor), limit=asked.limit + 1)
    shown = found[: asked.limit]
    lines = csv_lines(roster.HEADS, roster.export_rows(shown))
    if asked.cursor:
        next(iter(lines), None)
    last = str(shown[-1].subscriber.id) if len(found) > asked.limit else None
    return CsvView(csv="".join(lines), next=last)


def growth(context: Context, asked: GrowthRequest) -> GrowthView:
    """Count who joined and left in each week, and who is there now."""
    now = context.now()
    monday = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=now.weekday())
    weeks = [monday - timedelta(weeks=back) for back in range(asked.weeks - 1, -1, -1)]
    counted = roster.people_counts(context.store, now, weeks[0], asked.digest)
    sums: dict[tuple[date, str], int] = {}
    for day, act, number in counted.days:
        parsed = date.fromisoformat(day)
        week = parsed - timedelta(days=parsed.weekday())
        sums[week, act] = sums.get((week, act), 0) + number
    made = [
        WeekView(week=one.date(), joined=sums.get((one.date(), "joined"), 0), left=sums.get((one.date(), "left"), 0))
        for one in weeks
    ]
    return GrowthView(people={state: counted.states.get(state, 0) for state in roster.PersonState}, weeks=made)


def form(context: Context, asked: FormRequest) -> FormView:
    """Make the HTML of a form for your own site, which leads to the page on which people subscribe."""
    from digest.service.people.forms import foreign_form  # noqa: PLC0415 - the others need no templates

    return FormView(html=foreign_form(context.settings, asked.digests, asked.back))


LIST = Operation(
    "subscribers.list",
    "GET",
    "/subscribers",
    Scope.PEOPLE,
    SubscribersRequest,
    Listed[ListedSubscriber],
    list_people,
    "subscribers list",
)
GROWTH = Operation("subscribers.growth", "GET", "/subscribers/growth", Scope.READ, GrowthRequest, GrowthView, growth)
FORM = Operation(
    "subscribers.form", "GET", "/subscribers/form", Scope.READ, FormRequest, FormView, form, "subscribers form"
)
EXPORT = Operation(
    "subscribers.export",
    "GET",
    "/subscribers/export",
    Scope.PEOPLE,
    PageRequest,
    Listed[PersonView],
    export,
    "subscribers export",
)
EXPORT_CSV = Operation(
    "subscribers.export-csv",
    "GET",
    "/subscribers/export.csv",
    Scope.PEOPLE,
    PageRequest,
    CsvView,
    export_csv,
    "subscribers export",
)
SHOW = Operation(
    "subscribers.show",
    "GET",
    "/subscribers/{subscriber}",
    Scope.PEOPLE,
    SubscriberName,
    PersonView,
    show,
    "subscribers show",
)
OPERATIONS = (LIST, GROWTH, FORM, EXPORT, EXPORT_CSV, SHOW)
