"""The limits on the size of the program and its documentation; `make check` runs this module."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]

LINES_OF_A_MODULE = 350
LINES_OF_A_TEST_FILE = 500
LINES_OF_A_PAGE = 400
LINES_OF_ALL_PAGES = 6900
ENTRIES_OF_A_FOLDER = 10
SHARE_OF_IMPORTS = 0.0743

# The exceptions, with their own limit and the reason. An exception that is no longer needed fails, too.
LONGER_MODULES: dict[str, tuple[int, str]] = {}
FULLER_FOLDERS = {
    "digest": (41, "the assembly of the service, and one folder for each station"),
    "digest/changes": (27, "one rule about matching, identifiers, dates or texts in each module"),
    "digest/cli": (39, "one module for each group of commands"),
    "digest/dumps": (20, "the steps from bytes to sightings, in one row"),
    "digest/dumps/declared": (14, "the steps from a declared layout to sightings"),
    "digest/dumps/suggesting": (
        13,
        "the steps from a page to a drawing, the doubts about it, and pages that changed their shape",
    ),
    "digest/service/publishing": (12, "one module for each kind of document and page, and what they share"),
    "digest/dumps/html": (
        16,
        "the parts of an article, and one module for each way in which pages say what entries are",
    ),
    "digest/service": (12, "one folder for each subject"),
    "digest/settings": (23, "the groups, their sources, changes of them, and the report of mistakes"),
    "digest/operations": (29, "one module for each subject that an operator looks at"),
    "digest/typeset": (13, "one module for each channel and each kind of text"),
    "digest/web/console": (18, "one module for each group of pages, and the frame around them"),
    "digest/web": (20, "one module for each group of pages, and a folder for the console"),
}
# The migrations are frozen and their number grows.
FROZEN = "digest/store/database/migrations/versions"
# `make docs` writes these pages from the program, so their length is that of the program's settings and commands.
GENERATED = {"docs/settings.md", "docs/commands.md"}

_IMPORT = re.compile(r"^[ \t]*(?:import |from \S+ import (?!\()|from \S+ import \([^)]*\)).*\n", re.MULTILINE)


def main() -> int:
    """Print what is too large, with what to do about it; 1 if anything is."""
    found = list(faults(ROOT))
    for line in found:
        print(line)  # noqa: T201 - a command for people
    print(f"sizes: {len(found)} to mend; tests/sizes.py holds the limits" if found else "sizes: all within limits")  # noqa: T201
    return 1 if found else 0


def faults(root: Path) -> Iterator[str]:
    """One line for each file or folder below `root` that is above its limit."""
    modules = {_name(file, root): file.read_text("utf-8") for file in _files(root, "digest/**/*.py")}
    yield from _too_long(modules)
    yield from _too_full(modules)
    yield from _imports(modules)
    for file in _files(root, "tests/**/*.py"):
        lines = _lines(file.read_text("utf-8"))
        if lines > LINES_OF_A_TEST_FILE:
            yield f"{_name(file, root)}: {lines} lines, above {LINES_OF_A_TEST_FILE}: split it by subject"
    yield from _pages(root)


def _too_long(modules: dict[str, str]) -> Iterator[str]:
    unused = set(LONGER_MODULES)
    for name, text in modules.items():
        if name.startswith(f"{FROZEN}/"):
            continue
        limit, _ = LONGER_MODULES.get(name, (LINES_OF_A_MODULE, ""))
        lines = _lines(text)
        if lines > limit:
            yield f"{name}: {lines} lines, above {limit}: move one of its subjects to a module of its own"
        if lines > LINES_OF_A_MODULE:
            unused.discard(name)
    for name in sorted(unused):
        yield f"{name}: at most {LINES_OF_A_MODULE} lines now: remove it from tests/sizes.py"


def _too_full(modules: dict[str, str]) -> Iterator[str]:
    entries: dict[str, set[str]] = {}
    for name in modules:
        parts = name.split("/")
        for depth in range(1, len(parts)):
            if parts[depth] != "__init__.py":
                entries.setdefault("/".join(parts[:depth]), set()).add(parts[depth])
    for folder, inside in sorted(entries.items()):
        if folder == FROZEN:
            continue
        limit, _ = FULLER_FOLDERS.get(folder, (ENTRIES_OF_A_FOLDER, ""))
        if len(inside) > limit:
            yield f"{folder}: {len(inside)} entries, above {limit}: join small modules, or give a subject a folder"
    for folder in FULLER_FOLDERS:
        if len(entries.get(folder, ())) <= ENTRIES_OF_A_FOLDER:
            yield f"{folder}: at most {ENTRIES_OF_A_FOLDER} entries now: remove it from tests/sizes.py"


def _imports(modules: dict[str, str]) -> Iterator[str]:
    """The share of lines that import, over the whole program, with the three modules that import most."""
    imports = {name: sum(found.count("\n") for found in _IMPORT.findall(text)) for name, text in modules.items()}
    total = sum(map(_lines, modules.values()))
    share = sum(imports.values()) / total if total else 0.0
    if share > SHARE_OF_IMPORTS:
        most = ", ".join(sorted(imports, key=lambda name: -imports[name])[:3])
        yield (
            f"digest: {share:.2%} of the lines are imports, above {SHARE_OF_IMPORTS:.2%}: "
            f"join modules that import the same names (most imports: {most})"
        )


def _pages(root: Path) -> Iterator[str]:
    total = 0
    for file in _files(root, "docs/**/*.md"):
        name, lines = _name(file, root), _lines(file.read_text("utf-8"))
        if name in GENERATED:
            continue
        total += lines
        if lines > LINES_OF_A_PAGE:
            yield f"{name}: {lines} lines, above {LINES_OF_A_PAGE}: give a task or a subject a page of its own"
    if total > LINES_OF_ALL_PAGES:
        yield f"docs: {total} lines, above {LINES_OF_ALL_PAGES}: remove what no reader looks for, or what stands twice"


def _files(root: Path, pattern: str) -> list[Path]:
    return sorted(file for file in root.glob(pattern) if "node_modules" not in file.parts)


def _name(file: Path, root: Path) -> str:
    return file.relative_to(root).as_posix()


def _lines(text: str) -> int:
    return len(text.splitlines())


if __name__ == "__main__":
    sys.exit(main())
