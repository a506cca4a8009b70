"""Which answer a request gets for a document: the whole, compressed or not, or only that nothing changed. Pure.

Source: RFC 9110, sections 8.8, 12.5.3, 13.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from digest.service.reading import Document

_TAG = re.compile(r'(?:W/)?"([^"]*)"')


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers and body of a response."""

    status: int
    headers: dict[str, str]
    body: bytes


def answer(document: Document, headers: Mapping[str, str], *, max_age: int) -> Answer:
    """The answer to a GET or HEAD with these headers (lower-case names)."""
    zipped = accepts_gzip(headers.get("accept-encoding", ""))
    etag = f"{document.etag}-gzip" if zipped else document.etag
    common = {
        "ETag": f'"{etag}"',
        "Last-Modified": format_datetime(document.last_modified.astimezone(UTC).replace(microsecond=0), usegmt=True),
        "Cache-Control": f"public, max-age={max_age}",
        "Vary": "Accept-Encoding",
    }
    if unchanged(document, headers):
        return Answer(304, common, b"")
    common["Content-Type"] = document.media_type
    if zipped:
        common["Content-Encoding"] = "gzip"
    return Answer(200, common, document.gzipped if zipped else document.body)


def unchanged(document: Document, headers: Mapping[str, str]) -> bool:
    """Whether the client has the document: by its tag (weakly compared), or without tags by the date."""
    tags = headers.get("if-none-match")
    if tags is not None:
        # A tag of the other coding names the same document: what a client sends back may have lost its suffix.
        given = {tag.removesuffix("-gzip") for tag in _TAG.findall(tags)}
        return tags.strip() == "*" or document.etag in given
    since = headers.get("if-modified-since")
    if since is None:
        return False
    try:
        moment = parsedate_to_datetime(since)
    except (TypeError, ValueError, IndexError, OverflowError):
        return False  # section 13.1.3: a malformed date is as good as none
    return document.last_modified.replace(microsecond=0) <= _aware(moment)


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def accepts_gzip(accepted: str) -> bool:
    """Whether gzip is wanted at all: named, or covered by `*`, with a weight above nothing."""
    weights: dict[str, float] = {}
    for part in accepted.lower().split(","):
        coding, _, parameters = part.partition(";")
        found = re.search(r"q\s*=\s*([\d.]+)", parameters)
        try:
            weights[coding.strip()] = float(found[1]) if found else 1.0
        except ValueError:
            weights[coding.strip()] = 0.0
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0))) > 0
