"""Restores the punctuation marks of Chinese text that a dump contains as half-width marks. Decisions 78 and 329."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

from digest.typeset.tokens import HAN, Kind, Token, beside, kind_at, matching, tokenized

_FULL = dict(zip(",:;?!()", "，：；？！（）", strict=True))
_NUMBER = re.compile(r"[0-9][0-9.,:]*")
_ENGLISH = re.compile(r"(?=.*[a-z])[A-Za-z'’-]{2,}")  # Chinese text uses `GAN`, `x` and `T5` as well
_CHINESE_BRACKETS = frozenset("《》〈〉「」『』【】〔〕")
_STOPS = frozenset("。？！?!")
_FEW = 2  # words between two marks: a longer stretch is a quoted English sentence, with its own marks
_ELLIPSIS = "……"
_CHINESE = re.compile(f"[（）{HAN}]")
_FULL_MARKS = frozenset("。，：；？！）》」』”")
_SIGNS = (*_FULL, "...", "…", '"', ".")
_LOOKED_BACK, _SPOKEN = 12, 6  # tokens before a full stop, and the Chinese characters among them, at least
_SHORTEST_ACRONYM = 2
_LOOKED_INTO = 24  # tokens in a parenthesis
_BEGINS = {Kind.FORMULA, Kind.WORD, Kind.HAN, Kind.CHINESE, Kind.OPEN}
_WORDS = {Kind.FORMULA, Kind.WORD}


class _Side(NamedTuple):
    """The context on one side of a token, within its line.

    `base` is the nearest Chinese character, word or formula; marks, spaces and brackets that face away are skipped.
    `words` counts up to the next mark, bracket or Chinese character. `enclosed` means that a bracket opens on this side
    before any Chinese character. `balance` is the number of Chinese characters minus the English words, up to the next
    mark.
    """

    base: Token | None = None
    words: int = 0
    enclosed: bool = False
    balance: int = 0


def full_width(text: str) -> str:
    """The text with `，：；？！（）`, `……`, `“”` and `。` for what stands in their place in its Chinese.

    A space after such a mark goes, except beside quotes. Formulas, addresses, code, numbers and English sentences stay,
    and nothing else is changed. The function is idempotent, and its time is linear.
    """
    if not any(sign in text for sign in _SIGNS) or not _CHINESE.search(text):
        return text
    if '"' in text:
        text = _replaced(text, _quotes(tokens := list(tokenized(text))), tokens, spaces=True)
    tokens = list(tokenized(text))
    return _replaced(text, _restored(tokens), tokens, spaces=False)


def _replaced(text: str, marks: Iterable[tuple[int, str]], tokens: Sequence[Token], *, spaces: bool) -> str:
    """The text with these marks in place of the tokens; without `spaces`, the space after each goes."""
    # If a dollar sign belongs to no formula, dropping a space could turn it into one.
    lone = any(token.text in {"$", "$$"} for token in tokens)
    made: list[str] = []
    done = 0
    for at, mark in sorted(marks):
        token = tokens[at]
        made += text[done : token.start], mark
        done = token.start + len(token.text)
        if not spaces and text[done : done + 1] == " " and not (lone and text[done + 1 : done + 2] == "$"):
            done += 1
    return "".join(made) + text[done:]


def _restored(tokens: Sequence[Token]) -> Iterable[tuple[int, str]]:
    """The tokens that are replaced and the marks that take their place, in any order."""
    lefts = list(_sides(tokens, inward=Kind.OPEN))
    rights = list(_sides(tokens[::-1], inward=Kind.CLOSE))[::-1]
    pairs = matching(tokens)
    chinese = _in_chinese(tokens, pairs, [a.enclosed and b.enclosed for a, b in zip(lefts, rights, strict=True)])
    made = dict(_parentheses(tokens, (lefts, rights), pairs, chinese))
    # The eyes of a `:)` are no mark.
    faces = {eyes for at in range(len(tokens)) if at not in pairs if (eyes := _eyes(tokens, at, rights[at]))}
    for at, token in enumerate(tokens):
        if token.kind is not Kind.MARK or token.text not in _FULL or at in faces:
            continue
        left, right = lefts[at], rights[at]
        following = tokens[at + 1].kind if at + 1 < len(tokens) else None
        if (
            (chinese[at] and _belongs(token.text, left, right, touched=following is Kind.WORD))
            or (following is Kind.HAN and right.balance > 0)  # without a space, as Chinese is typed
            or _between_han(tokens, at, at)
        ):
            made[at] = _FULL[token.text]
    made |= {at: "。" for at in range(len(tokens)) if chinese[at] and _is_full_stop(tokens, at)}
    made |= {at: _ELLIPSIS for at in range(len(tokens)) if chinese[at] and _is_ellipsis(tokens, at, made)}
    return made.items()


def _parentheses(
    tokens: Sequence[Token], sides: tuple[list[_Side], list[_Side]], pairs: dict[int, int], chinese: Sequence[bool]
) -> Iterator[tuple[int, str]]:
    """The parentheses that become full-width: pairs that hold Chinese or stand in it, and lone ones beside it."""
    hans = list(accumulate(token.kind is Kind.HAN for token in tokens))
    for at, token in enumerate(tokens):
        if token.text not in {"(", ")"}:
            continue
        if (other := pairs.get(at)) is not None:
            first, last = sorted((at, other))
            speaks = hans[last] > hans[first] and (chinese[first] or _between_han(tokens, first, last))
            chosen = speaks or tokens[other].text in "（）" or (chinese[first] and _faces_chinese(tokens, first, last))
        elif _eyes(tokens, at, sides[1][at]):
            chosen = False
        else:
            chosen = chinese[at] and _is_chinese(sides[token.text == "("][at].base)
        if chosen:
            yield at, _FULL[token.text]


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
    if mark == ":":  # as in `从Word2Vec:Transformer说起`; but `a:b` and `key:value` are names
        return all(len(word) > 1 and word[0].isupper() for word in (left.base.text, right.base.text))
    return mark in "?!" and not touched


def _sides(tokens: Iterable[Token], *, inward: Kind) -> Iterator[_Side]:
    """The context behind each token in this order. `inward` is the kind of bracket that opens in this direction."""
    side = _Side()
    for token in tokens:
        yield side
        match token.kind:
            case Kind.HAN:
                side = _Side(token, balance=side.balance + len(token.text))
            case Kind.CHINESE:
                side = _Side(token)
            case Kind.WORD | Kind.FORMULA:
                balance = side.balance - _is_english(token)
                side = _Side(token, side.words + 1, side.enclosed, balance)
            case Kind.MARK:
                side = side._replace(words=0, balance=0)
            case Kind.BREAK:
                side = _Side()
            case Kind.QUOTE:
                side = side._replace(words=0, enclosed=True)
            case Kind.OPEN | Kind.CLOSE if token.kind is inward:
                side = _Side(enclosed=True, balance=side.balance)
            case Kind.OPEN | Kind.CLOSE:
                base = token if token.text in _CHINESE_BRACKETS else side.base
                side = _Side(base, balance=side.balance)


def _in_chinese(tokens: Sequence[Token], pairs: dict[int, int], enclosed: Sequence[bool]) -> list[bool]:
    """Whether each token's sentence has more Chinese characters than English words.

    A title or aside in English does not count. A sentence does not end within parentheses.
    """
    balance: Counter[int] = Counter()
    sentences: list[int] = []
    sentence = depth = 0
    ended = False
    for at, token in enumerate(tokens):
        if token.kind is Kind.BREAK or (ended and token.kind in _BEGINS):
            sentence += 1
            ended = False
        if at in pairs:
            depth += 1 if pairs[at] > at else -1
        following = tokens[at + 1].kind if at + 1 < len(tokens) else None
        if not depth and (token.text in _STOPS or (token.text == "." and following is Kind.SPACE)):
            ended = True
        sentences.append(sentence)
        if token.kind is Kind.HAN:
            balance[sentence] += len(token.text)
        elif not enclosed[at]:
            balance[sentence] -= _is_english(token)
    return [balance[sentence] > 0 for sentence in sentences]


def _between_han(tokens: Sequence[Token], first: int, last: int) -> bool:
    """Whether Chinese characters touch both ends of a stretch."""
    return (
        first > 0
        and last + 1 < len(tokens)
        and tokens[first - 1].kind is Kind.HAN
        and tokens[last + 1].kind is Kind.HAN
    )


def _faces_chinese(tokens: Sequence[Token], first: int, last: int) -> bool:
    """Whether a pair of parentheses belongs to the Chinese around it, whatever it holds.

    An argument of a function, a point such as `(x, y)` and an address keep theirs.
    """
    inside = tokens[first + 1 : min(last, first + _LOOKED_INTO)]
    words = [token.text for token in inside if token.kind is Kind.WORD]
    if any("://" in word or word.startswith("www.") for word in words):
        return False
    if any("," in token.text or "，" in token.text for token in inside) and not any(
        _is_english(token) for token in inside
    ):
        return False
    left, right = kind_at(tokens, beside(tokens, first, -1)), kind_at(tokens, last + 1)
    if left in {Kind.HAN, Kind.CHINESE}:
        return True
    if left in {Kind.BREAK, Kind.MARK}:
        return right is Kind.HAN
    return right in {Kind.HAN, Kind.CHINESE, Kind.MARK} and _expands(tokens, first, words)


def _expands(tokens: Sequence[Token], first: int, inside: Sequence[str]) -> bool:
    """Whether the words before a parenthesis and those in it are an acronym and what it stands for."""
    before = [token.text for token in tokens[max(0, first - _LOOKED_BACK) : first] if token.kind is Kind.WORD]
    if not before or not inside or kind_at(tokens, first - 1) is not Kind.WORD:
        return False
    return _stands_for(before[-1], inside, whole=True) or (len(inside) == 1 and _stands_for(inside[0], before))


def _stands_for(acronym: str, words: Sequence[str], *, whole: bool = False) -> bool:
    initials = "".join(part[0] for word in words for part in re.split("[-/]", word) if part).upper()
    alike = initials == acronym if whole else initials.endswith(acronym)
    return alike and len(acronym) >= _SHORTEST_ACRONYM and acronym.isalpha() and acronym.isupper()


def _is_ellipsis(tokens: Sequence[Token], at: int, made: Mapping[int, str]) -> bool:
    """Whether dots are the ellipsis of a Chinese sentence, and not of a row such as `1, ..., n`.

    `made` are the marks that take the place of other tokens.
    """
    if tokens[at].kind is not Kind.DOTS or tokens[at].text == _ELLIPSIS:
        return False
    if at + 1 < len(tokens) and tokens[at + 1].text in {"/", "\\"}:  # a path
        return False
    before = at - 1 if kind_at(tokens, at - 1) is not Kind.SPACE or at - 2 not in made else at - 2
    return (
        kind_at(tokens, at + 1) is Kind.HAN
        or kind_at(tokens, before) in {Kind.HAN, Kind.CHINESE}
        or (before >= 0 and made.get(before, tokens[before].text) in _FULL_MARKS)
    )


def _is_full_stop(tokens: Sequence[Token], at: int) -> bool:
    """Whether a dot ends a Chinese sentence, and not the number of a chapter: enough was said before it."""
    if tokens[at].text != "." or tokens[at].kind is not Kind.OTHER or kind_at(tokens, at - 1) is not Kind.HAN:
        return False
    follower = beside(tokens, at, 1)
    if kind_at(tokens, follower) is not Kind.BREAK and (
        follower == at + 1 or kind_at(tokens, follower) is not Kind.HAN
    ):
        return False
    spoken = 0
    for token in reversed(tokens[max(0, at - _LOOKED_BACK) : at]):
        if token.kind is Kind.BREAK or token.text in _STOPS:
            break
        spoken += len(token.text) if token.kind is Kind.HAN else 0
    return spoken >= _SPOKEN


def _quotes(tokens: Sequence[Token]) -> Iterator[tuple[int, str]]:
    """The straight quotes of lines in which all of them are those of a Chinese sentence."""
    chinese = _in_chinese(tokens, matching(tokens), [False] * len(tokens))
    line: list[int] = []
    for at in range(len(tokens) + 1):
        if kind_at(tokens, at) is not Kind.BREAK:
            line += [at] if tokens[at].text == '"' else []
            continue
        pairs = list(zip(line[::2], line[1::2], strict=False))
        if len(line) % 2 == 0 and all(
            chinese[first] and _quotes_chinese(tokens, *pair) for pair in pairs for first in pair
        ):
            yield from ((place, mark) for pair in pairs for place, mark in zip(pair, "“”", strict=True))
        line = []


def _quotes_chinese(tokens: Sequence[Token], first: int, last: int) -> bool:
    """Whether what stands before and behind a quotation, and something in it, belongs to a sentence."""
    ends = {Kind.HAN, Kind.CHINESE, Kind.MARK, Kind.BREAK}
    around = [kind_at(tokens, beside(tokens, first, -1)), kind_at(tokens, beside(tokens, last, 1))]
    inside = {token.kind for token in tokens[first + 1 : last]}
    return set(around) <= ends and (Kind.HAN in inside or (Kind.WORD in inside and Kind.HAN in around))


def _eyes(tokens: Sequence[Token], at: int, right: _Side) -> int | None:
    """The place of the eyes if a lone parenthesis is the mouth of a `:)` or `;-(`; None if there are none.

    Eyes at the beginning of the text do not count, so the place is never 0.
    """
    if tokens[at].text not in {"(", ")"}:
        return None
    eyes = at - 2 if at and tokens[at - 1].text == "-" else at - 1
    if eyes > 0 and tokens[eyes].text in {":", ";"} and (tokens[at].text == ")" or not _is_chinese(right.base)):
        return eyes
    return None


def _is_chinese(base: Token | None) -> bool:
    return base is not None and base.kind not in _WORDS


def _is_english(token: Token) -> bool:
    return token.kind is Kind.WORD and _ENGLISH.fullmatch(token.text) is not None
