"""Reads blocks of code with their indentation, without the line numbers that highlighters add."""

import re
from itertools import islice

from digest.dumps.html.tree import Element, classes_of, is_furniture, names

_NUMBERS = names(
    "gutter lineno linenos linenodiv lnt ln line-numbers line-number hljs-ln-numbers hljs-ln-n blob-num crayon-nums"
    " crayon-num rouge-gutter linenumber line_numbers linenumbers codelineno react-syntax-highlighter-line-number"
    " CodeMirror-linenumber de1-num ec-line-number"
)
_LINES = names("line code-line crayon-line hljs-ln-line cl-line token-line ec-line L0 CodeMirror-line")
_PREFORMATTED = frozenset({"pre", "code"})
_STRUCTURE = frozenset({"table", "tbody", "thead", "tr", "colgroup", "ol", "ul"})
_LOOKED_AT = 4  # cells of a table
_LINE_ELEMENTS = frozenset({"div", "p", "li", "tr", "ol", "ul", "table", "tbody", "pre"})
_HIGHLIGHTED = names(
    "highlight highlighttable lntable rouge-table hljs-ln syntaxhighlighter crayon-table crayon-syntax highlight-table"
    " code-table geshi js-file-line-container codehilitetable blob-wrapper"
)
_CODE_CELLS = names("code rouge-code hljs-ln-code blob-code crayon-code lntd")
_SPACES = str.maketrans({"\xa0": " ", "\u200b": None, "\ufeff": None, "\u2060": None})
_EDGES = re.compile(r"\A(?:[ \t]*\n)+|\s+\Z")


def is_code(element: Element, classes: frozenset[str]) -> bool:
    """Whether an element is a whole block of code: preformatted text, or a table that a highlighter made."""
    tag = element.tag
    if tag == "pre":
        return True
    if tag == "table":
        return any(
            (own := classes_of(cell)) & _CODE_CELLS and (classes & _HIGHLIGHTED or own != {"code"} or _has_pre(cell))
            for cell in islice(element.iter("td"), _LOOKED_AT)
        )
    if tag in {"div", "figure"} and classes & _HIGHLIGHTED:
        return element.find(".//p") is None and (
            _has_pre(element) or any(is_code(table, classes) for table in islice(element.iter("table"), 1))
        )
    return tag == "code" and _is_alone(element)


def code(element: Element) -> str:
    """The lines of a block of code, indented as they are; empty if there are none."""
    from lxml import etree  # noqa: PLC0415 - few installations read HTML

    lines = _Lines()
    inside = 0  # preformatted elements around
    walk = etree.iterwalk(element, events=("start", "end"))
    for event, part in walk:
        tag, classes = part.tag, classes_of(part)
        is_line = tag in _LINE_ELEMENTS or classes & _LINES
        skipped = part is not element and _is_skipped(part, classes)
        if event == "start":
            inside += tag in _PREFORMATTED
            if skipped:
                walk.skip_subtree()
                continue
            if is_line:
                lines.begin()
            lines.add("\n" if tag == "br" else _text(part.text, tag, inside))
        else:
            inside -= tag in _PREFORMATTED
            if is_line and not skipped:
                lines.end()
            if part is not element:
                lines.add(_text(part.tail, part.getparent().tag, inside))
    return _EDGES.sub("", lines.text().translate(_SPACES))


def _text(text: str | None, tag: str, inside: int) -> str:
    """The text of an element, unless it is white space of the markup around the code."""
    if not text:
        return ""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "" if (tag in _STRUCTURE or (not inside and "\n" in text)) and not text.strip() else text


class _Lines:
    """The lines of code so far. Elements that show a line each have a line end between them, once."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._ended = False  # an element showed a line, and no line end followed
        self._open = False  # an element that shows a line has begun, and is still empty
        self._last = "\n"

    def add(self, text: str) -> None:
        if not text:
            return
        if self._ended and self._last != "\n" and text.strip(" \t\n") and "\n" not in text:
            self._put("\n")
        self._put(text)
        self._ended = self._ended and "\n" not in text

    def begin(self) -> None:
        if self._ended or self._last != "\n":
            self._put("\n")
        self._ended, self._open = False, True

    def end(self) -> None:
        self._ended = self._ended or self._open or self._last != "\n"
        self._open = False

    def text(self) -> str:
        return "".join(self._parts)

    def _put(self, text: str) -> None:
        self._parts.append(text)
        self._last = text[-1]
        self._open = False


def _has_pre(element: Element) -> bool:
    return element.find(".//pre") is not None


def _is_alone(element: Element) -> bool:
    """Whether a `code` element has several lines and is all that its paragraph shows."""
    if element.find(".//br") is None:
        return False
    around = element.getparent()
    return (
        around is not None
        and len(around) == 1
        and around.tag in {"p", "div", "td"}
        and not (around.text or "").strip()
        and not (element.tail or "").strip()
    )


def _is_skipped(part: Element, classes: frozenset[str]) -> bool:
    """Whether a part of a block of code is a number of a line, a name over the code, or a button."""
    is_number = classes & _NUMBERS or (part.tag == "td" and part.get("data-line-number") is not None)
    return bool(is_number) or part.tag == "figcaption" or is_furniture(part, classes)
