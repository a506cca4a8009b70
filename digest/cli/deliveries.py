"""`digest deliveries list|retry`: dead letters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.common import ConfigOption, JsonOption, YesOption, print_json, print_table, store_of
from digest.model import DeliveryState, EditionKey

if TYPE_CHECKING:
    from digest.ports import DeliveryRow

app = typer.Typer(name="deliveries", help="Look at mail that did not arrive, and retry it.", no_args_is_help=True)


def _json(row: DeliveryRow) -> dict[str, object]:
    return {
        "edition": row.edition,
        "address": row.address,
        "state": row.state,
        "attempts": row.attempts,
        "next_at": row.next_at and row.next_at.isoformat(),
        "code": row.code,
        "text": row.text,
    }


def _states(
    given: list[str] | None, possible: tuple[DeliveryState, ...], usual: tuple[DeliveryState, ...]
) -> set[DeliveryState]:
    for name in given or ():
        if name not in possible:
            raise typer.BadParameter(f"{name!r} is not one of {', '.join(possible)}", param_hint="--state")
    return {DeliveryState(name) for name in given or usual}


@app.command("list")
def list_(
    *,
    state: Annotated[
        list[str] | None,
        typer.Option("--state", metavar="failed|unknown|deferred|suppressed", help="Default: failed, unknown."),
    ] = None,
    edition: Annotated[str | None, typer.Option("--edition", metavar="KEY", help="Only of this edition.")] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List deliveries that failed, of which nobody knows whether they arrived, that wait or were given up."""
    from digest.service import dead_letters

    states = _states(state, dead_letters.LISTED, dead_letters.DEAD)
    with store_of(config) as (_, store):
        rows = dead_letters.listed(store, states, EditionKey(edition) if edition else None)
    if as_json:
        for row in rows:
            print_json(_json(row))
        return
    print_table(
        ("edition", "address", "state", "attempts", "next", "answer"),
        [(r.edition, r.address, r.state, r.attempts, r.next_at, f"{r.code or ''} {r.text}".strip()) for r in rows],
        numbers=("attempts",),
    )


@app.command()
def retry(
    edition: Annotated[str | None, typer.Argument(metavar="[EDITION]", help="Such as weekly/2026-W47.")] = None,
    addresses: Annotated[list[str] | None, typer.Argument(metavar="[ADDRESS]...", help="Only to these.")] = None,
    *,
    state: Annotated[
        list[str] | None, typer.Option("--state", metavar="failed|unknown", help="Default: failed.")
    ] = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Plan dead letters once more; `digest run` or `digest edition send` sends them."""
    from digest.app import clock
    from digest.service import dead_letters

    states = _states(state, dead_letters.DEAD, (DeliveryState.FAILED,))
    with store_of(config) as (settings, store):
        rows = dead_letters.dead(store, states, EditionKey(edition) if edition else None, addresses or [])
        unknown = sum(row.state is DeliveryState.UNKNOWN for row in rows)
        if unknown and not yes:
            typer.confirm(
                f"{unknown} of {len(rows)} may have arrived and would come twice. Send them?", abort=True, err=True
            )
        planned = dead_letters.retry(store, settings, rows, now=clock())
    if as_json:
        print_json({"planned": len(planned), "left": len(rows) - len(planned)})
        return
    left = len(rows) - len(planned)
    typer.echo(
        f"{len(planned)} planned"
        + (
            f"; {left} left alone: their readers left, pause, are suppressed, or were told by a later mail"
            if left
            else ""
        )
    )
