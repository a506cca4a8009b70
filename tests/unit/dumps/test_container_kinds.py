"""What is special about JSON Lines and about WARC files."""

from __future__ import annotations

import gzip
import io
import json
import zlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import brotli
import pytest
import zstandard

from digest.dumps.containers.kinds import Terms, is_container
from digest.patterns import Pattern
from tests.unit.dumps.containers import (
    SITE,
    container,
    texts,
    warc,
    zipped,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def entry(number: int) -> str:
    return f"{number % 28 + 1} Mar\n\n第{number}篇的标题\n\n第{number}篇说的话,与别的都不一样。\n\n点击阅读全文...\n\n"


PAGES = {"a.txt": entry(1).encode(), "b.txt": (entry(2) + entry(3)).encode(), "c/d.txt": entry(4).encode()}


# --- JSON Lines -----------------------------------------------------------------------------------


def field_of(path: Path, records: list[Mapping[str, object]], named: str = "") -> tuple[str, list[bytes]]:
    opened = container(path, b"".join(json.dumps(one).encode() + b"\n" for one in records), Terms(text_field=named))
    return opened.field, list(texts(opened).values())


def test_the_field_of_the_text_is_named_or_the_longest_that_a_layout_reads(tmp_path: Path) -> None:
    listing, other = PAGES["b.txt"].decode(), "<p>" + "x" * 3000
    records: list[Mapping[str, object]] = [
        {"raw": other, "page": {"body": listing, "lang": "zh"}, "title": "短"},
        {"raw": other, "page": {"body": listing + "\n"}, "title": listing},
    ]
    path = tmp_path / "a.jsonl"
    assert field_of(path, records, "title") == ("title", ["短".encode(), listing.encode()])
    opened = container(path, path.read_bytes())
    assert list(texts(opened).values()) == [listing.encode(), listing.encode() + b"\n"]
    assert opened.field == "page.body"
    assert field_of(path, [{"id": 1, "a": "xx", "b": "xxxx"}])[1] == [b"xxxx"]


def test_addresses_and_times_of_json_lines_are_found(tmp_path: Path) -> None:
    listing = PAGES["a.txt"].decode()
    many = [
        {"link": "https://a/1", "text": listing, "crawled_at": "2026-01-02T03:04:05+08:00"},
        {"id": 17, "text": listing, "timestamp": 1767323045000},
        {"text": listing},
        {"url": "https://a/1", "text": f"<p>{listing}", "content_type": "text/html"},
    ]
    opened = container(tmp_path / "a.jsonl", b"".join(json.dumps(one).encode() + b"\n" for one in many))
    found = [(page.name, page.url, page.fetched_at, page.media_type) for page in opened.pages()]
    assert found == [
        ("a.jsonl!https://a/1", "https://a/1", datetime(2026, 1, 1, 19, 4, 5, tzinfo=UTC), ""),
        ("a.jsonl!17", "", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), ""),
        ("a.jsonl!0003", "", None, ""),
        ("a.jsonl!https://a/1#2", "https://a/1", None, "text/html"),
    ]


@pytest.mark.parametrize(
    "data",
    [
        b'{\n  "text": "one document"\n}\n',
        b'{"version": "https://jsonfeed.org/version/1.1", "items": []}\n',
        b"{not json at all}\nand more\n",
        b"[1, 2]\n",
        PAGES["a.txt"],
        b"",
    ],
)
def test_other_texts_are_no_containers(data: bytes) -> None:
    assert not is_container(io.BytesIO(data), "a.txt")


# --- WARC -----------------------------------------------------------------------------------------


def test_answers_are_read_without_the_heads_and_packings_of_http(tmp_path: Path) -> None:
    text = PAGES["b.txt"]
    deflate = zlib.compressobj(wbits=-15)
    chunked = b"5;x=y\r\n" + text[:5] + b"\r\n%X\r\n" % (len(text) - 5) + text[5:] + b"\r\n0\r\n\r\n"
    gz = gzip.compress(text)
    packings = {
        "gzip": (gz, {"Content-Encoding": "gzip"}),
        "br": (brotli.compress(text), {"Content-Encoding": "br"}),
        "zstd": (zstandard.compress(text), {"Content-Encoding": "zstd"}),
        "deflate": (zlib.compress(text), {"Content-Encoding": "deflate"}),
        "raw deflate": (deflate.compress(text) + deflate.flush(), {"Content-Encoding": "deflate"}),
        "chunked": (chunked, {"Transfer-Encoding": "chunked"}),
        "both": (
            b"%x\r\n" % len(gz) + gz + b"\r\n0\r\n\r\n",
            {"Transfer-Encoding": "chunked", "content-encoding": "GZIP"},
        ),
        "joined": (text, {"Transfer-Encoding": "chunked", "Content-Encoding": "gzip"}),
    }
    data = b"".join(
        warc({name: body}, http=[("Content-Type", "text/html; charset=gbk"), *headers.items()])
        for name, (body, headers) in packings.items()
    )
    opened = container(tmp_path / "crawl.warc", data)
    assert texts(opened) == {SITE + name: text for name in packings}
    page = next(container(tmp_path / "crawl.warc", data).pages())
    assert (page.url, page.media_type) == (f"{SITE}gzip", "text/html; charset=gbk")
    assert page.fetched_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_other_records_are_passed_over_and_an_unknown_encoding_is_named(tmp_path: Path) -> None:
    data = (
        warc({"a": b"x"}).replace(b"200 OK", b"404 No")
        + warc({"b": b"x"}).replace(b"WARC-Type: response", b"WARC-Type: revisit ")
        + warc({"c": b"\x89PNG"}, http=[("Content-Type", "image/png")])
        + warc({"d": b"x"}, http=[("Content-Encoding", "lzma")])
        + warc(PAGES, "resource")
    )
    opened = container(tmp_path / "crawl.warc", data)
    assert texts(opened) == {SITE + name: text for name, text in PAGES.items()}
    assert [str(flaw) for flaw in opened.flaws] == [
        f"{SITE}d: has the encoding 'lzma', which is not read (leave it out)"
    ]


def test_only_records_of_the_wanted_addresses_are_read(tmp_path: Path) -> None:
    opened = container(tmp_path / "crawl.warc", warc(PAGES), Terms(only=r"^https://blog\.example\.org/[ab]\.txt$"))
    assert list(texts(opened)) == [f"{SITE}a.txt", f"{SITE}b.txt"]
    assert (opened.seen, opened.left_out) == (3, 1)
    opened = container(tmp_path / "a.zip", zipped(PAGES), Terms(only="^c/"))
    assert list(texts(opened)) == ["c/d.txt"]
    assert Pattern("^c/").found("c/d.txt")
