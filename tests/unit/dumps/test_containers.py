"""Records of containers are pages: the same entries as from plain files, and what breaks off is said."""

from __future__ import annotations

import gzip
import io
import random
import tarfile
import tracemalloc
import zipfile
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import brotli
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest.dumps.containers.kinds import Terms, is_container
from digest.dumps.pages import is_page, pages
from digest.dumps.snapshot import read_snapshot
from digest.errors import DumpError
from tests.unit.dumps.containers import (
    MAKERS,
    SITE,
    container,
    json_lines,
    sightings,
    tarred,
    text_of,
    texts,
    warc,
    zipped,
)

if TYPE_CHECKING:
    from pathlib import Path


def entry(number: int, *, ended: bool = True) -> str:
    mark = "点击阅读全文...\n\n" if ended else ""
    return f"{number % 28 + 1} Mar\n\n第{number}篇的标题\n\n第{number}篇说的话,与别的都不一样。\n\n{mark}"


def byline(number: int) -> str:
    day = f"2026-03-{number % 28 + 1:02}"
    return f"第{number}篇的标题\nBy 山客 | {day} | {number}位读者 | 引用第{number}篇说的话。\n第二段。\n"


PAGES = {
    "a.txt": "".join(map(entry, range(3))).encode(),
    "b.txt": "".join(map(byline, range(10, 14))).encode(),
    "c/d.txt": "".join(map(entry, range(20, 22))).encode(),
}


@pytest.mark.parametrize("kind", MAKERS)
def test_records_of_every_kind_are_known_by_their_content_and_hold_the_same_bytes(tmp_path: Path, kind: str) -> None:
    opened = container(tmp_path / "page.txt", MAKERS[kind](PAGES))
    with opened.page.open() as stream:
        assert is_container(stream, "page.txt")
    found = texts(opened)
    assert list(found.values()) == list(PAGES.values())
    assert {name.removeprefix(SITE) for name in found} == set(PAGES)
    assert (opened.problem, opened.flaws, opened.seen, opened.left_out) == (None, [], 3, 0)


@pytest.mark.parametrize(
    "pack", [gzip.compress, zstandard.compress, lambda text: gzip.compress(text[:9]) + gzip.compress(text[9:])]
)
def test_a_compressed_text_is_one_page_under_its_own_name(tmp_path: Path, pack: Any) -> None:
    opened = container(tmp_path / "page.txt.gz", pack(PAGES["a.txt"]))
    (page,) = opened.pages()
    assert (page.name, page.stamp, text_of(page)) == ("page.txt.gz", opened.page.stamp, PAGES["a.txt"])


lines = st.lists(
    st.one_of(
        st.integers(0, 60).map(entry),
        st.integers(0, 60).map(byline),
        st.integers(0, 60).map(lambda number: entry(number, ended=False)),
        st.text(st.sampled_from("甲乙丙 \n1Mar{}|:\r\t"), max_size=20),
    ),
    max_size=6,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(lines.map("".join), min_size=1, max_size=3))
def test_any_listing_gives_the_same_entries_as_a_file_and_as_a_record(tmp_path: Path, listings: list[str]) -> None:
    plain = {f"{number}.txt": listing.encode() for number, listing in enumerate(listings)}

    def read(data: bytes) -> object:
        try:
            found = read_snapshot(io.BytesIO(data), "x")
        except DumpError as error:
            return error.reason
        return found.sightings, found.notes

    expected = [read(data) for data in plain.values()]
    for kind, make in MAKERS.items():
        packed = make(plain)
        if kind.startswith("JSON Lines") and not any(plain.values()):
            continue  # then any field may be the text
        opened = container(tmp_path / "packed", packed, Terms(text_field="text"))
        assert [read(text_of(page)) for page in opened.pages()] == expected, kind


def test_a_page_of_a_wet_file_does_not_run_into_the_next_one(tmp_path: Path) -> None:
    half = (entry(1) + entry(2, ended=False)).encode()
    opened = container(tmp_path / "crawl.wet", warc({"1": half, "2": PAGES["a.txt"]}, "conversion"))
    first, second = (sightings(page) for page in opened.pages())
    assert [(one.title, one.paragraphs, one.complete) for one in first] == [
        ("第1篇的标题", ("第1篇说的话,与别的都不一样。",), True),
        ("第2篇的标题", ("第2篇说的话,与别的都不一样。",), False),
    ]
    assert [one.title for one in second] == ["第0篇的标题", "第1篇的标题", "第2篇的标题"]


