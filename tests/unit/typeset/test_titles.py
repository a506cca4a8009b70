"""What is displayed in place of a title that no page prints."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.model import Content
from digest.typeset.titles import UNTITLED, first_sentence, headline, labels


def content(*paragraphs: str, title: str = "", figures: tuple[str, ...] = ()) -> Content:
    return Content(title, None, paragraphs, figures)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("All the harbours want a new crane. Even I do.", "All the harbours want a new crane."),
        ("Hm. No. It is so by now. And on", "Hm. No. It is so by now."),
        ("3.14 is pi, v1.2.3 is a version. Next", "3.14 is pi, v1.2.3 is a version."),
        ("他说：“今天的天气很好。”然后就走了。", "他说：“今天的天气很好。”"),
        ("今天的天气非常好,是吗?明天不好。", "今天的天气非常好，是吗？"),
        ("两行\n在一段里", "两行"),
        ("没有句号的一行", "没有句号的一行"),
        ("设 $x_1 > 0$ 为任意一个实数。然后", "设 x₁ > 0 为任意一个实数。"),
        ("\u202eevil\u0007 words are here. More", "evil words are here."),
        ("", UNTITLED),
    ],
)
def test_the_first_sentence_takes_the_place_of_a_title(text: str, shown: str) -> None:
    assert headline(content(text)) == shown
    assert headline(content(text, title="T $x$")) == "T $x$"


def test_a_long_sentence_is_cut_and_a_caption_is_none() -> None:
    assert headline(content("x" * 300)) == "x" * 100 + "…"
    assert (
        first_sentence(content("图一", "正文的第一句话在这里。第二句", figures=("图一",))) == "正文的第一句话在这里。"
    )
    assert first_sentence(content("图一", figures=("图一",))) == "图一"


@given(st.lists(st.text(max_size=80), max_size=4))
def test_there_is_always_one_line(paragraphs: list[str]) -> None:
    shown = headline(content(*paragraphs))
    assert shown
    assert "\n" not in shown


def test_tags_are_shown_in_one_line_and_once() -> None:
    assert labels(["a\n b", "", " ", "a b", "c"]) == ["a b", "c"]
