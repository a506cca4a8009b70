"""What one page changed in a text, applied to a text that another page may have made longer."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.changes.edits import edited, is_cut_elsewhere, shows_retracted
from digest.changes.text import folded, folded_title, same_text
from digest.model import Content

A, B, C, D, E = (
    "甲段说的是这篇文章为什么要写,以及读者读完以后会知道些什么。",
    "乙段把一个例子从头算到尾,每一步都写出来。",
    "丙段讲的是结论,以及它在什么时候不成立。",
    "丁段是后来才添上去的一段话,说明上文有一处疏漏。",
    "戊段。",
)


def text(*paragraphs: str, figures: tuple[str, ...] = ()) -> Content:
    return Content("题", None, paragraphs, figures)


@pytest.mark.parametrize(
    ("published", "before", "now", "made"),
    [
        ((A, B, C), (A, B, C), (A, C), (A, C)),
        ((A, B, C), (A, B, C), (A, B, C, D), (A, B, C, D)),
        ((A, B, C), (A, B, C), (D, A, B, C), (D, A, B, C)),
        ((A, B, C), (A, B), (A, D), (A, D, C)),  # the page never showed the third one
        ((A, B, C), (A,), (A, B), (A, B, C)),  # it shows more of what is known
        ((A, B, C), (A, B), (A,), (A, C)),
        ((A, B, C), (B, C), (D, B, C), (A, D, B, C)),
        ((A, D, B), (A, B), (A, D, B), (A, D, B)),  # another page said so before
        ((A, C), (A, B, C), (A, C), (A, C)),
        ((A, B), (A, B), (D, A), (D, A, B)),  # a note in front pushed the end out of the excerpt
        ((A, B), (A, B), (D, A[:20]), (D, A, B)),
        ((A, B + C), (A, B[:12] + "..."), (D, A, B[:6] + "..."), (D, A, B + C)),
        ((A, B, C), (A, B, C), (A.replace("为什么", "何以"), B), (A.replace("为什么", "何以"), B)),
        ((A + "一", C), (A, C), (A + "二", C), (A + "二", C)),  # another page edited the same line
        ((B, A + "一"), (A,), (A + "二",), (B, A + "二")),
        ((A, B), (A[:12],), (A[:6] + "别" + A[7:12],), (A[:6] + "别" + A[7:], B)),  # a short excerpt of a longer text
        ((A[:6] + "别" + A[7:], B), (A[:12],), (A[:6] + "别" + A[7:12],), (A[:6] + "别" + A[7:], B)),  # that says so
        ((A, B), (A[:20],), (D, A[:10]), (D, A, B)),  # a note in front of a short excerpt
    ],
)
def test_what_a_page_changed_changes_what_is_published(
    published: tuple[str, ...], before: tuple[str, ...], now: tuple[str, ...], made: tuple[str, ...]
) -> None:
    assert edited(text(*published), text(*before), text(*now)).paragraphs == made


def test_nothing_changed_is_the_published_content_itself() -> None:
    published = text(A, B, C)
    assert edited(published, text(A, B), text(A, B[:8] + "...")) is published
    assert edited(published, text(A), text(A, B, C)) is published


def test_figures_that_a_layout_does_not_show_stay_in_their_places() -> None:
    published = text("图:星空", A, B, figures=("图:星空",))
    made = edited(published, text(A, B), text(A, D, B))
    assert (made.paragraphs, made.figures) == (("图:星空", A, D, B), ("图:星空",))


def test_lines_of_one_paragraph_stay_one() -> None:
    verse = "春眠不觉晓,\n处处闻啼鸟。"
    assert edited(text(A, verse), text(verse), text(verse, E)).paragraphs == (A, verse, E)


def test_only_an_ellipsis_makes_a_shorter_end_a_cut_one() -> None:
    assert is_cut_elsewhere(text(A, B[:10] + "…"), text(A, B))
    assert is_cut_elsewhere(text(A, B), text(A, B[:10] + "..."))
    assert not is_cut_elsewhere(text(A, B), text(A, B[:10]))
    assert not is_cut_elsewhere(text(A, B), text(A))


def test_a_retracted_line_reveals_an_old_text() -> None:
    assert shows_retracted(text(A, B, C, D), text(A, C), [text(A, B, C)])
    assert not shows_retracted(text(A, C, D), text(A, C), [text(A, B, C)])


_lines = st.lists(st.sampled_from([A, B, C, D, E]), unique=True, max_size=5)


@given(_lines, _lines)
def test_where_all_is_known_from_one_page_it_shows_what_that_page_shows_or_more(old: list[str], new: list[str]) -> None:
    made = edited(text(*old), text(*old), text(*new))
    assert set(new) <= set(made.paragraphs) <= set(new) | set(old)


@given(_lines, _lines, _lines)
def test_an_edit_loses_only_what_the_page_stopped_to_say_and_adds_only_what_it_says(
    published: list[str], old: list[str], new: list[str]
) -> None:
    made = set(edited(text(*published), text(*old), text(*new)).paragraphs)
    assert set(published) - made <= set(old) - set(new)
    assert made - set(published) <= set(new) | (set(old) if set(published) == set(old) else set())


@given(_lines, _lines, _lines)
def test_the_same_edit_seen_on_a_second_page_changes_nothing_more(
    published: list[str], old: list[str], new: list[str]
) -> None:
    once = edited(text(*published), text(*old), text(*new))
    assert same_text(edited(once, text(*new), text(*new)), once)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("“万事皆可”与‘注意力’", "\"万事皆可\"与'注意力'"),
        ("「引文」《书名》", '"引文"〈书名〉'),
        ("自注意力——一种机制", "自注意力-一种机制"),
        ("re\u00adlation zero\u200bwidth\u2060", "relationzerowidth"),
        ("爱❤\ufe0f", "爱❤"),
        ("数学(一),完。", "数学（一），完。"),
        ("a\u2010b\u2212c", "a-b-c"),
    ],
)
def test_what_a_crawler_folds_is_no_difference(one: str, other: str) -> None:
    assert folded(one) == folded(other)
    assert same_text(text(A, one), replace(text(A, other), title="另题"))


def test_a_comparison_sign_is_not_folded_away() -> None:
    assert folded("当a<b时") != folded("当a>b时")


def test_case_and_a_final_full_stop_of_a_title_do_not_count() -> None:
    assert folded_title("Attention Is All You Need。") == folded_title("attention is all you need")
