"""Renders blocks as plain text, with linear formulas, wrapped by width. A Chinese character takes two cells."""

import re
from collections.abc import Iterable, Iterator

from wcwidth import wcswidth, wcwidth

from digest.model import Block, BlockKind
from digest.typeset.characters import WIDE, joined, strip_unsafe
from digest.typeset.formulas import text as linear
from digest.typeset.punctuation import full_width

_NEVER_FIRST = frozenset("、。，．：；！？）〕】》〉」』’”…—,.:;!?)]}%~")
_NEVER_LAST = frozenset("（〔【《〈「『‘“([{$")
# A piece is a word, a single wide character, or white space. A line may be broken between two pieces.
_PIECE = re.compile(
    r"\s+|[^\s\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffe6\U00020000-\U0003ffff]+|."
)


def text(blocks: Iterable[Block], width: int = 72, *, indent: str = "") -> str:
    """The blocks with a blank line between them. Verse, code and displayed formulas keep their lines, indented."""
    return "\n\n".join(_paragraph(block, width, indent) for block in blocks)


def _paragraph(block: Block, width: int, indent: str) -> str:
    written = strip_unsafe(block.text)
    lines = (written if block.kind is BlockKind.CODE else linear(full_width(written))).split("\n")
    match block.kind:
        case BlockKind.VERSE | BlockKind.CODE | BlockKind.FORMULA:
            return "\n".join(f"{indent}    {line}" for line in lines)
        case BlockKind.FIGURE:
            caption = joined("\n".join(lines))
            brackets = "［{}］" if WIDE.search(caption) else "[{}]"
            return "\n".join(wrapped(brackets.format(caption), width, indent=indent))
        case BlockKind.HEADING:
            return "\n".join(wrapped(f"— {' '.join(lines)} —", width, indent=indent))
        case BlockKind.PARAGRAPH:
            return "\n".join(piece for line in lines for piece in wrapped(line, width, indent=indent))


def wrapped(line: str, width: int, *, indent: str = "") -> Iterator[str]:
    """The text broken into lines of at most `width` cells; always at least one line.

    Words are not split. No line begins with a closing mark or ends with an opening one. A word wider than a line gets a
    line of its own, which is too wide.
    """
    room = width - cells(indent)
    if 2 * len(line) <= room:  # with any characters; a summary always fits
        yield f"{indent}{line.rstrip()}"
        return
    made, used = "", 0
    for cluster in _clusters(line):
        size = cells(cluster)
        if made.strip() and used + cells(cluster.rstrip()) > room:
            yield f"{indent}{made.rstrip()}"
            made, used = "", 0
            cluster = cluster.lstrip()  # noqa: PLW2901 - the line break replaces the white space
            size = cells(cluster)
        made, used = made + cluster, used + size
    yield f"{indent}{made.rstrip()}"


def cells(text: str) -> int:
    """The number of terminal cells that the text takes."""
    width = wcswidth(text)
    return width if width >= 0 else sum(max(wcwidth(character), 0) for character in text)


def _clusters(line: str) -> Iterator[str]:
    """Pieces that stay together. A piece that must not begin a line joins the one before it, even across a space."""
    cluster = space = ""
    for piece in _PIECE.findall(line):
        if piece.isspace():
            space = piece
            continue
        joins = cluster and (piece[0] in _NEVER_FIRST or cluster[-1] in _NEVER_LAST or _combines(piece[0]))
        if joins:
            cluster += space + piece
        else:
            yield from filter(None, (cluster, space))
            cluster = piece
        space = ""
    yield from filter(None, (cluster, space))


def _combines(character: str) -> bool:
    return wcwidth(character) == 0
