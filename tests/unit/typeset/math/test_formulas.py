"""Formulas of the shapes that the real dumps have, through every channel."""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING

import pytest
from lxml import etree

from digest.typeset.math.extract import Formula, pieces
from digest.typeset.math.linear import html_text, linear
from digest.typeset.math.mathml import CSS, mathml
from digest.typeset.math.normal import normalised
from digest.typeset.math.picture import _drawing, name, picture

if TYPE_CHECKING:
    from pathlib import Path

INLINE, D = False, True
FORMULAS = [
    (r"y", INLINE, "y", "<i>y</i>"),
    (r"e^t", INLINE, "eᵗ", "<i>e</i><sup><i>t</i></sup>"),
    (r"t=1", INLINE, "t = 1", "<i>t</i> = 1"),
    (r"a=-b", INLINE, "a = −b", "<i>a</i> = −<i>b</i>"),
    (r"\sum\limits_{j=0}^m \frac{t^j}{j!} > 0", INLINE, "∑ⱼ₌₀ᵐ tʲ/j! > 0", None),
    (r"\lim\limits_{t\to\pm\infty} g_n(t)=+\infty", INLINE, "lim_(t→±∞) gₙ(t) = +∞", None),
    (r"\mathcal{O}(m^3)", INLINE, "O(m³)", "<i>O</i>(<i>m</i><sup>3</sup>)"),
    (r"\mathcal{O}(m\log m)", INLINE, "O(m log m)", "<i>O</i>(<i>m</i> log <i>m</i>)"),
    (r"\boldsymbol{z}_j", INLINE, "zⱼ", "<b><i>z</i></b><sub><i>j</i></sub>"),
    (r"\bm{z}", INLINE, "z", "<b><i>z</i></b>"),
    (r"\mathbf{A}", INLINE, "A", "<b>A</b>"),
    (r"\boldsymbol{\theta}", INLINE, "θ", "<b><i>θ</i></b>"),
    (r"\boldsymbol{Y}=(\boldsymbol{y}_1,\dots,\boldsymbol{y}_s)", INLINE, "Y = (y₁, …, yₛ)",
     "<b><i>Y</i></b> = (<b><i>y</i></b><sub>1</sub>, …, <b><i>y</i></b><sub><i>s</i></sub>)"),
    (r"\boldsymbol{Y}\in \mathbb{R}^{m\times k}", INLINE, "Y ∈ ℝ^(m×k)",
     "<b><i>Y</i></b> ∈ ℝ<sup><i>m</i>×<i>k</i></sup>"),
    (r"-\log q_w", INLINE, "−log q_w", "−log <i>q</i><sub><i>w</i></sub>"),
    (r"w\in \text{词表}", INLINE, "w ∈ 词表", "<i>w</i> ∈ 词表"),
    (r"\mathbb{E}_{y\sim q(y)}[g(y)]", INLINE, "𝔼_(y∼q(y))[g(y)]",
     "<b>E</b><sub><i>y</i>∼<i>q</i>(<i>y</i>)</sub>[<i>g</i>(<i>y</i>)]"),
    (r"p(y|z)", INLINE, "p(y|z)", "<i>p</i>(<i>y</i>|<i>z</i>)"),
    (r"\Vert z\Vert_2^2", INLINE, "‖z‖₂²", "‖<i>z</i>‖<sub>2</sub><sup>2</sup>"),
    (r"A^{\top}B", INLINE, "AᵀB", "<i>A</i><sup>⊤</sup><i>B</i>"),
    (r"y^{(j)}", INLINE, "y⁽ʲ⁾", "<i>y</i><sup>(<i>j</i>)</sup>"),
    (r"g'(t)", INLINE, "g′(t)", "<i>g</i>′(<i>t</i>)"),
    (r"e^{-t^2/2}", INLINE, "e^(−t²/2)", "<i>e</i><sup>−<i>t</i><sup>2</sup>/2</sup>"),
    (r"10^{-5}", INLINE, "10⁻⁵", "10<sup>−5</sup>"),
    (r"a<b", INLINE, "a < b", "<i>a</i> &lt; <i>b</i>"),
    (r"\max_t g", INLINE, "maxₜ g", "max<sub><i>t</i></sub> <i>g</i>"),
    (r"\nabla_{\theta}L", INLINE, "∇_θ L", "∇<sub><i>θ</i></sub><i>L</i>"),
    (r"\text{softmax}(z)", INLINE, "softmax(z)", "softmax(<i>z</i>)"),
    (r"\mathrm{ReLU}(z)", INLINE, "ReLU(z)", "ReLU(<i>z</i>)"),
    (r"\Delta t", INLINE, "Δt", "Δ<i>t</i>"),
    (r"\sin^2 t", INLINE, "sin² t", "sin<sup>2</sup> <i>t</i>"),
    (r"t\in\{0,1\}^m", INLINE, "t ∈ {0, 1}ᵐ", "<i>t</i> ∈ {0, 1}<sup><i>m</i></sup>"),
    (r"a\neq b", INLINE, "a ≠ b", "<i>a</i> ≠ <i>b</i>"),
    (r"a \to b", INLINE, "a → b", "<i>a</i> → <i>b</i>"),
    (r"\eqref{eq:other}", INLINE, "(…)", "(…)"),
    (r"\frac{a+b}{c+d}", INLINE, "(a+b)/(c+d)", None),
    (r"\frac{\partial g}{\partial t}", INLINE, "∂g/∂t", None),
    (r"\frac12", INLINE, "1/2", None),
    (r"\sqrt{a+b}", INLINE, "√(a + b)", None),
    (r"\sqrt[3]{t}", INLINE, "³√t", None),
    (r"\hat{t}", INLINE, "t̂", None),
    (r"\bar{t}", INLINE, "t̄", None),
    (r"\tilde{\boldsymbol{t}}", INLINE, "t̃", None),
    (r"\overline{ab}", INLINE, "overline(ab)", None),
    (r"\widetilde{ab}", INLINE, "tilde(ab)", None),
    (r"\int_0^1 g(t)dt", INLINE, "∫₀¹ g(t)dt", None),
    (r"\mathop{\text{argmin}}_t g(t)", D, "argminₜ g(t)", None),
    (r"\binom mk", INLINE, "(m choose k)", None),
    (r"-\sum_{w\in \text{词表}}\log q_w\tag{1.2}", D, "−∑_(w∈词表) log q_w", None),
    (r"\begin{equation}\boldsymbol{z}_s = g(\boldsymbol{z}_{s-1})\label{eq:z}\end{equation}", D, "zₛ = g(zₛ₋₁)", None),
    (r"\begin{aligned}a&=b\\c&=\sqrt{d}\end{aligned}", D, "a = b; c = √d", None),
    (r"\begin{align}a&=b\nonumber\\c&=d\end{align}", D, "a = b; c = d", None),
    (r"\begin{eqnarray}a&=&b\\c&=&d\end{eqnarray}", D, "a = b; c = d", None),
    (r"\begin{equation}\begin{split}a&=b\\&=c\end{split}\end{equation}", D, "a = b; = c", None),
    (r"\begin{gather*}a\\[5pt]b\end{gather*}", D, "a; b", None),
    (r"g=\begin{cases}1,&\text{若 $t>0$}\\0,&\text{其他}\end{cases}", D, "g = {1, 若 t > 0; 0, 其他", None),
    (r"\begin{pmatrix}a&b\\c&d\end{pmatrix}", D, "(a, b; c, d)", None),
    (r"\sum_{\substack{i=1\\j=2}}t", D, "∑_(i=1; j=2) t", None),
    (r"\left(\frac{a}{b}\right)^2", D, "(a/b)²", None),
    (r"\underbrace{a+b}_{\text{和}}", D, "(a + b)_和", None),
    (r"\prod_{j=1}^m q_j", D, "∏ⱼ₌₁ᵐ qⱼ", None),
    (r"\Large a", D, "a", None),
]  # fmt: skip


