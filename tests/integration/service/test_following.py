"""A running service follows changed settings and templates without a restart, whichever process changes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from digest.dumps.configured import load_settings
from digest.records.operating import SettingsVersion
from digest.service.settings import changing
from digest.store import open_store
from tests.contract.conftest import NOW
from tests.integration.service.test_reloading import House
from tests.waiting import until

if TYPE_CHECKING:
    from digest.store.transaction import Store
    from tests.conftest import Article, Blog


@pytest.fixture
def house(blog: Blog, article: type[Article], monkeypatch: pytest.MonkeyPatch) -> House:
    blog.search("page.txt", article("甲"))
    made = House(blog)
    made.change('data_dir = "var"', 'data_dir = "var"\ntitle = "旧名"\nweb.listen = "127.0.0.1:0"')
    return made


def change(house: House, store: Store, values: dict[str, object]) -> changing.Changed:
    return changing.change(store, load_settings(house.config), values, actor="ann", now=NOW)


def test_a_running_service_follows_each_change(house: House, article: type[Article]) -> None:
    other = house.blog.home / "other"
    other.mkdir()
    (other / "b.txt").write_text(article("乙", (2026, 3, 15), ("另一段文字。",)).byline() + "最近评论\n", "utf-8")

    def meanwhile() -> None:
        store = open_store(load_settings(house.config).database)
        try:
            change(house, store, {"title": "新名"})
            house.log.wait_for("reloaded", 0)
            assert "新名" in house.page("/")[1]
            change(house, store, {"sources.other": {"title": "别处", "path": "other"}})
            until(lambda: "乙" in house.page("/feed.atom")[1], lambda: house.page("/feed.atom"))
            done = change(house, store, {"web.listen": "127.0.0.1:1", "title": "第三"})
            assert done.restart == ("web.listen",)
            until(lambda: "第三" in house.page("/")[1], house.page)
            house.log.wait_for("these changes take a restart", 0)
            assert "not reloaded" not in house.hang_up(), "a hang-up keeps what waits for the restart"
            changing.undo(store, load_settings(house.config), actor="ann", now=NOW)
            until(lambda: "新名" in house.page("/")[1], house.page)
            change(house, store, {"sources.other": None})
            until(lambda: house.page("/sources/other")[0] != 200, lambda: house.page("/sources/other"))
            changing.change_template(
                store,
                load_settings(house.config),
                "web/about.html",
                "edited {{ site }}",
                tried=lambda _: None,  # the reload renders all
                actor="ann",
                now=NOW,
            )
            until(lambda: house.page() == (200, "edited 新名"), house.page)
        finally:
            store.close()

    house.lived(meanwhile)


def test_a_version_that_does_not_fit_changes_nothing(house: House) -> None:
    def meanwhile() -> None:
        store = open_store(load_settings(house.config).database)
        try:
            before = len(house.log.text)
            with store.write() as tx:  # another host has other sources
                tx.settings.add(
                    SettingsVersion(
                        1, NOW, "ann", "title", 0, 'title = "新名"\n[[sources]]\nid = "x"\nevery = "1h"\n', {}
                    ),
                    kept=9,
                )
            assert "sources.x.title: is missing" in house.log.wait_for("not reloaded", before)
            assert "旧名" in house.page("/")[1]
            changing.undo(store, load_settings(house.config), actor="ann", now=NOW)
            change(house, store, {"title": "第三"})
            until(lambda: "第三" in house.page("/")[1], lambda: house.page("/"))
        finally:
            store.close()

    house.lived(meanwhile)
