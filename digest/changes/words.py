"""The words of a text, for finding it, and the places where a query's words stand; knows no index.

Chinese is written without spaces, so each of its characters is a token together with its successor: 位置编码 is
`位置 置编 编码 码`. A word of any length is then a phrase of whole tokens, and a single character the start of one.
The rules of `tokens` are stored with every entry: whoever changes them owes a migration that tokenises anew.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Chinese with 々 and 〇, and kana.
_UNSPACED = (
    "\u3005\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_TEX = r"\\(?:begin|end|label|ref|eqref|tag)\*?\{[^{}]*\}|\\[a-z]+"
_TOKEN = re.compile(rf"{_TEX}|(?=([{_UNSPACED}]{{1,2}})).|([^\W_{_UNSPACED}]+)")  # one of the two groups, or TeX
# Characters that fold to themselves, small letters apart; their runs are found three times as fast.
_COMMON = re.compile("[\x00-\x7f\u4e00-\u9fff，。、；：？！（）《》“”‘’…—·]*")
_COMMON_RUN = re.compile(rf"{_TEX}|[\u4e00-\u9fff]+|[0-9a-z]+")
_FIRST_UNSPACED = "\u4e00"
_BETWEEN = re.compile(r"[\s,;!?。、]+")
_UNSEEN = re.compile("[\u0300-\u036f\ufe00-\ufe0f\U000e0100-\U000e01ef]")  # accents, variation selectors
_LONGEST = 64  # characters of a spaced token; what differs only behind them is data, not a word
_ASKED = 200  # characters of a query; what stands behind them is not looked for


@dataclass(frozen=True, slots=True)
class Term:
    """Tokens that stand one behind the other in a text, at least one. `open`: the last one is only the start of one."""

    tokens: tuple[str, ...]
    open: bool


Query: TypeAlias = tuple[Term, ...]


def tokens(text: str) -> list[str]:
    """The tokens of a text in their order, repeated ones too: small letters and digits only, never empty."""
    return spaced(text).split()


def spaced(text: str) -> str:
    """The same joined by spaces, as they are stored."""
    if _COMMON.fullmatch(text):
        return " ".join(_common_runs(text.lower()))
    found = _TOKEN.findall(text.translate(_FOLDING))
    return " ".join(pair or word[:_LONGEST] for pair, word in found if pair or word)


def _common_runs(folded: str) -> Iterator[str]:
    """The same of a text of common characters, which most are, by whole runs."""
    pairs = _pairs(folded)
    for run in _COMMON_RUN.finditer(folded):
        start, end = run.span()
        if folded[start] >= _FIRST_UNSPACED:
            yield pairs[3 * start : 3 * (end - 1)] + folded[end - 1]
        elif folded[start] != "\\":
            yield folded[start:end][:_LONGEST]


def _pairs(text: str) -> str:
    """Each character with its successor and a space; by bytes, three times as fast as by characters."""
    units = text.encode("utf-16-le")  # two bytes each: none that is common has more
    made = bytearray(b" \0" * (3 * len(text)))
    made[::6], made[1::6] = units[::2], units[1::2]
    made[2:-6:6], made[3:-6:6] = units[2::2], units[3::2]
    return made.decode("utf-16-le")


def query(text: str) -> Query:
    """What a person looks for: terms that a text must hold all, each once; none where the text has no word."""
    parts = _BETWEEN.split(text[:_ASKED].translate(_FOLDING))
    return tuple(dict.fromkeys(_term(found) for part in parts if (found := _placed(part))))


def marks(text: str, wanted: Query) -> list[tuple[int, int]]:
    """The half-open ranges of the text where terms of the query stand, in order, disjoint and not adjacent."""
    folded = [_FOLDING[ord(character)] for character in text]
    # An accent or another character that folds to nothing belongs to the mark of the one before it.
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
    """A token of a folded text and the range that it stands for. `final`: the last one of a run without spaces."""

    token: str
    start: int
    end: int
    final: bool


def _placed(folded: str) -> list[_Placed]:
    """The same as `tokens`, with their places."""
    pairs, words = 1, 2
    return [
        _Placed(match[0][:_LONGEST], *match.span(), final=False)
        if match.lastindex == words
        else _Placed(match[pairs], *match.span(pairs), final=len(match[pairs]) == 1)
        for match in _TOKEN.finditer(folded)
        if match.lastindex
    ]


def _term(found: list[_Placed]) -> Term:
    """The tokens of one part of a query; what follows its last character in a text is left open."""
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
    """Each character in the form in which it is compared, made when it is first met."""

    def __missing__(self, point: int) -> str:
        self[point] = made = _folded(chr(point))
        return made


def _folded(character: str) -> str:
    """Without case, width and accent; nothing where nothing is seen.

    It looks at one character alone, so that the place of each in a folded text is known.
    """
    if unicodedata.category(character) == "Cf":
        return ""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
    return unicodedata.normalize("NFKC", _UNSEEN.sub("", plain))


_FOLDING = _Folding()
