"""Recognition: the layouts that it suggests for pages it does not know, and what it says where it is not sure."""

from __future__ import annotations

import io
import re
import tomllib
from typing import TYPE_CHECKING

import pytest

from digest.dumps.declared import compiled, read_text
from digest.dumps.declared.sightings import sighting
from digest.dumps.snapshot import read_snapshot
from digest.dumps.suggesting import suggest
from digest.dumps.suggesting.reshaped import entries_elsewhere, other_shape
from digest.dumps.suggesting.samples import MOST_DUMPS, MOST_LINES, sample, toml_of
from digest.dumps.suggesting.seen import Page, date_in, width
from digest.dumps.suggesting.suggest import suggestion
from digest.errors import DumpError
from tests.unit.dumps.pages import FOLDER, Said, invented, remade, said
from tests.unit.dumps.pages import read_said as truth_of

if TYPE_CHECKING:
    from pathlib import Path

    from digest.dumps.suggesting.suggest import Suggestion
    from tests.unit.dumps.pages import Page as Listing


def pages() -> dict[str, tuple[str, list[Said]]]:
    """Listing pages, real ones remade and invented ones in twelve languages, with their entries."""
    return {page.name: (page.text, page.truth) for page in remade()} | _pages_of("suggested.txt")


def _pages_of(file: str) -> dict[str, tuple[str, list[Said]]]:
    found = {}
    for part in re.split("(?m)^=== ", (FOLDER / file).read_text("utf-8"))[1:]:
        name, rest = part.split("\n", 1)
        text, truth = rest.split("\n---\n")
        found[name] = (f"{text}\n", [truth_of(line) for line in truth.strip("\n").split("\n")])
    return found


_ALSO_DRAWN = {
    "cnblogs-day-zh",
    "naver-list-ko",
    "lj-ru",
    "heise-like-de",
    "hn-en",
    "planet-en",
    "month-archive-pt",
    "tag-lines-zh",
    "glued-en",
    "date-in-corner-en",
}


def further() -> dict[str, tuple[str, list[Said]]]:
    """More pages, whose layouts are only suggested."""
    found = {page.name: (page.text, page.truth) for page in invented() if page.name in _ALSO_DRAWN}
    return found | _pages_of("further.txt")


PAGES = pages()
NO_LISTINGS = dict(
    part.split("\n", 1) for part in re.split("(?m)^=== ", (FOLDER / "no_listings.txt").read_text("utf-8"))[1:]
)
_EACH = pytest.mark.parametrize("name", PAGES)
FURTHER = further()
_NOT_READ = {  # they are named as unsure
    "lobsters-en",
    "heise-like-de",
    "reddit-like-en",
    "sina-zh",
    "author-over-title-en",
}


def suggested(text: str, name: str = "a.txt") -> Suggestion:
    return suggestion([Page(text, name=name)])


def entries(found: Suggestion) -> list[Said]:
    return said(found.shapes[0].dumps[0].read) if found.shapes else []


@pytest.mark.parametrize("name", PAGES | FURTHER)
def test_a_page_is_read_right_in_whole_or_is_named_with_its_lines(name: str) -> None:
    text, truth = (PAGES | FURTHER)[name]
    found = suggested(text)
    if name in _NOT_READ:
        assert entries(found) != truth
        assert any(doubt.lines for doubt in found.unsure)
    else:
        assert entries(found) == truth


def test_four_of_five_pages_are_read_right() -> None:
    assert len(_NOT_READ) * 5 <= len(PAGES | FURTHER)
    assert len(NO_LISTINGS) >= 40


@_EACH
@pytest.mark.parametrize("cut", [1, 2, 3, 5])
def test_a_page_that_starts_in_the_middle_gives_no_title_the_date_of_another_without_a_doubt(
    name: str, cut: int
) -> None:
    text, truth = PAGES[name]
    lines = [line for line in text.split("\n") if line.strip()]
    found = suggested("\n".join(lines[cut:]) + "\n")
    days = {title: day for title, *day in truth}
    wrong = [
        one
        for one in entries(found)
        if one[0] in days and any(mine not in {None, its} for mine, its in zip(one[1:], days[one[0]], strict=True))
    ]
    assert not wrong or found.unsure


