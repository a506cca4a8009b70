"""Accounts of the console: roles and what they allow, links to log in, and the admin who must remain."""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from digest.errors import DigestError, UnknownError
from digest.records.console import CredentialKind, Role, User, UserId
from digest.records.operating import Scope
from digest.settings import Settings

if TYPE_CHECKING:
    from digest.store.transaction import Store, Transaction

LINK_LIFE = timedelta(minutes=15)
_LINK = "login"  # the purpose of a link in the store
_TOKEN_BYTES = 32
_NAME = re.compile(r"[^\s\x00-\x1f\x7f/\\]([^\x00-\x1f\x7f/\\]{0,62}[^\s\x00-\x1f\x7f/\\])?")
_ALLOWED = {
    Role.VIEWER: frozenset({Scope.READ}),
    Role.EDITOR: frozenset({Scope.READ, Scope.OPERATE}),
    Role.ADMIN: frozenset(Scope),
}


class LastAdminError(DigestError):
    """An act would leave nobody who can log in as an admin."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is the only admin who can log in (make somebody else an admin first)")


class UserNameError(DigestError):
    """A name that a user cannot have."""

    def __init__(self, problem: str, *, remedy: str) -> None:
        self.problem, self.remedy = problem, remedy
        super().__init__(f"{problem} ({remedy})")


def allowed(role: Role) -> frozenset[Scope]:
    """The scopes of a role."""
    return _ALLOWED[role]


def hashed(token: str) -> str:
    """What the store keeps of a token. Tokens are random, so that a fast hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def new_token() -> str:
    """A secret that nobody can guess, as it stands in links and cookies."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def known_user(store: Store, name: str) -> User:
    """The user with this name.

    Raises:
        UnknownError: there is none.
    """
    with store.read() as tx:
        found = tx.console_users.named(name)
    if found is None:
        raise UnknownError("user", name, remedy="see `digest console users`")
    return found


def add_user(store: Store, name: str, role: Role, now: datetime) -> User:
    """Add a user, who then needs a link to log in.

    Raises:
        UserNameError: the name is taken, or cannot be a name.
    """
    with store.write() as tx:
        return _added(tx, name, role, now)


def _added(tx: Transaction, name: str, role: Role, now: datetime) -> User:
    if not _NAME.fullmatch(name):
        remedy = "use at most 64 characters, none of them a slash, and no space at its ends"
        raise UserNameError(f"{name!r} cannot be the name of a user", remedy=remedy)
    made = tx.console_users.add(name, role, now)
    if made is None:
        raise UserNameError(f"there is a user {name!r} already", remedy="choose another name")
    return made


def ensure_user(store: Store, name: str, role: Role | None, now: datetime) -> User:
    """The user with this name, added if there is none yet; `role` is given to them. A new one is an admin by default.

    Raises:
        UserNameError: the name cannot be a name.
        DigestError: the user is disabled, or the last admin would lose the role.
    """
    with store.write() as tx:
        found = tx.console_users.named(name)
        if found is None:
            return _added(tx, name, role or Role.ADMIN, now)
        if found.disabled_at:
            raise DigestError(f"{name} is disabled (see `digest console enable`)")
        if role and role is not found.role:
            _change_role(tx, found, role)
        return tx.console_users.required(found.id)


def issue_link(store: Store, settings: Settings, user: UserId, now: datetime) -> str:
    """The address of a link by which this user can log in once, within LINK_LIFE; the token is stored as a hash."""
    token = new_token()
    with store.write() as tx:
        tx.console_users.drop_expired(now)
        tx.console_users.add_once(hashed(token), _LINK, user, now + LINK_LIFE)
    return f"{settings.console_url}/console/link/{token}"


def user_of_link(store: Store, token: str, now: datetime) -> User | None:
    """Whose link this is; None if it does not work any more. Looking does not use it up: scanners follow links."""
    with store.read() as tx:
        user = tx.console_users.once(hashed(token), _LINK, now)
        found = tx.console_users.get(user) if user else None
    return found if found and not found.disabled_at else None


def use_link(store: Store, token: str, now: datetime) -> User | None:
    """Use up a link; the user who may log in now, or None if it does not work."""
    with store.write() as tx:
        user = tx.console_users.use_once(hashed(token), _LINK, now)
        found = tx.console_users.get(user) if user else None
    return found if found and not found.disabled_at else None


def change_role(store: Store, user: UserId, role: Role) -> User:
    """Give a user another role. Their sessions end, so that none was begun with rights from before.

    Raises:
        LastAdminError: they are the last admin.
        UnknownError: there is no such user.
    """
    with store.write() as tx:
        found = tx.console_users.required(user)
        if found.role is not role:
            _change_role(tx, found, role)
        return tx.console_users.required(user)


def _change_role(tx: Transaction, user: User, role: Role) -> None:
    if role is not Role.ADMIN:
        _require_other_admin(tx, user)
    tx.console_users.set_role(user.id, role)
    tx.console_sessions.end_of(user.id)


def _require_other_admin(tx: Transaction, user: User) -> None:
    if user.role is Role.ADMIN and not user.disabled_at and tx.console_users.count_admins() <= 1:
        raise LastAdminError(user.name)


def disable(store: Store, user: UserId, now: datetime) -> User:
    """Keep a user from logging in, and end their sessions and links.

    Raises:
        LastAdminError: they are the last admin.
        UnknownError: there is no such user.
    """
    with store.write() as tx:
        found = tx.console_users.required(user)
        if not found.disabled_at:
            _require_other_admin(tx, found)
            tx.console_users.set_disabled(user, now)
        tx.console_users.drop_links(user)
        tx.console_sessions.end_of(user)
        return tx.console_users.required(user)


def enable(store: Store, user: UserId) -> User:
    """Let a disabled user log in again.

    Raises:
        UnknownError: there is no such user.
    """
    with store.write() as tx:
        tx.console_users.required(user)
        tx.console_users.set_disabled(user, None)
        return tx.console_users.required(user)


def end_sessions(store: Store, user: UserId, *, but: int = 0) -> int:
    """End the sessions and links of a user, except one session; returns how many sessions ended."""
    with store.write() as tx:
        tx.console_users.drop_links(user)
        return tx.console_sessions.end_of(user, but=but)


def ways(store: Store, user: UserId) -> dict[CredentialKind, int]:
    """How many credentials of each kind a user has."""
    with store.read() as tx:
        found = tx.console_users.credentials(user)
    return {kind: sum(one.kind is kind for one in found) for kind in CredentialKind}


def newcomer(store: Store, settings: Settings, name: str, now: datetime) -> User | None:
    """The user whom somebody else has logged in, a proxy or a provider; added if `console.newcomers` gives a role.

    None if there is none, they are disabled, or their name cannot be one.
    """
    with store.read() as tx:
        found = tx.console_users.named(name)
    role = settings.console.newcomers
    if found is None and role and _NAME.fullmatch(name):
        with store.write() as tx:
            found = tx.console_users.add(name, Role(role), now) or tx.console_users.named(name)
    return found if found and not found.disabled_at else None
