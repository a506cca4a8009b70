"""Whatever is between the delimiters, the result is quick and no exception."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from digest.typeset.math.extract import Formula
from digest.typeset.math.linear import html_text, linear
from digest.typeset.math.mathml import mathml
from digest.typeset.math.picture import name, picture
from tests.examples import examples

HOSTILE = [
    "", " ", "{" * 61 + "x" + "}" * 61, "x" * 4001, "{", "}", "}{", "\\", "^", "_", "&", "%", "$", "x^y^z", r"\\",
    r"\foo",
    r"\def\a{\a\a}\a", r"\newcommand{\a}{bb}\a", r"\let\a\b", r"\rule{99999999em}{99999999em}", r"\hspace{99999em}x",
    r"\kern 1000em x", r"\href{javascript:alert(1)}{x}", r"\input{/etc/passwd}", "\x00\x01\ufffex", "\ud800",
    "(" * 3999, "[" * 3999, r"\log(" * 700, r"\{" * 1999, r"\langle " * 400, r"({)}" * 900, r"f\{x" * 600,
    r"\langle (^\}x\Big)" * 200,
    "f(" * 1999, "(^)" * 1300,
    r"\sqrt " * 600, r"\frac" * 700, r"\hat " * 700, "x^" * 1999, "'" * 3999, r"\left(" * 600, "&" * 3999, r"\\" * 1999,
    r"\begin{array}{c}" * 60 + "x" + r"\end{array}" * 60, r"\text{" * 60 + "x" + "}" * 60, "x^{" * 60 + "x" + "}" * 60,
    r"\begin{align}", r"\end{align}", r"\tag{", r"\text{$}", r"\mathop{}", r"\substack{}", "<script>", "]]>", "&amp;",
    "a%b", "中" * 3999, "\u202e" * 10, r"\text{\text{$x$}}", r"\unicode{x0}", r"\char0",
]  # fmt: skip


def shown(tex: str, *, display: bool) -> None:
    formula = Formula(tex, display, "", f"${tex}$")
    made = mathml(formula)
    if made is not None:
        etree.fromstring(made)
    html = html_text(formula)
    if html is not None:
        etree.fromstring(f"<p>{html}</p>")
    assert linear(formula)
    assert "\n" not in linear(formula)
    picture(formula)
    name(formula)


@pytest.mark.parametrize("display", [False, True])
@pytest.mark.parametrize("tex", HOSTILE, ids=[ascii(tex[:12]) for tex in HOSTILE])
def test_a_hostile_formula_is_answered_at_once(tex: str, display: bool) -> None:
    start = time.process_time()
    shown(tex, display=display)
    assert time.process_time() - start < 30


@pytest.mark.parametrize("tex", ["{" * 61 + "x" + "}" * 61, "x" * 4001, r"\foo x", r"\def\a{b}\a", "{x", "(" * 100])
def test_beyond_the_limits_there_is_only_the_source(tex: str) -> None:
    formula = Formula(tex, display=False)
    assert mathml(formula) is None
    assert html_text(formula) is None
    assert picture(formula) is None
    assert linear(formula) == tex


WORDS = [
    *[r"\frac", r"\sqrt", r"\sum", r"\int", r"\left", r"\right", r"\text{", r"\begin{aligned}", r"\end{aligned}",
     r"\begin{cases}",
    r"\end{cases}", r"\hat", r"\tag{", r"\mathop{", r"\operatorname{", r"\substack{", r"\boldsymbol", r"\mathbb",
     r"\\", r"&",
    r"$", r"{", r"}", r"(", r")", r"[", r"]", r"^", r"_", r"'",
    r"|", r"\{", r"\}", r"%", r"#", r"~", r"<", r">", r"x", r"1",
    r"中", r"\log", r"\limits", r"\quad", r"\color{red}", r"\label{", r"\overset", r"\not", r"\langle", r"\rangle",
    r"\big", r"\,", r"!", r"\underbrace", r"\rm", r"\cal", r"\mathcal"],
    " ", "\n",
]  # fmt: skip


@settings(deadline=2000, max_examples=examples(300))
@given(st.lists(st.sampled_from(WORDS), max_size=40), st.booleans())
def test_any_words_of_tex_raise_nothing(words: list[str], display: bool) -> None:
    shown("".join(words), display=display)


@settings(deadline=2000)
@given(st.text(max_size=80), st.booleans())
def test_any_text_raises_nothing(text: str, display: bool) -> None:
    shown(text, display=display)
