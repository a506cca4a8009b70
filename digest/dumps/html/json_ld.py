"""Finds entries in the JSON-LD of a page: articles of schema.org, wherever they stand in it."""

import json
from collections.abc import Iterator
from typing import Any

from digest.dumps.html.found import HtmlEntry, plain, tags_of, text_of
from digest.dumps.html.links import absolute
from digest.dumps.html.tree import Element, names

_ARTICLES = names(
    "Article BlogPosting NewsArticle TechArticle ScholarlyArticle Report OpinionNewsArticle AnalysisNewsArticle"
    " BackgroundNewsArticle ReviewNewsArticle ReportageNewsArticle AdvertiserContentArticle SatiricalArticle"
    " MedicalScholarlyArticle SocialMediaPosting DiscussionForumPosting LiveBlogPosting APIReference"
)
_NO_LISTS = frozenset({"BreadcrumbList", "SiteNavigationElement", "HowTo", "FAQPage"})
_ABOUT = frozenset({"isPartOf", "mainEntityOfPage", "publisher", "author", "creator", "image", "about", "mentions"})
_COUNTED = {
    "ReadAction": "readers",
    "ViewAction": "readers",
    "WatchAction": "readers",
    "CommentAction": "comments",
    "LikeAction": "likes",
    "ShareAction": "shares",
}
_MOST = 200_000  # values of a page that are looked at
_LONGEST_SCRIPT = 20_000_000  # characters
_LARGEST = 10**12
_MOST_AUTHORS = 20


def entries(root: Element, base: str, broken: list[str]) -> list[HtmlEntry]:
    """The articles of all scripts in order; if there is none, the links of lists. `broken` gets what is no JSON."""
    found: list[dict[str, Any]] = []
    listed: list[dict[str, Any]] = []
    named: dict[str, dict[str, Any]] = {}
    for one in _objects(root, broken):
        kinds = _types(one)
        if isinstance(name := one.get("@id"), str) and len(one) > 1:
            named.setdefault(name, one)
        if kinds & _ARTICLES:
            found.append(one)
        elif "ListItem" in kinds:
            listed.append(one)
    reader = _Reader(base, named)
    made = [entry for one in found if (entry := reader.article(one)) is not None]
    return made or [entry for one in listed if (entry := reader.listed(one)) is not None]


def _objects(root: Element, broken: list[str]) -> Iterator[dict[str, Any]]:
    """Every object of every script in order, but none within an article or in lists of other things."""
    left = _MOST
    for script in root.iter("script"):
        if not (script.get("type") or "").strip().lower().startswith("application/ld+json"):
            continue
        waiting: list[Any] = [_loaded(script.text or "", broken)]
        while waiting and left:
            value = waiting.pop()
            left -= 1
            if isinstance(value, list):
                waiting += reversed(value)
            elif isinstance(value, dict):
                kinds = _types(value)
                if kinds & _NO_LISTS:
                    continue
                yield value
                inner = [one for key, one in value.items() if key not in _ABOUT and isinstance(one, (dict, list))]
                waiting += reversed(inner) if not kinds & _ARTICLES else ()


def _loaded(text: str, broken: list[str]) -> object:
    if not text.strip():
        return None
    try:
        return json.loads(text, strict=False) if len(text) <= _LONGEST_SCRIPT else None
    except (ValueError, RecursionError) as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else "it is nested too deeply"
        broken.append(f"{reason}: {' '.join(text.split())[:60]}")
        return None


def _types(one: dict[str, Any]) -> frozenset[str]:
    given = one.get("@type")
    several = given if isinstance(given, list) else [given]
    return frozenset(name.rsplit("/", 1)[-1].removeprefix("schema:") for name in several if isinstance(name, str))


