"""Renders blocks as HTML that is also well-formed XML, with all text escaped."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from digest.model import BlockKind
from digest.typeset.characters import strip_unsafe
from digest.typeset.formulas import page
from digest.typeset.math.extract import pieces
from digest.typeset.punctuation import full_width

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from digest.model import Block
    from digest.typeset.math.extract import Formula

_NEVER_FIRST = "，。、；：！？）】》”’,.;:!?)]}"


def html(
    blocks: Iterable[Block],
    *,
    level: int = 3,
    styles: dict[str, str] | None = None,
    channel: Callable[[Formula], str] = page,
) -> str:
    """The blocks as HTML elements, one on each line.

    Headings are `h<level>`. A figure displays its caption only, because dumps contain no pictures. `styles` gives the
    `style` attribute by element name, for mails; without it, the elements get classes. `channel` renders the formulas
    (see typeset.formulas).
    """
    return "\n".join(_element(block, level, styles, channel) for block in blocks)


def _element(block: Block, level: int, styles: dict[str, str] | None, channel: Callable[[Formula], str]) -> str:
    text = strip_unsafe(block.text)
    if block.kind is BlockKind.CODE:
        return _tag("pre", "code", f"<code>{escape(text)}</code>", styles)
    lines = _set(pieces(full_width(text)), channel)
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


def _set(parts: Sequence[str | Formula], channel: Callable[[Formula], str]) -> str:
    """Text and formulas in a row.

    Unless it is told not to, a browser breaks a line after MathML, even before a comma.
    """
    made = ""
    for part in parts:
        if isinstance(part, str):
            glued = len(part) - len(part.lstrip(_NEVER_FIRST)) if made.endswith("</math>") else 0
            if glued:
                start = made.rindex("<math")
                made = f'{made[:start]}<span class="glued">{made[start:]}{escape(part[:glued])}</span>'
            made += escape(part[glued:]).replace("\n", "<br/>")
        else:
            made += channel(part)
    return made


def _tag(name: str, kind: str, inner: str, styles: dict[str, str] | None) -> str:
    if styles is None:
        attribute = f' class="{kind}"' if kind else ""
    else:
        style = styles.get(kind or name, "")
        attribute = f' style="{escape(style)}"' if style else ""
    return f"<{name}{attribute}>{inner}</{name}>"
