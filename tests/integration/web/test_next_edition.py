"""The page of the next edition: what it would announce now, as the operator planned it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine

from digest.app import opened
from digest.settings import load
from tests.integration.web.site import Site

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Article, Blog

MONDAY = datetime(2026, 7, 6, 0, 1, tzinfo=UTC)  # a minute after the slot; the pages' clock is on July 1
PATH = "/digests/weekly/next"


@pytest.fixture
def page(blog: Blog, article: type[Article]) -> Callable[[], str]:
    """The page as visitors see it."""
    with time_machine.travel(MONDAY - timedelta(days=9), tick=False):
        blog.search("page.txt", article("旧的", (2026, 6, 20), ("旧的正文。",)))
        blog.refresh()
        blog.run("edition", "cut")
        blog.search(
            "page.txt",
            article("甲", (2026, 6, 26), ("甲的正文。",)),
            article("乙", (2026, 6, 25), ("乙的正文。",)),
            article("旧的", (2026, 6, 20), ("旧的正文。",)),
        )
        blog.refresh()

    def shown() -> str:
        settings = load(blog.home / "digest.toml")
        with opened(settings) as store:
            reply = Site(store, settings)(PATH, accept_language="zh-CN")
        assert reply.status == 200
        assert reply.headers["x-robots-tag"] == "noindex"
        return reply.body.decode()

    return shown


def test_it_shows_what_the_next_edition_would_announce_and_when(blog: Blog, page: Callable[[], str]) -> None:
    shown = page()
    assert shown.index("甲</a>") < shown.index("乙</a>")
    assert "旧的</a>" not in shown
    assert 'datetime="2026-07-06T08:00+08:00"' in shown
    blog.run("edition", "leave-out", "甲")
    assert "甲</a>" not in page()


def test_it_has_the_order_of_the_mail(blog: Blog, page: Callable[[], str]) -> None:
    config = blog.home / "digest.toml"
    config.write_text(config.read_text("utf-8") + '[[topics]]\nid = "second"\ntitle = "乙"\nwords = ["乙"]\n', "utf-8")
    shown = page()
    assert shown.index("乙</a>") < shown.index("甲</a>")


def test_it_says_when_there_is_nothing_new(blog: Blog, page: Callable[[], str]) -> None:
    with time_machine.travel(MONDAY - timedelta(days=8), tick=False):
        blog.run("edition", "cut")
    assert "目前还没有新文章" in page()


def test_there_is_none_of_an_unknown_digest_and_the_editions_lead_to_it(blog: Blog, page: Callable[[], str]) -> None:
    page()
    settings = load(blog.home / "digest.toml")
    with opened(settings) as store:
        site = Site(store, settings)
        assert site("/digests/other/next").status == 404
        assert f'href="{PATH}"' in site("/editions").body.decode()
