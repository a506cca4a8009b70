"""Finds what mail programs, filters or subscribers would stumble over in a mail. It reports, and changes nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from lxml import html as lxml_html

from digest.mail.contrast import ENOUGH, contrasts
from digest.mail.words import LARGEST_HTML
from digest.typeset.text import cells

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.model import Body

_WIDEST = 78  # cells in a line of text
_LONGEST_SUBJECT = 120  # characters
_SHOWN = 40  # characters to quote from the faulty place
_UNBREAKABLE = re.compile(r"\s*\S+|    .*|.*\bhttps?://\S+")  # an address, code or verse


def findings(body: Body) -> list[str]:
    """The faults of an edition's text and HTML, one sentence each; empty for a good mail."""
    return [*_subject(body.subject), *_page(body.html), *_text(body.text)]


def _subject(subject: str) -> Iterator[str]:
    if not subject:
        yield "there is no subject"
    if len(subject) > _LONGEST_SUBJECT:
        yield f"the subject has {len(subject)} characters; people see about 60"


def _page(page: str) -> Iterator[str]:
    if len(page.encode()) > LARGEST_HTML:
        yield f"the HTML has {len(page.encode())} bytes; some programs cut it at 102,400"
    root = lxml_html.document_fromstring(page)
    if not root.get("lang"):
        yield "the HTML does not declare its language: <html lang=…>"
    for name in ("title", "h1"):
        if not root.xpath(f"//{name}[normalize-space()]"):
            yield f"the HTML has no <{name}>"
    yield from _levels(root)
    for element in root.xpath("//script | //iframe | //form | //object | //embed | //link"):
        yield f"mail programs remove <{element.tag}>"
    yield from _pictures(root)
    yield from _links(root)
    yield from _weak(page)


def _levels(root: Any) -> Iterator[str]:  # noqa: ANN401 - lxml has no types
    levels = [int(heading.tag[1]) for heading in root.xpath("//h1 | //h2 | //h3 | //h4 | //h5 | //h6")]
    for before, after in zip([0, *levels], levels, strict=False):
        if after > before + 1:
            yield f"a heading of level {after} follows one of level {before}"
            return


def _pictures(root: Any) -> Iterator[str]:  # noqa: ANN401
    for image in root.xpath("//img"):
        source = image.get("src", "")
        if not (image.get("alt") or "").strip():
            yield f"a picture has no alternative text: {source[:_SHOWN]}"
        if not source.startswith("cid:"):
            yield f"a picture is loaded from elsewhere, which reveals that the mail was opened: {source[:_SHOWN]}"


def _links(root: Any) -> Iterator[str]:  # noqa: ANN401
    places = {*root.xpath("//@id"), *root.xpath("//@name")}
    for link in root.xpath("//a"):
        address = link.get("href", "")
        words = "".join(link.itertext()).strip() or "".join(link.xpath(".//@alt")).strip()
        if address.startswith("#"):
            if address[1:] not in places:
                yield f"a link leads to a place that is not in the mail: {address[:_SHOWN]}"
        elif not address.startswith(("https://", "http://", "\ue0f0")):
            yield f"a link does not lead to a web page: {address[:_SHOWN]}"
        if not words:
            yield f"a link has no text: {address[:_SHOWN]}"


def _weak(page: str) -> Iterator[str]:
    weakest = min(contrasts(page), default=None)
    if weakest and weakest.ratio < ENOUGH:
        text = weakest.text[:_SHOWN]
        yield f"a text is hard to read in the {weakest.scheme} scheme, contrast {weakest.ratio:.1f}: {text}"


def _text(text: str) -> Iterator[str]:
    if not text.strip():
        yield "the text part is empty"
    for line in text.splitlines():
        if cells(line) > _WIDEST and not _UNBREAKABLE.fullmatch(line):
            yield f"a line of the text is {cells(line)} cells wide: {line[:_SHOWN]}"
            return
