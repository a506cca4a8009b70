"""Sources that declared layouts read, from their dumps to feeds, pages and mails."""

from __future__ import annotations

import email
import email.policy
import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from lxml import etree
from lxml import html as lxml_html

from digest.app import opened
from digest.dumps.configured import load_settings
from tests.integration.web.site import Site

if TYPE_CHECKING:
    from tests.conftest import Blog

START = datetime(2026, 10, 5, 2, tzinfo=UTC)
ATOM = "{http://www.w3.org/2005/Atom}"
DRAWN = """
[[layouts]]
id = "news"
begins = ["News"]
entry = '''
{title}
{date} | {tag} | {readers:n} readers, {likes:n} likes
?{link}
?Mood: {mood}
{text}
'''
ends = ["Older news"]
[[layouts]]
id = "links"
begins = ["Weblog"]
heading = "{date}"
entry = '''
{text} # {time}
'''
[[sources]]
id = "news"
title = "News of the harbour"
path = "news"
layouts = ["news"]
language = "en"
link = "https://news.example/{title}/"
[[sources]]
id = "links"
title = "Weblog"
path = "links"
layouts = ["links"]
language = "en"
[[digests]]"""
BRIDGE = "The old bridge is closed for some weeks, and the ferry takes everybody across the river instead."
MILL = "A mill by the sea has ground no corn for a century; now somebody repairs its wheel, plank by plank."
TOWER = "Nobody knows who built the tower on the hill, though three villages say that it was one of theirs."
CRANE = "All the big harbours want a new crane. Even I, who like the old one, want a new crane."
SAILOR = "Happy Talk Like a Sailor Day. What is a sailor’s favourite letter? It is the C."
LINK = "https://news.example/bridge?a=1&b=2"


class Town:
    """Two sources in the layouts above, crawled once a day."""

    def __init__(self, blog: Blog) -> None:
        self.blog, self.days = blog, 0
        config = blog.home / "digest.toml"
        written = config.read_text("utf-8")
        before, _, rest = written.partition("[[sources]]")
        config.write_text(before + DRAWN + rest.partition("[[digests]]")[2], "utf-8")

    def at(self) -> Any:
        return time_machine.travel(START + self.days * timedelta(days=1), tick=False)

    def run(self, *command: str, code: int = 0) -> str:
        with self.at():
            return self.blog.run(*command, code=code)

    def crawl(
        self, *links: str, tag: str = "Works, Traffic", readers: int = 100, likes: int = 7, bridge: str = BRIDGE
    ) -> dict[str, int]:
        """Write both pages and read them; what changed in both."""
        self.days += 1
        news = [
            f"Bridge closed\nJune 11, 2021 | {tag} | {readers} readers, {likes} likes\n{LINK}\nMood: calm\n{bridge}",
            f"The mill\nJune 2021 | Sights | {readers + 1} readers, {likes + 1} likes\njavascript:alert(1)\n{MILL}",
            f"The tower\n2020 | Sights | {readers + 2} readers, {likes + 2} likes\n{TOWER}",
        ]
        self.blog.write("../news/page.txt", "\n".join(["News", *news, "Older news"]) + "\n")
        lines = [f"{text} # 1:3{at} PM" for at, text in enumerate(links or (CRANE, SAILOR))]
        self.blog.write("../links/page.txt", "\n\n".join(["Weblog", "Wednesday, September 19, 2007", *lines]) + "\n")
        counted: dict[str, int] = {}
        for line in self.run("refresh", "--json").splitlines():
            for name, number in json.loads(line).items():
                if isinstance(number, int):
                    counted[name] = counted.get(name, 0) + number
        return counted

    def listed(self, *command: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.run(*command, "--json").splitlines()]

    def entries(self) -> dict[str, dict[str, Any]]:
        """The entries by title; those without one by the beginning of their text."""
        made = {}
        for entry in self.listed("entries", "list"):
            text = self.listed("entries", "show", entry["id"])[0]["paragraphs"][0]
            made[entry["title"] or text[:9]] = entry
        return made

    def cut(self) -> list[dict[str, Any]]:
        """The entries of an edition made now."""
        made = self.run("edition", "cut", "--json")
        return self.listed("edition", "show", json.loads(made)["key"])[0]["entries"] if made else []


