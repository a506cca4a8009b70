"""The table of the sites' results, one row for each family, in docs/reliability.md."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tests.faults.verdicts import commit

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from tests.years.drive import Result

BEGIN, END = "<!-- begin of what `make years` writes -->", "<!-- end of what `make years` writes -->"
_HEAD = (
    "family",
    "sites",
    "crawls",
    "articles",
    "edits",
    "violations",
    "counted exceptions",
    "reports to the operator",
)


def table(results: Sequence[Result]) -> str:
    """A row a family in the order of the first of its sites, and one of all."""
    families = list(dict.fromkeys(one.family for one in results))
    rows = [_row(family, [one for one in results if one.family == family]) for family in families]
    lines = [_HEAD, ("---", *(["---:"] * (len(_HEAD) - 1))), *rows, _row("all", results)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"


def _row(name: str, results: Iterable[Result]) -> tuple[str, ...]:
    results = list(results)
    sums = (
        len(results),
        sum(one.crawls for one in results),
        sum(one.articles for one in results),
        sum(one.edits for one in results),
        sum(len(one.violations) for one in results),
        sum(one.exceptions for one in results),
        sum(one.reports for one in results),
    )
    return name, *(f"{number:,}" for number in sums)


def write(page: Path, results: Sequence[Result]) -> None:
    """Put the table between the marks of a page, with the day and the commit."""
    before, _, rest = page.read_text("utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    run = f"Run on {datetime.now(UTC):%Y-%m-%d} at commit `{commit(page)}`.\n\n{table(results)}"
    page.write_text(f"{before}{BEGIN}\n\n{run}\n{END}{after}", "utf-8")
