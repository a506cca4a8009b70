"""The lines of the tables and keys in a TOML document; `tomllib` returns values without their lines. Decision 248."""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from collections import defaultdict

Path = tuple[str | int, ...]  # of a table or key: names, and numbers from 0 of the elements of lists

_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_TEXTS = (r'"""(?:[^\\]|\\.)*?"{3,5}', r"'''.*?'{3,5}", r'"(?:[^"\\\n]|\\.)*"', r"'[^'\n]*'")
_TEXT = re.compile("|".join(_TEXTS), re.DOTALL)
_PLAIN = re.compile(r"[^,\]}#\r\n]*")  # numbers, dates, true and false


def lines_of(text: str) -> dict[Path, int]:
    """The line, from 1, of each table, key and element of a list. The text must be TOML."""
    scan = _Scan(text)
    scan.document()
    return scan.lines


class _Scan:
    """Scans a document once. The document is known to be TOML, so nothing is checked again."""

    def __init__(self, text: str) -> None:
        self.lines: dict[Path, int] = {}
        self._text, self._at = text, 0
        self._breaks = [match.start() for match in re.finditer("\n", text)]
        self._made: defaultdict[Path, int] = defaultdict(int)  # number of elements so far in each list of tables

    def document(self) -> None:
        table: Path = ()
        while self._next():
            table = self._header() if self._text[self._at] == "[" else self._pair(table)

    def _next(self, pattern: re.Pattern[str] = _BLANK) -> bool:
        """Skip text without a meaning. Return whether something follows."""
        self._take(pattern)
        return self._at < len(self._text)

    def _take(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        self._at = found.end() if found else self._at
        return found[0] if found else ""

    def _note(self, path: Path) -> None:
        self.lines.setdefault(path, bisect_right(self._breaks, self._at - 1) + 1)

    def _header(self) -> Path:
        several = self._text.startswith("[[", self._at)
        self._at += 1 + several
        path: Path = ()
        names = self._key()
        for name in names[:-1]:
            path = self._latest((*path, name))
            self._note(path)
        path = (*path, names[-1])
        if several:
            self._note(path)
            self._made[path] += 1
            path = self._latest(path)
        self._note(path)
        self._at += 1 + several
        return path

    def _latest(self, path: Path) -> Path:
        """The newest element if the path is a list of tables, else the path."""
        return (*path, self._made[path] - 1) if path in self._made else path

    def _key(self) -> list[str]:
        """The parts of a key; skips the blanks after it."""
        names = []
        while True:
            self._next(_SPACE)
            quoted = self._text[self._at] in "\"'"
            written = self._take(_TEXT if quoted else _BARE)
            names.append(str(tomllib.loads(f"key = {written}")["key"]) if quoted else written)
            self._next(_SPACE)
            if self._text[self._at] != ".":
                return names
            self._at += 1

    def _pair(self, table: Path) -> Path:
        """Scan a key and its value. Return the table that contains them."""
        start = self._at
        names = self._key()
        after, self._at = self._at, start
        for count in range(len(names)):
            self._note((*table, *names[: count + 1]))
        self._at = after + 1
        self._next(_SPACE)
        self._value((*table, *names))
        return table

    def _value(self, path: Path) -> None:
        match self._text[self._at]:
            case '"' | "'":
                self._take(_TEXT)
            case "[":
                self._list(path)
            case "{":
                self._at += 1
                while self._next() and self._text[self._at] != "}":
                    self._pair(path)
                    self._comma()
                self._at += 1
            case _:
                self._take(_PLAIN)

    def _list(self, path: Path) -> None:
        self._at += 1
        number = 0
        while self._next() and self._text[self._at] != "]":
            element = (*path, number)
            self._note(element)
            self._value(element)
            self._comma()
            number += 1
        self._at += 1

    def _comma(self) -> None:
        if self._next() and self._text[self._at] == ",":
            self._at += 1
