"""Finds the counts that a dump newly shows, and decides which of them belong to its source's series for an entry.

Several dumps of a source may show an entry, and they are read at different times. A series of all their counts would
fall and rise with each stale file, and each rise would look like new readers. Decisions 25, 26 and 285.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from digest.changes.values import Counts, Placing
from digest.model import NO_EXTRAS, READERS, EntryId, Extras


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


def last_read(count: int | None, own: Sequence[Placing]) -> int | None:
    """The count, or the dump's last count if it shows none now."""
    return max((one.readers for one in own if one.readers is not None), default=None) if count is None else count


def newly_read(
    placings: Sequence[Placing], own: Mapping[EntryId, Sequence[Placing]]
) -> tuple[tuple[tuple[EntryId, int], ...], dict[EntryId, int]]:
    """The counts that the dump newly shows, and its previous counts.

    An entry shown several times has its highest count.
    """

    def stands(placing: Placing) -> bool:
        before = own.get(placing.entry, ())
        return placing.readers is None or (len(before) == 1 and before[0].readers == placing.readers)

    moved = {placing.entry for placing in placings if not stands(placing)}
    highest: dict[EntryId, int] = {}
    for placing in placings if moved else ():
        if placing.entry in moved and placing.readers is not None:
            highest[placing.entry] = max(placing.readers, highest.get(placing.entry, placing.readers))
    before = {entry: count for entry in moved if (count := last_read(None, own.get(entry, ()))) is not None}
    return tuple((entry, count) for entry, count in highest.items() if count != before.get(entry)), before


def last_counted(extras: Extras, own: Sequence[Placing]) -> Extras:
    """The extras of a sighting, with the dump's last numbers of what it does not count now. Readers are apart."""
    if extras is NO_EXTRAS and all(one.extras is NO_EXTRAS for one in own):
        return extras
    before = dict(count for one in own for count in one.extras.counts)
    now = {name: number for name, number in extras.counts if name != READERS}
    counts = tuple((before | now).items())
    return extras if counts == extras.counts else replace(extras, counts=counts)


def newly_counted(
    placings: Sequence[Placing], own: Mapping[EntryId, Sequence[Placing]]
) -> tuple[tuple[tuple[EntryId, Counts], ...], dict[EntryId, Counts]]:
    """The other numbers that the dump newly shows, and its previous ones, as `newly_read` for readers."""
    highest: dict[EntryId, dict[str, int]] = {}
    for placing in placings:
        if placing.extras is not NO_EXTRAS and placing.extras.counts:
            known = highest.setdefault(placing.entry, {})
            known.update({name: max(number, known.get(name, number)) for name, number in placing.extras.counts})
    before = {
        entry: tuple(dict(c for one in own.get(entry, ()) for c in one.extras.counts).items()) for entry in highest
    }
    new = tuple((entry, tuple(counts.items())) for entry, counts in highest.items() if counts != dict(before[entry]))
    return new, {entry: before[entry] for entry, _ in new if before[entry]}


def counted_now(known: Counts, shown: Counts, before: Counts | None) -> Counts:
    """The numbers of an entry after a dump newly showed some, which it showed as `before`, if it did.

    A dump that shows the entry for the first time may be an older page, so it lowers no number.
    """
    there = dict(known)
    return tuple((there | {n: v if before is not None else max(v, there.get(n, v)) for n, v in shown}).items())
