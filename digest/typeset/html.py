"""Renders blocks as HTML that is also well-formed XML, with all text escaped."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from html import escape
from itertools import groupby
from operator import itemgetter

from digest.model import Block, BlockKind
from digest.typeset.characters import HAN, WIDE, strip_unsafe
from digest.typeset.formulas import Channel, page
from digest.typeset.math.extract import Formula, pieces
from digest.typeset.punctuation import full_width

_INDENTED = re.compile(r"\n +")
_NEVER_FIRST = "，。、；：！？）】》〉」』〕”’…—,.;:!?)]}"
_UNBROKEN = "white-space:nowrap"
_GAP = "0.15em"  # beside a picture in a line
_HAN = re.compile(f"[{HAN}]")


def html(
    blocks: Iterable[Block],
    *,
    level: int = 3,
    styles: dict[str, str] | None = None,
    channel: Channel = page,
) -> str:
    """The blocks as HTML elements, one on each line.

    Headings are `h<level>`. A figure displays its caption only, because dumps contain no pictures. `styles` gives the
    `style` attribute by element name, for mails; without it, the elements get classes. `channel` renders the formulas
    (see typeset.formulas).
    """
    return "\n".join(_element(block, level, styles, channel) for block in blocks)


def captioned(block: Block) -> Block:
    """A Chinese figure whose caption says that it is one, for readers without the style sheet; others stay."""
    unnamed = block.kind is BlockKind.FIGURE and WIDE.search(block.text)
    if not unnamed or block.text.lstrip().startswith(("图", "圖")):
        return block
    return replace(block, text=f"图：{block.text}")


def _element(block: Block, level: int, styles: dict[str, str] | None, channel: Channel) -> str:
    text = strip_unsafe(block.text)
    if block.kind is BlockKind.CODE:
        return _tag("pre", "code", f"<code>{escape(text)}</code>", styles)
    if block.kind is BlockKind.PARAGRAPH and "\n " in text:
        text = _INDENTED.sub(lambda found: "\n" + "\xa0" * (len(found[0]) - 1), text)
    shown = full_width(text)
    links = [] if styles is not None else list(_placed(block, shown))
    lines = inline(pieces(shown), channel, links)
    match block.kind:
        case BlockKind.HEADING:
            return _tag(f"h{level}", "heading", lines, styles)
        case BlockKind.FIGURE:
            return _tag("figure", "figure", _tag("figcaption", "caption", lines, styles), styles)
        case BlockKind.VERSE:
            return _tag("p", "verse", lines, styles)
        case BlockKind.FORMULA:
            return _tag("p", "formula", lines, styles)
        case BlockKind.PARAGRAPH:
            return _tag("p", "", lines, styles)


def inline(
    parts: Sequence[str | Formula],
    channel: Channel,
    links: Sequence[tuple[int, str, str]],
    marks: Sequence[str] = (),
) -> str:
    """Text and formulas in a row, with the links at their places; `marks` names an element around each part, or none.

    Unless it is told not to, a browser breaks a line after MathML or a picture, even before a comma. A quarter of a
    character separates them from Chinese characters, as `text-autospace` separates Latin words. Source: CLREQ 3.2.2.
    """
    made: list[tuple[str, str]] = []  # marks, and the HTML within them
    offset = 0
    for at, part in enumerate(parts):
        mark = marks[at] if marks else ""
        if isinstance(part, str):
            glued = _glued_to(made[-1][1], part) if at and isinstance(parts[at - 1], Formula) else 0
            if glued:
                made[-1] = _together(*made[-1], mark, escape(part[:glued]))
            made.append((mark, _anchored(part[glued:], offset + glued, links)))
            offset += len(part)
        else:
            left, right = _HAN.match(_at(parts, at - 1)[-1:]), _HAN.match(_at(parts, at + 1)[:1])
            made.append((mark, _apart(channel(part), left, right)))
            offset += len(part.source)
    runs = groupby(filter(itemgetter(1), made), itemgetter(0))
    return "".join(_marked("".join(html for _, html in run), mark) for mark, run in runs)


def _together(mark: str, drawn: str, mark_behind: str, behind: str) -> tuple[str, str]:
    """A formula and the punctuation behind it on one line."""
    how = 'class="glued"' if drawn.endswith("</math>") else f'style="{_UNBROKEN}"'
    if mark == mark_behind:
        return mark, f"<span {how}>{drawn}{behind}</span>"
    return "", f"<span {how}>{_marked(drawn, mark)}{_marked(behind, mark_behind)}</span>"


def _at(parts: Sequence[str | Formula], at: int) -> str:
    """The text at this place; empty if there is a formula or nothing."""
    part = parts[at] if 0 <= at < len(parts) else ""
    return part if isinstance(part, str) else ""


def _glued_to(drawn: str, text: str) -> int:
    """How many characters of the text must stand on the line of the formula before it."""
    return len(text) - len(text.lstrip(_NEVER_FIRST)) if drawn.endswith(("</math>", "/>")) else 0


def _marked(html: str, mark: str) -> str:
    return f"<{mark}>{html}</{mark}>" if mark and html else html


def _apart(drawn: str, left: object, right: object) -> str:
    """A formula in a line with space on the sides on which a Chinese character follows directly."""
    sides = [name for name, touched in (("left", left), ("right", right)) if touched]
    if sides and drawn.startswith("<math"):
        return drawn.replace("<math", f'<math class="{" ".join(f"gap-{side}" for side in sides)}"', 1)
    if sides and drawn.startswith("<img") and ' style="' in drawn:
        return drawn.replace(' style="', ' style="' + "".join(f"margin-{side}:{_GAP};" for side in sides), 1)
    return drawn


def _placed(block: Block, shown: str) -> Iterator[tuple[int, str, str]]:
    """Where the links of a block stand in its text as it is shown, where marks of Chinese texts are wider."""
    last = behind = 0
    for start, words, url in block.links:
        wide = full_width(strip_unsafe(words))
        for _ in range(block.text.count(words, last, start)):
            found = shown.find(wide, behind)
            behind = found + len(wide) if found >= 0 else behind
        if wide and (place := shown.find(wide, behind)) >= 0:
            yield place, wide, url
            last, behind = start + len(words), place + len(wide)


def _anchored(text: str, offset: int, links: Sequence[tuple[int, str, str]]) -> str:
    """A stretch of a text, which begins at `offset`, with the links that are entirely in it."""
    made, at = "", 0
    for start, words, url in links:
        begin = start - offset
        if at <= begin and begin + len(words) <= len(text):
            made += f'{_lines(text[at:begin])}<a href="{escape(url)}">{_lines(words)}</a>'
            at = begin + len(words)
    return made + _lines(text[at:])


def _lines(text: str) -> str:
    return escape(text).replace("\n", "<br/>")


def _tag(name: str, kind: str, inner: str, styles: dict[str, str] | None) -> str:
    if styles is None:
        attribute = f' class="{kind}"' if kind else ""
    else:
        style = styles.get(kind or name, "")
        attribute = f' style="{escape(style)}"' if style else ""
    return f"<{name}{attribute}>{inner}</{name}>"
