"""Parsers of strangers' text never fail: of dumps, tokens, bounces, and the text of a mail.

DIGEST_FUZZ_EXAMPLES says how many examples each gets; `make fuzz` gives many.
"""

from __future__ import annotations

import email
import email.policy
import io
import os
from datetime import UTC, datetime
from email.header import decode_header, make_header
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from digest.changes.prepared import prepared as seen
from digest.dumps.damage import damage as damage_of
from digest.dumps.snapshot import read_snapshot
from digest.dumps.structure import blocks
from digest.errors import DumpError
from digest.mail.composing.message import EditionMail, edition_message
from digest.mail.receiving.provider_events import events
from digest.mail.receiving.provider_payloads import Provider
from digest.mail.receiving.reports import read_report
from digest.mail.tokens import (
    TOKEN_LENGTH,
    bounce_token,
    claimed_subscriber,
    confirmation_marks,
    confirmation_token,
    leave_token,
    preferences_token,
    proven_edition,
    read_confirmation_token,
    read_leave_token,
    read_preferences_token,
    return_path,
    token_in,
)
from digest.model import (
    BounceKind,
    Confirmation,
    ConfirmationId,
    ConfirmationKind,
    DigestId,
    EditionKey,
    Format,
    SubscriberId,
)
from digest.typeset.html import html
from tests.unit.mail.test_reports import SAMPLES
from tests.unit.mail.webhooks import BOUNCED

if TYPE_CHECKING:
    from collections.abc import Callable

EXAMPLES = int(os.environ.get("DIGEST_FUZZ_EXAMPLES", "150"))
fuzzed = settings(max_examples=EXAMPLES)

PIECES = [
    "By 山客 | 2026-03-14 | 100位读者 | 引用", "14 Mar", "点击阅读全文...", "最近评论", "题目", "\n", "\n\n", "\r",
    "$$", "\\begin{equation}", "\\end{equation}", "$x$", "| 引用", "位读者", "31 Feb", "0 Jan", "99999-99-99", "\ufeff",
    "\r\n", "\x00", "\ud7ff",
    "by 山客|2026/3/4 08:00|1.2万位读者|3条评论|引用", "By 山客 | 2026年3月14日 | 99999999999999位读者 | 标注",
    "By 山客 | gestern | 7位读者 | 引用", "山客 | 2026-03-14 | 7位读者", "6 Sept", "Nov. 6, 2021", "6 Novemb", "｜",
    "|", "阅读全文 »", "Read more", "\u200b", "\ue001", "鐨勬",
    "import x", "点击阅读全文...题目", "最近评论题目", "{" * 70, "\\frac" * 50, " ", "\t", "。", "A" * 300,
]  # fmt: skip
PAGES = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=20)), max_size=40).map("".join)
CODINGS = st.sampled_from(["utf-8", "utf-16", "gb18030", "big5", "latin-1", "utf-8-sig"])
TEXTS = st.text(max_size=200)
SECRETS = st.binary(min_size=16, max_size=40)
WEEK = EditionKey("weekly/2026-W47")
READERS: dict[str, Callable[[bytes, str], object]] = {
    "leave": read_leave_token,
    "preferences": read_preferences_token,
    "confirmation": read_confirmation_token,
}


@fuzzed
@given(page=PAGES, coding=CODINGS, damage=st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), max_size=5))
def test_any_page_in_any_coding_with_any_damage_is_read_or_refused(
    page: str, coding: str, damage: list[tuple[int, int]]
) -> None:
    raw = bytearray(page.encode(coding, "replace"))
    for place, byte in damage:
        if raw:
            raw[place % len(raw)] = byte
    try:
        snapshot = read_snapshot(io.BytesIO(bytes(raw)), "page.txt")
    except DumpError:
        return
    assert snapshot == read_snapshot(io.BytesIO(bytes(raw)), "page.txt")
    lines = raw.count(b"\n") + raw.count(b"\r") + 1
    assert all(1 <= note.line <= lines and len(note.text) <= note.LONGEST for note in snapshot.notes)
    assert [note.line for note in snapshot.notes] == sorted(note.line for note in snapshot.notes)
    damage_of(text for one in snapshot.sightings for text in (one.title, *one.paragraphs))
    for sighting in snapshot.sightings:
        assert sighting.title.strip()
        shown = html(blocks(seen([sighting])[0].content))
        assert "<script" not in shown.lower()
        assert all(ord(c) >= 32 or c in "\t\n" for c in sighting.title + "".join(sighting.paragraphs))


@fuzzed
@given(secret=SECRETS, token=st.one_of(TEXTS, st.from_regex(r"[A-Za-z0-9_-]{20,80}"), st.from_regex(r"[a-z2-7]{32}")))
def test_no_token_that_we_did_not_make_is_anybodys(secret: bytes, token: str) -> None:
    assert [read(secret, token) for read in READERS.values()] == [None] * len(READERS)
    assert proven_edition(secret, token, [WEEK]) is None
    claimed_subscriber(token)


