"""Declared layouts on whole pages: every entry right, none invented, and none that more of the page would change."""

from __future__ import annotations

import json

import pytest

from digest.dumps.declared import Read, read_text
from tests.examples import examples
from tests.unit.dumps.pages import ALL, FOLDER, Page, remade, said

_PAGES = pytest.mark.parametrize("page", ALL, ids=lambda page: page.name)


def agrees(found: tuple[object, ...], whole: tuple[object, ...]) -> bool:
    """Whether what was found stays true: what is not known yet may become known."""
    return all(one is None or one == other for one, other in zip(found, whole, strict=True))


def stays_true(part: Read, page: Page) -> bool:
    entries = said(part)
    return len(entries) <= len(page.truth) and all(map(agrees, entries, page.truth))


@_PAGES
def test_every_entry_is_right_and_none_is_invented(page: Page) -> None:
    assert said(read_text(page.layouts, page.text)) == page.truth


@_PAGES
def test_every_beginning_of_a_page_gives_only_entries_that_stay_true(page: Page) -> None:
    lines = page.text.split("\n")
    for count in range(len(lines)):
        for end in ("", "\n"):
            part = "\n".join(lines[:count]) + end
            assert stays_true(read_text(page.layouts, part), page), part[-200:]


@_PAGES
def test_a_page_that_breaks_off_inside_a_line_gives_only_entries_that_stay_true(page: Page) -> None:
    data, step = page.text.encode(), max(3, 300 // examples(100))  # a share of all places, others on each page
    for size in range(len(page.name) % step, len(data), step):  # the decoder drops a character that the end cut
        part = data[:size].decode("utf-8", "ignore")
        assert stays_true(read_text(page.layouts, part), page), part[-200:]


@_PAGES
def test_a_page_that_starts_in_the_middle_gives_no_entry_that_is_none(page: Page) -> None:
    lines = page.text.split("\n")
    for first in range(1, len(lines)):
        for found in said(read_text(page.layouts, "\n".join(lines[first:]))):
            assert any(agrees(found, one) for one in page.truth), lines[first]


@pytest.mark.parametrize("page", remade(), ids=lambda page: page.name)
def test_tags_and_paragraphs_are_those_of_the_page(page: Page) -> None:
    truth = json.loads((FOLDER / "remade" / f"{page.name}.json").read_text("utf-8"))
    for found, one in zip(read_text(page.layouts, page.text).entries, truth, strict=True):
        assert list(found.tags) == one["tags"]
        assert one["counts"].items() <= found.counts.items()
        assert "\n".join(found.paragraphs).startswith("\n".join(one["excerpt_paragraphs"]))


def test_every_line_is_claimed_or_not() -> None:
    for page in ALL:
        read = read_text(page.layouts, page.text)
        numbers = [line.number for line in read.unclaimed]
        for one in read.entries:
            numbers += range(one.first, one.last + 1)
        blank = {number for number, line in enumerate(page.text.split("\n"), 1) if not line.strip()}
        assert {*numbers} | blank == {*range(1, page.text.count("\n") + 2)}, page.name
        assert len(set(numbers)) == len(numbers), page.name
