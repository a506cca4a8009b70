"""Chooses how to read a site from one of its pages: its feed, what the page says for programs, selectors, or text."""

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from digest.dumps.declared import compiled
from digest.dumps.declared.dates import Grammar
from digest.dumps.declared.known import known_layouts
from digest.dumps.declared.sightings import DeclaredLayouts
from digest.dumps.feeds.reading import FeedFirst
from digest.dumps.html.declared import FORMATS
from digest.dumps.html.drafting import draft
from digest.dumps.html.links import absolute
from digest.dumps.html.reading import base_of, page_text
from digest.dumps.html.tree import Element, names, parsed
from digest.dumps.interface import Layouts
from digest.dumps.snapshot import read_sightings
from digest.errors import DigestError
from digest.model import Layout as Known
from digest.model import Sighting

_FEEDS = frozenset({"application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml"})
_MOST_FEEDS = 3
_COMMENTS = ("comment", "评论", "評論", "コメント", "комментар", "kommentar", "trackback")
_MOST_CHARACTERS = 20_000_000
_ENOUGH = 0.5  # of the most entries that any way finds: a way that finds fewer reads another part of the page
_MOST_DRAWN = 400_000  # characters of a text in which entries are recognised
SELECTORS, TEXT, NOTHING = "selectors", "text", "nothing"


@dataclass(frozen=True, slots=True)
class Choice:
    """How to read a site. `way` is `feed`, a format of HTML, `selectors`, `text` or `nothing`.

    `url` is what to read: the feed, or the page itself. `layouts` are the names for the source, `table` the layout to
    write where it has to be declared. `reasons` say in order what was looked at and why it was taken or not, each a
    sentence. `entries` are what it reads.
    """

    way: str
    url: str
    layouts: tuple[str, ...]
    reasons: tuple[str, ...]
    entries: tuple[Sighting, ...] = ()
    table: Mapping[str, object] | None = None


def choice(
    page: bytes,
    url: str,
    fetch: Callable[[str], bytes] | None,
    *,
    media_type: str = "",
    name: str = "mine",
    zone: ZoneInfo | None = None,
) -> Choice:
    """The best way to read the site of a page that was fetched from `url`.

    `fetch` gives the bytes at another address, for the feed that the page names; what it raises must be a DigestError,
    and says why the feed is not taken. Without it, no feed is looked for. `name` is the id of a layout that has to be
    declared. `zone` is the time zone in which the day of an entry begins; without one, days are as written.
    """
    own = _read(page, url, FeedFirst(None, zone, demanded=True), media_type)
    if own:
        return Choice(str(Known.FEED), url, (Known.FEED,), (f"{url} is a feed: {_with(own)}. Digest reads it.",), own)
    reasons: list[str] = []
    root = parsed(_text(page, media_type))
    base = base_of(root, url)
    if fetch is not None and (found := _feed(root, base, fetch, reasons, zone)) is not None:
        return found
    ways = {one: _read(page, url, DeclaredLayouts([known_layouts()[one]], zone), media_type) for one in FORMATS}
    table = draft(root, Grammar())
    if table is not None:
        layouts = compiled([{"id": name, "html": table}], "a suggestion")
        ways[SELECTORS] = _read(page, url, DeclaredLayouts(layouts, zone), media_type)
    most = max(map(_dated, ways.values()), default=0) or max(map(len, ways.values()), default=0)
    for way, entries in ways.items():
        if not entries:
            reasons.append(f"The page has no {_NAMES[way]}.")
        elif max(_dated(entries), 1) < most * _ENOUGH:
            reasons.append(f"The page has {_NAMES[way]}, but only {_with(entries)}; others show {most}.")
        else:
            reasons.append(f"The page has {_NAMES[way]}: {_with(entries)}. Digest reads these.")
            declared = {"id": name, "html": table} if way == SELECTORS else None
            return Choice(way, url, (name,) if declared else (way,), tuple(reasons), entries, declared)
    return _drawn(page, url, media_type, name, reasons)


def _drawn(page: bytes, url: str, media_type: str, name: str, reasons: list[str]) -> Choice:
    """A layout that is drawn for the text of the page, if entries are recognised in it."""
    from digest.dumps.suggesting.seen import Page  # noqa: PLC0415 - the last way, and many modules
    from digest.dumps.suggesting.suggest import suggestion  # noqa: PLC0415

    found = suggestion([Page(page_text([_text(page, media_type)])[:_MOST_DRAWN], name=name)])
    if found.shapes:
        table = {**found.shapes[0].table, "id": name}
        entries = _read(page, url, DeclaredLayouts(compiled([table], "a suggestion")), media_type)
        if entries:
            reasons.append(f"The text of the page has a form that can be drawn: {_with(entries)}. Digest reads this.")
            return Choice(TEXT, url, (name,), tuple(reasons), entries, table)
    reasons.append("No entries were recognised in the text of the page.")
    return Choice(NOTHING, url, (), tuple(reasons))


_NAMES = {
    "json-ld": "articles in JSON-LD",
    "microformats": "entries in microformats",
    "articles": "`article` elements with a `time`",
    SELECTORS: "parts that recur around dates",
}


def _feed(
    root: Element, base: str, fetch: Callable[[str], bytes], reasons: list[str], zone: ZoneInfo | None
) -> Choice | None:
    """The first feed that the page names and that has entries."""
    named = _named_feeds(root, base)
    if not named:
        reasons.append("The page names no feed.")
    for address in named[:_MOST_FEEDS]:
        try:
            entries = _read(fetch(address), address, FeedFirst(None, zone, demanded=True), "")
        except DigestError as error:
            reasons.append(f"The page names the feed {address}, which cannot be fetched: {error}.")
            continue
        if entries:
            reasons.append(f"The page names the feed {address}: {_with(entries)}. Digest reads it.")
            return Choice(str(Known.FEED), address, (Known.FEED,), tuple(reasons), entries)
        reasons.append(f"The page names the feed {address}, which has no entry.")
    return None


def _named_feeds(root: Element, base: str) -> list[str]:
    """The addresses of the feeds of a page, those of comments left out, in document order."""
    found = []
    for link in root.iter("link", "a"):
        relations = names((link.get("rel") or "").lower())
        kind = (link.get("type") or "").split(";", 1)[0].strip().lower()
        if "alternate" not in relations or kind not in _FEEDS:
            continue
        said = f"{link.get('title') or ''} {link.get('href') or ''}".lower()
        if not any(word in said for word in _COMMENTS) and (
            address := absolute((link.get("href") or "").strip(), base)
        ):
            found.append(address)
    return list(dict.fromkeys(found))


def _read(raw: bytes, url: str, layouts: Layouts, media_type: str) -> tuple[Sighting, ...]:
    try:
        return tuple(read_sightings(io.BytesIO(raw), "page", layouts=layouts, url=url, media_type=media_type))
    except DigestError:
        return ()


def _text(page: bytes, media_type: str) -> str:
    from digest.dumps.decode import text_blocks  # noqa: PLC0415 - the parts above read bytes themselves

    try:
        return "".join(text_blocks(io.BytesIO(page), "page", media_type))[:_MOST_CHARACTERS]
    except DigestError:
        return ""


def _dated(entries: Sequence[Sighting]) -> int:
    return sum(one.dated is not None for one in entries)


def _with(entries: Sequence[Sighting]) -> str:
    undated = len(entries) - _dated(entries)
    counted = "1 entry" if len(entries) == 1 else f"{len(entries)} entries"
    return counted + (f", {undated} of them without a date" if undated else "")
