"""Previews for each kind of subscriber, with findings; and test mails to one address. Stores nothing. Decision 260."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from digest.addresses import checked_address, mailbox
from digest.errors import DigestError, UnknownError
from digest.mail.composing.lint import findings
from digest.mail.composing.message import edition_message
from digest.mail.composing.templates import mark_as_test
from digest.mail.sending.session import Outgoing
from digest.mail.sending.transport import open_session
from digest.model import DigestId, Format, Subscriber, SubscriberId
from digest.service.editions.digests import sender_domain
from digest.service.editions.making import Draft, draft_edition
from digest.service.mailing.composing import edition_mail
from digest.service.mailing.samples.drafting import newest_draft, preview_content
from digest.templating import LANGUAGES

if TYPE_CHECKING:
    from datetime import datetime

    from digest.mail.composing.message import EditionMail
    from digest.service.mailing.samples.drafting import Origin
    from digest.settings import Digest, Settings
    from digest.store.transaction import Store

_NOBODY = SubscriberId(0)  # nobody ever has this id: the links in the mail affect nobody
_READER = "reader@example.org"


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
    mail: EditionMail
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
    with store.read() as tx:
        readers = [_kind(person) for person in tx.subscribers.active(DigestId(digest.id))]
    kinds = dict.fromkeys((*(SubscriberKind(*pair) for pair in product(LANGUAGES, Format)), *readers))
    secret = store.secret()
    made = []
    with preview_content(store, settings, digest, now) as drawn:
        for kind in [only] if only else kinds:
            shown = drawn.draft(kind.language, kind.topics)
            if shown is not None:
                mail = _letter(settings, secret, digest, shown, _reader(_READER, kind, now), now)
                made.append(
                    MailPreview(kind, readers.count(kind), mail, edition_message(mail), tuple(findings(shown.body)))
                )
        return DigestPreview(drawn.origin, drawn.key, tuple(made))


def make_test_mail(
    store: Store, settings: Settings, digest: Digest, address: str, now: datetime, *, language: str, form: Format
) -> EditionMail:
    """A test mail to an address, with an edition made now, otherwise with the newest edition.

    Raises:
        AddressError: the address is invalid.
        DigestError: there is nothing to announce and no edition yet.
        ConfigurationError: a template is wrong.
    """
    checked = checked_address(address)
    shown = draft_edition(store, settings, digest, now, language)
    shown = shown or newest_draft(store, settings, digest, language)
    if shown is None:
        raise DigestError(
            f"{digest.id}: there is nothing to tell and no edition yet (`digest refresh` reads the dumps)"
        )
    marked = Draft(shown.key, mark_as_test(shown.body, settings.templates), shown.pictures)
    return _letter(settings, store.secret(), digest, marked, _reader(checked, SubscriberKind(language, form), now), now)


async def send_test_mail(settings: Settings, mail: EditionMail) -> str:
    """Send it; returns the server's reply.

    Raises:
        TransportError: the server did not accept it.
    """
    async with open_session(settings) as session:
        return await session.send(
            Outgoing(mailbox(settings.mail.sender).address, mail.to_address, edition_message(mail))
        )


def chosen_language(language: str | None, digest: Digest) -> str:
    """The requested language, or the digest's.

    Raises:
        UnknownError: the language is not supported.
    """
    if language is not None and language not in LANGUAGES:
        raise UnknownError("language", language, remedy=f"one of {', '.join(LANGUAGES)}")
    return language or digest.language


def _kind(person: Subscriber) -> SubscriberKind:
    return SubscriberKind(person.language, person.format, tuple(sorted(person.topics)))


def _reader(address: str, kind: SubscriberKind, now: datetime) -> Subscriber:
    return Subscriber(_NOBODY, address, "", kind.language, kind.format, now)


def _letter(
    settings: Settings, secret: bytes, digest: Digest, shown: Draft, person: Subscriber, now: datetime
) -> EditionMail:
    return edition_mail(
        settings,
        secret,
        shown.key,
        DigestId(digest.id),
        person,
        shown.body,
        shown.pictures,
        message_id=f"<test.{secrets.token_hex(16)}@{sender_domain(settings)}>",
        written_at=now,
        agreed_at=now,
    )
