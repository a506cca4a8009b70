"""The beginning of a text, cut where a reader would: between blocks, else at a sentence, never inside a formula."""

from __future__ import annotations

import re
from itertools import accumulate
from typing import TYPE_CHECKING

from wcwidth import iter_graphemes

from digest.model import Block, BlockKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_FORMULA = re.compile(
    r"\\begin\{(?P<env>[a-zA-Z]+\*?)\}.*?\\end\{(?P=env)\}|\$\$.+?\$\$|(?<!\\)\$(?!\s)(?:\\.|[^$\\\n])+(?<!\s)\$|\\\[.+?\\\]|\\\(.+?\\\)",
    re.DOTALL,
)
_SENTENCE_END = re.compile(r"[。！？!?；;](?=\D|$)|[.](?=\s)")
_LEAST = 0.6  # of the limit: a sentence end before that is too early to cut at


def excerpt(blocks: Sequence[Block], limit: int) -> tuple[Block, ...]:
    """The first blocks, up to about `limit` characters; `…` stands where a paragraph was cut.

    A heading never ends it. Blocks other than paragraphs are kept whole or left out.
    """
    made: list[Block] = []
    left = limit
    for block in blocks:
        if len(block.text) <= left:
            made.append(block)
            left -= len(block.text)
            continue
        nothing = all(kept.kind is BlockKind.HEADING for kept in made)
        if block.kind is BlockKind.PARAGRAPH and (left > limit // 4 or nothing):
            made.append(Block(block.kind, cut(block.text, max(left, limit // 4))))
        elif nothing:
            made.append(block)
        break
    while len(made) > 1 and made[-1].kind is BlockKind.HEADING:
        made.pop()
    return tuple(made)


def cut(text: str, limit: int) -> str:
    """At most about `limit` characters and `…`; the whole text if it fits. Only a formula may make it longer."""
    if len(text) <= limit:
        return text
    end = _outside_formulas(text, limit)
    sentence = max((found.end() for found in _SENTENCE_END.finditer(text[:end])), default=0)
    if sentence >= limit * _LEAST and _outside_formulas(text, sentence) == sentence:
        end = sentence
    end = _outside_formulas(text, _between_characters(text, end))
    return text if end >= len(text) else text[:end].rstrip() + "…"


def _outside_formulas(text: str, at: int) -> int:
    """The place, or where it lies in a formula, that formula's beginning; its end if it stands first."""
    for start, end in _formulas(text):
        if start < at < end:
            return start or end
    return at


def _formulas(text: str) -> Iterator[tuple[int, int]]:
    return (found.span() for found in _FORMULA.finditer(text))


def _between_characters(text: str, at: int) -> int:
    """The place, moved forward so that nothing that looks like one character is cut in two."""
    return next((end for end in accumulate(map(len, iter_graphemes(text))) if end >= at), len(text))
