"""`digest tokens` and `digest audit`: which programs may use the API, and what operators did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.common import ConfigOption, JsonOption, context_of, print_json, print_table, store_of, store_to_read

if TYPE_CHECKING:
    from digest.operations.audit import AuditView
    from digest.operations.tokens import TokenView

tokens_app = typer.Typer(name="tokens", help="Create and revoke tokens of the API.", no_args_is_help=True)
audit_app = typer.Typer(name="audit", help="Show what operators did.", no_args_is_help=True)
_SCOPES = ("read", "operate", "people", "admin")


def _scope(value: str) -> str:
    if value not in _SCOPES:
        raise typer.BadParameter(f"{value!r} is not one of {', '.join(_SCOPES)}")
    return value


@tokens_app.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The program that uses it.")],
    *,
    scope: Annotated[
        list[str] | None,
        typer.Option(
            "--scope",
            metavar="SCOPE",
            parser=_scope,
            help="What it may do: read, operate, people or admin; may be given several times (default: read).",
        ),
    ] = None,
    days: Annotated[
        int | None, typer.Option("--days", metavar="N", min=1, max=3650, help="Expire after N days (default: never).")
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Create a token of the API, and print it. It is shown this once."""
    from digest.operations import tokens
    from digest.operations.core import perform
    from digest.records.operating import Scope

    with store_of(config) as (settings, store):
        asked = tokens.NewToken(name=name, scopes=[Scope(one) for one in scope or ("read",)], days=days)
        made = perform(tokens.CREATE, context_of(settings, store), asked)
    if as_json:
        print_json(made.model_dump())
        return
    typer.echo(made.token)
    typer.echo(
        f"This is the token of {made.name}. It is not shown again; `digest tokens revoke {made.id}` ends it.", err=True
    )
    if not settings.api.on:
        typer.echo("The API is off: set api.on = true, and restart `digest run`.", err=True)


@tokens_app.command("list")
def list_tokens(*, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """List the tokens of the API, revoked ones too, the newest first."""
    from digest.operations import tokens
    from digest.operations.core import Nothing, perform

    with store_to_read(config) as (settings, store):
        found = perform(tokens.LIST, context_of(settings, store), Nothing())
    if as_json:
        for one in found.items:
            print_json(one.model_dump())
        return
    print_table(
        ("id", "name", "scopes", "created", "last used", "state"),
        [
            (one.id, one.name, " ".join(one.scopes), f"{one.made_at:%Y-%m-%d}", _used(one), _state(one))
            for one in found.items
        ],
    )
    if not found.items:
        typer.echo("there is no token (`digest tokens create NAME` makes one)")


def _used(token: TokenView) -> str:
    return f"{token.used_at:%Y-%m-%d %H:%M}" if token.used_at else "never"


def _state(token: TokenView) -> str:
    if token.revoked_at:
        return f"revoked {token.revoked_at:%Y-%m-%d}"
    return f"expires {token.expires_at:%Y-%m-%d}" if token.expires_at else "valid"


@tokens_app.command()
def revoke(
    token: Annotated[str, typer.Argument(metavar="ID", help="The id, as `digest tokens list` prints it.")],
    *,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Revoke a token of the API permanently."""
    from digest.operations import tokens
    from digest.operations.core import perform

    with store_of(config) as (settings, store):
        done = perform(tokens.REVOKE, context_of(settings, store), tokens.TokenName(token=token))
    if as_json:
        print_json(done.model_dump())
    else:
        typer.echo(f"revoked: {done.id} ({done.name})")


@audit_app.command("list")
def list_acts(
    *,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=0, help="At most N; 0 for all.")] = 50,
    target: Annotated[str, typer.Option("--target", metavar="NAME", help="Only acts on this.")] = "",
    who: Annotated[str, typer.Option("--who", metavar="NAME", help="Only acts of this person or token.")] = "",
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List what operators did, the newest first: who, when, from where, what, and what differs since."""
    from digest.operations import audit
    from digest.operations.core import MOST_OF_A_PAGE, perform

    left, cursor, rows = limit or None, "", []
    with store_to_read(config) as (settings, store):
        context = context_of(settings, store)
        while left is None or left > 0:
            size = min(left or MOST_OF_A_PAGE, MOST_OF_A_PAGE)
            page = perform(audit.LIST, context, audit.AuditRequest(limit=size, cursor=cursor, target=target, who=who))
            if as_json:
                for one in page.items:
                    print_json(one.model_dump())
            rows += [_act_row(one) for one in page.items]
            left, cursor = None if left is None else left - len(page.items), page.next or ""
            if not cursor:
                break
    if not as_json:
        print_table(("when", "who", "from", "act", "target", "outcome"), rows)


def _act_row(one: AuditView) -> tuple[str, ...]:
    outcome = f"{one.outcome}: {one.problem}" if one.problem else str(one.outcome)
    return f"{one.at:%Y-%m-%d %H:%M}", one.who, f"{one.via} {one.place}", one.act, one.target, outcome
