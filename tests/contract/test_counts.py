"""Reader counts: a series for each entry and source, its gain, and that thinning invents no readers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert

from digest.model import EntryId, SourceId
from digest.service.upkeep.retention import tidy
from digest.settings import Settings
from digest.store.database.tables.publishing import reader_counts
from digest.store.editions.selecting import Selecting
from digest.store.intake.readings import Readings
from tests.contract.plans import plans

if TYPE_CHECKING:
    from digest.store.transaction import Store
    from tests.contract.conftest import Hand

START, DAY = datetime(2026, 1, 1, 6, tzinfo=UTC), timedelta(days=1)
BLOG, MIRROR = SourceId("blog"), SourceId("mirror")
SINCE = START + DAY


def count(hand: Hand, source: SourceId, *series: int | None, entry: str = "甲") -> None:
    """The counts of an entry, one a day from START on; None for a day without one."""
    for days, readers in enumerate(series):
        if readers is not None:
            placed = [hand.placing(entry, 0)]
            hand.read(source=source, placings=placed, readers={entry: readers}, now=START + days * DAY)


def won(store: Store, since: datetime = SINCE, *sources: SourceId) -> dict[str, int]:
    with store.read() as tx:
        return {entry.id: gained for entry, gained in tx.selecting.most_read(since, sources, 9)}


@pytest.mark.parametrize(
    ("blog", "mirror", "expected"),
    [
        ((100, 100, 130), (), 30),  # since the last count before
        ((None, None, 90, 130), (), 40),  # since the first
        ((100, 30, 45), (), 45 - 30),  # a fall before
        ((100, 110, 30, 45), (), 15),  # a fall since then
        ((100, 110, 30, 400), (), 370),
        ((100, 110, 30, 60, 20, 21), (), 1),  # since the last of two
        ((100, None, 30), (), None),
        ((5, 5, 5), (900, 905, 905), None),  # the mirror counts for itself
        ((5, None, 7), (900, None, 910), 10),  # and won more
        ((900, None, None), (None, 5, 8), 3),  # what one shows last is not compared with what the other showed
        ((5, None, None), (None, None, 900), None),
        ((100, None, 20), (50, None, 58), 8),
    ],
)
def test_a_gain_is_within_a_series_and_behind_its_last_fall(
    store: Store, hand: Hand, blog: tuple[int | None, ...], mirror: tuple[int | None, ...], expected: int | None
) -> None:
    hand.read(hand.added("甲"), now=START - DAY)
    count(hand, BLOG, *blog)
    count(hand, MIRROR, *mirror)
    assert won(store).get("甲") == expected


def test_a_digest_of_some_sources_asks_only_them(store: Store, hand: Hand) -> None:
    hand.read(hand.added("甲"), hand.added("乙", 1), now=START - DAY)
    for source, counts in ((BLOG, (10, 10, 12)), (MIRROR, (500, 500, 530))):
        count(hand, source, *counts)
    count(hand, BLOG, 1, 1, 21, entry="乙")
    assert won(store) == {"甲": 30, "乙": 20}
    assert won(store, SINCE, BLOG) == {"乙": 20, "甲": 2}
    assert won(store, SINCE, MIRROR) == {"甲": 30}
    assert won(store, SINCE, BLOG, MIRROR) == {"甲": 30, "乙": 20}


def test_counts_name_their_source_and_the_entry_carries_the_last(store: Store, hand: Hand) -> None:
    hand.read(hand.added("甲"), now=START - DAY)
    count(hand, BLOG, 10, None, 12)
    count(hand, MIRROR, None, 900)
    with store.read() as tx:
        counts = tx.entries.counts(EntryId("甲"))
        newest = [tx.readings.newest_counts(SourceId(name), [EntryId("甲")]) for name in (BLOG, MIRROR, "none")]
        highest = [tx.readings.highest_counts(SourceId(name), [EntryId("甲")]) for name in (BLOG, MIRROR, "none")]
    assert [(one.source, one.readers) for one in counts] == [(BLOG, 10), (MIRROR, 900), (BLOG, 12)]
    assert newest == highest == [{"甲": 12}, {"甲": 900}, {}]


def test_the_newest_count_and_the_highest_are_of_one_source(store: Store, hand: Hand) -> None:
    hand.read(hand.added("甲"), hand.added("乙", 1), now=START - DAY)
    count(hand, BLOG, 10, 300, 12)
    with store.read() as tx:
        asked = [EntryId("甲"), EntryId("乙")]
        assert tx.readings.newest_counts(BLOG, asked) == {"甲": 12}
        assert tx.readings.highest_counts(BLOG, asked) == {"甲": 300}


def gain(series: list[tuple[datetime, int]], since: datetime) -> int:
    """What a series won since then, by the definition."""
    before = [readers for at, readers in series if at <= since][-1:]
    after = before + [readers for at, readers in series if at > since]
    falls = [place for place, (one, other) in enumerate(pairwise(after), 1) if other < one]
    return after[-1] - after[falls[-1] if falls else 0]


@pytest.mark.parametrize("seed", range(3))
def test_thinning_changes_no_gain_since_a_count_that_stays(store: Store, hand: Hand, seed: int) -> None:
    chance, readers = Random(seed), 1000
    series = []
    for step in range(100 * 5):
        readers = chance.choice((3, 40)) if chance.random() < 0.03 else readers + chance.choice((0, 1, 5))
        series.append((START + step * DAY / 5, readers))
    hand.read(hand.added("甲"), now=START)
    rows = [{"entry_id": "甲", "source": BLOG, "counted_at": at, "readers": count} for at, count in series]
    with store.writing() as connection:
        connection.execute(insert(reader_counts), rows)
    now = START + 100 * DAY
    thinned = Settings(retention={"readers": 10 * DAY, "readers_daily": 40 * DAY})

    assert tidy(store, thinned.retention, now)["reader counts"] > 250
    with store.read() as tx:
        left = [one.at for one in tx.entries.counts(EntryId("甲"))]
    assert {at: won(store, at).get("甲", 0) for at in left} == {at: gain(series, at) for at in left}
    assert not tidy(store, thinned.retention, now)


def test_an_index_finds_counts(store: Store, hand: Hand) -> None:
    hand.read(hand.added("甲"), readers={"甲": 1})
    newest, highest = plans(
        store,
        lambda connection: (
            Readings(connection).newest_counts(BLOG, [EntryId("甲")]),
            Readings(connection).highest_counts(BLOG, [EntryId("甲")]),
        ),
    )
    (best,) = plans(store, lambda connection: Selecting(connection).most_read(SINCE, (), 5))
    assert "SEARCH reader_counts USING INDEX ix_reader_counts_counted_at (counted_at>?)" in best
    for plan in (newest, highest, best):
        assert "SCAN reader_counts" not in plan
        assert "SCAN entries" not in plan
        assert "SEARCH reader_counts" in plan
