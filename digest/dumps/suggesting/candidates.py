"""All that may be the entries of a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from digest.dumps.suggesting.candidate import LEAST, Candidate
from digest.dumps.suggesting.dated import of_dates
from digest.dumps.suggesting.families import LEAST_HEADINGS, families, has_years, is_date_alone, is_over, years_over
from digest.dumps.suggesting.undated import of_headings, undated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.dumps.suggesting.seen import Page

_MOST_FAMILIES = 4


def candidates(page: Page) -> Iterator[Candidate]:
    """All candidates of a page."""
    found = families(page)
    for family in found[:_MOST_FAMILIES]:
        if len(family) >= LEAST:
            others = [other for other in found if other is not family and is_over(page, other, family)]
            if not has_years(page, family) and (years := years_over(page, family)):
                others.insert(0, years)
            yield from of_dates(page, family, others[0] if others else ())
        if len(family) >= LEAST_HEADINGS and all(is_date_alone(page.lines[at]) for at in family):
            yield from of_headings(page, family)
    if not any(len(family) >= LEAST for family in found):
        yield from undated(page)
