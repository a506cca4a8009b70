"""Comparing excerpts: the same, less, more, or another text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.changes.text import Relation, merged, plain_text, relation, similarity
from digest.model import Content

LINES = ("第一行说的是开头。", "第二行说的是中间的事。", "第三行说的是结尾。")


def content(*lines: str, figures: tuple[str, ...] = (), complete: bool = True) -> Content:
    return Content("题目", None, lines, figures, complete=complete)


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        (LINES, LINES, Relation.SAME),
        (LINES, ("第一行说的是开头。 ", "第二行说的是中间的事。\n第三行说的是结尾。"), Relation.SAME),
        (LINES, LINES[:2], Relation.LESS),
        (LINES, (LINES[0], "第二行说的..."), Relation.LESS),
        (LINES, (), Relation.LESS),
        (LINES[:2], LINES, Relation.MORE_AT_END),
        ((), LINES, Relation.MORE_AT_END),
        ((LINES[0], "第二行说的…"), LINES, Relation.MORE_AT_END),
        (("第一行说",), LINES, Relation.MORE_AT_END),
        ((LINES[0], LINES[2]), LINES, Relation.MORE),
        (LINES[1:], LINES, Relation.MORE),
        (LINES, ("第一行说的是开端。", *LINES[1:]), Relation.OTHER),
        (LINES, ("全然不同。",), Relation.OTHER),
    ],
)
def test_how_a_new_text_is_to_an_old_one(old: tuple[str, ...], new: tuple[str, ...], found: Relation) -> None:
    assert relation(content(*old), content(*new)) is found


def test_captions_do_not_count() -> None:
    illustrated = content(LINES[0], "星空图", *LINES[1:], figures=("星空图",))
    assert relation(content(*LINES), illustrated) is Relation.SAME
    assert relation(illustrated, content(*LINES)) is Relation.SAME
    assert plain_text(illustrated) == plain_text(content(*LINES))


@given(st.lists(st.text(min_size=1), max_size=6), st.lists(st.text(min_size=1), max_size=6))
def test_what_is_less_one_way_is_more_the_other_and_same_is_same(old: list[str], new: list[str]) -> None:
    there, back = relation(content(*old), content(*new)), relation(content(*new), content(*old))
    assert relation(content(*old), content(*old)) is Relation.SAME
    assert (there is Relation.SAME) == (back is Relation.SAME)
    assert there is not Relation.MORE_AT_END or back is Relation.LESS


def test_similarity_is_told_as_far_as_both_texts_go_and_not_from_a_few_characters() -> None:
    long = "".join(LINES) * 4
    assert similarity(long, long) == 1
    assert similarity(long, long[:50]) == 1
    assert similarity(long, long[:39]) is None
    assert similarity(long, "完全是另外一篇文章的文字" * 5) < 0.3  # type: ignore[operator]


def test_the_fuller_content_gets_the_figures_that_only_the_other_shows_in_their_places() -> None:
    bare = Content("题目", None, LINES, ())
    drawn = Content("题目", "山客", ("开篇图", LINES[0], "星空图", LINES[1]), ("开篇图", "星空图"))

    made = merged(drawn, bare, fuller=bare)

    assert made == Content("题目", "山客", ("开篇图", LINES[0], "星空图", *LINES[1:]), ("开篇图", "星空图"))
    assert merged(bare, drawn, fuller=bare) == made


def test_a_figure_whose_place_is_gone_stands_at_the_end() -> None:
    drawn = content("别的段落。", "星空图", figures=("星空图",))
    bare = content(*LINES)
    assert merged(drawn, bare, fuller=bare).paragraphs == (*LINES, "星空图")


def test_a_content_once_complete_stays_so() -> None:
    whole, half = content(*LINES), content(*LINES[:1], complete=False)
    assert merged(whole, half, fuller=whole).complete
    assert merged(half, whole, fuller=whole).complete
    assert not merged(half, half, fuller=half).complete
