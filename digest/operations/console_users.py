"""The people who may log in to the console."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from pydantic import Field

from digest.operations.core import Context, Listed, Nothing, Operation, Request, View
from digest.records.console import CredentialKind, Role
from digest.records.operating import Scope
from digest.service.console import sessions, users

if TYPE_CHECKING:
    from digest.records.console import User


class UserView(View):
    """A user: their role, what they can log in with, and how many sessions they have now."""

    name: str
    role: Role
    disabled: bool
    created_at: datetime
    ways: list[CredentialKind]
    sessions: int
    seen_at: datetime | None


class LinkView(View):
    """A link by which a user can log in once. `url` is shown this once."""

    name: str
    role: Role
    url: str
    expires_at: datetime


class NewUser(Request):
    """The user to add."""

    name: str = Field(min_length=1, max_length=64, description="The name of the user.")
    role: Role = Field(description="What the user may do.")


class UserName(Request):
    """One user."""

    user: str = Field(max_length=64, description="The name of the user.")


class UserRole(UserName):
    """Another role for a user."""

    role: Role = Field(description="What the user may do from now on.")


class UserLink(UserName):
    """A link for a user, who is added if there is none of this name."""

    role: Role | None = Field(None, description="The role to give to the user; a new user is an admin by default.")


def _view(context: Context, user: User) -> UserView:
    found = sessions.valid_sessions(context.store, context.settings, context.now(), user.id)
    return UserView(
        name=user.name,
        role=user.role,
        disabled=user.disabled_at is not None,
        created_at=user.created_at,
        ways=[kind for kind, number in users.ways(context.store, user.id).items() if number],
        sessions=len(found),
        seen_at=found[0].seen_at if found else None,
    )


def _state(context: Context, asked: UserName) -> dict[str, object]:
    user = users.known_user(context.store, asked.user)
    return {"role": str(user.role), "disabled": user.disabled_at is not None}


def listed(context: Context, _asked: Nothing) -> Listed[UserView]:
    """List the users of the console by name."""
    with context.store.read() as tx:
        found = tx.console_users.all()
    return Listed[UserView](items=[_view(context, user) for user in found])


def add(context: Context, asked: NewUser) -> UserView:
    """Add a user of the console, who needs a link to log in."""
    return _view(context, users.add_user(context.store, asked.name, asked.role, context.now()))


def link(context: Context, asked: UserLink) -> LinkView:
    """Make a link by which a user can log in to the console once, within 15 minutes."""
    now = context.now()
    user = users.ensure_user(context.store, asked.user, asked.role, now)
    url = users.issue_link(context.store, context.settings, user.id, now)
    return LinkView(name=user.name, role=user.role, url=url, expires_at=now + users.LINK_LIFE)


def change_role(context: Context, asked: UserRole) -> UserView:
    """Give a user of the console another role; their sessions end."""
    user = users.known_user(context.store, asked.user)
    return _view(context, users.change_role(context.store, user.id, asked.role))


def disable(context: Context, asked: UserName) -> UserView:
    """Keep a user from logging in to the console; their sessions and links end at once."""
    user = users.known_user(context.store, asked.user)
    return _view(context, users.disable(context.store, user.id, context.now()))


def enable(context: Context, asked: UserName) -> UserView:
    """Let a disabled user log in to the console again."""
    return _view(context, users.enable(context.store, users.known_user(context.store, asked.user).id))


def log_out(context: Context, asked: UserName) -> UserView:
    """End all sessions and links of a user of the console."""
    user = users.known_user(context.store, asked.user)
    users.end_sessions(context.store, user.id)
    return _view(context, user)


OnUser = Operation[UserName, UserView]
_ADMIN, _ONE = Scope.ADMIN, "/users/{user}"
LIST = Operation("users.list", "GET", "/users", _ADMIN, Nothing, Listed[UserView], listed, "console users")
ADD = Operation("users.add", "POST", "/users", _ADMIN, NewUser, UserView, add, target=lambda asked: asked.name)
LINK = Operation("users.link", "POST", f"{_ONE}/link", _ADMIN, UserLink, LinkView, link, "console link", state=_state)
ROLE = Operation("users.role", "POST", f"{_ONE}/role", _ADMIN, UserRole, UserView, change_role, state=_state)
DISABLE = Operation(
    "users.disable", "POST", f"{_ONE}/disable", _ADMIN, UserName, UserView, disable, "console revoke", state=_state
)
ENABLE = Operation(
    "users.enable", "POST", f"{_ONE}/enable", _ADMIN, UserName, UserView, enable, "console enable", state=_state
)
LOG_OUT = Operation(
    "users.log-out", "POST", f"{_ONE}/log-out", _ADMIN, UserName, UserView, log_out, "console revoke --sessions"
)
OPERATIONS = (LIST, ADD, LINK, ROLE, DISABLE, ENABLE, LOG_OUT)
