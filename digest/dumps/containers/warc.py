"""WARC and WET files: the pages of a crawl, without the heads and the packings of HTTP."""

import contextlib
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from digest.dumps.containers.kinds import Packing, Terms
from digest.dumps.containers.streams import BLOCK, Flaw, Forward, Member, Meter, Part, blocks_of, unpacked
from digest.errors import DumpError

_VERSIONS = ["WARC/1.1", "WARC/1.0", "WARC/0.18", "WARC/0.17"]
_HTTP = ["HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "HTTP/2", "HTTP/3"]
_PAGES = frozenset(("response", "resource", "conversion"))
_NO_TEXT = ("image/", "video/", "audio/", "font/", "text/css", "text/javascript", "text/dns", "application/javascript")
_GOOD = range(200, 300)
_ZLIB_HEAD, _DEFLATE = 2, 8
_MOST_HEAD = 1 << 20  # bytes of the head of a record or of an answer
_LONGEST_SIZE = 64  # characters of the size of a chunk
_SECOND = 1_000_000_000
_ANEW = "see whether it is still being written; if not, fetch it anew"
_PACKINGS = {"gzip": Packing.GZIP, "x-gzip": Packing.GZIP, "zstd": Packing.ZSTD}


def warc_members(stream: Forward, meter: Meter, terms: Terms) -> Iterator[Member | Flaw]:
    """The pages of a WARC file: answers with a status of 2xx, resources and conversions to text.

    Raises:
        DumpError: it breaks off, is damaged, or goes beyond a bound.
    """
    while head := _head(stream, meter):
        headers = _parsed(head, _VERSIONS)
        length = headers.get("content-length", "") if headers else ""
        if headers is None or not (length.isascii() and length.isdigit()):
            raise DumpError(meter.name, "is damaged: the head of a record is not right", remedy=_ANEW)
        meter.record()
        part = Part(stream, int(length))
        url = headers.get("warc-target-uri", "").strip("<>")
        if headers.get("warc-type", "").lower() in _PAGES:
            page = _Page(part, headers, url, meter, terms)
            if page.is_wanted():
                yield page.member()
        part.drain()
        if part.cut:
            said = stream.cut or f"breaks off in the record of {url or 'no address'}"
            raise DumpError(meter.name, said, remedy=_ANEW)
        if not _pass_end(stream):
            yield Flaw(url, "has another length than its head says")
    if stream.cut:
        raise DumpError(meter.name, stream.cut, remedy=_ANEW)


def _head(stream: Forward, meter: Meter) -> bytes:
    """The head of the next record with its blank line; empty at the end."""
    lines: list[bytes] = []
    size = 0
    while line := stream.line(_MOST_HEAD):
        if not line.strip() and not lines:
            continue
        lines.append(line)
        size += len(line)
        if size > _MOST_HEAD:
            raise DumpError(meter.name, "is damaged: the head of a record is too long", remedy=_ANEW)
        if not line.strip():
            return b"".join(lines)
    if lines:
        raise DumpError(meter.name, stream.cut or "breaks off in the head of a record", remedy=_ANEW)
    return b""


def _pass_end(stream: Forward) -> bool:
    """Pass over the blank lines behind a record; whether there is nothing else before the next one."""
    right = True
    while ahead := stream.peek(5):
        if ahead == b"WARC/":
            break
        right = not stream.line(BLOCK).strip() and right
    return right


class _Page:
    """A record that shows a page."""

    def __init__(self, part: Part, headers: dict[str, str], url: str, meter: Meter, terms: Terms) -> None:
        self._part, self._headers, self._url = part, headers, url
        self._name, self._terms = meter.name, terms
        self._meter = Meter(url, terms, part.left)  # a bomb among the records loses only itself
        self._body = Forward(part, Meter(meter.name, terms), None)
        self._cut = "warc-truncated" in headers
        self._media_type = headers.get("content-type", "")
        self._status, self._chunked = _GOOD.start, False
        self._encodings: list[str] = []
        if self._media_type.lower().startswith("application/http") or self._body.peek(5) == b"HTTP/":
            self._take_http()

    def is_wanted(self) -> bool:
        return self._status in _GOOD and not self._media_type.lower().startswith(_NO_TEXT)

    def member(self) -> Member:
        at = _time(self._headers.get("warc-date", ""))
        return Member(
            self._url,
            self._blocks,
            lambda: self._cut or self._part.cut,
            int(self._headers["content-length"]),
            int(at.timestamp()) * _SECOND if at else None,
            self._url,
            at,
            self._media_type,
        )

    def _take_http(self) -> None:
        """Read the head of the answer."""
        lines, size = [], 0
        while (line := self._body.line(_MOST_HEAD)) and size <= _MOST_HEAD:
            lines.append(line)
            size += len(line)
            if not line.strip():
                break
        headers = _parsed(b"".join(lines), _HTTP)
        if headers is None:
            self._status = 0
            return
        status = headers[""].partition(" ")[0]
        self._status = int(status) if status.isascii() and status.isdigit() else 0
        self._media_type = headers.get("content-type", "")
        said = headers.get("content-encoding", "").lower().split(",")
        self._encodings = [one.strip() for one in said if one.strip() not in {"", "identity"}]
        self._chunked = "chunked" in headers.get("transfer-encoding", "").lower()

    def _blocks(self) -> Iterator[bytes]:
        """The bytes of the page.

        Raises:
            DumpError: its encoding is unknown, or it unpacks to more than the bounds allow.
        """
        blocks = self._chunks() if self._chunked else blocks_of(self._body)
        for encoding in reversed(self._encodings):
            blocks = self._decoded(blocks, encoding)
        return blocks

    def _decoded(self, blocks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
        packed = Forward(_Joined(blocks), Meter(self._name, self._terms), None)
        if encoding == "br":
            return self._brotli(packed)
        if encoding == "deflate":
            return self._deflated(packed)
        if encoding not in _PACKINGS:
            raise DumpError(self._url, f"has the encoding {encoding!r}, which is not read", remedy="leave it out")
        if encoding.endswith("gzip") and packed.peek(2) != b"\x1f\x8b":
            return blocks_of(packed)  # some crawlers unpack, and keep the head
        return unpacked(packed, self._meter, _PACKINGS[encoding], self._end_early)

    def _deflated(self, packed: Forward) -> Iterator[bytes]:
        head = packed.peek(_ZLIB_HEAD)
        zlib_head = len(head) == _ZLIB_HEAD and head[0] & 15 == _DEFLATE and int.from_bytes(head, "big") % 31 == 0
        if zlib_head:
            packed.exactly(_ZLIB_HEAD)
        return unpacked(packed, self._meter, Packing.DEFLATE, self._end_early)

    def _brotli(self, packed: Forward) -> Iterator[bytes]:
        import brotli  # noqa: PLC0415 - few records need it

        decoder = brotli.Decompressor()
        try:
            while not decoder.is_finished():
                fed = packed.read(BLOCK) if decoder.can_accept_more_data() else b""
                self._meter.took(len(fed))
                block = decoder.process(fed, output_buffer_limit=BLOCK)
                if not fed and not block and decoder.can_accept_more_data():
                    self._cut = True
                    return
                self._meter.gave(len(block))
                yield block
        except brotli.error:
            self._cut = True

    def _chunks(self) -> Iterator[bytes]:
        """The bytes of a body in chunks; some crawlers join them, and keep the head."""
        first = True
        while True:
            line = self._body.line(_LONGEST_SIZE)
            size = line.partition(b";")[0].strip()
            try:
                left = int(size, 16)
            except ValueError:
                if first:
                    yield line
                    yield from blocks_of(self._body)
                else:
                    self._cut = True
                return
            if left <= 0:
                return
            chunk = Part(self._body, left)
            yield from blocks_of(chunk)
            if chunk.cut:
                self._cut = True
                return
            self._body.line(_LONGEST_SIZE)
            first = False

    def _end_early(self, _: str) -> None:
        self._cut = True


class _Joined:
    """Blocks as a stream."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks

    def read(self, _: int) -> bytes:
        return next(self._blocks, b"")


def _parsed(head: bytes, first: list[str]) -> dict[str, str] | None:
    """The headers by name in lower case, the rest of the first line under the empty name; None if it is no head."""
    from warcio.exceptions import ArchiveLoadFailed  # noqa: PLC0415 - only WARC files need warcio
    from warcio.statusandheaders import StatusAndHeadersParser, StatusAndHeadersParserException  # noqa: PLC0415

    try:
        found: Any = StatusAndHeadersParser(first).parse(io.BytesIO(head))
    except (ArchiveLoadFailed, StatusAndHeadersParserException, EOFError, ValueError):
        return None
    headers = {"": str(found.statusline)}
    for name, value in found.headers:
        headers.setdefault(name.lower(), value.strip())
    return headers


def _time(said: str) -> datetime | None:
    with contextlib.suppress(ValueError):
        at = datetime.fromisoformat(said)
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    return None
