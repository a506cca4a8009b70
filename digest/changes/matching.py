"""Matches sightings to known entries by title, day, text and place, with scores."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from digest.changes.another_year import AnotherYear
from digest.changes.board import Board
from digest.changes.day_match import answers_on, full_dates_agree, is_its_day, may_be_of
from digest.changes.identity import Identities, one_for_each_id
from digest.changes.keys import lead_key
from digest.changes.match import ANOTHER_YEAR, Match, apart, doubt, report
from digest.changes.places import Places
from digest.changes.prepared import Prepared
from digest.changes.rivals import Reason, Rival, corrects
from digest.changes.text import OTHER_TEXT, SAME_TEXT, Relation, equal, plain_text, relation, same_text, similarity
from digest.changes.values import Known, Others, Placing, Times
from digest.changes.yearly import Verdict
from digest.model import EntryDate, EntryId

_NONE = EntryId("")
_COMPARED = 50  # candidates with one title and day whose texts are compared; more would add nothing
_RIVALS = 1000  # entries that are compared with one sighting for a corrected title
_FEW = 8  # rivals; for so few, comparing is faster than computing their pairs


def matches(
    shown: Sequence[Prepared],
    last: Sequence[Placing],
    known: Iterable[Known],
    stood: Mapping[int, Placing],
    times: Times,
    others: Others,
    pinned: Mapping[int, EntryId],
    source: str,
) -> list[Match]:
    """The match of each sighting, in their order; `stood` is from `unchanged`, `pinned` and `source` as for `diff`.

    Unchanged sightings are done. Of the others, each first takes the entry with its id or link, or else one with the
    same title. The rest may correct the title of an entry that no other sighting matches, or may be articles that were
    posted again.
    """
    known = list(known)
    board = Board(shown, last, known, times, others)
    matching = _Matching(board, source)
    by_title = {one.sighting.position: matching.known(one) for one in shown if one.sighting.position not in stood}
    entries = {entry.id: entry for entry in known}
    for one in shown:
        match = by_title.get(one.sighting.position)
        entry = entries.get(pinned.get(one.sighting.position, _NONE))
        if entry and one.sighting.position in by_title and not (match and match.sure):
            by_title[one.sighting.position] = Match(one, entry, because="same place, read by another layout")
    contested = {match.entry.id for match in by_title.values() if match and match.entry}
    still = {position: placing for position, placing in stood.items() if placing.entry not in contested}
    for one in shown:  # if another sighting matches its entry as well, both are judged together
        if one.sighting.position in stood and one.sighting.position not in still:
            by_title[one.sighting.position] = matching.known(one)
    matched = {position: match.entry.id for position, match in by_title.items() if match and match.entry}
    matched |= {position: placing.entry for position, placing in still.items()}
    matching.settle(matched)
    made = [
        Match(one, None, stood=placing)
        if (placing := still.get(one.sighting.position))
        else by_title[one.sighting.position] or matching.corrected(one)
        for one in shown
    ]
    return apart(one_for_each_id(made, board), matching.claimed)


def same_article(shown: Prepared, entry_date: EntryDate | None, text: str) -> bool:
    """Whether a sighting with the same title shows this new article too: it has the same day, and no different text."""
    evidence = shown.sighting.dated
    if evidence is None or entry_date is None or (evidence.month, evidence.day) != (entry_date.month, entry_date.day):
        return False
    if evidence.year is not None and entry_date.year is not None:
        return evidence.year == entry_date.year
    score = similarity(shown.text, text)
    return score is None or score >= OTHER_TEXT


class _Matching:
    """Finds the entries of the sightings, first by identifiers and titles, then as corrections."""

    def __init__(self, board: Board, source: str) -> None:
        self.claimed: set[EntryId] = set()
        self._board = board
        self._identities = Identities(board, source)
        self._years = AnotherYear(board)
        self._places: Places | None = None
        self._led: dict[str, list[Known]] | None = None

    def settle(self, matched: Mapping[int, EntryId]) -> None:
        """Record which sightings have their entries, before the others are judged."""
        self.claimed = set(matched.values())
        self._places = Places(self._board.shown, self._board.last, matched)

    def known(self, shown: Prepared) -> Match | None:
        """The match with the entry that has its id or link, or else its title and day; None if there is none."""
        return self._identities.match(shown) or self._by_title(shown)

    def _by_title(self, shown: Prepared) -> Match | None:
        """The match with an entry of this title, with a report if in doubt; None if no entry has this title and day."""
        titled, sighting = self._board.titled.get(shown.key, ()), shown.sighting
        titled = [entry for entry in titled if self._identities.may_be(shown, entry)]
        if not sighting.title:
            titled = [entry for entry in titled if self._has_its_text(shown, entry)]
        fitting = [entry for entry in titled if self._fits(shown, entry)]
        undated = [
            entry
            for entry in titled
            if (entry.date is None or sighting.date is None) and may_be_of(sighting.dated, entry)
        ]
        if not fitting and not undated:
            return None
        certain = [entry for entry in fitting if full_dates_agree(sighting.date, entry) or self._stood(entry, shown)]
        verdicts = {entry.id: self._years.verdict(shown, entry) for entry in fitting}
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

    def _of_another_year(self, shown: Prepared, others: list[Known], verdicts: Mapping[EntryId, Verdict]) -> Match:
        """A new entry, with a report if it may not be the article of another year."""
        if any(verdicts[entry.id] is Verdict.DOUBTFUL for entry in others):
            return doubt(shown, others, ANOTHER_YEAR)
        return Match(shown, None, because="same title and day, published a year or more later")

    def _fits(self, shown: Prepared, entry: Known) -> bool:
        """Whether title and day may be the entry's: no year contradicts, or the entry stood on this line before."""
        if answers_on(shown.sighting.date, entry, self._board.times):
            return True
        dated = shown.sighting.dated
        if dated is not None and entry.date is not None and may_be_of(dated, entry):
            return True
        stood = self._board.stood_here(entry, shown)
        return stood and (shown.sighting.date is not None or self._board.stands_once(shown))

    def _has_its_text(self, shown: Prepared, entry: Known) -> bool:
        """Whether a sighting without a title can be this entry: a first sentence is not proof of what follows it."""
        if self._board.stood_here(entry, shown) and self._board.stands_once(shown):
            return True
        if relation(entry.content, shown.content) is not Relation.OTHER:
            return True
        score = self._board.closeness(shown, entry)
        return score is not None and score >= SAME_TEXT

    def _by_text(self, shown: Prepared, candidates: list[Known], *, dated: bool) -> Match:
        """Choose among entries of one title by their texts, or by the place on the page if these do not decide."""
        same = len(candidates) == 1 and equal(shown.content, candidates[0].content)
        scored = [(1.0 if same else self._board.closeness(shown, entry), entry) for entry in candidates]
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
        earlier = [entry for entry in candidates if dated and self._board.had(entry, shown)]
        if len(earlier) == 1:
            return Match(shown, earlier[0], because="same title and day, a text that it had before")
        return doubt(shown, candidates, "has another text; kept apart as a new entry")

    def _is_now(self, entry: Known, shown: Prepared) -> bool:
        """Whether the sighting has the entry's present day, and not a former one."""
        day = shown.sighting.date
        return day is None or is_its_day(day, entry) or (entry.date is not None and may_be_of(day, entry))

    def corrected(self, shown: Prepared) -> Match:
        """The entry whose title this sighting corrects or that was posted again; otherwise a new entry."""
        found: dict[EntryId, tuple[Known, Reason]] = {}
        doubtful: dict[EntryId, Known] = {}
        waits = False
        rivals = self._rivals(shown)
        many = len(rivals) > _FEW
        for entry in rivals:
            if entry.id in found or entry.id in self.claimed:
                continue
            reason = self._reason(shown, self._rival(shown, entry, many=many))
            if reason and reason.waits:
                waits = True
            elif reason and reason.doubtful:
                doubtful[entry.id] = entry
            elif reason:
                found[entry.id] = entry, reason
        if len(found) > 1:  # an entry at the same place is more likely than one that is only similar
            placed = {name: one for name, one in found.items() if one[1].placed}
            found = placed if len(placed) == 1 else found
        if len(found) == 1:
            ((entry, reason),) = found.values()
            return Match(shown, entry, because=reason.text, redated=reason.redated)
        if found:
            return doubt(
                shown, [entry for entry, _ in found.values()], "may correct one of their titles; kept as a new entry"
            )
        if doubtful:
            outcome = "may be an article that was posted again; kept as a new entry"
            return doubt(shown, list(doubtful.values()), outcome)
        return Match(shown, None, waits=waits)

    def _reason(self, shown: Prepared, rival: Rival) -> Reason | None:
        reason = corrects(shown, rival, self._board.times)
        return reason if reason and self._identities.may_correct(shown, rival, reason) else None

    def _rival(self, shown: Prepared, entry: Known, *, many: bool) -> Rival:
        places = self._places
        assert places is not None  # noqa: S101 - `settle` is called first
        gone = places.is_gone(entry.id)
        stood = self._board.as_it_stood(entry)
        itself = stood is entry
        return Rival(
            entry=stood,
            text=self._board.text(entry) if itself else plain_text(stood.content),
            pairs=self._board.pairs(entry) if many and itself else None,
            gone=gone,
            placed=gone and entry.id in places.at_place_of(shown.sighting.position),
            rolled_off=gone and places.may_have_rolled_off(entry.id),
            standing=entry.id in self._board.placed or entry.id in self._board.others.standing,
            vanished=not gone and entry.id in self._board.others.vanished,
            same_line=any(placing.dated == shown.sighting.dated for placing in self._board.placed.get(entry.id, ())),
        )

    def _rivals(self, shown: Prepared) -> list[Known]:
        """Entries that the sighting may show under another title or date.

        They have the same beginning, full date or title, or they are gone from the same place.
        """
        if not self._board.by_id:
            return []
        if self._led is None:
            self._led = defaultdict(list)
            for entry in self._board.known:
                if lead := lead_key(entry.content):
                    self._led[lead].append(entry)
        date = shown.sighting.date
        rivals = list(self._led.get(shown.lead or "none", []))
        if date:
            rivals += self._board.dated.get((date.month, date.day, date.year), [])
            if date.year is not None:
                rivals += self._board.dated.get((date.month, date.day, None), [])
        rivals += self._board.titled.get(shown.key, ())
        if self._places:
            here = self._places.at_place_of(shown.sighting.position)
            rivals += [self._board.by_id[name] for name in here if name in self._board.by_id]
        rivals.sort(key=lambda entry: entry.id not in self._board.placed)  # entries of this dump are the most likely
        return rivals[:_RIVALS]

    def _stood(self, entry: Known, shown: Prepared) -> bool:
        """Whether the dump's last reading showed the entry with this title and day, and they occur once on the page.

        If the text is different, the page may have moved on to the greeting of the next year.
        """
        if not self._board.stands_once(shown) or not self._board.stood_here(entry, shown):
            return False
        score = self._board.closeness(shown, entry)
        return score is None or score >= OTHER_TEXT or self._board.had(entry, shown)

    def _in_order(self, shown: Prepared, candidates: Sequence[Known]) -> Known | None:
        """The candidate whose place the sighting has, if title and day occur as often as before."""
        positions, before = self._board.lines[shown.line], self._board.before.get(shown.line, ())
        if len(positions) != len(before):
            return None
        stood = before[positions.index(shown.sighting.position)]
        return next((entry for entry in candidates if entry.id == stood), None)
