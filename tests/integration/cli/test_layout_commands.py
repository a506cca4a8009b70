"""`digest layout` and `digest source add`: from a folder of unknown dumps to a source that is read."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING

import pytest

from digest.typeset.text import cells
from tests.integration.cli.conftest import printed
from tests.unit.dumps.pages import FOLDER, remade

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Blog
    from tests.unit.dumps.pages import Page

_PAGES = pytest.mark.parametrize("page", remade(), ids=lambda page: page.name)
NO_DATE = {"year": None, "month": None, "day": None}


@pytest.fixture
def dumps(tmp_path: Path) -> Path:
    folder = tmp_path / "pages"
    folder.mkdir()
    (folder / "news.txt").write_bytes((FOLDER / "remade" / "09-uninews-en.txt").read_bytes())
    return folder


@_PAGES
def test_suggest_needs_no_configuration_and_prints_layouts_entries_and_what_is_unsure(
    page: Page, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    out, err = printed(capfd, "layout", "suggest", f"{FOLDER}/remade/{page.name}.txt", "--json")
    found = json.loads(out)
    assert err == ""
    shown = [(one["title"] or "", *(one["date"] or NO_DATE).values()) for one in found["entries"]]
    assert shown == page.truth
    assert [layout["id"] for layout in found["layouts"]] == [page.name]
    assert all(set(doubt) == {"dump", "layout", "reason", "lines"} for doubt in found["unsure"])
    for one in found["entries"]:
        assert one["evidence"] is None or one["evidence"]["text"] in page.text
    assert list(tmp_path.iterdir()) == []


@_PAGES
def test_suggest_shows_a_table_of_80_columns_in_any_writing(page: Page, capfd: pytest.CaptureFixture[str]) -> None:
    out, _ = printed(capfd, "layout", "suggest", f"{FOLDER}/remade/{page.name}.txt")
    lines = out.splitlines()
    start = next(at for at, line in enumerate(lines) if line.startswith("title "))
    for title, *day in page.truth:
        assert any(line.startswith(title[:10]) for line in lines[start:])
        assert all(part is None or f"{part:02}" in out for part in day)
    assert max(cells(line) for line in lines[start:]) <= 80


@_PAGES
def test_three_commands_make_a_source_of_an_unknown_page(
    page: Page, blog: Blog, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = blog.home / "unknown"
    folder.mkdir()
    (folder / "page.txt").write_text(page.text, "utf-8")
    config = blog.home / "digest.toml"
    before = config.read_text("utf-8")
    (blog.home / "layouts").mkdir()
    file = blog.home / "layouts" / "mine.toml"
    printed(capfd, "layout", "suggest", str(folder), "-o", str(file))
    printed(capfd, "layout", "try", "page", str(folder), "--config", str(config))
    out, _ = printed(
        capfd, "source", "add", "mine", "--title", "Mine", "--path", str(folder), "--layout", "page", "--yes",
        "--config", str(config),
    )  # fmt: skip
    assert f"{len(page.truth)} entries from 1 dump" in out
    assert config.read_text("utf-8").startswith(before)
    blog.run("refresh", "--source", "mine")
    titles = sorted(one["title"] or "" for one in blog.listed("entries", "list"))
    assert titles == sorted(title for title, *_ in page.truth)


def test_source_add_warns_of_a_source_that_reads_the_same_files(
    dumps: Path, blog: Blog, capfd: pytest.CaptureFixture[str]
) -> None:
    config = blog.home / "digest.toml"
    layouts = blog.home / "layouts"
    layouts.mkdir()
    (layouts / "mine.toml").write_bytes((FOLDER / "remade" / "09-uninews-en.toml").read_bytes())
    add = (
        "source",
        "add",
        "mine",
        "--title",
        "Mine",
        "--layout",
        "09-uninews-en",
        "--dry-run",
        "--config",
        str(config),
    )
    within = blog.home / "dumps" / "news"
    within.mkdir()
    (within / "page.txt").write_bytes((dumps / "news.txt").read_bytes())
    assert printed(capfd, *add, "--path", str(dumps))[1] == ""
    for path in (within, within / "page.txt", blog.home / "dumps"):
        assert "source blog reads the same files" in printed(capfd, *add, "--path", str(path))[1]


def test_suggest_writes_one_document_to_a_new_file_alone(
    dumps: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (dumps / "pod.txt").write_bytes((FOLDER / "remade" / "11-podcast-bullets-en.txt").read_bytes())
    file = tmp_path / "layouts.toml"
    printed(capfd, "layout", "suggest", str(dumps), "-o", str(file))
    assert [table["id"] for table in tomllib.loads(file.read_text("utf-8"))["layouts"]] == ["news", "pod"]
    _, err = printed(capfd, "layout", "suggest", str(dumps), "-o", str(file), code=2)
    assert "is there already" in err
    assert printed(capfd, "parse", "--layouts", str(file), str(dumps))[1] == ""


def test_suggest_says_where_nothing_was_found(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.txt").write_text("Only a line.\n", "utf-8")
    out, err = printed(capfd, "layout", "suggest", str(tmp_path), code=1)
    assert out == ""
    assert "No listing was found in a.txt." in err
    assert "cannot restore what an extractor left out" in err


def test_try_exits_1_on_gaps_and_names_them(dumps: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    layouts = tmp_path / "mine.toml"
    layouts.write_text('[[layouts]]\nid = "mine"\nentry = "{title}\\n?{date}\\nBy {author}"\n', "utf-8")
    (dumps / "news.txt").write_text(
        "Blog\n\nA\nMay 3, 2021\nBy Jo\n\nB\nBy Li\n\nstray words\nC\nMay 1, 2021\nBy Jo\n", "utf-8"
    )
    out, _ = printed(capfd, "layout", "try", "mine", str(dumps), "--layouts", str(layouts), code=1)
    assert "Gap: these entries have no whole date." in out
    assert "stray words" in out
    one = json.loads(
        printed(capfd, "layout", "try", "mine", str(dumps), "--layouts", str(layouts), "--json", code=1)[0]
    )
    assert [entry["title"] for entry in one["entries"]] == ["A", "B", "C"]
    assert {gap["reason"] for gap in one["gaps"]} == {
        "these entries have no whole date", "these lines between entries belong to none",
    }  # fmt: skip


def test_try_names_crawls_that_disagree(dumps: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    layouts = FOLDER / "remade" / "09-uninews-en.toml"
    out, _ = printed(capfd, "layout", "try", "09-uninews-en", str(dumps), "--layouts", str(layouts))
    assert "No gap." in out
    text = (dumps / "news.txt").read_text("utf-8")
    (dumps / "older.txt").write_text(text.replace("June 11, 2021", "June 12, 2021"), "utf-8")
    out, _ = printed(capfd, "layout", "try", "09-uninews-en", str(dumps), "--layouts", str(layouts), code=1)
    assert "Gap: these titles have other dates in news.txt." in out
    assert "5 of them appear in several dumps" in out


def test_list_and_show_name_the_layouts_of_the_configuration(blog: Blog, capfd: pytest.CaptureFixture[str]) -> None:
    config = blog.home / "digest.toml"
    text = (FOLDER / "remade" / "02-hexo-next.toml").read_text("utf-8")
    config.write_text(config.read_text("utf-8") + text, "utf-8")
    out, _ = printed(capfd, "layout", "list", "--config", str(config))
    html = [f"{name} (built in): no source" for name in ("json-ld", "microformats", "articles")]
    drawn = ["dateblock (built in): blog", "byline (built in): blog"]
    assert out.splitlines() == ["02-hexo-next: no source", *drawn, *html]
    out, _ = printed(capfd, "layout", "show", "02-hexo-next", "--config", str(config))
    assert tomllib.loads(out) == tomllib.loads(text)
    _, err = printed(capfd, "layout", "show", "nothing", "--config", str(config), code=2)
    assert "there is no layout 'nothing'" in err


def adding(blog: Blog, dumps: Path, *more: str) -> list[str]:
    file = blog.home / "layouts" / "news.toml"
    if not file.exists():
        file.parent.mkdir()
        file.write_bytes((FOLDER / "remade" / "09-uninews-en.toml").read_bytes())
    config = str(blog.home / "digest.toml")
    return [
        "source",
        "add",
        "news",
        "--title",
        "News",
        "--path",
        str(dumps),
        "--layout",
        "09-uninews-en",
        "--config",
        config,
        *more,
    ]


def test_a_source_is_added_after_a_look_and_sends_nothing(
    blog: Blog, dumps: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    config = blog.home / "digest.toml"
    config.write_text("# mine\n" + config.read_text("utf-8") + "# the end", "utf-8")
    config.chmod(0o640)
    before = config.read_text("utf-8")
    out, _ = printed(capfd, *adding(blog, dumps, "--dry-run"))
    assert "gives 5 entries from 1 dump" in out
    assert "2021-06-11  Prof. Ines Okafor receives Geology Medal" in out
    assert config.read_text("utf-8") == before
    printed(capfd, *adding(blog, dumps, "--yes"))
    after = config.read_text("utf-8")
    assert after.startswith(before)
    assert config.stat().st_mode & 0o777 == 0o640
    table = tomllib.loads(after)["sources"][-1]
    assert table == {"id": "news", "title": "News", "path": str(dumps), "backlog": 0, "layouts": ["09-uninews-en"]}
    assert sorted(one.name for one in config.parent.iterdir() if one.name.startswith(".")) == []
    blog.run("refresh", "--source", "news")
    assert len(blog.listed("entries", "list")) == 5
    blog.run("edition", "cut")
    assert [one["entries"] for one in blog.listed("edition", "list") if one["entries"]] == []
    _, err = printed(capfd, *adding(blog, dumps, "--yes"), code=2)
    assert "another source has the id 'news' too" in err
    assert config.read_text("utf-8") == after


def test_where_the_configuration_is_read_only_a_source_goes_to_a_file_that_is_read_after_it(
    blog: Blog, dumps: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = blog.home / "digest.toml"
    before = config.read_bytes()
    monkeypatch.setattr("digest.cli.adding._is_writable", lambda _: False)  # root may write anything
    out, _ = printed(capfd, *adding(blog, dumps, "--yes"))
    assert config.read_bytes() == before
    assert "changes/settings.toml" in out
    assert {one["layout"]: one["sources"] for one in blog.listed("layout", "list")}["09-uninews-en"] == ["news"]
    _, err = printed(capfd, *adding(blog, dumps, "--yes"), code=2)
    assert "another source has the id 'news' too" in err


def test_a_configuration_whose_sources_are_written_in_one_line_is_left_as_it_is(
    blog: Blog, dumps: Path, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    adding(blog, dumps)
    config = blog.home / "digest.toml"
    config.write_text(f'data_dir = "var"\nsources = [{{id = "blog", title = "B", path = "{tmp_path}"}}]\n', "utf-8")
    before = config.read_bytes()
    _, err = printed(capfd, *adding(blog, dumps, "--yes"), code=2)
    assert "write this table into it yourself" in err
    assert config.read_bytes() == before


def test_a_source_without_entries_is_not_added_and_the_next_commands_are_named(
    blog: Blog, dumps: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (dumps / "news.txt").write_text("Nothing here.\n", "utf-8")
    _, err = printed(capfd, *adding(blog, dumps, "--yes"), code=2)
    assert "digest layout suggest" in err


def test_the_error_of_an_unknown_dump_names_the_three_next_commands(
    dumps: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (dumps / "cn.txt").write_bytes((FOLDER / "remade" / "01-csdn-profile.txt").read_bytes())
    _, err = printed(capfd, "parse", str(dumps), code=1)
    assert "cn.txt: holds no entry in a known layout" in err
    assert "news.txt: holds days with titles" in err
    for command in ("digest layout suggest", "digest layout try", "digest source add"):
        assert err.count(command) == 2


def test_parse_names_file_layout_and_entry_and_prints_what_it_left_out(
    dumps: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    layouts = str(FOLDER / "remade" / "09-uninews-en.toml")
    out, _ = printed(capfd, "parse", "--layouts", layouts, str(dumps), "--furniture")
    assert out.startswith("news.txt\n  1  Prof. Ines Okafor receives Geology Medal\n     2021-06-11 · 09-uninews-en")
    assert "line 1 left out: News: 2021" in out
    lines = [
        json.loads(line)
        for line in printed(capfd, "parse", "--layouts", layouts, str(dumps), "--furniture", "--json")[0].splitlines()
    ]
    assert {"dump": "news.txt", "line": 34, "furniture": "Older news »"} in lines


def test_parse_prints_the_furniture_around_the_built_in_layouts(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.txt").write_text("甲\nBy 山客 | 2021-02-10 | 7位读者 | 引用正文甲。\n最近评论\n乙说好\n", "utf-8")
    out, _ = printed(capfd, "parse", str(tmp_path), "--furniture")
    assert "byline" in out
    assert "line 4 left out: 乙说好" in out
    assert "left out: 甲" not in out
