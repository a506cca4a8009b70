"""Entries without a date of their own: below headings with dates, or separated by a line at their ends."""

from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from itertools import pairwise

from digest.dumps.suggesting.candidate import LEAST, Candidate, Order, candidate_of, first_title
from digest.dumps.suggesting.rows import rows_between
from digest.dumps.suggesting.seen import Page, Piece, tokens
from digest.dumps.suggesting.words import count_name, is_more

_LETTERS = 4
_NEAR = 2  # lines between a title and the line below it


def of_headings(page: Page, headings: tuple[int, ...]) -> Iterator[Candidate]:
    """Dates over several entries each."""
    lines = page.lines
    ends = [at for at in _tails(page, headings[0] + 1) if at > headings[0]]
    over = set(headings)
    for marked in _marked(page, headings[0] + 1):
        if len(marked) >= LEAST:
            yield Candidate(Order.HEADINGS, marked, marked, headings, rows_between(page, marked), marked=True)
    glued = _glued(page, headings[0] + 1)
    if len(glued) >= LEAST:
        yield Candidate(Order.HEADINGS, glued, glued, headings, {}, untitled=True)
    if len(ends) > len(headings) or (len(ends) >= LEAST and len(ends) == len(headings)):
        rows = rows_between(page, ends)
        titles = []
        for start, end in zip((headings[0], *ends), ends, strict=False):
            free = [at for at in range(start + 1, end) if at not in rows and at not in over]
            titles.append(free[0] if free else None)
        yield from candidate_of(Order.HEADINGS, tuple(ends), titles, headings, rows)
        return
    pairs = []
    for at in range(headings[0] + 1, len(lines) - 1):
        line, below = lines[at], lines[at + 1]
        above = lines[at - 1]
        if at in over or at + 1 in over or not line.may_be_title or not below.is_paragraph:
            continue
        if at - 1 in over or above.is_paragraph or above.text.endswith((":", "：")):
            pairs.append(at)
    if len(pairs) >= max(LEAST, len(headings)):
        yield Candidate(Order.HEADINGS, tuple(pairs), tuple(pairs), headings, {})


def _marked(page: Page, first: int) -> Iterator[tuple[int, ...]]:
    """Lines that begin with the same mark, such as a bullet, and may be titles behind it."""
    found: dict[str, list[int]] = defaultdict(list)
    for line in page.lines[first:]:
        parts = line.text.split(maxsplit=1)
        if (
            len(parts) > 1
            and len(parts[0]) <= _LONGEST_MARK
            and not any(map(str.isalnum, parts[0]))
            and line.may_be_title
        ):
            found[parts[0]].append(line.index)
    yield from (tuple(places) for places in found.values())


_LONGEST_MARK = 2


def _glued(page: Page, first: int) -> tuple[int, ...]:
    """Lines at whose end stands the same mark with a time or a number: `… # 7:15 pm`."""
    found: dict[Hashable, list[int]] = defaultdict(list)
    for line in page.lines[first:]:
        if line.date is not None:
            continue
        parts = [piece for piece in tokens(line.text[-_LONGEST_END:]) if piece.kind != "space"]
        if len(parts) > _GLUED and parts[-1].kind == "time" and not parts[-2].text.isalnum():
            found[parts[-2].text].append(line.index)
    several: list[list[int]] = list(found.values())
    if not several:
        return ()
    largest = max(several, key=len)
    return tuple(largest)


_LONGEST_END = 40
_GLUED = 2


def _tails(page: Page, first: int, *, known: bool = False) -> list[int]:
    """Lines that end entries, by what they say: who wrote it and when, how many comments, a link to the whole.

    `known`: only what says so in words that are known.
    """
    found: dict[Hashable, list[int]] = defaultdict(list)
    for line in page.lines[first:]:
        if line.date is not None or line.width > _WIDEST_TAIL:
            continue
        if is_more(line.text):
            found["more"].append(line.index)
        elif any(piece.kind in {"time", "number"} for piece in line.pieces):
            parts = [piece for piece in line.pieces if piece.kind != "space"]
            letters = sum(map(str.isalpha, line.text))
            if known and not _counts_something(parts):
                continue
            if len(parts) > 1 and letters > _LETTERS:
                start = tuple("\x03" if one.kind == "number" else one.text for one in parts[:2])
                found[start].append(line.index)
    several = [places for places in found.values() if len(places) >= LEAST and _are_apart(places)]
    return max(several, key=lambda places: (len(places), -places[0]), default=[])


_WIDEST_TAIL = 120


def _counts_something(parts: Sequence[Piece]) -> bool:
    """Whether a known word such as comments stands beside a number."""
    return any(
        "number" in {one.kind, other.kind} and (count_name(one.text, "") or count_name("", other.text))
        for one, other in pairwise(parts)
    )


def _are_apart(places: Sequence[int]) -> bool:
    """Whether at least one line stands between each two."""
    return all(other - one > 1 for one, other in pairwise(places))


def undated(page: Page) -> Iterator[Candidate]:
    """Entries without a date, separated by the line that ends each of them."""
    ends = _tails(page, 0, known=True)
    if len(ends) < LEAST:
        return
    rows = rows_between(page, ends)
    # Of several lines at the end, the last one is the anchor.
    last = list(ends)
    while all(at + 1 in rows for at in last) and len({rows[at + 1] for at in last}) == 1:
        last = [at + 1 for at in last]
    free = [at not in rows for at in range(len(page.lines))]
    first = _first_over_paragraph(page, last[0], free)
    titles: list[int | None] = [first]
    titles += [next((at for at in range(one + 1, other) if free[at]), None) for one, other in pairwise(last)]
    anchors = tuple(last)
    above: list[int | None] = [
        next((at for at in range(end - 1, start, -1) if free[at]), None)
        for start, end in zip((-1, *ends), ends, strict=False)
    ]
    if all(
        at is not None and page.lines[at].may_be_title and end - at <= _NEAR
        for at, end in zip(above, ends, strict=True)
    ):
        yield from candidate_of(Order.UNDATED_BELOW, tuple(ends), above, (), rows)
    if first is None:
        anchors, titles = anchors[1:], titles[1:]
    yield from candidate_of(Order.UNDATED, anchors, titles, (), rows)


def _first_over_paragraph(page: Page, anchor: int, free: Sequence[bool]) -> int | None:
    """The line over the first paragraph before the first end."""
    for at in range(anchor):
        if page.lines[at].is_paragraph:
            return at - 1 if at and free[at - 1] and page.lines[at - 1].may_be_title else None
    return first_title(page, anchor, free)
