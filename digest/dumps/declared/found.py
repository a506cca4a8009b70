"""What a layout found on a page, before it becomes a sighting, and how the look for an entry ended."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from digest.dumps.declared.dates import Order, united_parts
from digest.dumps.declared.drawing import Field, FieldKind
from digest.dumps.declared.lines import Line
from digest.dumps.declared.rows import Values
from digest.dumps.layouts import dateblock
from digest.model import PrintedDate

_SEVERAL = re.compile(r"\s*[,，、;；]\s*|\s+[|｜·•]\s+")
_WIDE = re.compile("[\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]")


@dataclass(frozen=True, slots=True)
class Found:
    """An entry. `first` and `last` are the numbers of its lines, from 1.

    `title` is empty where the page prints none. `date` is as far as it is printed, by the entry and the headings over
    it. `tags` are in page order, each once. `complete` is false for one that the end of the file may have cut, and for
    one without its end.
    """

    layout: str
    first: int
    last: int
    page: int
    title: str
    author: str | None
    date: PrintedDate | None
    link: str | None
    tags: tuple[str, ...]
    counts: dict[str, int]
    fields: dict[str, str]
    paragraphs: tuple[str, ...]
    figures: tuple[str, ...]
    complete: bool


class Written(NamedTuple):
    """A line of a text, or what stands of it beside other fields. `gap`: a blank line stands before it."""

    text: str
    gap: bool


@dataclass(slots=True)
class Gathered:
    """The values of the lines of an entry that fit so far; a copy goes each way that may be taken."""

    texts: dict[str, str] = field(default_factory=dict)  # title, author, link and fields
    tags: tuple[str, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)
    date: PrintedDate | None = None
    dated: bool = False
    ambiguous: bool = False
    shows: Order | None = None
    body: tuple[Written, ...] = ()
    past_head: bool = False  # whether all up to the first text was there

    def with_values(self, values: Values) -> Gathered | None:
        """These and the values of a further line; None where a field that stands twice differs."""
        made = Gathered(
            dict(self.texts), self.tags, dict(self.counts), self.date, self.dated, self.ambiguous,
            self.shows, self.body, self.past_head,
        )  # fmt: skip
        texts = all(made.take(one, text) for one, text in values.texts)
        if not texts or any(made.counts.setdefault(name, number) != number for name, number in values.counts):
            return None
        if values.dated:
            joined = united_parts(made.date, values.date)
            if made.date is not None and values.date is not None and joined is None:
                return None
            made.date, made.dated = joined, True
            made.ambiguous, made.shows = made.ambiguous or values.ambiguous, made.shows or values.shows
        return made

    def take(self, one: Field, text: str) -> bool:
        """Add what a field holds; whether that is not other than what it held before."""
        if one.kind in {FieldKind.ANYTHING, FieldKind.TEXT}:
            return True
        if one.kind is FieldKind.TAG:
            self.tags += tuple(tag for tag in tags_of(text) if tag not in self.tags)
            return True
        name = one.name
        if one.kind is FieldKind.WORD:
            name = f":{name}"
            self.tags += (text,) if text not in self.tags else ()
        before = self.texts.setdefault(name, text)
        return before == text or before.split() == text.split()

    def with_body(self, body: Sequence[Written]) -> Gathered:
        """These with more lines of text."""
        return self.replaced((*self.body, *body))

    def replaced(self, body: tuple[Written, ...]) -> Gathered:
        """These with another text."""
        return Gathered(
            self.texts, self.tags, self.counts, self.date, self.dated, self.ambiguous, self.shows, body, self.past_head
        )


def tags_of(text: str) -> tuple[str, ...]:
    """The tags that a text lists: `a, b`, `甲、乙`, `#a #b`."""
    words = text.split()
    parts = words if len(words) > 1 and all(word.startswith("#") for word in words) else _SEVERAL.split(text)
    return tuple(dict.fromkeys(part.lstrip("#").strip() or part for part in parts if part.strip()))


def paragraphs(title: str, body: Sequence[Written], how: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The paragraphs of lines, and the captions of figures among them; `how` as in a Declaration.

    Where blank lines divide them, a figure leaves its caption twice, as in the `dateblock` layout.
    """
    lines = [line for line in body if line.text]
    if how == "lines":
        return tuple(line.text for line in lines), ()
    divided = any(line.gap for line in lines[1:])
    blocks: list[list[str]] = []
    for line in lines:
        if not blocks or line.gap or not (divided or how):
            blocks.append([])
        blocks[-1].append(line.text)
    if how == "wrapped":
        return tuple(map(unwrapped, blocks)), ()
    found = tuple(map("\n".join, blocks))
    return dateblock.body(title, found) if divided else (found, ())


def unwrapped(lines: Sequence[str]) -> str:
    """Lines as one, with a space between words and none between Chinese or Japanese characters."""
    text = lines[0]
    for line in lines[1:]:
        joint = "" if _WIDE.match(text[-1]) and _WIDE.match(line[0]) else " "
        text += joint + line
    return text


class Ending(Enum):
    """How the look at an entry ended.

    `DONE`: all that is drawn was there. `OPEN`: its last text goes on to the end of the file. `BROKEN`: something else
    begins before all was there. `PENDING`: the file ends before that. `NONE`: it is no entry.
    """

    DONE = "done"
    OPEN = "open"
    BROKEN = "broken"
    PENDING = "pending"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was found. `end` is the place behind it; `sure` is false where title or date may be yet to come.

    `glued` is what takes the place of the line at `end`: the rest of it, where the next entry's title is glued to the
    label of an empty text.
    """

    ending: Ending
    end: int = 0
    got: Gathered | None = None
    sure: bool = True
    glued: Line | None = None

    @property
    def whole(self) -> bool:
        return self.ending in {Ending.DONE, Ending.OPEN}


def same_evidence(one: Outcome, other: Outcome) -> bool:
    """Whether two ways to read an entry agree on title and date."""
    first, second = one.got, other.got
    return (
        first is not None
        and second is not None
        and first.texts.get("title") == second.texts.get("title")
        and (first.dated, first.date) == (second.dated, second.date)
    )
