"""Drives a site through the real refresh and the real editions, under its own clock, and judges the results."""

from __future__ import annotations

import contextlib
import tempfile
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from digest import logs
from digest.service.editions import digests, making
from digest.service.intake.refresh import refresh
from digest.service.publishing import feeds
from digest.settings import Settings
from digest.store import open_store
from tests.years.crawler import OTHER_SOFTWARE, Crawler, Outcome, has_text, other_version
from tests.years.edits import EDITS, HARD, editable
from tests.years.laws import BACKLOG, SOURCE, Judge
from tests.years.pages import DECLARED, Layout
from tests.years.world import ZONE, in_traditional

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from tests.years.families import Site
    from tests.years.laws import Violation
    from tests.years.world import Article

_DAY = timedelta(days=1)
_SETTLING = 4  # crawls around a change of the crawler in which nobody edits anything


@dataclass
class Result:
    """What came of one site."""

    family: str
    seed: int
    crawls: int = 0
    articles: int = 0
    edits: int = 0
    exceptions: int = 0
    reports: int = 0
    violations: list[Violation] = field(default_factory=list)

    @property
    def headline(self) -> str:
        """Which site it is, and how to see its story."""
        replay = f"python -m tests.years --family {self.family} --seed {self.seed} -v"
        return f"{self.family} {self.seed}: {len(self.violations)} violations ({replay})"


