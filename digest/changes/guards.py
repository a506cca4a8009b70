"""Decides whether a reading is too strange to be believed at once, and what ends its hold. Decisions 37 and 38."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from enum import Enum, auto
from typing import TYPE_CHECKING

from digest.changes.values import Added, Cause, ChangeSet, Known, Placing, Revised
from digest.model import DateEvidence, EntryId, PrintedDate
from digest.typeset.characters import UNIFIED

if TYPE_CHECKING:
    from digest.changes.prepared import Prepared

_REWRITTEN, _FEWEST_REWRITTEN = 0.5, 3  # of the entries that stayed, and at least this number
FEWEST_CORRECTED = 5  # entries in a pass; with fewer, an author made the corrections
_OTHER_SCRIPT = 0.4  # a larger difference in the share of Chinese means another language
_ENOUGH = 100  # characters needed to judge the language of a text
_CHINESE = re.compile(f"[{UNIFIED}]")
_LEFT = "entries that it showed are left"
_MOVED = 0.5  # of a page's entries, which are now on a sibling page
_AGREEING = 0.5  # of the lines of a held reading, which the next reading shows again
_CRAWLER = "the crawler seems to have changed"
_LAYOUT = "its layout changed"
_SHAPE = "the page changed shape"
SHAPE_REMEDY = (
    "run `digest layout suggest PATH -o layouts/NAME.toml` and `digest layout try NAME PATH` with its file, "
    "then add NAME to `layouts` of the source"
)
"""What ends the hold of a page that changed its shape."""


class Suspicion(Enum):
    """What is strange about a reading.

    - `DAMAGED`: its text is garbled.
    - `LEFT_OUT`: more beginnings of entries cannot be read than before.
    - `EMPTIED`: it shows far fewer entries.
    - `REPLACED`: hardly any of its entries are left.
    - `FOREIGN`: like `REPLACED`, and the new entries look like those of another site.
    - `REWRITTEN`: half of its entries have another text at once.
    - `CRAWLER`: too many of the source's entries have another text at once.
    - `LAYOUT`: another layout of the source would remove too many entries or change their titles.
    - `SHAPE`: most of its entries stand in a shape that no layout of the source reads.
    """

    DAMAGED = auto()
    LEFT_OUT = auto()
    EMPTIED = auto()
    REPLACED = auto()
    FOREIGN = auto()
    REWRITTEN = auto()
    CRAWLER = auto()
    LAYOUT = auto()
    SHAPE = auto()

    @property
    def ends_by_itself(self) -> bool:
        """Whether good readings that agree with the held one end the hold. Otherwise only a person can end it."""
        return self not in (Suspicion.DAMAGED, Suspicion.FOREIGN, Suspicion.LAYOUT, Suspicion.SHAPE)

    @property
    def is_of_entries(self) -> bool:
        """Whether entries are missing from the page that it showed before."""
        return self in (Suspicion.EMPTIED, Suspicion.REPLACED)

    @property
    def is_of_the_crawler(self) -> bool:
        """Whether the crawler changed, and not the articles. Then no change in the reading is a correction."""
        return self is Suspicion.CRAWLER

    @property
    def is_of_texts(self) -> bool:
        """Whether entries would be corrected. If a pass corrects too many, the crawler has changed."""
        return self in (Suspicion.REWRITTEN, Suspicion.CRAWLER)


@dataclass(frozen=True, slots=True)
class Hold:
    """A held reading and the reason, in one sentence."""

    suspicion: Suspicion
    reason: str


@dataclass(frozen=True, slots=True)
class Signs:
    """Information about a reading besides its change set.

    `damage` and `left_out` are sentences, empty if there is no such problem. `arrived` are known entries that another
    dump of the source shows in this pass and did not show before: they moved to a sibling page. `rolls`: it is a feed,
    and what it no longer shows is what was older.
    """

    damage: str = ""
    left_out: str = ""
    arrived: AbstractSet[EntryId] = frozenset()
    rolls: bool = False


def hold(last: Sequence[Placing], changes: ChangeSet, signs: Signs, *, keep: float, common: float) -> Hold | None:
    """The reason to hold a dump; None if there is none.

    `last` is its last good reading; without one, the dump is held only if its text is damaged. `keep` is the smallest
    acceptable share of that reading's number of entries. If at most the share `common` of its entries is left, that is
    suspicious unless the page is recognized. A page is recognized if it shows known entries, or if half of its old
    entries moved to a sibling page.
    """
    if signs.damage:
        return Hold(Suspicion.DAMAGED, signs.damage)
    if not last:
        return None
    if signs.left_out:
        return Hold(Suspicion.LEFT_OUT, signs.left_out)
    return _other_entries(last, changes, signs, keep=keep, common=common) or _other_texts(last, changes)


def _other_entries(
    last: Sequence[Placing], changes: ChangeSet, signs: Signs, *, keep: float, common: float
) -> Hold | None:
    before, now = {placing.entry for placing in last}, {placing.entry for placing in changes.shown}
    if signs.rolls:
        return None
    if len(now) < len(before) * keep:
        return Hold(Suspicion.EMPTIED, f"it shows {len(now)} entries where it showed {len(before)}")
    left = len(before & now)
    if left <= len(before) * common and not _is_recognised(before, now, changes, signs):
        return Hold(Suspicion.REPLACED, f"{left} of the {len(before)} {_LEFT}")
    return None


def _other_texts(last: Sequence[Placing], changes: ChangeSet) -> Hold | None:
    before = {placing.entry for placing in last}
    left = len(before & {placing.entry for placing in changes.shown})
    rewritten = len(corrected(changes) & before)
    if rewritten >= max(_FEWEST_REWRITTEN, left * _REWRITTEN):
        return Hold(Suspicion.REWRITTEN, f"{rewritten} of the {left} entries that are left have another text at once")
    return None


def foreign(found: Hold, known: Iterable[Known], shown: Sequence[Prepared]) -> Hold:
    """The hold of a page whose entries were all replaced.

    If the page looks foreign, the hold does not end by itself.

    It looks foreign if it is in another script than before, or if it has other authors and older dates. A page that has
    only moved on has newer dates.
    """
    known = list(known)
    before, now = (
        _chinese(entry.content.paragraphs for entry in known),
        _chinese(one.content.paragraphs for one in shown),
    )
    authors = {entry.content.author for entry in known} - {None}, {one.content.author for one in shown} - {None}
    days = [entry.date.full for entry in known if entry.date and entry.date.full]
    here = [one.sighting.date for one in shown if one.sighting.date]
    newest = max((date(day.year, day.month, day.day) for day in here if day.year), default=None)
    older = bool(days) and newest is not None and newest < max(days)
    other_script = before is not None and now is not None and abs(before - now) > _OTHER_SCRIPT
    if other_script or (all(authors) and authors[0].isdisjoint(authors[1]) and older):
        return Hold(Suspicion.FOREIGN, f"{found.reason}, and it looks like another site")
    return found


def _chinese(texts: Iterable[Sequence[str]]) -> float | None:
    """The share of Chinese characters in the texts; None if they are too short."""
    text = "".join(paragraph for paragraphs in texts for paragraph in paragraphs)
    return len(_CHINESE.findall(text)) / len(text) if len(text) >= _ENOUGH else None


def crawler_hold(corrections: int, entries: int) -> Hold:
    """The hold for every dump with a correction, in a pass that would correct too many entries."""
    return Hold(Suspicion.CRAWLER, f"{_CRAWLER}: {corrections} of {entries} entries would be corrected at once")


def crawler_hold_again(reason: str) -> Hold | None:
    """The same hold again for a dump that is held for this reason, if that was a crawler hold.

    The other dumps of its pass may be released by now, so the remaining corrections may look few.
    """
    return Hold(Suspicion.CRAWLER, reason) if reason.startswith(_CRAWLER) else None


def layout_hold(last: Sequence[Placing], changes: ChangeSet, *, keep: float) -> Hold | None:
    """The hold of a dump that another layout reads; None if enough of its entries are left with their titles.

    `last` is its last good reading, `keep` the smallest share of its entries that must be left.
    """
    before, now = ({placing.entry: placing.title for placing in read} for read in (last, changes.placings))
    lost = [entry for entry, title in before.items() if now.get(entry) != title]
    if len(before) - len(lost) >= len(before) * keep:
        return None
    gone = sum(entry not in now for entry in lost)
    what = f"{gone} of the {len(before)} entries would vanish and {len(lost) - gone} change their title"
    return Hold(Suspicion.LAYOUT, f"{_LAYOUT}: {what}")


def shape_hold(entries: int) -> Hold:
    """The hold of a page that shows so many entries in a shape that no layout of its source reads."""
    return Hold(Suspicion.SHAPE, f"{shape_reason(entries)} ({SHAPE_REMEDY})")


def shape_reason(entries: int) -> str:
    """The reason without its remedy."""
    return f"{_SHAPE}: it shows {entries} entries that no layout of the source reads"


def was_shape(reason: str) -> bool:
    """Whether this is the reason for a page that changed its shape."""
    return reason.startswith(_SHAPE)


def was_layout(reason: str) -> bool:
    """Whether this is the reason for a dump that another layout reads."""
    return reason.startswith(_LAYOUT)


def corrected(changes: ChangeSet) -> set[EntryId]:
    """The entries whose title or text would be corrected."""
    causes = (Cause.TITLE, Cause.TEXT)
    return {change.entry for change in changes.changes if isinstance(change, Revised) and change.cause in causes}


def lines(shown: Sequence[Prepared]) -> tuple[str, ...]:
    """What identifies a reading: the title and day of each of its entries, sorted and without duplicates."""
    days = ((one.key, one.sighting.dated) for one in shown)
    return tuple(sorted({f"{_day(day)} {key}" if day else key for key, day in days}))


def _day(dated: DateEvidence | PrintedDate) -> str:
    """Month and day; without a day, what else is printed."""
    if dated.day is not None:
        return f"{dated.month}-{dated.day}"
    return "-".join(str(part) for part in (dated.year, dated.month) if part is not None)


def was_replaced(reason: str) -> bool:
    """Whether this is the reason for a dump whose entries were replaced."""
    return reason.endswith(_LEFT)


def agree(waiting: Sequence[str], now: Sequence[str]) -> bool:
    """Whether a reading shows the same as the held one."""
    common = len(set(waiting) & set(now))
    return common > 0 and common >= min(len(waiting), len(now)) * _AGREEING


def _is_recognised(before: set[EntryId], now: set[EntryId], changes: ChangeSet, signs: Signs) -> bool:
    added = {change.entry for change in changes.changes if isinstance(change, Added)}
    return bool(now - added) or len(before & signs.arrived) >= len(before) * _MOVED
