"""The lines of a text that are not blank, one after the other; only those at hand are held."""

from __future__ import annotations

from typing import TYPE_CHECKING

from digest.dumps.layouts.characters import bare

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Line:
    """A line. `number` counts from 1 through the text, blank ones too. `gap`: a blank line stands before it.

    `text` is without white space around it, `whole` false for a last line whose end is not written yet. `known` is
    what rows found in it.
    """

    __slots__ = ("encoded", "gap", "known", "number", "text", "whole", "written")

    def __init__(self, number: int, written: str, text: str, *, gap: bool, whole: bool) -> None:
        self.number, self.written, self.text, self.gap, self.whole = number, written, text, gap, whole
        self.encoded = text.encode("utf-8", "replace")
        self.known: dict[object, object] = {}


class Lines:
    """Gives each line by its place, from 0, and reads on where it has to."""

    def __init__(self, blocks: Iterable[str]) -> None:
        self._coming = _lines(blocks)
        self._held: list[Line] = []
        self._first = 0  # the place of the first that is held

    def at(self, place: int) -> Line | None:
        """The line at a place; None behind the last."""
        held = self._held
        while place - self._first >= len(held):
            line = next(self._coming, None)
            if line is None:
                return None
            held.append(line)
        return held[place - self._first]

    def release(self, place: int) -> None:
        """Let go of what stands before a place, once it is much."""
        if place - self._first > _MANY:
            del self._held[: place - self._first]
            self._first = place


_MANY = 512  # lines


def _lines(blocks: Iterable[str]) -> Iterator[Line]:
    number, gap, rest = 0, True, ""
    for block in blocks:
        written = (rest + block).split("\n")
        rest = written.pop()
        for line in written:
            number += 1
            if text := bare(line):
                yield Line(number, line, text, gap=gap, whole=True)
                gap = False
            else:
                gap = True
    if text := bare(rest):
        yield Line(number + 1, rest, text, gap=gap, whole=False)
