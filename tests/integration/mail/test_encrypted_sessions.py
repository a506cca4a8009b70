"""Encryption and login of drains and sessions: certificates, STARTTLS, passwords."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from digest.errors import TransportError
from digest.mail.sending.session import Outgoing
from digest.mail.sending.smtp import SmtpSession
from tests.integration.mail.conftest import ACCEPTED, DEFERRED, PLANNED, RAW, READERS, SOMEBODY

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from pathlib import Path

    import trustme

    from tests.integration.mail.conftest import Inbox, Post


def hand_over(post: Post, context: ssl.SSLContext, password: str = "") -> str:
    async def once() -> str:
        async with SmtpSession(post.settings.mail, password, context=context) as way:
            return await way.send(Outgoing("digest@example.org", SOMEBODY, RAW))

    return asyncio.run(once())


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine trusts our authority, as it trusts those of the world."""
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))


SECURITIES = pytest.mark.parametrize(("security", "option"), [("starttls", "tls_context"), ("tls", "ssl_context")])


@SECURITIES
@pytest.mark.usefixtures("trusted")
def test_a_drain_sends_over_tls_where_the_certificate_is_the_hosts(
    inbox: Inbox,
    serve: Callable[..., int],
    post_to: Callable[..., Post],
    server_tls: Callable[[str], ssl.SSLContext],
    security: str,
    option: str,
) -> None:
    post = post_to(serve(**{option: server_tls("127.0.0.1")}), security=security)
    post.people(*READERS)
    assert post.drain().counts()["accepted"] == 50
    assert inbox.counts() == {1: 50}


@SECURITIES
def test_a_session_sends_over_tls_with_the_context_that_it_is_given(
    inbox: Inbox,
    serve: Callable[..., int],
    post_to: Callable[..., Post],
    server_tls: Callable[[str], ssl.SSLContext],
    client_tls: ssl.SSLContext,
    security: str,
    option: str,
) -> None:
    post = post_to(serve(**{option: server_tls("127.0.0.1")}), security=security)
    assert hand_over(post, client_tls) == "2.0.0 taken"
    assert inbox.taken == {SOMEBODY: [RAW]}


@SECURITIES
def test_a_session_refuses_a_certificate_of_another_name(
    inbox: Inbox,
    serve: Callable[..., int],
    post_to: Callable[..., Post],
    server_tls: Callable[[str], ssl.SSLContext],
    client_tls: ssl.SSLContext,
    security: str,
    option: str,
) -> None:
    post = post_to(serve(**{option: server_tls("other.example")}), security=security)
    with pytest.raises(TransportError, match=r"(?i)certificate") as refused:
        hand_over(post, client_tls)
    assert refused.value.phase == "connect"
    assert not inbox.taken


@SECURITIES
def test_a_drain_to_a_host_that_nobody_vouches_for_pauses_and_sends_nothing(
    inbox: Inbox,
    serve: Callable[..., int],
    post_to: Callable[..., Post],
    server_tls: Callable[[str], ssl.SSLContext],
    security: str,
    option: str,
) -> None:
    post = post_to(serve(**{option: server_tls("127.0.0.1")}), security=security)
    post.people(*READERS)
    report = post.drain()
    assert report.paused.startswith("connect: ")
    assert "certificate" in report.paused.lower()
    assert set(post.states()) == {DEFERRED, PLANNED}
    assert not inbox.taken


@pytest.mark.usefixtures("trusted")
def test_a_server_that_offers_no_starttls_gets_no_mail_and_no_password(
    inbox: Inbox, serve: Callable[..., int], post_to: Callable[..., Post]
) -> None:
    told: list[object] = []

    def listening(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> Any:
        told.append(data)
        raise AssertionError

    open_port = serve(authenticator=listening, auth_require_tls=False)
    post = post_to(open_port, security="starttls", username="digest", password="secret")
    post.people(*READERS)
    assert post.drain().paused.startswith("connect: ")
    assert set(post.states()) == {DEFERRED, PLANNED}
    assert not inbox.taken
    assert not told


# What aiosmtpd says of a server that takes passwords in the clear, as this one does on loopback.
WITHOUT_TLS = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")


@pytest.fixture
def guarded(serve: Callable[..., int], password: Callable[..., Any]) -> int:
    """A server that takes mail of `digest`, whose password is `secret`."""
    return serve(authenticator=password, auth_required=True, auth_require_tls=False)


@WITHOUT_TLS
def test_a_drain_that_logs_in_sends(inbox: Inbox, post_to: Callable[..., Post], guarded: int, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("secret\n", "utf-8")
    post = post_to(guarded, username="digest", password_file=tmp_path / "password")
    post.people(*READERS)
    assert post.drain().counts()["accepted"] == 50
    assert inbox.counts() == {1: 50}


@WITHOUT_TLS
def test_a_wrong_password_pauses_at_once(inbox: Inbox, post_to: Callable[..., Post], guarded: int) -> None:
    post = post_to(guarded, username="digest", password="guessed", connections=1)
    post.people(*READERS)

    report = post.drain()

    assert report.paused.startswith("login: 535 ")
    assert "guessed" not in report.paused
    assert post.states() == {DEFERRED: 1, PLANNED: 49}
    assert not inbox.taken
    connections = inbox.connections
    assert post.drain().paused == report.paused
    assert inbox.connections == connections


@WITHOUT_TLS
def test_after_a_wrong_password_the_operators_resume_sends_everybody_one_mail(
    inbox: Inbox, post_to: Callable[..., Post], guarded: int, tmp_path: Path
) -> None:
    (tmp_path / "password").write_text("guessed\n", "utf-8")
    post = post_to(guarded, username="digest", password_file=tmp_path / "password", connections=1)
    post.people(*READERS)
    assert post.drain().paused.startswith("login: 535 ")

    (tmp_path / "password").write_text("secret\n", "utf-8")
    assert post.drain().paused.startswith("login: 535 ")  # nobody asked yet
    assert not inbox.taken
    resumed = post.drain(resume=True)
    assert (resumed.paused, resumed.counts()["accepted"]) == ("", 49)
    post.now += timedelta(hours=1)  # whose turn it was when the server refused us waits like after any refusal
    assert post.drain().counts()["accepted"] == 1
    assert post.states() == {ACCEPTED: 50}
    assert inbox.counts() == {1: 50}


def test_a_server_that_asks_for_no_password_pauses_a_relay_with_one(
    inbox: Inbox, post_to: Callable[..., Post], port: int
) -> None:
    post = post_to(port, username="digest", password="secret", connections=1)
    post.people(*READERS)
    assert post.drain().paused.startswith("login: ")
    assert post.states() == {DEFERRED: 1, PLANNED: 49}
