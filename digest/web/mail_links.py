"""The pages behind the links in mails: confirm and unsubscribe. A page states what is true now; only a POST acts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from digest.errors import masked
from digest.model import ConfirmationKind
from digest.service.editions.digests import digest_title
from digest.service.people import consent, links, preferences, subscribers
from digest.service.people.links import LinkState
from digest.web.pages import Pages

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from starlette.requests import Request
    from starlette.responses import Response

    from digest.records.people import SubscriberRecord
    from digest.service.people.links import Link
    from digest.settings import Settings
    from digest.store.transaction import Store
    from digest.web.requests import Form

_OK, _MISSING, _GONE = 200, 404, 410
_HOUR = 3600


def no_more(
    pages: Pages,
    request: Request,
    settings: Settings,
    link: Link,
    kind: ConfirmationKind,
    *,
    code: int = _GONE,
) -> Response:
    """The page of a link that has expired or was never valid; `kind` is the purpose of such links here."""
    misplaced = link.usable or (
        link.kind is not None and (link.kind is ConfirmationKind.ACCESS) != (kind is ConfirmationKind.ACCESS)
    )
    return pages.page(
        request,
        "link",
        code=code,
        private=True,
        state=str(LinkState.DAMAGED if misplaced else link.state),
        kind=str(link.kind or kind),
        hours=int(consent.link_lifetime(settings.signup, link.kind or kind).total_seconds() // _HOUR),
    )


class MailLinks:
    """The endpoints."""

    def __init__(self, store: Store, settings: Settings, now: Callable[[], datetime]) -> None:
        self._store, self._settings, self._now = store, settings, now
        self._pages = Pages(settings)

    def confirm(self, request: Request, form: Form | None) -> Response:
        """The page behind the link in a confirmation mail; its button confirms."""
        token, now = request.path_params["token"], self._now()
        link = links.confirmation_link(self._store, self._settings.signup, token, now)
        if form is not None and link.state is LinkState.OPEN:
            act = preferences.move if link.kind is ConfirmationKind.MOVE else consent.confirm
            act(self._store, self._settings, token, now)
            link = links.confirmation_link(self._store, self._settings.signup, token, now)
        if not link.usable or link.asked is None or link.kind is ConfirmationKind.ACCESS:
            return no_more(self._pages, request, self._settings, link, ConfirmationKind.JOIN)
        if link.state is LinkState.OPEN:
            return self._asks(request, link)
        return self._used(request, link)

    def _asks(self, request: Request, link: Link) -> Response:
        assert link.asked  # noqa: S101 - an open link always has its request
        return self._pages.page(
            request,
            "confirm",
            private=True,
            state="asks",
            kind=str(link.kind),
            address=masked(link.asked.address),
            titles=[digest_title(self._settings, name) for name in link.asked.digests],
        )

    def _used(self, request: Request, link: Link) -> Response:
        """The page of a link that was used. A person who has left since has no preferences page any more."""
        record = link.person
        assert record  # noqa: S101 - otherwise the person would be erased
        left = not record.digests
        return self._pages.page(
            request,
            "confirm",
            code=_GONE if left else _OK,
            private=True,
            state="left" if left else "suppressed" if record.suppressed else "subscribed",
            kind=str(link.kind),
            address=masked(record.subscriber.address),
            titles=[digest_title(self._settings, name) for name in record.digests],
            coming=self._coming(record),
            preferences_url=self._preferences_path(record),
        )

    def _coming(self, record: SubscriberRecord) -> bool:
        """Whether a mail to this person is on its way."""
        with self._store.read() as tx:
            return tx.single_mails.awaits(record.subscriber.id)

    def leave(self, request: Request, form: Form | None) -> Response:
        """The page behind the unsubscribe link, which changes nothing; and its button, which mail programs press too.

        Source: RFC 8058: the POST is answered without redirect, cookie or question.
        """
        token, now = request.path_params["token"], self._now()
        undoing = form is not None and form.one("act") == "undo"
        if undoing:
            consent.undo(self._store, self._settings, token, now)
        elif form is not None:
            subscribers.leave(self._store, token, source="link in a mail", now=now)
        link = links.leave_link(self._store, token)
        if link.person is None or link.digest is None:
            damaged = link.state is LinkState.DAMAGED
            code = _MISSING if damaged else _OK if form is not None else _GONE
            return no_more(self._pages, request, self._settings, link, ConfirmationKind.JOIN, code=code)
        return self._pages.page(
            request,
            "leave",
            private=True,
            status="subscribed" if link.digest in link.person.digests else "left",
            back=undoing,
            undo=consent.can_undo(self._store, token, now),
            address=masked(link.person.subscriber.address),
            digest=digest_title(self._settings, link.digest),
            preferences_url=self._preferences_path(link.person),
        )

    def _preferences_path(self, record: SubscriberRecord) -> str:
        url = preferences.preferences_url(self._store, self._settings, record.subscriber.id)
        return url.removeprefix(self._settings.base_url)
