"""A program on a terminal: keys go in, and the test waits for what is printed."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

CTRL_C = "\x03"
_LOOK = 0.05  # seconds
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07")


class Terminal:
    """`printed` is all that was printed so far, without what only moves the cursor or colours."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str] | None = None,
        columns: int = 100,
        start: Callable[..., subprocess.Popen[str]] | None = None,
    ) -> None:
        """`start` starts the process with these arguments and with options of Popen; without it, they are a command."""
        self._keys, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        self.process = (start or _started)(
            command,
            cwd=cwd,
            env={**os.environ, "TERM": "xterm", **(env or {})},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self.raw = b""
        self._read_to = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, 9)
        self.process.wait()
        os.close(self._keys)

    @property
    def printed(self) -> str:
        return _CONTROL.sub("", self.raw.decode("utf-8", "replace")).replace("\r\n", "\n")

    def type(self, keys: str) -> None:
        os.write(self._keys, keys.encode())

    def wait_for(self, text: str, seconds: float = 60) -> str:
        """What was printed since the last text that was waited for, up to this one."""
        deadline = time.monotonic() + seconds
        while (at := self.printed.find(text, self._read_to)) < 0:
            if not self._read(deadline):
                raise AssertionError(f"{text!r} was not printed: {self.printed[self._read_to :]!r}")
        before, self._read_to = self.printed[self._read_to : at], at + len(text)
        return before

    def wait_until(self, there: Callable[[], bool], seconds: float = 60) -> None:
        """Read on until something is so that the program brings about."""
        deadline = time.monotonic() + seconds
        while not there():
            assert time.monotonic() < deadline, f"it did not come: {self.printed[self._read_to :]!r}"
            self._read(time.monotonic() + _LOOK)

    def ended(self, seconds: float = 60) -> int:
        """The exit code, once all is printed."""
        deadline = time.monotonic() + seconds
        while self._read(deadline):
            pass
        return self.process.wait(timeout=max(0.1, deadline - time.monotonic()))

    def _read(self, deadline: float) -> bool:
        """Take what is printed next; False where nothing more comes."""
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([self._keys], [], [], left)[0]:
            return False
        try:
            piece = os.read(self._keys, 65536)
        except OSError:  # the other side is closed
            return False
        self.raw += piece
        return bool(piece)


def _started(command: Sequence[str], **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(command, preexec_fn=_take_terminal, **options)  # noqa: PLW1509 - no thread of ours there


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
