"""The table of power cuts, printed and written into docs/reliability.md by `make power`."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tests.faults.verdicts import commit

if TYPE_CHECKING:
    import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"
_BEGIN, _END = "<!-- begin of what `make power` writes -->", "<!-- end of what `make power` writes -->"
_HEAD = ("what was going on", "system calls", "contents of the disk tried", "verdict")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if os.environ.get("DIGEST_TEST_POWER") != "all":
        return
    reports = [one for kind in ("passed", "failed") for one in terminalreporter.stats.get(kind, [])]
    rows = [
        (facts["scene"], f"{facts['calls']}", f"{facts['tried']:,}", "held" if report.passed else "BROKEN")
        for report in reports
        if "scene" in (facts := dict(report.user_properties))
    ]
    lines = [_HEAD, ("---", "---:", "---:", "---"), *rows]
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"
    terminalreporter.write(table)
    if os.environ.get("DIGEST_TEST_POWER_PAGE") == "1":
        before, _, rest = PAGE.read_text("utf-8").partition(_BEGIN)
        said = f"Run on {datetime.now(UTC):%Y-%m-%d} at commit `{commit(PAGE)}`.\n\n{table}"
        PAGE.write_text(f"{before}{_BEGIN}\n\n{said}\n{_END}{rest.partition(_END)[2]}", "utf-8")
