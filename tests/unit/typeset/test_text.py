"""Plain text: wrapped by cells, with the line breaks that Chinese and English expect."""

from __future__ import annotations

import itertools
import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.model import Block, BlockKind
from digest.typeset.characters import joined
from digest.typeset.text import cells, text, wrapped
from tests.examples import examples

P, H, F, V, C, X = (
    BlockKind.PARAGRAPH,
    BlockKind.HEADING,
    BlockKind.FIGURE,
    BlockKind.VERSE,
    BlockKind.CODE,
    BlockKind.FORMULA,
)
CLOSING = "、。，．：；！？）】》」』”…,.:;!?)]"
OPENING = "（【《「『“(["
WORDS = ("digest", "a", "Transformer", "3.14", "x+y", "https://a.example/b?c=d", "don't")
HAN = "春眠不觉晓处处闻啼鸟"


def lines(line: str, width: int, *, indent: str = "") -> list[str]:
    return list(wrapped(line, width, indent=indent))


@pytest.mark.parametrize(
    ("line", "width", "made"),
    [
        ("", 10, [""]),
        ("one two three", 7, ["one two", "three"]),
        ("one two three", 13, ["one two three"]),
        ("one two three", 8, ["one two", "three"]),
        ("一二三四五", 4, ["一二", "三四", "五"]),
        ("一二三四五", 5, ["一二", "三四", "五"]),
        ("一二三，四五", 6, ["一二", "三，四", "五"]),
        ("一二（三四）五", 6, ["一二", "（三", "四）五"]),
        ("用Python写", 8, ["用Python", "写"]),
        ("用Python写", 7, ["用", "Python", "写"]),
        ("说“好”。完", 6, ["说", "“好”。", "完"]),
        ("unbreakablelong 一", 5, ["unbreakablelong", "一"]),
        ("一 unbreakablelong", 5, ["一", "unbreakablelong"]),
        ("一二三……四", 6, ["一二", "三……四"]),
        ("一二三——四", 6, ["一二", "三——四"]),
        ("caf\u00e9 cafe\u0301 x", 9, ["caf\u00e9 cafe\u0301", "x"]),
        ("　　一二三", 8, ["　　一二", "三"]),
        ("見る、カタカナ", 6, ["見る、", "カタカ", "ナ"]),
        ("見える、カタ", 6, ["見え", "る、カ", "タ"]),
    ],
)
def test_a_line_is_broken_where_it_may_be(line: str, width: int, made: list[str]) -> None:
    assert lines(line, width) == made


@pytest.mark.parametrize(
    ("line", "width", "made"),
    [
        ("一二三 ，四", 6, ["一二", "三 ，", "四"]),
        ("一二三 。", 6, ["一二", "三 。"]),
        ("one two ? yes", 7, ["one", "two ?", "yes"]),
        ("一二 （ 三四五", 8, ["一二", "（ 三四", "五"]),
    ],
)
def test_marks_with_spaces_beside_them_hang_on_too(line: str, width: int, made: list[str]) -> None:
    assert lines(line, width) == made


def test_rare_chinese_characters_are_wrapped_too() -> None:
    assert lines("𠀀𠀁𠀂𠀃", 4) == ["𠀀𠀁", "𠀂𠀃"]


@pytest.mark.parametrize(
    ("word", "wide"),
    [
        ("", 0),
        ("a", 1),
        ("一", 2),
        ("一a", 3),
        ("，", 2),
        ("e\u0301", 1),
        ("😀", 2),
        ("ｱ", 1),
        ("Ａ", 2),
        ("a\x07b", 2),
    ],
)
def test_a_chinese_character_takes_two_cells(word: str, wide: int) -> None:
    assert cells(word) == wide


pieces = st.sampled_from(WORDS) | st.sampled_from(HAN) | st.sampled_from(CLOSING + OPENING)
unspaced = st.lists(pieces, max_size=30).map("".join)
widths = st.integers(4, 40)


def wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"


def may_break(before: str, after: str) -> bool:
    """Whether a line may end between these two characters; written apart from the code under test."""
    return (wide(before) or wide(after)) and after not in CLOSING and before not in OPENING


@settings(max_examples=examples(500))
@given(unspaced, widths)
def test_a_line_is_too_wide_only_where_it_has_no_place_to_break(line: str, width: int) -> None:
    for made in lines(line, width):
        assert cells(made) <= width or not any(may_break(a, b) for a, b in itertools.pairwise(made))


