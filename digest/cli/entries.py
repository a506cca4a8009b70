"""`digest entries list|show|remove|restore`: what is stored of the articles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.common import ConfigOption, JsonOption, date_json, date_said, print_json, print_table, store_of
from digest.errors import UnknownError
from digest.model import EntryId, SourceId
from digest.typeset.dates import said

if TYPE_CHECKING:
    from digest.model import Entry

app = typer.Typer(help="Look at the stored entries, take one back.", no_args_is_help=True)


def _json(entry: Entry) -> dict[str, object]:
    return {
        "id": entry.id,
        "title": entry.content.title,
        "author": entry.content.author,
        "date": date_json(entry.date),
        "readers": entry.readers,
        "sources": list(entry.sources),
        "first_seen_at": entry.first_seen_at.isoformat(),
        "updated": entry.updated_at.isoformat(),
        "revisions": entry.revision,
    }


@app.command("list")
def list_(
    *,
    source: Annotated[str | None, typer.Option("--source", metavar="ID", help="Only of this source.")] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List the published entries, newest first."""
    with store_of(config) as (settings, store):
        if source is not None and settings.source(source) is None:
            raise UnknownError("source", source, remedy="the configuration names the sources")
        with store.read() as tx:
            entries = tx.entries.newest(source=SourceId(source) if source else None)
    if as_json:
        for entry in entries:
            print_json(_json(entry))
        return
    print_table(
        ("id", "date", "title", "readers", "sources"),
        [(e.id, said(e.date, "en"), e.content.title, e.readers, ", ".join(e.sources)) for e in entries],
        numbers=("readers",),
    )


@app.command()
def show(
    entry: Annotated[str, typer.Argument(metavar="ID", help="As `digest entries list` prints it.")],
    *,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show an entry, its text, its revisions and its readers over time."""
    with store_of(config) as (_, store), store.read() as tx:
        found = tx.entries.entry(EntryId(entry))
        if found is None:
            raise UnknownError("entry", entry, remedy="see `digest entries list`")
        revisions, counts = tx.entries.revisions(found.id), tx.entries.counts(found.id)
    if as_json:
        print_json(
            _json(found)
            | {
                "atom_id": found.atom_id,
                "paragraphs": list(found.content.paragraphs),
                "figures": list(found.content.figures),
                "complete": found.content.complete,
                "history": [
                    {
                        "revision": r.number,
                        "at": r.at.isoformat(),
                        "cause": r.cause,
                        "significant": r.significant,
                        "date": date_json(r.date),
                    }
                    for r in revisions
                ],
                "counts": [{"at": c.at.isoformat(), "source": c.source, "readers": c.readers} for c in counts],
            }
        )
        return
    typer.echo(found.content.title)
    typer.echo(" · ".join(filter(None, [found.content.author, date_said(found.date), found.atom_id])))
    for paragraph in found.content.paragraphs:
        typer.echo(f"\n{paragraph}")
    typer.echo()
    for before, revision in zip([None, *revisions], revisions, strict=False):
        dated = f"  {date_said(revision.date)}" if before and before.date != revision.date else ""
        typer.echo(f"revision {revision.number}  {revision.at:%Y-%m-%d %H:%M}  {revision.cause}{dated}")
    for count in counts:
        typer.echo(f"{count.readers} readers  {count.at:%Y-%m-%d %H:%M}  {count.source}")


EntryArgument = Annotated[str, typer.Argument(metavar="ID", help="As `digest entries list` prints it.")]


@app.command()
def remove(entry: EntryArgument, *, config: ConfigOption = None) -> None:
    """Take an entry back from feeds, pages and coming editions; its page says so. `restore` undoes it."""
    from digest.app import clock
    from digest.service import feeds

    with store_of(config) as (_, store):
        feeds.remove(store, entry, clock())
    typer.echo(f"{entry} is removed; `digest entry restore {entry}` publishes it again")


@app.command()
def restore(entry: EntryArgument, *, config: ConfigOption = None) -> None:
    """Publish a removed entry again."""
    from digest.app import clock
    from digest.service import feeds

    with store_of(config) as (settings, store):
        feeds.restore(store, settings, entry, clock())
    typer.echo(f"{entry} is published again")
