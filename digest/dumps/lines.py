"""The current window of a text, its lines that are not blank, and those at which something may begin or end."""

import re
from functools import lru_cache
from typing import NamedTuple

from digest.dumps.layouts import byline, dateblock
from digest.dumps.layouts.characters import INVISIBLE, LEAD, SPACES, Rarely, bare

_LINE = re.compile(r"\n((?:[^\S\n]*\n)*)([^\n]*\S[^\n]*)")  # the next line that is not blank
_LINES_AHEAD = 2  # lines that are not blank, needed to recognize a date header
_MOST = 1 << 20  # characters of a line that is certainly no byline


class Line(NamedTuple):
    """A line that is not blank. `gap`: a blank line precedes it."""

    start: int
    end: int
    text: str
    gap: bool


class Window:
    """The window of a text: `text`, with a line end in front; everything before `at` was examined."""

    def __init__(self) -> None:
        self.text, self.at = "\n", 1
        self._passed = 0  # characters before the window
        self._gap = True  # whether the last line before the window was blank

    def move(self, done: int) -> None:
        """Drop what precedes `done`, where a line begins."""
        self._gap = self.gap_before(done)
        self._passed += done - 1
        self.text, self.at = "\n" + self.text[done:], 1

    def place(self, at: int) -> int:
        """The number of characters of the whole text before this one."""
        return self._passed + at - 1

    def decided(self) -> int:
        """The position up to which lines can be decided: two lines must follow, and a title needs its byline."""
        text = self.text
        end = text.rfind("\n") + 1
        lines = last = 0
        while end > self.at:
            start = text.rfind("\n", 0, end - 1) + 1
            if text[start:end].strip():
                lines += 1
                if lines >= _LINES_AHEAD:
                    last = last or start
                    if not byline.may_begin(text, start):
                        return start
            end = start
        return last if last and len(text) > _MOST else self.at

    def line_at(self, start: int, *, gap: bool = True) -> Line:
        """The text from here to the line's end."""
        end = self.text.find("\n", start)
        end = len(self.text) if end < 0 else end
        return Line(start, end, self.text[start:end], gap)

    def line_before(self, start: int) -> tuple[int, str]:
        """Where the last line before `start` begins that is not blank, and its text; empty if there is none.

        Text glued to a byline is such a line, too.
        """
        end = start - 1
        while end > self.at:
            at = max(self.text.rfind("\n", self.at, end) + 1, self.at)
            if text := self.text[at:end].strip():
                return at, text
            end = at - 1
        return start, ""

    def line_behind(self, end: int) -> Line | None:
        found = _LINE.match(self.text, end)
        return Line(found.start(2), found.end(2), found[2], gap=bool(found[1])) if found else None

    def gap_before(self, start: int) -> bool:
        """Whether a blank line, or nothing, precedes the line that begins here."""
        if start <= 1:
            return self._gap
        return not self.text[self.text.rfind("\n", 0, start - 1) + 1 : start - 1].strip()


_WORDS = ("点击阅读全文", "點擊閱讀全文", "最近评论", "最近評論")  # that end an entry or the list


def is_begun(line: str) -> bool:
    """Whether the last line of a file, without its line end, begins a mark that ends an entry or the list."""
    begun = bare(line)
    return bool(begun) and any(word.startswith(begun) and word != begun for word in _WORDS)


class Learned(NamedTuple):
    """Facts that only the whole file shows.

    `listing`: entries of the `dateblock` layout without an end mark belong to a listing page. `ends`: lines that recur
    as the last line of such entries and look like an end mark. `label`: the label of the bylines in place of 引用.
    """

    listing: bool = True
    ends: tuple[str, ...] = ()
    label: str = ""


class Marks(NamedTuple):
    """The patterns. `search` finds lines that are more than text; the last group gives their kind, see `cut`.

    `glued` finds possible marks after the label of a byline, if it begins with one of `may_begin`. `learned`: there are
    additional end marks.
    """

    search: re.Pattern[str]
    glued: Rarely
    may_begin: frozenset[str]
    end: Rarely
    learned: bool

    def after_end(self, line: str) -> str | None:
        """The text after the end mark with which a line begins: empty if it is alone; None if there is no end mark."""
        found = self.end.compiled.match(line)
        return bare(line[found.end() :]) if found else None


@lru_cache(maxsize=64)
def marks(ends: tuple[str, ...] = ()) -> Marks:
    """The marks of both layouts, with these lines as additional end marks."""
    end_mark = "|".join([*map(_as_written, sorted(ends, key=len, reverse=True)), dateblock.END_MARK])
    first = "".join(sorted({re.escape(line[0]) for line in ends}))
    may_begin = f"点點最{byline.MAY_BEGIN}{dateblock.MAY_BEGIN}{SPACES}{INVISIBLE}{first}"
    no_byline = rf"(?![\s{INVISIBLE}]*[Bb][Yy])"
    list_end = byline.LIST_END
    return Marks(
        # The last group is any other possible mark, to be examined.
        search=re.compile(
            rf"\n(?=[{may_begin}]){LEAD}(?:{byline.BYLINE}"
            rf"|{dateblock.HEADER}\n\n([^{may_begin}\n][^\n]*)(?=\n\n{no_byline})"
            rf"|({end_mark})(?=\n{no_byline})|({list_end})(?=\n{no_byline})"
            rf"|({dateblock.LOOSE_HEADER}|{end_mark}|{list_end}|[Bb][Yy](?![a-z])))"
        ),
        glued=Rarely(rf"{LEAD}(?:{dateblock.LOOSE_HEADER}|{end_mark}|{list_end})"),
        may_begin=_characters(may_begin),
        end=Rarely(rf"[\s{INVISIBLE}]*(?:{end_mark})"),
        learned=bool(ends),
    )


def _as_written(line: str) -> str:
    """The line with any white space; one that ends in a letter is no end mark if a word continues."""
    words = r"[^\S\n]{1,8}".join(map(re.escape, line.split()))
    return words + (r"(?![^\S\n]*[^\s])" if line[-1].isascii() and line[-1].isalnum() else "")


def _characters(letters: str) -> frozenset[str]:
    """The characters of a character class without escapes."""
    ranges = re.findall(r"\\?(.)-(.)", letters, re.DOTALL)
    between = (chr(at) for first, last in ranges for at in range(ord(first), ord(last) + 1))
    return frozenset({*letters, *between})
