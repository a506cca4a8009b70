"""The truth: what was published when, by whom, and how it was edited. Prints nothing."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from tests.years.words import Kind, Paragraph, Tongue, Voice, bare, traditional

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

ZONE = ZoneInfo("Asia/Shanghai")
TAGS = ("数学", "算法", "生活", "天文")
_TITLES = ("{m}的{w}与{c}", "{w}:{m}再探", "关于{m}的{c}", "{c}里的{m}", "谈{m}", "{m}{w}", "从{w}到{m}")
_NUMBERED = ("{m}的3个{w}", "2020年的{m}{w}", "GPT2与{m}{w}", "{m} A&amp;B {w}")


@dataclass(frozen=True)
class Version:
    """How an article reads from one edit to the next; `told` says whether that edit is announced."""

    title: str
    day: date
    paragraphs: tuple[Paragraph, ...]
    kind: str = "first"
    told: bool = True

    @cached_property
    def key(self) -> str:
        """Title and text as they are compared when judging: without captions, which one of the layouts drops."""
        told = (one for one in self.paragraphs if one.kind is not Kind.FIGURE)
        return bare(self.title) + "/" + "".join(bare(line) for one in told for line in one.lines)

    @cached_property
    def lines(self) -> frozenset[str]:
        """Each line of the text, and each paragraph in one, as they are compared."""
        lines = {bare(line) for one in self.paragraphs for line in one.lines}
        return frozenset(lines | {bare("".join(one.lines)) for one in self.paragraphs})


@dataclass
class Article:
    """An article; its versions are in order. `yearly`: a greeting. `twins` names the group of those that read alike."""

    number: int
    author: str
    tags: frozenset[str]
    published_at: datetime
    voice: Voice
    versions: list[Version]
    pull: float  # how widely it is read, and how well it answers to a search
    yearly: bool = False
    twins: str = ""
    other: Version | None = None  # what half of the servers of its site show instead

    @property
    def now(self) -> Version:
        return self.versions[-1]

    @property
    def days(self) -> set[date]:
        return {version.day for version in self.versions}

    def readers(self, now: datetime) -> int:
        """How many have read it: never fewer than before."""
        days = max((now - self.published_at) / timedelta(days=1), 0)
        return int(20 + self.pull * 900 * days**0.6)

    def __str__(self) -> str:
        return f"#{self.number} {self.now.title!r} of {self.now.day}"


@dataclass(frozen=True, slots=True)
class Author:
    """Who writes, how often (days between two articles), and when not."""

    name: str
    every: tuple[float, float]
    pauses: tuple[tuple[datetime, datetime], ...] = ()


@dataclass
class World:
    """All articles of a site, those of the future too."""

    chance: Random
    authors: list[Author]
    start: datetime
    end: datetime
    yearly: str = ""  # `half` or `full`: how much of a greeting is the last year's
    odd_titles: float = 0.1
    old_script: bool = False  # the whole site is in traditional characters
    articles: list[Article] = field(default_factory=list)
    pinned: list[tuple[datetime, datetime, Article]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tongue = Tongue(self.chance)
        moments = sorted((at, author.name) for author in self.authors for at in self._moments(author))
        for at, name in moments:
            self.articles.append(self._article(name, at))
        if self.yearly:
            self._greet()
        self.articles.sort(key=lambda one: one.published_at)
        for number, one in enumerate(self.articles):
            one.number = number

    def published(self, now: datetime) -> list[Article]:
        """What there is now, newest first by its day as printed."""
        there = [one for one in self.articles if one.published_at <= now]
        return sorted(there, key=lambda one: (one.now.day, one.number), reverse=True)

    def pin(self, article: Article, since: datetime, until: datetime) -> None:
        """Let it stand on top of the index for a while."""
        self.pinned.append((since, until, article))

    def on_top(self, now: datetime) -> list[Article]:
        return [article for since, until, article in self.pinned if since <= now < until]

    def _moments(self, author: Author) -> Iterator[datetime]:
        at = self.start + timedelta(days=self.chance.uniform(0, author.every[1]))
        while at < self.end:
            if not any(since <= at < until for since, until in author.pauses):
                yield at
            at += timedelta(days=self.chance.uniform(*author.every))

    def _article(self, author: str, at: datetime) -> Article:
        chance, voice = self.chance, self.tongue.voice()
        plans = _NUMBERED if chance.random() < self.odd_titles else _TITLES
        title = chance.choice(plans).format(
            m=chance.choice(voice.marks), w=chance.choice(voice.own), c=chance.choice(voice.common)
        )
        body = [voice.text(), *(voice.paragraph() for _ in range(chance.choice((0, 1, 1, 2, 2, 3))))]
        if chance.random() < 0.05:
            body = [voice.text(1)]
        first = Version(title, at.astimezone(ZONE).date(), tuple(body))
        if self.old_script:
            first = in_traditional(first)
        tags = frozenset(chance.sample(TAGS, chance.choice((1, 1, 2))))
        return Article(0, author, tags, at, voice, [first], chance.paretovariate(1.5) / 10)

    def _greet(self) -> None:
        """A greeting each 1 January; it repeats half of the last year's text, or all of it."""
        shared = self.tongue.voice()
        template = (shared.text(2), shared.text(1))
        title = f"{shared.marks[0]}祝贺"
        for year in range(self.start.year + 1, self.end.year + 1):
            at = datetime(year, 1, 1, self.chance.randint(1, 10), tzinfo=ZONE).astimezone(UTC)
            if not self.start <= at < self.end:
                continue
            voice = shared if self.yearly == "full" else self.tongue.voice()
            body = template
            if self.yearly == "half":
                opening = Paragraph(Kind.TEXT, (f"{year}年到了,{voice.sentence()}{voice.sentence()}",))
                body = (opening, template[0])
            greeting = Version(title, date(year, 1, 1), body)
            greeting = in_traditional(greeting) if self.old_script else greeting
            twins = title if self.yearly == "full" else ""
            author, tags = self.authors[0].name, frozenset(TAGS[:1])
            self.articles.append(Article(0, author, tags, at, voice, [greeting], 0.3, yearly=True, twins=twins))


def in_traditional(version: Version) -> Version:
    """The same in traditional characters."""
    paragraphs = tuple(replace(one, lines=tuple(map(traditional, one.lines))) for one in version.paragraphs)
    return replace(version, title=traditional(version.title), paragraphs=paragraphs)
