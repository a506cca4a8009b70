"""An entry as it was cut out of a dump; what the text says is for the layouts."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from digest.model import Layout


class Cut(NamedTuple):  # a tuple, since a dump may hold a million
    """An entry's own stretch of text.

    `mark` is what its header says, as written: `6 Nov`, or `Author | 2020-11-06 | 1,234`. `body` is all between header
    and end, with its line ends.
    """

    layout: Layout
    page: int
    title: str
    mark: str
    body: str
    complete: bool
