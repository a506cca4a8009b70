"""Reads dumps by one layout: every entry, and each gap that an operator should see."""

from collections.abc import Sequence
from dataclasses import dataclass

from digest.dumps.declared import Found, Layout, Read, read_text
from digest.dumps.html.reading import read_html
from digest.dumps.suggesting.doubts import DoubtedLine
from digest.dumps.suggesting.seen import Page
from digest.model import PrintedDate


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that the layout does not read as it should. `reason` is a sentence without its full stop."""

    dump: str
    reason: str
    lines: tuple[DoubtedLine, ...] = ()


@dataclass(frozen=True, slots=True)
class Tried:
    """A dump as a layout reads it. `furniture` are the lines before the first entry and behind the last."""

    page: Page
    read: Read
    gaps: tuple[Gap, ...]
    furniture: int


def tried(layout: Layout, pages: Sequence[Page]) -> list[Tried]:
    """Each dump as the layout reads it; if two crawls disagree, the later one has a gap."""
    earlier: dict[str, tuple[str, Found]] = {}
    found = []
    for page in pages:
        read = read_html(layout, page.text) if layout.declared.html else read_text([layout], page.text)
        gaps = [*_gaps(layout, page, read), *_disagreements(page, read, earlier)]
        inside = _inside(read)
        furniture = sum(line.number not in inside for line in read.unclaimed)
        found.append(Tried(page, read, tuple(gaps), furniture))
        for entry in read.entries:
            if entry.title:
                earlier.setdefault(entry.title, (page.name, entry))
    return found


def _gaps(layout: Layout, page: Page, read: Read) -> list[Gap]:
    if not read.entries:
        return [Gap(page.name, "holds no entry as drawn")]
    gaps = []
    html = layout.declared.html
    has_title = html is not None or any(drawing.has_title for drawing in layout.drawings)
    has_date = bool(layout.heading) or any(drawing.has_date for drawing in layout.drawings)
    has_date = has_date or (html is not None and (bool(html.format) or "date" in html.parts))
    if has_title and (bare := [one for one in read.entries if not one.title]):
        gaps.append(Gap(page.name, "these entries have no title", _firsts(bare)))
    if has_date and (undated := [one for one in read.entries if one.date is None or one.date.day is None]):
        gaps.append(Gap(page.name, "these entries have no whole date", _firsts(undated)))
    if read.unread:
        lines = tuple(DoubtedLine(line.number, line.text) for line in read.unread)
        gaps.append(Gap(page.name, "an entry seems to begin here that is not as drawn", lines))
    inside = _inside(read)
    if left := tuple(
        DoubtedLine(line.number, line.text) for line in read.unclaimed if line.number in inside and not line.mark
    ):
        gaps.append(Gap(page.name, "these lines between entries belong to none", left))
    return gaps


def evidence_line(page: Page, found: Found) -> DoubtedLine | None:
    """The line that shows the date of an entry: one of its own, or the nearest above it; None if there is none."""
    if found.date is None:
        return None
    above = None
    for line in page.lines:
        if line.number > found.last:
            break
        date = line.date
        if date is None or (date.parts is not None and not _agrees(date.parts, found.date)):
            continue
        if line.number >= found.first:
            return DoubtedLine(line.number, line.text)
        above = DoubtedLine(line.number, line.text)
    return above


def _agrees(printed: PrintedDate, whole: PrintedDate) -> bool:
    return all(one is None or one == other for one, other in zip(printed, whole, strict=True))


def _inside(read: Read) -> range:
    """The numbers of the lines from the first entry to the last."""
    return range(read.entries[0].first, read.entries[-1].last + 1) if read.entries else range(0)


def _disagreements(page: Page, read: Read, earlier: dict[str, tuple[str, Found]]) -> list[Gap]:
    otherwise = [
        entry for entry in read.entries if entry.title in earlier and earlier[entry.title][1].date != entry.date
    ]
    if not otherwise:
        return []
    others = ", ".join(sorted({earlier[entry.title][0] for entry in otherwise})[:3])
    return [Gap(page.name, f"these titles have other dates in {others}", _firsts(otherwise))]


def _firsts(entries: Sequence[Found]) -> tuple[DoubtedLine, ...]:
    return tuple(DoubtedLine(one.first, one.title or (one.paragraphs[0] if one.paragraphs else "")) for one in entries)
