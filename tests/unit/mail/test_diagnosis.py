"""What a refusal is about, in the words of large providers and the usual mail servers."""

from __future__ import annotations

from pathlib import Path

import pytest

from digest.mail.replies.diagnosis import About, diagnose, named_host, reply_pattern

OURS = "bounces+kq3xmz2aaaaaaaaa@digest.example.org"
READER = "li.ming@reader.example"

REPLIES = [
    line.split("\t")
    for line in Path(__file__).with_name("replies.txt").read_text("utf-8").splitlines()
    if not line.startswith("#")
]


@pytest.mark.parametrize(("about", "reply"), REPLIES, ids=[reply[:40] for _, reply in REPLIES])
def test_a_reply_is_about_whom_its_code_and_its_words_name(about: str, reply: str) -> None:
    told = diagnose(reply[4:], code=int(reply[:3]), sender=OURS, recipient=READER)

    assert (told.about, told.proven) == (About.ADDRESS if about == "gone" else about, about == "gone")


@pytest.mark.parametrize("status", ["5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "4.1.1"])
def test_five_codes_say_that_an_address_does_not_exist(status: str) -> None:
    assert diagnose("rejected", status=status).proven


@pytest.mark.parametrize(
    "status", ["5.1.0", "5.1.4", "5.1.5", "5.1.7", "5.1.8", "5.1.9", "5.1.20", "5.1.90", "5.0.0", "5.2.1", "5.7.1", ""]
)
def test_no_other_code_says_so_whatever_its_words(status: str) -> None:
    assert not diagnose("user unknown", status=status).proven


@pytest.mark.parametrize(
    "text",
    [
        "5.1.1 sender unknown",
        "5.1.1 daily message limit reached",
        "5.1.1 relaying denied",
        "5.1.1 rejected by policy",
        "5.1.1 <digest@digest.example.org> unknown",
        "5.1.1 unknown, says digest.example.org",
    ],
)
def test_words_about_us_weigh_more_than_the_code(text: str) -> None:
    assert diagnose(text, code=550, sender=OURS, recipient=READER).about is About.US


def test_the_readers_own_address_says_nothing_of_us() -> None:
    reader = "sender.limit@policy-relay.example"
    assert diagnose(f"5.1.1 <{reader}>: user unknown", code=550, sender=OURS, recipient=reader).proven


def test_a_reader_at_our_own_domain_is_not_taken_for_our_sender() -> None:
    reader = "wang@digest.example.org"
    assert diagnose(f"5.1.1 <{reader}>: unknown user at digest.example.org", sender=OURS, recipient=reader).proven
    assert diagnose("5.1.1 <bounces@digest.example.org> unknown", sender=OURS, recipient=reader).about is About.US


def test_a_status_apart_from_the_words_counts_before_them_unless_it_says_nothing() -> None:
    assert diagnose("550 no", status="5.1.1").status == "5.1.1"
    assert diagnose("smtp; 550 5.1.1 no such user", status="5.0.0").status == "5.1.1"
    assert diagnose("550 from 5.9.1.2 and 5.1.1.1", code=550).status == ""


def test_the_words_of_one_cause_are_the_same_for_all() -> None:
    first = "5.1.0 <a1@one.example>: rejected by mx7.one.example at 12:01 (id q9-20af) https://x.example/?e=a1"
    second = "5.1.0 <bob@two.example>: rejected by mx12.two.example at 13:44 (id b7-77cc) https://x.example/?e=bob"
    assert reply_pattern(first, "a1@one.example") == reply_pattern(second, "bob@two.example") == "rejected by at id"
    assert reply_pattern("mailbox full") != reply_pattern("no such user")


def test_a_relay_names_the_server_that_said_it() -> None:
    assert (
        named_host("host MX1.reader.example[192.0.2.1] said: 550 5.1.1 unknown (in reply to RCPT)")
        == "mx1.reader.example"
    )
    assert named_host("said: 550 5.1.1 unknown") == ""


@pytest.mark.parametrize("text", ["a@" * 50_000, "a." * 50_000, "user " * 20_000, "no " * 30_000, "\ud800", "", "5.1."])
def test_a_strangers_text_is_read_to_a_thousand_characters(text: str) -> None:
    assert diagnose(text, sender=OURS, recipient=READER) == diagnose(text[:1000], sender=OURS, recipient=READER)
    assert reply_pattern(text, READER) == reply_pattern(text[:1000], READER)
