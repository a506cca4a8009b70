"""`digest subscribers suppress|unsuppress`: suppressions that wait for a word, and their end."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from digest.cli.common import ConfigOption, JsonOption, print_json, print_table, store_of
from digest.cli.typed import for_its_writer
from digest.errors import DigestError, ListError
from digest.model import EditionKey

_SHOWN = 20
_AT = re.compile("(?<=.)[@＠]")  # in an address; `@example.org` is a domain


def register(app: typer.Typer) -> None:
    app.command("suppress")(suppress)
    app.command("unsuppress")(unsuppress)


def suppress(
    edition: Annotated[str, typer.Argument(metavar="EDITION", help="Such as weekly/2026-W47.")],
    *,
    confirm: Annotated[bool, typer.Option("--confirm", help="These addresses are dead: suppress them.")] = False,
    dismiss: Annotated[bool, typer.Option("--dismiss", help="The fault was ours or a server's: drop it all.")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show the suppressions that an edition asks for, and apply or drop them; sending goes on then."""
    from digest.app import clock
    from digest.service.bounces import suppressing

    if confirm and dismiss:
        raise typer.BadParameter("the addresses are dead, or they are not", param_hint="--confirm")
    key = EditionKey(edition)
    with store_of(config) as (_, store):
        asked = suppressing.asked_by(store, key)
        if confirm or dismiss:
            count = suppressing.decide(store, key, confirm=confirm, now=clock())
            if as_json:
                print_json({"edition": key, "suppressed" if confirm else "dismissed": count})
            else:
                typer.echo(f"{key}: {count} {'suppressed' if confirm else 'dismissed'}")
            return
    if as_json:
        for one in asked:
            print_json({"edition": key, "address": one.address, "evidence": one.evidence, "reason": one.reason})
    elif asked:
        print_table(("address", "evidence", "reason"), [(one.address, one.evidence, one.reason) for one in asked])
    else:
        typer.echo(f"{key}: asks for no suppressions")


def unsuppress(
    who: Annotated[
        list[str] | None, typer.Argument(metavar="[ADDRESS|DOMAIN]...", help="Addresses, or whole domains.")
    ] = None,
    *,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="FILE", help="The addresses in it, the first of each line.")
    ] = None,
    domain: Annotated[list[str] | None, typer.Option("--domain", metavar="DOMAIN", help="All at it, too.")] = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            "--since",
            metavar="DATE",
            formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"],
            help="Those suppressed since then, such as 2026-11-16 or 2026-11-16T08:00 (UTC).",
        ),
    ] = None,
    reason: Annotated[str, typer.Option("--reason", metavar="WORDS", help="Those whose reason holds this.")] = "",
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Mail addresses again that were struck off; what came back before no longer counts. Your act is recorded.

    Of those named, or of everybody, those who were suppressed since that date and for that reason.
    """
    from digest.app import clock
    from digest.service.bounces import lifting

    if not (who or file or domain or since or reason):
        raise typer.BadParameter("say whom: an address, --file, --domain, --since or --reason", param_hint="ADDRESS")
    domains = [*(domain or ()), *(one for one in who or () if not _AT.search(one))]
    named = [one for one in who or () if _AT.search(one)]
    moment = since and (since if since.tzinfo else since.replace(tzinfo=UTC)).astimezone(UTC)
    chosen = lifting.Chosen(named, domains, moment, reason, _read(file) if file else ())
    with store_of(config) as (_, store):
        done = lifting.lift(store, chosen, now=clock())
    if as_json:
        for one in done.people:
            print_json({"address": one.address, "reason": one.reason, "suppressed_at": one.at and one.at.isoformat()})
    else:
        for one in done.people[:_SHOWN]:
            typer.echo(f"{one.address}: gets mail again")
        if len(done.people) != 1:
            typer.echo(f"{len(done.people)} get mail again")
        if done.others:
            typer.echo(f"{file}: skipped {done.others} that are not suppressed")
    for problem in done.problems:
        typer.echo(f"digest: {for_its_writer(problem)}", err=True)
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
        raise DigestError(f"{file}: holds no address")
    return found
