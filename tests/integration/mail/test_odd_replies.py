"""Replies that are not UTF-8, as older Chinese servers write them, or that contain invalid characters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from digest.model import DeliveryState
from tests.integration.mail.relay import Moment, Relay, To

if TYPE_CHECKING:
    from collections.abc import Callable

    from digest.records.mailing import DeliveryRow
    from tests.integration.mail.conftest import Post

ADDRESS = "reader@sina.example"
MOMENTS = [Moment.RECIPIENT, Moment.CONTENT, Moment.SENDER, Moment.CONNECT]


def refused(post_to: Callable[..., Post], reply: bytes, extension: str, at: Moment = Moment.RECIPIENT) -> DeliveryRow:
    """What is recorded of the only mail, which a server refuses with these bytes."""
    to = To(lambda _: True, reply.decode("utf-8", "surrogateescape"), at)
    with Relay(to, extensions=(extension,)) as relay:
        post = post_to(relay.port, connections=1)
        post.people(ADDRESS)
        post.drain()
    return post.rows()[ADDRESS]


@pytest.mark.parametrize("at", MOMENTS)
@pytest.mark.parametrize("extension", ["8BITMIME", "PIPELINING"])
def test_a_refusal_in_gb18030_is_read(post_to: Callable[..., Post], extension: str, at: Moment) -> None:
    row = refused(post_to, b"550 " + "用户不存在".encode("gb18030"), extension, at)

    assert row.state in {DeliveryState.FAILED, DeliveryState.DEFERRED}
    assert row.code == 550
    assert row.text.endswith("用户不存在")


@pytest.mark.parametrize("extension", ["8BITMIME", "PIPELINING"])
@pytest.mark.parametrize("reply", [b"no \x00 user\x1b[31m", b"\xff\xfe\xff no user", b"\xed\xb2\x80 no user"])
def test_what_is_no_text_is_recorded_as_text(post_to: Callable[..., Post], extension: str, reply: bytes) -> None:
    row = refused(post_to, b"550 " + reply, extension)

    assert row.state is DeliveryState.FAILED
    assert "user" in row.text
    assert row.text.isprintable()
