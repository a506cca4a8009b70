"""The dumps that recognition looks at, some of a folder and the beginning of each, and the layouts that it writes."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from digest.dumps.containers.kinds import Terms
from digest.dumps.decode import text_blocks
from digest.dumps.files import DumpFile
from digest.dumps.html.reading import is_html
from digest.dumps.pages import Page as DumpPage
from digest.dumps.pages import is_page, listed, unpacked
from digest.dumps.snapshot import BUILT_IN
from digest.dumps.suggesting.seen import Page
from digest.errors import DumpError
from digest.json_output import toml_value

MOST_DUMPS = 24
MOST_CHARACTERS = 400_000
MOST_LINES = 2_000
_BLOCKS_OF_HTML = 100  # of a page that is longer than other dumps that are looked at
MOST_RECORDS = 2_000  # of one container


def sample(paths: Sequence[Path]) -> tuple[list[Page], int]:
    """At most `MOST_DUMPS` dumps, spread evenly over all, and how many there are, the unreadable ones left out.

    Raises:
        DumpError: a path names nothing, or no dump can be read.
    """
    found = [page for path in paths for page in _dumps(path)]
    count = len(found)
    if count > MOST_DUMPS:
        found = [found[at * count // MOST_DUMPS] for at in range(MOST_DUMPS)]
    names = Counter(page.name for page in found)
    sampled, errors = [], []
    for page in found:
        name = str(page.path) if names[page.name] > 1 and isinstance(page, DumpFile) else page.name
        try:
            sampled.append(_beginning(page, name))
        except DumpError as error:
            errors.append(error)
    if errors and not sampled:
        raise errors[0]
    return sampled, count


def _dumps(path: Path) -> Iterator[DumpPage]:
    """The dumps of a path, and the first records of each of its containers."""
    for found in listed(path):
        if isinstance(found, DumpError):
            raise found
        if is_page(found):
            yield from filter(is_page, islice(unpacked(found, Terms(), BUILT_IN), MOST_RECORDS))


def _beginning(page: DumpPage, name: str) -> Page:
    try:
        with page.open() as stream:
            return page_of(stream, name)
    except OSError as error:
        raise DumpError(page.name, f"cannot be read: {error.strerror}", remedy="check its permissions") from error


def page_of(stream: BinaryIO, name: str) -> Page:
    """The beginning of a dump.

    Raises:
        DumpError: it is not text.
    """
    parts: list[str] = []
    size = 0
    blocks = text_blocks(stream, name)
    for block in blocks:
        parts.append(block)
        size += len(block)
        if size > MOST_CHARACTERS:
            break
    text = "".join(parts)
    if is_html(text):
        return Page.of_html("".join((text, *islice(blocks, _BLOCKS_OF_HTML))), name=name)
    lines = list(islice(text[:MOST_CHARACTERS].split("\n"), MOST_LINES))
    short = "\n".join(lines)
    return Page(short, name=name, cut=len(short) + 1 < len(text))


def toml_of(tables: Sequence[Mapping[str, object]], comments: Sequence[Sequence[str]] = ()) -> str:
    """One document with a table `[[layouts]]` for each; `comments` are lines over each of them."""
    return "\n".join(
        "".join(f"# {_in_one_line(line)}\n" for line in (comments[at] if at < len(comments) else ())) + _table(table)
        for at, table in enumerate(tables)
    )


def _table(table: Mapping[str, object]) -> str:
    lines = ["[[layouts]]"]
    lines += [f"{key} = {_drawing(value) if key == 'entry' else toml_value(value)}" for key, value in table.items()]
    return "\n".join(lines) + "\n"


def _drawing(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_drawing, value)) + "]"
    text = str(value)
    if "'''" in text:
        return toml_value(text)
    return "'''\n" + text.removesuffix("\n") + "\n'''"


def _in_one_line(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)
