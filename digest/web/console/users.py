"""The pages on which admins decide who may log in, and end sessions of others."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from digest.errors import UnknownError
from digest.operations import console_users
from digest.operations.core import Nothing
from digest.records.console import Role
from digest.service.console import sessions, users
from digest.service.operating.auditing import recorded
from digest.web.console.account import in_a_fresh_session
from digest.web.console.frame import Page
from digest.web.console.visit import WRONG

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.responses import Response

    from digest.web.console.visit import Visit

_HERE = "/console/users"


def listed(visit: Visit) -> Response:
    """All users."""
    return visit.page("users", users=visit.perform(console_users.LIST, Nothing()).items, roles=list(Role))


@in_a_fresh_session
def add(visit: Visit) -> Response:
    """Add a user; the answer shows their link, this once."""
    role = _role(visit)
    if role is None:
        return visit.error(WRONG, visit.words("There is no such role."), back=_HERE)
    name = visit.fields.one("name")
    visit.perform(console_users.ADD, console_users.NewUser.model_construct(name=name, role=role))
    return _new_link(visit, name)


def _new_link(visit: Visit, name: str) -> Response:
    made = visit.perform(console_users.LINK, console_users.UserLink(user=name))
    return visit.page("new_link", made=made, minutes=int(users.LINK_LIFE.total_seconds()) // 60)


def _role(visit: Visit) -> Role | None:
    given = visit.fields.one("role")
    return Role(given) if given in set(Role) else None


def one(visit: Visit) -> Response:
    """One user, with their sessions."""
    name = visit.request.path_params["user"]
    found = users.known_user(visit.store, name)
    return visit.page(
        "user",
        one=found,
        roles=list(Role),
        ways=[str(kind) for kind, number in users.ways(visit.store, found.id).items() if number],
        sessions=sessions.valid_sessions(visit.store, visit.settings, visit.now, found.id),
        session=visit.me.session,
    )


@in_a_fresh_session
def change_role(visit: Visit) -> Response:
    """Give a user another role."""
    role, name = _role(visit), visit.request.path_params["user"]
    if role is None:
        return visit.error(WRONG, visit.words("There is no such role."), back=_HERE)
    visit.perform(console_users.ROLE, console_users.UserRole(user=name, role=role))
    return visit.back(_of(name), visit.words("The role is changed, and their sessions are ended."))


@in_a_fresh_session
def link(visit: Visit) -> Response:
    """Make a link for a user; the answer shows it, this once."""
    name = visit.request.path_params["user"]
    users.known_user(visit.store, name)
    return _new_link(visit, name)


def _act(operation: console_users.OnUser, said: Callable[[Visit], str]) -> Callable[[Visit], Response]:
    def acted(visit: Visit) -> Response:
        name = visit.request.path_params["user"]
        visit.perform(operation, console_users.UserName(user=name))
        return visit.back(_of(name), said(visit))

    return acted


def end_session(visit: Visit) -> Response:
    """End one session of a user."""
    name, chosen = visit.request.path_params["user"], visit.fields.one("session")
    found = users.known_user(visit.store, name)
    theirs = sessions.valid_sessions(visit.store, visit.settings, visit.now, found.id)
    session = next((one for one in theirs if str(one.id) == chosen), None)
    if session is None:
        raise UnknownError("session", chosen)
    with recorded(visit.store, visit.context.actor, "users.end-session", name, visit.console.now):
        sessions.end(visit.store, session.id)
    return visit.back(_of(name), visit.words("The session is ended."))


def _of(name: str) -> str:
    return f"{_HERE}/{quote(name, safe='')}"


_ONE = f"{_HERE}/{{user}}"
PAGES = (
    Page(_HERE, "admin", listed, add),
    Page(_ONE, "admin", one),
    Page(f"{_ONE}/role", "admin", None, change_role),
    Page(f"{_ONE}/link", "admin", None, link),
    Page(
        f"{_ONE}/disable",
        "admin",
        None,
        _act(console_users.DISABLE, lambda visit: visit.words("The user may not log in any more.")),
    ),
    Page(
        f"{_ONE}/enable",
        "admin",
        None,
        _act(console_users.ENABLE, lambda visit: visit.words("The user may log in again.")),
    ),
    Page(
        f"{_ONE}/log-out",
        "admin",
        None,
        _act(console_users.LOG_OUT, lambda visit: visit.words("All their sessions and links are ended.")),
    ),
    Page(f"{_ONE}/sessions", "admin", None, end_session),
)
