"""Previews of the next edition for each kind of subscriber, one mail as a test, and previews of all other mails."""

from __future__ import annotations

import asyncio
import email
from email import policy
from typing import TYPE_CHECKING

from pydantic import Field

from digest.errors import UnknownError
from digest.model import Format
from digest.operations.core import AskedError, Context, Listed, Operation, Request, View
from digest.operations.editions import DigestName, named_digest
from digest.records.operating import Scope
from digest.service.editions.drafts import with_pictures
from digest.service.mailing.samples import mails, previews
from digest.service.mailing.samples.mails import MailKind
from digest.service.mailing.samples.previews import Origin
from digest.templating import LANGUAGES

if TYPE_CHECKING:
    from digest.service.mailing.samples.previews import MailPreview


class PreviewView(View):
    """The mail for one kind of subscriber: its size, what is wrong with it, and how many are of this kind now.

    `html_bytes` is 0 if the mail has no HTML. `readers` is the number of subscribers.
    """

    language: str
    format: Format
    topics: list[str]
    readers: int
    subject: str
    html_bytes: int
    mail_bytes: int
    pictures: int
    findings: list[str]
    edition: str
    shows: Origin


class FullPreview(PreviewView):
    """A preview with its text; the HTML contains its pictures."""

    text: str
    html: str | None


class PreviewsView(View):
    """The previews of the next edition, of the newest one if nothing is new, or of samples; `shows` says which."""

    digest: str
    edition: str
    shows: Origin
    items: list[PreviewView | FullPreview]


class TestedView(View):
    """What the mail server said to a test mail."""

    subject: str
    answer: str


class LetterView(View):
    """A mail that is no edition, as a sample: what people get when they join, and so on. The content only if asked."""

    kind: MailKind
    language: str
    subject: str
    when: str = Field(description="When this mail is sent.")
    text: str | None = Field(None, exclude_if=lambda value: value is None)
    html: str | None = Field(None, exclude_if=lambda value: value is None)


class LettersRequest(Request):
    """Which mails to preview."""

    kind: MailKind | None = Field(None, description="Only this kind of mail.")
    language: str | None = Field(None, max_length=20, description="zh_CN or en; only this language.")
    content: bool = Field(default=False, description="With the text, and the HTML if there is one.")


class PreviewsRequest(DigestName):
    """Which previews to make. Without language and format, those of all kinds of subscribers."""

    language: str | None = Field(None, max_length=20, description="zh_CN or en; only this kind of subscriber.")
    format: Format | None = Field(None, description="Only this kind of subscriber.")
    topics: list[str] = Field([], max_length=50, description="With a language: the topics that they chose.")
    content: bool = Field(default=False, description="With the text and the HTML.")


class TestRequest(DigestName):
    """The test mail. Without the scope `people`, it goes to an operator only."""

    address: str = Field("", max_length=320, description="Where to send it; the first operator if empty.")
    language: str | None = Field(None, max_length=20, description="zh_CN or en.")
    format: Format = Field(Format.BOTH, description="both or text.")


def preview(context: Context, asked: PreviewsRequest) -> PreviewsView:
    """Preview and check the mails of an edition made now, for each kind of subscriber. Stores and sends nothing."""
    digest = named_digest(context, asked.digest)
    only = None
    if asked.language is not None or asked.format is not None:
        language = previews.chosen_language(asked.language, digest)
        only = previews.SubscriberKind(language, asked.format or Format.BOTH, tuple(sorted(asked.topics)))
    shown = previews.preview_digest(context.store, context.settings, digest, context.now(), only=only)
    made = preview_full if asked.content else preview_view
    items = [made(look, shown) for look in shown.mails]
    return PreviewsView(digest=digest.id, edition=shown.key, shows=shown.origin, items=items)


def preview_view(look: MailPreview, shown: previews.DigestPreview) -> PreviewView:
    """The JSON form of a preview."""
    return PreviewView(
        language=look.kind.language,
        format=look.kind.format,
        topics=list(look.kind.topics),
        readers=look.subscribers,
        subject=look.mail.subject,
        html_bytes=look.html_bytes,
        mail_bytes=len(look.raw),
        pictures=look.pictures,
        findings=list(look.findings),
        edition=shown.key,
        shows=shown.origin,
    )


def preview_full(look: MailPreview, shown: previews.DigestPreview) -> FullPreview:
    """The JSON form of a preview, with the text and the HTML of the mail."""
    html = with_pictures(look.mail.html, dict(look.mail.pictures)) if look.html_bytes else None
    return FullPreview(**dict(preview_view(look, shown)), text=look.mail.text, html=html)


def send_one(context: Context, asked: TestRequest) -> TestedView:
    """Send one mail, marked as a test, to one address: the edition as of now, or else the newest one."""
    digest, operators = named_digest(context, asked.digest), context.settings.operator
    address = asked.address or (operators[0] if operators else "")
    if not address:
        raise AskedError("address", "no operator is set", remedy="name an address, or set operator to yours")
    if address not in operators and Scope.PEOPLE not in context.actor.scopes:
        raise AskedError("address", "is not that of an operator", remedy="the scope people may send it to anybody")
    language = previews.chosen_language(asked.language, digest)
    mail = previews.make_test_mail(
        context.store, context.settings, digest, address, context.now(), language=language, form=asked.format
    )
    return TestedView(subject=mail.subject, answer=asyncio.run(previews.send_test_mail(context.settings, mail)))


def letters(context: Context, asked: LettersRequest) -> Listed[LetterView]:
    """Preview all mails except editions: confirmation, welcome, goodbye, alerts. Stores and sends nothing."""
    if asked.language is not None and asked.language not in LANGUAGES:
        raise UnknownError("language", asked.language, remedy=f"one of {', '.join(LANGUAGES)}")
    found = mails.samples(context.store, context.settings, context.now())
    chosen = [one for one in found if asked.kind in {None, one.kind} and asked.language in {None, one.language}]
    return Listed[LetterView](items=[letter_view(one, content=asked.content) for one in chosen])


def letter_view(sample: mails.Sample, *, content: bool) -> LetterView:
    """The JSON form of a mail that is no edition."""
    message = email.message_from_bytes(sample.raw, policy=policy.default)
    parts = {kind: message.get_body((kind,)) if content else None for kind in ("plain", "html")}
    text, html = (str(part.get_content()) if part else None for part in parts.values())
    return LetterView(
        kind=sample.kind,
        language=sample.language,
        subject=str(message["Subject"]),
        when=mails.WHEN[sample.kind],
        text=text,
        html=html,
    )


LETTERS = Operation(
    "mails.preview",
    "GET",
    "/mails/preview",
    Scope.READ,
    LettersRequest,
    Listed[LetterView],
    letters,
    "mail preview",
)
PREVIEW = Operation(
    "editions.preview",
    "GET",
    "/digests/{digest}/preview",
    Scope.READ,
    PreviewsRequest,
    PreviewsView,
    preview,
    "edition preview",
)
TEST = Operation(
    "editions.test",
    "POST",
    "/digests/{digest}/test",
    Scope.OPERATE,
    TestRequest,
    TestedView,
    send_one,
    "edition test",
)
OPERATIONS = (PREVIEW, TEST, LETTERS)
