"""Lists and tables as lines of text: markers, indentation and columns."""

from digest.dumps.html.tree import Element

_DEEPEST = 8  # levels that are indented
_ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"))
_SMALL_ROMAN = ("", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix")
_MOST_ROMAN = 3999
_ALPHABET = 26
_LAID_OUT = frozenset({"table", "pre", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "figure", "article"})
_MOST_PARAGRAPHS = 2  # of a cell of a table that holds data
_LONGEST_NUMBER = 9  # digits


class List:
    """An open list: the marker of its next line."""

    def __init__(self, element: Element) -> None:
        self.ordered = element.tag == "ol"
        self._type = element.get("type") or "1"
        self._step = -1 if element.get("reversed") is not None else 1
        first = sum(1 for child in element if child.tag == "li") if self._step < 0 else 1
        self._number = _number(element.get("start"), first)
        self._marker = self._indent = ""

    def item(self, element: Element) -> None:
        """Begin an item."""
        if element.tag != "li":  # of a list of definitions
            self._marker = "  " if element.tag == "dd" else ""
        elif self.ordered:
            self._number = _number(element.get("value"), self._number)
            self._marker = f"{_counted(self._number, self._type)}. "
            self._number += self._step
        else:
            self._marker = "- "
        self._indent = " " * len(self._marker)

    def lines(self, text: str, level: int) -> list[str]:
        """The lines of a text in the open item of a list that is so many levels below the outermost."""
        around = "  " * min(level, _DEEPEST)
        made = []
        for line in text.split("\n"):
            made.append(f"{around}{self._marker}{line}")
            self._marker = self._indent
        return made


class Table:
    """An open table of data: its lines, and the cells of the open one."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.cells: list[str] = []

    def end_row(self) -> None:
        if any(self.cells):
            self.lines.append(" | ".join(self.cells).strip())
        self.cells = []


def is_layout(table: Element) -> bool:
    """Whether a table only arranges parts of the page, so that its cells are read like any other part."""
    widest = columns = paragraphs = 0
    for part in table.iterdescendants():
        tag = part.tag
        if tag in _LAID_OUT:
            return True
        if tag == "tr":
            columns = 0
        elif tag in {"td", "th"}:
            columns += 1
            widest, paragraphs = max(widest, columns), 0
        elif tag == "p":
            paragraphs += 1
            if paragraphs > _MOST_PARAGRAPHS:
                return True
    return widest <= 1


def _number(given: str | None, default: int) -> int:
    text = (given or "").strip()
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) <= _LONGEST_NUMBER else default


def _counted(number: int, kind: str) -> str:
    if kind in {"a", "A"} and 1 <= number <= _ALPHABET:
        return chr(ord(kind) + number - 1)
    if kind in {"i", "I"} and 1 <= number <= _MOST_ROMAN:
        made, rest = "", number
        for size, letters in _ROMAN:
            made += letters * (rest // size)
            rest %= size
        made += _SMALL_ROMAN[rest]
        return made if kind == "i" else made.upper()
    return str(number)
