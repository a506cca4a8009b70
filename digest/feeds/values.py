"""The values of a feed and its entries, the same for every format."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from digest.chinese import SCRIPTS, converted, converted_page
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
    wide as high; both may be empty. `kind` says what the entries are; those of a private feed are editions for one
    subscriber, and its address is a secret.
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
    kind: Literal["articles", "editions", "private"] = "articles"


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


def in_script(facts: FeedFacts, entries: Sequence[FeedEntry], script: str) -> tuple[FeedFacts, list[FeedEntry]]:
    """The same feed in a script of `chinese.SCRIPTS`, whose addresses name it; its ids stay, and it has no hub."""
    if script not in SCRIPTS:
        return facts, list(entries)

    def own(url: str) -> str:
        return f"{url}{'&' if '?' in url else '?'}script={script}" if url else ""

    def told(entry: FeedEntry) -> FeedEntry:
        title, author, summary = (converted(text, script) for text in (entry.title, entry.author, entry.summary))
        return replace(
            entry,
            title=title,
            author=author,
            summary=summary,
            language=_in_script(entry.language, script),
            url=own(entry.url),
            html=converted_page(entry.html, script),
            tags=tuple(converted(tag, script) for tag in entry.tags),
        )

    paging = facts.paging
    pages = replace(paging, current=own(paging.current), previous=own(paging.previous), following=own(paging.following))
    made = replace(
        facts,
        title=converted(facts.title, script),
        author=converted(facts.author, script),
        subtitle=converted(facts.subtitle, script),
        language=_in_script(facts.language, script),
        self_url=own(facts.self_url),
        home_url=own(facts.home_url),
        paging=pages,
        hub="",
    )
    return made, [told(entry) for entry in entries]


def _in_script(language: str, script: str) -> str:
    return SCRIPTS[script] if language.partition("-")[0].lower() == "zh" else language
