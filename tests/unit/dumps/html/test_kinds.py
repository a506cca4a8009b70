"""The kinds and links that markup shows: displayed as they are, stored, and no obstacle to matching."""

from __future__ import annotations

from dataclasses import astuple

import pytest

from digest.changes.prepared import fingerprint, view
from digest.changes.text import Relation, relation, same_text
from digest.dumps.html import body
from digest.dumps.structure import blocks
from digest.model import NO_EXTRAS, BlockKind, Content, Extras, kind_of, letter_of, realigned
from digest.store.database.statements import extras_of, extras_value
from digest.store.intake.dump_rows import _extras
from digest.typeset.html import html
from digest.typeset.text import text

ARTICLE = """<h2>A long heading, which no rule would take for one, because it ends with a stop.</h2>
<p>Short words</p><p>See <a href="/other">the other &lt;article&gt;</a> and $x^2$ <a href="https://e.org/">there</a>.</p>
<pre>x = 1
  y = 2</pre><p>Roses<br>are red, and <br>x</p><p>So \\[a=b\\] holds.</p><ul><li>one<ul><li>two</ul></ul>
<table><tr><td>a<td>b<tr><td>c<td>d</table><figure><img alt="A cat"><figcaption>My cat</figcaption></figure>"""
FLAT = (
    "A long heading, which no rule would take for one, because it ends with a stop.",
    "Short words",
    "See the other <article> and $x^2$ there.",
    "x = 1",
    "y = 2",
    "Roses\nare red, and\nx",
    "So \\[a=b\\] holds.",
    "one\ntwo",
    "a\tb\nc\td",
    "A cat",
    "My cat",
)


def content(markup: str = ARTICLE) -> Content:
    read = body(markup, "https://example.org/post")
    return Content("T", None, read.paragraphs, read.figures, extras=Extras(kinds=read.kinds, links=read.links))


def test_blocks_have_the_kinds_of_the_markup() -> None:
    assert [(block.kind, block.text) for block in blocks(content())] == [
        (BlockKind.HEADING, FLAT[0]),
        (BlockKind.PARAGRAPH, "Short words"),
        (BlockKind.PARAGRAPH, "See the other <article> and $x^2$ there."),
        (BlockKind.CODE, "x = 1\n  y = 2"),
        (BlockKind.VERSE, "Roses\nare red, and\nx"),
        (BlockKind.PARAGRAPH, "So "),
        (BlockKind.FORMULA, "\\[a=b\\]"),
        (BlockKind.PARAGRAPH, " holds."),
        (BlockKind.PARAGRAPH, "- one\n  - two"),
        (BlockKind.PARAGRAPH, "a | b\nc | d"),
        (BlockKind.FIGURE, "A cat\nMy cat"),
    ]


def test_pages_and_feeds_show_links_and_indentation_and_no_markup_of_the_article() -> None:
    shown = html(blocks(content()))
    assert '<a href="https://example.org/other">the other &lt;article&gt;</a> and <math' in shown
    assert '<a href="https://e.org/">there</a>.' in shown
    assert "- one<br/>\xa0\xa0- two" in shown
    assert "<article>" not in shown
    assert "<a href" not in html(blocks(content()), styles={})
    assert "  - two" in text(blocks(content()))


def test_a_link_stands_where_it_stood_and_not_where_its_word_came_first() -> None:
    markup = (
        '<p>A link, 链接,说这里, and here: $x$ then <a href="https://a.org/">here</a>. 见这里,再看<a href="https://b.org/">这里</a>,好。'
        '</p><ul><li>here<li><a href="https://c.org/">here</a></ul>'
    )
    shown = html(blocks(content(markup)))
    assert "and here: <math" in shown
    assert 'then <a href="https://a.org/">here</a>. 见这里，再看<a href="https://b.org/">这里</a>，好。' in shown
    assert '- here<br/>- <a href="https://c.org/">here</a>' in shown


def test_kinds_that_do_not_fit_the_paragraphs_are_not_used() -> None:
    one = Content("T", None, ("import os", "import re"), (), extras=Extras(kinds="p"))
    assert [block.kind for block in blocks(one)] == [BlockKind.CODE]


def test_a_text_dump_of_the_article_has_the_same_text() -> None:
    flat = Content("T", None, FLAT, ())
    assert same_text(content(), flat)
    assert relation(flat, content()) is Relation.SAME
    without_alt = Content("T", None, tuple(line for line in FLAT if line != "A cat"), ())
    assert same_text(content(), without_alt)


def test_kinds_follow_their_paragraphs() -> None:
    one = Content("T", None, ("a", "b"), (), extras=Extras(kinds="hp"))
    other = Content("T", None, ("b", "c"), (), extras=Extras(kinds="cv"))
    assert realigned(("c", "b", "x", "a"), one, other) == "vp-h"
    assert realigned(("x",), one) == realigned(("x",), Content("T", None, ("x",), ())) == ""


def test_kinds_alone_change_the_view_and_not_the_fingerprint() -> None:
    one, other = content(), content(ARTICLE.replace("<h2>", "<p>").replace("</h2>", "</p>"))
    assert one.paragraphs == other.paragraphs
    assert fingerprint(one) == fingerprint(other)
    assert view(one) != view(other)


@pytest.mark.parametrize("extras", [Extras(kinds="ph-"), Extras(links=(("a", "https://e.org/", 1),)), NO_EXTRAS])
def test_kinds_and_links_are_stored(extras: Extras) -> None:
    assert extras_of(extras_value(extras)) == extras == extras.lasting
    assert _extras(*astuple(extras)) == extras


def test_each_kind_has_a_letter() -> None:
    assert [kind_of(letter_of(kind)) for kind in BlockKind] == list(BlockKind)
    assert kind_of("-") is None
