"""What a feed and its entries are made of, the same for every format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Paging:
    """Where a document stands in its feed; URLs, empty where there is none. Source: RFC 5005, section 4."""

    archive: bool = False
    current: str = ""
    previous: str = ""
    following: str = ""


@dataclass(frozen=True, slots=True)
class Tombstone:
    """An entry that was taken back. Source: RFC 6721."""

    id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class FeedFacts:
    """What a feed says of itself. `updated_at` is that of its newest entry, or when the store was made.

    `self_url` is that of the document, in its format; `stylesheet` is for browsers that open it.
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
    stylesheet: str = ""


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
