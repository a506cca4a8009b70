"""Servers for the tests, on ports of the loopback. Decision 268."""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
import threading
from typing import TYPE_CHECKING

from tests.waiting import ended

if TYPE_CHECKING:
    from collections.abc import Iterator
    from socketserver import BaseServer

# Below those that the system gives to connections: no connection of another test takes one meanwhile. Each
# process begins at a place of its own; what is taken nevertheless is passed over.
_FIRST, _COUNT = 15_000, 17_000
_numbers = itertools.count(os.getpid() * 61)


def free_port() -> int:
    """A port of the loopback on which nothing listens, for a program that has to know one; each is given once."""
    for number in itertools.islice(_numbers, _COUNT):
        port = _FIRST + number % _COUNT
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError("no port is free")


@contextlib.contextmanager
def serving(server: BaseServer) -> Iterator[None]:
    """Let a server of the standard library answer in a thread, then close it."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, name=type(server).__name__)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        ended(thread)
        server.server_close()
