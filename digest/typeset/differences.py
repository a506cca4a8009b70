"""Shows what a revision changed: the old and the new version of each changed paragraph, with the differences marked."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby, takewhile, zip_longest
from operator import attrgetter
from typing import NamedTuple

from digest.model import Content
from digest.typeset.characters import strip_unsafe
from digest.typeset.math.extract import pieces

AROUND = 30  # unchanged characters that stay beside a change
_COMPARED = 64_000_000  # units of one text times units of the other; more would take seconds, and 8 MB
_PAIRED = 1_000  # paragraphs of one text times paragraphs of the other
_LOOKED_AT = 300  # characters at each end of a paragraph that decide whether two paragraphs are versions of each other
_ALIKE = 0.4
_ISLAND = 8  # characters; a match of at most this length between two longer changes is accidental

_WIDE = r"\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffe6\U00020000-\U0003ffff"
_MARK = (
    r"[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u200d\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f"
    r"\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f\U000e0100-\U000e01ef]"
)
_LETTER = rf"(?:[^\W{_WIDE}]{_MARK}*+)"
# A unit is never marked in part: a formula, a word or number, a flag, a character with its combining marks. No branch
# looks past the next mark that could begin another unit, and none backtracks, so the time is linear for any text.
_UNIT = re.compile(
    r"\$\$(?:\\.|[^$\\])++\$\$|\$(?!\s)(?:\\.|[^$\\\n])++(?<!\s)\$"
    r"|\\\[(?:(?!\\[\[\]]).)++\\\]|\\\((?:(?!\\[()]).)++\\\)|\\(?:[A-Za-z]++|.)"
    rf"|{_LETTER}++(?:(?:['’]|(?<=\d)[.,](?=\d)){_LETTER}++)*+"
    rf"|[\U0001f1e6-\U0001f1ff]{{2}}|.(?:{_MARK}|(?<=\u200d)[^\w\s$\\])*+",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a paragraph, never empty. An unchanged one may be shortened, with `…` for the rest."""

    text: str
    changed: bool


@dataclass(frozen=True, slots=True)
class Change:
    """A paragraph before and after a revision. One side may be empty, but never both.

    Changed and unchanged pieces alternate. The unchanged pieces are equal on both sides.
    """

    before: tuple[Piece, ...]
    after: tuple[Piece, ...]


def differences(before: Content, after: Content, *, around: int | None = AROUND) -> tuple[Change, ...]:
    """The paragraphs with visible changes, in reading order, with the title first; empty if nothing changed.

    About `around` unchanged characters stay beside each change; with None, all stay. A paragraph that moved is a
    removal in one place and an addition in the other. Very long paragraphs with many changes are marked as a whole
    between the first and the last change.
    """
    titles = zip_longest(_visible([before.title]), _visible([after.title]), fillvalue="")
    pairs = (*titles, *_pairs(_visible(before.paragraphs), _visible(after.paragraphs)))
    return tuple(_change(old, new, around) for old, new in pairs if old != new)


def _change(old: str, new: str, around: int | None) -> Change:
    units = _units(old), _units(new)
    before: list[Piece] = []
    after: list[Piece] = []
    for same, start, end in _calm(_stretches(*units), *units):
        left, right = units[0][start[0] : end[0]], units[1][start[1] : end[1]]
        if same and around is not None:
            left = right = _shortened(
                left, 0 if start == (0, 0) else around, 0 if end == (len(units[0]), len(units[1])) else around
            )
        before.append(Piece("".join(left), not same))
        after.append(Piece("".join(right), not same))
    return Change(_joined(before), _joined(after))


def _units(text: str) -> list[str]:
    r"""The units of the text, which are never marked in part.

    A formula between `\begin` and `\end` is one unit, too.
    """
    if r"\begin" not in text:
        return _UNIT.findall(text)
    parts = (_UNIT.findall(piece) if isinstance(piece, str) else [piece.source] for piece in pieces(text))
    return [unit for part in parts for unit in part]


def _joined(stretches: list[Piece]) -> tuple[Piece, ...]:
    runs = groupby(filter(attrgetter("text"), stretches), attrgetter("changed"))
    return tuple(Piece("".join(piece.text for piece in run), changed) for changed, run in runs)


def _shortened(units: list[str], first: int, last: int) -> list[str]:
    """At most `first` characters from the beginning, `…`, and `last` from the end; unchanged if that saves little."""
    head = sum(1 for _ in takewhile(lambda length: length <= first, accumulate(map(len, units))))
    tail = sum(1 for _ in takewhile(lambda length: length <= last, accumulate(map(len, reversed(units)))))
    gone = units[head : len(units) - tail]
    return units if sum(map(len, gone)) <= max(first, last) // 2 else [*units[:head], "…", *units[len(units) - tail :]]


