"""Comparing two excerpts of articles: the same, more of the same, or another text. Knows no entry."""

from __future__ import annotations

import re
import unicodedata
from difflib import SequenceMatcher
from enum import Enum, auto
from operator import add
from typing import TYPE_CHECKING

from rapidfuzz import fuzz

from digest.model import Content

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_UNSEEN = ("\u200b", "\u2060", "\ufeff")  # white space to us, not to Python
# What crawlers and extractors fold, each kind to one character. The last readings of old stores know none of it, so
# keys and fingerprints are made of `normal` texts, and only comparisons of folded ones.
_FOLDS = str.maketrans(
    dict.fromkeys("“”„‟″‶‘’‚‛′‵`´ʼ'「」『』﹁﹂﹃﹄〝〞〟", '"')
    | dict.fromkeys("《〈«‹⟨", "<")
    | dict.fromkeys("》〉»›⟩", ">")
    | dict.fromkeys("‐‑‒–—―−⁃﹘─", "-")
    | dict.fromkeys("【〔〖", "[")
    | dict.fromkeys("】〕〗", "]")
    | dict.fromkeys("·•・‧∙⋅", "·")
    | {"。": ".", "、": ",", "⋯": "...", "〜": "~", "∼": "~"}
)
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\U000e0100-\U000e01ef]+"
)
_HYPHENS = re.compile("-{2,}")
_CUT = re.compile(r"(?:\.{3,}|…+)$")
SAME_TEXT, OTHER_TEXT = 0.85, 0.5  # from and below which two texts are one article's, and are not
_ENOUGH = 40  # characters; shorter texts are no evidence of their own
_COMPARED = 2000  # characters; excerpts agree or differ long before
_PAIRS = 8192  # bits; so many that those of `_COMPARED` characters mostly have one each
_SET = ord("1")
_HEAD = 24  # characters of one text that stand in the other: something was put in front


class Relation(Enum):
    """What a new text is to an old one. All but `OTHER` are the same article text, as far as it goes."""

    SAME = auto()
    LESS = auto()
    MORE_AT_END = auto()
    MORE = auto()
    OTHER = auto()


def normal(text: str) -> str:
    """The text without white space, its characters in one width."""
    text = "".join(unicodedata.normalize("NFKC", text).split())
    for unseen in _UNSEEN:
        text = text.replace(unseen, "")
    return text


def folded(text: str) -> str:
    """The text as it is compared: the same under all that a crawler may fold.

    Beyond `normal`, the kinds of quotation marks, book title marks, brackets, hyphens and dots do not count, nor does
    what nobody sees (soft hyphens, zero-width characters, variation selectors).
    """
    return _HYPHENS.sub("-", _INVISIBLE.sub("", normal(text)).translate(_FOLDS))


def folded_title(title: str) -> str:
    """The same of a title, whose case and final full stop do not count either."""
    return folded(title).casefold().rstrip(".")


def plain_text(content: Content) -> str:
    """The folded text without the captions of figures, which one of the layouts drops."""
    return "".join(_lines(content, frozenset(map(folded, content.figures))))


def plain_lines(content: Content) -> Iterator[str]:
    """The normal text without captions, line by line, no empty ones; keys are made of it."""
    captions = frozenset(map(normal, content.figures))
    lines = (normal(line) for paragraph in content.paragraphs for line in paragraph.split("\n"))
    return (line for line in lines if line and line not in captions)


def same_text(one: Content, other: Content) -> bool:
    """Whether their texts are the same under all that a crawler may fold, figures apart."""
    if equal(one, other):
        return True
    captions = frozenset(map(folded, (*one.figures, *other.figures)))
    return "".join(_lines(one, captions)) == "".join(_lines(other, captions))


def equal(one: Content, other: Content) -> bool:
    """Whether their texts are equal to the letter, which is quick to say and spares all other comparing."""
    return one.paragraphs == other.paragraphs and one.figures == other.figures


def relation(old: Content, new: Content) -> Relation:
    """Compare the texts line by line, figures apart; the last line of each may be cut."""
    captions = frozenset(map(folded, (*old.figures, *new.figures)))
    before, after = list(_lines(old, captions)), list(_lines(new, captions))
    if "".join(before) == "".join(after):
        return Relation.SAME
    before, after = _healed(before, after), _healed(after, before)
    if before == after:
        return Relation.MORE_AT_END if len(plain_text(new)) > len(plain_text(old)) else Relation.LESS
    steps = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    kinds = {step[0] for step in steps}
    if "replace" in kinds:
        return Relation.OTHER
    if "insert" not in kinds:
        return Relation.LESS
    at_end = all(step[1] == len(before) for step in steps if step[0] == "insert")
    return Relation.MORE_AT_END if at_end and "delete" not in kinds else Relation.MORE


