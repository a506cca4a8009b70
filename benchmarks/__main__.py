"""`python -m benchmarks [GROUP...]`: runs the benchmarks, prints the table, writes build/bench.json.

`--check` fails where a floor is missed that was met once, or what was reached instead of it; `--docs` puts the table
into docs/performance.md.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from benchmarks import machine, report
from digest import logs

if TYPE_CHECKING:
    from benchmarks.measure import Row

# What rows reached whose floor is not met yet, by how their names begin (the first that fits): to lose it is a failure.
# docs/performance.md says why.
NOT_YET = {
    "cut, with structure": 0.125,
    "refresh of ": 0.006,
    "the same, 4 × the input": 5,
    "refresh, nothing changed, one file of ": 0.0037,
    "1,000 sightings, ": 0.065,
    "start to the first feed": 4.2,
    "memory at rest": 2.7,
    "edition, unsigned, ": 0.5,
    "edition, ed25519, ": 0.48,
    "edition, rsa, ": 0.27,
    "edition, ed25519": 17,
    "edition, rsa": 18,
}
GROUPS = ("dumps", "refresh", "known", "feeds", "web", "start", "peers", "mail", "people", "console")
RESULTS = machine.ROOT / "build" / "bench.json"


def main(arguments: list[str]) -> int:
    """Run what is asked for; 1 where a floor is missed and `--check` asks."""
    wanted = [name for name in arguments if not name.startswith("--")] or GROUPS
    logs.configure("error", json_lines=False)
    made: list[Row] = []
    for name in wanted:
        started = time.perf_counter()
        for row in importlib.import_module(f"benchmarks.{name}").rows():
            print(report.line(row), flush=True)
            made.append(row)
        print(f"{'':>2}{name}: {time.perf_counter() - started:.0f} s", flush=True)
    facts = machine.described() | {"date": datetime.now(UTC).date().isoformat()}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(facts | {"rows": [asdict(row) for row in made]}, indent=1, ensure_ascii=False) + "\n")
    if "--docs" in arguments:
        report.write(facts, made)
    missed = [row for row in made if not row.holds]
    print(f"{len(made) - len(missed)} of {len(made)} floors are met")
    lost = [row for row in missed if not _as_good_as_ever(row)]
    for title, rows in (("not met yet", [row for row in missed if row not in lost]), ("LOST", lost)):
        for row in rows:
            print(f"{title}: {row.name} ({row.ratio:.3g}, floor {row.floor:g})")
    return int(bool(lost) and "--check" in arguments)


def _as_good_as_ever(row: Row) -> bool:
    """Whether it reaches, with the same slack, what it reached when its floor was given up for now."""
    reached = next((ratio for name, ratio in NOT_YET.items() if row.name.startswith(name)), None)
    return reached is not None and replace(row, floor=reached).holds


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
