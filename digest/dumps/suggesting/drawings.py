"""Turns a candidate into a layout: draws its lines, and lets the engine of declared layouts read the page with it."""

from __future__ import annotations

import contextlib
import re
from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from statistics import mean
from typing import TYPE_CHECKING

from digest.dumps.declared import Layout, LayoutError, Read, compiled, read_text
from digest.dumps.suggesting.candidate import Candidate, Order
from digest.dumps.suggesting.rows import drawn, escaped

if TYPE_CHECKING:
    from digest.dumps.suggesting.seen import Page, SeenLine

_OPTIONAL = 0.35  # share of entries in which a line stands that is drawn
_KINDS = 3
_LONGEST_KIND = 6
_TITLE, _ANCHOR, _AGAIN = "\x00title", "\x00anchor", "\x00again"
Table = dict[str, object]


@dataclass(frozen=True, eq=False)
class Drawn:
    """A candidate with the layout that reads it. `missed` are titles that the layout does not read as such."""

    candidate: Candidate
    table: Table
    layout: Layout
    read: Read
    missed: tuple[int, ...]
    invented: tuple[int, ...]  # lines of entries that the candidate does not have


def drawing_of(page: Page, candidate: Candidate) -> Drawn | None:
    """The first layout that reads all entries of a candidate, else the one that misses fewest; None without one."""
    best: Drawn | None = None
    for table in _tables(page, candidate):
        with contextlib.suppress(LayoutError):
            layout = compiled([table], "suggested")[0]
            made = _compared(page, candidate, table, layout, read_text([layout], page.text))
            if not made.missed and not made.invented:
                return _with_author_before(page, made)
            if best is None or len(made.missed) + len(made.invented) < len(best.missed) + len(best.invented):
                best = made
    return best


def _with_author_before(page: Page, made: Drawn) -> Drawn:
    """The same with the author drawn before the title, where each title begins with the author of its entry."""
    marks = set()
    for found in made.read.entries:
        if not found.author or not found.title.startswith(found.author):
            return made
        mark = _AUTHOR_ENDS.match(found.title, len(found.author))
        marks.add(mark[0].strip() if mark else "")
    if len(marks) != 1 or "" in marks:
        return made
    entry = str(made.table["entry"]).replace("{title}", f"{{author}}{_spaced(marks.pop())}{{title}}", 1)
    table = {**made.table, "entry": entry}
    layout = compiled([table], "suggested")[0]
    again = _compared(page, made.candidate, table, layout, read_text([layout], page.text))
    return made if again.missed or again.invented else again


_AUTHOR_ENDS = re.compile(r"\s*[:：—–»|·-]\s+(?=\S)")


def _spaced(mark: str) -> str:
    return f"{mark} " if mark in ":：" else f" {mark} "


def _compared(page: Page, candidate: Candidate, table: Table, layout: Layout, read: Read) -> Drawn:
    by_line = {number: found for found in read.entries for number in range(found.first, found.last + 1)}
    met: set[int] = set()
    missed = []
    for title, anchor in zip(candidate.titles, candidate.anchors, strict=True):
        line, date = page.lines[title], page.lines[anchor].date
        found = by_line.get(line.number)
        is_it = found is not None and found.title in line.text and bool(found.title) != candidate.untitled
        if found is None or not is_it or found.first in met:
            missed.append(title)
            continue
        met.add(found.first)
        if date and date.parts and found.date and found.date.day != date.parts.day:
            missed.append(title)
    invented = [found.first for found in read.entries if found.first not in met]
    return Drawn(candidate, table, layout, read, tuple(missed), tuple(invented))


def _tables(page: Page, candidate: Candidate) -> Iterator[Table]:
    """The layouts that may read a candidate, the fullest drawing first."""
    extras = dict(_heading(page, candidate))
    if candidate.untitled and candidate.order is Order.HEADINGS:
        lines = [page.lines[at] for at in candidate.anchors]
        yield {"id": "suggested", "entry": drawn(lines, set(), {"middle": "{text}"}) + "\n", **extras}
        return
    if candidate.order is Order.HEADINGS and candidate.anchors == candidate.titles and not candidate.marked:
        yield {"id": "suggested", "entry": "{title}\n{text}\n", **extras, "short_titles": True}
        return
    ends = _ends(page, candidate)
    begins = _begins(page, candidate)
    for least in (_OPTIONAL, 1.0, 2.0):
        entry = _entry(page, candidate, least)
        if not entry:
            continue
        table: Table = {"id": "suggested", "entry": entry, **extras}
        if ends:
            table["ends"] = ends
        if candidate.order is Order.ONE_LINE:
            yield table
            continue
        yield table
        if begins:
            yield {**table, "begins": begins}


