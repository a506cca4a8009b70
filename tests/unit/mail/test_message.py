"""One message: its headers under attack, its parts, and equal bytes for equal values."""

from __future__ import annotations

import email
import email.policy
from dataclasses import replace
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.utils import getaddresses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.addresses import Mailbox
from digest.mail.composing.message import EditionMail, edition_message, header_text, mailbox_header, message_id
from digest.model import EditionKey, Format, SubscriberId

LETTER = EditionMail(
    sender="科学空间 <digest@example.org>",
    reply_to="",
    to_name="山客",
    to_address="reader@example.org",
    subject="科学空间 每周摘要 · 11月第3周",
    text="你好\n第二行",
    html="<p>你好</p>",
    format=Format.BOTH,
    message_id="<weekly.2026-W47.abc@example.org>",
    written_at=datetime(2026, 11, 16, 0, 0, tzinfo=UTC),
    list_id="weekly.example.org",
    list_title="科学空间 每周摘要",
    archive_url="https://digest.example.org/editions/weekly/2026-W47",
    help_url="https://digest.example.org/about",
    leave_url="https://digest.example.org/leave/" + "token" * 30,
)


def parsed(raw: bytes) -> email.message.Message:
    return email.message_from_bytes(raw)


def header(raw: bytes, name: str) -> str:
    """A header's text as a mail program shows it."""
    (value,) = parsed(raw).get_all(name, [])
    return str(make_header(decode_header(value)))


def head(raw: bytes) -> list[bytes]:
    return raw.split(b"\r\n\r\n", 1)[0].split(b"\r\n")


def test_a_message_says_what_a_list_mail_must() -> None:
    raw = edition_message(LETTER)
    assert header(raw, "Subject") == LETTER.subject
    assert header(raw, "From") == "科学空间 <digest@example.org>"
    assert header(raw, "To") == "山客 <reader@example.org>"
    assert header(raw, "List-Id") == "科学空间 每周摘要 <weekly.example.org>"
    assert header(raw, "Date") == "Mon, 16 Nov 2026 00:00:00 +0000"
    assert header(raw, "Message-ID") == LETTER.message_id
    assert header(raw, "Auto-Submitted") == "auto-generated"
    assert header(raw, "List-Unsubscribe-Post") == "List-Unsubscribe=One-Click"
    assert parsed(raw)["Reply-To"] is None
    assert header(edition_message(replace(LETTER, reply_to="a@b.example")), "Reply-To") == "a@b.example"


@pytest.mark.parametrize(
    "name",
    [
        "Kexue, Digest",
        "Digest: weekly",
        "Digest; (all) [of] it @home",
        'The "Digest" \\ of us',
        "kexue.fm",
        "科学空间，每周：摘要",
        "每周 📬 摘要 👩‍🔬",
        "=?utf-8?q?Kexue=2C?=",
        "科学空间" * 20,
    ],
)
def test_a_sender_is_read_back_as_it_was_set_whatever_stands_in_its_name(name: str) -> None:
    box = Mailbox(name, "digest@example.org")
    raw = edition_message(replace(LETTER, sender=str(box), reply_to=str(box)))
    modern = email.message_from_bytes(raw, policy=email.policy.default)
    for field in ("From", "Reply-To"):
        (address,) = modern[field].addresses
        # Between two encoded words it keeps the white space that does not count (RFC 2047, 6.2).
        assert "".join(address.display_name.split()) == "".join(name.split())
        assert address.addr_spec == box.address
        assert modern[field].defects == ()
        (value,) = parsed(raw).get_all(field, [])
        ((phrase, read),) = getaddresses([value.replace("\r\n", "")])
        assert (str(make_header(decode_header(phrase))), read) == (name, box.address)
    assert all(len(line) <= 78 for line in head(raw) if line.startswith((b"From", b"Reply-To", b" ")))


def test_urls_stand_literally_in_their_headers_however_long() -> None:
    lines = head(edition_message(LETTER))
    assert f"List-Unsubscribe: <{LETTER.leave_url}>".encode() in lines
    assert f"List-Archive: <{LETTER.archive_url}>".encode() in lines


def test_both_parts_are_complete_utf8_in_base64() -> None:
    both = parsed(edition_message(LETTER))
    assert both.get_content_type() == "multipart/alternative"
    _, text, page = both.walk()
    assert (text.get_content_type(), page.get_content_type()) == ("text/plain", "text/html")
    for part in (text, page):
        assert part.get_content_charset() == "utf-8"
        assert part["Content-Transfer-Encoding"] == "base64"
    assert text.get_payload(decode=True) == "你好\r\n第二行".encode()
    assert page.get_payload(decode=True) == "<p>你好</p>".encode()

    plain = parsed(edition_message(replace(LETTER, format=Format.TEXT)))
    assert plain.get_content_type() == "text/plain"
    assert plain.get_payload(decode=True) == "你好\r\n第二行".encode()


