"""The changes of a revision as its page shows them: typeset, formulas drawn or left out whole, nothing raw."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from digest.mail.composing.corrections import Correction, changes_html, is_visible
from digest.model import Content
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
        ("标点,不算", "标点，不算"),
    ],
)
def test_what_looks_the_same_is_no_change(old: str, new: str) -> None:
    assert changes_html(content(old), content(new)) == ""
    assert not is_visible([Correction(content(old), content(new))])


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
