"""Turns a stream of bytes into sightings, one by one or as a whole snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from digest.dumps.decode import text_blocks
from digest.dumps.feeds.reading import FeedFirst
from digest.dumps.reading import BuiltIn
from digest.errors import DumpError
from digest.model import Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.dumps.interface import Layouts
    from digest.model import Note, Sighting

LARGEST = 2 * 1024**3
BUILT_IN = FeedFirst(BuiltIn())
NEXT = (
    "see what the crawler saved; to read another layout, run `digest layout suggest PATH -o layouts/NAME.toml`, "
    "`digest layout try NAME PATH` and `digest source add ID --title TITLE --path PATH --layout NAME`"
)
"""The remedy for a dump in an unknown layout."""
_UNKNOWN = ("holds no entry in a known layout", "holds no entry as drawn", "holds days with titles")


def read_sightings(
    stream: BinaryIO,
    dump: str,
    *,
    largest: int = LARGEST,
    notes: list[Note] | None = None,
    layouts: Layouts = BUILT_IN,
    url: str = "",
    media_type: str = "",
) -> Iterator[Sighting]:
    """The sightings of a dump in page order, at least one, while the stream is read; `url` and `media_type` of a Page.

    The stream is read again from its start if only the whole shows how to read it. `notes` receives the notes for the
    operator, in line order, all at the end; also before an error.

    Raises:
        DumpError: it is empty, binary, too large, or has no entry in a known layout.
    """

    def text() -> Iterator[str]:
        stream.seek(0)
        return _within(text_blocks(stream, dump, media_type), dump, stream, largest)

    reading = layouts.reading(text, dump, url=url, media_type=media_type)
    found = False
    for sighting in reading.sightings():
        found = True
        yield sighting
    if notes is not None:
        notes += reading.notes
    if found:
        return
    if not stream.tell():
        raise DumpError(dump, "is empty", remedy="see whether the crawler still writes it")
    reason = reading.nothing()
    raise DumpError(dump, reason, remedy=NEXT if reason.startswith(_UNKNOWN) else "see what the crawler saved")


def read_snapshot(
    stream: BinaryIO,
    dump: str,
    *,
    largest: int = LARGEST,
    layouts: Layouts = BUILT_IN,
    url: str = "",
    media_type: str = "",
) -> Snapshot:
    """The whole dump; arguments and errors as of `read_sightings`."""
    notes: list[Note] = []
    found = read_sightings(stream, dump, largest=largest, notes=notes, layouts=layouts, url=url, media_type=media_type)
    return Snapshot(dump, tuple(found), tuple(notes))


def is_unknown(error: DumpError) -> bool:
    """Whether a dump has no entry in its layouts, though its text could be read."""
    return error.reason.startswith(_UNKNOWN)


def _within(blocks: Iterator[str], dump: str, stream: BinaryIO, largest: int) -> Iterator[str]:
    for block in blocks:
        if stream.tell() > largest:
            raise DumpError(dump, f"has more than {largest:,} bytes", remedy="raise `largest` of its source")
        yield block
