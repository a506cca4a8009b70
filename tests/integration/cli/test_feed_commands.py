"""The commands that concern feeds which are read: parse, entries show, explain."""

from __future__ import annotations

import json
import os
import threading
from typing import TYPE_CHECKING

import pytest

from digest.cli import main
from digest.settings import load

if TYPE_CHECKING:
    from tests.conftest import Article, Blog

FEED = """<rss version="2.0"><channel><title>B</title><link>https://blog.example/</link>
<item><title>Hills</title><link>/hills</link><guid isPermaLink="false">7</guid><category>walks</category>
<pubDate>Mon, 01 Jun 2026 20:00:00 GMT</pubDate><description>Over the hills.</description></item>
</channel></rss>
"""


def test_parse_prints_what_a_feed_shows(blog: Blog, capfd: pytest.CaptureFixture[str]) -> None:
    path = blog.write("feed.xml", FEED)
    with pytest.raises(SystemExit) as ended:
        main(["parse", str(path), "--json"])
    assert not ended.value.code
    assert json.loads(capfd.readouterr().out) == {
        "dump": "feed.xml",
        "position": 0,
        "layout": "feed",
        "title": "Hills",
        "author": None,
        "date": {"year": 2026, "month": 6, "day": 1},
        "dated_by": "published",
        "readers": None,
        "paragraphs": ["Over the hills."],
        "figures": [],
        "complete": False,
        "uid": "7",
        "counts": {},
        "tags": ["walks"],
        "link": "https://blog.example/hills",
        "fields": {},
        "kinds": ["paragraph"],
        "links": [],
    }


def test_an_entry_is_shown_with_its_id_and_its_link(blog: Blog) -> None:
    blog.write("feed.xml", FEED)
    assert blog.refresh()["added"] == 1
    (entry,) = blog.listed("entries", "list")
    assert entry["date"] == {"year": 2026, "month": 6, "day": 2, "kind": "exact"}  # in Shanghai
    known = [{"source": "blog", "uid": "7"}, {"source": "blog", "link": "//blog.example/hills"}]
    for command in (("entries", "show"), ("explain",)):
        told = json.loads(blog.run(*command, entry["id"], "--json"))
        assert (told["uids"], told["link"]) == (known, "https://blog.example/hills")
    assert "uid in blog: 7" in blog.run("entries", "show", entry["id"])
    assert "blog knows it by the uid 7" in blog.run("explain", entry["id"])


OPML = """<?xml version="1.0" encoding="UTF-8"?>
<opml version="2.0"><head><title>Mine</title></head><body>
<outline text="Science"><outline text="Physics">
<outline type="rss" text="科学空间" xmlUrl="https://kexue.fm/feed"/>
</outline><outline type="rss" text="One &amp; Two" title="One &amp; Two!" xmlUrl="feed://one.example/feed.xml"/></outline>
<outline type="rss" text="One, two" xmlUrl="https://two.example/feed"/>
<outline type="rss" text="Again" xmlUrl="http://one.example/feed.xml"/>
<outline type="rss" text="Lost"/>
<outline type="rss" text="Odd" xmlUrl="ftp://odd.example/feed"/>
</body></opml>
"""


def test_a_list_of_feeds_becomes_sources(blog: Blog) -> None:
    file = blog.home / "feeds.opml"
    file.write_text(OPML, "utf-8")
    before = (blog.home / "digest.toml").read_text("utf-8")
    tried = json.loads(blog.run("source", "import", str(file), "--dry-run", "--json", code=1).splitlines()[0])
    assert tried["written"] is None
    assert (blog.home / "digest.toml").read_text("utf-8") == before

    told = json.loads(blog.run("source", "import", str(file), "--json", "--yes", code=1).splitlines()[0])
    assert [(one["id"], one["url"]) for one in told["added"]] == [
        ("kexue-fm", "https://kexue.fm/feed"),
        ("one-two", "http://one.example/feed.xml"),
        ("one-two-2", "https://two.example/feed"),
    ]
    assert [(one["line"], one["because"]) for one in told["skipped"]] == [(7, "source one-two reads it")]
    assert [(one["line"], one["title"]) for one in told["refused"]] == [(8, "Lost"), (9, "Odd")]
    assert told["ignored_folders"] == ["Science / Physics", "Science"]
    sources = {one.id: one for one in load(blog.home / "digest.toml").sources}
    assert sources["kexue-fm"].title == "科学空间"
    assert (sources["one-two"].url, sources["one-two"].layouts) == (("http://one.example/feed.xml",), ("feed",))
    assert (blog.home / "digest.toml").read_text("utf-8").startswith(before)

    again = json.loads(blog.run("source", "import", str(file), "--json", "--yes", code=1).splitlines()[0])
    assert (again["added"], len(again["skipped"]), again["written"]) == ([], 4, None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '<!DOCTYPE opml [<!ENTITY a "b">]><opml><body><outline text="&a;" xmlUrl="https://a/"/></body></opml>',
            "entities",
        ),
        ("<opml><body><outline text='x'></body></opml>", "line 1: mismatched tag"),
        ("<html></html>", "is no OPML"),
        ("", "no element found"),
    ],
)
def test_a_list_that_cannot_be_read_changes_nothing(blog: Blog, text: str, said: str) -> None:
    file = blog.home / "feeds.opml"
    file.write_text(text, "utf-8")
    before = (blog.home / "digest.toml").read_text("utf-8")
    assert said in blog.run("source", "import", str(file), "--yes", code=1)
    assert (blog.home / "digest.toml").read_text("utf-8") == before


def test_a_list_is_shown_before_it_is_imported(blog: Blog, capfd: pytest.CaptureFixture[str]) -> None:
    file = blog.home / "feeds.opml"
    file.write_text(OPML, "utf-8")
    told = blog.run("source", "import", str(file), "--dry-run", code=1)
    assert "3 new sources, 1 skipped" in told
    assert "Ignored folders: Science / Physics, Science." in told
    assert "digest: line 8: Lost has no xmlUrl" in told
    assert "Nothing was written." in told


def test_feeds_of_ones_own_network_are_imported_and_a_refused_one_is_named(blog: Blog) -> None:
    file = blog.home / "feeds.opml"
    urls = ("http://127.0.0.1:8801/feed", "https://me:marker@one.example/feed")
    outlines = "".join(f'<outline type="rss" text="One" xmlUrl="{url}"/>' for url in urls)
    file.write_text(f"<opml><body>{outlines}</body></opml>", "utf-8")
    told = blog.run("source", "import", str(file), "--allow-private", "--yes", code=1)
    assert "digest: line 1: One sources.one-2.url.#1: the address names a user" in told
    assert "marker" not in told
    assert load(blog.home / "digest.toml").sources[-1].allow_private


def test_a_pipe_or_a_device_stays_what_it_is_when_something_is_written_to_it(
    blog: Blog, article: type[Article]
) -> None:
    blog.index("index.txt", article("A title"))
    blog.refresh()
    pipe = blog.home / "pipe"
    read: list[bytes] = []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    blog.run("feed", "-o", str(pipe))
    reader.join(10)
    assert b"A title" in read[0]
    assert pipe.is_fifo()
    assert "no ordinary file" in blog.run("backup", str(pipe), code=1)
    assert pipe.is_fifo()