def similarity(one: str, other: str, least: float = 0.0) -> float | None:
    """How alike two normal texts are as far as both go, from 0 to 1; None where one is too short to tell.

    What is below `least` may be told as 0, which is quicker to say.
    """
    length = min(len(one), len(other), _COMPARED)
    if length < _ENOUGH:
        return None
    return fuzz.ratio(one[:length], other[:length], score_cutoff=100 * least) / 100


def closeness(one: Content, other: Content, texts: tuple[str, str], least: float = 0.0) -> float | None:
    """How sure it is that two contents are one article's, from 0 to 1; None where one is too short to tell.

    `texts` are their plain texts. Beside `similarity`, what was put in front of one of them or taken out of it does not
    count: a text is close to another one that holds its beginning, or its lines.
    """
    score = similarity(*texts, least)
    if score is None or score >= SAME_TEXT:
        return score
    for longer, shorter in (texts, texts[::-1]):
        at = longer.find(shorter[:_HEAD])
        if at > 0:
            score = max(score, similarity(longer[at:], shorter) or 0.0)
    return max(score, _contained(one, other))


def _contained(one: Content, other: Content) -> float:
    """The share of the shorter text, by characters, whose lines stand in the longer one."""
    captions = frozenset(map(folded, (*one.figures, *other.figures)))
    shorter, longer = sorted((list(_lines(one, captions)), list(_lines(other, captions))), key=_size)
    here = set(longer)
    return _size([line for line in shorter if line in here]) / _size(shorter) if shorter else 0.0


def _size(lines: Sequence[str]) -> int:
    return sum(map(len, lines))


def pairs(text: str) -> int:
    """The pairs of neighbouring characters of a normal text, a bit for each; some share one."""
    bits = bytearray(b"0" * _PAIRS)
    for pair in set(map(add, text[:_COMPARED], text[1:_COMPARED])):
        bits[hash(pair) % _PAIRS] = _SET
    return int(bits, 2)


def far_apart(one: str, other: str, their_pairs: tuple[int, int], least: float) -> bool:
    """Whether the pairs alone say that `similarity` is below `least`: never false, and 50 times quicker to say.

    Texts of equal length that are that much alike lack at most a share `1 - least` of each other's characters. One that
    only the shorter has breaks two of its pairs, one that only the other has breaks one.
    """
    length = min(len(one), len(other), _COMPARED)
    shorter, longer = their_pairs if len(one) <= len(other) else reversed(their_pairs)
    return length >= _ENOUGH and (shorter & ~longer).bit_count() > 3 * (1 - least) * length + 1


def merged(old: Content, new: Content, *, fuller: Content) -> Content:
    """The fuller of two contents of one text, with the figures that only the other one shows in their places."""
    lesser = new if fuller is old else old
    paragraphs, figures = list(fuller.paragraphs), list(fuller.figures)
    if not figures and lesser.figures:
        paragraphs = with_figures(paragraphs, lesser)
        figures = list(lesser.figures)
    return Content(
        fuller.title, new.author or old.author, tuple(paragraphs), tuple(figures), old.complete or new.complete
    )


def with_figures(paragraphs: Sequence[str], shown: Content) -> list[str]:
    """The paragraphs, and behind each the figures that stand behind it in another content."""
    behind: dict[str, list[str]] = {}
    last = ""
    figures = list(shown.figures)
    for paragraph in shown.paragraphs:
        if figures and paragraph == figures[0]:
            behind.setdefault(last, []).append(figures.pop(0))
        else:
            last = folded(paragraph.split("\n")[-1])
    made = behind.pop("", [])
    for paragraph in paragraphs:
        made.append(paragraph)
        made += behind.pop(folded(paragraph.split("\n")[-1]), [])
    return [*made, *(figure for figures in behind.values() for figure in figures)]


def _lines(content: Content, captions: frozenset[str]) -> Iterator[str]:
    lines = (folded(line) for paragraph in content.paragraphs for line in paragraph.split("\n"))
    return (line for line in lines if line and line not in captions)


def _healed(lines: list[str], other: Sequence[str]) -> list[str]:
    """The lines, the last one made whole where the other text goes on with it."""
    if not lines or lines[-1] in other:
        return lines
    cut = _CUT.sub("", lines[-1])
    whole = next((line for line in other if cut and line.startswith(cut)), None)
    return [*lines[:-1], whole] if whole else lines
