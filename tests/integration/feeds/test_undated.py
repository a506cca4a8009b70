"""What feeds say of articles whose date is not whole, and when those were updated."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import feedparser
import pytest
import time_machine
from lxml import etree

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from tests.conftest import Article, Blog

ATOM = "{http://www.w3.org/2005/Atom}"
NOW, LATER = "2026-06-01T08:00:00+00:00", "2026-06-02T09:30:00+00:00"
DECEMBER, MAY, NOVEMBER, FEBRUARY = (2021, 12, 17), (2019, 5, 5), (2020, 11, 20), (2018, 2, 3)


def told(blog: Blog) -> dict[str, Any]:
    """The entries of the feed by title."""
    found = feedparser.parse(blog.feed())
    assert not found.bozo
    return {entry.title: entry for entry in found.entries}


def made(article: type[Article], name: str, day: tuple[int, int, int]) -> Article:
    return article(name, day, (f"这是{name}的第一段，它与别的段落都不相同，因为它只说{name}。", f"{name}的第二段。"))


@pytest.fixture
def mixed(blog: Blog, article: type[Article]) -> Blog:
    """After its first import, a blog with an index without years, of which two articles stand on a search page, too."""
    config = blog.home / "digest.toml"
    config.write_text(config.read_text("utf-8").replace("timezone", "backlog = 1\ntimezone", 1), "utf-8")
    days = {"甲": DECEMBER, "乙": MAY, "丙": NOVEMBER, "丁": FEBRUARY, "戊": (2026, 3, 14), "己": (2009, 8, 9)}
    articles = {name: made(article, name, day) for name, day in days.items()}
    blog.index("index.txt", *(articles[name] for name in "甲乙丙丁"))
    blog.search("search.txt", *(articles[name] for name in "戊丙己"))
    with time_machine.travel(NOW, tick=False):
        assert blog.refresh()["added"] == 6
    return blog


def test_undated_entries_of_a_first_import_are_as_old_as_what_is_below_them(mixed: Blog) -> None:
    updated = {title: entry.updated for title, entry in told(mixed).items()}
    assert updated == {
        "戊": NOW,
        "丙": "2020-11-19T16:00:00+00:00",
        "己": "2009-08-08T16:00:00+00:00",
        "甲": "2020-11-19T16:00:00+00:00",  # the nearest dated one below it on its page is 丙
        "乙": "2020-11-19T16:00:00+00:00",
        "丁": "2009-08-08T16:00:00+00:00",  # nothing below it: the oldest of all
    }
    assert {title for title, entry in told(mixed).items() if "published" not in entry} == {"甲", "乙", "丁"}


def test_undated_entries_found_later_are_of_the_moment_of_finding(mixed: Blog, article: type[Article]) -> None:
    index = mixed.home / "dumps" / "index.txt"
    mixed.write("index.txt", made(article, "庚", (2021, 1, 8)).dateblock() + index.read_text("utf-8"))
    with time_machine.travel(LATER, tick=False):
        assert mixed.refresh()["added"] == 1
    assert told(mixed)["庚"].updated == LATER
    assert told(mixed)["甲"].updated == "2020-11-19T16:00:00+00:00"


def test_the_content_says_what_is_known_of_the_date(mixed: Blog) -> None:
    first = {title: entry.content[0].value.splitlines()[0] for title, entry in told(mixed).items()}
    assert (first["甲"], first["丁"]) == ("<p>12月17日，年份未知</p>", "<p>2月3日，年份未知</p>")
    assert first["丙"].startswith("<p>这是丙的第一段")
    assert "年份未知" not in told(mixed)["甲"].summary
    config = mixed.home / "digest.toml"
    config.write_text(config.read_text("utf-8").replace("timezone", 'language = "en"\ntimezone', 1), "utf-8")
    assert told(mixed)["甲"].content[0].value.startswith("<p>17 December, year unknown</p>\n<p>")


def test_no_entry_has_an_empty_content_or_an_invented_author(mixed: Blog, article: type[Article]) -> None:
    mixed.search("more.txt", article("只有标题", (2026, 4, 1), ()), article("有正文", (2026, 4, 2)))
    mixed.refresh()
    entries = told(mixed)
    link = "https://blog.example.org/search/%E5%8F%AA%E6%9C%89%E6%A0%87%E9%A2%98/"
    assert entries["只有标题"].content[0].value == f'<p><a href="{link}">只有标题</a></p>'
    feed = etree.fromstring(mixed.feed())
    authors = {
        entry.findtext(f"{ATOM}title"): entry.findtext(f"{ATOM}author/{ATOM}name")
        for entry in feed.iter(f"{ATOM}entry")
    }
    assert (authors["有正文"], authors["甲"]) == ("山客", None)
    assert feed.findtext(f"{ATOM}author/{ATOM}name") == "山上"


def test_the_real_index_alone_is_undated(blog: Blog, real_dumps: Path) -> None:
    (dump,) = real_dumps.glob("000_*.txt")
    blog.write("index.txt", dump.read_text("utf-8"))
    blog.refresh()
    contents = [entry.content[0].value for entry in told(blog).values()]
    assert len(contents) == 8
    assert all(re.match(r"<p>1?\d月\d+日，年份未知</p>\n<", content) for content in contents)
