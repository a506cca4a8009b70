"""Composes one person's mail of an edition from its frozen text; sends nothing."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import date, datetime

from digest.mail.composing import message, message_template
from digest.mail.receiving.provider_payloads import Provider
from digest.mail.tokens import leave_token, preferences_token
from digest.model import Body, Delivery, DigestId, EditionKey, Format, Subscriber
from digest.service.editions.digests import digest_title, digest_zone
from digest.settings import Settings
from digest.typeset.dates import format_day


def edition_mail(
    settings: Settings,
    secret: bytes,
    edition: EditionKey,
    digest: DigestId,
    person: Subscriber,
    body: Body,
    pictures: Mapping[str, bytes],
    *,
    message_id: str,
    written_at: datetime,
    agreed_at: datetime,
) -> message.EditionMail:
    """The mail with the person's own links; `agreed_at` is when they joined the digest."""
    mine = _PersonalLinks(settings, secret, digest, body.language).personal(person, agreed_at)
    return _edition_mail(
        settings,
        edition,
        digest,
        person,
        message_template.personalized(body, mine),
        pictures,
        message_id=message_id,
        written_at=written_at,
        leave_url=mine.leave_url,
    )


class MailComposer:
    """The mails of a drain. The parts that all recipients of one text and format share are made once."""

    def __init__(self, settings: Settings, secret: bytes) -> None:
        self._settings, self._secret = settings, secret
        self._words: dict[tuple[EditionKey, int], tuple[Body, Mapping[str, bytes]]] = {}
        self._moulds: dict[
            tuple[EditionKey, int, Format, datetime, int], tuple[message_template.MessageTemplate, _PersonalLinks]
        ] = {}
        self._newer = 0  # how many bodies replaced another one

    def has_body(self, delivery: Delivery) -> bool:
        """Whether this variant's body is loaded."""
        return (delivery.edition, delivery.variant) in self._words

    def editions(self) -> set[EditionKey]:
        """The editions of which bodies are loaded."""
        return {edition for edition, _ in self._words}

    def add_body(self, edition: EditionKey, variant: int, body: Body, pictures: Mapping[str, bytes]) -> None:
        """Load the body of a variant of an edition, or a newer one, which the mails composed from now on have."""
        known = self._words.get((edition, variant))
        if known is None or known[0] != body:
            self._words[edition, variant] = body, pictures
            self._newer += known is not None

    def compose(self, delivery: Delivery) -> bytes:
        """The message of a delivery whose body is loaded.

        Raises:
            ValueError: the address is not valid in a header.
        """
        person = delivery.subscriber
        key = (delivery.edition, delivery.variant, person.format, delivery.written_at, self._newer)
        if key not in self._moulds:
            self._moulds[key] = self._mould(delivery)
        mould, mailing = self._moulds[key]
        return mould.message(person.name, delivery.message_id, mailing.personal(person, delivery.agreed_at))

    def _mould(self, delivery: Delivery) -> tuple[message_template.MessageTemplate, _PersonalLinks]:
        body, pictures = self._words[delivery.edition, delivery.variant]
        pattern = _edition_mail(
            self._settings,
            delivery.edition,
            delivery.digest,
            delivery.subscriber,
            body,
            pictures,
            message_id=delivery.message_id,
            written_at=delivery.written_at,
            leave_url="",
        )
        return message_template.MessageTemplate(pattern), _PersonalLinks(
            self._settings, self._secret, delivery.digest, body.language
        )


class _PersonalLinks:
    """The parts of a digest's mails in a language that are about the subscriber."""

    def __init__(self, settings: Settings, secret: bytes, digest: DigestId, language: str) -> None:
        self._secret, self._digest = secret, digest
        self._zone = digest_zone(settings, digest)
        self._leave = f"{settings.base_url}/leave/"
        self._preferences = f"{settings.base_url}/preferences/"

        @functools.cache
        def day(of: date) -> str:
            return format_day(of, language)

        self._day = day

    def personal(self, person: Subscriber, agreed_at: datetime) -> message_template.PersonalValues:
        return message_template.PersonalValues(
            leave_url=self._leave + leave_token(self._secret, person.id, self._digest),
            preferences_url=self._preferences + preferences_token(self._secret, person.id),
            address=person.address,
            agreed=self._day(agreed_at.astimezone(self._zone).date()),
        )


def _edition_mail(
    settings: Settings,
    edition: EditionKey,
    digest: DigestId,
    person: Subscriber,
    body: Body,
    pictures: Mapping[str, bytes],
    *,
    message_id: str,
    written_at: datetime,
    leave_url: str,
) -> message.EditionMail:
    return message.EditionMail(
        sender=settings.mail.sender,
        reply_to=settings.mail.reply_to,
        to_name=person.name,
        to_address=person.address,
        subject=body.subject,
        text=body.text,
        html=body.html,
        format=person.format,
        message_id=message_id,
        written_at=written_at,
        list_id=f"{digest}.{settings.mail.sender_mailbox.domain}",
        list_title=digest_title(settings, digest),
        archive_url=f"{settings.base_url}/editions/{edition}",
        help_url=f"{settings.base_url}/about",
        leave_url=leave_url,
        pictures=pictures,
        relays=tuple(map(Provider, settings.hooks.on())),
    )
