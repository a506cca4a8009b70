"""`digest entries list|show|remove|restore`: look at the stored entries, remove one or publish it again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli import entry_edits
from digest.cli.common import (
    ConfigOption,
    JsonOption,
    clock,
    counts_json,
    date_json,
    format_date,
    print_json,
    store_of,
    store_to_read,
    uids_json,
)
from digest.cli.plain import kinds_json
from digest.errors import UnknownError
from digest.model import EntryId, SourceId
from digest.records.publishing import EntryState
from digest.typeset.titles import headline

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from digest.model import Entry, EntryDate
    from digest.records.publishing import Handled

app = typer.Typer(help="List, correct, merge, split, hide or remove stored entries.", no_args_is_help=True)
_LIMIT = 20


def _json(entry: Entry) -> dict[str, object]:
    return {
        "id": entry.id,
        "title": entry.content.title or None,
        "author": entry.content.author,
        "date": date_json(entry.date),
        "readers": entry.readers,
        "counts": counts_json(entry),
        "tags": list(entry.content.extras.tags),
        "link": entry.content.extras.link,
        "fields": dict(entry.content.extras.fields),
        "kinds": kinds_json(entry.content.extras),
        "links": [list(link[:2]) for link in entry.content.extras.links],
        "sources": list(entry.sources),
        "first_seen_at": entry.first_seen_at,
        "updated": entry.updated_at,
        "revisions": entry.revision,
    }


def _state_json(found: Handled) -> dict[str, object]:
    """Further facts about an entry that is edited or not published."""
    edited: dict[str, object] = {"edited": list(found.printed.fields)} if found.printed.fields else {}
    if found.state is EntryState.PUBLISHED:
        return edited
    return edited | {"state": found.state, "since": found.since, "merged_into": found.merged_into}


@app.command("list")
def list_(
    *,
    limit: Annotated[
        int | None,
        typer.Option("--limit", metavar="N", min=0, help=f"At most N; 0 for all (default: {_LIMIT}, with --json all)."),
    ] = None,
    after: Annotated[
        str | None, typer.Option("--after", metavar="ID", help="Only entries after this one: the next page of a list.")
    ] = None,
    search: Annotated[
        str, typer.Option("--search", metavar="WORDS", help="Only entries with all of these words, best match first.")
    ] = "",
    source: Annotated[str | None, typer.Option("--source", metavar="ID", help="Only entries of this source.")] = None,
    removed: Annotated[bool, typer.Option("--removed", help="List removed entries.")] = False,
    hidden: Annotated[
        bool, typer.Option("--hidden", help="List entries that are hidden, merged or forgotten.")
    ] = False,
    every: Annotated[bool, typer.Option("--all", help="List entries in any state.")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List the published entries, newest first."""
    states = _states(removed=removed, hidden=hidden, every=every)
    most = (0 if as_json else _LIMIT) if limit is None else limit
    with store_to_read(config) as (settings, store):
        if source is not None and settings.source(source) is None:
            raise UnknownError("source", source, remedy="the configuration lists the sources")
        with store.read() as tx:
            if after is not None and tx.by_hand.entry(EntryId(after)) is None:
                raise UnknownError("entry", after, remedy="give the last id of the previous page")
            found, total = tx.by_hand.listed(
                states,
                source=SourceId(source) if source else None,
                search=search,
                limit=most or None,
                after=EntryId(after) if after else None,
            )
    if as_json:
        for one in found:
            print_json(_json(one.entry) | _state_json(one))
        return
    _print(found, total, stated=states != {EntryState.PUBLISHED})


def _states(*, removed: bool, hidden: bool, every: bool) -> set[EntryState]:
    if every:
        return set(EntryState)
    states = {EntryState.REMOVED} if removed else set()
    if hidden:
        states |= {EntryState.HIDDEN, EntryState.MERGED, EntryState.FORGOTTEN}
    return states or {EntryState.PUBLISHED}


def _print(found: list[Handled], total: int, *, stated: bool) -> None:
    from digest.cli.terminal import fitted

    columns = ("id", "date", "title", "readers", "source", *(("state",) if stated else ()))
    rows = [
        (
            one.entry.id,
            _day(one.entry.date),
            headline(one.entry.content),
            one.entry.readers,
            _first_of(one.entry.sources),
            *((one.state,) if stated else ()),
        )
        for one in found
    ]
    for line in fitted(columns, rows, giving_way="title", numbers=("readers",)):
        typer.echo(line)
    more = f"; --limit 0 for all, --after {found[-1].entry.id} for the next" if found and len(found) < total else ""
    typer.echo(f"{len(found)} of {total}{more}")


