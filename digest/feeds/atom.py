"""Renders an Atom document; equal values give equal bytes. Source: RFC 4287, 5005, 6721. Decision 295."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC
from typing import TYPE_CHECKING

from feedgen.entry import FeedEntry as _Entry
from feedgen.ext.base import BaseEntryExtension
from feedgen.feed import FeedGenerator
from lxml import etree

from digest.typeset.characters import line, strip_unsafe
from digest.typeset.titles import UNTITLED, labels, title

if TYPE_CHECKING:
    from digest.feeds.values import FeedEntry, FeedFacts, Tombstone

MEDIA_TYPE = "application/atom+xml"
HISTORY = "http://purl.org/syndication/history/1.0"
_TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"
_LESS = re.compile("(<)")
_SECTION_END = re.compile(r"(?<=]])(?=>)")
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


def atom(feed: FeedFacts, entries: Sequence[FeedEntry], removed: Sequence[Tombstone] = ()) -> bytes:
    """The document, with its entries in the given order. All times in it come from the values."""
    made = FeedGenerator()
    made.register_extension("history", _History, atom=True, rss=False)
    made.history.say(feed, removed)
    made.id(feed.id)
    made.title(title(feed.title))
    if feed.subtitle:
        made.subtitle(line(feed.subtitle))
    made.author(name=line(feed.author) or UNTITLED)
    made.language(feed.language)
    made.updated(feed.updated_at)
    made.generator("Digest")
    made.icon(feed.icon or None)
    made.logo(feed.logo or None)
    made.link(href=feed.self_url, rel="self", type=MEDIA_TYPE)
    made.link(href=feed.home_url, rel="alternate", type="text/html")
    for relation, url in links(feed).items():
        made.link(href=url, rel=relation)
    for entry in entries:
        made.add_entry(_entry(entry), order="append")
    document: bytes = made.atom_str(pretty=False)
    return document


def links(feed: FeedFacts) -> dict[str, str]:
    """The links by relation that place a document within its feed, and the hub."""
    paging = feed.paging
    named = {
        "hub": feed.hub,
        "current": paging.current,
        "prev-archive": paging.previous,
        "next-archive": paging.following,
    }
    return {relation: url for relation, url in named.items() if url}


def set_markup(element: etree._Element, markup: str) -> None:
    """Give an element markup as its text, in CDATA.

    Many XML parsers refuse a document with a thousand references such as `&lt;`. A CDATA section ends at the first
    `]]>`, so the markup is divided there. In a section, a carriage return would be read as a line feed, so it is the
    only character that needs references.
    """
    if "\r" in markup:
        element.text = markup
    elif "]]>" in markup:
        _fill(element, _sections(markup))
    else:
        element.text = etree.CDATA(markup)


def _set_words(element: etree._Element, words: str) -> None:
    """Give an element plain text with a reference for `<` only, so that no part of the document looks like HTML."""
    if "\r" in words or not ("&" in words or ">" in words):
        element.text = words
    else:
        parts = filter(None, _LESS.split(words))
        _fill(element, [node for part in parts for node in ([part] if part == "<" else _sections(part))])


def _sections(text: str) -> list[etree.CDATA]:
    return [etree.CDATA(part) for part in _SECTION_END.split(text)]


def _fill(element: etree._Element, nodes: Sequence[str | etree.CDATA]) -> None:
    """Give an element several nodes of text side by side."""
    element.text = nodes[0]
    for node in nodes[1:]:
        etree.SubElement(element, "between").tail = node
    if len(nodes) > 1:
        etree.strip_elements(element, "between", with_tail=False)


class _History(BaseEntryExtension):  # type: ignore[misc] # feedgen carries no types
    """Whether the document is an archive, and which entries were retracted."""

    def __init__(self) -> None:
        self._archive = False
        self._removed: Sequence[Tombstone] = ()

    def say(self, feed: FeedFacts, removed: Sequence[Tombstone]) -> None:
        self._archive, self._removed = feed.paging.archive, removed

    def extend_ns(self) -> dict[str, str]:
        return {"fh": HISTORY, "at": _TOMBSTONES}

    def extend_atom(self, element: etree._Element) -> etree._Element:
        if self._archive:
            etree.SubElement(element, f"{{{HISTORY}}}archive")
        for tombstone in self._removed:
            when = tombstone.at.astimezone(UTC).isoformat(timespec="seconds")
            etree.SubElement(element, f"{{{_TOMBSTONES}}}deleted-entry", ref=tombstone.id, when=when)
        return element


def _entry(entry: FeedEntry) -> _Entry:
    made = _Entry()
    made.register_extension("links", _Links, atom=True, rss=False)
    made.links.say(entry)
    made.id(entry.id)
    made.title(title(entry.title))
    made.updated(entry.updated_at)
    if entry.published:
        made.published(entry.published)
    made.content("in the extension", type="html")
    if tags := labels(entry.tags):
        made.category([{"term": tag} for tag in tags])
    return made


class _Links(BaseEntryExtension):  # type: ignore[misc] # feedgen carries no types
    """What feedgen lacks: content and summary with few references, links with their relations, the language."""

    def __init__(self) -> None:
        self._entry: FeedEntry | None = None

    def say(self, entry: FeedEntry) -> None:
        self._entry = entry

    def extend_atom(self, element: etree._Element) -> etree._Element:
        if self._entry is None:
            return element
        entry = self._entry
        element.set(_LANGUAGE, entry.language)
        if author := line(entry.author):
            etree.SubElement(etree.SubElement(element, "author"), "name").text = author
        set_markup(element.find("content"), entry.html)
        if entry.summary:
            _set_words(etree.SubElement(element, "summary"), strip_unsafe(entry.summary))
        for relation, url in (("alternate", entry.url), ("via", entry.via)):
            if url:
                etree.SubElement(element, "link", {"rel": relation, "type": "text/html", "href": url})
        return element
