"""What changed between two revisions: the paragraphs beside each other, whole words and formulas marked, no markup."""

from __future__ import annotations

import time
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.model import Content
from digest.typeset.characters import strip_unsafe
from digest.typeset.differences import AROUND, Change, Piece, differences
from tests.examples import examples

PROSE = (
    "词语", "的", "。", "，", "word", " ", "it's", "3.14", "$", "$$", "$a+b$", "$$x\n=y$$", r"\(x\)", r"\[", r"\]",
    r"\$", "\\", "\n", "e\u0301", "\u200d", "👩\u200d👧", "👍🏽", "🇨🇳", "<b>", "&amp;", "\"'", "\x00",
    "\u202e", "\ud800",
)  # fmt: skip
TEXT = st.lists(st.sampled_from(PROSE), max_size=12).map("".join) | st.text(max_size=20)
PARAGRAPHS = st.lists(TEXT, max_size=6).map(tuple)
CONTENT = st.builds(Content, TEXT, st.none(), PARAGRAPHS, st.just(()))
WHOLE = ("$a+b$", r"$\frac{1}{2}$", "$$x$$", r"\(x\)", r"\[y\]", "word", "don't", "3.14", "e\u0301", "👩\u200d👧", "🇨🇳")


def content(*paragraphs: str, title: str = "题") -> Content:
    return Content(title, None, paragraphs, ())


def marked(pieces: tuple[Piece, ...]) -> str:
    """The pieces with 〔〕 around what changed."""
    return "".join(f"〔{piece.text}〕" if piece.changed else piece.text for piece in pieces)


def pairs(changes: tuple[Change, ...]) -> list[tuple[str, str]]:
    return [(marked(change.before), marked(change.after)) for change in changes]


def said(pieces: tuple[Piece, ...]) -> str:
    return "".join(piece.text for piece in pieces)


@pytest.mark.parametrize(
    ("old", "new", "before", "after"),
    [
        ("春眠不觉晓", "春眠已觉晓", "春眠〔不〕觉晓", "春眠〔已〕觉晓"),
        ("春眠觉晓", "春眠不觉晓", "春眠觉晓", "春眠〔不〕觉晓"),
        ("春眠不觉晓", "春眠觉晓", "春眠〔不〕觉晓", "春眠觉晓"),
        ("the quick fox", "the quiet fox", "the 〔quick〕 fox", "the 〔quiet〕 fox"),
        ("用Pytorch写", "用PyTorch写", "用〔Pytorch〕写", "用〔PyTorch〕写"),
        ("设 $a+b$ 为正", "设 $a+c$ 为正", "设 〔$a+b$〕 为正", "设 〔$a+c$〕 为正"),
        ("即$$a\n=b$$。", "即$$a\n=c$$。", "即〔$$a\n=b$$〕。", "即〔$$a\n=c$$〕。"),
        (r"即\[a\]。", r"即\[b\]。", r"即〔\[a\]〕。", r"即〔\[b\]〕。"),
        (r"即\(a\)。", r"即\(b\)。", r"即〔\(a\)〕。", r"即〔\(b\)〕。"),
        (r"价 \$5 与 \$6", r"价 \$5 与 \$7", r"价 \$5 与 \$〔6〕", r"价 \$5 与 \$〔7〕"),
        ("价 $5 左右", "价 $6 左右", "价 $〔5〕 左右", "价 $〔6〕 左右"),
        ("约3.14米", "约3.15米", "约〔3.14〕米", "约〔3.15〕米"),
        ("caf\u00e9 cafe", "caf\u00e9 cafe\u0301", "caf\u00e9 〔cafe〕", "caf\u00e9 〔cafe\u0301〕"),
        ("看👩\u200d👧吧", "看👩\u200d👦吧", "看〔👩\u200d👧〕吧", "看〔👩\u200d👦〕吧"),
        ("甲乙的丙丁", "戊己的庚辛", "〔甲乙的丙丁〕", "〔戊己的庚辛〕"),
        ("a slow fox ran", "the quick fox ran", "〔a slow〕 fox ran", "〔the quick〕 fox ran"),
        ("甲一二乙", "丙一二丁", "〔甲〕一二〔乙〕", "〔丙〕一二〔丁〕"),
        ("甲" * 9 + "零一二三四五六七" + "乙" * 9, "丙" * 9 + "零一二三四五六七" + "丁" * 9,
         f"〔{'甲' * 9}零一二三四五六七{'乙' * 9}〕", f"〔{'丙' * 9}零一二三四五六七{'丁' * 9}〕"),
        ("甲" * 9 + "零一二三四五六七八" + "乙" * 9, "丙" * 9 + "零一二三四五六七八" + "丁" * 9,
         f"〔{'甲' * 9}〕零一二三四五六七八〔{'乙' * 9}〕", f"〔{'丙' * 9}〕零一二三四五六七八〔{'丁' * 9}〕"),
    ],
)  # fmt: skip
def test_what_differs_is_marked_in_whole_units(old: str, new: str, before: str, after: str) -> None:
    assert pairs(differences(content(old), content(new), around=None)) == [(before, after)]


