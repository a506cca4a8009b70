"""Prints the commands of a section of a page, one a line, as they stand there: `typed.py FILE HEADING`."""

from __future__ import annotations

import sys
from pathlib import Path


def typed(page: str, heading: str) -> list[str]:
    """The lines of code below a heading, up to the next one of its level; all of them are commands."""
    _, found, rest = page.partition(f"\n{heading}\n")
    if not found:
        raise SystemExit(f"there is no heading {heading!r}")
    level = heading.split(" ", maxsplit=1)[0]
    section = rest.partition(f"\n{level} ")[0]
    return [line.strip() for line in section.splitlines() if line.startswith("    ") and line.strip()]


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in typed(Path(sys.argv[1]).read_text("utf-8"), sys.argv[2]))
