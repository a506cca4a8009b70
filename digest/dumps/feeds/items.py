"""The items of an XML feed, as feedparser finds them, and of a JSON Feed; the only place that imports feedparser."""

import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

from digest.dumps.feeds.dates import moment
from digest.model import NoteKind

_ITEM = re.compile(r"<(?:[\w.-]+:)?(?:item|entry)(?=[\s/>])")
_ITEM_END = re.compile(r"</(?:[\w.-]+:)?(?:item|entry)\s*>")
_FEED_END = re.compile(r"</(?:[\w.-]+:)?(?:rss|RDF|feed)\s*>")
_TAIL = 2_000  # characters in which the end tag of a feed stands
_WITH_ADDRESS = re.compile(r"\s*\S+@\S+\s*(?:\((.*)\))?\s*$")
_CUT = re.compile(
    r"(?:\.{3,}|…+|\[…\]|\[\.{3}\]|\[&hellip;\]|&#8230;\]?|(?:read|continue|full) (?:more|reading|article|story|post)"
    r"|阅读全文|閱讀全文|继续阅读|繼續閱讀|查看全文|查看更多)[\s.»→>)\]]*(?:</?\w[^>]{0,500}>\s*)*$",
    re.IGNORECASE,
)
_BLOCKS = re.compile(r"<(?:p|li|h[1-6]|pre|blockquote|div|tr)[\s>]", re.IGNORECASE)
_SEVERAL = 2  # blocks of a description that is taken for a whole text
_LONGEST_NOTE = 100
_NO_CHARACTER = re.compile(r"&#(?:0*[1-9]\d{7,}|[xX]0*[1-9a-fA-F][0-9a-fA-F]{6,});")


class BrokenError(ValueError):
    """A feed of which not even the first items can be read."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text of a feed; `markup` says that it is HTML, None that its format does not say so."""

    value: str
    markup: bool | None = None
    base: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """An item as its feed gives it. Dates are as written; `updated` is that of its last change.

    `content` is its text, `complete` unless it is only a summary. `link` is absolute, or empty.
    """

    title: Text
    author: str
    published: str
    updated: str
    link: str
    uid: str
    tags: tuple[str, ...]
    content: Text
    complete: bool


@dataclass(slots=True)
class Found:
    """What was found in a feed: its items in order, and its faults as kind, line and text."""

    items: list[Item]
    faults: list[tuple[NoteKind, int, str]]


def xml_items(text: str, url: str, above: int = 0) -> Found:
    """The items of an XML feed that begins with its first tag. An item that the end of the text cuts is left out.

    `above` is the number of lines before the text, and `url` the address of the feed, empty if it is unknown.

    Raises:
        BrokenError: nothing of it can be read.
    """
    parsed = _parsed(text, url)
    made = Found([], [])
    entries: list[Mapping[str, Any]] = parsed.entries
    if _is_cut(text):
        made.faults.append((NoteKind.CUT_OFF, above + text.rstrip().count("\n") + 1, _last_line(text)))
        if entries and _ends_within_item(text):
            entries = entries[:-1]
    elif parsed.bozo:
        line, reason = _fault(parsed.get("bozo_exception"))
        made.faults.append((NoteKind.MALFORMED, above + max(line - 1, 1), reason))  # feedparser adds a first line
    is_atom = str(parsed.version).startswith("atom")
    site = absolute(str(parsed.feed.get("link") or ""), url) or url
    author = _author(parsed.feed) if is_atom else ""
    made.items = [_item(entry, site, author, is_atom=is_atom) for entry in entries]
    return made


def _parsed(text: str, url: str) -> Any:  # noqa: ANN401 - a dictionary of feedparser
    import feedparser  # noqa: PLC0415 - few installations read feeds

    headers = {"content-type": "application/xml; charset=utf-8"}
    if url:
        headers["content-location"] = url
    try:
        return feedparser.parse(
            io.BytesIO(_NO_CHARACTER.sub("", text).encode("utf-8", "replace")),
            response_headers=headers,
            resolve_relative_uris=False,
            sanitize_html=False,
        )
    except Exception as error:  # it has no errors of its own, and whatever is in a feed must not end the pass
        raise BrokenError(f"{type(error).__name__}: {error}"[:_LONGEST_NOTE]) from error


def _last_line(text: str) -> str:
    return text[-_LONGEST_NOTE:].strip().split("\n")[-1]


def _is_cut(text: str) -> bool:
    return not _FEED_END.search(text, max(0, len(text) - _TAIL)) and not text.rstrip().endswith("/>")


def _ends_within_item(text: str) -> bool:
    *_, begun = (-1, *(found.start() for found in _ITEM.finditer(text)))
    return begun >= 0 and not _ITEM_END.search(text, begun)


def _fault(error: object) -> tuple[int, str]:
    """The line and the reason of a fault of the XML."""
    line = getattr(error, "getLineNumber", None)
    reason = getattr(error, "getMessage", None)
    return (line() or 1) if line else 1, str(reason() if reason else error)[:_LONGEST_NOTE]


def _item(entry: Mapping[str, Any], base: str, author: str, *, is_atom: bool) -> Item:
    content, complete = _content(entry, is_atom=is_atom)
    title = entry.get("title_detail") or {}
    link = str(entry.get("feedburner_origlink") or entry.get("link") or "")
    published = _date(entry, "published") or _date(entry, "created")
    updated = _date(entry, "updated")
    if not is_atom:
        published, updated = published or updated, ""
    markup = None if not is_atom else "html" in str(title.get("type") or "")
    return Item(
        Text(str(title.get("value") or ""), markup),
        _author(entry) or author,
        published,
        updated,
        absolute(link, str(title.get("base") or "") or base),
        str(entry.get("id") or "").strip(),
        tuple(_tags(entry)),
        Text(content.value, content.markup, content.base or base),
        complete,
    )


