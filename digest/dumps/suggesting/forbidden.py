"""Rules out texts that are not listings: logs, tables, code, mails, changelogs, articles with dates in them."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from statistics import mean

from digest.dumps.suggesting.candidate import Candidate, Order, title_text
from digest.dumps.suggesting.seen import Page, SeenLine, width
from digest.dumps.suggesting.words import is_end, is_more, is_reply

_HALF, _SOME, _NEARLY_ALL = 0.5, 0.35, 0.8
_VERSION = re.compile(r"(?:[#\s[\]()-]|release|version|v\.?|changes in)*\d+(?:\.\d+)+\S*\s*.{0,12}", re.IGNORECASE)
_HEADER = re.compile(
    r"(?:From|To|Cc|Subject|Date|Message-ID|Author|Commit|Merge|Sender|Sent|Reply-To):?\s", re.IGNORECASE
)
_COMMIT = re.compile(r"commit [0-9a-f]{7,40}\b.*|diff --git .*")
_CODE = re.compile(
    r"[{};=]\s*$|^\s*(?:#include|import |def |class |return\b|//|/\*|\*/|<\w+)|\w\(.*\)\s*[:;]?$|->|\S/\S+/\S"
)
_LEVEL = re.compile(r"\b(?:INFO|WARN(?:ING)?|ERROR|DEBUG|TRACE|FATAL|CRITICAL|NOTICE)\b|\w+\[\d+\]:")
_SECONDS = re.compile(r"\d{1,2}:\d{2}:\d{2}")
_COLUMNS = re.compile(r"^\|.*\|$|\t|[^|\s] {3,}[^|\s].*[^|\s] {3,}[^|\s]|^\S+,\S+,\S*")
_ODD = re.compile(r"[\"'`(\\:=<>{}@$%&;_/+~-]|#(?!\d)|\W{3}")
_KEY = re.compile(r"[A-Z][\w-]*:(?=\s)")
_DAY = re.compile(r"\d{1,2}(?!\d)")
_LIST_ITEM = re.compile(r"[*+-]\s")
_MOST_BESIDE = 25  # characters beside date and title
_LONGEST_BESIDE = 130  # columns of a title beside a date
_FEWEST_WORDS = 2
_FARTHEST = 30  # lines between entries
_SMALL_PART = 8  # entries take at least one of so many lines
_FEW = 3


def forbidden(page: Page, candidate: Candidate) -> str:
    """The reason why a text is not a listing, or why these are not titles; empty if there is none."""
    if candidate.untitled:
        glued = candidate.order is Order.HEADINGS
        return "" if glued else _by_page(page, candidate) or _scattered(page, candidate)
    titles = [page.lines[at] for at in candidate.titles]
    texts = [title_text(candidate, line) for line in titles]
    if len(set(texts)) < (_HALF if candidate.marked else _NEARLY_ALL) * len(texts):
        return "titles repeat"
    beside = _beside_dates if candidate.order is Order.ONE_LINE else _on_own_lines
    return (
        _by_titles(texts) or beside(page, candidate, titles) or _by_page(page, candidate) or _scattered(page, candidate)
    )


def _share(found: Iterable[bool]) -> float:
    every = list(found)
    return sum(every) / len(every)


_TITLES: tuple[tuple[str, float, Callable[[str], bool]], ...] = (
    ("titles are versions", _HALF, lambda text: _VERSION.fullmatch(text) is not None),
    ("titles are code", _HALF, lambda text: _CODE.search(text) is not None),
    ("titles are headers", _HALF, lambda text: _HEADER.match(text) is not None or not any(map(str.isalpha, text))),
    ("titles are parts of other text", _HALF, lambda text: _ODD.match(text) is not None),
    ("titles begin as no sentence does", _HALF, lambda text: text[:1].islower()),
    ("a list in a text", _SOME, lambda text: _LIST_ITEM.match(text) is not None),
    ("titles are links", _SOME, lambda text: is_more(text) or is_end(text)),
)


def _by_titles(texts: Sequence[str]) -> str:
    for reason, least, is_so in _TITLES:
        if _share(map(is_so, texts)) >= least:
            return reason
    labels = Counter(found[0] for text in texts if (found := _KEY.match(text)))
    return "titles have one label" if max(labels.values(), default=0) >= _HALF * len(texts) else ""


def _on_own_lines(page: Page, candidate: Candidate, titles: Sequence[SeenLine]) -> str:
    """The reason against titles on lines of their own; empty if there is none."""
    if _share(line.is_paragraph for line in titles) >= _HALF:
        return "titles are text"
    parts = [date.parts for at in candidate.anchors if (date := page.lines[at].date)]
    dayless = bool(parts) and all(one is not None and one.day is None for one in parts)
    if dayless and _share(_DAY.match(line.text) is not None for line in titles) >= _HALF:
        return "days below months, in no order of entries"
    return "titles are dates" if _share(line.date is not None for line in titles) >= _HALF else ""


def _beside_dates(page: Page, candidate: Candidate, titles: Sequence[SeenLine]) -> str:
    """The reason against titles beside dates; empty if there is none."""
    del page
    texts = [title_text(candidate, line) for line in titles]
    if _share(_SECONDS.search(line.text) is not None for line in titles) >= _HALF:
        return "a log"
    if mean(len(text.split()) for text in texts) < _FEWEST_WORDS and all(text.isascii() for text in texts):
        return "no titles beside the dates"
    firsts = Counter(text.split()[0] for text in texts if text)
    if max(firsts.values(), default=0) > max(_FEWEST_WORDS, _SOME * len(texts)):
        return "lines begin with the same words"
    if _share(width(text) > _LONGEST_BESIDE or text.endswith(("。", ";", "；")) for text in texts) >= _HALF:
        return "text beside the dates"
    if _share(line.is_paragraph and _beside(line) > 0 for line in titles) >= _HALF:
        return "sentences with dates in them"
    return "dates in a text" if _share(_beside(line) > _MOST_BESIDE for line in titles) >= _SOME else ""


def _beside(line: SeenLine) -> int:
    """The length of what stands beside date and title."""
    if line.date is None:
        return 0
    return min(len(line.text[: line.date.start].strip()), len(line.text[line.date.end :].strip()))


def _by_page(page: Page, candidate: Candidate) -> str:
    """The reason that the other lines of the text give; empty if there is none."""
    count = len(candidate.titles)
    headers = sum(_HEADER.match(one.text) is not None or _COMMIT.fullmatch(one.text) is not None for one in page.lines)
    if headers >= 2 * count:
        return "mails or a log of changes"
    if sum(is_reply(line.text) for line in page.lines) >= _NEARLY_ALL * count:
        return "comments"
    if sum("```" in line.text for line in page.lines) > 1:
        return "a text with code"
    anchors = [page.lines[at].text for at in candidate.anchors]
    rows = max(_share(bool(found.search(text)) for text in anchors) for found in (_LEVEL, _COLUMNS))
    return "a log or a table" if rows >= _HALF else ""


def _scattered(page: Page, candidate: Candidate) -> str:
    """Whether lines stand too far apart for entries of a listing, or their dates in no order."""
    heads = candidate.heads
    apart = sorted(other - one for one, other in pairwise(heads))
    middle = apart[len(apart) // 2]
    if middle > _FARTHEST or apart[-1] > 6 * middle + _FARTHEST:
        return "too far apart"
    if candidate.order is not Order.HEADINGS and (heads[-1] - heads[0] + middle) * _SMALL_PART < len(page.lines):
        return "a small part of a text"
    dates = [
        date.parts
        for at in candidate.anchors
        if (date := page.lines[at].date) and date.parts and None not in date.parts
    ]
    falling = sum(one >= other for one, other in pairwise(dates))
    rising = sum(one <= other for one, other in pairwise(dates))
    if len(dates) > _FEW + 1 and max(falling, rising) < (1 - _SOME) * (len(dates) - 1):
        return "dates in no order"
    beside = [_NOT_A_NAME.sub("", _rest(page.lines[at])) for at in candidate.anchors]
    if rising > falling and all(beside) and len(set(beside)) < len(beside):
        return "a conversation: the same names beside rising dates"
    return ""


_NOT_A_NAME = re.compile(r"[\d\W]+")


def _rest(line: SeenLine) -> str:
    """What stands beside the date of a line."""
    return line.text if line.date is None else line.text[: line.date.start] + line.text[line.date.end :]
