"""Pictures of formulas that feeds and mails cannot show as text; drawn when an entry is read, not in a request.

Decision 76.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from html import escape
from typing import TYPE_CHECKING

from digest.dumps.structure import blocks
from digest.model import Content
from digest.records.publishing import Drawn
from digest.typeset.formulas import Size, formulas, in_feeds, needs_picture, pictured
from digest.typeset.math.extract import Formula
from digest.typeset.math.linear import linear
from digest.typeset.math.picture import name, picture
from digest.typeset.math.tree import tree

if TYPE_CHECKING:
    from digest.store.transaction import Store, Transaction


def drawn(store: Store, contents: Iterable[Content]) -> dict[str, Drawn | None]:
    """The pictures of these contents that the store does not have yet."""
    wanted = _wanted(contents)
    if not wanted:
        return {}
    with store.read() as tx:
        return {called: picture(wanted[called]) for called in sorted(tx.pictures.unknown(wanted))}


def channel(
    tx: Transaction, contents: Iterable[Content], address: Callable[[str], str], *, feed: bool = False
) -> Callable[[Formula], str]:
    """The renderer for the formulas of these contents in a mail or feed; `address` maps a picture's name to its URL."""
    wanted = _wanted(contents)
    sizes = tx.pictures.sizes({called for called, formula in wanted.items() if formula.display or not feed})
    render = (in_feeds if feed else pictured)({called: Size(*size) for called, size in sizes.items()}, address)

    def drawn_or_text(formula: Formula) -> str:
        """The formula; as text if it has no picture, because it could not be drawn or is of an old revision."""
        made = render(formula)
        return escape(linear(formula)) if made.startswith("<code>") and tree(formula) else made

    return drawn_or_text


def _wanted(contents: Iterable[Content]) -> dict[str, Formula]:
    found = (
        formula
        for content in contents
        if any("$" in paragraph or "\\" in paragraph for paragraph in content.paragraphs)
        for formula in formulas(blocks(content))
        if needs_picture(formula)
    )
    return {name(formula): formula for formula in found}
