"""What the flat text of an entry was on its page: figures, headings, verse, code, displayed formulas, paragraphs.

Derived each time, never stored, so that a better rule reaches old entries too. Nothing of the text is lost: the
blocks hold the characters of the paragraphs, in their order.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from digest.model import Block, BlockKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from digest.model import Content

_ENVIRONMENTS = "equation|align|alignat|gather|multline|eqnarray|aligned|gathered|split|cases|array|displaymath"
_DISPLAYED = re.compile(
    rf"\\begin\{{(?P<env>(?:{_ENVIRONMENTS})\*?)\}}.*?\\end\{{(?P=env)\}}|\$\$.+?\$\$|\\\[.+?\\\]", re.DOTALL
)
_OPENS = re.compile(rf"\\begin\{{((?:{_ENVIRONMENTS})\*?)\}}")
_LONGEST_FORMULA = 60  # lines that an open formula may go on for
_HEADING_LENGTH = 32
_NO_HEADING_END = tuple("。．.!?,;:！？，；：、…~～”\"'」》")
_LIST_POINT = re.compile(r"\s*(?:[-*•·]|[(（]?\d{1,2}[)）.、．])\s*\S")
_WORD = re.compile(r"[^\W_]")
_VERSE_LENGTH = 24
_VERSE_LINES = 3
_VERSE_END = tuple("，。,;；！!？?、")
_PROSE = re.compile("[\u3400-\u9fff\uf900-\ufaff，。；：！？、]")
_QUOTED = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"|#.*$|//.*$")
_STATEMENT = re.compile(r"import\s+[\w.]+(?:\s+as\s+\w+)?|from\s+[\w.]+\s+import\s.+|pip install\s.+")
_CODE = re.compile(
    r"(?:import|from)\s+[\w.]+(?:\s+import\b.*|\s+as\s+\w+|\s*)$"
    r"|(?:def|class)\s+\w+.*:\s*$"
    r"|(?:for|while|if|elif|with|except|async|else|try|finally)\b.*:\s*$"
    r"|(?:return|yield|raise|assert|del|await|pip|git|sudo|cd|npm|apt-get|docker)\s+\S+"
    r"|[\w.\[\]'\"(), *]+?\s*(?:[-+*/|&^%]|//|\*\*|<<|>>)?=(?!=)\s*\S.*"
    r"|[\w.]+(?:\[[^\]]*\])?\([^()]*(?:\([^()]*\)[^()]*)*\)\s*;?\s*$"
    r"|#!?\s?include\b.*|[{}\[\]();,\s]+$|.*[;{]\s*$|(?:>>>|\$|%)\s\S.*"
)


def blocks(content: Content) -> tuple[Block, ...]:
    """The body of an entry as blocks in reading order."""
    made: list[Block] = []
    for run in _runs(content):
        if isinstance(run, Block):
            made.append(run)
        else:
            made.extend(_structured(run))
    return tuple(_headed(made))


def _runs(content: Content) -> Iterator[Block | list[str]]:
    """The figures in their places, and between them the runs of other paragraphs."""
    figures = list(content.figures)
    run: list[str] = []
    for paragraph in content.paragraphs:
        if figures and paragraph == figures[0]:
            if run:
                yield run
            yield Block(BlockKind.FIGURE, figures.pop(0))
            run = []
        else:
            run.append(paragraph)
    if run:
        yield run


def _structured(run: Sequence[str]) -> Iterator[Block]:
    plain: list[str] = []
    for paragraph in _joined(run):
        if _DISPLAYED.search(paragraph) is None:
            plain.append(paragraph)
            continue
        yield from _plain(plain)
        plain = []
        yield from _split(paragraph)
    yield from _plain(plain)


def _joined(run: Sequence[str]) -> Iterator[str]:
    """The paragraphs, those of one displayed formula put together."""
    at = 0
    while at < len(run):
        end = at + 1
        if _open(run[at]):
            for candidate in range(at + 1, min(at + _LONGEST_FORMULA, len(run))):
                if not _open("\n".join(run[at : candidate + 1])):
                    end = candidate + 1
                    break
        yield "\n".join(run[at:end])
        at = end


def _open(text: str) -> bool:
    """Whether a displayed formula begins in the text and does not end in it."""
    rest = _DISPLAYED.sub("", text)
    return rest.count("$$") % 2 == 1 or _OPENS.search(rest) is not None


def _split(paragraph: str) -> Iterator[Block]:
    """The formulas of a paragraph and the prose between them, each a block of its own."""
    at = 0
    for found in _DISPLAYED.finditer(paragraph):
        yield from _prose(paragraph[at : found.start()])
        yield Block(BlockKind.FORMULA, found.group())
        at = found.end()
    yield from _prose(paragraph[at:])


def _prose(text: str) -> Iterator[Block]:
    if text.strip():
        yield Block(BlockKind.PARAGRAPH, text.strip("\n"))


def _plain(paragraphs: Sequence[str]) -> Iterator[Block]:
    """Blocks of paragraphs without displayed formulas: verse and code that stand line by line are put together."""
    at = 0
    while at < len(paragraphs):
        for kind, length in ((BlockKind.CODE, _code_length), (BlockKind.VERSE, _verse_length)):
            count = length(paragraphs, at)
            if count:
                yield Block(kind, "\n".join(paragraphs[at : at + count]))
                at += count
                break
        else:
            yield _single(paragraphs[at])
            at += 1


def _single(paragraph: str) -> Block:
    lines = paragraph.split("\n")
    if len(lines) > 1 and _code_length(lines, 0) == len(lines):
        return Block(BlockKind.CODE, paragraph)
    if len(lines) > 1 and all(len(line.strip()) <= _VERSE_LENGTH for line in lines) and not _is_list(lines):
        return Block(BlockKind.VERSE, paragraph)
    return Block(BlockKind.PARAGRAPH, paragraph)


def _code_length(lines: Sequence[str], start: int) -> int:
    """How many lines from `start` on are code: at least two, or one that can be nothing else."""
    end = start
    while end < len(lines) and "\n" not in lines[end] and _is_code(lines[end]):
        end += 1
    count = end - start
    return count if count > 1 or (count == 1 and _is_statement(lines[start])) else 0


def _is_code(line: str) -> bool:
    bare = _QUOTED.sub('""', line.strip())
    return bool(bare) and not _PROSE.search(bare) and "\\" not in bare and _CODE.match(bare) is not None


def _is_statement(line: str) -> bool:
    return _STATEMENT.fullmatch(line.strip()) is not None


def _verse_length(paragraphs: Sequence[str], start: int) -> int:
    """How many paragraphs from `start` on are lines of one verse."""
    end = start
    while end < len(paragraphs) and _is_verse_line(paragraphs[end]):
        end += 1
    return end - start if end - start >= _VERSE_LINES else 0


def _is_verse_line(line: str) -> bool:
    text = line.strip()
    return "\n" not in text and len(text) <= _VERSE_LENGTH and text.endswith(_VERSE_END) and not _LIST_POINT.match(text)


def _is_list(lines: Sequence[str]) -> bool:
    return sum(_LIST_POINT.match(line) is not None for line in lines) > 1


def _headed(made: Sequence[Block]) -> Iterator[Block]:
    """The blocks, short lines that something follows made headings."""
    for block, follower in pairwise([*made, None]):
        if block is None:
            continue
        leads = follower is not None and follower.kind is not BlockKind.FORMULA  # prose that leads to one has no end
        if leads and block.kind is BlockKind.PARAGRAPH and _is_heading(block.text):
            yield Block(BlockKind.HEADING, block.text)
        else:
            yield block


def _is_heading(text: str) -> bool:
    line = text.strip()
    return (
        "\n" not in line
        and len(line) <= _HEADING_LENGTH
        and not line.endswith(_NO_HEADING_END)
        and not _LIST_POINT.match(line)
        and "://" not in line
        and "。" not in line
        and not line.startswith("$")
        and _WORD.search(line) is not None
    )
