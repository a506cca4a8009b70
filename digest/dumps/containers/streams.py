"""Reads the bytes of a container once from start to end, unpacked, within bounds of size, ratio and count."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, NoReturn, Protocol, cast

from digest.dumps.containers.kinds import Packing, Terms
from digest.errors import DumpError

BLOCK = 1 << 16
_GRACE = 16 << 20  # bytes that any container may unpack to, whatever its ratio
_ZST_STEP = 512  # compressed bytes at once: they may become 128 KiB for each four
_ZST_WINDOW = 1 << 27
_IN_MEMORY = 8 << 20  # bytes of a record; a larger one waits in a nameless file
_ENDS_EARLY = "breaks off: its compressed bytes end too early"
_GZIP, _RAW = 31, -15  # zlib's names for a gzip member and for bare deflate


class Meter:
    """Counts what a container gives.

    Raises:
        DumpError: by each method, once the container is beyond a bound.
    """

    def __init__(self, name: str, terms: Terms, size: int | None = None) -> None:
        """`size` is the container's, if known: members that share bytes count them once."""
        self.name, self._terms, self._size = name, terms, size
        self._packed = self._unpacked = self._records = 0
        self._broken: DumpError | None = None

    def took(self, count: int) -> None:
        """So many bytes were read from the file."""
        self._packed += count
        if self._size is not None:
            self._packed = min(self._packed, self._size)

    def gave(self, count: int) -> None:
        """So many bytes were unpacked."""
        self._unpacked += count
        if self._unpacked > self._terms.unpacked:
            self._break(f"unpacks to more than {self._terms.unpacked:,} bytes", "largest_unpacked")
        if self._unpacked > _GRACE and self._unpacked > self._packed * self._terms.ratio:
            self._break(f"unpacks to more than {self._terms.ratio:,} times its size", "largest_ratio")

    def record(self) -> None:
        """One more record, of whatever kind; there is none once a bound was passed."""
        self._records += 1
        self.check()
        if self._records > self._terms.records:
            self._break(f"holds more than {self._terms.records:,} records", "most_records")

    def check(self) -> None:
        """Whether a bound was passed before."""
        if self._broken:
            raise self._broken

    def _break(self, problem: str, setting: str) -> NoReturn:
        self._broken = DumpError(self.name, problem, remedy=f"raise `{setting}` of its source if it is no bomb")
        raise self._broken


class Blocks(Protocol):
    """Bytes in order."""

    def read(self, count: int) -> bytes:
        """At most so many of the next bytes; empty at the end."""
        ...


class Forward:
    """The bytes of a file, unpacked; read once, from its start.

    `cut` says, once the end was reached, that there should have been more; it is empty if the end is right.
    """

    def __init__(self, stream: Blocks, meter: Meter, packing: Packing | None) -> None:
        self.cut = ""
        self._meter = meter
        self._buffer = b""
        self._at = 0
        blocks = unpacked(stream, meter, packing, self._end_early) if packing else _plain(stream, meter)
        self._blocks = blocks

    def _end_early(self, reason: str) -> None:
        self.cut = reason

    def peek(self, count: int) -> bytes:
        """The next bytes, which stay to be read; fewer than `count` only before the end."""
        self._fill(count)
        return self._buffer[self._at : self._at + count]

    def read(self, count: int) -> bytes:
        """At most so many of the next bytes; empty at the end."""
        if self._at >= len(self._buffer):
            self._buffer, self._at = self._more(), 0
        block = self._buffer[self._at : self._at + count]
        self._at += len(block)
        return block

    def exactly(self, count: int) -> bytes:
        """So many of the next bytes; fewer only at the end. For small counts."""
        block = self.peek(count)
        self._at += len(block)
        return block

    def line(self, longest: int) -> bytes:
        """The next line with its end; a longer one is cut to one byte more than `longest`, its rest passed over."""
        parts, size = [], 0
        while True:
            if self._at >= len(self._buffer):
                self._buffer, self._at = self._more(), 0
                if not self._buffer:
                    break
            end = self._buffer.find(b"\n", self._at) + 1
            part = self._buffer[self._at : end or None]
            self._at += len(part)
            if size <= longest:
                parts.append(part[: longest + 1 - size])
            size += len(part)
            if end:
                break
        return b"".join(parts)

    def _more(self) -> bytes:
        block = next(self._blocks, b"")
        if not block:
            self._meter.check()
        return block

    def _fill(self, count: int) -> None:
        if len(self._buffer) - self._at >= count:
            return
        parts = [self._buffer[self._at :]]
        size = len(parts[0])
        while size < count and (block := self._more()):
            parts.append(block)
            size += len(block)
        self._buffer, self._at = b"".join(parts), 0


class Part:
    """The next `size` bytes of a stream. `cut`: the stream ended before."""

    def __init__(self, stream: Blocks, size: int) -> None:
        self._stream, self.left = stream, size
        self.cut = False

    def read(self, count: int) -> bytes:
        """At most so many of the next bytes; empty at the end."""
        block = self._stream.read(min(count, self.left))
        self.left -= len(block)
        if not block and self.left and count:
            self.cut = True
        return block

    def blocks(self) -> Iterator[bytes]:
        """What is left, in blocks."""
        return blocks_of(self)

    def was_cut(self) -> bool:
        return self.cut

    def drain(self) -> None:
        """Pass over what is left."""
        while self.left and self.read(BLOCK):
            pass


