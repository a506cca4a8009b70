"""The changes of a revision as its page shows them: typeset, formulas drawn or left out whole, nothing raw."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from digest.mail.composing.corrections import Correction, changes_html, extract, is_visible
from digest.model import Content
from digest.typeset.formulas import page
from tests.examples import examples

ALIGNED = ("\\begin{align}", "a &= b \\\\", "c &= %s", "\\end{align}")
PROSE = (
    "词语", "的", "。", ",", "word", " ", "$", "$$", "$a+b$", "$\\leq$", "$$x=y$$", "\\", "\n", "<b>", "&amp;", "\x00",
)  # fmt: skip
TEXT = st.lists(st.sampled_from(PROSE), max_size=12).map("".join)
CONTENT = st.builds(Content, TEXT, st.none(), st.lists(TEXT, max_size=4).map(tuple), st.just(()))


def content(*paragraphs: str, title: str = "题") -> Content:
    return Content(title, None, paragraphs, ())


def bare(html: str) -> str:
    """The text of the changes, with 〔〕 around what is marked, without formulas."""
    html = re.sub(r"<math.*?</math>", "∎", html)
    html = re.sub(r"<(?:del|ins)>", "〔", re.sub(r"</(?:del|ins)>", "〕", html))
    return re.sub(r"<[^>]*>", "", html)


def test_a_title_and_a_text_are_shown_as_deleted_and_inserted() -> None:
    made = changes_html(content("甲\n乙<丙", "旧的一句。"), content("甲\n乙<丁", title="题&目"))

    assert made == (
        '<div class="change"><p class="before">题</p><p class="after">题<ins>&amp;目</ins></p></div>\n'
        '<div class="change"><p class="before">甲<br/>乙&lt;<del>丙</del></p>'
        '<p class="after">甲<br/>乙&lt;<ins>丁</ins></p></div>\n'
        '<div class="change"><p class="before"><del>旧的一句。</del></p></div>'
    )
    assert changes_html(content("甲"), content("甲")) == ""


def test_a_formula_is_drawn_and_marked_whole() -> None:
    made = changes_html(content("若 $\\frac{1}{2}\\leq r$,则成立。"), content("若 $\\frac{1}{3}\\leq r$,则成立。"))

    assert "$" not in made
    assert r"\frac" not in made
    assert bare(made) == "若 〔∎〕，则成立。若 〔∎〕，则成立。"


def test_a_formula_over_several_paragraphs_is_drawn_whole() -> None:
    before, after = (content("我们有", *(line.replace("%s", end) for line in ALIGNED), "即可。") for end in "de")
    made = changes_html(before, after)

    assert made.count("<math") == 2
    assert "begin" not in made


def test_a_displayed_formula_needs_no_line_break() -> None:
    made = changes_html(content("其实很简单,记\n$$a=b$$\n当然如此。"), content("其实很简单,记\n$$a=c$$\n当然如此。"))

    assert made.count('<span class="displayed">') == 2
    assert "<br/>" not in made


def test_quoted_text_has_the_punctuation_of_the_article() -> None:
    made = changes_html(content("听说过ID,即便没有用过它。"), content("听说过ID,即使没有用过它。"))

    assert bare(made) == "听说过ID，即〔便〕没有用过它。听说过ID，即〔使〕没有用过它。"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("设 $M\\leq r$ 为界。", "设 $M\\le r$ 为界。"),
        ("设 $\\bm{x}$ 为界。", "设 $\\boldsymbol{x}$ 为界。"),
        ("设 $a  +b$ 为界。", "设 $a+b$ 为界。"),
        ("设 $$x\\geq 1$$ 为界。", "设 $$x\\ge 1$$ 为界。"),
        ("设 $\\lVert x\\rVert$ 为界。", "设 $\\left\\|x\\right\\|$ 为界。"),
        ("设 $\\text{rank}(A)$ 与 $a\\dotsb b$。", "设 $\\mathrm{rank}(A)$ 与 $a\\cdots b$。"),
        ("设 $\\frac{1}{2}$,$\\frac12$。", "设 $\\dfrac12$,${1\\over 2}$。"),
        ("即\n\\begin{equation*}x=1\\end{equation*}", "即\n\\begin{align*}x&=1\\end{align*}"),
        ("设 $x_1^2$ 为界。", "设 \\(x^{2}_{1}\\) 为界。"),
        ("标点,不算", "标点，不算"),
    ],
)
def test_what_looks_the_same_is_no_change(old: str, new: str) -> None:
    assert changes_html(content(old), content(new)) == ""
    assert not is_visible([Correction(content(old), content(new))])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("$x$", "$\\mathbf{x}$"),
        ("$\\left(\\frac12\\right)$", "$(\\frac12)$"),
        ("$x_{12}$", "$x_12$"),
        ("$\\mathrm{d}x$", "$dx$"),
        ("$\\frac{a}{bc}$", "$\\frac{ab}{c}$"),
        ("$\\sqrt{ab}$", "$\\sqrt{a}b$"),
        ("$\\begin{pmatrix}a&b\\end{pmatrix}$", "$(a b)$"),
        ("$ab$", "$$ab$$"),
        ("$$x=1\\tag{1}$$", "$$x=1\\tag{2}$$"),
    ],
)
def test_what_looks_different_is_a_change(old: str, new: str) -> None:
    assert is_visible([Correction(content(f"设 {old} 为界。"), content(f"设 {new} 为界。"))])


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        ("设 $\\frac{1}{2 为界,后文。", "设 $\\frac{1}{2}$ 为界,后文。", "设〔……〕为界，后文。设〔 ∎ 〕为界，后文。"),
        (
            "有 \\begin{tikzcd}A\\to B\\end{tikzcd} 的图,对。",
            "有 \\begin{tikzcd}A\\to C\\end{tikzcd} 的图,错。",
            "有……的图，〔对〕。有……的图，〔错〕。",
        ),
        ("设 $\\undefined{x}$,对。", "设 $\\undefined{y}$,错。", "设 ……，〔对〕。设 ……，〔错〕。"),
    ],
)
def test_tex_that_cannot_be_drawn_is_left_out(old: str, new: str, shown: str) -> None:
    assert bare(changes_html(content(old), content(new))) == shown
    (change,) = extract([Correction(content(old), content(new))], page).changes
    assert not any("\\" in side.html + side.text for side in change)


def test_a_change_of_tex_that_cannot_be_drawn_is_announced_without_words() -> None:
    correction = Correction(content("设 $\\frac{1}{2 为界。"), content("设 $\\frac{1}{3 为界。"))
    assert is_visible([correction])
    assert extract([correction], page).changes == ()


def test_of_code_and_verse_the_changed_line_is_shown() -> None:
    code = (
        "代码如下:",
        "import os",
        "def f(x):",
        "    y = os.path.join('$HOME', x) + '\\n'",
        "    return max(x, y)  # 对,的",
    )
    made = changes_html(content(*code), content(*code[:-1], code[-1].replace("max", "min")))
    assert bare(made) == "return 〔max〕(x, y)  # 对,的return 〔min〕(x, y)  # 对,的"
    made = changes_html(content(*code), content(*code[:3], code[3].replace("$HOME", "$HOME/$USER"), code[4]))
    assert "<math" not in made
    assert "$HOME/$USER" in re.sub("<[^>]*>", "", made)
    verse = "白日依山尽,\n黄河入海流。\n欲穷千里目,\n更上一层楼。"
    assert bare(changes_html(content(verse), content(verse.replace("层", "重")))) == "更上一〔层〕楼。更上一〔重〕楼。"


def test_no_comma_begins_a_line_behind_a_changed_formula_and_chinese_keeps_its_distance() -> None:
    made = changes_html(content("总有$a<b$,即$x$。"), content("总有$a>b$,即$x$。"))
    for mark in ("del", "ins"):
        assert re.search(
            rf'总有<span class="glued"><{mark}><math class="gap-left"[^>]*>.*?</math></{mark}>，</span>即<', made
        )


def test_an_added_sentence_is_shown_alone_although_the_next_one_begins_like_it() -> None:
    made = changes_html(content("第一句话。第三句话。"), content("第一句话。第二句有 $x^2$。第三句话。"))
    assert bare(made) == "〔第二句有 ∎。〕"


def test_the_text_of_a_change_keeps_its_spaces() -> None:
    before, after = content("使用ID(Interpolative Decomposition)可得"), content("使用ID(Interpolate Decomposition)可得")
    ((old, new),) = extract([Correction(before, after)], page).changes
    assert (old.text, new.text) == (
        "使用ID（Interpolative Decomposition）可得",
        "使用ID（Interpolate Decomposition）可得",
    )


@pytest.mark.parametrize("before", ["这是一个相当长的分句," * 60, "没有标点的一句话" * 60])
def test_a_change_far_behind_in_a_sentence_is_shown(before: str) -> None:
    correction = Correction(content(f"{before}其中 $\\alpha$ 是系数。"), content(f"{before}其中 $\\beta$ 是系数。"))
    ((old, new),) = extract([correction], page).changes
    for side, letter in ((old, "α"), (new, "β")):
        assert side.text.startswith("……")
        assert side.text.endswith(f"其中 {letter} 是系数。")
        assert len(side.text) < 100


def test_a_title_of_another_width_is_no_change() -> None:
    before, after = content("甲", title="漫谈(四):ID"), content("甲", title="漫谈（四）：ID")

    assert changes_html(before, after) == ""
    assert not is_visible([Correction(before, after)])


def test_a_long_sentence_is_cut_between_clauses() -> None:
    clause = "这是一个相当长的分句,"
    made = changes_html(content(clause * 80 + "末尾说甲。"), content("开头换了," + clause * 80 + "末尾说甲。"))

    for side in re.findall(r"<p.*?</p>", made):
        assert bare(side).rstrip("。").endswith(("……", "分句……", "甲"))


@settings(max_examples=examples(200))
@given(CONTENT, CONTENT)
def test_any_change_is_well_formed(old: Content, new: Content) -> None:
    made = changes_html(old, new)
    etree.fromstring(f"<section>{made}</section>")

    assert changes_html(old, new) == made
    assert changes_html(old, old) == ""
