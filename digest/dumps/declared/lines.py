"""The lines of a text that are not blank, one after the other, and whether a line can be a title."""

from collections.abc import Iterable, Iterator

from digest.dumps.layouts.characters import bare
from digest.patterns import LineSearch


class Line:
    """A line. `number` counts from 1 through the text, blank ones too. `gap`: a blank line stands before it.

    `text` is without white space around it, `whole` false for a last line whose end is not written yet. `plain`: no
    drawn line but those of any text fits. `known` is what rows found in it.
    """

    __slots__ = ("_encoded", "gap", "known", "number", "plain", "text", "whole")

    def __init__(self, number: int, text: str, *, gap: bool, whole: bool, plain: bool) -> None:
        self.number, self.text, self.gap, self.whole, self.plain = number, text, gap, whole, plain
        self.known: dict[object, object] | None = None
        self._encoded: bytes | None = None

    @property
    def encoded(self) -> bytes:
        if self._encoded is None:
            self._encoded = self.text.encode("utf-8", "replace")
        return self._encoded


class Lines:
    """Gives each line by its place, from 0, and reads on where it has to.

    `search` finds the lines that are not plain, in one go through a block.
    """

    def __init__(self, blocks: Iterable[str], search: LineSearch | None = None) -> None:
        self._coming = _lines(blocks, search)
        self._held: list[Line] = []
        self._first = 0  # the place of the first that is held

    def at(self, place: int) -> Line | None:
        """The line at a place; None behind the last."""
        held, index = self._held, place - self._first
        while index >= len(held):
            more = next(self._coming, None)
            if more is None:
                return None
            held += more
        return held[index]

    def put(self, place: int, line: Line) -> None:
        """Let another line take the place of one that is held."""
        self._held[place - self._first] = line

    def release(self, place: int) -> None:
        """Let go of what stands before a place, once it is much."""
        if place - self._first > _MANY:
            del self._held[: place - self._first]
            self._first = place


_MANY = 512  # lines


def _lines(blocks: Iterable[str], search: LineSearch | None) -> Iterator[list[Line]]:
    """The lines of each block."""
    number, gap, rest = 0, True, ""
    for block in blocks:
        text = rest + block
        end = text.rfind("\n") + 1
        whole, rest = text[:end], text[end:]
        if not whole:
            continue
        found = _found(search, whole) if search else None
        made = []
        for at, line in enumerate(whole[:-1].split("\n")):
            if written := bare(line):
                plain = found is not None and at not in found
                made.append(Line(number + at + 1, written, gap=gap, whole=True, plain=plain))
                gap = False
            else:
                gap = True
        number += at + 1
        yield made
    if written := bare(rest):
        yield [Line(number + 1, written, gap=gap, whole=False, plain=False)]


def _found(search: LineSearch, text: str) -> set[int]:
    """The lines of a text, from 0, that the search finds."""
    encoded = text.encode("utf-8", "replace")
    found, line, passed = set(), 0, 0
    for start in search.starts(encoded):
        line += encoded.count(b"\n", passed, start)
        passed = start
        found.add(line)
    return found


_LONGEST_TITLE = 300
SHORT_TITLE = 100
_SENTENCE = 200  # characters from which a line that ends as a sentence is no title
_SENTENCE_ENDS = tuple(".。!！?？…")
_NO_TITLE_ENDS = tuple(",，、;；")
_PARAGRAPH_ENDS = tuple(".。…:：;；,，、")


def is_title(line: Line, *, strict: bool = False) -> bool:
    """Whether a line can be a title; `strict`: not where it ends as a sentence does."""
    text = line.text
    if len(text) > _LONGEST_TITLE or text.endswith(_NO_TITLE_ENDS):
        return False
    return not text.endswith(_SENTENCE_ENDS) or (len(text) <= _SENTENCE and not strict)


def is_short_title(line: Line) -> bool:
    """Whether a line is short and does not end as a paragraph does."""
    return len(line.text) <= SHORT_TITLE and not line.text.endswith(_PARAGRAPH_ENDS)