@pytest.mark.parametrize(("tex", "display", "line", "html"), FORMULAS, ids=[row[0] for row in FORMULAS])
def test_a_formula_is_right_in_every_channel(tex: str, display: bool, line: str, html: str | None) -> None:
    formula = Formula(tex, display)
    made = mathml(formula)
    assert made is not None
    root = etree.fromstring(made)
    assert (root.tag, root.get("display")) == ("math", "block" if display else "inline")
    assert " style=" not in made
    assert linear(formula) == line
    assert html_text(formula) == html
    if html is not None:
        etree.fromstring(f"<p>{html}</p>")
    drawn = picture(formula)
    assert drawn is not None
    assert struct.unpack(">II", drawn.png[16:24]) == (3 * drawn.width, 3 * drawn.height)
    assert 0 <= drawn.depth < drawn.height


@pytest.mark.parametrize("tex", [row[0] for row in FORMULAS])
def test_a_normal_form_is_its_own_normal_form(tex: str) -> None:
    once, _ = normalised(tex)
    assert normalised(once) == (once, "")


def test_the_tag_is_lifted_out() -> None:
    assert normalised(r"a\tag{2.1}") == ("a", "2.1")


def test_the_same_picture_has_the_same_bytes_and_name() -> None:
    one, other = Formula(r"a+\text{中}\tag{1}", D), Formula(r"a+\mbox{中}\label{x}", D)
    assert name(one) == name(other) != name(Formula(r"a+\text{中}", INLINE))
    assert picture(one) == picture(other)
    assert len(name(one)) == 32


