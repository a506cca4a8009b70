"""A subscriber's new address: confirmed there, no choice is lost, the old one is notified, no thief gets data."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from digest.mail.tokens import bounce_token, leave_token, preferences_token
from digest.model import BounceKind, ConfirmationKind, DigestId, EditionKey, Format
from digest.service.bounces import messages
from digest.service.mailing import single_mails
from digest.service.people import consent, importing, preferences, subscribers
from digest.service.people.preferences import Choices, change_preferences
from digest.service.upkeep.invariants import violations
from tests.integration.web.site import ADA, DAY, HOUR, Desk, link_in, words_of
from tests.integration.web.test_mailed import heading, singles

if TYPE_CHECKING:
    from email.message import EmailMessage

    from digest.records.people import SubscriberRecord

NEW = "ada@straße.example"
STORED = "ada@xn--strae-oqa.example"
WEEKLY, DAILY = DigestId("weekly"), DigestId("daily")
CHOICES = Choices(("weekly",), ("maths",), "en", Format.TEXT, "Europe/Berlin", None)


def choices(desk: Desk, person: SubscriberRecord) -> str:
    return f"/preferences/{preferences_token(desk.store.secret(), person.subscriber.id)}"


def required(desk: Desk, address: str) -> SubscriberRecord:
    record = desk.record(address)
    assert record is not None
    return record


def by_kind(mails: list[EmailMessage], kind: str) -> list[EmailMessage]:
    return [mail for mail in mails if str(mail["Message-ID"]).startswith(f"<{kind}.")]


def ask(desk: Desk, path: str, address: str = NEW) -> str:
    """Ask on a page of choices for another address; the path of the link that is mailed there."""
    assert desk.post(path, act="move", new_address=address).page.xpath("//*[@role='status']")
    mails = by_kind(desk.mailed(), "move")
    return link_in(max(mails, key=lambda mail: mail["Date"].datetime))


def test_the_new_address_keeps_every_choice_and_the_links_of_old_mails(desk: Desk) -> None:
    person = desk.joined()
    change_preferences(desk.store, desk.settings, person.subscriber.id, CHOICES, desk.now)
    before = required(desk, ADA)
    page = desk.post(choices(desk, person))
    assert page.page.xpath("//input[@name='new_address'][@type='email']")
    link = ask(desk, choices(desk, person))

    (mail,) = by_kind(desk.mailed(), "move")
    assert mail["To"] == STORED
    assert STORED in words_of(mail)
    assert ADA not in words_of(mail)
    assert heading(desk(link)) == "确认新邮箱"
    assert required(desk, ADA) == before, "until it is confirmed the old one holds"
    assert desk.record(NEW) is None

    desk.now += HOUR
    assert heading(desk.post(link)) == "邮箱已更改"
    after = required(desk, NEW)
    assert after.subscriber.address == STORED
    assert desk.record(ADA) is None
    kept = ("id", "name", "language", "format", "timezone", "topics", "paused_until", "created_at")
    assert [getattr(after.subscriber, name) for name in kept] == [getattr(before.subscriber, name) for name in kept]
    assert after.digests == before.digests
    proof = after.consents[-1]
    assert (proof.act, proof.asked_at, proof.at) == ("joined", desk.now - HOUR, desk.now)
    assert "confirmed by mail" in proof.source

    assert desk(choices(desk, person)).status == 200
    (told,) = by_kind(singles(desk), "moved")
    assert told["To"] == ADA
    assert ADA in words_of(told)
    assert STORED not in words_of(told)
    desk.post(f"/leave/{leave_token(desk.store.secret(), person.subscriber.id, WEEKLY)}")
    assert required(desk, NEW).digests == ()
    assert heading(desk(link)) == "您已退订"


def test_pressing_twice_changes_once_and_notifies_once(desk: Desk) -> None:
    person = desk.joined()
    link = ask(desk, choices(desk, person))
    for _ in range(3):
        assert heading(desk.post(link)) == "邮箱已更改"
    assert len(required(desk, NEW).consents) == 2
    for _ in range(2):
        assert len(by_kind(singles(desk), "moved")) == 1
        desk.now += DAY


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_both_mails_speak_the_language_of_page_and_person(desk: Desk, language: str) -> None:
    stored = language.replace("-", "_")
    subscribers.add(desk.store, desk.settings, ADA, language=stored, digests=["weekly"], now=desk.now)
    person = required(desk, ADA)
    fields = f"act=move&new_address={STORED}".encode()
    path = choices(desk, person)
    desk(path, "POST", fields, content_type="application/x-www-form-urlencoded", accept_language=language)
    (asks,) = by_kind(desk.mailed(), "move")
    desk.post(link_in(asks))
    (told,) = by_kind(singles(desk), "moved")
    for mail, words in ((asks, ("邮箱", "address")), (told, ("改发", "another address"))):
        assert (words[0] in words_of(mail)) == (language == "zh-CN")
        assert (words[1] in " ".join(words_of(mail).split())) == (language == "en")
        assert mail.get_content_type() == "multipart/alternative"


def test_editions_go_to_the_new_address_and_none_goes_twice(desk: Desk) -> None:
    desk.now = datetime.now(UTC) + HOUR  # the command line has no clock of ours
    person = desk.joined()
    desk.blog.run("edition", "cut", "weekly")
    desk.post(ask(desk, choices(desk, person)))
    desk.blog.run("edition", "send")
    to = [str(mail["To"]) for mail in desk.mailed() if mail["List-Unsubscribe"]]
    assert to == [STORED]


@pytest.mark.parametrize("wrong", ["", "ada", "a da@example.org", "ada@exam\u200bple.org"])
def test_what_is_no_address_is_reported_and_changes_nothing(desk: Desk, wrong: str) -> None:
    person = desk.joined()
    reply = desk.post(choices(desk, person), act="move", new_address=wrong)
    assert reply.status == 422
    assert reply.page.xpath("//*[@role='alert']")
    assert by_kind(desk.mailed(), "move") == []
    assert required(desk, ADA) == person


def test_a_request_is_answered_alike_for_every_address(desk: Desk) -> None:
    person = desk.joined()
    desk.joined("bob@example.org")
    answers = {
        desk.post(choices(desk, person), act="move", new_address=address).body
        for address in (NEW, "bob@example.org", ADA)
    }
    assert len(answers) == 1
    assert {str(mail["To"]) for mail in by_kind(desk.mailed(), "move")} == {STORED, "bob@example.org", ADA}


def test_nobody_is_mailed_more_than_once_a_day_by_who_asks_for_a_change(desk: Desk) -> None:
    person = desk.joined()
    desk.post("/subscribe", address=NEW)
    for _ in range(3):
        desk.post(choices(desk, person), act="move", new_address=NEW)
    assert [mail["To"] for mail in desk.mailed()] == [STORED]


def test_a_link_that_nobody_pressed_expires_and_nothing_changed(desk: Desk) -> None:
    person = desk.joined()
    link = ask(desk, choices(desk, person))
    desk.now += 2 * DAY
    assert heading(desk.post(link)) == "链接已过期"
    assert "邮件仍发到原来的邮箱" in desk(link).page.text_content()
    assert required(desk, ADA) == person
    consent.expire(desk.store, desk.now)
    assert not any("xn--strae" in line for line in desk.everything())


def test_a_person_who_is_erased_before_they_confirm_moves_nowhere(desk: Desk) -> None:
    person = desk.joined()
    link = ask(desk, choices(desk, person))
    subscribers.erase(desk.store, ADA, now=desk.now)
    assert heading(desk.post(link)) == "不会再发送邮件"
    assert desk.record(NEW) is None
    assert not any("xn--strae" in line for line in desk.everything())


def test_a_new_spelling_of_the_same_address_is_a_change_of_its_own(desk: Desk) -> None:
    person = desk.joined()
    desk.post(ask(desk, choices(desk, person), "Ada@Example.org"))
    assert required(desk, ADA).subscriber.address == "Ada@example.org"
    assert by_kind(singles(desk), "moved") == []


# --- the old address ------------------------------------------------------------------------------


def test_no_list_brings_the_old_address_back(desk: Desk) -> None:
    person = desk.joined()
    desk.post(ask(desk, choices(desk, person)))
    file = importing.read_people(f"address\n{ADA}\n".encode(), desk.now)
    report = importing.import_people(desk.store, desk.settings, file, now=desk.now)
    assert report.counts()["added"] == 0
    assert desk.record(ADA) is None
    desk.now += 2 * DAY
    desk.post("/subscribe", address=ADA, digest="weekly", choose="yes")
    (asked,) = by_kind(desk.mailed(), "confirm")
    desk.post(link_in(asked))
    assert required(desk, ADA).digests == ("weekly",), "the owner may subscribe anew"


def test_an_old_address_to_which_mails_bounced_is_not_mailed(desk: Desk) -> None:
    person = desk.joined()
    with desk.store.write() as tx:
        tx.subscribers.suppress(person.subscriber.id, "550 5.1.1 no such user", desk.now)
    desk.post(ask(desk, choices(desk, person)))
    after = required(desk, NEW)
    assert after.suppressed == ""
    assert by_kind(singles(desk), "moved") == []


def test_a_bounce_from_the_old_address_does_not_reveal_the_new_one(desk: Desk) -> None:
    desk.now = datetime.now(UTC) + HOUR  # the command line has no clock of ours
    person = desk.joined()
    desk.blog.run("edition", "cut", "weekly")
    desk.blog.run("edition", "send")
    (edition,) = [EditionKey(one["key"]) for one in desk.blog.listed("edition", "list")]
    desk.now += HOUR
    desk.post(ask(desk, choices(desk, person)))
    settings = desk.settings.model_copy(
        update={"bounces": desk.settings.bounces.model_copy(update={"address": "bounces@example.org"})}
    )
    token = bounce_token(desk.store.secret(), person.subscriber.id, edition)
    dsn = (
        f"From: MAILER-DAEMON@example.org\r\nTo: bounces+{token}@example.org\r\n"
        "Message-ID: <d@example.org>\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="x"\r\n\r\n'
        "--x\r\nContent-Type: text/plain\r\n\r\nno such user\r\n--x\r\nContent-Type: message/delivery-status\r\n\r\n"
        f"Reporting-MTA: dns; mx.example.org\r\n\r\nFinal-Recipient: rfc822; {ADA}\r\nAction: failed\r\n"
        "Status: 5.1.1\r\n\r\n--x--\r\n"
    ).encode()
    taken = messages.handle_message(desk.store, settings, dsn, [f"bounces+{token}@example.org"], now=desk.now + HOUR)
    assert (taken.what, taken.suppressed) == (BounceKind.HARD, False)
    assert required(desk, NEW).suppressed == ""


def test_the_notice_leads_to_where_the_change_is_taken_back(desk: Desk) -> None:
    person = desk.joined()
    desk.post(ask(desk, choices(desk, person), "thief@example.net"))
    (told,) = by_kind(singles(desk), "moved")
    desk.now += timedelta(minutes=1)
    desk.post(ask(desk, link_in(told), ADA))
    assert required(desk, ADA).digests == ("weekly",)
    assert desk.record("thief@example.net") is None


def test_a_person_who_has_only_a_forwarded_mail_gets_no_data_by_a_change_of_address(desk: Desk) -> None:
    person = desk.joined()
    path = choices(desk, person)
    desk.post(ask(desk, path, "thief@example.net"))
    reply = desk.post(path, act="link")
    assert reply.page.xpath("//*[@role='alert']")
    assert by_kind(desk.mailed(), "access") == []
    record = required(desk, "thief@example.net")
    consent.request_access(desk.store, desk.settings.signup, record, language="en", network="x", now=desk.now)
    (mail,) = by_kind(desk.mailed(), "access")
    for act in ("export", "erase"):
        assert desk.post(link_in(mail), act=act, sure="yes").headers["content-type"].startswith("text/html")
    assert desk.record("thief@example.net") is not None
    desk.now += preferences.GUARD
    singles(desk)
    consent.expire(desk.store, desk.now)
    assert desk.post(path, act="link").page.xpath("//*[@role='status']")


def test_a_person_who_proved_the_old_address_may_do_everything_at_once(desk: Desk) -> None:
    person = desk.joined()
    consent.request_access(desk.store, desk.settings.signup, person, language="en", network="x", now=desk.now)
    (mail,) = by_kind(desk.mailed(), "access")
    desk.post(ask(desk, link_in(mail)))
    assert desk.post(choices(desk, person), act="link").page.xpath("//*[@role='status']")
    assert desk.post(link_in(mail), act="erase", sure="yes").status == 200
    assert desk.record(NEW) is None
    assert not any(ADA in line or STORED in line for line in desk.everything())


def test_the_old_address_is_forgotten_when_it_was_notified(desk: Desk) -> None:
    person = desk.joined()
    desk.post(ask(desk, choices(desk, person)))
    singles(desk)
    consent.expire(desk.store, desk.now + 3 * DAY)  # the request, so that nothing but the old address is left
    consent.expire(desk.store, desk.now + preferences.GUARD - DAY)
    assert any(ADA in line for line in desk.everything())
    consent.expire(desk.store, desk.now + preferences.GUARD)
    assert not any(ADA in line for line in desk.everything())


# --- somebody has the new address already ---------------------------------------------------------


def test_a_person_who_is_known_by_the_new_address_goes_on_there_with_their_own_choices(desk: Desk) -> None:
    person = desk.joined()
    change_preferences(desk.store, desk.settings, person.subscriber.id, CHOICES, desk.now)
    subscribers.add(desk.store, desk.settings, NEW, digests=["daily"], now=desk.now)
    other = required(desk, NEW)
    link = ask(desk, choices(desk, person))
    assert heading(desk.post(link)) == "邮箱已更改"
    assert required(desk, ADA).digests == ()
    after = required(desk, NEW)
    assert after.subscriber == other.subscriber
    assert after.digests == ("daily",), "one frequency of a selection"
    assert choices(desk, other) in desk(link).page.xpath("//a/@href")
    assert [mail["To"] for mail in by_kind(singles(desk), "moved")] == [ADA]
    desk.post(f"/leave/{leave_token(desk.store.secret(), other.subscriber.id, DAILY)}")
    assert required(desk, NEW).digests == (), "the links in the mails that lie there hold"


def test_a_person_who_had_left_at_the_new_address_takes_over_choices_and_what_was_announced(desk: Desk) -> None:
    desk.now = datetime.now(UTC) + HOUR  # the command line has no clock of ours
    person = desk.joined()
    desk.blog.run("edition", "cut", "weekly")
    desk.blog.run("edition", "send")
    pausing = Choices(("weekly",), ("maths",), "en", Format.TEXT, "Europe/Berlin", desk.now + 30 * DAY)
    change_preferences(desk.store, desk.settings, person.subscriber.id, pausing, desk.now)
    subscribers.add(desk.store, desk.settings, NEW, digests=["weekly"], now=desk.now)
    other = required(desk, NEW)
    desk.post(f"/leave/{leave_token(desk.store.secret(), other.subscriber.id, WEEKLY)}")
    with desk.store.write() as tx:
        tx.subscribers.suppress(other.subscriber.id, "550 5.1.1 no such user", desk.now)

    desk.post(ask(desk, choices(desk, person)))
    after = required(desk, NEW)
    assert (after.digests, after.suppressed) == (("weekly",), "")
    assert (after.subscriber.id, after.subscriber.topics) == (other.subscriber.id, ("maths",))
    assert (after.subscriber.language, after.subscriber.format) == ("en", Format.TEXT)
    assert after.subscriber.paused_until == pausing.paused_until
    assert [state for _, state, _ in after.deliveries] == ["accepted"]
    with desk.store.read() as tx:
        (follower,) = tx.subscribers.followers(WEEKLY)
    assert follower.behind, "what the pause held back is owed here, too"
    assert list(violations(desk.store)) == []


def test_a_change_is_sent_as_a_confirmation_and_the_notice_to_the_old_address_is_begun(desk: Desk) -> None:
    person = desk.joined()
    link = ask(desk, choices(desk, person))
    with desk.store.read() as tx:
        kinds = [one.kind for one in map(tx.confirmations.get, (1,)) if one]  # type: ignore[arg-type]
    assert kinds == [ConfirmationKind.MOVE]
    desk.post(link)
    with desk.store.write() as tx:
        begun = tx.single_mails.begin(desk.now, desk.now + HOUR)
    assert begun is not None
    assert begun.address == ADA
    desk.now += HOUR
    assert len(by_kind(singles(desk), "moved")) == 1
    assert asyncio.run(single_mails.send_single_mails(desk.store, desk.settings, lambda: desk.now)) == 0
    assert asyncio.run(single_mails.send_confirmations(desk.store, desk.settings, lambda: desk.now)) == 0
