"""Finds the TeX of formulas in the markup that MathJax, KaTeX, blogs and encyclopedias make of it."""

import json
import re
from urllib.parse import parse_qs, unquote, urlsplit

from digest.dumps.html.tree import Element, names
from digest.typeset.math.linear import linear_mathml

_TEX_ATTRIBUTES = ("data-latex", "data-tex", "data-formula", "data-math", "data-katex", "alttext", "aria-label")
_TEX_ENCODINGS = frozenset({"application/x-tex", "application/x-latex", "latex", "tex", "text/x-tex"})
_IMAGE_CLASSES = names(
    "latex tex math math-inline math-display formula equation wp-katex-eq texrender ee_img tr_noresize"
    " mwe-math-fallback-image-inline mwe-math-fallback-image-display mathjax katex inlineformula displayformula"
)
_DISPLAYED_CLASSES = frozenset({"mwe-math-fallback-image-display", "math-display", "displayformula", "display"})
_RENDERERS = re.compile(
    r"latex\.php\?|[?&]latex=|equation\?tex=|codecogs\.com/|[?&]cht=tx|(?:mathtex|mimetex)(?:\.cgi)?\?"
)
_RENDERED = ("MathJax", "mjx-chtml", "mjx-svg", "MJX")
_BEHIND = 4  # elements after the rendered form, of which one is its source
_CDATA = re.compile(r"^\s*(?:%\s*)?<!\[CDATA\[|(?:%\s*)?\]\]>\s*$")
_STYLED = re.compile(r"^\{\\(?:displaystyle|textstyle)\s*(.*)\}$", re.DOTALL)
_DELIMITERS = (("$$", "$$"), (r"\[", r"\]"), (r"\(", r"\)"), ("$", "$"))
_ENVIRONMENT = re.compile(
    r"\\begin\{(equation|displaymath|align|alignat|flalign|gather|multline|eqnarray)(\*?)\}.*\\end\{\1\2\}", re.DOTALL
)
_BLANK_LINES = re.compile(r"\n\s*\n")
_SOFT_BREAK = "\x1e"

SKIPPED = ""
"""A rendered form whose source stands beside it."""


def formula(element: Element, classes: frozenset[str]) -> str | None:  # noqa: PLR0911 - one line for each program
    """The text of a formula, with delimiters; `SKIPPED` for a second form of one; None if the element is no formula.

    A displayed formula stands between soft breaks: it begins a line and ends one.
    """
    tag = element.tag
    if tag == "script":
        kind = (element.get("type") or "").lower()
        return delimited(element.text or "", display="display" in kind) if kind.startswith("math/tex") else None
    if tag == "math":
        return _of_math(element, display=element.get("display") == "block")
    if tag == "mjx-container":
        return _rendered(element, display=element.get("display") in {"true", "block"})
    if tag == "img":
        return _of_image(element, classes)
    if not classes:
        return None
    if "katex" in classes or "katex-display" in classes:
        return _rendered(element, display="katex-display" in classes)
    if "latex-rendered" in classes:
        return _of_newsletter(element)
    if any(name.startswith(_RENDERED) for name in classes):
        return _of_mathjax(element, classes)
    return None


def delimited(tex: str, *, display: bool) -> str:
    """TeX as a dump prints it; delimiters that it brings along decide what it is. Empty if it is blank."""
    tex = _CDATA.sub("", _CDATA.sub("", tex)).strip()
    for opens, closes in _DELIMITERS:
        if len(tex) > len(opens) + len(closes) and tex.startswith(opens) and tex.endswith(closes):
            tex, display = tex[len(opens) : -len(closes)].strip(), display or opens in {"$$", r"\["}
            break
    if styled := _STYLED.match(tex):
        tex = styled[1].strip()
    if not tex:
        return SKIPPED
    if not display:
        line = " ".join(tex.split())
        return rf"\({line}\)" if "$" in line else f"${line}$"
    tex = _BLANK_LINES.sub("\n", tex)
    if not _ENVIRONMENT.fullmatch(tex):
        tex = rf"\[{tex}\]" if "$" in tex else f"$${tex}$$"
    return f"{_SOFT_BREAK}{tex}{_SOFT_BREAK}"


def _rendered(element: Element, *, display: bool) -> str:
    """The formula that an element shows: its source, if it brings one, otherwise what one can read."""
    if tex := _source(element):
        return delimited(tex, display=display)
    math = next(element.iter("math"), None)
    if math is not None:
        return _of_math(math, display=display or math.get("display") == "block")
    return " ".join("".join(element.itertext()).split())


def _source(element: Element) -> str:
    for annotation in element.iter("annotation"):
        if (annotation.get("encoding") or "").lower() in _TEX_ENCODINGS and (text := annotation.text or "").strip():
            return str(text)
    for part in (element, *element[:2], *element.iter("math", "mjx-math")):
        for name in _TEX_ATTRIBUTES[:-1]:
            if text := (part.get(name) or "").strip():
                return str(text)
    return ""


def _of_math(math: Element, *, display: bool) -> str:
    if tex := _source(math):
        return delimited(tex, display=display)
    text = linear_mathml(math)
    return f"{_SOFT_BREAK}{text}{_SOFT_BREAK}" if display and text else text


def _of_image(image: Element, classes: frozenset[str]) -> str | None:
    source = image.get("src") or ""
    named = classes & _IMAGE_CLASSES
    drawn = bool(_RENDERERS.search(source[:200]))
    if not named and not drawn and not image.get("data-formula") and not image.get("eeimg"):
        return None
    display = bool(classes & _DISPLAYED_CLASSES) or image.get("eeimg") == "2"
    tex = (image.get("data-formula") or image.get("alt") or "").strip()
    if drawn and not tex:
        try:
            query = urlsplit(source).query
        except ValueError:
            return None
        known = parse_qs(query) if "=" in query.split("\\", 1)[0] else {}
        tex = next(
            (known[name][0] for name in ("latex", "tex", "chl") if name in known), "" if known else unquote(query)
        )
    return delimited(tex, display=display) if tex else None


def _of_newsletter(element: Element) -> str | None:
    try:
        given = json.loads(element.get("data-attrs") or "")
    except (ValueError, RecursionError):
        return None
    tex = given.get("persistentExpression") if isinstance(given, dict) else None
    return delimited(tex, display=True) if isinstance(tex, str) else None


def _of_mathjax(element: Element, classes: frozenset[str]) -> str | None:
    """What MathJax 2 renders: the source follows in a script, unless somebody saved the page without it."""
    behind = element
    for _ in range(_BEHIND):
        behind = behind.getnext()
        if behind is None:
            break
        if behind.tag == "script" and (behind.get("type") or "").startswith("math/tex"):
            return SKIPPED
    if "MathJax_Preview" in classes:
        return None  # shows the source itself, or nothing
    display = "MathJax_Display" in classes or "MJXc-display" in classes
    inner = next((part for part in element.iter("span", "div") if part.get("data-mathml")), None)
    if inner is not None:
        from digest.dumps.html.tree import parsed  # noqa: PLC0415 - few installations read HTML

        math = next(parsed(inner.get("data-mathml")).iter("math"), None)
        if math is not None:
            return _of_math(math, display=display)
    return _rendered(element, display=display)
