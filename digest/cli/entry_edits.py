"""`digest entries edit|merge|split|hide|publish|undo`: manual changes to entries, and their dry runs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.common import ConfigOption, JsonOption, clock, print_json, store_of
from digest.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from digest.service.publishing.by_hand.acts import Done, Outcome
    from digest.service.publishing.by_hand.editing import Words
    from digest.settings import Settings
    from digest.store.transaction import Transaction

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
    from digest.service.publishing.by_hand import editing

    lifted = _FIELDS if "all" in (lift or ()) else tuple(lift or ())
    wrong = [name for name in lifted if name not in _FIELDS]
    now = clock()
    if wrong:
        raise typer.BadParameter(f"{wrong[0]!r} is not one of {', '.join(_FIELDS)}, all", param_hint="--lift")
    if (author and clear_author) or (date and clear_date):
        raise typer.BadParameter("set it or clear it, not both", param_hint="--clear-…")
    words = editing.Words(
        editing.read_line(title, "title") if title is not None else None,
        (None,) if clear_author else (editing.read_line(author, "author"),) if author is not None else None,
        (None,) if clear_date else (editing.read_day(date, now),) if date is not None else None,
        lifted,
    )
    _require_once(words)
    _perform(
        config,
        lambda settings, tx: editing.edit(tx, settings, entry, words, now, silent=silent),
        dry_run=dry_run,
        as_json=as_json,
    )


def _require_once(words: Words) -> None:
    said = [name for name in _FIELDS if getattr(words, name) is not None]
    if not said and not words.lift:
        raise ConfigurationError("nothing to change", remedy="give --title, --author, --date or --lift")
    both = set(said) & set(words.lift)
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
    from digest.service.publishing.by_hand import merging

    if words not in {None, "keep", "other"}:
        raise typer.BadParameter(f"{words!r} is neither keep nor other", param_hint="--words")
    _perform(
        config,
        lambda settings, tx: merging.merge(tx, settings, keep, other, clock(), words=words),
        dry_run=dry_run,
        as_json=as_json,
    )


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
    from digest.service.publishing.by_hand import merging

    if revision is not None and dump is not None:
        raise typer.BadParameter("name a revision or a dump, not both", param_hint="--dump")
    _perform(
        config,
        lambda settings, tx: merging.split(tx, settings, entry, clock(), revision=revision, dump=dump, silent=silent),
        dry_run=dry_run,
        as_json=as_json,
    )


def hide(
    entries: EntriesArgument, *, dry_run: DryRunOption = False, as_json: JsonOption = False, config: ConfigOption = None
) -> None:
    """Hide entries from feeds, pages, search and editions, without announcing it. `publish` undoes this."""
    from digest.service.publishing.by_hand import undoing

    _perform(config, lambda _, tx: undoing.hide(tx, entries, clock()), dry_run=dry_run, as_json=as_json)


def publish(
    entries: EntriesArgument, *, dry_run: DryRunOption = False, as_json: JsonOption = False, config: ConfigOption = None
) -> None:
    """Publish hidden entries. Entries that were never announced are announced as new once."""
    from digest.service.publishing.by_hand import undoing

    _perform(
        config, lambda settings, tx: undoing.publish(tx, settings, entries, clock()), dry_run=dry_run, as_json=as_json
    )


def undo(
    entry: EntryArgument, *, dry_run: DryRunOption = False, as_json: JsonOption = False, config: ConfigOption = None
) -> None:
    """Undo the last manual change to an entry. Run it again to undo the change before that."""
    from digest.service.publishing.by_hand import undoing

    _perform(config, lambda settings, tx: undoing.undo(tx, settings, entry, clock()), dry_run=dry_run, as_json=as_json)


def _perform(
    config: Path | None, work: Callable[[Settings, Transaction], Outcome], *, dry_run: bool, as_json: bool
) -> None:
    from digest.service.publishing.by_hand.acts import perform

    with store_of(config) as (settings, store):
        print_outcome(perform(store, settings, partial(work, settings), dry_run=dry_run), as_json=as_json)


def print_outcome(done: Done, *, as_json: bool) -> None:
    """Print the outcome of a manual change, and which editions announce it."""
    outcome = done.outcome
    if as_json:
        hearings = [
            {"digest": one.digest, "new": one.new, "corrected": one.corrected, "no_longer": one.no_longer}
            for one in done.hearings
        ]
        facts = {"act": outcome.kind, "entry": outcome.entry, "dry_run": done.tried}
        print_json(facts | dict(outcome.facts) | {"editions": hearings})
        return
    for sentence in outcome.sentences:
        typer.echo(sentence)
    for one in done.hearings:
        for verb, titles in (("announces as new", one.new), ("corrects", one.corrected), ("leaves out", one.no_longer)):
            for title in titles:
                typer.echo(f"{one.digest}: its next edition {verb}: {title}")
    if not done.hearings:
        typer.echo("no edition changes because of it")
    if done.tried:
        typer.echo("nothing was stored: this was a dry run")
