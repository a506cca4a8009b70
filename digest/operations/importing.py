"""Imports of subscriber lists: a trial, and the import itself."""

from __future__ import annotations

from pydantic import Field

from digest.addresses import checked_address
from digest.errors import AddressError, ListError, without_addresses
from digest.lists.people import ListedPerson
from digest.operations.core import AskedError, Context, Operation, Request, View
from digest.records.operating import Scope
from digest.service.people import importing

_LARGEST_LIST = 900_000  # characters
_SHOWN = 10  # rows that a trial shows


class UnderstoodRow(View):
    """A row of a list as it is understood."""

    line: int
    address: str
    name: str
    language: str | None
    format: str | None
    digest: str
    tags: str
    consent: str | None
    source: str
    there: str


class UnderstoodView(View):
    """How a list is understood: its encoding, its columns, its first rows, and tags that match no topic."""

    encoding: str
    delimiter: str
    columns: dict[str, str]
    ignored: list[str]
    first: list[UnderstoodRow]
    tags_without_topic: dict[str, int]


class ImportCounts(View):
    """The number of rows of each result."""

    added: int
    joined: int
    known: int
    left: int
    erased: int
    suppressed: int
    unsubscribed: int
    bounced: int
    unconfirmed: int
    wrong: int


class LineView(View):
    """What is wrong in a line, or to know about lines. Addresses are masked: the line names the person."""

    lines: list[int]
    text: str


class ImportView(View):
    """The result of an import, in numbers of rows, with the lines that need a look."""

    counts: ImportCounts
    warnings: list[LineView]
    problems: list[LineView]


class TriedView(ImportView):
    """What the result would be, and how the list is understood."""

    understood: UnderstoodView


class ImportRequest(Request):
    """A subscriber list as text."""

    csv: str = Field(max_length=_LARGEST_LIST, description="CSV with headings such as email, name, language, tags.")


def import_list(context: Context, asked: ImportRequest) -> ImportView:
    """Subscribe everybody in a list, except people who left."""
    found = _read(context, asked)
    report = importing.import_people(context.store, context.settings, found, now=context.now())
    return import_view(report)


def try_list(context: Context, asked: ImportRequest) -> TriedView:
    """Show how a list is understood, and what importing it would do; store nothing."""
    found = _read(context, asked)
    report = importing.try_people(context.store, context.settings, found, now=context.now())
    return TriedView(understood=understood(found, report), **dict(import_view(report)))


def _read(context: Context, asked: ImportRequest) -> importing.PeopleFile:
    try:
        return importing.read_people(asked.csv.encode(), context.now(), "utf-8")
    except ListError as error:
        raise AskedError("csv", without_addresses(str(error))) from error


def import_view(report: importing.ImportReport) -> ImportView:
    """The result of an import or of a trial."""
    wrong = (*report.suppressed, *report.problems)
    return ImportView(
        counts=ImportCounts(**report.counts()),
        warnings=[LineView(lines=lines, text=without_addresses(text)) for text, lines in report.warnings.items()],
        problems=[LineView(lines=[one.line], text=without_addresses(one.text)) for one in wrong],
    )


def understood(found: importing.PeopleFile, report: importing.ImportReport) -> UnderstoodView:
    """How a list is understood."""
    rows = [row for row in found.rows if isinstance(row, ListedPerson)][:_SHOWN]
    return UnderstoodView(
        encoding=found.encoding,
        delimiter=found.table.delimiter,
        columns=meanings(found),
        ignored=found.ignored,
        first=[_row(row) for row in rows],
        tags_without_topic=dict(report.unmatched.most_common()),
    )


def meanings(found: importing.PeopleFile) -> dict[str, str]:
    """The meaning of each column that is used, by its heading or number."""
    heads = found.table.heads
    columns = {column: field for field, of_field in found.table.columns.items() for column in of_field}
    return {heads[at] if heads else f"column {at + 1}": str(columns[at]) for at in sorted(columns)}


def _row(row: ListedPerson) -> UnderstoodRow:
    try:
        address = checked_address(row.address)
    except AddressError:
        address = visible(row.address)  # reported with its line
    return UnderstoodRow(
        line=row.line,
        address=address,
        name=row.name,
        language=row.language,
        format=row.form,
        digest=row.digests,
        tags=", ".join(row.tags),
        consent=f"{row.consented_at:%Y-%m-%d %H:%M}" if row.consented_at else None,
        source=row.source,
        there=str(row.status),
    )


def visible(text: str) -> str:
    """The text with invisible characters and direction marks escaped, such as `\\u202e`."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


IMPORT = Operation(
    "subscribers.import",
    "POST",
    "/subscribers/import",
    Scope.PEOPLE,
    ImportRequest,
    ImportView,
    import_list,
    "subscribers import",
    target=lambda _: "a list",
    named=lambda done: f"a list: {done.counts.added} added, {done.counts.joined} joined",
)
TRY = Operation(
    "subscribers.try-import",
    "POST",
    "/subscribers/import/try",
    Scope.PEOPLE,
    ImportRequest,
    TriedView,
    try_list,
    "subscribers import",
    acts=False,
)
OPERATIONS = (IMPORT, TRY)
