"""`digest console link|users|revoke|enable`: who may log in to the console, from the machine itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.common import ConfigOption, JsonOption, context_of, print_json, print_table, store_of, store_to_read
from digest.errors import ConfigurationError
from digest.records.console import Role

if TYPE_CHECKING:
    from pathlib import Path

    from digest.operations.console_users import OnUser, UserView

app = typer.Typer(name="console", help="Look after the people who may log in to the console.", no_args_is_help=True)
UserArgument = Annotated[str, typer.Argument(metavar="NAME", help="The name of a user.")]


@app.command()
def link(
    *,
    user: Annotated[str, typer.Option("--user", metavar="NAME", help="Whose link it is; added if new.")] = "admin",
    role: Annotated[
        Role | None, typer.Option("--role", help="The role to give to the user; a new user is an admin by default.")
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Print a link by which a user can log in once, within 15 minutes."""
    from digest.operations import console_users
    from digest.operations.core import perform

    with store_of(config, any_clock=True) as (settings, store):
        if not settings.console.on:
            remedy = "set it to true and restart `digest run`, see docs/console.md"
            raise ConfigurationError("the console is off", place="console.on", remedy=remedy)
        asked = console_users.UserLink(user=user, role=role)
        made = perform(console_users.LINK, context_of(settings, store), asked)
    if as_json:
        print_json(made.model_dump())
        return
    typer.echo(f"{made.url}\nIt logs in {made.name} ({made.role}), once, within 15 minutes.")


@app.command("users")
def list_users(*, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """List the users with their role, their ways to log in and their sessions."""
    from digest.operations import console_users
    from digest.operations.core import Nothing, perform

    with store_to_read(config) as (settings, store):
        found = perform(console_users.LIST, context_of(settings, store), Nothing()).items
    if as_json:
        for one in found:
            print_json(one.model_dump())
        return
    print_table(
        ("user", "role", "ways to log in", "sessions"),
        [
            (one.name, f"{one.role}{', disabled' if one.disabled else ''}", ", ".join(one.ways), one.sessions)
            for one in found
        ],
        numbers=("sessions",),
    )


@app.command()
def revoke(
    user: UserArgument,
    *,
    sessions_only: Annotated[
        bool, typer.Option("--sessions", help="Only end their sessions and links; they may log in again.")
    ] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Disable a user, and end their sessions and links at once."""
    from digest.operations import console_users

    done = _performed(console_users.LOG_OUT if sessions_only else console_users.DISABLE, user, config)
    if as_json:
        print_json(done.model_dump())
        return
    typer.echo(f"{user}: logged out everywhere" + ("" if sessions_only else ", and may not log in any more"))


@app.command()
def enable(user: UserArgument, *, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Let a user log in again who was disabled."""
    from digest.operations import console_users

    done = _performed(console_users.ENABLE, user, config)
    print_json(done.model_dump()) if as_json else typer.echo(f"{user}: may log in again")


def _performed(operation: OnUser, user: str, config: Path | None) -> UserView:
    from digest.operations.console_users import UserName
    from digest.operations.core import perform

    with store_of(config, any_clock=True) as (settings, store):
        return perform(operation, context_of(settings, store), UserName(user=user))
