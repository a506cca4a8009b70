"""A look at a whole text, for facts that no part of it shows: whether it is a listing, and what ends its entries.

Decision 11.
"""

from collections import Counter
from collections.abc import Iterable

from digest.dumps.cut import Cutter
from digest.dumps.layouts import dateblock
from digest.dumps.layouts.characters import bare
from digest.dumps.marks import Learned
from digest.model import Layout

_AT_LEAST = 2  # entries under which a line recurs
_MOST_LINES = 1000  # lines that are counted: a page has one end mark


def survey(blocks: Iterable[str]) -> Learned:
    """The rules for cutting a text.

    Only the end mark proves the `dateblock` layout: days followed by a title also occur in calendars and among
    comments. Another line can replace the mark if it recurs under entries, looks like a link to the whole article, and
    is the last line of an entry at least once. If a file has neither, a single entry at its beginning is half of a page
    that is being written. Two entries are none, because only the last one of a page can be half.
    """
    cutter = Cutter(Learned())
    under: Counter[str] = Counter()  # lines, and the number of entries under which they occur
    last: set[str] = set()
    behind: list[str] = []  # titles to which the end mark before may be glued
    is_open = False
    entries = 0
    for cut in cutter.cuts(blocks):
        entries += 1
        if is_open and len(behind) < _MOST_LINES:
            behind.append(cut.title)
        is_open = cut.layout is Layout.DATEBLOCK and not cut.complete
        if not is_open:
            continue
        lines = [bare(line) for line in cut.body.split("\n") if line.strip()]
        ends = {line for line in lines if dateblock.reads_as_more(line)}
        if lines and lines[-1] in ends:
            last.add(lines[-1])
        if len(under) < _MOST_LINES:
            under.update(ends)
    under.update(line for title in behind for line in last if title.startswith(line))
    ends_found = tuple(sorted(line for line in last if under[line] >= _AT_LEAST))
    half = entries == 1 and cutter.at_once and not last and not cutter.remarks
    return Learned(
        listing=cutter.known or bool(ends_found) or half,
        ends=ends_found,
        label=_label(cutter.labels),
    )


def _label(labels: dict[str, int]) -> str:
    """The unknown label that all bylines have; a single one may be half of a word."""
    if len(labels) != 1:
        return ""
    ((label, count),) = labels.items()
    return label if count >= _AT_LEAST else ""
