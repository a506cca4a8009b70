"""A drawing of one entry, as an operator writes it, becomes lines of fields and fixed text; says what is wrong in it.

{kind:原创|转载} {title}        a field, one of some words, fixed text between them
?by {author} [in {tag}]        a line that may be missing, a piece of it that may be missing
{text}                         paragraphs, up to what the drawing says next
{reads:n} \\[{_}]               a count, a real bracket, anything
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from digest.dumps.layouts.characters import INVISIBLE, SPACES, bare


class FieldKind(StrEnum):
    """What a field holds."""

    TITLE = "title"
    AUTHOR = "author"
    DATE = "date"
    TIME = "time"
    LINK = "link"
    TAG = "tag"
    TEXT = "text"
    COUNT = "count"
    WORD = "word"
    ANYTHING = "_"
    OTHER = "other"


FREE = frozenset(
    {FieldKind.TITLE, FieldKind.AUTHOR, FieldKind.TAG, FieldKind.ANYTHING, FieldKind.OTHER, FieldKind.TEXT}
)
"""Fields that any text can fill."""

_EXACT = frozenset({FieldKind.DATE, FieldKind.TIME, FieldKind.COUNT, FieldKind.WORD})


@dataclass(frozen=True, slots=True)
class Literal:
    """Fixed text without white space."""

    text: str


@dataclass(frozen=True, slots=True)
class Space:
    """White space of any kind and length, at least one character."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field. `words` are those that a `WORD` can be."""

    name: str
    kind: FieldKind
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """A piece of a line that may be missing."""

    pieces: tuple[Piece, ...]


Piece = Literal | Space | Field | Group