@pytest.mark.parametrize("name", NO_LISTINGS)
def test_nothing_is_suggested_for_a_text_that_is_no_listing(name: str) -> None:
    found = suggested(NO_LISTINGS[name])
    assert not found.shapes
    assert found.nothing == ("a.txt",)


EITHER = "Rain\n{0}Fog\n{1}Snow\n{2}Hail\n{3}Frost\n{4}"
DAYS = tuple(f"{day} May 2021\n" for day in (9, 8, 7, 6, 5))


def test_where_nothing_shows_whether_dates_stand_before_or_behind_that_is_reported() -> None:
    found = suggested("About\n" + EITHER.format(*DAYS) + "Sleet\n")
    doubts = [doubt for doubt in found.unsure if "dates may belong to other titles" in doubt.reason]
    assert doubts
    assert doubts[0].lines


OLD = "Home\nAbout\n" + EITHER.format(*DAYS) + "Legal\n"
NEW = "Home\nAbout\nWind\n10 May 2021\n" + EITHER.format(*DAYS[:4], "").removesuffix("Frost\n") + "Legal\n"


def test_a_second_crawl_shows_whether_dates_stand_before_or_behind() -> None:
    found = suggestion([Page(OLD, name="old"), Page(NEW, name="new")])
    assert ("Rain", 2021, 5, 9) in entries(found)
    assert [dump.name for dump in found.shapes[0].dumps] == ["old", "new"]
    assert said(found.shapes[0].dumps[1].read)[0] == ("Wind", 2021, 5, 10)


def test_dumps_are_sorted_into_shapes_and_those_of_the_built_in_layouts_need_none() -> None:
    known = "甲\nBy 山客 | 2021-02-10 | 7位读者 | 引用正文甲。\n最近评论\n"
    names = ["09-uninews-en", "11-podcast-bullets-en", "nieuws-nl"]
    given = [Page(PAGES[name][0], name=f"{name}.txt") for name in names]
    found = suggestion([*given, Page(known, name="known.txt"), Page("Nothing here.\n", name="none.txt")])
    assert [shape.id for shape in found.shapes] == names
    assert found.known == ("known.txt",)
    assert found.nothing == ("none.txt",)


def test_titles_that_crawls_date_otherwise_are_named() -> None:
    text, _ = PAGES["09-uninews-en"]
    found = suggestion([Page(text, name="a"), Page(text.replace("June 9, 2021", "June 3, 2021"), name="b")])
    assert any("another dump gives these titles other dates" in doubt.reason for doubt in found.unsure)


@_EACH
def test_what_is_written_reads_as_what_was_shown(name: str) -> None:
    text, _ = PAGES[name]
    found = suggested(text)
    document = tomllib.loads(toml_of([shape.table for shape in found.shapes], [["a comment\nin two lines"]]))
    for shape, layout in zip(found.shapes, compiled(document.get("layouts", []), "written"), strict=True):
        assert layout.id == shape.id
        assert said(read_text([layout], text)) == said(shape.dumps[0].read)


@pytest.mark.parametrize(
    ("table", "line"),
    [
        ({"id": 'a"b', "entry": "{title}\n{date}\n"}, 'id = "a\\"b"'),
        ({"id": "a", "ends": ["\\[1\\]", "« Ältere"]}, 'ends = ["\\\\[1\\\\]", "« Ältere"]'),
        ({"id": "a", "short_titles": True}, "short_titles = true"),
    ],
)
def test_values_are_written_as_toml_has_them(table: dict[str, object], line: str) -> None:
    written = toml_of([table])
    assert line in written
    read = tomllib.loads(written)["layouts"][0]
    assert {key: value for key, value in read.items() if key != "entry"} == {
        key: value for key, value in table.items() if key != "entry"
    }


def test_of_a_large_folder_some_dumps_are_looked_at_and_the_beginning_of_each(tmp_path: Path) -> None:
    for number in range(MOST_DUMPS * 3):
        (tmp_path / f"{number:03}.txt").write_text("a line\n" * (MOST_LINES + 500), "utf-8")
    found, count = sample([tmp_path])
    assert count == MOST_DUMPS * 3
    assert len({page.name for page in found}) == MOST_DUMPS
    assert all(page.cut and len(page.lines) == MOST_LINES for page in found)


