"""Recovering structure: each kind of block, and that nothing of the text is lost."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.dumps.structure import blocks
from digest.model import BlockKind, Content
from tests.examples import examples

P, H, F, V, C, X = (
    BlockKind.PARAGRAPH,
    BlockKind.HEADING,
    BlockKind.FIGURE,
    BlockKind.VERSE,
    BlockKind.CODE,
    BlockKind.FORMULA,
)
PROSE = "这是一段足够长的话,它有逗号,也有句号,所以它不是标题,而是正文。"


def kinds(*paragraphs: str, figures: tuple[str, ...] = ()) -> list[tuple[BlockKind, str]]:
    return [(block.kind, block.text) for block in blocks(Content("题", None, paragraphs, figures))]


@pytest.mark.parametrize(
    "line", ["模型", "为什么需要词语", "GPT2科普", "Self-Attention", "再小也不能小key_size", "数据集(一)"]
)
def test_a_short_line_that_something_follows_is_a_heading(line: str) -> None:
    assert kinds(PROSE, line, PROSE) == [(P, PROSE), (H, line), (P, PROSE)]
    assert kinds(PROSE, line)[-1] == (P, line)


@pytest.mark.parametrize(
    "line", ["先摆结论:", "这是真的吗?", "1、第一点", "(2) 第二点", "见 https://a.example", "——", "好。坏", "长" * 40]
)
def test_what_is_no_heading_stays_a_paragraph(line: str) -> None:
    assert kinds(line, PROSE)[0] == (P, line)


def test_captions_are_figures_in_their_places() -> None:
    assert kinds("图一", PROSE, "图二", figures=("图一", "图二")) == [(F, "图一"), (P, PROSE), (F, "图二")]


def test_short_lines_of_one_paragraph_are_verse() -> None:
    verse = "春山\n石阶一级一级湿,\n新叶一层一层青。"
    assert kinds(PROSE, verse, PROSE)[1] == (V, verse)
    assert kinds("1、甲\n2、乙")[0][0] is P


def test_short_lines_that_end_like_verse_are_put_together() -> None:
    lines = ("床前看月光,", "疑是地上霜。", "举头望山月,", "低头思故乡。")
    assert kinds(PROSE, *lines, PROSE)[1] == (V, "\n".join(lines))


def test_lines_of_code_are_put_together() -> None:
    code = ("tokens = {}", "for text in read():", "for token in cut(text):", "tokens[token] = tokens.get(token, 0) + 1")
    assert kinds(PROSE, *code, PROSE) == [(P, PROSE), (C, "\n".join(code)), (P, PROSE)]
    assert kinds("import numpy as np")[0][0] is C


@pytest.mark.parametrize(
    "line", ["We put x = 3 and go on, which is fine because nothing else changes.", "If it rains:", "A (short) remark"]
)
def test_a_line_of_english_prose_is_no_code(line: str) -> None:
    assert all(kind is not C for kind, _ in kinds(PROSE, line, PROSE))


@pytest.mark.parametrize("formula", ["$$a+b$$", r"\begin{equation}a\tag{1}\end{equation}", r"\[x\]"])
def test_a_displayed_formula_is_a_block_and_the_prose_around_it_too(formula: str) -> None:
    assert kinds(f"于是得到{formula}这就是结论") == [(P, "于是得到"), (X, formula), (P, "这就是结论")]
    assert kinds("记\n" + formula + "\n当然") == [(P, "记"), (X, formula), (P, "当然")]
    assert kinds(PROSE, formula) == [(P, PROSE), (X, formula)]


def test_a_formula_over_several_lines_is_one_block() -> None:
    lines = (r"\begin{align}", r"a &= b \\", r"c &= d", r"\end{align}")
    assert kinds(PROSE, *lines, PROSE) == [(P, PROSE), (X, "\n".join(lines)), (P, PROSE)]
    assert kinds("$$", "x", "$$")[0] == (X, "$$\nx\n$$")


def test_an_open_formula_that_never_closes_swallows_nothing() -> None:
    assert [text for _, text in kinds(r"\begin{equation}a", PROSE, "尾")] == [r"\begin{equation}a", PROSE, "尾"]


pieces = st.sampled_from(
    ["模型", PROSE, "$$a$$", "$$", r"\begin{align}", r"\end{align}", "x = 1", "}", "雨落,", "import a"]
)


@settings(max_examples=examples(200))
@given(st.lists(pieces | st.text(min_size=1, max_size=15), max_size=10), st.integers(0, 3))
def test_no_character_is_lost_or_invented(paragraphs: list[str], captions: int) -> None:
    figures = tuple(paragraphs[:captions])
    found = kinds(*paragraphs, figures=figures)

    assert "".join("".join(text for _, text in found).split()) == "".join("".join(paragraphs).split())
