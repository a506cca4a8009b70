"""Measures the contrast of each text in a mail against its background, in the light and the dark colour scheme.

It reads inlined styles only. Source: WCAG 2.2, relative luminance and contrast ratio.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from css_inline import CSSInliner
from lxml import html as lxml_html

if TYPE_CHECKING:
    from collections.abc import Iterator

ENOUGH = 4.5
_DARK = re.compile(r"@media[^{]*prefers-color-scheme:\s*dark[^{]*\{((?:[^{}]*\{[^{}]*\})*)\s*\}")
_DECLARED = re.compile(r"(?:^|;)\s*(color|background-color|background|display)\s*:\s*([^;!]+)")
_HEX = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})\b")
_NAMES = {"white": "#ffffff", "black": "#000000", "red": "#ff0000"}
_LINK = "#0000ee"  # the browsers' default colour for links


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
    for scheme, shown in schemes.items():
        ink, ground = ("#000000", "#ffffff")
        body = lxml_html.document_fromstring(shown).find("body")
        if body is not None:
            for text, text_ink, text_ground in _texts(body, ink, ground):
                yield Contrast(ratio(text_ink, text_ground), scheme, text)


def ratio(one: str, other: str) -> float:
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