def run(site: Site, say: Callable[[str], None] | None = None) -> Result:
    """Let the whole story of a site happen; `say` gets it crawl by crawl."""
    with _silence(), tempfile.TemporaryDirectory() as folder:
        course = Course(site, Path(folder), say or (lambda _: None))
        try:
            return course.run()
        finally:
            course.store.close()


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Let the program write no log."""
    before = structlog.get_config()
    logs.configure("critical", json_lines=False)
    try:
        yield
    finally:
        structlog.configure(**before)


class Course:
    """One site, from its first crawl to its last."""

    def __init__(self, site: Site, folder: Path, say: Callable[[str], None]) -> None:
        self._site, self._say = site, say
        (folder / "dumps").mkdir()
        self._settings = Settings(
            data_dir=folder,
            base_url="https://digest.example.org",
            layouts=DECLARED if site.family.declared else (),
            sources=[
                {
                    "id": SOURCE,
                    "title": "山上",
                    "path": folder / "dumps",
                    "timezone": str(ZONE),
                    "backlog": BACKLOG,
                    "layouts": [str(one["id"]) for one in DECLARED] if site.family.declared else [],
                }
            ],
            digests=[{"id": "weekly", "title": "每周", "timezone": str(ZONE)}],
        )
        self.store = open_store("sqlite://")
        self._crawler = Crawler(site, folder / "dumps")
        self.judge = Judge(site)
        self._edits = 0
        self._renamed = False  # whether the entries of the feed have other ids, which no reading has shown yet

    def run(self) -> Result:
        site = self._site
        self._set_alternating()
        digests.register(self.store, self._settings.digests, site.crawls[0])
        feeds.register(self.store, self._settings)
        for number, now in enumerate(site.crawls):
            self.crawl(number, now)
            following = site.crawls[number + 1] if number + 1 < len(site.crawls) else now + 8 * _DAY
            for monday in _mondays(now, following):
                refresh(self.store, self._settings, self._settings.sources[0], now=monday - _DAY / 24)
                self.edition(monday)
        with self.store.read() as tx:
            self.judge.at_the_end(tx)
        return self._result()

    def _result(self) -> Result:
        site, judge = self._site, self.judge
        shown = len({number for one in judge.stored.values() for number in one.subject.shown})
        return Result(
            site.family.name, site.seed, len(site.crawls), shown, self._edits,
            judge.shown.exceptions, judge.reports, judge.violations,
        )  # fmt: skip

    def crawl(self, number: int, now: datetime) -> None:
        """What authors did since, what the crawler left of it, and what the program makes of that."""
        site, crawler = self._site, self._crawler
        drifted = crawler.drift(number)
        self._pin(now)
        outcomes = crawler.outcomes(number)
        changed = site.recrawled_at is not None and abs(number - site.recrawled_at) <= _SETTLING
        self._renamed |= OTHER_SOFTWARE in drifted
        changed |= self._renamed
        edits = [] if changed or number == 0 else self._edit(now, outcomes)
        self._edits += len(edits)
        crawler.crawl(number, now, outcomes)
        self._renamed &= outcomes.get("feed") is not Outcome.FRESH
        self._say(f"--- crawl {number}, {now:%Y-%m-%d %H:%M}: {', '.join(f'{k} {v}' for k, v in outcomes.items())}")
        for line in [*drifted, *edits]:
            self._say(f"    {line}")
        done = refresh(self.store, self._settings, self._settings.sources[0], now=now)
        self._say(f"    {done.added} added, {done.revised} revised, {done.held} held; {'; '.join(done.problems)}")
        before = len(self.judge.violations)
        with self.store.read() as tx:
            self.judge.after_crawl(tx, done, crawler.files, now)
        for one in self.judge.violations[before:]:
            self._say(f"!!! {one}")

    def edition(self, monday: datetime) -> None:
        """The weekly edition."""
        made = making.make_due(self.store, self._settings, monday)
        before = len(self.judge.violations)
        with self.store.read() as tx:
            for one in made:
                if not one.edition.empty:
                    self.judge.after_edition(tx.editions.selected(one.edition.key))
        for broken in self.judge.violations[before:]:
            self._say(f"!!! edition of {monday:%Y-%m-%d}: {broken}")

    def _set_alternating(self) -> None:
        for article in self._site.world.articles:
            if article.number in self._site.alternating and has_text(article) and editable(article):
                article.other = other_version(article)
        self._site.alternating = {one.number for one in self._site.world.articles if one.other}

    def _pin(self, now: datetime) -> None:
        """Sometimes, let an old article stand on top for some weeks."""
        site = self._site
        if site.world.on_top(now) or site.chance.random() >= site.family.pins:
            return
        old = [one for one in site.world.published(now) if now - one.published_at > 300 * _DAY and not one.twins]
        if old:
            pinned = site.chance.choice(old)
            site.world.pin(pinned, now, now + site.chance.choice((10, 20, 40)) * _DAY)
            self._say(f"    {pinned} is pinned")

    def _edit(self, now: datetime, outcomes: dict[str, Outcome]) -> list[str]:
        """Edit some articles that pages show; what was done, in words."""
        site, done, edited = self._site, list[str](), dict[int, str]()
        while site.chance.random() < site.family.edits / (1 + len(done)) and len(done) < 3:
            kind = site.chance.choice(site.family.kinds)
            there = self._standing(now, outcomes, hard=kind in HARD)
            article = site.chance.choice(there) if there else None
            version = EDITS[kind](article, now.astimezone(ZONE).date()) if article else None
            if article is None or version is None or (kind == "repost" and not self._may_repost(article, now)):
                break
            if "repost" in {kind, edited.get(article.number)} and article.number in edited:
                break  # nobody could know an article again of which all changed at once
            edited[article.number] = kind
            article.versions.append(in_traditional(version) if site.world.old_script else version)
            done.append(f"{kind}: {article}")
        return done

    def _standing(self, now: datetime, outcomes: dict[str, Outcome], *, hard: bool) -> list[Article]:
        """The articles that may be edited: on pages that are fetched now.

        A `hard` edit is known by the line that is gone: each page that shows the article now showed it before.
        """
        found: dict[int, Article] = {}
        barred: set[int] = set()
        for listing in self._site.listings:
            here = {one.number: one for one in listing.articles(self._site.world, now)}
            if outcomes[listing.name] is Outcome.FRESH:
                found |= here
            else:
                barred |= here.keys() | self._crawler.shown(listing)
            barred |= here.keys() ^ self._crawler.shown(listing)
        allowed = [one for one in found.values() if editable(one) and not one.other and one.published_at < now - _DAY]
        allowed = [one for one in allowed if one.number not in barred] if hard else allowed
        return allowed if self._site.family.software == 0 else self._comparable(allowed, outcomes)

    def _comparable(self, articles: list[Article], outcomes: dict[str, Outcome]) -> list[Article]:
        """Those of a site with a feed whose edit shows beside what the feed, or pages, showed before.

        What a feed and a page show of one article differs anyway, so one does not tell what was edited on the other.
        """
        of_feed, of_pages = set[int](), set[int]()
        for listing in self._site.listings:
            if listing.layout is not Layout.FEED:
                of_pages |= self._crawler.shown(listing)
            elif outcomes[listing.name] is Outcome.FRESH:
                of_feed |= self._crawler.shown(listing)
        return [one for one in articles if one.number in of_feed | of_pages]

    def _may_repost(self, article: Article, now: datetime) -> bool:
        """Whether it stays on the pages on which it stands when it moves to their tops."""
        if article.now.day >= now.astimezone(ZONE).date() - 10 * _DAY:
            return False
        on = [one for one in self._site.listings if article in one.articles(self._site.world, now)]
        return all(one.page == 0 for one in on)


def _mondays(after: datetime, before: datetime) -> Iterator[datetime]:
    """Each Monday at five past eight between two times."""
    at = after.astimezone(ZONE).replace(hour=8, minute=5, second=0, microsecond=0)
    at += (-at.weekday() % 7) * _DAY
    while at < before:
        if at > after:
            yield at
        at += 7 * _DAY
