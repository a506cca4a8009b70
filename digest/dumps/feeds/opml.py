"""Reads lists of feeds in OPML, as feed readers export them. Source: https://opml.org/spec2.opml"""

import re
import unicodedata
from collections.abc import Container
from dataclasses import dataclass, field
from typing import BinaryIO
from urllib.parse import urlsplit
from xml.parsers import expat

from digest.dumps.decode import text_blocks
from digest.errors import DumpError

LARGEST = 20_000_000  # characters
_DEEPEST = 50  # folders in folders
_DECLARATION = re.compile(r"\s*<\?xml[^>]*\?>")
_LONGEST_ID = 40


@dataclass(frozen=True, slots=True)
class Outline:
    """A feed in a list: its title, the address of the feed, the folders around it, and the line where it stands."""

    title: str
    url: str
    folders: tuple[str, ...]
    line: int


@dataclass(slots=True)
class Outlines:
    """A list that was read: its feeds in order, and outlines that give none, each as line, title and reason."""

    feeds: list[Outline] = field(default_factory=list)
    faults: list[tuple[int, str, str]] = field(default_factory=list)


class _EntityError(Exception):
    """The list declares an entity."""


def read_outlines(stream: BinaryIO, name: str) -> Outlines:
    """The feeds of a list.

    Raises:
        DumpError: it is no OPML, it is too large, or it declares entities, which a list never needs.
    """
    text = _text(stream, name)
    reader = _Reader()
    try:
        reader.parser.Parse(_DECLARATION.sub("", text, count=1).encode("utf-8", "replace"), True)  # noqa: FBT003 - its own
    except _EntityError as error:
        raise DumpError(name, "declares entities, which a list of feeds never needs", remedy="remove them") from error
    except expat.ExpatError as error:
        problem = f"is no well-formed OPML: line {error.lineno}: {expat.ErrorString(error.code)}"
        raise DumpError(name, problem, remedy="export the list again") from error
    if not reader.is_opml:
        raise DumpError(name, "is no OPML", remedy="export the list of feeds as OPML")
    return reader.found


def _text(stream: BinaryIO, name: str) -> str:
    blocks, size = [], 0
    for block in text_blocks(stream, name):
        blocks.append(block)
        size += len(block)
        if size > LARGEST:
            raise DumpError(name, f"has more than {LARGEST:,} characters", remedy="divide the list")
    return "".join(blocks)


class _Reader:
    """Follows the outlines of a list."""

    def __init__(self) -> None:
        self.found = Outlines()
        self.is_opml = False
        self._folders: list[str] = []  # of the open outlines; empty for one that is a feed
        self.parser = expat.ParserCreate("utf-8")
        self.parser.StartElementHandler = self._begin
        self.parser.EndElementHandler = self._end
        self.parser.EntityDeclHandler = self._refuse

    def _refuse(self, *_: object) -> None:
        raise _EntityError

    def _begin(self, tag: str, given: dict[str, str]) -> None:
        self.is_opml |= tag.lower() == "opml"
        if tag.lower() != "outline":
            return
        said = {name.lower(): " ".join(value.split()) for name, value in given.items()}
        title, url = said.get("title") or said.get("text") or "", said.get("xmlurl", "")
        self._folders.append("" if url else title)
        line = self.parser.CurrentLineNumber
        if len(self._folders) > _DEEPEST:
            self.found.faults.append((line, title, f"stands in more than {_DEEPEST} folders"))
        elif url:
            self._feed(title, url, line)
        elif said.get("type", "").lower() in {"rss", "atom", "feed"}:
            self.found.faults.append((line, title, "has no xmlUrl"))

    def _feed(self, title: str, url: str, line: int) -> None:
        url = re.sub(r"^feed:(?://)?(?=https?://)", "", url)
        url = re.sub(r"^feed://", "http://", url)
        try:
            parts = urlsplit(url)
            host = parts.hostname if parts.scheme in {"http", "https"} else None
        except ValueError:
            host = None
        if not host:
            self.found.faults.append((line, title, f"has an address that is no web address: {url}"))
            return
        folders = tuple(folder for folder in self._folders if folder)
        self.found.feeds.append(Outline(title or host, url, folders, line))

    def _end(self, tag: str) -> None:
        if tag.lower() == "outline":
            self._folders.pop()


def source_id(outline: Outline, taken: Container[str]) -> str:
    """A new id for the source of a feed: from its title, or from its host if the title has no Latin letters."""
    host = (urlsplit(outline.url).hostname or "").removeprefix("www.")
    name = _plain(outline.title) or _plain(host) or "feed"
    made, number = name, 1
    while made in taken:
        number += 1
        made = f"{name}-{number}"
    return made


def _plain(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", letters)[:_LONGEST_ID].strip("-")
