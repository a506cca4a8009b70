"""Layouts, trials of sources, and lists of feeds by the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from digest.records.operating import Scope

if TYPE_CHECKING:
    from tests.conftest import Article, Blog
    from tests.integration.api.conftest import Api

DRAWN = "{title}\nBy {author} | {date} | {readers:n}位读者 | 引用{text}"
OPML = (
    '<opml version="2.0"><body><outline text="News"><outline type="rss" text="Ada" xmlUrl="https://ada.example.org/f"/>'
    '<outline type="rss" text="Bad" xmlUrl="nowhere"/></outline></body></opml>'
)


def test_layouts_are_listed_and_shown(api: Api) -> None:
    listed = {one["layout"]: one for one in api.good("GET", "/layouts")["items"]}
    assert (listed["byline"]["built_in"], listed["byline"]["sources"]) == (True, ["blog"])
    assert "[[layouts]]" in api.good("GET", "/layouts/byline")["toml"]
    assert api.get("/layouts/nope").status == 404


def test_a_layout_is_tried_and_each_line_is_named(api: Api, article: type[Article]) -> None:
    text = f"{article('First').byline()}{article('Second').byline()}最近评论\n"
    asked = {"table": {"entry": DRAWN, "ends": "最近评论"}, "text": text}
    done = api.good("POST", "/layouts/try", asked)
    assert [one["title"] for one in done["entries"]] == ["First", "Second"]
    assert (done["gaps"], done["fields"]) == ([], {"title": 2, "author": 2, "date": 2, "counts": 2, "text": 2})
    first, byline, *_, end, _ = done["lines"]
    assert (first["begins"], [one["field"] for one in first["marks"]]) == (True, ["title"])
    assert [one["field"] for one in byline["marks"]] == ["author", "date", "counts", "text"]
    spans = [byline["text"][one["start"] : one["end"]] for one in byline["marks"]]
    assert spans[:3] == ["山客", "2026-03-14", "100"]
    assert (end["entry"], end["mark"]) == (None, True)
    known = api.good("POST", "/layouts/try", {"layout": "dateblock", "source": "blog", "dump": "index.txt"})
    assert len(known["entries"]) == 1
    assert api.acts() == []


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"layout": "nope", "text": "x"}, 404),
        ({"layout": "byline"}, 422),
        ({"layout": "byline", "source": "blog", "dump": "nope"}, 404),
        ({"table": {"entry": "{nothing known}"}, "text": "x"}, 422),
        ({"layout": "byline", "text": 7}, 422),
    ],
)
def test_a_trial_that_cannot_be_is_refused(api: Api, asked: object, status: int) -> None:
    assert api.post("/layouts/try", asked).status == status


def test_a_layout_is_suggested_for_an_unknown_dump(api: Api) -> None:
    titles = ("A stone river", "Winter evenings", "The number of letters", "Music and light", "Gardens", "One window")
    words = ("water and time", "paper or stone", "a table of numbers", "summer light", "two rivers", "long mornings")
    text = "".join(
        f"{title}\n2024-0{number}-03\nIt tells of {some}, which somebody saw {title.lower()}, and what came of it.\n\n"
        for number, (title, some) in enumerate(zip(titles, words, strict=True), 1)
    )
    done = api.good("POST", "/layouts/suggest", {"text": text})
    assert len(done["layouts"]) == 1
    assert len(done["entries"]) == 6
    assert api.good("POST", "/layouts/suggest", {"source": "blog", "dump": "index.txt"})["built_in"]
    page = "<html><body><p>nothing</p></body></html>"
    assert api.good("POST", "/layouts/suggest", {"text": page})["layouts"] == []
    assert api.post("/layouts/suggest", {"url": "http://127.0.0.1:1/"}).status == 422
    assert api.post("/layouts/suggest", {"url": "file:///etc/passwd"}).status == 422


def test_a_source_is_tried_before_it_is_added(api: Api, blog: Blog, article: type[Article]) -> None:
    other = blog.home / "other"
    other.mkdir()
    (other / "a.txt").write_text(article("Elsewhere").dateblock(), "utf-8")
    done = api.good("POST", "/test_source", {"path": str(other), "title": "Other"})
    assert (done["source"], done["entries"], done["layout"]) == ("other", 1, None)
    assert done["values"] == {"title": "Other", "backlog": 0, "path": str(other)}
    assert "Elsewhere" in done["first"][0]
    same = api.good("POST", "/test_source", {"path": str(blog.home / "dumps"), "source": "again"})
    assert same["same_files"] == ["blog"]
    assert api.post("/test_source", {}).status == 422
    assert api.post("/test_source", {"url": ["http://127.0.0.1:1/"]}).status == 422
    assert api.post("/test_source", {"path": str(other), "source": "Not A Name"}).status == 422
    assert api.ask("POST", "/test_source", {"path": "/etc"}, token=api.token_of(Scope.OPERATE)).status == 403


def test_a_list_of_feeds_becomes_sources(api: Api) -> None:
    tried = api.good("POST", "/import_sources", {"opml": OPML, "dry_run": True})
    assert ([one["id"] for one in tried["added"]], tried["written"], api.acts()) == (["ada"], False, [])
    assert (len(tried["refused"]), tried["ignored_folders"]) == (1, ["News"])
    done = api.good("POST", "/import_sources", {"opml": OPML})
    assert done["written"]
    assert (api.acts()[0]["act"], api.acts()[0]["target"]) == ("sources.import", "1 feeds")
    assert api.post("/import_sources", {"opml": "<no"}).status == 422
