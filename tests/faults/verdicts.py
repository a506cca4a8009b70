"""The table of faults: one row for each, collected while the tests run and written at the end."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_BEGIN, _END = "<!-- begin of what `make faults` writes -->", "<!-- end of what `make faults` writes -->"
_HEAD = ("fault", "occurrences tried", "second copies", "listed once more", "losses", "verdict")


@dataclass
class Verdict:
    """What came of a fault at all its occurrences; the test has `passed` once it is through.

    `losses` are of what the fault could cost: people without a mail, entries that visitors no longer find, rows of the
    state that the next run does not bring back, answers that were given and are not so. `listed` counts the people
    whose next mail lists once more what a lost mail announced, the one exception to the rule that nobody
    gets an entry twice.
    """

    fault: str
    tried: int = 0
    copies: int = 0
    listed: int = 0
    losses: int = 0
    passed: bool = False

    def count(self, copies: Mapping[str, int], people: Iterable[str]) -> None:
        """Count what an edition came to: second copies, and people who have none."""
        self.copies += sum(count - 1 for count in copies.values())
        self.losses += len(set(people) - set(copies))

    @property
    def held(self) -> bool:
        return self.passed and self.losses == 0

    def cells(self) -> tuple[str, ...]:
        numbers = (self.tried, self.copies, self.listed, self.losses)
        return (self.fault, *map(str, numbers), "held" if self.held else "BROKEN")


@dataclass
class Verdicts:
    """The rows in the order of the tests."""

    rows: list[Verdict] = field(default_factory=list)

    def row(self, fault: str) -> Verdict:
        self.rows.append(Verdict(fault))
        return self.rows[-1]

    def table(self) -> str:
        lines = [_HEAD, ("---", "---:", "---:", "---:", "---:", "---"), *(row.cells() for row in self.rows)]
        return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"

    def write(self, page: Path) -> None:
        """Put the table between the marks of a page, with the day and the commit."""
        before, _, rest = page.read_text("utf-8").partition(_BEGIN)
        _, _, after = rest.partition(_END)
        said = f"Run on {datetime.now(UTC):%Y-%m-%d} at commit `{commit(page)}`.\n\n{self.table()}"
        page.write_text(f"{before}{_BEGIN}\n\n{said}\n{_END}{after}", "utf-8")


def lacking(counts: Mapping[str, int], asked: Iterable[str]) -> list[str]:
    """Why a run of so many tests by their outcome, asked for by these arguments, is not the whole harness."""
    kinds = ("skipped", "deselected", "error")
    reasons = [f"{counts[kind]} {kind}" for kind in kinds if counts.get(kind)]
    only = [one for one in asked if Path(one).resolve() != Path(__file__).resolve().parent]
    return reasons + ([f"only {' '.join(only)}"] if only else [])


def commit(page: Path) -> str:
    """What was tried, marked where files differ from it, other than the page itself."""

    def said(*arguments: str) -> str:
        git = ["git", "-C", str(page.parent), *arguments]
        return subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip()

    changed = said("status", "--porcelain", "--untracked-files=no", "--", ":/", f":(exclude){page.name}")
    return (said("rev-parse", "--short", "HEAD") or "unknown") + ("-dirty" if changed else "")
