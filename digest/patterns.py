r"""Regular expressions from settings, matched in time linear in the text. The only home of RE2.

Their syntax is that of Python's `re`, as far as RE2 supports it: `\w`, `\d` and `\s` cover all scripts, and `\u4e00` is
a character. `\b` is RE2's: it matches between an ASCII letter or digit and anything else, so `\bGPT\b` is found between
Chinese characters. Decision 246.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_LARGEST = 50_000  # RE2 instructions: the worst cost of one character of text
_MEMORY = 64 << 20  # bytes that RE2 may take for a pattern with the names of all months
_HOSTILE = 20_000  # characters of a text that tries to slow a pattern down
_DIGIT, _NO_DIGIT = r"\p{Nd}", r"\P{Nd}"
_WORD = r"\p{L}\p{N}_"
_NO_WORD = r"\p{M}\p{Z}\p{S}\p{C}\p{Pd}\p{Ps}\p{Pe}\p{Pi}\p{Pf}\p{Po}‿⁀⁔︳︴﹍-﹏＿"
_SPACES = ((9, 13), (28, 32), (133, 133), (160, 160), (5760, 5760), (8192, 8202), (8232, 8233), (8239, 8239))
_MORE_SPACES = ((8287, 8287), (12288, 12288))


def _class(ranges: tuple[tuple[int, int], ...]) -> str:
    return "".join(rf"\x{{{first:x}}}-\x{{{last:x}}}" for first, last in ranges)


def _gaps(ranges: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
    starts = (0, *(last + 1 for _, last in ranges))
    ends = (*(first - 1 for first, _ in ranges), sys.maxunicode)
    return tuple(zip(starts, ends, strict=True))


_SETS = {
    "d": _DIGIT,
    "D": _NO_DIGIT,
    "w": _WORD,
    "W": _NO_WORD,
    "s": _class(_SPACES + _MORE_SPACES),
    "S": _class(_gaps(_SPACES + _MORE_SPACES)),
}
_HEX = {"u": 4, "U": 8}
_REMEDIES = (
    (r"\(\?<?[=!]|^\(\?<$", "looks ahead or behind: write what must come there as a part of the pattern"),
    (r"\\[1-9]|\(\?P$|\(\?P[=>]", "refers back to a group: write the repeated text out"),
    (r"\(\?\(", "depends on whether a group was found: write both cases with a | between them"),
    (r"\(\?>|[*+?}]\+", "is possessive (`(?>…)`, `a++`): leave that out, no pattern can take long here"),
    (r"\(\?#", "has a comment: write it after a # in the configuration"),
    (r"\(\?[aLux]|\(\?-?[a-zA-Z]", "sets a flag that does not exist here; use (?i), (?m), (?s)"),
    (r"\{", "repeats more than 1000 times, with nested repetitions multiplied: use + or *"),
)


class Pattern:
    """A compiled pattern that ignores case.

    Raises:
        ValueError: it is not a pattern, or a part of it takes more than linear time; the message names the part and the
            remedy.
    """

    __slots__ = ("_compiled", "text")

    def __init__(self, text: str) -> None:
        import re2  # noqa: PLC0415 - loaded only if there are patterns

        self.text = text
        options = re2.Options()
        options.case_sensitive = False
        options.log_errors = False
        try:
            self._compiled = re2.compile("".join(_translated(text)), options)
        except re2.error as error:
            raise ValueError(_problem(error)) from error
        if self._compiled.programsize > _LARGEST:
            raise ValueError("is too large: use + or * instead of a counted repetition, or fewer alternatives")

    def found(self, text: str) -> bool:
        """Whether the pattern matches in the text, in time linear in the text. Other threads run meanwhile."""
        return self._compiled.search(text.encode("utf-8", "replace")) is not None


class LinePattern:
    """A pattern for one whole line, in the case as written, whose groups give their text.

    Raises:
        ValueError: as of `Pattern`.
    """

    __slots__ = ("_compiled",)

    def __init__(self, text: str) -> None:
        self._compiled = _case_sensitive(text)

    def groups(self, line: bytes) -> tuple[bytes | None, ...] | None:
        """What the groups hold, where the whole line is what the pattern asks for; the line is UTF-8."""
        found = self._compiled.fullmatch(line)
        return None if found is None else found.groups()


class LineSearch:
    """One search for all lines of a text that are, as a whole, what one of several patterns asks for.

    Characters of `around`, the inside of a class, may stand around them. White space in a pattern is no line end.

    Raises:
        ValueError: as of `Pattern`.
    """

    __slots__ = ("_compiled",)

    def __init__(self, patterns: Sequence[str], around: str) -> None:
        united = "|".join("".join(_in_line(pattern)) for pattern in patterns)
        self._compiled = _case_sensitive(f"(?m)^[{around}]*(?:{united})[{around}]*$")

    def starts(self, text: bytes) -> Iterator[int]:
        """Where those lines begin, in bytes of the text, which is UTF-8."""
        return (found.start() for found in self._compiled.finditer(text))


_BLANKS = "\t\x0b\x0c\r\x1c-\x1f \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
# Patterns have the names of all months: a text in them is taken as one piece.
_PIECES = re.compile(r"\\.|\(\?|[^\\\[\](]+|.", re.DOTALL)
_OUTSIDE, _INSIDE = re.compile(r"[^\\\[]+"), re.compile(r"[^\\\[\]]+")  # what stands for itself there


def _in_line(pattern: str) -> Iterator[str]:
    """The pattern piece by piece, its groups counted no more, and no white space in it a line end."""
    inside = False
    for piece in _PIECES.findall(pattern):
        if piece == "[":
            inside = True
        elif piece == "]":
            inside = False
        if piece == r"\s":
            yield rf"{_BLANKS}\n" if inside else f"[{_BLANKS}]"
        else:
            yield "(?:" if piece == "(" and not inside else piece


def _case_sensitive(text: str) -> Any:  # noqa: ANN401 - RE2 has no types
    import re2  # noqa: PLC0415 - only who has layouts pays for it

    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    try:
        return re2.compile("".join(_translated(text)), options)
    except re2.error as error:
        raise ValueError(_problem(error)) from error


def hostile(pattern: str) -> Iterator[str]:
    """Texts that slow down a backtracking engine, made of the characters in the pattern."""
    letters = re.sub(r"\\.|\W", "", pattern)
    for unit in dict.fromkeys((*letters[:20], letters, "a", "0", " ", "aA0 ", "文", "中文字", "\n", "a\n")):
        if unit:
            yield unit * (_HOSTILE // len(unit)) + "\0"


def _translated(pattern: str) -> Iterator[str]:
    """The pattern in the syntax of RE2, piece by piece."""
    position, inside = 0, False
    while position < len(pattern):
        plain = (_INSIDE if inside else _OUTSIDE).match(pattern, position)
        if plain:
            yield plain[0]
            position = plain.end()
            continue
        character = pattern[position]
        if character == "\\":
            piece, position = _escape(pattern, position, inside=inside)
            yield piece
            continue
        end = position + 1
        if inside and pattern.startswith("[:", position) and ":]" in pattern[position:]:
            end = pattern.index(":]", position) + 2
        elif inside:
            inside = character != "]"
        elif character == "[":
            inside = True
            end += pattern.startswith("^", end)
            end += pattern.startswith("]", end)  # here it is a literal character
        yield pattern[position:end]
        position = end


def _escape(pattern: str, position: int, *, inside: bool) -> tuple[str, int]:
    """The RE2 form of a backslash and its letter, and the position after it."""
    letter, end = pattern[position + 1 : position + 2], position + 2
    if letter in _SETS:
        return (_SETS[letter] if inside else f"[{_SETS[letter]}]"), end
    if letter in _HEX:
        digits = pattern[end : end + _HEX[letter]]
        if not re.fullmatch(rf"[0-9A-Fa-f]{{{_HEX[letter]}}}", digits):
            raise ValueError(f"has an incomplete escape \\{letter}{digits}")
        return rf"\x{{{digits}}}", end + len(digits)
    named = re.compile(r"\{([^}]+)\}").match(pattern, end) if letter == "N" else None
    if named:
        try:
            return rf"\x{{{ord(unicodedata.lookup(named[1])):x}}}", named.end()
        except KeyError:
            raise ValueError(f"names an unknown character {named[1]!r}") from None
        except TypeError:  # a name for several characters
            raise ValueError(f"names several characters with {named[1]!r}; write the characters themselves") from None
    if letter == "Z":
        return r"\z", end
    if letter == "b" and inside:
        return r"\x08", end
    return pattern[position:end], end


def _problem(error: Exception) -> str:
    """RE2's error in plain words, and what to write instead."""
    said = error.args[0].decode("utf-8", "replace") if isinstance(error.args[0], bytes) else str(error.args[0])
    part = said.partition(": ")[2]
    remedy = next((remedy for sign, remedy in _REMEDIES if re.search(sign, part)), "")
    if said.startswith(("invalid perl operator", "invalid escape", "bad repetition", "invalid repetition")) and remedy:
        return f"{part} {remedy}"
    return f"is not a regular expression of RE2: {said}"
