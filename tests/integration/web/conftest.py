"""Blogs with content, for tests of pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from digest.app import opened
from digest.settings import load
from tests.integration.web.site import MORE, Desk, Site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Article, Blog, Prepare

SCRIPT = "<script>alert(1)</script>"
ADDRESS = "ada@example.org"


@pytest.fixture
def filled(blog: Blog, article: type[Article], prepared: Prepare) -> Blog:
    """A blog of three articles, one with markup for a title, an edition of them, a subscriber."""
    marked = f"正文里也有 {SCRIPT} 和 <img src=x onerror=alert(2)>。"

    def fill() -> None:
        blog.search(
            "page.txt",
            article("甲", body=("第一段,说的是这篇文章为什么要写。",)),
            article(SCRIPT, (2026, 3, 15), (marked,), author="<b>山客</b>"),
            article("丙 & 丁", (2026, 3, 16), ("另一段文字,说的是别的。",)),
        )
        blog.run("subscribers", "add", ADDRESS)
        blog.refresh()
        blog.run("edition", "cut")

    prepared(blog.home, fill)
    return blog


@pytest.fixture
def site(filled: Blog) -> Iterator[Site]:
    settings = load(filled.home / "digest.toml")
    with opened(settings) as store:
        yield Site(store, settings)


@pytest.fixture
def desk(blog: Blog, article: type[Article], prepared: Prepare) -> Iterator[Desk]:
    config = blog.home / "digest.toml"

    def fill() -> None:
        config.write_text(config.read_text("utf-8").replace("[mail]", MORE + "[mail]"), "utf-8")
        other = article("诗的故事", (2026, 3, 13), ("另一段文字。",))
        blog.search("search.txt", article("数的故事", (2026, 3, 14)), other)
        blog.refresh()

    prepared(blog.home, fill)
    settings = load(config)
    with opened(settings) as store:
        yield Desk(blog, store, settings)
