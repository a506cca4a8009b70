"""The items of a JSON Feed 1.0 or 1.1. Source: https://www.jsonfeed.org/version/1.1/"""

import json
import re
from typing import Any

from digest.dumps.feeds.items import BrokenError, Found, Item, Text, absolute
from digest.model import NoteKind

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
    site = absolute(_text(feed, "home_page_url"), url) or url or absolute(_text(feed, "feed_url"), "")
    items = feed.get("items")
    found.items = [
        _item(one, site, _authors(feed)) for one in (items if isinstance(items, list) else ()) if isinstance(one, dict)
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


def _item(item: dict[str, Any], base: str, authors: str) -> Item:
    link = absolute(_text(item, "url"), base)
    content, complete = Text(_text(item, "content_html"), markup=True, base=link or base), True
    if not content.value.strip():
        content = Text(_text(item, "content_text"), markup=False)
    if not content.value.strip():
        content, complete = Text(_text(item, "summary"), markup=False), False
    tags = item.get("tags")
    return Item(
        Text(_text(item, "title"), markup=False),
        _authors(item) or authors,
        _text(item, "date_published"),
        _text(item, "date_modified"),
        link,
        _id(item.get("id")),
        tuple(dict.fromkeys(one.strip() for one in tags if isinstance(one, str) and one.strip()))
        if isinstance(tags, list)
        else (),
        content,
        complete,
    )


def _text(table: dict[str, Any], name: str) -> str:
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
    names = (_text(one, "name").strip() for one in people if isinstance(one, dict))
    return ", ".join(dict.fromkeys(filter(None, names)))
