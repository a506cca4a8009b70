"""The values of a feed and its entries, the same for every format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from digest.model import EntryDate


@dataclass(frozen=True, slots=True)
class Paging:
    """The neighbours of a document in its feed, as URLs; empty if there are none. Source: RFC 5005, section 4."""

    archive: bool = False
    current: str = ""
    previous: str = ""
    following: str = ""


@dataclass(frozen=True, slots=True)
class Tombstone:
    """An entry that was retracted. Source: RFC 6721."""

    id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class FeedFacts:
    """The values of a feed. `updated_at` is that of its newest entry, or the time at which the store was created.

    `self_url` is the URL of the document in its format. `icon` is the URL of a square picture, `logo` of one twice as
    wide as high; both may be empty.
    """

    id: str
    title: str
    author: str
    language: str
    self_url: str
    home_url: str
    updated_at: datetime
    paging: Paging = Paging()
    hub: str = ""
    subtitle: str = ""
    icon: str = ""
    logo: str = ""


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """The values of an entry.

    `author` is empty if it is unknown. `published` has the offset of its source's time zone, and is there if the date
    is a whole one. `html` is well-formed XML, and never empty.
    """

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
    tags: tuple[str, ...] = ()
    date: EntryDate | None = None
