"""Restores the full-width punctuation marks of Chinese text that a dump contains as half-width marks. Decision 78."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from enum import Enum, auto
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_FULL = dict(zip(",:;?!()", "，：；？！（）", strict=True))
_HAN = r"\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_LETTER = rf"[^\W{_HAN}]"
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
    |(?P<han>[{_HAN}]+)
    |(?P<chinese>[、。])
    |(?P<operator>::+)
    |(?P<mark>[,:;?!，：；？！])
    |(?P<open>[(（《〈「『【〔［\[{{｛“‘])
    |(?P<close>[)）》〉」』】〕］\]}}｝”’])
    |(?P<quote>["'])
    |(?P<break>[\n\r\v\f\x1c-\x1e\x85\u2028\u2029])
    |(?P<space>\s)
    |(?P<other>\\[^\n]|.)""",
    re.VERBOSE | re.DOTALL,
)
_CLOSING = re.compile(r"\\end\{[A-Za-z]+\*?\}|\$\$|\\\]|\\\)|```")
_CLOSES = {"$$": "$$", "\\[": "\\]", "\\(": "\\)", "```": "```"}
_NUMBER = re.compile(r"[0-9][0-9.,:]*")
_ENGLISH = re.compile(r"(?=.*[a-z])[A-Za-z'’-]{2,}")  # Chinese text uses `GAN`, `x` and `T5` as well
_CHINESE_BRACKETS = frozenset("《》〈〉「」『』【】〔〕")
_STOPS = frozenset("。？！?!")
_FEW = 2  # words between two marks: a longer stretch is a quoted English sentence, with its own marks


class _Kind(Enum):
    FORMULA = auto()
    WORD = auto()
    HAN = auto()
    CHINESE = auto()
    MARK = auto()
    OPEN = auto()
    CLOSE = auto()
    QUOTE = auto()
    BREAK = auto()
    SPACE = auto()
    OTHER = auto()


_BEGINS = {_Kind.FORMULA, _Kind.WORD, _Kind.HAN, _Kind.CHINESE, _Kind.OPEN}
_WORDS = {_Kind.FORMULA, _Kind.WORD}
_KINDS = {kind.name.lower(): kind for kind in _Kind}


class _Token(NamedTuple):
    kind: _Kind
    start: int
    text: str


class _Side(NamedTuple):
    """The context on one side of a token, within its line.

    `base` is the nearest Chinese character, word or formula; marks, spaces and brackets that face away are skipped.
    `words` counts up to the next mark, bracket or Chinese character. `enclosed` means that a bracket opens on this side
    before any Chinese character. `balance` is the number of Chinese characters minus the English words, up to the next
    mark.
    """

    base: _Token | None = None
    words: int = 0
    enclosed: bool = False
    balance: int = 0


def full_width(text: str) -> str:
    """The text with `，：；？！（）` for the half-width marks in its Chinese, without the space after such a mark.

    Formulas, addresses, code, numbers and English sentences stay, and nothing else is changed. The function is
    idempotent, and its time is linear.
    """
    if not any(mark in text for mark in _FULL):
        return text
    tokens = list(_tokens(text))
    # If a dollar sign belongs to no formula, dropping a space could turn it into one.
    lone = any(token.text in {"$", "$$"} for token in tokens)
    made: list[str] = []
    done = 0
    for at in sorted(_restored(tokens)):
        made += text[done:at], _FULL[text[at]]
        done = at + 1
        if text[done : done + 1] == " " and not (lone and text[done + 1 : done + 2] == "$"):
            done += 1
    return "".join(made) + text[done:]


def _tokens(text: str) -> Iterator[_Token]:
    """The whole text as tokens, none of them empty. Everything between matching delimiters is one formula."""
    closings: dict[str, list[int]] = {}
    for closer in _CLOSING.finditer(text):
        closings.setdefault(closer[0], []).append(closer.start())
    at = 0
    while found := _TOKEN.match(text, at):
        kind = _KINDS.get(found.lastgroup or "", _Kind.OTHER)
        end = found.end()
        if found.lastgroup == "delimiter":
            closing = _CLOSES.get(found[0]) or found[0].replace("begin", "end", 1)
            places = closings.get(closing, [])
            following = bisect_left(places, end)
            if following < len(places):
                kind, end = _Kind.FORMULA, places[following] + len(closing)
        yield _Token(kind, at, text[at:end])
        at = end


def _restored(tokens: Sequence[_Token]) -> Iterator[int]:
    """The places of the marks that become full-width, in any order."""
    lefts = list(_sides(tokens, inward=_Kind.OPEN))
    rights = list(_sides(tokens[::-1], inward=_Kind.CLOSE))[::-1]
    pairs = _pairs(tokens)
    chinese = _in_chinese(tokens, pairs, [a.enclosed and b.enclosed for a, b in zip(lefts, rights, strict=True)])
    hans = list(accumulate(token.kind is _Kind.HAN for token in tokens))
    faces: set[int] = set()
    for at, token in enumerate(tokens):
        if token.text not in {"(", ")"}:
            continue
        if (other := pairs.get(at)) is not None:
            first, last = sorted((at, other))
            speaks = hans[last] > hans[first] and (chinese[first] or _between_han(tokens, first, last))
            chosen = speaks or tokens[other].text in "（）"
        elif eyes := _eyes(tokens, at, rights[at]):
            faces.add(eyes)
            chosen = False
        else:
            chosen = chinese[at] and _is_chinese((rights if token.text == "(" else lefts)[at].base)
        if chosen:
            yield token.start
    for at, token in enumerate(tokens):
        if token.kind is not _Kind.MARK or token.text not in _FULL or at in faces:
            continue
        left, right = lefts[at], rights[at]
        following = tokens[at + 1].kind if at + 1 < len(tokens) else None
        if (
            (chinese[at] and _belongs(token.text, left, right, touched=following is _Kind.WORD))
            or (following is _Kind.HAN and right.balance > 0)  # without a space, as Chinese is typed
            or _between_han(tokens, at, at)
        ):
            yield token.start


