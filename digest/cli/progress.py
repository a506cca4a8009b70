"""Shows the progress of slow work: one redrawn line on a terminal, a plain line now and then elsewhere.

Nothing is drawn in the first second on a terminal, or in the first ten seconds elsewhere. Everything goes to stderr, so
that the output on stdout does not change. Decision 258.
"""

from __future__ import annotations

import shutil
import sys
import threading
import time
from typing import TYPE_CHECKING, Self, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

_FIRST = 1.0  # seconds until the first line on a terminal
_REDRAWN, _NOW_AND_THEN = 0.2, 10.0  # seconds between two lines, on a terminal and elsewhere
CLEAR = "\r\x1b[2K"
_MINUTE, _HOUR = 60, 3600


class Progress:
    """The progress of one task. Call it with the number done, a name, and the total number if that is known.

    `kept` says in one or two sentences what is stored after Ctrl-C and what to do next. `total` may be a function,
    which is only called when a line is drawn.
    """

    def __init__(
        self,
        what: str,
        *,
        kept: str,
        total: int | Callable[[], int | None] | None = None,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.what, self._kept, self._total = what, kept, total
        self._stream = stream or sys.stderr
        self._clock = clock
        self._on_terminal = self._stream.isatty()
        self._done, self._begun, self._name = 0, 0, ""
        self._began = clock()
        self._drawn = False
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._draw_on, name="progress", daemon=True)

    def __call__(self, done: int, name: str = "", total: int | None = None) -> None:
        self._done, self._name = done, name
        if total is not None:
            self._total = total

    def step(self, name: str = "") -> None:
        """Begin the next step; the line counts the steps before it."""
        self(self._begun, name)
        self._begun += 1

    def phase(self, what: str) -> None:
        """Begin another task, which counts from zero."""
        if what != self.what:
            self.what, self._name, self._total, self._began = what, "", None, self._clock()
            self._done = self._begun = 0

    def make_room(self) -> None:
        """Clear the redrawn line before a line of output; it is drawn again below that."""
        with self._lock:
            self._clear()

    def line(self) -> str:
        """The line to draw now: `sending: 120 of 3,400 (3 %), 61 a second, 53 s left`."""
        if callable(self._total):
            self._total = self._total()
        done, total, seconds = self._done, self._total, self._clock() - self._began
        if total and done > total:  # some are processed again
            total = None
        if not done:
            counted = f"{total:,} to do" if total else ""
            return self._joined(", ".join(filter(None, (counted, _span(seconds)))))
        counted = f"{done:,} of {total:,} ({done * 100 // total} %)" if total else f"{done:,}"
        rate = done / seconds if seconds > 0 else 0.0
        facts = [counted, _rate(rate)]
        if total and rate:
            facts.append(f"{_span(max(0, total - done) / rate)} left")
        return self._joined(", ".join(filter(None, facts)))

    def _joined(self, facts: str) -> str:
        return f"{self.what}: {facts}" + (f" · {self._name}" if self._name else "")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        with self._lock:
            self._clear()
        if kind is KeyboardInterrupt:
            self._stream.write(f"digest: stopped. {self._kept}\n")
            self._stream.flush()

    def _draw_on(self) -> None:
        wait = _FIRST if self._on_terminal else _NOW_AND_THEN
        while not self._over.wait(wait):
            with self._lock:
                try:
                    self._draw()
                except (OSError, ValueError):  # the stream was closed
                    return
            wait = _REDRAWN if self._on_terminal else _NOW_AND_THEN

    def _draw(self) -> None:
        if self._on_terminal:
            self._stream.write(CLEAR + _cut(self.line(), shutil.get_terminal_size().columns - 1))
            self._drawn = True
        else:
            self._stream.write(f"digest: {self.line()}\n")
        self._stream.flush()

    def _clear(self) -> None:
        if self._drawn:
            self._stream.write(CLEAR)
            self._stream.flush()
            self._drawn = False


def _rate(rate: float) -> str:
    if rate <= 0:
        return ""
    return f"{rate:,.0f} a second" if rate >= 1 else f"{rate * _MINUTE:,.0f} a minute"


def _span(seconds: float) -> str:
    """A duration for people: `53 s`, `4 min 10 s`, `2 h 5 min`."""
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"


def _cut(line: str, width: int) -> str:
    """The part of a line that fits in one row of this width; control characters become `?`."""
    from digest.typeset.text import cells

    shown = "".join(character if character.isprintable() else "?" for character in line)
    if cells(shown) <= width:
        return shown
    while shown and cells(shown) > width - 1:
        shown = shown[:-1]
    return f"{shown}…"
