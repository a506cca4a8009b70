"""The texts of an edition for all its recipients, what surrounds its entries, and which entries each text announces.

Decision 97.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from digest.mail.composing import corrections, edition_text, entry_views, message
from digest.model import Content, Edition, EditionKey, EntryId, Section, Selected, SourceId, Variant
from digest.service.editions import digests, selecting
from digest.service.publishing import feeds, pictures
from digest.settings import Digest, Settings
from digest.templating import translated

if TYPE_CHECKING:
    from digest.store.transaction import Store, Transaction

_ANNOUNCED = {Section.NEW, Section.CATCH_UP}


class Variants:
    """The texts of an edition, made once for all who get the same. A variant's number is its index in `made`."""

    def __init__(
        self,
        around: entry_views.Frame,
        before: Mapping[EntryId, Sequence[corrections.Correction]],
        entries: Sequence[Selected],
    ) -> None:
        """`before` has the changes of the corrected ones of `entries` since they were announced."""
        self._frame, self._before, self._entries = around, before, entries
        self._numbers: dict[tuple[str, tuple[int, ...]], int] = {}
        self.made: list[Variant] = []

    def variant_number(self, language: str, shown: tuple[int, ...]) -> int:
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
        text, named = edition_text.fitted_body(
            self._frame, [self._as_shown(at) for at in shown], self._before, language
        )
        announced = [at for at in shown if self._entries[at].section in _ANNOUNCED]
        if named < len(announced) and any(self._missed(at) for at in shown):
            shown = tuple(sorted(shown, key=lambda at: not self._missed(at)))
            text, named = edition_text.fitted_body(
                self._frame, [self._as_shown(at) for at in shown], self._before, language
            )
            announced = [at for at in shown if self._entries[at].section in _ANNOUNCED]
            announced[named:] = [at for at in announced[named:] if not self._missed(at)]
        return Variant(text, tuple(announced), listed)

    def _missed(self, at: int) -> bool:
        return self._entries[at].section is Section.CATCH_UP

    def announces_all(self, number: int, shown: tuple[int, ...]) -> bool:
        """Whether the text announces everything new for a subscriber."""
        return set(self.made[number].told) == {at for at in shown if self._entries[at].section in _ANNOUNCED}

    def _as_shown(self, at: int) -> Selected:
        """An entry as the text shows it: to its recipients, an entry that they missed is new."""
        one = self._entries[at]
        return replace(one, section=Section.NEW) if one.section is Section.CATCH_UP else one


def edition_frame(
    tx: Transaction, settings: Settings, digest: Digest, edition: Edition, contents: Iterable[Content]
) -> entry_views.Frame:
    """The frame of an edition; `contents` are all texts whose formulas its mails may show."""
    return entry_views.Frame(
        digest=digest,
        key=edition.key,
        opens_at=digests.window_opens(tx, edition),
        closes_at=edition.closes_at,
        zone=ZoneInfo(digest.timezone),
        base_url=settings.base_url,
        folder=settings.template_folders,
        channel=pictures.channel(tx, contents, message.picture_address),
        weight=lambda name: len(tx.pictures.png(name) or b""),
        groups=feeds.groups(settings),
        sources={SourceId(one.id): one.title for one in settings.sources if len(settings.sources) > 1},
        languages={SourceId(one.id): one.language for one in settings.sources},
        original=lambda entry: feeds.via(feeds.source_of(settings, entry), entry.content),
        subscribe_url=f"{settings.base_url}/subscribe" if settings.signup.open else "",
        contact=(settings.contact, settings.contact_url),
        postal=settings.mail.postal,
        earlier_subjects=tx.editions.subjects(),
        note=edition.note,
    )


def take_back(store: Store, settings: Settings, entry: str, now: datetime) -> list[EditionKey]:
    """Remove an entry, from the mails that are not sent yet, too; returns their editions.

    In these mails, a note stands in its place behind the other new entries. What is being sent at this moment still
    goes as it is.

    Raises:
        UnknownError: no published entry has this id.
    """
    with store.write() as tx:
        feeds.remove_within(tx, entry, now)
        editions = tx.editions.unsent_with(EntryId(entry))
        for key in editions:
            without_removed(tx, settings, key)
        return editions


def without_removed(tx: Transaction, settings: Settings, key: EditionKey) -> None:
    """Make the texts of an edition again that name an entry which was removed since."""
    made, selected = tx.editions.edition(key), tx.editions.selected(key)
    digest = settings.digest(made.edition.digest) if made else None
    gone = tx.browsing.removed([one.entry.id for one in selected])
    if made is None or digest is None or not gone:
        return
    edition = made.edition
    before = {
        one.entry.id: selecting.corrections_of(tx, edition, one.entry.id, one.entry.revision)
        for one in selected
        if one.section is Section.CORRECTED and one.entry.id not in gone
    }
    stored = tx.editions.variants(key)
    changed = [content for steps in before.values() for step in steps for content in (step.before, step.after)]
    around = edition_frame(tx, settings, digest, edition, [*(one.entry.content for one in selected), *changed])
    original, own = around.original, {one.body.subject for one in stored}
    around = replace(
        around,
        original=lambda entry: "" if entry.id in gone else original(entry),
        earlier_subjects=set(around.earlier_subjects) - own,
    )
    for number, variant in enumerate(stored):
        if not any(_is_named(entry, variant) for entry in gone):
            continue
        announced = {*variant.told, *variant.again}
        shown = [
            _noted(one, gone, variant.body.language)
            for at, one in enumerate(selected)
            if (at in announced if one.section in {*_ANNOUNCED, Section.AGAIN} else _is_named(one.entry.id, variant))
        ]
        left = [one for one in shown if one.section in {Section.NEW, Section.AGAIN} or one.entry.id not in gone]
        left.sort(key=lambda one: one.entry.id in gone)
        body, _ = edition_text.fitted_body(around, left, before, variant.body.language)
        tx.editions.rewrite(key, number, body)


def _is_named(entry: EntryId, variant: Variant) -> bool:
    return f"/entries/{entry}" in variant.body.html or f"/entries/{entry}" in variant.body.text


def _noted(one: Selected, gone: Collection[EntryId], language: str) -> Selected:
    """An entry as a text lists it; for one that was removed, nothing of what it said."""
    section = Section.NEW if one.section is Section.CATCH_UP else one.section
    if one.entry.id not in gone:
        return replace(one, section=section)
    words = translated("This article was taken back.", language)
    entry = replace(one.entry, content=Content(words, None, (), ()), date=None, readers=None, counts=())
    return replace(one, section=section, entry=entry)
