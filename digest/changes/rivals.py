"""Decides for one sighting and one entry whether the sighting shows the entry with another title, text or date.

Besides the text, the page is evidence: if a line is gone in this reading and a new one is in its place, they are one
article that was edited. Decision 31.
"""

from typing import NamedTuple

from rapidfuzz import fuzz

from digest.changes.day_match import answers_on, is_anniversary, may_be_of
from digest.changes.keys import entry_key, series_marks
from digest.changes.prepared import Prepared
from digest.changes.text import SAME_TEXT, closeness, far_apart
from digest.changes.values import Known, Times
from digest.model import value

_KIN = 0.5  # least similarity of a text or title at the same place and day, which an edit leaves
_KIN_TITLE = 0.6
_SOME = 0.2
_SAME_TITLE = 0.75


@value
class Rival:
    """An entry that a sighting may show, and its position.

    - `gone`: the dump's last reading showed it, and nothing matches it now.
    - `placed`: the sighting is in its place.
    - `rolled_off`: new entries above may have pushed it off the page.
    - `standing`: this dump or another one showed it at its last reading.
    - `vanished`: another dump stopped showing it in this pass.
    - `same_line`: the dump's last reading showed it with the sighting's date.
    - `pairs`: the character pairs of its text, if comparing them first is worthwhile.
    """

    entry: Known
    text: str
    pairs: int | None
    gone: bool
    placed: bool
    rolled_off: bool
    standing: bool
    vanished: bool
    same_line: bool

    @property
    def homeless(self) -> bool:
        """Whether no dump shows it now, and one did until this pass."""
        return self.vanished and not self.standing


class Reason(NamedTuple):
    """The reason why the sighting shows the entry, for people.

    `doubtful` means that it may or may not be so. `waits` means that it is not so while another dump shows the entry
    unchanged.
    """

    text: str
    redated: bool = False
    placed: bool = False
    doubtful: bool = False
    waits: bool = False


_WAITS = Reason("", waits=True)


def corrects(shown: Prepared, rival: Rival, times: Times) -> Reason | None:
    """The reason why the sighting shows the entry with another title or date; None if it does not."""
    if rival.pairs is not None and not rival.gone and _are_far_apart(shown, rival.text, rival.pairs):
        return None
    if answers_on(shown.sighting.date, rival.entry, times):
        return _same_day(shown, rival)
    if _lacks_day(shown, rival.entry) and may_be_of(shown.sighting.dated, rival.entry):
        return _without_day(shown, rival)
    if is_anniversary(shown.sighting.date, rival.entry):
        return None
    return _another_day(shown, rival)


def _are_far_apart(shown: Prepared, text: str, their_pairs: int) -> bool:
    return far_apart(shown.text, text, (shown.pairs, their_pairs), SAME_TEXT)


def _same_day(shown: Prepared, rival: Rival) -> Reason | None:
    titles = _titles_alike(rival.entry, shown)
    if rival.placed:
        return _in_its_place(shown, rival, titles)
    score = closeness(shown.content, rival.entry.content, (shown.text, rival.text), SAME_TEXT)
    same_series = _same_series(rival.entry.content.title, shown.sighting.title)
    if score is None:  # the texts are too short, so only the titles can decide
        same_line = rival.gone and rival.same_line and _same_author(rival.entry, shown)
        reason = f"same day and author, a similar title ({titles:.0%}) in place of one that is gone"
        return Reason(reason) if same_line and same_series and titles >= _SAME_TITLE else None
    if score < SAME_TEXT:
        return None
    if same_series or (rival.gone and not rival.rolled_off) or rival.homeless:
        return Reason(f"same day, similar texts ({score:.0%}), a different title")
    return _WAITS if rival.standing and not rival.gone else None


def _lacks_day(shown: Prepared, entry: Known) -> bool:
    """Whether the sighting has no day, or the date of the entry has none."""
    return shown.sighting.date is None or (entry.date is not None and entry.date.day is None)


def _without_day(shown: Prepared, rival: Rival) -> Reason | None:
    """One of both has no day: only the place of a line that is gone, or the whole text, shows that they are one."""
    if rival.placed:
        titles = _titles_alike(rival.entry, shown)
        return _in_its_place(shown, rival, titles)
    score = closeness(shown.content, rival.entry.content, (shown.text, rival.text), SAME_TEXT)
    if score is None or score < SAME_TEXT:
        return None
    if (rival.gone and not rival.rolled_off) or rival.homeless:
        return Reason(f"similar texts ({score:.0%}), a different title, in place of a line that is gone")
    one_untitled = bool(shown.sighting.title) != bool(rival.entry.content.title)
    return Reason("the same text, of which one has no title") if one_untitled and rival.text == shown.text else None


def _titles_alike(entry: Known, shown: Prepared) -> float:
    """The similarity of two titles, or of the first sentences in their place, of which one may be cut; from 0 to 1."""
    key = entry_key(entry.content)
    if not (entry.content.title or shown.sighting.title) and (key.startswith(shown.key) or shown.key.startswith(key)):
        return 1.0
    return fuzz.ratio(key, shown.key) / 100


def _same_series(one: str, other: str) -> bool:
    """Whether no mark of a series distinguishes two titles; a missing title says nothing."""
    return not (one and other) or series_marks(one) == series_marks(other)


def _in_its_place(shown: Prepared, rival: Rival, titles: float) -> Reason | None:
    """The old line is gone and this one is in its place. So they need not be very similar."""
    score = closeness(shown.content, rival.entry.content, (shown.text, rival.text))
    if score is None:
        if titles < _KIN or not _same_author(rival.entry, shown):
            return None
        return Reason(f"same day and place, a similar title ({titles:.0%})", placed=True)
    if score >= _KIN or (titles >= _KIN_TITLE and score >= _SOME):
        return Reason(f"same day, in place of a line that is gone, similar texts ({score:.0%})", placed=True)
    return None


def _another_day(shown: Prepared, rival: Rival) -> Reason | None:
    """The article was posted again: the same text has a new date, and the old line is gone in this reading."""
    if shown.sighting.dated is None or not (rival.gone or rival.homeless or rival.standing):
        return None
    entry = rival.entry
    same_title = shown.key in entry.titles
    titles = 1.0 if same_title else _titles_alike(entry, shown)
    score = closeness(shown.content, entry.content, (shown.text, rival.text), SAME_TEXT)
    whole = bool(rival.text) and rival.text == shown.text
    if score is None:
        fits = rival.placed and same_title and whole
    elif rival.placed:
        fits = score >= SAME_TEXT and titles >= _KIN
    else:
        fits = (same_title or titles >= _KIN) and (whole or (score >= SAME_TEXT and not rival.rolled_off))
        if not rival.gone and not rival.homeless:
            return _WAITS if same_title and score >= SAME_TEXT else None
        if not fits and same_title and score >= SAME_TEXT:
            return Reason("the same title and a similar text under a new date", doubtful=True)
    return Reason("the same text under a new date, in place of a line that is gone", redated=True) if fits else None


def _same_author(entry: Known, shown: Prepared) -> bool:
    author = shown.sighting.author
    return entry.content.author is None or author is None or entry.content.author == author
