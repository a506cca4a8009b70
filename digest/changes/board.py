"""The known entries that may answer to the sightings of a reading, indexed by what is asked of them. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from digest.changes.text import SAME_TEXT, closeness, pairs, plain_text, similarity
from digest.changes.unchanged import lines_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from digest.changes.shown import Line, Shown
    from digest.changes.values import Known, Others, Placing, Times
    from digest.model import EntryId


@dataclass(slots=True)
class Board:
    """A reading, the one before, and the entries that answer; what a comparison needs of an entry is made once.

    `titled` and `dated` hold the entries by title key, and by month, day and year; `placed` how the last reading of the
    dump showed each; `lines` and `before` the positions of each line now, and the entries that stood on it then.
    """

    shown: Sequence[Shown]
    last: Sequence[Placing]
    known: Iterable[Known]
    times: Times
    others: Others
    by_id: dict[EntryId, Known] = field(default_factory=dict)
    titled: dict[str, list[Known]] = field(default_factory=lambda: defaultdict(list))
    dated: dict[tuple[int, int, int | None], list[Known]] = field(default_factory=lambda: defaultdict(list))
    placed: dict[EntryId, list[Placing]] = field(default_factory=lambda: defaultdict(list))
    lines: dict[Line, list[int]] = field(default_factory=lambda: defaultdict(list))
    before: dict[Line, list[EntryId]] = field(default_factory=lambda: defaultdict(list))
    _texts: dict[EntryId, str] = field(default_factory=dict)
    _pairs: dict[EntryId, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for one in self.shown:
            self.lines[one.line].append(one.sighting.position)
        for placing, line in zip(self.last, lines_of(self.shown, self.last), strict=True):
            self.before[line].append(placing.entry)
            self.placed[placing.entry].append(placing)
        for entry in self.known:
            self.by_id[entry.id] = entry
            for title in entry.titles:
                self.titled[title].append(entry)
            if entry.date:
                self.dated[entry.date.month, entry.date.day, entry.date.year].append(entry)

    def stood_here(self, entry: Known, shown: Shown) -> bool:
        """Whether the last reading of the dump showed the entry on this line."""
        return entry.id in self.before.get(shown.line, ())

    def stands_once(self, shown: Shown) -> bool:
        """Whether no other sighting of the reading has this line."""
        return len(self.lines[shown.line]) == 1

    def had(self, entry: Known, shown: Shown) -> bool:
        """Whether an earlier revision of the entry had this text."""
        scores = (similarity(shown.text, plain_text(one.content)) for one in entry.earlier)
        return any(score is not None and score >= SAME_TEXT for score in scores)

    def closeness(self, shown: Shown, entry: Known) -> float | None:
        """How similar their texts are, from 0 to 1; None where one is too short to tell."""
        return closeness(shown.content, entry.content, (shown.text, self.text(entry)))

    def text(self, entry: Known) -> str:
        """The plain text of an entry."""
        if entry.id not in self._texts:
            self._texts[entry.id] = plain_text(entry.content)
        return self._texts[entry.id]

    def pairs(self, entry: Known) -> int:
        """The pairs of its plain text."""
        if entry.id not in self._pairs:
            self._pairs[entry.id] = pairs(self.text(entry))
        return self._pairs[entry.id]
