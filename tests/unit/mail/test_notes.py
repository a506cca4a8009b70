"""An operator's note: Markdown, also beside Chinese, that becomes HTML without anything harmful."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html as lxml_html

from digest.errors import ConfigurationError
from digest.mail.composing.notes import checked_note, note_html


@pytest.mark.parametrize(
    ("note", "made"),
    [
        ("**快乐！**本周", "<p><strong>快乐！</strong>本周</p>"),
        ("本周**“大家好”**见", "<p>本周<strong>“大家好”</strong>见</p>"),
        ("他说*（小声）*好", "<p>他说<em>（小声）</em>好</p>"),
        ("**new** words, 2 * 3 * 4", "<p><strong>new</strong> words, 2 * 3 * 4</p>"),
        ("a_b_c and `x**y!**z`", "<p>a_b_c and <code>x**y!**z</code></p>"),
        ("# 题目\n\n- 一\n- 二", "<h3>题目</h3>\n<ul>\n<li>一</li>\n<li>二</li>\n</ul>"),
        ("<b onclick='x()'>hi</b>", "<p>&lt;b onclick='x()'&gt;hi&lt;/b&gt;</p>"),
        ("[hi](https://example.org/?a=1&b=2)", '<p><a href="https://example.org/?a=1&amp;b=2">hi</a></p>'),
    ],
)
def test_it_becomes_the_html_that_its_author_meant(note: str, made: str) -> None:
    assert note_html(note) == made


@given(st.text(alphabet=st.sampled_from("a中！*_~`[]()<>&\"'#-\n :/.x"), max_size=60))
def test_no_note_brings_anything_but_the_tags_of_a_note(note: str) -> None:
    made = note_html(note)
    tags = {element.tag for element in lxml_html.fragment_fromstring(f"<div>{made}</div>").iter()} - {"div"}
    assert tags <= {
        "p",
        "br",
        "em",
        "strong",
        "s",
        "code",
        "pre",
        "ul",
        "ol",
        "li",
        "blockquote",
        "a",
        "hr",
        "h3",
        "h4",
    }
    assert "\N{RAISED DOT}" not in made


@pytest.mark.parametrize("link", ["//example.org", "mine.html", "ftp://example.org/a"])
def test_a_link_that_leads_nowhere_in_a_mail_is_refused(link: str) -> None:
    with pytest.raises(ConfigurationError, match="the note links to"):
        checked_note(f"[hi]({link})")


@pytest.mark.parametrize("link", ["javascript:alert(1)", "data:text/html,x", "file:///etc", "vbscript:x"])
def test_a_harmful_link_stays_text(link: str) -> None:
    assert "href" not in note_html(f"[hi]({link})")
