"""Readings of a page one after another, as a crawler makes them, for tests of the years that they prove."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

from digest.changes.dates import Page, inferred
from digest.model import DateEvidence, DateKind, EntryDate, EntryId
from tests.unit.changes.sites import placing

if TYPE_CHECKING:
    from digest.changes.values import Placing


EXACT, INFERRED, PARTIAL = DateKind.EXACT, DateKind.INFERRED, DateKind.PARTIAL
DAY = timedelta(days=1)
NAMES = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def evidence(text: str) -> DateEvidence:
    """`14 Mar` or `14 Mar 2020`."""
    day, month, *year = text.replace("*", "").split()
    return DateEvidence(NAMES.index(month) + 1, int(day), int(year[0]) if year else None)


def listing(text: str) -> list[str]:
    """The days of a page: `14 Mar, 2 Jan`."""
    return [one.strip() for one in text.split(",")]


@dataclass
class Reader:
    """Reads pages as the program does. An entry is named by its day as printed, which is another one each time.

    Behind a `*`, a name is of another entry on the same day.
    """

    dates: dict[EntryId, EntryDate | None] = field(default_factory=dict)
    seen: dict[EntryId, date] = field(default_factory=dict)
    last: dict[str, tuple[list[Placing], date]] = field(default_factory=dict)

    def exact(self, *days: str, on: date | None = None) -> None:
        """Full dates that other pages show."""
        for text in days:
            day = evidence(text)
            entry = EntryId(text.rsplit(" ", 1)[0])
            self.dates[entry] = EntryDate(*day, EXACT)
            if on:
                self.seen.setdefault(entry, on)

    def read(
        self, shown: str, on: date, label: str = "index", *, earliest: date | None = None, latest: date | None = None
    ) -> dict[str, int | None]:
        """The years that a page proves, by entry."""
        placings = []
        for at, text in enumerate(listing(shown)):
            day = evidence(text)
            placings.append(placing(text, at, day))
            self.seen.setdefault(EntryId(text), on)
            self.dates.setdefault(EntryId(text), EntryDate(day.month, day.day, None, PARTIAL))
        before, read_before = self.last.get(label, ((), None))
        page = Page(placings, before, read_before, on)
        found = inferred([page], self.dates, self.seen, earliest=earliest, latest=latest)
        assert all(one.kind is INFERRED and one.full for one in found.values())
        self.last[label] = placings, on
        self.dates |= found
        return {entry: one.year for entry, one in found.items()}


def told(shown: str, *exact: str) -> dict[str, int | None]:
    """The years that a page proves at its first reading, with some exact dates."""
    reader = Reader()
    reader.exact(*exact)
    return reader.read(shown, date(2026, 11, 20))