class _Reader:
    """Reads the properties of articles; `named` are the objects that others refer to."""

    def __init__(self, base: str, named: dict[str, dict[str, Any]]) -> None:
        self._base, self._named = base, named

    def article(self, one: dict[str, Any]) -> HtmlEntry | None:
        title = _first_text(one, "headline", "name", "alternativeHeadline")
        link = self._url(one.get("url")) or self._url(one.get("mainEntityOfPage")) or self._url(one.get("@id"))
        raw = next(
            (value for key in ("articleBody", "text", "description", "abstract") if (value := _string(one.get(key)))),
            "",
        )
        entry = HtmlEntry(
            title,
            link,
            _string(one.get("datePublished")) or _string(one.get("dateCreated")),
            _string(one.get("dateModified")),
            self._authors(one.get("author") or one.get("creator")),
            self._tags(one),
            _counts(one),
            body=text_of(raw, self._base, title),
        )
        return entry if title or entry.body.paragraphs else None

    def listed(self, one: dict[str, Any]) -> HtmlEntry | None:
        inner = one.get("item")
        thing = inner if isinstance(inner, dict) else one
        title = _first_text(thing, "headline", "name") or _first_text(one, "name")
        link = self._url(thing.get("url")) or self._url(thing.get("@id")) or self._url(inner)
        return HtmlEntry(title, link) if title and link else None

    def _url(self, given: object) -> str:
        if isinstance(given, list):
            return next((url for one in given[:_MOST_AUTHORS] if (url := self._url_of(one))), "")
        return self._url_of(given)

    def _url_of(self, given: object) -> str:
        if isinstance(given, dict):
            given = given.get("url") or given.get("@id")
        return absolute(given.strip().split("#", 1)[0], self._base) if isinstance(given, str) else ""

    def _authors(self, given: object) -> str:
        several = given if isinstance(given, list) else [given]
        known: list[str] = []
        for one in several[:_MOST_AUTHORS]:
            thing = one
            if isinstance(one, dict) and not one.get("name") and isinstance(one.get("@id"), str):
                thing = self._named.get(one["@id"], one)
            name = plain(thing.get("name")) if isinstance(thing, dict) else plain(thing)
            if name and "://" not in name:
                known.append(name)
        return ", ".join(dict.fromkeys(known))

    def _tags(self, one: dict[str, Any]) -> tuple[str, ...]:
        found: list[str] = []
        for key in ("keywords", "articleSection"):
            given = one.get(key)
            several = given if isinstance(given, list) else [given]
            texts = [plain(value.get("name") if isinstance(value, dict) else value) for value in several]
            found += tags_of(texts)
        return tuple(dict.fromkeys(found))


def _string(given: object) -> str:
    if isinstance(given, list):
        given = next((one for one in given if isinstance(one, (str, dict))), None)
    if isinstance(given, dict):
        given = given.get("@value")
    return given if isinstance(given, str) else ""


def _first_text(one: dict[str, Any], *keys: str) -> str:
    return next((text for key in keys if (text := plain(_string(one.get(key))))), "")


def _counts(one: dict[str, Any]) -> dict[str, int]:
    made: dict[str, int] = {}
    if (number := _number(one.get("commentCount"))) is not None:
        made["comments"] = number
    given = one.get("interactionStatistic")
    for counter in (given if isinstance(given, list) else [given])[:_MOST_AUTHORS]:
        if not isinstance(counter, dict):
            continue
        kind = counter.get("interactionType")
        kind = kind.get("@type") if isinstance(kind, dict) else kind
        name = _COUNTED.get(kind.rsplit("/", 1)[-1]) if isinstance(kind, str) else None
        if name and (number := _number(counter.get("userInteractionCount"))) is not None:
            made.setdefault(name, number)
    return made


def _number(given: object) -> int | None:
    if isinstance(given, str) and given.isascii() and given.isdigit() and len(given) < 13:  # noqa: PLR2004 - digits
        given = int(given)
    return given if isinstance(given, int) and not isinstance(given, bool) and 0 <= given <= _LARGEST else None
