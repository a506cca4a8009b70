"""Sources and held dumps by the API: their health, reading them now, decisions, renaming, forgetting."""

from __future__ import annotations

import contextlib
import threading
from functools import partial
from typing import TYPE_CHECKING

import pytest

from digest.operations import source_acts
from digest.operations.core import Context, Nothing, Service, perform
from digest.operations.source_acts import Rename
from digest.records.operating import Scope, Via
from digest.service.intake import refresh as intake
from digest.service.operating.auditing import Actor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import Article, Blog
    from tests.integration.api.conftest import Api


def context_of(api: Api, service: Service) -> Context:
    actor = Actor("ada", Via.CONSOLE, frozenset(Scope), "there")
    return Context(api.store, api.settings, api.clock, actor, service)


def test_a_source_shows_its_health(api: Api) -> None:
    (listed,) = api.good("GET", "/sources")["items"]
    assert (listed["id"], listed["entries"], listed["dumps"], listed["held"]) == ("blog", 1, 1, 0)
    assert (listed["kind"], len(listed["grown"]), listed["grown"][-1]) == ("path", 15, 1)
    assert listed["grown"][0] == 0
    shown = api.good("GET", "/sources/blog")
    assert ([one["dump"] for one in shown["listed"]], shown["every"]) == (["index.txt"], 900)
    assert api.get("/sources/nope").status == 404


def test_a_source_is_read_now(api: Api, blog: Blog, article: type[Article]) -> None:
    blog.index("index.txt", article("First"), article("Second"))
    done = api.good("POST", "/sources/blog/refresh")
    assert (done["added"], done["problems"]) == (1, [])
    act = api.acts()[0]
    assert (act["act"], act["target"], act["before"], act["after"]) == (
        "sources.refresh",
        "blog",
        {"entries": 1},
        {"entries": 2},
    )
    assert [one["skipped"] for one in api.good("POST", "/refresh")["items"]] == [1]
    assert api.post("/sources/nope/refresh").status == 404


def test_two_passes_over_one_source_follow_each_other(api: Api, blog: Blog, article: type[Article]) -> None:
    """A pass that begins during another waits for its end."""
    source = api.settings.sources[0]
    order: list[str] = []
    inside, go_on = threading.Event(), threading.Event()

    def wait(name: str) -> None:
        order.append(name)
        inside.set()
        assert go_on.wait(5)

    def again() -> None:
        intake.refresh(api.store, api.settings, source, now=api.now)
        order.append("second ends")

    blog.index("more.txt", article("Second"))
    passing = partial(intake.refresh, api.store, api.settings, source, now=api.now, progress=wait)
    first, second = threading.Thread(target=passing), threading.Thread(target=again)
    first.start()
    assert inside.wait(5)
    second.start()
    order.append("first goes on")
    go_on.set()
    first.join(5)
    second.join(5)
    assert order == ["index.txt", "first goes on", "more.txt", "second ends"]


def test_a_held_dump_is_shown_approved_and_discarded(api: Api, blog: Blog, article: type[Article]) -> None:
    blog.index("index.txt", article("First"), *(article(f"Number {n}") for n in range(7)))
    api.post("/sources/blog/refresh")
    blog.index("index.txt", article("Number 1"))
    assert api.post("/sources/blog/refresh").body["held"] == 1
    (waiting,) = api.good("GET", "/held")["items"]
    assert (waiting["dump"], waiting["unreadable"]) == ("index.txt", False)
    shown = api.good("GET", "/sources/blog/held?dump=index.txt")
    assert (len(shown["held"][0]["removed"]), shown["held"][0]["missing"]) == (7, 1)
    assert api.good("POST", "/sources/blog/discard", {"dump": "index.txt"})["decided"] == ["index.txt"]
    act = api.acts()[0]
    assert (act["target"], act["before"], act["after"]) == ("blog/index.txt", {"held": ["index.txt"]}, {"held": []})
    assert api.post("/sources/blog/approve").status == 404
    blog.index("index.txt", article("Number 2"))
    api.post("/sources/blog/refresh")
    assert api.good("POST", "/sources/blog/approve")["sightings"] == 1
    assert api.good("GET", "/held")["items"] == []
    assert api.get("/sources/blog/held?dump=nope").status == 404


def test_a_dump_that_cannot_be_read_cannot_be_approved(api: Api, blog: Blog) -> None:
    blog.write("index.txt", "nothing that is an entry\n")
    api.post("/sources/blog/refresh")
    assert api.post("/sources/blog/approve").status == 422


def test_dumps_are_forgotten_and_remembered(api: Api, blog: Blog) -> None:
    refused = api.post("/sources/blog/forget")
    assert (refused.status, "still there" in refused.body["detail"]) == (409, True)
    (blog.home / "dumps" / "index.txt").unlink()
    tried = api.good("POST", "/sources/blog/forget", {"dry_run": True})
    assert (len(tried["gone"]), api.get("/sources/blog").body["entries"]) == (1, 1)
    api.good("POST", "/sources/blog/forget", {"dumps": ["index.txt"]})
    assert api.acts()[0]["act"] == "sources.forget"
    assert api.get("/entries").body["items"] == []
    api.good("POST", "/sources/blog/remember")
    assert len(api.get("/entries").body["items"]) == 1
    assert api.post("/sources/blog/remember").status == 404


def test_a_source_of_a_running_service_is_renamed_by_the_command_alone(api: Api) -> None:
    running = context_of(api, Service(follow=lambda: None))
    with pytest.raises(Exception, match="stop it, and run `digest source rename blog new`"):
        perform(source_acts.RENAME, running, Rename(source="blog", new="new"))
    assert api.post("/sources/blog/rename", {"new": "Not A Name"}).status == 422
    assert api.good("POST", "/sources/blog/rename", {"new": "hill"})["entries"] == 1
    assert api.acts()[0]["target"] == "blog → hill"


def test_fetches_are_shown(api: Api) -> None:
    assert api.good("GET", "/fetches")["items"] == []
    assert api.good("GET", "/sources/blog/fetches")["items"] == []
    assert api.get("/sources/nope/fetches").status == 404


def test_a_command_shows_progress(api: Api) -> None:
    seen: list[str] = []

    @contextlib.contextmanager
    def steps(what: str, *, kept: str, total: object = None) -> Iterator[Callable[[str], None]]:
        seen.append(what)
        yield seen.append

    source_acts.refresh_all(context_of(api, Service(steps=steps)), Nothing())
    assert seen == ["reading blog", "index.txt"]
