"""Reads what the rows of a list say about subscribers, without comparing them with the store. Decisions 122 and 124."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from digest.errors import ListError
from digest.lists.columns import Field
from digest.lists.table import Table, swallows_rows
from digest.lists.values import (
    ListStatus,
    checked_name,
    day_first,
    format_of,
    holds_address,
    language_of,
    means_nothing,
    parse_time,
    parse_yes_or_no,
    split_tags,
    status_of,
)
from digest.model import Format
from digest.typeset.characters import COMPATIBLE, UNIFIED

_T = TypeVar("_T")
_WITH_NAME = re.compile(r"(?P<name>[^<>＜＞]*)[<＜](?P<address>[^<>＜＞]*)[>＞]")
_CHINESE = re.compile(f"[{UNIFIED}{COMPATIBLE}]+")
_MOMENTS = (Field.CONFIRMED_AT, Field.ASKED_AT, Field.ADDED_AT, Field.PAUSED_UNTIL)
_GUARD = re.compile(r"'+[=+\-@＝＋－＠]")  # our own export puts this before a cell that a spreadsheet would compute


@dataclass(frozen=True, slots=True)
class ListedPerson:
    """A row that was understood. `address` is unchanged; fields without a value are empty or None.

    `consented_at` is the time of confirmation; if that is missing, the time of subscription or of addition. `asked_at`
    is the time of the request that was confirmed later. `digests` is separated by white space. `warnings` list the
    values that are left out.
    """

    line: int
    address: str
    name: str
    status: ListStatus
    language: str | None = None
    form: Format | None = None
    digests: str = ""
    tags: tuple[str, ...] = ()
    timezone: str = ""
    paused_until: datetime | None = None
    consented_at: datetime | None = None
    asked_at: datetime | None = None
    source: str = ""
    wording: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that cannot be imported, and the reason."""

    line: int
    problem: str


@dataclass(slots=True)
class _Row:
    """The cells of a row by meaning. It collects warnings about values that are left out."""

    cells: Sequence[str]
    columns: dict[Field, tuple[int, ...]]
    days_first: dict[int, bool | None]
    now: datetime
    warnings: list[str] = field(default_factory=list)

    def all(self, of: Field) -> Iterator[str]:
        """The values of a field's columns, the most reliable one first."""
        for column in self.columns.get(of, ()):
            if column < len(self.cells) and self.cells[column]:
                cell = self.cells[column]
                yield cell[1:] if _GUARD.match(cell) else cell

    def one(self, of: Field) -> str:
        return next(self.all(of), "")

    def moment(self, of: Field) -> datetime | None:
        """The first readable time of a field. A time in the future counts only for a pause."""
        for column in self.columns.get(of, ()):
            written = self.cells[column] if column < len(self.cells) else ""
            if not written or means_nothing(written):
                continue
            found = parse_time(written, days_first=self.days_first.get(column))
            if found and (found <= self.now or of is Field.PAUSED_UNTIL):
                return found
            problem = "is in the future" if found else "is not an unambiguous day and time"
            self.warnings.append(f"{written!r} {problem}, and is left out")
        return None


def read_rows(table: Table, now: datetime) -> Iterator[ListedPerson | RefusedRow]:
    """The rows in their order.

    Raises:
        ListError: the table as a whole is broken.
    """
    columns, order = dict(table.columns), _orders(table)
    most = len(table.heads) or None
    for line, cells in table.rows():
        row = _Row(cells, columns, order, now)
        try:
            if most and any(cells[most:]):
                raise ListError(f"has {len(cells)} cells, but there are {most} headings (is a quote missing?)")  # noqa: TRY301
            if swallows_rows(cells, table.delimiter):
                raise ListError("a cell contains other rows: a quote is opened, and closed only in a later row")  # noqa: TRY301
            yield _listed(line, row, strict=not table.heads)
        except ListError as error:
            yield RefusedRow(line, error.problem)


