"""`make mutants`: plants each bug in a copy of the tree and runs the tests that have to find it.

The same tests pass in that copy before anything is planted: otherwise their failing would prove nothing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.mutants.planted import MUTANTS, Mutant

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).resolve().parents[2]
_COPIED = ("digest", "templates", "config", "tests", "docs", "pyproject.toml")
_PASSED, _FAILED = 0, 1  # pytest: all passed; tests ran, and some failed


def tested(copy: Path, tests: Iterable[str]) -> subprocess.CompletedProcess[str]:
    """Run tests in the copy, as far as the first that fails."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(copy)}
    return subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)


def found(mutant: Mutant, copy: Path) -> bool:
    """Whether the tests fail with the bug."""
    file = copy / mutant.file
    good = file.read_text("utf-8")
    file.write_text(good.replace(mutant.old, mutant.new), "utf-8")
    try:
        done = tested(copy, mutant.tests)
    finally:
        file.write_text(good, "utf-8")
    return done.returncode == _FAILED


def copied(folder: Path) -> Path:
    """The tree, at another place."""
    for name in _COPIED:
        source, target = ROOT / name, folder / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("node_modules", "__pycache__"))
        else:
            shutil.copy(source, target)
    return folder


def main() -> int:
    """1 where a bug lives, or tests fail without one. Arguments name mutants by a part of their names."""
    chosen = [mutant for mutant in MUTANTS if not sys.argv[1:] or any(part in mutant.name for part in sys.argv[1:])]
    alive = 0
    with tempfile.TemporaryDirectory() as folder:
        copy = copied(Path(folder))
        sound = tested(copy, sorted({test for mutant in chosen for test in mutant.tests}))
        if sound.returncode != _PASSED:
            sys.stdout.write(f"{sound.stdout}\nThe tests fail without a planted bug: they would find anything.\n")
            return 1
        for mutant in chosen:
            dead = found(mutant, copy)
            alive += not dead
            sys.stdout.write(f"{'found ' if dead else 'ALIVE '} {mutant.name}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{len(chosen) - alive} of {len(chosen)} planted bugs were found\n")
    return int(alive > 0)


if __name__ == "__main__":
    sys.exit(main())
