"""Runs a program whose standard output is a dump: without a shell, in a process group of its own."""

import contextlib
import os
import re
import selectors
import signal
import subprocess
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import IO

from digest.errors import FetchError
from digest.fetching.values import SLICE_SECONDS, Clockwork, Fetched, Limits

PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR")
"""The variables that a program gets; all others stay here, because secrets are among them."""
_GRACE_SECONDS = 1.0  # between SIGTERM and SIGKILL
_BLOCK = 64 * 1024
_TAIL = 4096  # bytes of standard error that are kept
_SHOWN = 300  # characters of it in a message
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-_])")


def run(
    command: Sequence[str],
    *,
    folder: Path,
    limits: Limits,
    clock: Callable[[], datetime],
    stopped: Callable[[], bool] = bool,
) -> Fetched:
    """Run a program in a folder; what it prints is the body.

    It gets no input and few variables. All its processes have ended when this returns.

    Raises:
        FetchError: it cannot be started, fails, prints nothing or too much, or takes too long.
    """
    name = command[0]
    environment = {key: os.environ[key] for key in PASSED_ON if key in os.environ}
    try:
        running = subprocess.Popen(  # noqa: S603 - the operator's own program, without a shell
            list(command),
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise FetchError(name, f"cannot be started: {reason}", remedy="check `command` of its source") from error
    output = _Output(name, limits.largest)
    clockwork = Clockwork(name, limits.whole, stopped)
    try:
        _read(running, output, clockwork)
        _wait(running, clockwork)
    except FetchError as error:
        _end(running)
        raise _with_last_words(error, output) from error
    finally:
        _end(running)
    if running.returncode:
        raise FetchError(name, _failure(running.returncode, output), remedy="run it by hand in the folder of your file")
    if not output.body.strip():
        raise FetchError(name, f"printed nothing{output.last_words()}", remedy="run it by hand")
    return Fetched(name, bytes(output.body), clock())


class _Output:
    """What a program has printed: all of its standard output, the end of its standard error."""

    def __init__(self, name: str, largest: int) -> None:
        self._name, self._largest = name, largest
        self.body = bytearray()
        self._errors = b""

    def add(self, part: bytes) -> None:
        self.body += part
        if len(self.body) > self._largest:
            problem = f"printed more than {self._largest:,} bytes"
            raise FetchError(self._name, problem, remedy="raise `largest` of its source")

    def add_error(self, part: bytes) -> None:
        self._errors = (self._errors + part)[-_TAIL:]

    def last_words(self) -> str:
        """The end of its standard error in one line, without control characters; empty if there is none."""
        text = _ESCAPES.sub("", self._errors.decode("utf-8", "replace"))
        line = " ".join("".join(one if one.isprintable() else " " for one in text).split())
        if not line:
            return ""
        return f": …{line[-_SHOWN:]}" if len(line) > _SHOWN else f": {line}"


def _read(running: subprocess.Popen[bytes], output: _Output, clockwork: Clockwork) -> None:
    """Read both outputs until they end."""
    with selectors.DefaultSelector() as waiting:
        for stream, add in ((running.stdout, output.add), (running.stderr, output.add_error)):
            if stream:
                waiting.register(stream, selectors.EVENT_READ, add)
        while waiting.get_map():
            for key, _ in waiting.select(min(SLICE_SECONDS, clockwork.left())):
                part = os.read(key.fd, _BLOCK)
                if part:
                    key.data(part)
                else:
                    waiting.unregister(key.fileobj)


def _wait(running: subprocess.Popen[bytes], clockwork: Clockwork) -> None:
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.wait(min(SLICE_SECONDS, clockwork.left()))
            return


def _end(running: subprocess.Popen[bytes]) -> None:
    """End all processes of the program: ask first, then kill."""
    if running.poll() is None:
        _signal(running, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.wait(_GRACE_SECONDS)
    _signal(running, signal.SIGKILL)  # what it has left behind in its group
    running.wait()
    streams: list[IO[bytes] | None] = [running.stdout, running.stderr]
    for stream in streams:
        if stream:
            stream.close()


def _signal(running: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(running.pid, number)


def _failure(code: int, output: _Output) -> str:
    how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
    return how + output.last_words()


def _with_last_words(error: FetchError, output: _Output) -> FetchError:
    return FetchError(error.url, error.reason + output.last_words(), remedy=error.remedy, stopped=error.stopped)
