"""`make years`: hundreds of random sites, each over two years. `--family X --seed N -v` replays one."""

from __future__ import annotations

import argparse
import os
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import TYPE_CHECKING

from tests.years.drive import Result, run
from tests.years.families import FAMILIES, site
from tests.years.table import table, write

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"
SITES = 300  # the whole of it
_PROCESSES = 2
_SHOWN = 3  # violations of a site, while others run


def judged(family: str, seed: int) -> Result:
    """A site by its family and seed, in any process."""
    return run(site(family, seed))


def chosen(sites: int, families: Sequence[str], first: int = 1) -> list[tuple[str, int]]:
    """So many families and seeds, the families in turn."""
    return [(families[at % len(families)], first + at // len(families)) for at in range(sites)]


def main() -> int:
    """1 where a law is broken."""
    asked = _arguments()
    if asked.family and asked.seed is not None and asked.sites is None:
        result = run(site(asked.family, asked.seed), _print if asked.verbose else None)
        _print("\n".join([result.headline, *map(str, result.violations)]))
        return int(bool(result.violations))
    sites = asked.sites or int(os.environ.get("DIGEST_YEARS_SITES", SITES))
    families = [asked.family] if asked.family else list(FAMILIES)
    wanted = chosen(sites, families, asked.seed or 1)
    results = sorted(_all(wanted), key=lambda one: wanted.index((one.family, one.seed)))
    _print(table(results))
    broken = sum(bool(one.violations) for one in results)
    if broken:
        _print(f"{broken} of {sites} sites break a law")
    elif sites >= SITES and not asked.family:
        write(PAGE, results)
    else:
        _print(f"{PAGE.name} is left as it is, since this is not all")
    return int(broken > 0)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.years", description=__doc__)
    parser.add_argument("sites", nargs="?", type=int, help=f"how many (default: DIGEST_YEARS_SITES, or {SITES})")
    parser.add_argument("--family", choices=sorted(FAMILIES), help="only sites of this one")
    parser.add_argument("--seed", type=int, help="the first seed; with --family and no number of sites, the only one")
    parser.add_argument("-v", "--verbose", action="store_true", help="tell the story of the one site")
    return parser.parse_args()


def _all(wanted: Sequence[tuple[str, int]]) -> Iterator[Result]:
    """The results as they come; what breaks a law is printed at once."""
    with ProcessPoolExecutor(_PROCESSES) as pool:
        futures = [pool.submit(judged, *one) for one in wanted]
        for number, future in enumerate(as_completed(futures), start=1):
            result = future.result()
            if result.violations:
                _print("\n  ".join([result.headline, *map(str, result.violations[:_SHOWN])]))
            sys.stderr.write(f"\r{number} of {len(wanted)} sites")
            yield result
    sys.stderr.write("\n")


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
