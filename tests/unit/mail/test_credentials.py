"""A server's refusal of a login, without the credentials that it repeats."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.mail.sending.login import HIDDEN, Credentials

USER, PASSWORD = "lin.xiaoman@example.org", "Korrekt-Pferd 77/battery+é"
SENT = Credentials(USER, PASSWORD)
PLAIN = base64.b64encode(f"\0{USER}\0{PASSWORD}".encode()).decode()
BEARER = base64.b64encode(f"user={USER}\1auth=Bearer {PASSWORD}\1\1".encode()).decode()
CRAM = base64.b64encode(f"{USER} 0f1e2d3c4b5a69788796a5b4c3d2e1f0".encode()).decode()


def coded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


ECHOES = [
    PASSWORD,
    PASSWORD.upper(),
    PASSWORD.replace(" ", "   "),
    f"AUTH PLAIN {PLAIN}",
    f"[{PLAIN[:22]}...]",
    PLAIN.rstrip("="),
    f"<{BEARER}>",
    f"cred={CRAM};",
    f"{coded(USER)} / {coded(PASSWORD)}",
    base64.urlsafe_b64encode(f"xy{PASSWORD}".encode()).decode(),
    PASSWORD.encode().hex(),
    PLAIN.encode().hex(),
    quote(PASSWORD),
    f"user={USER}",
    f"(lin.xiaoman, {PASSWORD!r})",
    f'login "{USER}" "{PASSWORD}"',
    PASSWORD[:14],
    "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
]


@pytest.mark.parametrize("echo", ECHOES)
def test_nothing_that_was_sent_is_left_in_whatever_form(echo: str) -> None:
    hidden = SENT.redacted(f"5.7.8 Bad credentials: {echo} (try again)")
    assert hidden.startswith("5.7.8 Bad credentials: ")
    assert hidden.endswith("(try again)")
    assert HIDDEN in hidden
    for part in (
        "Korrekt",
        "Pferd",
        "battery",
        "lin.xiaoman",
        "xiaoman",
        PLAIN[:12],
        coded(USER)[:12],
        BEARER[:12],
        "0f1e",
    ):
        assert part.casefold() not in hidden.casefold(), hidden


@pytest.mark.parametrize(
    "words",
    [
        "5.7.8 Username and Password not accepted. See https://support.example.com/mail/?p=BadCredentials",
        "5.7.3 Authentication unsuccessful [XX2P123CA0123.EXAMPLE.COM 2026-11-30T00:00:00Z]",
        "4.7.0 Temporary authentication failure",
        "Connection lost",
        "认证失败,请使用授权码登录",
    ],
)
def test_what_says_why_stays(words: str) -> None:
    assert SENT.redacted(words) == words


def test_a_later_refusal_may_name_the_sender_and_never_the_password() -> None:
    said = f"5.7.1 {USER} may not send, {PASSWORD}, queue 4F2bC1x9QwE7rT0yU3iOpA2s"
    assert SENT.redacted(said, names=False) == f"5.7.1 {USER} may not send, ***, queue 4F2bC1x9QwE7rT0yU3iOpA2s"


def test_a_short_secret_and_a_short_name_are_hidden_as_words_alone() -> None:
    assert Credentials("u", "no").redacted("no user u: you know nothing") == "*** user ***: you know nothing"


def test_where_no_login_is_there_is_nothing_to_hide() -> None:
    assert Credentials("", "").redacted(PLAIN) == PLAIN


def test_it_shows_nothing_of_itself() -> None:
    assert repr(SENT) == str(SENT) == "Credentials(***)"


@given(st.text(min_size=8), st.text(), st.text())
def test_any_secret_is_taken_out_of_any_words(secret: str, before: str, after: str) -> None:
    hidden = Credentials("reader", secret).redacted(f"{before} {secret} {after}")
    assert secret not in hidden or secret in f"{before} {HIDDEN} {after}"
    assert coded_or_none(secret) not in Credentials("reader", secret).redacted(
        f"{before} {coded_or_none(secret)} {after}"
    )


def coded_or_none(text: str) -> str:
    return base64.b64encode(text.encode("utf-8", "surrogateescape")).decode()
