"""`digest deliveries list|retry|release`: dead letters, and leases of drains that are gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli import common
from digest.model import DeliveryState, EditionKey

if TYPE_CHECKING:
    from digest.operations.deliveries import DeliveryView
    from digest.service.mailing.drain.releasing import LeasedDelivery

app = typer.Typer(name="deliveries", help="List mail that did not arrive, and send it again.", no_args_is_help=True)


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
    as_json: common.JsonOption = False,
    config: common.ConfigOption = None,
) -> None:
    """List deliveries that failed, have an unknown outcome, wait for a retry or were suppressed."""
    from digest.operations import deliveries
    from digest.operations.core import MOST_OF_A_PAGE, perform
    from digest.operations.editions import require_edition
    from digest.service.bounces import dead_letters

    states = _states(state, dead_letters.LISTED, dead_letters.DEAD)
    found: list[DeliveryView] = []
    with common.store_to_read(config) as (settings, store):
        if edition:
            with store.read() as tx:
                require_edition(tx, edition)
        context, cursor = common.context_of(settings, store), ""
        while True:
            asked = deliveries.DeliveriesRequest(
                states=sorted(states), edition=edition or "", limit=MOST_OF_A_PAGE, cursor=cursor
            )
            page = perform(deliveries.LIST, context, asked)
            found += page.items
            if not page.next:
                break
            cursor = page.next
    if as_json:
        for one in found:
            common.print_json(one.model_dump(exclude=deliveries.ONLY_IN_THE_API))
        return
    common.print_table(
        ("edition", "address", "state", "attempts", "next", "answer"),
        [(r.edition, r.address, r.state, r.attempts, r.next_at, f"{r.code or ''} {r.text}".strip()) for r in found],
        numbers=("attempts",),
    )
    for one in found:
        if one.listed_again:
            typer.echo(f"{one.edition}: its entries are listed again in {', '.join(one.listed_again)}")


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
    yes: common.YesOption = False,
    as_json: common.JsonOption = False,
    config: common.ConfigOption = None,
) -> None:
    """Plan dead letters again; `digest run` or `digest edition send` sends them."""
    from digest.operations import deliveries
    from digest.operations.core import perform
    from digest.service.bounces import dead_letters

    states = _states(state, dead_letters.DEAD, (DeliveryState.FAILED,))
    with common.store_of(config) as (settings, store):
        rows = dead_letters.dead_letters(store, states, EditionKey(edition) if edition else None, addresses or [])
        unknown = sum(row.state is DeliveryState.UNKNOWN for row in rows)
        if unknown and not yes:
            typer.confirm(
                f"{unknown} of {len(rows)} may have arrived already and would then arrive twice. Send them?",
                abort=True,
                err=True,
            )
        asked = deliveries.RetryRequest(edition=edition or "", subscribers=addresses or [], states=sorted(states))
        done = perform(deliveries.RETRY, common.context_of(settings, store), asked)
    if as_json:
        common.print_json(done.model_dump())
        return
    why = "their subscribers left, paused, are suppressed, or got the entries in a later mail"
    typer.echo(f"{done.planned} planned" + (f"; {done.left} not planned: {why}" if done.left else ""))


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
    yes: common.YesOption = False,
    as_json: common.JsonOption = False,
    config: common.ConfigOption = None,
) -> None:
    """Release deliveries whose drain is gone: their lease has ended, or ends later than any drain could have set."""
    from digest.operations import deliveries
    from digest.operations.core import perform
    from digest.service.mailing.drain import releasing

    with common.store_of(config) as (settings, store):
        now, named = common.clock(), list(which or ())
        is_key = bool(named) and "/" in named[0] and "@" not in named[0]
        key = EditionKey(named.pop(0)) if is_key else None
        found = releasing.leased_deliveries(store, settings.mail, key, named, now)
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
        asked = deliveries.ReleaseRequest(edition=key or "", who=named, force=force, sure=True)
        done = perform(deliveries.RELEASE, common.context_of(settings, store), asked)
    if as_json:
        common.print_json(done.model_dump())
        return
    held = f"; {done.left} not released: a running drain may still use them (--force releases them too)"
    doubtful = f", {done.unknown} of them are sent at most once more" if done.unknown else ""
    typer.echo(f"{done.released} released{doubtful}{held if done.left else ''}")


def _print_leases(found: list[LeasedDelivery], chosen: list[LeasedDelivery], *, as_json: bool) -> None:
    if as_json:
        for one in found:
            until = one.row.leased_until
            common.print_json(
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
    common.print_table(
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
