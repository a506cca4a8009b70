"""Weighs the evidence for a candidate: what its titles look like, and what stands around them.

Rules out texts that are not listings: logs, tables, code, mails, changelogs, articles with dates in them.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import mean

from digest.dumps.suggesting.candidate import Candidate, Order, title_text
from digest.dumps.suggesting.seen import Page, SeenLine, width
from digest.dumps.suggesting.words import is_end, is_more, is_reply

_HALF, _SOME, _FORBIDDEN_SHARES = 0.5, 0.35, 0.8
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
    if len(set(texts)) < (_HALF if candidate.marked else _FORBIDDEN_SHARES) * len(texts):
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
    if sum(is_reply(line.text) for line in page.lines) >= _FORBIDDEN_SHARES * count:
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


_NEARLY_ALL = 0.8
_ABOVE = 6.0  # points for a line over each title that may be the title itself
_OVER = 2.0  # for headings with dates over the entries
_SHOWN = 6.0  # for what another crawl shows
_SKIPPED = 2.5  # for a line that is passed over in each entry
_RANK = re.compile(r"\d+\. ")
_BULLET = re.compile(r"[-*+•‣◦]\s|\d+[.)]\s")


@dataclass(frozen=True, slots=True)
class Evidence:
    """How much speaks for a candidate, and whether something forbids it.

    `firm` is the part of it that tells how titles and dates belong together: all but what titles look like.
    """

    points: float
    firm: float
    forbidden: str = ""


def evidence(page: Page, candidate: Candidate, boundaries: Sequence[int] = ()) -> Evidence:
    """The evidence for a candidate. Another crawl of the page shows that entries begin at the lines `boundaries`."""
    titles = [page.lines[at] for at in candidate.titles]
    if reason := forbidden(page, candidate):
        return Evidence(-100, -100, reason)
    firm = _surroundings(page, candidate) + _edges(page, candidate)
    firm += _blanks(page, candidate) + _ends_before(page, candidate)
    if boundaries:
        begun = {*candidate.heads, *candidate.headings}
        firm += _SHOWN * (2 * mean(at in begun for at in boundaries) - 1)
    points = _looks(candidate, titles) + firm + _OVER * bool(candidate.headings)
    points -= _ABOVE * len(rivals(page, candidate)) / len(candidate.titles)
    points -= _SKIPPED * bool(candidate.passed)
    return Evidence(points, firm)


def rivals(page: Page, candidate: Candidate) -> list[int]:
    """Lines directly above a title that may be the title instead: nothing separates the two, and they are not text."""
    if candidate.order not in {Order.TITLE_FIRST, Order.UNDATED_BELOW}:
        return []
    rows, anchors = candidate.rows or {}, {*candidate.anchors, *candidate.headings}
    apart = mean(page.lines[at].blanks for at in candidate.titles[1:]) > _APART
    found = []
    for at in candidate.titles:
        above = page.lines[at - 1] if at else None
        if above is None or at - 1 in rows or at - 1 in anchors or not above.may_be_title or page.lines[at].blanks:
            continue
        if apart or above.width > _MARK:
            found.append(at - 1)
    return found


_MARK = 3  # columns of a line that is no title
_APART = 0.5  # blank lines over titles, on average, where they part entries


def _looks(candidate: Candidate, titles: Sequence[SeenLine]) -> float:
    """Whether the titles look like titles."""
    if candidate.untitled or candidate.marked:
        return 6
    if candidate.order is Order.UNDATED_BELOW and all(_RANK.match(line.text) for line in titles):
        return 10
    if candidate.order is Order.ONE_LINE:
        texts = [title_text(candidate, line) for line in titles]
        words = mean(len(text) for text in texts)
        heads = candidate.heads
        close = mean(other - one <= _CLOSE for one, other in pairwise(heads)) > _NEARLY_ALL
        at_edge = all(
            line.date is not None and not any(map(str.isalnum, line.text[: line.date.start])) for line in titles
        )
        return (6 if words > _GOOD_TITLE else 3) + 3 * (close and at_edge)
    good = mean(line.may_be_title for line in titles)
    bullets = mean(_BULLET.match(line.text) is not None for line in titles)
    short = mean(min(line.width, _GOOD_TITLE) / _GOOD_TITLE for line in titles)
    points = 6 * good - 4 * (1 - good) + 2 * short
    return points - (3 * bullets if bullets > _APART else 0)


_GOOD_TITLE = 14
_CLOSE = 2  # lines from one date to the next


def _surroundings(page: Page, candidate: Candidate) -> float:
    """What stands behind the head of each entry: text, and not a line that looks like a title."""
    rows = candidate.rows or {}
    anchors, over = set(candidate.anchors), set(candidate.headings)
    heads = set(candidate.heads)
    good = bad = none = 0
    for title, anchor in zip(candidate.titles, candidate.anchors, strict=True):
        last = title if candidate.order in {Order.DATE_LAST, Order.HEADINGS, Order.UNDATED} else max(title, anchor)
        at = last + 1
        while at < len(page.lines) and at in rows:
            at += 1
        if at >= len(page.lines) or at in heads or at in anchors or at in over:
            none += 1
        elif page.lines[at].is_paragraph:
            good += 1
        elif is_end(page.lines[at].text) or any(line.is_paragraph for line in page.lines[at + 1 : at + 2]):
            none += 1
        else:
            bad += 1
    count = len(candidate.titles)
    if candidate.marked or candidate.untitled:
        bad = 0
    return 5 * good / count - 5 * bad / count


def _edges(page: Page, candidate: Candidate) -> float:
    """Whether the first entry and the last one are whole, and nothing is left over at either end."""
    lines, rows = page.lines, candidate.rows or {}
    points = 0.0
    first = candidate.heads[0]
    if first:
        above = lines[first - 1]
        points += first - 1 in candidate.headings
        points += -3 if above.is_paragraph and first - 1 not in rows else 1
    else:
        points += 2  # the page begins with it
    last = max(candidate.titles[-1], candidate.anchors[-1])
    rest = [line for line in lines[last + 1 :] if line.index not in rows]
    foot = next((at for at, line in enumerate(rest) if is_end(line.text)), len(rest))
    rest = rest[:foot]
    paragraphs = any(line.is_paragraph for line in rest[:3])
    if candidate.order is Order.DATE_LAST:
        points += -4 if paragraphs else 2
    elif candidate.order in {Order.DATE_FIRST, Order.TITLE_FIRST}:
        has_text = mean(
            any(line.is_paragraph for line in lines[max(title, anchor) + 1 : head])
            for title, anchor, head in zip(candidate.titles, candidate.anchors, candidate.heads[1:], strict=False)
        )
        if has_text > _NEARLY_ALL:
            points += 2 if paragraphs else -4
    if is_end(title_text(candidate, lines[candidate.titles[-1]])) or is_end(
        title_text(candidate, lines[candidate.titles[0]])
    ):
        points -= 4
    return points


_SLIGHT = 0.25  # blank lines, on average


def _blanks(page: Page, candidate: Candidate) -> float:
    """Whether entries stand further apart than their own lines do."""
    if candidate.order in {Order.ONE_LINE, Order.HEADINGS, Order.UNDATED_BELOW} or candidate.untitled:
        return 0
    between = [page.lines[at].blanks for at in candidate.heads[1:]]
    inside = []
    for title, anchor in zip(candidate.titles, candidate.anchors, strict=True):
        one, other = sorted((title, anchor))
        if candidate.order in {Order.DATE_LAST, Order.UNDATED}:
            inside.append(page.lines[other].blanks)
            if one + 1 < other:
                inside.append(page.lines[one + 1].blanks)
        else:
            inside += [page.lines[at].blanks for at in range(one + 1, other + 1)]
    if not between or not inside:
        return 0
    apart, within = mean(between), mean(inside)
    if abs(apart - within) < _SLIGHT:
        return 0
    return 4 if apart > within else -4


def _ends_before(page: Page, candidate: Candidate) -> float:
    """Whether a link to the whole entry stands directly before the next, or in the midst of one."""
    mores = [line.index for line in page.lines if is_more(line.text)]
    if len(mores) < 0.5 * len(candidate.titles):
        return 0
    heads = set(candidate.heads)
    rows = candidate.rows or {}
    over = set(candidate.headings)
    good = bad = 0
    for at in mores:
        behind = at + 1
        while behind < len(page.lines) and (behind in rows or behind in over) and behind not in heads:
            behind += 1
        if behind in heads or behind >= len(page.lines) or is_end(page.lines[behind].text):
            good += 1
        else:
            bad += 1
    return 4 * (good - bad) / len(mores)
