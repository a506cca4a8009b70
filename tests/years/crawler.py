"""The crawler: which pages it fetches, what goes wrong with each, and the files that it leaves."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field, replace
from enum import StrEnum
from random import Random
from typing import TYPE_CHECKING

from tests.years.pages import Layout, Printed, cut_at, printed
from tests.years.words import Kind

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from tests.years.families import Site
    from tests.years.pages import Listing, Tweak
    from tests.years.world import Article, Version

_GARBAGE = (
    "",
    "<html><head><title>502 Bad Gateway</title></head></html>\n",
    "Town library\n\nOpening hours\nMonday to Friday\n",
    "����������������\n" * 30,
)
_END_MARKS = ("阅读全文 »", "继续阅读", "查看全文", "Read more", "more →")
RECRAWLED = "段落:"
OTHER_SOFTWARE = "other software"
_WIDE = {ord(character): ord(character) + 0xFEE0 for character in ",;:?!()"}


class Outcome(StrEnum):
    """What becomes of a page at one crawl."""

    FRESH = "fresh"
    STALE = "stale"  # not fetched: the file stays as it is
    ABSENT = "absent"  # the file is gone
    CACHED = "cached"  # a server gives a copy of an earlier crawl
    CUT = "cut"  # half-written
    GARBAGE = "garbage"
    ODD = "odd"  # one of its marks cannot be read


@dataclass(frozen=True, slots=True)
class Seen:
    """An article as a file shows it; one that is not whole may be seen in part or not at all."""

    article: Article
    version: Version
    whole: bool
    recrawled: bool = False

    @property
    def key(self) -> str:
        """What is shown, as it is compared when judging."""
        return self.version.key + "~" * self.recrawled


@dataclass(frozen=True, slots=True)
class Copy:
    """A file as the crawler wrote it last; a `strange` one has an end mark that it did not have before."""

    path: str
    listing: Listing
    outcome: Outcome
    at: datetime
    sha256: str
    shows: tuple[Seen, ...]
    strange: bool = False


@dataclass
class Crawler:
    """Writes the pages of a site into a folder, as a crawler would."""

    site: Site
    folder: Path
    files: dict[str, Copy] = field(default_factory=dict)
    _former: dict[str, list[Printed]] = field(default_factory=dict)
    _paths: dict[str, str] = field(default_factory=dict)
    _moves: int = 0

    def __post_init__(self) -> None:
        self._paths = {one.name: f"{one.name}.txt" for one in self.site.listings}

    def outcomes(self, number: int) -> dict[str, Outcome]:
        """What will become of each page at this crawl; the first one goes well."""
        family, chance = self.site.family, self.site.chance
        if number == 0:
            return {one.name: Outcome.FRESH for one in self.site.listings}
        odds = (family.stale, family.absent, family.cached, family.cut, family.garbage, family.odd)
        weights = (1 - sum(odds), *odds)
        return {one.name: chance.choices(list(Outcome), weights)[0] for one in self.site.listings}

    def shown(self, listing: Listing) -> set[int]:
        """The articles that its file shows whole, by number; of one that may be held, nothing was read."""
        copy = self.files.get(self._paths[listing.name])
        if copy is None or copy.outcome is Outcome.CUT:
            return set()
        return {one.article.number for one in copy.shows if one.whole}

    def drift(self, number: int) -> list[str]:
        """Move files, change page sizes, software and furniture; what was done, in words."""
        family, chance, site = self.site.family, self.site.chance, self.site
        done = []
        if number and chance.random() < family.moves:
            self._moves += 1
            for name in self._paths:
                self._move(name, chance.choice((f"pages{self._moves}/{name}.txt", f"{name}.{self._moves}.txt")))
            done.append("files moved")
        if number and chance.random() < family.sizes:
            size = chance.choice((5, 8, 10, 15))
            site.listings = [replace(one, size=size) if one.name.startswith("index") else one for one in site.listings]
            done.append(f"{size} a page")
        if number and chance.random() < family.software:
            site.style = replace(site.style, software=site.style.software + 1)
            done.append(OTHER_SOFTWARE)
        if chance.random() < family.furniture:
            site.style = replace(site.style, furniture=chance.randrange(4))
            done.append("other furniture")
        return done

    def _move(self, name: str, path: str) -> None:
        """The next copy of a page has another name; the old file is renamed."""
        old, self._paths[name] = self._paths[name], path
        copy = self.files.pop(old, None)
        if copy:
            (self.folder / path).parent.mkdir(exist_ok=True)
            (self.folder / old).rename(self.folder / path)
            self.files[path] = replace(copy, path=path)

    def crawl(self, number: int, now: datetime, outcomes: dict[str, Outcome]) -> None:
        """Write what this crawl leaves."""
        coins = Random(self.site.chance.random())
        heads = {one: coins.random() < 0.5 for one in self.site.alternating}

        def reads(article: Article) -> Version:
            other = article.other if heads.get(article.number) else None
            return other or article.now

        site = self.site
        if number == site.strange_at:
            site.style = replace(site.style, end_mark=site.chance.choice(_END_MARKS))
        recrawled = site.recrawled_at is not None and number >= site.recrawled_at
        tweak: Tweak = prefixing if recrawled else plain
        if site.normalises_at is not None and number >= site.normalises_at:
            tweak = normalising(site.seed)
        for listing in site.listings:
            outcome = outcomes[listing.name]
            odd = None
            if outcome is Outcome.ODD and (there := listing.articles(site.world, now)):
                odd = site.chance.randrange(len(there))
            page = printed(listing, site.world, now, site.style, reads, tweak, odd)
            if odd is not None:
                page = replace(page, spans=(*page.spans[:odd], *page.spans[odd + 1 :]))
            self._leave(listing, outcome, replace(page, recrawled=recrawled), now)
            path = self._paths[listing.name]
            if number == site.strange_at and outcome is Outcome.FRESH and listing.layout is Layout.DATEBLOCK:
                self.files[path] = replace(self.files[path], strange=True)

    def _leave(self, listing: Listing, outcome: Outcome, page: Printed, now: datetime) -> None:
        path, former = self._paths[listing.name], self._former.setdefault(listing.name, [])
        if outcome is Outcome.STALE:
            return
        if outcome is Outcome.ABSENT:
            (self.folder / path).unlink(missing_ok=True)
            self.files.pop(path, None)
            return
        if outcome is Outcome.CACHED:
            page = self.site.chance.choice(former[-4:])
        elif outcome is Outcome.CUT:
            page = cut_at(page, self.site.chance.randrange(1, len(page.text)))
        elif outcome is Outcome.GARBAGE:
            page = replace(page, text=self.site.chance.choice(_GARBAGE), spans=())
        elif outcome is Outcome.FRESH:
            former.append(page)
        self._write(path, page, outcome, now)

    def _write(self, path: str, page: Printed, outcome: Outcome, now: datetime) -> None:
        written = page.text.encode(self.site.encoding, "replace")
        if outcome is Outcome.CUT and self.site.chance.random() < 0.3:
            written = written[:-1]
        file = self.folder / path
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(written)
        os.utime(file, (now.timestamp() - 60, now.timestamp() - 60))
        shows = tuple(
            Seen(span.article, span.version, len(page.text) >= span.end + (outcome is Outcome.CUT), page.recrawled)
            for span in page.spans
        )
        sha256 = hashlib.sha256(written).hexdigest()
        self.files[path] = Copy(path, page.listing, outcome, now, sha256, shows)


def plain(line: str, *, title: bool) -> str:
    """A crawler that keeps what it reads."""
    return line


def prefixing(line: str, *, title: bool) -> str:
    """A crawler that puts a word in front of each line."""
    return line if title else RECRAWLED + line


def normalising(seed: int) -> Tweak:
    """A crawler that folds what means nothing, each site's one other things."""
    chance = Random(seed)
    folds = chance.sample(("quotes", "width", "invisible", "hyphens", "stop", "case"), 4)

    def tweak(line: str, *, title: bool) -> str:
        if "\\" in line or "$" in line:
            return line
        if "quotes" in folds:
            line = line.replace("“", '"').replace("”", '"')
        if "width" in folds:
            line = line.translate(_WIDE)
        if "invisible" in folds and len(line) > 6:
            line = line[:3] + "\u200b" + line[3:5] + "\u00ad" + line[5:]
        if "hyphens" in folds:
            line = line.replace("-", "‐")
        if title and "stop" in folds:
            line += "。"
        return line.upper() if title and "case" in folds else line

    return tweak


def other_version(article: Article) -> Version:
    """What another server shows of it: an older state of the first paragraph."""
    first = article.now.paragraphs[0]
    lines = (first.lines[0] + article.voice.sentence(6), *first.lines[1:])
    return replace(article.now, paragraphs=(replace(first, lines=lines), *article.now.paragraphs[1:]), kind="other")


def has_text(article: Article) -> bool:
    return article.now.paragraphs[0].kind is Kind.TEXT
