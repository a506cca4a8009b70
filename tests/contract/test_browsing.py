"""Lists of what is published: months, authors, readers, and the number of hits; the same in every store."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import select, update

from digest.chinese import folded_characters
from digest.model import DateKind, EntryDate, EntryId, SourceId
from digest.records.publishing import Among
from digest.store.database import schema
from digest.store.database.tables.publishing import searched
from digest.store.publishing import searching

if TYPE_CHECKING:
    from datetime import datetime

    from digest.changes.values import Added
    from digest.store.transaction import Store
    from tests.contract.conftest import Hand


def part(year: int | None, month: int | None = None) -> EntryDate:
    return EntryDate(month, None, year, DateKind.PARTIAL)


def written(hand: Hand, entry: str, author: str | None, date: EntryDate | None, *paragraphs: str) -> Added:
    added = hand.added(entry, date=date)
    return replace(added, content=replace(added.content, author=author, paragraphs=paragraphs or ("正文",)))


@pytest.fixture
def filled(hand: Hand, now: datetime) -> Hand:
    """Ten entries of two sources, in the feed of everything; one of them is removed."""
    dated = {
        "春": ("山客", hand.exact(2026, 3, 14)),
        "夏": ("水客", hand.exact(2025, 6, 1)),
        "秋": ("山客", hand.exact(2025, 12, 31)),
        "冬": (None, hand.exact(2025, 1, 1)),
        "月": ("山客", part(2025, 6)),
        "年": ("山客", part(2024)),
        "日": ("水客", hand.partial(6, 1)),
        "无": ("山客", None),
        "某": ("山客", part(None, 6)),
        "去": ("山客", hand.exact(2025, 6, 2)),
    }
    hand.read(*(written(hand, name, *known, "圆周率的故事") for name, known in dated.items()))
    hand.read(written(hand, "外", "水客", hand.exact(2025, 6, 3), "另一个圆周率"), source="other", path="b.txt")
    with hand.store.write() as tx:
        tx.feeds.enlist("", [EntryId(name) for name in (*dated, "外")])
        assert tx.feeds.remove(EntryId("去"), now)
    return hand


def test_each_entry_is_in_one_month_or_has_no_year(filled: Hand) -> None:
    with filled.store.read() as tx:
        assert tx.browsing.months() == {(2026, 3): 1, (2025, 6): 3, (2025, 12): 1, (2025, 1): 1, (2024, None): 1}
        assert tx.browsing.dated(2025) == ["秋", "外", "夏", "冬", "月"]
        assert tx.browsing.dated(2025, 6) == ["外", "夏", "月"]
        assert tx.browsing.dated(2025, 12) == ["秋"]
        assert (tx.browsing.dated(2024), tx.browsing.dated(2023), tx.browsing.dated(9999, 12)) == (["年"], [], [])
        assert sorted(tx.browsing.undated()) == ["无", "日", "某"]
        assert tx.browsing.count() == tx.browsing.size("") == 10


def test_authors_and_their_entries(filled: Hand) -> None:
    with filled.store.read() as tx:
        assert list(tx.browsing.authors().items()) == [("山客", 6), ("水客", 3)]
        assert tx.browsing.by_author("水客") == ["夏", "日", "外"]
        assert tx.browsing.by_author("山") == []
        assert [entry.id for entry in tx.browsing.entries([EntryId(one) for one in ("外", "去", "x", "春")])] == [
            "外",
            "春",
        ]
        assert [entry for entry, _ in tx.browsing.updated("", 9, 11)] == ["某", "外"]


@pytest.mark.parametrize(
    ("among", "found"),
    [
        (Among(), 10),
        (Among(source=SourceId("other")), 1),
        (Among(author="水客"), 3),
        (Among(year=2025), 5),
        (Among(year=2025, author="山客", source=SourceId("blog")), 2),
        (Among(year=9999), 0),
    ],
)
def test_a_search_counts_all_hits_whatever_it_is_restricted_to(filled: Hand, among: Among, found: int) -> None:
    with filled.store.read() as tx:
        count, best = tx.browsing.search("圓周率", among, 4)
        assert (count, len(best)) == (found, min(found, 4))
        assert tx.browsing.search("……", among, 4) == (0, [])


def test_most_read_are_counted_ones(filled: Hand) -> None:
    filled.read(placings=[], path="c.txt", readers={"夏": 5, "冬": 70, "去": 900, "春": 0})
    with filled.store.read() as tx:
        assert tx.browsing.most_read(10) == ["冬", "夏"]
        assert tx.browsing.most_read(1) == ["冬"]


def test_a_store_whose_words_were_not_folded_is_folded_by_the_migration(store: Store, hand: Hand) -> None:
    """What an older program stored: the tokens of `圓周率` as they are written."""
    hand.read(written(hand, "圓", "山客", None, "圓周率與數"), written(hand, "甲", "山客", None, "别的"))
    table = folded_characters()
    back = {value: chr(point) for point, value in table.items() if chr(point) in "圓與數"}
    with store._writing.begin() as connection:
        before = connection.execute(select(searched).order_by(searched.c.number)).all()
        old = before[0].body.translate({ord(one): other for one, other in back.items()})
        assert old == "圓周 周率 率與 與數 數"
        connection.execute(update(searched).where(searched.c.number == before[0].number).values(body=old, title="圓"))
        searching.rebuild(connection)
        migration = ScriptDirectory.from_config(schema.configuration(connection)).get_revision("0017").module
        assert migration.fold_tokens(connection) == [before[0].number]
        assert connection.execute(select(searched).order_by(searched.c.number)).all() == before
        assert migration.fold_tokens(connection) == []


def test_the_table_of_characters_is_the_one_with_which_stores_were_filled() -> None:
    """If it changes, with another OpenCC or another rule, stored tokens need a migration as 0017 is one."""
    table = "".join(f"{chr(point)}{to}" for point, to in sorted(folded_characters().items()))
    assert (len(table) // 2, hashlib.sha256(table.encode()).hexdigest()[:16]) == (3796, "9c72bfe821b5f69a")
