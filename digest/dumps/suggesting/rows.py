"""Lines that recur once in each entry, and how such lines are drawn together."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from digest.dumps.suggesting.words import AT, BY, IN, count_name, is_more

if TYPE_CHECKING:
    from digest.dumps.suggesting.seen import Page, Piece, SeenLine

_LEAST = 2  # segments in which a row stands
_LEAST_FIXED = 3  # of one without numbers: a title may stand in a sidebar again
_SHARE = 0.4  # of the segments
_LONGEST_ROW = 100  # columns
_NORMAL = {"date": "\x01", "time": "\x02", "number": "\x03"}


def keys(line: SeenLine) -> list[Hashable]:
    """The properties by which lines may be rows of one kind, the narrowest first."""
    if not line.key or (line.width > _LONGEST_ROW and not line.date):
        return []
    parts = [_NORMAL.get(piece.kind, piece.text) for piece in line.pieces if piece.kind != "space"]
    found: list[Hashable] = ["more"] if is_more(line.text) else [line.key]
    if len(parts) > 1 and not line.is_paragraph and _is_label(line):
        found.append((parts[0], parts[1]))
    return found


def _is_label(line: SeenLine) -> bool:
    """Whether a line begins as those below an entry do: `Labels:`, `Posted by`, `3 comments`."""
    words = [piece for piece in line.pieces if piece.kind != "space"]
    first, second = words[0], words[1]
    if first.kind == "number":
        return bool(count_name("", second.text))
    if second.text in {":", "："}:
        return first.kind == "word" and len(line.text) <= _LONGEST_LABELLED
    both = f"{first.text} {second.text}"
    return any(words.fullmatch(one) for words in (BY, IN) for one in (first.text, both))


_LONGEST_LABELLED = 80
_A_NUMBER = "\x03"


def rows_between(page: Page, anchors: Sequence[int]) -> dict[int, Hashable]:
    """The lines that stand once in many of the segments that the anchors divide, each with its kind."""
    marked = set(anchors)
    segments: dict[Hashable, Counter[int]] = defaultdict(Counter)
    places: dict[Hashable, list[int]] = defaultdict(list)
    numbers: Counter[int] = Counter()
    segment = 0
    foot = page.foot(anchors[-1])
    for line in page.lines[:foot]:
        if line.index in marked:
            segment += 1
            continue
        for key in keys(line):
            if key == _A_NUMBER:
                key = (key, numbers[segment])  # noqa: PLW2901 - which of the numbers behind a date it is
                numbers[segment] += 1
            segments[key][segment] += 1
            places[key].append(line.index)
    found: dict[int, Hashable] = {}
    for key, counted in segments.items():
        once = [one for one, times in counted.items() if times == 1]
        fixed = isinstance(key, str) and key != "more" and not set(key) & {*_NORMAL.values()}
        least = max(_LEAST_FIXED if fixed else _LEAST, round(_SHARE * len(anchors)))
        if len(once) < least or sum(counted.values()) - len(once) > len(once):
            continue
        if not _is_series([page.lines[place] for place in places[key]]):
            for place in places[key]:
                found.setdefault(place, key)
    return found


def _is_series(lines: Sequence[SeenLine]) -> bool:
    """Whether lines count up or down in words that are no known count: `Episode 12`, `Episode 11`, which are titles."""
    numbers = []
    for line in lines:
        parts = [piece for piece in line.pieces if piece.kind != "space"]
        own = [piece for piece in parts if piece.kind == "number" and piece.text.isdecimal()]
        words = [piece.text for piece in parts if piece.kind == "word" and any(map(str.isalpha, piece.text))]
        if len(own) != 1 or not words or line.date is not None or any(count_name(word, word) for word in words):
            return False
        numbers.append(int(own[0].text))
    steps = [one - other for one, other in pairwise(numbers)]
    return bool(steps) and (
        all(0 < step <= _LONGEST_STEP for step in steps) or all(-_LONGEST_STEP <= step < 0 for step in steps)
    )


_LONGEST_STEP = 4  # from one number of a series to the next on a page


def escaped(text: str, *, first: bool = False) -> str:
    """Fixed text as a drawing has it."""
    written = re.sub(r"([\\\[\]{}])", r"\\\1", text)
    return "\\" + written if first and written.startswith("?") else written


def drawn(lines: Sequence[SeenLine], names: set[str], slots: Mapping[str, str] | None = None) -> str:
    """One line of a drawing that fits all these lines; `names` are those of counts that are taken.

    `slots`: which field takes what differs `before` and `behind` the date, or in the `middle` of a line without one.
    """
    slots = slots or {}
    sides = [_sides(line) for line in lines]
    if all(behind is not None for _, _, behind in sides):
        before = _drawn([one for one, _, _ in sides], names, slots.get("before", "{_}"))
        behind = _drawn([one or () for _, _, one in sides], names, slots.get("behind", "{_}"))
        made = f"{before}{{date}}{behind}"
    else:
        made = _drawn([line.pieces for line in lines], names, slots.get("middle", "{_}"))
    made = re.sub(r"\s+", " ", made).strip()
    return "\\" + made if made.startswith("?") else made


def _sides(line: SeenLine) -> tuple[Sequence[Piece], Piece | None, Sequence[Piece] | None]:
    for at, piece in enumerate(line.pieces):
        if piece.kind == "date":
            return line.pieces[:at], piece, line.pieces[at + 1 :]
    return line.pieces, None, None


def _drawn(several: Sequence[Sequence[Piece]], names: set[str], slot: str) -> str:
    if not any(several):
        return ""
    front = _common(several)
    rest = [pieces[front:] for pieces in several]
    back = _common([list(reversed(pieces)) for pieces in rest])
    made = _fields([pieces[:front] for pieces in several], names)
    if any(len(pieces) > back for pieces in rest):
        back = _up_to_mark(rest[0][len(rest[0]) - back :])
    middles = [pieces[: len(pieces) - back] for pieces in rest]
    ends = [pieces[len(pieces) - back :] for pieces in rest]
    if any(middles):
        made += _middle(middles, slot, made)
    return made + _fields(ends, names)


def _common(several: Sequence[Sequence[Piece]]) -> int:
    """How many pieces at the front are of one kind, words the same."""
    count = 0
    for together in zip(*several, strict=False):
        first = together[0]
        if any(one.kind != first.kind for one in together):
            break
        if first.kind in {"word", "date"} and any(one.text != first.text for one in together):
            break
        count += 1
    return count


def _up_to_mark(end: Sequence[Piece]) -> int:
    """How many of these pieces stand behind the first mark: words before it belong to the name in front of them."""
    for at, piece in enumerate(end):
        if piece.kind not in {"word", "space"} or (not any(map(str.isalpha, piece.text)) and piece.kind == "word"):
            return len(end) - at + (at > 0 and end[at - 1].kind == "space")
        if piece.kind == "word" and any(words.fullmatch(piece.text) for words in (BY, IN, AT)):
            return len(end) - at + (at > 0 and end[at - 1].kind == "space")
    return 0


def _fields(several: Sequence[Sequence[Piece]], names: set[str]) -> str:
    """Pieces that are the same in all lines, as fixed text and fields."""
    made = ""
    columns = list(zip(*several, strict=True))
    for at, together in enumerate(columns):
        first = together[0]
        same = all(one.text == first.text for one in together)
        if first.kind == "space":
            made += " "
        elif first.kind == "time":
            made += "{time}"
        elif first.kind == "word" or (same and len(several) > _FEW and len(columns) > 1):
            made += escaped(first.text)
        else:
            made += _count(several[0], at, names)
    return made


_FEW = 2  # lines that may have the same number by chance


_LEADS = {"(", "（", ":", "："}  # before a number that the word in front of them names


def _count(pieces: Sequence[Piece], at: int, names: set[str]) -> str:
    words = [piece.text for piece in pieces[at + 1 :] if piece.kind == "word" and any(map(str.isalpha, piece.text))]
    before = [piece.text for piece in pieces[:at] if piece.kind == "word" and any(map(str.isalpha, piece.text))]
    near = next((piece.text for piece in reversed(pieces[:at]) if piece.kind != "space"), "")
    behind = "" if near in _LEADS else words[0] if words else ""
    name = count_name(before[-1] if before else "", behind)
    if not name and (words or before):
        return "{_}"
    name, number = name or "count", 1
    while (own := name if number == 1 else f"{name}{number}") in names:
        number += 1
    names.add(own)
    return f"{{{own}:n}}"


def _middle(middles: Sequence[Sequence[Piece]], slot: str, before: str) -> str:
    """The part that differs, as a field; in brackets if some lines lack it."""
    texts = ["".join(piece.text for piece in pieces) for pieces in middles]
    filled = [text for text in texts if text.strip()]
    if not filled:
        return " " if all(texts) else ""
    lead = " " if all(text[:1].isspace() for text in filled) else ""
    trail = " " if all(text[-1:].isspace() for text in filled) else ""
    if slot == "{_}" and (words := re.findall(r"[^\W\d_]+[:：]?", before)) and BY.fullmatch(words[-1]):
        slot = "{author}"
    field = f"{lead}{slot}{trail}"
    return field if len(filled) == len(texts) else f"[{field}]"
