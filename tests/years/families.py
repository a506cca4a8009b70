"""The families of sites: how each is composed, drawn by chance from its seed."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random

from tests.years.pages import Layout, Listing, Style
from tests.years.world import TAGS, Author, World

WEEK = timedelta(days=7)
_EVERY = {"weekly": (6.5, 7.5), "dense": (1.5, 4.0), "sparse": (25.0, 90.0), "monthly": (12.0, 30.0)}


@dataclass(frozen=True)
class Family:
    """What a site may have; the numbers are chances at each crawl, of each page where it is one of pages."""

    name: str
    pace: tuple[str, ...] = ("weekly",)
    pages: tuple[str, ...] = ("index", "search")
    crawl_days: tuple[float, float] = (6.0, 8.0)
    history_days: int = 500
    days: int = 730
    pauses: bool = False
    edits: float = 0.15
    kinds: tuple[str, ...] = ("typo", "erratum", "removed")
    yearly: tuple[str, ...] = ("",)
    pins: float = 0.0
    gaps: bool = False  # the crawler pauses for months
    stale: float = 0.0
    absent: float = 0.0
    cached: float = 0.0
    cut: float = 0.0
    garbage: float = 0.0
    odd: float = 0.0  # a mark that cannot be read
    moves: float = 0.0
    sizes: float = 0.0
    furniture: float = 0.0
    normalises: bool = False
    recrawls: bool = False  # the crawler begins to change each text
    strange: bool = False  # the end mark becomes another one
    encodings: tuple[str, ...] = ("utf-8",)
    alternates: bool = False
    dialects: bool = False
    declared: bool = False  # its layouts are declared
    software: float = 0.0  # the site moves to other software, which gives all entries of its feed other ids
    regular: bool = False  # nearly every new article has to get its year at once


_ALL_EDITS = ("typo", "erratum", "removed", "note", "part", "numeral", "entity", "script", "repost", "revert")
_FAMILIES = (
    Family("weekly", regular=True, edits=0.05),
    Family("dense", ("dense",), ("index", "index", "index", "search"), crawl_days=(6, 22), history_days=200),
    Family("sparse", ("sparse",), ("index", "tag", "category"), history_days=3000),
    Family("pausing", pages=("index", "tag", "search"), pauses=True, history_days=900),
    Family("tags", ("sparse", "monthly"), ("tag", "tag", "category", "relevance"), history_days=4500),
    Family("searches", pages=("search", "relevance", "category"), dialects=True),
    Family("edits", pages=("index", "tag", "search"), edits=0.8, kinds=_ALL_EDITS),
    Family("yearly", ("monthly",), ("index", "category"), yearly=("half", "full"), history_days=800),
    Family("pins", ("weekly", "sparse"), pins=0.08, history_days=1500),
    Family(
        "faulty",
        pages=("index", "index", "tag", "search"),
        stale=0.2,
        absent=0.1,
        cached=0.05,
        cut=0.05,
        garbage=0.03,
        odd=0.02,
    ),
    Family("moves", pages=("index", "index", "tag", "search"), moves=0.05, sizes=0.04, furniture=0.1),
    Family("normalised", pages=("index", "tag", "search"), normalises=True),
    Family("recrawled", pages=("index", "search"), recrawls=True),
    Family("encodings", pages=("index", "category"), encodings=("gb18030", "utf-16", "big5", "utf-8-sig"), edits=0.3),
    Family("alternating", alternates=True),
    Family("declared", pages=("index", "index", "tag", "search"), declared=True, edits=0.4, kinds=_ALL_EDITS),
    Family(
        "declared faulty",
        ("weekly", "monthly"),
        ("index", "index", "search"),
        declared=True,
        kinds=_ALL_EDITS,
        stale=0.1,
        absent=0.05,
        cached=0.05,
        cut=0.05,
        garbage=0.03,
        moves=0.03,
        furniture=0.05,
    ),
    Family(
        "feeds",
        ("weekly", "monthly"),
        ("feed", "index", "index", "search"),
        edits=0.5,
        kinds=("typo", "erratum", "removed", "note", "numeral", "part"),
        yearly=("", "half"),
        stale=0.05,
        absent=0.03,
        cut=0.03,
        garbage=0.02,
        software=0.04,
    ),
    Family("gaps", ("sparse", "weekly", "monthly"), ("index", "tag"), gaps=True, history_days=1500),
    Family("dialects", pages=("index", "search", "tag"), dialects=True, edits=0.3, strange=True, odd=0.03),
    Family(
        "mixed",
        ("weekly", "monthly"),
        ("index", "index", "tag", "category", "search", "relevance"),
        pauses=True,
        edits=0.4,
        kinds=_ALL_EDITS,
        yearly=("", "half"),
        pins=0.03,
        stale=0.08,
        absent=0.03,
        cached=0.03,
        cut=0.03,
        garbage=0.01,
        odd=0.01,
        moves=0.01,
        sizes=0.01,
        furniture=0.03,
        normalises=True,
        dialects=True,
    ),
)
FAMILIES = {one.name: one for one in _FAMILIES}


@dataclass
class Site:
    """A site made from a family and a seed: the truth, its pages, and when they are crawled."""

    family: Family
    seed: int
    chance: Random
    world: World
    listings: list[Listing]
    style: Style
    encoding: str
    crawls: list[datetime]
    normalises_at: int | None = None
    recrawled_at: int | None = None
    strange_at: int | None = None
    alternating: set[int] = field(default_factory=set)


def site(name: str, seed: int, days: int | None = None) -> Site:
    """The site of this family and seed, always the same; `days` shortens its story."""
    family = FAMILIES[name]
    chance = Random(zlib.crc32(f"{name}/{seed}".encode()))
    start = datetime(chance.randint(2017, 2022), chance.randint(1, 12), chance.randint(1, 28), 9, tzinfo=UTC)
    length = timedelta(days=days or family.days)
    encoding = chance.choice(family.encodings)
    crawls = _crawls(family, chance, start, start + length)
    authors = [
        _author(f"{character}客", pace, family, chance, start, length)
        for character, pace in zip("山水云", family.pace, strict=False)
    ]
    world = World(
        chance, authors, start - timedelta(days=family.history_days), start + length,
        yearly=chance.choice(family.yearly), odd_titles=0.4 if "numeral" in family.kinds else 0.1,
        old_script=encoding == "big5",
    )  # fmt: skip
    style = Style(chance.randrange(4), old_script=world.old_script)
    if family.dialects:
        style = replace(style, days=chance.randrange(5), counts=chance.randrange(8))
    made = Site(family, seed, chance, world, _listings(family, chance), style, encoding, crawls)
    middle = len(crawls) // 2 + chance.randint(-5, 5)
    made.normalises_at = middle if family.normalises else None
    made.recrawled_at = middle if family.recrawls else None
    made.strange_at = middle if family.strange else None
    if family.alternates:
        made.alternating = {one.number for one in world.articles if chance.random() < 0.1}
    if family.gaps:
        _come_back_to_an_old_day(made)
    return made


def _author(name: str, pace: str, family: Family, chance: Random, start: datetime, length: timedelta) -> Author:
    pauses = []
    if family.pauses:
        since = start + length * chance.uniform(0, 0.5)
        pauses.append((since, since + timedelta(days=chance.uniform(180, 720))))
        before = start - timedelta(days=chance.uniform(200, 400))
        pauses.append((before, before + timedelta(days=chance.uniform(30, 200))))
    return Author(name, _EVERY[pace], tuple(pauses))


def _crawls(family: Family, chance: Random, start: datetime, end: datetime) -> list[datetime]:
    found, at = [], start
    rests = sorted(start + (end - start) * chance.uniform(0.1, 0.6) for _ in range(2)) if family.gaps else []
    while at < end:
        found.append(at.replace(hour=chance.randrange(24), minute=chance.randrange(60)))
        at += timedelta(days=chance.uniform(*family.crawl_days))
        if rests and at > rests[0]:
            rests.pop(0)
            at += timedelta(days=chance.choice((90, 200, 350, 380, 400)))
    return found


def _come_back_to_an_old_day(made: Site) -> None:
    """After some pauses of the crawler the newest article has a day of the last weeks, of the year before."""
    for before, after in zip(made.crawls, made.crawls[1:], strict=False):
        if after - before < timedelta(days=340) or made.chance.random() < 0.3:
            continue
        day = after - timedelta(days=365 + made.chance.randint(-3, 10))
        made.world.articles = [one for one in made.world.articles if not day < one.published_at < after]


def _listings(family: Family, chance: Random) -> list[Listing]:
    found: list[Listing] = []
    size = chance.choice((6, 8, 10))
    tags = chance.sample(TAGS, len(TAGS))
    together = chance.random() < 0.15
    pages = family.pages.count("index")
    for kind in family.pages:
        at = sum(one.name.startswith(kind) for one in found)
        if kind == "index" and together and pages > 1:
            if at == 0:
                found.append(Listing("index", Layout.DATEBLOCK, size, pages=pages))
        elif kind == "index":
            found.append(Listing(f"index-{at + 1}", Layout.DATEBLOCK, size, page=at))
        elif kind == "feed":
            found.append(Listing("feed", Layout.FEED, size))
        elif kind in {"tag", "category"}:
            layout = Layout.DATEBLOCK if kind == "tag" else chance.choice((Layout.DATEBLOCK, Layout.BYLINE))
            found.append(Listing(f"{kind}-{at + 1}", layout, chance.choice((8, 12, 20)), tag=tags.pop()))
        else:
            order = "date" if kind == "search" else "relevance"
            found.append(Listing(f"{kind}-{at + 1}", Layout.BYLINE, chance.choice((5, 10)), search=order))
    if family.declared:
        instead = {Layout.DATEBLOCK: Layout.DIARY, Layout.BYLINE: Layout.NEWS}
        found = [replace(one, layout=instead[one.layout]) for one in found]
    return found
