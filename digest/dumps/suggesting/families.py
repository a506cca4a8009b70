"""Lines with dates that look alike, and days that stand as mere numbers below headings with months."""

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from digest.dumps.declared.dates import Grammar
from digest.dumps.suggesting.candidate import LEAST
from digest.dumps.suggesting.seen import DateAt, Page, SeenLine
from digest.model import PrintedDate

LEAST_HEADINGS = 2
_TWO = 2


def families(page: Page) -> list[tuple[int, ...]]:
    """Lines with dates that look alike, the largest family first."""
    narrow: dict[Hashable, list[int]] = defaultdict(list)
    for line in page.lines:
        if line.date is not None:
            narrow[(_before(line), _style(line))].append(line.index)
    wide: dict[Hashable, list[int]] = defaultdict(list)
    found = []
    for places in narrow.values():
        if len(places) >= LEAST or (len(places) >= LEAST_HEADINGS and all(is_month(page.lines[at]) for at in places)):
            found.append(tuple(places))
        for place in places:
            before = _before(page.lines[place])
            wide[(before[-1:] or _behind(page.lines[place])[:1], bool(before))].append(place)
    found += [tuple(sorted(places)) for places in wide.values() if len(places) >= LEAST_HEADINGS]
    found += [*_by_what_follows(page), *_with_or_without_tail(page)]
    return sorted(dict.fromkeys(found), key=len, reverse=True)


def _by_what_follows(page: Page) -> list[tuple[int, ...]]:
    """Lines with dates behind other words, which differ, and with the same behind them or nothing."""
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for line in page.lines:
        if line.date is not None and _before(line) and not line.is_paragraph:
            groups[(_style(line), _behind(line))].append(line.index)
    return [tuple(places) for places in groups.values() if len(places) >= LEAST]


def _with_or_without_tail(page: Page) -> list[tuple[int, ...]]:
    """Lines that begin with a date, where some end with it and all others go on with the same mark."""
    lines = [line for line in page.lines if line.date is not None and not _before(line)]
    tails = {_behind(line)[:1] for line in lines}
    if len(lines) < LEAST or len(tails) != _TWO or () not in tails or any(tail and tail[0].isalnum() for tail in tails):
        return []
    return [tuple(line.index for line in lines)]


def has_years(page: Page, family: Sequence[int]) -> bool:
    """Whether dates print a year; one of which day and month may change places does in its third number."""
    dates = [(page.lines[at].text, date) for at in family if (date := page.lines[at].date)]
    return any(
        date.parts.year if date.parts else len(_NUMBER.findall(text[date.start : date.end])) > _TWO
        for text, date in dates
    )


def years_over(page: Page, family: Sequence[int]) -> tuple[int, ...]:
    """Lines that are nothing but a year, the first over the first of these dates."""
    years = tuple(line.index for line in page.lines if _YEAR.fullmatch(line.text))
    return years if years and years[0] < family[0] else ()


_YEAR = re.compile(r"\W{0,3}(?:19|20)\d\d\s?年?\W{0,3}")


def _before(line: SeenLine) -> tuple[str, ...]:
    made = []
    for piece in line.pieces:
        if piece.kind == "date":
            break
        if piece.kind != "space":
            made.append("\x03" if piece.kind == "number" else piece.text)
    return tuple(made)


def _behind(line: SeenLine) -> tuple[str, ...]:
    texts = [piece.text if piece.kind != "date" else "\x01" for piece in line.pieces if piece.kind != "space"]
    return tuple(texts[texts.index("\x01") + 1 :])


def _style(line: SeenLine) -> Hashable:
    """How a date is written: with which parts, and whether text follows it."""
    date = line.date
    parts = date.parts if date else None
    printed: Hashable = tuple(part is not None for part in parts) if parts else None
    if date and not any(map(str.isalpha, written := line.text[date.start : date.end])):
        printed = tuple(len(number) > _TWO for number in _NUMBER.findall(written))  # day and month may change places
    return printed, bool(_behind(line))


_NUMBER = re.compile(r"\d+")


def is_date_alone(line: SeenLine) -> bool:
    """Whether a line shows a date and nothing else but marks."""
    date = line.date
    return date is not None and not any(map(str.isalnum, line.text[: date.start] + line.text[date.end :]))


def is_month(line: SeenLine) -> bool:
    """Whether a line shows a month without a day and nothing else but marks."""
    parts = line.date.parts if line.date else None
    return parts is not None and parts.month is not None and parts.day is None and is_date_alone(line)


def is_over(page: Page, others: Sequence[int], family: Sequence[int]) -> bool:
    """Whether dates stand over those of a family: alone in their lines, each with one of the family below."""
    return (
        len(others) <= len(family)
        and not set(others) & set(family)
        and all(is_date_alone(page.lines[at]) for at in others)
        and all(any(at < one for one in family) for at in others)
        and min(others) < min(family)
    )


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
