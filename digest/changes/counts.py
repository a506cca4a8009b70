"""Decides which reader counts of a dump belong to its source's series for an entry.

Several dumps of a source may show an entry, and they are read at different times. A series of all their counts would
fall and rise with each stale file, and each rise would look like new readers. Decisions 25 and 26.
"""

from __future__ import annotations


def unsure(count: int, before: int | None, newest: int | None) -> bool:
    """Whether the count must exceed the highest of the series, because this dump had no part in the newest count.

    That is so if the dump never showed the entry. It is also so if it showed more than the newest count before and does
    not fall: then the counter was reset, and this is an older page.
    """
    if newest is None or count <= newest:
        return False
    return before is None or newest < before <= count


def goes_on(count: int, before: int | None, newest: int | None, highest: int | None) -> bool:
    """Whether a count that a dump newly shows continues the series.

    `before` is the dump's previous count, `newest` and `highest` are those of the series; None if there is none.
    (`highest` only matters if the count is `unsure`.) A rise continues the series. A fall does so only if this dump
    also showed the newest count: then the counter was reset. A lower count in another dump only means that the dump is
    older.
    """
    if newest is None:
        return True
    if count > newest:
        return not unsure(count, before, newest) or highest is None or count > highest
    return before is not None and count < newest <= before
