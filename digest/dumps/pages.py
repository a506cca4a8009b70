"""The adapter between the places where dumps come from and everything that reads them: each place gives pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Protocol, TypeGuard

from digest.dumps.files import Refused, dump_files
from digest.errors import DumpError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from digest.dumps.files import Stamp

__all__ = ["Listed", "Page", "is_page", "listed", "pages"]


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


def pages(path: Path) -> Iterator[Listed]:
    """Every page that a source's path names, in the order of `listed`."""
    return listed(path)
