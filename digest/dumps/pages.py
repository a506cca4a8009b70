"""The adapter between the places where dumps come from and everything that reads them: each place gives pages."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol, TypeGuard

from digest.dumps.containers.container import Container, RecordPage
from digest.dumps.containers.kinds import BETWEEN, Terms, is_container
from digest.dumps.files import Refused, Stamp, dump_files
from digest.dumps.interface import Layouts
from digest.dumps.snapshot import BUILT_IN
from digest.errors import DumpError

__all__ = ["Listed", "Page", "is_page", "listed", "pages", "passed", "unpacked"]


class Page(Protocol):
    """A dump that can be read. `digest.dumps.files.DumpFile` is one; making one opens nothing."""

    @property
    def name(self) -> str:
        """The path under which the store knows the dump: a file's is relative to the source's folder."""
        ...

    @property
    def stamp(self) -> Stamp:
        """What shows that the bytes are unchanged, without a look at them."""
        ...

    @property
    def url(self) -> str:
        """The address from which the bytes come, the base of its links; empty if unknown."""
        ...

    @property
    def fetched_at(self) -> datetime | None:
        """When the bytes were fetched, in UTC; None if unknown."""
        ...

    @property
    def media_type(self) -> str:
        """What a server or a record said of the bytes, such as `text/html; charset=gbk`; empty if unknown."""
        ...

    @property
    def is_cut(self) -> bool:
        """Whether there should have been more of it; answered once it was opened."""
        ...

    def open(self) -> BinaryIO:
        """The bytes as a seekable stream, from their start at each call.

        Raises:
            DumpError: they cannot be read.
            OSError: they are a file's, which cannot be opened.
        """
        ...

    def is_changed(self, stream: BinaryIO) -> bool:
        """Whether the bytes behind a stream of `open` are no longer those that the stamp is of."""
        ...


Listed = Page | Refused | DumpError


def is_page(found: Listed) -> TypeGuard[Page]:
    """Whether it is a page, not the reason why there is none."""
    return not isinstance(found, (Refused, DumpError))


def listed(path: Path) -> Iterator[Listed]:
    """What a source's path names, sorted by name, without opening it; a failure to list takes a place in the order."""
    try:
        yield from dump_files(path)
    except DumpError as error:
        yield error


def pages(path: Path, terms: Terms = Terms(), layouts: Layouts = BUILT_IN) -> Iterator[Listed]:  # noqa: B008 - a frozen value
    """Every page that a source's path names, in the order of `listed`, with the records of containers in their place.

    `layouts` decide which field of JSON Lines is the text.
    """
    for found in listed(path):
        if is_page(found):
            yield from unpacked(found, terms, layouts)
        else:
            yield found


def unpacked(page: Page, terms: Terms, layouts: Layouts) -> Iterator[Listed]:
    """The page itself, or the records in it; why some cannot be read comes in their place or at the end."""
    try:
        with page.open() as stream:
            holds_records = is_container(stream, page.name)
    except (DumpError, OSError):
        holds_records = False  # who reads it gets the same error
    if not holds_records:
        yield page
        return
    container = Container(page, terms, layouts)
    yield from container.pages()
    for flaw in container.flaws:
        yield Refused(f"{page.name}{BETWEEN}{flaw.place}", flaw.reason)
    if container.problem is not None:
        yield container.problem
    if container.without:
        yield Refused(page.name, container.without, harmless=not container.is_barren)


def passed(page: Page, error: DumpError) -> bool:
    """Whether an error only says that a record shows no entry, which its container counts."""
    return isinstance(page, RecordPage) and not page.container.is_single and page.container.passed(error)
