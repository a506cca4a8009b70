"""Settings, templates and sources over the API: who may change what, conflicts, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from digest.records.operating import Scope
from digest.settings import load

if TYPE_CHECKING:
    from tests.integration.api.conftest import Api


def test_settings_are_listed_changed_and_undone(api: Api) -> None:
    before = api.get("/settings").body
    assert before["revision"] == 0
    assert {one["key"] for one in before["items"]} >= {"title", "sources.blog.path", "mail.sender"}
    done = api.ask("PATCH", "/settings", {"values": {"title": "Berg", "web.listen": "127.0.0.1:9"}, "revision": 0})
    assert done.body == {"revision": 1, "keys": ["title", "web.listen"], "restart": ["web.listen"]}
    changed = api.get("/settings?changed=true").body["items"]
    assert [(one["key"], one["value"], one["before"], one["needs_restart"]) for one in changed] == [
        ("title", "Berg", "", False),
        ("web.listen", "127.0.0.1:9", "127.0.0.1:8080", True),
    ]
    late = api.ask("PATCH", "/settings", {"values": {"title": "Tal"}, "revision": 0})
    assert (late.status, "this is revision 1, not 0" in late.body["detail"]) == (409, True)
    assert api.get("/settings/export").body["toml"] == 'title = "Berg"\n\n[web]\nlisten = "127.0.0.1:9"\n'
    assert api.post("/settings/revert", {"keys": ["web"]}).body["keys"] == ["web.listen"]
    assert api.post("/settings/undo", {}).body["revision"] == 3
    assert [one["summary"] for one in api.get("/settings/versions").body["items"]] == [
        "undid: reverted web", "reverted web", "title, web.listen",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("values", "status", "said"),
    [
        ({"sources.blog.every": "soon"}, 422, "is not a duration"),
        ({"sources.blog.every": None, "sources.blog.nonsense": 1}, 422, "there is no such setting"),
        ({"mail.password": "x"}, 422, "is a secret"),
        ({"mail": {"password": "x"}}, 422, "is a secret"),
        ({"data_dir": "/etc"}, 422, "decides where this file lies"),
        ({"sources.blog.command": ["sh"]}, 422, "runs a program on this machine"),
        ({"sources.blog": {"command": ["sh"]}}, 422, "runs a program on this machine"),
        ({"mail.oauth_command": ["sh"]}, 422, "runs a program on this machine"),
        ({"sources.blog. command": ["sh"]}, 422, "runs a program on this machine"),
        ({"sources.blog.command\t": ["sh"]}, 422, "runs a program on this machine"),
        ({"fallback": {"a": [{"oauth_command": ["sh"]}]}}, 422, "runs a program on this machine"),
        ({"layouts.x": {"entry": [None]}}, 422, "layouts.x"),
        ({"title": "\ud800"}, 422, ""),
        ({"title": {"a": 1}}, 422, "must be a text"),
        ({}, 422, ""),
    ],
)
def test_a_wrong_change_is_refused(api: Api, values: dict[str, object], status: int, said: str) -> None:
    answered = api.ask("PATCH", "/settings", {"values": values})
    assert answered.status == status
    assert said in answered.body["detail"]
    assert api.get("/settings").body["revision"] == 0


def test_templates_are_shown_edited_if_they_can_be_rendered_and_reverted(api: Api) -> None:
    shown = api.get("/templates/web/about.html").body
    assert (shown["own"], shown["edited"], "{%" in shown["text"]) == (False, False, True)
    wrong = api.ask("PUT", "/templates/web/about.html", {"text": "{{ sitee }}"})
    assert wrong.status == 422
    assert "web/about.html:1: 'sitee' is undefined (did you mean site?)" in wrong.body["detail"]
    escape = "{{ site.__class__.__mro__[1].__subclasses__() }}"
    refused = api.ask("PUT", "/templates/web/about.html", {"text": escape})
    assert (refused.status, "access to attribute '__class__'" in refused.body["detail"]) == (422, True)
    done = api.ask("PUT", "/templates/web/about.html", {"text": "Hi {{ site }}"})
    assert done.body["keys"] == ["templates/web/about.html"]
    assert api.get("/templates/web/about.html").body["text"] == "Hi {{ site }}"
    listed = {one["name"]: one["edited"] for one in api.get("/templates").body["items"]}
    assert (listed["web/about.html"], listed["web/home.html"]) == (True, False)
    assert api.ask("DELETE", "/templates/web/about.html", {}).status == 200
    assert api.get("/templates/web/about.html").body == shown | {"revision": 2}
    assert api.get("/templates/web/no.html").status == 404
    assert api.ask("PUT", "/templates/console/login.html", {"text": "x"}).status == 422


def test_sources_are_added_changed_paused_resumed_and_removed(api: Api) -> None:
    config = api.settings.file
    layout = {"id": "news", "entry": "{title}\non {date}\n{text}\n"}
    added = {"source": "more", "values": {"title": "M", "url": "https://example.org/", "layouts": ["news"]}}
    assert api.post("/sources", {**added, "layout": layout}).body["keys"] == ["layouts.news", "sources.more"]
    assert "already" in api.post("/sources", {**added, "source": "blog"}).body["detail"]
    assert "is not an id" in api.post("/sources", {**added, "source": "blog.every"}).body["detail"]
    api.settings = load(config)
    api.rest()
    assert api.ask("PATCH", "/sources/more", {"values": {"every": "1h"}}).body["keys"] == ["sources.more.every"]
    assert api.post("/sources/more/pause", {}).body["keys"] == ["sources.more.paused"]
    assert load(config).sources[1].paused
    assert api.post("/sources/more/resume", {}).body["keys"] == ["sources.more.paused"]
    assert api.ask("DELETE", "/sources/more").body["keys"] == ["sources.more"]
    assert api.post("/sources/none/pause", {}).status == 404


@pytest.mark.parametrize(
    ("method", "path", "asked", "scopes"),
    [
        ("GET", "/settings", None, (Scope.READ, Scope.OPERATE, Scope.PEOPLE)),
        ("GET", "/settings/export", None, (Scope.READ, Scope.OPERATE, Scope.PEOPLE)),
        ("PATCH", "/settings", {"values": {"title": "x"}}, (Scope.READ, Scope.OPERATE, Scope.PEOPLE)),
        ("PUT", "/templates/web/about.html", {"text": "x"}, (Scope.READ, Scope.OPERATE, Scope.PEOPLE)),
        ("PATCH", "/sources/blog", {"values": {"every": "1h"}}, (Scope.READ, Scope.PEOPLE)),
        ("PATCH", "/sources/blog", {"values": {"path": "/etc"}}, (Scope.OPERATE,)),
        ("PATCH", "/sources/blog", {"values": {" path": "/etc"}}, (Scope.OPERATE,)),
        ("PATCH", "/sources/blog", {"values": {"allow_private": True}}, (Scope.OPERATE,)),
        ("PATCH", "/sources/blog", {"values": {"allow_private ": True}}, (Scope.OPERATE,)),
        ("POST", "/sources", {"source": "x", "values": {"title": "x", "path": "/etc"}}, (Scope.OPERATE,)),
    ],
)
def test_who_may_not_change_changes_nothing(
    api: Api, method: str, path: str, asked: dict[str, object] | None, scopes: tuple[Scope, ...]
) -> None:
    for scope in scopes:
        assert api.ask(method, path, asked, token=api.token_of(scope)).status == 403
    assert api.get("/settings").body["revision"] == 0


def test_what_a_source_with_rights_in_this_network_reads_is_an_admins_to_set(api: Api) -> None:
    """Otherwise the rights that an admin gave to one address would hold for every other one."""
    config, operator = api.settings.file, api.token_of(Scope.OPERATE)
    assert config
    more = '[[sources]]\nid = "wiki"\ntitle = "W"\nurl = "http://10.0.0.5/"\nallow_private = true\n'
    config.write_text(f"{config.read_text('utf-8')}{more}", "utf-8")
    api.settings = load(config)
    api.rest()
    elsewhere = {"url": "http://169.254.169.254/"}
    for asked in (elsewhere, {"url ": elsewhere["url"]}):
        assert api.ask("PATCH", "/sources/wiki", {"values": asked}, token=operator).status == 403
    assert api.ask("PATCH", "/sources/wiki", {"values": {"every": "1h"}}, token=operator).status == 200
    assert api.ask("DELETE", "/sources/wiki", token=operator).status == 200
    api.settings = load(config)
    api.rest()
    again = {"source": "wiki", "values": {"title": "W", **elsewhere}}
    assert api.ask("POST", "/sources", again, token=operator).status == 403
    assert api.post("/sources", again).status == 200
