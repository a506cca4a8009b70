"""From bytes to snapshots: encodings, damage, files."""

from __future__ import annotations

import errno
import io
import os
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.dumps.decode import BLOCK
from digest.dumps.files import DumpFile, Refused, dump_files
from digest.dumps.printing import printed
from digest.dumps.snapshot import read_sightings, read_snapshot
from digest.errors import DumpError
from tests.examples import examples

if TYPE_CHECKING:
    from digest.model import Snapshot

PAGE = "6 Nov\n\n春天的题目\n\n第一段,说山。\n\n第二段,说水。\n\n点击阅读全文...\n\n"
TRADITIONAL = "題目\nBy 山客 | 2021-03-04 | 7位讀者 | 引用第一段,說山。\n第二段。\n最近評論\n"
MARKED = ("utf-8-sig", "utf-16")


def read(data: bytes) -> Snapshot:
    return read_snapshot(io.BytesIO(data), "a.txt")


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r", "\r\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16", "utf-16-be"])
def test_an_encoding_is_recognised(encoding: str, ends: str) -> None:
    data = PAGE.replace("\n", ends).encode(encoding)
    if encoding == "utf-16-be":
        data = b"\xfe\xff" + data

    (found,) = read(data).sightings
    assert (found.title, found.paragraphs, found.complete) == ("春天的题目", ("第一段,说山。", "第二段,说水。"), True)


@pytest.mark.parametrize("encoding", ["utf-8", "big5", "gb18030"])
def test_a_traditional_page_is_recognised(encoding: str) -> None:
    (found,) = read(TRADITIONAL.encode(encoding)).sightings

    assert (found.title, found.readers, found.paragraphs) == ("題目", 7, ("第一段,說山。", "第二段。"))


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_a_character_that_the_end_cut_is_dropped(encoding: str) -> None:
    whole = "9 Nov\n\n题目\n\n正文没有写完的一段话"
    data = (PAGE + whole).encode(encoding)[:-1]

    last = read(data).sightings[-1]
    assert (last.paragraphs, last.complete) == ((whole.split("\n\n")[2][:-1],), False)


def test_control_characters_are_gone_and_damaged_bytes_leave_the_rest_alone() -> None:
    dirty = PAGE.replace("说山", "说\x00\x0b\ufeff山\x85")
    assert read(dirty.encode()).sightings[0].paragraphs[0] == "第一段,说山。"

    damaged = (PAGE * 30).encode().replace("说水".encode(), b"\xe8\xaf\xff\xb0\xb4", 1)
    found = read(damaged).sightings
    assert len(found) == 30
    assert found[1].paragraphs == ("第一段,说山。", "第二段,说水。")


def test_an_encoding_shows_late() -> None:
    plain = "Every page begins with a long letter. " * (BLOCK // 30)

    assert read(plain.encode() + b"\n\n" + PAGE.encode("gb18030")).sightings[0].title == "春天的题目"


def test_a_page_in_an_encoding_of_its_own_is_recognised_by_statistics() -> None:
    words = "6 Nov\n\nДлинная дорога\n\n" + "Поезд шёл всю ночь, и никто не спал. " * 20 + "\n\n"

    (found,) = read(words.encode("koi8-r")).sightings
    assert found.title == "Длинная дорога"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is empty"),
        (b"\n \n", "no entry"),
        ("只是一段文字。\n".encode(), "no entry"),
        (bytes(range(256)) * 20, "binary"),
        (b"\x00\x01\x02" * 99, "binary"),
    ],
)
def test_what_is_no_dump_is_named_with_a_remedy(data: bytes, says: str) -> None:
    with pytest.raises(DumpError, match=says) as caught:
        read(data)

    assert caught.value.dump == "a.txt"
    assert caught.value.remedy


def test_an_over_large_dump_is_refused_while_it_is_read() -> None:
    with pytest.raises(DumpError, match="more than 50 bytes"):
        read_snapshot(io.BytesIO(PAGE.encode()), "a.txt", largest=50)


@settings(max_examples=examples(200))
@given(st.binary(max_size=400) | st.text(max_size=200).map(lambda text: (PAGE + text).encode("utf-8", "surrogatepass")))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        found = read(data).sightings
    except DumpError:
        return
    assert found