def test_lines_are_dated_in_many_languages_and_counts_are_no_dates() -> None:
    shown = {
        "• icon Apr 02, 24": (2024, 4, 2),
        "posted @ 2021-02-11 23:58 纸船": (2021, 2, 11),
        "Stadtrat | 12.03.2021": (2021, 3, 12),
        "21.02.2019": (2019, 2, 21),
        "2021.03.04": (2021, 3, 4),
    }
    for text, day in shown.items():
        found = date_in(text)
        assert found is not None
        assert found.parts == day
    assert [date_in(text) for text in ("3.4K", "1.2万", "1,204", "12,345,678", "2 comments", "Rooms 3 and 4")] == [
        None
    ] * 6


def test_the_width_of_a_text_is_that_on_a_terminal() -> None:
    assert [width(text) for text in ("abc", "山中", "é", "e\u0301")] == [3, 4, 1, 1]


def test_the_name_of_a_layout_is_that_of_its_dump_each_once() -> None:
    assert suggest._name("pages/Meine Seite.txt", ()) == "meine-seite"
    assert suggest._name("日记.txt", ["layout"]) == "layout-2"


def test_titles_that_differ_in_their_number_alone_are_titles() -> None:
    days = "".join(
        f"Week notes {number}\n{number} May 2021\nIt was a week like any other, and then it ended.\n"
        for number in (9, 8, 7, 6)
    )
    assert entries(suggested(f"Blog\n{days}")) == [(f"Week notes {number}", 2021, 5, number) for number in (9, 8, 7, 6)]


def test_dumps_of_one_name_are_distinguished_and_one_that_is_no_text_is_left_out(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "page.txt").write_text(f"In {folder}\n", "utf-8")
    (tmp_path / "b" / "picture.txt").write_bytes(bytes(range(256)) * 40)
    found, count = sample([tmp_path / "a", tmp_path / "b"])
    assert count == 3
    assert [page.name for page in found] == [str(tmp_path / folder / "page.txt") for folder in ("a", "b")]
    with pytest.raises(DumpError):
        sample([tmp_path / "b" / "picture.txt"])


@pytest.mark.parametrize("page", remade(), ids=lambda page: page.name)
def test_a_page_has_its_shape_as_long_as_its_layout_reads_most_of_it(page: Listing) -> None:
    found = read_text(page.layouts, page.text).entries
    read = [sighting(one, page.name, at) for at, one in enumerate(found)]
    stream = io.BytesIO(page.text.encode())
    gone = [f"A title that is lost, number {number}" for number in range(3 * len(read))]
    assert entries_elsewhere(stream, page.name, read, gone) == 0
    assert entries_elsewhere(stream, page.name, read, gone, was_so=True) == 0
    others = entries_elsewhere(stream, page.name, read[:1], [one.title for one in read])
    assert others == (0 if page.name == "13-linkblog-en" else len(read) - 1)  # that one has no titles


def test_markup_is_no_shape_and_a_page_of_html_is_judged_by_what_it_shows() -> None:
    posts = [(f"Letter {word} to the editor", day) for day, word in enumerate(("one", "two", "three", "four"), 1)]
    feed = "".join(
        f"<item>\n<title>{title}</title>\n<pubDate>{day:02} May 2021 08:00:00 GMT</pubDate>\n"
        f"<description>Words about day {day}.</description>\n</item>\n"
        for title, day in posts
    )
    raw = f'<?xml version="1.0"?>\n<rss version="2.0">\n<channel>\n{feed}</channel>\n</rss>\n'.encode()
    read = read_snapshot(io.BytesIO(raw), "feed").sightings
    assert entries_elsewhere(io.BytesIO(raw), "feed", read[:1], [title for title, _ in posts]) == 0
    html = "".join(
        f"<article><h2>{title}</h2><time datetime='2021-05-{day:02}'>today</time><p>Words.</p></article>"
        for title, day in posts
    )
    assert other_shape(io.BytesIO(f"<html><body>{html}</body></html>".encode()), "page") == len(posts)
    assert other_shape(io.BytesIO(b"<html><body><h1>Bad gateway</h1></body></html>"), "page") == 0
