"""Entries: what is stored of each, in any state."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import Field

from digest.errors import UnknownError
from digest.model import EntryId, SourceId, kind_of
from digest.operations.core import Context, Listed, Operation, PageRequest, Request, SparseView, View
from digest.operations.forms import DateView, ParagraphChange, UidView, counts, date_view, diff_views, uid_views
from digest.records.operating import Scope
from digest.records.publishing import EntryState, Handled, ReaderCount, Said

if TYPE_CHECKING:
    from collections.abc import Sequence


class EntryView(SparseView):
    """An entry. Of one that is not published, `state` says why, `since` since when, and `merged_into` its other entry.

    `edited` names the fields in which a change by hand applies. `kinds` says what each paragraph is, and `links` are
    the links in the text, each with its words.
    """

    id: str
    title: str | None
    author: str | None
    date: DateView | None
    readers: int | None
    counts: dict[str, int]
    tags: list[str]
    link: str | None
    fields: dict[str, str]
    kinds: list[str | None]
    links: list[list[str]]
    sources: list[str]
    first_seen_at: datetime
    updated: datetime | None
    revisions: int
    edited: list[str] = Field([])
    state: EntryState = EntryState.PUBLISHED
    since: datetime | None = None
    merged_into: str | None = None


class RevisionView(View):
    """A stored state of an entry: what brought it, and whether subscribers learn of it."""

    revision: int
    at: datetime
    cause: str
    significant: bool
    date: DateView | None


class StepView(RevisionView):
    """A revision with the dump that brought it, and the paragraphs in which it differs from the one before."""

    source: str | None
    dump: str | None
    diff: list[ParagraphChange]


class ReadersView(View):
    """The number of readers that a source showed."""

    at: datetime
    source: str
    readers: int


class WholeEntryView(EntryView):
    """An entry with its text, its revisions and its reader counts over time, the oldest first."""

    counts: list[ReadersView]  # type: ignore[assignment] # `counts` was the series before other numbers were known
    atom_id: str
    uids: list[UidView]
    paragraphs: list[str]
    figures: list[str]
    complete: bool
    history: list[RevisionView]
    newest_counts: dict[str, int]


class EntryName(Request):
    """One entry."""

    entry: str = Field(min_length=1, max_length=200, description="The id of the entry.")


class EntriesRequest(PageRequest):
    """Which entries: those in any of these states, the newest first, or the best match first for a search."""

    states: list[EntryState] = Field([EntryState.PUBLISHED], max_length=6, description="In any of these states.")
    search: str = Field("", max_length=500, description="With all of these words.")
    source: str = Field("", max_length=200, description="Only entries of this source.")


@dataclass(frozen=True, slots=True)
class Stored:
    """Everything that is stored of an entry."""

    handled: Handled
    revisions: Sequence[Said]
    counts: Sequence[ReaderCount]
    uids: Sequence[tuple[SourceId, str]]


def found(context: Context, asked: EntriesRequest) -> tuple[list[Handled], int]:
    """The entries that were asked for, and how many there are on all pages. A limit of 0 is none.

    Raises:
        UnknownError: there is no such source, or no entry that the cursor names.
    """
    if asked.source and context.settings.source(asked.source) is None:
        raise UnknownError("source", asked.source, remedy="the configuration lists the sources")
    with context.store.read() as tx:
        if asked.cursor and tx.by_hand.entry(EntryId(asked.cursor)) is None:
            raise UnknownError("entry", asked.cursor, remedy="give the last id of the previous page")
        return tx.by_hand.listed(
            set(asked.states),
            source=SourceId(asked.source) if asked.source else None,
            search=asked.search,
            limit=asked.limit or None,
            after=EntryId(asked.cursor) if asked.cursor else None,
        )


def listed(context: Context, asked: EntriesRequest) -> Listed[EntryView]:
    """List entries, the newest first, or the best match first for a search."""
    one_more = asked.model_copy(update={"limit": asked.limit and asked.limit + 1})
    shown, total = found(context, one_more)
    more = 0 < asked.limit < len(shown)
    views = [EntryView(**facts(one)) for one in (shown[: asked.limit] if more else shown)]
    return Listed[EntryView](items=views, next=views[-1].id if more else None, total=total)


def stored(context: Context, asked: EntryName) -> Stored:
    """Everything that is stored of an entry.

    Raises:
        UnknownError: there is none.
    """
    with context.store.read() as tx:
        handled = tx.by_hand.entry(EntryId(asked.entry))
        if handled is None:
            raise UnknownError("entry", asked.entry, remedy="see `digest entries list --all`")
        name = handled.entry.id
        return Stored(handled, tx.by_hand.revisions(name), tx.by_hand.counts(name), list(tx.entries.uids(name)))


def show(context: Context, asked: EntryName) -> WholeEntryView:
    """Show an entry in any state: its text, its revisions and its reader counts over time."""
    return whole_view(stored(context, asked))


def whole_view(one: Stored) -> WholeEntryView:
    """The JSON form of everything that is stored of an entry."""
    entry = one.handled.entry
    return WholeEntryView(
        **facts(one.handled)
        | {"counts": [ReadersView(at=count.at, source=count.source, readers=count.readers) for count in one.counts]},
        atom_id=entry.atom_id,
        uids=uid_views(one.uids),
        paragraphs=[*entry.content.paragraphs],
        figures=[*entry.content.figures],
        complete=entry.content.complete,
        history=[
            RevisionView(revision=r.number, at=r.at, cause=r.cause, significant=r.significant, date=date_view(r.date))
            for r in one.revisions
        ],
        newest_counts=counts(entry),
    )


def history(context: Context, asked: EntryName) -> Listed[StepView]:
    """Show the revisions of an entry, the newest first, each with what it changed."""
    revisions = stored(context, asked).revisions
    steps = [
        StepView(
            revision=r.number,
            at=r.at,
            cause=r.cause,
            significant=r.significant,
            date=date_view(r.date),
            source=r.source,
            dump=r.path,
            diff=diff_views(before.content, r.content) if before else [],
        )
        for before, r in zip([None, *revisions], revisions, strict=False)
    ]
    return Listed[StepView](items=steps[::-1])


def facts(one: Handled) -> dict[str, Any]:
    """What every view of an entry has."""
    entry, extras = one.entry, one.entry.content.extras
    made: dict[str, Any] = {
        "id": entry.id,
        "title": entry.content.title or None,
        "author": entry.content.author,
        "date": date_view(entry.date),
        "readers": entry.readers,
        "counts": counts(entry),
        "tags": [*extras.tags],
        "link": extras.link,
        "fields": dict(extras.fields),
        "kinds": [kind_of(letter) for letter in extras.kinds],
        "links": [list(link[:2]) for link in extras.links],
        "sources": [*entry.sources],
        "first_seen_at": entry.first_seen_at,
        "updated": entry.updated_at,
        "revisions": entry.revision,
    }
    if one.printed.fields:
        made["edited"] = list(one.printed.fields)
    if one.state is not EntryState.PUBLISHED:
        made |= {"state": one.state, "since": one.since, "merged_into": one.merged_into}
    return made


LIST = Operation(
    "entries.list", "GET", "/entries", Scope.READ, EntriesRequest, Listed[EntryView], listed, "entries list"
)
SHOW = Operation("entries.show", "GET", "/entries/{entry}", Scope.READ, EntryName, WholeEntryView, show, "entries show")
HISTORY = Operation(
    "entries.history",
    "GET",
    "/entries/{entry}/history",
    Scope.READ,
    EntryName,
    Listed[StepView],
    history,
    "entries show",
)
OPERATIONS = (LIST, SHOW, HISTORY)
