"""`digest subscribers import`: read a subscriber list of another program, show it, and import it."""

from __future__ import annotations

import itertools
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli import common
from digest.cli.progress import Progress
from digest.errors import DigestError, ListError

if TYPE_CHECKING:
    from digest.service.people.importing import ImportReport, PeopleFile

_SHOWN = 10  # rows, and lines of one kind, that are listed
_WARNINGS, _COLUMNS = 50, 40  # that are listed one by one
_DELIMITERS = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "bar"}
_ELSEWHERE = {
    "unsubscribed": "had unsubscribed there",
    "bounced": "could not be reached there",
    "unconfirmed": "had never confirmed there",
}


def register(app: typer.Typer) -> None:
    app.command("import")(import_)


def import_(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A CSV file with headings such as email, name, language, tags.")
    ],
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show how the file is understood, and store nothing.")
    ] = False,
    encoding: Annotated[
        str | None, typer.Option(metavar="NAME", help="The file's encoding (default: detected).")
    ] = None,
    as_json: common.JsonOption = False,
    config: common.ConfigOption = None,
) -> None:
    """Subscribe everybody in a list, except people who left.

    People who are already known, left or were erased stay as they are. People who unsubscribed from the other program
    are not subscribed.
    """
    from dataclasses import replace

    from digest.operations import importing as operations
    from digest.operations.core import perform
    from digest.service.people import importing

    now = common.clock()
    common.settings_of(config)  # mistakes in it are reported before the list is read
    try:
        found = importing.read_people(file.read_bytes(), now, encoding)
    except OSError as error:
        raise DigestError(f"{file}: cannot be read: {error.strerror}") from error
    except ListError as error:
        raise DigestError(f"{file}: {error}") from error
    with common.store_of(config) as (settings, store):
        context, asked = common.context_of(settings, store), operations.ImportRequest(csv="")
        if dry_run:
            report = importing.try_people(store, settings, found, now=now)
        else:
            kept = "The rows so far are stored; run the same command again: people already subscribed stay unchanged."
            with Progress(f"importing {file.name}", kept=kept, total=len(found.rows)) as progress:
                reports: list[ImportReport] = []

                def run(*_: object) -> operations.ImportView:
                    done = importing.import_people(
                        store, settings, found, now=now, progress=lambda done, total: progress(done, total=total)
                    )
                    reports.append(done)
                    return operations.import_view(done)

                perform(replace(operations.IMPORT, run=run), context, asked)  # the file may have any encoding and size
            (report,) = reports
    if as_json:
        shown = operations.understood(found, report).model_dump() if dry_run else {}
        common.print_json(shown | report.counts())
    else:
        if dry_run:
            _show(file, found, report)
        typer.echo(", ".join(f"{count} {name}" for name, count in report.counts().items()))
    _print_report(file, report)
    if report.problems:
        raise typer.Exit(1)


def _show(file: Path, found: PeopleFile, report: ImportReport) -> None:
    from digest.operations.importing import meanings, understood

    cells = _DELIMITERS.get(found.table.delimiter, found.table.delimiter)
    heads = "headings in the first row" if found.table.heads else "no headings, so the columns have the default order"
    count = len(found.rows)
    typer.echo(f"{file}: {count} {'row' if count == 1 else 'rows'}, {found.encoding}, separated by {cells}, {heads}")
    common.print_table(("column", "meaning"), list(meanings(found).items()))
    if found.ignored:
        more = len(found.ignored) - _COLUMNS
        named = [*found.ignored[:_COLUMNS], *([f"and {more} more"] if more > 0 else [])]
        typer.echo(f"columns ignored: {', '.join(named)}\n")
    rows = [row.model_dump() for row in understood(found, report).first]
    used = [name for name in rows[0] if name == "line" or any(row[name] for row in rows)] if rows else []
    if used:
        common.print_table(used, [[row[name] for name in used] for row in rows], numbers=("line",))
    if report.unmatched:
        tags = ", ".join(f"{tag} ({count})" for tag, count in report.unmatched.most_common(_SHOWN))
        typer.echo(f"tags that match no topic: {tags}")
    typer.echo("nothing is stored; without --dry-run the result would be:")


def _print_report(file: Path, report: ImportReport) -> None:
    """Print on stderr what the operator should know or decide."""
    from digest.operations.importing import visible

    for text, lines in itertools.islice(report.warnings.items(), _WARNINGS):
        typer.echo(f"digest: {file}: {_lines(lines)}: {text}", err=True)
    if len(report.warnings) > _WARNINGS:
        typer.echo(f"digest: {file}: {len(report.warnings) - _WARNINGS} more warnings like these", err=True)
    for kind, words in _ELSEWHERE.items():
        if report.kinds[kind]:
            verb = "is" if report.kinds[kind] == 1 else "are"
            typer.echo(f"digest: {file}: {report.kinds[kind]} {words}, and {verb} not subscribed", err=True)
    for outcome in report.suppressed[:_SHOWN]:
        typer.echo(f"digest: {file}: line {outcome.line}: {visible(outcome.text)}", err=True)
    if report.suppressed:
        addresses = {outcome.text.partition(": ")[0] for outcome in report.suppressed}
        one = len(addresses) == 1
        whom = shlex.join(addresses if one else ("--file", str(file)))
        typer.echo(
            f"digest: {file}: {'1 address is' if one else f'{len(addresses)} addresses are'} suppressed and "
            f"{'gets' if one else 'get'} no mail. To lift this, run `digest subscribers unsuppress {whom}`, "
            "then import the list again",
            err=True,
        )
    for outcome in report.problems:
        typer.echo(f"digest: {file}: line {outcome.line}: {visible(outcome.text)}", err=True)


def _lines(lines: Sequence[int]) -> str:
    named = ", ".join(str(line) for line in lines[:_SHOWN])
    more = f" and {len(lines) - _SHOWN} more" if len(lines) > _SHOWN else ""
    return f"{'line' if len(lines) == 1 else 'lines'} {named}{more}"
