"""Text that fits a terminal: lines are measured in the cells that their characters take, problems are red."""

from __future__ import annotations

import os
import shutil
import sys
from itertools import zip_longest
from typing import TYPE_CHECKING

import typer

from digest.typeset.text import cells, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_USUAL, _NARROWEST, _WIDEST = 80, 40, 120
_LEAST = 12  # cells that are left of a column that is cut
_GAP = "  "


def terminal_width() -> int:
    """The maximum width of lines: that of the terminal, within limits; 80 cells if there is none."""
    if not sys.stdout.isatty() and "COLUMNS" not in os.environ:
        return _USUAL
    return max(_NARROWEST, min(shutil.get_terminal_size((_USUAL, 24)).columns, _WIDEST))


def alarming(text: str) -> str:
    """The text in red on a terminal, unless NO_COLOR is set. Source: https://no-color.org"""
    plain = not sys.stdout.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return text if plain else typer.style(text, fg=typer.colors.RED)


def lines(text: str, width: int, indent: str = "") -> Iterator[str]:
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
            yield from lines(first, sum(widths) + len(_GAP) * (len(widths) - 1))
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
