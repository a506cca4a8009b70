"""The pages before and after a session: the login, links that work once, the logout, and who is logged in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from digest.records.console import Way
from digest.service.console import users
from digest.web.console.frame import ANYBODY, Page
from digest.web.console.visit import HOME, LOGIN

if TYPE_CHECKING:
    from starlette.responses import Response

    from digest.web.console.visit import Visit

_GONE = 410


def home(visit: Visit) -> Response:
    """The first page behind the login."""
    return visit.page("home")


def login(visit: Visit) -> Response:
    """The ways to log in that are on."""
    if visit.user:
        return visit.back(visit.next_page())
    return visit.page("login", next=visit.next_page())


def link(visit: Visit) -> Response:
    """A link that works once. Looking at it does nothing but show a button: scanners follow links."""
    user = users.user_of_link(visit.store, visit.request.path_params["token"], visit.now)
    return visit.page("link", name=user.name) if user else _used_up(visit)


def follow_link(visit: Visit) -> Response:
    """Log in by a link, and use it up."""
    user = users.use_link(visit.store, visit.request.path_params["token"], visit.now)
    if user is None:
        return _used_up(visit)
    visit.log_in(user, Way.LINK)
    return visit.back("/console/account?first")


def _used_up(visit: Visit) -> Response:
    remedy = visit.words("Ask an admin for another one, or run `digest console link`.")
    return visit.error(_GONE, visit.words("This link was used, or has expired."), remedy=remedy, back=LOGIN)


def logout(visit: Visit) -> Response:
    """End the session of this browser."""
    visit.log_out()
    return visit.back(LOGIN, visit.words("You are logged out."))


PAGES = (
    Page(HOME, "read", home),
    Page(LOGIN, ANYBODY, login),
    Page("/console/link/{token}", ANYBODY, link, follow_link),
    Page("/console/logout", "", None, logout),
)
