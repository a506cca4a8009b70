"""Invisible characters around a text."""

from __future__ import annotations

import re
import sys

from hypothesis import given
from hypothesis import strategies as st

from digest.dumps.layouts.characters import INVISIBLE, bare

_UNSEEN = re.compile(rf"[\s{INVISIBLE}]")


def test_exactly_what_is_blank_or_invisible_is_taken_off() -> None:
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        taken = bare(f"{character}数{character}") == "数"
        assert taken is (_UNSEEN.fullmatch(character) is not None), hex(code)


@given(st.text(alphabet=" \n\t\u3000\u2060\u200b\ufeff数a"))
def test_it_is_taken_off_both_ends_and_nowhere_else(text: str) -> None:
    assert bare(text) == re.sub(rf"\A[\s{INVISIBLE}]+|[\s{INVISIBLE}]+\Z", "", text)


def test_a_long_run_in_the_middle_is_passed_once() -> None:
    """Tried from each of its characters on, this would take hours."""
    text = "数" + " \u2060" * 1_000_000 + "学"

    assert bare(f"\u2060{text}\u2060") == text
