"""Candidates for entries by where their dates stand: one in each, in a heading above, or none."""

import re
from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from itertools import pairwise
from statistics import mean

from digest.dumps.suggesting.candidate import LEAST, Candidate, Order, below_heading, candidate_of, first_title
from digest.dumps.suggesting.rows import rows_between
from digest.dumps.suggesting.seen import Page, Piece, SeenLine, tokens
from digest.dumps.suggesting.words import BY, IN, count_name, is_more

_REACH = 4  # lines between a title and the date beside it


def of_dates(page: Page, anchors: tuple[int, ...], headings: tuple[int, ...]) -> Iterator[Candidate]:
    """Entries with a date each, in all orders; `headings` are dates over several of them."""
    rows = {at: kind for at, kind in rows_between(page, anchors).items() if at not in headings}
    over = set(headings)
    free = [at not in rows and at not in over for at in range(len(page.lines))]
    behind, before = _behind_dates(anchors, free), _before_dates(anchors, free)
    for order, around in ((Order.DATE_FIRST, behind), (Order.TITLE_FIRST, before)):
        for skip in (0, 1):
            passed = [places[0] if places else None for places in around] if skip else []
            if skip and not _are_passable(page, passed):
                continue
            titles = [places[skip] if len(places) > skip else None for places in around]
            first = order is Order.TITLE_FIRST and titles[0] is None
            last = order is Order.DATE_FIRST and titles[-1] is None
            inner = slice(int(first), len(anchors) - int(last))
            names = tuple(at for at in passed if at is not None)
            yield from candidate_of(order, anchors[inner], titles[inner], headings, rows, names)
    yield from _of_runs(page, anchors, headings, rows)
    yield from _dated_last(page, anchors, headings, rows, free)
    if _are_untitled(page, anchors, headings, rows, free):
        yield Candidate(Order.DATE_FIRST, anchors, anchors, headings, rows, untitled=True)
    if all(_has_words(page.lines[at]) for at in anchors):
        yield Candidate(Order.ONE_LINE, anchors, anchors, headings, rows)


def _behind_dates(anchors: Sequence[int], free: Sequence[bool]) -> list[list[int]]:
    """The lines near behind each date that are no rows."""
    ends = (*anchors[1:], len(free))
    return [
        [at for at in range(anchor + 1, min(end, anchor + 1 + _REACH)) if free[at]]
        for anchor, end in zip(anchors, ends, strict=True)
    ]


def _before_dates(anchors: Sequence[int], free: Sequence[bool]) -> list[list[int]]:
    """The lines near before each date that are no rows, the nearest first."""
    starts = (-1, *anchors[:-1])
    return [
        [at for at in range(anchor - 1, max(start, anchor - 1 - _REACH), -1) if free[at]]
        for anchor, start in zip(anchors, starts, strict=True)
    ]


def _dated_last(
    page: Page,
    anchors: tuple[int, ...],
    headings: tuple[int, ...],
    rows: dict[int, Hashable],
    free: Sequence[bool],
) -> Iterator[Candidate]:
    """Entries whose date stands behind their text."""
    inner = [[at for at in range(one + 1, other) if free[at]] for one, other in pairwise(anchors)]
    first = below_heading(anchors[0], headings, free) or first_title(page, anchors[0], free, inner)
    for skip in (0, 1):
        titles = [first, *(places[skip] if len(places) > skip else None for places in inner)]
        passed = tuple(places[0] for places in inner if places) if skip else ()
        if skip and not _are_passable(page, passed):
            continue
        start = int(first is None)
        yield from candidate_of(Order.DATE_LAST, anchors[start:], titles[start:], headings, rows, passed)


