"""What bandit finds in the program is what was reviewed. `make check` runs this module; a run takes ten seconds."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# Findings of medium and high severity, with the reason why each is right.
REVIEWED = {
    ("B608", "digest/store/upkeep/audit.py"): "names of our own tables and columns",
    ("B303", "digest/mail/receiving/provider_events.py"): "SHA-1: Amazon signs with it by default",
    ("B608", "digest/store/database/migrations/versions/0009_doubts_and_clocks.py"): "names of our own columns",
    ("B104", "digest/settings/whole.py"): "compared with, not listened on",
    ("B608", "digest/store/database/schema.py"): "a number of ours is put into a PRAGMA",
}


def main() -> int:
    """Print findings that nobody reviewed, and reviewed ones that are gone; 1 if there are any."""
    command = [sys.executable, "-m", "bandit", "-q", "-r", "digest", "-ll", "-f", "json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    report = json.loads(done.stdout)
    assert not report["errors"], report["errors"]
    found = {(one["test_id"], one["filename"]): one for one in report["results"]}
    for finding, one in found.items():
        if finding not in REVIEWED:
            print(f"{one['filename']}:{one['line_number']}: {one['test_id']} {one['issue_text']}")  # noqa: T201 - a command for people
    for name, file in REVIEWED.keys() - found.keys():
        print(f"{file}: {name} is no longer found: remove it from tests/reviewed.py")  # noqa: T201
    return 1 if found.keys() != REVIEWED.keys() else 0


if __name__ == "__main__":
    sys.exit(main())
