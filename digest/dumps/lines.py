"""The text at hand while a dump goes by, and the lines in it that are not blank."""

from __future__ import annotations

import re
from typing import NamedTuple

from digest.dumps.layouts import byline

_LINE = re.compile(r"\n((?:[^\S\n]*\n)*)([^\n]*\S[^\n]*)")  # the next one that is not blank
_LINES_AHEAD = 2  # that are not blank: a date header is told by them
_MOST = 1 << 20  # characters that may wait for a line that is surely no byline


class Line(NamedTuple):
    """A line that is not blank. `gap`: a blank line stands before it."""

    start: int
    end: int
    text: str
    gap: bool


class Window:
    """What is at hand of a text: `text`, a line end in front; what stands before `at` was looked at."""

    def __init__(self) -> None:
        self.text, self.at = "\n", 1
        self._passed = 0  # characters that went by
        self._gap = True  # whether the last line that went by was blank

    def move(self, done: int) -> None:
        """Let go of what stands before `done`, where a line begins."""
        self._gap = self.gap_before(done)
        self._passed += done - 1
        self.text, self.at = "\n" + self.text[done:], 1

    def place(self, at: int) -> int:
        """How many characters of the whole text stand before this one."""
        return self._passed + at - 1

    def decided(self) -> int:
        """Up to where what stands there can be told: with two lines behind it, and a title not without its byline."""
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
        """What stands from here to the line's end."""
        end = self.text.find("\n", start)
        end = len(self.text) if end < 0 else end
        return Line(start, end, self.text[start:end], gap)

    def line_before(self, start: int) -> tuple[int, str]:
        """Where the last line before `start` begins that is not blank, and its text; empty where there is none.

        What is glued to a byline is such a line, too.
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
        """Whether a blank line stands before the one that begins here, or nothing."""
        if start <= 1:
            return self._gap
        return not self.text[self.text.rfind("\n", 0, start - 1) + 1 : start - 1].strip()
