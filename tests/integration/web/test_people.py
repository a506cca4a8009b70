"""Subscribing, confirming, choosing and erasing on the pages: only POST acts, and nobody learns who is subscribed."""

from __future__ import annotations

import asyncio
import email
import re
import sqlite3
from datetime import timedelta
from email import policy
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import pytest
from sqlalchemy import event

from digest.mail.tokens import preferences_token
from digest.model import ConfirmationKind, DigestId
from digest.service.mailing import single_mails
from digest.service.people import consent, subscribers
from digest.web.application import application
from tests.integration.web.site import (
    ADA,
    DAY,
    FORM,
    HOUR,
    NOW,
    Desk,
    check_safe,
    failing,
    words_of,
)


def test_a_person_who_asks_and_confirms_is_subscribed(desk: Desk) -> None:
    asked = desk.post("/subscribe", address=" Ada@Example.org ", digest="weekly")
    assert asked.status == 200
    assert desk.record() is None
    link = desk.link()
    desk.now += HOUR
    page = desk(link)
    assert page.status == 200
    assert "A***@e***.org" in page.page.text_content()
    assert desk.record() is None
    done = desk.post(link)
    assert done.status == 200

    record = desk.record()
    assert record is not None
    assert (record.subscriber.address, record.digests) == ("Ada@example.org", ("weekly",))
    (act,) = record.consents
    assert (act.act, act.source, act.wording) == ("joined", "web form", consent.WORDING)
    assert (act.asked_at, act.at) == (NOW, NOW + HOUR)
    assert desk.post(link).status == 200
    assert desk.record() == record
    (choices,) = done.page.xpath("//a[starts-with(@href, '/preferences/')]/@href")
    assert desk(choices).status == 200


def test_the_mail_is_a_few_lines_in_the_language_of_the_page(desk: Desk) -> None:
    fields = {"address": ADA, "form": desk.signed()}
    desk("/subscribe", "POST", urlencode(fields).encode(), content_type=FORM, accept_language="en")
    desk.now += DAY + HOUR
    desk.post("/subscribe", address="bob@example.org")
    english, chinese = sorted(desk.mailed(), key=lambda mail: str(mail["To"]))
    assert (english["To"], english["Subject"]) == (ADA, "Confirm your subscription to 山上")
    assert chinese["Subject"] == "请确认订阅“山上”"
    for mail in (english, chinese):
        assert mail.get_content_type() == "multipart/alternative"
        assert len(words_of(mail).splitlines()) < 20
        assert mail["Auto-Submitted"] == "auto-generated"
        assert "List-Unsubscribe" not in mail
    assert ADA in words_of(english)


def test_nothing_of_the_asker_stands_in_the_mail(desk: Desk) -> None:
    desk.post("/subscribe", address=ADA, digest="weekly", name="Buy pills at http://evil.example", latest="no")
    (mail,) = desk.mailed()
    assert "evil" not in mail.as_string()
    assert mail["From"] == "Digest <digest@example.org>"


@pytest.mark.parametrize(
    "address", ["", "ada", "ada@", "a b@example.org", "a@b@c", "ada@example.org\nBcc: b@example.org"]
)
def test_what_is_no_address_is_reported_at_once(desk: Desk, address: str) -> None:
    reply = desk.post("/subscribe", address=address)
    assert reply.status == 422
    assert reply.page.xpath("//*[@role='alert']")
    assert desk.mailed() == []


@pytest.mark.parametrize(("fields", "status"), [({"choose": "yes"}, 422), ({"digest": "nothing"}, 422), ({}, 200)])
def test_what_is_wanted_must_be_chosen_where_it_is_asked(desk: Desk, fields: dict[str, str], status: int) -> None:
    assert desk.post("/subscribe", address=ADA, **fields).status == status


def test_a_program_that_fills_in_every_field_changes_nothing(desk: Desk) -> None:
    before = desk.everything()
    reply = desk.post("/subscribe", address=ADA, website="https://evil.example")
    assert reply.body == desk.post("/subscribe", address="bob@example.org").body
    assert desk.record() is None
    assert [mail["To"] for mail in desk.mailed()] == ["bob@example.org"]
    assert not any(ADA in line for line in desk.everything())
    assert not any(ADA in line for line in before)


