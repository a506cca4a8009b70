"""Bodies that are not what their head says, and bodies that are too large."""

from __future__ import annotations

import gzip
import threading
import zlib
from typing import TYPE_CHECKING

import brotli
import pytest

from digest.fetching.values import Limits
from tests.sites import PAGE, Request, Site, refused, response, whole

if TYPE_CHECKING:
    from collections.abc import Callable

LONG = "".join(f"<p>{number} 科学空间</p>" for number in range(30_000)).encode()


def _brotli(text: bytes) -> bytes:
    packed: bytes = brotli.compress(text, quality=4)
    return packed


def _bare_deflate(text: bytes) -> bytes:
    made = zlib.compressobj(wbits=-15)
    return made.compress(text) + made.flush()


PACKED: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "br": _brotli, "deflate": zlib.compress}


@pytest.mark.parametrize("encoding", PACKED)
def test_a_packed_body_is_unpacked(site: Site, encoding: str) -> None:
    site.pages["/page"] = response(PACKED[encoding](LONG), content_encoding=encoding)
    assert whole(site).body == LONG


def test_unusual_forms_of_packed_bodies_are_unpacked(site: Site) -> None:
    two = gzip.compress(b"one ") + gzip.compress(b"two")
    site.pages["/page"] = response(two, content_encoding="x-gzip")
    assert whole(site).body == b"one two"
    site.pages["/page"] = response(_bare_deflate(PAGE.encode()), content_encoding="deflate")
    assert whole(site).body.decode() == PAGE


@pytest.mark.parametrize("encoding", PACKED)
@pytest.mark.parametrize("wrong", ["cut", "more", "plain"])
def test_a_body_that_is_not_whole_in_its_encoding_is_a_failure(site: Site, encoding: str, wrong: str) -> None:
    packed = PACKED[encoding](PAGE.encode() * 50)
    sent = {"cut": packed[:-9], "more": packed + b"more", "plain": PAGE.encode()}[wrong]
    site.pages["/page"] = response(sent, content_encoding=encoding)
    assert "its body is not what its head says" in str(refused(site))


def test_an_encoding_that_was_not_asked_for_is_a_failure(site: Site) -> None:
    site.pages["/page"] = response(PAGE, content_encoding="zstd, gzip")
    assert "which was not asked for" in str(refused(site))


def test_a_body_that_is_shorter_than_announced_is_a_failure(site: Site) -> None:
    site.pages["/page"] = response(PAGE, length=len(PAGE.encode()) + 10)
    assert "did not answer whole" in str(refused(site))


def test_a_body_that_is_longer_than_announced_is_a_failure(site: Site) -> None:
    site.pages["/page"] = response(PAGE, length=100)
    assert "more than the 100 bytes that it announced" in str(refused(site))

    def in_two(request: Request) -> None:
        request.send(response(PAGE))
        threading.Event().wait(0.05)
        request.send(b"and more")

    site.pages["/page"] = in_two
    assert "that it announced" in str(refused(site))


def test_interim_responses_are_no_part_of_the_body(site: Site) -> None:
    site.pages["/page"] = b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" + response(PAGE)
    assert whole(site).body.decode() == PAGE


def test_a_chunked_body_that_is_cut_short_is_a_failure(site: Site) -> None:
    head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    site.pages["/page"] = head + b"5\r\nhello\r\n0\r\n\r\n"
    assert whole(site).body == b"hello"
    site.pages["/page"] = head + b"5\r\nhello\r\n"
    assert "did not answer whole" in str(refused(site))
    site.pages["/page"] = head + b"zz\r\nhello\r\n"
    assert "did not answer whole" in str(refused(site))


@pytest.mark.parametrize("raw", [b"", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 200 OK\r\n", b"\x00" * 100])
def test_what_is_no_http_is_a_failure(site: Site, raw: bytes) -> None:
    site.pages["/page"] = raw
    refused(site)


@pytest.mark.parametrize("body", ["", " \r\n\t "])
def test_an_empty_body_is_a_failure(site: Site, body: str) -> None:
    site.pages["/page"] = response(body)
    assert "empty body" in str(refused(site))


def test_a_body_is_read_up_to_its_limit(site: Site) -> None:
    site.pages["/page"] = response(b"x" * 1000)
    assert whole(site, limits=Limits(largest=1000)).body
    assert "more than 999 bytes" in str(refused(site, limits=Limits(largest=999)))
    site.pages["/page"] = response(gzip.compress(b"x" * 1000), content_encoding="gzip")
    assert "more than 999 bytes" in str(refused(site, limits=Limits(largest=999)))

    def endless(request: Request) -> None:
        request.send(b"HTTP/1.1 200 OK\r\n\r\n")
        request.drip(b"x" * 65536, seconds=0)

    site.pages["/page"] = endless
    assert "more than 999,999 bytes" in str(refused(site, limits=Limits(largest=999_999)))


@pytest.mark.parametrize("encoding", PACKED)
def test_a_bomb_is_refused_before_it_is_unpacked(site: Site, encoding: str) -> None:
    site.pages["/page"] = response(PACKED[encoding](b"\0" * (20 << 20)), content_encoding=encoding)
    assert "200 times" in str(refused(site))
