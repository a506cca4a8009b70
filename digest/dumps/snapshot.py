"""Turns a stream of bytes into sightings, one by one or as a whole snapshot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO

from digest.dumps.decode import text_blocks
from digest.dumps.feeds.reading import FeedFirst
from digest.dumps.interface import Layouts, TextReading
from digest.dumps.reading import BuiltIn
from digest.errors import DumpError
from digest.model import Note, NoteKind, Sighting, Snapshot

if TYPE_CHECKING:
    from digest.dumps.pages import Page

LARGEST = 2 * 1024**3
BUILT_IN = FeedFirst(BuiltIn())
NEXT = (
    "see what the crawler saved; to read another layout, run `digest layout suggest PATH -o layouts/NAME.toml`, "
    "`digest layout try NAME PATH` and `digest source add ID --title TITLE --path PATH --layout NAME`"
)
"""The remedy for a dump in an unknown layout."""
NEXT_FETCHED = (
    "see what the site serves: `digest source fetches ID --save FILE` writes it; "
    "`digest layout suggest URL` tells how to read it"
)
"""The same for a page that was fetched, whose name is its address."""
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
    is_cut: bool = False,
) -> Iterator[Sighting]:
    """The sightings of a dump in page order, at least one, while the stream is read.

    `url`, `media_type` and `is_cut` are those of a Page; the last entry of a page that is cut is incomplete. The
    stream is read again from its start if only the whole shows how to read it. `notes` receives the notes for the
    operator, in line order, all at the end; also before an error.

    Raises:
        DumpError: it is empty, binary, too large, or has no entry in a known layout.
    """

    def text() -> Iterator[str]:
        stream.seek(0)
        return _within(text_blocks(stream, dump, media_type), dump, stream, largest)

    reading = layouts.reading(text, dump, url=url, media_type=media_type)
    found = False
    for sighting in _cut_short(reading) if is_cut else reading.sightings():
        found = True
        yield sighting
    if notes is not None:
        notes += [note for note in reading.notes if not (is_cut and note.kind is NoteKind.CUT_OFF)]
        notes += [_where_cut(text())] if is_cut else []
    if found:
        return
    if is_cut:
        raise DumpError(dump, f"{reading.nothing()}, and breaks off", remedy="see whether it is still being written")
    if not stream.tell():
        raise DumpError(dump, "is empty", remedy="see whether the crawler still writes it")
    reason = reading.nothing()
    fetched = dump.startswith(("http://", "https://"))
    unknown = NEXT_FETCHED if fetched else NEXT
    remedy = "see what the site serves" if fetched else "see what the crawler saved"
    raise DumpError(dump, reason, remedy=unknown if reason.startswith(_UNKNOWN) else remedy)


def read_snapshot(
    stream: BinaryIO,
    dump: str,
    *,
    largest: int = LARGEST,
    layouts: Layouts = BUILT_IN,
    url: str = "",
    media_type: str = "",
    is_cut: bool = False,
) -> Snapshot:
    """The whole dump; arguments and errors as of `read_sightings`."""
    notes: list[Note] = []
    about = {"url": url, "media_type": media_type}
    found = read_sightings(stream, dump, largest=largest, notes=notes, layouts=layouts, is_cut=is_cut, **about)
    return Snapshot(dump, tuple(found), tuple(notes))


def page_sightings(
    stream: BinaryIO,
    page: Page,
    *,
    largest: int = LARGEST,
    notes: list[Note] | None = None,
    layouts: Layouts = BUILT_IN,
) -> Iterator[Sighting]:
    """As `read_sightings`, of a page that was opened as this stream."""
    return read_sightings(
        stream,
        page.name,
        largest=largest,
        notes=notes,
        layouts=layouts,
        url=page.url,
        media_type=page.media_type,
        is_cut=page.is_cut,
    )


def is_unknown(error: DumpError) -> bool:
    """Whether a dump has no entry in its layouts, though its text could be read."""
    return error.reason.startswith(_UNKNOWN)


def _cut_short(reading: TextReading) -> Iterator[Sighting]:
    """The sightings of a text that breaks off: the last one is incomplete, unless the broken one was left out."""
    found = reading.sightings()
    before = next(found, None)
    for sighting in found:
        if before is not None:
            yield before
        before = sighting
    if before is not None:
        is_left_out = any(note.kind is NoteKind.CUT_OFF for note in reading.notes)
        yield before if is_left_out else replace(before, complete=False)


def _where_cut(text: Iterator[str]) -> Note:
    return Note(1 + sum(block.count("\n") for block in text), NoteKind.CUT, "")


def _within(blocks: Iterator[str], dump: str, stream: BinaryIO, largest: int) -> Iterator[str]:
    for block in blocks:
        if stream.tell() > largest:
            raise DumpError(dump, f"has more than {largest:,} bytes", remedy="raise `largest` of its source")
        yield block
