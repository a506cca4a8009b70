"""Links: where they lead, and which of them belong to no text."""

import re
from collections.abc import Sequence
from urllib.parse import urljoin, urlsplit

from digest.dumps.html.tree import PHRASING, Element
from digest.dumps.layouts.dateblock import reads_as_more

_LINK = re.compile("\x02([0-9]{1,9})\x04([^\x03]*)\x03")
_MARKS = re.compile("\x02[0-9]{1,9}\x04|[\x02-\x04]")
_ANCHOR_SIGNS = frozenset("#¶§🔗↩⇧^↑∞\ufe0e\ufe0f ")
_ARROWS = "»→…. >›≫⇒➔➜⟶▸▶►"
_LONGEST_MORE = 60  # characters of a link to the whole article
_SCHEMES = frozenset({"http", "https"})
_LONGEST_URL = 2000


def marked(text: str, number: int) -> str:
    """A text with marks at its ends for the link of a number; white space stays outside."""
    inner = text.strip()
    return text.replace(inner, f"\x02{number}\x04{inner}\x03", 1)


def unmarked(text: str) -> str:
    """A text without marks of links."""
    return _MARKS.sub("", text) if "\x02" in text or "\x03" in text else text


def links_in(paragraphs: Sequence[str], urls: Sequence[str]) -> tuple[list[str], list[tuple[str, str, int]]]:
    """The paragraphs without marks, and their links as in `Extras`."""
    made: list[str] = []
    links: list[tuple[str, str, int]] = []
    between: list[str] = []  # the text since the last link
    for paragraph in paragraphs:
        plain: list[str] = []
        at = 0
        for found in _LINK.finditer(paragraph):
            words = unmarked(found[2])
            plain += [unmarked(paragraph[at : found.start()]), words]
            between.append(plain[-2])
            links.append((words, urls[int(found[1])], "\0".join(between).count(words)))
            between, at = [], found.end()
        rest = unmarked(paragraph[at:])
        between.append(rest)
        made.append("".join([*plain, rest]))
    return made, links


def absolute(href: str, base: str) -> str:
    """The absolute URL of a link to the web; empty for any other."""
    if not href or href.startswith("#") or len(href) > _LONGEST_URL:
        return ""
    try:
        url = urljoin(base, href)
        parts = urlsplit(url)
    except ValueError:
        return ""
    fit = parts.scheme in _SCHEMES and parts.netloc and not any(map(str.isspace, url))
    return url if fit else ""


def is_last(element: Element) -> bool:
    """Whether nothing follows in the line of a link."""
    if (element.tail or "").strip(" \n\t\r\xa0.。…»)]】"):
        return False
    behind = element.getnext()
    return behind is None or behind.tag == "br" or behind.tag not in PHRASING


def is_anchor(href: str, text: str) -> bool:
    """Whether a link only leads to its own heading or back from a note."""
    return href.startswith("#") and all(sign in _ANCHOR_SIGNS for sign in text)


def leads_on(text: str, *, alone: bool) -> bool:
    """Whether the text of a link only leads to the rest of the article; stricter if other text stands before it."""
    if len(text) > _LONGEST_MORE:
        return False
    plain = text.strip("[]()（）【】 ").rstrip(_ARROWS)
    return reads_as_more(text) if alone else bool(plain) and reads_as_more(plain)
