"""Chooses the content of a preview: an edition made now, else the newest one, else the samples of the demo."""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING

from digest import bundled
from digest.mail.composing.corrections import Correction
from digest.mail.composing.edition_text import edition_body
from digest.model import DigestId, Section
from digest.service.editions.digests import register
from digest.service.editions.making import Draft, draft_edition, edition_pictures
from digest.service.editions.variants import edition_frame
from digest.service.intake.refresh import refresh
from digest.service.publishing.feeds import holds_any
from digest.settings import load_demo
from digest.store import open_scratch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from digest.model import Edition, EntryId, Selected
    from digest.settings import Digest, Settings
    from digest.store.transaction import Store, Transaction

    DraftMaker = Callable[[str, Sequence[str]], Draft | None]


class Origin(StrEnum):
    """Where the entries of a preview come from."""

    NOW = "now"
    NEWEST = "newest"
    SAMPLES = "samples"


@dataclass(frozen=True, slots=True)
class PreviewContent:
    """A preview. `draft` makes the text for a language and topics, None if it is empty.

    `key` is that of the edition: the next one, the newest one, or that of the samples.
    """

    origin: Origin
    key: str
    draft: DraftMaker


@contextmanager
def preview_content(store: Store, settings: Settings, digest: Digest, now: datetime) -> Iterator[PreviewContent]:
    """The content for a preview of a digest, with the present templates; nothing is stored.

    Raises:
        ConfigurationError: a template is wrong.
    """
    present = _present(store, settings, digest, now)
    if first := present(digest.language, ()):
        yield PreviewContent(Origin.NOW, first.key, present)
    elif newest := _newest(store, digest):
        yield PreviewContent(Origin.NEWEST, newest.key, _again(store, settings, digest, newest))
    else:
        with _samples(settings, digest, now) as (scratch, invented):
            words = _present(scratch, invented, invented.digests[0], now)
            first = words(digest.language, ())
            yield PreviewContent(Origin.SAMPLES, first.key if first else "", words)


def newest_draft(store: Store, settings: Settings, digest: Digest, language: str) -> Draft | None:
    """The newest edition in a language, rendered again with the present templates; None if there is none."""
    newest = _newest(store, digest)
    return _again(store, settings, digest, newest)(language, ()) if newest else None


def _present(store: Store, settings: Settings, digest: Digest, now: datetime) -> DraftMaker:
    return lambda language, topics: draft_edition(store, settings, digest, now, language, topics)


def _newest(store: Store, digest: Digest) -> Edition | None:
    with store.read() as tx:
        return tx.editions.newest(DigestId(digest.id))


def _again(store: Store, settings: Settings, digest: Digest, edition: Edition) -> DraftMaker:
    """The text of an existing edition, in any language and for any topics."""

    def words(language: str, topics: Sequence[str]) -> Draft | None:
        holds = holds_any(settings, topics)
        with store.read() as tx:
            selected = [
                one
                for one in tx.editions.selected(edition.key)
                if one.section is not Section.CATCH_UP and holds(one.entry)
            ]
            if all(one.section is Section.MOST_READ for one in selected):
                return None
            before = _before(tx, selected)
            texts = [one.entry.content for one in selected]
            texts += [text for steps in before.values() for step in steps for text in (step.before, step.after)]
            around = replace(edition_frame(tx, settings, digest, edition, texts), earlier_subjects=())
            made = edition_body(around, selected, before, language)
            return Draft(edition.key, made, edition_pictures(tx, made))

    return words


def _before(tx: Transaction, selected: Sequence[Selected]) -> dict[EntryId, tuple[Correction, ...]]:
    """The last correction of each corrected entry, up to the revision in the edition."""
    found = {}
    for one in selected:
        if one.section is Section.CORRECTED:
            steps = [
                Correction(old.content, new.content)
                for old, new in pairwise(tx.entries.revisions(one.entry.id))
                if new.significant and new.number <= one.entry.revision
            ]
            found[one.entry.id] = tuple(steps[-1:])
    return found


@contextmanager
def _samples(settings: Settings, digest: Digest, now: datetime) -> Iterator[tuple[Store, Settings]]:
    """An in-memory store with the samples of the demo, and settings that read them with these templates."""
    demo = load_demo(bundled.folder("config") / "demo" / "digest.toml")
    alone = digest.model_copy(update={"sources": ()})
    invented = settings.model_copy(update={"sources": demo.sources, "topics": demo.topics, "digests": (alone,)})
    scratch = open_scratch(now, secrets.token_bytes(32))
    try:
        register(scratch, invented, now)
        for source in demo.sources:
            refresh(scratch, invented, source, now=now)
        yield scratch, invented
    finally:
        scratch.close()
