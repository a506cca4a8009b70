"""Processes of the program that need no time to load it: a server that has loaded it forks them. Decision 340.

Each is a process as any other, with its own folder, environment, streams, threads and end; only Python and the modules
are there already. A test whose subject is how the program starts starts it itself.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import fcntl
import functools
import gc
import importlib
import json
import os
import pkgutil
import runpy
import signal
import socket
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, cast

from tests.waiting import SECONDS

if TYPE_CHECKING:
    from collections.abc import Sequence

_LONGEST_REQUEST = 1 << 20  # bytes: arguments and environment of a process
_SET_PTRACER, _SET_SUBREAPER, _ANY = 0x59616D61, 36, ctypes.c_ulong(-1)  # of prctl(2)
_LATER = ("alembic.command", "aiosmtplib", "aiosmtpd.smtp", "httpx", "jinja2", "nh3", "rich.progress", "uvloop")


class Digest(subprocess.Popen[str]):
    """`python -m digest ARGUMENTS` as a child of this process; options are those of Popen.

    `traced_by`: a program and its arguments that trace it by `-p` from the first step of the program on. It ends with
    the process.
    """

    def __init__(self, arguments: Sequence[str], *, traced_by: Sequence[str] = (), **options: Any) -> None:
        self._traced_by = tuple(traced_by)
        self._tracer: subprocess.Popen[bytes] | None = None
        super().__init__(list(arguments), text=True, **options)

    def _execute_child(self, args: list[str], *rest: Any) -> None:
        """Popen calls this with all it knows, the six ends of the pipes among it, to start the process."""
        cwd, env = rest[4], rest[5]
        stdin, _, _, stdout, _, stderr = pipes = rest[9:15]
        in_a_session = rest[20]
        about = {"arguments": args, "cwd": str(cwd or Path.cwd()), "env": dict(os.environ if env is None else env)}
        gate, open_gate = os.pipe()
        streams = [end if end != -1 else own for own, end in enumerate((stdin, stdout, stderr))]
        try:
            self.pid = _server().fork(about | {"session": in_a_session}, [*streams, gate])
            self._child_created = True
            if self._traced_by:
                self._tracer = _attached(self._traced_by, self.pid, cwd)
            os.write(open_gate, b"!")
        finally:
            os.close(gate)
            os.close(open_gate)
            self._close_pipe_fds(*pipes)  # type: ignore[attr-defined]

    def wait(self, timeout: float | None = None) -> int:
        code = super().wait(timeout)
        if self._tracer:
            self._tracer.wait(timeout)
        return code


def run_digest(arguments: Sequence[str], **options: Any) -> subprocess.CompletedProcess[str]:
    """As subprocess.run: the process has ended, and what it printed was kept unless the options say otherwise."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    with Digest(arguments, **options) as process:
        try:
            out, err = process.communicate(timeout=2 * SECONDS)
        finally:
            process.kill()
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def _attached(command: tuple[str, ...], pid: int, cwd: str | Path | None) -> subprocess.Popen[bytes]:
    """Start what traces a process, in its folder, and wait until it does."""
    tracer = subprocess.Popen([*command, "-p", str(pid)], stdin=subprocess.DEVNULL, cwd=cwd)
    status, end = Path(f"/proc/{pid}/status"), time.monotonic() + SECONDS
    while "\nTracerPid:\t0\n" in status.read_text("utf-8"):
        assert tracer.poll() is None, f"{command[0]} cannot trace a process"
        assert time.monotonic() < end, f"{command[0]} does not trace a process"
        time.sleep(0.002)
    return tracer


class _Server:
    """The server, as a child of this process."""

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._turn = threading.Lock()
        with theirs:
            command = [sys.executable, "-m", "tests.forking", str(theirs.fileno())]
            self.process = subprocess.Popen(  # in a group of its own: a signal to that of the tests is not for it
                command, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()], process_group=0
            )
        atexit.register(self._end)

    def fork(self, about: dict[str, Any], descriptors: list[int]) -> int:
        """Let it fork a process, which becomes our child: as that of a dead parent, whom we adopt for so long."""
        with self._turn:
            _prctl(_SET_SUBREAPER, 1)
            try:
                socket.send_fds(self._control, [json.dumps(about).encode()], descriptors)
                return int(self._control.recv(100))
            finally:
                _prctl(_SET_SUBREAPER, 0)

    def _end(self) -> None:
        self._control.close()
        self.process.wait(SECONDS)


@functools.cache
def _server() -> _Server:
    return _Server()


def _prctl(option: int, value: Any) -> None:
    ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _serve(control: socket.socket) -> list[str]:
    """Fork a process a request; returns in each, which then runs the program with these arguments."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal: the tests, which it ends, end us
    while True:
        request, descriptors, _, _ = socket.recv_fds(control, _LONGEST_REQUEST, 4)
        if not request:
            sys.exit()
        told, tell = os.pipe()
        between = os.fork()
        if not between:
            if pid := os.fork():
                os.write(tell, str(pid).encode())
                os._exit(0)  # so that the process has no parent and is adopted
            os.close(told)
            os.close(tell)
            control.close()
            return _begun(json.loads(request), descriptors)
        os.waitpid(between, 0)
        control.send(os.read(told, 100))
        for one in (*descriptors, told, tell):
            os.close(one)


def _begun(about: dict[str, Any], descriptors: list[int]) -> list[str]:
    """Become the process that is wanted, up to the opening of the gate; the arguments of the program."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    *streams, gate = descriptors
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environ.update(about["env"])
    time.tzset()
    os.chdir(about["cwd"])
    if about["session"]:
        os.setsid()
        with contextlib.suppress(OSError):  # no terminal
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    sys.stdin, sys.stdout, sys.stderr = _stream(sys.stdin), _stream(sys.stdout), _stream(sys.stderr)
    _prctl(_SET_PTRACER, _ANY)
    os.read(gate, 1)
    os.close(gate)
    return [str(one) for one in about["arguments"]]


def _stream(old: TextIO) -> TextIO:
    """A new stream in the place of one of the three, as Python makes it at its start."""
    number = old.fileno()
    by_line = number == 2 or os.isatty(number)
    mode = "w" if number else "r"
    made = os.fdopen(number, mode, 1 if by_line else -1, old.encoding, old.errors, closefd=False)
    return cast("TextIO", made)


def _load() -> None:
    """Load the program, and what its commands load when they need it."""
    import digest  # noqa: PLC0415 - the tests, which load this module too, load it themselves

    for module in pkgutil.walk_packages(digest.__path__, "digest."):
        if not module.name.startswith(("digest.__main__", "digest.store.database.migrations.")):
            importlib.import_module(module.name)
    for name in _LATER:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    gc.collect()
    gc.freeze()  # what is loaded is shared with the processes as long as nobody writes into it


if __name__ == "__main__":
    _load()
    sys.argv[1:] = _serve(socket.socket(fileno=int(sys.argv[1])))
    runpy.run_module("digest", run_name="__main__", alter_sys=True)
