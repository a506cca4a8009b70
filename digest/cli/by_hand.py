"""`digest entries edit|merge|split|hide|publish|undo`: what an operator says of entries, tried or done."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.common import ConfigOption, JsonOption, print_json, store_of
from digest.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from digest.ports import Transaction
    from digest.service.publishing.by_hand.acts import Done, Outcome
    from digest.service.publishing.by_hand.editing import Words
    from digest.settings import Settings

EntryArgument = Annotated[str, typer.Argument(metavar="ID", help="As `digest entries list` prints it.")]
EntriesArgument = Annotated[list[str], typer.Argument(metavar="ID…", help="As `digest entries list` prints them.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Say what would happen, and store nothing.")]
SilentOption = Annotated[bool, typer.Option("--silent", help="Readers who were told it do not hear of the change.")]
_FIELDS = ("title", "author", "date")


def register(app: typer.Typer) -> None:
    for command in (edit, merge, split, hide, publish, undo):
        app.command(command.__name__)(command)


def edit(
    entry: EntryArgument,
    *,
    title: Annotated[str | None, typer.Option("--title", metavar="TITLE", help="What it is called.")] = None,
    author: Annotated[str | None, typer.Option("--author", metavar="NAME", help="Who wrote it.")] = None,
    date: Annotated[
        str | None, typer.Option("--date", metavar="DAY", help="Its day: 2021-03-04, or 03-04 without a year.")
    ] = None,
    clear_author: Annotated[bool, typer.Option("--clear-author", help="Nobody knows who wrote it.")] = False,
    clear_date: Annotated[bool, typer.Option("--clear-date", help="Nobody knows its day.")] = False,
    lift: Annotated[
        list[str] | None,
        typer.Option("--lift", metavar="FIELD", help="Let title, author, date or all be what the pages say again."),
    ] = None,
    silent: SilentOption = False,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Correct title, author or date; it holds until the pages themselves say something else."""
    from digest.app import clock
    from digest.service.publishing.by_hand import editing

    lifted = _FIELDS if "all" in (lift or ()) else tuple(lift or ())
    wrong = [name for name in lifted if name not in _FIELDS]
    now = clock()
    if wrong:
        raise typer.BadParameter(f"{wrong[0]!r} is none of {', '.join(_FIELDS)}, all", param_hint="--lift")
    if (author and clear_author) or (date and clear_date):
        raise typer.BadParameter("say it or clear it, not both", param_hint="--clear-…")
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
        raise ConfigurationError(f"the {min(both)} is given and lifted", remedy="choose one")


def merge(
    keep: Annotated[str, typer.Argument(metavar="KEEP", help="The entry whose id, address and feed id stay.")],
    other: Annotated[str, typer.Argument(metavar="OTHER", help="The entry that it is, too.")],
    *,
    words: Annotated[
        str | None,
        typer.Option(
            "--words",
            metavar="keep|other",
            help="Whose title, text and date it has (default: OTHER's, if only it stands in dumps).",
        ),
    ] = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Say that two entries are one article: what was told of either counts as told, and old links lead on."""
    from digest.app import clock
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
            "--revision", metavar="N", help="From this revision on it is another article (default: the last)."
        ),
    ] = None,
    dump: Annotated[
        str | None, typer.Option("--dump", metavar="SOURCE/PATH", help="What this dump shows is another article.")
    ] = None,
    silent: Annotated[
        bool, typer.Option("--silent", help="Nobody hears of it: nothing is new, nothing corrected.")
    ] = False,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Say that one entry is two articles: the other one gets an entry of its own, and is told as new once."""
    from digest.app import clock
    from digest.service.publishing.by_hand import splitting

    if revision is not None and dump is not None:
        raise typer.BadParameter("name a revision or a dump, not both", param_hint="--dump")
    _perform(
        config,
        lambda settings, tx: splitting.split(tx, settings, entry, clock(), revision=revision, dump=dump, silent=silent),
        dry_run=dry_run,
        as_json=as_json,
    )


def hide(
    entries: EntriesArgument, *, dry_run: DryRunOption = False, as_json: JsonOption = False, config: ConfigOption = None
) -> None:
    """Hold entries back from feeds, pages, search and editions, without a word to anybody; `publish` undoes it."""
    from digest.app import clock
    from digest.service.publishing.by_hand import undoing

    _perform(config, lambda _, tx: undoing.hide(tx, entries, clock()), dry_run=dry_run, as_json=as_json)


def publish(
    entries: EntriesArgument, *, dry_run: DryRunOption = False, as_json: JsonOption = False, config: ConfigOption = None
) -> None:
    """Let hidden entries be published; they are told as new once, if they never were."""
    from digest.app import clock
    from digest.service.publishing.by_hand import undoing

    _perform(
        config, lambda settings, tx: undoing.publish(tx, settings, entries, clock()), dry_run=dry_run, as_json=as_json
    )


def undo(
    entry: EntryArgument, *, dry_run: DryRunOption = False, as_json: JsonOption = False, config: ConfigOption = None
) -> None:
    """Take back what was done last by hand to an entry; again, the one before."""
    from digest.app import clock
    from digest.service.publishing.by_hand import undoing

    _perform(config, lambda settings, tx: undoing.undo(tx, settings, entry, clock()), dry_run=dry_run, as_json=as_json)


def _perform(
    config: Path | None, work: Callable[[Settings, Transaction], Outcome], *, dry_run: bool, as_json: bool
) -> None:
    from digest.service.publishing.by_hand.acts import perform

    with store_of(config) as (settings, store):
        tell(perform(store, settings, partial(work, settings), dry_run=dry_run), as_json=as_json)


def tell(done: Done, *, as_json: bool) -> None:
    """Say what an act came to, and who hears of it."""
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
        for verb, titles in (("tells as new", one.new), ("corrects", one.corrected), ("leaves out", one.no_longer)):
            for title in titles:
                typer.echo(f"{one.digest}: its next edition {verb}: {title}")
    if not done.hearings:
        typer.echo("no edition tells anything else because of it")
    if done.tried:
        typer.echo("nothing was stored: this was a dry run")