@dataclass(frozen=True, slots=True)
class DrawnLine:
    """A line of a drawing. `number` counts from 1 through the drawing; `written` is the line as it stands there."""

    number: int
    written: str
    optional: bool
    pieces: tuple[Piece, ...]

    @property
    def fields(self) -> tuple[Field, ...]:
        """Its fields in order, those of pieces that may be missing, too."""
        return tuple(_fields(self.pieces))

    @property
    def is_only_dated(self) -> bool:
        """Whether its fields are dates, times, counts and words alone."""
        return all(one.kind in _EXACT for one in self.fields)

    @property
    def is_free(self) -> bool:
        """Whether any line fits: all that it has to show are fields of any text."""
        free = [isinstance(piece, Field) and piece.kind in FREE for piece in self.pieces]
        return any(free) and all(
            isinstance(piece, Space | Group) or fits for piece, fits in zip(self.pieces, free, strict=True)
        )


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in a layout.

    `key` is where (`entry`, `ends.0`), `line` counts from 1 in it and `file_line` in the file, 0 where none is known.
    """

    key: str
    line: int
    reason: str
    remedy: str
    file_line: int = 0

    def __str__(self) -> str:
        place = f"{self.key}, line {self.line}" if self.line else self.key
        place += f" (line {self.file_line} of the file)" if self.file_line else ""
        return f"{place}: {self.reason} ({self.remedy})"


_OWN = {kind.value: kind for kind in (
    FieldKind.TITLE, FieldKind.AUTHOR, FieldKind.DATE, FieldKind.TIME, FieldKind.LINK, FieldKind.TAG, FieldKind.TEXT,
    FieldKind.ANYTHING,
)}  # fmt: skip
_NAME = re.compile(r"[^\W\d]\w*(?:-\w+)*")
_COUNT_TYPES = frozenset({"N", "d", "num", "number", "int", "count", "integer"})
_UNSEEN = re.compile(f"[{INVISIBLE}]")
_WHITE = frozenset(re.sub("(.)-(.)", lambda pair: "".join(map(chr, range(ord(pair[1]), ord(pair[2]) + 1))), SPACES))
_CLOSE = 0.75  # how alike two names are of which one may be a slip


def drawn_lines(text: str, key: str, problems: list[Problem]) -> tuple[DrawnLine, ...]:
    """The lines of a drawing that are not blank; what is wrong in them is added to `problems`."""
    lines = []
    for number, line in enumerate(text.split("\n"), 1):
        written = bare(line)
        if not written:
            continue
        optional = written.startswith("?")
        reader = _Reader(bare(written[1:]) if optional else written, key, number, problems)
        pieces = reader.pieces()
        if optional and not pieces:
            problems.append(Problem(key, number, "a ? stands alone", "write behind it the line that may be missing"))
        elif pieces:
            whole = all(isinstance(piece, Space | Group) for piece in pieces)
            if len(pieces) == 1 and isinstance(pieces[0], Group):
                pieces = pieces[0].pieces
            lines.append(DrawnLine(number, written, optional or whole, pieces))
    _find_slips(lines, key, problems)
    return tuple(lines)


class _Reader:
    """Reads one line of a drawing, from left to right."""

    def __init__(self, text: str, key: str, number: int, problems: list[Problem]) -> None:
        self._text = _UNSEEN.sub("", text)
        self._at = 0
        self._key, self._number, self._problems = key, number, problems

    def pieces(self) -> tuple[Piece, ...]:
        return tuple(_joined(self._until(inside=False)))

    def _until(self, *, inside: bool) -> Iterator[Piece]:
        """The pieces up to the end, or `inside` a bracket up to its end."""
        text, begun = self._text, self._at
        while self._at < len(text):
            letter = text[self._at]
            if letter == "\\" and text[self._at + 1 : self._at + 2] in {*"[]{}?\\"} - {""}:
                yield Literal(text[self._at + 1])
                self._at += 2
            elif letter == "{":
                yield from self._field()
            elif letter == "[":
                self._at += 1
                if pieces := tuple(_joined(self._until(inside=True))):
                    yield Group(pieces)
            elif letter == "]" and inside:
                self._at += 1
                return
            else:
                self._at += 1
                yield Space() if letter in _WHITE else Literal(letter)
        if inside:
            self._say(
                f"the [ in front of {text[begun:][:20]!r} is never closed",
                r"close it with ], or write \[ for a bracket",
            )

    def _field(self) -> Iterator[Field]:
        end = self._text.find("}", self._at)
        if end < 0:
            self._say(
                f"{self._text[self._at :][:20]!r} is never closed", r"close the field with }, or write \{ for a brace"
            )
            self._at = len(self._text)
            return
        name, colon, kind = self._text[self._at + 1 : end].partition(":")
        self._at = end + 1
        if name == "_" and not colon:
            yield Field("_", FieldKind.ANYTHING)
        elif not _NAME.fullmatch(name):
            self._say(f"{{{name}}} is no name of a field", r"name it with letters, such as {title}; \{ is a brace")
        elif not colon:
            yield Field(name, _OWN.get(name, FieldKind.OTHER))
        elif name in _OWN and not (name == FieldKind.TAG and "|" in kind):
            self._say(f"{{{name}:{kind}}} cannot have a type", f"write {{{name}}}; each form of it is read")
        elif kind == "n":
            yield Field(name, FieldKind.COUNT)
        elif kind in _COUNT_TYPES:
            self._say(f"{{{name}:{kind}}} has no known type", f"did you mean the count {{{name}:n}}?")
        elif not (words := tuple(filter(None, map(bare, kind.split("|"))))):
            self._say(
                f"{{{name}:}} has no type", f"write {{{name}:n}} for a count, {{{name}:a|b}} for one of some words"
            )
        else:
            yield Field(name, FieldKind.WORD, words)

    def _say(self, reason: str, remedy: str) -> None:
        self._problems.append(Problem(self._key, self._number, reason, remedy))


def _joined(pieces: Iterator[Piece]) -> Iterator[Piece]:
    """The pieces, letters of fixed text and white space joined."""
    text = ""
    last: Piece | None = None
    for piece in pieces:
        if isinstance(piece, Literal):
            text += piece.text
            last = piece
            continue
        if text:
            yield Literal(text)
            text = ""
        if not (isinstance(piece, Space) and isinstance(last, Space)):
            yield piece
        last = piece
    if text:
        yield Literal(text)


def _fields(pieces: tuple[Piece, ...]) -> Iterator[Field]:
    for piece in pieces:
        if isinstance(piece, Field):
            yield piece
        elif isinstance(piece, Group):
            yield from _fields(piece.pieces)


def _find_slips(lines: list[DrawnLine], key: str, problems: list[Problem]) -> None:
    """Names that are nearly one of ours, which does not stand in the drawing."""
    present = {field.name for line in lines for field in line.fields}
    missing = [name for name in _OWN if name not in present and name != "_"]
    for line in lines:
        for field in line.fields:
            if field.kind is not FieldKind.OTHER or field.name.rstrip("s") in _OWN:
                continue
            if close := difflib.get_close_matches(field.name.casefold(), missing, 1, _CLOSE):
                reason = f"{{{field.name}}} is kept as a field of that name, and no {{{close[0]}}} is drawn"
                problems.append(Problem(key, line.number, reason, f"did you mean {{{close[0]}}}?"))
