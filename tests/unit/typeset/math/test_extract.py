from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.typeset.math.extract import Formula, pieces


def formulas(text: str) -> list[Formula]:
    return [piece for piece in pieces(text) if isinstance(piece, Formula)]


def put_together(text: str) -> str:
    return "".join(piece if isinstance(piece, str) else piece.source for piece in pieces(text))


@pytest.mark.parametrize(
    ("text", "tex"),
    [
        ("设$x$为", ["x"]),
        ("$a$$b$", ["a", "b"]),
        (r"$a$和\(b\)", ["a", "b"]),
        ("$$a\n+b$$", ["a\n+b"]),
        (r"\[a\]", ["a"]),
        (r"\begin{align}a&=b\end{align}", [r"\begin{align}a&=b\end{align}"]),
        (r"$$\begin{cases}a\end{cases}$$", [r"\begin{cases}a\end{cases}"]),
        (r"\begin{array}{c}\begin{array}{c}1\end{array}\end{array}", [
            r"\begin{array}{c}\begin{array}{c}1\end{array}\end{array}"
        ]),
        (r"$a\text{若$b$}$", [r"a\text{若$b$}"]),
        (r"价$5,而$x$是", ["x"]),
        (r"\\$x$", ["x"]),
        ("$1$到$n$", ["1", "n"]),
        ("$2x$", ["2x"]),
    ],
)  # fmt: skip
def test_a_formula_is_found_between_its_delimiters(text: str, tex: list[str]) -> None:
    assert [formula.tex for formula in formulas(text)] == tex


@pytest.mark.parametrize(
    "text",
    [
        "", "$", "$$", "$$$$", "$ x$", "$x $", "$x\ny$", r"\$x\$", "$a{$", r"$$a{$$", "$5和$6", "卖$5/月,共$60",
        "from $5 to $6", "US$5-$6", "$name和$value都是变量", r"\begin{align}a", r"\begin{verbatim}a\end{verbatim}",
        r"\[a", r"\(a", "\\(a\nb\\)", "$$a\n\nb$$", r"\\(a\\)", r"\end{align}", "$   $",
    ],
)  # fmt: skip
def test_what_is_no_formula_stays_literal(text: str) -> None:
    assert formulas(text) == []
    assert put_together(text) == text


def test_delimiters_decide_what_is_displayed_and_the_tag_is_known() -> None:
    inline, displayed = formulas(r"$a$ $$b\tag{2.1}$$")
    assert (inline.display, displayed.display) == (False, True)
    assert (inline.tag, displayed.tag) == ("", "2.1")


@given(st.lists(st.sampled_from(["$", "$$", "\\", "{", "}", "\\[", "\\]", "\\(", "\\)", "a", "中", "5", " ", "\n",
                                 "\\begin{align}", "\\end{align}", "\\begin{cases}", "\\end{cases}"])))  # fmt: skip
def test_pieces_put_together_are_the_text(parts: list[str]) -> None:
    text = "".join(parts)
    assert put_together(text) == text


@pytest.mark.parametrize(
    "unit",
    ["$", "$x", "${", "$$", "$$x{", "\\(", "\\({", "\\[", "\\[{", "\\begin{align}", "\\begin{align}\n\n$", "\\", "$a}"],
)
@pytest.mark.parametrize("end", ["", "\\)\\]$$\\end{align}"])
def test_many_delimiters_takes_linear_time(unit: str, end: str) -> None:
    text = unit * (100_000 // len(unit)) + end
    start = time.process_time()
    assert put_together(text) == text
    assert time.process_time() - start < 6  # seconds; in quadratic time it would be minutes
