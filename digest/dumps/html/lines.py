"""The text of the open paragraph, with white space as browsers show it; lists and tables as lines of text."""

import re

from digest.dumps.html.tree import Element, names
from digest.dumps.structure import is_list
from digest.typeset.math.alphabets import subscript, superscript

SOFT_BREAK = "\x1e"  # ends a line, unless it has ended already
_INVISIBLE = str.maketrans({"\u200b": None, "\ufeff": None, "\u2060": None, "\xad": None})
_BLANKS = re.compile("[ \t\r\f\xa0]+")
_LINE_ENDS = re.compile(" ?\n[ \n]*")
_SPACES = re.compile(" {2,}")
_BREAKS = re.compile(r"[ \n\x1e]*[\n\x1e][ \n\x1e]*")
_WORDPRESS_TEX = re.compile(r"\$latex[ ]([^$\n]{1,4000})\$")
_VERSE_LENGTH, _VERSE_WIDTH = 24, 60  # characters of a Chinese line; narrow characters of any line
_WIDE = re.compile("[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60]")
_VERSE_LINES = 3
_ORDINALS = names("st nd rd th er ère re e ème o a º ª tm sm r © ® ™ * ** † ‡ de do n")


class Line:
    """The pieces of the open paragraph. A mark is a place among them; it moves to the start if the paragraph ends."""

    def __init__(self) -> None:
        self.linked = False  # whether a link is open
        self.is_blank = True  # whether the last line has no text
        self._pieces: list[str] = []
        self._number = 0  # of the paragraph

    def add(self, text: str) -> None:
        """Add text of the markup, whose white space counts as one space."""
        text = _BLANKS.sub(" ", text)
        if "\n" in text:
            text = _LINE_ENDS.sub(_line_end, text)
        self._pieces.append(text)
        self.is_blank = self.is_blank and not text.strip()

    def put(self, text: str) -> None:
        """Add text as it is."""
        if text:
            self._pieces.append(text)
            self.is_blank = text.endswith(SOFT_BREAK) or (self.is_blank and not text.strip())

    def end(self) -> None:
        """End the line."""
        self._pieces.append("\n")
        self.is_blank = True

    def mark(self) -> tuple[int, int]:
        return self._number, len(self._pieces)

    def since(self, mark: tuple[int, int]) -> str:
        return "".join(self._pieces[self._place(mark) :])

    def taken(self, mark: tuple[int, int]) -> str:
        """The text since a mark, which is removed."""
        text = self.since(mark)
        del self._pieces[self._place(mark) :]
        return text

    def before(self) -> str:
        """The last character, if any."""
        return next((piece[-1] for piece in reversed(self._pieces[-8:]) if piece), "")

    def paragraphs(self) -> list[str]:
        """The text so far, divided at empty lines, and an empty line afterwards."""
        text = "".join(self._pieces)
        self._pieces.clear()
        self._number += 1
        self.is_blank = True
        if not text or text.isspace():
            return []
        text = _SPACES.sub(" ", text.translate(_INVISIBLE))
        if "$latex " in text:
            text = _WORDPRESS_TEX.sub(lambda found: f"${found[1].strip()}$", text)
        if "\n" not in text and SOFT_BREAK not in text:
            return [stripped] if (stripped := text.strip()) else []
        parts = _BREAKS.sub(_break, text).split("\n\n")
        lines = ("\n".join(line.strip() for line in part.split("\n")).strip("\n") for part in parts)
        return [part for part in lines if part]

    def _place(self, mark: tuple[int, int]) -> int:
        number, place = mark
        return place if number == self._number else 0


def compact(text: str) -> str:
    """The text with single spaces, in one line."""
    return " ".join(text.replace(SOFT_BREAK, " ").translate(_INVISIBLE).split())


def is_verse(text: str) -> bool:
    """Whether the lines of a paragraph are verse: several short ones that are no list."""
    lines = text.split("\n")
    if len(lines) == 1 or "$" in text or "\\" in text or is_list(lines):
        return False
    if all(len(line) <= _VERSE_LENGTH for line in lines):
        return True
    if len(lines) < _VERSE_LINES or max(map(len, lines)) > _VERSE_WIDTH:
        return False
    return max(len(line) + 1.5 * len(_WIDE.findall(line)) for line in lines) <= _VERSE_WIDTH


def raised(tag: str, text: str, before: str) -> str:
    """The text of an element that stands above or below the line, or between marks, in plain characters."""
    if tag == "rt":
        return f"({text})"
    if tag == "q":
        return f"“{text}”"
    small = superscript(text) if tag == "sup" else subscript(text)
    if small and (text.isascii() or len(text) == 1):
        word = tag == "sup" and text.isalpha() and len(text) > 1
        return text if word and text.casefold() in _ORDINALS else small
    plain = not (before.isalnum() or before in ")]}") or text.casefold() in _ORDINALS or text.startswith("[")
    if plain or not text.isascii() or len(text) > _VERSE_LENGTH:
        return text
    sign = "^" if tag == "sup" else "_"
    return f"{sign}{text}" if len(text) == 1 else f"{sign}({text})"


def _line_end(found: re.Match[str]) -> str:
    """A space, but nothing between two Chinese or Japanese characters."""
    text = found.string
    start, end = found.span()
    if start > 0 and end < len(text) and _WIDE.match(text[start - 1]) and _WIDE.match(text[end]):
        return ""
    return " "


def _break(found: re.Match[str]) -> str:
    return "\n\n" if found[0].count("\n") > 1 else "\n"


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
