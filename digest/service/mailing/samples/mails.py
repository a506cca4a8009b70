"""Samples of every mail except editions, for an operator to look at. Stores nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from digest.mail.tokens import NOBODY
from digest.model import (
    Confirmation,
    ConfirmationId,
    ConfirmationKind,
    DigestId,
    Format,
    SingleMail,
    SingleMailId,
    SingleMailKind,
    Subscriber,
)
from digest.records.operating import AlertNotice, NoticeKind
from digest.service.mailing.single_mails import confirmation_message, single_message
from digest.service.operating.alerts import alert_message
from digest.settings import Settings
from digest.templating import LANGUAGES

if TYPE_CHECKING:
    from digest.store.transaction import Store

_SUBSCRIBER, _OPERATOR = "reader@example.org", "operator@example.org"
_HOLDS = timedelta(hours=1)


class MailKind(StrEnum):
    """A kind of mail that is not an edition; its value says when it is sent."""

    CONFIRMATION = "confirmation"
    WELCOME = "welcome"
    PREFERENCES = "preferences"
    NEW_ADDRESS = "new-address"
    FORMER_ADDRESS = "former-address"
    ALERT = "alert"
    ALERT_OVER = "alert-over"
    ALERT_TEST = "alert-test"


WHEN = {
    MailKind.CONFIRMATION: "somebody subscribed on a page",
    MailKind.WELCOME: "somebody is new, and no edition goes to them at once",
    MailKind.PREFERENCES: "somebody asked for all that is stored of them",
    MailKind.NEW_ADDRESS: "somebody wants their mails at another address",
    MailKind.FORMER_ADDRESS: "the goodbye to an address that is changed; who unsubscribes is mailed nothing",
    MailKind.ALERT: "something is wrong, to the operator",
    MailKind.ALERT_OVER: "it is well again, to the operator",
    MailKind.ALERT_TEST: "the operator tries the alerts",
}
_CONFIRMED = {
    MailKind.CONFIRMATION: ConfirmationKind.JOIN,
    MailKind.NEW_ADDRESS: ConfirmationKind.MOVE,
    MailKind.PREFERENCES: ConfirmationKind.ACCESS,
}
_SINGLE = {MailKind.WELCOME: SingleMailKind.WELCOME, MailKind.FORMER_ADDRESS: SingleMailKind.MOVED}
_ALERTS = {
    MailKind.ALERT: NoticeKind.TROUBLE,
    MailKind.ALERT_OVER: NoticeKind.WELL,
    MailKind.ALERT_TEST: NoticeKind.TEST,
}
_ALIKE = {  # other names from people and template folders
    "confirm": MailKind.CONFIRMATION,
    "goodbye": MailKind.FORMER_ADDRESS,
    "moved": MailKind.FORMER_ADDRESS,
    "move": MailKind.NEW_ADDRESS,
    "access": MailKind.PREFERENCES,
}


@dataclass(frozen=True, slots=True)
class Sample:
    """One mail, as bytes that a mail program opens."""

    kind: MailKind
    language: str
    raw: bytes

    @property
    def name(self) -> str:
        """A unique name for files."""
        return f"{self.kind}-{self.language}"


def kind_named(name: str) -> MailKind | None:
    """The kind with this name."""
    return _ALIKE.get(name) or (MailKind(name) if name in set(MailKind) else None)


def samples(store: Store, settings: Settings, now: datetime) -> Iterator[Sample]:
    """Each kind in each language; alerts are in English.

    Raises:
        ConfigurationError: a template is wrong.
    """
    for kind in MailKind:
        for language in ("en",) if kind in _ALERTS else LANGUAGES:
            yield Sample(kind, language, _raw(store, settings, kind, language, now))


def _raw(store: Store, settings: Settings, kind: MailKind, language: str, now: datetime) -> bytes:
    digests = tuple(DigestId(digest.id) for digest in settings.digests)
    if kind in _CONFIRMED:
        confirmation = Confirmation(
            id=ConfirmationId(0),
            kind=_CONFIRMED[kind],
            address=_SUBSCRIBER,
            subscriber=None,
            digests=digests,
            language=language,
            latest=False,
            asked_at=now,
            expires_at=now + (_HOLDS if kind is MailKind.PREFERENCES else settings.signup.expires),
            done_at=None,
            attempts=1,
        )
        return confirmation_message(store, settings, confirmation)
    if kind in _SINGLE:
        person = Subscriber(NOBODY, _SUBSCRIBER, "", language, Format.BOTH, now)
        return single_message(
            store, settings, SingleMail(SingleMailId(0), _SINGLE[kind], person, digests, _SUBSCRIBER, now, 1)
        )
    source = settings.sources[0].id if settings.sources else "blog"
    to = settings.operator[0] if settings.operator else _OPERATOR
    problem = "holds no dump (check path of its source)"
    if kind is MailKind.ALERT_TEST:
        source, problem = "alerts", "nothing is wrong: this is a test"
    subject = source if kind is MailKind.ALERT_TEST else f"source {source}"
    return alert_message(settings, AlertNotice(0, "", _ALERTS[kind], subject, problem, now, now, 0), to)
