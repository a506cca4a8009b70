"""Years: shown, inferred where only one fits, and never invented."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.changes.dates import better, evidence_date, inferred
from digest.changes.values import Placing
from digest.model import DateEvidence, DateKind, EntryDate, EntryId, Fingerprint
from tests.unit.changes.shelf import NOW

if TYPE_CHECKING:
    from collections.abc import Sequence

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


def test_half_a_range_settles_nothing_and_no_range_overrides_a_printed_year() -> None:
    assert evidence_date(DateEvidence(3, 14), NOW, date(2020, 1, 1)) == EntryDate(3, 14, None, PARTIAL)
    assert evidence_date(DateEvidence(3, 14), NOW, None, date(2020, 1, 1)) == EntryDate(3, 14, None, PARTIAL)
    printed = evidence_date(DateEvidence(3, 14, 2015), NOW, date(2020, 1, 1), date(2020, 12, 31))
    assert printed == EntryDate(3, 14, 2015, EXACT)


@pytest.mark.parametrize("old", [None, EXACT, INFERRED, PARTIAL])
@pytest.mark.parametrize("new", [None, EXACT, INFERRED, PARTIAL])
def test_evidence_never_gets_worse(old: DateKind | None, new: DateKind | None) -> None:
    rank = [None, PARTIAL, INFERRED, EXACT]

    def day(kind: DateKind | None, year: int) -> EntryDate | None:
        return None if kind is None else EntryDate(3, 14, None if kind is PARTIAL else year, kind)

    found = better(day(old, 2019), day(new, 2020))

    assert found == (day(new, 2020) if rank.index(new) > rank.index(old) else None)


# --- runs -----------------------------------------------------------------------------------------


def page(*days: tuple[int, ...] | None) -> list[Placing]:
    """A page of entries `0`, `1`, … with (month, day) each."""
    return [
        Placing(EntryId(str(at)), at, 0, "", day and DateEvidence(*day), None, Fingerprint(""), complete=True)  # type: ignore[arg-type]
        for at, day in enumerate(days)
    ]


def years(placings: Sequence[Placing], exact: dict[int, int]) -> list[int | None]:
    """The years of the entries of a page, with those exact that are given."""
    dates: dict[EntryId, EntryDate | None] = {}
    for placing in placings:
        if placing.evidence:
            year = exact.get(placing.position)
            kind = EXACT if year else PARTIAL
            dates[placing.entry] = EntryDate(placing.evidence.month, placing.evidence.day, year, kind)
    found = inferred([placings], dates)
    assert all(day.kind is INFERRED for day in found.values())
    return [found[p.entry].year if p.entry in found else exact.get(p.position) for p in placings]


NOVEMBER = ((11, 6), (11, 11), (11, 13), (11, 20), (11, 24), (12, 1), (12, 4), (12, 7))


def test_one_exact_day_dates_the_run_around_it() -> None:
    assert years(page(*NOVEMBER), {3: 2020}) == [2020] * 8
    assert years(page(*reversed(NOVEMBER)), {4: 2020}) == [2020] * 8


@pytest.mark.parametrize(
    ("days", "exact", "found"),
    [
        # two entries are always in order, and say nothing
        (((3, 1), (3, 5)), {0: 2020}, [2020, None]),
        # without an exact day nothing is known
        (NOVEMBER, {}, [None] * 8),
        # over New Year the order turns: the other side is another run
        (((12, 20), (12, 24), (12, 30), (1, 2), (1, 5), (1, 9)), {1: 2020}, [2020, 2020, 2020, None, None, None]),
        (((12, 20), (12, 24), (12, 30), (1, 2), (1, 5), (1, 9)), {4: 2021}, [None, None, None, 2021, 2021, 2021]),
        # a turn belongs to both runs, and is dated only where they agree
        (((3, 1), (3, 5), (3, 9), (3, 4), (3, 2)), {0: 2020}, [2020, 2020, None, None, None]),
        (((3, 1), (3, 5), (3, 9), (3, 4), (3, 2)), {0: 2020, 4: 2020}, [2020, 2020, 2020, 2020, 2020]),
        (((3, 1), (3, 5), (3, 9), (3, 4), (3, 2)), {0: 2020, 4: 2021}, [2020, 2020, None, 2021, 2021]),
        # between two exact days of different years nothing fits
        (((3, 1), (3, 5), (3, 9), (3, 12)), {0: 2019, 3: 2020}, [2019, None, None, 2020]),
        (((3, 1), (3, 5), (3, 9), (3, 12)), {1: 2019, 2: 2020}, [2019, 2019, 2020, 2020]),
        # equal days belong to the run around them
        (((3, 1), (3, 5), (3, 5), (3, 9)), {0: 2020}, [2020] * 4),
        # a day that does not exist in the year is left alone
        (((2, 27), (2, 28), (2, 29)), {0: 2019}, [2019, 2019, None]),
        # an entry without a day, or with a printed year, ends the run
        (((3, 1), (3, 5), None, (3, 9), (3, 12)), {0: 2020}, [2020, None, None, None, None]),
        (((3, 1), (3, 5), (3, 7), None, (3, 9)), {0: 2020}, [2020, 2020, 2020, None, None]),
    ],
)  # fmt: skip
def test_what_a_run_supports(
    days: tuple[tuple[int, ...] | None, ...], exact: dict[int, int], found: list[int | None]
) -> None:
    assert years(page(*days), exact) == found


def test_a_printed_year_ends_a_run_since_it_is_of_another_layout() -> None:
    placings = page((3, 1), (3, 5), (3, 6), (3, 9), (3, 12))
    placings[2] = replace(placings[2], evidence=DateEvidence(3, 6, 2020))
    assert years(placings, {0: 2020, 2: 2020}) == [2020, None, 2020, None, None]


def test_an_entry_that_two_pages_date_differently_stays_as_it_is() -> None:
    one, other = page((3, 1), (3, 5), (3, 9)), page((3, 2), (3, 5), (3, 10))
    other = [replace(p, entry=EntryId(name)) for p, name in zip(other, ("x", "1", "y"), strict=True)]
    dates: dict[EntryId, EntryDate | None] = {
        EntryId("0"): EntryDate(3, 1, 2019, EXACT),
        EntryId("x"): EntryDate(3, 2, 2020, EXACT),
    }
    found = inferred([one, other], dates)
    assert EntryId("1") not in found
    assert found[EntryId("2")].year == 2019
    assert found[EntryId("y")].year == 2020


@given(st.sets(st.dates(date(2020, 1, 1), date(2020, 12, 31)), min_size=1, max_size=12), st.data())
def test_one_exact_day_dates_a_page_in_order_and_dates_it_right(days: set[date], data: st.DataObject) -> None:
    ordered = sorted(days, reverse=data.draw(st.booleans()))
    known = data.draw(st.sets(st.integers(0, len(ordered) - 1)))
    found = years(page(*((day.month, day.day) for day in ordered)), dict.fromkeys(known, 2020))
    assert set(found) <= {2020, None}
    if len(ordered) >= 3 and known:
        assert found == [2020] * len(ordered)
