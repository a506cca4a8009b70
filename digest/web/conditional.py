"""Chooses the response for a document: the whole, compressed or not, or 304 Not Modified. Pure.

Source: RFC 9110, sections 8.8, 12.5.3, 13.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import TYPE_CHECKING

from digest.service.publishing.documents import CODINGS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from digest.service.publishing.documents import Document

_TAG = re.compile(r'(?:W/)?"([^"]*)"')
_SUFFIX = re.compile(rf"-(?:{'|'.join(CODINGS)})$")


@dataclass(frozen=True, slots=True)
class ConditionalResponse:
    """Status, headers and body of a response."""

    status: int
    headers: dict[str, str]
    body: bytes


def respond(
    document: Document, headers: Mapping[str, str], *, max_age: int, negotiated: bool = False
) -> ConditionalResponse:
    """The response to a GET or HEAD with these headers (lower-case names).

    `negotiated`: the document was chosen by the Accept header.
    """
    coding = best_coding(headers.get("accept-encoding", ""))
    etag = f"{document.etag}-{coding}" if coding else document.etag
    common = {
        "ETag": f'"{etag}"',
        "Last-Modified": format_datetime(document.last_modified.astimezone(UTC).replace(microsecond=0), usegmt=True),
        "Cache-Control": f"public, max-age={max_age}, stale-if-error=86400",
        "Vary": "Accept, Accept-Encoding" if negotiated else "Accept-Encoding",
    }
    if document.links:
        common["Link"] = document.links
    if unchanged(document, headers):
        return ConditionalResponse(304, common, b"")
    common["Content-Type"] = document.media_type
    if coding:
        common["Content-Encoding"] = coding
    return ConditionalResponse(200, common, document.coded(coding))


def unchanged(document: Document, headers: Mapping[str, str]) -> bool:
    """Whether the client has the document: by its tag (weak comparison), or without tags by the date."""
    tags = headers.get("if-none-match")
    if tags is not None:
        # A tag of another coding names the same document: the tag that a client sends back may have lost its suffix.
        given = {_SUFFIX.sub("", tag) for tag in _TAG.findall(tags)}
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


def best_coding(accepted: str) -> str:
    """The supported coding that the client prefers, the smallest of equals; empty if none, or identity is preferred."""
    weights: dict[str, float] = {}
    for part in accepted.lower().split(","):
        coding, _, parameters = part.partition(";")
        found = re.search(r"q\s*=\s*([\d.]+)", parameters)
        try:
            weights[coding.strip()] = float(found[1]) if found else 1.0
        except ValueError:
            weights[coding.strip()] = 0.0
    if "x-gzip" in weights:
        weights.setdefault("gzip", weights["x-gzip"])
    wanted = {coding: weights.get(coding, weights.get("*", 0.0)) for coding in CODINGS}
    best = max(wanted, key=lambda coding: wanted[coding])
    return best if wanted[best] > 0 and wanted[best] >= weights.get("identity", 0.0) else ""


def wants_page(accepted: str) -> bool:
    """Whether a browser asks in order to display the response: it accepts HTML, and feed readers rarely say so."""
    return "text/html" in accepted.lower()


def preferred(accepted: str, languages: Sequence[str]) -> str:
    """The supported language (`zh_CN`, `en`) that an Accept-Language header prefers; empty if it accepts none."""
    liked: list[tuple[float, str]] = []
    for at, part in enumerate(accepted.lower().split(",")):
        tag, _, parameters = part.strip().partition(";")
        found = re.search(r"q\s*=\s*([01](?:\.\d*)?)", parameters)
        weight = float(found[1]) if found else 1.0
        ours = next((name for name in languages if name.lower()[:2] == tag[:2] and tag[2:3] in {"", "-"}), "")
        if ours and weight > 0:
            liked.append((-weight + at / 10_000, ours))
    return min(liked)[1] if liked else ""
