"""The two built-in layouts, drawn, give what their own cutter gives."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.dumps.declared.known import known_layouts
from digest.dumps.declared.sightings import DeclaredLayouts
from digest.dumps.snapshot import BUILT_IN, read_sightings
from digest.model import Layout

if TYPE_CHECKING:
    from digest.dumps.interface import Layouts
    from digest.model import Sighting

SAMPLES = Path(__file__).resolve().parents[3] / "config" / "demo" / "samples"
DRAWN = DeclaredLayouts([*known_layouts().values()])
_WORDS = st.text("读者群文本甲乙丙丁abc ", min_size=1, max_size=12).map(str.strip).filter(bool)
_PARAGRAPHS = st.lists(_WORDS.map(lambda words: f"{words}。"), min_size=0, max_size=4)


def told(text: str, layouts: Layouts) -> list[tuple[object, ...]]:
    def of(sighting: Sighting) -> tuple[object, ...]:
        said = (sighting.title, sighting.author, sighting.date, sighting.readers)
        return str(sighting.layout), *said, sighting.paragraphs, sighting.figures, sighting.complete

    return list(map(of, read_sightings(io.BytesIO(text.encode()), "dump", layouts=layouts)))


def test_each_built_in_layout_is_drawn() -> None:
    drawn = {name for name, layout in known_layouts().items() if layout.drawings}
    assert drawn == {Layout.DATEBLOCK, Layout.BYLINE}


@pytest.mark.parametrize("sample", ["index.txt", "search.txt"])
def test_the_sample_pages_are_read_alike(sample: str) -> None:
    text = (SAMPLES / sample).read_text("utf-8")
    assert told(text, DRAWN) == told(text, BUILT_IN)


def block(day: int, month: str, title: str, paragraphs: list[str]) -> str:
    return "\n\n".join([f"{day} {month}", title, *paragraphs, "点击阅读全文..."]) + "\n\n"


def bylined(title: str, author: str, day: int, readers: int, paragraphs: list[str]) -> str:
    return f"{title}\nBy {author} | 2021-02-{day} | {readers}位读者 | 引用" + "\n".join(paragraphs or ["空。"]) + "\n"


_BLOCKS = st.builds(block, st.integers(1, 28), st.sampled_from(["Jan", "Jun", "Dec"]), _WORDS, _PARAGRAPHS)
_BYLINED = st.builds(bylined, _WORDS, _WORDS, st.integers(1, 28), st.integers(0, 10**6), _PARAGRAPHS)


@settings(max_examples=60, deadline=None)
@given(st.lists(_BLOCKS, min_size=1, max_size=4))
def test_index_pages_are_read_alike(blocks: list[str]) -> None:
    assert told("".join(blocks), DRAWN) == told("".join(blocks), BUILT_IN)


@settings(max_examples=60, deadline=None)
@given(st.lists(_BYLINED, min_size=1, max_size=4), st.booleans())
def test_search_pages_are_read_alike(entries: list[str], ended: bool) -> None:
    text = "".join(entries) + ("最近评论\nside\n" if ended else "")
    assert told(text, DRAWN) == told(text, BUILT_IN)


def test_an_empty_excerpt_has_the_next_title_glued_to_its_label_or_the_end_of_the_list() -> None:
    text = "甲\nBy A | 2021-02-01 | 5位读者 | 引用乙\nBy B | 2021-02-02 | 6位读者 | 引用最近评论\nside\n"
    assert told(text, DRAWN) == told(text, BUILT_IN)


def test_a_chain_of_empty_excerpts_of_any_length_is_read() -> None:
    text = "甲\n" + "".join(f"By A | 2021-02-01 | 5位读者 | 引用题{number}\n" for number in range(3000))
    assert len(told(text, DRAWN)) == 3000
