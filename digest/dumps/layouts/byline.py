"""The `byline` layout of search, tag and category pages: title, byline, paragraphs. Cuts nothing itself."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date

from digest.model import DateEvidence, Layout, Sighting

_BYLINE = re.compile(
    r"\s*By (?P<author>.+?) \| (?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})"
    r" \| (?P<readers>\d[\d,]*)位[读讀]者 \| 引用(?P<rest>.*)"
)
_CUT_BYLINE = re.compile(r"By [^|]{0,40}(?: \|.*)?")
_LIST_END = re.compile("\\s*最近(?:评论|評論)")


@dataclass(slots=True)
class OpenBylined:
    """An entry whose end was not seen yet. `lines` are its body's, the one glued to 引用 in front, none blank."""

    title: str
    byline: re.Match[str]
    lines: list[str] = field(default_factory=list)

    def add(self, line: str, *, gap: bool) -> None:  # noqa: ARG002 - blank lines carry nothing in this layout
        self.lines.append(line)

    def sighting(self, dump: str, position: int, page: int, *, complete: bool) -> Sighting:
        return Sighting(
            dump=dump,
            position=position,
            page=page,
            layout=Layout.BYLINE,
            title=self.title,
            author=self.byline["author"].strip() or None,
            date=_evidence(*(int(self.byline[part]) for part in ("year", "month", "day"))),
            readers=int(self.byline["readers"].replace(",", "")),
            paragraphs=tuple(self.lines),
            figures=(),
            complete=complete,
        )


def byline(line: str) -> re.Match[str] | None:
    """The parts of a byline: author, year, month, day, readers and the rest, which is glued to its label."""
    return _BYLINE.fullmatch(line) if "By " in line[:40] else None


def after_list_end(line: str) -> str | None:
    """What follows the mark of the list's end that a line begins with; None where there is none."""
    found = _LIST_END.match(line)
    return line[found.end() :].strip() if found else None


def is_cut(line: str) -> bool:
    """Whether a last line is a byline that was still being written."""
    return _CUT_BYLINE.fullmatch(line) is not None


def _evidence(year: int, month: int, day: int) -> DateEvidence | None:
    try:
        date(year, month, day)
    except ValueError:
        return None
    return DateEvidence(month, day, year)
