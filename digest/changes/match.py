"""The match of a sighting: a known entry, a new one, or neither, with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from digest.changes.values import Ambiguous, Known, Placing
from digest.model import value
from digest.typeset.titles import headline

if TYPE_CHECKING:
    from digest.changes.prepared import Prepared

ANOTHER_YEAR = "may be the article of another year; kept apart as a new entry"


@value
class Match:
    """A sighting's entry: a known one, or None for a new one; `unassigned` if it is neither.

    `because` is the reason, for people. `stood` is the placing of an unchanged sighting in the last reading; then its
    entry is the match, whether it is known or not. `redated` means that the article was posted again with this
    sighting's date. `waits` is as in ChangeSet. `sure`: an
    identifier says so, whatever its title, day and text.
    """

    shown: Prepared
    entry: Known | None
    unassigned: bool = False
    report: Ambiguous | None = None
    stood: Placing | None = None
    because: str = "no known entry has its title and day, or its text"
    redated: bool = False
    waits: bool = False
    sure: bool = False


def doubt(shown: Prepared, candidates: Sequence[Known], outcome: str, *, unassigned: bool = False) -> Match:
    """A sighting that matches none of these entries, with a report."""
    return Match(shown, None, unassigned, report(shown, candidates, outcome), because=outcome)


def report(shown: Prepared, candidates: Sequence[Known], outcome: str) -> Ambiguous:
    """The report for operators about a sighting that may show one of these entries."""
    ids, sighting = tuple(sorted(entry.id for entry in candidates)), shown.sighting
    return Ambiguous(sighting.position, sighting.title or headline(shown.content), ids, outcome)
