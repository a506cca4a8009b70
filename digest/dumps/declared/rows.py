"""One drawn line as a pattern for lines of a page, in linear time whatever stands there."""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from digest.dumps.declared.dates import TIME, Grammar, Order, united_parts
from digest.dumps.declared.drawing import FREE, DrawnLine, Field, FieldKind, Group, Literal, Piece, Space
from digest.dumps.layouts import counts
from digest.model import PrintedDate
from digest.patterns import LinePattern

_SPACES = r"\s+"
_COUNT = r"\d(?:[\d.,'’\x{a0}\x{202f} ]*\d)?\s?(?:[kKmMbBwW]|[千百]?[万萬]|[千亿億]|тыс\.?|만|천)?\+?"
_LINK = r"(?:https?://\S+|[^\s/]+[./]\S*[^\s.,;:!?)\]])"
_GROUPS = re.compile(r"\d{1,3}(?:([.,'’ \xa0\u202f])\d{3})(?:\1\d{3})*|\d+")
_FRACTION = re.compile(r"(\d+)[.,](\d{1,2})")
_UNITS = {"k": 10**3, "тыс": 10**3, "тыс.": 10**3, "천": 10**3, "만": 10**4}
_FOLDED = {
    ":": ":：",
    ",": ",，",
    "(": "(（",
    ")": ")）",
    "!": "!！",
    "?": "?？",
    ";": ";；",
    "|": "|｜",
    "'": "'’",
    "’": "'’",
}
_FOLDED |= {wide: both for both in tuple(_FOLDED.values()) for wide in both}
_TEXT, _TEXT_FAR = r"\S(?:.*?\S)??", r"\S(?:.*\S)?"  # white space beside a field is drawn
_PATTERNS = {
    FieldKind.TIME: TIME,
    FieldKind.COUNT: _COUNT,
    FieldKind.LINK: _LINK,
    FieldKind.TEXT: ".*?",
    FieldKind.ANYTHING: ".*?",
}
_OPENING, _CLOSING = "(（[【", ")）]】"
_SPACED = 3  # pieces: one, white space, another
_TYPED = frozenset({FieldKind.DATE, FieldKind.TIME, FieldKind.COUNT, FieldKind.WORD, FieldKind.LINK})


class Values(NamedTuple):
    """What the fields of a line hold, in its order: names and texts, dates read. `ambiguous`: a date has no order."""

    texts: tuple[tuple[Field, str], ...] = ()
    counts: tuple[tuple[str, int], ...] = ()
    date: PrintedDate | None = None
    dated: bool = False
    ambiguous: bool = False
    shows: Order | None = None


