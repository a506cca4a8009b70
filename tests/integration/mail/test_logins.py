"""Access tokens (XOAUTH2), as a server checks them."""

from __future__ import annotations

import asyncio
import base64
import sys
from typing import TYPE_CHECKING, Any

import pytest
from aiosmtpd.smtp import AuthResult

from digest.errors import ConfigurationError, TransportError
from digest.mail.sending.session import Outgoing
from digest.mail.sending.smtp import SmtpSession
from digest.mail.sending.transport import require_secrets
from digest.model import DeliveryState
from digest.settings import Mail

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.mail.conftest import Inbox, Post

RAW = b"Message-ID: <one@example.org>\r\nSubject: x\r\n\r\nwords\r\n"
TOKEN = "ya29.token=="
PRINTS = (sys.executable, "-c", f"print({TOKEN!r}); print('more')")


@pytest.fixture
def told(inbox: Inbox) -> list[str]:
    """What the server received, which accepts TOKEN only and explains itself as Google does."""
    heard: list[str] = []

    async def auth_xoauth2(server: Any, arguments: list[str]) -> AuthResult:
        heard.append(base64.b64decode(arguments[1]).decode())
        if heard[-1] == f"user=digest\x01auth=Bearer {TOKEN}\x01\x01":
            return AuthResult(success=True)
        heard.append((await server.challenge_auth('{"status":"400","schemes":"Bearer"}')).decode())
        return AuthResult(success=False, handled=False, message="535 5.7.8 username and token not accepted")

    vars(inbox)["auth_XOAUTH2"] = auth_xoauth2
    return heard


@pytest.fixture
def port(serve: Callable[..., int], server_tls: Callable[[str], ssl.SSLContext]) -> int:
    return serve(tls_context=server_tls("localhost"), require_starttls=True, auth_required=True)


def relay(port: int, **values: Any) -> Mail:
    return Mail(transport="smtp", host="localhost", port=port, username="digest", **values)


def sent(mail: Mail, context: ssl.SSLContext) -> str:
    async def once() -> str:
        async with SmtpSession(mail, "", context=context) as way:
            return await way.send(Outgoing("digest@example.org", "reader@example.org", RAW))

    return asyncio.run(once())


def refused(mail: Mail, context: ssl.SSLContext) -> TransportError:
    with pytest.raises(TransportError) as caught:
        sent(mail, context)
    assert caught.value.phase == "login"
    assert TOKEN not in str(caught.value)
    return caught.value


def test_a_token_of_a_file_is_read_at_each_login(
    inbox: Inbox, told: list[str], port: int, client_tls: ssl.SSLContext, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text("expired\n", "utf-8")
    mail = relay(port, oauth_token_file=file)
    error = refused(mail, client_tls)
    assert (error.code, error.text) == (535, "localhost: 5.7.8 username and token not accepted")
    assert told[1] == ""  # the answer to the challenge
    assert not inbox.taken

    file.write_text(f"{TOKEN}\n", "utf-8")
    assert sent(mail, client_tls) == "2.0.0 taken"
    file.unlink()
    assert "token" in refused(mail, client_tls).text


def test_a_command_prints_a_token(told: list[str], port: int, client_tls: ssl.SSLContext) -> None:
    assert sent(relay(port, oauth_command=PRINTS), client_tls) == "2.0.0 taken"


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ((sys.executable, "-c", f"import sys; print({TOKEN!r}, file=sys.stderr); sys.exit(3)"), "ended with 3"),
        ((sys.executable, "-c", ""), "no token"),
        (("/nowhere/token",), "No such file"),
        ((sys.executable, "-c", "import time; time.sleep(60)"), "longer than"),
    ],
)
def test_a_command_that_gives_none_is_named(
    told: list[str],
    port: int,
    client_tls: ssl.SSLContext,
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...],
    says: str,
) -> None:
    monkeypatch.setattr("digest.mail.sending.login._COMMAND_SECONDS", 0.5 if says == "longer than" else 60.0)
    error = refused(relay(port, oauth_command=command), client_tls)
    assert says in error.text
    assert command[0] in error.text
    assert not told


def test_a_server_that_takes_no_tokens_gets_none(
    inbox: Inbox, port: int, client_tls: ssl.SSLContext, tmp_path: Path
) -> None:
    assert "XOAUTH2" in refused(relay(port, oauth_command=("/nowhere/token",)), client_tls).text


@pytest.mark.usefixtures("told")
@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")
def test_a_refused_token_pauses_at_once_and_fails_nobody(
    inbox: Inbox, serve: Callable[..., int], post_to: Callable[..., Post], tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("expired", "utf-8")
    open_port = serve(auth_required=True, auth_require_tls=False)
    post = post_to(open_port, username="digest", oauth_token_file=tmp_path / "token", connections=1)
    people = [f"reader{number}@example.org" for number in range(5)]
    post.people(*people)
    assert post.drain().paused.startswith("login: 535 ")
    assert post.states() == {DeliveryState.DEFERRED: 1, DeliveryState.PLANNED: 4}

    (tmp_path / "token").write_text(TOKEN, "utf-8")
    assert post.drain(resume=True).counts()["accepted"] == 4
    assert not set(people[1:]) - set(inbox.taken)


def test_a_password_that_cannot_be_read_is_reported_before_the_first_mail(
    post_to: Callable[..., Post], tmp_path: Path
) -> None:
    missing = tmp_path / "gone"
    for values in ({"oauth_token_file": missing}, {"oauth_command": [str(missing)]}, {"password_file": missing}):
        with pytest.raises(ConfigurationError, match="gone"):
            require_secrets(post_to(1, username="digest", **values).settings)
