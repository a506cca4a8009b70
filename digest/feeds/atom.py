"""An Atom document, from values to bytes; equal values give equal bytes. Source: RFC 4287."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from feedgen.entry import FeedEntry as _Entry
from feedgen.ext.base import BaseEntryExtension
from feedgen.feed import FeedGenerator
from lxml import etree

from digest.typeset.characters import line, shown

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_UNTITLED = "—"  # feedgen and readers take an empty title for a mistake


@dataclass(frozen=True, slots=True)
class FeedFacts:
    """What a feed says of itself. `updated_at` is that of its newest entry, or when the store was made."""

    id: str
    title: str
    author: str
    language: str
    self_url: str
    home_url: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """What a feed says of an entry. `published` carries the offset of its source's zone; `html` is well-formed."""

    id: str
    title: str
    author: str
    language: str
    url: str
    via: str
    updated_at: datetime
    published: datetime | None
    summary: str
    html: str


def atom(feed: FeedFacts, entries: Sequence[FeedEntry]) -> bytes:
    """The document, its entries in the order given. Every time in it comes from the values."""
    made = FeedGenerator()
    made.id(feed.id)
    made.title(line(feed.title) or _UNTITLED)
    made.author(name=line(feed.author) or _UNTITLED)
    made.language(feed.language)
    made.updated(feed.updated_at)
    made.generator("Digest")
    made.link(href=feed.self_url, rel="self", type="application/atom+xml")
    made.link(href=feed.home_url, rel="alternate", type="text/html")
    for entry in entries:
        made.add_entry(_entry(entry), order="append")
    document: bytes = made.atom_str(pretty=False)
    return document


def _entry(entry: FeedEntry) -> _Entry:
    made = _Entry()
    made.register_extension("links", _Links, atom=True, rss=False)
    made.links.say(entry)
    made.id(entry.id)
    made.title(line(entry.title) or _UNTITLED)
    made.author(name=line(entry.author) or _UNTITLED)
    made.updated(entry.updated_at)
    if entry.published:
        made.published(entry.published)
    if entry.summary:
        made.summary(shown(entry.summary))
    made.content(entry.html, type="html")
    return made


class _Links(BaseEntryExtension):  # type: ignore[misc] # feedgen carries no types
    """The links of an entry with their relations, which feedgen drops, and its language."""

    def __init__(self) -> None:
        self._entry: FeedEntry | None = None

    def say(self, entry: FeedEntry) -> None:
        self._entry = entry

    def extend_atom(self, element: etree._Element) -> etree._Element:
        if self._entry is None:
            return element
        element.set(_LANGUAGE, self._entry.language)
        links = [("alternate", self._entry.url), ("via", self._entry.via)]
        for relation, url in links:
            if url:
                etree.SubElement(element, "link", rel=relation, type="text/html", href=url)
        return element
