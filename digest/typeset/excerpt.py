"""Cuts the beginning of a text at a natural place: after a sentence or a whole formula, otherwise with an ellipsis.

Decision 162.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate

from wcwidth import iter_graphemes

from digest.model import Block, BlockKind
from digest.typeset.characters import joined
from digest.typeset.sentences import HOLE, clauses, complete, ends, formula_spans, masked, outside_brackets

_SENTENCE_END = re.compile(r"[。！？!?](?=\D|$)|[.](?=\s)")
_LEAST = 0.6  # of the limit: an earlier sentence end is too early to cut a name there
_LEAST_SENTENCE, _LEAST_CLAUSE = 0.4, 0.3  # of the limit: an excerpt may end from here on
_ROW = 40  # characters of text that each line of a displayed formula counts as, at least
_LONGEST_WORD = 40  # characters
_WRITTEN = 3  # characters of a formula's source for each character that is displayed
# Words that announce what follows: an ellipsis after them would announce something that is missing.
_ANNOUNCES = re.compile(
    r"(?:[，；：,;:]\s*[（(]?(?:\d{1,2}|[一二三四五六七八九十])(?=$)"  # the number of the first item of a list
    r"|[\s，、；：,;:（(【\[《“‘「—–\-]"
    r"|(?:也就是说?|即|就是|则|总有|我们有|便?得到?|可得|形如|记为|记作|满足|使得|其中|以及|[有为是])"
    r"|(?<![A-Za-z])(?:i\.e\.|e\.g\.|that is|namely|such that|we have|we get|where|is|as|by|and|or|of|the|an?)"
    r"(?![A-Za-z]))++$"
)
_TAIL = 80  # characters at the end of a text that are searched for an announcement
_FAR = 12_000  # characters beyond the limit in which a sentence or formula must end that began before it
_CHINESE = re.compile("[\u2e80-\ua4cf\uf900-\ufaff\uff00-\uffe6]")


def excerpt(blocks: Sequence[Block], limit: int, *, paragraphs: int | None = None) -> tuple[Block, ...]:
    """The first blocks, up to about `limit` characters and at most this number of `paragraphs`.

    The excerpt ends after a sentence or after a displayed formula, which is always complete. A paragraph that is cut
    elsewhere, or whose last sentence is incomplete, ends with an ellipsis, and never with words that announce what
    comes next. A heading never ends the excerpt. Blocks other than paragraphs are kept whole or left out.
    """
    made: list[Block] = []
    left, counted = limit, 0
    for block in blocks:
        is_paragraph = block.kind is BlockKind.PARAGRAPH
        nothing = all(kept.kind is BlockKind.HEADING for kept in made)
        if is_paragraph and counted == paragraphs:
            break
        size = _size(block)
        if size <= left or (block.kind is BlockKind.FORMULA and made and not _is_whole(made[-1]) and size <= limit):
            made.append(block)
            left = max(0, left - size)
            counted += is_paragraph and not _announces(block.text)  # such a paragraph belongs to the next one
            continue
        if is_paragraph and (left > limit // 4 or nothing):
            made.append(replace(block, text=sentence_cut(block.text, max(left, limit // 4))))
        elif nothing:
            made.append(block)
        break
    return _ended(made, goes_on=len(made) < len(blocks))


def summary(blocks: Sequence[Block], limit: int) -> tuple[Block, ...]:
    """The beginning of a text as one paragraph, without displayed formulas, code, figures and headings."""
    words = ""
    for block in blocks:
        if block.kind is BlockKind.PARAGRAPH or (block.kind is BlockKind.VERSE and block is blocks[-1]):
            words += (" " if words.isascii() else "") + joined(block.text)
            if len(words) < limit and _announces(words):
                continue
            break
        if words:
            break
    return (Block(BlockKind.PARAGRAPH, sentence_cut(words.strip(), limit)),) if words.strip() else ()


def sentence_cut(text: str, limit: int) -> str:
    """At most about `limit` characters: whole sentences, or else clauses or words with an ellipsis.

    Formulas are never cut. A text that fits and ends with a complete sentence stays unchanged.
    """
    text = text[: limit + _FAR]
    fits = len(text) <= limit
    if fits and complete(text):
        return text
    if not fits or _announces(text):
        end = max((place for place in ends(text) if place <= limit), default=0)
        if end >= min(limit, len(text)) * _LEAST_SENTENCE:
            return text[:end]
    return _dotted(text, limit)


def cut(text: str, limit: int) -> str:
    """At most about `limit` characters of a name; all of it if it fits. Only a formula may make it longer.

    It is cut after a sentence, or with an ellipsis after a clause or word.
    """
    if len(text) <= limit:
        return text
    end = _outside_formulas(text, limit)
    sentence = max((found.end() for found in _SENTENCE_END.finditer(text[:end])), default=0)
    if sentence >= limit * _LEAST and _outside_formulas(text, sentence) == sentence:
        return text[:sentence]
    clause = max((place for place in clauses(text) if place < end), default=0)
    end = clause if clause >= limit * _LEAST else before_word(masked(text), end)
    end = _outside_formulas(text, _between_characters(text, end))
    return text if end >= len(text) else text[:end].rstrip(" \t\n.。…") + dots(text)


def _announces(text: str) -> bool:
    return _ANNOUNCES.search(masked(text).rstrip()[-_TAIL:]) is not None


def _size(block: Block) -> int:
    if block.kind is BlockKind.FORMULA:
        rows = _ROW * (1 + block.text.count(r"\\"))
        return min(len(block.text), max(rows, len(block.text) // _WRITTEN))
    return len(block.text)


def _is_whole(block: Block) -> bool:
    """Whether nothing seems missing if the excerpt ends after this block."""
    return block.kind is not BlockKind.PARAGRAPH or complete(block.text)


def _ended(made: list[Block], *, goes_on: bool) -> tuple[Block, ...]:
    while len(made) > 1 and made[-1].kind is BlockKind.HEADING:
        made.pop()
    if not made:
        return ()
    last = made[-1]
    if last.kind is BlockKind.PARAGRAPH and not complete(last.text):
        made[-1] = replace(last, text=sentence_cut(last.text, len(last.text)))
    elif goes_on and last.kind in {BlockKind.CODE, BlockKind.VERSE, BlockKind.FIGURE} and not complete(last.text):
        made.append(Block(BlockKind.PARAGRAPH, dots(last.text)))
    return tuple(made)


def _dotted(text: str, limit: int) -> str:
    """The beginning, up to a clause or word, without words that only announce the rest, and with an ellipsis."""
    masked_text = masked(text)
    end = _outside_formulas(text, _between_characters(text, min(len(text), limit)))
    formula_next = masked_text[end:].lstrip()[:1] == HOLE
    if end < len(text) or _announces(text):
        clause = max((place for place in clauses(text) if place < end), default=0)
        if clause >= end * _LEAST_CLAUSE:
            end = clause
        elif end < len(text) and not formula_next:
            bracket = outside_brackets(text, end)
            end = before_word(masked_text, bracket if bracket >= end * _LEAST_CLAUSE else end)
    cut_text = text[:end].rstrip()
    if not masked(cut_text).endswith(HOLE):
        cut_text = cut_text[:-_TAIL] + _ANNOUNCES.sub("", cut_text[-_TAIL:])
    if cut_text.endswith("…") or len(cut_text) in ends(text):
        return cut_text
    return cut_text.rstrip(".。 ") + dots(cut_text or text)


def dots(text: str) -> str:
    """The ellipsis for a text that continues."""
    return "……" if _CHINESE.search(text) else "…"


def before_word(masked_text: str, at: int) -> int:
    """The place, or the beginning of the Latin word or number around it, if other text comes before that."""
    if at >= len(masked_text) or not _in_word(masked_text[at]):
        return at
    start = at
    while start > 0 and _in_word(masked_text[start - 1]):
        start -= 1
    return start if start > 0 and at - start <= _LONGEST_WORD else at


def _in_word(character: str) -> bool:
    return character.isascii() and not character.isspace()


def _outside_formulas(text: str, at: int) -> int:
    """The place, or the beginning of the formula around it; the formula's end if it begins the text."""
    for start, end in formula_spans(text):
        if start < at < end:
            return start or end
    return at


def _between_characters(text: str, at: int) -> int:
    """The place, moved forward so that no visible character is cut in two."""
    return next((end for end in accumulate(map(len, iter_graphemes(text))) if end >= at), len(text))
