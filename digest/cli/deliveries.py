"""`digest deliveries list|retry|release`: dead letters, and leases of drains that are gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.common import (
    ConfigOption,
    JsonOption,
    YesOption,
    clock,
    print_json,
    print_table,
    store_of,
    store_to_read,
)
from digest.json_output import pick
from digest.model import DeliveryState, EditionKey

if TYPE_CHECKING:
    from digest.records.mailing import DeliveryRow
    from digest.service.mailing.drain.releasing import LeasedDelivery

app = typer.Typer(name="deliveries", help="List mail that did not arrive, and send it again.", no_args_is_help=True)


def delivery_json(row: DeliveryRow) -> dict[str, object]:
    """A delivery of one edition in the JSON form of all commands."""
    return pick(row, "address", "state", "attempts", "next_at", "code", "text", "uncertain")


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
    edition: Annotated[
        str | None, typer.Option("--edition", metavar="KEY", help="Only deliveries of this edition.")
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List deliveries that failed, have an unknown outcome, wait for a retry or were suppressed."""
    from digest.service.bounces import dead_letters

    states = _states(state, dead_letters.LISTED, dead_letters.DEAD)
    with store_to_read(config) as (_, store):
        rows = dead_letters.deliveries_in(store, states, EditionKey(edition) if edition else None)
        again = dead_letters.editions_listing_again(store, rows)
    if as_json:
        for row in rows:
            print_json(
                {"edition": row.edition}
                | delivery_json(row)
                | {"listed_again": again.get((row.edition, row.subscriber), [])}
            )
        return
    print_table(
        ("edition", "address", "state", "attempts", "next", "answer"),
        [(r.edition, r.address, r.state, r.attempts, r.next_at, f"{r.code or ''} {r.text}".strip()) for r in rows],
        numbers=("attempts",),
    )
    for (key, _), editions in again.items():
        if editions:
            typer.echo(f"{key}: its entries are listed again in {', '.join(editions)}")


@app.command()
def retry(
    edition: Annotated[
        str | None, typer.Argument(metavar="EDITION", help="Only this edition, such as weekly/2026-W47.")
    ] = None,
    addresses: Annotated[
        list[str] | None, typer.Argument(metavar="ADDRESS", help="Only mails to these addresses.")
    ] = None,
    *,
    state: Annotated[
        list[str] | None, typer.Option("--state", metavar="failed|unknown", help="Default: failed.")
    ] = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Plan dead letters again; `digest run` or `digest edition send` sends them."""
    from digest.service.bounces import dead_letters

    states = _states(state, dead_letters.DEAD, (DeliveryState.FAILED,))
    with store_of(config) as (settings, store):
        rows = dead_letters.dead_letters(store, states, EditionKey(edition) if edition else None, addresses or [])
        unknown = sum(row.state is DeliveryState.UNKNOWN for row in rows)
        if unknown and not yes:
            typer.confirm(
                f"{unknown} of {len(rows)} may have arrived already and would then arrive twice. Send them?",
                abort=True,
                err=True,
            )
        planned = dead_letters.retry(store, settings, rows, now=clock())
    if as_json:
        print_json({"planned": len(planned), "left": len(rows) - len(planned)})
        return
    left = len(rows) - len(planned)
    typer.echo(
        f"{len(planned)} planned"
        + (
            f"; {left} not planned: their subscribers left, paused, are suppressed, or got the entries in a later mail"
            if left
            else ""
        )
    )


@app.command()
def release(
    which: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="EDITION|ADDRESS|DOMAIN",
            help="Only this edition, such as weekly/2026-W47, or these recipients.",
        ),
    ] = None,
    *,
    force: Annotated[
        bool,
        typer.Option("--force", help="Also release leases that may be in use; only while no `digest run` is running."),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the leased deliveries and release none.")] = False,
    yes: YesOption = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Release deliveries whose drain is gone: their lease has ended, or ends later than any drain could have set."""
    from digest.service.mailing.drain import releasing

    with store_of(config) as (settings, store):
        now, named = clock(), list(which or ())
        is_key = bool(named) and "/" in named[0] and "@" not in named[0]
        key = EditionKey(named.pop(0)) if is_key else None
        found = releasing.leased_deliveries(store, settings, key, named, now)
        chosen = [one for one in found if force or one.state is not releasing.HolderState.RUNNING]
        if dry_run:
            _print_leases(found, chosen, as_json=as_json)
            return
        begun = sum(one.row.begun for one in chosen)
        if begun and not yes:
            typer.confirm(
                f"{begun} of {len(chosen)} may have arrived or be in transit, and would arrive twice. Release them?",
                abort=True,
                err=True,
            )
        done = releasing.release(store, chosen, now)
    left = len(found) - done.free - done.unknown
    if as_json:
        print_json({"released": done.free + done.unknown, "unknown": done.unknown, "left": left})
        return
    held = f"; {left} not released: a running drain may still use them (--force releases them too)" if left else ""
    doubtful = f", {done.unknown} of them are sent at most once more" if done.unknown else ""
    typer.echo(f"{done.free + done.unknown} released{doubtful}{held}")


def _print_leases(found: list[LeasedDelivery], chosen: list[LeasedDelivery], *, as_json: bool) -> None:
    if as_json:
        for one in found:
            until = one.row.leased_until
            print_json(
                {
                    "edition": one.row.edition,
                    "address": one.row.address,
                    "leased_until": until,
                    "begun": one.row.begun,
                    "lease": one.state,
                    "released": one in chosen,
                }
            )
        return
    print_table(
        ("edition", "address", "leased until", "lease", "begun", "would be"),
        [
            (
                one.row.edition,
                one.row.address,
                one.row.leased_until,
                one.state,
                "yes" if one.row.begun else "no",
                "released" if one in chosen else "left alone",
            )
            for one in found
        ],
    )
