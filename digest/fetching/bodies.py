"""Unpacks the body of a response, as far as its limits allow, and refuses one that is not whole."""

import zlib
from collections.abc import Callable, Iterable, Iterator

from digest.errors import FetchError
from digest.fetching.values import RATIO, RATIO_FROM

Unpack = Callable[[Iterable[bytes]], Iterator[bytes]]

ACCEPTED = "gzip, br"
_STEP = 64 * 1024  # bytes that are unpacked at once
_MEMBER = b"\x1f\x8b"  # the beginning of a gzip member
_GZIP = 31  # the window that tells zlib of a gzip head


def unpacked(url: str, encoding: str, raw: Iterable[bytes], largest: int) -> bytes:
    """The body of a response with this Content-Encoding.

    Raises:
        FetchError: it is cut short, not in that encoding, in one that was not asked for, or too large.
    """
    unpack = _BY_NAME.get(encoding.strip().lower())
    if unpack is None:
        problem = f"is encoded as {encoding[:40]!r}, which was not asked for"
        raise FetchError(url, problem, remedy="tell the owner of the site")
    counted = _Counted(raw)
    parts, size = [], 0
    try:
        for part in unpack(counted):
            parts.append(part)
            size += len(part)
            if size > largest:
                raise FetchError(url, f"has more than {largest:,} bytes", remedy="raise `largest` of its source")
            if size > RATIO_FROM and size > counted.size * RATIO:
                raise FetchError(
                    url, f"is more than {RATIO} times its compressed size", remedy="see what the site sends"
                )
    except (_NotWholeError, zlib.error) as error:
        problem = f"its body is not what its head says ({encoding}): {error}"
        raise FetchError(url, problem, remedy="it is fetched again later") from error
    return b"".join(parts)


class _NotWholeError(Exception):
    """A compressed body that ends early, or holds something else."""


class _Counted:
    """Counts the bytes that come through."""

    def __init__(self, raw: Iterable[bytes]) -> None:
        self._raw, self.size = raw, 0

    def __iter__(self) -> Iterator[bytes]:
        for part in self._raw:
            self.size += len(part)
            yield part


def _as_it_is(raw: Iterable[bytes]) -> Iterator[bytes]:
    yield from raw


def _gzip(raw: Iterable[bytes]) -> Iterator[bytes]:
    """Unpack gzip, member after member."""
    member = None
    for part in raw:
        left = part
        while left:
            if member is None or member.eof:
                if member is not None and not left.startswith(_MEMBER[: len(left)]):
                    raise _NotWholeError("something follows it")
                member = zlib.decompressobj(wbits=_GZIP)
            yield member.decompress(left, _STEP)
            left = member.unused_data if member.eof else member.unconsumed_tail
    if member is not None and not member.eof:
        raise _NotWholeError("it is cut short")


def _deflate(raw: Iterable[bytes]) -> Iterator[bytes]:
    """Unpack the zlib format, or the bare one that some servers mean by this name."""
    stream = None
    for part in raw:
        if stream is None:
            stream = zlib.decompressobj(zlib.MAX_WBITS if part[0] & 15 == zlib.DEFLATED else -zlib.MAX_WBITS)
        left = part
        while left:
            yield stream.decompress(left, _STEP)
            if stream.eof and stream.unused_data:
                raise _NotWholeError("something follows it")
            left = stream.unconsumed_tail
    if stream is not None and not stream.eof:
        raise _NotWholeError("it is cut short")


def _brotli(raw: Iterable[bytes]) -> Iterator[bytes]:
    import brotli  # noqa: PLC0415 - few sites choose it

    stream = brotli.Decompressor()
    empty = True
    try:
        for part in raw:
            empty = empty and not part
            piece = stream.process(part, output_buffer_limit=_STEP)
            while piece or not stream.can_accept_more_data():
                yield piece
                piece = b"" if stream.is_finished() else stream.process(b"", output_buffer_limit=_STEP)
    except brotli.error as error:
        raise _NotWholeError(str(error)) from error
    if not empty and not stream.is_finished():
        raise _NotWholeError("it is cut short")


_BY_NAME: dict[str, Unpack] = {
    "": _as_it_is,
    "identity": _as_it_is,
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
}
