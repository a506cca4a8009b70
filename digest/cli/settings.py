"""`digest settings`, and `digest source set|pause|resume|remove`: what is changed without editing the configuration."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli import common
from digest.cli.terminal import short
from digest.errors import ConfigurationError
from digest.json_output import toml_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import Any

    from digest.operations.core import Context
    from digest.operations.settings import ChangedView, SettingView

app = typer.Typer(name="settings", help="Show where settings come from, and change them.", no_args_is_help=True)
_LONGEST = 60  # characters of a value in the table

ValuesArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="KEY=VALUE", help="A setting and its new value; may be given several times."),
]
UnsetOption = Annotated[
    list[str] | None,
    typer.Option("--unset", metavar="KEY", help="Do not use what the configuration says; may be given several times."),
]
SourceArgument = Annotated[str, typer.Argument(metavar="ID", help="The source.")]


def register(app: typer.Typer) -> None:
    """Add the commands about one source."""
    app.command("set")(set_source)
    app.command("pause")(pause)
    app.command("resume")(resume)
    app.command("remove")(remove)


# --- settings -------------------------------------------------------------------------------------


@app.command("list")
def list_settings(
    *,
    changed: Annotated[bool, typer.Option("--changed", help="Only what was changed.")] = False,
    as_json: common.JsonOption = False,
    config: common.ConfigOption = None,
) -> None:
    """List the settings as they hold, where each comes from, and what needs a restart. Secrets are masked."""
    from digest.operations import settings as operations
    from digest.operations.core import perform

    with common.store_to_read(config) as (settings, store):
        asked = operations.SettingsRequest(changed=changed)
        found = perform(operations.SETTINGS, common.context_of(settings, store), asked)
    if as_json:
        for one in found.items:
            common.print_json(one.model_dump())
        return
    if not found.items:
        typer.echo("nothing is changed (`digest settings set KEY=VALUE` changes a setting)")
        return
    common.print_table(("setting", "value", "from", ""), [_row(one) for one in found.items])


def _row(one: SettingView) -> tuple[str, ...]:
    notes = []
    if one.changed:
        notes.append("not set otherwise" if one.before is None else f"otherwise {_shown(one.before)}")
    if one.needs_restart:
        notes.append("needs a restart")
    return (
        one.key,
        "(not used)" if one.value is None and one.changed else _shown(one.value),
        one.place,
        "; ".join(notes),
    )


def _shown(value: object) -> str:
    return "" if value is None else short(toml_value(value), _LONGEST)


@app.command("set")
def set_settings(
    values: ValuesArgument = None,
    *,
    unset: UnsetOption = None,
    as_json: common.JsonOption = False,
    config: common.ConfigOption = None,
) -> None:
    """Change settings: they override the configuration, and a running service uses them within seconds.

    A key is written as in `digest settings list`, for example mail.per_second=5, sources.blog.every=1h or
    digests.weekly.schedule="fri 17:00". A list is written as in the configuration: operator='["a@example.org"]'.
    """
    from digest.operations import settings as operations
    from digest.operations.core import perform

    asked = operations.Values(values=_values(values, unset))
    with common.store_of(config, any_clock=True) as (settings, store):
        done = perform(operations.SET, common.context_of(settings, store), asked)
    _print(done, as_json=as_json)


def _values(given: Sequence[str] | None, unset: Sequence[str] | None, before: str = "") -> dict[str, Any]:
    """The values by their keys, with the types of their settings; `before` comes before each key."""
    from digest.settings.changes import key_of, typed

    values: dict[str, Any] = {}
    for one in given or ():
        key, equals, written = one.partition("=")
        if not equals:
            raise typer.BadParameter(
                f"{one!r} has no value: write {one}=VALUE, or --unset {one}", param_hint="KEY=VALUE"
            )
        values[f"{before}{key.strip()}"] = typed(key_of(f"{before}{key.strip()}"), written)
    values |= {f"{before}{key}": None for key in unset or ()}
    if not values:
        raise typer.BadParameter("give at least one KEY=VALUE", param_hint="KEY=VALUE")
    return values


@app.command()
def revert(
    keys: Annotated[list[str], typer.Argument(metavar="KEY", help="A setting, or a whole table such as sources.blog.")],
    *,
    as_json: common.JsonOption = False,
    config: common.ConfigOption = None,
) -> None:
    """Take changes back: what the configuration says holds again."""
    from digest.operations import settings as operations
    from digest.operations.core import perform

    with _repairing(config) as context:
        done = perform(operations.REVERT, context, operations.Keys(keys=keys))
    _print(done, as_json=as_json)


@app.command()
def undo(*, as_json: common.JsonOption = False, config: common.ConfigOption = None) -> None:
    """Undo the last change of settings or templates; again for the one before it."""
    from digest.operations import settings as operations
    from digest.operations.core import perform

    with _repairing(config) as context:
        done = perform(operations.UNDO, context, operations.Revision())
    _print(done, as_json=as_json)


@contextlib.contextmanager
def _repairing(config: Path | None) -> Iterator[Context]:
    """What an operation works with, also if the changes are wrong: then the settings without them."""
    from digest.app import opened
    from digest.dumps.configured import load_settings
    from digest.settings.overlay import Changes

    try:
        settings = common.settings_of(config)
    except ConfigurationError:
        try:
            settings = load_settings(config, changes=Changes())
        except ConfigurationError:
            settings = common.settings_of(config)  # the configuration is wrong, too
    with opened(settings) as store:
        yield common.context_of(settings, store)


@app.command()
def export(*, as_json: common.JsonOption = False, config: common.ConfigOption = None) -> None:
    """Print the changes as TOML, to be moved into the configuration by hand; then revert them here."""
    from digest.operations import settings as operations
    from digest.operations.core import Nothing, perform

    with common.store_to_read(config) as (settings, store):
        found = perform(operations.EXPORT, common.context_of(settings, store), Nothing())
    if as_json:
        common.print_json(found.model_dump())
    else:
        typer.echo(found.toml, nl=False)


# --- one source -----------------------------------------------------------------------------------


def set_source(
    source: SourceArgument,
    values: ValuesArgument = None,
    *,
    unset: UnsetOption = None,
    as_json: common.JsonOption = False,
    config: common.ConfigOption = None,
) -> None:
    """Change settings of a source, for example every=1h; a running service uses them within seconds."""
    from digest.operations import source_settings as operations
    from digest.operations.core import perform

    before = f"sources.{source}."
    given = {key.removeprefix(before): value for key, value in _values(values, unset, before).items()}
    with common.store_of(config, any_clock=True) as (settings, store):
        asked = operations.SourceValues(source=source, values=given)
        done = perform(operations.SET_SOURCE, common.context_of(settings, store), asked)
    _print(done, as_json=as_json)


def pause(source: SourceArgument, *, as_json: common.JsonOption = False, config: common.ConfigOption = None) -> None:
    """Pause a source: it is not read, and no trouble is reported about it; its entries stay published."""
    from digest.operations import source_settings as operations
    from digest.operations.core import perform

    with common.store_of(config, any_clock=True) as (settings, store):
        done = perform(
            operations.PAUSE_SOURCE, common.context_of(settings, store), operations.SourceName(source=source)
        )
    _print(done, as_json=as_json)


def resume(source: SourceArgument, *, as_json: common.JsonOption = False, config: common.ConfigOption = None) -> None:
    """Resume a paused source: it is read again."""
    from digest.operations import source_settings as operations
    from digest.operations.core import perform

    with common.store_of(config, any_clock=True) as (settings, store):
        done = perform(
            operations.RESUME_SOURCE, common.context_of(settings, store), operations.SourceName(source=source)
        )
    _print(done, as_json=as_json)


def remove(
    source: SourceArgument,
    *,
    yes: common.YesOption = False,
    as_json: common.JsonOption = False,
    config: common.ConfigOption = None,
) -> None:
    """Remove a source from the settings: it is not read any more. Its entries stay; `source forget` withdraws them."""
    from digest.operations import source_settings as operations
    from digest.operations.core import perform

    with common.store_of(config, any_clock=True) as (settings, store):
        if not yes and not as_json:
            typer.confirm(f"Remove the source {source}? Its entries stay.", abort=True)
        done = perform(
            operations.REMOVE_SOURCE, common.context_of(settings, store), operations.SourceName(source=source)
        )
    _print(done, as_json=as_json)


def _print(done: ChangedView, *, as_json: bool) -> None:
    if as_json:
        common.print_json(done.model_dump())
        return
    if not done.keys:
        typer.echo("Nothing differs now.")
        return
    typer.echo(f"Changed: {', '.join(done.keys)}. `digest settings undo` takes it back.")
    if done.restart:
        typer.echo(f"Restart `digest run` for {', '.join(done.restart)}; the rest holds within seconds.")
