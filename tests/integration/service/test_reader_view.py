"""Editions as subscribers see them: names, subjects, originals, and texts that an older program froze."""

from __future__ import annotations

import email
import email.policy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from lxml import html as lxml_html

from digest.mail.composing.message import edition_message
from digest.mail.composing.message_template import ADDRESS, LEAVE_URL, PREFERENCES_URL
from digest.model import Body, DigestId, Edition, EditionKey, Section, Selected, Variant
from digest.records.editions import Recipient
from digest.service.editions import drafts
from digest.service.mailing.composing import MailComposer, edition_mail
from digest.service.people import subscribers
from digest.service.publishing.pages import Reading
from tests.golden import mails as golden
from tests.integration.service.test_editions import DAY, HOUR, MONDAY, opened

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Article
    from tests.integration.service.test_editions import Paper

BEFORE = golden.FOLDER / "before" / "weekly.eml"  # as the program made it that named editions by weeks of a month


@pytest.fixture
def paper(tmp_path: Path, article: type[Article]) -> Iterator[Paper]:
    """A blog whose originals can be found."""
    with opened(tmp_path, article, link="https://blog.example/{title}/") as made:
        yield made


def test_mails_pages_and_lists_name_an_edition_by_the_same_days(paper: Paper) -> None:
    keys = []
    for week, title in enumerate("甲乙"):
        paper.now = MONDAY + timedelta(days=7 * week - 1)
        paper.publish(title)
        keys += paper.tick(at=MONDAY + 7 * week * DAY)
    reading = Reading(paper.store, paper.settings)
    for language, names in (
        ("zh_CN", ["2026年11月5日—15日", "2026年11月16日—22日"]),
        ("en", ["5–15 November 2026", "16–22 November 2026"]),
    ):
        for key, name in zip(keys, names, strict=True):
            view = reading.edition(EditionKey(key), language)
            assert view is not None
            assert view.days == name
        listed = [link.title for link in reading.editions(language)]
        assert listed == [f"每周 · {name}" for name in reversed(names)]
        home = reading.home(language)
        assert home is not None
        assert [link.title for link in home.editions] == listed
    for key, name in zip(keys, ["11月5日—15日", "11月16日—22日"], strict=True):
        assert paper.words(key).subject.endswith(f"· 每周（{name}）")
        assert f"2026年{name}" in paper.words(key).text
        assert f"2026年{name}" in paper.words(key).html


def test_editions_of_equal_days_and_titles_in_two_years_have_two_subjects(paper: Paper) -> None:
    paper.options = {"schedule": "daily 08:00"}
    subjects = []
    for year in (2026, 2027, 2028):
        for day, title in ((18, f"前一天{year}"), (19, "生日快乐")):
            paper.now = datetime(year, 11, day, 4, tzinfo=UTC)
            paper.publish(title)
            (key,) = paper.tick(at=datetime(year, 11, day + 1, 0, tzinfo=UTC))
        subjects.append(paper.words(key).subject)
    assert subjects == [
        "生日快乐 · 每周（11月19日）",
        "生日快乐 · 每周（2027年11月19日）",
        "生日快乐 · 每周（2028年11月19日）",
    ]


def test_editions_that_are_cut_within_a_minute_have_two_subjects(paper: Paper) -> None:
    paper.publish("甲")
    paper.cut()
    made = []
    for second in (10, 20, 30):
        paper.now += timedelta(seconds=second)
        paper.articles[0] = replace(paper.articles[0], body=(f"这一次说的是第{second}件事，和先前说的完全不同。",))
        paper.refresh()
        key = paper.cut()
        assert key is not None
        made.append(paper.words(key).subject)
    assert len(set(made)) == 3


def test_a_mail_leads_to_our_page_and_to_the_original(paper: Paper) -> None:
    paper.publish("甲 乙")
    (key,) = paper.tick(at=MONDAY)
    page = lxml_html.document_fromstring(paper.words(key).html)
    with paper.store.read() as tx:
        (one,) = tx.editions.selected(EditionKey(key))
    assert page.xpath("//h3/a/@href") == [f"https://digest.example.org/entries/{one.entry.id}"]
    assert page.xpath("//a[text()='原文']/@href") == ["https://blog.example/%E7%94%B2%20%E4%B9%99/"]


