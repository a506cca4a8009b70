"""Tells from the beginning of a text whether it is a feed, and prepares it for a parser: no document type, no junk."""

import re
from enum import Enum, auto

_ROOT = re.compile(r"<(?:[\w.-]+:)?(rss|RDF|feed)(?=[\s/>])")
_NAMESPACES = {
    "rss": ("",),
    "feed": ("http://www.w3.org/2005/Atom", "http://purl.org/atom/ns#"),
    "RDF": ("http://purl.org/rss/1.0/", "http://my.netscape.com/rdf/simple/0.9/", "http://channel.netscape.com/rdf/"),
}
_JSON_FEED = re.compile(r'"version"\s*:\s*"https?:\\?/\\?/(?:www\.)?jsonfeed\.org\\?/version\\?/')
_HTML = re.compile(r"<!doctype\s+html|<html[\s>]", re.IGNORECASE)
_TITLE = re.compile(r"<title[^>]{0,200}>([^<]{0,300})", re.IGNORECASE)
_NAMED = 4_000  # characters of the first tag in which a name space is looked for
_JUNK = 20_000  # characters before a feed that was asked for, such as the warning of a server
_ENDS = {"<?": "?>", "<!--": "-->"}
_SUBSET_END = re.compile(r"\]\s*>")


class Kind(Enum):
    """The two forms of a feed."""

    XML = auto()
    JSON = auto()


def kind_of(head: str, *, anywhere: bool = False) -> Kind | None:
    """The form of the feed that begins in a text; None if it is none. `anywhere`: other text may stand before it."""
    at = _content(head)
    if head.startswith("{", at):
        return Kind.JSON if _JSON_FEED.search(head) else None
    found = _ROOT.match(head, at) if not anywhere else _ROOT.search(head, 0, _JUNK)
    if found is None:
        return None
    named = head[found.start() : found.start() + _NAMED]
    return Kind.XML if anywhere or any(name in named for name in _NAMESPACES[found[1]]) else None


def content_of(text: str) -> tuple[str, int]:
    """An XML feed from its first tag on, and the number of lines before it.

    Without its declaration and document type, it has no entities of its own.
    """
    at = _content(text)
    found = _ROOT.match(text, at) or _ROOT.search(text, 0, _JUNK)
    begin = found.start() if found else at
    return text[begin:], text.count("\n", 0, begin)


def html_page(head: str) -> str | None:
    """The title of an HTML page, empty if it has none; None if the text is no HTML page."""
    at = _content(head, types=False)
    if not _HTML.match(head, at):
        return None
    found = _TITLE.search(head)
    return " ".join(found[1].split()) if found else ""


def _content(text: str, *, types: bool = True) -> int:
    """Where a text begins behind its declaration, its comments and, for `types`, its document type."""
    at = 0
    while True:
        while at < len(text) and (text[at].isspace() or text[at] == "\ufeff"):
            at += 1
        opening = next((begin for begin in _ENDS if text.startswith(begin, at)), "")
        if opening:
            end = text.find(_ENDS[opening], at)
            if end < 0:
                return at
            at = end + len(_ENDS[opening])
        elif types and text[at : at + 9].upper() == "<!DOCTYPE":
            end = _end_of_type(text, at)
            if end < 0:
                return at
            at = end
        else:
            return at


def _end_of_type(text: str, at: int) -> int:
    """Where a document type ends, with the declarations in it; -1 if it does not."""
    end, subset = text.find(">", at), text.find("[", at)
    if 0 <= subset < end:
        found = _SUBSET_END.search(text, subset)
        return found.end() if found else -1
    return end + 1 if end >= 0 else -1
