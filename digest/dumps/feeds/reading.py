"""Feeds as a layout: a text that is a feed is read as one, another text by the other layouts of its source.

Tells from the beginning of a text whether it is a feed, and prepares it for a parser: no document type, no junk.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from enum import Enum, auto
from itertools import chain
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from digest.dumps.interface import Layouts, TextReading
from digest.model import Layout, Note, NoteKind, Sighting

if TYPE_CHECKING:
    from digest.dumps.feeds.items import Found, Item

_ROOT = re.compile(r"<(?:[\w.-]+:)?(rss|RDF|feed)(?=[\s/>])")
_NAMESPACES = {
    "rss": ("",),
    "feed": ("http://www.w3.org/2005/Atom", "http://purl.org/atom/ns#"),
    "RDF": ("http://purl.org/rss/1.0/", "http://my.netscape.com/rdf/simple/0.9/", "http://channel.netscape.com/rdf/"),
}
_JSON_FEED = re.compile(r'"version"\s*:\s*"https?:\\?/\\?/(?:www\.)?jsonfeed\.org\\?/version\\?/')
_HTML = re.compile(r"<!doctype\s+html|<html[\s>]", re.IGNORECASE)
_TITLE = re.compile(r"<title[^>]{0,200}>([^<]{0,300})", re.IGNORECASE)
_LONGEST_NAME = 4_000  # characters of the first tag in which a name space is looked for
_JUNK = 20_000  # characters before a feed that was asked for, such as the warning of a server
_ENDS = {"<?": "?>", "<!--": "-->"}
_SUBSET_END = re.compile(r"\]\s*>")


class Kind(Enum):
    """The two forms of a feed."""

    XML = auto()
    JSON = auto()


def kind_of(head: str, *, anywhere: bool = False) -> Kind | None:
    """The form of the feed that begins in a text; None if it is none. `anywhere`: other text may stand before it."""
    at = _content(head)
    if head.startswith("{", at):
        return Kind.JSON if _JSON_FEED.search(head) else None
    found = _ROOT.match(head, at) if not anywhere else _ROOT.search(head, 0, _JUNK)
    if found is None:
        return None
    named = head[found.start() : found.start() + _LONGEST_NAME]
    return Kind.XML if anywhere or any(name in named for name in _NAMESPACES[found[1]]) else None


def content_of(text: str) -> tuple[str, int]:
    """An XML feed from its first tag on, and the number of lines before it.

    Without its declaration and document type, it has no entities of its own.
    """
    at = _content(text)
    found = _ROOT.match(text, at) or _ROOT.search(text, 0, _JUNK)
    begin = found.start() if found else at
    return text[begin:], text.count("\n", 0, begin)


def html_page(head: str) -> str | None:
    """The title of an HTML page, empty if it has none; None if the text is no HTML page."""
    at = _content(head, types=False)
    if not _HTML.match(head, at):
        return None
    found = _TITLE.search(head)
    return " ".join(found[1].split()) if found else ""


def _content(text: str, *, types: bool = True) -> int:
    """Where a text begins behind its declaration, its comments and, for `types`, its document type."""
    at = 0
    while True:
        while at < len(text) and (text[at].isspace() or text[at] == "\ufeff"):
            at += 1
        opening = next((begin for begin in _ENDS if text.startswith(begin, at)), "")
        if opening:
            end = text.find(_ENDS[opening], at)
            if end < 0:
                return at
            at = end + len(_ENDS[opening])
        elif types and text[at : at + 9].upper() == "<!DOCTYPE":
            end = _end_of_type(text, at)
            if end < 0:
                return at
            at = end
        else:
            return at


def _end_of_type(text: str, at: int) -> int:
    """Where a document type ends, with the declarations in it; -1 if it does not."""
    end, subset = text.find(">", at), text.find("[", at)
    if 0 <= subset < end:
        found = _SUBSET_END.search(text, subset)
        return found.end() if found else -1
    return end + 1 if end >= 0 else -1


_LARGEST = 100_000_000  # characters; a feed is read as a whole
_NAMED = 3  # shared ids that are reported one by one
NO_FEED = "holds no feed"


class FeedFirst:
    """The layouts of a source that reads feeds; see `digest.dumps.interface`. `others` read what is no feed.

    `zone` is the time zone in which an entry's day begins; without one, days are as written. Where the layouts say so
    (`demanded`), a feed is also found behind other text.
    """

    def __init__(self, others: Layouts | None, zone: ZoneInfo | None = None, *, demanded: bool = False) -> None:
        self._others, self._zone, self._demanded = others, zone, demanded

    def rules(self, base: int) -> int:
        """Those of the other layouts; that feeds are read besides them is part of the program's rules."""
        from digest.dumps import FIRST_DECLARED  # noqa: PLC0415 - the package is not complete while it is imported

        if not self._demanded:
            return self._others.rules(base) if self._others else base
        said = f"{Layout.FEED} {self._zone} {self._others.rules(base) if self._others else base}"
        return FIRST_DECLARED + int(hashlib.sha256(said.encode()).hexdigest()[:7], 16)

    def reading(
        self, text: Callable[[], Iterable[str]], dump: str, *, url: str = "", media_type: str = ""
    ) -> TextReading:
        return _Recognising(self, text, dump, url, media_type)

    def chosen(
        self, text: Callable[[], Iterable[str]], dump: str, url: str, media_type: str
    ) -> tuple[TextReading, str | None]:
        """The reading for a text, whose beginning is looked at; and of an HTML page that others read, the title."""
        blocks = iter(text())
        head = next(blocks, "")
        kind = kind_of(head, anywhere=self._demanded)
        if kind is None and self._others:
            others = self._others.reading(_again(text, head, blocks), dump, url=url, media_type=media_type)
            return others, html_page(head)
        return FeedReading(kind, head, blocks, dump, url, self._zone), None


