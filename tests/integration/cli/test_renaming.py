"""`digest source rename`: nothing of a source is lost, old addresses redirect, no feed reader shows anything again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import feedparser
import pytest

from digest.app import clock, exclusive_lock, opened, opened_untouched
from digest.errors import StoreError
from digest.model import SourceId
from digest.records.operating import Alert
from digest.settings import load
from tests.integration.web.site import Site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Article, Blog

TOPIC = """
[[topics]]
id = "notes"
title = "札记"
sources = ["blog"]
"""


class Renaming:
    """A blog of several articles, whose configuration names its source in each place that can."""

    def __init__(self, blog: Blog, article: type[Article]) -> None:
        self.blog, self.file = blog, blog.home / "digest.toml"
        text = self.file.read_text("utf-8").replace("[mail]", 'sources = ["blog"]\n[mail]')
        self.file.write_text(f"{text}[feed]\nnewest = 5\n{TOPIC}", "utf-8")
        blog.search(
            "page.txt", *(article(f"文章{n}", (2026, 3, n), (f"第{n}篇的正文,不同于别的。",)) for n in range(1, 9))
        )
        blog.refresh()
        blog.run("subscribers", "add", "ada@example.org")
        blog.run("edition", "cut")

    def rename(self, old: str = "blog", new: str = "hill", *, code: int = 0) -> str:
        return self.blog.run("source", "rename", old, new, code=code)

    def configure(self, old: str = "blog", new: str = "hill") -> None:
        self.file.write_text(self.file.read_text("utf-8").replace(f'"{old}"', f'"{new}"'), "utf-8")

    def documents(self, source: str) -> list[bytes]:
        """The subscription document and the archives, of the source and of the topic, with the source's name as X."""
        pages = [self.blog.run("feed", "--source", source, *more) for more in ([], ["--archive", "1"])]
        pages += [self.blog.run("feed", "--topic", "notes", *more) for more in ([], ["--archive", "1"])]
        return [page.replace(f"example.org/sources/{source}/", "example.org/sources/X/").encode() for page in pages]

    def site(self) -> Iterator[Site]:
        settings = load(self.file)
        with opened(settings) as store:
            yield Site(store, settings)


@pytest.fixture
def renaming(blog: Blog, article: type[Article]) -> Renaming:
    return Renaming(blog, article)


@pytest.mark.parametrize("first", ["command", "configuration"])
def test_readers_see_nothing_again_whatever_the_operator_does_first(renaming: Renaming, first: str) -> None:
    blog = renaming.blog
    before, entries = renaming.documents("blog"), blog.listed("entries", "list")
    if first == "configuration":
        renaming.configure()
    renaming.rename()
    if first == "command":
        renaming.configure()

    assert renaming.documents("hill") == before  # the same ids, the feed's too, in the same order
    assert feedparser.parse(before[0]).feed.id == "tag:digest.example.org,2026:feed/sources/blog"
    assert blog.listed("entries", "list") == [entry | {"sources": ["hill"]} for entry in entries]
    assert {name: blog.refresh()[name] for name in ("dumps", "added", "revised")} == {
        "dumps": 0,
        "added": 0,
        "revised": 0,
    }
    assert "none was made" in blog.run("edition", "cut")
    assert "every row satisfies them" in blog.run("check", "--deep")


def test_it_says_what_to_change(renaming: Renaming) -> None:
    said = renaming.rename()
    assert "blog is now hill, with 8 entries and 1 dumps" in said
    assert said.splitlines()[2:] == [
        '  line 5: id = "blog"',
        '  line 14: sources = ["blog"]',
        '  line 24: sources = ["blog"]',
    ]
    assert said.count(str(renaming.file)) == 1
    printed = json.loads(renaming.blog.run("source", "rename", "hill", "peak", "--json"))
    assert printed == {"source": "peak", "was": "hill", "entries": 8, "dumps": 1, "change": []}


@pytest.mark.parametrize("command", [("refresh",), ("status",), ("check",), ("run",), ("simulate",)])
def test_a_configuration_with_the_former_name_is_refused(renaming: Renaming, command: tuple[str, ...]) -> None:
    renaming.rename()
    code = 1 if command == ("check",) else 2
    more = ("--from", "2026-01-01", "--to", "2026-01-02", "-o", str(renaming.blog.home / "out"))
    said = renaming.blog.run(*command, *(more if command == ("simulate",) else ()), code=code)
    assert 'the source blog was renamed to hill (write id = "hill"' in said

    renaming.configure()
    assert renaming.blog.refresh()["skipped"] == 1