@pytest.fixture
def town(blog: Blog) -> Town:
    return Town(blog)


def test_changing_counts_announce_nothing_and_are_shown(town: Town) -> None:
    assert town.crawl()["added"] == 5
    first = town.entries()
    assert set(first) == {"Bridge closed", "The mill", "The tower", "All the b", "Happy Tal"}
    for at in range(1, 3):
        counted = town.crawl(readers=100 + 50 * at, likes=7 + at)
        assert (counted["added"], counted["revised"], counted["held"]) == (0, 0, 0)
    bridge = town.entries()["Bridge closed"]
    assert bridge | {"first_seen_at": "", "updated": ""} == {
        "id": first["Bridge closed"]["id"],
        "title": "Bridge closed",
        "author": None,
        "date": {"year": 2021, "month": 6, "day": 11, "kind": "exact"},
        "readers": 200,
        "counts": {"readers": 200, "likes": 9},
        "tags": ["Works", "Traffic"],
        "link": LINK,
        "fields": {"mood": "calm"},
        "kinds": [],
        "links": [],
        "sources": ["news"],
        "first_seen_at": "",
        "updated": "",
        "revisions": 1,
    }
    assert bridge["updated"] == first["Bridge closed"]["updated"]
    said = town.run("entries", "show", bridge["id"])
    assert all(line in said for line in (f"link: {LINK}", "tags: Works, Traffic", "mood: calm", "likes: 9"))
    assert [one["title"] for one in town.cut()].count("Bridge closed") == 1
    town.run("check", "--deep")


def test_dates_are_shown_as_far_as_they_are_printed(town: Town) -> None:
    town.crawl()
    dates = {title: entry["date"] for title, entry in town.entries().items()}
    assert dates["The mill"] == {"year": 2021, "month": 6, "day": None, "kind": "partial"}
    assert dates["The tower"] == {"year": 2020, "month": None, "day": None, "kind": "partial"}
    listed = town.run("entries", "list")
    assert re.search(r"2021-06 +The mill", listed)
    assert re.search(r"2020 +The tower", listed)
    settings = load_settings(town.blog.home / "digest.toml")
    with town.at(), opened(settings) as store:
        site = Site(store, settings)
        for title, said in (("The mill", ("June 2021", "2021年6月")), ("The tower", ("2020", "2020年"))):
            for language, expected in zip(("en", "zh-CN"), said, strict=True):
                page = site(f"/entries/{town_id(town, title)}", accept_language=language).page
                (facts,) = page.xpath("//article//p[contains(@class, 'facts')]")
                assert expected in [span.text_content().strip() for span in facts.xpath("span")]
                assert "inferred" not in facts.text_content()


def town_id(town: Town, title: str) -> str:
    return str(town.entries()[title]["id"])


def feeds(town: Town) -> tuple[Any, Any, Any]:
    made = []
    for kind in ("atom", "rss", "json"):
        file = town.blog.home / f"feed.{kind}"
        town.run("feed", "--format", kind, "-o", str(file))
        made.append(json.loads(file.read_bytes()) if kind == "json" else etree.fromstring(file.read_bytes()))
    return made[0], made[1], made[2]


