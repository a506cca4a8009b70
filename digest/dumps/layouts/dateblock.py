"""The `dateblock` layout of index pages: date, title, paragraphs, an end mark. Cuts nothing itself."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from digest.model import DateEvidence, Layout, Sighting

if TYPE_CHECKING:
    from collections.abc import Sequence

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_HEADER = re.compile(rf"\s*(\d{{1,2}}) ({'|'.join(_MONTHS)})\s*")
_END = re.compile("\\s*(?:点击阅读全文|點擊閱讀全文)(?:\\.{3,}|…{1,2}|。{3})?")
_LEAP_YEAR = 2024


@dataclass(slots=True)
class OpenBlock:
    """An entry whose end was not seen yet. `lines` are its body's, an empty one where a blank line stood."""

    day: int
    month: int
    title: str
    lines: list[str] = field(default_factory=list)

    def add(self, line: str, *, gap: bool) -> None:
        if gap and self.lines:
            self.lines.append("")
        self.lines.append(line)

    def sighting(self, dump: str, position: int, page: int, *, complete: bool) -> Sighting:
        paragraphs, figures = body(self.title, _paragraphs(self.lines))
        return Sighting(
            dump=dump,
            position=position,
            page=page,
            layout=Layout.DATEBLOCK,
            title=self.title,
            author=None,
            date=_evidence(self.month, self.day),
            readers=None,
            paragraphs=paragraphs,
            figures=figures,
            complete=complete,
        )


def header(line: str) -> tuple[int, int] | None:
    """Day and month of a line like `6 Nov`, possible or not."""
    found = _HEADER.fullmatch(line)
    return (int(found[1]), _MONTHS.index(found[2]) + 1) if found else None


def after_end_mark(line: str) -> str | None:
    """What follows the end mark that a line begins with: empty where it stands alone; None where there is none."""
    found = _END.match(line)
    return line[found.end() :].strip() if found else None


def body(title: str, paragraphs: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The paragraphs with each figure's caption once, and those captions.

    A figure leaves its caption twice in a row, as single lines, or once where it equals the title and comes first.
    """
    kept: list[str] = []
    figures: list[str] = []
    at = 0
    while at < len(paragraphs):
        text = paragraphs[at]
        caption = text.strip()
        single = "\n" not in caption
        twice = single and at + 1 < len(paragraphs) and paragraphs[at + 1].strip() == caption
        if twice or (at == 0 and caption == title):
            figures.append(text)
        kept.append(text)
        at += 2 if twice else 1
    return tuple(kept), tuple(figures)


def _paragraphs(lines: Sequence[str]) -> list[str]:
    paragraphs: list[list[str]] = [[]]
    for line in lines:
        if line:
            paragraphs[-1].append(line)
        else:
            paragraphs.append([])
    return ["\n".join(paragraph) for paragraph in paragraphs if paragraph]


def _evidence(month: int, day: int) -> DateEvidence | None:
    return DateEvidence(month, day) if 1 <= day <= monthrange(_LEAP_YEAR, month)[1] else None
