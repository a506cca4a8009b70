"""Blocks as HTML: well-formed, every character of the text still text, classes for pages, styles for mail."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from digest.model import Block, BlockKind
from digest.typeset.html import html
from digest.typeset.punctuation import full_width

if TYPE_CHECKING:
    from digest.typeset.math.extract import Formula

P, H, F, V, C, X = (
    BlockKind.PARAGRAPH,
    BlockKind.HEADING,
    BlockKind.FIGURE,
    BlockKind.VERSE,
    BlockKind.CODE,
    BlockKind.FORMULA,
)
SCRIPT = "<script>alert(1)</script>"
ELEMENTS = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "figure", "figcaption", "pre", "code", "br"}
HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff]"
)
STYLES = {
    "p": 'font-family: "Noto Serif", serif',
    "heading": "margin: 0",
    "figure": "border-left: 3px solid",
    "caption": "color: #666",
    "verse": "margin-left: 2em",
    "code": "white-space: pre-wrap",
    "formula": "text-align: center",
}


def parsed(made: str) -> etree._Element:
    return etree.fromstring(f"<div>{made}</div>")


def text_of(element: etree._Element) -> str:
    """The text as a browser shows it, a line break for each `<br/>`."""
    for rest in element.iter("br"):
        rest.text = "\n"
    return "".join(element.itertext())


@pytest.mark.parametrize(
    ("block", "made"),
    [
        (Block(P, "甲\n乙"), "<p>甲<br/>乙</p>"),
        (Block(H, "题"), '<h3 class="heading">题</h3>'),
        (Block(F, "图 1"), '<figure class="figure"><figcaption class="caption">图 1</figcaption></figure>'),
        (Block(V, "春山\n石阶"), '<p class="verse">春山<br/>石阶</p>'),
        (Block(C, "a = 1\n  b"), '<pre class="code"><code>a = 1\n  b</code></pre>'),
        (Block(X, r"$$a<b\n$$"), r'<p class="formula"><code>$$a&lt;b\n$$</code></p>'),
        (
            Block(X, "$$a\nb$$"),
            '<p class="formula"><span class="displayed"><math display="block"><mi>a</mi><mi>b</mi></math></span></p>',
        ),
    ],
)
def test_each_kind_of_block_has_its_element(block: Block, made: str) -> None:
    assert html([block]) == made


@pytest.mark.parametrize(
    ("kind", "made"),
    [
        (P, '<p style="font-family: &quot;Noto Serif&quot;, serif">甲</p>'),
        (H, '<h3 style="margin: 0">甲</h3>'),
        (F, '<figure style="border-left: 3px solid"><figcaption style="color: #666">甲</figcaption></figure>'),
        (V, '<p style="margin-left: 2em">甲</p>'),
        (C, '<pre style="white-space: pre-wrap"><code>甲</code></pre>'),
        (X, '<p style="text-align: center">甲</p>'),
    ],
)
def test_styles_take_the_place_of_classes(kind: BlockKind, made: str) -> None:
    assert html([Block(kind, "甲")], styles=STYLES) == made
    assert "style=" not in html([Block(kind, "甲")], styles={})
    assert "class=" not in html([Block(kind, "甲")], styles={})


@pytest.mark.parametrize("level", [1, 2, 4, 6])
def test_headings_are_of_the_level_asked_for(level: int) -> None:
    assert html([Block(H, "题")], level=level) == f'<h{level} class="heading">题</h{level}>'


def test_blocks_stand_one_after_the_other_and_none_gives_nothing() -> None:
    assert html([Block(P, "甲"), Block(P, "乙")]) == "<p>甲</p>\n<p>乙</p>"
    assert html([]) == ""


@pytest.mark.parametrize("styles", [None, STYLES])
@pytest.mark.parametrize("kind", BlockKind)
@pytest.mark.parametrize(
    "text", [SCRIPT, "]]>", "<!--", "&amp; & &lt;", "a\" onload='x'", "<br/>", "<img src=x onerror=y>", "{{ 7*7 }}"]
)
def test_markup_in_the_text_stays_text(text: str, kind: BlockKind, styles: dict[str, str] | None) -> None:
    found = parsed(html([Block(kind, text)], styles=styles))

    assert {element.tag for element in found.iter()} - {"div"} <= ELEMENTS - {"br"}
    assert text_of(found) == text


def _drawn(formula: Formula) -> str:
    return f'<img src="{formula.tex}" style="vertical-align:0"/>'


@pytest.mark.parametrize(
    ("text", "made"),
    [
        (
            "即$x$,然后",
            '<span style="white-space:nowrap"><img src="x" style="margin-left:0.15em;vertical-align:0"/>，</span>',
        ),
        ("见 $x$)。”", '<span style="white-space:nowrap"><img src="x" style="vertical-align:0"/>)。”</span>'),
        ("一个$x$维", '<img src="x" style="margin-left:0.15em;margin-right:0.15em;vertical-align:0"/>维'),
        ("是 $x$ 的", ' <img src="x" style="vertical-align:0"/> 的'),
        ("（$x$）", '（<span style="white-space:nowrap"><img src="x" style="vertical-align:0"/>）</span>'),
        ("<$x$>", '&lt;<img src="x" style="vertical-align:0"/>&gt;'),
    ],
)
def test_a_picture_keeps_the_mark_after_it_and_a_gap_to_chinese(text: str, made: str) -> None:
    assert made in html([Block(P, text)], channel=_drawn)


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("一个$n$维", '<math class="gap-left gap-right" display="inline"><mi>n</mi></math>维'),
        ("即$n$,然后", '<span class="glued"><math class="gap-left" display="inline"><mi>n</mi></math>，</span>然后'),
        ("见 $n$ 处", '见 <math display="inline"><mi>n</mi></math> 处'),
    ],
)
def test_mathml_keeps_the_mark_after_it_and_a_gap_to_chinese(text: str, made: str) -> None:
    assert made in html([Block(P, text)])


@given(
    st.lists(
        st.builds(
            Block,
            st.sampled_from(BlockKind),
            st.text(
                st.characters(exclude_characters="$\\\r") | st.sampled_from("<>&\"'\n\x00\ud800\u202e"), max_size=30
            ),
        ),
        max_size=4,
    ),
    st.none() | st.just(STYLES),
)
def test_any_text_is_well_formed_and_loses_only_what_nobody_could_see(
    blocks: list[Block], styles: dict[str, str] | None
) -> None:
    found = parsed(html(blocks, styles=styles))

    assert len(found) == len(blocks)
    assert {element.tag for element in found.iter()} - {"div"} <= ELEMENTS
    assert {name for element in found.iter() for name in element.attrib} <= {"style" if styles else "class"}
    for element, block in zip(found, blocks, strict=True):
        element.tail = None
        seen = HIDDEN.sub("", block.text)
        assert text_of(element) == (seen if block.kind is C else full_width(seen))


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\"'<>&")))
def test_a_style_cannot_leave_its_attribute(style: str) -> None:
    allowed = HIDDEN.sub("", style)
    (element,) = parsed(html([Block(P, "甲")], styles={"p": allowed}))

    assert dict(element.attrib) == ({"style": allowed} if allowed else {})
