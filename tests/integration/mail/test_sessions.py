"""One session: encryption that is never given up, login, greeting; and the folder for mails in files."""

from __future__ import annotations

import asyncio
import re
import ssl
from typing import TYPE_CHECKING, Any

import pytest

from digest.errors import TransportError
from digest.mail.sending.maildir import MaildirSession
from digest.mail.sending.session import Outgoing
from digest.mail.sending.smtp import SmtpSession
from digest.settings import Mail

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.mail.conftest import Inbox

RAW = b"Message-ID: <one@example.org>\r\nSubject: x\r\n\r\n.\r\n..dots\r\n"


def mail(port: int, **values: Any) -> Mail:
    return Mail(**{"transport": "smtp", "host": "localhost", "port": port, **values})


def sent(settings: Mail, context: ssl.SSLContext | None = None, password: str = "") -> str:
    async def once() -> str:
        async with SmtpSession(settings, password, context=context) as way:
            return await way.send(Outgoing("digest@example.org", "reader@example.org", RAW))

    return asyncio.run(once())


def test_starttls(
    inbox: Inbox, serve: Callable[..., int], server_tls: Callable[[str], ssl.SSLContext], client_tls: ssl.SSLContext
) -> None:
    port = serve(tls_context=server_tls("localhost"), require_starttls=True)
    assert sent(mail(port, security="starttls"), client_tls) == "2.0.0 taken"
    assert inbox.taken["reader@example.org"] == [RAW]


def test_tls_from_the_first_byte(
    inbox: Inbox, serve: Callable[..., int], server_tls: Callable[[str], ssl.SSLContext], client_tls: ssl.SSLContext
) -> None:
    port = serve(ssl_context=server_tls("localhost"))
    assert sent(mail(port, security="tls"), client_tls) == "2.0.0 taken"
    assert inbox.taken["reader@example.org"] == [RAW]


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_of_somebody_else_gets_no_mail(
    inbox: Inbox,
    serve: Callable[..., int],
    server_tls: Callable[[str], ssl.SSLContext],
    client_tls: ssl.SSLContext,
    security: str,
) -> None:
    name = {"starttls": "tls_context", "tls": "ssl_context"}[security]
    wrong, unknown = serve(**{name: server_tls("other.example")}), serve(**{name: server_tls("localhost")})
    for port, context in ((wrong, client_tls), (unknown, ssl.create_default_context())):
        with pytest.raises(TransportError) as refused:
            sent(mail(port, security=security), context)
        assert refused.value.phase == "connect"
        assert "certificate" in refused.value.text.lower()
    assert not inbox.taken


def test_a_server_without_starttls_gets_no_mail(inbox: Inbox, port: int) -> None:
    with pytest.raises(TransportError) as refused:
        sent(mail(port, security="starttls"))
    assert refused.value.phase == "connect"
    assert not inbox.taken


def test_logging_in(
    inbox: Inbox,
    serve: Callable[..., int],
    server_tls: Callable[[str], ssl.SSLContext],
    client_tls: ssl.SSLContext,
    password: Callable[..., Any],
) -> None:
    port = serve(tls_context=server_tls("localhost"), require_starttls=True, authenticator=password, auth_required=True)
    ours = mail(port, security="starttls", username="digest", password="secret")

    assert sent(ours, client_tls, "secret") == "2.0.0 taken"
    with pytest.raises(TransportError) as refused:
        sent(ours, client_tls, "wrong")
    assert (refused.value.phase, refused.value.code) == ("login", 535)
    with pytest.raises(TransportError) as unsayable:
        sent(ours, client_tls, "\udcff")
    assert (unsayable.value.phase, unsayable.value.code) == ("login", None)
    assert len(inbox.taken["reader@example.org"]) == 1


def test_a_greeting_says_who_answers_and_sends_nothing(inbox: Inbox, port: int) -> None:
    async def greeted() -> str:
        async with SmtpSession(mail(port, security="none"), "") as way:
            return await way.greet()

    assert asyncio.run(greeted()) == f"localhost:{port} answers without TLS"
    assert not inbox.taken


def test_a_server_without_extensions_is_spoken_to_in_the_old_way(inbox: Inbox, serve: Callable[..., int]) -> None:
    assert sent(mail(serve(old=True), security="none")) == "2.0.0 taken"
    assert inbox.taken["reader@example.org"] == [RAW]


def test_a_connection_is_kept_over_a_refusal_and_taken_anew_over_a_loss(inbox: Inbox, port: int) -> None:
    replies = iter(["450 busy", None, "421 closing", None, None])
    inbox.at_recipient = lambda _: next(replies)

    async def four() -> list[str]:
        said: list[str] = []
        async with SmtpSession(mail(port, security="none"), "") as way:
            for _ in range(4):
                try:
                    said.append(await way.send(Outgoing("digest@example.org", "reader@example.org", RAW)))
                except TransportError as error:
                    said.append(f"{error.phase} {error.code}")
        return said

    assert asyncio.run(four()) == ["recipient 450", "2.0.0 taken", "2.0.0 taken", "2.0.0 taken"]
    assert inbox.connections == 2


def written(folder: Path, raw: bytes = RAW) -> str:
    async def once() -> str:
        async with MaildirSession(folder) as way:
            return await way.send(Outgoing("digest@example.org", "reader@example.org", raw))

    return asyncio.run(once())


def test_a_maildir_gets_nothing_that_is_not_begun(tmp_path: Path) -> None:
    async def once() -> None:
        async with MaildirSession(tmp_path / "mail") as way:
            await way.prepare(Outgoing("digest@example.org", "reader@example.org", RAW))

    asyncio.run(once())
    assert not (tmp_path / "mail").exists()


def test_a_maildir_gets_each_message_once_with_its_envelope(tmp_path: Path) -> None:
    name = written(tmp_path / "mail")
    assert written(tmp_path / "mail") == f"{name} exists already"
    (file,) = (tmp_path / "mail" / "new").iterdir()
    assert file.read_bytes() == (
        b"Return-Path: <digest@example.org>\nDelivered-To: reader@example.org\n" + RAW.replace(b"\r\n", b"\n")
    )
    assert not list((tmp_path / "mail" / "tmp").iterdir())
    written(tmp_path / "mail", RAW.replace(b"one@", b"two@"))
    assert len(list((tmp_path / "mail" / "new").iterdir())) == 2


def test_a_mail_that_its_reader_has_seen_is_not_written_again(tmp_path: Path) -> None:
    name = written(tmp_path)
    (tmp_path / "new" / name).rename(tmp_path / "cur" / f"{name}:2,S")
    assert re.search("exists already", written(tmp_path))
    assert not list((tmp_path / "new").iterdir())


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("a file", "utf-8")
    with pytest.raises(TransportError, match="mail") as refused:
        written(tmp_path / "mail")
    assert refused.value.phase == "connect"
