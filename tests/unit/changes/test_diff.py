"""What a dump changes: which entries are new, corrected, unchanged or separate."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.changes.board import questions, rival_questions
from digest.changes.keys import lead_key, title_key
from digest.changes.prepared import prepared
from digest.changes.values import Added, Cause, Revised, Vanished
from digest.model import DateKind, EntryDate
from tests.examples import examples
from tests.unit.changes.shelf import TEXT, Shelf, sight

if TYPE_CHECKING:
    from digest.changes.values import ChangeSet
    from digest.model import EntryId, Sighting

OTHER = (
    "另一篇文章从别的地方说起,先讲一段往事,再慢慢转到正题上来,和前面那篇没有半句相同。",
    "它的第二段是几个小标题,每个底下有几行说明,写得很随意,读起来倒也轻松有趣。",
)


def causes(changes: ChangeSet) -> list[Cause]:
    return [change.cause for change in changes.changes if isinstance(change, Revised)]


def added(changes: ChangeSet) -> list[str]:
    return [change.content.title for change in changes.changes if isinstance(change, Added)]


# --- identity -------------------------------------------------------------------------------------


def test_the_same_dump_again_changes_nothing(shelf: Shelf) -> None:
    page = (sight("甲", (3, 14)), sight("乙", (3, 10), OTHER), sight("丙", (3, 1), ()))
    assert added(shelf.read(*page)) == ["甲", "乙", "丙"]

    again = shelf.read(*page)

    assert [again.changes, again.dates, again.readers, again.ambiguous] == [(), (), (), ()]


def test_two_lines_of_a_page_that_read_alike_and_have_no_year_are_one_entry_and_reported(shelf: Shelf) -> None:
    around = sight("前", (3, 20), OTHER), sight("后", (2, 1), ("全文很短,只有这么一句话,说的是另外一件不相干的事。",))
    changes = shelf.read(sight("新年快乐", (1, 1)), *around, sight("新年快乐", (1, 1)))
    assert added(changes) == ["新年快乐", "前", "后"]
    assert [(one.title, one.position) for one in changes.ambiguous] == [("新年快乐", 3)]
    assert shelf.read(sight("元旦", (2020, 1, 1)), *around, sight("元旦", (2020, 1, 1)), dump="b.txt").ambiguous == ()


def test_two_greetings_that_name_their_years_are_two_entries_from_the_first_reading_on(shelf: Shelf) -> None:
    same = "祝各位读者新年快乐,万事如意,身体健康,工作顺利。"
    old, new = (sight("新年快乐", (1, 1), (f"{year}年到了,回头看看去年写的文章。", same)) for year in (2016, 2017))
    around = sight("前", (3, 20), OTHER)
    changes = shelf.read(new, around, old)
    assert added(changes) == ["新年快乐", "前", "新年快乐"]
    assert [one.outcome for one in changes.ambiguous] == [
        "may be the article of another year; kept apart as a new entry"
    ]
    assert shelf.read(around, new, dump="b.txt").changes == ()
    third = sight("新年快乐", (1, 1), ("2015年到了,回头看看去年写的文章。", same))
    changes = shelf.read(around, third, dump="c.txt")
    assert (added(changes), [one.title for one in changes.ambiguous]) == (["新年快乐"], ["新年快乐"])


def test_one_article_in_both_layouts_is_one_entry(shelf: Shelf) -> None:
    shelf.read(sight("数学（一）", (3, 14), ("图：星空", *TEXT), figures=("图：星空",)))
    changes = shelf.read(sight("数学(一)", (2020, 3, 14), readers=7, author="山客"), dump="search.txt")

    assert added(changes) == []
    (known,) = shelf.known.values()
    assert known.date == EntryDate(3, 14, 2020, DateKind.EXACT)
    assert known.content.figures == ("图：星空",)
    assert known.content.author == "山客"
    assert not any(cause.significant for cause in causes(changes))


def test_one_article_twice_in_one_dump_is_one_entry(shelf: Shelf) -> None:
    changes = shelf.read(sight("甲", (3, 14)), sight("甲", (2020, 3, 14)))
    assert added(changes) == ["甲"]
    assert len(changes.placings) == 2
    assert shelf.entry("甲").date == EntryDate(3, 14, 2020, DateKind.EXACT)


def test_the_articles_of_a_series_are_apart_even_on_one_day_with_like_texts(shelf: Shelf) -> None:
    shelf.read(sight("漫谈(一)"))
    assert added(shelf.read(sight("漫谈(一)"), sight("漫谈(二)"))) == ["漫谈(二)"]
    assert added(shelf.read(sight("漫谈(三)"), dump="next.txt")) == ["漫谈(三)"]


def test_a_greeting_of_each_year_is_an_entry_of_each_year(shelf: Shelf) -> None:
    shelf.read(sight("新年快乐", (2019, 1, 1), ("祝大家新年快乐！",)), dump="a.txt")
    assert added(shelf.read(sight("新年快乐", (2020, 1, 1), ("祝大家新年快乐！",)), dump="b.txt")) == ["新年快乐"]
    assert sorted(known.date.year for known in shelf.known.values() if known.date and known.date.year) == [2019, 2020]


def test_one_title_on_two_days_is_two_entries(shelf: Shelf) -> None:
    assert added(shelf.read(sight("随想", (3, 14)), sight("随想", (3, 15), OTHER))) == ["随想", "随想"]


def test_one_title_and_day_with_another_text_and_no_year_is_kept_apart_and_reported(shelf: Shelf) -> None:
    shelf.read(sight("随想", (3, 14)))
    changes = shelf.read(sight("随想", (3, 14), OTHER), dump="old.txt")

    assert added(changes) == ["随想"]
    (report,) = changes.ambiguous
    assert report.title == "随想"
    assert "kept apart" in report.outcome


def test_a_sighting_that_could_be_one_of_two_is_left_unassigned_and_reported(shelf: Shelf) -> None:
    shelf.read(sight("新年快乐", (2019, 1, 1), ("短。",)), dump="a.txt")
    shelf.read(sight("新年快乐", (2020, 1, 1), ("短。",)), dump="b.txt")

    changes = shelf.read(sight("新年快乐", (1, 1), ()), dump="index.txt")

    assert [changes.changes, changes.placings] == [(), ()]
    (report,) = changes.ambiguous
    assert set(report.candidates) == set(shelf.known)


def test_the_text_decides_among_entries_of_one_title_and_day(shelf: Shelf) -> None:
    shelf.read(sight("小结", (2019, 12, 31), TEXT), dump="a.txt")
    shelf.read(sight("小结", (2020, 12, 31), OTHER), dump="b.txt")

    changes = shelf.read(sight("小结", (12, 31), OTHER), dump="index.txt")

    assert changes.ambiguous == ()
    (placing,) = changes.placings
    date = shelf.known[placing.entry].date
    assert date is not None
    assert date.year == 2020


def test_the_place_decides_where_texts_say_nothing(shelf: Shelf) -> None:
    first = (sight("短", (1, 1), ()), sight("甲", (1, 2)), sight("短", (1, 1), (), page=1))
    shelf.read(sight("短", (2019, 1, 1), ()), dump="a.txt")
    shelf.read(*first)
    before = [placing.entry for placing in shelf.last["index.txt"]]

    again = shelf.read(*first)

    assert [placing.entry for placing in again.placings] == before
    assert again.ambiguous == ()


def test_a_removed_entry_is_known_again_and_neither_comes_back_nor_is_revised(shelf: Shelf) -> None:
    shelf.read(sight("甲"))
    shelf.remove("甲")

    changes = shelf.read(sight("甲", body=(*TEXT, "又添一段。"), readers=5), dump="search.txt")

    assert (changes.changes, changes.dates) == ((), ())
    assert [count for _, count in changes.readers] == [5]  # in case it is restored
    assert len(changes.placings) == 1


def test_an_impossible_date_hides_no_entry(shelf: Shelf) -> None:
    shelf.read(sight("甲", (2020, 3, 14)))
    assert added(shelf.read(sight("甲", None), dump="b.txt")) == []
    assert added(shelf.read(sight("乙", None), dump="c.txt")) == ["乙"]
    assert shelf.entry("乙").date is None


# --- corrected titles -----------------------------------------------------------------------------


def test_a_corrected_title_is_a_revision_and_the_old_title_goes_on_answering(shelf: Shelf) -> None:
    shelf.read(sight("让炼丹更科些"), sight("乙", (3, 1), OTHER))

    changes = shelf.read(sight("让炼丹更科学一些"), sight("乙", (3, 1), OTHER))

    assert (added(changes), causes(changes)) == ([], [Cause.TITLE])
    assert shelf.titles == ["乙", "让炼丹更科学一些"]
    assert shelf.read(sight("让炼丹更科些"), dump="old.txt").changes == ()


def test_a_title_corrected_under_another_file_name_is_a_revision_too(shelf: Shelf) -> None:
    shelf.read(sight("让炼丹更科些"), dump="2026-11-19.txt")
    changes = shelf.read(sight("让炼丹更科学一些"), dump="2026-11-20.txt")
    assert (added(changes), causes(changes)) == ([], [Cause.TITLE])


def test_on_a_busy_day_every_entry_of_it_is_a_candidate_of_a_corrected_title(shelf: Shelf) -> None:
    words, day = Random(3), (2020, 3, 14)
    said = ["".join(map(chr, words.choices(range(0x4E00, 0x9000), k=80))) for _ in range(300)]
    shelf.read(*(sight(f"第{chr(0x5000 + at)}篇", day, (text,)) for at, text in enumerate(said)))

    for at in (0, 150, 299):
        changes = shelf.read(sight(f"改过的{chr(0x5000 + at)}", day, (said[at][:3] + said[at][4:],)), dump=f"{at}.txt")
        (revised,) = changes.changes
        assert isinstance(revised, Revised)
        assert (revised.entry, revised.cause) == (shelf.entry(f"改过的{chr(0x5000 + at)}").id, Cause.TITLE)
    assert len(shelf.known) == 300


def test_a_corrected_title_over_a_text_too_short_to_prove_needs_its_place_and_a_like_title(shelf: Shelf) -> None:
    shelf.read(sight("让炼丹更科些", body=()), sight("乙", (3, 1), OTHER))
    moved = shelf.read(sight("让炼丹更科学些", body=()), sight("乙", (3, 1), OTHER))
    assert (added(moved), causes(moved)) == ([], [Cause.TITLE])

    assert added(shelf.read(sight("完全另一回事", body=()), sight("乙", (3, 1), OTHER))) == ["完全另一回事"]


def test_a_title_goes_to_nobody_where_two_entries_could_have_had_it(shelf: Shelf) -> None:
    shelf.read(sight("旧题甲", (2020, 3, 14)), dump="a.txt")
    shelf.read(sight("旧题乙", (2020, 3, 14), OTHER), dump="b.txt")
    shelf.known[shelf.entry("旧题乙").id] = replace(
        shelf.entry("旧题乙"), content=replace(shelf.entry("旧题乙").content, paragraphs=TEXT)
    )

    changes = shelf.read(sight("新题", (2020, 3, 14)), dump="c.txt")

    assert added(changes) == ["新题"]
    assert len(changes.ambiguous) == 1


def test_an_entry_that_is_still_shown_loses_its_title_to_no_other(shelf: Shelf) -> None:
    shelf.read(sight("甲"))
    changes = shelf.read(sight("甲"), sight("乙"))
    assert added(changes) == ["乙"]


def test_a_title_that_two_dumps_write_differently_is_announced_once(shelf: Shelf) -> None:
    shelf.read(sight("让炼丹更科些"), dump="a.txt")
    shelf.read(sight("让炼丹更科学些"), dump="b.txt")
    for _ in range(3):
        for dump, title in (("a.txt", "让炼丹更科些"), ("b.txt", "让炼丹更科学些")):
            assert shelf.read(sight(title), dump=dump).changes == ()


# --- texts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        ((TEXT[0].replace("为什么", "何以"), TEXT[1]), Cause.TEXT),
        ((TEXT[0], "中间添的一段。", TEXT[1]), Cause.TEXT),
        ((*TEXT, "末尾添的一段。"), Cause.TEXT),
        (TEXT[:1], Cause.TEXT),
        ((TEXT[0].replace(",", ", "), TEXT[1]), Cause.SPACING),
    ],
)
def test_why_an_entry_is_revised(shelf: Shelf, body: tuple[str, ...], cause: Cause) -> None:
    shelf.read(sight("甲"))
    changes = shelf.read(sight("甲", body=body))
    assert causes(changes) == [cause]
    assert shelf.entry("甲").content.paragraphs == body
    assert shelf.read(sight("甲", body=body)).changes == ()


@pytest.mark.parametrize(
    ("spelling", "cause"),
    [(r"$M \le r$", Cause.SPACING), (r"$M\leqslant r$", Cause.TEXT), ("$M$不超过$r$", Cause.TEXT)],
)
def test_a_formula_that_draws_the_same_is_no_correction(shelf: Shelf, spelling: str, cause: Cause) -> None:
    body = (TEXT[0], r"秩满足 $M\leq r$ 的矩阵有很多,这里只看其中的一种。")
    shelf.read(sight("甲", body=body))
    changes = shelf.read(sight("甲", body=(body[0], body[1].replace(r"$M\leq r$", spelling))))

    assert causes(changes) == [cause]
    assert spelling in shelf.entry("甲").content.paragraphs[1]


@pytest.mark.parametrize("body", [TEXT[:1], (TEXT[0], TEXT[1][:20] + "..."), ()])
def test_a_shorter_excerpt_in_another_dump_changes_nothing(shelf: Shelf, body: tuple[str, ...]) -> None:
    shelf.read(sight("甲", (2020, 3, 14)))
    assert shelf.read(sight("甲", (2020, 3, 14), body), dump="b.txt").changes == ()
    assert shelf.entry("甲").content.paragraphs == TEXT


def test_more_of_the_same_text_in_another_dump_is_taken_over_in_silence(shelf: Shelf) -> None:
    shelf.read(sight("甲", (2020, 3, 14), TEXT[:1]))
    assert causes(shelf.read(sight("甲", (2020, 3, 14)), dump="b.txt")) == [Cause.MERGED]
    assert shelf.entry("甲").content.paragraphs == TEXT


def test_two_dumps_that_show_a_text_differently_do_not_take_turns(shelf: Shelf) -> None:
    old, new = sight("甲", (2020, 3, 14)), sight("甲", (2020, 3, 14), (TEXT[0].replace("为什么", "何以"), TEXT[1]))
    shelf.read(old, dump="a.txt")
    assert causes(shelf.read(new, dump="b.txt")) == [Cause.TEXT]
    for _ in range(3):
        assert shelf.read(old, dump="a.txt").changes == ()
        assert shelf.read(new, dump="b.txt").changes == ()
    assert causes(shelf.read(new, dump="a.txt")) == []


def test_a_half_written_entry_is_completed_in_silence_and_its_end_never_stays(shelf: Shelf) -> None:
    half = sight("甲", body=(TEXT[0], "下一篇的题目"), complete=False)
    shelf.read(half)
    changes = shelf.read(sight("甲"), sight("下一篇的题目", (3, 13), OTHER))
    assert (added(changes), causes(changes)) == (["下一篇的题目"], [Cause.COMPLETED])
    assert shelf.entry("甲").content.paragraphs == TEXT


def test_a_half_written_reading_takes_nothing_from_a_whole_entry(shelf: Shelf) -> None:
    shelf.read(sight("甲"))
    assert shelf.read(sight("甲", body=("别的。",), complete=False)).changes == ()
    assert causes(shelf.read(sight("甲"))) == []


# --- counts, dates, what is gone ------------------------------------------------------------------


def test_counts_are_measurements_and_nothing_else(shelf: Shelf) -> None:
    shelf.read(sight("甲", (2020, 3, 14), readers=10), sight("乙", (2020, 3, 1), OTHER, readers=20))
    changes = shelf.read(sight("甲", (2020, 3, 14), readers=15), sight("乙", (2020, 3, 1), OTHER, readers=18))

    assert [changes.changes, changes.dates] == [(), ()]
    assert dict(changes.readers) == {shelf.entry("甲").id: 15, shelf.entry("乙").id: 18}
    assert changes.read_before == {shelf.entry("甲").id: 10, shelf.entry("乙").id: 20}


@pytest.mark.parametrize("body", [TEXT, OTHER])  # as it stood, and compared
def test_a_count_that_a_dump_goes_on_showing_says_nothing_new(shelf: Shelf, body: tuple[str, ...]) -> None:
    day = (2020, 3, 14)
    shelf.read(sight("甲", day, readers=10))
    other = shelf.read(sight("甲", day, readers=4), dump="old.txt")
    assert (dict(other.readers), other.read_before) == ({shelf.entry("甲").id: 4}, {})
    assert shelf.read(sight("甲", day, body, readers=4), dump="old.txt").readers == ()
    assert shelf.read(sight("甲", day, body), dump="old.txt").readers == ()
    assert shelf.read(sight("甲", day, body, readers=4), dump="old.txt").readers == ()
    rising = shelf.read(sight("甲", day, body, readers=12), dump="old.txt")
    assert (dict(rising.readers), dict(rising.read_before)) == ({shelf.entry("甲").id: 12}, {shelf.entry("甲").id: 4})


def test_of_an_entry_that_stands_twice_the_higher_count_is_its_count(shelf: Shelf) -> None:
    def twice(first: int | None, second: int | None) -> dict[EntryId, int]:
        day = (2020, 3, 14)
        return dict(shelf.read(sight("甲", day, readers=first), sight("甲", day, readers=second, page=1)).readers)

    assert [list(twice(*counts).values()) for counts in ((10, 12), (11, 12), (11, None), (13, 11), (3, 2))] == [
        *([12], [], [], [13], [3])
    ]


def test_what_is_gone_is_reported_once_and_returns_in_silence(shelf: Shelf) -> None:
    pair = sight("甲"), sight("乙", (3, 1), OTHER)
    shelf.read(*pair)
    assert shelf.read(pair[0]).changes == (Vanished(shelf.entry("乙").id),)
    assert shelf.read(pair[0]).changes == ()
    assert shelf.read(*pair).changes == ()


def test_a_date_gets_better_and_never_worse(shelf: Shelf) -> None:
    shelf.read(sight("甲", (3, 14)))
    assert dict(shelf.read(sight("甲", (2020, 3, 14)), dump="b.txt").dates) == {
        shelf.entry("甲").id: EntryDate(3, 14, 2020, DateKind.EXACT)
    }
    assert shelf.read(sight("甲", (3, 14))).dates == ()


# --- invariants -----------------------------------------------------------------------------------

WORLD = [
    ("甲", (2020, 3, 14)),
    ("乙", (2020, 3, 14)),
    ("丙(一)", (2020, 3, 14)),
    ("丙(二)", (2020, 3, 14)),
    ("新年快乐", (2019, 1, 1)),
    ("新年快乐", (2020, 1, 1)),
    ("Part I", (2021, 2, 28)),
    ("Part II", (2021, 2, 28)),
]
LINES = ["".join(map(chr, Random(at).choices(range(0x4E00, 0x9FA5), k=60))) for at in range(3 * len(WORLD))]


@st.composite
def _sightings(draw: st.DrawFn) -> tuple[int, Sighting]:
    """One of a few articles as some page may show it, and which one it is."""
    at = draw(st.integers(0, len(WORLD) - 1))
    title, day = WORLD[at]
    shown = sight(
        draw(st.sampled_from([title, title.replace("(", "（")])),
        draw(st.sampled_from([day, day[1:]])),
        LINES[3 * at : 3 * at + draw(st.integers(1, 3))],
        readers=draw(st.none() | st.integers(0, 99)),
        author=draw(st.sampled_from([None, "山客"])),
        complete=draw(st.booleans()),
    )
    return at, shown


_pages = st.lists(_sightings(), min_size=1, max_size=5)
_history = st.lists(st.tuples(st.sampled_from(["a.txt", "b.txt"]), _pages), min_size=1, max_size=5)
History = list[tuple[str, list[tuple[int, "Sighting"]]]]


def told(history: History) -> Shelf:
    shelf = Shelf()
    for dump, page in history:
        shelf.read(*(sighting for _, sighting in page), dump=dump)
    return shelf


@settings(max_examples=examples(300))
@given(_history)
def test_no_entry_is_two_articles_and_no_article_is_added_twice_from_one_page(history: History) -> None:
    shelf = Shelf()
    articles: dict[str, set[int]] = {}
    for dump, page in history:
        changes = shelf.read(*(sighting for _, sighting in page), dump=dump)
        for placing in changes.placings[: len(page)]:  # what else is there stands behind the end of a half-written page
            articles.setdefault(placing.entry, set()).add(page[placing.position][0])
    assert all(len(shown) == 1 for shown in articles.values())
    assert set(shelf.told.values()) == {1}


@settings(max_examples=examples(300))
@given(_history, st.integers(0, 99))
def test_the_last_page_again_with_every_count_changed_settles_texts_at_most_and_once(
    history: History, shift: int
) -> None:
    shelf = told(history)
    dump, page = history[-1]
    again = [replace(shown, readers=(shown.readers or 0) + shift) for _, shown in page]
    first = shelf.read(*again, dump=dump)
    assert {*causes(first)} <= {Cause.SETTLED}, "what took turns stays"
    assert [added(first), first.dates] == [[], ()]
    changes = shelf.look(*again, dump=dump)
    assert [changes.changes, changes.dates] == [(), ()]
    renamed = shelf.look(*again, dump="another name.txt")
    assert not added(renamed)
    assert not any(cause.significant for cause in causes(renamed))


@settings(max_examples=examples(200))
@given(_history, st.randoms(use_true_random=False))
def test_the_order_on_a_page_makes_no_news(history: History, random: Random) -> None:
    shelf = told(history)
    dump, page = history[-1]
    random.shuffle(page)
    assert not added(shelf.look(*(sighting for _, sighting in page), dump=dump))


@settings(max_examples=examples(200))
@given(_history)
def test_a_change_set_keeps_its_promises(history: History) -> None:
    shelf = Shelf()
    for dump, page in history:
        changes = shelf.read(*(sighting for _, sighting in page), dump=dump)
        entries = [change.entry for change in changes.changes]
        assert len(entries) == len(set(entries))
        assert len(dict(changes.readers)) == len(changes.readers)
        positions = [placing.position for placing in changes.placings]
        assert positions == sorted(set(positions))
        placed = {placing.entry for placing in changes.placings}
        assert placed <= set(shelf.known)
        assert not placed & {change.entry for change in changes.changes if isinstance(change, Vanished)}


@given(_pages)
def test_the_questions_name_all_that_can_answer(page: list[tuple[int, Sighting]]) -> None:
    sightings = [sighting for _, sighting in page]
    read = prepared(sightings)
    assert questions(read, (), {}).titles == {title_key(one.title) for one in sightings}
    asked = rival_questions(read, (), {})
    shelf = Shelf()
    shelf.read(*sightings)
    assert {lead_key(known.content) for known in shelf.known.values()} - {""} <= asked.leads
    assert asked.days == {
        (one.date.year, one.date.month, one.date.day) for one in sightings if one.date and one.date.year is not None
    }
