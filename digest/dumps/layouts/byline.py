"""The `byline` layout of search, tag and category pages: title, byline, paragraphs. Does not cut.

Lines that look like a byline, readable or not. A dozen rules distinguish them from text.

Text has bars and dates too: tables, code, absolute values, a sentence that begins with `By`. So a line must have a
byline's shape: short fields between bars. If it does not begin with `By`, it must also be at a place where a byline can
be: after a line that can be a title, and not in a row of lines of the same shape, which is a table.

Decision 10.
"""

import re
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from digest.dumps.interface import Cut
from digest.dumps.layouts import fields
from digest.dumps.layouts.characters import INVISIBLE, LEAD, SPACES, Rarely, bare
from digest.model import DateEvidence, Layout, Sighting

_HEAD = 300  # characters of a line that contain its fields
_BARS = re.compile("[|｜]")
_NEARLY_BY = Rarely(rf"{LEAD}[Bb][Yy](?![A-Za-z0-9_-])")
_DATE = Rarely(
    r"\d{2,4}\s{0,2}[-/.年\u2010-\u2015－／．]\s{0,2}\d{1,2}"
    r"|(?i:\b\d{1,2}\s{0,2}(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec))"
    r"|(?i:\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?\s{1,2}\d)"
)
_DAY = Rarely(rf"(?:[^\d]{{0,11}}[\s:：于於在])?{fields.DATE}.{{0,30}}", re.DOTALL)
_COUNTED = Rarely(r"[\d.,\s]*[\d—–-][\d.,\s]*[万萬千kKwW]?\+?\s?[位名个個]?\s?(?:读者|讀者)")
_YEAR = re.compile(r"\d{4}")
_READERS = re.compile("读者|讀者")
_COUNT_IN_PROSE = Rarely(r"\d[\d.,]*\s?[万萬千kKwW]?\+?\s?[位名]\s?(?:读者|讀者)")
_SENTENCE_ENDS = tuple("。，,;；、：:.!！?？…")
_NO_TITLE_ENDS = tuple("。，,;；、：:")
_LONGEST_PROSE = 100  # characters of a line without bars that can be a byline
_LONGEST_TITLE = 120
_LONGEST_FIELD = 24
_FIELDS = 5  # among which the day and the count are
_BARS_INSIDE, _BARS_FIRST = 1, 2  # more bars make a line with a day a byline: on a search page, and before any page
_LABEL = Rarely(rf"[|｜][{SPACES}{INVISIBLE}]{{0,8}}{fields.LABEL}")


class Place(NamedTuple):
    """The place of a line. `before` and `behind` are the adjacent lines that are not blank, empty if there is none."""

    before: str
    behind: str
    in_byline: bool  # in an entry of a search page
    first: bool  # no entry precedes it
    is_title: bool  # a byline follows it


def is_hinted(text: str, start: int, bar: int, end: int) -> bool:
    """Whether a line with this first bar can be a byline: nearly all are formulas, without readers or a second bar."""
    if text.find("者", start, end) >= 0:
        return True
    more = text.find("|", bar + 1, end) >= 0 or text.find("｜", bar + 1, end) >= 0
    return more and _YEAR.search(text, start, end) is not None


def begins_with_by(line: str) -> bool:
    """Whether a line begins with `By` and looks like a byline."""
    head = line[:_HEAD]
    if _NEARLY_BY.compiled.match(head) is None:
        return False
    if _BARS.search(head):
        return _READERS.search(head) is not None or _DATE.compiled.search(head) is not None or _has_label(head)
    if _COUNT_IN_PROSE.compiled.search(head):
        return True
    short = len(line) <= _LONGEST_PROSE and not bare(line).endswith(_SENTENCE_ENDS)
    return short and (_DATE.compiled.search(head) is not None or _READERS.search(head) is not None)


def may_be_barred(line: str) -> bool:
    """Whether a line that does not begin with `By` can be a byline, if it is at the right place."""
    shape = _shape(line)
    return shape is not None and (shape.readers or shape.day)


def is_barred(line: str, place: Place) -> bool:
    """Whether a line looks like a byline without its `By`."""
    shape = _shape(line)
    if shape is None or not (shape.readers or shape.day):
        return False
    if shape.readers and shape.label:
        return True
    if place.is_title or _is_in_table(shape.bars, place) or not _can_be_title(place.before):
        return False
    if shape.readers:
        return True
    return (place.in_byline and shape.bars > _BARS_INSIDE) or (place.first and shape.bars > _BARS_FIRST)


