"""The commands that concern feeds which are read: parse, entries show, explain."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from digest.cli import main

if TYPE_CHECKING:
    from tests.conftest import Blog

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