def _heading(page: Page, candidate: Candidate) -> Iterator[tuple[str, object]]:
    if candidate.headings:
        lines = [page.lines[at] for at in candidate.headings]
        made = {drawn([line], set()) if line.date else "{date}" for line in lines}
        yield "heading", made.pop() if len(made) == 1 else sorted(made, key=len)


def _begins(page: Page, candidate: Candidate) -> list[str]:
    """The line before the first entry, where it is one of the page's own."""
    first = candidate.heads[0]
    for at in range(first - 1, -1, -1):
        line = page.lines[at]
        if line.is_paragraph or line.width > _WIDEST_MARK:
            return []
        if line.date is not None and candidate.headings:
            continue
        written = re.sub(r"\d+", "{_}", escaped(line.text, first=True))
        return [] if re.fullmatch(r"(?:\{_\}|\W)*", written) else [written]
    return []


_WIDEST_MARK = 80


def _ends(page: Page, candidate: Candidate) -> list[str]:
    """The first line behind the last entry that stands at the foot of a list."""
    foot = page.foot(max(candidate.anchors[-1], candidate.titles[-1]))
    for line in page.lines[foot : foot + 1]:
        if line.width <= _WIDEST_MARK:
            written = escaped(line.text, first=True)
            if line.text.startswith(("©", "Copyright")):
                written = re.sub(r"\d{4}(?:\s?[-–]\s?\d{4})?", "{_}", written)
            elif not re.fullmatch(r"\d{1,3}", line.text):
                written = re.sub(r"\d+", "{_}", written)
            return [written]
    return []


def _entry(page: Page, candidate: Candidate, least: float) -> str:
    """The drawing of one entry; lines that stand in fewer than the `least` share of the entries are left out."""
    spans = _spans(page, candidate)
    labelled = [_labels(page, candidate, at, span) for at, span in enumerate(spans)]
    by_label: dict[Hashable, list[SeenLine]] = defaultdict(list)
    orders: dict[Hashable, list[float]] = defaultdict(list)
    for labels in labelled:
        for place, (label, line) in enumerate(labels):
            if label is not None and label not in {one for one, _ in labels[:place]}:
                by_label[label].append(line)
                orders[label].append(place / len(labels))
    needed = {_TITLE, _ANCHOR}
    used = [label for label in by_label if label in needed or len(by_label[label]) >= least * len(spans)]
    used.sort(key=lambda label: mean(orders[label]))
    if not _is_ordered(labelled, used):
        used = [
            label
            for label in used
            if label in needed or _is_ordered(labelled, [one for one in used if one in needed or one == label])
        ]
        if not _is_ordered(labelled, used):
            used = [label for label in used if label in needed]
    lines = []
    names: set[str] = set()
    for at, label in enumerate(used):
        lines += _gap(labelled, used, at, candidate.order)
        made = _row(candidate, label, by_label[label], names)
        optional = len(by_label[label]) < len(spans)
        lines.append(f"?{made}" if optional else made)
    lines += _gap(labelled, used, len(used), candidate.order)
    return "\n".join(lines) + "\n"


def _spans(page: Page, candidate: Candidate) -> list[tuple[int, int]]:
    """The first line of each entry and the line after its last one; the last entry ends at the foot of the list."""
    heads = candidate.heads
    over = set(candidate.headings)
    spans = []
    for one, other in zip(heads, (*heads[1:], len(page.lines)), strict=True):
        end = other
        while end - 1 > one and end - 1 in over:
            end -= 1
        spans.append((one, end))
    start, end = spans[-1]
    last = max(candidate.anchors[-1], candidate.titles[-1])
    spans[-1] = (start, max(min(page.foot(last), end), last + 1))
    return spans


def _labels(page: Page, candidate: Candidate, number: int, span: tuple[int, int]) -> list[tuple[Hashable, SeenLine]]:
    title, anchor = candidate.titles[number], candidate.anchors[number]
    rows = candidate.rows or {}
    labels: list[tuple[Hashable, SeenLine]] = []
    for line in page.lines[span[0] : span[1]]:
        label: Hashable = rows.get(line.index)
        if line.index == title and (candidate.marked or title != anchor):
            label = _TITLE
        elif line.index == anchor:
            label = _ANCHOR
        labels.append((label, line))
    return labels


def _is_ordered(labelled: Sequence[Sequence[tuple[Hashable, SeenLine]]], used: Sequence[Hashable]) -> bool:
    """Whether lines stand in this order in all entries but the last, whose foot is not known."""
    for labels in labelled:
        places = [used.index(label) for label, _ in labels if label in used]
        first = list(dict.fromkeys(places))
        if first != sorted(first):
            return False
    return True


