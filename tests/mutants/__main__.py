"""`make mutants`: plants each bug in a copy of the tree and runs the tests that have to find it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.mutants.planted import MUTANTS, Mutant

ROOT = Path(__file__).resolve().parents[2]
_COPIED = ("digest", "templates", "config", "tests", "docs", "pyproject.toml")
_FAILED = 1  # pytest: tests ran, and some failed


def found(mutant: Mutant, copy: Path) -> bool:
    """Whether the tests fail with the bug."""
    file = copy / mutant.file
    good = file.read_text("utf-8")
    file.write_text(good.replace(mutant.old, mutant.new), "utf-8")
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *mutant.tests]
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, check=False)
    finally:
        file.write_text(good, "utf-8")
    return done.returncode == _FAILED


def main() -> int:
    """1 where a bug lives. Arguments name some of the mutants by a part of their names."""
    chosen = [mutant for mutant in MUTANTS if not sys.argv[1:] or any(part in mutant.name for part in sys.argv[1:])]
    alive = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in _COPIED:
            source, target = ROOT / name, Path(folder) / name
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("node_modules", "__pycache__"))
            else:
                shutil.copy(source, target)
        for mutant in chosen:
            dead = found(mutant, Path(folder))
            alive += not dead
            sys.stdout.write(f"{'found ' if dead else 'ALIVE '} {mutant.name}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{len(chosen) - alive} of {len(chosen)} planted bugs were found\n")
    return int(alive > 0)


if __name__ == "__main__":
    sys.exit(main())
