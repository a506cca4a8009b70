"""Layouts that an operator declares, from `digest parse --layouts` to a source that is read by them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.integration.cli.conftest import printed
from tests.unit.dumps.pages import FOLDER, remade

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Blog
    from tests.integration.cli.conftest import Crawls
    from tests.unit.dumps.pages import Page

DRAWN = """
[[layouts]]
id = "news"
entry = '''
{title}
on {date}, {readers:n} readers
{text}
'''
"""
PAGE = "A\non 2021-06-11, 7 readers\nSome text of A, long enough.\nB\non 2021-06-12, 8 readers\nThe text of B.\n"


@pytest.mark.parametrize("page", remade(), ids=lambda page: page.name)
def test_parse_reads_a_page_by_a_file_of_layouts_without_a_configuration(
    page: Page, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    file = FOLDER / "remade" / page.name
    out, err = printed(capfd, "parse", "--layouts", f"{file}.toml", f"{file}.txt", "--json")
    entries = [json.loads(line) for line in out.splitlines()]
    none = {"year": None, "month": None, "day": None}
    assert [(one["title"] or "", *(one["date"] or none).values()) for one in entries] == page.truth
    assert err == ""
    for position, one in enumerate(entries):
        assert (one["position"], one["layout"], one["dump"]) == (position, page.name, f"{page.name}.txt")
        assert list(one) == [
            "dump", "position", "layout", "title", "author", "date", "readers", "paragraphs", "figures", "complete",
            "counts", "tags", "link", "fields",
        ]  # fmt: skip
    assert (entries[0]["title"] or "(no title)") in printed(capfd, "parse", "--layouts", f"{file}.toml", f"{file}.txt")[
        0
    ]


def test_layouts_take_the_place_of_the_built_in_ones(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("6 Nov\n\nT\n\ntext\n\n点击阅读全文...\n", "utf-8")
    (tmp_path / "layouts.toml").write_text(DRAWN, "utf-8")
    _, err = printed(capfd, "parse", "--layouts", str(tmp_path / "layouts.toml"), str(tmp_path / "a.txt"), code=1)
    assert "a.txt: holds no entry as drawn in news" in err


@pytest.mark.parametrize(
    ("written", "says"),
    [
        (DRAWN.replace("{title}", "{titel}"), "line 1 (line 5 of the file): {titel}"),
        (DRAWN.replace("id =", "id"), "is not TOML"),
        (DRAWN + 'layouts = ["a"]', "layouts: there is no such key (the layouts of a source are named below its line"),
        ("", "holds no layout"),
        ("layouts = 3", "`layouts` are no tables"),
        (DRAWN + DRAWN, "two layouts have this id"),
    ],
)
def test_what_is_wrong_with_a_file_of_layouts_is_named(
    written: str, says: str, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "layouts.toml"
    file.write_text(written, "utf-8")
    out, err = printed(capfd, "parse", "--layouts", str(file), str(tmp_path), code=2)
    assert out == ""
    assert says in err
    assert str(file) in err


def test_a_folder_of_layouts_names_the_mistakes_of_all_its_files(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.toml").write_text(DRAWN.replace("news", name).replace("{title}", "{titel}"), "utf-8")
    _, err = printed(capfd, "parse", "--layouts", str(tmp_path), str(tmp_path), code=2)
    assert "a.toml: layout a" in err
    assert "b.toml: layout b" in err


def declare(blog: Blog, layouts: str, names: str) -> None:
    config = blog.home / "digest.toml"
    text = config.read_text("utf-8").replace("[[digests]]", f"layouts = {names}\n[[digests]]", 1)
    config.write_text(f"{text}\n{layouts}", "utf-8")


def test_a_source_is_read_by_the_layouts_of_the_configuration_and_of_the_folder(blog: Blog) -> None:
    (blog.home / "layouts").mkdir()
    (blog.home / "layouts" / "more.toml").write_text(
        "[[layouts]]\nid = 'more'\nentry = '== {title} ({date}) =='\n", "utf-8"
    )
    declare(blog, DRAWN, '["news", "more", "byline"]')
    blog.write("news.txt", PAGE)
    blog.write("more.txt", "== C (2021-06-13) ==\n")
    blog.write("old.txt", "D\nBy A | 2021-06-14 | 9位读者 | 引用正文。\n最近评论\n")
    assert blog.refresh()["added"] == 4
    entries = blog.entries()
    assert {title: (entry["date"]["day"], entry["readers"]) for title, entry in entries.items()} == {
        "A": (11, 7), "B": (12, 8), "C": (13, None), "D": (14, 9),
    }  # fmt: skip
    assert blog.refresh()["skipped"] == 3


def test_a_source_names_layouts_that_are_there(blog: Blog) -> None:
    declare(blog, DRAWN, '["newz"]')
    assert "there is no layout 'newz' (did you mean news?)" in blog.run("refresh", code=2)


def test_a_wrong_drawing_in_the_configuration_stops_every_command(blog: Blog) -> None:
    declare(blog, DRAWN.replace("{title}", "{titel}"), '["news"]')
    said = blog.run("refresh", code=2)
    assert "digest.toml" in said
    assert "did you mean {title}?" in said


def test_a_changed_layout_reads_everything_anew_and_announces_nothing(crawls: Crawls) -> None:
    declare(crawls.blog, DRAWN, '["news"]')
    crawls.blog.write("news.txt", PAGE)
    crawls.refresh()
    crawls.edition()
    config = crawls.blog.home / "digest.toml"
    config.write_text(config.read_text("utf-8").replace("{text}\n", "{lead}\n?{text}\n"), "utf-8")
    read = crawls.refresh()
    assert (read.counts["dumps"], read.counts["sightings"]) == (1, 2)
    assert (read.counts["added"], read.counts["vanished"], read.counts["held"]) == (0, 0, 0)
    assert crawls.told() == ([], [])


def test_a_changed_layout_that_reads_nothing_any_more_is_held(crawls: Crawls) -> None:
    declare(crawls.blog, DRAWN, '["news"]')
    crawls.blog.write("news.txt", PAGE)
    crawls.refresh()
    config = crawls.blog.home / "digest.toml"
    config.write_text(config.read_text("utf-8").replace("on {date}", "at {date}"), "utf-8")
    assert crawls.refresh().counts["held"] == 1


def redraw(crawls: Crawls, before: str, after: str) -> None:
    config = crawls.blog.home / "digest.toml"
    text = config.read_text("utf-8")
    assert before in text
    config.write_text(text.replace(before, after), "utf-8")


def news(*titles: str, first: int = 11) -> str:
    return "".join(
        f"{title}\non 2021-06-{first + at}, 7 readers\nThe text of {title}, which is long enough to know it again.\n"
        for at, title in enumerate(titles)
    )


def test_entries_that_a_changed_layout_finds_are_published_and_not_announced(crawls: Crawls) -> None:
    declare(crawls.blog, DRAWN, '["news"]')
    page = "Feature: Comets\nby Ann, 2021-06-14\nIce and dust, far away.\n"
    crawls.blog.write("news.txt", news("A", "B", "C") + page)
    crawls.refresh()
    crawls.edition()
    redraw(crawls, "entry = '''", "entry = ['''Feature: {title}\nby {author}, {date}\n{text}''', '''")
    redraw(crawls, "{text}\n'''\n", "{text}\n''']\n")
    assert crawls.refresh().counts["added"] == 1
    assert crawls.told() == ([], [])
    crawls.blog.write("news.txt", news("D", first=20) + news("A", "B", "C") + page)
    assert crawls.refresh().counts["added"] == 1
    assert crawls.told() == (["D"], [])


def test_an_entry_that_arrives_with_a_changed_layout_is_announced(crawls: Crawls) -> None:
    declare(crawls.blog, DRAWN, '["news"]')
    crawls.blog.write("news.txt", news("A", "B", "C"))
    crawls.refresh()
    crawls.edition()
    redraw(crawls, "{text}\n", "{lead}\n?{text}\n")
    crawls.blog.write("news.txt", news("D", first=20) + news("A", "B", "C"))
    assert crawls.refresh().counts["added"] == 1
    assert crawls.told() == (["D"], [])


def test_a_changed_layout_that_changes_most_titles_is_held_until_it_is_put_back(crawls: Crawls) -> None:
    declare(crawls.blog, DRAWN, '["news"]')
    crawls.blog.write("news.txt", news("A one", "B two", "C three"))
    crawls.refresh()
    crawls.edition()
    redraw(crawls, "{title}\n", "{part} {title}\n")
    held = crawls.refresh()
    assert held.counts["held"] == 1
    assert "its layout changed: 0 of the 3 entries would vanish and 3 change their title" in held.reported
    for _ in range(3):  # no number of equal readings ends it
        crawls.blog.write("news.txt", news("A one", "B two", "C three"))
        assert crawls.refresh().counts["held"] == 1
    redraw(crawls, "{part} {title}\n", "{title}\n")
    assert crawls.refresh().counts["held"] == 0
    assert crawls.told() == ([], [])


def test_a_changed_layout_that_an_operator_approves_announces_nothing(crawls: Crawls) -> None:
    declare(crawls.blog, DRAWN, '["news"]')
    crawls.blog.write("news.txt", news("A one", "B two", "C three"))
    crawls.refresh()
    crawls.edition()
    redraw(crawls, "{title}\n", "{part} {title}\n")
    assert crawls.refresh().counts["held"] == 1
    crawls.run("source", "approve", "blog")
    assert crawls.refresh().counts["held"] == 0
    assert sorted(crawls.blog.entries()) == ["one", "three", "two"]
    assert crawls.told() == ([], [])


def test_a_page_that_changed_shape_is_held_with_what_to_run(crawls: Crawls) -> None:
    declare(crawls.blog, DRAWN, '["news"]')
    crawls.blog.write("news.txt", news("A", "B", "C"))
    crawls.refresh()
    shape = "".join(
        f"Week notes {number}\n{number} May 2021\nIt was a week like any other, and then it ended.\n"
        for number in (9, 8, 7, 6)
    )
    crawls.blog.write("news.txt", f"Blog\n{shape}")
    held = crawls.refresh()
    assert held.counts["held"] == 1
    assert "the page changed shape: it shows 4 entries that no layout of the source reads" in held.reported
    assert "digest layout suggest" in held.reported
    assert len(crawls.blog.entries()) == 3


NEW_SHAPE = "".join(
    f"{title}\n{day} May 2021\nThe story of {title} is long, and it was a story of many years.\n"
    for title, day in (("Week notes", 9), ("A", 8), ("B", 7), ("C", 6), ("D", 5))
)
STRAY = "Featured\non 2021-06-01, 7 readers\nA short text.\n"


@pytest.mark.parametrize("page", [f"Blog\n{NEW_SHAPE}{STRAY}", f"{STRAY}Blog\n{NEW_SHAPE}"])
def test_a_page_of_which_a_stray_entry_is_still_read_is_held_for_its_shape(page: str, crawls: Crawls) -> None:
    declare(crawls.blog, DRAWN, '["news"]')
    crawls.blog.write("news.txt", news("A", "B", "C", "D"))
    crawls.refresh()
    for _ in range(3):  # no number of equal readings ends it
        crawls.blog.write("news.txt", page)
        held = crawls.refresh()
        assert held.counts["held"] == 1
    assert "the page changed shape: it shows 5 entries that no layout of the source reads" in held.reported
    assert "digest layout suggest" in held.reported
    assert sorted(crawls.blog.entries()) == ["A", "B", "C", "D"]
    crawls.run("source", "approve", "blog")
    assert crawls.refresh().counts["held"] == 0
    assert "Featured" in crawls.blog.entries()


def test_a_page_in_another_shape_with_other_entries_is_held_until_it_has_its_own_again(crawls: Crawls) -> None:
    declare(crawls.blog, DRAWN, '["news"]')
    crawls.blog.write("news.txt", news("M", "N", "O"))
    crawls.refresh()
    for _ in range(2):
        crawls.blog.write("news.txt", f"Blog\n{NEW_SHAPE}{STRAY}")
        assert "the page changed shape: it shows 5 entries" in crawls.refresh().reported
    crawls.blog.write("news.txt", news("M", "N", "O", "P"))
    assert crawls.refresh().counts["held"] == 0
    assert sorted(crawls.blog.entries()) == ["M", "N", "O", "P"]


@pytest.mark.parametrize(
    "beside",
    [
        "Recent posts\nA\n3 May 2021\nB\n2 May 2021\nC\n1 May 2021\nD\n30 April 2021\nE\n29 April 2021\n",
        "Comments\nAnn\n9 May 2021\nI like it.\nBob\n8 May 2021\nSo do I.\nCyd\n7 May 2021\nMe too.\n",
    ],
)
def test_a_page_that_shows_fewer_entries_and_lists_beside_them_is_not_held_for_its_shape(
    beside: str, crawls: Crawls
) -> None:
    declare(crawls.blog, DRAWN + 'ends = ["Recent posts", "Comments"]\n', '["news"]')
    crawls.blog.write("news.txt", news("A", "B", "C", "D", "E", "F") + beside)
    crawls.refresh()
    reports = []
    for _ in range(3):
        crawls.blog.write("news.txt", news("E", "G") + beside)
        reports.append(crawls.refresh())
    assert "it shows 2 entries where it showed 6" in reports[0].reported
    assert "changed shape" not in reports[0].reported
    assert reports[-1].counts["held"] == 0
    assert "G" in crawls.blog.entries()


def test_titles_that_a_changed_layout_shortens_are_those_of_the_same_entries(crawls: Crawls) -> None:
    declare(crawls.blog, DRAWN, '["news"]')
    page = "".join(
        f"{title}\non 2021-06-1{day}, 7 readers\nA text.\n" for day, title in enumerate(("A", "Film: B", "C"))
    )
    crawls.blog.write("news.txt", page)
    crawls.refresh()
    crawls.edition()
    before = {title: one["id"] for title, one in crawls.blog.entries().items()}
    redraw(crawls, "{title}\n", "[Film: ]{title}\n")
    assert crawls.refresh().counts["added"] == 0
    after = {title: one["id"] for title, one in crawls.blog.entries().items()}
    assert after == {"A": before["A"], "B": before["Film: B"], "C": before["C"]}
    assert crawls.told() == ([], [])