def test_a_long_dump_is_read_in_little_memory() -> None:
    data = io.BytesIO((PAGE * 40_000).encode())  # built before the count begins; as text it takes twice the limit
    tracemalloc.start()
    count = sum(1 for _ in read_sightings(data, "a.txt"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert count == 40_000
    assert peak < 2 * 1024 * 1024


def test_what_is_printed_has_the_documented_keys() -> None:
    assert printed(read(TRADITIONAL.encode()).sightings[0]) == {
        "dump": "a.txt",
        "position": 0,
        "layout": "byline",
        "title": "題目",
        "author": "山客",
        "date": {"year": 2021, "month": 3, "day": 4},
        "readers": 7,
        "paragraphs": ["第一段,說山。", "第二段。"],
        "figures": [],
        "complete": True,
    }
    assert printed(read(PAGE.replace("6 Nov", "31 Nov").encode()).sightings[0])["date"] is None


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.txt", "a.txt", "deep/er/c.txt", "deep/d.log", ".hidden", "draft.txt~", "x.part"):
        file = tmp_path / "dumps" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("text", "utf-8")
    return tmp_path / "dumps"


def names(path: Path) -> list[str]:
    return [found.name for found in dump_files(path)]


def test_a_folder_a_glob_and_a_file_are_sources(folder: Path) -> None:
    assert names(folder) == ["a.txt", "b.txt", "deep/d.log", "deep/er/c.txt"]
    assert names(folder / "*.txt") == ["a.txt", "b.txt"]
    assert names(folder / "**" / "*.txt") == ["a.txt", "b.txt", "deep/er/c.txt"]
    assert names(folder / "d*" / "*.log") == ["deep/d.log"]
    assert names(folder / "b.txt") == ["b.txt"]
    (found,) = dump_files(folder / "b.txt")
    assert isinstance(found, DumpFile)
    assert (found.path, found.size) == (folder / "b.txt", 4)


def test_a_link_that_leads_out_of_the_source_is_refused(folder: Path) -> None:
    outside = folder.parent / "outside.txt"
    outside.write_text("secret", "utf-8")
    (folder / "in.txt").symlink_to(folder / "a.txt")
    (folder / "out.txt").symlink_to(outside)
    (folder / "up").symlink_to(folder.parent)
    (folder / "loop").symlink_to(folder)
    (folder / "gone.txt").symlink_to(folder / "nothing")

    found = {one.name: one for one in dump_files(folder)}
    assert isinstance(found["in.txt"], DumpFile)
    assert {name for name, one in found.items() if isinstance(one, Refused)} == {"out.txt", "up", "gone.txt"}
    assert "out of the source" in str(found["out.txt"])
    assert "loop" not in found


def test_a_name_that_is_not_utf8_is_refused(folder: Path) -> None:
    (folder / "bad\udcff.txt").write_text("text", "utf-8")

    (refused,) = (one for one in dump_files(folder) if isinstance(one, Refused))
    assert "not UTF-8" in refused.reason
    refused.name.encode("utf-8")


def test_a_missing_path_is_an_error_and_an_empty_glob_is_none(folder: Path) -> None:
    with pytest.raises(DumpError, match="no such file"):
        names(folder / "nowhere")
    assert names(folder / "*.nothing") == []


def refusals(path: Path) -> dict[str, str]:
    return {one.name: one.reason for one in dump_files(path) if isinstance(one, Refused)}


def test_links_that_lead_round_cost_nobody_else(folder: Path) -> None:
    (folder / "round.txt").symlink_to(folder / "round.txt")
    (folder / "ping").symlink_to(folder / "pong")
    (folder / "pong").symlink_to(folder / "ping")
    (folder / "deep" / "self").symlink_to("self")

    for path in (folder, folder / "**" / "*", folder / "*"):
        told = refusals(path)
        assert "levels of symbolic links" in told["round.txt"], "on every version of Python"
        assert {"ping", "pong"} <= told.keys()
    assert names(folder / "**" / "[a-d].txt") == ["a.txt", "b.txt", "deep/er/c.txt"]
    assert names(folder / "*" / "*.log") == ["deep/d.log"]
    for path in (folder / "round.txt", folder / "ping"):
        with pytest.raises(DumpError, match="levels of symbolic links"):
            names(path)
    with pytest.raises(DumpError, match="levels of symbolic links"):
        names(folder / "ping" / "x.txt")


@pytest.fixture
def closed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A sub-folder that nobody may list."""
    listing = os.scandir

    def scandir(path: Path) -> Any:
        if Path(path) == folder / "deep":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return listing(path)

    monkeypatch.setattr(os, "scandir", scandir)
    return folder


@pytest.mark.parametrize("glob", ["", "**/*", "**/*.*"])
def test_a_folder_that_cannot_be_listed_does_not_block_its_siblings(closed: Path, glob: str) -> None:
    (closed / "z").mkdir()
    (closed / "z" / "last.txt").write_text("text", "utf-8")
    found = list(dump_files(closed / glob))

    assert [one.name for one in found if isinstance(one, DumpFile)] == ["a.txt", "b.txt", "z/last.txt"]
    (refused,) = (one for one in found if isinstance(one, Refused))
    assert str(refused) == "deep: cannot be listed: Permission denied (check its rights)"
    assert refused.hides("deep/d.log")
    assert not refused.hides("deeper.txt")


def test_a_root_that_cannot_be_listed_or_looked_at_is_an_error(closed: Path) -> None:
    for path in (closed / "deep", closed / "deep" / "*.log"):
        with pytest.raises(DumpError, match="cannot be listed: Permission denied"):
            names(path)
    with pytest.raises(DumpError, match="cannot be looked at: Not a directory"):
        names(closed / "a.txt" / "b.txt")
    with pytest.raises(DumpError, match="cannot be looked at: File name too long"):
        names(closed / ("x" * 300))
    with pytest.raises(DumpError, match="no such file"):
        names(closed / "nul\0")


def test_folders_may_lie_as_deep_as_the_system_lets_them(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    depth = 1200
    monkeypatch.chdir(folder / "deep")
    for _ in range(depth):
        Path("d").mkdir()
        os.chdir("d")
    Path("found.txt").write_text("text", "utf-8")
    try:
        found = names(folder)
    finally:  # in steps, since removing such a tree takes as deep a recursion
        Path("found.txt").unlink()
        for _ in range(depth):
            os.chdir("..")
            Path("d").rmdir()

    assert sorted(found) == sorted(
        ["a.txt", "b.txt", "deep/d.log", "deep/er/c.txt", "deep/" + "d/" * depth + "found.txt"]
    )


def test_a_pipe_is_neither_read_nor_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "pipe.txt")

    assert "pipe.txt" not in names(folder)
    assert refusals(folder / "*.txt") == {"pipe.txt": "is no regular file; it is not read"}
