"""What a layout is to the rest of the program: it reads a text. Each kind is one module behind this.

An entry as cut out of a dump; the layouts parse its text.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, Protocol

from digest.model import Layout, Note, Sighting


class TextReading(Protocol):
    """One reading of a text. Once all sightings were taken, `notes` is what the operator has to know."""

    notes: list[Note]

    def sightings(self) -> Iterator[Sighting]:
        """The entries in page order; once."""
        ...

    def nothing(self) -> str:
        """Why the text gave no entry, once it was read."""
        ...


class Layouts(Protocol):
    """The layouts by which the dumps of a source are read."""

    def rules(self, base: int) -> int:
        """The version of the rules by which a text is read, of which `base` is the program's own part.

        Another one whenever the layouts may read a text otherwise; stored with each reading.
        """
        ...

    def reading(
        self, text: Callable[[], Iterable[str]], dump: str, *, url: str = "", media_type: str = ""
    ) -> TextReading:
        """A reading of a text. `text` gives its blocks, from the start each time it is called.

        `url` is the address of the page, the base of its links; `media_type` is what its server said it is. Both are
        empty if unknown.
        """
        ...


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
