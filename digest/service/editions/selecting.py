"""Selects an edition's entries: new ones, most read ones, and those corrected since they were announced.

Decision 91.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from digest.mail.composing.corrections import Correction, is_visible
from digest.model import Section, Selected, SourceId
from digest.records.editions import FIRST_REACH
from digest.service.publishing.redating import tells_another_day

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from digest.model import Content, DigestId, Entry, EntryId
    from digest.records.editions import DigestState
    from digest.settings import Digest
    from digest.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Selection:
    """The content of an edition; `before` has what changed in corrected entries since they were announced."""

    entries: tuple[Selected, ...]
    before: dict[EntryId, tuple[Correction, ...]]

    @property
    def empty(self) -> bool:
        """Whether nothing is new and nothing corrected; most read entries alone are no edition."""
        return all(one.section is Section.MOST_READ for one in self.entries)

    def contents(self, entries: Sequence[Selected]) -> Iterator[Content]:
        """All texts that these entries may show."""
        yield from (one.entry.content for one in entries)
        yield from (content for steps in self.before.values() for one in steps for content in (one.before, one.after))


def select_entries(tx: Transaction, digest: Digest, state: DigestState) -> Selection:
    """Select the content of an edition of a digest that is made now."""
    sources: Sequence[SourceId] = [SourceId(name) for name in digest.sources]
    new = tx.selecting.untold(state.id, state.configured_at - FIRST_REACH, sources)
    corrected = [
        (entry, steps)
        for entry in tx.selecting.corrected(state.id)
        if is_visible(steps := _corrections(tx, state.id, entry.id)) and _leads_elsewhere(steps, entry)
    ]
    read = tx.selecting.most_read(state.last_close_at, sources, digest.most_read) if state.last_close_at else []
    return Selection(
        (
            *(Selected(Section.NEW, entry) for entry in new),
            *(Selected(Section.MOST_READ, entry, gained) for entry, gained in read),
            *(Selected(Section.CORRECTED, entry) for entry, _ in corrected),
        ),
        {entry.id: steps for entry, steps in corrected},
    )


def _leads_elsewhere(steps: Sequence[Correction], entry: Entry) -> bool:
    """Whether the corrections, taken together, changed what people see, and it is still so.

    A correction that was taken back before anybody heard of it is none, even if the text changed later in silence.
    """
    dated = [one for one in steps if one.now is not None]
    before, after = steps[0].before, steps[-1].after
    announced = Correction(before, after, *((dated[0].was, dated[-1].now) if dated else ()))
    present = Correction(before, entry.content, *((dated[0].was, entry.date) if dated else ()))
    return is_visible((announced,)) and is_visible((present,))


def _corrections(tx: Transaction, digest: DigestId, entry: EntryId) -> tuple[Correction, ...]:
    """Each correction since the revision that the digest announced, with what it replaced, oldest first."""
    told = tx.selecting.told_revision(digest, entry) or 1
    return tuple(
        Correction(old.content, new.content, *((old.date, new.date) if tells_another_day(old, new) else ()))
        for old, new in pairwise(tx.entries.revisions(entry))
        if new.number > told and (new.significant or tells_another_day(old, new))
    )
