"""A digest through real mail servers: into a mailbox that is read by IMAP, and a bounce if there is none."""

from __future__ import annotations

import asyncio
import email
import email.policy
from typing import TYPE_CHECKING

import dkim
import pytest

from digest.mail.composing.message_template import PersonalValues, personalized
from digest.mail.dkim import load_keys, write_key
from digest.mail.receiving.listener import Listener
from digest.mail.tokens import bounce_token, return_path
from digest.model import BounceKind, DeliveryState
from digest.service.bounces import messages
from digest.settings import Dkim, Settings
from tests.integration.mail.chain import PASSWORD, chain, idle_until_mail
from tests.integration.mail.conftest import KEY
from tests.unit.mail.test_reports import block, dsn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from digest.service.bounces.messages import BounceResult
    from tests.integration.mail.chain import Chain
    from tests.integration.mail.conftest import Post


@pytest.fixture(scope="module")
def servers(needs: Callable[[str], str]) -> Iterator[Chain]:
    for program in ("postfix", "dovecot", "/usr/lib/dovecot/lmtp", "/usr/lib/dovecot/imap"):
        needs(program)
    with chain("ada", "bounces") as made:
        yield made


def test_a_digest_reaches_a_mailbox_and_a_real_bounce_suppresses(
    servers: Chain, post_to: Callable[..., Post], tmp_path: Path
) -> None:
    post = post_to(servers.smtp, sender="Digest <digest@digest.test>")
    listen = {"address": "bounces@digest.test", "listen": f"127.0.0.1:{servers.bounces}", "protocol": "lmtp"}
    post.settings = post.settings.model_validate(
        post.settings.model_dump() | {"bounces": {**post.settings.bounces.model_dump(), **listen}}
    )
    write_key(tmp_path / "rsa.pem", "rsa")
    signed = Dkim(key_file=tmp_path / "rsa.pem")
    post.settings = post.settings.model_copy(update={"dkim": signed})
    ada, nobody = post.people("ada@reader.test", "nobody@reader.test")

    taken = asyncio.run(sent_and_bounced(post, servers))

    assert taken.what == BounceKind.HARD
    assert taken.suppressed
    with post.store.read() as tx:
        gone, stays = tx.subscribers.get(nobody), tx.subscribers.get(ada)
        (bounce,) = tx.bounces.of([nobody, ada])[nobody].bounces
        (variant,) = tx.editions.variants(KEY)
    assert gone
    assert stays
    assert gone.suppressed.startswith("bounced: 5.1.1 ")
    assert (bounce.edition, bounce.kind, bounce.status) == (KEY, BounceKind.HARD, "5.1.1")
    assert stays.suppressed == ""
    assert post.states() == {DeliveryState.ACCEPTED: 2}

    raw = mailed(servers)
    records = {f"{key.name}.".encode(): key.record.encode() for key in load_keys(signed, "digest.test")}
    assert dkim.verify(raw, dnsfunc=lambda name, timeout=5: records.get(name))
    assert not dkim.verify(
        raw.replace(b"List-Unsubscribe: <h", b"List-Unsubscribe: <x"), dnsfunc=lambda name, timeout=5: records.get(name)
    )
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    assert str(mail["Return-Path"]).startswith("<bounces+")
    leave_url = str(mail["List-Unsubscribe"]).strip("<>")
    assert f"List-Unsubscribe: <{leave_url}>".encode() in raw
    words = personalized(variant.body, PersonalValues(leave_url, "", "ada@reader.test", ""))
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text
    assert html
    assert text.get_content().rstrip("\n") == words.text
    assert html.get_content().rstrip("\n") == words.html


async def sent_and_bounced(post: Post, servers: Chain) -> BounceResult:
    """Send the edition to both, until the one is in its mailbox and the other bounced."""
    taken: asyncio.Queue[BounceResult] = asyncio.Queue()

    async def take(raw: bytes, recipients: Sequence[str], sender: str) -> None:
        done = await asyncio.to_thread(
            messages.handle_message, post.store, post.settings, raw, recipients, now=post.now, sender=sender
        )
        await taken.put(done)

    def arrives() -> None:
        with servers.mailbox("ada") as inbox:
            idle_until_mail(inbox)

    listener = Listener(post.settings.bounces, take)
    await listener.start()
    try:
        arriving = asyncio.create_task(asyncio.to_thread(arrives))
        await asyncio.to_thread(post.drain)
        await arriving
        return await asyncio.wait_for(taken.get(), 40)
    finally:
        await listener.stop()


def mailed(servers: Chain) -> bytes:
    with servers.mailbox("ada") as inbox:
        _, (part, *_) = inbox.fetch("1", "(BODY.PEEK[])")
    assert isinstance(part, tuple)
    return part[1]


@pytest.mark.parametrize("done", ["", "Handled"])
def test_bounces_are_read_from_an_imap_folder_and_put_away(
    servers: Chain, post_to: Callable[..., Post], port: int, done: str
) -> None:
    post = post_to(port)
    person, _ = post.people("nobody@reader.test", "ada@reader.test")
    post.drain()
    account = {"imap_host": "127.0.0.1", "imap_port": servers.imap, "imap_security": "none", "done": done}
    login = {"username": "bounces@reader.test", "password": PASSWORD, "address": "bounces@digest.test"}
    known = post.settings.model_dump()
    post.settings = Settings(**known | {"bounces": known["bounces"] | account | login})
    token = bounce_token(post.store.secret(), person, KEY)
    raw = dsn(block("failed", "5.1.1"), to=return_path("bounces@digest.test", token)).replace(b"\n", b"\r\n")
    with servers.mailbox("bounces") as box:
        if done:
            box.create(done)
        for message in (raw, b"Subject: a letter\r\n\r\nhello\r\n"):
            box.append("INBOX", "", None, message)

    def read() -> dict[str, int]:
        return messages.read_mailboxes(post.store, post.settings, lambda: post.now)

    assert read() == {"hard": 1, "suppressed": 1, "no token": 1}
    assert read() == {}

    with servers.mailbox("bounces") as box:
        where = done or "INBOX"
        assert box.select(where)[1] == [b"2"]
        assert box.search(None, "UNSEEN")[1] == [b"1 2" if done else b""]
        if not done:
            box.store("1:*", "+FLAGS", r"(\Deleted)")
            box.expunge()