def test_a_page_that_was_passed_is_read_again_in_any_order(tmp_path: Path) -> None:
    for kind, make in MAKERS.items():
        opened = container(tmp_path / "packed", make(PAGES))
        found = list(opened.pages())
        for page in (found[2], found[0], found[1], found[1], found[0]):
            assert text_of(page) == PAGES[page.name.partition("!")[2].removeprefix(SITE)], kind
        opened.close()


def test_large_records_wait_in_a_nameless_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("digest.dumps.containers.streams._IN_MEMORY", 10)
    for make in MAKERS.values():
        opened = container(tmp_path / "packed", make(PAGES))
        assert [text_of(page) + text_of(page) for page in opened.pages()] == [text * 2 for text in PAGES.values()]
    assert [path.name for path in tmp_path.iterdir()] == ["packed"]


# --- what breaks off ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(set(MAKERS) - {"zip"}))
def test_records_before_a_break_are_read_and_the_break_is_named(tmp_path: Path, kind: str) -> None:
    chance = random.Random(3)
    many = {f"{number}.txt": chance.randbytes(5000 + 17 * number).hex().encode() for number in range(60)}
    whole = MAKERS[kind](many)
    opened = container(tmp_path / "packed", whole[: len(whole) * 2 // 3])
    found = texts(opened)
    sound = [text for name, text in found.items() if many[name.removeprefix(SITE)] == text]
    assert sound
    assert len(found) - len(sound) <= 1
    assert len(found) < 60
    assert opened.problem or any("breaks off" in flaw.reason for flaw in opened.flaws)
    if opened.problem:
        assert opened.problem.dump == "packed"
        assert opened.problem.remedy


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_the_last_entry_of_a_text_that_breaks_off_is_incomplete(tmp_path: Path, pack: Any) -> None:
    chance = random.Random(3)
    text = "".join(byline(number) + chance.randbytes(2000).hex() + "\n" for number in range(100)).encode()
    packed = pack(text)
    opened = container(tmp_path / "page.gz", packed[: len(packed) // 2])
    (page,) = opened.pages()
    found = sightings(page)
    assert page.is_cut
    assert found
    assert [one.complete for one in found] == [True] * (len(found) - 1) + [False]


def test_a_warc_record_that_is_longer_than_the_file_is_incomplete(tmp_path: Path) -> None:
    whole = warc({"a": PAGES["b.txt"]})
    opened = container(tmp_path / "crawl.warc", whole[:-40])
    (page,) = opened.pages()
    assert [one.complete for one in sightings(page)][-1] is False
    list(opened.pages())
    assert page.is_cut


def test_a_warc_record_of_another_length_than_it_says_loses_only_itself(tmp_path: Path) -> None:
    whole = warc(PAGES)
    first = whole.index(b"Content-Length: ") + len(b"Content-Length: ")
    end = whole.index(b"\r\n", first)
    lying = whole[:first] + str(int(whole[first:end]) - 30).encode() + whole[end:]
    opened = container(tmp_path / "crawl.warc", lying)
    found = texts(opened)
    assert list(found.values())[1:] == list(PAGES.values())[1:]
    assert [(flaw.place, flaw.reason) for flaw in opened.flaws] == [
        (f"{SITE}a.txt", "has another length than its head says")
    ]


def test_a_zip_without_its_end_and_a_member_with_other_bytes_are_named(tmp_path: Path) -> None:
    whole = zipped(PAGES)
    opened = container(tmp_path / "a.zip", whole[:-30])
    assert (list(opened.pages()), opened.problem and opened.problem.reason) == (
        [],
        "breaks off: its directory is missing",
    )
    at = whole.index(b"a.txt") + 5
    opened = container(tmp_path / "b.zip", whole[:at] + b"\xff\xff\xff" + whole[at + 3 :])
    pages_found = list(opened.pages())
    assert (text_of(pages_found[0]), pages_found[0].is_cut, text_of(pages_found[1])) == (b"", True, PAGES["b.txt"])


def test_a_broken_line_is_a_problem_of_that_line_alone(tmp_path: Path) -> None:
    good = json_lines(PAGES).splitlines()
    data = b"\n".join([good[0], b'{"url": "x", ', b"[1]", b"", good[1], b'{"text": 7}', good[2], b'{"text": "half'])
    opened = container(tmp_path / "a.jsonl", data)
    assert list(texts(opened).values()) == list(PAGES.values())
    assert [(flaw.place, flaw.reason.partition(" (")[0]) for flaw in opened.flaws] == [
        ("line 2", "is no JSON object"),
        ("line 3", "is no JSON object"),
        ("line 6", "has no text in the field text"),
        ("line 8", "breaks off"),
    ]


# --- hostile containers ---------------------------------------------------------------------------

SMALL = Terms(largest=30_000_000, unpacked=60_000_000, ratio=50, records=50)


def zeros(form: int, megabytes: int = 4) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, form)
    return b"".join(packer.compress(bytes(1 << 20)) for _ in range(megabytes)) + packer.flush()


def refused(path: Path, data: bytes, terms: Terms = SMALL) -> str:
    opened = container(path, data, terms)
    texts(opened)
    assert opened.problem or opened.flaws
    return opened.problem.reason if opened.problem else opened.flaws[-1].reason


def test_bombs_are_refused_at_the_first_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("digest.dumps.containers.streams._GRACE", 1 << 20)
    tar_of_zeros = tarfile.TarInfo("zeros")
    tar_of_zeros.size = 1 << 40
    long_name = tarfile.TarInfo("zeros")
    long_name.type, long_name.size = tarfile.XHDTYPE, 1 << 40
    empty = tarred(dict.fromkeys(map(str, range(51)), b""))
    head = b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: https://a/\r\nContent-Length: %d\r\n\r\n"
    http = b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n\r\n" + brotli.compress(bytes(4 << 20))
    ratio = "unpacks to more than 50 times its size"
    assert refused(tmp_path / "gz", zeros(31)) == ratio
    assert refused(tmp_path / "zst", zstandard.compress(bytes(4 << 20))) == ratio
    assert refused(tmp_path / "tar", gzip.compress(tar_of_zeros.tobuf(tarfile.GNU_FORMAT)) + zeros(31)) == ratio
    assert refused(tmp_path / "pax", gzip.compress(long_name.tobuf(tarfile.GNU_FORMAT)) + zeros(31)).endswith(
        "a member is too long"
    )
    assert refused(tmp_path / "many", gzip.compress(empty)) == "holds more than 50 records"
    assert (
        refused(tmp_path / "many.zip", zipped(dict.fromkeys(map(str, range(51)), b""))) == "holds more than 50 records"
    )
    assert refused(tmp_path / "lines", b'{"a": ""}\n' * 51) == "holds more than 50 records"
    assert refused(tmp_path / "zip", zipped({"a": bytes(4 << 20), "b": b""})) == ratio
    assert refused(tmp_path / "warc", head % len(http) + http + b"\r\n\r\n") == ratio
    assert refused(tmp_path / "one", zipped(PAGES), replace(SMALL, largest=10)) == "has more than 10 bytes"
    assert refused(tmp_path / "heads", b"WARC/1.0\r\n" + b"X: y\r\n" * 180_000).endswith("a record is too long")
    assert refused(tmp_path / "twice", gzip.compress(gzip.compress(b"x" * 1000))) == "is compressed more than once"
    unpacked = replace(SMALL, unpacked=1000, ratio=10**6)
    assert refused(tmp_path / "size", gzip.compress(bytes(2000)), unpacked) == "unpacks to more than 1,000 bytes"


def test_members_that_share_their_bytes_do_not_evade_the_ratio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("digest.dumps.containers.streams._GRACE", 1000)
    whole = zipped({str(number): b"0123456789" * 60 for number in range(40)})
    at, directory = whole.index(b"PK\x01\x02"), whole.rindex(b"PK\x05\x06")
    one = bytearray()
    for number in range(40):  # each entry of the directory names the first member
        start = at + number * 47 if number < 10 else at + 470 + (number - 10) * 48
        length = 47 if number < 10 else 48
        entry_of = bytearray(whole[start : start + length])
        entry_of[42:46] = bytes(4)
        one += entry_of
    overlapping = whole[:at] + bytes(one) + whole[directory:]
    shared = overlapping[: whole.index(b"PK\x03\x04", 4)] + overlapping[at:]
    end = bytearray(shared)
    end[-6:-2] = whole.index(b"PK\x03\x04", 4).to_bytes(4, "little")
    assert refused(tmp_path / "a.zip", bytes(end), replace(SMALL, ratio=10)) == "unpacks to more than 10 times its size"


def test_an_archive_in_an_archive_is_named_and_not_opened(tmp_path: Path) -> None:
    inner = {"a.zip": zipped(PAGES), "b.tar": tarred(PAGES), "c.gz": gzip.compress(b"x" * 999), "d.warc": warc(PAGES)}
    opened = container(tmp_path / "a.tar", tarred(inner))
    assert texts(opened) == {}
    assert [str(flaw) for flaw in opened.flaws] == [
        f"a.tar!{name}: is an archive inside an archive (unpack it where it is written)" for name in inner
    ]


def test_names_are_only_names_and_links_and_devices_are_passed_over(tmp_path: Path) -> None:
    into = io.BytesIO()
    with tarfile.open(fileobj=into, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name in (
            "../up.txt",
            "/etc/passwd",
            "./here.txt",
            "长" * 90 + ".txt",
            "x\n\x1b[31m.txt",
            ".hidden",
            "a/.git/b",
            "b~",
        ):
            info = tarfile.TarInfo(name)
            info.size = 3
            archive.addfile(info, io.BytesIO(b"abc"))
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE):
            info = tarfile.TarInfo(f"special {kind!r}")
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
    opened = container(tmp_path / "a.tar", into.getvalue())
    names = list(texts(opened))
    assert names == ["../up.txt", "/etc/passwd", "here.txt", "长" * 90 + ".txt", "x\ufffd\ufffd[31m.txt"]
    assert [path.name for path in tmp_path.iterdir()] == ["a.tar"]


def test_two_members_of_one_name_are_two_pages(tmp_path: Path) -> None:
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w") as archive:
        archive.writestr("a", "one")
        for text in ("two", "three"):
            with pytest.warns(UserWarning, match="Duplicate name"):
                archive.writestr("a", text)
    assert texts(container(tmp_path / "a.zip", into.getvalue())) == {"a": b"one", "a#2": b"two", "a#3": b"three"}


def test_encrypted_and_oddly_packed_members_are_named_and_the_others_read(tmp_path: Path) -> None:
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w") as archive:
        archive.writestr("secret", "x")
        archive.writestr("odd", "y", zipfile.ZIP_LZMA)
        archive.writestr("good", "z")
    data = bytearray(into.getvalue())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    opened = container(tmp_path / "a.zip", bytes(data))
    assert texts(opened) == {"good": b"z"}
    assert [(flaw.place, flaw.reason.partition(" (")[0]) for flaw in opened.flaws] == [
        ("secret", "is encrypted"),
        ("odd", "is packed by method 14, which is not read"),
    ]


def test_a_zip_of_64_bits_and_one_behind_a_program_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 10)
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)
    large = zipped(PAGES)
    monkeypatch.undo()
    assert b"PK\x06\x06" in large
    assert texts(container(tmp_path / "large.zip", large)) == PAGES
    with (tmp_path / "program").open("wb") as file:
        file.write(b"PK\x03\x04 is a program before the archive" + b"\0" * 100 + zipped(PAGES))
    assert texts(container(tmp_path / "program", (tmp_path / "program").read_bytes())) == PAGES


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(MAKERS)), st.integers(0, 10**6), st.binary(min_size=1, max_size=4))
def test_bytes_that_were_changed_give_an_error_of_ours_or_a_record(
    tmp_path: Path, kind: str, at: int, instead: bytes
) -> None:
    whole = MAKERS[kind](PAGES)
    at %= len(whole)
    opened = container(tmp_path / "packed", whole[:at] + instead + whole[at + len(instead) :], SMALL)
    assert len(texts(opened)) <= 6


