"""A start under a wrong clock recovers once it is right: dates are weighed again, nothing comes twice or is lost."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import pytest
import time_machine

from digest.app import opened
from digest.model import Section
from digest.service.editions.making import cut, make_due
from digest.service.intake.refresh import refresh
from digest.service.upkeep.invariants import violations
from digest.settings import load
from tests.conftest import Article

if TYPE_CHECKING:
    from tests.conftest import Blog

MONDAY = datetime(2026, 11, 23, 0, 30, tzinfo=UTC)  # after the slot of the week, which is at 08:00 in Shanghai
BEGUN_AHEAD = datetime(2035, 3, 5, 0, 30, tzinfo=UTC)  # and BEGUN_BEHIND: Mondays too
BEGUN_BEHIND = datetime(2015, 3, 2, 0, 30, tzinfo=UTC)
WEEK, DAY, HOUR = timedelta(days=7), timedelta(days=1), timedelta(hours=1)
OLD = [Article(f"旧文第{n}篇", (2020 + n // 4, 1 + n, 10 + n), (f"旧文第{n}篇说的是{n}件事。",)) for n in range(6)]
NEW = [Article(f"新文第{n}篇", (2026, 11, 10 + n), (f"新文第{n}篇说的是别的{n}件事。",)) for n in range(4)]


class Clocked:
    """A blog under a clock of the test's own."""

    def __init__(self, blog: Blog) -> None:
        self.blog, self.settings = blog, load(blog.home / "digest.toml")

    def show(self, *articles: Article) -> None:
        self.blog.search("search.txt", *articles)

    def read(self, now: datetime) -> dict[str, object]:
        """A pass; its counts."""
        with time_machine.travel(now, tick=False), opened(self.settings) as store:
            return refresh(store, self.settings, self.settings.sources[0], now=now).counts()

    def tick(self, now: datetime) -> list[str]:
        """Make what is due; the keys."""
        with time_machine.travel(now, tick=False), opened(self.settings) as store:
            return [made.edition.key for made in make_due(store, self.settings, now)]

    def cut(self, now: datetime) -> None:
        with time_machine.travel(now, tick=False), opened(self.settings) as store:
            cut(store, self.settings, self.settings.digests[0], now)

    def announced(self) -> Counter[str]:
        """How often each title was announced, in any section but that of what is read most."""
        with opened(self.settings) as store, store.read() as tx:
            return Counter(
                one.entry.content.title
                for made in tx.editions.editions()
                for one in tx.editions.selected(made.edition.key)
                if one.section is not Section.MOST_READ
            )

    def dates(self) -> dict[str, tuple[int | None, str]]:
        return {title: (e["date"]["year"], e["date"]["kind"]) for title, e in self.blog.entries().items()}

    def check(self, now: datetime) -> None:
        """Nothing that feeds and pages say lies ahead, each edition closes after it opens, and every law holds."""
        with time_machine.travel(now, tick=False):
            feed = self.blog.feed().decode()
        moments = [datetime.fromisoformat(found) for found in re.findall(r"<updated>(.+?)</updated>", feed)]
        assert moments
        assert max(moments) <= now
        with opened(self.settings) as store:
            assert list(violations(store)) == []
            with store.read() as tx:
                assert tx.entries.published_state()[1] <= now  # Last-Modified
                for made in tx.editions.editions():
                    edition = made.edition
                    assert edition.closes_at <= now
                    assert edition.opens_at is None or edition.opens_at <= edition.closes_at


@pytest.fixture
def clocked(blog: Blog) -> Clocked:
    return Clocked(blog)


@pytest.mark.parametrize("told_before", [False, True])
def test_after_a_start_in_2015_dates_become_exact_and_nothing_is_announced_again(
    clocked: Clocked, *, told_before: bool
) -> None:
    clocked.show(*OLD)
    clocked.read(BEGUN_BEHIND)
    clocked.tick(BEGUN_BEHIND)
    assert {kind for _, kind in clocked.dates().values()} == {"partial"}
    if told_before:
        assert clocked.tick(BEGUN_BEHIND + WEEK)
        assert len(clocked.announced()) == len(OLD)

    clocked.read(MONDAY)
    assert clocked.dates() == {one.title: (one.date[0], "exact") for one in OLD}
    assert clocked.tick(MONDAY)
    assert clocked.announced() == Counter(one.title for one in OLD)
    clocked.show(NEW[0], *OLD)
    for week in (1, 2):
        clocked.read(MONDAY + week * WEEK - HOUR)
        assert clocked.tick(MONDAY + week * WEEK)
    assert clocked.announced() == Counter(one.title for one in (*OLD, NEW[0]))
    clocked.check(MONDAY + 2 * WEEK)


