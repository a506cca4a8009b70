"""Comparing excerpts: the same, less, more, or another text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.changes.text import Relation, far_apart, merged, pairs, plain_text, relation, similarity
from digest.model import Content
from tests.examples import examples

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


def test_similarity_is_measured_as_far_as_both_texts_go_and_not_from_a_few_characters() -> None:
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


@st.composite
def _edited(draw: st.DrawFn) -> tuple[str, str]:
    """Two texts, the second made from the first by some edits, or another."""
    letters = st.text(st.sampled_from("天地玄黄宇宙洪荒日月盈昃辰宿列张寒来暑往秋收冬藏"), max_size=60)
    one = draw(letters) + draw(letters) * draw(st.integers(0, 3))
    other = list(one)
    for _ in range(draw(st.integers(0, 25))):
        at = draw(st.integers(0, len(other)))
        other[at : at + draw(st.integers(0, 2))] = draw(st.sampled_from(["", "甲", "天地"]))
    return one, "".join(other) or draw(letters)


@settings(max_examples=examples(500))
@given(_edited(), st.sampled_from([0.5, 0.7, 0.85, 0.95]))
def test_texts_that_their_pairs_distinguish_are_never_alike(texts: tuple[str, str], least: float) -> None:
    one, other = texts
    for here, there in ((one, other), (other, one)):
        if far_apart(here, there, (pairs(here), pairs(there)), least):
            score = similarity(here, there)
            assert score is not None
            assert score < least


def test_pairs_distinguish_other_texts_and_leave_a_correction_to_be_compared() -> None:
    one = "".join(chr(0x4E00 + at * 7 % 900) for at in range(400))
    other = "".join(chr(0x4E00 + at * 11 % 900) for at in range(400))
    corrected = "开头不同了," + one[10:200] + one[210:]
    assert far_apart(one, other, (pairs(one), pairs(other)), 0.85)
    assert not far_apart(one, corrected, (pairs(one), pairs(corrected)), 0.85)
    assert not far_apart(one[:39], other, (pairs(one[:39]), pairs(other)), 0.85)