@pytest.mark.parametrize(
    ("old", "new", "shown_pairs"),
    [
        (("同", "甲乙丙丁", "同"), ("同", "甲乙丙戊", "同"), [("甲乙丙〔丁〕", "甲乙丙〔戊〕")]),
        (("同",), ("同", "新"), [("", "〔新〕")]),
        (("旧", "同"), ("同",), [("〔旧〕", "")]),
        (
            ("甲乙丙丁", "完全两样"), ("新来的一", "甲乙丙戊"),
            [("", "〔新来的一〕"), ("甲乙丙〔丁〕", "甲乙丙〔戊〕"), ("〔完全两样〕", "")],
        ),
        (
            ("春眠不觉晓", "处处闻啼鸟"), ("多出来", "春眠已觉晓", "处处听啼鸟"),
            [("", "〔多出来〕"), ("春眠〔不〕觉晓", "春眠〔已〕觉晓"), ("处处〔闻〕啼鸟", "处处〔听〕啼鸟")],
        ),
        (("一", "二", "三"), ("二", "三", "一"), [("〔一〕", ""), ("", "〔一〕")]),
        (("同", "", " "), ("同", "\u202e"), []),
    ],
)  # fmt: skip
def test_a_paragraph_stands_beside_what_became_of_it(
    old: tuple[str, ...], new: tuple[str, ...], shown_pairs: list[tuple[str, str]]
) -> None:
    assert pairs(differences(content(*old), content(*new))) == shown_pairs


def test_the_title_comes_first_and_is_never_taken_for_a_paragraph() -> None:
    old, new = content("正文", title="旧的题目"), content("正文", "旧的题目", title="新的题目")

    assert pairs(differences(old, new)) == [("〔旧〕的题目", "〔新〕的题目"), ("", "〔旧的题目〕")]


def test_what_no_reader_sees_in_the_text_is_no_change() -> None:
    old = Content("题", "甲", ("正\u202e文",), (), complete=False)
    new = Content("题", "乙", ("正文",), ("正文",))

    assert differences(old, new) == ()


def test_long_equal_stretches_are_shortened_on_both_sides_alike() -> None:
    head, middle, tail = "前" * 100, "中" * 100, "后" * 100
    (change,) = differences(content(f"{head}甲{middle}乙{tail}"), content(f"{head}丙{middle}丁{tail}"), around=3)

    assert marked(change.before) == "…前前前〔甲〕中中中…中中中〔乙〕后后后…"
    assert marked(change.after) == "…前前前〔丙〕中中中…中中中〔丁〕后后后…"


