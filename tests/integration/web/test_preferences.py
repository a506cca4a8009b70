"""Choosing, pausing and erasing by the links in mails: each opens one page, and only a button changes anything."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from digest.mail.tokens import leave_token, preferences_token
from digest.model import DigestId
from digest.service.people import consent
from tests.integration.web.site import (
    ADA,
    HOUR,
    Desk,
    check_safe,
)


def test_a_token_opens_one_door_only(desk: Desk) -> None:
    record = desk.joined()
    desk.post("/subscribe", address="bob@example.org")
    confirm, secret = desk.link().rpartition("/")[2], desk.store.secret()
    tokens = {
        "confirm": confirm,
        "preferences": preferences_token(secret, record.subscriber.id),
        "leave": leave_token(secret, record.subscriber.id, DigestId("weekly")),
    }
    for name, token in tokens.items():
        for door in tokens:
            assert (desk(f"/{door}/{token}").status == 200) == (door == name)
            if door != name:
                assert desk.post(f"/{door}/{token}").status in {404, 410}
    assert record == desk.record()
    assert desk.record("bob@example.org") is None


def test_the_database_holds_no_token(desk: Desk) -> None:
    record = desk.joined()
    desk.post("/subscribe", address="bob@example.org")
    secret = desk.store.secret()
    tokens = [desk.link().rpartition("/")[2], preferences_token(secret, record.subscriber.id)]
    dumped = "\n".join(desk.everything())
    assert not [token for token in tokens if token in dumped or token[:27] in dumped]


def test_no_link_acts_when_it_is_only_followed(desk: Desk) -> None:
    """Programs that scan mail open every link in it, and often all links of the pages behind."""
    record = desk.joined()
    desk.post("/subscribe", address="bob@example.org")
    consent.request_access(
        desk.store, desk.settings.signup, record, language="en", network="192.0.2.0/24", now=desk.now
    )
    desk.blog.run("edition", "cut", "weekly")
    desk.blog.run("edition", "send")
    links = set()
    for mail in desk.mailed():
        for part in mail.walk():
            if part.get_content_maintype() == "text":
                links |= set(re.findall(r"https://digest\.example\.org(/[^\s\"<>]*)", part.get_content()))
        links |= set(re.findall(r"https://digest\.example\.org(/[^>]*)", str(mail["List-Unsubscribe"] or "")))
    assert {path.split("/")[1] for path in links} >= {"leave", "confirm", "preferences", "editions"}
    before = desk.everything()
    seen: set[str] = set()
    while links - seen:
        path = (links - seen).pop()
        seen.add(path)
        assert desk(path, "HEAD").status < 500
        reply = desk(path)
        assert reply.status < 500
        check_safe(reply)
        if reply.headers["content-type"].startswith("text/html"):
            links |= {href for href in reply.page.xpath("//a/@href") if href.startswith("/") and len(seen) < 60}
    assert desk.everything() == before


def test_a_link_in_a_mail_says_whose_it_is_and_asks(desk: Desk) -> None:
    record = desk.joined()
    path = f"/preferences/{preferences_token(desk.store.secret(), record.subscriber.id)}"
    page = desk(path)
    assert "a***@e***.org" in page.page.text_content()
    assert ADA.encode() not in page.body
    assert not page.page.xpath("//select")
    shown = desk.post(path)
    assert shown.page.xpath("//select[@name='timezone']")
    assert ADA.encode() not in shown.body
    assert not shown.page.xpath("//button[@value='erase' or @value='export']")


def test_what_a_reader_chose_is_stored_and_shown(desk: Desk) -> None:
    record = desk.joined()
    path = f"/preferences/{preferences_token(desk.store.secret(), record.subscriber.id)}"
    reply = desk.post(
        path,
        act="save",
        digest0="daily",
        topic="maths",
        language="en",
        format="text",
        timezone="Europe/Berlin",
        paused_until="2026-07-10",
    )
    assert reply.page.xpath("//*[@role='status']")
    now = desk.record()
    assert now is not None
    person = now.subscriber
    assert now.digests == ("daily",)
    assert (person.topics, person.language, person.format, person.timezone) == (
        ("maths",),
        "en",
        "text",
        "Europe/Berlin",
    )
    assert person.paused_until == datetime(2026, 7, 9, 22, tzinfo=UTC)
    page = desk.post(path).page
    assert page.xpath("//input[@name='digest0'][@checked]/@value") == ["daily"]
    assert page.xpath("//input[@name='topic'][@checked]/@value") == ["maths"]
    assert page.xpath("//input[@name='paused_until']/@value") == ["2026-07-10"]
    assert page.xpath("//select[@name='timezone']//option[@selected]/@value") == ["Europe/Berlin"]
    desk.post(path, act="save", digest0="", all_topics="yes", language="en", format="both", timezone="")
    left = desk.record()
    assert left is not None
    assert (left.digests, left.subscriber.topics, left.subscriber.paused_until) == ((), (), None)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "山上 每日摘要: daily at 07:00 (Beijing time)"),
        ("zh-CN", "山上 每日摘要：每天 07:00（北京时间）"),
    ],
)
def test_a_frequency_is_named_in_one_language(desk: Desk, language: str, words: str) -> None:
    assert words in desk("/subscribe", accept_language=language).page.text_content()


def test_of_everything_and_a_topic_the_one_ticked_anew_is_meant(desk: Desk) -> None:
    record = desk.joined()
    path = f"/preferences/{preferences_token(desk.store.secret(), record.subscriber.id)}"
    both = {"act": "save", "digest0": "weekly", "all_topics": "yes", "topic": "maths"}
    for meant in (("maths",), ()):
        desk.post(path, **both)
        now = desk.record()
        assert now is not None
        assert now.subscriber.topics == meant


@pytest.mark.parametrize(
    "wrong",
    [
        {"digest0": "nothing"},
        {"digest0": "weekly", "digest1": "daily"},
        {"topic": "nothing"},
        {"timezone": "Nowhere/At_all"},
        {"timezone": "../../etc/passwd"},
        {"format": "odt"},
        {"paused_until": "tomorrow"},
        {"paused_until": "9999-12-31"},
    ],
)
def test_what_cannot_be_chosen_changes_nothing(desk: Desk, wrong: dict[str, str]) -> None:
    record = desk.joined()
    path = f"/preferences/{preferences_token(desk.store.secret(), record.subscriber.id)}"
    reply = desk.post(path, act="save", **({"digest0": "weekly", "language": "en"} | wrong))
    assert reply.status == 422
    assert desk.record() == record


def test_the_latest_edition_comes_on_request(desk: Desk) -> None:
    desk.blog.run("edition", "cut", "weekly")
    desk.post("/subscribe", address=ADA, digest="weekly", latest="yes")
    desk.post(desk.link())
    desk.blog.run("edition", "send")
    subjects = [str(mail["Subject"]) for mail in desk.mailed()]
    assert sum("数的故事" in subject for subject in subjects) == 1
    record = desk.record()
    assert record is not None
    path = f"/preferences/{preferences_token(desk.store.secret(), record.subscriber.id)}"
    assert "最新一期已经发给您了" in desk.post(path, act="latest weekly").page.text_content()


def test_only_the_owner_sees_and_erases_everything(desk: Desk) -> None:
    record = desk.joined()
    path = f"/preferences/{preferences_token(desk.store.secret(), record.subscriber.id)}"
    for act in ("export", "erase"):
        reply = desk.post(path, act=act, sure="yes")
        assert reply.headers["content-type"].startswith("text/html")
        assert desk.record() == record
    assert desk.post(path, act="link").status == 200
    own = desk.link()
    assert ADA in desk(own).page.text_content()
    exported = desk.post(own, act="export")
    assert exported.headers["content-disposition"].startswith("attachment")
    assert json.loads(exported.body)["address"] == ADA
    assert desk.post(own, act="erase").status == 200
    assert desk.record() == record
    assert desk.post(own, act="erase", sure="yes").status == 200
    assert desk.record() is None
    assert desk(own).status == desk(path).status == 410


def test_the_owner_s_link_holds_an_hour(desk: Desk) -> None:
    record = desk.joined()
    consent.request_access(
        desk.store, desk.settings.signup, record, language="en", network="192.0.2.0/24", now=desk.now
    )
    own = desk.link()
    desk.now += HOUR - timedelta(seconds=1)
    assert desk(own).status == 200
    desk.now += timedelta(seconds=1)
    assert desk(own).status == 410
    assert desk.post(own, act="erase", sure="yes").status == 410


def test_a_reader_is_mailed_few_links_a_day(desk: Desk) -> None:
    record = desk.joined()
    path = f"/preferences/{preferences_token(desk.store.secret(), record.subscriber.id)}"
    for _ in range(6):
        assert desk.post(path, act="link").status == 200
    assert len(desk.mailed()) == 3


def test_leaving_can_be_undone_from_its_own_page(desk: Desk) -> None:
    record = desk.joined()
    path = f"/leave/{leave_token(desk.store.secret(), record.subscriber.id, DigestId('weekly'))}"
    gone = desk.post(path, **{"List-Unsubscribe": "One-Click"})
    (act,) = gone.page.xpath("//form//input[@name='act']/@value")
    back = desk.post(path, act=act)
    assert back.status == 200
    again = desk.record()
    assert again is not None
    assert again.digests == ("weekly",)
    assert [act.act for act in again.consents] == ["joined", "left", "joined"]


def test_a_used_link_does_not_claim_that_a_person_who_left_is_subscribed(desk: Desk) -> None:
    desk.post("/subscribe", address=ADA, digest="weekly")
    link = desk.link()
    assert desk.post(link).status == desk.post(link).status == 200
    record = desk.record()
    assert record is not None
    desk.post(f"/leave/{leave_token(desk.store.secret(), record.subscriber.id, DigestId('weekly'))}")
    assert desk.post(link).status == 410
    after = desk.record()
    assert after is not None
    assert after.digests == ()
