"""A user's own account: their ways to log in, and their sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from digest.errors import UnknownError
from digest.service.console import sessions, users
from digest.web.console.frame import Page

if TYPE_CHECKING:
    from starlette.responses import Response

    from digest.web.console.visit import Visit


def account(visit: Visit) -> Response:
    """Who is logged in, how, and where else."""
    login = visit.me
    return visit.page(
        "account",
        first="first" in visit.request.query_params,
        sessions=sessions.valid_sessions(visit.store, visit.settings, visit.now, login.user.id),
        session=login.session,
    )


def end_session(visit: Visit) -> Response:
    """End one of one's own sessions, or all others."""
    mine, chosen = visit.me, visit.fields.one("session")
    if chosen == "others":
        users.end_sessions(visit.store, mine.user.id, but=mine.session.id)
        return visit.back("/console/account", visit.words("All other sessions are ended."))
    valid = sessions.valid_sessions(visit.store, visit.settings, visit.now, mine.user.id)
    found = next((one for one in valid if str(one.id) == chosen), None)
    if found is None:
        raise UnknownError("session", chosen)
    sessions.end(visit.store, found.id)
    return visit.back("/console/account", visit.words("The session is ended."))


PAGES = (
    Page("/console/account", "", account),
    Page("/console/account/sessions", "", None, end_session),
)
