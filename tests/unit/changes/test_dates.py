"""Years: printed, inferred if only one fits, and never invented."""

from __future__ import annotations

from datetime import date

import pytest

from digest.changes.dates import better, contradicts, evidence_date, is_settled, redates
from digest.model import DateEvidence, DateKind, EntryDate
from tests.unit.changes.shelf import NOW

EXACT, INFERRED, PARTIAL = DateKind.EXACT, DateKind.INFERRED, DateKind.PARTIAL


@pytest.mark.parametrize(
    ("evidence", "found"),
    [
        (DateEvidence(3, 14, 2020), EntryDate(3, 14, 2020, EXACT)),
        (DateEvidence(3, 14), EntryDate(3, 14, None, PARTIAL)),
        (None, None),
        (DateEvidence(11, 21, 2026), EntryDate(11, 21, 2026, EXACT)),
        (DateEvidence(11, 22, 2026), EntryDate(11, 22, 2026, EXACT)),
        (DateEvidence(11, 23, 2026), EntryDate(11, 23, None, PARTIAL)),
        (DateEvidence(3, 14, 2062), EntryDate(3, 14, None, PARTIAL)),
        (DateEvidence(1, 1, 1900), EntryDate(1, 1, 1900, EXACT)),
        (DateEvidence(12, 31, 1899), EntryDate(12, 31, None, PARTIAL)),
        (DateEvidence(1, 1, 1), EntryDate(1, 1, None, PARTIAL)),
    ],
)
def test_what_a_sighting_alone_supports(evidence: DateEvidence | None, found: EntryDate | None) -> None:
    assert evidence_date(evidence, NOW) == found


@pytest.mark.parametrize(
    ("day", "earliest", "latest", "year"),
    [
        ((3, 14), date(2020, 1, 1), date(2020, 12, 31), 2020),
        ((3, 14), date(2019, 12, 1), date(2020, 4, 1), 2020),
        ((12, 14), date(2019, 12, 1), date(2020, 4, 1), 2019),
        ((3, 14), date(2020, 3, 14), date(2021, 3, 13), 2020),
        ((3, 14), date(2020, 3, 14), date(2021, 3, 14), None),
        ((6, 1), date(2019, 12, 1), date(2020, 4, 1), None),
        ((2, 29), date(2018, 1, 1), date(2021, 12, 31), 2020),
        ((2, 29), date(2017, 1, 1), date(2019, 12, 31), None),
    ],
)
def test_the_operators_range_settles_a_year_that_alone_fits(
    day: tuple[int, int], earliest: date, latest: date, year: int | None
) -> None:
    kind = INFERRED if year else PARTIAL
    assert evidence_date(DateEvidence(*day), NOW, earliest, latest) == EntryDate(*day, year, kind)


def test_a_range_without_an_end_ends_with_the_reading_and_one_without_a_start_settles_nothing() -> None:
    day = DateEvidence(3, 14)
    assert evidence_date(day, NOW, date(2026, 1, 1)) == EntryDate(3, 14, 2026, INFERRED)
    assert evidence_date(day, NOW, date(2025, 6, 1), date(2030, 1, 1)) == EntryDate(3, 14, 2026, INFERRED)
    assert evidence_date(day, NOW, date(2025, 1, 1)) == EntryDate(3, 14, None, PARTIAL)
    assert evidence_date(DateEvidence(12, 14), NOW, date(2026, 1, 1)) == EntryDate(12, 14, None, PARTIAL)
    assert evidence_date(day, NOW, None, date(2020, 1, 1)) == EntryDate(3, 14, None, PARTIAL)


def test_no_range_overrides_a_printed_year() -> None:
    printed = evidence_date(DateEvidence(3, 14, 2015), NOW, date(2020, 1, 1), date(2020, 12, 31))
    assert printed == EntryDate(3, 14, 2015, EXACT)


@pytest.mark.parametrize(
    ("evidence", "read_on", "settled"),
    [
        (None, None, True),
        (DateEvidence(3, 14), None, True),
        (DateEvidence(3, 14, 2020), None, False),
        (DateEvidence(3, 14, 2020), date(2020, 3, 11), False),
        (DateEvidence(3, 14, 2020), date(2020, 3, 12), True),
        (DateEvidence(3, 14, 1899), date(2020, 3, 12), True),
    ],
)
def test_time_makes_only_a_date_clear_that_lay_in_the_future(
    evidence: DateEvidence | None, read_on: date | None, settled: bool
) -> None:
    assert is_settled(evidence, read_on) is settled


@pytest.mark.parametrize("old", [None, EXACT, INFERRED, PARTIAL])
@pytest.mark.parametrize("new", [None, EXACT, INFERRED, PARTIAL])
def test_evidence_never_gets_worse(old: DateKind | None, new: DateKind | None) -> None:
    rank = [None, PARTIAL, INFERRED, EXACT]

    def day(kind: DateKind | None, year: int) -> EntryDate | None:
        return None if kind is None else EntryDate(3, 14, None if kind is PARTIAL else year, kind)

    found = better(day(old, 2019), day(new, 2020))

    assert found == (day(new, 2020) if rank.index(new) > rank.index(old) else None)


def test_only_an_exact_date_contradicts_and_only_an_inferred_one_of_another_year() -> None:
    right, wrong = EntryDate(3, 14, 2020, INFERRED), EntryDate(3, 14, 2019, INFERRED)
    exact, partial = EntryDate(3, 14, 2020, EXACT), EntryDate(3, 14, None, PARTIAL)
    assert contradicts(wrong, exact)
    assert better(wrong, exact) == exact
    assert contradicts(EntryDate(3, 15, 2020, INFERRED), exact)
    quiet = [(right, exact), (partial, exact), (None, exact), (wrong, right), (exact, wrong), (wrong, partial)]
    assert not any(contradicts(old, new) for old, new in [*quiet, (wrong, None)])


def test_another_day_or_year_is_another_date_and_a_year_that_became_known_is_none() -> None:
    partial, inferred = EntryDate(3, 14, None, DateKind.PARTIAL), EntryDate(3, 14, 2020, INFERRED)
    exact, before = EntryDate(3, 14, 2020, DateKind.EXACT), EntryDate(3, 14, 2019, DateKind.EXACT)
    later = EntryDate(3, 15, None, DateKind.PARTIAL)
    assert all(
        redates(old, new) for old, new in [(inferred, before), (partial, later), (exact, later), (before, exact)]
    )
    same = [(partial, inferred), (partial, before), (inferred, exact), (exact, exact), (None, exact), (exact, None)]
    assert not any(redates(old, new) for old, new in same)
