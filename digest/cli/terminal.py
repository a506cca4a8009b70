"""Prints for people at a terminal: tables, times, and addresses as they typed them."""

from __future__ import annotations

import os
import shutil
import sys
from datetime import timedelta
from itertools import zip_longest
from typing import TYPE_CHECKING

import typer

from digest.errors import masked
from digest.typeset.text import cells, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from digest.errors import DigestError

_USUAL, _NARROWEST, _WIDEST = 80, 40, 120
_LEAST = 12  # cells that are left of a column that is cut
_GAP = "  "
_MINUTE, _HOUR, _A_DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def terminal_width() -> int:
    """The maximum width of lines: that of the terminal, within limits; 80 cells if there is none."""
    if not sys.stdout.isatty() and "COLUMNS" not in os.environ:
        return _USUAL
    return max(_NARROWEST, min(shutil.get_terminal_size((_USUAL, 24)).columns, _WIDEST))


def in_red(text: str) -> str:
    """The text in red on a terminal, unless NO_COLOR is set. Source: https://no-color.org"""
    plain = not sys.stdout.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return text if plain else typer.style(text, fg=typer.colors.RED)


def wrapped_lines(text: str, width: int, indent: str = "") -> Iterator[str]:
    """The text in lines that fit, all but the first one indented; words that are too wide are broken."""
    room = width - cells(indent)
    first = True
    for line in wrapped(visible(text), room):
        rest = line
        while rest:
            piece = head(rest, room)
            yield piece if first else f"{indent}{piece}"
            rest, first = rest[len(piece) :].lstrip(), False


def head(text: str, width: int) -> str:
    """The longest beginning of the text that fits in `width` cells; at least one character."""
    at, used = 0, 0
    for character in text:
        used += max(cells(character), 0)
        if used > width and at:
            break
        at += 1
    return text[:at]


def short(text: str, width: int) -> str:
    """The text, cut with `…` if it is wider."""
    shown = visible(text)
    return shown if cells(shown) <= width else f"{head(shown, width - 1).rstrip()}…"


def visible(text: str) -> str:
    """The text with control characters escaped, since parts of it come from dumps and servers."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int], *, numbers: Sequence[str] = ()
) -> Iterator[str]:
    """The lines of a table with columns of at most these widths; columns that need less are narrower.

    The first cell is never cut, since other commands take it as an argument: if it is too wide, it gets its own line.
    """
    needed = [max(cells(cell) for cell in column) for column in zip_longest(heads, *rows, fillvalue="")]
    used = [min(most, need) for most, need in zip(widths, needed, strict=True)]
    for row in (heads, *rows):
        first = visible(row[0])
        if cells(first) > used[0]:
            yield from wrapped_lines(first, sum(widths) + len(_GAP) * (len(widths) - 1))
            first = ""
        made = [_padded(first, used[0])]
        made += [
            _padded(short(cell, width), width, right=head_ in numbers)
            for cell, width, head_ in zip(row[1:], used[1:], heads[1:], strict=True)
        ]
        yield _GAP.join(made).rstrip()


def fitted(
    heads: Sequence[str], rows: Sequence[Sequence[object]], *, giving_way: str, numbers: Sequence[str] = ()
) -> Iterator[str]:
    """The lines of a table, headings first, as wide as the terminal: only the column `giving_way` is cut.

    `numbers` names the columns that are aligned to the right.
    """
    texts = [["" if cell is None else visible(" ".join(str(cell).split())) for cell in row] for row in rows]
    widths = [max(cells(cell) for cell in column) for column in zip_longest(heads, *texts, fillvalue="")]
    flexible = heads.index(giving_way)
    rest = sum(widths) - widths[flexible] + len(_GAP) * (len(heads) - 1)
    room = shutil.get_terminal_size((_USUAL, 24)).columns - rest
    widths[flexible] = max(_LEAST, min(widths[flexible], room))
    for row in (heads, *texts):
        made = [
            _padded(short(cell, width), width, right=head_ in numbers)
            for cell, width, head_ in zip(row, widths, heads, strict=True)
        ]
        yield _GAP.join(made).rstrip()


def _padded(text: str, width: int, *, right: bool = False) -> str:
    space = " " * (width - cells(text))
    return space + text if right else text + space


def relative_time(at: datetime, now: datetime) -> str:
    """Such as `3 min ago`, `just now`, `in 12 min`, `in 6 days`."""
    span = abs(at - now)
    if span < _MINUTE:
        return "just now" if at <= now else "in a moment"
    return f"{_span(span)} ago" if at < now else f"in {_span(span)}"


def local_time(at: datetime, now: datetime) -> str:
    """A time in local time: today's without a date, others of this year without a year."""
    here, today = at.astimezone(), now.astimezone()
    if here.date() == today.date():
        return f"{here:%H:%M}"
    if here.year == today.year:
        return f"{here:%a} {here.day} {here:%b %H:%M}"
    return f"{here:%a} {here.day} {here:%b %Y %H:%M}"


def local_and_relative(at: datetime, now: datetime) -> str:
    """Such as `Mon 7 Dec 08:00, in 6 days`."""
    return f"{local_time(at, now)}, {relative_time(at, now)}"


def _span(span: timedelta) -> str:
    if span < _HOUR:
        return f"{span // _MINUTE} min"
    if span < 2 * _A_DAY:
        return f"{span // _HOUR} h"
    return f"{span // _A_DAY} days"


def error_for_terminal(error: DigestError) -> str:
    """The error's text; with the full address if stderr is the terminal of the person who typed it."""
    return error.whole if error.whole and sys.stderr.isatty() else str(error)


def address_for_terminal(address: str) -> str:
    """An address that the operator typed: in full on their terminal, masked in a file or a log."""
    return address if sys.stdout.isatty() else masked(address)
