"""Layouts that an operator declares: one drawing of an entry with typed fields, read in linear time.

How to use it:

    tables = tomllib.loads(text)["layouts"]            # plain values, as in a TOML file
    layouts = compiled(tables, "layouts.toml")         # tuple of Layout; LayoutError names everything that is wrong
    reading = read_text(layouts, page)                 # a whole page at hand
    reading.entries                                    # tuple of Found: title, date, counts, tags, lines, …
    reading.unclaimed                                  # lines that belong to no entry; `mark` where they are drawn
    reading.unread                                     # lines at which an entry seems to begin that is not as drawn

`Reading(layouts, blocks)` streams: `blocks` gives the text in pieces, from its start each time it is called. `Found`
has the numbers of its first and last line. `Layout.fingerprint` changes whenever the layout may read otherwise.
`dates.Grammar(languages, order).read(text)` reads one date; `drawing.drawn_lines` gives the pieces of a drawing.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from digest.dumps.declared.dates import Order
from digest.dumps.declared.declaration import Declaration, LayoutError
from digest.dumps.declared.found import Found
from digest.dumps.declared.layout import Layout, compiled
from digest.dumps.declared.reading import Unclaimed, Unread, UnsureOrderError, Walk

__all__ = [
    "Declaration",
    "Found",
    "Layout",
    "LayoutError",
    "Read",
    "Reading",
    "Unclaimed",
    "Unread",
    "compiled",
    "read_text",
]


@dataclass(frozen=True, slots=True)
class Read:
    """A page that was read: `entries` in page order, the lines of none, and those at which one seems to begin."""

    entries: tuple[Found, ...]
    unclaimed: tuple[Unclaimed, ...]
    unread: tuple[Unread, ...]


class Reading:
    """One reading of a text, in pieces; `unread` is complete once all entries were taken.

    Where two numbers of a date can change places, all dates of the text are looked at first for one that shows their
    order.
    """

    def __init__(self, layouts: Sequence[Layout], blocks: Callable[[], Iterable[str]]) -> None:
        self.unread: list[Unread] = []
        self._layouts, self._blocks = layouts, blocks

    def entries(self) -> Iterator[Found]:
        """The entries in page order; once."""
        walk = Walk(self._layouts, self._blocks(), unsure=_stop)
        given = 0
        try:
            for found in walk.entries():
                given += 1
                yield found
        except UnsureOrderError:
            walk = Walk(self._layouts, self._blocks(), order=self._shown())
            yield from islice(walk.entries(), given, None)
        self.unread = walk.unread

    def _shown(self) -> Order | None:
        """The order that the dates of the text show; None where none does, or they contradict each other."""
        walk = Walk(self._layouts, self._blocks())
        for _ in walk.entries():
            pass
        return next(iter(walk.shown)) if len(walk.shown) == 1 else None


def read_text(layouts: Sequence[Layout], text: str) -> Read:
    """Everything that layouts say of a text at hand."""
    order = None
    try:
        for _ in Walk(layouts, [text], unsure=_stop).entries():
            pass
    except UnsureOrderError:
        order = Reading(layouts, lambda: [text])._shown()  # noqa: SLF001 - of this module
    unclaimed: list[Unclaimed] = []
    walk = Walk(layouts, [text], order=order, on_unclaimed=unclaimed.append)
    return Read(tuple(walk.entries()), tuple(unclaimed), tuple(walk.unread))


def _stop() -> None:
    raise UnsureOrderError
