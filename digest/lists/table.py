"""Splits a list into rows and columns; writes rows as CSV that spreadsheets open safely and Digest can read again.

Decodes a list, whatever encoding its program saved it in.
"""

import codecs
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


_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, because this mark begins with that of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# The formats of exports that are not text. Source: PKWARE's APPNOTE and Microsoft's [MS-CFB].
_ARCHIVES = (
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook: unpack it, or save the sheet as CSV (UTF-8)"),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook: save the sheet as CSV (UTF-8)"),
    (b"\x1f\x8b", "compressed by gzip: unpack it"),
)
_START = 4096  # bytes that show whether every second byte is 0
_WIDE = re.compile(rb"(?:[\x81-\xfe][\x40-\x7e\x80-\xfe])+")
# Nearly all Chinese text uses these: GB 2312, and level 1 of Big5. Single pairs of Big5 may also be two Western
# letters.
_COMMON = {
    "gb18030": re.compile(rb"(?:[\xa1-\xf7][\xa1-\xfe])+"),
    "cp950": re.compile(rb"(?:[\xa1-\xc6][\x40-\x7e\xa1-\xfe]){2,}"),
}
_REMEDY = "save it as UTF-8, or name its encoding with --encoding"


def decode_list(raw: bytes, encoding: str | None = None) -> tuple[str, str]:
    """The text and its encoding.

    A byte order mark decides. Without one, the encoding is UTF-8, UTF-16, GB18030, Big5 or Windows-1252, whichever
    fits.

    Raises:
        ListError: the bytes are not text in any of these encodings, or not in the given one.
    """
    if encoding is not None:
        return _as(raw, encoding), encoding
    for mark, remedy in _ARCHIVES:
        if raw.startswith(mark):
            raise ListError(f"is not text, but {remedy}")
    for bom, name in _BOMS:
        if raw.startswith(bom):
            return _as(raw[len(bom) :], name), name
    for guess in (*_wide(raw[:_START]), "utf-8", *_chinese(raw), "windows-1252"):
        try:
            return raw.decode(guess), guess
        except UnicodeDecodeError:
            continue
    raise ListError(f"is not text in UTF-8, UTF-16 or GB18030 ({_REMEDY})")


def _as(raw: bytes, encoding: str) -> str:
    try:
        return raw.decode(encoding).removeprefix("\ufeff")
    except LookupError as error:
        raise ListError(f"the encoding {encoding} is unknown") from error
    except UnicodeDecodeError as error:
        raise ListError(f"is not text in {encoding.upper()} (byte {error.start}; {_REMEDY})") from error


def _wide(start: bytes) -> list[str]:
    """UTF-16 without a byte order mark, if nearly every second byte is 0."""
    even, odd = start[::2].count(0), start[1::2].count(0)
    least = len(start) // 4
    if odd > least and even == 0:
        return ["utf-16-le"]
    return ["utf-16-be"] if even > least and odd == 0 else []


def _chinese(raw: bytes) -> list[str]:
    """GB18030 and Big5, the likelier first; neither if the possible Chinese is mostly single, rare characters."""
    written = _WIDE.findall(raw)
    words = sum(len(run) for run in written if len(run) > 2)  # noqa: PLR2004 - bytes of one character
    common = {name: sum(len(run) for one in written for run in runs.findall(one)) for name, runs in _COMMON.items()}
    likely = [name for name in common if max(words, common[name]) * 2 > sum(map(len, written))]
    return sorted(likely, key=lambda name: -common[name])