def test_the_form_has_a_field_that_no_person_sees(desk: Desk) -> None:
    (field,) = desk("/subscribe").page.xpath("//input[@name='website']")
    assert field.get("tabindex") == "-1"
    assert field.xpath("ancestor::*[@aria-hidden='true']")


def known(desk: Desk) -> None:
    desk.joined()


def left(desk: Desk) -> None:
    record = desk.joined()
    with desk.store.write() as tx:
        tx.subscribers.leave(record.subscriber.id, DigestId("weekly"), "test", desk.now)


def suppressed(desk: Desk) -> None:
    record = desk.joined()
    with desk.store.write() as tx:
        tx.subscribers.suppress(record.subscriber.id, "550 5.1.1 no such user", desk.now)


def erased(desk: Desk) -> None:
    desk.joined()
    subscribers.erase(desk.store, ADA, now=desk.now)


def asked_today(desk: Desk) -> None:
    desk.post("/subscribe", address=ADA)


def test_the_answer_and_the_work_are_the_same_for_every_address(desk: Desk) -> None:
    """The work is compared by the statements that the database runs, which no noisy clock can blur."""
    answers = set()
    for prepare in (lambda _: None, known, left, suppressed, erased, asked_today):
        prepare(desk)
        statements: list[str] = []
        engine = desk.store._engine

        def listen(_c: Any, _cursor: Any, statement: str, *_rest: Any, seen: list[str] = statements) -> None:
            if not statement.startswith("PRAGMA"):  # which tells how a connection was used before
                seen.append(statement)

        event.listen(engine, "before_cursor_execute", listen)
        reply = desk.post("/subscribe", address=ADA)
        event.remove(engine, "before_cursor_execute", listen)
        answers.add((reply.status, reply.body, tuple(sorted(reply.headers.items())), tuple(statements)))
        with sqlite3.connect(desk.settings.data_dir / "digest.db") as database:
            for table in ("confirmations", "consents", "subscriptions", "subscribers", "erased"):
                database.execute(f"DELETE FROM {table}")  # noqa: S608 - names of ours
    assert len(answers) == 1


def test_a_hundred_askers_bring_one_mail_to_one_victim(desk: Desk) -> None:
    desk.settings = desk.settings.model_copy(
        update={"web": desk.settings.web.model_copy(update={"proxies": ("127.0.0.1/32",)})}
    )
    desk._app = application(desk.store, desk.settings, now=lambda: desk.now)
    replies = {desk.post("/subscribe", f"198.51.{n}.7", address=ADA).status for n in range(100)}
    assert replies == {200}
    assert len(desk.mailed()) == 1
    desk.now += DAY - HOUR
    desk.post("/subscribe", "203.0.113.9", address=ADA.upper())
    assert len(desk.mailed()) == 1
    desk.now += HOUR + timedelta(seconds=1)
    desk.post("/subscribe", "203.0.113.9", address=ADA)
    assert len(desk.mailed()) == 2


def test_a_client_that_is_no_proxy_of_ours_cannot_say_where_a_request_comes_from(desk: Desk) -> None:
    replies = [desk.post("/subscribe", f"198.51.{n}.7", address=f"{n}@example.org") for n in range(12)]
    assert [reply.status for reply in replies] == [200] * 10 + [429] * 2
    assert replies[-1].headers["retry-after"] == "3600"
    desk.now += HOUR + timedelta(seconds=1)
    assert desk.post("/subscribe", address="z@example.org").status == 200


