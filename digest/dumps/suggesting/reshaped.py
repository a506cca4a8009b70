"""Notices a page that changed its shape: its entries stand in another form than the layouts of its source read."""

from collections.abc import Collection, Iterator, Sequence
from typing import BinaryIO

from digest.dumps.declared import Found
from digest.dumps.html.choosing import choice
from digest.dumps.suggesting.families import with_days
from digest.dumps.suggesting.samples import page_of
from digest.dumps.suggesting.suggest import best, suggestion
from digest.model import Layout, Sighting

_HALF = 0.5  # of the titles that the page showed before
_FEWEST = 3  # entries in another shape
_SHORT = 8  # letters of a title that others contain by chance
_MOST_HTML = 2_000_000  # bytes of a page that are looked at
_FAR_MORE = 3  # times as many entries, and as much text, as the layouts read


def other_shape(stream: BinaryIO, name: str) -> int:
    """The number of entries that a suggested layout reads in a dump; 0 if nothing looks like entries.

    A page of HTML is judged by what `digest layout suggest` would read, never by its markup.
    """
    stream.seek(0)
    page = page_of(stream, name)
    if not page.lines:
        stream.seek(0)
        return len(choice(stream.read(_MOST_HTML), "", None).entries)
    found = suggestion([page])
    return sum(len(dump.read.entries) for shape in found.shapes for dump in shape.dumps)


def entries_elsewhere(
    stream: BinaryIO, name: str, read: Sequence[Sighting], before: Collection[str], *, was_so: bool = False
) -> int:
    """The number of entries that a dump shows in another shape than the layouts read; 0 if it has the same shape.

    `read` is what the layouts read now, `before` are the titles of the last good reading. The shape is another one if
    most of the entries, with most of the text, stand in it, and half of the titles from before are among them; without
    such titles, if nothing that is read was known, and far more stands in the other shape. `was_so`: that was found in
    the former reading, so one shape that shows more is enough.
    """
    if any(one.layout == Layout.FEED for one in read):
        return 0  # its lines are markup
    now = {_folded(one.title) for one in read if one.title}
    lost = {key for title in before if (key := _folded(title))} - now
    if len(lost) < _HALF * len(before) and not was_so:
        return 0
    stream.seek(0)
    page = page_of(stream, name)
    found = best(with_days(page)) if page.lines else None  # pages of HTML have none
    if found is None:
        return 0
    entries = found[0].read.entries
    others = [one for one in entries if one.title and _folded(one.title) not in now]
    if len(others) < max(_FEWEST, len(read) + 1):
        return 0
    there = {_folded(line) for one in entries for line in _lines(one)}
    text = sum(len(line) for one in others for line in _lines(one))
    own = sum(len(line) for one in read for line in _lines(one) if _folded(line) not in there)
    if text < own:
        return 0
    titles = [_folded(one.title) for one in others]
    moved = sum(any(key == title or (len(key) > _SHORT and key in title) for title in titles) for key in lost)
    is_known = len(lost) < len(before)
    far_more = not is_known and len(others) >= _FAR_MORE * len(read) and text >= _FAR_MORE * own
    return len(others) if was_so or moved >= _HALF * len(before) or far_more else 0


def _lines(one: Found | Sighting) -> Iterator[str]:
    yield one.title
    for paragraph in one.paragraphs:
        yield from paragraph.split("\n")


def _folded(text: str) -> str:
    """Letters and numbers alone, so that marks around a title do not matter."""
    return "".join(filter(str.isalnum, text)).casefold()