def test_feeds_have_tags_links_and_only_full_dates(town: Town) -> None:
    town.crawl()
    atom, rss, items = feeds(town)
    entries = {one.findtext(f"{ATOM}title"): one for one in atom.iter(f"{ATOM}entry")}
    assert set(entries) == {
        "Bridge closed",
        "The mill",
        "The tower",
        "All the big harbours want a new crane.",
        "Happy Talk Like a Sailor Day.",
    }
    bridge, mill = entries["Bridge closed"], entries["The mill"]
    assert [one.get("term") for one in bridge.iter(f"{ATOM}category")] == ["Works", "Traffic"]
    assert [one.get("href") for one in bridge.iter(f"{ATOM}link") if one.get("rel") == "via"] == [LINK]
    assert [one.get("href") for one in mill.iter(f"{ATOM}link") if one.get("rel") == "via"] == [
        "https://news.example/The%20mill/"  # what the page shows is no address on the web
    ]
    published = {title: one.findtext(f"{ATOM}published") for title, one in entries.items()}
    assert published["Bridge closed"] == "2021-06-11T12:00:00+00:00"
    assert published["All the big harbours want a new crane."] == "2007-09-19T12:00:00+00:00"
    assert (published["The mill"], published["The tower"]) == (None, None)
    categories = {one.findtext("title"): [c.text for c in one.iter("category")] for one in rss.iter("item")}
    assert categories["Bridge closed"] == ["Works", "Traffic"]
    assert categories["Happy Talk Like a Sailor Day."] == []
    named = {one["title"]: one for one in items["items"]}
    assert (named["Bridge closed"]["tags"], named["Bridge closed"]["external_url"]) == (["Works", "Traffic"], LINK)
    assert "tags" not in named["Happy Talk Like a Sailor Day."]
    assert "external_url" not in named["Happy Talk Like a Sailor Day."]
    in_order = [one["title"] for one in items["items"] if one["title"].startswith(("The ", "Bridge"))]
    assert in_order == ["Bridge closed", "The mill", "The tower"]


def test_a_changed_tag_is_silent_and_a_page_and_a_search_show_it(town: Town) -> None:
    town.crawl()
    before = town.entries()["Bridge closed"]
    town.cut()
    counted = town.crawl(tag="Traffic, Ferries")
    after = town.entries()["Bridge closed"]
    assert (counted["revised"], after["tags"]) == (0, ["Traffic", "Ferries"])
    assert (after["updated"], after["revisions"]) == (before["updated"], 2)
    assert town.cut() == []
    assert [one["title"] for one in town.listed("entries", "list", "--search", "ferries")] == ["Bridge closed"]
    assert town.listed("entries", "list", "--search", "works") == []
    settings = load_settings(town.blog.home / "digest.toml")
    with town.at(), opened(settings) as store:
        site = Site(store, settings)
        english = site(f"/entries/{after['id']}", accept_language="en").page.text_content()
        chinese = site(f"/entries/{after['id']}", accept_language="zh-CN").page
    assert "Tags: Traffic · Ferries" in english
    assert "tags, link or other details changed" in english
    assert "标签：Traffic · Ferries" in chinese.text_content()
    assert "标签、链接等信息有变" in chinese.text_content()
    assert chinese.xpath("//p[@class='via']/a/@href") == [LINK]


def test_an_edited_entry_without_a_title_is_corrected_and_stays_one(town: Town) -> None:
    town.crawl()
    assert {one["section"] for one in town.cut()} == {"new"}
    crane = town.entries()["All the b"]
    assert crane["title"] is None
    counted = town.crawl(CRANE.replace("a new crane. Even", "two new cranes. Even"), SAILOR)
    assert (counted["added"], counted["revised"]) == (0, 1)
    now = town.entries()["All the b"]
    assert (now["id"], now["title"], now["revisions"]) == (crane["id"], None, 2)
    assert [(one["section"], one["id"], one["title"]) for one in town.cut()] == [("corrected", crane["id"], None)]
    assert re.search(rf"{crane['id']} +2007-09-19 +All the", town.run("entries", "list"))
    assert "All the big harbours want two new cranes." in town.run("explain", "TWO new cranes")
    assert town.crawl(CRANE.replace("a new crane. Even", "two new cranes. Even"), SAILOR)["revised"] == 0


