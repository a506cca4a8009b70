"""Tokens of a text, terms of a query, and where they match."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.search_terms import Term, marks, query, tokens

SOME = st.text(alphabet='位置编码的 aAéß12,。$\\{}-\u0301\u200b½𪜀\x00"*', max_size=30)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("位", "位"),
        ("位置编码", "位置 置编 编码 码"),
        ("位置,编码", "位置 置 编码 码"),
        ("BERT的模型", "bert 的模 模型 型"),
        ("ＢＥＲＴ－２", "bert 2"),
        ("Hölder Lévy Gauß", "holder levy gauss"),
        ("Ho\u0308lder", "holder"),
        ("位\u200b置 so\u00adft", "位置 置 soft"),
        ("2.5 3x", "2 5 3x"),
        ("𠮷𪜀𰻝", "𠮷𪜀 𪜀𰻝 𰻝"),
        ("時々〇", "时々 々〇 〇"),
        ("圓周率 髮與發", "圆周 周率 率 发与 与发 发"),
        ("ひらカナ", "ひら らカ カナ ナ"),
        ("한국", "한국"),
        ("αβ 𝒩 ﬁ", "αβ n fi"),
        ("snake_case", "snake case"),
        (r"$\boldsymbol{x}_t=\text{softmax}$", "x t softmax"),
        (r"\begin{equation}\label{eq:one}a\end{equation}", "a"),
        ("、。 \x00\ud800 +-*", ""),
        ("a" * 70, "a" * 64),
    ],
)
def test_the_tokens_of_a_text(text: str, found: str) -> None:
    assert tokens(text) == found.split()


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("位", [Term(("位",), open=True)]),
        ("位置", [Term(("位置",), open=False)]),
        ("位置编码", [Term(("位置", "置编", "编码"), open=False)]),
        ("位置 编码,位置", [Term(("位置",), open=False), Term(("编码",), open=False)]),
        ("BERT的", [Term(("bert", "的"), open=True)]),
        ("型B", [Term(("型", "b"), open=False)]),
        ("大模型B", [Term(("大模", "模型", "型", "b"), open=False)]),
        ("self-attention", [Term(("self", "attention"), open=False)]),
        ("", []),
        ('" OR * ( \x00', [Term(("or",), open=False)]),
        (r"\alpha", []),
    ],
)
def test_the_terms_of_a_query(text: str, terms: list[Term]) -> None:
    assert list(query(text)) == terms


def test_a_query_is_looked_for_as_far_as_its_first_two_hundred_characters() -> None:
    assert query("甲" * 10_000) == query("甲" * 200)


@pytest.mark.parametrize(
    ("text", "asked", "marked"),
    [
        ("旋转式位置编码", "位置", "旋转式[位置]编码"),
        ("旋转式位置编码", "位置编码", "旋转式[位置编码]"),
        ("旋转式位置编码", "编", "旋转式位置[编]码"),
        ("旋转式位置编码", "编码 位置", "旋转式[位置编码]"),
        ("旋转式位置编码", "位置 置编", "旋转式[位置编]码"),
        ("位置与编码", "位置编码", "位置与编码"),
        ("的的的", "的", "[的的的]"),
        ("A的A的", "的", "A[的]A[的]"),
        ("BERT与mBERT", "bert", "[BERT]与mBERT"),
        ("ＢＥＲＴ的模型", "bert的", "[ＢＥＲＴ的]模型"),
        ("cafe\u0301!", "café", "[cafe\u0301]!"),
        ("½ 杯", "2", "[½] 杯"),
        ("Self Attention", "self-attention", "[Self Attention]"),
        (r"$\alpha$ alpha", "alpha", r"$\alpha$ [alpha]"),
        ("a" * 70, "a" * 64, f"[{'a' * 70}]"),
        ("随便", "", "随便"),
    ],
)
def test_the_places_of_a_query_in_a_text(text: str, asked: str, marked: str) -> None:
    for start, end in reversed(marks(text, query(asked))):
        text = f"{text[:start]}[{text[start:end]}]{text[end:]}"
    assert text == marked


@given(st.text())
def test_tokens_are_small_letters_and_digits(text: str) -> None:
    for character in "".join(tokens(text)):
        assert character.isalnum() or unicodedata.category(character) == "Cn"  # Chinese that Python does not know yet
        assert not "A" <= character <= "Z"


@given(st.text())
def test_tokens_do_not_depend_on_case_or_on_the_form_of_unicode(text: str) -> None:
    latin = "".join(c for c in text if ord(c) < 0x250)
    assert tokens(latin.upper()) == tokens(latin.upper().lower())
    assert tokens(unicodedata.normalize("NFD", latin)) == tokens(unicodedata.normalize("NFC", latin))


@given(SOME | st.text(), SOME | st.text())
def test_marks_are_ordered_apart_and_within_the_text(text: str, asked: str) -> None:
    found = marks(text, query(asked))
    ends = [0, *(end for _, end in found)]
    assert all(start < end for start, end in found)
    assert all(before < start or (before, start) == (0, 0) for before, (start, _) in zip(ends, found, strict=False))
    assert ends[-1] <= len(text)


@given(SOME, SOME, SOME)
def test_a_word_is_found_in_the_middle_of_others(before: str, word: str, behind: str) -> None:
    text = f"{before} {word} {behind}"
    found = [text[start:end] for start, end in marks(text, query(word))]
    assert bool(found) == bool(query(word)) or "\\" in before


@given(st.text(alphabet="位置编码的", min_size=1, max_size=12), st.data())
def test_chinese_is_found_from_and_to_any_character(text: str, draw: st.DataObject) -> None:
    start = draw.draw(st.integers(0, len(text) - 1))
    end = draw.draw(st.integers(start + 1, len(text)))
    found = marks(text, query(text[start:end]))
    assert any(first <= start and end <= last for first, last in found)