class _Recognising:
    """A reading that looks at the beginning of the text before it decides how to read it."""

    def __init__(
        self, layouts: FeedFirst, text: Callable[[], Iterable[str]], dump: str, url: str, media_type: str
    ) -> None:
        self.notes: list[Note] = []
        self._layouts, self._text, self._dump = layouts, text, dump
        self._url, self._media_type = url, media_type
        self._reading: TextReading | None = None
        self._page: str | None = None

    def sightings(self) -> Iterator[Sighting]:
        self._reading, self._page = self._layouts.chosen(self._text, self._dump, self._url, self._media_type)
        yield from self._reading.sightings()
        self.notes = self._reading.notes

    def nothing(self) -> str:
        reason = self._reading.nothing() if self._reading else NO_FEED
        if self._page is None:
            return reason
        return f'{reason}: it is an HTML page, "{self._page}"' if self._page else f"{reason}: it is an HTML page"


class FeedReading:
    """One reading of a feed, or of a text that should be one; `kind` is None for a text that is none."""

    def __init__(
        self, kind: Kind | None, head: str, rest: Iterable[str], dump: str, url: str, zone: ZoneInfo | None
    ) -> None:
        self.notes: list[Note] = []
        self._kind, self._head, self._rest = kind, head, rest
        self._dump, self._url, self._zone = dump, url, zone
        self._problem = ""

    def sightings(self) -> Iterator[Sighting]:
        """The entries in the order of the feed."""
        from digest.dumps.feeds.sightings import sighting  # noqa: PLC0415 - few installations read feeds

        found = self._found()
        if found is None:
            return
        items, shared = with_ids_of_their_own(found.items)
        self.notes += [Note(line, kind, text[: Note.LONGEST]) for kind, line, text in found.faults]
        self.notes += [
            Note(1, NoteKind.SHARED_ID, uid[: Note.LONGEST], times) for uid, times in list(shared.items())[:_NAMED]
        ]
        position = 0
        for item in items:
            made = sighting(item, self._dump, position, self._zone)
            if made.title or made.paragraphs:
                position += 1
                yield made

    def nothing(self) -> str:
        """Why there is no entry."""
        if self._problem:
            return self._problem
        if self._kind is not None:
            return "is a feed without any entry"
        page = html_page(self._head)
        if page is not None:
            return "is an HTML page, not a feed" + (f': "{page}"' if page else "")
        return NO_FEED

    def _found(self) -> Found | None:
        """The items; None, with the problem noted, if nothing can be read."""
        if self._kind is None:
            return None
        text = self._text()
        if text is None:
            self._problem = f"is a feed of more than {_LARGEST:,} characters"
            return None
        from digest.dumps.feeds.items import (  # noqa: PLC0415 - as above
            BrokenError,
            json_items,
            xml_items,
        )

        try:
            if self._kind is Kind.JSON:
                return json_items(text.lstrip("\ufeff"), self._url)
            content, above = content_of(text)
            return xml_items(content, self._url, above)
        except BrokenError as error:
            self._problem = f"is a feed that cannot be read: {error}"
            return None

    def _text(self) -> str | None:
        blocks, size = [], 0
        for block in chain([self._head], self._rest):
            blocks.append(block)
            size += len(block)
            if size > _LARGEST:
                return None
        return "".join(blocks)


def with_ids_of_their_own(items: Sequence[Item]) -> tuple[list[Item], dict[str, int]]:
    """The items, without the ids that several entries share, and those ids with the number of their items.

    Items with one id and also one title or link are versions of one entry. Only the one that was changed last stays.
    Source: RFC 4287, section 4.1.1.
    """
    having: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        if item.uid:
            having[item.uid].append(item)
    several = {uid: alike for uid, alike in having.items() if len(alike) > 1}
    if not several:
        return list(items), {}
    shared = {uid: len(alike) for uid, alike in several.items() if not _are_versions(alike)}
    newest = {uid: max(alike, key=lambda one: one.updated) for uid, alike in several.items() if uid not in shared}
    kept = (item for item in items if item.uid not in newest or item is newest[item.uid])
    return [replace(item, uid="") if item.uid in shared else item for item in kept], shared


def _are_versions(alike: Sequence[Item]) -> bool:
    return len({item.title.value for item in alike}) == 1 or (
        len(links := {item.link for item in alike}) == 1 and "" not in links
    )


def _again(text: Callable[[], Iterable[str]], head: str, rest: Iterator[str]) -> Callable[[], Iterable[str]]:
    """The text from its start at each call; the blocks that were taken are used for the first one."""
    begun: list[Iterable[str]] = [chain([head], rest)]
    return lambda: begun.pop() if begun else text()