def _day(date: EntryDate | None) -> str:
    """A date in at most ten cells, without the parts that are unknown; a month alone as `06-`."""
    if date is None:
        return ""
    parts = [f"{part:02}" for part in (date.year, date.month, date.day) if part is not None]
    return f"{parts[0]}-" if date.year is date.day is None else "-".join(parts)


def _first_of(sources: tuple[SourceId, ...]) -> str:
    return f"{sources[0]} +{len(sources) - 1}" if len(sources) > 1 else "".join(sources)


@app.command()
def show(
    entry: Annotated[str, typer.Argument(metavar="ID", help="The id, as `digest entries list` prints it.")],
    *,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show an entry in any state: its text, its revisions and its reader counts over time."""
    from digest.service.publishing.by_hand.editing import covered

    with store_to_read(config) as (_, store), store.read() as tx:
        handled = tx.by_hand.entry(EntryId(entry))
        if handled is None:
            raise UnknownError("entry", entry, remedy="see `digest entries list --all`")
        found = handled.entry
        revisions, counts = tx.by_hand.revisions(found.id), tx.by_hand.counts(found.id)
        uids = tx.entries.uids(found.id)
    if as_json:
        print_json(
            _json(found)
            | _state_json(handled)
            | {
                "atom_id": found.atom_id,
                "uids": uids_json(uids),
                "paragraphs": list(found.content.paragraphs),
                "figures": list(found.content.figures),
                "complete": found.content.complete,
                "history": [
                    {
                        "revision": r.number,
                        "at": r.at,
                        "cause": r.cause,
                        "significant": r.significant,
                        "date": date_json(r.date),
                    }
                    for r in revisions
                ],
                "newest_counts": counts_json(found),  # `counts` was the series before other numbers were known
                "counts": [{"at": c.at, "source": c.source, "readers": c.readers} for c in counts],
            }
        )
        return
    typer.echo(headline(found.content))
    if not found.content.title:
        typer.echo("no page prints a title; this is the first sentence")
    typer.echo(" · ".join(filter(None, [found.content.author, format_date(found.date), found.atom_id])))
    if handled.state is not EntryState.PUBLISHED:
        since = f" since {handled.since:%Y-%m-%d %H:%M} UTC" if handled.since else ""
        into = f" into {handled.merged_into}" if handled.merged_into else ""
        typer.echo(f"{handled.state}{into}{since}")
    for detail in _details(found, uids):
        typer.echo(detail)
    for name, said in covered(handled.printed).items():
        typer.echo(f"{name} is edited; pages say: {said}")
    for paragraph in found.content.paragraphs:
        typer.echo(f"\n{paragraph}")
    typer.echo()
    for before, revision in zip([None, *revisions], revisions, strict=False):
        dated = f"  {format_date(revision.date)}" if before and before.date != revision.date else ""
        typer.echo(f"revision {revision.number}  {revision.at:%Y-%m-%d %H:%M}  {revision.cause}{dated}")
    for count in counts:
        typer.echo(f"{count.readers} readers  {count.at:%Y-%m-%d %H:%M}  {count.source}")


def _details(entry: Entry, uids: Iterable[tuple[SourceId, str]]) -> Iterator[str]:
    """What only feeds and declared layouts show, and the other numbers."""
    extras = entry.content.extras
    if extras.link:
        yield f"link: {extras.link}"
    if extras.tags:
        yield f"tags: {', '.join(extras.tags)}"
    yield from (f"{name}: {text}" for name, text in extras.fields)
    yield from (f"{name}: {number}" for name, number in entry.counts)
    yield from (f"uid in {one['source']}: {one['uid']}" for one in uids_json(uids) if "uid" in one)


EntryArgument = Annotated[str, typer.Argument(metavar="ID", help="The id, as `digest entries list` prints it.")]


@app.command()
def remove(entry: EntryArgument, *, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Remove an entry from feeds, pages and mails that are not sent yet; its page says so. `restore` undoes this."""
    from digest.service.editions.variants import take_back

    with store_of(config) as (settings, store):
        editions = take_back(store, settings, entry, clock())
    if as_json:
        print_json({"id": entry, "state": EntryState.REMOVED, "editions": editions})
    else:
        for key in editions:
            typer.echo(f"the mails of {key} that are not sent yet say in its place that it was taken back")
        typer.echo(f"{entry} is removed; `digest entries restore {entry}` publishes it again")


@app.command()
def restore(entry: EntryArgument, *, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Publish a removed entry again."""
    from digest.service.publishing import feeds

    with store_of(config) as (settings, store):
        feeds.restore(store, settings, entry, clock())
    if as_json:
        print_json({"id": entry, "state": EntryState.PUBLISHED})
    else:
        typer.echo(f"{entry} is published again")


entry_edits.register(app)