def _of_runs(
    page: Page, anchors: tuple[int, ...], headings: tuple[int, ...], rows: dict[int, Hashable]
) -> Iterator[Candidate]:
    """Titles at the beginning of the short lines over each date, where some entries have one and some two of them."""
    titles = []
    for anchor in anchors:
        at = anchor
        while (
            at
            and not page.lines[at].blanks
            and anchor - at < _LONGEST_RUN
            and page.lines[at - 1].may_be_title
            and at - 1 not in rows
        ):
            at -= 1
        titles.append(at if at < anchor else None)
    known = [at for at in titles if at is not None]
    if len(known) != len(anchors) or not all(page.lines[at].blanks for at in known[1:]):
        return
    if {anchor - at for at, anchor in zip(known, anchors, strict=True)} == {1, 2}:
        yield from candidate_of(Order.TITLE_FIRST, anchors, titles, headings, rows)


_LONGEST_RUN = 3


def _are_untitled(
    page: Page,
    anchors: tuple[int, ...],
    headings: tuple[int, ...],
    rows: dict[int, Hashable],
    free: Sequence[bool],
) -> bool:
    """Whether dates stand over texts without titles: all lines between them are text, or recur in most entries.

    The dates are whole and fall, and something else tells an entry from the parts of a text: a time beside the date, or
    lines that recur.
    """
    if headings or len(anchors) < LEAST:
        return False
    if not _fall(page, anchors):
        return False
    if any(page.lines[at].is_paragraph or _has_word_before(page.lines[at]) for at in anchors):
        return False
    above = {rows.get(at - 1) for at in anchors}
    if len(above) == 1 and None not in above:  # the same line over all dates: that of a version, a day, a speaker
        return False
    ends = (*anchors[1:], page.foot(anchors[-1]))
    inner = [range(one + 1, end) for one, end in zip(anchors, ends, strict=True)]
    texts = [[page.lines[at] for at in places if free[at]] for places in inner]
    if not all(texts) or not all(_reads_as_text(line) for lines in texts for line in lines):
        return False
    timed = all(_TIME_OF_DAY.search(page.lines[at].text) for at in anchors)
    return timed or mean(any(at in rows for at in places) for places in inner) > _MOST


def _has_word_before(line: SeenLine) -> bool:
    return line.date is not None and any(map(str.isalnum, line.text[: line.date.start]))


def _fall(page: Page, anchors: Sequence[int]) -> bool:
    """Whether dates are whole and fall; where day and month may change places, another of them has to show the day."""
    dates = [date for at in anchors if (date := page.lines[at].date)]
    whole = [date.parts for date in dates if date.parts and None not in date.parts]
    unsure = sum(date.parts is None for date in dates)
    if len(whole) < max(_SOME, len(anchors) - unsure * any(date.shows for date in dates)):
        return False
    return all(one >= other for one, other in pairwise(whole)) and whole[0] != whole[-1]


_TIME_OF_DAY = re.compile(r"\d[:：]\d\d|\d[点點時时]")
_MOST = 0.6
_SOME = 2
_TEXT_ENDS = tuple('.。!！?？…"”»」)）')


def _reads_as_text(line: SeenLine) -> bool:
    return (line.is_paragraph or line.text.endswith(_TEXT_ENDS)) and not _ITEM.match(line.text)


_ITEM = re.compile(r"[-*+•#>]")


def _are_passable(page: Page, passed: Sequence[int | None]) -> bool:
    """Whether lines between titles and dates are no text: names of authors, of parts of the site."""
    known = [page.lines[at] for at in passed if at is not None]
    return sum(line.is_paragraph or line.width > _WIDEST_NAME for line in known) * 5 < len(known)


_WIDEST_NAME = 50


def _has_words(line: SeenLine) -> bool:
    """Whether there is beside a date what may be a title."""
    date = line.date
    if date is None:
        return False
    front, back = line.text[: date.start], line.text[date.end :]
    best = max(front, back, key=len).strip(" |·•—–-:：»«,")
    words = best.split()
    if not words or BY.fullmatch(words[0]) or IN.fullmatch(words[0]) or BY.fullmatch(" ".join(words[:2])):
        return False
    return sum(map(str.isalpha, best)) >= _LETTERS


_LETTERS = 4


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
