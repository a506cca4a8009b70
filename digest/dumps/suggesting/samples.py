"""The dumps that recognition looks at: some of a folder, the beginning of each."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING

from digest.dumps.decode import text_blocks
from digest.dumps.files import DumpFile, dump_files
from digest.dumps.suggesting.seen import Page
from digest.errors import DumpError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MOST_DUMPS = 24
MOST_CHARACTERS = 400_000
MOST_LINES = 2_000


def sample(paths: Sequence[Path]) -> tuple[list[Page], int]:
    """At most `MOST_DUMPS` dumps, spread evenly over all, and how many there are, the unreadable ones left out.

    Raises:
        DumpError: a path names nothing, or no dump can be read.
    """
    files = [file for path in paths for file in dump_files(path) if isinstance(file, DumpFile)]
    count = len(files)
    if count > MOST_DUMPS:
        files = [files[at * count // MOST_DUMPS] for at in range(MOST_DUMPS)]
    names = Counter(file.name for file in files)
    pages, errors = [], []
    for file in files:
        try:
            pages.append(_page(file, file.name if names[file.name] == 1 else str(file.path)))
        except DumpError as error:
            errors.append(error)
    if errors and not pages:
        raise errors[0]
    return pages, count


def _page(file: DumpFile, name: str) -> Page:
    try:
        with file.path.open("rb") as stream:
            parts: list[str] = []
            size = 0
            for block in text_blocks(stream, file.name):
                parts.append(block)
                size += len(block)
                if size > MOST_CHARACTERS:
                    break
    except OSError as error:
        raise DumpError(file.name, f"cannot be read: {error.strerror}", remedy="check its permissions") from error
    text = "".join(parts)
    lines = list(islice(text[:MOST_CHARACTERS].split("\n"), MOST_LINES))
    short = "\n".join(lines)
    return Page(short, name=name, cut=len(short) + 1 < len(text))
