"""Finds what mail programs, filters or subscribers would stumble over in a mail. It reports, and changes nothing.

The contrast of each text is measured from inlined styles, in the light and the dark colour scheme. Source: WCAG 2.2,
relative luminance and contrast ratio. Decision 173.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from css_inline import CSSInliner
from lxml import html as lxml_html

from digest.mail.composing.edition_text import LARGEST_HTML
from digest.model import Body
from digest.typeset.text import cells

_WIDEST = 78  # cells in a line of text
_LONGEST_SUBJECT = 120  # characters
_SHOWN = 40  # characters to quote from the faulty place
_UNBREAKABLE = re.compile(r"\s*\S+|    .*|.*\bhttps?://\S+")  # an address, code or verse
ENOUGH_CONTRAST = 4.5
_DARK = re.compile(r"@media[^{]*prefers-color-scheme:\s*dark[^{]*\{((?:[^{}]*\{[^{}]*\})*)\s*\}")
_DECLARED = re.compile(r"(?:^|;)\s*(color|background-color|background|display)\s*:\s*([^;!]+)")
_HEX = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})\b")
_NAMES = {"white": "#ffffff", "black": "#000000", "red": "#ff0000"}
_LINK = "#0000ee"  # the browsers' default colour for links


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
        text = "".join(link.itertext()).strip() or "".join(link.xpath(".//@alt")).strip()
        if address.startswith("#"):
            if address[1:] not in places:
                yield f"a link leads to a place that is not in the mail: {address[:_SHOWN]}"
        elif not address.startswith(("https://", "http://", "\ue0f0")):
            yield f"a link does not lead to a web page: {address[:_SHOWN]}"
        if not text:
            yield f"a link has no text: {address[:_SHOWN]}"


def _weak(page: str) -> Iterator[str]:
    weakest = min(contrasts(page), default=None)
    if weakest and weakest.ratio < ENOUGH_CONTRAST:
        text = weakest.text[:_SHOWN]
        yield f"a text is hard to read in the {weakest.scheme} scheme, contrast {weakest.ratio:.1f}: {text}"


def _text(text: str) -> Iterator[str]:
    if not text.strip():
        yield "the text part is empty"
    for line in text.splitlines():
        if cells(line) > _WIDEST and not _UNBREAKABLE.fullmatch(line):
            yield f"a line of the text is {cells(line)} cells wide: {line[:_SHOWN]}"
            return


class Contrast(NamedTuple):
    """The contrast of a text, from 1 (invisible) to 21, and the colour scheme: `light` or `dark`."""

    ratio: float
    scheme: str
    text: str


def contrasts(page: str) -> Iterator[Contrast]:
    """The contrast of each visible text. Colours not written as `#rgb` or `#rrggbb` are treated as inherited."""
    schemes = {"light": page}
    rules = "".join(_DARK.findall(page))
    if rules:
        schemes["dark"] = CSSInliner(inline_style_tags=False, load_remote_stylesheets=False, extra_css=rules).inline(
            page
        )
    for scheme, html in schemes.items():
        ink, ground = ("#000000", "#ffffff")
        body = lxml_html.document_fromstring(html).find("body")
        if body is not None:
            for text, text_ink, text_ground in _texts(body, ink, ground):
                yield Contrast(contrast_ratio(text_ink, text_ground), scheme, text)


def contrast_ratio(one: str, other: str) -> float:
    """The contrast ratio of two colours, in either order."""
    dark, bright = sorted((_luminance(one), _luminance(other)))
    return (bright + 0.05) / (dark + 0.05)


def _texts(element: Any, ink: str, ground: str) -> Iterator[tuple[str, str, str]]:  # noqa: ANN401 - lxml has no types
    if not isinstance(element.tag, str):
        return
    declared = dict(_DECLARED.findall(element.get("style", "")))
    if declared.get("display", "").strip() == "none":
        return
    default = _LINK if element.tag == "a" else ink
    ink = _colour(declared.get("color", ""), default)
    ground = _colour(
        declared.get("background-color") or declared.get("background", "") or element.get("bgcolor", ""), ground
    )
    for text in (element.text, element.get("alt")):
        if text and text.strip():
            yield text.strip(), ink, ground
    for child in element:
        yield from _texts(child, ink, ground)
        if child.tail and child.tail.strip():
            yield child.tail.strip(), ink, ground


def _colour(written: str, inherited: str) -> str:
    named = _NAMES.get(written.strip().lower(), written)
    found = _HEX.search(named)
    return found[0] if found else inherited


def _luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) > 4 else "".join(2 * digit for digit in colour[1:])  # noqa: PLR2004 - #rgb
    red, green, blue = (int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4))
    return 0.2126 * _linear(red) + 0.7152 * _linear(green) + 0.0722 * _linear(blue)


def _linear(share: float) -> float:
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 - of the standard
