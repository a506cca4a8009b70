"""`digest source add|rename|forget|remember`. Renaming a digest shares part of the code."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.adding import add
from digest.cli.common import ConfigOption, JsonOption, YesOption, act, clock, print_json, settings_of, store_of
from digest.cli.entry_edits import DryRunOption, print_change

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from digest.settings import Settings
    from digest.store.transaction import Store

app = typer.Typer(
    name="source",
    help="Inspect held dumps and decide on them, rename a source, forget dumps.",
    no_args_is_help=True,
)


OldArgument = Annotated[str, typer.Argument(metavar="OLD", help="The present name.")]
NewArgument = Annotated[str, typer.Argument(metavar="NEW", help="The new name.")]


app.command()(add)


# --- rename ---------------------------------------------------------------------------------------


@app.command()
def rename(old: OldArgument, new: NewArgument, *, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Rename a source and keep all its data; old addresses redirect to the new ones. Stop the service first."""
    from digest.operations import source_acts
    from digest.service.sources import renaming

    with store_while_stopped(config, new) as (settings, store):
        done = act(source_acts.RENAME, settings, store, source=old, new=new)
    facts: dict[str, object] = done.model_dump()
    said = f"{old} is now {new}, with {done.entries} entries and {done.dumps} dumps. Its old addresses redirect there."
    print_changed_lines(config, old, new, renaming.lines_to_change, facts, said, as_json=as_json)


@contextlib.contextmanager
def store_while_stopped(config: Path | None, new: str) -> Iterator[tuple[Settings, Store]]:
    """The settings with either of both names, and the store while no service uses it."""
    from digest.app import exclusive_lock, opened_untouched
    from digest.service.operating.clocks import require_right_clock
    from digest.settings import is_name

    if not is_name(new):
        raise typer.BadParameter(
            f"{new!r} is not a valid name: use lower-case letters, digits, - and _", param_hint="NEW"
        )
    settings = settings_of(config)
    with exclusive_lock(settings.database_folder), opened_untouched(settings, any_names=True) as store:
        require_right_clock(store, settings.mail, clock())
        yield settings, store


def print_changed_lines(
    config: Path | None,
    old: str,
    new: str,
    lines_to_change: Callable[[str, str], Iterable[tuple[int, str]]],
    facts: dict[str, object],
    said: str,
    *,
    as_json: bool,
) -> None:
    """Print what was renamed, and the lines of the configuration to change; for people or as JSON."""
    from digest.settings import config_file

    file = config_file(config)
    lines = list(lines_to_change(file.read_text("utf-8"), old)) if file else []
    if as_json:
        print_json(facts | {"change": [{"line": number, "text": line} for number, line in lines]})
        return
    typer.echo(said)
    if lines:
        typer.echo(f"Replace {old} by {new} in {file}; until then no command opens the store:")
    for number, line in lines:
        typer.echo(f"  line {number}: {line}")


# --- forget and remember --------------------------------------------------------------------------


@app.command()
def forget(
    source: Annotated[str, typer.Argument(metavar="ID", help="The source.")],
    dumps: Annotated[
        list[str] | None,
        typer.Argument(metavar="DUMP", help="Only these dumps, named as in `digest source show`."),
    ] = None,
    *,
    told: Annotated[
        bool,
        typer.Option("--tell", help="Retract withdrawn entries in feeds, and announce changed ones as corrections."),
    ] = False,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Forget what dumps of a source said, and withdraw entries that no other dump shows.

    Move their files away first. Without a DUMP, it forgets all dumps of the source.
    """
    from digest.operations import source_acts

    with store_of(config) as (settings, store):
        given = {"source": source, "dumps": dumps or [], "tell": told}
        if not yes and not dry_run and not as_json:
            print_change(act(source_acts.FORGET, settings, store, **given, dry_run=True), as_json=False)
            typer.confirm("Forget it?", abort=True, err=True)
        print_change(act(source_acts.FORGET, settings, store, **given, dry_run=dry_run), as_json=as_json)
        if not as_json and not dry_run:
            typer.echo(f"`digest source remember {source}` undoes this")


@app.command()
def remember(
    source: Annotated[str, typer.Argument(metavar="ID", help="The source.")],
    *,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Undo the last `digest source forget` of a source: the withdrawn entries are published again."""
    from digest.operations import source_acts

    with store_of(config) as (settings, store):
        print_change(act(source_acts.REMEMBER, settings, store, source=source, dry_run=dry_run), as_json=as_json)
