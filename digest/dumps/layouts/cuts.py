"""An entry as cut out of a dump; the layouts parse its text."""

from typing import NamedTuple

from digest.model import Layout


class Cut(NamedTuple):  # a tuple, because a dump may have a million
    """An entry's own stretch of text.

    `mark` is the content of its header as written: `6 Nov`, or `Author | 2020-11-06 | 1,234`. `body` is everything
    between header and end, with its line ends.
    """

    layout: Layout
    page: int
    title: str
    mark: str
    body: str
    complete: bool