def test_a_process_that_knows_only_the_former_name_reads_nothing_under_it(renaming: Renaming) -> None:
    from digest.app import run_pass  # noqa: PLC0415 - as a worker that runs on does

    settings = load(renaming.file)
    renaming.rename()
    with opened_untouched(settings, any_names=True) as store:
        with pytest.raises(StoreError, match=r"the source blog is hill now"):
            run_pass(store, settings, settings.sources[0])
        with store.read() as tx:
            assert list(tx.readings.sources()) == ["hill"]


def test_old_addresses_lead_to_the_new_ones_also_after_a_later_name(renaming: Renaming) -> None:
    renaming.rename()
    renaming.rename("hill", "peak")
    renaming.configure("blog", "peak")
    for site in renaming.site():
        for name in ("blog", "hill"):
            for rest in ("", "/feed.atom", "/feed.rss", "/feed.json", "/archive/1.atom", "/archive/1.json?a=b%20c"):
                for method in ("GET", "HEAD"):
                    moved = site(f"/sources/{name}{rest}", method)
                    assert (moved.status, moved.headers["location"]) == (301, f"/sources/peak{rest}")
            assert moved.headers["cache-control"] == "public, max-age=900"
        assert [site(f"/sources/peak{rest}").status for rest in ("", "/feed.atom", "/archive/1.atom")] == [200] * 3
        assert [site(path).status for path in ("/sources/x", "/sources/x/feed.atom", "/topics/blog/feed.atom")] == [
            404
        ] * 3
        assert b"/sources/blog" not in site("/feeds.opml").body


def test_a_source_that_gets_its_first_name_back_answers_there(renaming: Renaming) -> None:
    before = renaming.documents("blog")
    renaming.rename()
    renaming.rename("hill", "blog")
    assert renaming.documents("blog") == before
    for site in renaming.site():
        assert site("/sources/blog").status == 200
        assert site("/sources/hill").headers["location"] == "/sources/blog"


def test_what_cannot_be_renamed_is_refused(renaming: Renaming) -> None:
    blog = renaming.blog
    config = renaming.file.read_text("utf-8")
    other = '[[sources]]\nid = "other"\ntitle = "别处"\npath = "other"\n'
    renaming.file.write_text(f"{config}{other}", "utf-8")
    (blog.home / "other").mkdir()
    blog.write("../other/page.txt", (blog.home / "dumps" / "page.txt").read_text("utf-8"))
    blog.run("refresh")
    assert "blog and other are both configured" in renaming.rename("blog", "other", code=2)
    renaming.file.write_text(config, "utf-8")

    assert "no source 'none'" in renaming.rename("none", "hill", code=1)
    assert "is another source, with dumps or entries" in renaming.rename("blog", "other", code=2)
    assert "is its name" in renaming.rename("blog", "blog", code=2)
    for name in ("Hill", "a b", "", "_x", "hill\n"):
        assert "is not a valid name" in renaming.rename("blog", name, code=2)
    renaming.rename()
    assert "no source 'blog' (it is hill now)" in renaming.rename("blog", "peak", code=1)
    assert "blog: is a former name of hill" in renaming.rename("other", "blog", code=2)
    assert "hill: is another source" in renaming.rename("other", "hill", code=2)


def test_nothing_is_renamed_while_the_service_runs(renaming: Renaming) -> None:
    with exclusive_lock(load(renaming.file).database_folder):
        assert "another `digest run` uses this folder" in renaming.rename(code=2)
    assert renaming.blog.refresh()["source"] == "blog"


def test_an_alert_goes_on_under_the_new_name(renaming: Renaming) -> None:
    moment = clock()
    alert = Alert("source blog", "page.txt: held", moment, told_at=moment)
    with opened(load(renaming.file)) as store, store.write() as tx:
        tx.alerts.put(alert)
        tx.readings.refreshed(SourceId("blog"), moment, alert.problem)
    renaming.rename()
    renaming.configure()
    (told,) = renaming.blog.listed("status")[0]["alerts"]
    known = {"subject": "source hill", "problem": alert.problem, "since": moment.isoformat()}
    assert known.items() <= told.items()


def test_backups_and_simulations_know_the_former_name(renaming: Renaming) -> None:
    blog = renaming.blog
    renaming.rename()
    renaming.configure()
    blog.run("backup", str(blog.home / "copy"))
    renaming.rename("hill", "peak")
    blog.run("restore", str(blog.home / "copy"), "--yes")
    with opened(load(renaming.file)) as store, store.read() as tx:
        assert [(one.old, one.new) for one in tx.renames.all().values()] == [("blog", "hill")]
        assert tx.readings.source(SourceId("peak")) is None
    out = blog.home / "out"
    blog.run("simulate", "--from", "2026-01-01", "--to", f"{clock():%Y-%m-%d}", "-o", str(out))
    simulated: Any = feedparser.parse((out / "feeds" / "sources" / "hill" / "final.atom").read_bytes())
    assert simulated.feed.id == "tag:digest.example.org,2026:feed/sources/blog"