def test_behind_a_proxy_the_last_address_that_is_no_proxy_counts(desk: Desk) -> None:
    desk.settings = desk.settings.model_copy(
        update={"web": desk.settings.web.model_copy(update={"proxies": ("127.0.0.1/32", "10.0.0.0/8")})}
    )
    desk._app = application(desk.store, desk.settings, now=lambda: desk.now)
    made_up = [f"192.0.2.{n}, 198.51.100.{n}, 10.0.0.3" for n in range(11)]
    assert [desk.post("/subscribe", hops, address=f"{n}@example.org").status for n, hops in enumerate(made_up)] == [
        200
    ] * 10 + [429]


def test_all_together_ask_for_no_more_than_the_total(desk: Desk) -> None:
    signup = desk.settings.signup.model_copy(update={"total": 3, "per_network": 100})
    desk.settings = desk.settings.model_copy(update={"signup": signup})
    desk._app = application(desk.store, desk.settings, now=lambda: desk.now)
    assert [desk.post("/subscribe", address=f"{n}@example.org").status for n in range(4)] == [200, 200, 200, 429]


def test_one_mail_domain_gets_no_more_than_its_share(desk: Desk) -> None:
    signup = desk.settings.signup.model_copy(update={"per_domain": 3, "per_network": 100})
    desk.settings = desk.settings.model_copy(update={"signup": signup})
    desk._app = application(desk.store, desk.settings, now=lambda: desk.now)
    desk.post("/subscribe", address="0@example.org")
    addresses = ["0@example.org", "1@Example.org", "2@EXAMPLE.ORG", "3@example.org", "0@example.org", "4@example.net"]

    assert [desk.post("/subscribe", address=one).status for one in addresses] == [200, 200, 200, 429, 429, 200]
    assert len(desk.mailed()) == 4
    desk.now += HOUR + timedelta(seconds=1)
    assert desk.post("/subscribe", address="3@example.org").status == 200


def test_a_whole_48_of_ipv6_is_one_asker(desk: Desk) -> None:
    desk.settings = desk.settings.model_copy(
        update={"web": desk.settings.web.model_copy(update={"proxies": ("127.0.0.1/32",)})}
    )
    desk._app = application(desk.store, desk.settings, now=lambda: desk.now)
    askers = [f"[2001:db8:7:{n:x}00::1]:{5000 + n}" for n in range(12)]

    assert [desk.post("/subscribe", one, address=f"{n}@example.org").status for n, one in enumerate(askers)] == [
        200
    ] * 10 + [429] * 2


def test_a_closed_door_offers_no_mail(desk: Desk) -> None:
    signup = desk.settings.signup.model_copy(update={"open": False})
    desk.settings = desk.settings.model_copy(update={"signup": signup})
    desk._app = application(desk.store, desk.settings, now=lambda: desk.now)
    page = desk("/subscribe").page
    assert page.xpath("//main//form") == []
    assert "https://digest.example.org/feed.atom" in page.text_content()
    assert desk.post("/subscribe", address=ADA).status == 404


def test_a_link_to_confirm_holds_its_time_and_then_everything_is_deleted(desk: Desk) -> None:
    desk.post("/subscribe", address=ADA)
    link = desk.link()
    desk.now += 2 * DAY
    assert desk(link).status == 410
    assert desk.post(link).status == 410
    assert desk.record() is None
    assert consent.expire(desk.store, desk.now) == 1
    assert not any(ADA in line for line in desk.everything())


def test_a_confirmation_of_another_day_never_confirms_anew(desk: Desk) -> None:
    """SQLite gives the number of a deleted row again."""
    desk.post("/subscribe", address=ADA)
    old = desk.link()
    desk.now += 3 * DAY
    consent.expire(desk.store, desk.now)
    desk.post("/subscribe", address="bob@example.org")
    assert desk(old).status == 410
    assert desk.post(old).status == 410
    assert desk.record("bob@example.org") is None


def test_a_person_who_confirms_again_is_mailed_again(desk: Desk) -> None:
    suppressed(desk)
    desk.post("/subscribe", address=ADA, digest="weekly")
    desk.post(desk.link())
    record = desk.record()
    assert record is not None
    assert record.suppressed == ""


