"""SIGHUP: a service uses its present configuration and templates, or keeps the former ones if they are wrong."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from digest import logs, templating
from digest.app import opened
from digest.dumps.configured import load_settings
from digest.running import Service
from digest.service.intake import refresh
from tests.waiting import Log, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Article, Blog

PAGE = "web/about.html"


class House:
    """A service that runs on a configuration; `page` is what it answers, `hang_up` lets it read that anew."""

    def __init__(self, blog: Blog) -> None:
        self.blog, self.config, self.log = blog, blog.home / "digest.toml", Log()
        self._service: Service | None = None

    def change(self, old: str, new: str) -> None:
        text = self.config.read_text("utf-8")
        assert old in text
        self.config.write_text(text.replace(old, new, 1), "utf-8")

    def template(self, text: str) -> Path:
        file = self.blog.home / "own" / PAGE
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
        past = time.time() - 100 + len(text)  # so that no two have the same stamp
        os.utime(file, (past, past))
        return file

    def page(self, path: str = "/about") -> tuple[int, str]:
        assert self._service
        try:
            with urllib.request.urlopen(self._service.address + path, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def hang_up(self) -> str:
        """What the log says of it."""
        before = len(self.log.text)
        os.kill(os.getpid(), signal.SIGHUP)
        return self.log.wait_for("reloaded", before)

    def lived(self, meanwhile: Callable[[], None]) -> None:
        """Run the service until its first pass is through, then do something in a thread, then end it."""

        async def life() -> None:
            settings = load_settings(self.config)
            with opened(settings) as store:
                self._service = Service(settings, store, reread=lambda: load_settings(self.config))
                ready = asyncio.Event()
                running = asyncio.create_task(self._service.run(ready.set))
                await asyncio.wait_for(ready.wait(), 30)
                try:
                    await asyncio.wait_for(asyncio.to_thread(meanwhile), 60)
                finally:
                    os.kill(os.getpid(), signal.SIGTERM)
                    await asyncio.wait_for(running, 30)

        with contextlib.redirect_stderr(self.log):
            logs.configure("info", json_lines=False)
            asyncio.run(life())


@pytest.fixture
def house(blog: Blog, article: type[Article], monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setenv("DIGEST_WEB_LISTEN", "127.0.0.1:0")
    blog.search("page.txt", article("甲"))
    made = House(blog)
    made.change('data_dir = "var"', 'data_dir = "var"\ntemplates = "own"\ntitle = "旧名"')
    made.template("first {{ site }}")
    return made


def test_a_hang_up_brings_new_settings_sources_and_templates(house: House, article: type[Article]) -> None:
    other = house.blog.home / "other"
    other.mkdir()
    (other / "b.txt").write_text(article("乙", (2026, 3, 15), ("另一段文字。",)).byline() + "最近评论\n", "utf-8")

    def meanwhile() -> None:
        assert house.page() == (200, "first 旧名")
        house.template("second {{ site }}")
        assert house.page("/about?again") == (200, "first 旧名"), "nothing changes before it is asked for"
        house.change("旧名", "新名")
        house.change("[[digests]]", '[[sources]]\nid = "other"\ntitle = "别处"\npath = "other"\n[[digests]]')
        assert "not reloaded" not in house.hang_up()
        assert house.page() == (200, "second 新名")
        until(lambda: "乙" in house.page("/feed.atom")[1], lambda: house.page("/feed.atom"))
        assert house.page("/sources/other")[0] == 200
        house.change("新名", "更新名")
        house.hang_up()
        assert house.page() == (200, "second 更新名"), "and again"

    house.lived(meanwhile)
    assert not templating._held


WRONG = [
    ('title = "旧名"', 'title = "旧名"\ncolour = "red"', "there is no such setting"),
    ('title = "旧名"', 'title = "旧名', "is not TOML"),
    ('id = "blog"', 'id = "Blog!"', "sources.Blog!.id"),
    ("[[sources]]", '[[topics]]\nid="x"\ntitle="x"\npatterns=["(?=a)"]\n[[sources]]', "looks ahead"),
    ('data_dir = "var"', 'data_dir = "elsewhere"', "data_dir: is another one now, which takes a restart"),
    ("[mail]", '[web]\nmetrics_listen = "127.0.0.1:9"\n[mail]', "web.metrics_listen: is another one now"),
    ("[mail]", '[dkim]\nkey_file = "nowhere"\n[mail]', "nowhere"),
    ('templates = "own"', 'templates = "broken"', "about.html:1"),
]


def test_if_new_settings_or_templates_are_wrong_the_old_ones_stay_and_that_is_reported(house: House) -> None:
    broken = house.blog.home / "broken" / PAGE
    broken.parent.mkdir(parents=True)
    broken.write_text("{% if %}", "utf-8")

    def meanwhile() -> None:
        house.template("second {{ site }}")
        for old, new, reason in WRONG:
            house.change(old, new)
            said = house.hang_up()
            assert "not reloaded: the configuration and templates before stay" in said, reason
            assert reason in said
            assert house.page() == (200, "first 旧名"), reason
            house.change(new, old)
        house.hang_up()
        assert house.page() == (200, "second 旧名")

    house.lived(meanwhile)


def test_a_template_that_breaks_later_breaks_no_page(house: House) -> None:
    def meanwhile() -> None:
        file = house.template("{% if %}")
        assert house.page() == (200, "first 旧名")
        assert f"{file}:1" in house.hang_up()
        assert house.page("/about?again") == (200, "first 旧名")

    house.lived(meanwhile)


def test_a_template_that_would_break_a_page_is_not_taken(house: House) -> None:
    def meanwhile() -> None:
        file = house.template("{{ sitee }}")
        assert f"{file}:1: 'sitee' is undefined (did you mean site?)" in house.hang_up()
        assert house.page() == (200, "first 旧名")

    house.template("first {{ site }}")
    house.lived(meanwhile)


def test_what_is_wrong_with_a_template_at_the_start_is_reported(house: House) -> None:
    house.template("{% if %}")

    house.lived(lambda: None)

    assert "templates failed" in house.log.text


def test_every_source_is_read_at_once_by_the_new_settings(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    passes: list[str] = []
    usual = refresh.refresh

    def counted(store: Any, settings: Any, source: Any, **given: Any) -> Any:
        if source.id == "blog":  # and not a sample that templates are tried on
            passes.append(source.title)
        return usual(store, settings, source, **given)

    monkeypatch.setattr(refresh, "refresh", counted)

    def meanwhile() -> None:
        house.change('title = "山上"', 'title = "山下"')
        house.hang_up()
        until(lambda: passes[-1] == "山下", lambda: passes)

    house.lived(meanwhile)
    assert passes == ["山上", "山下"]


def test_layouts_beside_the_configuration_are_read_anew_and_wrong_ones_are_not_taken(house: House) -> None:
    house.change("[[digests]]", "layouts = ['news']\n[[digests]]")
    folder = house.blog.home / "layouts"
    folder.mkdir()
    drawn = "[[layouts]]\nid = 'news'\nentry = '''\n{title}\non {date}\n{text}\n'''\n"
    (folder / "news.toml").write_text(drawn, "utf-8")
    shown = {"A": 11, "Feature: B": 12, "C": 13}
    page = "".join(f"{title}\non 2021-06-{day}\nThe text of day {day}.\n" for title, day in shown.items())
    house.blog.write("a.txt", page)

    def meanwhile() -> None:
        (folder / "news.toml").write_text(drawn.replace("{title}", "{titel}"), "utf-8")
        failed = house.hang_up()
        assert "layouts.news.entry" in failed
        assert "did you mean {title}?" in failed
        assert "Feature: B" in house.page("/")[1]
        (folder / "news.toml").write_text(drawn.replace("{title}", "[Feature: ]{title}"), "utf-8")
        house.hang_up()
        until(lambda: "Feature: B" not in house.page("/")[1], lambda: house.page("/"))

    house.lived(meanwhile)
