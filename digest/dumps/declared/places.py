"""Where a layout stands on its page, and the headings with dates over its entries."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from digest.model import PrintedDate


@dataclass(slots=True)
class Page:
    """Where a layout stands on its page.

    `behind`: directly behind what begins entries; `by_end`: that is an end mark, so it is not sure that anything
    comes. `closed`: the list is over until a line begins it again. `headings` are the dates over what comes, the
    coarser ones first; `whole_days`: they began with a whole day, so that a month alone is none.
    """

    behind: bool = False
    by_end: bool = False
    begun: bool = False
    closed: bool = False
    number: int = 0
    entries: int = 0
    whole_days: bool = False
    headings: list[PrintedDate | None] = field(default_factory=list)


def is_whole(date: PrintedDate | None) -> bool:
    return date is not None and None not in date


def set_heading(headings: list[PrintedDate | None], new: PrintedDate | None) -> None:
    """Put a heading over what comes: it ends those that are not coarser than it."""
    if new is None:
        headings[:] = [None]
        return
    coarsest = next(at for at, part in enumerate(new) if part is not None)
    while headings and (headings[-1] is None or _finest(headings[-1]) >= coarsest):
        headings.pop()
    headings.append(new)


def _finest(parts: PrintedDate) -> int:
    return max(at for at, part in enumerate(parts) if part is not None)


def over(headings: Sequence[PrintedDate | None]) -> PrintedDate | None:
    """The date that headings say together."""
    year = month = day = None
    for parts in headings:
        if parts is None:
            return None
        year, month, day = (
            parts.year if parts.year is not None else year,
            parts.month if parts.month is not None else month,
            parts.day if parts.day is not None else day,
        )
    return PrintedDate(year, month, day) if headings else None


def filled(own: PrintedDate, over: PrintedDate) -> PrintedDate:
    """A date with the coarser parts of the headings over it, unless it contradicts them."""
    if any(one is not None and other is not None and one != other for one, other in zip(own, over, strict=True)):
        return own
    coarsest = next(at for at, part in enumerate(own) if part is not None)
    return PrintedDate(*(part if part is not None or at > coarsest else over[at] for at, part in enumerate(own)))
