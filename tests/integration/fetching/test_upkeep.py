"""What fetched sources mean for the rest: forgetting, renaming, tidying, the status of very many, the contact."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine

from digest.app import clock as present
from digest.app import opened
from digest.cli import status
from digest.service.fetching.fetching import Collector, user_agent
from digest.service.operating.status import monitored_state
from digest.service.upkeep.retention import tidy_fetches
from digest.settings import load
from tests.sites import NOW, Site, response

if TYPE_CHECKING:
    from tests.conftest import Article, Blog

URL = 'url = "{}/index"\nallow_private = true'


@pytest.fixture(autouse=True)
def clock() -> Any:
    with time_machine.travel(NOW, tick=False) as travelling:
        yield travelling


@pytest.fixture
def by_url(blog: Blog, site: Site, article: type[Article]) -> Blog:
    """A blog that was fetched once."""
    site.pages["/index"] = response("".join(article(title).dateblock() for title in ("甲的题目", "乙的题目")))
    change(blog, 'path = "dumps"', URL.format(site.url))
    blog.refresh()
    return blog


def change(blog: Blog, before: str, after: str) -> None:
    file = blog.home / "digest.toml"
    text = file.read_text("utf-8")
    assert before in text
    file.write_text(text.replace(before, after), "utf-8")


def test_what_is_still_fetched_is_not_forgotten(by_url: Blog, site: Site) -> None:
    page = f"{site.url}/index"
    assert "still there" in by_url.run("source", "forget", "blog", page, "--yes", code=1)
    change(by_url, "/index", "/other")
    by_url.run("source", "forget", "blog", page, "--yes")
    assert by_url.entries() == {}


def test_what_was_fetched_follows_a_new_name(by_url: Blog, site: Site) -> None:
    change(by_url, 'id = "blog"', 'id = "new"')
    by_url.run("source", "rename", "blog", "new")
    site.pages["/index"] = response("", "503 Service Unavailable")
    by_url.run("refresh", code=1)
    (listed,) = by_url.listed("source", "fetches", "new")
    assert listed["source"] == "new"
    assert len(listed["kept"]) == 1
    assert set(by_url.entries()) == {"甲的题目", "乙的题目"}


def test_what_came_from_an_address_that_is_no_longer_used_goes_after_a_while(by_url: Blog, clock: Any) -> None:
    change(by_url, "/index", "/other")
    settings = load(by_url.home / "digest.toml")
    with opened(settings) as store:
        clock.shift(timedelta(days=29))
        assert tidy_fetches(store, settings, present()) == 0
        clock.shift(timedelta(days=2))
        assert tidy_fetches(store, settings, present()) == 1
    assert set(by_url.entries()) == {"甲的题目", "乙的题目"}


def test_a_source_that_is_fetched_can_read_files_again(by_url: Blog, site: Site, article: type[Article]) -> None:
    change(by_url, URL.format(site.url), 'path = "dumps"')
    by_url.index("a.txt", article("丙的题目"))
    assert by_url.refresh()["added"] == 1
    assert len(by_url.entries()) == 3


def test_monitors_see_the_oldest_good_fetch_and_how_many_fail(by_url: Blog, site: Site, clock: Any) -> None:
    site.pages.clear()
    clock.shift(timedelta(hours=1))
    by_url.run("refresh", code=1)
    settings = load(by_url.home / "digest.toml")
    with opened(settings) as store:
        seen = monitored_state(store, settings, present())
    assert (seen.failing_fetches, seen.oldest_fetch) == (1, timedelta(hours=1))


def test_the_status_of_very_many_sources_is_short(by_url: Blog, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status, "_MANY", 4)
    more = "".join(
        f'[[sources]]\nid = "s{number:02}"\ntitle = "S"\n{URL.format(site.url).replace("index", str(number % 2))}\n'
        for number in range(10)
    )
    site.pages["/0"] = site.pages["/index"]
    change(by_url, "[[digests]]", f"{more}[[digests]]")
    by_url.run("refresh", code=1)  # the odd ones are not there
    short, long = (" ".join(by_url.run("status", *more).split()) for more in ((), ("--all",)))
    assert "11 sources, 0 never read, 5 with problems, 5 of 11 fetches failing" in short
    assert "and 1 more troubles" in short
    assert "s00" not in short
    assert "s00" in long
    assert "s01" in short
    assert len(json.loads(by_url.run("status", "--json"))["sources"]) == 11


@pytest.mark.parametrize(
    ("contact", "told"),
    [
        ("", "https://digest.example.org"),
        ('contact = "me@example.org"\n', "mailto:me@example.org"),
        ('contact = "https://example.org/about"\n', "https://example.org/about"),
    ],
)
def test_sites_learn_whom_to_ask(blog: Blog, contact: str, told: str) -> None:
    change(blog, 'data_dir = "var"\n', f'data_dir = "var"\n{contact}')
    agent = user_agent(load(blog.home / "digest.toml"))
    assert agent.startswith("Digest/")
    assert agent.endswith(f" (+{told})")


def test_a_secret_of_an_address_stays_out_of_the_log(
    blog: Blog, site: Site, article: type[Article], capfd: pytest.CaptureFixture[str]
) -> None:
    site.pages["/index?token=marker"] = response(article("甲的题目").dateblock())
    site.pages["/none?token=marker"] = response("", "302 Found", location="/else?token=marker")
    change(
        blog,
        'path = "dumps"',
        f'url = ["{site.url}/index?token=marker", "{site.url}/none?token=marker"]\nallow_private = true',
    )
    settings = load(blog.home / "digest.toml")
    with opened(settings) as store:
        done = Collector(settings, present).fetch(store, settings.sources[0])
    assert (done.fetched, done.failed) == (1, 1)
    assert "marker" not in "".join(capfd.readouterr())
