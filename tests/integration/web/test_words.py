"""The words of pages, in both languages: visitors' words, one term for one thing, and nothing that is not so."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
import time_machine

from digest.app import opened
from digest.model import Content, DateKind, EntryDate
from digest.service.publishing import browsing
from digest.settings import load
from digest.typeset.dates import known_day
from tests.integration.web.site import Site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Article, Blog

LANGUAGES = ("zh-CN", "en")
PAGES = (
    "/", "/about", "/reading", "/subscribe", "/sources/blog", "/topics/notes", "/archive", "/archive/undated",
    "/search", "/search?q=甲", "/most-read", "/editions", "/digests/weekly/next", "/nothing",
)  # fmt: skip
OPERATORS = re.compile(
    r"列表页|待处理|快照|listing page|\bdumps?\b|\bconfig|\.txt\b|\.toml\b|\bIDs?\b|Asia/", re.IGNORECASE
)
MORE = '[[topics]]\nid = "notes"\ntitle = "笔记"\nwords = ["甲"]\n[signup]\nexpires = "3d"\n'


@pytest.fixture
def site(blog: Blog, article: type[Article]) -> Iterator[Site]:
    config = blog.home / "digest.toml"
    config.write_text(config.read_text("utf-8") + MORE, "utf-8")
    blog.search("page-1.txt", article("甲", (2026, 3, 14), ("甲的正文,到此为止。",)))
    blog.index("page-2.txt", article("乙", (2021, 12, 17), ("乙的正文。",)))
    blog.refresh()
    blog.run("edition", "cut")
    settings = load(config)
    with opened(settings) as store:
        yield Site(store, settings)


def words(site: Site, path: str, language: str) -> str:
    """The text of a page, white space folded."""
    page = site(path, accept_language=language).page
    for element in page.xpath("//style | //script"):
        element.drop_tree()
    return " ".join(page.text_content().split())


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_has_file_names_or_words_of_operators(site: Site, language: str) -> None:
    for path in PAGES:
        assert not OPERATORS.search(words(site, path, language)), path


def test_chinese_sentences_and_colons_have_no_space_behind_them(site: Site) -> None:
    for path in ("/", "/about", "/subscribe", "/reading"):
        page = site(path, accept_language="zh-CN").page
        for sentence in page.xpath("//footer/p | //section//p"):
            assert not re.search(r"[。：，] (?=[^\s·]*[\u4e00-\u9fff])", " ".join(sentence.text_content().split())), (
                path
            )


def test_about_says_how_long_a_request_is_stored(site: Site) -> None:
    assert "未确认的申请会在 72 小时后自动删除" in words(site, "/about", "zh-CN")
    assert "we delete it after 72 hours" in words(site, "/about", "en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_how_to_read_tells_of_all_feeds_and_both_scripts(site: Site, language: str) -> None:
    page = site("/reading", accept_language=language).page
    assert "/digests/weekly/feed.atom" in page.xpath("//section//a/@href")
    told = words(site, "/reading", language)
    for one in ("?script=hans", "?script=hant"):
        assert one in told
    for one in (
        ("年份未知的文章会在开头写明", "存档", "专有的订阅源")
        if language == "zh-CN"
        else ("begins with what is known", "archive", "feed of their own")
    ):
        assert one in told


def test_one_source_is_no_part_of_everything(site: Site) -> None:
    named = [one.text_content() for one in site("/subscribe", accept_language="zh-CN").page.cssselect(".names li > a")]
    assert named == ["笔记"]


def test_a_feed_says_that_a_year_was_inferred(site: Site) -> None:
    day = EntryDate(12, 7, 2020, DateKind.INFERRED)
    assert (known_day(day, "zh-CN"), known_day(day, "en")) == (
        "2020年12月7日，年份为推断",
        "7 December 2020, year inferred",
    )
    assert known_day(EntryDate(12, 7, 2020, DateKind.EXACT), "zh-CN") == "2020年12月7日"
    assert b"<p>12\xe6\x9c\x8817\xe6\x97\xa5" in site("/feed.atom").body
    assert b"2026\xe5\xb9\xb43" not in site("/feed.atom").body


def test_a_year_that_another_page_of_the_first_reading_gave_is_no_revision(blog: Blog, article: type[Article]) -> None:
    made = article("甲", (2021, 3, 5), ("甲的正文,说的只是甲。", "末尾。"))
    blog.index("index.txt", made)
    blog.search("search.txt", made)
    blog.refresh()
    (shown,) = blog.listed("entries", "show", blog.entries()["甲"]["id"])
    assert [(one["cause"], one["date"]["year"]) for one in shown["history"]] == [
        ("first", None),
        ("author", None),
        ("date", 2021),
    ]
    settings = load(blog.home / "digest.toml")
    with opened(settings) as store:
        assert "修改记录" not in words(Site(store, settings), f"/entries/{blog.entries()['甲']['id']}", "zh-CN")


def test_readers_counted_on_one_day_are_a_sentence_and_no_chart(blog: Blog, article: type[Article]) -> None:
    for hour, count in ((8, 1_000), (9, 5_748)):
        with time_machine.travel(datetime(2026, 6, 30, hour, tzinfo=UTC), tick=False):
            blog.search("search.txt", article("甲", (2021, 3, 5), readers=count))
            blog.refresh()
    settings = load(blog.home / "digest.toml")
    path = f"/entries/{blog.entries()['甲']['id']}"
    with opened(settings) as store:
        site = Site(store, settings)  # whose clock is on the day after
        assert "读者数变化 昨天新增4,748位读者" in words(site, path, "zh-CN")
        assert "Readers +4,748 readers, yesterday" in words(site, path, "en")
        assert b"<svg" not in site(path).body


@pytest.mark.parametrize(
    ("paragraphs", "asked", "shown"),
    [
        (("说完了一句很长很长的开头" * 3 + "。这里说到黎曼猜想,后面还有。", "尾" * 200), "黎曼", "这里说到"),
        (("很长的开头" * 9 + ",中间的话" * 3 + ",终于说到黎曼。",), "黎曼", "……中间的话，"),
        (("结论", "这里说到黎曼。"), "黎曼", "结论 这里说到"),
        (("字" * 60 + "Seq2Seq" + "字" * 25 + "黎曼",), "黎曼", "……Seq2Seq"),
    ],
)
def test_what_was_found_begins_with_a_sentence_clause_or_word(
    paragraphs: tuple[str, ...], asked: str, shown: str
) -> None:
    assert found(paragraphs, asked).startswith(shown)


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("黎曼的论文" + "说得很清楚" * 16 + "。" + "又是一句" * 20, "说得很清楚。"),
        ("黎曼的论文" + "说得很清楚" * 16 + ",而且" + "又是一句" * 20, "说得很清楚……"),
        ("黎曼的" + "话" * 110 + "Transformer" + "话" * 40, "话……"),
        ("黎曼的一句话。", "黎曼</mark>的一句话。"),
    ],
)
def test_what_was_found_ends_with_a_sentence_clause_or_word(text: str, end: str) -> None:
    assert found((text,), "黎曼").endswith(end)


def found(paragraphs: tuple[str, ...], asked: str) -> str:
    """The stretch of a text that the results of a search show."""
    shown = browsing.excerpt_around(Content("题", None, paragraphs, ()), asked)
    assert "<mark>" in shown
    return shown
