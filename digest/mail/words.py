"""What an edition says: subject, HTML and text from templates, once a language, for everybody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from digest.dumps.structure import blocks
from digest.mail.personal import ADDRESS, LEAVE_URL, without_marks
from digest.model import Block, BlockKind, Body, Section
from digest.templating import rendered
from digest.typeset.characters import line
from digest.typeset.dates import said
from digest.typeset.excerpt import excerpt
from digest.typeset.html import html
from digest.typeset.text import text, wrapped
from digest.typeset.titles import title

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from digest.model import EditionKey, EntryId, Selected
    from digest.typeset.math.extract import Formula

EXCERPT = 420  # characters of an entry
LARGEST_HTML = 80_000  # bytes; some mail programs cut longer ones
_WIDTH = 72

STYLES = {
    "p": "margin:0 0 12px;",
    "heading": "margin:16px 0 8px;font-size:16px;",
    "figure": "margin:0 0 12px;padding:8px 12px;border-left:3px solid #c9a86a;",
    "caption": "font-size:14px;color:#6b6459;",
    "verse": "margin:0 0 12px 24px;",
    "code": "margin:0 0 12px;padding:10px;background-color:#f1ede4;font-size:13px;white-space:pre-wrap;",
    "formula": "margin:0 0 12px 24px;font-size:14px;",
}


@dataclass(frozen=True, slots=True)
class Frame:
    """What surrounds the entries: the digest, its window, where things are. `channel` shows their formulas."""

    title: str
    key: EditionKey
    closes_at: datetime
    zone: ZoneInfo
    base_url: str
    template: str
    folder: Path | None
    channel: Callable[[Formula], str]


@dataclass(frozen=True, slots=True)
class Told:
    """An entry as the templates see it; `html` and `text` are its excerpt, ready. `before`: its title before."""

    title: str
    url: str
    author: str
    date: str
    html: str
    text: str
    gained: int | None
    before: str


def body(frame: Frame, selected: Sequence[Selected], before: Mapping[EntryId, str], language: str) -> Body:
    """The words of an edition in a language, marks where the personal parts go.

    `before` gives the former titles of corrected entries. An edition too long for a mail shows fewer entries, says
    how many are left out, and links to all.

    Raises:
        ConfigurationError: a template is wrong.
    """
    told = {
        section: [_told(frame, one, before, language) for one in selected if one.section is section]
        for section in Section
    }
    shown = len(told[Section.NEW])
    while True:
        values = _values(frame, told, shown, language)
        page = _render(frame, "html.html", values, language)
        if len(page.encode()) <= LARGEST_HTML or shown <= 1:
            break
        shown = min(shown - 1, shown * LARGEST_HTML // len(page.encode()))
    subject = line(_render(frame, "subject.txt", values, language))
    return Body(language, subject, page, _render(frame, "text.txt", values, language).strip() + "\n")


def _render(frame: Frame, name: str, values: Mapping[str, object], language: str) -> str:
    return rendered(language, frame.folder, f"mail/{frame.template}/{name}", values)


def _values(frame: Frame, told: Mapping[Section, list[Told]], shown: int, language: str) -> dict[str, object]:
    closes = frame.closes_at.astimezone(frame.zone)
    return {
        "language": language.replace("_", "-"),
        "title": frame.title,
        "day": said(closes.date(), language),
        "month": closes.month,
        "month_name": closes.strftime("%B"),
        "week": (closes.day - 1) // 7 + 1,
        "new": told[Section.NEW][:shown],
        "count": len(told[Section.NEW]),
        "left_out": len(told[Section.NEW]) - shown,
        "most_read": told[Section.MOST_READ],
        "corrected": told[Section.CORRECTED],
        "edition_url": f"{frame.base_url}/editions/{frame.key}",
        "home_url": f"{frame.base_url}/",
        "leave_url": LEAVE_URL,
        "address": ADDRESS,
        "wrapped": lambda words, indent="": "\n".join(wrapped(words, _WIDTH, indent=indent)),
    }


def _told(frame: Frame, one: Selected, before: Mapping[EntryId, str], language: str) -> Told:
    content = one.entry.content
    cut = _marked_off(excerpt(blocks(content), EXCERPT))
    return Told(
        title=title(without_marks(content.title)),
        url=f"{frame.base_url}/entries/{one.entry.id}",
        author=without_marks(line(content.author or "")),
        date=said(one.entry.date, language),
        html=html(cut, level=3, styles=STYLES, channel=frame.channel),
        text=text(cut, _WIDTH - 2, indent="  "),
        gained=one.gained,
        before=title(without_marks(before[one.entry.id])) if before.get(one.entry.id) else "",
    )


def _marked_off(cut: Sequence[Block]) -> list[Block]:
    return [Block(BlockKind(block.kind), without_marks(block.text)) for block in cut]