@pytest.mark.parametrize("kind", ["zip", "tar.gz", "JSON Lines", "WARC"])
def test_the_memory_does_not_grow_with_the_number_of_records(tmp_path: Path, kind: str) -> None:
    def peak(count: int) -> int:
        opened = container(tmp_path / "packed", MAKERS[kind]({f"{number}.txt": b"x" * 500 for number in range(count)}))
        tracemalloc.start()
        try:
            assert sum(len(text_of(page)) for page in opened.pages()) == 500 * count
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(50)
    assert peak(600) < peak(100) + 150_000


def test_pages_of_a_folder_come_in_order_with_the_records_in_their_place(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(PAGES["a.txt"])
    (tmp_path / "b.zip").write_bytes(zipped(PAGES | {"image.png": b"\x89PNG\0\0\0" * 50}))
    (tmp_path / "c.jsonl").write_bytes(json_lines(PAGES) + b"{\n")
    (tmp_path / "d.tar").write_bytes(tarred(PAGES)[:1900])
    found = [page.name if is_page(page) else str(page) for page in pages(tmp_path)]
    assert found == [
        "a.txt",
        *(f"b.zip!{name}" for name in [*PAGES, "image.png"]),
        *(f"c.jsonl!{SITE}{name}" for name in PAGES),
        "c.jsonl!line 4: is no JSON object (see what writes it)",
        "d.tar!a.txt",
        "d.tar!b.txt",
        "d.tar: breaks off in 'b.txt' (see whether it is still being written; if not, pack it anew)",
    ]
