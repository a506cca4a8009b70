"""Which known entry a sighting shows: a scored match of title, day, text and place. Stores and decides nothing else."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from digest.changes.apart import apart
from digest.changes.day_match import answers_on, full_dates_agree, is_anniversary, is_its_day
from digest.changes.keys import lead_key
from digest.changes.match import ANOTHER_YEAR, Match, doubt, report
from digest.changes.places import Places, leads, moved_up, new_on_top
from digest.changes.rivals import Reason, Rival, corrects
from digest.changes.text import (
    OTHER_TEXT,
    SAME_TEXT,
    Relation,
    closeness,
    equal,
    pairs,
    plain_text,
    relation,
    same_text,
    similarity,
)
from digest.changes.unchanged import lines_of
from digest.changes.yearly import LATE, Verdict, changed_year, is_old_enough, lies_within, verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from digest.changes.shown import Line, Shown
    from digest.changes.values import Known, Others, Placing, Times
    from digest.model import DateEvidence, EntryDate, EntryId

_COMPARED = 50  # candidates of one title and day that are compared by text; more say nothing
_RIVALS = 1000  # entries that one sighting is compared with for a corrected title
_FEW = 8  # rivals; so few are compared sooner than their pairs are made


def matches(
    shown: Sequence[Shown],
    last: Sequence[Placing],
    known: Iterable[Known],
    stood: Mapping[int, Placing],
    times: Times,
    others: Others,
) -> list[Match]:
    """The match of each sighting, in their order; `stood` as from `unchanged`.

    What stands there as it stood needs no more. Of the others, first each takes an entry that answers to its title;
    then what is left may be a corrected title of an entry that no other sighting answers to, or an article that was
    posted again.
    """
    board = _Board(shown, last, known, times, others)
    by_title = {one.sighting.position: board.by_title(one) for one in shown if one.sighting.position not in stood}
    contested = {match.entry.id for match in by_title.values() if match and match.entry}
    still = {position: placing for position, placing in stood.items() if placing.entry not in contested}
    for one in shown:  # an entry that another sighting answers to as well is judged with it
        if one.sighting.position in stood and one.sighting.position not in still:
            by_title[one.sighting.position] = board.by_title(one)
    matched = {position: match.entry.id for position, match in by_title.items() if match and match.entry}
    matched |= {position: placing.entry for position, placing in still.items()}
    board.settle(matched)
    return apart(
        [
            Match(one, None, stood=placing)
            if (placing := still.get(one.sighting.position))
            else by_title[one.sighting.position] or board.corrected(one)
            for one in shown
        ],
        board.claimed,
    )


def same_article(shown: Shown, entry_date: EntryDate | None, text: str) -> bool:
    """Whether a sighting of the same title shows this new article too: the same day, and no other plain text."""
    evidence = shown.sighting.date
    if evidence is None or entry_date is None or (evidence.month, evidence.day) != (entry_date.month, entry_date.day):
        return False
    if evidence.year is not None and entry_date.year is not None:
        return evidence.year == entry_date.year
    score = similarity(shown.text, text)
    return score is None or score >= OTHER_TEXT


@dataclass(slots=True)
class _Board:
    """The candidates, indexed by what a sighting can ask for."""

    shown: Sequence[Shown]
    last: Sequence[Placing]
    known: Iterable[Known]
    times: Times
    others: Others
    claimed: set[EntryId] = field(default_factory=set)
    _places: Places | None = None
    _on_top: frozenset[int] | None = None
    _by_id: dict[EntryId, Known] = field(default_factory=dict)
    _titled: dict[str, list[Known]] = field(default_factory=lambda: defaultdict(list))
    _led: dict[str, list[Known]] | None = None
    _dated: dict[tuple[int, int, int | None], list[Known]] = field(default_factory=lambda: defaultdict(list))
    _placed: dict[EntryId, list[Placing]] = field(default_factory=lambda: defaultdict(list))
    _lines: dict[Line, list[int]] = field(default_factory=lambda: defaultdict(list))
    _before: dict[Line, list[EntryId]] = field(default_factory=lambda: defaultdict(list))
    _texts: dict[EntryId, str] = field(default_factory=dict)
    _pairs: dict[EntryId, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for one in self.shown:
            self._lines[one.line].append(one.sighting.position)
        for placing, line in zip(self.last, lines_of(self.shown, self.last), strict=True):
            self._before[line].append(placing.entry)
            self._placed[placing.entry].append(placing)
        for entry in self.known:
            self._by_id[entry.id] = entry
            for title in entry.titles:
                self._titled[title].append(entry)
            if entry.date:
                self._dated[entry.date.month, entry.date.day, entry.date.year].append(entry)

    def settle(self, matched: Mapping[int, EntryId]) -> None:
        """Take note of which sightings have their entries, before the others are judged."""
        self.claimed = set(matched.values())
        self._places = Places(self.shown, self.last, matched)

    def by_title(self, shown: Shown) -> Match | None:
        """The entry of the same title, a report where it is doubtful, None where no entry has the title and day."""
        titled, sighting = self._titled.get(shown.key, ()), shown.sighting
        fitting = [entry for entry in titled if self._fits(shown, entry)]
        undated = [entry for entry in titled if entry.date is None or sighting.date is None]
        if not fitting and not undated:
            return None
        certain = [entry for entry in fitting if full_dates_agree(sighting.date, entry) or self._stood(entry, shown)]
        verdicts = {entry.id: self._verdict(shown, entry) for entry in fitting}
        if len(certain) == 1 and verdicts[certain[0].id] is Verdict.SAME:
            exact = full_dates_agree(sighting.date, certain[0])
            return Match(shown, certain[0], because="same title, same full date" if exact else "same title and day")
        others = [entry for entry in fitting if verdicts[entry.id] in {Verdict.ANOTHER, Verdict.DOUBTFUL}]
        kept = [entry for entry in fitting if entry not in others]
        if others and not kept and not undated:
            return self._of_another_year(shown, others, verdicts)
        certain = [entry for entry in certain if entry in kept]
        match = self._by_text(shown, (certain or kept or undated)[:_COMPARED], dated=bool(kept))
        if match.entry and verdicts.get(match.entry.id) is Verdict.RELISTED and match.report is None:
            outcome = "could be the article of another year; taken for the one that is known"
            return Match(shown, match.entry, report=report(shown, [match.entry], outcome), because=match.because)
        return match

    def _of_another_year(self, shown: Shown, others: list[Known], verdicts: Mapping[EntryId, Verdict]) -> Match:
        """A new entry, reported where it is not sure that it is the article of another year."""
        if any(verdicts[entry.id] is Verdict.DOUBTFUL for entry in others):
            return doubt(shown, others, ANOTHER_YEAR)
        return Match(shown, None, because="same title and day, published a year or more later")

    def _fits(self, shown: Shown, entry: Known) -> bool:
        """Whether title and day may be the entry's: nothing speaks against its year, or it stood here on this line."""
        if answers_on(shown.sighting.date, entry, self.times):
            return True
        return shown.sighting.date is not None and entry.id in self._before.get(shown.line, ())

    def _verdict(self, shown: Shown, entry: Known) -> Verdict:
        """Whether the day of the entry has come again, and this is the article of another year."""
        date = shown.sighting.date
        if date is None or full_dates_agree(date, entry):
            return Verdict.SAME
        found = self._verdict_by_time(shown, entry, date)
        if found is Verdict.SAME and self._names_another_year(shown, entry):
            found = Verdict.DOUBTFUL
        return Verdict.SAME if found is Verdict.DOUBTFUL and self._had(entry, shown) else found

    def _verdict_by_time(self, shown: Shown, entry: Known, date: DateEvidence) -> Verdict:
        if not is_old_enough(entry, date, self.times):
            return Verdict.SAME
        text = self._text(entry)
        if date.year is not None:
            return Verdict.ANOTHER if changed_year(shown.text, text) and not self._stands(entry) else Verdict.SAME
        same = equal(shown.content, entry.content)
        alike = 1.0 if same else self._closeness(shown, entry)
        if entry.id in self._before.get(shown.line, ()):
            since, today = self.times.since, self.times.today
            again = since is not None and lies_within(date, since, today)
            changed = changed_year(shown.text, text) or (alike is not None and alike < SAME_TEXT)
            moved = len(self._lines[shown.line]) == 1 and moved_up(shown, self.shown, self.last)
            return Verdict.ANOTHER if again and (changed or moved) else Verdict.SAME
        if self._on_top is None:  # few pages need it, and it goes through all of one
            self._on_top = new_on_top(self.shown, self.last)
        on_top = shown.sighting.position in self._on_top and leads(shown, self.shown)
        on_top = on_top and not self._is_older_copy(shown, self._on_top)
        once = len(self._lines[shown.line]) == 1
        others = self.others
        standing = once and any(entry.id in those for those in (self._placed, others.standing, others.vanished))
        same = same or shown.text == text
        texts = shown.text, text
        return verdict(date, texts, alike, self.times, on_top=on_top, same_letters=same, standing=standing)

    def _is_older_copy(self, shown: Shown, new: AbstractSet[int]) -> bool:
        """Whether what is `new` on the page beside a sighting is mostly known for long: then it is an older crawl."""
        page, here = shown.sighting.page, shown.sighting.position
        beside = [one for one in self.shown if one.sighting.position in new and one.sighting.page == page]
        known = [self._is_known_for_long(one) for one in beside if one.sighting.position != here]
        return sum(known) >= max(2, len(known) / 2)

    def _is_known_for_long(self, shown: Shown) -> bool:
        entries = (entry for entry in self._titled.get(shown.key, ()) if entry.first_seen_at)
        dates = (entry for entry in entries if is_anniversary(shown.sighting.date, entry))
        return any(entry.first_seen_at and self.times.now - entry.first_seen_at > LATE for entry in dates)

    def _names_another_year(self, shown: Shown, entry: Known) -> bool:
        """Whether a line that this dump newly shows has another text, which names another year; dates do not tell."""
        dates = shown.sighting.date, entry.date
        if all(date and date.year is not None for date in dates) or self._stands(entry):
            return False
        changed = changed_year(shown.text, self._text(entry))
        return changed and relation(entry.content, shown.content) is Relation.OTHER

    def _stands(self, entry: Known) -> bool:
        return entry.id in self._placed

    def _by_text(self, shown: Shown, candidates: list[Known], *, dated: bool) -> Match:
        """Decide among entries of the same title by their texts; where they do not tell, by the place on the page."""
        same = len(candidates) == 1 and equal(shown.content, candidates[0].content)
        scored = [(1.0 if same else self._closeness(shown, entry), entry) for entry in candidates]
        alike = [entry for score, entry in scored if score is None or score >= SAME_TEXT]
        if len(alike) > 1:
            alike = [entry for score, entry in scored if score is not None and score >= SAME_TEXT] or alike
        if len(alike) > 1:
            alike = [entry for entry in alike if same_text(shown.content, entry.content)] or alike
        placed = self._in_order(shown, alike)
        if len(alike) == 1 or placed:
            because = "same title and place among those of this title" if placed else "same title, no other text"
            return Match(shown, placed or alike[0], because=because)
        if alike:
            return doubt(shown, alike, "shows nothing that they do not show; left unassigned", unassigned=True)
        close = [
            entry
            for score, entry in scored
            if score is not None and score >= OTHER_TEXT and (not dated or self._is_now(entry, shown))
        ]
        if len(close) == 1 and dated:
            return Match(shown, close[0], because="same title and day, a similar text")
        earlier = [entry for entry in candidates if dated and self._had(entry, shown)]
        if len(earlier) == 1:
            return Match(shown, earlier[0], because="same title and day, a text that it had before")
        return doubt(shown, candidates, "has another text; kept apart as a new entry")

    def _is_now(self, entry: Known, shown: Shown) -> bool:
        """Whether the sighting has the day that the entry has, not one that it had."""
        return shown.sighting.date is None or is_its_day(shown.sighting.date, entry)

    def _had(self, entry: Known, shown: Shown) -> bool:
        """Whether an earlier revision of the entry had this text."""
        scores = (similarity(shown.text, plain_text(one.content)) for one in entry.earlier)
        return any(score is not None and score >= SAME_TEXT for score in scores)

    def corrected(self, shown: Shown) -> Match:
        """The entry whose title this sighting corrects, or that was posted again, or none: then it shows a new one."""
        found: dict[EntryId, tuple[Known, Reason]] = {}
        doubtful: dict[EntryId, Known] = {}
        waits = False
        rivals = self._rivals(shown)
        many = len(rivals) > _FEW
        for entry in rivals:
            if entry.id in found or entry.id in self.claimed:
                continue
            reason = corrects(shown, self._rival(shown, entry, many=many), self.times)
            if reason and reason.waits:
                waits = True
            elif reason and reason.doubtful:
                doubtful[entry.id] = entry
            elif reason:
                found[entry.id] = entry, reason
        if len(found) > 1:  # what stands in its place is likelier than what is only alike
            placed = {name: one for name, one in found.items() if one[1].placed}
            found = placed if len(placed) == 1 else found
        if len(found) == 1:
            ((entry, reason),) = found.values()
            return Match(shown, entry, because=reason.said, redated=reason.redated)
        if found:
            return doubt(
                shown, [entry for entry, _ in found.values()], "may correct one of their titles; kept as a new entry"
            )
        if doubtful:
            outcome = "may be an article that was posted again; kept as a new entry"
            return doubt(shown, list(doubtful.values()), outcome)
        return Match(shown, None, waits=waits)

    def _rival(self, shown: Shown, entry: Known, *, many: bool) -> Rival:
        places = self._places
        assert places is not None  # noqa: S101 - `settle` comes first
        gone = places.is_gone(entry.id)
        return Rival(
            entry=entry,
            text=self._text(entry),
            pairs=self._pairs_in(entry) if many else None,
            gone=gone,
            placed=gone and entry.id in places.at_place_of(shown.sighting.position),
            rolled_off=gone and places.may_have_rolled_off(entry.id),
            standing=entry.id in self._placed or entry.id in self.others.standing,
            vanished=not gone and entry.id in self.others.vanished,
            same_line=any(placing.evidence == shown.sighting.date for placing in self._placed.get(entry.id, ())),
        )

    def _rivals(self, shown: Shown) -> list[Known]:
        """Entries that the sighting may be under another title or date.

        They have the same beginning, the same full date, or the same title, or are gone from the same place.
        """
        if not self._by_id:
            return []
        if self._led is None:
            self._led = defaultdict(list)
            for entry in self.known:
                if lead := lead_key(entry.content):
                    self._led[lead].append(entry)
        date = shown.sighting.date
        rivals = list(self._led.get(shown.lead or "none", []))
        if date:
            rivals += self._dated.get((date.month, date.day, date.year), [])
            if date.year is not None:
                rivals += self._dated.get((date.month, date.day, None), [])
        rivals += self._titled.get(shown.key, ())
        if self._places:
            here = self._places.at_place_of(shown.sighting.position)
            rivals += [self._by_id[name] for name in here if name in self._by_id]
        rivals.sort(key=lambda entry: entry.id not in self._placed)  # those of this dump are the likeliest
        return rivals[:_RIVALS]

    def _stood(self, entry: Known, shown: Shown) -> bool:
        """Whether the last reading of this dump showed the entry under this title and day, which stand here once.

        Where the text is another one, the page may have moved on to the greeting of the next year.
        """
        if len(self._lines[shown.line]) != 1 or entry.id not in self._before.get(shown.line, ()):
            return False
        score = self._closeness(shown, entry)
        return score is None or score >= OTHER_TEXT or self._had(entry, shown)

    def _in_order(self, shown: Shown, candidates: Sequence[Known]) -> Known | None:
        """The candidate in whose place the sighting stands, where title and day stand as often as they did."""
        positions, before = self._lines[shown.line], self._before.get(shown.line, ())
        if len(positions) != len(before):
            return None
        stood = before[positions.index(shown.sighting.position)]
        return next((entry for entry in candidates if entry.id == stood), None)

    def _closeness(self, shown: Shown, entry: Known) -> float | None:
        return closeness(shown.content, entry.content, (shown.text, self._text(entry)))

    def _text(self, entry: Known) -> str:
        if entry.id not in self._texts:
            self._texts[entry.id] = plain_text(entry.content)
        return self._texts[entry.id]

    def _pairs_in(self, entry: Known) -> int:
        if entry.id not in self._pairs:
            self._pairs[entry.id] = pairs(self._text(entry))
        return self._pairs[entry.id]
