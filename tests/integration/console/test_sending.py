"""The pages about the day, editions, mails, subscribers and backups: with data and without, in both languages."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine

from digest.app import opened
from digest.model import DeliveryState, EditionKey, SubscriberId
from digest.records.console import Role
from digest.service.upkeep import backups
from digest.settings import load
from tests.consoles import NOW, Answer, Browser

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Article, Blog

NEXT, MAILS, PEOPLE = "/console/editions/next/weekly", "/console/editions/mails", "/console/people"
PAGES = (
    *("/console", "/console/editions", NEXT, "/console/editions/preview/weekly", MAILS),
    *(PEOPLE, f"{PEOPLE}/import", f"{PEOPLE}/bounces", "/console/backups"),
)
ADA = "ada@example.org"


@pytest.fixture
def browser(blog: Blog, article: type[Article]) -> Iterator[Browser]:
    """An admin in front of a blog with one article; nobody has subscribed."""
    blog.index("index.txt", article("First"))
    config = blog.home / "digest.toml"
    settings = f'operator = "ops@example.net"\n{config.read_text("utf-8")}[console]\non = true\n'
    config.write_text(settings.replace('id = "weekly"', 'id = "weekly"\napprove = "12h"'), "utf-8")
    with time_machine.travel(NOW, tick=False):
        blog.refresh()
        with opened(load(config)) as store:
            yield Browser(store, load(config)).enter()


def subscribe(browser: Browser, address: str = ADA) -> str:
    """The path of the page of a new subscriber."""
    return browser.fill(PEOPLE, {"address": address, "name": "Ada"}, to=PEOPLE).to


def make(browser: Browser) -> str:
    """The path of the page of a new edition."""
    return act(browser, NEXT, "cut").to


def act(browser: Browser, page: str, name: str, *, to: str = "", **fields: str) -> Answer:
    """Press the button of a page that does this."""
    opened_page = browser.get(page).page
    for form in opened_page.xpath("//main//form[@method='post']"):
        hidden = {one.name: one.value or "" for one in form.xpath(".//input[@type='hidden']")}
        pressed = {one.get("value") for one in form.xpath(".//button[@name='act']")}
        if hidden.get("act") == name or name in pressed:
            action = to or form.get("action") or page
            return browser.send(action, {**hidden, "act": name, **fields})
    raise AssertionError(f"{page} has no button for {name}")


def said(browser: Browser, page: str) -> str:
    return " ".join(browser.get(page).page.xpath("//p[contains(@class, 'said')]/text()"))


@pytest.mark.parametrize("language", ["en", "zh-CN"])
@pytest.mark.parametrize("page", PAGES)
def test_each_page_works_before_there_is_anything(browser: Browser, page: str, language: str) -> None:
    answer = browser.get(page, **{"accept-language": language})
    assert answer.status == 200, answer.body[-2000:].decode()
    assert answer.page.get("lang").lower().startswith(language[:2])
    titles = answer.page.xpath("//h1")
    assert len(titles) == 1


def test_a_quiet_day_says_so_and_what_comes_next(browser: Browser) -> None:
    words = browser.get("/console").text
    assert "Nothing to do today" in words
    assert "First" in words
    assert "No mail is under way." in words
    assert "今天没有要处理的事" in browser.get("/console", **{"accept-language": "zh-CN"}).text


def test_trouble_comes_first_and_leads_to_where_it_is_solved(browser: Browser, blog: Blog) -> None:
    blog.write("bad.txt", "no dump at all")
    blog.refresh(code=1)
    page = browser.get("/console").page
    assert page.xpath("string(//h1)") == "One thing to do today"
    assert "bad.txt" in page.xpath("string(//section[contains(@class, 'trouble')])")
    assert "The source blog has a problem" in page.xpath("string(//section[contains(@class, 'trouble')])")
    assert page.xpath("//section[contains(@class, 'trouble')]//a/@href") == ["/console/sources/of/blog"]
    assert "来源“blog”有问题" in browser.get("/console", **{"accept-language": "zh-CN"}).text


def test_a_missing_backup_is_made_from_the_first_page(browser: Browser) -> None:
    subscribe(browser)
    make(browser)
    assert "There is no recent backup" in browser.get("/console").text
    assert browser.fill("/console", to="/console/backup").to == "/console"
    assert "is made and verified" in said(browser, "/console")
    assert "Nothing to do today" in browser.get("/console").text
    assert "Back up now" not in browser.other().enter(Role.EDITOR).get("/console").text


def test_mails_under_way_have_a_live_bar(browser: Browser, blog: Blog) -> None:
    subscribe(browser)
    key = make(browser).removeprefix("/console/editions/of/")
    page = browser.get("/console").page
    (address,) = page.xpath("//div/@data-progress")
    assert page.xpath("//script/@src")
    event = browser.get(address)
    assert event.headers["content-type"].startswith("text/event-stream")
    assert b"event: state\ndata: <svg" in event.body
    blog.run("edition", "send")
    event = browser.get(address)
    assert b"event: end\n" in event.body
    assert b"1 of 1 mails arrived" in event.body
    assert key in address.replace("%2F", "/")


def test_the_next_edition_is_planned_and_made(browser: Browser) -> None:
    assert act(browser, NEXT, "note", text="Hello *all*").to == NEXT
    assert "Hello *all*" in browser.get(NEXT).text
    act(browser, NEXT, "note", text="")
    assert "Hello" not in browser.get(NEXT).text
    act(browser, NEXT, "next-time")
    assert "until the edition after this one" in browser.get(NEXT).text
    act(browser, NEXT, "take-in")
    act(browser, NEXT, "leave-out")
    assert "of all editions" in browser.get(NEXT).text
    act(browser, NEXT, "take-in")
    act(browser, NEXT, "usual")
    subscribe(browser)
    made = make(browser)
    assert browser.get(made).status == 200
    assert make(browser) == NEXT
    assert "nothing to announce" in said(browser, NEXT)


def test_the_order_of_the_next_edition(browser: Browser, blog: Blog, article: type[Article]) -> None:
    blog.index("index.txt", article("Second"), article("First"))
    blog.refresh()
    titles = [one for one in ("First", "Second") if one in browser.get(NEXT).text]
    assert len(titles) == 2
    before = browser.get(NEXT).page.xpath("//td/a[@class='say']/@href")
    act(browser, NEXT, "first")
    assert browser.get(NEXT).page.xpath("//td/a[@class='say']/@href") == before[::-1]


def test_an_edition_that_waits_is_approved_or_skipped(browser: Browser, blog: Blog) -> None:
    subscribe(browser)
    with browser.store.write() as tx:
        tx.control.ask("weekly", browser.clock(), browser.clock())  # type: ignore[arg-type] # an id is its text
    today = browser.get("/console")
    assert "An edition of weekly waits for your approval" in today.text
    assert today.page.xpath("//section[contains(@class, 'trouble')]//a/@href") == [NEXT]
    assert "waits for approval" in browser.get("/console/editions").text
    viewer = browser.other().enter(Role.VIEWER)
    assert "Approve and send" not in viewer.get(NEXT).text
    assert act(browser, NEXT, "skip").to == NEXT
    browser.clock.pass_by(timedelta(hours=1))
    with browser.store.write() as tx:
        tx.control.ask("weekly", browser.clock(), browser.clock())  # type: ignore[arg-type] # as above
    assert act(browser, NEXT, "approve").to.startswith("/console/editions/of/weekly/")


def test_a_test_mail_goes_to_the_operator(browser: Browser, blog: Blog) -> None:
    act(browser, NEXT, "test", address="ops@example.net")
    assert "The test mail is sent" in said(browser, NEXT)
    assert len(blog.mails()) == 1
    editor = browser.other().enter(Role.EDITOR)
    assert editor.get(NEXT).status == 200


def test_the_preview_shows_each_kind_of_subscriber_in_a_frame_without_rights(browser: Browser) -> None:
    page = browser.get("/console/editions/preview/weekly").page
    assert len(page.xpath("//tbody/tr")) == 4
    (frame,) = page.xpath("//iframe")
    assert frame.get("sandbox") == ""
    mail = browser.get(frame.get("src"))
    policy = mail.headers["content-security-policy"]
    assert policy.startswith("sandbox; default-src 'none'")
    assert "script-src" not in policy
    assert mail.headers["x-frame-options"] == "SAMEORIGIN"
    assert b"prefers-color-scheme: dark)" not in mail.body
    dark = browser.get(frame.get("src").replace("look=light", "look=dark"))
    assert b"(min-width: 0)" in dark.body
    text = browser.get("/console/editions/preview/weekly?language=en&format=text")
    assert text.page.xpath("//pre")
    assert not text.page.xpath("//iframe")
    assert browser.get("/console/editions/preview/other").status == 404


def test_an_edition_is_held_sent_and_cancelled(browser: Browser) -> None:
    subscribe(browser)
    made = make(browser)
    act(browser, made, "hold")
    assert "held" in browser.get(made).text
    act(browser, made, "resume")
    act(browser, made, "send")
    assert "sent within a minute" in said(browser, made)
    assert act(browser, made, "cancel").to == made
    assert "Tick the box" in said(browser, made)
    act(browser, made, "cancel", sure="yes")
    assert "cancelled" in browser.get(made).text
    with browser.store.read() as tx:
        acts = [one.act for one in tx.audit_log.listed()]
    assert acts[:4] == ["editions.cancel", "editions.send", "editions.resume", "editions.hold"]
    assert browser.get("/console/editions/of/weekly/none").status == 404


def test_each_mail_is_found_and_sent_again(browser: Browser, blog: Blog) -> None:
    person = subscribe(browser)
    key = make(browser).removeprefix("/console/editions/of/")
    with browser.store.write() as tx:
        tx.deliveries.lease(browser.clock(), browser.clock(), 1)
        tx.deliveries.record(
            EditionKey(key), SubscriberId(1), DeliveryState.FAILED, now=browser.clock(), code=550, text="no such user"
        )
    assert "no such user" in browser.get(f"{MAILS}?state=failed&edition={key}&who={ADA}").text
    assert "There is no such mail." in browser.get(f"{MAILS}?state=deferred").text
    assert act(browser, f"{MAILS}?state=failed", "retry", to=MAILS).to == f"{MAILS}?edition={key}"
    assert "1 are sent again" in said(browser, MAILS)
    act(browser, MAILS, "release", to=MAILS)
    blog.run("edition", "send")
    assert act(browser, person, "resend", to=MAILS).status == 303
    assert "One more copy is sent" in said(browser, MAILS)
    assert browser.other().enter(Role.EDITOR).get(MAILS).status in {200, 403}


def test_people_are_added_found_changed_and_unsubscribed(browser: Browser) -> None:
    person = subscribe(browser)
    assert "is subscribed" in said(browser, person)
    assert ADA in browser.get(f"{PEOPLE}?q=ada").text
    assert "Nobody is found." in browser.get(f"{PEOPLE}?q=bo&state=active").text
    act(browser, person, "set", language="en", format="text", **{"digest-weekly": "weekly"}, pause="4w")
    page = browser.get(person).page
    assert page.xpath("//select[@name='language']/option[@selected]/@value") == ["en"]
    assert re.fullmatch(r"2026-\d\d-\d\d", page.xpath("//input[@name='pause']/@value")[0])
    act(browser, person, "leave")
    assert browser.get(person).text.count("left") >= 1
    assert (
        browser.send(person, {"csrf": browser.get(person).page.xpath("//input[@name='csrf']/@value")[0]}).status == 422
    )
    with browser.store.write() as tx:
        tx.subscribers.suppress(SubscriberId(1), "550 no such user", browser.clock())
    act(browser, person, "unsuppress")
    assert "They get mail again." in said(browser, person)


def test_an_address_is_suppressed_by_hand(browser: Browser) -> None:
    person = subscribe(browser)
    act(browser, person, "suppress")
    assert "the operator suppressed it" in browser.get(person).text
    assert "&lt;form" in browser.get(f"{PEOPLE}/form").body.decode()


def test_a_person_is_erased_after_one_more_question(browser: Browser) -> None:
    person = subscribe(browser)
    (link,) = browser.get(person).page.xpath("//a[contains(@href, '/erase')]/@href")
    assert browser.fill(link).to == link
    assert browser.fill(link, {"sure": "yes"}).to == PEOPLE
    assert browser.get(person).status == 404
    assert "Nobody has subscribed yet." in browser.get(PEOPLE).text


def test_the_chart_shows_who_came_and_left(browser: Browser) -> None:
    subscribe(browser)
    person = subscribe(browser, "bo@example.org")
    act(browser, person, "leave")
    page = browser.get(PEOPLE).page
    assert "2 joined and 1 left" in page.xpath("string(//main)")
    heights = [float(one) for one in page.xpath("//svg//*[@class='up']/@height")]
    assert (len(heights), heights[-1] > 0, sum(heights[:-1])) == (26, True, 0)


def test_a_list_is_tried_before_it_is_imported(browser: Browser) -> None:
    csv = f"email,name\n{ADA},Ada\nnot an address,x\n"
    token = browser.get(f"{PEOPLE}/import").page.xpath("//input[@name='csrf']/@value")[0]
    tried = browser.send(f"{PEOPLE}/import", {"csrf": token, "act": "try", "csv": csv})
    assert "1 added" in tried.text
    assert "line 3" in tried.text
    assert "Nobody has subscribed yet." in browser.get(PEOPLE).text
    (carried,) = tried.page.xpath("//form[.//input[@value='import']]//textarea/text()")
    assert carried.strip() == csv.strip()
    done = browser.send(f"{PEOPLE}/import", {"csrf": token, "act": "import", "csv": carried})
    assert done.to == PEOPLE
    assert "1 added" in said(browser, PEOPLE)
    exported = browser.get(f"{PEOPLE}/export.csv")
    assert exported.headers["content-disposition"] == 'attachment; filename="subscribers.csv"'
    assert ADA.encode() in exported.body


def test_bounces_and_suppressions_that_wait(browser: Browser) -> None:
    subscribe(browser)
    key = EditionKey(make(browser).removeprefix("/console/editions/of/"))
    with browser.store.write() as tx:
        tx.breaker.ask(key, SubscriberId(1), "editions", "550 no such user", browser.clock())  # type: ignore[arg-type]
    words = browser.get(f"{PEOPLE}/bounces").text
    assert "one address would be suppressed" in words
    assert ADA in words
    act(browser, f"{PEOPLE}/bounces", "confirm")
    assert "suppressed" in browser.get(PEOPLE).text
    assert act(browser, f"{PEOPLE}/bounces", "read").status == 422  # no mailbox is configured


def test_backups_are_made_and_verified_and_the_fence_is_lifted(browser: Browser) -> None:
    page = "/console/backups"
    act(browser, page, "make")
    act(browser, page, "verify")
    assert "every row of it was read" in said(browser, page)
    act(browser, page, "test")
    assert "The test alert is sent." in said(browser, page)
    backups.fence(browser.store, browser.clock())
    browser.enter()
    assert act(browser, page, "as-sent").to == page
    assert "Tick the box" in said(browser, page)
    act(browser, page, "as-sent", sure="yes")
    assert "The fence is lifted." in said(browser, page)
