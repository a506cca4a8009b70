"""What a dump showed while it was held is not lost, and another site never takes its place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import time_machine

if TYPE_CHECKING:
    from tests.conftest import Article, Blog

START, WEEK = datetime(2026, 3, 5, 4, tzinfo=UTC), timedelta(weeks=1)
BODY = "这是第{n}篇文章的正文,说的事情各不相同,写得足够长,好让谁也不会把它同别的文章弄混,第{n}篇。"


def several(article: type[Article], first: int, end: int) -> list[Article]:
    """The articles of these numbers, newest first."""
    return [
        article(f"第{n}篇", (START + timedelta(days=n)).timetuple()[:3], (BODY.format(n=n),))
        for n in reversed(range(first, end))
    ]


def test_what_only_the_held_reading_showed_is_announced_once_when_the_hold_ends(
    blog: Blog, article: type[Article]
) -> None:
    with time_machine.travel(START, tick=False) as clock:
        blog.index("index.txt", *several(article, 0, 3))
        blog.refresh()
        clock.shift(WEEK)
        blog.index("index.txt", *several(article, 3, 6))
        assert blog.refresh()["held"] == 1
        clock.shift(WEEK)
        blog.index("index.txt", *several(article, 4, 7))
        counts = blog.refresh()
        assert (counts["held"], counts["added"]) == (0, 4)
        assert set(blog.entries()) == {f"第{n}篇" for n in range(7)}
        clock.shift(WEEK)
        blog.index("index.txt", *several(article, 5, 8))
        assert blog.refresh()["added"] == 1
        blog.index("index.txt", *several(article, 6, 8))
        assert blog.refresh()["held"] == 0  # two of three, not of the four that the release announced
        blog.run("edition", "cut")
    (edition,) = blog.listed("edition", "show", blog.listed("edition", "list")[0]["key"])
    assert sorted(entry["title"] for entry in edition["entries"]) == [f"第{n}篇" for n in range(8)]


def test_another_site_is_held_however_often_it_shows_the_same(blog: Blog, article: type[Article]) -> None:
    english = [
        article(
            f"Post {n}",
            (2025, 8, n),
            (f"Post number {n} tells at some length how a garden shed was built.",),
            author="John",
        )
        for n in range(1, 9)
    ]
    with time_machine.travel(START, tick=False) as clock:
        blog.search("page.txt", *several(article, 0, 8))
        blog.refresh()
        for _ in range(4):
            clock.shift(WEEK)
            blog.search("page.txt", *english)
            assert blog.refresh()["held"] == 1
        (held,) = blog.listed("status")[0]["sources"][0]["troubled"]
        assert held["reason"].endswith("and it looks like another site")
        assert len(blog.entries()) == 8
        assert blog.listed("source", "approve", "blog")[0]["held"] == 0
        assert len(blog.entries()) == 16
