"""Sources of HTML, from their pages to feeds, pages and mails."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from lxml import etree
from lxml import html as lxml_html

from digest.app import opened
from digest.dumps.configured import load_settings
from tests.browser.test_payloads import PAYLOADS, RUNS
from tests.conftest import Article
from tests.integration.web.site import Site

if TYPE_CHECKING:
    from tests.conftest import Blog

LAYOUT = """
[[layouts]]
id = "mine"
html = { entry = "article", title = "h2", link = "h2 a@href", date = "time@datetime", text = ".text" }
[[sources]]"""
PROSE = "这是一段足够长的正文,里面有逗号,也有句号,好让人看出它说的是哪一篇文章,而不是别的什么文章。"
OTHER = "山里的雨下了三天三夜,溪水涨得很高,谁也过不去,于是大家坐在屋里,一边喝茶一边讲从前的故事。"


def page(*articles: tuple[str, str, str]) -> str:
    """A page of these titles, days and texts."""
    made = "".join(
        f'<article><h2><a href="/{day}">{title}</a></h2><time datetime="{day}T23:30:00+08:00">x</time>'
        f'<div class="text">{text}</div></article>'
        for title, day, text in articles
    )
    return (
        f'<!doctype html><html><head><link rel="canonical" href="https://blog.example.org/"></head><body>{made}</body>'
    )


CODE = (
    f"<p>{PROSE}</p><pre>if x:\n    y = 1\n\n    z = 2</pre><ul><li>一<ul><li>二</li></ul></li></ul>"
    '<p>见<a href="/other">另一篇</a>。</p>'
)


@pytest.fixture
def mine(blog: Blog) -> Blog:
    config = blog.home / "digest.toml"
    written = config.read_text("utf-8").replace('path = "dumps"', 'path = "dumps"\nlayouts = ["mine", "byline"]', 1)
    config.write_text(written.replace("\n[[sources]]", LAYOUT, 1), "utf-8")
    return blog


def shown(blog: Blog, entry: dict[str, Any]) -> Any:
    settings = load_settings(blog.home / "digest.toml")
    with opened(settings) as store:
        return Site(store, settings)(f"/entries/{entry['id']}").page


def test_code_lists_and_links_reach_pages_and_feeds(mine: Blog) -> None:
    mine.write("page.html", page(("一篇", "2026-01-05", CODE)))
    assert mine.refresh()["added"] == 1
    entry = mine.entries()["一篇"]
    assert (entry["kinds"], entry["links"]) == (
        ["paragraph", "code", "paragraph", "paragraph"],
        [["另一篇", "https://blog.example.org/other"]],
    )
    article = shown(mine, entry).xpath("//article")[0]
    assert article.xpath(".//pre")[0].text_content() == "if x:\n    y = 1\n\n    z = 2"
    assert article.xpath(".//a[text()='另一篇']/@href") == ["https://blog.example.org/other"]
    assert "    y = 1" in mine.feed().decode()
    mine.run("check", "--deep")


def test_the_page_and_a_text_dump_show_one_entry_and_correct_nothing(mine: Blog) -> None:
    mine.write("page.html", page(("一篇", "2026-01-05", CODE), ("二篇", "2026-01-06", f"<p>{OTHER}</p>")))
    mine.refresh()
    first = mine.entries()
    flat = (PROSE, "if x:", "y = 1", "z = 2", "一", "二", "见另一篇。")
    mine.search("page.txt", Article("一篇", (2026, 1, 5), flat), Article("二篇", (2026, 1, 6), (OTHER,)))
    counts = mine.refresh()
    assert (counts["added"], counts["revised"]) == (0, 0)
    after = mine.entries()
    assert {title: one["id"] for title, one in after.items()} == {title: one["id"] for title, one in first.items()}
    assert after["一篇"]["updated"] == first["一篇"]["updated"]
    assert after["一篇"]["kinds"] == first["一篇"]["kinds"]
    (said,) = mine.listed("entries", "show", after["一篇"]["id"])
    assert said["paragraphs"][1] == "if x:\n    y = 1\n\n    z = 2"


def test_html_gives_its_indentation_to_what_a_text_dump_showed(mine: Blog) -> None:
    mine.search("page.txt", Article("一篇", (2026, 1, 5), (PROSE, "if x:", "y = 1", "z = 2", "一", "二", "见另一篇。")))
    mine.refresh()
    first = mine.entries()["一篇"]
    mine.write("page.html", page(("一篇", "2026-01-05", CODE)))
    counts = mine.refresh()
    after = mine.entries()["一篇"]
    assert (counts["added"], counts["revised"], after["id"], after["updated"]) == (0, 0, first["id"], first["updated"])
    assert after["kinds"] == ["paragraph", "code", "paragraph", "paragraph"]


def test_kinds_alone_that_change_are_silent(mine: Blog) -> None:
    mine.write("page.html", page(("一篇", "2026-01-05", f"<p>小标题</p><p>{PROSE}</p>")))
    mine.refresh()
    first = mine.entries()["一篇"]
    mine.write("page.html", page(("一篇", "2026-01-05", f"<h3>小标题</h3><p>{PROSE}</p>")))
    counts = mine.refresh()
    after = mine.entries()["一篇"]
    assert (counts["revised"], after["updated"], after["kinds"]) == (0, first["updated"], ["heading", "paragraph"])


def test_a_changed_text_is_a_correction_and_keeps_its_kinds(mine: Blog) -> None:
    mine.write("page.html", page(("一篇", "2026-01-05", CODE), ("二篇", "2026-01-06", f"<p>{OTHER}</p>")))
    mine.refresh()
    mine.write("page.html", page(("一篇", "2026-01-05", CODE.replace("z = 2", "z = 3")), ("二篇", "2026-01-06", OTHER)))
    assert mine.refresh()["revised"] == 1
    (said,) = mine.listed("entries", "show", mine.entries()["一篇"]["id"])
    assert said["paragraphs"][1] == "if x:\n    y = 1\n\n    z = 3"
    assert said["kinds"] == ["paragraph", "code", "paragraph", "paragraph"]


def test_a_page_that_stops_matching_is_held(mine: Blog) -> None:
    articles = [(f"第{n}篇", f"2026-01-{n:02}", f"<p>{n} {PROSE}</p>") for n in range(1, 6)]
    mine.write("page.html", page(*articles))
    mine.refresh()
    mine.write("page.html", page(*articles).replace("article", "section"))
    counts = json.loads(mine.run("refresh", "--json", code=1).splitlines()[0])
    assert (counts["vanished"], len(mine.entries())) == (0, 5)
    said = "held: the page changed shape: it shows 5 entries that no layout of the source reads"
    assert said in " ".join(mine.run("status").split())
    mine.write("page.html", "<html><body><h1>Error</h1><p>Come again later.</p></body></html>")
    mine.refresh(code=1)
    assert "held: holds no entry as drawn in mine" in " ".join(mine.run("status").split())
    assert len(mine.entries()) == 5


def test_no_payload_runs_or_leaves_markup_anywhere(mine: Blog) -> None:
    def escaped(text: str) -> str:
        return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")

    raw = [(f"{payload} 生{n}", f"2026-02-{n + 1:02}", f"<p>甲{n} {payload}</p>") for n, payload in enumerate(PAYLOADS)]
    safe = [
        (
            f"{escaped(payload)} 熟{n}",
            f"2026-03-{n + 1:02}",
            f"<p>乙{n} {escaped(payload)}</p><pre>{escaped(payload)}</pre>",
        )
        for n, payload in enumerate(PAYLOADS)
    ]
    for n, one in enumerate([*raw, *safe]):
        mine.write(f"page{n}.html", page(one))
    mine.refresh(code=1)  # an open `svg` swallows a title, and private-use characters are damage
    entries = list(mine.entries().values())
    assert len(entries) >= len(PAYLOADS)
    settings = load_settings(mine.home / "digest.toml")
    with opened(settings) as store:
        site = Site(store, settings)
        pages = [site("/").page, *(site(f"/entries/{entry['id']}").page for entry in entries)]
    feed = etree.fromstring(mine.feed())
    pages += [lxml_html.fromstring(one.text or "<p/>") for one in feed.iter("{http://www.w3.org/2005/Atom}content")]
    for one in pages:
        inside = one.xpath("//article | //main") or [one]
        assert not [found for part in inside for found in part.xpath(RUNS.replace("//", ".//"))]
        assert not [
            href
            for href in one.xpath("//@href | //@src")
            if href.strip().lower().startswith(("javascript:", "data:text"))
        ]
