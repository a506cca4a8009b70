"""`digest entries edit|merge|split|hide|publish|undo`: manual changes to entries, and their dry runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.cli.common import ConfigOption, JsonOption, act, print_json, store_of
from digest.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from digest.operations.forms import ChangeView

EntryArgument = Annotated[str, typer.Argument(metavar="ID", help="The id, as `digest entries list` prints it.")]
EntriesArgument = Annotated[
    list[str], typer.Argument(metavar="ID", help="The ids, as `digest entries list` prints them.")
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Show what would happen, and store nothing.")]
SilentOption = Annotated[
    bool, typer.Option("--silent", help="Do not announce the change to subscribers who got the entry.")
]
_FIELDS = ("title", "author", "date")


def register(app: typer.Typer) -> None:
    for command in (edit, merge, split, hide, publish, undo):
        app.command(command.__name__)(command)


def edit(
    entry: EntryArgument,
    *,
    title: Annotated[str | None, typer.Option("--title", metavar="TITLE", help="The new title.")] = None,
    author: Annotated[str | None, typer.Option("--author", metavar="NAME", help="The new author.")] = None,
    date: Annotated[
        str | None, typer.Option("--date", metavar="DAY", help="The new date: 2021-03-04, 2021-03, 2021, or 03-04.")
    ] = None,
    clear_author: Annotated[
        bool, typer.Option("--clear-author", help="Remove the author, because it is unknown.")
    ] = False,
    clear_date: Annotated[bool, typer.Option("--clear-date", help="Remove the date, because it is unknown.")] = False,
    lift: Annotated[
        list[str] | None,
        typer.Option("--lift", metavar="FIELD", help="Use what the pages say again, for title, author, date or all."),
    ] = None,
    silent: SilentOption = False,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Correct the title, author or date. The correction stays until the pages themselves say something new."""
    lifted = _FIELDS if "all" in (lift or ()) else tuple(dict.fromkeys(lift or ()))
    wrong = [name for name in lifted if name not in _FIELDS]
    if wrong:
        raise typer.BadParameter(f"{wrong[0]!r} is not one of {', '.join(_FIELDS)}, all", param_hint="--lift")
    if (author and clear_author) or (date and clear_date):
        raise typer.BadParameter("set it or clear it, not both", param_hint="--clear-…")
    clear = [name for name, is_set in (("author", clear_author), ("date", clear_date)) if is_set]
    given: dict[str, Any] = {
        "title": title,
        "author": None if clear_author else author,
        "date": None if clear_date else date,
    }
    _require_once([*(name for name in given if given[name] is not None), *clear], lifted)
    given |= {"clear": clear, "lift": [*lifted], "silent": silent, "dry_run": dry_run}
    _perform(config, "EDIT", as_json=as_json, entry=entry, **given)


def _require_once(said: Sequence[str], lifted: Sequence[str]) -> None:
    if not said and not lifted:
        raise ConfigurationError("nothing to change", remedy="give --title, --author, --date or --lift")
    both = set(said) & set(lifted)
    if both:
        raise ConfigurationError(f"the {min(both)} is both given and lifted", remedy="choose one")


def merge(
    keep: Annotated[str, typer.Argument(metavar="KEEP", help="The entry whose id, address and feed id stay.")],
    other: Annotated[str, typer.Argument(metavar="OTHER", help="The other entry of the same article.")],
    *,
    words: Annotated[
        str | None,
        typer.Option(
            "--words",
            metavar="keep|other",
            help="Whose title, text and date to use (default: KEEP's; OTHER's if only OTHER is in dumps).",
        ),
    ] = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Merge two entries that are one article. What was announced of either counts for both; old links redirect."""
    if words not in {None, "keep", "other"}:
        raise typer.BadParameter(f"{words!r} is neither keep nor other", param_hint="--words")
    _perform(config, "MERGE", as_json=as_json, entry=keep, other=other, words=words, dry_run=dry_run)


def split(
    entry: EntryArgument,
    *,
    revision: Annotated[
        int | None,
        typer.Option(
            "--revision", metavar="N", help="The first revision of the other article (default: the last revision)."
        ),
    ] = None,
    dump: Annotated[
        str | None, typer.Option("--dump", metavar="SOURCE/PATH", help="The dump that shows the other article.")
    ] = None,
    silent: Annotated[
        bool, typer.Option("--silent", help="Announce nothing, neither a new entry nor a correction.")
    ] = False,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Split an entry that is two articles. The other article gets its own entry, announced as new once."""
    if revision is not None and dump is not None:
        raise typer.BadParameter("name a revision or a dump, not both", param_hint="--dump")
    _perform(
        config, "SPLIT", as_json=as_json, entry=entry, revision=revision, dump=dump, silent=silent, dry_run=dry_run
    )


def hide(
    entries: EntriesArgument, *, dry_run: DryRunOption = False, as_json: JsonOption = False, config: ConfigOption = None
) -> None:
    """Hide entries from feeds, pages, search and editions, without announcing it. `publish` undoes this."""
    _perform(config, "HIDE", as_json=as_json, entries=entries, dry_run=dry_run)


def publish(
    entries: EntriesArgument, *, dry_run: DryRunOption = False, as_json: JsonOption = False, config: ConfigOption = None
) -> None:
    """Publish hidden entries. Entries that were never announced are announced as new once."""
    _perform(config, "PUBLISH", as_json=as_json, entries=entries, dry_run=dry_run)


def undo(
    entry: EntryArgument, *, dry_run: DryRunOption = False, as_json: JsonOption = False, config: ConfigOption = None
) -> None:
    """Undo the last manual change to an entry. Run it again to undo the change before that."""
    _perform(config, "UNDO", as_json=as_json, entry=entry, dry_run=dry_run)


def _perform(config: Path | None, name: str, *, as_json: bool, **given: object) -> None:
    """Perform one of the operations of `entry_acts`, which the acts check themselves."""
    from digest.operations import entry_acts

    with store_of(config) as (settings, store):
        print_change(act(getattr(entry_acts, name), settings, store, **given), as_json=as_json)


def print_change(done: ChangeView, *, as_json: bool) -> None:
    """Print the outcome of a manual change, and which editions announce it."""
    if as_json:
        print_json(done.model_dump())
        return
    for sentence in done.sentences:
        typer.echo(sentence)
    for one in done.editions:
        for verb, titles in (("announces as new", one.new), ("corrects", one.corrected), ("leaves out", one.no_longer)):
            for title in titles:
                typer.echo(f"{one.digest}: its next edition {verb}: {title}")
    if not done.editions:
        typer.echo("no edition changes because of it")
    if done.dry_run:
        typer.echo("nothing was stored: this was a dry run")