@pytest.mark.parametrize(
    ("tex", "scales"),
    [
        (r"\sqrt[\text{甲}]{\text{乙}}", {"甲": "0.55", "乙": ""}),
        (r"\overset{\text{甲}}{\text{乙}}", {"甲": "0.7", "乙": ""}),
        (r"\text{乙丙}_{甲}", {"甲": "0.7", "乙": "", "丙": ""}),
        (r"\frac{\text{乙}}{\text{丙}_\text{甲}}", {"甲": "0.7", "乙": "", "丙": ""}),
        (r"\underbrace{\text{乙}}_{\text{甲}}", {"甲": "0.7", "乙": ""}),
    ],
)
def test_each_chinese_character_stands_in_its_own_place(tex: str, scales: dict[str, str]) -> None:
    texts = [part for part in _drawing(tex, display=True).iter("{*}text") if part.text]
    assert {part.text: (re.findall(r"scale\(([\d.]+)\)", part.get("transform")) or [""])[0] for part in texts} == scales
    assert picture(Formula(tex, D)) is not None


@pytest.mark.parametrize("tex", [r"\text{龘}", r"\foo", r"\rule{10em}{1em}", "x" * 3000])
def test_what_cannot_be_drawn_right_has_no_picture(tex: str) -> None:
    assert picture(Formula(tex, D)) is None


def test_every_class_of_a_table_has_a_rule() -> None:
    made = mathml(Formula(r"\begin{array}{c|c}a&b\\\hline c&d\end{array}\begin{cases}1&2\end{cases}", D)) or ""
    names = {name for part in etree.fromstring(made).iter() for name in part.get("class", "").split()}
    assert {"br", "bt", "ml"} <= names
    assert all(f".{name} {{" in CSS for name in names)


def test_every_formula_of_the_real_dumps_can_be_shown_everywhere(real_dumps: Path) -> None:
    found = [
        piece
        for path in sorted(real_dumps.glob("*.txt"))
        for piece in pieces(path.read_text("utf-8"))
        if isinstance(piece, Formula)
    ]
    assert len(found) > 20
    for formula in found:
        assert mathml(formula) is not None, formula
        assert linear(formula) not in {formula.tex, ""} or "\\" not in formula.tex, formula
        assert html_text(formula) is not None or picture(formula) is not None, formula
