"""The pages about templates, settings, tokens and the audit log: with data, without, and their acts."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest
import time_machine

from digest.app import opened
from digest.settings import load
from tests.consoles import NOW, Answer, Browser

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import Blog

AUDIT, TOKENS = "/console/audit", "/console/tokens"


@pytest.fixture
def browser(blog: Blog) -> Iterator[Browser]:
    """An admin in front of a console whose settings come from a file."""
    config = blog.home / "digest.toml"
    config.write_text(f"{config.read_text('utf-8')}[console]\non = true\n", "utf-8")
    with time_machine.travel(NOW, tick=False), opened(load(config)) as store:
        yield Browser(store, load(config)).enter()


def said(browser: Browser, to: str) -> str:
    """What the page says that an act leads to."""
    return str(browser.get(to).page.xpath("string(//p[@role='status'])"))


def send(browser: Browser, page: str, **fields: str) -> Answer:
    """Send a form of a page with these fields."""
    return browser.send(page, {"csrf": browser.get(page).page.xpath("//input[@name='csrf']/@value")[0], **fields})


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_without_data_the_pages_say_what_to_do(console: Callable[..., Browser], language: str) -> None:
    browser = console().enter()
    for page, words in ((AUDIT, ("Nobody has done", "还没有任何操作")), (TOKENS, ("Make one", "各创建一个"))):
        answer = browser.get(page, **{"accept-language": language})
        assert answer.status == 200
        assert words[language == "zh-CN"] in answer.text
    assert "must be whole" in browser.get(f"{AUDIT}?who=nobody").text


def test_a_token_is_shown_once_and_revoked(console: Callable[..., Browser]) -> None:
    browser = console().enter()
    made = browser.fill(TOKENS, {"name": "backup", "scope": "operate", "days": "30"})
    (text,) = made.page.xpath("//code[@class='address']/text()")
    assert text.startswith("digest_")
    listed = browser.get(TOKENS)
    assert text not in listed.body.decode()
    (row,) = listed.page.xpath("//tbody/tr")
    assert "change and send" in row.text_content()
    (name,) = row.xpath(".//input[@name='token']/@value")
    assert "is revoked" in said(browser, send(browser, TOKENS, act="revoke", token=name).to)
    (row,) = browser.get(TOKENS).page.xpath("//tbody/tr[@class='gone']")
    assert row.xpath(".//form") == []
    assert browser.fill(TOKENS, {"name": "none", "days": ""}).status == 422


def test_acts_are_filtered_paged_and_exported(console: Callable[..., Browser], monkeypatch: pytest.MonkeyPatch) -> None:
    browser = console().enter()
    for name in ("one", "=two", "three"):
        browser.fill(TOKENS, {"name": name, "scope": "read", "days": ""})
    monkeypatch.setattr("digest.web.console.operators._ROWS", 2)
    first = browser.get(f"{AUDIT}?who=admin")
    assert len(first.page.xpath("//tbody/tr")) == 2
    (rest,) = first.page.xpath("//a[@rel='next']/@href")
    assert "tokens.create" in browser.get(rest).text
    assert len(browser.get(rest).page.xpath("//tbody/tr")) == 1
    assert "No act is like that" in browser.get(f"{AUDIT}?target=nothing").text
    assert browser.get(f"{AUDIT}?after=x").status == 422
    as_json = [json.loads(line) for line in browser.get(f"{AUDIT}/export/acts.jsonl?who=admin").body.splitlines()]
    assert [one["act"] for one in as_json] == ["tokens.create"] * 3
    answer = browser.get(f"{AUDIT}/export/acts.csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="audit.csv"'
    heads, *rows = csv.reader(answer.body.decode().splitlines())
    assert (heads[3], [row[3] for row in rows]) == ("who", ["admin"] * 3)
    assert browser.get(f"{AUDIT}/export/acts.pdf").status == 404


def test_no_cell_of_the_export_is_computed_by_a_spreadsheet(console: Callable[..., Browser]) -> None:
    browser = console().enter(name="=cmd")
    browser.fill(TOKENS, {"name": "one", "scope": "read", "days": ""})
    _, row = csv.reader(browser.get(f"{AUDIT}/export/acts.csv").body.decode().splitlines())
    assert row[3] == "'=cmd"


def test_the_log_shows_what_differs_since_an_act(console: Callable[..., Browser]) -> None:
    browser = console().enter()
    browser.fill("/console/users", {"name": "ann", "role": "viewer"})
    browser.fill("/console/users/ann", {"role": "editor"}, to="/console/users/ann/role")
    shown = browser.get(f"{AUDIT}?target=ann").page
    assert "viewer" in shown.xpath("//del/text()")
    assert "editor" in shown.xpath("//ins/text()")
