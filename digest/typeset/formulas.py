"""Renders formulas for each output channel.

A channel is a function from a formula to safe HTML. Plain text uses `linear`. Decision 75.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from html import escape
from typing import NamedTuple

from digest.model import Block, BlockKind
from digest.typeset.math.extract import Formula, pieces
from digest.typeset.math.linear import html_text, linear
from digest.typeset.math.mathml import appearance, mathml
from digest.typeset.math.picture import name
from digest.typeset.math.tree import tree

Channel = Callable[[Formula], str]

_EM = 16  # px, the font size for which pictures are drawn


class Size(NamedTuple):
    """The displayed size of a picture in px; `depth` is the part below the baseline of the text."""

    width: int
    height: int
    depth: int


def formulas(blocks: Iterable[Block]) -> Iterator[Formula]:
    """The formulas of a text, except those in code."""
    for block in blocks:
        if block.kind is BlockKind.CODE:
            continue
        yield from (piece for piece in pieces(block.text) if isinstance(piece, Formula))


@lru_cache(maxsize=4096)  # letters such as $x$ occur in every other entry
def needs_picture(formula: Formula) -> bool:
    """Whether feeds and mails need a picture for this formula."""
    return html_text(formula) is None


def drawing(formula: Formula) -> tuple[str, bool, str]:
    """The visible form of a formula, by which two spellings of it are compared."""
    return appearance(formula) or formula.source, formula.display, formula.tag


def drawn_text(written: str) -> str:
    """A text with the visible form of each formula in its place; equal for two texts that look the same."""
    return "".join(piece if isinstance(piece, str) else repr(drawing(piece)) for piece in pieces(written))


def page(formula: Formula) -> str:
    """The channel for browsers: MathML."""
    made = mathml(formula)
    if made is None:
        return _as_written(formula)
    tag = f'<span class="tag">({escape(formula.tag)})</span>' if formula.tag else ""
    return f'<span class="displayed">{made}{tag}</span>' if formula.display else made


def pictured(sizes: Mapping[str, Size], address: Callable[[str], str]) -> Channel:
    """The channel for mails: text if that is enough, otherwise a picture.

    `address` gives its URL by its name.
    """

    def render(formula: Formula) -> str:
        made = html_text(formula)
        if made is not None:
            return made
        picture_name = name(formula)
        size = sizes.get(picture_name)
        if size is None:
            return _as_written(formula)
        tag = f" ({escape(formula.tag)})" if formula.tag else ""
        style = "" if formula.display else f' style="vertical-align:{-size.depth / _EM:.3f}em"'
        return (
            f'<img src="{escape(address(picture_name))}" width="{size.width}" height="{size.height}"'
            f' alt="{escape(linear(formula))}" title="{escape(formula.source)}"{style}/>{tag}'
        )

    return render


def in_feeds(sizes: Mapping[str, Size], address: Callable[[str], str]) -> Channel:
    """The channel for feeds: text within a line, pictures for displayed formulas only.

    Many feed readers drop the style that puts a picture on the line of its text. Decision 298.
    """
    displayed = pictured(sizes, address)

    def render(formula: Formula) -> str:
        if formula.display:
            return displayed(formula)
        return html_text(formula) or (escape(linear(formula)) if tree(formula) else _as_written(formula))

    return render


def _as_written(formula: Formula) -> str:
    """The last resort: the formula's source."""
    return f"<code>{escape(formula.source)}</code>"


def text(written: str) -> str:
    """The text with its formulas in linear Unicode."""
    return "".join(piece if isinstance(piece, str) else linear(piece) for piece in pieces(written))
