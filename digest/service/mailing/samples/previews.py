"""Previews for each kind of subscriber, with findings; and test mails to one address. Stores nothing.

The content is that of an edition made now, else of the newest one, else of the samples of the demo. Decision 260.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from itertools import pairwise, product
from typing import TYPE_CHECKING

from digest import files
from digest.addresses import checked_address
from digest.errors import DigestError, UnknownError
from digest.mail.composing import corrections, edition_text, message, templates
from digest.mail.composing.lint import findings
from digest.mail.sending.session import Outgoing
from digest.mail.sending.transport import open_session
from digest.mail.tokens import NOBODY
from digest.model import DigestId, Edition, EntryId, Format, Section, Selected, Subscriber
from digest.service.editions import digests, drafts
from digest.service.editions.variants import edition_frame
from digest.service.intake.refresh import refresh
from digest.service.mailing.composing import edition_mail
from digest.service.people.roster import kinds_of
from digest.service.publishing.feeds import holds_any
from digest.settings import Digest, Settings, load_demo
from digest.store import open_scratch
from digest.templating import LANGUAGES

if TYPE_CHECKING:
    from digest.store.transaction import Store, Transaction

    DraftMaker = Callable[[str, Sequence[str]], drafts.Draft | None]

_SUBSCRIBER = "reader@example.org"


@dataclass(frozen=True, slots=True)
class SubscriberKind:
    """The choices that make subscribers get the same text. `topics` is empty for all."""

    language: str
    format: Format
    topics: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """A unique name for files."""
        return "-".join((self.language, self.format, *self.topics))


@dataclass(frozen=True, slots=True)
class MailPreview:
    """The mail for a kind of subscriber, as values and as bytes, with findings.

    `subscribers` is how many subscribers are of this kind now. `html_bytes` is 0 if the mail has no HTML.
    """

    kind: SubscriberKind
    subscribers: int
    mail: message.EditionMail
    raw: bytes
    findings: tuple[str, ...]

    @property
    def html_bytes(self) -> int:
        return len(self.mail.html.encode()) if self.kind.format is not Format.TEXT else 0

    @property
    def pictures(self) -> int:
        return len(self.mail.pictures) if self.kind.format is not Format.TEXT else 0


@dataclass(frozen=True, slots=True)
class DigestPreview:
    """The previews of a digest, and the origin of their entries; `key` is that of the edition."""

    origin: Origin
    key: str
    mails: tuple[MailPreview, ...]


def preview_digest(
    store: Store, settings: Settings, digest: Digest, now: datetime, *, only: SubscriberKind | None = None
) -> DigestPreview:
    """Previews for every language in every format, and each choice of topics in use; or only for one kind.

    Raises:
        ConfigurationError: a template is wrong.
    """
    chosen = kinds_of(store, DigestId(digest.id), now)
    subscribers: Counter[SubscriberKind] = Counter()
    for language, form, topics, number in chosen:
        subscribers[SubscriberKind(language, form, tuple(sorted(topics)))] += number
    kinds = dict.fromkeys((*(SubscriberKind(*pair) for pair in product(LANGUAGES, Format)), *subscribers))
    secret = store.secret()
    made = []
    with preview_content(store, settings, digest, now) as drawn:
        for kind in [only] if only else kinds:
            draft = drawn.draft(kind.language, kind.topics)
            if draft is not None:
                mail = _mail(settings, secret, digest, draft, _subscriber(_SUBSCRIBER, kind, now), now)
                made.append(
                    MailPreview(
                        kind, subscribers[kind], mail, message.edition_message(mail), tuple(findings(draft.body))
                    )
                )
        return DigestPreview(drawn.origin, drawn.key, tuple(made))


def make_test_mail(
    store: Store, settings: Settings, digest: Digest, address: str, now: datetime, *, language: str, form: Format
) -> message.EditionMail:
    """A test mail to an address, with an edition made now, otherwise with the newest edition.

    Raises:
        AddressError: the address is invalid.
        DigestError: there is nothing to announce and no edition yet.
        ConfigurationError: a template is wrong.
    """
    checked = checked_address(address)
    draft = drafts.draft_edition(store, settings, digest, now, language)
    draft = draft or newest_draft(store, settings, digest, language)
    if draft is None:
        raise DigestError(
            f"{digest.id}: there is nothing to tell and no edition yet (`digest refresh` reads the dumps)"
        )
    marked = drafts.Draft(draft.key, templates.mark_as_test(draft.body, settings.template_folders), draft.pictures)
    person = _subscriber(checked, SubscriberKind(language, form), now)
    return _mail(settings, store.secret(), digest, marked, person, now)


async def send_test_mail(settings: Settings, mail: message.EditionMail) -> str:
    """Send it; returns the server's reply.

    Raises:
        TransportError: the server did not accept it.
    """
    async with open_session(settings) as session:
        return await session.send(
            Outgoing(settings.mail.sender_mailbox.address, mail.to_address, message.edition_message(mail))
        )


def chosen_language(language: str | None, digest: Digest) -> str:
    """The requested language, or the digest's.

    Raises:
        UnknownError: the language is not supported.
    """
    if language is not None and language not in LANGUAGES:
        raise UnknownError("language", language, remedy=f"one of {', '.join(LANGUAGES)}")
    return language or digest.language


def _subscriber(address: str, kind: SubscriberKind, now: datetime) -> Subscriber:
    return Subscriber(NOBODY, address, "", kind.language, kind.format, now)


def _mail(
    settings: Settings, secret: bytes, digest: Digest, draft: drafts.Draft, person: Subscriber, now: datetime
) -> message.EditionMail:
    return edition_mail(
        settings,
        secret,
        draft.key,
        DigestId(digest.id),
        person,
        draft.body,
        draft.pictures,
        message_id=f"<test.{secrets.token_hex(16)}@{settings.mail.sender_mailbox.domain}>",
        written_at=now,
        agreed_at=now,
    )


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
    present = _draft_now(store, settings, digest, now)
    if first := present(digest.language, ()):
        yield PreviewContent(Origin.NOW, first.key, present)
    elif newest := _newest_edition(store, digest):
        yield PreviewContent(Origin.NEWEST, newest.key, _draft_again(store, settings, digest, newest))
    else:
        with _sample_store(settings, digest, now) as (scratch, invented):
            make_draft = _draft_now(scratch, invented, invented.digests[0], now)
            first = make_draft(digest.language, ())
            yield PreviewContent(Origin.SAMPLES, first.key if first else "", make_draft)


def newest_draft(store: Store, settings: Settings, digest: Digest, language: str) -> drafts.Draft | None:
    """The newest edition in a language, rendered again with the present templates; None if there is none."""
    newest = _newest_edition(store, digest)
    return _draft_again(store, settings, digest, newest)(language, ()) if newest else None


def _draft_now(store: Store, settings: Settings, digest: Digest, now: datetime) -> DraftMaker:
    return _once(lambda language, topics: drafts.draft_edition(store, settings, digest, now, language, topics))


def _once(make: DraftMaker) -> DraftMaker:
    """The same, with each text made once: both formats have the same."""
    kept: dict[tuple[str, tuple[str, ...]], drafts.Draft | None] = {}

    def make_draft(language: str, topics: Sequence[str]) -> drafts.Draft | None:
        asked = language, tuple(topics)
        if asked not in kept:
            kept[asked] = make(language, topics)
        return kept[asked]

    return make_draft


def _newest_edition(store: Store, digest: Digest) -> Edition | None:
    with store.read() as tx:
        return tx.editions.newest(DigestId(digest.id))


def _draft_again(store: Store, settings: Settings, digest: Digest, edition: Edition) -> DraftMaker:
    """The text of an existing edition, in any language and for any topics."""

    def make_draft(language: str, topics: Sequence[str]) -> drafts.Draft | None:
        holds = holds_any(settings, topics)
        with store.read() as tx:
            selected = [
                one
                for one in tx.editions.selected(edition.key)
                if one.section is not Section.CATCH_UP and holds(one.entry)
            ]
            if all(one.section is Section.MOST_READ for one in selected):
                return None
            before = _last_corrections(tx, selected)
            texts = [one.entry.content for one in selected]
            texts += [text for steps in before.values() for step in steps for text in (step.before, step.after)]
            around = replace(edition_frame(tx, settings, digest, edition, texts), earlier_subjects=())
            made = edition_text.edition_body(around, selected, before, language)
            return drafts.Draft(edition.key, made, drafts.edition_pictures(tx, made))

    return _once(make_draft)


def _last_corrections(
    tx: Transaction, selected: Sequence[Selected]
) -> dict[EntryId, tuple[corrections.Correction, ...]]:
    """The last correction of each corrected entry, up to the revision in the edition."""
    found = {}
    for one in selected:
        if one.section is Section.CORRECTED:
            steps = [
                corrections.Correction(old.content, new.content)
                for old, new in pairwise(tx.entries.revisions(one.entry.id))
                if new.significant and new.number <= one.entry.revision
            ]
            found[one.entry.id] = tuple(steps[-1:])
    return found


@contextmanager
def _sample_store(settings: Settings, digest: Digest, now: datetime) -> Iterator[tuple[Store, Settings]]:
    """An in-memory store with the samples of the demo, and settings that read them with these templates."""
    demo = load_demo(files.shipped_folder("config") / "demo" / "digest.toml")
    alone = digest.model_copy(update={"sources": ()})
    invented = settings.model_copy(update={"sources": demo.sources, "topics": demo.topics, "digests": (alone,)})
    scratch = open_scratch(now, secrets.token_bytes(32))
    try:
        digests.register(scratch, invented.digests, now)
        for source in demo.sources:
            refresh(scratch, invented, source, now=now)
        yield scratch, invented
    finally:
        scratch.close()
