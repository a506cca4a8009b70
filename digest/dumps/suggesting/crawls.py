"""Two crawls of one page: what stays is the page's own, what moved down are entries."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from digest.dumps.suggesting.seen import Page

_ALIKE = 0.4  # share of lines that two crawls have in common
_SURE = 3  # lines that are found again behind what is new
_FARTHEST = 400  # lines of new entries


def other_crawl(page: Page, pages: Sequence[Page]) -> Page | None:
    """The page that is most like this one and not the same; None where none is another crawl of it."""
    own = {line.text for line in page.lines}
    best, most = None, _ALIKE
    for other in pages:
        lines = {line.text for line in other.lines}
        if (
            other is page
            or not lines
            or not own
            or [one.text for one in other.lines] == [one.text for one in page.lines]
        ):
            continue
        share = len(own & lines) / min(len(own), len(lines))
        if share > most:
            best, most = other, share
    return best


def boundaries(page: Page, other: Page) -> tuple[int, ...]:
    """Lines of a page at which entries begin, since another crawl has new entries there, or lacks some."""
    own, theirs = [line.text for line in page.lines], [line.text for line in other.lines]
    same = 0
    while same < min(len(own), len(theirs)) and own[same] == theirs[same]:
        same += 1
    if (again := _found_again(own, theirs[same : same + _SURE], same)) is not None:
        return same, again
    return (same,) if _found_again(theirs, own[same : same + _SURE], same) is not None else ()


def _found_again(lines: Sequence[str], wanted: Sequence[str], start: int) -> int | None:
    """Where these lines stand behind a place."""
    if len(wanted) < _SURE:
        return None
    for at in range(start + 1, min(len(lines), start + _FARTHEST)):
        if lines[at] == wanted[0] and list(lines[at : at + _SURE]) == list(wanted):
            return at
    return None
