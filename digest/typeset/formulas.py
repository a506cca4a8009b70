"""Formulas as each channel shows them. A channel is a function from a formula to safe HTML; plain text has `linear`."""

from __future__ import annotations

from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING, NamedTuple

from digest.model import BlockKind
from digest.typeset.math.extract import Formula, pieces
from digest.typeset.math.inline import html_text
from digest.typeset.math.linear import linear
from digest.typeset.math.mathml import mathml
from digest.typeset.math.picture import name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from digest.model import Block

    Channel = Callable[[Formula], str]

_EM = 16  # px, that pictures are drawn for


class Size(NamedTuple):
    """How large a picture is shown, in px; `depth` is what hangs below the line of text."""

    width: int
    height: int
    depth: int


def formulas(blocks: Iterable[Block]) -> Iterator[Formula]:
    """The formulas of a text, code apart."""
    for block in blocks:
        if block.kind is BlockKind.CODE:
            continue
        yield from (piece for piece in pieces(block.text) if isinstance(piece, Formula))


@lru_cache(maxsize=4096)  # a letter like $x$ stands in every other entry
def needs_picture(formula: Formula) -> bool:
    """Whether feeds and mails cannot show it as text."""
    return html_text(formula) is None


def page(formula: Formula) -> str:
    """For a browser: MathML."""
    made = mathml(formula)
    if made is None:
        return _as_written(formula)
    tag = f'<span class="tag">({escape(formula.tag)})</span>' if formula.tag else ""
    return f'<span class="displayed">{made}{tag}</span>' if formula.display else made


def pictured(sizes: Mapping[str, Size], address: Callable[[str], str]) -> Channel:
    """For feeds and mails: text where that is enough, else a picture; `address` gives its URL by its name."""

    def shown(formula: Formula) -> str:
        made = html_text(formula)
        if made is not None:
            return made
        called = name(formula)
        size = sizes.get(called)
        if size is None:
            return _as_written(formula)
        tag = f" ({escape(formula.tag)})" if formula.tag else ""
        style = "" if formula.display else f' style="vertical-align:{-size.depth / _EM:.3f}em"'
        return (
            f'<img src="{escape(address(called))}" width="{size.width}" height="{size.height}"'
            f' alt="{escape(linear(formula))}" title="{escape(formula.source)}"{style}/>{tag}'
        )

    return shown


def _as_written(formula: Formula) -> str:
    """The last resort: what stands in the text."""
    return f"<code>{escape(formula.source)}</code>"


def text(written: str) -> str:
    """A text with its formulas in linear Unicode."""
    return "".join(piece if isinstance(piece, str) else linear(piece) for piece in pieces(written))