def text_begins(line: str) -> int:
    """Where the text after the label begins in a line that looks like a byline; its end if there is no label."""
    found = _LABEL.compiled.search(line[:_HEAD])
    return found.end() if found else len(line)


class _Shape(NamedTuple):
    bars: int
    readers: bool
    day: bool
    label: bool


def _shape(line: str) -> _Shape | None:
    """The fields of a line; None if it has no bars, begins with one, as rows of tables do, or with `By`."""
    head = line[:_HEAD]
    if ("|" not in head and "｜" not in head) or _NEARLY_BY.compiled.match(head):
        return None
    parts = [bare(part) for part in _BARS.split(head)]
    if not parts[0]:
        return None
    early = parts[:_FIELDS]
    readers = any(_COUNTED.compiled.fullmatch(part) for part in early if len(part) <= _LONGEST_FIELD)
    day = any(_DAY.compiled.fullmatch(part) for part in early if len(part) <= _LONGEST_FIELD * 2)
    return _Shape(len(parts) - 1, readers, day, _has_label(head))


def _has_label(head: str) -> bool:
    return _LABEL.compiled.search(head) is not None


def _is_in_table(bars: int, place: Place) -> bool:
    """Whether an adjacent line has as many bars, and is not a byline."""
    return any(
        len(_BARS.findall(head)) == bars and not _READERS.search(head) and not _NEARLY_BY.compiled.match(head)
        for head in (place.before[:_HEAD], place.behind[:_HEAD])
    )


def _can_be_title(line: str) -> bool:
    """Whether the line before it can be the title of an entry."""
    return 0 < len(line) <= _LONGEST_TITLE and not line.rstrip().endswith(_NO_TITLE_ENDS)


# Author, day, readers, as most pages print them; the rest is glued to the label. `fields` handles other forms.
BYLINE = r"By ([^|｜\n]{1,200} \| \d{4}-\d{1,2}-\d{1,2} \| \d[\d,]{0,11})位[读讀]者 \| 引用"
MAY_BEGIN = "Bb"
LIST_END = "最近(?:评论|評論)"
_BYLINE = re.compile(f"{LEAD}{BYLINE}")
_BY = re.compile(f"{LEAD}[Bb][Yy](?![a-z])")
_CUT_BYLINE = Rarely(r"[Bb][Yy][\s|｜][^|｜]{0,40}(?:[|｜].*)?")
_LAYOUT = Layout.BYLINE
_LIST_END = Rarely(rf"[\s{INVISIBLE}]*{LIST_END}")


def begins(text: str, at: int) -> bool:
    """Whether a line at this position begins with `By` and is a byline, or looks like one."""
    if _BY.match(text, at) is None:
        return False
    if _BYLINE.match(text, at):
        return True
    end = text.find("\n", at)
    line = text[at : None if end < 0 else end]
    return begins_with_by(line) or fields.read(line) is not None


def may_begin(text: str, at: int) -> bool:
    """The same, also for a line without `By`, which is a byline only by its place."""
    if begins(text, at):
        return True
    end = text.find("\n", at)
    return may_be_barred(text[at : None if end < 0 else end])


def after_list_end(line: str) -> str | None:
    """The text after the mark for the end of the list, if the line begins with it; otherwise None."""
    found = _LIST_END.compiled.match(line)
    return bare(line[found.end() :]) if found else None


def is_being_written(line: str) -> bool:
    """Whether the last line of a file, without its line end, is a part of a byline."""
    if _BYLINE.match(line):
        return False
    found = fields.read(line)
    if found:
        return found.end == len(line)
    return _CUT_BYLINE.compiled.fullmatch(bare(line)) is not None or begins_with_by(line) or may_be_barred(line)


def sighting(cut: Cut, dump: str, position: int) -> Sighting:
    """Parses the text of an entry. Blank lines mean nothing in this layout."""
    author, day, readers = cut.mark.rsplit(" | ", 2)
    said_by, said_on = author.strip() or None, _evidence(day)
    count = int(readers.replace(",", "")) if readers else None
    # Positional, because a million by keyword take twice as long.
    return Sighting(
        dump, position, cut.page, _LAYOUT, cut.title, said_by, said_on, count, tuple(_lines(cut.body)), (), cut.complete
    )


def _lines(body: str) -> list[str]:
    return [line for line in body.split("\n") if line and not line.isspace()]


@lru_cache(maxsize=1024)  # entries of one day are next to each other
def _evidence(written: str) -> DateEvidence | None:
    year, month, day = map(int, written.split("-"))
    try:
        date(year, month, day)
    except ValueError:
        return None
    return DateEvidence(month, day, year)
