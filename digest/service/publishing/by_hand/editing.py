"""Edits of title, author and date by an operator: they hold until the pages say something else."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from digest.changes import by_hand, dates
from digest.changes.text import folded_title
from digest.changes.values import Cause, Printed
from digest.errors import ConfigurationError
from digest.model import Content, DateKind, EntryDate
from digest.records.publishing import Act, ActKind, Handled
from digest.service.publishing.by_hand.acts import HandError, Outcome, record, require_own
from digest.service.publishing.feeds import enlist
from digest.typeset.dates import format_day

if TYPE_CHECKING:
    from digest.settings import Settings
    from digest.store.transaction import Transaction

FIELDS = ("title", "author", "date")
_LONGEST = 500  # characters of a title or an author
_EARLIEST = 1900  # as of printed dates
_DAY = re.compile(r"(?:(\d{4})-)?(\d{1,2})-(\d{1,2})")
_PART = re.compile(r"(\d{4})(?:-(\d{1,2}))?")


@dataclass(frozen=True, slots=True)
class Words:
    """An operator's values; a field is None if it is not edited. `lift`: fields that return to the pages' values."""

    title: str | None = None
    author: tuple[str | None] | None = None
    date: tuple[EntryDate | None] | None = None
    lift: tuple[str, ...] = ()


def read_line(text: str, what: str) -> str:
    """A title or an author that is valid in feeds, mails and pages.

    Raises:
        ConfigurationError: it is empty, too long, or contains invisible characters.
    """
    line = " ".join(text.split())
    if not line or len(line) > _LONGEST:
        raise ConfigurationError(
            f"the {what} is {'empty' if not line else 'too long'}", remedy=f"1 to {_LONGEST} letters"
        )
    wrong = next((letter for letter in line if unicodedata.category(letter) in {"Cc", "Cs", "Cn"}), None)
    if wrong:
        raise ConfigurationError(
            f"the {what} contains U+{ord(wrong):04X}, which cannot be displayed", remedy="leave it out"
        )
    return line


def read_day(text: str, now: datetime) -> EntryDate:
    """A day from `2021-03-04`, or from `03-04` if the year is unknown; or only a month `2021-03` or a year `2021`.

    Raises:
        ConfigurationError: it is none, or lies in the future.
    """
    found, part_of_one = _DAY.fullmatch(text.strip()), _PART.fullmatch(text.strip())
    try:
        if part_of_one:
            year, month = (int(part) if part else None for part in part_of_one.groups())
            return _known_part(text, date(year or 0, month or 1, 1), month, now)
        year, month, day = (int(part) if part else None for part in found.groups()) if found else (None, 0, 0)
        full = date(2000 if year is None else year, month or 0, day or 0)
    except ValueError:
        raise ConfigurationError(
            f"{text!r} is no day on the calendar", remedy="write it as 2021-03-04, 03-04, 2021-03 or 2021"
        ) from None
    if year is None:
        return EntryDate(full.month, full.day, None, DateKind.PARTIAL)
    _require_past(text, full, now)
    return EntryDate(full.month, full.day, full.year, DateKind.EXACT)


def _known_part(text: str, first: date, month: int | None, now: datetime) -> EntryDate:
    """A month or a year; `first` is its first day."""
    _require_past(text, first, now)
    return EntryDate(month, None, first.year, DateKind.PARTIAL)


def _require_past(text: str, day: date, now: datetime) -> None:
    if day.year < _EARLIEST or day > (now + timedelta(days=2)).date():
        raise ConfigurationError(
            f"{text} lies in the future, or before {_EARLIEST}", remedy="give the day of the article"
        )


def edit(
    tx: Transaction, settings: Settings, entry: str, words: Words, now: datetime, *, silent: bool = False
) -> Outcome:
    """Edit title, author or date of an entry; the next editions announce another title or day as a correction.

    Raises:
        UnknownError: there is no such entry, or it has these values already.
    """
    found = require_own(tx, entry)
    before = _fields(found)
    changed = _revise(tx, found, words, now, silent=silent)
    if not changed:
        raise HandError(entry, "has these values already", remedy="nothing to do")
    after = _fields(require_own(tx, entry))
    moved = [name for name in FIELDS if before[name] != after[name]]
    told = {name: after[name] for name in moved}
    record(
        tx,
        ActKind.EDIT,
        now,
        entry=found.entry.id,
        before={name: before[name] for name in moved},
        after=told | {"silent": silent},
    )
    enlist(tx, settings, [found.entry.id])
    sentences = tuple(
        f"{name}: {format_value(name, before[name]['value'])} → {format_value(name, after[name]['value'])}"
        + ("" if after[name]["covers"] else " (what the pages say)")
        for name in moved
    )
    return Outcome(ActKind.EDIT, found.entry.id, sentences, {"before": {n: before[n] for n in moved}, "after": told})


def undo(tx: Transaction, settings: Settings, act: Act, now: datetime) -> tuple[str, ...]:
    """Undo an edit, in the fields that still have its values; returns sentences.

    Raises:
        UnknownError: the pages, or another edit, have changed all of them since.
    """
    found = require_own(tx, act.entry or "")
    here = _fields(found)
    own = [name for name in FIELDS if name in act.before and here[name] == act.after[name]]
    if not own:
        raise HandError(found.entry.id, "was changed again since that edit", remedy="edit it again")
    back = {name: act.before[name]["value"] for name in own if act.before[name]["covers"]}
    words = Words(
        back.get("title"),
        (back["author"],) if "author" in back else None,
        (day_of(back["date"]),) if "date" in back else None,
        lift=tuple(name for name in own if name not in back),
    )
    _revise(tx, found, words, now, silent=bool(act.after.get("silent")))
    enlist(tx, settings, [found.entry.id])
    return tuple(f"{name}: {format_value(name, act.before[name]['value'])} again" for name in own)


def _revise(tx: Transaction, found: Handled, words: Words, now: datetime, *, silent: bool) -> bool:
    """Store the published values of now; False if nothing differs."""
    content, day = found.entry.content, found.entry.date
    shown, shown_day = by_hand.as_printed(content, day, found.printed)
    printed = found.printed
    if words.title is not None or "title" in words.lift:
        title = shown.title if words.title is None else words.title
        content = replace(content, title=title)
        printed = replace(printed, title=None if title == shown.title else shown.title)
    if words.author is not None or "author" in words.lift:
        author = shown.author if words.author is None else words.author[0]
        content = replace(content, author=author)
        printed = replace(printed, author=None if author == shown.author else (shown.author,))
    if words.date is not None or "date" in words.lift:
        day = shown_day if words.date is None else words.date[0]
        printed = replace(printed, date=None if day == shown_day else (shown_day,))
    if (content, day, printed) == (found.entry.content, found.entry.date, found.printed):
        return False
    revise(tx, found, (content, day), printed, now, silent=silent)
    return True


def revise(
    tx: Transaction,
    found: Handled,
    after: tuple[Content, EntryDate | None],
    printed: Printed,
    now: datetime,
    *,
    silent: bool = False,
) -> None:
    """Store an operator's revision; it is announced as a correction if visitors see it, unless `silent` is set."""
    heard = not silent and is_seen((found.entry.content, found.entry.date), after)
    tx.by_hand.revise(found.entry.id, after, printed, Cause.EDITED if heard else Cause.EDITED_SILENTLY, now)


