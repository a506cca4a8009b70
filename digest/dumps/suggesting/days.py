"""Finds the days of entries that stand as mere numbers below headings with months: `27 A title` below `August 2018`."""

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from digest.dumps.declared.dates import Grammar
from digest.dumps.suggesting.candidate import LEAST
from digest.dumps.suggesting.families import LEAST_HEADINGS, is_month
from digest.dumps.suggesting.seen import DateAt, Page, SeenLine
from digest.model import PrintedDate

_MARKS = ":：.,、|·-–—"
_WORDS = 2  # that a day takes with its weekday


class _Day(NamedTuple):
    """A day in a line, and what lines have in common that show days in the same way."""

    line: SeenLine
    date: DateAt
    form: Hashable


def with_days(page: Page) -> Page:
    """The page with the days below its months as dates; the same page if it has none.

    They are days only if the first line below each month is one, and if they fall, as the months do: those of a
    calendar or a chronicle rise.
    """
    months = [line for line in page.lines if is_month(line)]
    if len(months) < LEAST_HEADINGS:
        return page
    blocks = [
        list(_days(page.lines[month.index + 1 : end]))
        for month, end in zip(months, [*(line.index for line in months[1:]), len(page.lines)], strict=True)
    ]
    forms = Counter(day.form for block in blocks for day in block)
    if not forms:
        return page
    form = forms.most_common(1)[0][0]
    blocks = [[day for day in block if day.form == form] for block in blocks]
    blocks[-1] = _falling(blocks[-1])
    if sum(map(len, blocks)) < LEAST or any(len(_falling(block)) < len(block) for block in blocks):
        return page
    if any(_parts(one) <= _parts(other) for one, other in pairwise(months)):
        return page
    if any(not block or block[0].line.index != month.index + 1 for month, block in zip(months, blocks, strict=True)):
        return page
    found = {day.line.index: day.date for block in blocks for day in block}
    return page.with_dates(found)


def _days(lines: Sequence[SeenLine]) -> Iterator[_Day]:
    """The lines that begin with a day, or are one over a line that may be a title."""
    grammar = Grammar(bare_days=True)
    for at, line in enumerate(lines):
        if line.date is not None or not any(map(str.isdigit, line.text[:_FAR])):
            continue
        words = line.text.split()
        for count in range(min(_WORDS, len(words)), 0, -1):
            written = " ".join(words[:count]).rstrip(_MARKS + " ")
            read = grammar.read(written) if line.text.startswith(written) else None
            if read is None or not _is_day(read.parts):
                continue
            rest = line.text[len(written) :]
            title = rest.lstrip(_MARKS + " ")
            below = lines[at + 1] if at + 1 < len(lines) else None
            if any(map(str.isalpha, title)) if rest else below is not None and below.may_be_title:
                mark = "".join(rest[: len(rest) - len(title)].split())
                unit = "".join(letter for letter in written if not letter.isdigit())[-1:]
                form = (mark, bool(rest), unit if count == 1 and unit not in _ORDINALS else "")
                yield _Day(line, DateAt(0, len(written), read.parts, None), form)
            break


_FAR = 20  # characters
_ORDINALS = frozenset("tdhr")  # the ends of st, nd, th, er


def _is_day(parts: PrintedDate | None) -> bool:
    return parts is not None and parts.day is not None and (parts.year, parts.month) == (None, None)


def _parts(month: SeenLine) -> tuple[int, int]:
    parts = month.date.parts if month.date else None
    return (parts.year or 0, parts.month or 0) if parts else (0, 0)


def _falling(block: list[_Day]) -> list[_Day]:
    """The days as far as they fall: behind those of the last month may stand numbers of pages."""
    numbers = [day.date.parts.day or 0 if day.date.parts else 0 for day in block]
    rise = next((at for at, (one, other) in enumerate(pairwise(numbers), 1) if one < other), len(block))
    return block[:rise]
