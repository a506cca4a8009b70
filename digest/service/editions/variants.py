"""The texts of an edition for all its recipients, and which entries each text announces."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from digest.mail.composing.edition_text import fitted
from digest.model import Section, Selected, Variant

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from digest.mail.composing.corrections import Correction
    from digest.mail.composing.entry_views import Frame
    from digest.model import EntryId

_TOLD = {Section.NEW, Section.CATCH_UP}


class Variants:
    """The texts of an edition, made once for all who get the same. A variant's number is its index in `made`."""

    def __init__(
        self, around: Frame, before: Mapping[EntryId, Sequence[Correction]], entries: Sequence[Selected]
    ) -> None:
        """`before` has the changes of the corrected ones of `entries` since they were announced."""
        self._frame, self._before, self._entries = around, before, entries
        self._numbers: dict[tuple[str, tuple[int, ...]], int] = {}
        self.made: list[Variant] = []

    def number(self, language: str, shown: tuple[int, ...]) -> int:
        """The variant with these entries in a language; it is made at the first call."""
        if (language, shown) not in self._numbers:
            self._numbers[language, shown] = len(self.made)
            self.made.append(self._variant(language, shown))
        return self._numbers[language, shown]

    def _variant(self, language: str, shown: tuple[int, ...]) -> Variant:
        """Entries cut from a long mail are on the edition's page, except catch-up entries; so those come first.

        Catch-up entries for which there is still no room are not announced.
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
        """Whether the text announces everything new for a subscriber."""
        return set(self.made[number].told) == {at for at in shown if self._entries[at].section in _TOLD}

    def _said(self, at: int) -> Selected:
        """An entry as the text shows it: to its recipients, an entry that they missed is new."""
        one = self._entries[at]
        return replace(one, section=Section.NEW) if one.section is Section.CATCH_UP else one