def test_equal_values_give_equal_bytes_and_a_boundary_of_their_own() -> None:
    assert edition_message(LETTER) == edition_message(replace(LETTER))
    other = edition_message(replace(LETTER, message_id="<x@example.org>"))
    assert parsed(other).get_boundary() != parsed(edition_message(LETTER)).get_boundary()


@pytest.mark.parametrize(
    "title",
    [
        "=?utf-8?q?a=0D=0ABcc:_evil=40example.com?=",
        "好\r\nBcc: evil@example.com",
        "ok\nBcc: evil@example.com\n\n<script>",
        "ok\r\nBcc: evil@example.com",
        "a\x00b\x0bc\x85d\u2028Bcc: e@example.com",
        "x" * 3000,
        "字" * 3000,
        "=?utf-8?b?" + "A" * 500,
    ],
)
def test_no_title_injects_a_header(title: str) -> None:
    honest = {line.split(b":")[0] for line in head(edition_message(LETTER)) if not line.startswith((b" ", b"\t"))}
    raw = edition_message(replace(LETTER, subject=title, list_title=title, to_name=title))
    names = {line.split(b":")[0] for line in head(raw) if not line.startswith((b" ", b"\t"))}
    assert names == honest
    assert parsed(raw).defects == []
    modern = email.message_from_bytes(raw, policy=email.policy.default)
    assert [address.addr_spec for address in modern["To"].addresses] == ["reader@example.org"]


@given(st.text(max_size=200), st.text(max_size=80))
def test_headers_hold_whatever_text(subject: str, name: str) -> None:
    raw = edition_message(replace(LETTER, subject=subject, to_name=name, list_title=name))
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert b"\r" not in raw.replace(b"\r\n", b"")
    names = [line.split(b":")[0] for line in head(raw) if not line.startswith((b" ", b"\t"))]
    assert len(names) == len(set(names))
    assert {b"Subject", b"From", b"To", b"List-Id", b"List-Unsubscribe"} - {b"Subject"} <= set(names)
    assert getaddresses([parsed(raw)["To"]])[0][1] == "reader@example.org"
    shown = header(raw, "Subject") if parsed(raw)["Subject"] else ""
    assert [c for c in subject if c.isalnum() and c.isprintable()] == [c for c in shown if c.isalnum()]


@pytest.mark.parametrize("address", ["a b@example.org", "a@example.org>", "a@exam\nple.org", "a\x00@example.org"])
def test_an_address_that_could_break_out_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="white space"):
        edition_message(replace(LETTER, to_address=address))


@pytest.mark.parametrize(
    ("written", "made"),
    [
        ("a@example.org", "a@example.org"),
        ("Digest <a@example.org>", "Digest <a@example.org>"),
        ('"Doe, J." <a@example.org>', "=?utf-8?q?Doe=2C_J=2E?= <a@example.org>"),
        ("J. Doe <a@example.org>", '"J. Doe" <a@example.org>'),
    ],
)
def test_a_mailbox_is_written_as_a_header_needs_it(written: str, made: str) -> None:
    assert mailbox_header(written, "From") == made
    assert str(make_header(decode_header(made))).replace('"', "") == written.replace('"', "")


def test_short_ascii_stays_readable_and_all_else_is_encoded() -> None:
    assert header_text("Weekly digest", "Subject") == "Weekly digest"
    assert header_text("=?utf-8?q?x?=", "Subject").startswith("=?utf-8?")
    assert header_text("每周", "Subject") == "=?utf-8?b?5q+P5ZGo?="


def test_a_message_id_is_the_same_each_time_and_reveals_nobody() -> None:
    key, secret = EditionKey("weekly/2026-W47"), b"s" * 32
    made = message_id(key, SubscriberId(7), "example.org", secret)
    assert made == message_id(key, SubscriberId(7), "example.org", secret)
    assert made.startswith("<weekly.2026-W47.")
    assert made.endswith("@example.org>")
    others = {
        made,
        message_id(key, SubscriberId(8), "example.org", secret),
        message_id(EditionKey("weekly/2026-W48"), SubscriberId(7), "example.org", secret),
        message_id(key, SubscriberId(7), "example.org", b"t" * 32),
    }
    assert len(others) == 4