class Row:
    """A drawn line, ready to be looked for."""

    __slots__ = ("_beside", "_grammar", "_groups", "_pattern", "drawn", "expression", "free", "needs_day", "strength")

    def __init__(self, pieces: Sequence[Piece], drawn: DrawnLine, grammar: Grammar) -> None:
        self.drawn = drawn
        pieces = _with_anything(pieces)
        self._grammar = grammar
        self._groups: list[Field] = []
        self.expression = self._expression(pieces)
        self._pattern = _compiled(self.expression)
        self.strength = _strength(pieces)
        self.free = drawn.is_free  # any line fits
        alone = all(_kind(piece) is FieldKind.DATE for piece in pieces)
        self.needs_day = alone or _kind(pieces[0]) in FREE  # where other entries show one: many a line may look so
        self._beside = _stands_beside_text(pieces)

    def read(self, line: bytes, order: Order | None) -> Values | None:
        """What the fields hold where the line fits; None where it does not. The line is bare and UTF-8."""
        found = self._pattern.groups(line)
        if found is None:
            return None
        if not self._groups:
            return Values()
        return self._values(
            [(field, text.decode()) for field, text in zip(self._groups, found, strict=True) if text is not None], order
        )

    def _values(self, found: list[tuple[Field, str]], order: Order | None) -> Values | None:
        texts: list[tuple[Field, str]] = []
        numbers: list[tuple[str, int]] = []
        date: PrintedDate | None = None
        dated = ambiguous = contradicted = False
        shows = None
        for field, text in found:
            if field.kind is FieldKind.COUNT:
                number = count(text)
                if number is None:
                    return None
                numbers.append((field.name, number))
            elif field.kind is FieldKind.DATE:
                read = self._grammar.read(text, order)
                if read is None or (self._beside and read.parts is not None and read.parts.day is None):
                    return None
                ambiguous = ambiguous or read.ambiguous
                shows = shows or read.shows
                contradicted = contradicted or (
                    dated and date is not None and read.parts is not None and united_parts(date, read.parts) is None
                )
                date = united_parts(date, read.parts)
                dated = True
            else:
                texts.append((field, text.strip()))
        if contradicted or not _agree(texts):
            return None
        return Values(tuple(texts), tuple(numbers), date, dated, ambiguous, shows)

    def _expression(self, pieces: Sequence[Piece]) -> str:
        """The pieces as a pattern. White space beside a piece that may be missing is there once, with it or without."""
        if (far := _optional_behind_title(pieces)) is not None:
            behind = pieces[far]
            inside = behind.pieces if isinstance(behind, Group) else ()
            with_it = self._expression(_merged((*pieces[:far], *inside, *pieces[far + 1 :])))
            return f"(?:{with_it}|{self._expression(_merged((*pieces[:far], *pieces[far + 1 :])))})"
        made: list[str] = []
        spaced = False  # white space comes before what is next
        for at, piece in enumerate(pieces):
            rest = pieces[at + 1 :]
            if isinstance(piece, Space):
                spaced = at == 0 or not (isinstance(pieces[at - 1], Group) and made[-1:] == [""])
                made = made[:-1] if not spaced else made
            elif isinstance(piece, Group):
                group, taken = self._group(piece, rest, spaced=spaced, first=not made)
                made += [group, ""] if taken else [group]
                spaced = False
            else:
                enclosed = _is_enclosed(pieces[at - 1] if at else None, rest)
                made.append((_SPACES if spaced and made else "") + self._one(piece, rest, enclosed=enclosed))
                spaced = False
        return "".join(made)

    def _group(self, group: Group, rest: Sequence[Piece], *, spaced: bool, first: bool) -> tuple[str, bool]:
        """A piece that may be missing, as a pattern, and whether it took the white space behind it."""
        inner = self._expression(_stripped(group.pieces))
        lead = _SPACES if isinstance(group.pieces[0], Space) else ""
        trail = _SPACES if isinstance(group.pieces[-1], Space) else ""
        follows = bool(rest) and isinstance(rest[0], Space)
        if first:
            return f"(?:{inner}{_SPACES if follows else trail})?", follows
        if all(isinstance(piece, Space | Group) for piece in rest):
            return f"(?:{_SPACES if spaced else lead}{inner})?", False
        if spaced:
            return f"{_SPACES}(?:{inner}{_SPACES if follows else trail})?", follows
        return f"(?:{lead}{inner}{trail})?", False

    def _one(self, piece: Literal | Field, rest: Sequence[Piece], *, enclosed: bool) -> str:
        if isinstance(piece, Literal):
            return "".join(map(_letter, piece.text))
        self._groups.append(piece)
        match piece.kind:
            case FieldKind.DATE:
                inner = self._grammar.pattern
            case FieldKind.WORD:
                inner = "|".join(map(_words, sorted(piece.words, key=len, reverse=True)))
            case FieldKind.TITLE:
                inner = _TEXT_FAR if _goes_far(rest) else _TEXT
            case kind:
                inner = _PATTERNS.get(kind, r"[^()（）\[\]\n]+" if enclosed else _TEXT)
        return f"({inner})"


def count(text: str) -> int | None:
    """The number that a count is, such as `1,234`, `1.2k` or `3万`; None where it is none."""
    written = text.strip().rstrip("+").strip()
    for unit, size in _UNITS.items():
        number = written[: -len(unit)].strip()
        if not number or not written.casefold().endswith(unit):
            continue
        if parted := _FRACTION.fullmatch(number):
            return int(parted[1]) * size + int(parted[2]) * size // int(10 ** len(parted[2]))
        whole = _whole(number)
        return None if whole is None else whole * size
    return _whole(written) if written[-1:].isdecimal() else counts.read(written).readers


def _whole(written: str) -> int | None:
    if _GROUPS.fullmatch(written) is None:
        return None
    number = int("".join(filter(str.isdecimal, written)))
    return number if number <= counts.LARGEST else None