@pytest.mark.parametrize(
    "body", [b"\xff" * 100, b"&" * 10_000, b"a=" + b"x" * 200_000, b"a=1&" * 500, quote("山").encode()]
)
def test_any_form_is_answered(desk: Desk, body: bytes) -> None:
    record = desk.joined()
    secret = desk.store.secret()
    for path in ("/subscribe", f"/preferences/{preferences_token(secret, record.subscriber.id)}", "/confirm/x"):
        reply = desk(path, "POST", body, content_type=FORM)
        assert reply.status in {200, 410, 422}
        check_safe(reply)
    assert desk.record() == record


def test_a_mail_that_is_refused_for_now_comes_later_as_the_same(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.post("/subscribe", address=ADA)
    blocked = desk.blog.home / "mail"
    blocked.write_text("not a folder", "utf-8")
    assert desk.mailed() == []
    blocked.unlink()
    assert desk.mailed() == []
    desk.now += timedelta(minutes=5)
    (mail,) = desk.mailed()
    desk.now += HOUR
    assert len(desk.mailed()) == 1
    with desk.store.read() as tx:
        asked = tx.confirmations.get(1)  # type: ignore[arg-type]
    assert asked is not None
    assert asked.kind is ConfirmationKind.JOIN
    made = email.message_from_bytes(
        single_mails.confirmation_message(desk.store, desk.settings, asked), policy=policy.default
    )
    assert made["Message-ID"] == mail["Message-ID"]
    assert made["Date"] == mail["Date"]


def test_a_person_who_got_no_mail_for_the_relay_s_fault_may_ask_again_the_same_day(desk: Desk) -> None:
    desk.post("/subscribe", address=ADA)
    blocked = desk.blog.home / "mail"
    blocked.write_text("not a folder", "utf-8")
    for _ in range(5):
        assert desk.mailed() == []
        desk.now += HOUR
    blocked.unlink()
    assert desk.mailed() == []
    for _ in range(2):
        desk.post("/subscribe", address=ADA)
        assert len(desk.mailed()) == 1


def test_confirmations_pause_with_all_other_sending(desk: Desk) -> None:
    desk.post("/subscribe", address=ADA)
    with desk.store.write() as tx:
        tx.deliveries.pause("the relay refuses us", desk.now + HOUR)
    assert desk.mailed() == []
    desk.now += HOUR
    assert len(desk.mailed()) == 1


def test_urls_in_mails_are_ours(desk: Desk) -> None:
    desk.post("/subscribe", address=ADA)
    (mail,) = desk.mailed()
    for part in mail.iter_parts():
        urls = re.findall(r"https?://[^\s\"<]+", part.get_content())
        assert {urlsplit(url).netloc for url in urls} == {"digest.example.org"}


def test_while_nothing_can_be_written_a_person_who_presses_a_button_is_asked_to_come_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = desk.joined()
    consent.request_access(desk.store, desk.settings.signup, record, language="en", network="x", now=desk.now)
    own = desk.link()
    before = desk.everything()
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(desk.store, "write", failing)
        replies = [
            desk.post("/subscribe", address="bob@example.org", digest="weekly"),
            desk.post(own, act="save", digest="daily"),
            desk.post(own, act="link"),
            desk.post(own, act="erase", sure="yes"),
        ]
    assert [(reply.status, reply.headers.get("retry-after")) for reply in replies] == [(503, "60")] * 4
    assert desk.everything() == before
    assert desk.post(own, act="erase", sure="yes").status == 200


def test_a_form_whose_sender_goes_away_is_no_fault_of_ours(desk: Desk) -> None:
    sent: list[Any] = []

    async def gone() -> Any:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/subscribe",
        "raw_path": b"/subscribe",
        "query_string": b"",
        "headers": [(b"content-type", FORM.encode())],
        "client": ("192.0.2.7", 1),
        "server": ("x", 80),
        "http_version": "1.1",
        "scheme": "http",
        "root_path": "",
    }

    async def ask() -> None:
        await desk._app(scope, gone, send)

    asyncio.run(ask())

    assert [message.get("status") for message in sent] == [400, None]
    assert desk.mailed() == []