@dataclass(slots=True)
class Member:
    """A record as its container has it. Its bytes must be read before the next one is asked for.

    `key` is its name in the container, empty if it has none; `at_ns` when it was written, in nanoseconds of the epoch.
    `blocks` gives its bytes once. `is_cut` is answered when they were read: whether there should have been more.
    """

    key: str
    blocks: Callable[[], Iterator[bytes]]
    is_cut: Callable[[], bool] = bool
    size: int = 0
    at_ns: int | None = None
    url: str = ""
    fetched_at: datetime | None = None
    media_type: str = ""


@dataclass(frozen=True, slots=True)
class Flaw:
    """A record that cannot be read, alone; `place` and `reason` make a sentence."""

    place: str
    reason: str


def blocks_of(stream: Blocks) -> Iterator[bytes]:
    """The rest of a stream in blocks."""
    while block := stream.read(BLOCK):
        yield block


def spooled(blocks: Iterator[bytes], name: str, largest: int) -> BinaryIO:
    """The bytes as a seekable stream, in memory or in a nameless file.

    Raises:
        DumpError: there are more than `largest`.
    """
    parts: list[bytes] = []
    kept: BinaryIO | None = None
    size = 0
    for block in blocks:
        size += len(block)
        if size > largest:
            if kept is not None:
                kept.close()
            raise DumpError(name, f"has more than {largest:,} bytes", remedy="raise `largest` of its source")
        if kept is None and size > _IN_MEMORY:
            import tempfile  # noqa: PLC0415 - few dumps are that large

            kept = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115 - the caller closes it
            kept.writelines(parts)
            parts = []
        if kept is None:
            parts.append(block)
        else:
            kept.write(block)
    if kept is None:
        return io.BytesIO(b"".join(parts))
    kept.seek(0)
    return kept


def unpacked(stream: Blocks, meter: Meter, packing: Packing, early: Callable[[str], None]) -> Iterator[bytes]:
    """The unpacked bytes in blocks of bounded size. `early` is called if they end before they should, with the reason.

    Raises:
        DumpError: they go beyond a bound.
    """
    if packing is Packing.ZSTD:
        return _zstd(stream, meter, early)
    return _zlib(stream, meter, early, _GZIP if packing is Packing.GZIP else _RAW)


def _plain(stream: Blocks, meter: Meter) -> Iterator[bytes]:
    while block := stream.read(BLOCK):
        meter.took(len(block))
        yield block


def _zlib(stream: Blocks, meter: Meter, early: Callable[[str], None], form: int) -> Iterator[bytes]:
    """Also of several members one behind the other, with zeros between or behind them."""
    decoder, waiting = zlib.decompressobj(form), _taken(stream, meter)
    begun = bool(waiting)
    while waiting:
        if decoder.eof:
            decoder = zlib.decompressobj(form)
        try:
            block = decoder.decompress(waiting, BLOCK)
        except zlib.error:
            early("is damaged: its compressed bytes are not right")
            return
        if block:
            meter.gave(len(block))
            yield block
        waiting = decoder.unconsumed_tail or _behind(decoder, stream, meter, form)
    if begun and not decoder.eof:
        if rest := decoder.flush():
            meter.gave(len(rest))
            yield rest
        if not decoder.eof:
            early(_ENDS_EARLY)


def _taken(stream: Blocks, meter: Meter) -> bytes:
    block = stream.read(BLOCK)
    meter.took(len(block))
    return block


def _behind(decoder: zlib._Decompress, stream: Blocks, meter: Meter, form: int) -> bytes:
    """The compressed bytes with which to go on; those of the next member, if one has ended."""
    if not decoder.eof:
        return _taken(stream, meter)
    if form == _RAW:
        return b""
    waiting = decoder.unused_data.lstrip(b"\0")
    while not waiting and (block := _taken(stream, meter)):
        waiting = block.lstrip(b"\0")
    return waiting


def _zstd(stream: Blocks, meter: Meter, early: Callable[[str], None]) -> Iterator[bytes]:
    import zstandard  # noqa: PLC0415 - few dumps need it

    made = zstandard.ZstdDecompressor(max_window_size=_ZST_WINDOW)
    decoder, begun, waiting = made.decompressobj(), False, b""
    while True:
        if not waiting:
            waiting = _taken(stream, meter)
        if not waiting:
            if begun and not decoder.eof:
                early(_ENDS_EARLY)
            return
        if decoder.eof:
            decoder = made.decompressobj()
        begun = True
        step, waiting = waiting[:_ZST_STEP], waiting[_ZST_STEP:]
        try:
            block = decoder.decompress(step)
        except zstandard.ZstdError as error:
            early(f"is damaged, or its compression is of an unusual kind ({str(error).rpartition(': ')[2]})")
            return
        if decoder.eof:
            waiting = decoder.unused_data + waiting
        if block:
            meter.gave(len(block))
            yield block
