"""Waits that end: each has a deadline, and reports then what there was instead. Decision 267."""

from __future__ import annotations

import io
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator

SECONDS = 60.0  # a busy machine is no failure; what never comes is one


def until(true: Callable[[], object], seen: Callable[[], object] = lambda: None, *, seconds: float = SECONDS) -> None:
    """Ask again and again, for a thread or a process that has no event to wait for; `seen` is for the message."""
    end, pause = time.monotonic() + seconds, threading.Event()
    while not true():
        assert time.monotonic() < end, f"after {seconds:g} s still not so; seen: {seen()!r}"
        pause.wait(0.01)


def ended(thread: threading.Thread, *, seconds: float = SECONDS) -> None:
    """Wait for the end of a thread."""
    thread.join(seconds)
    assert not thread.is_alive(), f"after {seconds:g} s {thread.name} still runs"


def lines(process: subprocess.Popen[str], *, seconds: float = SECONDS) -> Iterator[str]:
    """What a process prints, line by line; at the deadline it is killed, which ends its lines."""
    assert process.stdout
    watch = threading.Timer(seconds, process.kill)
    watch.daemon = True
    watch.start()
    try:
        while line := process.stdout.readline():  # `yield from` would close it with the generator
            yield line
    finally:
        watch.cancel()


class Log(io.TextIOBase):
    """Stands in for stderr and keeps all that is written, by whichever thread: nothing is lost between two looks."""

    def __init__(self) -> None:
        self._text, self._more = "", threading.Condition()

    def write(self, text: str) -> int:
        with self._more:
            self._text += text
            self._more.notify_all()
        return len(text)

    @property
    def text(self) -> str:
        with self._more:
            return self._text

    def wait_for(self, wanted: str, since: int = 0, *, seconds: float = SECONDS) -> str:
        """What was written after the first `since` characters, up to the end of the line that holds what is wanted."""

        def whole() -> str:
            return self._text[since : self._text.rfind("\n") + 1]

        with self._more:
            found = self._more.wait_for(lambda: wanted in whole(), seconds)
            assert found, f"after {seconds:g} s no line says {wanted!r}; seen: {self._text[since:]!r}"
            return whole()
