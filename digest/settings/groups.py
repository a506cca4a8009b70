"""The settings of sources, digests, topics, feeds, the web server and sign-up."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, Field, PrivateAttr

from digest.settings.kinds import (
    Duration,
    FirstDay,
    Group,
    HostPort,
    Hosts,
    Language,
    LastDay,
    Link,
    MaybeHostPort,
    Name,
    Network,
    Pages,
    Regex,
    Scheduled,
    Share,
    Words,
    Zone,
    matching,
)
from digest.settings.rules import broken

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from digest.settings.rules import Broken


_LARGEST = 2 * 1024**3
LARGEST_FETCH, MOST_FETCHED = 16 * 1024**2, 512 * 1024**2  # bytes: by default, and at most, for one fetch
_ORIGINS = ("path", "url", "command")


class Source(Group):
    """A configured origin of dumps."""

    id: Name = Field(description="Short name, used in URLs; `digest source rename` changes it.")
    title: str = Field(min_length=1, description="The name that visitors and subscribers see.")
    path: Path | None = Field(
        None, description="A file, a folder (read with its subfolders) or a glob; relative to this file."
    )
    url: Pages = Field(
        (), description="The address of a page to fetch in place of `path`, or a list of several; http or https."
    )
    command: Words = Field(
        (),
        description="A program and its arguments, in place of `path`: its standard output is a dump. It runs without "
        "a shell, in the folder of this file.",
    )
    timezone: Zone = Field("UTC", description="The time zone of its dates: an entry's day begins at midnight there.")
    language: Annotated[
        str, AfterValidator(matching(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", "a language tag, such as zh-CN or en"))
    ] = Field("zh-CN", description="The language of its entries, as a language tag.")
    link: Link = Field(
        "", description="The address of the original article; {title} is replaced by the title, percent-encoded."
    )
    layouts: tuple[str, ...] = Field(
        (),
        description="The ids of the layouts by which to read its dumps; without any, feeds, `dateblock`, `byline`.",
    )
    every: Duration = Field(timedelta(minutes=15), gt=timedelta(0), description="How often to read it.")
    paused: bool = Field(
        default=False, description="Do not read it, and report no trouble about it; its entries stay published."
    )
    backlog: int = Field(10, ge=0, description="How many entries of the first import count as new.")
    earliest: FirstDay = Field(
        None,
        description="The earliest date an entry can have: a day or a year. With `latest` it can settle dates without a "
        "year.",
    )
    latest: LastDay = Field(None, description="The latest date an entry can have: a day or a year.")
    keep: Share = Field(
        0.5, description="Hold a dump that shows fewer entries than this share of the number in its last good reading."
    )
    common: Share = Field(
        0.0, description="Hold a dump that keeps at most this share of the entries of its last good reading."
    )
    agree: int = Field(
        2,
        ge=1,
        description="Release a held dump after this many good readings in a row that agree, the held one included.",
    )
    corrected: Share = Field(
        0.25,
        description="Hold a pass that would correct more than this share of the entries that the source shows, "
        "and at least five: then the crawler has changed.",
    )
    stale: Duration | None = Field(
        None,
        gt=timedelta(0),
        description="Report the source as failed when none of its dumps has changed for this long.",
    )
    largest: int = Field(
        _LARGEST,
        gt=0,
        description="Refuse a dump of more bytes than this; by default, what is fetched or printed may have 16 MiB.",
    )
    timeout: Duration = Field(
        timedelta(minutes=1), gt=timedelta(0), description="How long fetching from one `url`, or `command`, may take."
    )
    allow_private: bool = Field(
        default=False,
        description="Whether `url` may lead to this machine or its network, not only to public addresses.",
    )
    robots: bool = Field(
        default=True, description="Whether to obey the robots.txt of `url`; false only for a site of your own."
    )
    keep_fetches: Duration = Field(
        timedelta(days=30),
        description="How long to keep the bytes of earlier fetches; the newest of each `url` stays in any case.",
    )
    only: Regex = Field(
        "",
        description="Read only those records of archives whose address matches this regular expression (RE2 syntax); "
        "a record without an address is known by its name.",
    )
    text_field: str = Field(
        "",
        description="The field of JSON Lines that is the text, such as `text` or `page.body`; without it, the longest "
        "one that a layout reads.",
    )
    largest_unpacked: int = Field(
        32 * 1024**3, gt=0, description="Stop reading an archive that unpacks to more bytes than this."
    )
    largest_ratio: int = Field(
        200, gt=0, description="Stop reading an archive that unpacks to more than this many times its size."
    )
    most_records: int = Field(1_000_000, gt=0, description="Stop reading an archive of more records than this.")

    _drawn: tuple[dict[str, Any], ...] = PrivateAttr(())

    @property
    def drawn(self) -> tuple[dict[str, Any], ...]:
        """The tables of its layouts, without those of the built-in ones."""
        return self._drawn

    def draw(self, tables: Iterable[dict[str, Any]]) -> None:
        """Take its layouts from the tables of all; only `Settings` does that, once."""
        self._drawn = tuple(table for table in tables if table.get("id") in self.layouts)

    @property
    def is_fetched(self) -> bool:
        """Whether its dumps come from the web or from a program, not from files."""
        return bool(self.url or self.command)

    @property
    def origin(self) -> str:
        """Where its dumps come from, in one line for the operator."""
        return str(self.path) if self.path else ", ".join(self.url) or " ".join(self.command)

    @property
    def largest_fetch(self) -> int:
        """The most bytes of one fetch, which is in memory as a whole."""
        return LARGEST_FETCH if self.largest == _LARGEST else self.largest

    def rules(self) -> Iterator[Broken]:
        if self.earliest and self.latest and self.earliest > self.latest:
            yield broken("earliest is after latest", "earliest", "latest")
        origins = [name for name in _ORIGINS if getattr(self, name)]
        if not origins:
            remedy = "write `path = ...`, `url = ...` or `command = [...]`"
            yield broken("nothing says where its dumps come from", (), *_ORIGINS, remedy=remedy)
        elif len(origins) > 1:
            says = f"has {' and '.join(origins)}: the dumps of one source come from one place"
            yield broken(says, *reversed(origins), remedy="make a second source")
        if len(set(self.url)) < len(self.url):
            yield broken("names an address twice", "url")
        if self.command and not self.command[0].strip():
            yield broken("names no program", "command")
        if self.is_fetched and self.largest_fetch > MOST_FETCHED:
            yield broken(f"is above {MOST_FETCHED:,}, the most that can be fetched at once", "largest")
        for name, given in (("allow_private", self.allow_private), ("robots", not self.robots)):
            if given and not self.url:
                yield broken("is for sources with `url`", name, remedy="remove it")


class Digest(Group):
    """A configured mailing."""

    id: Name = Field(description="Short name, part of each edition's key; `digest digests rename` changes it.")
    title: str = Field(min_length=1, description="The name in the subject of its mails and on its pages.")
    schedule: Scheduled = Field(
        "mon 08:00",
        description="When to make an edition: `mon 08:00`, `mon,thu 18:30`, `daily 07:00` or `monthly 1 08:00` "
        "(a day of the month up to 28).",
    )
    timezone: Zone = Field("UTC", description="The time zone of the schedule.")
    language: Language = Field(
        "zh_CN", description="The language of its mails, unless a subscriber has chosen another."
    )
    template: Name = Field("weekly", description="The folder under templates/mail/ with the templates of its mails.")
    sources: tuple[Name, ...] = Field((), description="Include only entries of these sources; empty for all sources.")
    first: Literal["slot", "now"] = Field(
        "slot", description="`slot` waits for the schedule; `now` makes the first edition as soon as there are entries."
    )
    late: Duration = Field(
        timedelta(days=2),
        description="How long after its slot an edition may still be sent; after that, the next edition includes its "
        "entries.",
    )
    approve: Duration | None = Field(
        None,
        gt=timedelta(0),
        description="Wait for your approval (`digest edition approve`) before an edition is made, at most this long "
        "and at most until the next slot; without it, nobody is asked.",
    )
    unapproved: Literal["send", "skip"] = Field(
        "send",
        description="What to do with an edition that nobody approved in time: `send` it, or `skip` it, so that the "
        "next edition includes its entries.",
    )
    most_read: int = Field(5, ge=0, description="How many of the most read entries an edition lists; 0 for none.")


class Topic(Group):
    """A kind of entries with its own feeds; an entry must satisfy every rule that is set."""

    id: Name = Field(description="Short name, used in URLs; never change it.")
    title: str = Field(min_length=1, description="The name that visitors and subscribers see.")
    words: tuple[str, ...] = Field(
        (), description="The title or the text must contain one of these words, in upper or lower case."
    )
    patterns: tuple[Regex, ...] = Field(
        (),
        description="The title or the text must match one of these regular expressions (RE2 syntax: no `(?=…)`, "
        "no `\\1`).",
    )
    sources: tuple[Name, ...] = Field((), description="One of these sources must show the entry.")
    authors: tuple[str, ...] = Field((), description="One of these authors must have written the entry.")

    def rules(self) -> Iterator[Broken]:
        if not (self.words or self.patterns or self.sources or self.authors):
            says = "a topic needs a rule: words, patterns, sources or authors"
            yield broken(says, (), "words", "patterns", "sources", "authors")


class Feed(Group):
    """What feeds contain, and which hub is notified of a change."""

    newest: int = Field(
        50, ge=2, le=1000, description="The maximum number of entries in a feed; older entries are in its archives."
    )
    largest: int = Field(512 * 1024, ge=10_000, description="The maximum size of a feed in bytes.")
    hub: Link = Field("", description="The WebSub hub to notify of each change.")


class Web(Group):
    """The web server."""

    listen: HostPort = Field("127.0.0.1:8080", description="HOST:PORT to serve pages and feeds on.")
    metrics_listen: MaybeHostPort = Field(
        "",
        description="HOST:PORT of a second listener for monitoring only: `/metrics`, `/healthz`, `/readyz`.",
    )
    proxies: tuple[Network, ...] = Field(
        (), description="Addresses or networks of your reverse proxies; only they may report a visitor's address."
    )


class Signup(Group):
    """Sign-up on the web pages, and its limits, which protect other people from unwanted mails."""

    open: bool = Field(default=True, description="Whether the pages offer to subscribe by mail.")
    expires: Duration = Field(
        timedelta(days=2),
        gt=timedelta(0),
        description="How long a confirmation link is valid; then the request is deleted with all its data.",
    )
    welcome: Literal["edition", "letter", "none"] = Field(
        "edition",
        description="What to send to a new subscriber at once: the newest `edition` (a short `letter` if there "
        "is none), always the `letter`, or `none`.",
    )
    per_network: int = Field(
        10, ge=1, description="How many requests to accept from one network (IPv4 /24, IPv6 /48) in an hour."
    )
    per_domain: int = Field(
        50,
        ge=1,
        description="How many addresses of one mail domain, and of all domains with the same mail host, may get a "
        "confirmation link in an hour; five times as many at large providers such as gmail.com and qq.com.",
    )
    total: int = Field(500, ge=1, description="How many requests to accept in an hour, in total.")
    mx: bool = Field(
        default=True,
        description="Whether to ask the name servers if a domain takes mail, and to refuse addresses at domains that "
        "take none. If no name server answers, every address is accepted.",
    )
    hosts: Hosts = Field(
        (),
        description='The hosts of your own sites, such as `"blog.example.org"`. After subscribing from a form there, '
        "a page links back to an address at one of these hosts, and to no other.",
    )
