"""Passes over containers: what is opened, read, held, and left as it was."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from digest.cli import main
from digest.dumps import RULES
from tests.unit.dumps.containers import MAKERS, SITE, json_lines, tarred, warc, zipped

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.conftest import Article, Blog

NAMES = "甲乙丙丁戊己庚辛壬癸"


def listing(article: type[Article], *numbers: int, more: str = "") -> bytes:
    made = (
        article(
            f"关于{NAMES[n]}的一篇笔记",
            (2026, 1, n + 1),
            (f"这是{NAMES[n]}的第一段,它与别的段落都不相同,因为它只说{NAMES[n]}。{more}" * 2, f"{NAMES[n]}的第二段。"),
            100 + n,
        )
        for n in numbers
    )
    return ("".join(one.byline() for one in made) + "最近评论\n").encode()


@pytest.fixture
def pages(article: type[Article]) -> dict[str, bytes]:
    return {"1.txt": listing(article, 0, 1), "2.txt": listing(article, 2, 3), "3.txt": listing(article, 4, 5)}


@pytest.fixture
def put(blog: Blog) -> Callable[[str, bytes], Path]:
    """Writes a dump, older than a tick of the clock, and newer than the one before."""
    written = 0

    def write(name: str, data: bytes) -> Path:
        nonlocal written
        written += 10
        path = blog.home / "dumps" / name
        path.write_bytes(data)
        at = path.stat().st_mtime - 1000 + written
        os.utime(path, (at, at))
        return path

    return write


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that were opened."""
    names: list[str] = []
    real = Path.open

    def watched(path: Path, *arguments: Any, **named: Any) -> Any:
        if "dumps" in path.parts:
            names.append(path.name)
        return real(path, *arguments, **named)

    monkeypatch.setattr(Path, "open", watched)
    return names


def said(counts: Mapping[str, Any]) -> tuple[int, int, int, int]:
    return counts["dumps"], counts["skipped"], counts["added"], counts["held"]


@pytest.mark.parametrize("kind", MAKERS)
def test_an_unchanged_container_is_not_opened_and_changed_records_alone_are_read(
    blog: Blog, article: type[Article], put: Any, pages: dict[str, bytes], opened: list[str], kind: str
) -> None:
    put("all", MAKERS[kind](pages))
    assert said(blog.refresh()) == (3, 0, 6, 0)
    opened.clear()
    assert said(blog.refresh()) == (0, 1, 0, 0)
    assert opened == []
    pages["2.txt"] = listing(article, 6, 2, 3)
    pages["4.txt"] = listing(article, 7)
    put("all", MAKERS[kind](pages))
    assert said(blog.refresh()) == (2, 2, 2, 0)
    assert said(blog.refresh()) == (0, 1, 0, 0)
    assert len(blog.entries()) == 8


def test_a_record_that_vanished_leaves_what_it_showed_and_ends_its_trouble(
    blog: Blog, article: type[Article], put: Any, pages: dict[str, bytes]
) -> None:
    put("all.zip", zipped(pages))
    blog.refresh()
    before = blog.feed()
    put("all.zip", zipped(pages | {"3.txt": listing(article, 4)[:30]}))
    assert said(blog.refresh(code=1))[3] == 1
    assert "all.zip!3.txt" in blog.run("source", "show", "blog")
    del pages["3.txt"]
    put("all.zip", zipped(pages))
    assert said(blog.refresh()) == (0, 2, 0, 0)
    assert blog.feed() == before