def test_a_formula_that_is_written_otherwise_and_looks_the_same_is_announced_to_nobody(paper: Paper) -> None:
    paper.publish("甲")
    told = "不等式$a\\leq b$总是成立的，这一点前面已经说明了理由。"
    paper.articles[0] = replace(paper.articles[0], body=(told,))
    paper.refresh()
    paper.tick(at=MONDAY)
    paper.now += HOUR
    paper.articles[0] = replace(paper.articles[0], body=(told.replace("\\leq", "\\le"),))
    paper.refresh()
    paper.tick(at=MONDAY + 7 * DAY)
    paper.articles[0] = replace(paper.articles[0], body=(told.replace("\\leq", "\\geq"),))
    paper.refresh()
    paper.tick(at=MONDAY + 14 * DAY)
    assert paper.told(Section.CORRECTED) == [[], [], ["甲"]]


def frozen(subject: str, text: str, html: str) -> Body:
    """Words as they are stored, marks in the place of what is the reader's."""
    for value, mark in ((golden.LEAVE_URL, LEAVE_URL), (golden.PREFERENCES_URL, PREFERENCES_URL)):
        text, html = text.replace(value, mark), html.replace(value, mark)
    return Body(
        "zh_CN", subject, html.replace("reader@example.org", ADDRESS), text.replace("reader@example.org", ADDRESS)
    )


def test_words_that_an_older_program_froze_are_shown_and_sent_as_they_are(paper: Paper) -> None:
    old = email.message_from_bytes(BEFORE.read_bytes(), policy=email.policy.default)
    plain, page = old.get_body(("plain",)), old.get_body(("html",))
    assert plain is not None
    assert page is not None
    kept = frozen(
        str(old["Subject"]), plain.get_content().replace("\r\n", "\n"), page.get_content().replace("\r\n", "\n")
    )
    assert "11月第3周" in kept.subject
    paper.publish("甲")
    person = subscribers.add(
        paper.store, paper.settings, "ada@example.org", digests=["weekly"], now=paper.now
    ).subscriber
    key = EditionKey("weekly/2026-W46")
    with paper.store.write() as tx:
        (entry,) = tx.entries.newest(limit=1)
        made = Edition(key, DigestId("weekly"), None, None, paper.now, empty=False)
        recipient = Recipient(person.id, "<old@example.org>", 0, paper.now)
        assert tx.editions.make(made, [Selected(Section.NEW, entry)], [Variant(kept, (0,))], [recipient])

    shown = Reading(paper.store, paper.settings).edition(key, "zh_CN")
    assert shown is not None
    assert [one.title for one in shown.new] == ["甲"]
    assert shown.days == "2026年11月5日—11日"
    with paper.store.write() as tx:
        (delivery,) = tx.deliveries.lease(paper.now, paper.now + HOUR, 10)
        stored = tx.editions.variants(key)[0].body
        secret, drawn = b"x" * 32, drafts.edition_pictures(tx, stored)
    letters = MailComposer(paper.settings, secret)
    letters.add_body(key, 0, stored, drawn)
    alone = edition_mail(
        paper.settings, secret, key, DigestId("weekly"), person, stored, drawn,
        message_id=delivery.message_id, written_at=delivery.written_at, agreed_at=delivery.agreed_at,
    )  # fmt: skip
    for raw in (letters.compose(delivery), edition_message(alone)):
        sent = email.message_from_bytes(raw, policy=email.policy.default)
        assert sent["Subject"] == kept.subject
        body = sent.get_body(("plain",))
        assert body is not None
        assert "ada@example.org" in body.get_content()
        assert "圆周率小于" in body.get_content()

    paper.publish("乙")
    (new,) = paper.tick(at=MONDAY)
    assert paper.words(new).subject == "乙 · 每周（11月12日—15日）"
