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

FEED_AGE = 900  # seconds
FEED_CACHE = f"public, max-age={FEED_AGE}, stale-if-error=86400"
MOVED_CACHE = {"Cache-Control": f"public, max-age={FEED_AGE}"}
_TAG = re.compile(r'(?:W/)?"([^"]*)"')
_PARTS = re.compile(r"""(?:[^,"]|"(?:[^"\\]|\\.)*")+""")  # what commas divide, but for those in quotes
_RANGE = re.compile(r"""\s*(?P<range>[^\s;/]+/[^\s;/]+)\s*(?P<parameters>(?:;.*)?)""", re.DOTALL)
_PARAMETER = re.compile(r""";\s*([^\s=;"]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s;"]*)""")
_WEIGHT = re.compile(r"0(?:\.\d*)?|1(?:\.0*)?")
_CHARSET = frozenset({("charset", "utf-8")})
_OURS = {"application/atom+xml": _CHARSET | {("type", "feed")}}  # the parameters that name our type
_SUFFIX = re.compile(rf"-(?:{'|'.join(CODINGS)})$")


@dataclass(frozen=True, slots=True)
class ConditionalResponse:
    """Status, headers and body of a response."""

    status: int
    headers: dict[str, str]
    body: bytes


def respond(
    document: Document,
    headers: Mapping[str, str],
    *,
    cache: str,
    negotiated: Sequence[str] = (),
    dated: bool = True,
) -> ConditionalResponse:
    """The response to a GET or HEAD with these headers (lower-case names).

    `cache` is its Cache-Control. `negotiated` names the headers by which the document was chosen. `dated`: its date
    tells whether it changed; otherwise only its tag does.
    """
    coding = best_coding(headers.get("accept-encoding", ""))
    etag = f"{document.etag}-{coding}" if coding else document.etag
    common = {
        "ETag": f'"{etag}"',
        "Cache-Control": cache,
        "Vary": ", ".join((*negotiated, "Accept-Encoding")),
    }
    if dated:
        moment = document.last_modified.astimezone(UTC).replace(microsecond=0)
        common["Last-Modified"] = format_datetime(moment, usegmt=True)
    if document.links:
        common["Link"] = document.links
    if unchanged(document, headers, dated=dated):
        return ConditionalResponse(304, common, b"")
    common["Content-Type"] = document.media_type
    if coding:
        common["Content-Encoding"] = coding
    return ConditionalResponse(200, common, document.coded(coding))


def unchanged(document: Document, headers: Mapping[str, str], *, dated: bool = True) -> bool:
    """Whether the client has the document: by its tag (weak comparison), or without tags by the date."""
    tags = headers.get("if-none-match")
    if tags is not None:
        # A tag of another coding names the same document: the tag that a client sends back may have lost its suffix.
        given = {_SUFFIX.sub("", tag) for tag in _TAG.findall(tags)}
        return tags.strip() == "*" or document.etag in given
    since = headers.get("if-modified-since")
    if since is None or not dated:
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


def wants_page(accepted: str, own: str) -> bool:
    """Whether a browser asks in order to display the response: it prefers HTML to the feed's own media type.

    Feed readers that accept HTML too, for pages that name feeds, prefer feeds or anything alike.
    """
    return weight(accepted, "text/html") > weight(accepted, own)


def weight(accepted: str, media_type: str) -> float:
    """How much an Accept header likes a media type, from 0 (not at all) to 1: what its most specific range says.

    Without a header, everything is welcome. A part of it that is malformed counts as absent. Source: RFC 9110, section
    12.5.1.
    """
    if not accepted.strip():
        return 1.0
    ranges = ("*/*", f"{media_type.partition('/')[0]}/*", media_type)
    best = -1, 0, 0.0
    for part in _PARTS.findall(accepted.lower()):
        found = _RANGE.fullmatch(part)
        if found is None or found["range"] not in ranges:
            continue
        liked, parameters = _liked(found["parameters"], media_type)
        if liked is not None:
            best = max(best, (ranges.index(found["range"]), parameters, liked))
    return best[2]


def _liked(parameters: str, media_type: str) -> tuple[float | None, int]:
    """The weight that the parameters of a range give, None if they are malformed or name another type than ours.

    The second number counts the parameters before the weight, which make a range more specific. What stands behind the
    weight is an extension of the header, which asks for nothing.
    """
    for count, (name, value) in enumerate(_PARAMETER.findall(parameters)):
        if name == "q":
            return (float(value) if _WEIGHT.fullmatch(value) else None), count
        if (name, value.strip('"')) not in _OURS.get(media_type, _CHARSET):
            return None, count
    return 1.0, len(_PARAMETER.findall(parameters))


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
