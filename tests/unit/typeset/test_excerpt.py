"""The beginning of a text: cut at a sentence where one ends, never in a formula or within a character."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.model import Block, BlockKind
from digest.typeset.excerpt import cut, excerpt

P, H, F, V, C, X = (
    BlockKind.PARAGRAPH,
    BlockKind.HEADING,
    BlockKind.FIGURE,
    BlockKind.VERSE,
    BlockKind.CODE,
    BlockKind.FORMULA,
)
FORMULAS = (
    "$a+b$",
    "$x$",
    r"$\frac{a。b}{c}$",
    "$$a = b. c$$",
    "$$a\n=b$$",
    r"\[x! y\]",
    r"\(x。y\)",
    r"\begin{align}a &= b。\\ c &= d.\end{align}",
    r"\begin{equation*}\begin{cases}a\\b\end{cases}\end{equation*}",
)
WHOLE = (
    "e\u0301",
    "n\u0323\u0302",
    "षि",
    "👩\u200d👩\u200d👧",
    "👍🏽",
    "❤\ufe0f",
    "❤\ufe0f\u200d🔥",
    "1\ufe0f\u20e3",
    "葛\U000e0100",
)
PROSE = ("词", "语", "字。", "好!", "为什么?", "a", "word ", "end. ", ",", " ", "3.14", "；")


@pytest.mark.parametrize(
    ("text", "limit", "made"),
    [
        ("不长。", 10, "不长。"),
        ("正好五个。", 5, "正好五个。"),
        ("一二三四五六七八九十", 5, "一二三四五…"),
        ("一二三四。六七八九十", 7, "一二三四。…"),
        ("一。三四五六七八九十", 7, "一。三四五六七…"),
        ("Two words. More of them", 15, "Two words.…"),
        ("圆周率是3.14159左右的数", 8, "圆周率是3.14…"),
        ("一二三 四五六", 4, "一二三…"),
        ("一二$a+b+c$三四五", 5, "一二…"),
        ("$a+b+c+d$三四五", 4, "$a+b+c+d$…"),
        ("$a+b+c+d$", 4, "$a+b+c+d$"),
        ("价格是 $5 左右的东西", 6, "价格是 $5…"),
        ("甲$$a。\nb$$乙丙丁", 4, "甲…"),
        ("一二三四e\u0301五六七", 5, "一二三四e\u0301…"),
    ],
)
def test_a_text_is_cut_where_a_reader_would(text: str, limit: int, made: str) -> None:
    assert cut(text, limit) == made


@pytest.mark.parametrize(
    "character", ["🇨🇳", "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "\u1112\u1161\u11ab"]
)
def test_a_flag_or_a_syllable_stays_whole(character: str) -> None:
    assert cut(f"一二{character}三四", 3) in {"一二…", f"一二{character}…"}


def test_a_joiner_before_a_formula_does_not_open_it() -> None:
    assert cut("字\u200d$x+y$词词", 2) in {"…", "字\u200d…", "字\u200d$x+y$…"}


@pytest.mark.parametrize("formula", [r"$a\$b+c$", r"$\text{\$5}x$"])
def test_an_escaped_dollar_does_not_end_a_formula(formula: str) -> None:
    assert [cut(f"一二{formula}三四五", limit) for limit in range(3, len(formula) + 2)] == ["一二…"] * (
        len(formula) - 1
    )


def boundaries(pieces: list[str]) -> list[int]:
    return [0, *itertools.accumulate(len(piece) for piece in pieces)]


def place(text: str, made: str) -> int:
    """Where the text was cut, the white space before the cut counted in."""
    kept = made.removesuffix("…")
    assert made.endswith("…")
    assert text.startswith(kept)
    return len(kept)


@settings(max_examples=500, deadline=None)
@given(st.lists(st.sampled_from(FORMULAS) | st.sampled_from(PROSE), min_size=1, max_size=20), st.integers(1, 60))
def test_no_cut_lies_inside_a_formula(pieces: list[str], limit: int) -> None:
    text = "".join(pieces)
    made = cut(text, limit)
    if made == text:
        return
    at = place(text, made)

    for start, piece in zip(boundaries(pieces), pieces, strict=False):
        assert piece not in FORMULAS or not start < at < start + len(piece)


@settings(max_examples=500, deadline=None)
@given(st.lists(st.sampled_from(WHOLE) | st.sampled_from(PROSE), min_size=1, max_size=20), st.integers(1, 60))
def test_no_cut_lies_inside_a_character(pieces: list[str], limit: int) -> None:
    text = "".join(pieces)
    made = cut(text, limit)
    if made == text:
        return
    at = place(text, made)

    for start, piece in zip(boundaries(pieces), pieces, strict=False):
        assert piece not in WHOLE or not start < at < start + len(piece)


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters() | st.sampled_from("。.! $\\"), max_size=80), st.integers(1, 60))
def test_a_cut_text_is_a_beginning_with_three_dots(text: str, limit: int) -> None:
    made = cut(text, limit)

    if len(text) <= limit:
        assert made == text
    if made != text:
        assert place(text, made) < len(text)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PROSE), max_size=40).map("".join), st.integers(1, 60))
def test_prose_is_never_longer_than_the_limit_and_the_dots(text: str, limit: int) -> None:
    assert len(cut(text, limit)) <= max(limit + 1, 1)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(["很长的一句话", "又一句"]), min_size=3, max_size=12), st.integers(20, 60))
def test_a_sentence_that_ends_late_enough_is_where_it_ends(sentences: list[str], limit: int) -> None:
    text = "".join(f"{sentence}。" for sentence in sentences)
    if len(text) > limit:
        assert cut(text, limit).endswith("。…")


@pytest.mark.parametrize(
    ("blocks", "limit", "made"),
    [
        ([], 10, []),
        ([(P, "甲"), (P, "乙")], 10, [(P, "甲"), (P, "乙")]),
        ([(P, "一二三四五六"), (P, "七八九十甲乙丙")], 10, [(P, "一二三四五六"), (P, "七八九十…")]),
        ([(P, "一二三四五六七八九"), (P, "七八九十甲乙丙")], 10, [(P, "一二三四五六七八九")]),
        ([(P, "一二"), (H, "题"), (C, "a = 1\nb = 2")], 10, [(P, "一二")]),
        ([(P, "一二"), (H, "题"), (H, "目"), (C, "a = 1\nb = 2")], 10, [(P, "一二")]),
        ([(P, "一二"), (H, "题"), (P, "三四五六七八九十")], 6, [(P, "一二"), (H, "题"), (P, "三四五…")]),
        ([(C, "a = 1\nb = 2")], 4, [(C, "a = 1\nb = 2")]),
        ([(X, "$$a+b+c$$"), (P, "以后")], 4, [(X, "$$a+b+c$$")]),
        ([(P, "一二"), (V, "床前看月光\n疑是地上霜"), (P, "三")], 8, [(P, "一二")]),
        ([(F, "图"), (P, "一二三四五六七")], 5, [(F, "图"), (P, "一二三四…")]),
    ],
)
def test_blocks_are_kept_while_there_is_room(
    blocks: list[tuple[BlockKind, str]], limit: int, made: list[tuple[BlockKind, str]]
) -> None:
    found = excerpt([Block(kind, text) for kind, text in blocks], limit)

    assert [(block.kind, block.text) for block in found] == made


some_blocks = st.lists(
    st.builds(
        Block,
        st.sampled_from(BlockKind),
        st.lists(st.sampled_from(PROSE + FORMULAS), min_size=1, max_size=15).map("".join),
    ),
    max_size=8,
)


@settings(max_examples=300, deadline=None)
@given(some_blocks, st.integers(4, 120))
def test_an_excerpt_is_the_beginning_of_its_blocks(blocks: list[Block], limit: int) -> None:
    made = excerpt(blocks, limit)

    assert bool(made) == bool(blocks)
    assert list(made[:-1]) == blocks[: max(len(made) - 1, 0)]
    if made:
        last, whole = made[-1], blocks[len(made) - 1]
        assert last.kind is whole.kind
        assert last == whole or (last.kind is P and whole.text.startswith(last.text.removesuffix("…")))
        assert last == whole or last.text.endswith("…")


@settings(max_examples=300, deadline=None)
@given(some_blocks, st.integers(4, 120))
def test_a_heading_is_never_last_unless_nothing_else_is_left(blocks: list[Block], limit: int) -> None:
    made = excerpt(blocks, limit)

    assert len(made) <= 1 or made[-1].kind is not H


def test_a_heading_is_not_all_that_is_shown() -> None:
    made = excerpt([Block(H, "题"), Block(C, "a = 1\n" * 50)], 160)

    assert made[-1].kind is not H


@settings(max_examples=200, deadline=None)
@given(some_blocks, st.integers(4, 120))
def test_what_fits_is_kept_as_it_is(blocks: list[Block], limit: int) -> None:
    made = excerpt(blocks, limit)

    if sum(len(block.text) for block in blocks) <= limit and blocks and blocks[-1].kind is not H:
        assert list(made) == blocks