@pytest.mark.parametrize(
    ("old", "new", "before"),
    [
        ("前" * AROUND + "甲", "前" * AROUND + "乙", "前" * AROUND + "〔甲〕"),
        ("前" * (AROUND + 15) + "甲", "前" * (AROUND + 15) + "乙", "前" * (AROUND + 15) + "〔甲〕"),
        ("前" * (AROUND + 16) + "甲", "前" * (AROUND + 16) + "乙", "…" + "前" * AROUND + "〔甲〕"),
        ("前" * 99 + f"${'x' * 40}$甲", "前" * 99 + f"${'x' * 40}$乙", "…〔甲〕"),
        ("前" * 99 + f"${'x' * 9}$甲", "前" * 99 + f"${'x' * 9}$乙", "…" + "前" * 19 + f"${'x' * 9}$〔甲〕"),
    ],
)
def test_only_much_is_shortened_and_never_within_a_formula(old: str, new: str, before: str) -> None:
    assert marked(differences(content(old), content(new))[0].before) == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("字" * 300_000, "字" * 150_000 + "新" + "字" * 150_000),
        ("甲乙" * 150_000, "丙丁" * 150_000),
        ("甲" + "字词" * 150_000, "乙" + "词字" * 150_000),
        ("word " * 60_000, "ward " * 60_000),
        ("$" * 300_000, "$ " * 150_000),
        ("$a \n" * 75_000, "$$a" * 300_000),
        ("\\[" * 150_000, "\\(\\[" * 75_000),
        ("1." * 150_000, "a'" * 150_000),
        ("a" + "\u0301" * 300_000, "\u0301\u200d" * 150_000),
        ("\\" * 300_000, "👩\u200d" * 150_000),
    ],
)
def test_a_huge_paragraph_takes_no_more_than_a_moment(old: str, new: str) -> None:
    begun = time.process_time()
    (change,) = differences(content(old), content(new), around=None)

    assert time.process_time() - begun < 15
    assert (said(change.before), said(change.after)) == (old, new)


def test_many_changed_paragraphs_take_no_more_than_a_moment() -> None:
    begun = time.process_time()
    changes = differences(content(*(f"旧{n}" for n in range(6_000))), content(*(f"新{n}" for n in range(6_000))))

    assert time.process_time() - begun < 15
    assert len(changes) == 6_000


@pytest.mark.parametrize("unit", WHOLE)
@given(st.text("春眠 a.", max_size=5), st.text("春眠 a.", max_size=5), st.sampled_from(WHOLE))
def test_a_unit_is_never_marked_in_part(unit: str, before: str, after: str, other: str) -> None:
    old, new = content(f"{before}，{unit}。{after}"), content(f"{before}，{other}。{after}")
    changes = differences(old, new, around=None)

    assert pairs(changes) == (
        [] if unit == other else [(f"{before}，〔{unit}〕。{after}", f"{before}，〔{other}〕。{after}")]
    )


@settings(max_examples=examples(300))
@given(CONTENT, CONTENT)
def test_the_pieces_joined_are_the_paragraphs_that_changed(old: Content, new: Content) -> None:
    changes = differences(old, new, around=None)
    sides = [
        Counter(text for text in map(strip_unsafe, (content.title, *content.paragraphs)) if text.strip())
        for content in (old, new)
    ]
    gone, come = Counter(said(change.before) for change in changes), Counter(said(change.after) for change in changes)
    del gone[""], come[""]

    assert gone <= sides[0]
    assert come <= sides[1]
    assert (sides[0] - gone) == (sides[1] - come)


@settings(max_examples=examples(300))
@given(CONTENT, CONTENT, st.none() | st.integers(0, 10))
def test_what_is_not_marked_reads_the_same_on_both_sides(old: Content, new: Content, around: int | None) -> None:
    for change in differences(old, new, around=around):
        kept = ["".join(p.text for p in side if not p.changed) for side in (change.before, change.after)]
        assert kept[0] == kept[1] or not (change.before and change.after)
        assert any(piece.changed for piece in (*change.before, *change.after))
        for side in (change.before, change.after):
            assert all(piece.text for piece in side)
            assert all(a.changed != b.changed for a, b in pairwise(side))


@given(CONTENT)
def test_equal_contents_show_nothing(one: Content) -> None:
    assert differences(one, one) == ()