def test_mails_show_first_sentences_and_the_links_of_entries(town: Town) -> None:
    town.run("subscribers", "add", "ada@example.org", "--language", "en")
    town.crawl()
    town.cut()
    town.run("edition", "send")
    (mail,) = [email.message_from_bytes(one, policy=email.policy.default) for one in town.blog.mails()]
    page = lxml_html.document_fromstring(mail.get_body(("html",)).get_content())  # type: ignore[union-attr]
    text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    titles = [" ".join(one.text_content().split()) for one in page.xpath("//*[@class='title']")]
    assert "All the big harbours want a new crane." in titles
    assert LINK in page.xpath("//a/@href")
    assert f"original: {LINK}" in text
    assert not [link for link in page.xpath("//@href") if "javascript" in link]
    assert "June 2021" in text


def test_entries_without_a_title_are_merged_split_and_edited_by_hand(town: Town) -> None:
    town.crawl()
    found = town.entries()
    crane, sailor = found["All the b"]["id"], found["Happy Tal"]["id"]
    said = town.run("entries", "merge", crane, sailor)
    assert f"{sailor} (Happy Talk Like a Sailor Day.) is {crane} now" in said
    town.run("entries", "undo", crane)
    said = town.run("entries", "edit", crane, "--title", "Cranes", "--date", "2007-09")
    assert "no title → Cranes" in said
    edited = town.entries()["Cranes"]
    assert edited["date"] == {"year": 2007, "month": 9, "day": None, "kind": "partial"}
    assert town.crawl()["added"] == 0
    assert town.entries()["Cranes"]["id"] == crane
    town.run("entries", "edit", crane, "--lift", "all")
    assert town.entries()["All the b"]["id"] == crane
    town.run("check", "--deep")


def test_an_entry_without_a_title_is_split_by_hand(town: Town) -> None:
    other = "Weblog\n\nWednesday, September 19, 2007\n\n{text} # 1:30 PM\n"
    town.blog.write("../links/other.txt", other.format(text=CRANE))
    town.crawl()
    crane = town.entries()["All the b"]["id"]
    said = town.run("entries", "split", crane, "--dump", "links/other.txt")
    found = re.search(r"(\S+) is an entry of its own now: All the big harbours want a new crane\.", said)
    assert found
    assert town.crawl()["added"] == 0
    before = {one["id"]: one["revisions"] for one in town.listed("entries", "list")}
    town.blog.write("../links/other.txt", other.format(text=CRANE.replace("the old one", "all of the old ones")))
    counted = town.crawl()
    assert (counted["added"], counted["revised"]) == (0, 1)
    revisions = {one["id"]: one["revisions"] for one in town.listed("entries", "list")}
    assert revisions == before | {found[1]: before[found[1]] + 1}
    town.run("check", "--deep")


def test_an_entry_without_a_title_waits_in_a_held_dump(town: Town) -> None:
    many = [f"Harbour note number {at} of this long year. {BRIDGE[at:]}" for at in range(12)]
    town.crawl(*many)
    counted = town.crawl("A new line of which nobody has heard. It is short.", many[0])
    assert (counted["held"], counted["added"]) == (1, 0)
    shown = town.run("source", "show", "links")
    assert "A new line of which nobody has heard." in shown
    assert town.crawl("A new line of which nobody has heard. It is short.", many[0], likes=1)["held"] == 0
    assert "A new li" in {title[:8] for title in town.entries()}


def test_a_store_with_them_is_backed_up_restored_and_simulated(town: Town) -> None:
    town.crawl()
    town.crawl(tag="Traffic", likes=9)
    before = town.entries()
    file = town.blog.home / "copy.db"
    town.run("backup", str(file))
    simulated = town.run("simulate", "--from", "2026-10-01", "--to", "2026-10-20")
    assert "All the big harbours want a new crane." in simulated
    town.run("restore", str(file), "--yes")
    assert town.entries() == before
    town.run("check", "--deep")