@pytest.mark.parametrize("kind", ["tar.gz", "WARC", "JSON Lines, gz"])
def test_a_container_that_breaks_off_is_a_problem_and_its_later_records_stay(
    blog: Blog, article: type[Article], put: Any, pages: dict[str, bytes], kind: str
) -> None:
    put("all", MAKERS[kind](pages))
    blog.refresh()
    before = blog.feed()
    pages = {"0.txt": listing(article, 8), **pages}
    whole = MAKERS[kind](pages)
    put("all", whole[: len(whole) * 3 // 5])
    told = blog.run("refresh", code=1)
    assert "all: breaks off" in told or "all: is damaged" in told
    assert "关于壬的一篇笔记" in blog.entries()
    assert len(blog.entries()) == 7
    assert "all: breaks off" in blog.run("refresh", code=1)
    put("all", whole)
    assert said(blog.refresh())[2:] == (0, 0)
    assert before != blog.feed()


def test_a_container_that_cannot_be_opened_is_a_problem_of_its_own(
    blog: Blog, put: Any, pages: dict[str, bytes], article: type[Article], monkeypatch: pytest.MonkeyPatch
) -> None:
    put("all.zip", zipped(pages))
    put("other.txt", listing(article, 8))
    blog.refresh()
    put("all.zip", zipped(pages)[:-30])
    put("other.txt", listing(article, 8, 9))
    told = blog.run("refresh", code=1)
    assert "all.zip: breaks off: its directory is missing (see whether it is still being written" in told
    assert len(blog.entries()) == 8


def test_a_held_record_is_shown_approved_and_read_while_its_container_stays(
    blog: Blog, article: type[Article], put: Any, pages: dict[str, bytes], opened: list[str]
) -> None:
    wide = {"wide.txt": listing(article, 0, 1, 2, 3, 4, 5), "other.txt": listing(article, 6)}
    put("all.jsonl", json_lines(wide))
    blog.refresh()
    put("all.jsonl", json_lines(wide | {"wide.txt": listing(article, 0, 1)}))
    assert blog.refresh()["held"] == 1
    opened.clear()
    assert blog.refresh()["held"] == 1
    assert opened == []
    name = f"all.jsonl!{SITE}wide.txt"
    shown = blog.run("source", "show", "blog", name)
    assert "关于丙的一篇笔记" in shown
    blog.run("source", "approve", "blog", name)
    assert "all.jsonl" in opened
    opened.clear()
    assert said(blog.refresh()) == (0, 1, 0, 0)
    assert opened == []


def test_records_that_move_between_pages_of_a_container_are_explained(
    blog: Blog, article: type[Article], put: Any
) -> None:
    """A listing in JSON Lines without addresses: a new first line moves every record by one number."""
    lines = [listing(article, n, n + 1) for n in range(0, 8, 2)]

    def data(some: list[bytes]) -> bytes:
        return b"".join(json.dumps({"body": text.decode()}).encode() + b"\n" for text in some)

    put("all.jsonl", data(lines))
    assert blog.refresh()["added"] == 8
    put("all.jsonl", data([listing(article, 8), *lines]))
    counts = blog.refresh()
    assert (counts["added"], counts["held"]) == (1, 0)
    assert len(blog.entries()) == 9


def test_new_rules_open_a_container_and_new_terms_too(
    blog: Blog, put: Any, pages: dict[str, bytes], opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    put("all.zip", zipped(pages))
    blog.refresh()
    for module in ("reading_dumps", "refresh", "reading_containers"):
        monkeypatch.setattr(f"digest.service.intake.{module}.RULES", RULES + 1)
    assert said(blog.refresh()) == (3, 0, 0, 0)
    config = blog.home / "digest.toml"
    config.write_text(config.read_text("utf-8").replace('path = "dumps"', 'path = "dumps"\nonly = "^[12]"'), "utf-8")
    opened.clear()
    assert said(blog.refresh()) == (0, 2, 0, 0)
    assert "all.zip" in opened
    assert len(blog.entries()) == 6


def test_records_without_an_entry_are_counted_in_one_note_and_fail_nothing(
    blog: Blog, put: Any, pages: dict[str, bytes], capfd: pytest.CaptureFixture[str]
) -> None:
    more = {"about.txt": "关于我们\n".encode(), "x.png": b"\x89PNG\0\0" * 99, "empty": b""}
    put("all.warc.gz", warc(pages | more, packed=True))
    assert said(blog.refresh()) == (3, 0, 6, 0)
    for _ in range(2):
        with pytest.raises(SystemExit) as ended:
            main(["refresh", "--config", str(blog.home / "digest.toml")])
        assert not ended.value.code
        told = "all.warc.gz: 3 of 6 records hold no entry in a known layout (1 are no text, 1 are empty)"
        assert told in capfd.readouterr().err
    put("all.warc.gz", warc(more, packed=True))
    assert "all.warc.gz: holds no entry in a known layout, in none of 3 records" in blog.run("refresh", code=1)
    assert len(blog.entries()) == 6


def test_a_record_that_showed_entries_and_shows_none_is_held(blog: Blog, put: Any, pages: dict[str, bytes]) -> None:
    put("all.tar", tarred(pages))
    blog.refresh()
    put("all.tar", tarred(pages | {"2.txt": "这一页没有了\n".encode()}))
    assert "all.tar!2.txt: held: holds no entry in a known layout" in blog.run("refresh", code=1)
    assert len(blog.entries()) == 6


def test_a_broken_line_fails_the_pass_as_long_as_it_stays_and_loses_only_itself(
    blog: Blog, put: Any, pages: dict[str, bytes]
) -> None:
    put("all.jsonl", json_lines(pages) + b'{"url": \n')
    for _ in range(2):
        assert "all.jsonl: line 4 is no JSON object" in blog.run("refresh", code=1)
    assert len(blog.entries()) == 6
    put("all.jsonl", json_lines(pages))
    assert said(blog.refresh()) == (0, 3, 0, 0)


def test_a_container_that_was_moved_brings_its_records_along(
    blog: Blog, put: Any, pages: dict[str, bytes], article: type[Article]
) -> None:
    path = put("2026-01.warc", warc(pages))
    blog.refresh()
    before = blog.feed()
    path.unlink()
    put("old.warc", warc(pages | {"1.txt": listing(article, 9, 0, 1)}))
    counts = blog.refresh()
    assert (counts["added"], counts["revised"], counts["vanished"]) == (1, 0, 0)
    blog.run("source", "forget", "blog", f"old.warc!{SITE}1.txt", code=1)
    assert before != blog.feed()


def test_two_crawls_of_one_address_are_two_dumps_and_the_later_one_counts(
    blog: Blog, put: Any, article: type[Article]
) -> None:
    put("crawl-1.warc", warc({"1.txt": listing(article, 0, 1, 2)}))
    put("crawl-2.warc", warc({"1.txt": listing(article, 0, 1, 2, more="后来又补了一句。")}))
    assert said(blog.refresh()) == (2, 0, 3, 0)
    shown = blog.listed("entries", "show", next(iter(blog.entries().values()))["id"])
    assert "后来又补了一句。" in json.dumps(shown, ensure_ascii=False)
    assert len(blog.entries()) == 3


def test_a_container_becomes_a_plain_file_and_a_container_again(
    blog: Blog, put: Any, pages: dict[str, bytes], article: type[Article]
) -> None:
    put("page.txt", zipped(pages))
    blog.refresh()
    put("page.txt", listing(article, 0, 1, 7))
    assert said(blog.refresh()) == (1, 0, 1, 0)
    put("page.txt", gzip.compress(listing(article, 0, 1, 7, 8)))
    assert said(blog.refresh()) == (1, 0, 1, 0)
    put("page.txt", zipped(pages))
    assert said(blog.refresh())[2:] == (0, 0)
    assert len(blog.entries()) == 8


def test_deferred_records_are_read_again_where_they_are_too_many_to_keep(
    blog: Blog, put: Any, article: type[Article], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("digest.service.intake.refresh._IN_MEMORY", 0)
    pages = {f"{n}.txt": listing(article, n) for n in range(4)}
    put("all.tar.gz", gzip.compress(tarred(pages)))
    blog.refresh()
    pages = {f"{n}.txt": listing(article, n, more="改了。") for n in range(4)}
    put("all.tar.gz", gzip.compress(tarred(pages)))
    assert blog.refresh()["revised"] == 4


@pytest.mark.parametrize("kind", ["zip", "JSON Lines", "WARC.gz"])
def test_commands_that_read_dumps_read_containers(
    blog: Blog, put: Any, pages: dict[str, bytes], kind: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path = str(put("all", MAKERS[kind](pages)))
    with pytest.raises(SystemExit) as ended:
        main(["parse", path, "--json"])
    found = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert not ended.value.code
    assert len({one["dump"] for one in found}) == 3
    assert len(found) == 6
    with pytest.raises(SystemExit):
        main(["layout", "suggest", path])
    assert "The built-in layouts read" in capfd.readouterr().out
    assert "6 entries" in blog.run("layout", "try", "byline", path)
    with pytest.raises(SystemExit):
        main(["check", "--config", str(blog.home / "digest.toml")])
    assert "1 dump, 6 entries" in capfd.readouterr().out


def test_what_only_leaves_out_and_the_field_of_the_text_are_shown_and_are_no_trouble(
    blog: Blog, put: Any, pages: dict[str, bytes]
) -> None:
    lines = (json.dumps({"url": SITE + name, "body": text.decode()}) + "\n" for name, text in pages.items())
    put("a.jsonl", "".join(lines).encode())
    config = blog.home / "digest.toml"
    config.write_text(
        config.read_text("utf-8").replace('path = "dumps"', 'path = "dumps"\nonly = "[12].txt$"'), "utf-8"
    )
    assert said(blog.refresh()) == (2, 0, 4, 0)
    assert "left out" not in blog.run("status")
    assert blog.listed("status")[0]["sources"][0]["notes"] == []
    shown = blog.run("source", "show", "blog")
    assert "note: a.jsonl: told: 1 of 3 records are left out by `only`" in shown
    assert "note: a.jsonl: told: the text of its records was found in the field body" in shown
