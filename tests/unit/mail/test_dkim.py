"""Signatures, checked by an independent verifier; keys and their records."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import ConfigurationError
from digest.mail.composing.message import EditionMail, edition_message
from digest.mail.dkim import Key, load_keys, sign, write_key, zone_line
from digest.model import Format
from digest.settings import Dkim

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KEYS = (
    Key("example.org", "digest", rsa.generate_private_key(public_exponent=65537, key_size=2048)),
    Key("example.org", "digest-ed25519", ed25519.Ed25519PrivateKey.generate()),
)
BOTH = [True, True]


def written(subject: str = "科学空间 每周摘要", text: str = "正文\r\n", **values: object) -> bytes:
    return edition_message(
        EditionMail(
            **{  # type: ignore[arg-type]
                "sender": "科学空间 <digest@example.org>",
                "reply_to": "",
                "to_name": "阿达",
                "to_address": "ada@example.net",
                "subject": subject,
                "text": text,
                "html": f"<p>{text}</p>",
                "format": Format.BOTH,
                "message_id": "<one@example.org>",
                "written_at": datetime(2026, 11, 16, tzinfo=UTC),
                "list_id": "weekly.example.org",
                "list_title": subject,
                "archive_url": "https://digest.example.org/editions/weekly/2026-W47",
                "help_url": "https://digest.example.org/about",
                "leave_url": "https://digest.example.org/leave/" + "x" * 70,
                **values,
            }
        )
    )


def verdicts(raw: bytes) -> list[bool]:
    """What dkimpy says of each signature, from the top."""
    records = {f"{key.name}.".encode(): key.record.encode() for key in KEYS}

    def dns(name: bytes, timeout: int = 5) -> bytes | None:
        return records.get(name)

    said = []
    for number in range(raw.count(b"DKIM-Signature: ")):
        try:
            said.append(bool(dkim.DKIM(raw).verify(idx=number, dnsfunc=dns)))
        except dkim.DKIMException:
            said.append(False)
    return said


def test_both_signatures_are_verified() -> None:
    assert verdicts(sign(written(), KEYS)) == BOTH


@given(st.text(), st.text())
def test_any_title_and_any_text_are_signed_so_that_they_verify(title: str, text: str) -> None:
    assert verdicts(sign(written(title, text), KEYS)) == BOTH


@pytest.mark.parametrize(
    "raw",
    [
        b"From: a@example.org\r\n\r\n",
        b"From: a@example.org\r\nSubject:\r\n\r\n\r\n\r\n",
        b"From: a@example.org\r\n\r\n\r\n",
        b"From: a@example.org\r\nsubject:  x \t y \r\n\tz\r\n\r\n  two  \t spaces \r\n\r\nend\r\n\r\n\r\n",
        b"From: a@example.org\r\nSubject: no end\r\n\r\nof line",
        b"From: a@example.org\r\nList-Help: <x:1>\r\nList-Help: <x:2>\r\n\r\ntwice\r\n",
    ],
)
def test_whatever_its_spaces_and_ends_a_message_is_signed_so_that_it_verifies(raw: bytes) -> None:
    assert verdicts(sign(raw, KEYS)) == BOTH


@pytest.mark.parametrize("name", ["From", "To", "Subject", "Date", "Message-ID", "Reply-To", "MIME-Version"])
def test_a_changed_field_breaks_both(name: str) -> None:
    raw = sign(written(reply_to="answers@example.org"), KEYS)
    changed = re.sub(rf"(?m)^{name}: ".encode(), f"{name}: x".encode(), raw)
    assert changed != raw
    assert verdicts(changed) == [False, False]


@pytest.mark.parametrize(
    "name", ["List-Unsubscribe", "List-Unsubscribe-Post", "List-Id", "List-Archive", "List-Post", "Content-Type"]
)
def test_a_removed_field_breaks_both(name: str) -> None:
    raw = sign(written(), KEYS)
    changed = re.sub(rf"(?m)^{name}: .*(?:\r\n[ \t].*)*\r\n".encode(), b"", raw, count=1)
    assert changed != raw
    assert verdicts(changed) == [False, False]


ADDED = [
    *("From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Subject", "Date"),
    *("Message-ID", "In-Reply-To", "References", "Auto-Submitted"),
    *("MIME-Version", "Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "Content-ID"),
    *("Content-Description", "Content-Language", "Content-Location", "Content-Base"),
    *("List-Id", "List-Help", "List-Subscribe", "List-Unsubscribe", "List-Unsubscribe-Post"),
    *("List-Post", "List-Owner", "List-Archive"),
]


@pytest.mark.parametrize("name", [*ADDED, "list-ID ", "CONTENT-TYPE"])
@pytest.mark.parametrize("above", [True, False])
def test_an_added_field_breaks_both(name: str, above: bool) -> None:
    for raw in sign(written(), KEYS), sign(written(list_id=""), KEYS):
        added = f"{name}: evil@example.com\r\n".encode()
        changed = added + raw if above else raw.replace(b"\r\n\r\n", b"\r\n" + added + b"\r\n", 1)
        assert verdicts(changed) == [False, False]


@pytest.mark.parametrize(
    "name", ["Received", "Return-Path", "Delivered-To", "X-Spam-Status", "Resent-From", "Precedence"]
)
def test_what_stations_on_the_way_add_breaks_nothing(name: str) -> None:
    assert verdicts(f"{name}: a station\r\n".encode() + sign(written(), KEYS)) == BOTH


def test_a_changed_or_longer_body_breaks_both() -> None:
    raw = sign(written(), KEYS)
    assert verdicts(raw + b"more\r\n") == [False, False]
    assert verdicts(raw.replace(b"\r\n\r\n5", b"\r\n\r\n6", 1)) == [False, False]


def test_a_relay_that_folds_and_adds_traces_breaks_nothing() -> None:
    raw = sign(written(), KEYS).replace(b"List-Post: NO", b"list-post:\r\n\t NO  ")
    assert verdicts(b"Received: from a by b;\r\n Mon, 16 Nov 2026 00:00:00 +0000\r\n" + raw + b"\r\n\r\n") == BOTH


def test_equal_messages_get_equal_signatures_of_short_lines() -> None:
    first, second = sign(written(), KEYS), sign(written(), KEYS)
    assert first == second
    assert first.endswith(written())
    head = first[: -len(written())]
    assert max(len(line) for line in head.split(b"\r\n")) <= 78
    assert b" l=" not in head
    assert head.count(b"c=relaxed/relaxed") == 2


# --- keys -----------------------------------------------------------------------------------------


@pytest.fixture
def pem(tmp_path: Path) -> Callable[..., Path]:
    """A file that holds a private key."""

    def made(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey, passphrase: bytes = b"") -> Path:
        lock = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
        file = tmp_path / f"{id(key)}{len(passphrase)}.pem"
        file.write_bytes(
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, lock)
            if isinstance(key, rsa.RSAPrivateKey)
            else key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock)
        )
        return file

    return made


def test_keys_that_we_make_are_read_again_and_only_by_their_owner(tmp_path: Path) -> None:
    write_key(tmp_path / "rsa", "rsa")
    write_key(tmp_path / "ed", "ed25519")
    both = load_keys(Dkim(key_file=tmp_path / "rsa", ed25519_key_file=tmp_path / "ed"), "Example.org")
    assert [key.name for key in both] == [
        "digest._domainkey.example.org",
        "digest-ed25519._domainkey.example.org",
    ]
    assert [key.algorithm for key in both] == ["rsa", "ed25519"]
    assert (tmp_path / "rsa").stat().st_mode & 0o777 == 0o600
    assert "BEGIN" not in repr(both)
    with pytest.raises(ConfigurationError, match="exists already"):
        write_key(tmp_path / "rsa", "rsa")
    with pytest.raises(ConfigurationError, match="cannot be written"):
        write_key(tmp_path / "none" / "rsa", "rsa")


def test_no_key_file_is_no_key() -> None:
    assert load_keys(Dkim(), "example.org") == ()


def test_a_domain_outside_ascii_is_named_as_the_dns_does(pem: Callable[..., Path]) -> None:
    (key,) = load_keys(Dkim(key_file=pem(KEYS[0].private)), "例子.example")
    assert key.domain == "xn--fsqu00a.example"
    with pytest.raises(ConfigurationError, match="is not a domain"):
        load_keys(Dkim(key_file=pem(KEYS[0].private)), "a..b")


def test_a_key_that_cannot_be_used_is_named_and_never_shown(pem: Callable[..., Path], tmp_path: Path) -> None:
    short = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - that is the point
    garbage = tmp_path / "garbage"
    garbage.write_text("-----BEGIN PRIVATE KEY-----\nsecretsecret\n-----END PRIVATE KEY-----\n", "utf-8")
    for says, path in (
        ("cannot be read", tmp_path / "none"),
        ("no private key", garbage),
        ("no private key", pem(KEYS[0].private, b"words")),
        ("1024 bits", pem(short)),
        ("no RSA key", pem(KEYS[1].private)),
    ):
        with pytest.raises(ConfigurationError, match=says) as refused:
            load_keys(Dkim(key_file=path), "example.org")
        assert refused.value.place == str(path)
        assert "digest mail key" in refused.value.remedy
        assert "secret" not in str(refused.value)


def test_a_record_holds_the_public_key_in_strings_that_dns_can_hold() -> None:
    for key in KEYS:
        line = zone_line(key.name, key.record)
        strings = re.findall(r'"([^"]*)"', line)
        assert line.startswith(f"{key.name}. IN TXT ")
        assert "".join(strings) == key.record
        assert all(len(string) <= 255 for string in strings)
    published = base64.b64decode(KEYS[0].record.partition("p=")[2])
    assert serialization.load_der_public_key(published) == KEYS[0].private.public_key()
    assert len(base64.b64decode(KEYS[1].record.partition("p=")[2])) == 32
