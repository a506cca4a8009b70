"""A removed entry in an edition that is not sent yet: mails and page say so, and nothing of what it said."""

from __future__ import annotations

import email
import json
from email import policy
from typing import TYPE_CHECKING

import pytest

from digest.app import opened
from digest.settings import load
from tests.integration.web.site import Site

if TYPE_CHECKING:
    from tests.conftest import Article, Blog

NOTES = {"zh_CN": "本站不再收录这篇文章。", "en": "This article was taken back."}


@pytest.fixture
def made(blog: Blog, article: type[Article]) -> Blog:
    """An edition of three new entries and a corrected one, for two subscribers of two languages; nothing is sent."""
    old = article("旧文", (2026, 3, 10), ("第一句没有变过，", "说的是潮汐。"))
    blog.search("page.txt", old)
    blog.run("subscribers", "add", "ada@example.org")
    blog.run("subscribers", "add", "eve@example.org", "--language", "en")
    blog.refresh()
    blog.run("edition", "cut")
    blog.run("edition", "send")
    new = [
        article(title, (2026, 3, 20 + n), (f"{title}的第一段文字。",))
        for n, title in enumerate(("甲文", "乙文", "丙文"))
    ]
    changed = article("旧文", (2026, 3, 10), ("第一句没有变过，", "说的是潮水涨落的道理。"))
    blog.search("page.txt", *new[::-1], changed)
    blog.refresh()
    blog.run("edition", "cut")
    return blog


def sent(blog: Blog) -> dict[str, str]:
    """The subject and all text of each mail of the second edition, by its recipient."""
    before = set(blog.mails())
    blog.run("edition", "send")
    found = {}
    for raw in [one for one in blog.mails() if one not in before]:
        mail = email.message_from_bytes(raw, policy=policy.default)
        parts = [str(part.get_content()) for part in mail.walk() if part.get_content_maintype() == "text"]
        found[str(mail["To"])] = "\n".join([str(mail["Subject"]), *parts])
    return found


@pytest.mark.parametrize("title", ["丙文", "甲文"])
def test_a_mail_that_is_not_sent_yet_says_that_an_entry_was_taken_back(made: Blog, title: str) -> None:
    gone = made.entries()[title]["id"]
    said = made.run("entries", "remove", gone)
    assert "say in its place that it was taken back" in said
    mails = sent(made)
    assert len(mails) == 2
    for address, language in (("ada@example.org", "zh_CN"), ("eve@example.org", "en")):
        assert NOTES[language] in mails[address]
        assert title not in mails[address]
        assert all(f"{other}的第一段文字" in mails[address] for other in {"甲文", "乙文", "丙文"} - {title})
        subject = mails[address].partition("\n")[0]
        assert NOTES[language] not in subject
        assert not subject.endswith("(2)")
        assert "潮水涨落的道理" in mails[address]


def test_the_page_of_the_edition_says_so_too(made: Blog) -> None:
    (newest, *_) = made.listed("edition", "list")
    settings = load(made.home / "digest.toml")
    with opened(settings) as store:
        path = f"/editions/{newest['key']}"
        assert "乙文" in Site(store, settings)(path).page.text_content()
        made.run("entries", "remove", made.entries()["乙文"]["id"])
        page = Site(store, settings)(path).page
    assert "乙文" not in page.text_content()
    assert len(page.xpath("//*[@class='gone']")) == 2
    assert page.xpath("string(//*[@class='gone'])") == NOTES["zh_CN"]


def test_only_editions_with_mails_to_send_are_named(made: Blog) -> None:
    (newest, *_) = made.listed("edition", "list")
    removed = json.loads(made.run("entries", "remove", made.entries()["甲文"]["id"], "--json"))
    assert removed["editions"] == [newest["key"]]
    sent(made)
    removed = json.loads(made.run("entries", "remove", made.entries()["丙文"]["id"], "--json"))
    assert removed["editions"] == []
