"""Renders a formula as one line: of plain HTML if it is simple, or of Unicode for plain text and `alt` texts."""

import re
import unicodedata
from collections.abc import Callable
from html import escape
from typing import Any

from digest.typeset.characters import line, strip_unsafe
from digest.typeset.math.alphabets import SCRIPTS, subscript, superscript
from digest.typeset.math.extract import Formula
from digest.typeset.math.tree import (
    LARGE,
    Accent,
    Fraction,
    Node,
    Operator,
    Root,
    Row,
    Scripts,
    Table,
    Word,
    foreign_tree,
    tree,
)

_COMBINING = {
    "^": "\u0302", "ˆ": "\u0302", "̂": "\u0302", "~": "\u0303", "˜": "\u0303", "̃": "\u0303", "¯": "\u0304",
    "̲": "\u0304", "‾": "\u0304", "⃗": "\u20d7", "→": "\u20d7", "˙": "\u0307", "¨": "\u0308", "ˇ": "\u030c",
    "˘": "\u0306", "˚": "\u030a",
}  # fmt: skip
_NAMED = {"\u0302": "hat", "\u0303": "tilde", "\u0304": "overline", "\u20d7": "vec", "\u030c": "check"}
_BRACES = frozenset("⏞⏟")
_SMALL = re.escape(SCRIPTS)
_ATOM = re.compile(rf"[∂∇]?(?:[\d.]+|[^\W\d][\u0300-\u036f\u20d7]?|[∞∅⊤∗…])[{_SMALL}]*!?|\w[{_SMALL}]*\((?:\w,? ?)*\)")
_WRAPPED = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|\|[^|]*\||‖[^‖]*‖")
_RUNS_ON = re.compile(r"[_^]\w$")
_SUM = re.compile(r"(?<=.)[-+−±=/×·<>≤≥]| ")
_SPACES = re.compile(r" {2,}")


def linear(formula: Formula) -> str:
    """The formula as people type it, such as `∑ₖ₌₀ⁿ xᵏ/k! > 0`; its TeX if it cannot be read."""
    node = tree(formula)
    written = "" if node is None else _clean(_written(node))
    return written or line(formula.tex) or line(formula.source) or "?"


def linear_mathml(math: Any) -> str:  # noqa: ANN401 - lxml has no types
    """A `math` element of any page as one line of Unicode; its bare text if its structure cannot be read."""
    node = foreign_tree(math)
    return ("" if node is None else _clean(_written(node))) or line(" ".join(math.itertext()))


def _clean(text: str) -> str:
    return line(_SPACES.sub(" ", text)).replace("( ", "(").replace(" )", ")").replace(" ,", ",")


def _written(node: Node) -> str:  # noqa: PLR0911 - one case for each kind of node
    match node:
        case Word(text):
            return text
        case Operator(text, before, after):
            return f"{' ' if before else ''}{text}{' ' if after else ''}"
        case Row(parts):
            return _row(parts)
        case Scripts():
            return _scripts(node)
        case Accent():
            return _accent(node)
        case Fraction(top, bottom, bar):
            if not bar:
                return f"{_inner(top)} choose {_inner(bottom)}"
            return f"{_top(_inner(top))}/{_grouped(_inner(bottom))}"
        case Root(inside, degree):
            raised = "" if degree is None else superscript(_inner(degree)) or f"{_grouped(_inner(degree))}-"
            return f"{raised}√{_grouped(_inner(inside))}"
        case Table(rows, aligned):
            return "; ".join(_clean(_cells(row, aligned=aligned)) for row in rows)


def _row(parts: tuple[Node, ...]) -> str:
    """The parts side by side, with a space where a script would run into the next part."""
    made = ""
    for part in parts:
        written = _written(part)
        made += f" {written}" if _RUNS_ON.search(made) and written[:1].isalnum() else written
    return made


def _cells(row: tuple[Node, ...], *, aligned: bool) -> str:
    if aligned:
        return "".join(map(_written, row))
    return ", ".join(cell.rstrip(" ,") for cell in map(_inner, row))


