"""Reader counts from dump to edition: a series for each source, which no stale file or other counter disturbs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine

if TYPE_CHECKING:
    from tests.conftest import Article, Blog

START = datetime(2026, 10, 5, 2, tzinfo=UTC)
TITLE = "数到几的文章"
MIRROR = """
[[sources]]
id = "mirror"
title = "镜"
path = "mirror"
[[digests]]"""


class Counter:
    """One article whose counts several dumps of two sources show, crawled once a day."""

    def __init__(self, blog: Blog, article: type[Article]) -> None:
        config = blog.home / "digest.toml"
        config.write_text(config.read_text("utf-8").replace("\n[[digests]]", MIRROR), "utf-8")
        (blog.home / "mirror").mkdir()
        self._blog, self._article, self._days = blog, article, 0

    def _refresh(self) -> None:
        """A source without any dump has failed."""
        self._run("refresh", code=0 if any((self._blog.home / "mirror").iterdir()) else 1)

    def crawl(self, **dumps: int) -> None:
        """Write the count into each named dump, and refresh. Those of the mirror begin with its name."""
        self._days += 1
        for name, readers in dumps.items():
            folder = "../mirror" if name.startswith("mirror") else "."
            self._blog.search(f"{folder}/{name}.txt", self._article(TITLE, readers=readers))
        self._refresh()

    def won(self) -> int:
        """What the next edition says that it won; another article makes sure that there is one."""
        body = f"第{self._days}天写下的另一段话,与别的话都不相同,长到认得出来。"
        self._blog.search(f"new{self._days}.txt", self._article(f"第{self._days}天", body=(body,)))
        self._refresh()
        self._run("edition", "cut")
        (edition,) = self._blog.listed("edition", "show", self._blog.listed("edition", "list")[0]["key"])
        return sum(one["gained"] for one in edition["entries"] if one["section"] == "most_read")

    def series(self, source: str = "blog") -> list[int]:
        (entry,) = self._blog.listed("entries", "show", self._blog.entries()[TITLE]["id"])
        return [count["readers"] for count in entry["counts"] if count["source"] == source]

    def readers(self) -> int:
        return int(self._blog.entries()[TITLE]["readers"])

    def _run(self, *command: str, code: int = 0) -> None:
        with time_machine.travel(START + self._days * timedelta(days=1), tick=False):
            self._blog.run(*command, code=code)


@pytest.fixture
def counter(blog: Blog, article: type[Article]) -> Counter:
    return Counter(blog, article)


def test_two_counters_of_one_article_are_two_series(counter: Counter) -> None:
    counter.crawl(index=100, mirror=9000)
    counter.won()
    counter.crawl(index=103, mirror=9001)
    assert counter.readers() == 9001  # the mirror was read last
    assert counter.won() == 3
    counter.crawl(index=104)
    assert counter.readers() == 104
    assert counter.won() == 1
    assert (counter.series(), counter.series("mirror")) == ([100, 103, 104], [9000, 9001])


def test_a_counter_that_begins_anew_has_won_what_it_shows_since(counter: Counter) -> None:
    counter.crawl(index=5000)
    counter.won()
    counter.crawl(index=20)
    assert counter.won() == 0
    counter.crawl(index=45)
    assert counter.won() == 25
    assert counter.series() == [5000, 20, 45]


def test_a_stale_file_makes_no_series_go_up_and_down(counter: Counter) -> None:
    counter.crawl(index=100, tag=100)
    counter.won()
    counter.crawl(index=140)
    counter.crawl(tag=120)  # later than it was, and older than the index page
    counter.crawl(index=150, search=90)  # older than all
    counter.crawl(tag=149)
    assert counter.series() == [100, 140, 150]
    assert counter.won() == 50
    counter.crawl(tag=152)
    assert counter.series() == [100, 140, 150, 152]


def test_behind_a_fall_an_older_file_is_believed_to_be_one(counter: Counter) -> None:
    counter.crawl(index=5000, tag=4990)
    counter.won()
    counter.crawl(index=20)
    counter.crawl(tag=4995, copy=4980)
    counter.crawl(index=22)
    assert counter.series() == [5000, 20, 22]
    assert counter.won() == 2
    counter.crawl(tag=23)
    assert counter.series() == [5000, 20, 22, 23]
