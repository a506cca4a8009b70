"""The pages about templates, settings, tokens and the audit log: with data, without, and their acts."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest
import time_machine

from digest.app import opened, require_ready
from digest.errors import ConfigurationError
from digest.records.console import Role
from digest.settings import load
from tests.consoles import NOW, Answer, Browser

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import Blog

AUDIT, TOKENS, SETTINGS = "/console/audit", "/console/tokens", "/console/settings"
TEMPLATES, ABOUT = "/console/templates", "/console/templates/of/web/about.html"
EMPTY = {
    AUDIT: ("Nobody has done", "还没有任何操作"),
    TOKENS: ("Make one", "各创建一个"),
    SETTINGS: ("no configuration file", "没有配置文件"),
    f"{SETTINGS}/changes": ("Nothing was changed yet", "尚无改动"),
}


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
    """Send the first form of a page with these fields."""
    form = browser.get(page).page.xpath("//main//form[@method='post']")[0]
    return browser.send(page, {**{one.name: one.value for one in form.xpath(".//input[@type='hidden']")}, **fields})


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_without_data_the_pages_say_what_to_do(console: Callable[..., Browser], language: str) -> None:
    browser = console().enter()
    for page, words in EMPTY.items():
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


# --- settings -------------------------------------------------------------------------------------


def a_row(browser: Browser, key: str) -> str:
    """What the list of settings says of one."""
    (cell,) = browser.get(f"{SETTINGS}?q={key}").page.xpath(f"//td[a[contains(@href, 'key={key}')]]")
    return " ".join(" ".join(cell.getparent().itertext()).split())


def test_a_setting_says_where_it_comes_from_is_changed_reverted_and_undone(browser: Browser) -> None:
    assert "default" in a_row(browser, "tick")
    assert "digest.toml:" in a_row(browser, "sources.blog.path")
    edit = f"{SETTINGS}/edit?key=tick"
    assert "How often to check" in browser.get(edit).text
    assert "holds at once" in said(browser, browser.fill(edit, {"value": "2m"}).to)
    assert "2m 1m changed here" in a_row(browser, "tick")
    assert "Without that it would be: 1m" in browser.get(edit).text
    assert (
        len(browser.get(f"{SETTINGS}?changed=yes").page.xpath("//table[contains(@class, 'settings')]//tbody/tr")) == 1
    )
    changes = browser.get(f"{SETTINGS}/changes")
    assert 'tick = "2m"' in changes.page.xpath("string(//pre)")
    send(browser, edit, key="tick", act="revert")
    assert "default" in a_row(browser, "tick")
    assert browser.fill(f"{SETTINGS}/changes").to
    assert "changed here" in a_row(browser, "tick")
    with browser.store.read() as tx:
        assert [one.act for one in tx.audit_log.listed()] == ["settings.undo", "settings.revert", "settings.set"]


def test_what_needs_a_restart_says_so_until_then(browser: Browser) -> None:
    assert "needs a restart" in a_row(browser, "web.listen")
    done = browser.fill(f"{SETTINGS}/edit?key=web.listen", {"value": "127.0.0.1:9"})
    assert "after a restart of the service: web.listen" in said(browser, done.to)
    assert "Waits for a restart web.listen 127.0.0.1:9" in browser.get(SETTINGS).text


def test_a_wrong_value_and_a_conflict_keep_what_was_written(browser: Browser) -> None:
    edit = f"{SETTINGS}/edit?key=tick"
    wrong = browser.fill(edit, {"value": "soon"})
    assert (wrong.status, wrong.page.xpath("string(//textarea)").strip()) == (422, "soon")
    assert "is not a duration" in wrong.page.xpath("string(//p[@role='alert'])")
    browser.fill(edit, {"value": "2m"})
    late = send(browser, edit, key="tick", value="3m", revision="0")
    assert "this is revision 1, not 0" in late.page.xpath("string(//p[@role='alert'])")
    for key in ("nonsense", "mail", "sources", "data_dir", "mail.password"):
        assert browser.get(f"{SETTINGS}/edit?key={key}").status == 422


def test_a_secret_is_never_shown(browser: Browser, blog: Blog) -> None:
    config = blog.home / "digest.toml"
    config.write_text(f"{config.read_text('utf-8')}[console.oidc]\nclient_secret = 'verysecret'\n", "utf-8")
    answer = browser.get(SETTINGS)
    assert "a secret" in answer.text
    assert "verysecret" not in answer.body.decode()
    assert not answer.page.xpath("//a[contains(@href, 'client_secret') and not(contains(@href, 'file'))]")


def test_digests_and_topics_are_added_edited_and_removed(browser: Browser) -> None:
    fields = {"kind": "topics", "id": "maths", "toml": 'title = "Maths"\nwords = ["number"]'}
    assert "holds at once" in said(browser, browser.fill(SETTINGS, fields, to=f"{SETTINGS}/add").to)
    assert "Maths" in a_row(browser, "topics.maths.title")
    assert browser.fill(SETTINGS, fields, to=f"{SETTINGS}/add").status == 422
    assert browser.fill(SETTINGS, fields | {"id": "x", "toml": "title"}, to=f"{SETTINGS}/add").status == 422
    browser.fill(f"{SETTINGS}/edit?key=topics.maths.words", {"value": '["number", "proof"]'})
    assert '["number", "proof"]' in a_row(browser, "topics.maths.words")
    gone = {"kind": "topics", "id": "maths", "act": "remove"}
    token = browser.get(SETTINGS).page.xpath("//input[@name='csrf']/@value")[0]
    assert "Tick the box" in said(browser, browser.send(f"{SETTINGS}/add", {"csrf": token, **gone}).to)
    browser.send(f"{SETTINGS}/add", {"csrf": token, "sure": "yes", **gone})
    assert "topics.maths" not in browser.get(SETTINGS).text


def test_a_service_without_a_source_starts_and_takes_changes(blog: Blog) -> None:
    config = blog.home / "digest.toml"
    config.write_text('data_dir = "var"\nbase_url = "https://digest.example.org"\n', "utf-8")
    with pytest.raises(ConfigurationError, match="no source"):
        require_ready(load(config))
    config.write_text(f"{config.read_text('utf-8')}[console]\non = true\n", "utf-8")
    require_ready(load(config))
    with time_machine.travel(NOW, tick=False), opened(load(config)) as store:
        browser = Browser(store, load(config)).enter()
        fields = {"kind": "digests", "id": "weekly", "toml": 'title = "The week"'}
        to = browser.fill(SETTINGS, fields, to=f"{SETTINGS}/add").to
        assert to == f"{SETTINGS}#digests.weekly"


# --- templates ------------------------------------------------------------------------------------


def test_templates_are_listed_with_who_replaces_them_and_viewers_only_look(console: Callable[..., Browser]) -> None:
    viewer = console().enter(Role.VIEWER)
    listed = viewer.get(TEMPLATES)
    assert "built-in" in listed.text
    assert ABOUT in listed.page.xpath("//td/a/@href")
    shown = viewer.get(ABOUT)
    assert "{% extends" in shown.page.xpath("string(//pre[@id='text'])")
    assert shown.page.xpath("//main//form") == []
    assert viewer.get(f"{TEMPLATES}/of/web/none.html").status == 404
    assert viewer.get(f"{TEMPLATES}/of/console/login.html").status == 404


def test_an_edit_is_previewed_checked_saved_and_taken_back(browser: Browser) -> None:
    text = '{% extends "web/base.html" %}\n{% block content %}<p>Over {{ site }} {{ hours }} hours</p>{% endblock %}'
    tried = send(browser, ABOUT, text=text, act="preview", language="en")
    assert "can be rendered" in tried.text
    assert "<p>Over" in tried.page.xpath("string(//ins)")
    (frame,) = tried.page.xpath("//iframe")
    assert frame.get("sandbox") == ""
    shown = browser.get(frame.get("src"))
    assert "48 hours" in shown.text
    assert shown.page.xpath("//style")
    assert shown.page.xpath("//link[@rel='stylesheet']") == []
    policy = shown.headers["content-security-policy"]
    assert policy.startswith("sandbox; default-src 'none'")
    assert browser.other().enter(name="other").get(frame.get("src")).status == 404
    assert "built-in" in browser.get(ABOUT).page.xpath("string(//div[@class='line'])")
    assert "holds at once" in said(browser, send(browser, ABOUT, text=text, act="save").to)
    assert browser.get(TEMPLATES).page.xpath("string(//td[b]/b)") == "edited here"
    late = send(browser, ABOUT, text="Other", act="save", revision="0")
    assert (late.status, "meanwhile" in late.page.xpath("string(//p[@role='alert'])")) == (422, True)
    assert late.page.xpath("string(//textarea)").strip() == "Other"
    assert "taken back" in said(browser, send(browser, ABOUT, text="", act="revert").to)
    with browser.store.read() as tx:
        acts = [(one.act, one.outcome) for one in tx.audit_log.listed()]
    assert acts == [("templates.revert", "done"), ("templates.edit", "failed"), ("templates.edit", "done")]


def test_what_is_wrong_with_an_edit_is_shown_with_its_line_and_not_saved(browser: Browser) -> None:
    wrong = send(browser, ABOUT, text="<p>\n{{ sitee }}</p>", act="preview")
    (problem,) = wrong.page.xpath("//li[@class='long']/text()")
    assert problem == "web/about.html:2: 'sitee' is undefined (did you mean site?)"
    assert wrong.page.xpath("//iframe") == []
    refused = send(browser, ABOUT, text="{{ sitee }}", act="save")
    assert (refused.status, "'sitee'" in refused.page.xpath("string(//p[@role='alert'])")) == (422, True)
    assert "built-in" in browser.get(ABOUT).page.xpath("string(//div[@class='line'])")


@pytest.mark.parametrize(
    ("name", "subject"),
    [("mail/confirm/text.txt", True), ("mail/weekly/html.html", True), ("mail/preview.html", False)],
)
def test_a_mail_is_previewed_with_its_subject_and_its_text(browser: Browser, name: str, subject: bool) -> None:
    page = f"{TEMPLATES}/of/{name}"
    text = browser.get(page).page.xpath("string(//textarea)")
    tried = send(browser, page, text=text, act="preview", language="zh_CN")
    assert bool(tried.page.xpath("//pre[@class='mail'][preceding-sibling::h3]/text()")) == subject
    assert ("Subject" in tried.text) == subject
    assert "<" in browser.get(tried.page.xpath("//iframe/@src")[0]).body.decode()
