"""Reads MathML into a tree of a formula's parts, for renderers that do not write MathML.

It knows the elements of math-core's MathML, and which operators have spaces around them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from digest.typeset.math.alphabets import letter
from digest.typeset.math.extract import Formula
from digest.typeset.math.mathml import DEEPEST, element, levels

LARGE = frozenset("∑∏∐∫∬∭∮⋃⋂⨁⨂⨀⋁⋀")
_INVISIBLE = frozenset("\u2061\u2062\u2063\u2064")
_APPLY = "\u2061"
_TIGHT = frozenset("()[]{}⟨⟩⌊⌋⌈⌉|‖∥!/′″‴.?%⋅·∘∀∃∇°&'#∂¬_") | _INVISIBLE
_GREEK = frozenset("αβγδεζηθικλμνξοπρςστυφχψωϑϕϖϱϵ")
_COMMAS = frozenset(",;")
_WIDE = 0.16  # em; a gap of this width or more is a space
_SCRIPT_PARTS = {"msub": "b", "msup": "p", "msubsup": "bp", "munder": "b", "mover": "p", "munderover": "bp"}


@dataclass(frozen=True, slots=True)
class Word:
    """A number, a variable, a name or text."""

    text: str
    bold: bool = False
    italic: bool = False


@dataclass(frozen=True, slots=True)
class Operator:
    """A sign, and whether there are spaces before and after it."""

    text: str
    before: bool = False
    after: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """Parts side by side, none of them a row; never exactly one part."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Scripts:
    """A base with scripts below and above it, either at its side or as `limits`."""

    base: Node
    sub: Node | None
    sup: Node | None
    limits: bool


@dataclass(frozen=True, slots=True)
class Accent:
    """A base and the mark over or under it."""

    base: Node
    mark: str
    under: bool


@dataclass(frozen=True, slots=True)
class Fraction:
    """A numerator over a denominator; a binomial has no bar."""

    top: Node
    bottom: Node
    bar: bool


@dataclass(frozen=True, slots=True)
class Root:
    """A root; a square root has no degree."""

    inside: Node
    degree: Node | None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells. In an `aligned` table, each row reads on from cell to cell."""

    rows: tuple[tuple[Node, ...], ...]
    aligned: bool


Node: TypeAlias = Word | Operator | Row | Scripts | Accent | Fraction | Root | Table
SPACE = Operator(" ")
_SIGNS = frozenset(map(Operator, "−+±∓"))


def tree(formula: Formula) -> Node | None:
    """The parts of a formula; None if it has no MathML."""
    root = element(formula)
    return None if root is None else _row(root)


def foreign_tree(math: Any) -> Node | None:  # noqa: ANN401 - lxml has no types
    """The parts of a `math` element that another program wrote; None if it is too deep or its parts are incomplete."""
    if levels(math) > DEEPEST:
        return None
    try:
        return _row(math)
    except (IndexError, ValueError):
        return None


def _row(parent: Any) -> Node:  # noqa: ANN401 - lxml has no types
    return joined([_node(child) for child in parent])


def joined(nodes: list[Node]) -> Node:
    """The nodes as one node, with nested rows flattened and three dots merged."""
    parts: list[Node] = []
    for node in nodes:
        if node == SPACE and parts and parts[-1] in _SIGNS:
            continue  # `− log x` has the space of a name, but the sign belongs to it all the same
        parts.extend(node.parts if isinstance(node, Row) else (node,))
        if [part.text for part in parts[-3:] if isinstance(part, Operator)] == [".", ".", "."]:
            parts[-3:] = [Word("…")]
    return parts[0] if len(parts) == 1 else Row(tuple(parts))


def _node(part: Any) -> Node:  # noqa: ANN401, C901, PLR0911 - one line for each kind of element
    match part.tag:
        case "mi" | "mn" | "mtext":
            return _word(part)
        case "mo":
            return _operator(part)
        case "mspace":
            return SPACE if _em(part.get("width")) > _WIDE else Row(())
        case "msub" | "msup" | "msubsup" | "munder" | "mover" | "munderover":
            return _scripts(part)
        case "mfrac":
            return Fraction(_node(part[0]), _node(part[1]), part.get("linethickness") != "0")
        case "msqrt":
            return Root(_row(part), None)
        case "mroot":
            return Root(_node(part[0]), _node(part[1]))
        case "mtable":
            return _table(part)
        case "mphantom" | "annotation" | "annotation-xml":
            return Row(())
        case "menclose":
            return Accent(_row(part), part.get("notation", ""), under=False)
        case "mmultiscripts":
            return Accent(_row(part), "scripts", under=False)
        case _:
            return _row(part)


def _word(part: Any) -> Node:  # noqa: ANN401
    text = "".join(part.itertext())
    if "\n" in text:  # of a source that is indented
        text = " ".join(text.split())
    if part.tag == "mtext":
        return Word(text.replace("\u00a0", " "), bold=part.find("b") is not None, italic=part.find("i") is not None)
    letters = [letter(character) for character in text]
    slanted = part.tag == "mi" and len(text) == 1 and text.isalpha() and part.get("mathvariant") != "normal"
    plain = bool(letters) and letters[0].text == text
    return Word(
        "".join(one.text for one in letters),
        bold=any(one.bold for one in letters),
        italic=any(one.italic for one in letters) or (slanted and plain and (text.isascii() or text in _GREEK)),
    )


def _operator(part: Any) -> Node:  # noqa: ANN401
    sign = (part.text or "").strip()
    if sign == _APPLY:
        return SPACE if _em(part.get("lspace")) > _WIDE else Row(())
    if not sign or sign in _INVISIBLE:
        return Row(())
    if sign in LARGE:
        return Operator(sign, after=True)
    if sign in _TIGHT or (part.get("lspace") == "0" and part.get("rspace") == "0"):
        return Operator(sign)
    if sign in _COMMAS:
        return Operator(sign, after=part.get("rspace") != "0")
    return Operator(sign, before=True, after=True)


def _scripts(part: Any) -> Node:  # noqa: ANN401
    kinds = _SCRIPT_PARTS[part.tag]
    base, *small = [_node(child) for child in part]
    sub = small[0] if "b" in kinds else None
    sup = small[-1] if "p" in kinds else None
    if part.get("accent") == "true" or part.get("accentunder") == "true":
        return Accent(base, "".join(part[1].itertext()), under=part.tag == "munder")
    if part.tag in {"munder", "mover"} and small[0] == Row(()):
        return base  # a strut
    return Scripts(base, sub, sup, part.tag.startswith(("mund", "mov")))


def _table(part: Any) -> Table:  # noqa: ANN401
    rows = tuple(tuple(_row(cell) for cell in row) for row in part)
    first = part.find(".//mtd")
    return Table(rows, first is not None and {"mr", "mq"} <= set(first.get("class", "").split()))


def _em(length: str | None) -> float:
    try:
        return float((length or "0").removesuffix("em"))
    except ValueError:
        return 0.0
