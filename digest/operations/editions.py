"""Editions and digests as an operator sees them: lists, one edition, how far it is, and what the next one holds."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from digest.editions.schedule import next_slot
from digest.errors import ConfigurationError, UnknownError
from digest.json_output import pick
from digest.model import DeliveryState, DigestId, EditionKey, Section
from digest.operations.core import AskedError, Context, Listed, Nothing, Operation, PageRequest, Request, View
from digest.records.operating import Scope
from digest.service.editions.digests import edition_name, schedule_of
from digest.service.people.roster import people_counts
from digest.typeset.titles import headline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from digest.model import Selected
    from digest.records.editions import EditionAct, EditionCounts
    from digest.settings import Digest
    from digest.store.transaction import Transaction


_YEAR = timedelta(weeks=52)


class EditionView(View):
    """An edition with its deliveries by state. The API also says which days it covers."""

    key: str
    digest: str
    slot_at: datetime | None
    opens_at: datetime | None
    closes_at: datetime
    empty: bool
    note: str
    held_at: datetime | None
    cancelled_at: datetime | None
    deliveries: dict[DeliveryState, int]


class EditionSummary(EditionView):
    """An edition in a list; `days` names the days that it covers."""

    days: str


class EditionEntry(View):
    """An entry of an edition at its frozen revision; `headline` is its title, or its first words."""

    id: str
    title: str | None
    revision: int
    section: Section
    gained: int | None
    headline: str


class ActView(View):
    """What an operator, or a deadline that they set, decided about an edition."""

    at: datetime
    who: str
    kind: str
    detail: str


class EditionDetail(EditionSummary):
    """An edition with its entries and what was decided about it; `deliveries.list` names its mails."""

    entries: list[EditionEntry]
    acts: list[ActView]


class DigestSummary(View):
    """A digest: when its next edition is due, and until when one waits for approval."""

    digest: str
    title: str
    next_at: datetime
    waits_until: datetime | None
    newest: str | None
    subscribers: int
    configured: bool


class LeftOutView(View):
    """An entry that the mails leave out: of the next edition only (`once`), or of all."""

    entry: str
    once: bool
    at: datetime
    title: str


class PlanView(View):
    """What the next edition of a digest holds so far, and what was decided about it."""

    digest: str
    slot_at: datetime
    waits_until: datetime | None
    note: str
    left_out: list[LeftOutView]
    entries: list[EditionEntry]


class ProgressView(View):
    """How far the mails of an edition are: of `mails`, so many are `done`; those open are sent or tried again."""

    edition: str
    held: bool
    cancelled: bool
    mails: int
    done: int
    open: int
    deliveries: dict[DeliveryState, int]


class DigestName(Request):
    """One digest."""

    digest: str = Field("", max_length=200, description="The id of a digest; may be empty if there is only one.")


class EditionName(Request):
    """One edition."""

    edition: str = Field(min_length=1, max_length=300, description="The key of an edition, such as weekly/2026-W47.")


class EditionRequest(EditionName):
    """One edition to look at."""

    language: Literal["en", "zh_CN"] = Field("en", description="The language of `days`.")


class EditionsRequest(PageRequest):
    """One page of the editions."""

    digest: str = Field("", max_length=200, description="Only editions of this digest.")
    language: Literal["en", "zh_CN"] = Field("en", description="The language of `days`.")


# --- views ----------------------------------------------------------------------------------------


def edition_view(made: EditionCounts) -> EditionView:
    """The JSON form of an edition."""
    return EditionView.model_validate(_edition(made))


def _edition(made: EditionCounts) -> dict[str, Any]:
    return {
        **pick(made.edition, "key", "digest", "slot_at", "opens_at", "closes_at", "empty"),
        **pick(made.edition, "note", "held_at", "cancelled_at"),
        "deliveries": made.deliveries,
    }


def entry_view(one: Selected) -> EditionEntry:
    """The JSON form of an entry of an edition."""
    entry = one.entry
    return EditionEntry(
        id=entry.id,
        title=entry.content.title or None,
        revision=entry.revision,
        section=one.section,
        gained=one.gained,
        headline=headline(entry.content),
    )


def _acts(acts: Sequence[EditionAct]) -> list[ActView]:
    return [ActView(at=one.at, who=one.who, kind=one.kind, detail=one.detail) for one in acts]


def named_digest(context: Context, name: str) -> Digest:
    """The configured digest with this id, or the only one.

    Raises:
        ConfigurationError: none is configured.
        AskedError: there are several, and none is named.
        UnknownError: there is none with this id.
    """
    digests = context.settings.digests
    if not digests:
        raise ConfigurationError("no digest is configured", place="digests", remedy="see docs/settings.md")
    if not name and len(digests) > 1:
        raise AskedError("digest", f"name one of {', '.join(one.id for one in digests)}")
    found = context.settings.digest(name) if name else digests[0]
    if found is None:
        raise UnknownError("digest", name, remedy="the configuration lists the digests")
    return found


def require_edition(tx: Transaction, key: str) -> EditionCounts:
    """The edition with this key.

    Raises:
        UnknownError: there is none.
    """
    made = tx.editions.edition(EditionKey(key))
    if made is None:
        raise UnknownError("edition", key, remedy="see `digest edition list`")
    return made


# --- looking --------------------------------------------------------------------------------------


def list_digests(context: Context, _asked: Nothing) -> Listed[DigestSummary]:
    """List the digests, then those that people still follow but that are not configured any more."""
    from digest.service.editions.approval import deadline  # noqa: PLC0415 - the other operations need less

    now, found = context.now(), []
    followers = people_counts(context.store, now, now - _YEAR).followers
    with context.store.read() as tx:
        for digest in context.settings.digests:
            name, plan = DigestId(digest.id), tx.control.plan(DigestId(digest.id))
            newest = tx.editions.newest(name)
            found.append(
                DigestSummary(
                    digest=digest.id,
                    title=digest.title,
                    next_at=plan.slot_at or next_slot(schedule_of(digest), now),
                    waits_until=deadline(digest, plan) if plan.slot_at else None,
                    newest=newest.key if newest else None,
                    subscribers=followers.get(name, 0),
                    configured=True,
                )
            )
    known = {one.digest for one in found}
    found += [
        DigestSummary(
            digest=name, title=name, next_at=now, waits_until=None, newest=None, subscribers=count, configured=False
        )
        for name, count in followers.items()
        if name not in known
    ]
    return Listed[DigestSummary](items=found)


def list_editions(context: Context, asked: EditionsRequest) -> Listed[EditionSummary]:
    """List the editions, the newest first."""
    digest = DigestId(named_digest(context, asked.digest).id) if asked.digest else None
    with context.store.read() as tx:
        after = require_edition(tx, asked.cursor).edition if asked.cursor else None
        found = tx.editions.page(digest, after, asked.limit + 1)
        items = [
            EditionSummary(**_edition(made), days=edition_name(tx, context.settings, made.edition, asked.language))
            for made in found[: asked.limit]
        ]
    return Listed[EditionSummary](items=items, next=items[-1].key if len(found) > asked.limit else None)


def show(context: Context, asked: EditionRequest) -> EditionDetail:
    """Show an edition: its entries, the state of its mails, what was decided."""
    with context.store.read() as tx:
        made = require_edition(tx, asked.edition)
        entries = [entry_view(one) for one in tx.editions.selected(made.edition.key)]
        acts = _acts(tx.control.acts([made.edition.digest], made.edition.key))
        days = edition_name(tx, context.settings, made.edition, asked.language)
    return EditionDetail(**_edition(made), days=days, entries=entries, acts=acts)


def progress(context: Context, asked: EditionName) -> ProgressView:
    """Show how far the mails of an edition are."""
    with context.store.read() as tx:
        made = require_edition(tx, asked.edition)
        still = tx.deliveries.open(made.edition.key)
    mails = sum(made.deliveries.values())
    return ProgressView(
        edition=made.edition.key,
        held=made.edition.held_at is not None,
        cancelled=made.edition.cancelled_at is not None,
        mails=mails,
        done=mails - still,
        open=still,
        deliveries=made.deliveries,
    )


def plan(context: Context, asked: DigestName) -> PlanView:
    """Show what the next edition of a digest holds so far, and what was decided about it."""
    from digest.service.editions.approval import deadline  # noqa: PLC0415 - as above
    from digest.service.editions.drafts import next_edition  # noqa: PLC0415 - as above

    digest = named_digest(context, asked.digest)
    with context.store.read() as tx:
        upcoming = next_edition(tx, digest, context.now())
        made = upcoming.plan
        titles = {one.entry: tx.audit.matching(one.entry, 1)[0][1] for one in made.left_out}
    return PlanView(
        digest=digest.id,
        slot_at=upcoming.due,
        waits_until=deadline(digest, made) if made.slot_at else None,
        note=made.note,
        left_out=[
            LeftOutView(entry=one.entry, once=one.once, at=one.at, title=titles[one.entry]) for one in made.left_out
        ],
        entries=[entry_view(one) for one in upcoming.selection.entries],
    )


DIGESTS = Operation("digests.list", "GET", "/digests", Scope.READ, Nothing, Listed[DigestSummary], list_digests)
LIST = Operation(
    "editions.list",
    "GET",
    "/editions",
    Scope.READ,
    EditionsRequest,
    Listed[EditionSummary],
    list_editions,
    "edition list",
)
SHOW = Operation(
    "editions.show", "GET", "/editions/{edition:path}", Scope.READ, EditionRequest, EditionDetail, show, "edition show"
)
PROGRESS = Operation(
    "editions.progress", "GET", "/progress/{edition:path}", Scope.READ, EditionName, ProgressView, progress
)
PLAN = Operation(
    "editions.plan", "GET", "/digests/{digest}/plan", Scope.READ, DigestName, PlanView, plan, "edition plan"
)
OPERATIONS = (DIGESTS, LIST, PROGRESS, SHOW, PLAN)