def _inner(node: Node) -> str:
    return _clean(_written(node))


def _scripts(node: Scripts) -> str:
    base = _written(node.base).strip()
    if isinstance(node.base, Row) and len(node.base.parts) > 1 and not _WRAPPED.fullmatch(base):
        base = f"({base})"
    sub = "" if node.sub is None else _small(_inner(node.sub), "_", subscript)
    sup = "" if node.sup is None else _small(_inner(node.sup), "^", superscript)
    operator = node.base if isinstance(node.base, Operator) else Operator("")
    after = operator.after or (node.limits and operator.text in LARGE) or (node.limits and isinstance(node.base, Word))
    return f"{' ' if operator.before else ''}{base}{sub}{sup}{' ' if after else ''}"


def _small(text: str, sign: str, small: Callable[[str], str | None]) -> str:
    if not text:
        return ""
    shrunk = small(text.replace(" ", ""))
    return shrunk or f"{sign}{_grouped(text) if len(text) > 1 else text}"


def _accent(node: Accent) -> str:
    base = _inner(node.base)
    mark = _COMBINING.get(node.mark, "")
    if node.mark in _BRACES:
        return _grouped(base)
    if mark and len(base) == 1:
        return unicodedata.normalize("NFC", base + ("\u0332" if node.under else mark))
    name = "underline" if node.under else _NAMED.get(mark, "")
    return f"{name}({base})" if name else base


def _top(text: str) -> str:
    return f"({text})" if _SUM.search(text) and not _WRAPPED.fullmatch(text) else text


def _grouped(text: str) -> str:
    """The text, in parentheses unless it is a single item."""
    return text if _ATOM.fullmatch(text) or _WRAPPED.fullmatch(text) else f"({text})"


_DEEPEST = 2  # levels of nested scripts; deeper ones are too small to read
_BEYOND = "\uffff"  # stands for signs that mail fonts lack
_PRIMES = frozenset("′″‴")  # these are raised already
_SPACES = re.compile(r" {2,}")
_STRUCK = frozenset("𝔼𝔽𝔸𝔹𝔻𝔾𝕀𝕁𝕂𝕃𝕄𝕆𝕊𝕋𝕌𝕍𝕎𝕏𝕐𝟙")


def html_text(formula: Formula) -> str | None:
    """The formula in `<i> <b> <sub> <sup>` and Unicode; None if it is a displayed formula or needs a picture."""
    if formula.display:
        return None
    node = tree(formula)
    written = None if node is None else _html_written(node, 0)
    return _SPACES.sub(" ", written).strip() or None if written else None


def _html_written(node: Node, depth: int) -> str | None:
    match node:
        case Word(text, bold, italic):
            return _word(text, bold=bold, italic=italic)
        case Operator(text, before, after):
            return f"{' ' if before else ''}{escape(strip_unsafe(text))}{' ' if after else ''}"
        case Row(parts):
            made = [_html_written(part, depth) for part in parts]
            return None if None in made else "".join(filter(None, made))
        case Scripts() if depth < _DEEPEST and not node.limits:
            return _html_scripts(node, depth)
        case _:
            return None


def _word(text: str, *, bold: bool, italic: bool) -> str | None:
    if text in _STRUCK:
        text, bold = _struck(text), True
    if any(character > _BEYOND for character in text):
        return None
    made = escape(strip_unsafe(text))
    made = f"<i>{made}</i>" if italic else made
    return f"<b>{made}</b>" if bold else made


def _struck(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _html_scripts(node: Scripts, depth: int) -> str | None:
    if isinstance(node.base, Operator) and node.base.text in LARGE:
        return None
    made = _html_written(node.base, depth)
    if made is None:
        return None
    for small, name in ((node.sub, "sub"), (node.sup, "sup")):
        inner = "" if small is None else _html_written(small, depth + 1)
        if inner is None:
            return None
        if inner in _PRIMES:
            made += inner
        elif inner:
            made += f"<{name}>{inner.strip()}</{name}>"
    return made
