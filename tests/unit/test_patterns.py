"""Patterns of topics: they mean what Python's `re` means, and none of them takes long."""

from __future__ import annotations

import re
import threading
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest import checks
from digest.model import NO_EXTRAS
from digest.patterns import Pattern, hostile
from digest.service.publishing.feeds import _Rule
from digest.settings import Topic

_ATOMS = [
    "a", "B", "第", "數", "٣", "é", "_", " ", "\\.", ".", "\\d", "\\D", "\\w", "\\W", "\\s", "\\S", "[\\d_]", "[^\\w]",
    "[\\W第]", "[^\\s]", "[\\S]", "[]a]", "[^]a]", "[a-c\\u4e00-\\u9fff]", "\\u7b2c", "\\U00000061",
    "\\N{BULLET}", "[\\b]",
    "(?:ab|第)", "(数|a)", "\\Z", "^", "$", "a*", "\\d+?", "\\w{2,3}", "[\\]a]", "\\[",
]  # fmt: skip
_TEXTS = st.text(alphabet="aAbB第數数٣é_ .\n\t\u3000\u00a0\u2022\x08‿[]{}", max_size=12)


@given(st.lists(st.sampled_from(_ATOMS), min_size=1, max_size=5).map("".join), _TEXTS)
def test_a_pattern_finds_what_pythons_own_finds(pattern: str, text: str) -> None:
    expected = re.search(pattern, text, re.IGNORECASE)
    if "$" in pattern and text.endswith("\n"):  # Python's $ also stands before the last line end
        return

    assert Pattern(pattern).found(text) is (expected is not None)


@pytest.mark.parametrize(
    ("pattern", "part"),
    [
        ("(?=数)学", "(?= looks ahead"),
        ("(?!数)", "(?! looks ahead"),
        ("(?<=第)三", "looks ahead or behind"),
        ("(?<!第)三", "looks ahead or behind"),
        (r"(a)\1", r"\1 refers back to a group"),
        (r"(?P<x>a)(?P=x)", "refers back to a group"),
        (r"(x)?(?(1)a|b)", "write both cases"),
        ("(?>a)b", "leave that out"),
        ("a++b", "leave that out"),
        ("(?x) a", "sets a flag"),
        ("(?u)a", "sets a flag"),
        ("(?#number)a", "has a comment"),
        ("a{1001}", "more than 1000 times"),
        ("((a{100}){100}){100}", "more than 1000 times"),
        (r"\w{500}", "too large"),
        (r"\u4e", "incomplete escape"),
        (r"\N{NO SUCH SIGN}", "unknown character"),
        (r"\N{KEYCAP DIGIT ONE}", "several characters"),
        ("(", "missing )"),
        ("[a", "missing ]"),
        ("*", "no argument"),
    ],
)
def test_what_needs_more_than_linear_time_is_refused_with_what_to_write_instead(pattern: str, part: str) -> None:
    with pytest.raises(ValueError, match=re.escape(part)):
        Topic(id="x", title="x", patterns=(pattern,))


@pytest.mark.parametrize("pattern", ["(a+)+b", "(a|a)*b", "(a|aa)+$", "(.*)*=(.*)*;", r"(\w+\s?)*!", "(x+x+)+y"])
def test_a_pattern_that_would_backtrack_for_ever_ends_on_every_hostile_text(pattern: str) -> None:
    texts = list(hostile(pattern))

    assert all(len(text) > 10_000 for text in texts)
    assert {Pattern(pattern).found(text) for text in texts} <= {True, False}


def test_other_threads_go_on_while_a_text_is_searched() -> None:
    pattern, turns, done = Pattern("(a?){300}a{300}b"), [0], threading.Event()

    def search() -> None:
        pattern.found("a" * 30_000)
        done.set()

    searching = threading.Thread(target=search)
    searching.start()
    while not done.is_set():
        turns[0] += 1
    searching.join()

    assert turns[0] > 1000, "the interpreter was not free meanwhile"


def test_a_topic_is_asked_of_an_entry_without_backtracking() -> None:
    rule = _Rule(Topic(id="x", title="x", patterns=("(a+)+$", "(b|b)*c")))
    words = _Rule(Topic(id="y", title="y", words=("数学",), patterns=("(b|b)*c",)))

    assert not rule.holds(_entry("a" * 50_000 + "!" + "b" * 50_000))
    assert rule.holds(_entry("bbbC"))
    assert words.holds(_entry("数学"))
    assert not words.holds(_entry("b" * 50_000))


def _entry(text: str) -> Any:
    content = SimpleNamespace(title="t", paragraphs=(text,), author=None, extras=NO_EXTRAS)
    return SimpleNamespace(content=content, sources=())


def test_text_that_no_encoding_has_is_searched_too() -> None:
    assert Pattern("学").found("\ud800数学")


def test_check_shows_how_long_patterns_may_take_and_warns_of_a_slow_one() -> None:
    topic = Topic(id="x", title="x", patterns=("a", "b+"))
    moments = iter(range(10_000))

    quick = checks._patterns(topic, lambda: 0.0)
    assert quick.says.startswith("2 patterns, 100,000 characters")
    assert not quick.problem
    slow = checks._patterns(topic, lambda: float(next(moments)))
    assert slow.problem.startswith("'a' may take")
