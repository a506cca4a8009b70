"""Renders a formula as a PNG. The only home of mathra (TeX to outlines) and resvg (outlines to pixels).

mathra has no Chinese and draws boxes instead. So each stretch of Chinese gets its own colour first, and afterwards the
boxes of that colour are replaced by its characters. The order of mathra's warnings does not help: in a root with a
degree, it differs from the order of the boxes. Equal formulas give equal bytes, on any machine with the same versions.
"""

import hashlib
import math
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from typing import Any

from lxml import etree

from digest.typeset.math.extract import Formula
from digest.typeset.math.normal import BeyondLimitsError, normalised

STYLE = "1"  # increase it whenever the same formula would look different
_SCALE = 3
_EM = 16  # px
_UNITS = 1000 / _EM  # outline units in a px
_PAD = 2  # px on every side, for parts that extend beyond their box
_WIDEST, _HIGHEST = 2_000, 600
_SVG = "{http://www.w3.org/2000/svg}"
_WARNING = "{urn:mathra:1}warning"
_STAND_IN = 0x20000
_TEXT = re.compile(r"\\(?:text[a-z]*|math(?:rm|bf|it|sf))\s*\{[^{}]*\}|[^\x00-\x7f]")
_MARK = "#0000"  # with two digits: the colour of a stretch of Chinese
_STRETCHES = 256
_CHINESE = re.compile("[\u2e80-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef]")
_LEVEL_ONE = range(0xB0, 0xD8)  # rows of GB 2312 with the most common characters
_SIGNS = range(0xA1, 0xA4)
_FONT = "Noto Sans CJK SC"


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG at three times its size. `width`, `height` and `depth` (the part below the baseline) are in CSS px."""

    png: bytes
    width: int
    height: int
    depth: int


def picture(formula: Formula) -> Picture | None:
    """The formula on an opaque white background; None if it cannot be drawn correctly or would be too large."""
    try:
        tex, _ = normalised(formula.tex)
    except BeyondLimitsError:
        return None
    drawing = _drawing(tex, display=formula.display)
    if drawing is None:
        return None
    _, top, wide, high = (float(number) for number in drawing.get("viewBox").split())
    ascent, depth = math.ceil(-top / _UNITS) + _PAD, math.ceil((top + high) / _UNITS) + _PAD
    width, height = math.ceil(wide / _UNITS) + 2 * _PAD, ascent + depth
    if width > _WIDEST or height > _HIGHEST or height <= 0:
        return None
    box = (-_PAD * _UNITS, -ascent * _UNITS, width * _UNITS, height * _UNITS)
    drawing.set("viewBox", " ".join(f"{number:g}" for number in box))
    drawing.set("width", str(width * _SCALE))
    drawing.set("height", str(height * _SCALE))
    png = _rasterised(etree.tostring(drawing, encoding="unicode"))
    return None if png is None else Picture(png, width, height, depth)


def name(formula: Formula) -> str:
    """The name of a formula's picture: 32 hex digits, equal for formulas that look the same."""
    try:
        tex, _ = normalised(formula.tex)
    except BeyondLimitsError:
        tex = formula.tex
    return hashlib.sha256(f"{STYLE}\0{tex}\0{formula.display}".encode("utf-8", "replace")).hexdigest()[:32]


def _rasterised(svg: str) -> bytes | None:
    """The PNG of a drawing. Only this function uses the library."""
    import resvg_py  # noqa: PLC0415 - a native library, loaded for the first formula that needs it

    with as_file(files("digest.typeset.math") / "fonts" / "NotoSansSC-subset.otf") as font:
        fonts = [str(font)] if "<text" in svg or ":text" in svg else None
        try:
            return bytes(
                resvg_py.svg_to_bytes(
                    svg_string=svg, background="white", skip_system_fonts=True, font_files=fonts, font_family=_FONT
                )
            )
        except (ValueError, RuntimeError):
            return None


def _drawing(tex: str, *, display: bool) -> Any:  # noqa: ANN401 - lxml has no types
    """The outlines, with Chinese as text; None if mathra had to guess."""
    import mathra  # noqa: PLC0415 - as above

    marked, stretches = _marked(tex)
    if len(stretches) > _STRETCHES or _MARK in tex or not all(map(_in_font, "".join(stretches))):
        return None
    try:
        root = etree.fromstring(mathra.tex_to_svg(marked, display=display).encode())
    except (ValueError, etree.XMLSyntaxError):
        return None
    if not all(_is_box(warning) for warning in root.iter(_WARNING)):
        return None
    for part in root.findall(f"{_SVG}title") + root.findall(f"{_SVG}metadata") + root.findall(f"{_SVG}style"):
        root.remove(part)
    for part in root.findall(f"{_SVG}text"):
        root.remove(part)
    root.set("color", "#111")
    return root if _written_in(root, stretches) else None


def _marked(tex: str) -> tuple[str, list[str]]:
    """The TeX with coloured placeholders for Chinese, and the stretches of Chinese."""
    stretches: list[str] = []

    def marked(found: re.Match[str]) -> str:
        chinese = "".join(_CHINESE.findall(found.group()))
        if not chinese:
            return found.group()
        text = found.group() if found.group().startswith("\\") else rf"\text{{{chinese}}}"
        stretches.append(chinese)
        return rf"{{\textcolor{{{_MARK}{len(stretches) - 1:02x}}}{{{_CHINESE.sub(chr(_STAND_IN), text)}}}}}"

    return _TEXT.sub(marked, tex), stretches


def _is_box(warning: Any) -> bool:  # noqa: ANN401
    return warning.get("rule") == "E-REC-8" and f"U+{_STAND_IN:X}" in (warning.text or "")


def _written_in(root: Any, stretches: list[str]) -> bool:  # noqa: ANN401
    """Replace the boxes by characters and remove the colours; False unless each character has exactly one box."""
    ids = {f"#{path.get('id')}" for path in root.iter(f"{_SVG}path") if path.get("d") == _box()[0]}
    boxes = [use for use in root.iter(f"{_SVG}use") if use.get("href") in ids]
    ordered = []
    for index, stretch in enumerate(stretches):
        own = [use for use in boxes if use.get("fill") == f"{_MARK}{index:02x}"]
        if len(own) != len(stretch):
            return False
        ordered += list(zip(own, stretch, strict=True))
    if len(ordered) != len(boxes):
        return False
    for part in root.xpath(f"//*[starts-with(@fill, '{_MARK}')]"):
        del part.attrib["fill"]
    for use, character in ordered:
        use.tag = f"{_SVG}text"
        place = use.attrib.pop("transform", None) or f"translate({use.get('x')} {use.get('y')})"
        for attribute in ("href", "x", "y"):
            use.attrib.pop(attribute, None)
        use.set("transform", f"{place} scale(1 -1)")
        use.set("font-family", _FONT)
        use.set("font-size", _box()[1])
        use.text = character
    return True


@cache
def _box() -> tuple[str, str]:
    """The outline that mathra draws for a missing character, and its width."""
    import mathra  # noqa: PLC0415 - as above

    root = etree.fromstring(mathra.tex_to_svg(rf"\text{{{chr(_STAND_IN)}}}").encode())
    return root.find(f".//{_SVG}path").get("d"), root.get("viewBox").split()[2]


def _in_font(character: str) -> bool:
    try:
        row = character.encode("gb2312")[0]
    except UnicodeEncodeError:
        return False
    return row in _LEVEL_ONE or row in _SIGNS