@lru_cache(maxsize=512)
def _compiled(expression: str) -> LinePattern:
    return LinePattern(expression)


def _stripped(pieces: Sequence[Piece]) -> Sequence[Piece]:
    """The pieces without white space around them."""
    first = 1 if isinstance(pieces[0], Space) else 0
    last = len(pieces) - (1 if isinstance(pieces[-1], Space) else 0)
    return pieces[first:last]


def _is_enclosed(before: Piece | None, rest: Sequence[Piece]) -> bool:
    """Whether a field stands between brackets, which it cannot hold then."""
    behind = rest[0] if rest else None
    return (
        isinstance(before, Literal)
        and isinstance(behind, Literal)
        and before.text[-1] in _OPENING
        and behind.text[0] in _CLOSING
    )


def _optional_behind_title(pieces: Sequence[Piece]) -> int | None:
    """Where a piece that may be missing stands next behind a title and holds a field of any text, such as an author.

    With it, the title takes as much as it can; without it, all.
    """
    titled = False
    for at, piece in enumerate(pieces):
        if isinstance(piece, Field):
            if titled:
                return None
            titled = piece.kind is FieldKind.TITLE
        elif isinstance(piece, Group) and titled:
            return at if any(isinstance(one, Field) and one.kind in FREE for one in piece.pieces) else None
    return None


def _stands_beside_text(pieces: Sequence[Piece]) -> bool:
    """Whether nothing but white space stands between a date and any text: then `2021 in review` is no date."""
    return any(
        isinstance(space, Space)
        and {_kind(one), _kind(other)} & FREE
        and FieldKind.DATE in {_kind(one), _kind(other)}
        and FieldKind.ANYTHING not in {_kind(one), _kind(other)}
        for one, space, other in zip(pieces, pieces[1:], pieces[2:], strict=False)
    )


def _kind(piece: Piece) -> FieldKind | None:
    return piece.kind if isinstance(piece, Field) else None


def _merged(pieces: Sequence[Piece]) -> Sequence[Piece]:
    """The pieces, white space once where it stands twice."""
    return [
        piece
        for at, piece in enumerate(pieces)
        if not (isinstance(piece, Space) and at and isinstance(pieces[at - 1], Space))
    ]


def _with_anything(pieces: Sequence[Piece]) -> Sequence[Piece]:
    """The pieces, where anything at the end of a line that shows something else may be nothing."""
    if len(pieces) < _SPACED:
        return pieces
    *front, space, last = pieces
    anything = isinstance(last, Field) and last.kind is FieldKind.ANYTHING
    if anything and isinstance(space, Space) and _strength(front) > 1:
        return (*front, Group((space, last)))
    return pieces


def _letter(letter: str) -> str:
    """A character of fixed text; full-width marks equal others, which crawlers fold, and emoji may have a selector."""
    if letter in _FOLDED:
        return f"[{_FOLDED[letter]}]"
    selected = "\\x{fe0f}?" if unicodedata.category(letter) == "So" else ""
    return re.escape(letter) + selected


def _words(text: str) -> str:
    """Fixed text that may hold white space."""
    return _SPACES.join("".join(map(_letter, word)) for word in text.split())


def _goes_far(rest: Sequence[Piece]) -> bool:
    """Whether a title takes as much as it can: one of any text follows behind fixed text, such as an author."""
    for piece in rest:
        if isinstance(piece, Group):
            return False
        if isinstance(piece, Field):
            return piece.kind in FREE - {FieldKind.TEXT}
    return False


def _strength(pieces: Sequence[Piece]) -> int:
    """How much a line has to show to fit: two and more are strong, one is a bullet, 0 any line."""
    strength = 0
    for piece in pieces:
        if isinstance(piece, Literal):
            strength += max(1, sum(map(str.isalnum, piece.text)))
        elif isinstance(piece, Field) and piece.kind in _TYPED:
            strength += 2
    return strength


def _agree(texts: list[tuple[Field, str]]) -> bool:
    """Whether fields that stand twice in the line say the same."""
    said: dict[str, str] = {}
    return all(
        field.kind is FieldKind.ANYTHING or field.kind is FieldKind.TAG or said.setdefault(field.name, text) == text
        for field, text in texts
    )
