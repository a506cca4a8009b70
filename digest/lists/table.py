"""Splits a list into rows and columns; writes rows as CSV that spreadsheets open safely and Digest can read again."""

import csv
import io
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from digest.errors import ListError
from digest.lists.columns import Field, columns_by_field, fold_heading

csv.field_size_limit(2**31 - 1)  # else a long note looks like an open quote; the list is in memory anyway
DELIMITERS = (",", ";", "\t", "|")
_LONGEST_HEADS = 200  # characters
_LOOKED_AT = 50  # rows that are examined to find the column of addresses
_HINT = re.compile(r'"?sep=(.)"?(?:\r\n|\r|\n)', re.IGNORECASE)  # a first line that Excel understands
_ADDRESS = re.compile(r"(?:[^<>＜＞]*[<＜])?(?:mailto:)?[^\s,;<>＜＞|@＠]+[@＠][^\s,;<>＜＞|@＠]+[>＞]?", re.IGNORECASE)
# The columns of a list without headings, in this order.
_PLACES = (Field.ADDRESS, Field.NAME, Field.LANGUAGE, Field.FORMAT, Field.DIGEST)
# Source: OWASP, "CSV Injection". East Asian spreadsheets also compute after full-width signs. Reading removes the mark.
_COMPUTED = re.compile(r"'*[=+\-@＝＋－＠]")


@dataclass(frozen=True, slots=True)
class Table:
    """A list.

    `heads` is empty if it has no headings. `columns` are numbered from 0, the most reliable one of a field first.
    """

    text: str
    delimiter: str
    heads: tuple[str, ...]
    columns: Mapping[Field, tuple[int, ...]]
    first: int

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Each row with the number of its first line, from 1; headings, empty rows and `# comments` are left out.

        Raises:
            ListError: a quote is opened and not closed.
        """
        for line, cells in csv_rows(self.text, self.delimiter):
            if line >= self.first and any(cells) and not _is_comment(cells):
                yield line, cells


def parse_table(text: str) -> Table:
    """The table in a text: its delimiter, and the meaning of its columns according to the first row.

    Raises:
        ListError: no column of addresses can be found.
    """
    hint = _HINT.match(text)
    readings = [_reading(text, delimiter) for delimiter in ((hint[1],) if hint else DELIMITERS)]
    candidates = [reading for reading in readings if Field.ADDRESS in reading.columns]
    best = max(candidates, key=lambda one: (len(one.columns), len(one.heads)), default=None)
    if best is not None:
        return best
    widest = max(readings, key=lambda one: len(one.heads), default=None)
    if widest is None or not widest.heads:
        raise ListError("contains no row")
    line = widest.first - 1 or 1
    heads = ", ".join(widest.heads)
    if len(heads) > _LONGEST_HEADS:
        heads = f"{heads[:_LONGEST_HEADS]} …"
    raise ListError(f"the first row names no column with addresses: {heads} (name that column email)", line)


def _reading(text: str, delimiter: str) -> Table:
    """The text split with this delimiter; without an address column if the first row shows none."""
    rows = ((line, cells) for line, cells in _loose(text, delimiter) if any(cells))
    start = [one for one in itertools.islice(rows, _LOOKED_AT) if not _is_comment(one[1])]
    if not start:
        return Table(text, delimiter, (), {}, 1)
    line, cells = start[0]
    if not any(_ADDRESS.fullmatch(cell) for cell in cells):
        columns = _with_addresses(columns_by_field(cells), start[1:])
        if Field.ADDRESS not in columns:
            columns |= _found_by_content(start[1:], columns)
        return Table(text, delimiter, tuple(cells), columns, line + 1)
    return Table(text, delimiter, (), _places(cells), line)


def _with_addresses(
    columns: Mapping[Field, tuple[int, ...]], rows: Sequence[tuple[int, list[str]]]
) -> dict[Field, tuple[int, ...]]:
    """The columns, with the first address column that contains an address.

    An `Email` column may hold yes or no instead.

    Beside `Email Address`, an `Address` column is a postal address.
    """
    found = dict(columns)
    if Field.ADDRESS in found:
        address_columns = found[Field.ADDRESS]
        filled = (at for at in address_columns if any(at < len(row) and _ADDRESS.fullmatch(row[at]) for _, row in rows))
        found[Field.ADDRESS] = (next(filled, address_columns[0]),)
    return found


def _places(cells: Sequence[str]) -> dict[Field, tuple[int, ...]]:
    """The columns of a list without headings: our own order, or a name before the address."""
    at = next(at for at, cell in enumerate(cells) if _ADDRESS.fullmatch(cell))
    if at == 0:
        return {field: (place,) for place, field in enumerate(_PLACES[: len(cells)])}
    if at == 1 and len(cells) == 2:  # noqa: PLR2004 - a name and an address
        return {Field.ADDRESS: (1,), Field.NAME: (0,)}
    return {}


def _found_by_content(
    rows: Sequence[tuple[int, list[str]]], columns: Mapping[Field, tuple[int, ...]]
) -> dict[Field, tuple[int, ...]]:
    """The only column without another meaning in which every non-empty cell is an address."""
    used = {column for of_field in columns.values() for column in of_field}
    cells: dict[int, list[str]] = {}
    for _, row in rows:
        for at, cell in enumerate(row):
            if cell and at not in used:
                cells.setdefault(at, []).append(cell)
    found = [at for at, values in cells.items() if all(_ADDRESS.fullmatch(value) for value in values)]
    return {Field.ADDRESS: (found[0],)} if len(found) == 1 else {}


def swallows_rows(cells: Sequence[str], delimiter: str) -> bool:
    """Whether a cell of several lines contains something like a row, because a quote was left open and closed later."""
    return any(
        _ADDRESS.fullmatch(part.strip(' "'))
        for cell in cells
        if "\n" in cell or "\r" in cell
        for line in cell.splitlines()[1:]
        for part in line.split(delimiter)
    )


def _is_comment(cells: Sequence[str]) -> bool:
    """Whether a row is a comment (`# like this`), and not a number before an address (`#17`) or a heading (`# id`)."""
    first, *others = cells
    if not first.startswith("#") or len(first) == 1 or fold_heading(first).startswith("email"):
        return False
    return not (any(map(_ADDRESS.fullmatch, others)) or Field.ADDRESS in columns_by_field(others))


def _loose(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The rows before the first faulty one. `csv_rows` reports the fault once the delimiter is known."""
    try:
        yield from csv_rows(text, delimiter)
    except ListError:
        return


