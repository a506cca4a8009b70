"""The words of an edition for all who get it, and which entries each of them tells."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from digest.mail.words import fitted
from digest.model import Section, Selected, Variant

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from digest.mail.corrections import Correction
    from digest.mail.told import Frame
    from digest.model import EntryId

_TOLD = {Section.NEW, Section.CATCH_UP}


class Variants:
    """The words of an edition, made once for all who get the same. A variant's number is its place in `made`."""

    def __init__(
        self, around: Frame, before: Mapping[EntryId, Sequence[Correction]], entries: Sequence[Selected]
    ) -> None:
        """`before` gives what became of the corrected ones of `entries` since they were told."""
        self._frame, self._before, self._entries = around, before, entries
        self._numbers: dict[tuple[str, tuple[int, ...]], int] = {}
        self.made: list[Variant] = []

    def number(self, language: str, shown: tuple[int, ...]) -> int:
        """The variant that tells these entries in a language, made if it is the first time."""
        if (language, shown) not in self._numbers:
            self._numbers[language, shown] = len(self.made)
            self.made.append(self._variant(language, shown))
        return self._numbers[language, shown]

    def _variant(self, language: str, shown: tuple[int, ...]) -> Variant:
        """What a long mail does not name stands on the edition's page, but for what only its readers had missed.

        So where there is not room for all, that comes first, and what still has no room is not told.
        """
        listed = tuple(at for at in shown if self._entries[at].section is Section.AGAIN)
        said, named = fitted(self._frame, [self._said(at) for at in shown], self._before, language)
        told = [at for at in shown if self._entries[at].section in _TOLD]
        if named < len(told) and any(self._missed(at) for at in shown):
            shown = tuple(sorted(shown, key=lambda at: not self._missed(at)))
            said, named = fitted(self._frame, [self._said(at) for at in shown], self._before, language)
            told = [at for at in shown if self._entries[at].section in _TOLD]
            told[named:] = [at for at in told[named:] if not self._missed(at)]
        return Variant(said, tuple(told), listed)

    def _missed(self, at: int) -> bool:
        return self._entries[at].section is Section.CATCH_UP

    def tells_all(self, number: int, shown: tuple[int, ...]) -> bool:
        """Whether the words tell everything new that is shown to a reader."""
        return set(self.made[number].told) == {at for at in shown if self._entries[at].section in _TOLD}

    def _said(self, at: int) -> Selected:
        """An entry as the words tell it: to its readers, what they missed is new."""
        one = self._entries[at]
        return replace(one, section=Section.NEW) if one.section is Section.CATCH_UP else one
