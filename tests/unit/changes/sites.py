"""Sites with known dates: what their pages print at each crawl, and which years are inferred. Seeded, no files."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

from digest.changes.dates import Page, inferred
from digest.changes.values import Placing
from digest.model import DateEvidence, DateKind, EntryDate, EntryId, Fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

DAY = timedelta(days=1)
START = date(2019, 1, 1)  # the first crawl of a site comes some weeks later


def placing(entry: str, position: int, day: DateEvidence | None) -> Placing:
    """An entry on a page, of which only the day is evidence."""
    return Placing(EntryId(entry), position, 0, entry, day, None, Fingerprint(""), complete=True)


@dataclass(frozen=True, slots=True)
class Crawl:
    """What the pages show on a day: the articles of each page, in page order. A page that was missed is not there."""

    on: date
    pages: dict[str, list[int]]
    exact: frozenset[int] = frozenset()  # the articles whose full dates are known since this crawl
    pinned: frozenset[int] = frozenset()  # those out of their place


@dataclass(frozen=True, slots=True)
class Site:
    """Articles with their true dates, and the crawls, first to last."""

    dates: Sequence[date]
    crawls: Sequence[Crawl]


@dataclass(slots=True)
class Count:
    """What came of the years of many sites."""

    told: int = 0
    wrong: list[str] = field(default_factory=list)
    pins: int = 0  # wrong ones that no evidence excludes
    new: int = 0  # articles that came after the first crawl
    at_once: int = 0  # those of them that got a year in the crawl that showed them first

    def read(self, site: Site, name: str = "") -> None:
        """Read all crawls of a site as the program does, and compare each year with the true one."""
        dates: dict[EntryId, EntryDate | None] = {}
        seen: dict[EntryId, date] = {}
        last: dict[str, tuple[list[Placing], date]] = {}
        for crawl in site.crawls:
            pages, came = [], set()
            for label, articles in crawl.pages.items():
                shown = [placing(str(one), at, evidence(site.dates[one])) for at, one in enumerate(articles)]
                before, read_before = last.get(label, ((), None))
                pages.append(Page(shown, before, read_before, crawl.on))
                last[label] = shown, crawl.on
                for line in shown:
                    if line.entry not in seen:
                        seen[line.entry] = crawl.on
                        came.add(line.entry)
                        dates[line.entry] = partial(site.dates[int(line.entry)])
            for article in crawl.exact:
                day = site.dates[article]
                seen.setdefault(EntryId(str(article)), crawl.on)
                dates[EntryId(str(article))] = EntryDate(day.month, day.day, day.year, DateKind.EXACT)
            found = inferred(pages, dates, seen)
            dates |= found
            since = min((page.read_before for page in pages if page.read_before), default=None)
            self._judge(site, crawl, since, found, name)
            if crawl is not site.crawls[0]:
                new = [one for one in came if site.dates[int(one)] > site.crawls[0].on]
                self.new += len(new)
                self.at_once += sum((known := dates[one]) is not None and known.year is not None for one in new)

    def _judge(self, site: Site, crawl: Crawl, since: date | None, found: dict[EntryId, EntryDate], name: str) -> None:
        self.told += len(found)
        for entry, day in found.items():
            if day.full != site.dates[int(entry)]:
                between = since and day.full and since <= day.full <= crawl.on
                if between and int(entry) in crawl.pinned:
                    self.pins += 1
                else:
                    self.wrong.append(f"{name}: {crawl.on}: {entry} of {site.dates[int(entry)]} as {day.full}")


def evidence(day: date) -> DateEvidence:
    return DateEvidence(day.month, day.day)


def partial(day: date) -> EntryDate:
    return EntryDate(day.month, day.day, None, DateKind.PARTIAL)


# --- what authors and crawlers do -----------------------------------------------------------------


def posts(gap: Callable[[], int], years: float, end: date) -> list[date]:
    """The dates of articles, first to last, that came with such gaps in days for so many years until a day."""
    day, found = end - timedelta(days=int(365 * years)), []
    while (day := day + gap() * DAY) <= end:
        found.append(day)
    return found


def crawl_days(rng: random.Random, step: int, missed: float, years: float = 2) -> list[date]:
    """Days from the first crawl on, some steps missed."""
    first = START + rng.randrange(365) * DAY
    days = [first + at * step * DAY for at in range(int(365 * years / step))]
    return [day for at, day in enumerate(days) if not at or rng.random() >= missed]


def exact_at(rng: random.Random, dates: Sequence[date], on: date, share: float) -> frozenset[int]:
    """Articles that some page with full dates shows on a day."""
    return frozenset(at for at, day in enumerate(dates) if day <= on and rng.random() < share)


def newest(dates: Sequence[date], on: date) -> list[int]:
    """All articles up to a day, newest first."""
    return [at for at in range(len(dates) - 1, -1, -1) if dates[at] <= on]


def steady(rng: random.Random) -> Site:
    """An index page of a weekly blog, crawled weekly or more often; short and long pages."""
    days = crawl_days(rng, rng.choice([1, 3, 7]), missed=rng.choice([0, 0.1]))
    dates = posts(lambda: rng.choice([6, 7, 7, 7, 8]), 4, days[-1])
    size, share = rng.choice([5, 6, 8, 10]), rng.choice([0, 0, 0.01])
    return Site(dates, [Crawl(on, {"index": newest(dates, on)[:size]}, exact_at(rng, dates, on, share)) for on in days])


def sparse(rng: random.Random) -> Site:
    """An index page of an author who seldom writes, seldom crawled, and its second page, in part without the first."""
    days = crawl_days(rng, rng.choice([7, 14, 30, 60]), missed=0.3)
    dates = posts(lambda: 1 + int(rng.expovariate(1 / rng.choice([20, 45, 90]))), 12, days[-1])
    size, share, second = rng.choice([3, 5, 10, 20]), rng.choice([0, 0.01, 0.1]), rng.random() < 0.5
    crawls = []
    for on in days:
        listed = newest(dates, on)
        pages = {"1": listed[:size]} | ({"2": listed[size : 2 * size]} if second else {})
        kept = {label: shown for label, shown in pages.items() if rng.random() < 0.8}
        crawls.append(Crawl(on, kept, exact_at(rng, dates, on, share)))
    return Site(dates, crawls)


def pausing(rng: random.Random) -> Site:
    """An author who writes often and pauses, mostly for about a year."""
    days = crawl_days(rng, rng.choice([3, 7, 14]), missed=0.2, years=3)
    often = rng.choice([2, 4, 7])

    def gap() -> int:
        if rng.random() >= 0.02:
            return rng.randrange(1, 2 * often)
        return rng.choice([364, 365, 371 if often == 7 else 366, 728, rng.randrange(300, 430)])

    dates = posts(gap, 9, days[-1])
    size, share = rng.choice([5, 8, 10, 20]), rng.choice([0, 0.01, 0.1])
    return Site(dates, [Crawl(on, {"index": newest(dates, on)[:size]}, exact_at(rng, dates, on, share)) for on in days])


def tags(rng: random.Random) -> Site:
    """An index page and tag pages that reach back over fourteen years."""
    days = crawl_days(rng, rng.choice([7, 14, 30, 400]), missed=0.3, years=3)
    dates = posts(lambda: rng.randrange(1, 30), 14, days[-1])
    tagged = [{at for at in range(len(dates)) if rng.random() < share} for share in (0.03, 0.1, 0.3)]
    size, share = rng.choice([5, 10, 20]), rng.choice([0, 0.01, 0.1, 0.4])
    crawls = []
    for on in days:
        listed = newest(dates, on)
        pages = {str(at): [one for one in listed if one in tag][:size] for at, tag in enumerate(tagged)}
        if share < 0.1:
            pages["index"] = listed[:size]
        crawls.append(Crawl(on, pages, exact_at(rng, dates, on, share / 10)))
    return Site(dates, crawls)


def shuffled(rng: random.Random) -> Site:
    """Search pages by relevance: new articles come in anywhere, and the order changes now and then."""
    days = crawl_days(rng, rng.choice([3, 7, 30, 90]), missed=0.2)
    dates = posts(lambda: rng.randrange(1, 40), rng.choice([1, 3, 10]), days[-1])
    size, share, restless = rng.choice([3, 5, 8, 12]), rng.choice([0, 0.01, 0.2]), rng.choice([0, 0.05, 0.5])
    weight = {at: rng.random() for at in range(len(dates))}
    crawls = []
    for on in days:
        weight = {at: rng.random() if rng.random() < restless else one for at, one in weight.items()}
        listed = sorted(newest(dates, on), key=weight.__getitem__)
        crawls.append(Crawl(on, {"search": listed[:size]}, exact_at(rng, dates, on, share)))
    return Site(dates, crawls)


def pinned(rng: random.Random) -> Site:
    """An index page that keeps one or two old articles at its top, before the first reading or since a later one."""
    days = crawl_days(rng, rng.choice([1, 7, 14]), missed=0.1)
    dates = posts(lambda: rng.randrange(1, rng.choice([8, 16])), 6, days[-1])
    size, share = rng.choice([5, 8, 10, 20]), rng.choice([0, 0.01, 0.1])
    pins: list[int] = []
    crawls = []
    for on in days:
        listed = newest(dates, on)
        if on == days[0] or rng.random() < 0.05:
            pins = rng.sample(listed[size:], k=rng.choice([0, 1, 1, 2]))
        copied = rng.random() < 0.5
        shown = [*pins, *(one for one in listed if copied or one not in pins)][:size]
        crawls.append(Crawl(on, {"index": shown}, exact_at(rng, dates, on, share), frozenset(pins)))
    return Site(dates, crawls)


def ascending(rng: random.Random) -> Site:
    """A page that lists oldest first, with old pins on top in part."""
    days = crawl_days(rng, rng.choice([7, 30]), missed=0.1)
    dates = posts(lambda: rng.randrange(1, rng.choice([8, 40])), 6, days[-1])
    size, share = rng.choice([8, 20, 50]), rng.choice([0.01, 0.1])
    pins = rng.sample(range(20), k=rng.choice([0, 0, 1, 2]))
    crawls = []
    for on in days:
        shown = [*pins, *reversed(newest(dates, on)[:size])]
        crawls.append(Crawl(on, {"series": shown}, exact_at(rng, dates, on, share), frozenset(pins)))
    return Site(dates, crawls)


def yearly(rng: random.Random) -> Site:
    """A tag page with a greeting each New Year, the Chinese one in part, and little else."""
    chinese = [(2, 14), (2, 3), (1, 23), (2, 10), (1, 31), (2, 19), (2, 8), (1, 28), (2, 16), (2, 5), (1, 25), (2, 12)]
    lunar = rng.random() < 0.5
    greetings = [date(2010 + at, *(day if lunar else (1, rng.choice([1, 1, 2])))) for at, day in enumerate(chinese)]
    days = crawl_days(rng, rng.choice([7, 30, 180]), missed=0.2)
    others = posts(lambda: rng.randrange(1, 500), 9, days[-1]) if rng.random() < 0.5 else []
    dates = sorted([*greetings, *others])
    size, share = rng.choice([5, 10, 20]), rng.choice([0, 0.05, 0.3])
    return Site(dates, [Crawl(on, {"tag": newest(dates, on)[:size]}, exact_at(rng, dates, on, share)) for on in days])


FAMILIES: dict[str, Callable[[random.Random], Site]] = {
    made.__name__: made for made in (steady, sparse, pausing, tags, shuffled, pinned, ascending, yearly)
}


def counted(family: str, seeds: range) -> Count:
    """What came of the years of the sites of a family."""
    count = Count()
    for seed in seeds:
        count.read(FAMILIES[family](random.Random(f"{family} {seed}")), f"{family} {seed}")
    return count
