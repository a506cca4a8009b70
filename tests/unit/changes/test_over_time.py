"""One article over months: edited, renamed, posted again, removed, and the yearly one that is another article."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from digest.changes.values import Added, Cause, ChangeSet, Revised
from digest.model import DateEvidence, DateKind, EntryDate
from tests.unit.changes.shelf import NOW, TEXT, Shelf, sight

WEEK, YEAR = timedelta(weeks=1), timedelta(days=365)
OTHER = (
    "另一篇文章从别的地方说起,先讲一段往事,再慢慢转到正题上来,和前面那篇没有半句相同。",
    "它的第二段是几个小标题,每个底下有几行说明,写得很随意,读起来倒也轻松有趣。",
)
THIRD = ("第三篇不长,只说一件小事:院子里的石榴开花了,颜色比去年的要深一些,蜜蜂也来得早。",)
NOTE = "更新(3月1日):本文的推导有一处疏漏,经读者指出后已经更正,正确的结论请以新版文章为准,旧的保留。"
TURNS = "shows two texts in turns; the one that was announced last stays"


def causes(changes: ChangeSet) -> list[Cause]:
    return [change.cause for change in changes.changes if isinstance(change, Revised)]


def added(changes: ChangeSet) -> list[str]:
    return [change.content.title for change in changes.changes if isinstance(change, Added)]


def greeting(year: int, title: str = "新年快乐!", *, same: bool = False) -> tuple[str, tuple[str, ...]]:
    """A greeting whose text is half a template, or all of it."""
    told = "旧的一年过去了" if same else f"{year}年到了,过去一年本站发表了{year % 97}篇文章,其中{year % 13}篇是读者写的"
    return title, (f"{told},祝各位读者新年快乐,万事如意!感谢大家的支持与陪伴,来年也请多多指教。",)


# --- what the same page stops or starts saying ----------------------------------------------------


@pytest.mark.parametrize(
    "body", [TEXT[:1], TEXT[1:], (*TEXT, "勘误:第二段的符号写反了。"), (NOTE, *TEXT), (TEXT[0], "换过的第二段。")]
)
def test_what_a_page_itself_changes_is_a_correction(shelf: Shelf, body: tuple[str, ...]) -> None:
    shelf.read(sight("甲"), sight("乙", (3, 1), OTHER))
    changes = shelf.read(sight("甲", body=body), sight("乙", (3, 1), OTHER), now=NOW + WEEK)
    assert (added(changes), causes(changes)) == ([], [Cause.TEXT])
    assert shelf.entry("甲").content.paragraphs == body


def test_a_page_that_never_showed_a_paragraph_takes_none_back(shelf: Shelf) -> None:
    shelf.read(sight("甲", (2020, 3, 14)))
    shelf.read(sight("甲", (2020, 3, 14), TEXT[:1]), dump="short.txt")
    changes = shelf.read(sight("甲", (2020, 3, 14), (TEXT[0].replace("为什么", "何以"),)), dump="short.txt")
    assert causes(changes) == [Cause.TEXT]
    assert shelf.entry("甲").content.paragraphs == (TEXT[0].replace("为什么", "何以"), TEXT[1])


def test_the_same_correction_on_a_second_page_is_announced_once(shelf: Shelf) -> None:
    for dump in ("index.txt", "search.txt"):
        shelf.read(sight("甲", (2020, 3, 14)), dump=dump)
    first = shelf.read(sight("甲", (2020, 3, 14), (TEXT[1],)), dump="index.txt", now=NOW + WEEK)
    second = shelf.read(sight("甲", (2020, 3, 14), (TEXT[1],)), dump="search.txt", now=NOW + WEEK)
    assert (causes(first), causes(second)) == ([Cause.TEXT], [])


def test_what_crawlers_fold_is_no_correction(shelf: Shelf) -> None:
    shelf.read(sight("谈“注意力”——续", body=("《书名》里说:“万事皆可”,诸如此类,写得足够长,好和别的文章分开来。",)))
    folded = sight(
        '谈"注意力"-续.', body=('〈书名〉里说：\u200b"万事皆可"，诸如此类，写得足够长，好和别的文章分开来.',)
    )
    changes = shelf.read(folded)
    assert added(changes) == []
    assert not any(cause.significant for cause in causes(changes))


def test_a_half_written_reading_between_two_whole_ones_hides_no_correction(shelf: Shelf) -> None:
    shelf.read(sight("甲"))
    assert causes(shelf.read(sight("甲", body=TEXT[:1], complete=False))) == []
    assert causes(shelf.read(sight("甲", body=TEXT))) == []
    shelf.read(sight("甲", body=TEXT[:1], complete=False))
    assert causes(shelf.read(sight("甲", body=(TEXT[1],)))) == [Cause.TEXT]


def test_half_a_title_that_was_taken_for_a_paragraph_goes_with_any_whole_reading(shelf: Shelf) -> None:
    shelf.read(sight("甲", (2020, 3, 14), (*TEXT, "下一篇的题"), complete=False), dump="cut.txt")
    changes = shelf.read(sight("甲", (2020, 3, 14), TEXT), dump="whole.txt")
    assert not any(cause.significant for cause in causes(changes))
    assert shelf.entry("甲").content.paragraphs == TEXT
    assert shelf.entry("甲").content.complete

    shelf.read(sight("乙", (2020, 3, 1), (*OTHER, "又是半个题"), complete=False), dump="cut.txt")
    shelf.read(sight("乙", (2020, 3, 1), OTHER[:1]), dump="whole.txt")
    assert shelf.entry("乙").content.paragraphs == OTHER


# --- old text is not new --------------------------------------------------------------------------


def test_a_text_that_the_entry_had_before_is_no_news_from_another_file(shelf: Shelf) -> None:
    new = (TEXT[0].replace("为什么", "何以"), TEXT[1])
    shelf.read(sight("甲", (2020, 3, 14)))
    assert causes(shelf.read(sight("甲", (2020, 3, 14), new), now=NOW + WEEK)) == [Cause.TEXT]

    for old in (TEXT, TEXT[:1], (TEXT[0],)):
        assert shelf.read(sight("甲", (2020, 3, 14), old), dump=f"old-{len(old)}.txt").changes == ()
    assert shelf.entry("甲").content.paragraphs == new


def test_a_retracted_paragraph_comes_back_by_no_other_file(shelf: Shelf) -> None:
    shelf.read(sight("甲", (2020, 3, 14), (*TEXT, *THIRD)))
    shelf.read(sight("甲", (2020, 3, 14), (TEXT[0], *THIRD)), now=NOW + WEEK)
    assert shelf.read(sight("甲", (2020, 3, 14), TEXT), dump="old.txt").changes == ()
    assert shelf.entry("甲").content.paragraphs == (TEXT[0], *THIRD)


def test_the_first_return_of_a_text_is_announced_and_later_ones_take_turns(shelf: Shelf) -> None:
    one, two = sight("甲"), sight("甲", body=(TEXT[0].replace("为什么", "何以"), TEXT[1]))
    shelf.read(one)
    assert causes(shelf.read(two, now=NOW + WEEK)) == [Cause.TEXT]
    assert causes(shelf.read(one, now=NOW + 2 * WEEK)) == [Cause.TEXT]
    for week, sighting in enumerate((two, one, two, one), start=3):
        changes = shelf.read(sighting, now=NOW + week * WEEK)
        assert changes.changes == ()
        assert [report.outcome for report in changes.ambiguous] == [TURNS]
    assert shelf.entry("甲").content.paragraphs == TEXT


def test_a_text_that_took_turns_and_stays_is_taken_over_in_silence(shelf: Shelf) -> None:
    one, two = sight("甲"), sight("甲", body=(TEXT[0].replace("为什么", "何以"), TEXT[1]))
    for week, sighting in enumerate((one, two, one, two)):
        shelf.read(sighting, now=NOW + week * WEEK)
    changes = shelf.read(replace(two, readers=7), now=NOW + 4 * WEEK)
    assert (causes(changes), changes.ambiguous) == ([Cause.SETTLED], ())
    assert shelf.entry("甲").content.paragraphs == two.paragraphs
    assert shelf.read(replace(two, readers=8), now=NOW + 5 * WEEK).changes == ()


def test_a_year_is_learned_though_the_text_takes_turns(shelf: Shelf) -> None:
    one, two = sight("甲"), sight("甲", body=(TEXT[0].replace("为什么", "何以"), TEXT[1]))
    for week, sighting in enumerate((one, two, one)):
        shelf.read(sighting, now=NOW + week * WEEK)
    changes = shelf.read(replace(two, date=DateEvidence(3, 14, 2020)), now=NOW + 3 * WEEK)
    assert [report.outcome for report in changes.ambiguous] == [TURNS]
    assert shelf.entry("甲").date == EntryDate(3, 14, 2020, DateKind.EXACT)


# --- title and text of one article were edited ------------------------------------------------------

AROUND = sight("前", (3, 20), OTHER), sight("后", (3, 1), THIRD)
RENAMED = [
    ("无损放大模型", "无损放大模型(一)"),
    ("关于RNN的3个问题", "关于RNN的4个问题"),
    ("2020的总结", "2021的总结"),
    ("玩玩GPT2", "玩玩GPT3"),
    ("谈A&amp;B的关系", "谈A&B的关系"),
    ("让炼丹更科些", "让炼丹更科学一些"),
    ("Attention is all", "ATTENTION IS ALL YOU NEED"),
]


@pytest.mark.parametrize(("old", "new"), RENAMED)
def test_a_new_title_in_the_place_of_one_that_is_gone_is_a_corrected_title(shelf: Shelf, old: str, new: str) -> None:
    shelf.read(AROUND[0], sight(old), AROUND[1])
    changes = shelf.read(AROUND[0], sight(new), AROUND[1], now=NOW + WEEK)
    assert (added(changes), causes(changes)) == ([], [Cause.TITLE])
    assert len(shelf.known) == 3


def test_a_note_in_front_together_with_a_new_title_is_one_article(shelf: Shelf) -> None:
    long = "".join(TEXT) + "".join(OTHER)
    shelf.read(AROUND[0], sight("另一个问题", body=(long[:162],)), AROUND[1])
    edited = sight("【已更新】另一个问题", body=(NOTE, long[: 162 - len(NOTE)]))
    changes = shelf.read(AROUND[0], edited, AROUND[1], now=NOW + WEEK)
    assert (added(changes), causes(changes)) == ([], [Cause.TITLE])
    assert shelf.entry("【已更新】另一个问题").content.paragraphs == (NOTE, long[:162])


def test_simplified_characters_in_the_place_of_traditional_ones_are_one_article(shelf: Shelf) -> None:
    old = sight(
        "漸進式學習率與優化器的選擇",
        body=("這篇文章討論學習率的選擇,以及它對於優化器的影響,並且給出幾個實驗的結果,供讀者參考比較。",),
    )
    new = sight(
        "渐进式学习率与优化器的选择",
        body=("这篇文章讨论学习率的选择,以及它对于优化器的影响,并且给出几个实验的结果,供读者参考比较。",),
    )
    shelf.read(AROUND[0], old, AROUND[1])
    changes = shelf.read(AROUND[0], new, AROUND[1], now=NOW + WEEK)
    assert (added(changes), causes(changes)) == ([], [Cause.TITLE])


def test_two_articles_that_stand_on_the_page_at_once_stay_two(shelf: Shelf) -> None:
    shelf.read(AROUND[0], sight("漫谈(一)"), AROUND[1])
    changes = shelf.read(AROUND[0], sight("漫谈(二)"), sight("漫谈(一)"), AROUND[1], now=NOW + WEEK)
    assert added(changes) == ["漫谈(二)"]


def test_the_next_part_of_a_series_is_new_where_the_one_before_rolled_off_the_page(shelf: Shelf) -> None:
    shelf.read(AROUND[0], AROUND[1], sight("漫谈(一)", (2, 1)))
    changes = shelf.read(sight("漫谈(二)", (3, 21), THIRD), AROUND[0], AROUND[1], now=NOW + WEEK)
    assert added(changes) == ["漫谈(二)"]


# --- posted again ---------------------------------------------------------------------------------


@pytest.mark.parametrize("top", [True, False])
def test_the_same_text_under_a_new_date_is_the_same_article_where_the_old_line_is_gone(
    shelf: Shelf, *, top: bool
) -> None:
    shelf.read(AROUND[0], sight("甲", (2, 11)), AROUND[1])
    again = sight("甲", (11, 25))
    page = (again, *AROUND) if top else (AROUND[0], again, AROUND[1])
    changes = shelf.read(*page, now=NOW + WEEK)
    assert (added(changes), causes(changes)) == ([], [Cause.REDATED])
    assert shelf.entry("甲").date == EntryDate(11, 25, 2026, DateKind.INFERRED)  # between the two readings

    old = shelf.read(sight("甲", (2026, 2, 11)), dump="old.txt", now=NOW + WEEK)
    assert (old.changes, old.dates) == ((), ())
    exact = shelf.read(sight("甲", (2026, 11, 25)), dump="search.txt", now=NOW + WEEK)
    assert (added(exact), causes(exact)) == ([], [])
    assert shelf.entry("甲").date == EntryDate(11, 25, 2026, DateKind.EXACT)


def test_a_date_that_comes_back_is_announced_once_and_then_takes_turns(shelf: Shelf) -> None:
    one, two = sight("甲", (2026, 9, 19)), sight("甲", (2026, 9, 18))
    shelf.read(AROUND[0], one, AROUND[1])
    for week, sighting in ((1, two), (2, one)):
        assert causes(shelf.read(AROUND[0], sighting, AROUND[1], now=NOW + week * WEEK)) == [Cause.REDATED]
    for week, sighting, reports in ((3, two, 1), (4, one, 0), (5, two, 1)):
        changes = shelf.read(AROUND[0], sighting, AROUND[1], now=NOW + week * WEEK)
        assert changes.changes == ()
        assert [report.outcome for report in changes.ambiguous] == [TURNS.replace("texts", "days")] * reports
    assert len(shelf.known) == 3


def test_a_day_that_took_turns_and_stays_is_taken_over_in_silence(shelf: Shelf) -> None:
    one, two = sight("甲", (2026, 9, 19)), sight("甲", (2026, 9, 18))
    for week, sighting in enumerate((one, two, one, two)):
        shelf.read(AROUND[0], sighting, AROUND[1], now=NOW + week * WEEK)
    changes = shelf.read(AROUND[0], replace(two, readers=7), AROUND[1], now=NOW + 4 * WEEK)
    assert (causes(changes), changes.ambiguous) == ([Cause.SETTLED], ())
    assert shelf.entry("甲").date == EntryDate(9, 18, 2026, DateKind.EXACT)
    assert shelf.read(AROUND[0], replace(two, readers=8), AROUND[1], now=NOW + 5 * WEEK).changes == ()


def test_a_former_day_without_a_year_takes_nothing_from_one_that_is_printed_in_full(shelf: Shelf) -> None:
    old, new = sight("甲", (2, 19)), sight("甲", (6, 16))
    shelf.read(AROUND[0], old, AROUND[1])
    assert causes(shelf.read(AROUND[0], new, AROUND[1], now=NOW + WEEK)) == [Cause.REDATED]
    shelf.read(sight("甲", (2026, 6, 16)), dump="search.txt", now=NOW + WEEK)

    changes = shelf.read(AROUND[0], old, AROUND[1], now=NOW + 2 * WEEK)

    assert (causes(changes), [one.title for one in changes.ambiguous]) == ([], ["甲"])
    assert "printed in full" in changes.ambiguous[0].outcome
    assert shelf.read(AROUND[0], replace(old, readers=7), AROUND[1], now=NOW + 3 * WEEK).changes == ()
    assert shelf.entry("甲").date == EntryDate(6, 16, 2026, DateKind.EXACT)


def test_a_day_that_comes_back_has_the_year_that_it_had(shelf: Shelf) -> None:
    old, new = sight("甲", (2, 19)), sight("甲", (6, 16))
    shelf.read(AROUND[0], old, AROUND[1])
    shelf.known[shelf.entry("甲").id] = replace(shelf.entry("甲"), date=EntryDate(2, 19, 2025, DateKind.INFERRED))
    shelf.read(AROUND[0], new, AROUND[1], now=NOW + WEEK)
    assert causes(shelf.read(AROUND[0], old, AROUND[1], now=NOW + 2 * WEEK)) == [Cause.REDATED]
    assert shelf.entry("甲").date == EntryDate(2, 19, 2025, DateKind.INFERRED)


# --- what a page said before it stopped to show the entry --------------------------------------------


@pytest.mark.parametrize("body", [TEXT[:1], (*TEXT, "勘误:第二段的符号写反了。")])
def test_a_page_that_left_an_entry_out_for_a_while_still_speaks_for_itself(shelf: Shelf, body: tuple[str, ...]) -> None:
    shelf.read(sight("甲"), *AROUND)
    shelf.read(*AROUND, now=NOW + WEEK)
    changes = shelf.read(sight("甲", body=body), *AROUND, now=NOW + 2 * WEEK)
    assert (added(changes), causes(changes)) == ([], [Cause.TEXT])
    assert shelf.entry("甲").content.paragraphs == body


def test_what_comes_back_to_a_page_as_it_was_changes_nothing(shelf: Shelf) -> None:
    shelf.read(sight("甲"), *AROUND)
    shelf.read(sight("甲", body=(*TEXT, *THIRD)), dump="full.txt")
    shelf.read(*AROUND, now=NOW + WEEK)
    assert causes(shelf.read(sight("甲"), *AROUND, now=NOW + 2 * WEEK)) == []
    assert shelf.entry("甲").content.paragraphs == (*TEXT, *THIRD)


def test_a_new_date_while_the_old_line_stands_is_another_article(shelf: Shelf) -> None:
    shelf.read(AROUND[0], sight("甲", (2, 11)))
    assert added(shelf.read(sight("甲", (11, 25)), AROUND[0], sight("甲", (2, 11)), now=NOW + WEEK)) == ["甲"]


def test_an_exact_date_that_proves_an_inferred_one_wrong_is_announced_and_makes_no_second_entry(shelf: Shelf) -> None:
    shelf.read(sight("甲", (3, 14)))
    shelf.known[shelf.entry("甲").id] = replace(shelf.entry("甲"), date=EntryDate(3, 14, 2026, DateKind.INFERRED))
    changes = shelf.read(sight("甲", (2019, 3, 14)), dump="search.txt")
    assert (added(changes), causes(changes)) == ([], [Cause.REDATED])
    assert dict(changes.dates) == {shelf.entry("甲").id: EntryDate(3, 14, 2019, DateKind.EXACT)}


# --- the yearly article ---------------------------------------------------------------------------


@pytest.mark.parametrize("same", [True, False])
def test_the_greeting_of_the_next_year_is_a_new_article(shelf: Shelf, *, same: bool) -> None:
    year, (title, body) = NOW.replace(month=1, day=5), greeting(2026, same=same)
    shelf.read(sight(title, (1, 1), body), *AROUND, now=year)
    shelf.read(*AROUND, now=year + 150 * timedelta(days=1))
    _, body = greeting(2027, same=same)
    changes = shelf.read(sight(title, (1, 1), body), *AROUND, now=year + YEAR)
    assert added(changes) == [title]
    assert causes(changes) == []


def test_an_older_crawl_of_a_page_makes_no_new_article_of_what_it_shows(shelf: Shelf) -> None:
    old = [
        sight(title, (3, day), (f"{title}是去年的文章,只有这么一段话。",))
        for title, day in zip("甲乙丙", (15, 14, 12), strict=True)
    ]
    new = [
        sight(title, (2, day), (f"{title}是今年的文章,说的是另一件事。",))
        for title, day in zip("丁戊己", (28, 21, 14), strict=True)
    ]
    spring = NOW.replace(month=3, day=18)
    shelf.read(*old, now=spring)
    shelf.read(*new, now=spring + YEAR - 10 * timedelta(days=1))
    changes = shelf.read(*old, now=spring + YEAR - 3 * timedelta(days=1))
    assert added(changes) == []
    assert len(shelf.known) == 6


def test_a_printed_year_is_not_that_of_an_entry_whose_year_was_printed_since(shelf: Shelf) -> None:
    shelf.read(sight("新年快乐", (1, 1)))
    shelf.read(sight("新年快乐", (2019, 1, 1), author="山客"), dump="search.txt")
    assert [one.date for one in shelf.entry("新年快乐").earlier] == [EntryDate(1, 1, None, DateKind.PARTIAL)]
    changes = shelf.read(sight("新年快乐", (2018, 1, 1)), dump="older.txt")
    assert (added(changes), causes(changes)) == (["新年快乐"], [])


def test_a_greeting_with_a_printed_year_is_an_article_of_that_year(shelf: Shelf) -> None:
    title, body = greeting(2025, same=True)
    shelf.read(sight(title, (2025, 1, 1), body), *AROUND)
    changes = shelf.read(sight(title, (2026, 1, 1), body), *AROUND, now=NOW + WEEK)
    assert added(changes) == [title]  # though the old line is gone in this very reading


def test_an_old_article_that_returns_to_a_page_is_not_announced_again(shelf: Shelf) -> None:
    shelf.read(sight("甲", (3, 14)), *AROUND)
    shelf.read(*AROUND, now=NOW + YEAR - WEEK)
    changes = shelf.read(sight("甲", (3, 14)), *AROUND, now=NOW + YEAR)  # pinned; its day is long past
    assert (changes.changes, changes.ambiguous) == ((), ())


def test_an_old_article_pinned_while_another_page_shows_it_is_reported_and_not_announced(shelf: Shelf) -> None:
    shelf.read(sight("甲", (11, 24)), *AROUND)
    shelf.read(sight("甲", (2020, 11, 24)), dump="search.txt")
    shelf.read(*AROUND, now=NOW + YEAR)
    changes = shelf.read(sight("甲", (11, 24)), *AROUND, now=NOW + YEAR + WEEK)
    assert changes.changes == ()
    (report,) = changes.ambiguous
    assert report.outcome == "could be the article of another year; taken for the one that is known"


def test_where_nothing_shows_which_year_it_is_a_new_article_and_reported(shelf: Shelf) -> None:
    title, body = greeting(2026)
    shelf.read(sight(title, (1, 1), body), *AROUND, now=NOW.replace(month=1, day=5))
    _, body = greeting(2026, same=True)
    changes = shelf.read(sight(title, (1, 1), body), *AROUND, dump="new.txt", now=NOW.replace(month=1, day=6) + YEAR)
    assert added(changes) == [title]
    (report,) = changes.ambiguous
    assert "another year" in report.outcome


def test_what_stood_behind_the_end_of_a_half_written_page_is_compared_with_the_next_whole_one(shelf: Shelf) -> None:
    shelf.read(AROUND[0], sight("甲"), AROUND[1])
    cut = shelf.read(replace(AROUND[0], paragraphs=OTHER[:1], complete=False), now=NOW + WEEK)
    assert (cut.changes, cut.carried, len(cut.shown)) == ((), 2, 1)
    changes = shelf.read(AROUND[0], sight("甲", body=TEXT[:1]), AROUND[1], now=NOW + 2 * WEEK)
    assert causes(changes) == [Cause.TEXT]
    assert shelf.entry("甲").content.paragraphs == TEXT[:1]


def test_a_page_that_always_ends_without_its_mark_keeps_nothing_that_left_it(shelf: Shelf) -> None:
    last = replace(AROUND[1], complete=False)
    shelf.read(sight("甲"), last)
    changes = shelf.read(sight("新", (3, 25), OTHER), replace(sight("甲"), complete=False), now=NOW + WEEK)
    assert changes.carried == 0
    assert len(changes.placings) == 2


def test_an_edited_line_that_another_page_took_back_is_shown_as_the_page_shows_it_now(shelf: Shelf) -> None:
    for dump in ("tag.txt", "search.txt"):
        shelf.read(sight("甲", (2020, 3, 14), (*TEXT, *THIRD)), dump=dump)
    shelf.read(sight("甲", (2020, 3, 14), TEXT), dump="search.txt", now=NOW + WEEK)
    edited = (TEXT[0].replace("为什么", "何以"), TEXT[1], *THIRD)
    assert causes(shelf.read(sight("甲", (2020, 3, 14), edited), dump="tag.txt", now=NOW + WEEK)) == [Cause.TEXT]
    assert shelf.entry("甲").content.paragraphs == edited
