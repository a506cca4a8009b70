"""HTML pages as dumps: their layouts find entries in the tree of the page, and entries become sightings.

The dates of HTML: attributes for programs and texts for people, both read without a guess.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit
from zoneinfo import ZoneInfo

from digest.dumps.feeds.dates import day_of
from digest.dumps.html import articles, json_ld, microformats
from digest.dumps.html.blocks import body_of
from digest.dumps.html.declared import HtmlLayout
from digest.dumps.html.found import HtmlEntry, once
from digest.dumps.html.links import absolute
from digest.dumps.html.selecting import Selecting
from digest.dumps.html.tree import Element, parsed
from digest.model import DateEvidence, Extras, Note, NoteKind, PrintedDate, Sighting

if TYPE_CHECKING:
    from digest.dumps.declared import Layout, Read
    from digest.dumps.declared.dates import Grammar, Order

_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d|[A-Z][a-z]{2},? \d{1,2} [A-Z][a-z]{2,8} \d{4} \d|\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:"
)
_SECONDS = re.compile(r"(\d{10})(?:\.\d+|\d{3})?")
_CLOCK = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d?:\d\d(?::\d\d)?)(?:[.,]\d+)? ?(Z|[+-]\d\d:?\d\d)?(?: [A-Z]{3,5})?", re.IGNORECASE
)
_LONGEST = 200  # characters of a text that contains a date
_FIRST_YEAR = 1990  # of a number of seconds


def day_in(written: str, grammar: Grammar, zone: ZoneInfo | None, order: Order | None = None) -> PrintedDate | None:
    """The date in an attribute or a text, as far as it is written; None if there is none that is certain.

    A time with its zone is a day in `zone`, the time zone of the source; any other date is the day that is written.
    """
    text = written.strip()
    if not text or len(text) > _LONGEST:
        return None
    if _MOMENT.match(text):
        found = _CLOCK.fullmatch(text)
        day = day_of(f"{found[1]}T{found[2]:0>5}{_zone(found[3])}" if found else text, zone)
        return PrintedDate(day.year, day.month, day.day) if day else None
    if seconds := _SECONDS.fullmatch(text):
        at = datetime.fromtimestamp(int(seconds[1]), zone or UTC)
        return PrintedDate(at.year, at.month, at.day) if at.year >= _FIRST_YEAR else None
    read = grammar.read(text, order)
    if read is None and (stretch := grammar.stretch(text)):
        read = grammar.read(stretch, order)
    return read.parts if read else None


def order_shown(texts: Iterable[str], grammar: Grammar) -> Order | None:
    """The order of day and month that the dates of a page show; None if none does, or if they contradict each other."""
    shown = set()
    for text in texts:
        if 0 < len(text) <= _LONGEST:
            read = grammar.read(text) or grammar.read(grammar.stretch(text))
            if read and read.shows:
                shown.add(read.shows)
    return shown.pop() if len(shown) == 1 else None


def _zone(written: str | None) -> str:
    if not written:
        return ""
    return written.upper() if ":" in written or written.upper() == "Z" else f"{written[:3]}:{written[3:]}"


_LARGEST = 50_000_000  # characters; a page is read as a whole
_MOST_NOTES = 20
READERS = "readers"  # the count that feeds, pages and mails show


class HtmlReading:
    """One reading of a page by the first of its layouts that finds an entry; see `digest.dumps.interface`."""

    def __init__(
        self,
        layouts: Sequence[Layout],
        text: Callable[[], Iterable[str]],
        dump: str,
        *,
        url: str = "",
        zone: ZoneInfo | None = None,
    ) -> None:
        self.notes: list[Note] = []
        self._layouts, self._text, self._dump = layouts, text, dump
        self._url, self._zone = url, zone
        self._problem = ""

    def sightings(self) -> Iterator[Sighting]:
        text = self._whole()
        if text is None:
            self._problem = f"is a page of more than {_LARGEST:,} characters"
            return
        root = parsed(text)
        base = base_of(root, self._url)
        for layout in self._layouts:
            found, notes = entries_of(layout, root, base)
            self.notes = [Note(_line(text, note.text), note.kind, note.text) for note in notes[:_MOST_NOTES]]
            if found:
                yield from self._sightings(layout, found)
                return

    def nothing(self) -> str:
        if self._problem:
            return self._problem
        for note in self.notes:
            return f"holds no entry that can be read: line {note.line} {note.reason}"
        return f"holds no entry as drawn in {', '.join(layout.id for layout in self._layouts)}"

    def _whole(self) -> str | None:
        blocks, size = [], 0
        for block in self._text():
            blocks.append(block)
            size += len(block)
            if size > _LARGEST:
                return None
        return "".join(blocks)

    def _sightings(self, layout: Layout, found: Sequence[HtmlEntry]) -> Iterator[Sighting]:
        grammar = layout.grammar
        order = order_shown((entry.published for entry in found), grammar) if grammar.order is None else None
        for position, entry in enumerate(found):
            day = day_in(entry.published, grammar, self._zone, order)
            changed = day_in(entry.changed, grammar, self._zone, order) if day is None else None
            yield _sighting(entry, layout.id, self._dump, position, day, changed)


def entries_of(layout: Layout, root: Element, base: str) -> tuple[list[HtmlEntry], list[Note]]:
    """The entries that a layout finds on a page, each once, and what the operator has to know; all on line 1."""
    html = layout.declared.html
    if html is None:
        return [], []
    notes: list[str] = []
    kind = NoteKind.UNREAD
    if html.format == "json-ld":
        found, kind = json_ld.entries(root, base, notes), NoteKind.BROKEN
    elif html.format == "microformats":
        found = list(microformats.entries(root, base))
    elif html.format == "articles":
        found = list(articles.entries(root, base))
    else:
        selecting = Selecting(html, root, base)
        found, notes = list(selecting.entries()), selecting.untitled
    found = once(found)
    if len(found) == 1 and not found[0].link:
        found[0].link = _address(html, root, base)
    return found, [Note(1, kind, text[: Note.LONGEST]) for text in notes]


def read_html(layout: Layout, text: str, url: str = "") -> Read:
    """Everything that a layout says of a page at hand; entries of HTML have no lines of their own."""
    from digest.dumps.declared import Found, Read, Unread  # noqa: PLC0415 - it imports this package

    root = parsed(text)
    found, notes = entries_of(layout, root, base_of(root, url))
    order = order_shown((entry.published for entry in found), layout.grammar)
    entries = tuple(
        Found(
            layout=layout.id,
            first=0,
            last=0,
            page=0,
            title=entry.title,
            author=entry.author or None,
            date=day_in(entry.published or entry.changed, layout.grammar, None, order),
            link=entry.link or None,
            tags=entry.tags,
            counts=entry.counts,
            fields=entry.fields,
            paragraphs=entry.body.paragraphs,
            figures=entry.body.figures,
            complete=True,
        )
        for entry in found
    )
    return Read(entries, (), tuple(Unread(_line(text, note.text), note.text) for note in notes))


def page_text(blocks: Iterable[str]) -> str:
    """The text of a page of HTML, with blank lines between its parts, for layouts that are drawn."""
    return "".join(f"{paragraph}\n\n" for paragraph in body_of(parsed("".join(blocks)[:_LARGEST])).paragraphs)


def is_html(head: str) -> bool:
    """Whether a text begins like a page or a fragment of HTML."""
    begin = head[:4000].lstrip("\ufeff \t\n").lower()
    return begin.startswith(
        ("<!doctype html", "<html", "<head", "<body", "<!--", "<meta", "<div", "<article", "<main")
    ) or (begin.startswith("<") and ("<html" in begin or "<body" in begin or "</" in begin))


def base_of(root: Element, url: str) -> str:
    """The URL to which the links of a page are relative; if its address is unknown, the one that it states."""
    given = next((one.get("href") for one in root.iter("base") if one.get("href")), "")
    address = url or _canonical(root)
    try:
        return urljoin(address, given.strip()) if given else address
    except ValueError:
        return address


def _canonical(root: Element) -> str:
    for one in root.iter("link"):
        if (one.get("rel") or "").strip().lower() == "canonical" and (found := absolute(one.get("href") or "", "")):
            return found
    for one in root.iter("meta"):
        if one.get("property") == "og:url" and (found := absolute(one.get("content") or "", "")):
            return found
    return ""


def _address(html: HtmlLayout, root: Element, base: str) -> str:
    """The address of the only entry of a page without a link; empty if the page may be a listing.

    An address identifies an entry, so that of a listing would make its next entry the same one.
    """
    if not html.format and not html.entry:
        return _canonical(root) or absolute(base, "")
    address = _canonical(root) if html.format in {"json-ld", "articles"} else ""
    return address if urlsplit(address).path.strip("/") else ""


def _sighting(
    entry: HtmlEntry, layout: str, dump: str, position: int, day: PrintedDate | None, changed: PrintedDate | None
) -> Sighting:
    whole = day is not None and day.month is not None and day.day is not None
    body = entry.body
    return Sighting(
        dump,
        position,
        0,
        layout,
        entry.title,
        entry.author or None,
        DateEvidence(day.month, day.day, day.year) if day and whole else None,  # type: ignore[arg-type]
        entry.counts.get(READERS),
        body.paragraphs,
        body.figures,
        complete=True,
        extras=Extras(
            day,
            tuple(entry.counts.items()),
            entry.tags,
            entry.link or None,
            tuple(entry.fields.items()),
            updated=changed,
            kinds=body.kinds if body.kinds.strip("-") else "",
            links=body.links,
        ),
    )


def _line(text: str, words: str) -> int:
    """The number of the line on which a text stands; 1 if it is not found as it is."""
    at = text.find(" ".join(words.split()[:3]))
    return text.count("\n", 0, at) + 1 if at >= 0 else 1