def _belongs(mark: str, left: _Side, right: _Side, *, touched: bool) -> bool:
    """Whether a mark in a Chinese sentence belongs to the sentence, and not to a name or title in it.

    `touched` means that a word follows directly, as in `Yahoo!Japan`.
    """
    if _is_chinese(left.base) or _is_chinese(right.base):
        return True
    if left.base is None or (left.enclosed and right.enclosed) or max(left.words, right.words) > _FEW:
        return False
    if right.base is None:
        return True
    if mark in ",;":
        return not (_NUMBER.fullmatch(left.base.text) and _NUMBER.fullmatch(right.base.text))
    return mark in "?!" and not touched


def _sides(tokens: Iterable[_Token], *, inward: _Kind) -> Iterator[_Side]:
    """The context behind each token in this order. `inward` is the kind of bracket that opens in this direction."""
    side = _Side()
    for token in tokens:
        yield side
        match token.kind:
            case _Kind.HAN:
                side = _Side(token, balance=side.balance + len(token.text))
            case _Kind.CHINESE:
                side = _Side(token)
            case _Kind.WORD | _Kind.FORMULA:
                balance = side.balance - _is_english(token)
                side = _Side(token, side.words + 1, side.enclosed, balance)
            case _Kind.MARK:
                side = side._replace(words=0, balance=0)
            case _Kind.BREAK:
                side = _Side()
            case _Kind.QUOTE:
                side = side._replace(words=0, enclosed=True)
            case _Kind.OPEN | _Kind.CLOSE if token.kind is inward:
                side = _Side(enclosed=True, balance=side.balance)
            case _Kind.OPEN | _Kind.CLOSE:
                base = token if token.text in _CHINESE_BRACKETS else side.base
                side = _Side(base, balance=side.balance)


def _pairs(tokens: Sequence[_Token]) -> dict[int, int]:
    """The matching parentheses on each line, of either width, in both directions."""
    pairs: dict[int, int] = {}
    opened: list[int] = []
    for at, token in enumerate(tokens):
        if token.kind is _Kind.BREAK:
            opened.clear()
        elif token.text in {"(", "（"}:
            opened.append(at)
        elif token.text in {")", "）"} and opened:
            pairs[at] = opened.pop()
            pairs[pairs[at]] = at
    return pairs


def _in_chinese(tokens: Sequence[_Token], pairs: dict[int, int], enclosed: Sequence[bool]) -> list[bool]:
    """Whether each token's sentence has more Chinese characters than English words.

    A title or aside in English does not count. A sentence does not end within parentheses.
    """
    balance: Counter[int] = Counter()
    sentences: list[int] = []
    sentence = depth = 0
    ended = False
    for at, token in enumerate(tokens):
        if token.kind is _Kind.BREAK or (ended and token.kind in _BEGINS):
            sentence += 1
            ended = False
        if at in pairs:
            depth += 1 if pairs[at] > at else -1
        following = tokens[at + 1].kind if at + 1 < len(tokens) else None
        if not depth and (token.text in _STOPS or (token.text == "." and following is _Kind.SPACE)):
            ended = True
        sentences.append(sentence)
        if token.kind is _Kind.HAN:
            balance[sentence] += len(token.text)
        elif not enclosed[at]:
            balance[sentence] -= _is_english(token)
    return [balance[sentence] > 0 for sentence in sentences]


def _between_han(tokens: Sequence[_Token], first: int, last: int) -> bool:
    """Whether Chinese characters touch both ends of a stretch."""
    return (
        first > 0
        and last + 1 < len(tokens)
        and tokens[first - 1].kind is _Kind.HAN
        and tokens[last + 1].kind is _Kind.HAN
    )


def _eyes(tokens: Sequence[_Token], at: int, right: _Side) -> int | None:
    """The place of the eyes if a lone parenthesis is the mouth of a `:)` or `;-(`; None if there are none.

    Eyes at the beginning of the text do not count, so the place is never 0.
    """
    eyes = at - 2 if at and tokens[at - 1].text == "-" else at - 1
    if eyes > 0 and tokens[eyes].text in {":", ";"} and (tokens[at].text == ")" or not _is_chinese(right.base)):
        return eyes
    return None


def _is_chinese(base: _Token | None) -> bool:
    return base is not None and base.kind not in _WORDS


def _is_english(token: _Token) -> bool:
    return token.kind is _Kind.WORD and _ENGLISH.fullmatch(token.text) is not None
