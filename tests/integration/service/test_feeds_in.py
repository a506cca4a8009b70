"""Feeds beside text dumps, through the whole refresh: one entry an article, announced once, corrected once."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

import pytest

from digest.model import SourceId
from digest.service.intake.refresh import refresh
from digest.settings import Settings
from digest.store import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from digest.model import Entry
    from digest.service.intake.passes import Pass

START = datetime(2026, 6, 20, 8, tzinfo=UTC)
SENTENCES = (
    "The first of them crossed the river before noon, when nobody had yet expected it",
    "An old map of the valley shows three bridges, of which only one is still standing",
    "Anybody who reads the ledger of that year finds a second hand in it from May onwards",
    "Nothing in the letters explains why the mill was sold for a third of its price",
)


@dataclass(frozen=True)
class Post:
    """An article as its feed and its listing page show it."""

    number: int
    title: str = ""
    day: date = date(2026, 6, 1)
    text: tuple[str, ...] = ()
    uid: str | None = None
    link: str | None = None
    summary: bool = False

    @property
    def heading(self) -> str:
        return self.title or f"Post {'abcdefghijklmnopqrstuvwxyz'[self.number % 26] * 3} of the series"

    @property
    def paragraphs(self) -> tuple[str, ...]:
        return self.text or tuple(f"{one}, says page {self.number * 7 + at}." for at, one in enumerate(SENTENCES))

    def item(self) -> str:
        uid = f"id-{self.number}" if self.uid is None else self.uid
        link = f"https://blog.example/{self.number}" if self.link is None else self.link
        body = "".join(f"<p>{escape(one)}</p>" for one in self.paragraphs)
        parts = [f"<title>{escape(self.heading)}</title>", f"<pubDate>{self.day:%d %b %Y} 04:00:00 GMT</pubDate>"]
        parts += [f'<guid isPermaLink="false">{uid}</guid>'] if uid else []
        parts += [f"<link>{escape(link)}</link>"] if link else []
        if self.summary:
            return f"<item>{''.join(parts)}<description>{escape(self.paragraphs[0][:60])}…</description></item>"
        return f"<item>{''.join(parts)}<content:encoded><![CDATA[{body}]]></content:encoded></item>"

    def byline(self, readers: int = 10) -> str:
        first, *others = self.paragraphs
        return "\n".join([self.heading, f"By Ann | {self.day} | {readers}位读者 | 引用{first}", *others]) + "\n"


@dataclass
class Site:
    """A source whose folder holds what a test writes; each refresh is a day later."""

    home: Path
    settings: Settings = field(init=False)
    now: datetime = START

    def __post_init__(self) -> None:
        (self.home / "dumps").mkdir()
        (self.home / "more").mkdir()
        folders = {"blog": self.home / "dumps", "more": self.home / "more"}
        sources = [
            {"id": name, "title": name, "path": folder, "timezone": "UTC", "backlog": 2}
            for name, folder in folders.items()
        ]
        self.settings = Settings(data_dir=self.home, base_url="https://digest.example.org", sources=sources)
        self.store = open_store("sqlite://")

    def write(self, name: str, text: str) -> None:
        file = self.home / "dumps" / name
        file.write_text(text, "utf-8")
        os.utime(file, (self.now.timestamp() - 60, self.now.timestamp() - 60))

    def feed(self, *posts: Post, name: str = "feed.xml") -> Pass:
        self.write(name, self.rss(*posts))
        return self.refresh()

    @staticmethod
    def rss(*posts: Post) -> str:
        head = '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>B</title>'
        return head + "".join(post.item() for post in posts) + "</channel></rss>"

    def page(self, *posts: Post, readers: int = 10) -> Pass:
        self.write("page.txt", "".join(post.byline(readers) for post in posts) + "最近评论\n")
        return self.refresh()

    def refresh(self) -> Pass:
        self.now += timedelta(days=1)
        return refresh(self.store, self.settings, self.settings.sources[0], now=self.now)

    def refresh_more(self) -> Pass:
        """Read the second source."""
        return refresh(self.store, self.settings, self.settings.sources[1], now=self.now + timedelta(hours=1))

    def announced(self) -> int:
        """How many entries of its first import a source announces."""
        with self.store.read() as tx:
            return sum(tx.audit.story(one.id).announced for one in tx.entries.newest())  # type: ignore[union-attr] # it is there

    def entries(self) -> list[Entry]:
        with self.store.read() as tx:
            return sorted(tx.entries.newest(), key=lambda one: one.content.title)

    def corrections(self) -> int:
        with self.store.read() as tx:
            each = (tx.entries.revisions(one.id)[1:] for one in tx.entries.newest())
            return sum(revision.significant for revisions in each for revision in revisions)

    def held(self) -> set[str]:
        with self.store.read() as tx:
            return tx.readings.held(SourceId("blog"))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.store.close()


def posts(*numbers: int, **how: Any) -> list[Post]:
    return [Post(number, day=date(2026, 6, 1) + timedelta(days=number % 25), **how) for number in numbers]


def test_an_article_of_a_feed_and_of_a_page_is_one_entry_with_two_sightings(site: Site) -> None:
    site.page(*posts(3, 2, 1), readers=77)
    done = site.feed(*posts(4, 3, 2))
    assert (done.added, done.revised, done.held) == (1, 0, 0)
    site.page(*posts(4, 3, 2), readers=80)
    assert len(site.entries()) == 4
    assert [one.readers for one in site.entries()] == [77, 80, 80, 80]
    assert [one.content.extras.link for one in site.entries()][1:] == [f"https://blog.example/{at}" for at in (2, 3, 4)]
    assert site.corrections() == 0


@pytest.mark.parametrize("change", ["title", "day", "text", "link", "all"])
def test_the_same_id_is_the_same_entry_whatever_else_changes(site: Site, change: str) -> None:
    before, others = posts(1)[0], posts(2, 3, 4, 5, 6)
    site.feed(before, *others)
    changes: dict[str, Any] = {
        "title": "Something else entirely",
        "day": date(2026, 6, 11),
        "text": ("Written anew from the first word to the last, and with no line in common with what it was.",),
        "link": "https://other.example/x",
    }
    after = replace(before, **(changes if change == "all" else {change: changes[change]}))
    done = site.feed(after, *others)
    assert (done.added, done.vanished, done.held) == (0, 0, 0)
    assert len(site.entries()) == 6
    assert site.corrections() == (change != "link")


def test_without_an_id_the_same_link_is_the_same_entry(site: Site) -> None:
    site.feed(*posts(1, 2, 3, uid=""))
    one, *others = posts(1, 2, 3, uid="")
    moved = replace(
        one, title="Another title", link="http://BLOG.example:80/%31?utm_source=feed#more", text=("Short.",)
    )
    assert site.feed(moved, *others).added == 0
    assert site.entries()[0].content.title == "Another title"


def test_different_ids_are_different_entries_though_all_else_is_the_same(site: Site) -> None:
    twins = [Post(1, title="Weather", uid=uid, link="") for uid in ("a", "b")]
    site.feed(*twins, *posts(5, 6))
    assert [one.content.title for one in site.entries()].count("Weather") == 2
    done = site.feed(Post(1, title="Weather", uid="c", link="", text=("Rain at last.",)), *twins, *posts(5, 6))
    assert done.added == 1
    assert site.feed(*twins, *posts(5, 6)).added == 0
    assert site.corrections() == 0
    assert len(site.entries()) == 5


@pytest.mark.parametrize("same", ["link", "title, day and text", "title and text, a day later"])
def test_a_site_that_changes_all_ids_at_once_announces_nothing_anew(site: Site, same: str) -> None:
    site.feed(*posts(1, 2, 3, 4))
    moved = []
    for post in posts(2, 3, 4, 5):
        new = replace(post, uid=f"https://new.example/?p={post.number}")
        if same == "link":
            new = replace(new, title="Renamed by the way") if post.number == 2 else new
        else:
            later = same.endswith("later")
            new = replace(new, link=f"https://new.example/{post.number}", day=post.day + timedelta(days=later))
        moved.append(new)
    assert site.feed(*moved).added == 1
    assert len(site.entries()) == 5
    assert site.feed(*moved).added == 0


def test_an_id_that_changes_with_the_title_is_a_correction(site: Site) -> None:
    site.feed(*posts(5, 4, 3, 2, 1))
    before = posts(4)[0]
    renamed = replace(before, title="A better title", uid="a-better-title", link="https://blog.example/a-better-title")
    done = site.feed(*posts(5), renamed, *posts(3, 2, 1))
    assert (done.added, done.revised) == (0, 1)


def test_a_new_id_under_a_new_day_is_a_new_entry(site: Site) -> None:
    thread = [Post(at, title="Open thread", day=date(2026, 6, 1 + 7 * at), text=(SENTENCES[0],) * 2) for at in range(4)]
    for at in range(1, 4):
        site.feed(thread[at], thread[at - 1])
    assert len(site.entries()) == 4
    assert site.corrections() == 0


@pytest.mark.parametrize("summary_first", [True, False])
def test_a_summary_never_replaces_a_text_nor_is_the_text_a_correction(site: Site, *, summary_first: bool) -> None:
    short, whole = posts(1, 2, 3, summary=True), posts(1, 2, 3)
    for _ in range(3):
        if summary_first:
            site.feed(*short)
        site.page(*whole)
        site.feed(*short)
    assert site.corrections() == 0
    assert [one.content.paragraphs for one in site.entries()] == [one.paragraphs for one in whole]
    assert all(one.content.complete for one in site.entries())


def test_another_rendering_of_a_text_is_no_correction_and_an_edit_is_one(site: Site) -> None:
    rendered = [
        replace(one, text=(*one.paragraphs[:2], "A list:\n- one\n- two", "And its end.")) for one in posts(1, 2, 3)
    ]
    site.page(*posts(1, 2, 3))
    for _ in range(2):
        site.feed(*rendered)
        site.page(*posts(1, 2, 3))
    assert site.corrections() == 0
    edited = replace(rendered[0], text=("This sentence was not there before.", *rendered[0].paragraphs))
    site.feed(edited, *rendered[1:])
    assert site.corrections() == 1


def test_a_title_in_another_width_is_the_same(site: Site) -> None:
    site.page(replace(posts(1)[0], title="算法:第1讲(上)"))
    site.feed(replace(posts(1)[0], title="算法：第1讲（上）"))
    assert len(site.entries()) == 1
    assert site.corrections() == 0


def test_a_feed_rolls_on_and_is_not_held(site: Site) -> None:
    for newest in (10, 13, 24):  # some new ones, then all ten
        done = site.feed(*posts(*range(newest, newest - 10, -1)))
        assert (done.held, done.problems) == (0, ())
    assert len(site.entries()) == 13 + 10


def test_a_feed_of_the_last_days_may_nearly_run_dry(site: Site) -> None:
    site.feed(*posts(*range(10, 0, -1)))
    assert site.feed(*posts(10)).held == 0


def test_a_feed_of_another_site_in_its_place_is_held(site: Site) -> None:
    site.feed(*posts(3, 2, 1))
    parked = [replace(one, uid=f"x{one.number}", link=f"https://ads.example/{one.number}") for one in posts(24, 23, 22)]
    assert site.feed(*parked).held == 1


def test_what_comes_back_into_a_feed_is_what_it_was(site: Site) -> None:
    site.feed(*posts(3, 2, 1))
    site.feed(*posts(3, 1))
    assert site.feed(*posts(3, 2, 1)).added == 0
    assert site.corrections() == 0


def test_a_feed_without_dates_is_dated_by_the_change_until_a_page_prints_the_day(site: Site) -> None:
    entry = (
        "<entry><title>{}</title><id>urn:{}</id><updated>2026-06-15T00:00:00Z</updated><content>{}</content></entry>"
    )
    made = [entry.format(one.heading, one.number, "\n\n".join(one.paragraphs)) for one in posts(1, 2)]
    site.write("feed.xml", f'<feed xmlns="http://www.w3.org/2005/Atom">{"".join(made)}</feed>')
    site.refresh()
    assert [str(one.date.kind) for one in site.entries() if one.date] == ["inferred", "inferred"]
    site.page(*posts(1, 2))
    assert [one.date and one.date.full for one in site.entries()] == [one.day for one in posts(1, 2)]
    assert site.corrections() == 0


def test_an_id_of_an_older_store_is_unknown_and_is_learned(site: Site) -> None:
    site.page(*posts(1, 2))
    site.feed(*posts(1, 2))
    entries = site.entries()
    with site.store.read() as tx:
        known = {uid for entry in entries for uid in tx.entries.uids(entry.id)}
    assert known == {(SourceId("blog"), name) for at in (1, 2) for name in (f"id id-{at}", f"link //blog.example/{at}")}


def test_the_first_import_of_a_feed_is_backlog(site: Site) -> None:
    assert site.feed(*posts(*range(10, 0, -1))).added == 10
    assert site.announced() == 2


def test_the_feed_of_one_source_and_the_page_of_another_show_one_entry(site: Site) -> None:
    site.page(*posts(3, 2, 1))
    (site.home / "dumps" / "page.txt").rename(site.home / "more" / "page.txt")
    site.feed(*posts(4, 3, 2))
    site.refresh_more()
    assert [len(one.sources) for one in site.entries()] == [2, 2, 2, 1]
    linked = [replace(one, uid="", link="https://blog.example/2", title="On that") for one in posts(7)]
    site.write("../more/links.xml", site.rss(*linked))
    assert site.refresh_more().added == 1  # a blog of links gives the links of others
    assert site.corrections() == 0


def test_an_edit_is_a_correction_on_the_page_to_which_an_article_moved(site: Site) -> None:
    one, two, three = posts(1, 2, 3)
    site.write("second.txt", "".join(post.byline() for post in posts(9, 8)) + "最近评论\n")
    site.page(three, two, one)
    site.feed(three, two, one)
    edited = replace(one, text=("The very first words are other ones now.", *one.paragraphs[1:]))
    site.write("second.txt", "".join(post.byline() for post in (edited, *posts(9, 8))) + "最近评论\n")
    site.page(three, two)
    assert site.corrections() == 1
    assert site.entries()[0].content.paragraphs == edited.paragraphs


@pytest.mark.parametrize("html_first", [True, False])
def test_a_page_of_html_that_is_a_day_off_shows_the_same_entry(site: Site, *, html_first: bool) -> None:
    post = Post(1, day=date(2026, 6, 10))
    time = "<time datetime='2026-06-09T23:30:00Z'>today</time>"
    body = "".join(f"<p>{escape(one)}</p>" for one in post.paragraphs)
    page = f"<html><body><article><h2>{post.heading}</h2>{time}{body}</article></body></html>"
    first, more = site.settings.sources
    others = (first, more.model_copy(update={"layouts": ("articles",)}))
    site.settings = site.settings.model_copy(update={"sources": others})
    site.write("../more/page.html", page)
    for of_html in (html_first, not html_first):
        if of_html:
            site.refresh_more()
        else:
            site.page(post)
    assert [len(one.sources) for one in site.entries()] == [2]
    assert site.corrections() == 0


def test_an_edit_that_the_feed_brought_is_no_second_correction_when_the_page_follows(site: Site) -> None:
    table = "<table><tr><th>n</th><th>norm</th></tr><tr><td>2</td><td>1.5</td></tr></table>"
    figure = "<figure><img src='a.png' alt='Two lines'><figcaption>Figure 1: the norms</figcaption></figure>"
    first = "An estimate of all norms {} in the plane, as the letters of that year call it."
    for end, corrections in (("", 0), (", as is now said", 1)):
        body = f"<p>{first.format('&#92;(A&#92;)')}</p>{figure}<ul><li>one point</li></ul>{table}<p>The end{end}.</p>"
        site.write("feed.xml", site.rss(Post(1, text=("@",))).replace("<p>@</p>", body))
        site.refresh()
        assert site.corrections() == corrections
        lines = (first.format("$A$"), "Figure 1: the norms", "one point", "n norm", "2 1.5", f"The end{end}.")
        site.page(Post(1, text=lines))
        assert site.corrections() == corrections
    (entry,) = site.entries()
    assert entry.content.extras.kinds
    assert entry.content.figures == ("Two lines\nFigure 1: the norms",)
    assert entry.content.paragraphs[-1] == "The end, as is now said."
