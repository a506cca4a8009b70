"""A stream of bytes becomes sightings, one by one or as a whole snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from digest.dumps.cut import sightings
from digest.dumps.decode import text_blocks
from digest.errors import DumpError
from digest.model import Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.model import Sighting

LARGEST = 2 * 1024**3


def read_sightings(stream: BinaryIO, dump: str, *, largest: int = LARGEST) -> Iterator[Sighting]:
    """The sightings of a dump in page order, at least one, while the stream is read.

    Raises:
        DumpError: it is empty, binary, over-large, or holds no entry in a known layout.
    """
    found = False
    for sighting in sightings(_within(text_blocks(stream, dump), dump, stream, largest), dump):
        found = True
        yield sighting
    if not found:
        if stream.tell():
            raise DumpError(dump, "holds no entry in a known layout", remedy="see what the crawler saved")
        raise DumpError(dump, "is empty", remedy="see whether the crawler still writes it")


def read_snapshot(stream: BinaryIO, dump: str, *, largest: int = LARGEST) -> Snapshot:
    """The whole dump; errors as of `read_sightings`."""
    return Snapshot(dump, tuple(read_sightings(stream, dump, largest=largest)))


def _within(blocks: Iterator[str], dump: str, stream: BinaryIO, largest: int) -> Iterator[str]:
    for block in blocks:
        if stream.tell() > largest:
            raise DumpError(dump, f"has more than {largest:,} bytes", remedy="raise `largest` of its source")
        yield block
