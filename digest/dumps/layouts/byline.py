"""The `byline` layout of search, tag and category pages: title, byline, paragraphs. Cuts nothing itself."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

from digest.model import DateEvidence, Layout, Sighting

if TYPE_CHECKING:
    from digest.dumps.layouts.cuts import Cut

# Author, day, readers; what follows is glued to the label.
BYLINE = r"By (.+? \| \d{4}-\d{1,2}-\d{1,2} \| \d[\d,]*)位[读讀]者 \| 引用"
LIST_END = "最近(?:评论|評論)"
_BYLINE = re.compile(rf"[^\S\n]*{BYLINE}")
_CUT_BYLINE = re.compile(r"By [^|]{0,40}(?: \|.*)?")
_LAYOUT = Layout.BYLINE
_LIST_END = re.compile(rf"\s*{LIST_END}")


def begins(text: str, at: int) -> bool:
    """Whether a byline stands at this place."""
    return _BYLINE.match(text, at) is not None


def after_list_end(line: str) -> str | None:
    """What follows the mark of the list's end that a line begins with; None where there is none."""
    found = _LIST_END.match(line)
    return line[found.end() :].strip() if found else None


def without_cut_byline(cut: Cut) -> Cut:
    """An entry at the end of a file, less its last line where that is a byline being written, and the title before."""
    lines = _lines(cut.body) if cut.layout is _LAYOUT else []
    if not lines or _CUT_BYLINE.fullmatch(lines[-1]) is None:
        return cut
    return cut._replace(body="\n".join(lines[:-2]))


def sighting(cut: Cut, dump: str, position: int) -> Sighting:
    """What the text of an entry says. Blank lines carry nothing in this layout."""
    author, day, readers = cut.mark.rsplit(" | ", 2)
    said_by, said_on, count = author.strip() or None, _evidence(day), int(readers.replace(",", ""))
    # By place: named, a million take as long again.
    return Sighting(
        dump, position, cut.page, _LAYOUT, cut.title, said_by, said_on, count, tuple(_lines(cut.body)), (), cut.complete
    )


def _lines(body: str) -> list[str]:
    return [line for line in body.split("\n") if line and not line.isspace()]


@lru_cache(maxsize=1024)  # entries of one day stand together
def _evidence(written: str) -> DateEvidence | None:
    year, month, day = map(int, written.split("-"))
    try:
        date(year, month, day)
    except ValueError:
        return None
    return DateEvidence(month, day, year)
