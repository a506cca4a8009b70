"""Replies in other charsets than UTF-8, as older Chinese servers write them."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

import pytest

from digest.model import DeliveryState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.integration.mail.conftest import Post


@pytest.fixture
def gbk() -> Iterator[Callable[[bytes, bytes], int]]:
    """A server that answers RCPT with these bytes; its port."""
    servers: list[socket.socket] = []

    def start(extensions: bytes, reply: bytes) -> int:
        server = socket.create_server(("127.0.0.1", 0))
        servers.append(server)

        def talk(connection: socket.socket) -> None:
            with connection, connection.makefile("rb") as lines:
                connection.sendall(b"220 mx\r\n")
                for line in lines:
                    verb = line[:4].upper()
                    if verb == b"EHLO":
                        connection.sendall(b"250-mx\r\n250 " + extensions + b"\r\n")
                    elif verb == b"RCPT":
                        connection.sendall(reply + b"\r\n")
                    elif verb == b"DATA":
                        connection.sendall(b"503 RCPT first\r\n")
                    elif verb == b"QUIT":
                        connection.sendall(b"221 bye\r\n")
                        return
                    else:
                        connection.sendall(b"250 ok\r\n")

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=talk, args=(connection,), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        return server.getsockname()[1]  # type: ignore[no-any-return]

    yield start
    for server in servers:
        server.shutdown(socket.SHUT_RDWR)
        server.close()


@pytest.mark.parametrize("extensions", [b"8BITMIME", b"PIPELINING"])
def test_a_refusal_in_gbk_is_read_recorded_and_ends_no_drain(
    gbk: Callable[[bytes, bytes], int], post_to: Callable[..., Post], extensions: bytes
) -> None:
    port = gbk(extensions, b"550 " + "用户不存在".encode("gb18030"))
    post = post_to(port, connections=1)
    post.people("a@sina.example")

    post.drain()

    row = post.rows()["a@sina.example"]
    assert (row.state, row.code) == (DeliveryState.FAILED, 550)
    assert row.text == "recipient: 用户不存在"


@pytest.mark.parametrize("extensions", [b"8BITMIME", b"PIPELINING"])
@pytest.mark.parametrize(
    "reply", [b"550 no \x00user\x1b[31m", b"550 \xff\xfe\xff no user", b"550 \xed\xb2\x80 no user"]
)
def test_control_characters_and_what_is_no_charset_end_no_drain(
    gbk: Callable[[bytes, bytes], int], post_to: Callable[..., Post], extensions: bytes, reply: bytes
) -> None:
    post = post_to(gbk(extensions, reply), connections=1)
    post.people("a@sina.example")

    post.drain()

    row = post.rows()["a@sina.example"]
    assert row.state is DeliveryState.FAILED
    assert "user" in row.text and row.text.isprintable()
