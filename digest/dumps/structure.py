"""Recovers the structure of an entry's flat text: figures, headings, verse, code, displayed formulas, paragraphs.

What the markup of a dump shows is taken from there. The rest is computed each time and never stored, so that a better
rule reaches old entries too. No text is lost: the blocks
have the characters of the paragraphs, in their order. Decisions 2, 3 and 4.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from digest.model import Block, BlockKind, Content, kind_of
from digest.typeset.characters import COMPATIBLE, UNIFIED

_FIGURE, _HEADING, _VERSE = BlockKind.FIGURE, BlockKind.HEADING, BlockKind.VERSE
_CODE_LINES, _FORMULA, _PARAGRAPH = BlockKind.CODE, BlockKind.FORMULA, BlockKind.PARAGRAPH
_ENVIRONMENTS = "equation|align|alignat|gather|multline|eqnarray|aligned|gathered|split|cases|array|displaymath"
_DISPLAYED = re.compile(
    rf"\\begin\{{(?P<env>(?:{_ENVIRONMENTS})\*?)\}}.*?\\end\{{(?P=env)\}}|\$\$.+?\$\$|\\\[.+?\\\]", re.DOTALL
)
_OPENS = re.compile(rf"\\begin\{{((?:{_ENVIRONMENTS})\*?)\}}")
_LONGEST_FORMULA = 60  # lines of the longest open formula
_HEADING_LENGTH = 32
_NO_HEADING_END = tuple("。．.!?,;:！？，；：、…~～”\"'」》")
_LIST_POINT = re.compile(r"\s*(?:[-*•·]|[(（]?\d{1,2}[)）.、．])\s*\S")
_WORD = re.compile(r"[^\W_]")
_VERSE_LENGTH = 24
_VERSE_LINES = 3
_VERSE_END = tuple("，。,;；！!？?、")
_PROSE = re.compile(f"[{UNIFIED}{COMPATIBLE}，。；：！？、]")
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
    """The body of an entry as blocks in reading order, with their links."""
    kinds = content.extras.kinds
    if kinds and len(kinds) == len(content.paragraphs):
        made = tuple(_as_given(content.paragraphs, kinds))
    else:
        made = tuple(_recovered(content.paragraphs, content.figures))
    return tuple(_linked(made, content.extras.links)) if content.extras.links else made


def _as_given(paragraphs: Sequence[str], kinds: str) -> Iterator[Block]:
    """The blocks of paragraphs whose kinds are known, except some that were merged from other dumps."""
    at = 0
    for letter, run in groupby(kinds):
        end = at + len(list(run))
        kind = kind_of(letter)
        if kind is None:
            yield from _recovered(paragraphs[at:end], ())
        elif kind is _PARAGRAPH:
            for paragraph in paragraphs[at:end]:
                yield from _split(paragraph) if _may_display(paragraph) else (Block(kind, paragraph),)
        else:
            yield from (Block(kind, paragraph) for paragraph in paragraphs[at:end])
        at = end


def _linked(made: Sequence[Block], links: Sequence[tuple[str, str, int]]) -> Iterator[Block]:
    """The blocks with the links whose text they contain, in order; links that are not found are left out."""
    whole = "\0".join(block.text for block in made)
    places: list[tuple[int, str, str]] = []
    behind = 0
    for words, url, before in links:
        at = behind
        for _ in range(before):
            found = whole.find(words, at)
            at = found + len(words) if found >= 0 else at
        if (place := whole.find(words, at)) >= 0:
            places.append((place, words, url))
            behind = place + len(words)
    start = 0
    rest = iter([*places, (len(whole) + 1, "", "")])
    place, words, url = next(rest)
    for block in made:
        end = start + len(block.text)
        own = []
        while place < end:
            own.append((place - start, words, url))
            place, words, url = next(rest)
        yield Block(block.kind, block.text, tuple(own)) if own else block
        start = end + 1


def _recovered(paragraphs: Sequence[str], figures: Sequence[str]) -> list[Block]:
    """The blocks of a flat text."""
    structured = _displayed if _may_display("\n".join(paragraphs)) else _plain
    made: list[Block] = []
    at = 0
    for place in _places(figures, paragraphs) if figures else ():
        made += structured(paragraphs[at:place])
        made.append(Block(_FIGURE, paragraphs[place]))
        at = place + 1
    made += structured(paragraphs[at:])
    _head(made)
    return made


def _places(figures: Sequence[str], paragraphs: Sequence[str]) -> Iterator[int]:
    """The positions of the figures among the paragraphs; empty if one is missing or follows a missing one."""
    at = -1
    for figure in figures:
        try:
            at = paragraphs.index(figure, at + 1)
        except ValueError:
            return
        yield at


def _displayed(run: Sequence[str]) -> list[Block]:
    """The blocks of paragraphs without figures, including displayed formulas."""
    made: list[Block] = []
    plain: list[str] = []
    for paragraph in _joined(run):
        if _may_display(paragraph) and _DISPLAYED.search(paragraph):
            made += _plain(plain)
            made += _split(paragraph)
            plain = []
        else:
            plain.append(paragraph)
    return made + _plain(plain)


def is_displayed(text: str) -> bool:
    """Whether the text is one displayed formula and nothing else."""
    found = _DISPLAYED.match(text) if _may_display(text) else None
    return found is not None and found.end() == len(text)


def _may_display(text: str) -> bool:
    """Whether the text may have a displayed formula. Searching for one character takes a tenth of the time of two."""
    return ("$" in text and "$$" in text) or ("\\" in text and ("\\begin" in text or "\\[" in text))


def _joined(run: Sequence[str]) -> Iterator[str]:
    """The paragraphs, with those of one displayed formula joined."""
    behind = 0  # of the joined ones
    for at, paragraph in enumerate(run):
        if at < behind:
            continue
        if _open(paragraph):
            for end in range(at + 2, min(at + _LONGEST_FORMULA, len(run)) + 1):
                if not _open(text := "\n".join(run[at:end])):
                    yield text
                    behind = end
                    break
            else:
                yield paragraph
        else:
            yield paragraph


def _open(text: str) -> bool:
    """Whether a displayed formula begins in the text and does not end in it."""
    if not _may_display(text):
        return False
    rest = _DISPLAYED.sub("", text)
    return rest.count("$$") % 2 == 1 or _OPENS.search(rest) is not None


def _split(paragraph: str) -> Iterator[Block]:
    """The formulas of a paragraph and the prose between them, each as a block of its own."""
    at = 0
    for found in _DISPLAYED.finditer(paragraph):
        yield from _prose(paragraph[at : found.start()])
        yield Block(_FORMULA, found.group())
        at = found.end()
    yield from _prose(paragraph[at:])


def _prose(text: str) -> Iterator[Block]:
    if text.strip():
        yield Block(_PARAGRAPH, text.strip("\n"))


def _plain(paragraphs: Sequence[str]) -> list[Block]:
    """The blocks of paragraphs without displayed formulas: verse and code split into lines are joined."""
    made: list[Block] = []
    behind = 0  # of the joined ones
    for at, paragraph in enumerate(paragraphs):
        if at < behind:
            continue
        chinese = "\u3400" <= paragraph[:1] <= "\u9fff"  # like most, and not a line of code
        if chinese and "\n" not in paragraph and len(paragraph.rstrip()) > _VERSE_LENGTH:
            made.append(Block(_PARAGRAPH, paragraph))
        elif not chinese and (count := _code_length(paragraphs, at)):
            behind = at + count
            made.append(Block(_CODE_LINES, "\n".join(paragraphs[at:behind])))
        elif count := _verse_length(paragraphs, at):
            behind = at + count
            made.append(Block(_VERSE, "\n".join(paragraphs[at:behind])))
        else:
            made.append(_single(paragraph))
    return made


def _single(paragraph: str) -> Block:
    if "\n" not in paragraph:
        return Block(_PARAGRAPH, paragraph)
    lines = paragraph.split("\n")
    if _code_length(lines, 0) == len(lines):
        return Block(_CODE_LINES, paragraph)
    if all(len(line.strip()) <= _VERSE_LENGTH for line in lines) and not is_list(lines):
        return Block(_VERSE, paragraph)
    return Block(_PARAGRAPH, paragraph)


def _code_length(lines: Sequence[str], start: int) -> int:
    """The number of code lines from `start` on: at least two, or one that can be nothing else."""
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
    """The number of paragraphs from `start` on that are lines of one verse."""
    end = start
    while end < len(paragraphs) and _is_verse_line(paragraphs[end]):
        end += 1
    return end - start if end - start >= _VERSE_LINES else 0


def _is_verse_line(line: str) -> bool:
    text = line.strip()
    return "\n" not in text and len(text) <= _VERSE_LENGTH and text.endswith(_VERSE_END) and not _LIST_POINT.match(text)


def is_list(lines: Sequence[str]) -> bool:
    """Whether several of the lines begin like points of a list."""
    return sum(_LIST_POINT.match(line) is not None for line in lines) > 1


def _head(made: list[Block]) -> None:
    """Turn short lines with text after them into headings; prose before a formula has no full stop either."""
    for at, block in enumerate(made[:-1]):
        short = block.kind is _PARAGRAPH and len(line := block.text.strip()) <= _HEADING_LENGTH
        if short and made[at + 1].kind is not _FORMULA and _is_heading(line):
            made[at] = Block(_HEADING, block.text)


def _is_heading(line: str) -> bool:
    return (
        "\n" not in line
        and not line.endswith(_NO_HEADING_END)
        and not _LIST_POINT.match(line)
        and "://" not in line
        and "。" not in line
        and not line.startswith("$")
        and _WORD.search(line) is not None
    )
