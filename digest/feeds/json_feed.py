"""Renders a JSON Feed document; equal values give equal bytes. Source: jsonfeed.org, version 1.1."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from digest.typeset.characters import line, strip_unsafe
from digest.typeset.titles import UNTITLED, labels, title

if TYPE_CHECKING:
    from digest.feeds.values import FeedEntry, FeedFacts, Tombstone

MEDIA_TYPE = "application/feed+json"


def json_feed(feed: FeedFacts, entries: Sequence[FeedEntry], removed: Sequence[Tombstone] = ()) -> bytes:
    """The document, with its entries in the given order. The extension `_digest` lists retracted entries."""
    paging = feed.paging
    ours: dict[str, Any] = {"archive": paging.archive} if paging.archive else {}
    if removed:
        ours["removed"] = [{"id": one.id, "at": one.at.isoformat()} for one in removed]
    document: dict[str, Any] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": title(feed.title),
        "description": line(feed.subtitle) or None,
        "home_page_url": feed.home_url,
        "feed_url": feed.self_url,
        "next_url": paging.previous or None,
        "icon": feed.icon or None,
        "favicon": feed.icon or None,
        "authors": [{"name": line(feed.author) or UNTITLED}],
        "language": feed.language,
        "hubs": [{"type": "WebSub", "url": feed.hub}] if feed.hub else None,
        "items": [_item(entry) for entry in entries],
        "_digest": ours or None,
    }
    return (json.dumps(_without_none(document), ensure_ascii=False, separators=(",", ":")) + "\n").encode()


def _item(entry: FeedEntry) -> dict[str, Any]:
    return _without_none(
        {
            "id": entry.id,
            "url": entry.url,
            "external_url": entry.via or None,
            "title": title(entry.title),
            "content_html": entry.html,
            "summary": strip_unsafe(entry.summary) or None,
            "date_published": entry.published and entry.published.isoformat(),
            "date_modified": entry.updated_at.isoformat(),
            "authors": [{"name": author}] if (author := line(entry.author)) else None,
            "tags": labels(entry.tags) or None,
            "language": entry.language,
        }
    )


def _without_none(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
