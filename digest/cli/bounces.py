"""`digest bounces read`, and `digest subscribers suppress|unsuppress`: read bounces, decide on suppressions."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from digest.cli.common import ConfigOption, JsonOption, context_of, print_json, print_table, store_of
from digest.cli.progress import Progress
from digest.errors import DigestError, ListError, without_addresses

app = typer.Typer(name="bounces", help="Read bounces and complaints.", no_args_is_help=True)
_SHOWN = 20
_BY_HAND = "the operator suppressed it"
_AT = re.compile("(?<=.)[@＠]")  # in an address; `@example.org` is a domain


@app.callback()
def group() -> None:
    """A group, so that its one command has a name."""


@app.command()
def read(*, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Read the maildir or the IMAP folder of bounces once; `digest run` does this by itself."""
    from digest.operations import deliveries
    from digest.operations.core import Nothing, perform

    with store_of(config) as (settings, store):
        kept = (
            "Mails read so far are recorded, the rest stay where they are; `digest bounces read` continues with them."
        )
        with Progress("reading bounces", kept=kept):
            handled = perform(deliveries.READ, context_of(settings, store), Nothing()).handled
    if as_json:
        print_json(handled)
    else:
        typer.echo(", ".join(f"{count} {what}" for what, count in handled.items()) or "no bounces or complaints")


def register(app: typer.Typer) -> None:
    app.command("suppress")(suppress)
    app.command("unsuppress")(unsuppress)


def suppress(
    edition: Annotated[str, typer.Argument(metavar="EDITION|ADDRESS", help="An edition, or an address.")],
    *,
    confirm: Annotated[bool, typer.Option("--confirm", help="These addresses are dead: suppress them.")] = False,
    dismiss: Annotated[bool, typer.Option("--dismiss", help="The fault was ours or a server's: drop them.")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show the suppressions that wait after an edition; apply or drop them, so that sending continues.

    With an ADDRESS, suppress it at once.
    """
    from digest.operations import deliveries, editions, people_acts
    from digest.operations.core import perform

    if confirm and dismiss:
        raise typer.BadParameter("choose --confirm or --dismiss, not both", param_hint="--confirm")
    with store_of(config) as (settings, store):
        context = context_of(settings, store)
        if _AT.search(edition):
            asked_for = people_acts.SuppressRequest.model_construct(subscriber=edition, reason=_BY_HAND)
            changed = perform(people_acts.SUPPRESS, context, asked_for)
            if as_json:
                print_json(changed.model_dump(exclude={"id"}))
            else:
                typer.echo(f"{changed.address}: gets no mail any more")
            return
        asked = perform(deliveries.SUPPRESSIONS, context, editions.EditionName(edition=edition)).items
        if confirm or dismiss:
            done = perform(deliveries.DECIDE, context, deliveries.DecideRequest(edition=edition, confirm=confirm))
            count = done.suppressed if confirm else done.dismissed
            if as_json:
                print_json(done.model_dump())
            else:
                typer.echo(f"{edition}: {count} {'suppressed' if confirm else 'dismissed'}")
            return
    if as_json:
        for one in asked:
            print_json(one.model_dump())
    elif asked:
        print_table(("address", "evidence", "reason"), [(one.address, one.evidence, one.reason) for one in asked])
    else:
        typer.echo(f"{edition}: no suppressions are waiting")


def unsuppress(
    who: Annotated[
        list[str] | None, typer.Argument(metavar="ADDRESS|DOMAIN", help="Addresses, or whole domains.")
    ] = None,
    *,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="FILE", help="The addresses in this file, the first of each line.")
    ] = None,
    domain: Annotated[
        list[str] | None, typer.Option("--domain", metavar="DOMAIN", help="Also all addresses of this domain.")
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            "--since",
            metavar="DATE",
            formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"],
            help="Only those suppressed since then, such as 2026-11-16 or 2026-11-16T08:00 (UTC).",
        ),
    ] = None,
    reason: Annotated[
        str, typer.Option("--reason", metavar="WORDS", help="Only those whose reason contains WORDS.")
    ] = "",
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Send mail to suppressed addresses again; earlier bounces no longer count. Your act is recorded.

    --since and --reason select from the addresses that you name, or from all if you name none.
    """
    from digest.operations import people_acts
    from digest.operations.core import perform

    if not (who or file or domain or since or reason):
        raise typer.BadParameter("name an address, --file, --domain, --since or --reason", param_hint="ADDRESS")
    domains = [*(domain or ()), *(one for one in who or () if not _AT.search(one))]
    named = [one for one in who or () if _AT.search(one)]
    moment = since and (since if since.tzinfo else since.replace(tzinfo=UTC)).astimezone(UTC)
    asked = people_acts.UnsuppressRequest.model_construct(
        subscribers=named, domains=domains, since=moment, reason=reason, listed=_read(file) if file else []
    )
    with store_of(config) as (settings, store):
        done = perform(people_acts.UNSUPPRESS, context_of(settings, store), asked)
    if as_json:
        for one in done.people:
            print_json(one.model_dump(exclude={"id"}))
    else:
        for one in done.people[:_SHOWN]:
            typer.echo(f"{one.address}: gets mail again")
        if len(done.people) != 1:
            typer.echo(f"{len(done.people)} get mail again")
        if done.others:
            typer.echo(f"{file}: skipped {done.others} that are not suppressed")
    for problem in done.problems:
        typer.echo(f"digest: {problem if sys.stderr.isatty() else without_addresses(problem)}", err=True)
    if done.problems:
        raise typer.Exit(1)


def _read(file: Path) -> list[str]:
    from digest.service.bounces.lifting import addresses_in

    try:
        found = addresses_in(file.read_bytes())
    except OSError as error:
        raise DigestError(f"{file}: cannot be read: {error.strerror}") from error
    except ListError as error:
        raise DigestError(f"{file}: {error}") from error
    if not found:
        raise DigestError(f"{file}: contains no address")
    return found
