"""`digest console link|users|revoke|enable`: who may log in to the console, from the machine itself."""

from __future__ import annotations

from typing import Annotated

import typer

from digest.cli.common import ConfigOption, JsonOption, clock, print_json, print_table, store_of, store_to_read
from digest.errors import ConfigurationError
from digest.records.console import Role

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
    from digest.service.console import users

    with store_of(config, any_clock=True) as (settings, store):
        if not settings.console.on:
            remedy = "set it to true and restart `digest run`, see docs/console.md"
            raise ConfigurationError("the console is off", place="console.on", remedy=remedy)
        found = users.ensure_user(store, user, role, clock())
        url = users.issue_link(store, settings, found.id, clock())
    if as_json:
        print_json({"user": found.name, "role": found.role, "url": url, "minutes": 15})
        return
    typer.echo(f"{url}\nIt logs in {found.name} ({found.role}), once, within 15 minutes.")


@app.command("users")
def list_users(*, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """List the users with their role, their ways to log in and their sessions."""
    from digest.service.console import sessions, users

    with store_to_read(config) as (settings, store):
        with store.read() as tx:
            found = tx.console_users.all()
        rows = [
            (
                one,
                [str(kind) for kind, number in users.ways(store, one.id).items() if number],
                len(sessions.valid_sessions(store, settings, clock(), one.id)),
            )
            for one in found
        ]
    if as_json:
        for one, ways, number in rows:
            state = {"disabled": one.disabled_at is not None, "ways": ways, "sessions": number}
            print_json({"name": one.name, "role": one.role, **state})
        return
    print_table(
        ("user", "role", "ways to log in", "sessions"),
        [
            (one.name, f"{one.role}{', disabled' if one.disabled_at else ''}", ", ".join(ways), number)
            for one, ways, number in rows
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
    from digest.service.console import users

    with store_of(config, any_clock=True) as (_, store):
        found = users.known_user(store, user)
        if sessions_only:
            users.end_sessions(store, found.id)
        else:
            found = users.disable(store, found.id, clock())
    if as_json:
        print_json({"name": found.name, "disabled": found.disabled_at is not None})
        return
    typer.echo(f"{user}: logged out everywhere" + ("" if sessions_only else ", and may not log in any more"))


@app.command()
def enable(user: UserArgument, *, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Let a user log in again who was disabled."""
    from digest.service.console import users

    with store_of(config, any_clock=True) as (_, store):
        found = users.enable(store, users.known_user(store, user).id)
    print_json({"name": found.name, "disabled": False}) if as_json else typer.echo(f"{user}: may log in again")
