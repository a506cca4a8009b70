"""Signed mail as it arrives: OpenDKIM's verdict, and that a second attempt sends the same bytes."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from digest.errors import ConfigurationError
from digest.mail.dkim import load_keys, write_key
from digest.mail.sending.transport import require_secrets
from digest.model import DeliveryState
from digest.settings import Dkim
from tests.unit.mail.test_dkim import ADDED

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.mail.conftest import Inbox, Post

SOMEBODY = "ada@example.net"


@pytest.fixture
def dkim(tmp_path: Path) -> Dkim:
    """Both keys."""
    write_key(tmp_path / "rsa.pem", "rsa")
    write_key(tmp_path / "ed25519.pem", "ed25519")
    return Dkim(key_file=tmp_path / "rsa.pem", ed25519_key_file=tmp_path / "ed25519.pem")


@pytest.fixture
def verdict(dkim: Dkim, tmp_path: Path, needs: Callable[[str], str]) -> Callable[[bytes], str]:
    """What OpenDKIM says of a message."""
    (tmp_path / "keys").write_text("".join(f"{k.name} {k.record}\n" for k in load_keys(dkim, "example.org")), "utf-8")
    (tmp_path / "conf").write_text(f"Mode v\nTestPublicKeys {tmp_path / 'keys'}\nSyslog no\n", "utf-8")

    def said(raw: bytes) -> str:
        (tmp_path / "one.eml").write_bytes(raw)
        command = [needs("opendkim"), "-x", str(tmp_path / "conf"), "-t", str(tmp_path / "one.eml"), "-vvv"]
        run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        return run.stdout + run.stderr

    return said


def signing(post: Post, dkim: Dkim) -> Post:
    post.settings = post.settings.model_copy(update={"dkim": dkim})
    return post


def test_a_mail_that_arrives_is_verified_by_opendkim_and_a_changed_one_is_not(
    inbox: Inbox, post: Post, dkim: Dkim, verdict: Callable[[bytes], str]
) -> None:
    post.people(SOMEBODY)
    signing(post, dkim).drain()
    (raw,) = inbox.taken[SOMEBODY]

    assert raw.count(b"DKIM-Signature: ") == 2
    assert "verification (s=digest, d=example.org, 2048-bit key) succeeded" in verdict(raw)
    for name in ADDED:
        assert "succeeded" not in verdict(f"{name}: evil\r\n".encode() + raw), name
    only_ed25519 = b"DKIM-Signature:" + raw.split(b"DKIM-Signature:")[2]
    assert "header.a=ed25519-sha256 header.s=digest-ed25519" in verdict(only_ed25519)
    assert "dkim=pass" in verdict(only_ed25519)


def test_a_second_attempt_sends_the_same_signed_bytes(inbox: Inbox, post: Post, dkim: Dkim) -> None:
    post.people(SOMEBODY)
    inbox.drop = lambda _: True
    signing(post, dkim).drain()
    post.now = post.rows()[SOMEBODY].next_at or post.now
    inbox.drop = lambda _: False
    post.drain()
    first, second = inbox.taken[SOMEBODY]
    assert first == second
    assert post.states() == {DeliveryState.ACCEPTED: 1}


def test_a_maildir_gets_signed_mails_too(post_to: Callable[..., Post], tmp_path: Path, dkim: Dkim) -> None:
    post = signing(post_to(1, transport="maildir", path=tmp_path / "mail"), dkim)
    post.people(SOMEBODY)
    post.drain()
    (file,) = (tmp_path / "mail" / "new").iterdir()
    assert file.read_bytes().count(b"DKIM-Signature: ") == 2


def test_a_key_that_is_missing_is_reported_at_the_start_and_costs_nobody_an_attempt(
    inbox: Inbox, post: Post, tmp_path: Path
) -> None:
    post.people(SOMEBODY)
    signing(post, Dkim(key_file=tmp_path / "gone.pem"))
    with pytest.raises(ConfigurationError, match=r"gone\.pem"):
        require_secrets(post.settings)
    with pytest.raises(ConfigurationError, match=r"gone\.pem"):
        post.drain()
    assert not inbox.taken
    assert [(row.state, row.attempts) for row in post.rows().values()] == [(DeliveryState.PLANNED, 0)]
