"""`digest source rename`: rename a source with all its data. Renaming a digest shares part of the code."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.common import ConfigOption, JsonOption, print_json, settings_of
from digest.model import SourceId

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from digest.settings import Settings
    from digest.store.transaction import Store

OldArgument = Annotated[str, typer.Argument(metavar="OLD", help="The present name.")]
NewArgument = Annotated[str, typer.Argument(metavar="NEW", help="The new name.")]


def register(app: typer.Typer) -> None:
    app.command("rename")(rename)


def rename(old: OldArgument, new: NewArgument, *, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Rename a source and keep all its data; old addresses redirect to the new ones. Stop the service first."""
    from digest.app import clock
    from digest.service.sources import renaming

    with stopped(config, new) as (settings, store):
        done = renaming.rename(store, settings, SourceId(old), SourceId(new), clock())
    facts: dict[str, object] = {"source": new, "was": old, "entries": done.entries, "dumps": done.dumps}
    said = f"{old} is now {new}, with {done.entries} entries and {done.dumps} dumps. Its old addresses redirect there."
    tell(config, old, new, renaming.lines_to_change, facts, said, as_json=as_json)


@contextlib.contextmanager
def stopped(config: Path | None, new: str) -> Iterator[tuple[Settings, Store]]:
    """The settings with either of both names, and the store while no service uses it."""
    from digest.app import only_one, opened_untouched
    from digest.settings import is_name

    if not is_name(new):
        raise typer.BadParameter(
            f"{new!r} is not a valid name: use lower-case letters, digits, - and _", param_hint="NEW"
        )
    settings = settings_of(config)
    with only_one(settings.database_folder), opened_untouched(settings, any_names=True) as store:
        yield settings, store


def tell(
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