def absolute(link: str, base: str) -> str:
    """The absolute form of a link to the web; empty if there is none."""
    try:
        whole = urljoin(base, link.strip()) if link.strip() else ""
        parts = urlsplit(whole)
    except ValueError:
        return ""
    return whole if parts.scheme in {"http", "https"} and parts.netloc and not re.search(r"\s", whole) else ""


def _content(entry: Mapping[str, Any], *, is_atom: bool) -> tuple[Text, bool]:
    """The text of an item, and whether it is all of it. Content wins over a summary."""
    texts = [_text(one) for one in entry.get("content") or () if str(one.get("value") or "").strip()]
    if texts:
        return max(texts, key=lambda one: len(one.value)), True
    summary = _text(entry.get("summary_detail") or {})
    return summary, not is_atom and is_whole(summary.value)


def is_whole(description: str) -> bool:
    """Whether a description is a whole text: several blocks of HTML that no mark cuts. Old RSS has no other place."""
    return len(_BLOCKS.findall(description)) >= _SEVERAL and not _CUT.search(description.rstrip())


def _text(detail: Mapping[str, Any]) -> Text:
    kind = str(detail.get("type") or "")
    return Text(str(detail.get("value") or ""), "html" in kind if kind else None, str(detail.get("base") or ""))


def _author(entry: Mapping[str, Any]) -> str:
    """The names of the authors; an address of mail is none."""
    details = entry.get("authors") or [entry.get("author_detail") or {}]
    names = [str(one.get("name") or "").strip() for one in details]
    if not any(names):
        names = [str(entry.get("author") or "").strip()]
    plain = (found[1] or "" if (found := _WITH_ADDRESS.match(name)) else name for name in names)
    return ", ".join(dict.fromkeys(filter(None, (" ".join(name.split()) for name in plain))))


def _tags(entry: Mapping[str, Any]) -> Iterator[str]:
    tags = (str(one.get("label") or one.get("term") or "") for one in entry.get("tags") or ())
    yield from dict.fromkeys(filter(None, (" ".join(tag.split()) for tag in tags)))


def _date(entry: Mapping[str, Any], name: str) -> str:
    """A date as written, or in ISO 8601 where only feedparser can read it."""
    if name not in entry:
        return ""
    written = str(entry.get(name) or "").strip()
    parsed = entry.get(f"{name}_parsed")
    if moment(written) is None and parsed:
        try:
            year, month, day, hour, minute, second = parsed[:6]
            return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC).isoformat()
        except ValueError:
            return ""
    return written


_ITEMS = re.compile(r'"items"\s*:\s*\[')
_BETWEEN = re.compile(r"[\s,]*")


def json_items(text: str, url: str) -> Found:
    """The items of a JSON Feed. Of one that is cut off or broken, the items before that place.

    Raises:
        BrokenError: nothing of it can be read.
    """
    found = Found([], [])
    try:
        feed = json.loads(text, strict=False)
    except (ValueError, RecursionError) as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else 1
        feed = {"items": _first_items(text)}
        if not feed["items"]:
            raise BrokenError(str(error)) from error
        found.faults.append((NoteKind.CUT_OFF, line, str(error)))
    if not isinstance(feed, dict):
        raise BrokenError("it is no object")
    site = absolute(_json_text(feed, "home_page_url"), url) or url or absolute(_json_text(feed, "feed_url"), "")
    items = feed.get("items")
    found.items = [
        _json_item(one, site, _authors(feed))
        for one in (items if isinstance(items, list) else ())
        if isinstance(one, dict)
    ]
    return found


def _first_items(text: str) -> list[Any]:
    """The items before the place at which the JSON is broken."""
    begin = _ITEMS.search(text)
    items: list[Any] = []
    decoder = json.JSONDecoder(strict=False)
    at = begin.end() if begin else len(text)
    while at < len(text):
        at = _BETWEEN.match(text, at).end()  # type: ignore[union-attr] # an empty match is one
        try:
            item, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            break
        items.append(item)
    return items


def _json_item(item: dict[str, Any], base: str, authors: str) -> Item:
    link = absolute(_json_text(item, "url"), base)
    content, complete = Text(_json_text(item, "content_html"), markup=True, base=link or base), True
    if not content.value.strip():
        content = Text(_json_text(item, "content_text"), markup=False)
    if not content.value.strip():
        content, complete = Text(_json_text(item, "summary"), markup=False), False
    tags = item.get("tags")
    return Item(
        Text(_json_text(item, "title"), markup=False),
        _authors(item) or authors,
        _json_text(item, "date_published"),
        _json_text(item, "date_modified"),
        link,
        _id(item.get("id")),
        tuple(dict.fromkeys(one.strip() for one in tags if isinstance(one, str) and one.strip()))
        if isinstance(tags, list)
        else (),
        content,
        complete,
    )


def _json_text(table: dict[str, Any], name: str) -> str:
    value = table.get(name)
    return value if isinstance(value, str) else ""


def _id(value: object) -> str:
    """An id as text; numbers occur, although the standard wants text."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).strip()


def _authors(table: dict[str, Any]) -> str:
    """The names of the authors, of version 1.1 or 1.0."""
    listed = table.get("authors")
    people = listed if isinstance(listed, list) else [table.get("author")]
    names = (_json_text(one, "name").strip() for one in people if isinstance(one, dict))
    return ", ".join(dict.fromkeys(filter(None, names)))
