"""The pages about sources, held dumps, layouts and articles: with data, without, in both languages; and their acts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import time_machine

from digest.app import opened
from digest.records.console import Role
from digest.settings import load
from digest.web.console.sources import line_of
from tests.consoles import NOW, Answer, Browser

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import Article, Blog

SOURCES, BLOG, HELD = "/console/sources", "/console/sources/of/blog", "/console/sources/held/blog"
LAYOUTS, ENTRIES = "/console/sources/layouts", "/console/entries"
DRAWN = "{title}\nBy {author} | {date} | {readers:n}位读者 | 引用{text}"


@pytest.fixture
def browser(blog: Blog, article: type[Article]) -> Iterator[Browser]:
    """An admin in front of a blog with a listing of eight articles and a search page."""
    blog.index("index.txt", *(article(f"Number {n}") for n in range(8)))
    blog.search("search.txt", article("Number 1"), article("Found"))
    config = blog.home / "digest.toml"
    config.write_text(f"{config.read_text('utf-8')}[console]\non = true\n", "utf-8")
    with time_machine.travel(NOW, tick=False):
        blog.refresh()
        with opened(load(config)) as store:
            yield Browser(store, load(config)).enter()


def page_of(browser: Browser, title: str) -> str:
    """The path of the page of an article."""
    links = browser.get(ENTRIES).page.xpath(f"//main//td/a[text()='{title}']")
    return str(links[0].get("href"))


def send(browser: Browser, page: str, button: str, act: str = "", **fields: str) -> Answer:
    """Press a button of a page: of the form that does this act, if several have it."""
    opened_page = browser.get(page).page
    for form in opened_page.xpath("//main//form[@method='post']"):
        inputs = form.xpath(".//input[@type='hidden' or @type='text'] | .//select | .//textarea")
        kept = {one.name: one.value or "" for one in inputs}
        pressed = form.xpath(f".//button[@value='{button}']")
        if pressed and act in {"", kept.get("act", "")}:
            return browser.send(form.get("action"), {**kept, pressed[0].get("name"): button, **fields})
    raise AssertionError(f"{page} has no button {button}")


def press(browser: Browser, page: str, button: str, act: str = "", **fields: str) -> str:
    """Press a button, and return what the page says then."""
    answer = send(browser, page, button, act, **fields)
    return browser.get(answer.to).text if answer.status == 303 else answer.text


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_each_page_shows_what_there_is(browser: Browser, language: str) -> None:
    pages = (SOURCES, BLOG, f"{SOURCES}/add", LAYOUTS, f"{LAYOUTS}/byline", ENTRIES, page_of(browser, "Found"))
    for page in pages:
        answer = browser.get(page, **{"accept-language": language})
        assert answer.status == 200, page
        assert len(answer.page.xpath("//h1")) == 1
        words = [one.text for one in answer.page.xpath("//main//th | //main//label") if one.text and one.text.strip()]
        assert words
        assert {bool(re.search("[\u4e00-\u9fff]", one)) for one in words} == {language == "zh-CN"}, page


@pytest.mark.parametrize("page", [SOURCES, LAYOUTS, ENTRIES, f"{ENTRIES}?q=nothing", f"{SOURCES}/add"])
def test_without_data_a_page_says_what_to_do(console: Callable[..., Browser], page: str) -> None:
    answer = console().enter().get(page)
    assert answer.status == 200
    said = {
        SOURCES: "Add the address of a blog",
        ENTRIES: "first reading of a source",
        f"{ENTRIES}?q=nothing": "other words",
    }
    assert said.get(page, "") in answer.text


@pytest.mark.parametrize("path", ["/of/nope", "/held/nope", "/layouts/nope"])
def test_what_is_not_there_is_not_found(browser: Browser, path: str) -> None:
    assert browser.get(f"{SOURCES}{path}").status == 404
    assert browser.get(f"{ENTRIES}/of/nope").status == 404


def test_a_viewer_sees_no_button(browser: Browser) -> None:
    viewer = browser.other().enter(Role.VIEWER)
    for page in (SOURCES, BLOG, LAYOUTS, f"{LAYOUTS}/byline", page_of(browser, "Found")):
        answer = viewer.get(page)
        assert answer.status == 200
        assert answer.page.xpath("//main//form[@method='post']//button") == []
    assert viewer.get(f"{SOURCES}/add").status == 403


def test_the_line_of_growth_ends_where_the_source_is_now() -> None:
    assert line_of([0, 0, 4]) == "0,18 50,18 100,2"
    assert line_of([3, 3]) == "0,18 100,18"


def test_a_source_is_read_paused_and_renamed(browser: Browser, blog: Blog, article: type[Article]) -> None:
    blog.search("search.txt", article("Number 1"), article("Found"), article("Newer"))
    assert "1 new articles" in press(browser, BLOG, "refresh")
    assert "paused" in press(browser, BLOG, "pause")
    assert "new name" in press(browser, BLOG, "title", title="The Hill")
    assert "layouts are set" in press(browser, BLOG, "layouts", layouts="byline dateblock")
    assert "Tick the box" in press(browser, BLOG, "remove")
    assert "move" in press(browser, BLOG, "forget", sure="yes")
    assert browser.send(BLOG, {"csrf": "x", "act": "refresh"}).status == 403
    with browser.store.read() as tx:
        acts = [(one.act, one.who, one.via) for one in tx.audit_log.listed()]
    assert ("sources.refresh", "admin", "console") in acts
    assert ("sources.pause", "admin", "console") in acts


def test_a_source_is_shown_before_it_is_added(browser: Browser, blog: Blog, article: type[Article]) -> None:
    other = blog.home / "other"
    other.mkdir()
    (other / "a.txt").write_text(article("Elsewhere").dateblock(), "utf-8")
    fields = {"path": str(other), "title": "Other"}
    tried = send(browser, f"{SOURCES}/add", "try", **fields)
    assert "Elsewhere" in tried.text
    token = tried.page.xpath("//main//input[@name='csrf']")[0].value
    added = browser.send(f"{SOURCES}/add", {**fields, "csrf": token, "source": "other", "act": "add"})
    assert "The source is added" in browser.get(added.to).text
    with browser.store.read() as tx:
        assert tx.audit_log.listed()[0].target == "other"
    assert send(browser, f"{SOURCES}/add", "try").status == 422
    editor = browser.other().enter(Role.EDITOR)
    assert "folder of dumps" not in editor.get(f"{SOURCES}/add").text
    assert send(editor, f"{SOURCES}/add", "try", url="http://127.0.0.1:1/").status == 422


def test_a_held_dump_says_its_cause_and_what_each_choice_does(
    browser: Browser, blog: Blog, article: type[Article]
) -> None:
    blog.index("index.txt", article("Number 1", body=("Quite another text than before, which somebody wrote anew.",)))
    assert "held" in press(browser, BLOG, "refresh")
    assert "A listing page is held: index.txt" in browser.get(SOURCES).text
    page = f"{HELD}?dump=index.txt"
    answer = browser.get(page)
    assert "It shows 1 articles, and 8 before." in answer.text
    assert "only a part of it was written" in answer.text
    filled = [one.text for one in answer.page.xpath("//ul[@class='todo']//*[contains(@class, 'button')]")]
    assert filled == ["Wait"]
    assert len(answer.page.xpath("//tr[@class='gone']")) == 7
    assert answer.page.xpath("//dl[@class='was']//ins")
    assert [one.get("data-n") for one in answer.page.xpath("//ol[@class='lines']/li")]
    assert "Discarded" in press(browser, page, "discard")
    assert "No dump is held" in browser.get(browser.get(page).to).text
    blog.index("index.txt", article("Number 2"))
    press(browser, BLOG, "refresh")
    assert "Approved" in press(browser, page, "approve")


def test_a_layout_is_drawn_tried_and_saved(browser: Browser) -> None:
    page = f"{LAYOUTS}/byline"
    shown = browser.get(f"{page}?dump=blog/search.txt").page
    assert shown.xpath("//ol[@class='lines']//span[@class='m m1']")[0].text == "Number 1"
    assert shown.xpath("//li[@class='out']")
    sent = {"entry": DRAWN, "ends": "最近评论", "dump": "blog/search.txt", "id": "mine"}
    tried = send(browser, page, "try", **sent)
    assert "2 / 2" in tried.text
    broken = send(browser, page, "try", **sent | {"entry": "{title}\n{nothing known}"})
    assert broken.status == 422
    assert broken.page.xpath("//*[@role='alert']")
    assert send(browser, page, "save", **sent | {"id": "Not A Name"}).status == 422
    assert urlsplit(send(browser, page, "save", **sent).to).path == f"{LAYOUTS}/mine"
    with browser.store.read() as tx:
        assert "layouts" in str(tx.audit_log.listed()[0].target)


def test_a_layout_is_suggested(browser: Browser) -> None:
    titles = ("A stone river", "Winter evenings", "The number of letters", "Music and light", "Gardens", "One window")
    words = ("water and time", "paper or stone", "a table of numbers", "summer light", "two rivers", "long mornings")
    text = "".join(
        f"{title}\n2024-0{number}-03\nIt tells of {some}, which somebody saw {title.lower()}, and what came of it.\n\n"
        for number, (title, some) in enumerate(zip(titles, words, strict=True), 1)
    )
    drawn = browser.fill(LAYOUTS, {"text": text})
    assert "6 / 6" in drawn.text
    assert "{title}" in drawn.page.xpath("//textarea[@name='entry']")[0].text
    known = browser.fill(LAYOUTS, {"dump": "blog/index.txt"})
    assert "built-in layout" in browser.get(known.to).text
    html = browser.fill(LAYOUTS, {"text": "<html><body><p>nothing</p></body></html>"})
    assert "No list of articles" in html.text


def test_articles_are_found_and_paged(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(browser.get(f"{ENTRIES}?q=Found").page.xpath("//tbody/tr")) == 1
    assert "No article is like that" in browser.get(f"{ENTRIES}?state=removed").text
    assert browser.get(f"{ENTRIES}?state=nothing").status == 422
    monkeypatch.setattr("digest.web.console.entries._ROWS", 4)
    seen, page = 0, ENTRIES
    while page:
        shown = browser.get(page).page
        seen += len(shown.xpath("//tbody/tr"))
        page = next(iter(shown.xpath("//a[@rel='next']/@href")), "")
    assert seen == 9


def test_an_article_is_corrected_after_a_look_at_what_that_does(browser: Browser) -> None:
    page = page_of(browser, "Found")
    tried = press(browser, page, "try", "edit", title="Better")
    assert "Nothing was stored" in tried
    assert browser.get(page).page.xpath("string(//h1)") == "Found"
    press(browser, page, "do", "edit", title="Better", author="")
    changed = browser.get(page)
    assert changed.page.xpath("string(//h1)") == "Better"
    assert [one.text for one in changed.page.xpath("//dl[@class='was']//ins")] == ["Better"]
    assert "title is edited; pages say: Found" in changed.text
    press(browser, page, "do", "edit", **{"lift-title": "yes", "title": "Better"})
    assert browser.get(page).page.xpath("string(//h1)") == "Found"
    press(browser, page, "undo", how="do")
    assert browser.get(page).page.xpath("string(//h1)") == "Better"


def test_articles_are_merged_hidden_removed_and_brought_back(browser: Browser) -> None:
    page, other = page_of(browser, "Found"), page_of(browser, "Number 3")
    address = f"https://digest.example.org{other}"
    assert "What it would do" in press(browser, page, "try", "merge", other=address)
    assert "merged" not in browser.get(other).text
    press(browser, page, "do", "merge", other=address)
    assert "merged into another" in browser.get(other).text
    press(browser, page, "undo", how="do")
    assert "published" in browser.get(other).text
    press(browser, other, "hide", how="do")
    assert "hidden" in press(browser, other, "publish", how="do")
    assert "Tick the box" in press(browser, other, "remove", how="do")
    assert "removed" in press(browser, other, "remove", how="do", sure="yes")
    assert "published again" in press(browser, other, "restore", how="do")
