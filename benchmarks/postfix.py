"""Postfix's smtp-sink, its smtp-source, and a slow way to the sink; the programs, not what is sent."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from benchmarks.site import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DELAY = 0.02  # seconds, of a reply of the slow relay


@contextlib.contextmanager
def sink() -> Iterator[int]:
    """A server that takes all and keeps nothing."""
    port, user = free_port(), ["-u", "root"] if os.getuid() == 0 else []
    with _running([_program("smtp-sink"), *user, f"127.0.0.1:{port}", "200"], port):
        yield port


@contextlib.contextmanager
def relay(port: int) -> Iterator[int]:
    """A way to a server on which each reply takes a while longer; in a process of its own."""
    mine = free_port()
    with _running([sys.executable, "-m", "benchmarks.slow_relay", str(mine), str(port), str(DELAY)], mine):
        yield mine


@contextlib.contextmanager
def _running(command: list[str], port: int) -> Iterator[None]:
    running = subprocess.Popen(command)
    try:
        _reachable(port)
        yield
    finally:
        running.kill()
        running.wait()


def _reachable(port: int) -> None:
    for _ in range(500):
        with contextlib.suppress(OSError):
            return socket.create_connection(("127.0.0.1", port), 1).close()
        time.sleep(0.02)
    raise RuntimeError("the server did not start")


def _program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found is None:
        raise RuntimeError(f"{name} is missing: apt-get install postfix")
    return found


def source(port: int, connections: int, size: int, people: int) -> float:
    """Seconds of smtp-source for as many mails of that size."""
    options = ["-s", str(connections), "-m", str(people), "-l", str(size)]
    command = [_program("smtp-source"), *options, "-f", "a@example.org", "-t", "b@example.org", f"127.0.0.1:{port}"]
    return timed(lambda: subprocess.run(command, check=True))


def timed(run: Callable[[], object]) -> float:
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun
