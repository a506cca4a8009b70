"""One formula in each channel, and in a whole block."""

from __future__ import annotations

from lxml import etree

from digest.model import Block, BlockKind
from digest.typeset.formulas import Size, formulas, needs_picture, page, pictured
from digest.typeset.formulas import text as linear
from digest.typeset.html import html
from digest.typeset.math.extract import Formula, pieces
from digest.typeset.math.picture import name
from digest.typeset.text import text

SIMPLE, FRACTION = "$x^2$", r"$\frac{a}{b}$"
TAGGED = r"\begin{equation}e^x>0\tag{1}\end{equation}"


def formula(written: str) -> Formula:
    (made,) = pieces(written)
    assert isinstance(made, Formula)
    return made


def test_a_browser_gets_mathml_and_a_tag_beside_it() -> None:
    assert page(formula(SIMPLE)).startswith("<math")
    shown = etree.fromstring(page(formula(TAGGED)))
    assert shown.get("class") == "displayed"
    assert shown.findtext("span") == "(1)"


def test_a_feed_gets_text_where_that_is_enough_and_a_picture_else() -> None:
    assert not needs_picture(formula(SIMPLE))
    assert needs_picture(formula(FRACTION))
    called = name(formula(FRACTION))
    shown = pictured({called: Size(20, 30, 8)}, lambda named: f"https://x.example/{named}.png")
    assert shown(formula(SIMPLE)) == "<i>x</i><sup>2</sup>"
    image = etree.fromstring(shown(formula(FRACTION)))
    assert dict(image.attrib) == {
        "src": f"https://x.example/{called}.png",
        "width": "20",
        "height": "30",
        "alt": "a/b",
        "title": FRACTION,
        "style": "vertical-align:-0.500em",
    }


def test_what_cannot_be_shown_stands_as_it_was_written() -> None:
    unknown = formula(r"$\nosuchcommand<x$")
    assert page(unknown) == pictured({}, str)(unknown) == r"<code>$\nosuchcommand&lt;x$</code>"


def test_a_plain_text_has_formulas_on_its_line() -> None:
    assert linear(f"设{SIMPLE}与{FRACTION}。") == "设x²与a/b。"
    assert text([Block(BlockKind.PARAGRAPH, f"设{SIMPLE},则")]) == "设x²，则"
    assert text([Block(BlockKind.CODE, "$x^2$")]) == "    $x^2$"


def test_formulas_are_set_within_their_block_and_code_is_left_alone() -> None:
    made = html([Block(BlockKind.PARAGRAPH, f"若{SIMPLE},则<b>")], channel=pictured({}, str))
    assert made == "<p>若<i>x</i><sup>2</sup>，则&lt;b&gt;</p>"
    assert html([Block(BlockKind.CODE, SIMPLE)]) == '<pre class="code"><code>$x^2$</code></pre>'


def test_the_formulas_of_a_text_are_found_in_every_block_but_code() -> None:
    blocks = [Block(BlockKind.HEADING, SIMPLE), Block(BlockKind.CODE, "$y$"), Block(BlockKind.FORMULA, TAGGED)]
    assert [found.source for found in formulas(blocks)] == [SIMPLE, TAGGED]


def test_no_line_begins_with_the_comma_behind_a_formula() -> None:
    made = html([Block(BlockKind.PARAGRAPH, f"若{SIMPLE},则{SIMPLE}成立")])
    assert made.startswith('<p>若<span class="glued"><math')
    assert "</math>，</span>则<math" in made
    assert "</math>成立" in made