def _gap(
    labelled: Sequence[Sequence[tuple[Hashable, SeenLine]]], used: Sequence[Hashable], at: int, order: Order
) -> list[str]:
    """What stands between a drawn line and the one before it, from 0; behind the last, for the number of them."""
    before = set(used[:at])
    behind = set(used[at:])
    counts = []
    for number, labels in enumerate(labelled):
        last = max((place for place, (label, _) in enumerate(labels) if label in before), default=-1)
        nexts = [place for place, (label, _) in enumerate(labels) if label in behind]
        following = min(nexts, default=len(labels))
        if at == len(used) and number == len(labelled) - 1 and len(labelled) > 1:
            continue
        counts.append(following - last - 1)
    if not at or not any(counts):
        return []
    is_between = (
        order in {Order.TITLE_FIRST, Order.DATE_FIRST}
        and at < len(used)
        and {used[at - 1], used[at]} <= {_TITLE, _ANCHOR, _AGAIN}
    )
    if is_between and set(counts) == {0, 1} and used[at] == _ANCHOR:
        return ["?{_}"]
    if is_between and set(counts) == {1}:
        if used[at] == _ANCHOR and not any(labels[_place(labels, _TITLE) + 1][1].is_paragraph for labels in labelled):
            return ["{_}"]
        if used[at] == _TITLE:
            return ["{_}"]
    return ["{text}"]


def _place(labels: Sequence[tuple[Hashable, SeenLine]], label: Hashable) -> int:
    return next(place for place, (one, _) in enumerate(labels) if one == label)


def glued_kinds(titles: Sequence[str]) -> list[str]:
    """The words that are glued to all titles, such as `News` in `NewsA new bridge`; empty if one title has none."""
    found = [_GLUED.match(title) for title in titles]
    kinds = list(dict.fromkeys(one[1] for one in found if one))
    return kinds if all(found) and 1 < len(kinds) <= _MOST_KINDS else []


_GLUED = re.compile('([A-ZÀ-ÞА-Я][a-zß-ÿа-я]{3,})(?=["“„«]?[A-ZÀ-ÞА-Я0-9])')
_MOST_KINDS = 8
_LENGTH = re.compile(r"\S\s+(?:\d+:)?\d+:\d\d$")
_RANK = re.compile(r"\d{1,4}[.)]\s+(?=\S)")
_SITE = re.compile(r"\S \((?:[\w-]+\.)+[a-z]{2,}(?:/\S*)?\)$")


def _row(candidate: Candidate, label: Hashable, lines: Sequence[SeenLine], names: set[str]) -> str:
    if label == _TITLE and candidate.order is not Order.ONE_LINE:
        return title_line(lines)
    if candidate.order is Order.ONE_LINE and label in {_TITLE, _ANCHOR}:
        side = title_side(lines)
        return drawn(lines, names, {side: "{title}"})
    return drawn(lines, names)


def title_line(lines: Sequence[SeenLine]) -> str:
    """The title, with the kind of entry in front of it where each title has one of few."""
    firsts = [line.text.split(maxsplit=1) for line in lines]
    kinds = [parts[0] for parts in firsts if len(parts) > 1]
    several = list(dict.fromkeys(kinds))
    if len(kinds) == len(lines) and len(several) <= min(_KINDS, len(lines) // 2):
        if all(len(kind) <= _LONGEST_KIND and not kind.isascii() and any(map(str.isalpha, kind)) for kind in several):
            return f"{{kind:{'|'.join(several)}}} {{title}}"
        if len(several) == 1 and not any(map(str.isalnum, several[0])):
            return f"{escaped(several[0], first=True)} {{title}}"
    if kinds := glued_kinds([line.text for line in lines]):
        return f"{{kind:{'|'.join(kinds)}}}{{title}}"
    if all(_LENGTH.search(line.text) for line in lines):
        front = "{_}. " if all(_RANK.match(line.text) for line in lines) else ""
        return f"{front}{{title}} {{length}}"
    front = "{_}. " if all(_RANK.match(line.text) for line in lines) and "." in lines[0].text[:5] else ""
    back = "[ ({site})]" if sum(_SITE.search(line.text) is not None for line in lines) * 2 > len(lines) else ""
    return f"{front}{{title}}{back}"


def title_side(lines: Sequence[SeenLine]) -> str:
    """Whether the title stands `before` or `behind` the date in its line."""
    front = mean(len(line.text[: line.date.start]) for line in lines if line.date)
    back = mean(len(line.text[line.date.end :]) for line in lines if line.date)
    return "before" if front > back else "behind"
