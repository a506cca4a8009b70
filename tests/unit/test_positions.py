"""The lines of tables and keys in a TOML document: the places of what tomllib reads."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.settings.positions import lines_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.settings.positions import Path

# `TEXT` stands for three quotes, `RAW` for three apostrophes.
DOCUMENT = r"""# a comment with [brackets] and a = sign
title = "a # b" # ]
"quoted key" = 'it"s'
list = [ # of two
  1,
  [2, "]"],
]
point = { x = 1, "y" = { z = [3] } }
a.b.c = 1979-05-27 07:32:00

[table] # comment
text = TEXT
[not.a.table]
key = "no"\"TEXT
raw = RAW
[[neither]]RAW

[table.inner]
x = 1
[[many]]
id = "one"
[many.part]
y = 1
[[many]]
id = "two"
[[many.more]]
[[many.more]]
z = nan
""".replace("TEXT", '"' * 3).replace("RAW", "'" * 3)


def paths(found: object, before: Path = ()) -> Iterator[Path]:
    if before:
        yield before
    if isinstance(found, dict):
        for name, value in found.items():
            yield from paths(value, (*before, name))
    elif isinstance(found, list):
        for number, value in enumerate(found):
            yield from paths(value, (*before, number))


def test_each_key_has_its_line() -> None:
    lines = lines_of(DOCUMENT)

    assert lines[("title",)] == 2
    assert lines[("quoted key",)] == 3
    assert [lines[("list",)], lines[("list", 0)], lines[("list", 1)], lines[("list", 1, 1)]] == [4, 5, 6, 6]
    assert lines[("point", "y", "z", 0)] == 8
    assert lines[("a", "b", "c")] == 9
    assert [lines[("table",)], lines[("table", "text")], lines[("table", "raw")]] == [11, 12, 15]
    assert [lines[("table", "inner")], lines[("table", "inner", "x")]] == [18, 19]
    assert [lines[("many", 0)], lines[("many", 0, "part", "y")], lines[("many", 1, "id")]] == [20, 23, 25]
    assert [lines[("many", 1, "more", 0)], lines[("many", 1, "more", 1, "z")]] == [26, 28]
    assert set(paths(tomllib.loads(DOCUMENT))) == set(lines)


NAMES = st.sampled_from(["a", "b", '"c d"', "'e.f'", '"g\\""', "h-1"])
TEXTS = st.sampled_from(['"x"', "'y # ]'", '"""a\n"b""c"""', "'''d\n'e'''", '""', '"\\\\"', '"""x\\""""', "'''''x'''"])
PLAIN = st.sampled_from(["1", "-0.5", "true", "inf", "2020-01-01", "2020-01-01T00:00:00Z", "07:32:00", "0xFF", "1_000"])
SPACE = st.sampled_from(["", " ", "\t", "\n", "\r\n", ' # ] } "\n'])


def listed(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(
        lambda parts, gap: "[" + gap + f"{gap},".join(parts) + gap + "]", st.lists(inner, max_size=3), SPACE
    )


def table(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.dictionaries(NAMES, inner, max_size=3)
    return pairs.map(lambda made: "{" + ", ".join(f"{name} = {value}" for name, value in made.items()) + "}")


VALUES = st.recursive(TEXTS | PLAIN, lambda inner: listed(inner) | table(inner), max_leaves=6)
PAIR = st.builds(lambda name, value, gap: f'{name} = {value} # "\n{gap}\n', NAMES, VALUES, SPACE)
HEAD = st.builds(
    lambda names, several: f"[[{'.'.join(names)}]]\n" if several else f"[{' . '.join(names)}]\n",
    st.lists(NAMES, min_size=1, max_size=3),
    st.booleans(),
)


@settings(max_examples=60)
@given(st.lists(PAIR | HEAD, max_size=8).map("".join))
def test_whatever_tomllib_reads_has_a_line_for_each_key(document: str) -> None:
    try:
        read = tomllib.loads(document)
    except tomllib.TOMLDecodeError:
        return
    lines = lines_of(document)

    assert set(paths(read)) == set(lines)
    assert all(1 <= line <= document.count("\n") + 1 for line in lines.values())


@pytest.mark.parametrize("document", ["", "\n", "# nothing"])
def test_an_empty_document_has_no_lines(document: str) -> None:
    assert lines_of(document) == {}
