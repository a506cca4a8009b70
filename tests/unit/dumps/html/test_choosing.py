"""How a site is read: its feed before what its page says for programs, then selectors, then its text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from digest.dumps.html.choosing import choice
from digest.errors import FetchError
from digest.model import Layout
from tests.unit.dumps.html.pages import BLOG_LD, GHOST, HUGO, INDIE, JEKYLL, WORDPRESS

if TYPE_CHECKING:
    from digest.dumps.html.choosing import Choice

URL = "https://site.example/blog/"
ATOM = """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><id>urn:x</id><title>x</title><entry><id>urn:1</id>
<title>One</title><updated>2022-01-01T00:00:00Z</updated><published>2022-01-01T00:00:00Z</published></entry></feed>"""
EMPTY = '<feed xmlns="http://www.w3.org/2005/Atom"><id>urn:x</id><title>x</title></feed>'


def chosen(page: str, **sites: str) -> Choice:
    """The choice for a page; `sites` are other pages by their path."""

    def fetch(url: str) -> bytes:
        path = url.removeprefix("https://site.example/")
        if path not in sites:
            raise FetchError(url, "is not there (404)", remedy="check the address")
        return sites[path].encode()

    return choice(page.encode(), URL, fetch)


def linked(*links: str) -> str:
    return "<html><head>" + "".join(links) + f"</head><body>{JEKYLL}</body></html>"


def test_the_feed_that_the_page_names_comes_first_and_not_that_of_its_comments() -> None:
    found = chosen(
        linked(
            '<link rel="alternate" type="application/rss+xml" title="Comments" href="/comments.xml">',
            '<link rel="alternate" hreflang="de" href="/de/">',
            '<link rel="Alternate" type="application/atom+xml; charset=utf-8" href="/atom">',
        ),
        atom=ATOM,
    )
    assert (found.way, found.url, found.layouts, found.table) == (
        Layout.FEED,
        "https://site.example/atom",
        ("feed",),
        None,
    )
    assert found.reasons == ("The page names the feed https://site.example/atom: 1 entry. Digest reads it.",)
    assert [entry.title for entry in found.entries] == ["One"]


def test_an_address_that_is_a_feed_is_read_as_one() -> None:
    found = chosen(ATOM)
    assert (found.way, found.url) == (Layout.FEED, URL)


def test_a_feed_that_is_not_there_or_has_no_entry_is_not_taken_and_that_is_said() -> None:
    links = [f'<link rel=alternate type="application/rss+xml" href="/{name}">' for name in ("gone", "empty")]
    found = chosen(linked(*links), empty=EMPTY)
    assert found.way == "selectors"
    assert "https://site.example/gone, which cannot be fetched" in found.reasons[0]
    assert found.reasons[1] == "The page names the feed https://site.example/empty, which has no entry."


@pytest.mark.parametrize(
    ("page", "way"),
    [
        (GHOST, "json-ld"),
        (BLOG_LD, "json-ld"),
        (INDIE, "microformats"),
        (WORDPRESS.replace("hentry", ""), "articles"),
        (HUGO, "selectors"),
        (JEKYLL, "selectors"),
        ("<html><body><p>Nothing</p></body></html>", "nothing"),
        ("", "nothing"),
    ],
)
def test_what_the_page_says_for_programs_comes_before_selectors(page: str, way: str) -> None:
    found = chosen(page)
    assert found.way == way
    assert found.reasons[0] == "The page names no feed."
    assert bool(found.layouts) is (way != "nothing")
    assert (found.table is not None) is (way == "selectors")


def test_a_format_that_names_few_of_the_entries_is_not_taken() -> None:
    one = (
        '<script type="application/ld+json">{"@type":"Article","headline":"Star","datePublished":"2020-01-01"}</script>'
    )
    times = [(n, f"2021-01-0{n}") for n in range(1, 6)]
    many = "".join(f"<article><h2>T{n}</h2><time datetime={day}>x</time></article>" for n, day in times)
    found = chosen(one + many)
    assert found.way == "articles"
    assert "The page has articles in JSON-LD, but only 1 entry; others show 5." in found.reasons


def test_selectors_are_drafted_from_what_recurs_around_dates() -> None:
    found = chosen(HUGO)
    assert found.table == {
        "id": "mine",
        "html": {
            "entry": "article.post-entry",
            "title": "h2",
            "link": "a",
            "date": "footer.entry-footer span",
            "text": "div.entry-content",
        },
    }
    assert [(entry.title, entry.date) for entry in found.entries] == [
        ("Borrowing in Rust", (3, 5, 2023)),
        ("Second", (2, 1, 2023)),
    ]


def test_the_text_of_a_page_is_the_last_way() -> None:
    words = "Some text that says a lot about it, and then still more, so that it is surely a paragraph of the entry"
    parts = [
        f"<div>The entry number {n} of the year</div><div>June {n}, 2021</div><div>{words} number {n}.</div>"
        for n in range(3, 9)
    ]
    found = chosen(f"<html><body>{''.join(parts)}</body></html>")
    assert found.way == "text"
    assert found.table is not None
    assert "{title}" in str(found.table["entry"])
    assert len(found.entries) == 6