@pytest.mark.parametrize("first", ["pass", "tick", "cut"])
def test_after_a_start_in_2035_the_next_editions_show_what_came_since(clocked: Clocked, first: str) -> None:
    clocked.show(*OLD)
    clocked.read(BEGUN_AHEAD)
    clocked.tick(BEGUN_AHEAD)
    clocked.show(NEW[0], *OLD)
    clocked.read(BEGUN_AHEAD + DAY)
    assert clocked.tick(BEGUN_AHEAD + WEEK)
    clocked.show(NEW[1], NEW[0], *OLD)
    clocked.read(BEGUN_AHEAD + WEEK + HOUR)  # not announced yet

    begun = MONDAY - 5 * DAY
    if first == "tick":
        assert clocked.tick(begun) == []
    elif first == "cut":
        clocked.cut(begun)
    clocked.read(begun + HOUR)
    clocked.check(begun + HOUR)
    for week, number in ((0, 2), (1, 3), (2, 4)):
        clocked.show(*NEW[:number][::-1], *OLD)
        clocked.read(MONDAY + week * WEEK - DAY)
        assert clocked.tick(MONDAY + week * WEEK)
        clocked.check(MONDAY + week * WEEK)
    assert clocked.announced() == Counter(one.title for one in (*OLD, *NEW))


@pytest.mark.parametrize("back", [HOUR, 20 * HOUR, 2 * DAY, 9 * DAY, 30 * DAY])
def test_a_step_back_announces_nothing_twice_and_loses_nothing(clocked: Clocked, back: timedelta) -> None:
    clocked.show(*OLD)
    clocked.read(MONDAY - 5 * DAY)
    clocked.tick(MONDAY - 5 * DAY)
    assert clocked.tick(MONDAY)
    clocked.show(NEW[0], *OLD)
    clocked.read(MONDAY + HOUR)

    now = MONDAY + 2 * HOUR - back
    clocked.tick(now)
    clocked.cut(now)
    clocked.show(NEW[1], NEW[0], *OLD)
    clocked.read(now + HOUR / 2)
    clocked.tick(now + HOUR)
    for week in (1, 2):
        clocked.tick(MONDAY + week * WEEK)
        clocked.show(*NEW[: 2 + week][::-1], *OLD)
        clocked.read(MONDAY + week * WEEK + HOUR)
    clocked.tick(MONDAY + 3 * WEEK)
    clocked.check(MONDAY + 3 * WEEK)
    assert clocked.announced() == Counter(one.title for one in (*OLD, *NEW))


def test_killed(clocked: Clocked) -> None:
    """A pass under the BEGUN_AHEAD clock that never ended."""
    clocked.show(*OLD)
    with time_machine.travel(BEGUN_AHEAD, tick=False), opened(clocked.settings) as store:
        looks = iter([False, True])
        refresh(
            store, clocked.settings, clocked.settings.sources[0], now=BEGUN_AHEAD, stopped=lambda: next(looks, True)
        )
    clocked.read(MONDAY - DAY)
    clocked.tick(MONDAY - 5 * DAY)
    assert clocked.tick(MONDAY)
    assert clocked.announced() == Counter(one.title for one in OLD)
    clocked.check(MONDAY)


@pytest.mark.parametrize("begun", [BEGUN_BEHIND, BEGUN_AHEAD], ids=["2015", "2035"])
def test_the_years_of_an_index_page_become_what_a_right_clock_makes_them(clocked: Clocked, begun: datetime) -> None:
    listed = [Article(f"短文第{n}篇", (2020, 10, 30 - 3 * n), (f"短文第{n}篇说的是{n}件事。",)) for n in range(10)]
    clocked.blog.index("index.txt", *listed)
    clocked.blog.search("search.txt", listed[0], listed[4], listed[9])
    clocked.read(begun)
    clocked.read(MONDAY)
    clocked.read(MONDAY + HOUR)
    found = clocked.dates()
    (clocked.blog.home / "var" / "digest.db").unlink()
    clocked.read(MONDAY)
    clocked.read(MONDAY + HOUR)
    assert found == clocked.dates()
    assert {kind for _, kind in found.values()} == {"exact", "inferred"}


@pytest.mark.parametrize("far", [True, False], ids=["years", "a day and a half"])
def test_mail_that_waited_under_a_clock_ahead_is_sent_once(clocked: Clocked, *, far: bool) -> None:
    made_at = BEGUN_AHEAD + WEEK
    right = MONDAY if far else made_at - DAY - 12 * HOUR
    clocked.show(*OLD)
    with time_machine.travel(BEGUN_AHEAD, tick=False):
        clocked.blog.run("subscribers", "add", "reader@example.com")
    clocked.read(BEGUN_AHEAD)
    clocked.tick(BEGUN_AHEAD)
    clocked.read(made_at)
    assert clocked.tick(made_at)
    if far:  # a drain that was killed, and another one that found no certificate valid
        with opened(clocked.settings) as store, store.write() as tx:
            assert tx.deliveries.lease(made_at, made_at + HOUR, 10)
            tx.deliveries.pause("the certificate has expired", made_at + HOUR)

    clocked.read(right)
    for hours in (1, 2):
        with time_machine.travel(right + hours * HOUR, tick=False):
            clocked.blog.run("edition", "send")
    (mail,) = clocked.blog.mails()
    date = next(line for line in mail.decode("ascii").splitlines() if line.startswith("Date: "))
    assert parsedate_to_datetime(date.removeprefix("Date: ")) == right