def _listed(line: int, row: _Row, *, strict: bool) -> ListedPerson:
    address, name = _address_and_name(row)
    consented, asked = row.moment(Field.CONFIRMED_AT), row.moment(Field.ASKED_AT)
    if consented is None:
        consented, asked = asked or row.moment(Field.ADDED_AT), None
    return ListedPerson(
        line,
        address,
        name,
        _status(row),
        _understood(row, Field.LANGUAGE, language_of, "is not an offered language", strict=strict),
        _understood(row, Field.FORMAT, format_of, "is not a format (use both or text)", strict=strict),
        row.one(Field.DIGEST),
        tuple(dict.fromkeys(tag for cell in row.all(Field.TOPICS) for tag in split_tags(cell))),
        row.one(Field.TIMEZONE),
        row.moment(Field.PAUSED_UNTIL),
        consented,
        asked if asked and consented and asked <= consented else None,
        row.one(Field.SOURCE),
        row.one(Field.WORDING),
        tuple(row.warnings),
    )


def _address_and_name(row: _Row) -> tuple[str, str]:
    written = row.one(Field.ADDRESS)
    if not written:
        raise ListError("contains no address")
    found = _WITH_NAME.fullmatch(written)
    address = (found["address"] if found else written).strip()
    if address.lower().startswith("mailto:"):
        address = address[len("mailto:") :]
    name = row.one(Field.NAME) or _joined(row.one(Field.FIRST_NAME), row.one(Field.LAST_NAME))
    if not name and found:
        name = found["name"].strip().strip("\"'").strip()
    name = checked_name(name)
    if holds_address(name):
        row.warnings.append(f"the name {name!r} contains a mail address, and is left out")
        name = ""
    return address, name


def _joined(first: str, last: str) -> str:
    """Given and family name, joined as usual in the script of the name."""
    if _CHINESE.fullmatch(first) and _CHINESE.fullmatch(last):
        return last + first
    return f"{first} {last}".strip()


def _status(row: _Row) -> ListStatus:
    """The worst status that any column gives.

    Raises:
        ListError: a value in a status column is unknown, so nobody can say whether this subscriber may get mail.
    """
    statuses = set()
    for word in row.all(Field.STATUS):
        status = status_of(word)
        if status is None:
            raise ListError(f"{word!r} is not a known status (active, unsubscribed, bounced, unconfirmed …)")
        statuses.add(status)
    statuses |= {status for word in row.all(Field.KIND) if (status := status_of(word))}
    for of, status in ((Field.GONE, ListStatus.UNSUBSCRIBED), (Field.BOUNCED, ListStatus.BOUNCED)):
        if any(not means_nothing(cell) for cell in row.all(of)):
            statuses.add(status)
    statuses |= set(filter(None, map(_wants, row.all(Field.WANTS))))
    for status in (ListStatus.BOUNCED, ListStatus.UNSUBSCRIBED, ListStatus.UNCONFIRMED):
        if status in statuses:
            return status
    return ListStatus.GETS_MAIL


def _wants(written: str) -> ListStatus | None:
    """The status in a yes-or-no column, which may also contain a status; None for any other value."""
    yes = parse_yes_or_no(written)
    return status_of(written) if yes is None else ListStatus.GETS_MAIL if yes else ListStatus.UNSUBSCRIBED


def _understood(row: _Row, of: Field, reading: Callable[[str], _T | None], problem: str, *, strict: bool) -> _T | None:
    """The meaning of a value. An unknown value is left out with a warning, or the row is refused.

    The row is refused in a list without headings, because there such a value shows that the columns are in the wrong
    order.
    """
    written = row.one(of)
    found = reading(written) if written else None
    if written and found is None:
        if strict:
            raise ListError(
                f"{written!r} {problem}; a list without headings contains address, name, language, format, digest"
            )
        row.warnings.append(f"{written!r} {problem}, and is left out")
    return found


def _orders(table: Table) -> dict[int, bool | None]:
    """Whether the day comes before the month, for each column of times."""
    wanted = [column for of in _MOMENTS for column in table.columns.get(of, ())]
    written: dict[int, set[str]] = {column: set() for column in wanted}
    if wanted:
        for _, cells in table.rows():
            for column in wanted:
                if column < len(cells) and cells[column]:
                    written[column].add(cells[column].split()[0])
    return {column: day_first(values) for column, values in written.items()}