@settings(max_examples=examples(500))
@given(unspaced, widths)
def test_no_line_begins_with_a_closing_mark_or_ends_with_an_opening_one(line: str, width: int) -> None:
    made = lines(line, width)

    assert not any(later[0] in CLOSING for later in made[1:])
    assert not any(earlier[-1] in OPENING for earlier in made[:-1])


spaced = st.lists(st.sampled_from(WORDS) | st.text(HAN, min_size=1, max_size=6), max_size=20)


@settings(max_examples=examples(300))
@given(spaced, widths, st.sampled_from(["", "  ", "> "]))
def test_words_stay_whole_and_nothing_is_lost(words: list[str], width: int, indent: str) -> None:
    made = lines(" ".join(words), width, indent=indent)

    assert all(line.startswith(indent.rstrip()) for line in made)
    bare = [line.removeprefix(indent) for line in made]
    assert "".join("".join(bare).split()) == "".join(words)
    parts = [part for line in bare for part in line.split()]
    assert [part for part in parts if part.isascii()] == [word for word in words if word.isascii()]
    assert not any(line.endswith(" ") for line in bare)


@settings(max_examples=examples(300))
@given(spaced, widths)
def test_words_fill_the_line_as_far_as_they_go(words: list[str], width: int) -> None:
    for earlier, later in itertools.pairwise(lines(" ".join(words), width)):
        first = re.match(rf"[{HAN}]|[^\s{HAN}]+", later)
        assert first
        assert cells(earlier) + cells(first.group()) + (0 if wide(first.group()[0]) else 1) > width or (
            cells(earlier) + 1 + cells(first.group()) > width
        )


@given(st.text(HAN, max_size=60), st.integers(2, 30))
def test_chinese_fills_its_lines_by_cells(line: str, width: int) -> None:
    made = lines(line, width)

    assert "".join(made) == line
    assert all(len(full) == width // 2 for full in made[:-1])


@given(st.text(st.characters(), max_size=60), st.integers(1, 30))
def test_any_text_at_all_is_wrapped_without_loss(line: str, width: int) -> None:
    made = lines(line, width)

    assert made
    assert "".join("".join(made).split()) == "".join(line.split())


@pytest.mark.parametrize("kind", [V, C, X])
def test_verse_code_and_formulas_keep_their_lines(kind: BlockKind) -> None:
    kept = "  if a:\n\n        return " + "b + " * 30

    assert text([Block(kind, kept)], 20).split("\n") == [f"    {line}" for line in kept.split("\n")]
    assert text([Block(kind, "甲\n乙")], 20, indent="> ") == ">     甲\n>     乙"


@pytest.mark.parametrize(
    ("block", "made"),
    [
        (Block(P, "一二三四五六"), "一二三四五\n六"),
        (Block(P, "甲\n乙"), "甲\n乙"),
        (Block(H, "题"), "— 题 —"),
        (Block(H, "很长的题目"), "— 很长的题\n目 —"),
        (Block(F, "图 1"), "［图 1］"),
        (Block(F, "甲\n乙"), "［甲乙］"),
    ],
)
def test_each_kind_of_block_has_its_form(block: Block, made: str) -> None:
    assert text([block], 10) == made


def test_a_blank_line_stands_between_two_blocks() -> None:
    assert text([Block(P, "甲"), Block(V, "乙\n丙"), Block(P, "丁")]) == "甲\n\n    乙\n    丙\n\n丁"
    assert text([]) == ""


def test_the_indent_is_part_of_the_width() -> None:
    assert text([Block(P, "一二三四五")], 8, indent="    ") == "    一二\n    三四\n    五"


def test_what_could_deceive_is_not_shown() -> None:
    assert text([Block(P, "a\u202eb\x1b[31mc\ud800")]) == "ab[31mc"
    assert text([Block(C, "x\x00 = 1")]) == "    x = 1"


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("就过去了。\n\n这时候", "就过去了。这时候"),
        ("第一行\n第二行", "第一行第二行"),
        ("One line\nand another", "One line and another"),
        ("中文\nEnglish\n中文", "中文 English 中文"),
        ("作者 自己的空格", "作者 自己的空格"),
    ],
)
def test_no_space_is_left_between_two_chinese_lines(text: str, made: str) -> None:
    assert joined(text) == made
