"""`digest subscribers import`: read a subscriber list of another program, show it, and import it."""

from __future__ import annotations

import itertools
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.addresses import checked_address
from digest.cli.common import ConfigOption, JsonOption, clock, print_json, print_table, settings_of, store_of
from digest.cli.progress import Progress
from digest.errors import AddressError, DigestError, ListError

if TYPE_CHECKING:
    from digest.lists.people import ListedPerson
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
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Subscribe everybody in a list, except people who left.

    People who are already known, left or were erased stay as they are. People who unsubscribed from the other program
    are not subscribed.
    """
    from digest.service.people import importing

    now = clock()
    settings_of(config)  # mistakes in it are reported before the list is read
    try:
        found = importing.read_people(file.read_bytes(), now, encoding)
    except OSError as error:
        raise DigestError(f"{file}: cannot be read: {error.strerror}") from error
    except ListError as error:
        raise DigestError(f"{file}: {error}") from error
    with store_of(config) as (settings, store):
        if dry_run:
            report = importing.try_people(store, settings, found, now=now)
        else:
            kept = "The rows so far are stored; run the same command again: people already subscribed stay unchanged."
            with Progress(f"importing {file.name}", kept=kept, total=len(found.rows)) as progress:
                report = importing.import_people(
                    store, settings, found, now=now, progress=lambda done, total: progress(done, total=total)
                )
    if as_json:
        print_json((_understood(found, report) if dry_run else {}) | report.counts())
    else:
        if dry_run:
            _show(file, found, report)
        typer.echo(", ".join(f"{count} {name}" for name, count in report.counts().items()))
    _print_report(file, report)
    if report.problems:
        raise typer.Exit(1)


def _understood(found: PeopleFile, report: ImportReport) -> dict[str, object]:
    return {
        "encoding": found.encoding,
        "delimiter": found.table.delimiter,
        "columns": _meanings(found),
        "ignored": found.ignored,
        "first": [_row(row) for row in _first(found)],
        "tags_without_topic": dict(report.unmatched.most_common()),
    }


def _meanings(found: PeopleFile) -> dict[str, str]:
    """The meaning of each column that is used, by its heading or number."""
    heads = found.table.heads
    columns = {column: field for field, of_field in found.table.columns.items() for column in of_field}
    return {heads[at] if heads else f"column {at + 1}": str(columns[at]) for at in sorted(columns)}


def _first(found: PeopleFile) -> list[ListedPerson]:
    from digest.lists.people import ListedPerson

    return [row for row in found.rows if isinstance(row, ListedPerson)][:_SHOWN]


def _row(row: ListedPerson) -> dict[str, object]:
    return {
        "line": row.line,
        "address": _understood_address(row.address),
        "name": row.name,
        "language": row.language,
        "format": row.form,
        "digest": row.digests,
        "tags": ", ".join(row.tags),
        "consent": row.consented_at and f"{row.consented_at:%Y-%m-%d %H:%M}",
        "source": row.source,
        "there": str(row.status),
    }


def _understood_address(written: str) -> str:
    try:
        return checked_address(written)
    except AddressError:
        return _visible(written)  # reported with its line


def _visible(text: str) -> str:
    """The text with invisible characters and direction marks escaped, such as `\\u202e`."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def _show(file: Path, found: PeopleFile, report: ImportReport) -> None:
    cells = _DELIMITERS.get(found.table.delimiter, found.table.delimiter)
    heads = "headings in the first row" if found.table.heads else "no headings, so the columns have the default order"
    count = len(found.rows)
    typer.echo(f"{file}: {count} {'row' if count == 1 else 'rows'}, {found.encoding}, separated by {cells}, {heads}")
    print_table(("column", "meaning"), list(_meanings(found).items()))
    if found.ignored:
        more = len(found.ignored) - _COLUMNS
        named = [*found.ignored[:_COLUMNS], *([f"and {more} more"] if more > 0 else [])]
        typer.echo(f"columns ignored: {', '.join(named)}\n")
    rows = [_row(row) for row in _first(found)]
    used = [name for name in rows[0] if name == "line" or any(row[name] for row in rows)] if rows else []
    if used:
        print_table(used, [[row[name] for name in used] for row in rows], numbers=("line",))
    if report.unmatched:
        tags = ", ".join(f"{tag} ({count})" for tag, count in report.unmatched.most_common(_SHOWN))
        typer.echo(f"tags that match no topic: {tags}")
    typer.echo("nothing is stored; without --dry-run the result would be:")


def _print_report(file: Path, report: ImportReport) -> None:
    """Print on stderr what the operator should know or decide."""
    for text, lines in itertools.islice(report.warnings.items(), _WARNINGS):
        typer.echo(f"digest: {file}: {_lines(lines)}: {text}", err=True)
    if len(report.warnings) > _WARNINGS:
        typer.echo(f"digest: {file}: {len(report.warnings) - _WARNINGS} more warnings like these", err=True)
    for kind, words in _ELSEWHERE.items():
        if report.kinds[kind]:
            verb = "is" if report.kinds[kind] == 1 else "are"
            typer.echo(f"digest: {file}: {report.kinds[kind]} {words}, and {verb} not subscribed", err=True)
    for outcome in report.suppressed[:_SHOWN]:
        typer.echo(f"digest: {file}: line {outcome.line}: {_visible(outcome.text)}", err=True)
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
        typer.echo(f"digest: {file}: line {outcome.line}: {_visible(outcome.text)}", err=True)


def _lines(lines: Sequence[int]) -> str:
    named = ", ".join(str(line) for line in lines[:_SHOWN])
    more = f" and {len(lines) - _SHOWN} more" if len(lines) > _SHOWN else ""
    return f"{'line' if len(lines) == 1 else 'lines'} {named}{more}"
