"""`digest entries list|show|remove|restore`: look at the stored entries, remove one or publish it again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli import entry_edits
from digest.cli.common import (
    ConfigOption,
    JsonOption,
    act,
    context_of,
    format_date,
    print_json,
    store_of,
    store_to_read,
)
from digest.records.publishing import EntryState
from digest.typeset.titles import headline

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from digest.model import Entry, EntryDate, SourceId
    from digest.operations.forms import UidView
    from digest.records.publishing import Handled

app = typer.Typer(help="List, correct, merge, split, hide or remove stored entries.", no_args_is_help=True)
_LIMIT = 20


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
    from digest.operations import entries

    states = _states(removed=removed, hidden=hidden, every=every)
    asked = entries.EntriesRequest.model_construct(
        states=[*states],
        search=search,
        source=source or "",
        cursor=after or "",
        limit=(0 if as_json else _LIMIT) if limit is None else limit,
    )
    with store_to_read(config) as (settings, store):
        found, total = entries.found(context_of(settings, store), asked)
    if as_json:
        for one in found:
            print_json(entries.EntryView(**entries.facts(one)).model_dump())
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
    from digest.operations import entries
    from digest.operations.forms import uid_views
    from digest.service.publishing.by_hand.editing import covered

    with store_to_read(config) as (settings, store):
        stored = entries.stored(context_of(settings, store), entries.EntryName.model_construct(entry=entry))
    if as_json:
        print_json(entries.whole_view(stored).model_dump())
        return
    handled, found = stored.handled, stored.handled.entry
    typer.echo(headline(found.content))
    if not found.content.title:
        typer.echo("no page prints a title; this is the first sentence")
    typer.echo(" · ".join(filter(None, [found.content.author, format_date(found.date), found.atom_id])))
    if handled.state is not EntryState.PUBLISHED:
        since = f" since {handled.since:%Y-%m-%d %H:%M} UTC" if handled.since else ""
        into = f" into {handled.merged_into}" if handled.merged_into else ""
        typer.echo(f"{handled.state}{into}{since}")
    for detail in _details(found, uid_views(stored.uids)):
        typer.echo(detail)
    for name, said in covered(handled.printed).items():
        typer.echo(f"{name} is edited; pages say: {said}")
    for paragraph in found.content.paragraphs:
        typer.echo(f"\n{paragraph}")
    typer.echo()
    for before, revision in zip([None, *stored.revisions], stored.revisions, strict=False):
        dated = f"  {format_date(revision.date)}" if before and before.date != revision.date else ""
        typer.echo(f"revision {revision.number}  {revision.at:%Y-%m-%d %H:%M}  {revision.cause}{dated}")
    for count in stored.counts:
        typer.echo(f"{count.readers} readers  {count.at:%Y-%m-%d %H:%M}  {count.source}")


def _details(entry: Entry, uids: Iterable[UidView]) -> Iterator[str]:
    """What only feeds and declared layouts show, and the other numbers."""
    extras = entry.content.extras
    if extras.link:
        yield f"link: {extras.link}"
    if extras.tags:
        yield f"tags: {', '.join(extras.tags)}"
    yield from (f"{name}: {text}" for name, text in extras.fields)
    yield from (f"{name}: {number}" for name, number in entry.counts)
    yield from (f"uid in {one.source}: {one.uid}" for one in uids if one.uid)


EntryArgument = Annotated[str, typer.Argument(metavar="ID", help="The id, as `digest entries list` prints it.")]


@app.command()
def remove(entry: EntryArgument, *, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Remove an entry from feeds, pages and mails that are not sent yet; its page says so. `restore` undoes this."""
    from digest.operations import entry_acts

    with store_of(config) as (settings, store):
        done = act(entry_acts.REMOVE, settings, store, entry=entry)
    if as_json:
        print_json(done.model_dump())
    else:
        for key in done.editions:
            typer.echo(f"the mails of {key} that are not sent yet say in its place that it was taken back")
        typer.echo(f"{entry} is removed; `digest entries restore {entry}` publishes it again")


@app.command()
def restore(entry: EntryArgument, *, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Publish a removed entry again."""
    from digest.operations import entry_acts

    with store_of(config) as (settings, store):
        done = act(entry_acts.RESTORE, settings, store, entry=entry)
    if as_json:
        print_json(done.model_dump())
    else:
        typer.echo(f"{entry} is published again")


entry_edits.register(app)