def is_seen(before: tuple[Content, EntryDate | None], after: tuple[Content, EntryDate | None]) -> bool:
    """Whether readers see a correction: another title or text, another day, a first day.

    Another author is not announced as a correction, and a removed day cannot be.
    """
    (old, was), (new, now) = before, after
    if folded_title(old.title) != folded_title(new.title):
        return True
    if (old.paragraphs, old.figures) != (new.paragraphs, new.figures):
        return True
    return dates.redates(was, now) or (was is None and now is not None)


def _fields(found: Handled) -> dict[str, dict[str, Any]]:
    """Each field as it is published, and whether an operator set it."""
    date = found.entry.date
    values = {
        "title": found.entry.content.title,
        "author": found.entry.content.author,
        "date": [str(date.kind), date.month, date.day, date.year] if date else None,
    }
    return {name: {"value": values[name], "covers": name in found.printed.fields} for name in FIELDS}


def day_of(stored: Sequence[Any] | None) -> EntryDate | None:
    """A date as an act stores it."""
    return EntryDate(stored[1], stored[2], stored[3], DateKind(stored[0])) if stored else None


def format_value(name: str, value: Any) -> str:  # noqa: ANN401 - as JSON holds it
    """A field of an act, for a person."""
    if name == "date":
        return format_day(day_of(value), "en") or "no date"
    return str(value) if value else f"no {name}"


def covered(printed: Printed) -> Mapping[str, str]:
    """The pages' values of the fields that an operator edited, for a person."""
    if printed == by_hand.NOTHING:
        return {}
    values: dict[str, str] = {}
    if printed.title is not None:
        values["title"] = printed.title or "no title"
    if printed.author is not None:
        values["author"] = printed.author[0] or "no author"
    if printed.date is not None:
        values["date"] = format_day(printed.date[0], "en") or "no date"
    return values
