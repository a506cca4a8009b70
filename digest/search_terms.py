"""Splits a text into search tokens, and finds the places that match a query.

Chinese has no spaces, so each of its characters forms a token with the next one: 位置编码 gives
`位置 置编 编码 码`. A word of any length is then a phrase of whole tokens, and a single character is the beginning of
one. Simplified and traditional characters are the same. The result of `tokens` is stored with every entry, so a change
of its rules needs a migration that computes all tokens again. Decision 79.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from digest.chinese import folded_characters
from digest.typeset.characters import HAN_LETTERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Chinese including 々 and 〇, and kana.
_UNSPACED = f"\u3005\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff{HAN_LETTERS}"
_TEX = r"\\(?:begin|end|label|ref|eqref|tag)\*?\{[^{}]*\}|\\[a-z]+"
_TOKEN = re.compile(rf"{_TEX}|(?=([{_UNSPACED}]{{1,2}})).|([^\W_{_UNSPACED}]+)")  # one of the two groups, or TeX
_COMMON_HAN = range(0x4E00, 0xA000)
_COMMON_RUN = re.compile(rf"{_TEX}|[\u4e00-\u9fff]+|[0-9a-z]+")
_FIRST_UNSPACED = "\u4e00"
_BETWEEN = re.compile(r"[\s,;!?。、]+")
_UNSEEN = re.compile("[\u0300-\u036f\ufe00-\ufe0f\U000e0100-\U000e01ef]")  # accents and variation selectors
_LONGEST = 64  # characters of a token between spaces; longer ones are data, not words
_ASKED = 200  # characters of a query; the rest is ignored


@dataclass(frozen=True, slots=True)
class Term:
    """Consecutive tokens in a text, at least one. `open` means that the last one is only the beginning of a token."""

    tokens: tuple[str, ...]
    open: bool


Query: TypeAlias = tuple[Term, ...]


def tokens(text: str) -> list[str]:
    """The tokens of a text in order, with repetitions.

    They consist of lower-case letters and digits, and are never empty.
    """
    return spaced(text).split()


def spaced(text: str) -> str:
    """The tokens joined by spaces, in the stored form."""
    if _common().fullmatch(text):
        return " ".join(_common_runs(text.lower()))
    found = _TOKEN.findall(text.translate(_FOLDING))
    return " ".join(pair or word[:_LONGEST] for pair, word in found if pair or word)


@lru_cache(maxsize=1)
def _common() -> re.Pattern[str]:
    """Texts of characters that fold to themselves, capital letters apart. Finding their runs is three times as fast."""
    folded = folded_characters()
    own = "".join(chr(point) for point in _COMMON_HAN if point not in folded)
    return re.compile(f"[\x00-\x7f{own}，。、；：？！（）《》“”‘’…—·]*")


def _common_runs(folded: str) -> Iterator[str]:
    """The tokens of a text of common characters, found by whole runs; most texts are like this."""
    pairs = _pairs(folded)
    for run in _COMMON_RUN.finditer(folded):
        start, end = run.span()
        if folded[start] >= _FIRST_UNSPACED:
            yield pairs[3 * start : 3 * (end - 1)] + folded[end - 1]
        elif folded[start] != "\\":
            yield folded[start:end][:_LONGEST]


def _pairs(text: str) -> str:
    """Each character with its successor and a space. Working with bytes is three times as fast as with characters."""
    units = text.encode("utf-16-le")  # two bytes each: no common character has more
    made = bytearray(b" \0" * (3 * len(text)))
    made[::6], made[1::6] = units[::2], units[1::2]
    made[2:-6:6], made[3:-6:6] = units[2::2], units[3::2]
    return made.decode("utf-16-le")


def query(text: str) -> Query:
    """The terms of a search, without duplicates; a text must contain all of them. None if the text has no word."""
    parts = _BETWEEN.split(text[:_ASKED].translate(_FOLDING))
    return tuple(dict.fromkeys(_term(found) for part in parts if (found := _placed(part))))


def marks(text: str, wanted: Query) -> list[tuple[int, int]]:
    """The half-open ranges of the text that match terms of the query, in order, disjoint and not adjacent."""
    folded = [_FOLDING[ord(character)] for character in text]
    # An accent, or another character that folds to nothing, belongs to the mark of the character before it.
    origins = [at for at, character in enumerate(folded) for _ in character] + [len(text)]
    found = _placed("".join(folded))
    merged: list[tuple[int, int]] = []
    for start, end in sorted(place for term in wanted for place in _places(found, term)):
        first, behind = origins[start], max(origins[end], origins[end - 1] + 1)
        if merged and first <= merged[-1][1]:
            first, behind = merged[-1][0], max(behind, merged.pop()[1])
        merged.append((first, behind))
    return merged


@dataclass(frozen=True, slots=True)
class _Placed:
    """A token of a folded text and its range. `final` means that it is the last of a run without spaces."""

    token: str
    start: int
    end: int
    final: bool


def _placed(folded: str) -> list[_Placed]:
    """The result of `tokens`, with places."""
    pairs, words = 1, 2
    return [
        _Placed(match[0][:_LONGEST], *match.span(), final=False)
        if match.lastindex == words
        else _Placed(match[pairs], *match.span(pairs), final=len(match[pairs]) == 1)
        for match in _TOKEN.finditer(folded)
        if match.lastindex
    ]


def _term(found: list[_Placed]) -> Term:
    """The tokens of one part of a query. Its last character may continue in the text."""
    *before, last = found
    in_pair = last.final and before and before[-1].end == last.end
    return Term(tuple(one.token for one in (before if in_pair else found)), open=last.final and not in_pair)


def _places(found: Sequence[_Placed], term: Term) -> Iterator[tuple[int, int]]:
    *whole, last = term.tokens
    for at in range(len(found) - len(whole)):
        end = found[at + len(whole)]
        same = end.token.startswith(last) if term.open else end.token == last
        if same and all(found[at + n].token == wanted for n, wanted in enumerate(whole)):
            yield found[at].start, end.start + 1 if term.open else end.end


class _Folding(dict[int, str]):
    """The folded form of each character, computed at its first use."""

    def __missing__(self, point: int) -> str:
        self[point] = made = _folded(chr(point))
        return made


def _folded(character: str) -> str:
    """The character without case, width and accent, and in one of its Chinese forms; empty if it is invisible.

    Each character is folded by itself, so that its place in the folded text is known.
    """
    if unicodedata.category(character) == "Cf":
        return ""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
    return unicodedata.normalize("NFKC", _UNSEEN.sub("", plain)).translate(folded_characters())


_FOLDING = _Folding()
