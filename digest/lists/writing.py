"""Writes subscribers to a file that spreadsheets open safely and that Digest can read again."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

# Source: OWASP, "CSV Injection". East Asian spreadsheets also compute after full-width signs. Reading removes the mark.
_COMPUTED = re.compile(r"'*[=+\-@＝＋－＠]")


def csv_lines(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The headings and each row as lines of CSV (RFC 4180), without any cell that a spreadsheet would compute."""
    yield _line(heads)
    for row in rows:
        yield _line([_safe("" if cell is None else str(cell).strip()) for cell in row])


def _line(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()


def _safe(cell: str) -> str:
    return f"'{cell}" if _COMPUTED.match(cell) else cell
