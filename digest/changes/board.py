"""Indexes the known entries that may match the sightings of a reading.

Also lists what the diff must ask of the store before it can compare a reading: entries that may match its sightings.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from digest.changes.identifiers import identifiers
from digest.changes.prepared import Line, Prepared
from digest.changes.text import OTHER_TEXT, SAME_TEXT, closeness, pairs, plain_text, similarity
from digest.changes.unchanged import lines_of
from digest.changes.values import Known, Others, Placing, Questions, Times
from digest.model import Content, EntryId


@dataclass(slots=True)
class Board:
    """A reading, the reading before it, and the candidate entries.

    What a comparison needs of an entry is computed once.

    `titled` holds the entries by title key, and `dated` by month, day and year. `placed` holds how the dump's last
    reading showed each entry. `lines` holds the positions of each line now, and `before` the entries that stood on it
    then.
    """

    shown: Sequence[Prepared]
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
            if entry.date and entry.date.month and entry.date.day:
                self.dated[entry.date.month, entry.date.day, entry.date.year].append(entry)

    def stood_here(self, entry: Known, shown: Prepared) -> bool:
        """Whether the dump's last reading showed the entry on this line."""
        return entry.id in self.before.get(shown.line, ())

    def stands_once(self, shown: Prepared) -> bool:
        """Whether no other sighting of the reading has this line."""
        return len(self.lines[shown.line]) == 1

    def had(self, entry: Known, shown: Prepared) -> bool:
        """Whether an earlier revision of the entry had this text."""
        scores = (similarity(shown.text, plain_text(one.content)) for one in entry.earlier)
        return any(score is not None and score >= SAME_TEXT for score in scores)

    def closeness(self, shown: Prepared, entry: Known) -> float | None:
        """The similarity of the two texts, from 0 to 1; None if one is too short to compare."""
        return closeness(shown.content, entry.content, (shown.text, self.text(entry)))

    def as_it_stood(self, entry: Known) -> Known:
        """The entry as the last reading showed it, where it has the words of another article now, as after a merge."""
        for placing in self.placed.get(entry.id, ()):
            shown = entry.text(placing.revision or 0)
            if shown is None or placing.revision == entry.revision:  # a text that was never the entry's is no evidence
                continue
            text = plain_text(Content("", None, shown.paragraphs, shown.figures, placing.complete))
            score = similarity(text, self.text(entry))
            if score is not None and score < OTHER_TEXT:
                author = entry.content.author
                words = Content(placing.title, author, shown.paragraphs, shown.figures, placing.complete)
                return replace(entry, content=words)
        return entry

    def text(self, entry: Known) -> str:
        """The plain text of an entry."""
        if entry.id not in self._texts:
            self._texts[entry.id] = plain_text(entry.content)
        return self._texts[entry.id]

    def pairs(self, entry: Known) -> int:
        """The character pairs of the entry's plain text."""
        if entry.id not in self._pairs:
            self._pairs[entry.id] = pairs(self.text(entry))
        return self._pairs[entry.id]


def questions(
    shown: Sequence[Prepared], last: Sequence[Placing], stood: Mapping[int, Placing], source: str = ""
) -> Questions:
    """The first questions to the store: entries with these titles and identifiers, or whose lines have changed."""
    fresh = [one for one in shown if one.sighting.position not in stood]
    gone = {placing.entry for placing in last} - {placing.entry for placing in stood.values()}
    uids = frozenset(uid for one in fresh for uid in identifiers(one.sighting.extras))
    return Questions(frozenset(one.key for one in fresh), entries=frozenset(gone), uids=uids, source=source)


def rival_questions(shown: Sequence[Prepared], known: Iterable[Known], stood: Mapping[int, Placing]) -> Questions:
    """The next questions, for sightings whose title matches no entry: entries whose title they may correct."""
    titles = {title for entry in known for title in entry.titles}
    untitled = [one for one in shown if one.sighting.position not in stood and one.key not in titles]
    days = (one.sighting.date for one in untitled if one.sighting.date)
    return Questions(
        leads=frozenset(filter(None, (one.lead for one in untitled))),
        days=frozenset((day.year, day.month, day.day) for day in days if day.year is not None),
    )


def asked_of_others(
    shown: Sequence[Prepared],
    last: Sequence[Placing],
    known: Iterable[Known],
    stood: Mapping[int, Placing],
    times: Times,
) -> set[EntryId]:
    """The entries about which other dumps may have information.

    They are the entries that a sighting could show on another line, or whose day may have come again.
    """
    days: dict[str, set[tuple[int, int]]] = {}
    for one in shown:
        if one.sighting.position not in stood and one.sighting.date:
            days.setdefault(one.key, set()).add((one.sighting.date.month, one.sighting.date.day))
    here = {placing.entry for placing in last}

    def has_another_line(entry: Known) -> bool:
        if entry.first_seen_at and entry.first_seen_at < times.now:
            return True  # its day may have come again
        shown_on = [day for title in entry.titles for day in days.get(title, ())]
        return not shown_on or entry.date is None or any(day != (entry.date.month, entry.date.day) for day in shown_on)

    return {entry.id for entry in known if entry.id not in here and has_another_line(entry)}
