"""Finding entries by their words: the promises of `Entries.search`."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text, update

from digest.changes.values import Added, Cause, ChangeSet, Revised
from digest.model import Content, EntryId, SourceId
from digest.records.intake import ApplyFacts
from digest.search_terms import marks, query
from digest.store import open_store
from digest.store.database.tables.publishing import entries, searched
from digest.store.publishing.vectors import vector

if TYPE_CHECKING:
    from datetime import datetime, timedelta
    from pathlib import Path

    from digest.store.transaction import Store
    from tests.contract.conftest import Hand

NOTHING: list[str] = []
TEXTS = {
    "旋转": Content(
        "让研究人员绞尽脑汁的Transformer位置编码", "山客", ("旋转式位置编码RoPE,见arXiv:2104.09864。",), ()
    ),
    "词": Content("分词与语言模型", None, ("先将句子分词,再用BERT模型。", "CRF 图", "词向量 word2vec"), ("CRF 图",)),
    "数": Content("Hölder不等式", None, (r"当$\boldsymbol{x}=\frac{1}{2}$时,位置不变,编码也不变。",), ()),
    "生僻": Content("𪜀与𰻝𰻝面", None, ("面食",), ()),
    "空": Content("", None, ("",), ()),
}


def found(store: Store, asked: str, **how: int) -> list[str]:
    with store.read() as tx:
        return [entry.id for entry in tx.entries.search(asked, **how)]


def added(entry: str, content: Content, position: int = 0) -> Added:
    return Added(EntryId(entry), position, content, None)


def integral(store: Store) -> bool:
    """Whether the index holds what the table of tokens holds; SQLite raises where it does not."""
    with store._writing.begin() as connection:
        if connection.dialect.name == "postgresql":
            rows = {row.number: vector(row.title, row.body) for row in connection.execute(select(searched))}
            kept = text("SELECT words = CAST(:made AS tsvector) FROM search_index WHERE number = :number")
            same = [connection.scalar(kept, {"made": made, "number": number}) for number, made in rows.items()]
            return all(same) and connection.scalar(text("SELECT count(*) FROM search_index")) == len(rows)
        connection.execute(text("INSERT INTO search_index (search_index, rank) VALUES ('integrity-check', 1)"))
    return True


@pytest.fixture
def shelf(store: Store, hand: Hand) -> Store:
    hand.read(*(added(name, content, at) for at, (name, content) in enumerate(TEXTS.items())))
    return store


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ("脑", {"旋转"}),
        ("词", {"词"}),
        ("码", {"旋转", "数"}),
        ("面", {"生僻"}),
        ("分词", {"词"}),
        ("编码", {"旋转", "数"}),
        ("位置编码", {"旋转"}),
        ("位置 编码", {"旋转", "数"}),
        ("绞尽脑汁", {"旋转"}),
        ("置位", set()),
        ("𰻝", {"生僻"}),
        ("𰻝面", {"生僻"}),
        ("transformer", {"旋转"}),
        ("TRANSFORMER", {"旋转"}),
        ("ｂｅｒｔ", {"词"}),
        ("trans", set()),
        ("holder", {"数"}),
        ("HÖLDER不等", {"数"}),
        ("BERT模型", {"词"}),
        ("transformer位", {"旋转"}),
        ("将 bert", {"词"}),
        ("transformer rope", {"旋转"}),
        ("transformer bert", set()),
        ("2104.09864", {"旋转"}),
        ("2104", {"旋转"}),
        ("210", set()),
        ("word2vec", {"词"}),
        ("crf", {"词"}),
        ("boldsymbol", set()),
        ("frac", set()),
        ("", set()),
        (" ,。*\"'()", set()),
        ("\x00", set()),
        ("AND", set()),
        ("title:分词", set()),
    ],
)
def test_entries_are_found_by_their_words(shelf: Store, asked: str, names: set[str]) -> None:
    assert set(found(shelf, asked)) == names


def test_a_found_entry_comes_whole(shelf: Store, hand: Hand) -> None:
    with shelf.read() as tx:
        entries_found = tx.entries.search("分词")
    assert entries_found == [hand.entry("词")]


def test_a_title_comes_before_any_text(store: Store, hand: Hand) -> None:
    hand.read(
        added("text", hand.content("别的", "梯度梯度,梯度!梯度。")),
        added("half", hand.content("梯度" * 9, "一点下降"), 1),
        added("title", hand.content("关于梯度下降的一篇很长很长的题目", "没有"), 2),
    )
    assert found(store, "梯度 下降")[0] == "title"
    assert found(store, "梯度") == ["half", "title", "text"]


def test_more_of_a_word_comes_before_less(store: Store, hand: Hand) -> None:
    others = [added(f"其他{n}", hand.content("别的", "全不相干的话"), n + 2) for n in range(5)]
    hand.read(
        added("less", hand.content("甲", "梯度是一个词语而已啊")),
        added("more", hand.content("乙", "梯度是梯度呀梯度而已"), 1),
        *others,
    )
    assert found(store, "梯度") == ["more", "less"]


def test_equal_matches_come_newest_first(store: Store, hand: Hand, now: datetime, day: timedelta) -> None:
    same = hand.content("梯度", "说的一样")
    for at in range(4):
        hand.read(added(f"e{at}", same), path=f"{at}.txt", now=now + at * day)
    assert found(store, "梯度") == ["e3", "e2", "e1", "e0"]
    assert found(store, "一样", limit=2) == ["e3", "e2"]


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_below_one_finds_nothing(shelf: Store, limit: int) -> None:
    assert found(shelf, "分词", limit=limit) == []


def test_more_entries_are_found_than_one_statement_takes(store: Store, hand: Hand) -> None:
    hand.read(*(hand.added(f"题{n}", n) for n in range(1_203)))
    assert len(found(store, "正文", limit=2_000)) == 1_203
    assert len(found(store, "正文")) == 50


def test_a_revised_text_replaces_the_old_one(store: Store, hand: Hand) -> None:
    hand.read(added("甲", hand.content("旧题", "从前的话")), added("乙", hand.content("旧题", "别的"), 1))
    hand.read(Revised(EntryId("甲"), hand.content("新题", "如今的话"), Cause.TITLE))
    assert found(store, "旧题") == ["乙"]
    assert found(store, "从前") == []
    assert found(store, "新题") == found(store, "如今") == ["甲"]
    assert integral(store)


def test_an_entry_that_is_revised_twice_in_one_reading_is_found_by_the_last(store: Store, hand: Hand) -> None:
    hand.read(added("甲", hand.content("一")))
    hand.read(
        Revised(EntryId("甲"), hand.content("二二"), Cause.TITLE),
        Revised(EntryId("甲"), hand.content("三三"), Cause.TITLE),
    )
    assert (found(store, "二二"), found(store, "三三")) == (NOTHING, ["甲"])
    assert integral(store)


def test_a_better_date_leaves_an_entry_findable(store: Store, hand: Hand, now: datetime) -> None:
    hand.read(hand.added("甲乙", date=hand.partial(1, 1)))
    with store.write() as tx:
        tx.readings.upgrade_dates({EntryId("甲乙"): hand.exact(2026, 1, 1)}, now)
    assert found(store, "甲乙") == ["甲乙"]
    assert integral(store)


def test_an_unsettled_entry_shows_when_it_is_settled(store: Store, hand: Hand, now: datetime) -> None:
    hand.read(hand.added("甲乙"), first_import=True)
    assert found(store, "甲乙") == []
    hand.read(hand.revised("甲乙", "丙丁"), first_import=True)
    assert found(store, "丙丁") == []
    with store.write() as tx:
        tx.readings.settle(SourceId("blog"), [], {}, now)
    assert (found(store, "甲乙"), found(store, "丙丁")) == (NOTHING, ["甲乙"])


def test_a_removed_entry_never_shows(store: Store, hand: Hand, now: datetime) -> None:
    hand.read(hand.added("甲乙"), hand.added("甲乙丙", 1))
    with store._writing.begin() as connection:
        connection.execute(update(entries).where(entries.c.id == "甲乙").values(removed_at=now))
    assert found(store, "甲乙") == ["甲乙丙"]
    hand.read(hand.revised("甲乙", "甲乙改"))
    assert found(store, "甲乙") == ["甲乙丙"]


def test_what_was_rolled_back_is_not_found(store: Store, hand: Hand, now: datetime) -> None:
    hand.read(hand.added("甲乙"))
    changes = ChangeSet((hand.revised("甲乙", "丙丁"),), (), (), (), ())
    with pytest.raises(LookupError), store.write() as tx:  # noqa: PT012 - what came before the exception is the point
        tx.readings.apply(
            SourceId("blog"),
            "a.txt",
            changes,
            ApplyFacts(now, first_import=False, atom_ids={}, title_keys={}, lead_keys={}),
        )
        assert [entry.id for entry in tx.entries.search("丙丁")] == ["甲乙"]
        raise LookupError
    assert (found(store, "甲乙"), found(store, "丙丁")) == (["甲乙"], NOTHING)
    assert integral(store)


def test_the_same_is_found_after_opening_again_and_after_a_vacuum(
    tmp_path: Path, hand_of: type[Hand], now: datetime
) -> None:
    url = f"sqlite:///{tmp_path / 'digest.db'}"
    asked = ("词", "编码", "位置 编码", "bert", "的")
    first = open_store(url)
    hand_of(first).read(*(added(name, content, at) for at, (name, content) in enumerate(TEXTS.items())))
    before = [found(first, one) for one in asked]
    first.close()
    with contextlib.closing(sqlite3.connect(tmp_path / "digest.db")) as connection:
        connection.execute("VACUUM")
    again = open_store(url)
    assert [found(again, one) for one in asked] == before
    assert before[0] == ["词"]
    assert integral(again)
    again.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text() | st.text(alphabet="分词位置编码的 brt2\"'*():^-+{}ANDORNET\x00\ud800\\.,"))
@example("位置" * 5_000)
@example("的 " * 5_000)
@example(" ".join(f"a{n}" for n in range(2_000)))
@example(" ".join(chr(0x4E00 + n) for n in range(5_000)))
@example("ﷺ" * 200)
def test_any_text_is_a_query_and_what_it_marks_is_found(shelf: Store, asked: str) -> None:
    wanted = query(asked)
    whole = {
        name
        for name, content in TEXTS.items()
        if wanted and all(any(marks(part, (term,)) for part in (content.title, *content.paragraphs)) for term in wanted)
    }
    assert set(found(shelf, asked)) == whole
