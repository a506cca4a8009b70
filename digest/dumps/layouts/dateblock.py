"""The `dateblock` layout of index pages: date, title, paragraphs, an end mark. Cuts nothing itself."""

from __future__ import annotations

import re
from calendar import monthrange
from functools import cache
from typing import TYPE_CHECKING

from digest.model import DateEvidence, Layout, Sighting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from digest.dumps.layouts.cuts import Cut

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
HEADER = rf"([0-9]{{1,2}} (?:{'|'.join(_MONTHS)}))"  # day, month
END_MARK = r"(?:点击阅读全文|點擊閱讀全文)(?:\.{3,}|…{1,2}|。{3})?"
_HEADER = re.compile(rf"\s*{HEADER}\s*")
_END = re.compile(rf"\s*{END_MARK}")
_BLANK_LINE = re.compile(r"\n[^\S\n]+(?=\n|\Z)")  # a body begins with a line end
_LAYOUT = Layout.DATEBLOCK
_LEAP_YEAR = 2024


def header(line: str) -> str | None:
    """Day and month of a line like `6 Nov`, possible or not."""
    found = _HEADER.fullmatch(line)
    return found[1] if found else None


def after_end_mark(line: str) -> str | None:
    """What follows the end mark that a line begins with: empty where it stands alone; None where there is none."""
    found = _END.match(line)
    return line[found.end() :].strip() if found else None


def sighting(cut: Cut, dump: str, position: int) -> Sighting:
    """What the text of an entry says."""
    paragraphs, figures = body(cut.title, _paragraphs(cut.body))
    # By place: named, a million take as long again.
    return Sighting(
        dump, position, cut.page, _LAYOUT, cut.title, None, _evidence(cut.mark), None, paragraphs, figures, cut.complete
    )


def body(title: str, paragraphs: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The paragraphs with each figure's caption once, and those captions.

    A figure leaves its caption twice in a row, as single lines, or once where it equals the title and comes first.
    """
    captions = [text.strip() for text in paragraphs]
    kept: list[str] = []
    figures: list[str] = []
    again = False  # the second of two equal ones, which is not kept
    for text, caption, following in zip(paragraphs, captions, [*captions[1:], None], strict=False):
        if again:
            again = False
            continue
        again = caption == following and "\n" not in caption
        if again or (not kept and caption == title):
            figures.append(text)
        kept.append(text)
    return tuple(kept), tuple(figures)


def _paragraphs(text: str) -> list[str]:
    """What blank lines divide, those of white space too."""
    parts = _BLANK_LINE.sub("\n", text).split("\n\n")
    return [paragraph for part in parts if (paragraph := part.strip("\n"))]


@cache  # two digits and twelve months
def _evidence(written: str) -> DateEvidence | None:
    day, _, name = written.partition(" ")
    month = _MONTHS.index(name) + 1
    return DateEvidence(month, int(day)) if 1 <= int(day) <= monthrange(_LEAP_YEAR, month)[1] else None
