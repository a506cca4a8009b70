"""Entries by the API: looking at them, and each change by hand with its line in the audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from digest.records.operating import Scope
from digest.service.intake.refresh import refresh
from digest.service.people import subscribers

if TYPE_CHECKING:
    from tests.conftest import Article, Blog
    from tests.integration.api.conftest import Api


@pytest.fixture
def ids(api: Api, blog: Blog, article: type[Article]) -> dict[str, str]:
    """Three entries, by title."""
    blog.index("index.txt", article("First"), article("Second"), article("Third"))
    refresh(api.store, api.settings, api.settings.sources[0], now=api.now)
    return {one["title"]: one["id"] for one in api.get("/entries?limit=10").body["items"]}


def test_entries_are_listed_page_by_page_by_state_and_by_words(api: Api, ids: dict[str, str]) -> None:
    first = api.good("GET", "/entries?limit=2&source=blog")
    assert (len(first["items"]), first["total"]) == (2, 3)
    second = api.good("GET", f"/entries?limit=2&cursor={first['next']}")
    assert {one["id"] for one in first["items"] + second["items"]} == set(ids.values())
    assert second["next"] is None
    assert [one["title"] for one in api.good("GET", "/entries?search=Second")["items"]] == ["Second"]
    assert api.good("GET", "/entries?states=hidden&states=removed")["items"] == []
    assert api.get("/entries?source=nope").status == 404
    assert api.get("/entries?cursor=nope").status == 404
    assert api.get("/entries?states=lost").status == 422


def test_an_entry_is_shown_with_its_history_and_explained(api: Api, ids: dict[str, str]) -> None:
    shown = api.good("GET", f"/entries/{ids['First']}")
    assert (shown["title"], [one["revision"] for one in shown["history"]]) == ("First", [1])
    explained = api.good("GET", f"/entries/{ids['First']}/explain")
    assert explained["stands"][0]["dump"] == "index.txt"
    assert explained["subscriber"] is None
    assert [one["id"] for one in api.good("GET", "/find_entries?words=Fir")["items"]] == [ids["First"]]
    for path in ("/entries/nope", "/entries/nope/explain", "/find_entries?words=nope"):
        assert api.get(path).status == 404


def test_only_who_may_see_people_learns_whom_an_entry_reached(api: Api, ids: dict[str, str]) -> None:
    path = f"/entries/{ids['First']}/explain_to"
    assert api.ask("POST", path, {"address": "a@example.org"}, token=api.token_of(Scope.OPERATE)).status == 403
    assert api.post(path, {"address": "a@example.org"}).status == 404
    subscribers.add(api.store, api.settings, "a@example.org", now=api.now)
    assert api.good("POST", path, {"address": "a@example.org"})["subscriber"]["address"] == "a@example.org"
    assert api.acts() == []


def test_a_title_is_corrected_and_the_audit_log_has_both(api: Api, ids: dict[str, str]) -> None:
    path = f"/entries/{ids['First']}"
    tried = api.good("POST", f"{path}/edit", {"title": "Better", "dry_run": True})
    assert (tried["dry_run"], api.get(path).body["title"], api.acts()) == (True, "First", [])
    api.good("POST", f"{path}/edit", {"title": "Better", "author": "Ann", "date": "2021-03-04"})
    act = api.acts()[0]
    assert (act["act"], act["target"]) == ("entries.edit", ids["First"])
    assert (act["before"]["title"], act["after"]["title"]) == ("First", "Better")
    assert api.get(path).body["edited"] == ["title", "author", "date"]
    api.good("POST", f"{path}/edit", {"clear": ["author"], "lift": ["title"]})
    assert (api.get(path).body["title"], api.get(path).body["author"]) == ("First", None)
    api.good("POST", f"{path}/undo")
    assert api.get(path).body["author"] == "Ann"


@pytest.mark.parametrize(
    ("asked", "status", "said"),
    [
        ({}, 422, "nothing to change"),
        ({"author": "x", "clear": ["author"]}, 422, "both given and cleared"),
        ({"title": "x", "lift": ["title"]}, 422, "both given and lifted"),
        ({"date": "2021-02-30"}, 422, "no day on the calendar"),
        ({"title": " "}, 422, "empty"),
        ({"lift": ["readers"]}, 422, "lift"),
    ],
)
def test_an_edit_that_cannot_be_is_refused(
    api: Api, ids: dict[str, str], asked: dict[str, Any], status: int, said: str
) -> None:
    answered = api.post(f"/entries/{ids['First']}/edit", asked)
    assert answered.status == status
    assert said in answered.body["detail"]


def test_two_entries_are_merged_and_split_again(
    api: Api, ids: dict[str, str], blog: Blog, article: type[Article]
) -> None:
    keep, other = ids["First"], ids["Second"]
    done = api.good("POST", f"/entries/{keep}/merge", {"other": other})
    assert (done["keep"], done["other"]) == (keep, other)
    assert api.get(f"/entries/{other}").body["merged_into"] == keep
    assert api.acts()[0]["after"][other]["merged_into"] == keep
    assert api.post(f"/entries/{keep}/merge", {"other": other}).status == 409
    api.good("POST", f"/entries/{keep}/undo")
    assert "merged_into" not in api.get(f"/entries/{other}").body
    assert api.post(f"/entries/{keep}/split").status == 409
    assert api.post(f"/entries/{keep}/split", {"revision": 1, "dump": "blog/index.txt"}).status == 422
    blog.index("index.txt", article("First of all"), article("Second"), article("Third"))
    refresh(api.store, api.settings, api.settings.sources[0], now=api.now)
    assert api.good("POST", f"/entries/{keep}/split", {"dry_run": True})["new_title"] == "First of all"


def test_entries_are_hidden_and_published(api: Api, ids: dict[str, str]) -> None:
    some = [ids["First"], ids["Second"]]
    assert api.good("POST", "/entries/hide", {"entries": some})["entries"] == some
    assert {one["id"] for one in api.get("/entries?states=hidden").body["items"]} == set(some)
    assert api.acts()[0]["after"][some[0]]["state"] == "hidden"
    api.good("POST", "/entries/publish", {"entries": some})
    assert api.get("/entries?states=hidden").body["items"] == []
    assert api.post("/entries/hide", {"entries": ["nope"]}).status == 404
    assert api.post("/entries/hide", {"entries": []}).status == 422


def test_an_entry_is_removed_and_restored(api: Api, ids: dict[str, str]) -> None:
    path = f"/entries/{ids['Third']}"
    assert api.good("POST", f"{path}/remove") == {"id": ids["Third"], "state": "removed", "editions": []}
    assert (api.acts()[0]["before"]["state"], api.acts()[0]["after"]["state"]) == ("published", "removed")
    assert api.get(path).body["state"] == "removed"
    assert api.post(f"{path}/remove").status == 404
    assert api.good("POST", f"{path}/restore")["state"] == "published"
    assert api.post(f"{path}/restore").status == 404


def test_what_a_command_does_stands_in_the_audit_log_too(api: Api, ids: dict[str, str], blog: Blog) -> None:
    blog.run("entries", "hide", ids["First"], "--dry-run")
    assert api.acts() == []
    blog.run("entries", "hide", ids["First"])
    blog.run("entries", "undo", ids["First"])
    blog.run("refresh")
    acts = [(one["via"], one["act"], one["target"]) for one in api.acts()]
    assert acts == [
        ("command", "sources.refresh_all", "all sources"),
        ("command", "entries.undo", ids["First"]),
        ("command", "entries.hide", ids["First"]),
    ]
    assert api.acts()[2]["after"] == {"state": "hidden"}
