"""Many messages from one template: each is what `message` makes for that person alone."""

from __future__ import annotations

import email
import re
from dataclasses import replace
from email.header import Header
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.mail.composing.message import EditionMail, base64_lines, edition_message, header_text
from digest.mail.composing.message_template import (
    ADDRESS,
    AGREED,
    LEAVE_URL,
    PREFERENCES_URL,
    MessageTemplate,
    PersonalValues,
    personalized,
)
from digest.model import Body, Format
from tests.examples import examples
from tests.unit.mail.test_message import LETTER

if TYPE_CHECKING:
    from collections.abc import Iterator

MARKS = (LEAVE_URL, PREFERENCES_URL, ADDRESS, AGREED, "\ue0f0unknown\ue0f1")
NAME = "山客"
LONG = "很长的一段正文,说的是别的事情。\n" * 40

pieces = st.lists(st.one_of(st.sampled_from(MARKS), st.sampled_from([LONG, LONG + "a", LONG + "ab"]), st.text()))
values = st.text(
    st.characters(min_codepoint=33, exclude_characters="<>\x7f", categories=("L", "N", "P", "S")), min_size=1
)


def alone(pattern: EditionMail, name: str, message_id: str, person: PersonalValues) -> bytes:
    """The message as it is made for one person."""
    mine = personalized(Body("zh_CN", pattern.subject, pattern.html, pattern.text), person)
    return edition_message(
        replace(
            pattern,
            to_name=name,
            to_address=person.address,
            message_id=message_id,
            leave_url=person.leave_url,
            text=mine.text,
            html=mine.html,
        )
    )


def parts(raw: bytes) -> Iterator[tuple[str, list[tuple[str, str]], object]]:
    """All that a mail program reads of a message."""
    for part in email.message_from_bytes(raw).walk():
        assert not part.defects
        kept = part.get_payload(decode=True) if not part.is_multipart() else part.preamble
        yield part.get_content_type(), part.items(), kept


@settings(max_examples=examples(60))
@given(
    text=pieces,
    html=pieces,
    form=st.sampled_from(Format),
    pngs=st.booleans(),
    name=st.sampled_from(["", NAME, "Ada Lovelace", "J. Doe", "字" * 60]),
    person=st.builds(PersonalValues, leave_url=values, preferences_url=values, address=values, agreed=values),
)
def test_each_message_reads_as_if_it_were_made_alone(
    text: list[str], html: list[str], form: Format, pngs: bool, name: str, person: PersonalValues
) -> None:
    pictures = {"0" * 32: b"png" * 50} if pngs else {}
    pattern = replace(LETTER, text="".join(text), html="".join(html), format=form, pictures=pictures)
    mould = MessageTemplate(pattern)
    for number in range(2):
        made = mould.message(name, f"<{number}@example.org>", person)
        assert list(parts(made)) == list(parts(alone(pattern, name, f"<{number}@example.org>", person)))
        assert all(len(line) <= 77 for line in re.findall(rb"(?m)^[A-Za-z0-9+/=]+\r$", made))


@pytest.mark.parametrize("extra", range(3))
def test_what_stands_between_two_gaps_is_encoded_once_wherever_it_begins(
    extra: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = PersonalValues("https://l.example/" + "x" * extra, "https://p.example/", "ada@example.org", "X")
    pattern = replace(LETTER, html=f"{LEAVE_URL}{LONG}{LEAVE_URL}{LONG}{ADDRESS}", text=LONG)
    mould = MessageTemplate(pattern)
    encoded: list[bytes] = []

    def watched(raw: bytes) -> bytes:
        encoded.append(raw)
        return base64_lines(raw)

    monkeypatch.setattr("digest.mail.composing.message_template.base64_lines", watched)
    made = mould.message("", "<1@example.org>", person)
    assert sum(map(len, encoded)) < 400 < len(LONG.encode())
    assert list(parts(made)) == list(parts(alone(pattern, "", "<1@example.org>", person)))


def test_lines_are_full_but_around_a_gap() -> None:
    pattern = replace(LETTER, format=Format.TEXT, text=f"{LONG}{LEAVE_URL}{LONG}")
    made = MessageTemplate(pattern).message(
        "", "<1@example.org>", PersonalValues("https://l.example/", "", "a@example.org", "")
    )
    body = made.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n").split(b"\r\n")
    assert len([line for line in body if len(line) < 76]) <= 2
    assert not re.search(rb"=.", b"\r\n".join(body))


@pytest.mark.parametrize("address", ["a b@example.org", "a@example.org>", "a@exam\nple.org"])
def test_an_address_that_could_break_out_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="white space"):
        MessageTemplate(LETTER).message("", "<1@example.org>", PersonalValues("", "", address, ""))


@given(st.text())
def test_a_short_header_is_encoded_as_the_library_would(text: str) -> None:
    written = header_text(text, "Subject")
    if written.startswith("=?utf-8?"):
        shown = re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+", " ", text).strip()
        made = Header(shown, "utf-8", maxlinelen=75, header_name="Subject").encode(linesep="\r\n")
        assert written == made