def _visible(paragraphs: Iterable[str]) -> list[str]:
    return [text for text in map(strip_unsafe, paragraphs) if text.strip()]


class _Stretch(NamedTuple):
    """The elements from `start` to `end` in both sequences, which are either equal or different."""

    same: bool
    start: tuple[int, int]
    end: tuple[int, int]


def _stretches(old: Sequence[str], new: Sequence[str]) -> Iterator[_Stretch]:
    """The two sequences as stretches, alternately equal and different.

    Whatever is too long to compare counts as different.
    """
    least = min(len(old), len(new))
    head = next((n for n in range(least) if old[n] != new[n]), least)
    tail = next((n for n in range(least - head) if old[-1 - n] != new[-1 - n]), least - head)
    rest = len(old) - tail, len(new) - tail
    if head:
        yield _Stretch(same=True, start=(0, 0), end=(head, head))
    yield from _compared(old, new, (head, head), rest)
    if tail:
        yield _Stretch(same=True, start=rest, end=(len(old), len(new)))


def _compared(
    old: Sequence[str], new: Sequence[str], start: tuple[int, int], end: tuple[int, int]
) -> Iterator[_Stretch]:
    """The stretches between two places at which the sequences differ."""
    from rapidfuzz.distance import Indel  # noqa: PLC0415 - a service starts without it

    lengths = end[0] - start[0], end[1] - start[1]
    if not all(lengths) or lengths[0] * lengths[1] > _COMPARED:
        if any(lengths):
            yield _Stretch(same=False, start=start, end=end)
        return
    numbers: dict[str, int] = {}  # rapidfuzz compares hashes; the hash of a small number is the number itself
    a, b = (
        [numbers.setdefault(text, len(numbers)) for text in side]
        for side in (old[start[0] : end[0]], new[start[1] : end[1]])
    )
    for same, group in groupby(Indel.opcodes(a, b), lambda code: code.tag == "equal"):
        codes = list(group)
        yield _Stretch(
            same,
            (start[0] + codes[0].src_start, start[1] + codes[0].dest_start),
            (start[0] + codes[-1].src_end, start[1] + codes[-1].dest_end),
        )


def _calm(stretches: Iterable[_Stretch], old: list[str], new: list[str]) -> list[_Stretch]:
    """The stretches without islands: a few characters that two texts share by accident tell readers nothing."""
    ends = [0, *accumulate(map(len, old))], [0, *accumulate(map(len, new))]

    def length(stretch: _Stretch) -> int:
        return max(ends[side][stretch.end[side]] - ends[side][stretch.start[side]] for side in (0, 1))

    made: list[_Stretch] = []
    for stretch in stretches:
        made.append(stretch)
        while len(made) > 2 and not stretch.same:  # noqa: PLR2004 - an island has a change on both sides
            left, island, right = made[-3:]
            if length(island) > min(_ISLAND, length(left), length(right)):
                break
            made[-3:] = [_Stretch(same=False, start=left.start, end=right.end)]
    return made


def _pairs(old: list[str], new: list[str]) -> Iterator[tuple[str, str]]:
    """The changed paragraphs in reading order, each beside its new version. If there is none, that side is empty."""
    for same, start, end in _stretches(old, new):
        if not same:
            left, right = old[start[0] : end[0]], new[start[1] : end[1]]
            i = j = 0
            for m, n in (*_versions(left, right), (len(left), len(right))):
                yield from zip_longest(left[i:m], right[j:n], fillvalue="")
                yield from zip(left[m : m + 1], right[n : n + 1], strict=True)
                i, j = m + 1, n + 1


def _versions(old: list[str], new: list[str]) -> list[tuple[int, int]]:
    """The pairs of paragraphs that are versions of each other: the most similar ones that keep the order of both texts.

    None are returned if there are too many paragraphs to compare.
    """
    if len(old) * len(new) > _PAIRED:
        return []
    best: dict[tuple[int, int], tuple[float, tuple[tuple[int, int], ...]]] = {}
    nothing: tuple[float, tuple[tuple[int, int], ...]] = (0.0, ())
    for i, left in enumerate(old):
        for j, right in enumerate(new):
            score, pairs = best.get((i - 1, j - 1), nothing)
            paired = (score + _likeness(left, right), (*pairs, (i, j)))
            skipped = max(best.get((i - 1, j), nothing), best.get((i, j - 1), nothing))
            best[i, j] = paired if paired[0] > skipped[0] else skipped
    return list(best.get((len(old) - 1, len(new) - 1), nothing)[1])


def _likeness(old: str, new: str) -> float:
    from rapidfuzz.distance import Indel  # noqa: PLC0415 - as above

    ends = (old[:_LOOKED_AT], new[:_LOOKED_AT]), (old[-_LOOKED_AT:], new[-_LOOKED_AT:])
    return max(Indel.normalized_similarity(a, b, score_cutoff=_ALIKE) for a, b in ends)