@fuzzed
@given(
    secret=SECRETS,
    other=SECRETS,
    person=st.integers(0, 2**63),
    kind=st.sampled_from(ConfirmationKind),
    asked_at=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - bounds
    change=st.tuples(st.integers(0, 200), st.characters()),
)
def test_a_token_of_ours_is_read_for_its_purpose_by_its_secret_alone_and_only_unchanged(
    secret: bytes, other: bytes, person: int, kind: ConfirmationKind, asked_at: datetime, change: tuple[int, str]
) -> None:
    asked = Confirmation(
        id=ConfirmationId(person),
        kind=kind,
        address="ada@example.org",
        subscriber=None,
        digests=(),
        language="en",
        latest=False,
        asked_at=asked_at,
        expires_at=asked_at,
        done_at=None,
        attempts=0,
    )
    made: dict[str, tuple[str, object]] = {
        "leave": (leave_token(secret, SubscriberId(person), DigestId("weekly")), (person, "weekly")),
        "preferences": (preferences_token(secret, SubscriberId(person)), person),
        "confirmation": (confirmation_token(secret, asked), (person, confirmation_marks(asked))),
    }
    for purpose, (token, said) in made.items():
        for name, read in READERS.items():
            assert read(secret, token) == (said if name == purpose else None)
            assert read(other, token) is None or other == secret
        place, letter = change[0] % len(token), change[1]
        changed = token[:place] + letter + token[place + 1 :]
        assert changed == token or READERS[purpose](secret, changed) is None


@fuzzed
@given(
    secret=SECRETS,
    other=SECRETS,
    person=st.integers(0, 2**32 - 1),
    change=st.tuples(st.integers(0, TOKEN_LENGTH - 1), st.characters()),
    recipient=TEXTS,
)
def test_the_token_of_a_bounce_is_of_one_person_and_edition_in_any_case_of_letters(
    secret: bytes, other: bytes, person: int, change: tuple[int, str], recipient: str
) -> None:
    token, address = bounce_token(secret, SubscriberId(person), WEEK), "bounces@digest.example.org"
    for sent in (token, token.upper()):
        arrived = token_in(address, return_path(address, sent))
        assert arrived is not None
        assert claimed_subscriber(arrived) == person
        assert proven_edition(secret, arrived, [EditionKey("weekly/2026-W46"), WEEK]) == WEEK
        assert proven_edition(secret, arrived, [EditionKey("weekly/2026-W46")]) is None
        assert proven_edition(other, arrived, [WEEK]) is None or other == secret
    place, letter = change
    changed = token[:place] + letter + token[place + 1 :]
    assert changed.casefold() == token or proven_edition(secret, changed, [WEEK]) is None
    assert proven_edition(secret, token_in(address, recipient) or "", [WEEK]) is None


@fuzzed
@given(st.binary(max_size=4096))
def test_random_bytes_are_no_report(raw: bytes) -> None:
    assert read_report(raw).kind is BounceKind.OTHER


@fuzzed
@given(
    st.sampled_from(SAMPLES),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 40), st.binary(max_size=40)), max_size=6),
)
def test_a_mangled_report_is_read_without_complaint(raw: bytes, cuts: list[tuple[int, int, bytes]]) -> None:
    for at, length, put in cuts:
        raw = raw[:at] + put + raw[at + length :]
    said = read_report(raw)
    assert len(said.text) <= 300
    assert said.text.isprintable()
    assert said.message_id.isprintable()


@fuzzed
@given(subject=TEXTS, name=TEXTS, title=TEXTS, text=TEXTS, page=TEXTS, form=st.sampled_from(Format))
def test_a_mail_of_any_words_has_the_headers_that_it_should_and_says_them(
    subject: str, name: str, title: str, text: str, page: str, form: Format
) -> None:
    raw = edition_message(
        EditionMail(
            sender="Digest <digest@example.org>",
            reply_to="",
            to_name=name,
            to_address="ada@example.org",
            subject=subject,
            text=text,
            html=page,
            format=form,
            message_id="<2026-W47.abc@example.org>",
            written_at=datetime(2026, 11, 16, tzinfo=UTC),
            list_id="weekly.example.org",
            list_title=title,
            archive_url="https://digest.example.org/editions/weekly/2026-W47",
            leave_url="https://digest.example.org/leave/abc",
            help_url="https://digest.example.org/about",
        )
    )
    head, _, _ = raw.partition(b"\r\n\r\n")
    names = [line.partition(b":")[0] for line in head.split(b"\r\n") if not line.startswith((b" ", b"\t"))]
    assert set(names) <= {
        *(b"Date", b"From", b"To", b"Subject", b"Message-ID", b"List-Id", b"List-Help", b"List-Archive", b"List-Post"),
        *(b"List-Unsubscribe", b"List-Unsubscribe-Post", b"Auto-Submitted", b"MIME-Version", b"Content-Type"),
        b"Content-Transfer-Encoding",
    }
    assert len(names) == len(set(names))
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    assert b"\n" not in raw.replace(b"\r\n", b"")
    parsed = email.message_from_bytes(raw, policy=email.policy.compat32)
    assert parsed.get_all("To") is not None
    make_header(decode_header(parsed.get("Subject", "")))
    (body,) = [part for part in parsed.walk() if part.get_content_type() == "text/plain"]
    payload = body.get_payload(decode=True)
    assert isinstance(payload, bytes)
    assert payload.decode().split() == text.encode("utf-8", "replace").decode().split()


_LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
JSON = st.recursive(_LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4))


@fuzzed
@given(st.sampled_from(Provider), st.data())
def test_a_mangled_event_is_read_without_complaint(provider: Provider, data: st.DataObject) -> None:
    whole = BOUNCED[provider]()
    table = whole[0] if isinstance(whole, list) else whole
    while True:
        name = data.draw(st.sampled_from(sorted(table)))
        if not isinstance(table[name], dict) or data.draw(st.booleans()):
            break
        table = table[name]
    table[name] = data.draw(JSON)
    for event in events(provider, whole, "request-7"):
        assert event.report.text.isprintable()
        assert len(event.number) <= 200