def csv_rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Each row of the text with the number of its first line, and its cells without white space around them.

    Raises:
        ListError: a quote is opened and not closed, or text follows a closing quote.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True, strict=True)
    line, hint = 1, _HINT.match(text)
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            place = _opened(text, line, delimiter)
            raise ListError("a quote is opened here and not closed, or one inside it is not doubled", place) from error
        if cells is None:
            return
        if cells and not (line == 1 and hint):
            yield line, [cell.strip() for cell in cells]
        line = reader.line_num + 1


def _opened(text: str, line: int, delimiter: str) -> int:
    """The line of the last opening quote in an unreadable row that begins on this line."""
    begun, quoted, opened = True, False, line
    lines = io.StringIO(text, newline="")
    for number, part in enumerate(itertools.islice(lines, line - 1, None), line):
        at = 0
        while at < len(part):
            sign = part[at]
            if quoted and sign == '"':
                if part[at + 1 : at + 2] == '"':
                    at += 1
                elif part[at + 1 : at + 2].strip(f"{delimiter}\r\n"):
                    return opened
                else:
                    quoted = False
            elif not quoted and begun and sign == '"':
                quoted, opened = True, number
            begun = not quoted and (sign == delimiter or (begun and sign == " "))
            at += 1
        if not quoted:
            return opened
    return opened


def csv_lines(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The headings and each row as lines of CSV (RFC 4180), without any cell that a spreadsheet would compute."""
    yield _csv_line(heads)
    for row in rows:
        yield _csv_line([_safe("" if cell is None else str(cell).strip()) for cell in row])


def _csv_line(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()


def _safe(cell: str) -> str:
    return f"'{cell}" if _COMPUTED.match(cell) else cell
