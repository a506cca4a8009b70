"""Compares two excerpts of articles: the same text, more of the same, or another text. Decisions 23 and 24."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from enum import Enum, auto
from operator import add

from rapidfuzz import fuzz

from digest.model import Content

_UNSEEN = ("\u200b", "\u2060", "\ufeff")  # white space for us, but not for Python
# Characters that crawlers and extractors replace, each kind mapped to one character. Old stores contain readings made
# without this. So keys and fingerprints use `normal` texts, and only comparisons use folded ones.
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
_MAY_MARK = re.compile(r"[\s\d*•·◦▪‣-]")
_MARKER = re.compile(r"\s{0,20}(?:[-*•·◦▪‣]|\d{1,4}[.)])\s+(?:\[[ x]\]\s)?|\s{1,20}")
_CUT = re.compile(r"(?:\.{3,}|…+)$")
SAME_TEXT, OTHER_TEXT = 0.85, 0.5  # at least: one article; below: two articles
_ENOUGH = 40  # characters; shorter texts are no evidence by themselves
_COMPARED = 2000  # characters; excerpts agree or differ long before this
_PAIRS = 8192  # bits; enough that most pairs of `_COMPARED` characters have their own
_SET = ord("1")
_HEAD = 24  # characters at the start of one text; if the other text contains them later, something was inserted before


class Relation(Enum):
    """The relation of a new text to an old one. All except `OTHER` mean that the texts are of the same article."""

    SAME = auto()
    LESS = auto()
    MORE_AT_END = auto()
    MORE = auto()
    OTHER = auto()


def normal(text: str) -> str:
    """The text without white space, in one character width."""
    text = "".join(unicodedata.normalize("NFKC", text).split())
    for unseen in _UNSEEN:
        text = text.replace(unseen, "")
    return text


def folded(text: str) -> str:
    """The text in the form for comparison, without differences that crawlers introduce.

    Beyond `normal`, the kinds of quotation marks, book title marks, brackets, hyphens and dots do not count. Neither do
    invisible characters (soft hyphens, zero-width characters, variation selectors).
    """
    return _HYPHENS.sub("-", _INVISIBLE.sub("", normal(text)).translate(_FOLDS))


def folded_line(line: str) -> str:
    """The same for a line of a text, without the marker of a list and the bars between columns.

    Some extractors write them, and others do not.
    """
    if _MAY_MARK.match(line):
        line = _MARKER.sub("", line)
    return folded(line.replace(" | ", " ") if " | " in line else line)


def captions_of(*contents: Content) -> frozenset[str]:
    """The lines of the captions of figures, folded."""
    return frozenset(folded_line(line) for one in contents for figure in one.figures for line in figure.split("\n"))


def folded_title(title: str) -> str:
    """The same for a title, without case and final full stop."""
    return folded(title).casefold().rstrip(".")


def plain_text(content: Content) -> str:
    """The folded text without the captions of figures, which one of the layouts omits."""
    return "".join(_lines(content, captions_of(content)))


def is_longer(one: Content, other: Content) -> bool:
    """Whether a text is longer than another one, without the captions of figures that one of them knows as such."""
    captions = captions_of(one, other)
    return len("".join(_lines(one, captions))) > len("".join(_lines(other, captions)))


def plain_lines(content: Content) -> Iterator[str]:
    """The normal text without captions, line by line and without empty lines. Keys are made from it."""
    captions = frozenset(normal(line) for figure in content.figures for line in figure.split("\n"))
    lines = (normal(line) for paragraph in content.paragraphs for line in paragraph.split("\n"))
    return (line for line in lines if line and line not in captions)


def same_text(one: Content, other: Content) -> bool:
    """Whether two texts are equal apart from differences that crawlers introduce, and apart from figures."""
    if equal(one, other):
        return True
    captions = captions_of(one, other)
    return "".join(_lines(one, captions)) == "".join(_lines(other, captions))


def looks_same(one: Content, other: Content) -> bool:
    """Whether two texts differ at most in the notation of formulas that draw the same. Decision 330."""
    if not all("$" in text or "\\" in text for text in ("".join(one.paragraphs), "".join(other.paragraphs))):
        return False
    from digest.typeset.formulas import drawn_text  # noqa: PLC0415 - few texts change

    drawn = (replace(content, paragraphs=(drawn_text("\n".join(content.paragraphs)),)) for content in (one, other))
    return same_text(*drawn)


def equal(one: Content, other: Content) -> bool:
    """Whether the texts are identical. This is fast, and saves all other comparisons."""
    return one.paragraphs == other.paragraphs and one.figures == other.figures


def relation(old: Content, new: Content) -> Relation:
    """Compare the texts line by line, without figures. The last line of each may be cut."""
    captions = captions_of(old, new)
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
    """The similarity of two normal texts over their common length, from 0 to 1; None if one is too short to compare.

    A similarity below `least` may be returned as 0, which is faster.
    """
    length = min(len(one), len(other), _COMPARED)
    if length < _ENOUGH:
        return None
    return fuzz.ratio(one[:length], other[:length], score_cutoff=100 * least) / 100


def closeness(one: Content, other: Content, texts: tuple[str, str], least: float = 0.0) -> float | None:
    """How certain it is that two contents belong to one article, from 0 to 1; None if one is too short to compare.

    `texts` are their plain texts. Beyond `similarity`, insertions at the start and removals do not count: a text is
    close to another one that contains its beginning, or its lines.
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
    """The share of the shorter text, by characters, whose lines occur in the longer one."""
    captions = captions_of(one, other)
    shorter, longer = sorted((list(_lines(one, captions)), list(_lines(other, captions))), key=_size)
    here = set(longer)
    return _size([line for line in shorter if line in here]) / _size(shorter) if shorter else 0.0


