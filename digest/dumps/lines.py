"""The current window of a text, and the lines in it that are not blank."""

import re
from typing import NamedTuple

from digest.dumps.layouts import byline

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
