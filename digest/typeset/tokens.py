"""Splits text into the tokens by which punctuation marks are judged: words, formulas, marks, brackets, spaces."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from enum import Enum, auto
from typing import NamedTuple

from digest.typeset.characters import HAN_LETTERS

HAN = f"\u3005\u3007{HAN_LETTERS}"
_LETTER = rf"[^\W{HAN}]"
_OF_URL = r"(?:[^\s,:;?!()`<>\"\u0080-\U0010ffff]|[,:;?!]+(?=[A-Za-z0-9/%#&=_~-])|\([^\s()\u0080-\U0010ffff]*\))*+"
_TOKEN = re.compile(
    rf"""(?P<delimiter>\\begin\{{[A-Za-z]+\*?\}}|\$\$|\\\[|\\\(|```)
    |(?P<formula>\$(?!\s)(?:\\[^\n]|[^$\\\n])++(?<!\s)\$(?![0-9]))
    |(?P<word>`[^`\n]+`
        |(?:[A-Za-z][A-Za-z0-9+.-]{{0,20}}://|www\.|mailto:){_OF_URL}
        |&\#?[A-Za-z0-9]{{1,31}};
        |\\[A-Za-z]+(?:\{{[^{{}}\n]*\}})?
        |(?:[a-z]|[0-9]++)!(?=[种个的=])  # a factorial
        |[0-9]++(?:[.,:][0-9]++)++{_LETTER}*+
        |{_LETTER}++(?:['’.@/+\#&*=~^-]++{_LETTER}++)*+)
    |(?P<han>[{HAN}]+)
    |(?P<chinese>[、。])
    |(?P<operator>::+)
    |(?P<mark>[,:;?!，：；？！])
    |(?P<open>[(（《〈「『【〔［\[{{｛“‘])
    |(?P<close>[)）》〉」』】〕］\]}}｝”’])
    |(?P<quote>["'])
    |(?P<dots>(?:\.{{3,}}+|…)++)
    |(?P<break>[\n\r\v\f\x1c-\x1e\x85\u2028\u2029])
    |(?P<space>\s)
    |(?P<other>\\[^\n]|.)""",
    re.VERBOSE | re.DOTALL,
)
_CLOSING = re.compile(r"\\end\{[A-Za-z]+\*?\}|\$\$|\\\]|\\\)|```")
_CLOSES = {"$$": "$$", "\\[": "\\]", "\\(": "\\)", "```": "```"}


class Kind(Enum):
    """What a token is. `CHINESE` are the marks that only Chinese has, `MARK` the others, of either width."""

    FORMULA = auto()
    WORD = auto()
    HAN = auto()
    CHINESE = auto()
    MARK = auto()
    OPEN = auto()
    CLOSE = auto()
    QUOTE = auto()
    DOTS = auto()
    BREAK = auto()
    SPACE = auto()
    OTHER = auto()


_KINDS = {kind.name.lower(): kind for kind in Kind}


class Token(NamedTuple):
    """A part of a text; `start` is its place."""

    kind: Kind
    start: int
    text: str


def tokenized(text: str) -> Iterator[Token]:
    """The whole text as tokens, none of them empty. Everything between matching delimiters is one formula."""
    closings: dict[str, list[int]] = {}
    for closer in _CLOSING.finditer(text):
        closings.setdefault(closer[0], []).append(closer.start())
    at = 0
    while found := _TOKEN.match(text, at):
        kind = _KINDS.get(found.lastgroup or "", Kind.OTHER)
        end = found.end()
        if found.lastgroup == "delimiter":
            closing = _CLOSES.get(found[0]) or found[0].replace("begin", "end", 1)
            places = closings.get(closing, [])
            following = bisect_left(places, end)
            if following < len(places):
                kind, end = Kind.FORMULA, places[following] + len(closing)
        yield Token(kind, at, text[at:end])
        at = end


def matching(tokens: Sequence[Token]) -> dict[int, int]:
    """The matching parentheses on each line, of either width, in both directions."""
    pairs: dict[int, int] = {}
    opened: list[int] = []
    for at, token in enumerate(tokens):
        if token.kind is Kind.BREAK:
            opened.clear()
        elif token.text in {"(", "（"}:
            opened.append(at)
        elif token.text in {")", "）"} and opened:
            pairs[at] = opened.pop()
            pairs[pairs[at]] = at
    return pairs


def kind_at(tokens: Sequence[Token], at: int) -> Kind:
    """The kind of a token; behind the ends of the text, a line break."""
    return tokens[at].kind if 0 <= at < len(tokens) else Kind.BREAK


def beside(tokens: Sequence[Token], at: int, step: int) -> int:
    """The place of the nearest token in this direction that is no space."""
    at += step
    while kind_at(tokens, at) is Kind.SPACE:
        at += step
    return at