def _size(lines: Sequence[str]) -> int:
    return sum(map(len, lines))


def pairs(text: str) -> int:
    """The pairs of neighbouring characters in a normal text, as bits. Some pairs share a bit."""
    bits = bytearray(b"0" * _PAIRS)
    for pair in set(map(add, text[:_COMPARED], text[1:_COMPARED])):
        bits[hash(pair) % _PAIRS] = _SET
    return int(bits, 2)


def far_apart(one: str, other: str, their_pairs: tuple[int, int], least: float) -> bool:
    """Whether the pairs alone prove that `similarity` is below `least`. Never wrong when true, and 50 times as fast.

    Texts of equal length with this similarity lack at most a share of `1 - least` of each other's characters. A
    character that only the shorter text has breaks two of its pairs; one that only the longer text has breaks one.
    """
    length = min(len(one), len(other), _COMPARED)
    shorter, longer = their_pairs if len(one) <= len(other) else reversed(their_pairs)
    return length >= _ENOUGH and (shorter & ~longer).bit_count() > 3 * (1 - least) * length + 1


def merged(old: Content, new: Content, *, fuller: Content) -> Content:
    """The fuller of two contents of one text, including the figures that only the other one shows."""
    lesser = new if fuller is old else old
    paragraphs, figures = list(fuller.paragraphs), list(fuller.figures)
    if not figures and lesser.figures:
        paragraphs = with_figures(paragraphs, lesser)
        figures = list(lesser.figures)
    texts = tuple(paragraphs), tuple(figures)
    return Content(fuller.title, new.author or old.author, *texts, old.complete or new.complete, old.extras)


def with_figures(paragraphs: Sequence[str], shown: Content) -> list[str]:
    """The paragraphs, each followed by the figures that follow it in another content."""
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
    lines = (folded_line(line) for paragraph in content.paragraphs for line in paragraph.split("\n"))
    return (line for line in lines if line and line not in captions)


def _healed(lines: list[str], other: Sequence[str]) -> list[str]:
    """The lines, with the last one completed if the other text continues it."""
    if not lines or lines[-1] in other:
        return lines
    cut = _CUT.sub("", lines[-1])
    whole = next((line for line in other if cut and line.startswith(cut)), None)
    return [*lines[:-1], whole] if whole else lines
