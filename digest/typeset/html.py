"""Blocks as HTML that is also well-formed XML, every character of the text escaped."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from digest.model import BlockKind
from digest.typeset.characters import shown
from digest.typeset.punctuation import full_width

if TYPE_CHECKING:
    from collections.abc import Iterable

    from digest.model import Block


def html(blocks: Iterable[Block], *, level: int = 3, styles: dict[str, str] | None = None) -> str:
    """The blocks as HTML elements, one a line. Headings are `h<level>`; a figure shows its caption, its picture is
    not in a dump. `styles` gives the `style` attribute of an element name, for mail; without it classes are set.
    """
    return "\n".join(_element(block, level, styles) for block in blocks)


def _element(block: Block, level: int, styles: dict[str, str] | None) -> str:
    verbatim = block.kind in {BlockKind.CODE, BlockKind.FORMULA}
    text = escape(shown(block.text) if verbatim else full_width(shown(block.text)))
    lines = text.replace("\n", "<br/>")
    match block.kind:
        case BlockKind.HEADING:
            return _tag(f"h{level}", "heading", lines, styles)
        case BlockKind.FIGURE:
            return _tag("figure", "figure", _tag("figcaption", "caption", lines, styles), styles)
        case BlockKind.VERSE:
            return _tag("p", "verse", lines, styles)
        case BlockKind.CODE:
            return _tag("pre", "code", f"<code>{text}</code>", styles)
        case BlockKind.FORMULA:
            return _tag("p", "formula", f"<code>{lines}</code>", styles)
        case BlockKind.PARAGRAPH:
            return _tag("p", "", lines, styles)


def _tag(name: str, kind: str, inner: str, styles: dict[str, str] | None) -> str:
    if styles is None:
        attribute = f' class="{kind}"' if kind else ""
    else:
        style = styles.get(kind or name, "")
        attribute = f' style="{escape(style)}"' if style else ""
    return f"<{name}{attribute}>{inner}</{name}>"
