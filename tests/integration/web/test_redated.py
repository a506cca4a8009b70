"""A year that was inferred and proved wrong: mail, page, history and feed after an exact date came."""

from __future__ import annotations

import email
import email.policy
import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from lxml import etree
from lxml import html as lxml_html

from digest.app import opened
from digest.settings import load
from tests.integration.web.site import Site

if TYPE_CHECKING:
    from tests.conftest import Article, Blog

OLD = "旧文置顶"
FIRST = date(2021, 5, 10)  # a Monday; one article comes each Monday
WEEK = timedelta(days=7)
WRONG, RIGHT = "2021年7月13日", "2019年7月13日"
ATOM = "{http://www.w3.org/2005/Atom}"


class Weekly:
    """A weekly blog whose index page of eight articles is read each Thursday; an edition is made and sent then."""

    def __init__(self, blog: Blog, article: type[Article]) -> None:
        self.blog, self._article = blog, article

    def weekly(self, number: int) -> Article:
        day = FIRST + number * WEEK
        body = (f"这是第{number}周的文章,说的是{'天地玄黄宇宙洪荒日月盈昃'[number] * 30},和别的文章没有一句相同。",)
        return self._article(f"第{number}周的见闻", (day.year, day.month, day.day), body)

    def old(self) -> Article:
        return self._article(OLD, (2019, 7, 13), ("多年以前写下的文字,现在读来仍有一点意思,所以放到最前面来。" * 2,))

    def crawl(self, weeks: int, *pinned: Article) -> None:
        """Read the page as it is after so many weeks, and let an edition go out."""
        newest = [self.weekly(number) for number in range(weeks)][::-1]
        self.blog.index("index.txt", *pinned, *newest[:8])
        moment = datetime.combine(FIRST + weeks * WEEK - timedelta(days=4), datetime.min.time(), UTC)
        with time_machine.travel(moment.replace(hour=4), tick=False):
            self.blog.refresh()
        with time_machine.travel(moment.replace(hour=5), tick=False):
            self.blog.run("edition", "cut")
            self.blog.run("edition", "send")


@pytest.fixture
def blog_of_before(blog: Blog, article: type[Article]) -> Blog:
    """An old article was pinned to the top between two readings, and its day lies between them; then its date came."""
    made = Weekly(blog, article)
    with time_machine.travel(datetime(2021, 6, 1, tzinfo=UTC), tick=False):
        blog.run("subscribers", "add", "ada@example.org", "--language", "zh_CN")
        blog.run("subscribers", "add", "bob@example.org", "--language", "en")
    blog.search("search.txt", *(made.weekly(number) for number in range(4)))
    made.crawl(8)
    made.crawl(9)
    made.crawl(10, made.old())
    assert blog.entries()[OLD]["date"] == {"year": 2021, "month": 7, "day": 13, "kind": "inferred"}
    blog.search("search.txt", *(made.weekly(number) for number in range(4)), made.old())
    made.crawl(11, made.old())
    return blog


def newest(blog: Blog, address: str) -> tuple[str, str]:
    """The HTML of the newest mail to somebody as text, and its text, white space folded."""
    mails = [email.message_from_bytes(raw, policy=email.policy.default) for raw in blog.mails()]
    *_, mail = sorted((one for one in mails if address in one["To"]), key=lambda one: one["Date"].datetime)
    html, text = mail.get_body(("html",)), mail.get_body(("plain",))
    assert html
    assert text
    page = lxml_html.document_fromstring(html.get_content()).text_content()
    return " ".join(page.split()), " ".join(text.get_content().split())


def test_a_wrong_year_that_was_published_is_corrected_openly(blog_of_before: Blog) -> None:
    blog = blog_of_before
    entry = blog.entries()[OLD]
    assert entry["date"] == {"year": 2019, "month": 7, "day": 13, "kind": "exact"}

    for words in newest(blog, "ada@example.org"):
        corrected = words[words.index("有修改的文章") :]
        assert OLD in corrected
        assert f"日期：{WRONG} → {RIGHT}" in corrected
        assert "正文有修改" not in corrected
    for words in newest(blog, "bob@example.org"):
        assert "date: 13 July 2021 → 13 July 2019" in words[words.index("Corrected") :]
        assert "its text was corrected" not in words

    settings = load(blog.home / "digest.toml")
    with opened(settings) as store:
        site = Site(store, settings)
        path = f"/entries/{entry['id']}"
        pages = [" ".join(site(path, accept_language=one).page.text_content().split()) for one in ("zh-CN", "en")]
        (edition, *_) = blog.listed("edition", "list")
        issue = site(f"/editions/{edition['key']}", accept_language="zh-CN").page.text_content()
    assert f"{OLD} 日期：{WRONG} → {RIGHT}" in " ".join(issue.split())
    assert f"更正了日期：{WRONG} → {RIGHT}" in pages[0]
    assert "date corrected: 13 July 2021 → 13 July 2019" in pages[1]


def test_the_history_says_when_the_date_was_which(blog_of_before: Blog) -> None:
    blog = blog_of_before
    name = blog.entries()[OLD]["id"]
    (shown,), (explained,) = blog.listed("entries", "show", name), blog.listed("explain", name)
    for steps in (shown["history"], explained["revisions"]):
        dated = [(step["cause"], step["significant"], step["date"]["year"], step["date"]["kind"]) for step in steps]
        assert dated == [
            ("first", True, None, "partial"),
            ("date", False, 2021, "inferred"),
            ("redated", True, 2019, "exact"),
        ]
    revisions = [line for line in blog.run("entries", "show", name).splitlines() if line.startswith("revision ")]
    assert [re.sub(r"\d{4}-.*?  ", "", line) for line in revisions] == [
        "revision 1  first",
        "revision 2  date  13 July 2021 (inferred)",
        "revision 3  redated  13 July 2019 (exact)",
    ]
    assert "redated, from blog/search.txt: 13 July 2019 (exact)" in blog.run("explain", name)


def test_the_feed_entry_has_the_right_day_and_moved(blog_of_before: Blog) -> None:
    blog = blog_of_before
    with time_machine.travel(datetime(2021, 7, 22, 6, tzinfo=UTC), tick=False):
        (found,) = [e for e in etree.fromstring(blog.feed()).iter(f"{ATOM}entry") if e.findtext(f"{ATOM}title") == OLD]
    assert (found.findtext(f"{ATOM}published") or "").startswith("2019-07-13")
    assert (found.findtext(f"{ATOM}updated") or "").startswith("2021-07-22")
    assert "2021年7月13日" not in etree.tostring(found, encoding="unicode")


def test_a_text_and_a_date_that_are_corrected_in_one_reading_are_both_announced(
    blog: Blog, article: type[Article]
) -> None:
    made = Weekly(blog, article)
    with time_machine.travel(datetime(2021, 6, 1, tzinfo=UTC), tick=False):
        blog.run("subscribers", "add", "bob@example.org", "--language", "en")
    blog.search("search.txt", *(made.weekly(number) for number in range(4)))
    made.crawl(8)
    made.crawl(9)
    made.crawl(10, made.old())
    new = article("旧文再置顶", (2019, 7, 13), made.old().body)
    blog.search("search.txt", *(made.weekly(number) for number in range(4)), new)
    made.crawl(11, new)

    for words in newest(blog, "bob@example.org"):
        corrected = words[words.index("Corrected") :]
        assert f"was: {OLD}" in corrected
        assert "date: 13 July 2021 → 13 July 2019" in corrected
