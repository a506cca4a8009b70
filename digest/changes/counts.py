"""Which counts of a dump go into its source's series of an entry. Pure.

Several dumps of a source show an entry, read at other times: a series that took every count would fall and rise with
each stale file, and each rise would look like readers won.
"""

from __future__ import annotations


def unsure(count: int, before: int | None, newest: int | None) -> bool:
    """Whether the highest count of the series decides: the dump did not take part in what the newest one says.

    It never showed the entry, or it showed more than the newest count before, and does not fall: the counter began anew
    and this is an older page.
    """
    if newest is None or count <= newest:
        return False
    return before is None or newest < before <= count


def goes_on(count: int, before: int | None, newest: int | None, highest: int | None) -> bool:
    """Whether a count that a dump newly shows goes on with the series.

    `before` is what the dump showed last, `newest` and `highest` are those of the series (`highest` counts where it is
    `unsure`); None where there is none. A rise does. A fall does only where the dump that shows it showed the newest
    count itself: it says that the counter began anew, and another dump's lower count only that it is an older one.
    """
    if newest is None:
        return True
    if count > newest:
        return not unsure(count, before, newest) or highest is None or count > highest
    return before is not None and count < newest <= before
