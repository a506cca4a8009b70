"""When a reading is too strange to be believed at once, and what ends its hold. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import Enum, auto
from typing import TYPE_CHECKING

from digest.changes.values import Added, Cause, Revised

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from collections.abc import Set as AbstractSet

    from digest.changes.shown import Shown
    from digest.changes.values import ChangeSet, Known, Placing
    from digest.model import EntryId

_REWRITTEN, _FEWEST_REWRITTEN = 0.5, 3  # of the entries that stayed, at least so many
FEWEST_CORRECTED = 5  # entries of a pass; fewer corrections at once are an author's
_OTHER_SCRIPT = 0.4  # two shares of Chinese so far apart are of two languages
_ENOUGH = 100  # characters of texts whose language is to be told
_CHINESE = re.compile("[\u3400-\u9fff]")
_LEFT = "entries that it showed are left"
_MOVED = 0.5  # of the entries of a page that stand on a sibling page now
_AGREEING = 0.5  # of the lines of a held reading that the next one shows again
_CRAWLER = "the crawler seems to have changed"


class Suspicion(Enum):
    """What is strange about a reading.

    `DAMAGED`: its text is garbled. `LEFT_OUT`: more lines that begin an entry cannot be read than before. `EMPTIED`: it
    shows far fewer entries. `REPLACED`: hardly one of its entries is left. `FOREIGN`: and what is there looks like
    another site's. `REWRITTEN`: half of them have another text at once. `CRAWLER`: too many of all the source's
    entries have.
    """

    DAMAGED = auto()
    LEFT_OUT = auto()
    EMPTIED = auto()
    REPLACED = auto()
    FOREIGN = auto()
    REWRITTEN = auto()
    CRAWLER = auto()

    @property
    def ends_by_itself(self) -> bool:
        """Whether the next good readings that agree with it end the hold; else only a person does."""
        return self not in (Suspicion.DAMAGED, Suspicion.FOREIGN)

    @property
    def is_of_the_crawler(self) -> bool:
        """Whether it is the crawler that changed, not the articles: then nothing of it is a correction."""
        return self is Suspicion.CRAWLER

    @property
    def is_of_texts(self) -> bool:
        """Whether entries would be corrected: if too many of a pass are, the crawler has changed."""
        return self in (Suspicion.REWRITTEN, Suspicion.CRAWLER)


@dataclass(frozen=True, slots=True)
class Hold:
    """A reading that is held, and why, in one sentence."""

    suspicion: Suspicion
    reason: str


@dataclass(frozen=True, slots=True)
class Signs:
    """What is known of a reading beside its change set.

    `damage` and `left_out` are sentences, empty where there is nothing to say. `arrived` are known entries that another
    dump of the source shows in this pass and did not show before: they moved to a sibling page.
    """

    damage: str = ""
    left_out: str = ""
    arrived: AbstractSet[EntryId] = frozenset()


def hold(last: Sequence[Placing], changes: ChangeSet, signs: Signs, *, keep: float, common: float) -> Hold | None:
    """Why a dump is to be held; None where it is not.

    `last` is its last good reading; without one it is held only where its text is damaged. `keep`: the least share of
    that reading's number of entries. `common`: at most this share of its entries being left is suspicious, unless the
    page is recognised: it shows entries that are known, or half of its old ones moved to a sibling page.
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


def foreign(found: Hold, known: Iterable[Known], shown: Sequence[Shown]) -> Hold:
    """The hold of a page whose entries were all replaced, made one that does not end by itself if it looks foreign.

    That is so where it is written in another script than before, or by other authors and with older dates: a page that
    moves on has newer ones.
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
    """The share of Chinese characters in some texts; None where they are too short to tell."""
    text = "".join(paragraph for paragraphs in texts for paragraph in paragraphs)
    return len(_CHINESE.findall(text)) / len(text) if len(text) >= _ENOUGH else None


def crawler_hold(corrections: int, entries: int) -> Hold:
    """The hold of every dump with a correction, in a pass that would correct too many."""
    return Hold(Suspicion.CRAWLER, f"{_CRAWLER}: {corrections} of {entries} entries would be corrected at once")


def crawler_hold_again(reason: str) -> Hold | None:
    """The hold of a dump that is held for this reason, if it was that of a crawler.

    The others of its pass may be released by now, so what is left to correct seems little.
    """
    return Hold(Suspicion.CRAWLER, reason) if reason.startswith(_CRAWLER) else None


def corrected(changes: ChangeSet) -> set[EntryId]:
    """The entries whose title or text it would correct."""
    causes = (Cause.TITLE, Cause.TEXT)
    return {change.entry for change in changes.changes if isinstance(change, Revised) and change.cause in causes}


def lines(shown: Sequence[Shown]) -> tuple[str, ...]:
    """What a reading is known by again: the title and day of each of its entries, sorted, each once."""
    days = ((one.key, one.sighting.date) for one in shown)
    return tuple(sorted({f"{day.month}-{day.day} {key}" if day else key for key, day in days}))


def was_replaced(reason: str) -> bool:
    """Whether that is why a dump was held."""
    return reason.endswith(_LEFT)


def agree(waiting: Sequence[str], now: Sequence[str]) -> bool:
    """Whether a reading shows what the held one showed."""
    common = len(set(waiting) & set(now))
    return common > 0 and common >= min(len(waiting), len(now)) * _AGREEING


def _is_recognised(before: set[EntryId], now: set[EntryId], changes: ChangeSet, signs: Signs) -> bool:
    added = {change.entry for change in changes.changes if isinstance(change, Added)}
    return bool(now - added) or len(before & signs.arrived) >= len(before) * _MOVED
