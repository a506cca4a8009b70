"""Tables that fit a terminal: one column is cut, measured in the cells that its characters take."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from digest.typeset.text import cells

if TYPE_CHECKING:
    from collections.abc import Sequence

_LEAST = 12  # cells that are left of the column that is cut
_BETWEEN = "  "


def width() -> int:
    """The columns of the terminal; 80 if there is none."""
    return shutil.get_terminal_size((80, 24)).columns


def fitted(
    columns: Sequence[str], rows: Sequence[Sequence[object]], *, giving_way: str, numbers: Sequence[str] = ()
) -> list[str]:
    """The lines of a table, headings first; `numbers` names the columns that are aligned to the right."""
    texts = [[_one_line(cell) for cell in row] for row in rows]
    widths = [max([cells(name), *(cells(row[at]) for row in texts)]) for at, name in enumerate(columns)]
    flexible = columns.index(giving_way)
    rest = sum(widths) - widths[flexible] + len(_BETWEEN) * (len(columns) - 1)
    widths[flexible] = max(_LEAST, min(widths[flexible], width() - rest))
    right = {columns.index(name) for name in numbers}
    return [_line(row, widths, right) for row in (list(columns), *texts)]


def cut(text: str, most: int) -> str:
    """The text in at most `most` cells; a text that is cut ends in an ellipsis."""
    if cells(text) <= most:
        return text
    made = ""
    for letter in text:
        if cells(made + letter) > most - 1:
            break
        made += letter
    return f"{made}…"


def _line(row: Sequence[str], widths: Sequence[int], right: set[int]) -> str:
    made = []
    for at, (cell, most) in enumerate(zip(row, widths, strict=True)):
        shown = cut(cell, most)
        space = " " * (most - cells(shown))
        made.append(f"{space}{shown}" if at in right else f"{shown}{space}")
    return _BETWEEN.join(made).rstrip()


def _one_line(cell: object) -> str:
    return "" if cell is None else " ".join(str(cell).split())
