"""Renders a formula as a MathML element.

The only home of math-core. A formula that it cannot read completely gives None.

The pages forbid `style` attributes, so the elements have classes instead, which `CSS` defines.
"""

import re
from functools import lru_cache
from html import unescape
from typing import Any

from lxml import etree
from math_core import LatexError, LatexToMathML

from digest.typeset.math.extract import Formula
from digest.typeset.math.normal import BeyondLimitsError, normalised

_CORE = LatexToMathML(fancy_error=False, allow_unreliable_rendering=True, max_expansions=1)
DEEPEST = 120  # nested elements
_ENTITY = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)[A-Za-z]+;")
_VARIANT = re.compile("[\ufe00\ufe01]")
_ROWS = {"mrow", "mstyle", "mpadded"}
_LOW = {"math", "mrow", "mi", "mn", "mo", "mtext", "mspace", "msub", "msup", "msubsup"}
_ALIGNED = {"mr", "ml"}  # classes of the cells of an aligned equation
_DELIMITERS = frozenset("()[]{}|‖⟨⟩∣∥")
_CLASSES = {
    "text-align:left": "ml", "text-align:right": "mr", "padding-left:0": "mp", "padding-right:0": "mq",
    "padding-left:1em": "mg", "border-left:0.05em solid currentcolor": "bl",
    "border-right:0.05em solid currentcolor": "br", "border-top:0.05em solid currentcolor": "bt",
    "border-bottom:0.05em solid currentcolor": "bb", "padding-top:0": "mt", "padding-bottom:0": "mb",
    "margin-left:-0.16666667em": "mn",
}  # fmt: skip
CSS = (
    "\n".join(f"math .{name} {{ {rule.replace(':', ': ')}; }}" for rule, name in _CLASSES.items())
    + "\nmath menclose[notation~=box] { border: 0.06em solid; padding: 0.2em 0.3em; }"
    "\nmath mtext { white-space: nowrap; }\n"
)


def mathml(formula: Formula) -> str | None:
    """The formula as a well-formed `<math>` element, without its tag; None if it cannot be rendered correctly."""
    root = element(formula)
    return None if root is None else etree.tostring(root, encoding="unicode")


def element(formula: Formula) -> Any:  # noqa: ANN401 - lxml has no types
    """The same as an element, or None. Callers must not change it."""
    try:
        tex, _ = normalised(formula.tex)
    except BeyondLimitsError:
        return None
    return _element(tex, formula.display)


@lru_cache(maxsize=64)
def _element(tex: str, display: bool) -> Any:  # noqa: ANN401, FBT001
    try:
        made = _CORE.convert_with_local_state(tex, displaystyle=display)
        root = etree.fromstring(_VARIANT.sub("", _ENTITY.sub(lambda found: unescape(found.group()), made)))
    except (LatexError, etree.XMLSyntaxError):
        return None
    if root.tag != "math" or levels(root) > DEEPEST:
        return None
    root.set("display", "block" if display else "inline")
    for part in root.iter():
        _classed(part)
    return root


def appearance(formula: Formula) -> str | None:
    r"""What the formula says, as text: equal for spellings that look alike; None if it cannot be drawn.

    `\text{rank}` and `\mathrm{rank}`, `\lVert` and `\Vert`, `\dfrac` and `\frac`, brackets around low terms with and
    without `\left`, and equations with one row in any environment are alike.
    """
    root = element(formula)
    return None if root is None else "".join(map(_looks, root))


def _looks(part: Any) -> str:  # noqa: ANN401
    """The text of `appearance` for a part."""
    tag, text, left_out = part.tag, part.text or "", {"displaystyle", "movablelimits"}
    if (row := _row(part)) is not None:
        return "".join(map(_looks, row))
    if tag == "mtext" or (tag == "mi" and (len(text) > 1 or part.get("mathvariant") == "normal")):
        tag = "upright"
        left_out |= {"mathvariant"}
    elif tag == "mo" and text in _DELIMITERS:
        left_out |= {"form", "lspace", "rspace"}
        if part.get("stretchy") == "false" or _is_low(part.getparent()):
            tag = "low"
            left_out |= {"stretchy"}
    named = (f" {name}={value}" for name, value in sorted(part.attrib.items()) if name not in left_out)
    return f"<{tag}{''.join(named)}>{text}{''.join(f'({_looks(child)})' for child in part)}</{tag}>"


def _row(part: Any) -> list[Any] | None:  # noqa: ANN401
    """The parts that a part only puts beside each other; None if it does more."""
    if part.tag == "mspace":
        return None if part.get("width") else []
    if part.tag == "mtable" and len(part) == 1 and all(_ALIGNED & set(one.get("class", "").split()) for one in part[0]):
        return [child for cell in part[0] for child in cell]
    plain = part.tag in _ROWS and not set(part.attrib) - {"displaystyle", "scriptlevel"}
    return list(part) if plain else None


def _is_low(row: Any) -> bool:  # noqa: ANN401
    """Whether nothing in a row is higher than a letter with an index, so that brackets around it do not grow."""
    return all(one.tag in _LOW for one in row.iter())


def levels(root: Any) -> int:  # noqa: ANN401
    """The levels of elements of a tree, of any depth."""
    depth = deepest = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        deepest = max(deepest, depth)
    return deepest


def _classed(part: Any) -> None:  # noqa: ANN401
    style = part.attrib.pop("style", "")
    names = [part.attrib.pop("class", "")]
    for rule in style.split(";"):
        name, _, value = (word.strip() for word in rule.partition(":"))
        if name == "color":
            part.set("mathcolor", value)
        names.append(_CLASSES.get(f"{name}:{value}", ""))
    if any(names):
        part.set("class", " ".join(filter(None, names)))
