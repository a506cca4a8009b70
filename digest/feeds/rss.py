"""Renders an RSS document; equal values give equal bytes.

Source: RSS 2.0.11 with the profile of the RSS Advisory Board, and the content, Dublin Core and Atom modules.
Decision 74.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape, unescape
from typing import TYPE_CHECKING

from feedgen.entry import FeedEntry as _Entry
from feedgen.ext.base import BaseEntryExtension
from feedgen.feed import FeedGenerator
from lxml import etree

from digest.feeds.atom import HISTORY, links, set_markup
from digest.typeset.characters import line, strip_unsafe
from digest.typeset.titles import labels, title

if TYPE_CHECKING:
    from digest.feeds.values import FeedEntry, FeedFacts

MEDIA_TYPE = "application/rss+xml"
_ATOM = "http://www.w3.org/2005/Atom"
_CONTENT = "http://purl.org/rss/1.0/modules/content/"
_CREATOR = "http://purl.org/dc/elements/1.1/"
_JOINER = "\N{WORD JOINER}"  # invisible; after it, HTML reads a < or & as text
_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_REFERENCE = re.compile(r"&#?\w+;?")
_TITLE = re.compile(rb"<title>[^<]*</title>")
_REFERENCES = {b"&amp;": b"&#x26;", b"&lt;": b"&#x3C;", b"&gt;": b"&#x3E;"}


def rss(feed: FeedFacts, entries: Sequence[FeedEntry]) -> bytes:
    """The document, with its entries in the given order. RSS has no way to retract entries."""
    made = FeedGenerator()
    made.register_extension("modules", _Channel, atom=False, rss=True)
    made.modules.say(feed)
    made.title(_named(title(feed.title)))
    made.link(href=feed.home_url, rel="alternate")
    made.description(escape(line(feed.subtitle) or title(feed.title), quote=False))
    made.language(feed.language)
    made.lastBuildDate(feed.updated_at)
    made.generator("Digest")
    made.docs("")
    for entry in entries:
        made.add_entry(_item(entry), order="append")
    document: bytes = made.rss_str(pretty=False)
    return _TITLE.sub(_referred, document)


def _named(text: str) -> str:
    """A name that looks the same when it is read as text or as HTML, because RSS does not define which it is."""
    return _TAG.sub(f"<{_JOINER}", _REFERENCE.sub(_unread, text))


def _unread(found: re.Match[str]) -> str:
    """Change text that HTML would read as another character so that it does not; `AT&T` stays unchanged."""
    return found[0] if unescape(found[0]) == found[0] else f"&{_JOINER}{found[0][1:]}"


def _referred(found: re.Match[bytes]) -> bytes:
    """A title with the character references that work in most feed readers, according to the profile."""
    said = found[0]
    for name, number in _REFERENCES.items():
        said = said.replace(name, number)
    return said


def _item(entry: FeedEntry) -> _Entry:
    made = _Entry()
    made.register_extension("modules", _Item, atom=False, rss=True)
    made.modules.say(entry)
    made.title(_named(title(entry.title)))
    made.link(href=entry.url)
    made.guid(entry.id, permalink=False)
    if tags := labels(entry.tags):
        made.category([{"term": _named(tag)} for tag in tags])
    if entry.published:
        made.published(entry.published)
    return made


class _Channel(BaseEntryExtension):  # type: ignore[misc] # feedgen carries no types
    """What RSS borrows from Atom for a channel: its own URL, paging and hub."""

    def __init__(self) -> None:
        self._feed: FeedFacts | None = None

    def say(self, feed: FeedFacts) -> None:
        self._feed = feed

    def extend_ns(self) -> dict[str, str]:
        return {"atom": _ATOM, "content": _CONTENT, "dc": _CREATOR, "fh": HISTORY}

    def extend_rss(self, element: etree._Element) -> etree._Element:
        if self._feed is None:
            return element
        channel = element[0]
        for relation, url in {"self": self._feed.self_url, **links(self._feed)}.items():
            link = etree.SubElement(channel, f"{{{_ATOM}}}link", rel=relation, href=url)
            if relation == "self":
                link.set("type", MEDIA_TYPE)
        if self._feed.paging.archive:
            etree.SubElement(channel, f"{{{HISTORY}}}archive")
        return element


class _Item(BaseEntryExtension):  # type: ignore[misc] # as above
    """The parts of an item in the order that the profile requires: the description, then the full content."""

    def __init__(self) -> None:
        self._entry: FeedEntry | None = None

    def say(self, entry: FeedEntry) -> None:
        self._entry = entry

    def extend_ns(self) -> dict[str, str]:
        return {"atom": _ATOM, "content": _CONTENT, "dc": _CREATOR}

    def extend_rss(self, element: etree._Element) -> etree._Element:
        entry = self._entry
        if entry is None:
            return element
        # A description is HTML, but our summary is text.
        described = escape(strip_unsafe(entry.summary) or title(entry.title), quote=False)
        set_markup(etree.SubElement(element, "description"), described)
        set_markup(etree.SubElement(element, f"{{{_CONTENT}}}encoded"), entry.html)
        if author := line(entry.author):
            etree.SubElement(element, f"{{{_CREATOR}}}creator").text = _named(author)
        updated = etree.SubElement(element, f"{{{_ATOM}}}updated")
        updated.text = entry.updated_at.isoformat()
        if entry.via:
            etree.SubElement(element, f"{{{_ATOM}}}link", rel="via", type="text/html", href=entry.via)
        return element
