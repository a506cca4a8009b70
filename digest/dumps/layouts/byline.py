"""The `byline` layout of search, tag and category pages: title, byline, paragraphs. Does not cut."""

import re
from datetime import date
from functools import lru_cache

from digest.dumps.layouts import fields, nearly
from digest.dumps.layouts.characters import INVISIBLE, LEAD, bare
from digest.dumps.layouts.cuts import Cut
from digest.dumps.layouts.rarely import Rarely
from digest.model import DateEvidence, Layout, Sighting

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
    return nearly.begins_with_by(line) or fields.read(line) is not None


def may_begin(text: str, at: int) -> bool:
    """The same, also for a line without `By`, which is a byline only by its place."""
    if begins(text, at):
        return True
    end = text.find("\n", at)
    return nearly.may_be_barred(text[at : None if end < 0 else end])


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
    return (
        _CUT_BYLINE.compiled.fullmatch(bare(line)) is not None
        or nearly.begins_with_by(line)
        or nearly.may_be_barred(line)
    )


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
