"""A store in a few lines, and sightings in a few words."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from digest.changes.diff import diff
from digest.changes.keys import entry_key
from digest.changes.prepared import prepared
from digest.changes.unchanged import unchanged
from digest.changes.values import Added, Cause, ChangeSet, Earlier, Known, Others, Placing, Revised, Times, Vanished
from digest.model import NO_EXTRAS, DateEvidence, EntryId, Extras, Layout, PrintedDate, Sighting

if TYPE_CHECKING:
    from collections.abc import Sequence

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
TEXT = (
    "第一段说的是这篇文章为什么要写,以及读者读完以后会知道些什么,长得足以和别的文章分开来。",
    "第二段把一个例子从头算到尾,每一步都写出来,读者不必自己去补中间缺掉的那几行。",
)


def sight(
    title: str,
    day: tuple[int, ...] | None = (3, 14),
    body: Sequence[str] = TEXT,
    *,
    readers: int | None = None,
    author: str | None = None,
    figures: Sequence[str] = (),
    complete: bool = True,
    page: int = 0,
    printed: tuple[int | None, ...] | None = None,
    extras: Extras = NO_EXTRAS,
) -> Sighting:
    """A sighting; `day` is (month, day) or (year, month, day). Its place is given where it is read.

    `printed` is a date without a day (year, month), in place of a day.
    """
    if printed:
        day, extras = None, replace(extras, printed=PrintedDate(*printed))
    evidence = None if day is None else DateEvidence(day[-2], day[-1], day[0] if len(day) == 3 else None)
    layout = Layout.BYLINE if evidence and evidence.year else Layout.DATEBLOCK
    return Sighting(
        "",
        0,
        page,
        layout,
        title,
        author,
        evidence,
        readers,
        tuple(body),
        tuple(figures),
        complete=complete,
        extras=extras,
    )


@dataclass
class Shelf:
    """What a store keeps, in dictionaries: every entry is handed to each diff, as if it answered to it."""

    known: dict[EntryId, Known] = field(default_factory=dict)
    last: dict[str, tuple[Placing, ...]] = field(default_factory=dict)
    departed: dict[str, dict[EntryId, Placing]] = field(default_factory=dict)
    told: Counter[str] = field(default_factory=Counter)
    range: dict[str, date] = field(default_factory=dict)
    read_on: dict[str, date] = field(default_factory=dict)
    causes: dict[EntryId, list[Cause]] = field(default_factory=dict)

    def look(
        self, *sightings: Sighting, dump: str = "index.txt", now: datetime = NOW, instead: Cause | None = None
    ) -> ChangeSet:
        """What a dump would change."""
        placed = tuple(replace(one, dump=dump, position=at) for at, one in enumerate(sightings))
        page, last = prepared(placed), self.last.get(dump, ())
        times = Times(now, now.date(), self.read_on.get(dump))
        stood = unchanged(page, last, times=times, ranged=bool(self.range))
        elsewhere = {placing.entry for name, reading in self.last.items() if name != dump for placing in reading}
        known = list(self.known.values())
        return diff(
            page,
            last,
            known,
            stood,
            times=times,
            others=Others(elsewhere),
            instead=instead,
            departed=self.departed.get(dump),
            earliest=self.range.get("earliest"),
            latest=self.range.get("latest"),
        )

    def read(self, *sightings: Sighting, dump: str = "index.txt", now: datetime = NOW) -> ChangeSet:
        """Read a dump and keep what it changed."""
        changes = self.look(*sightings, dump=dump, now=now)
        for change in changes.changes:
            if isinstance(change, Added):
                assert change.entry not in self.known
                self.told[change.entry] += 1
                keys = frozenset([entry_key(change.content)])
                self.known[change.entry] = Known(change.entry, keys, change.content, None, first_seen_at=now)
            elif isinstance(change, Revised):
                self.causes.setdefault(change.entry, []).append(change.cause)
                before = self.known[change.entry]
                told = before.revision == 1 or self.causes[change.entry][before.revision - 2].significant
                self._update(
                    change.entry,
                    content=change.content,
                    titles=before.titles | {entry_key(change.content)},
                    revision=before.revision + 1,
                    earlier=(*before.earlier, Earlier(before.revision, before.content, before.date, told)),
                )
        for entry, when in changes.dates:
            self._update(entry, date=when)
        gone = {change.entry for change in changes.changes if isinstance(change, Vanished)}
        left = {placing.entry: placing for placing in self.last.get(dump, ()) if placing.entry in gone}
        self.departed.setdefault(dump, {}).update(left)
        self.last[dump] = changes.placings
        self.read_on[dump] = now.date()
        return changes

    def _update(self, entry: EntryId, **values: Any) -> None:
        self.known[entry] = replace(self.known[entry], **values)

    def remove(self, title: str) -> None:
        """Put a tombstone on an entry."""
        self._update(self.entry(title).id, removed=True)

    def entry(self, title: str) -> Known:
        (one,) = [known for known in self.known.values() if known.content.title == title]
        return one

    @property
    def titles(self) -> list[str]:
        return sorted(known.content.title for known in self.known.values())
