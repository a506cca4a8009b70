"""The sign-up: our own form, and forms on other sites, which lead to ours with the address filled in.

Our form contains a signed time: only a post with a recent one asks for a mail. Decision 332.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from digest.addresses import checked_address, likely_domain
from digest.errors import (
    AddressError,
    BusyError,
    DigestError,
    MailDomainError,
    StoreError,
)
from digest.mail.tokens import form_token, read_form_token
from digest.service.editions.digests import describe_digest
from digest.service.people import consent, preferences
from digest.service.people.forms import checked_return
from digest.web.pages import Pages
from digest.web.requests import Form, network_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from starlette.requests import Request
    from starlette.responses import Response

    from digest.settings import Digest, Settings
    from digest.store.transaction import Store

_OK, _UNUSABLE = 200, 422
_TRAP = "website"  # a field that no person sees, but that programs fill in
_YOUNGEST = timedelta(seconds=2)  # no person reads the page and presses its button sooner, even with the address there
_OLDEST = timedelta(hours=24)  # a page may stay open for a day; a collected form is useless afterwards


@dataclass(frozen=True, slots=True)
class _Filled:
    """What the form shows. `signed` is the token with which it came, if that is still to be used."""

    address: str = ""
    digests: tuple[str, ...] = ()
    back: str = ""
    signed: str = ""


class SignUp:
    """The endpoints."""

    def __init__(self, store: Store, settings: Settings, now: Callable[[], datetime]) -> None:
        self._store, self._settings, self._now = store, settings, now
        self._pages = Pages(settings)

    def subscribe(self, request: Request, form: Form | None) -> Response:
        """Ask for a mail with a link. The response is the same for every address, known or not."""
        if form is None or _from_another_site(request):
            return self.arrive(request, form)
        if not self._is_open:
            return self._pages.page(request, "missing", code=404)
        if form.one(_TRAP):
            return self._asked(request, form)
        made_at = read_form_token(self._store.secret(), form.one("form"))
        age = self._now() - made_at if made_at else None
        if age is None or age > _OLDEST:
            return self._offer(request, self._filled(form, form.one("address")), wrong="late")
        filled = self._filled(form, form.one("address"), signed=form.one("form"))
        return self._offer(request, filled, wrong="early") if age < _YOUNGEST else self._ask(request, form, filled)

    def arrive(self, request: Request, form: Form | None) -> Response:
        """Show our form, filled in by a link or by a form on another site. Nothing is asked yet."""
        if not self._is_open:
            return self._offer(request, _Filled())
        given = request.query_params
        form = form or Form({name: given.getlist(name) for name in given})
        written = form.one("address")
        try:
            return self._offer(request, self._filled(form, checked_address(written) if written else ""))
        except AddressError:
            return self._offer(request, self._filled(form, ""), wrong="address")

    def _ask(self, request: Request, form: Form, filled: _Filled) -> Response:
        if form.one("choose") and not form.chosen("digest"):
            return self._offer(request, filled, wrong="digest")
        try:
            consent.request_subscription(
                self._store,
                self._settings,
                filled.address,
                digests=form.chosen("digest"),
                language=self._pages.language(request),
                latest=form.one("latest") == "yes" or (not form.one("choose") and self._offers_edition),
                network=network_of(request, self._settings.web.proxies),
                now=self._now(),
            )
        except BusyError as error:
            return busy(self._pages, request, error)
        except StoreError:
            raise  # the input is not at fault
        except MailDomainError as error:
            return self._offer(request, filled, wrong="domain", domain=error.domain)
        except AddressError:
            return self._offer(request, filled, wrong="address")
        except DigestError:
            return self._offer(request, filled, wrong="digest")
        return self._asked(request, form)

    def _asked(self, request: Request, form: Form) -> Response:
        back, host = checked_return(form.one("return"), self._settings.signup.hosts)
        return self._pages.page(request, "asked", private=True, back=back, host=host)

    def _filled(self, form: Form, address: str, *, signed: str = "") -> _Filled:
        """What a form contains, without unknown digests and without a return address that is not ours."""
        known = tuple(one for one in form.chosen("digest") if self._settings.digest(one))
        return _Filled(address, known, checked_return(form.one("return"), self._settings.signup.hosts)[0], signed)

    def _offer(self, request: Request, filled: _Filled, *, wrong: str = "", domain: str = "") -> Response:
        first = [group[0].id for group in preferences.selections(self._settings)]
        return self._pages.page(
            request,
            "subscribe",
            code=_UNUSABLE if wrong else _OK,
            private=True,
            scripts=self._pages.scripts(request) if request.method in {"GET", "HEAD"} else {},
            groups=offered(self._settings, self._pages.language(request), filled.digests or first),
            address=filled.address,
            back=filled.back,
            signed=(filled.signed or form_token(self._store.secret(), self._now())) if self._is_open else "",
            wrong=wrong,
            domain=domain,
            likely=likely_domain(domain) if domain else "",
            trap=_TRAP,
            latest=self._offers_edition,
        )

    @property
    def _is_open(self) -> bool:
        return self._settings.signup.open and bool(self._settings.digests)

    @property
    def _offers_edition(self) -> bool:
        """Whether new subscribers get the newest edition unless they choose otherwise."""
        return self._settings.signup.welcome == "edition"


def _from_another_site(request: Request) -> bool:
    """Whether the browser says that a page of another site sent the form.

    The header Origin cannot say it: browsers send `null` from our pages, because of their Referrer-Policy.
    """
    return request.headers.get("sec-fetch-site", "") in {"cross-site", "same-site"}


def busy(pages: Pages, request: Request, error: BusyError) -> Response:
    """The page that asks to come again later."""
    page = pages.page(request, "busy", code=429, private=True)
    page.headers["Retry-After"] = str(error.seconds)
    return page


def offered(settings: Settings, language: str, chosen: Sequence[str]) -> list[list[tuple[Digest, str, bool]]]:
    """The digests by selection, with the frequencies of each, their descriptions and whether they are chosen."""
    return [
        [(digest, describe_digest(digest, language), digest.id in chosen) for digest in group]
        for group in preferences.selections(settings)
    ]
