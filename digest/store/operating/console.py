"""The users of the console, what they log in with, their sessions, and what counts once."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Row, Select, Table, delete, func, select, update

from digest.errors import UnknownError
from digest.records.console import Credential, CredentialKind, Role, Session, User, UserId, Way
from digest.store.database.statements import insert
from digest.store.database.tables.console import (
    console_credentials,
    console_once,
    console_sessions,
    console_users,
)

_USER = select(console_users)
_CREDENTIAL = select(console_credentials)
_SESSION = select(console_sessions)


class ConsoleUsers:
    """The users and their credentials."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, name: str, role: Role, now: datetime) -> User | None:
        """Add a user; None if the name is taken."""
        row = {"name": name, "role": role, "created_at": now}
        return self.named(name) if self._inserted(console_users, row, console_users.c.id) else None

    def all(self) -> list[User]:
        """All users by name."""
        return [_user(row) for row in self._connection.execute(_USER.order_by(console_users.c.name))]

    def get(self, user: UserId) -> User | None:
        return self._one(_USER.where(console_users.c.id == user))

    def named(self, name: str) -> User | None:
        return self._one(_USER.where(console_users.c.name == name))

    def _one(self, query: Select[Any]) -> User | None:
        row = self._connection.execute(query).one_or_none()
        return _user(row) if row else None

    def required(self, user: UserId) -> User:
        """The user with this id.

        Raises:
            UnknownError: there is none.
        """
        found = self.get(user)
        if found is None:
            raise UnknownError("user", str(user), remedy="see `digest console users`")
        return found

    def set_role(self, user: UserId, role: Role) -> None:
        self._connection.execute(update(console_users).where(console_users.c.id == user).values(role=role))

    def set_disabled(self, user: UserId, at: datetime | None) -> None:
        """Disable a user; None enables them again."""
        self._connection.execute(update(console_users).where(console_users.c.id == user).values(disabled_at=at))

    def count_admins(self) -> int:
        """How many admins may log in."""
        able = (console_users.c.role == Role.ADMIN) & console_users.c.disabled_at.is_(None)
        return self._connection.execute(select(func.count()).select_from(console_users).where(able)).scalar_one()

    def credentials(self, user: UserId, *kinds: CredentialKind) -> list[Credential]:
        """What a user can log in with, oldest first; of these kinds, or of all."""
        query = _CREDENTIAL.where(console_credentials.c.user_id == user).order_by(console_credentials.c.id)
        if kinds:
            query = query.where(console_credentials.c.kind.in_(kinds))
        return [_credential(row) for row in self._connection.execute(query)]

    def credential(self, kind: CredentialKind, key: str) -> Credential | None:
        """The credential with this key: a passkey by its id, a login at a provider by its subject."""
        row = self._connection.execute(_CREDENTIAL.filter_by(kind=kind, key=key)).one_or_none()
        return _credential(row) if row else None

    def add_credential(
        self,
        user: UserId,
        kind: CredentialKind,
        now: datetime,
        *,
        key: str = "",
        secret: str = "",
        counter: int = 0,
        name: str = "",
    ) -> bool:
        """Add a credential; False if its key is taken."""
        row = {
            "user_id": user,
            "kind": kind,
            "key": key or None,
            "secret": secret,
            "counter": counter,
            "name": name,
            "created_at": now,
        }
        return self._inserted(console_credentials, row, console_credentials.c.id)

    def use_credential(self, credential: int, now: datetime, *, after: int | None = None, counter: int = 0) -> bool:
        """Record that a credential was used, with its new counter.

        `after`: only if its counter is at most this; otherwise nothing changes, and False is returned.
        """
        used = update(console_credentials).where(console_credentials.c.id == credential)
        if after is not None:
            used = used.where(console_credentials.c.counter <= after)
        return bool(self._connection.execute(used.values(used_at=now, counter=counter)).rowcount)

    def drop_credential(self, user: UserId, credential: int) -> bool:
        """Delete a credential of a user; False if they have none with this id."""
        mine = (console_credentials.c.id == credential) & (console_credentials.c.user_id == user)
        return bool(self._connection.execute(delete(console_credentials).where(mine)).rowcount)

    def drop_credentials(self, user: UserId, kinds: Collection[CredentialKind]) -> int:
        """Delete all credentials of a user that have these kinds; returns how many."""
        mine = (console_credentials.c.user_id == user) & console_credentials.c.kind.in_(kinds)
        return self._connection.execute(delete(console_credentials).where(mine)).rowcount

    def add_once(self, token: str, purpose: str, user: UserId | None, expires_at: datetime) -> None:
        """Add a link that works once, by the hash of its token."""
        row = {"token": token, "purpose": purpose, "user_id": user, "expires_at": expires_at}
        self._connection.execute(insert(self._connection, console_once).values(row))

    def once(self, token: str, purpose: str, now: datetime) -> UserId | None:
        """The user of a link that works now; None if there is none, or it was used or has expired."""
        query = select(console_once.c.user_id).where(_usable(token, purpose, now))
        found = self._connection.execute(query).scalar_one_or_none()
        return None if found is None else UserId(found)

    def use_once(self, token: str, purpose: str, now: datetime) -> UserId | None:
        """Use up a link; the same values as `once` returns."""
        user = self.once(token, purpose, now)
        used = update(console_once).where(_usable(token, purpose, now)).values(used_at=now)
        return user if self._connection.execute(used).rowcount else None

    def mark_used(self, token: str, purpose: str, now: datetime, expires_at: datetime) -> bool:
        """Record that something unstored was used, until it expires; False if it was used before."""
        row = {"token": token, "purpose": purpose, "expires_at": expires_at, "used_at": now}
        return self._inserted(console_once, row, console_once.c.token)

    def _inserted(self, table: Table, row: Mapping[str, object], key: Column[Any]) -> bool:
        """Insert a row unless another one has its key; a driver may not count the rows of such an INSERT."""
        made = insert(self._connection, table).values(row).on_conflict_do_nothing().returning(key)
        return self._connection.execute(made).one_or_none() is not None

    def drop_links(self, user: UserId) -> int:
        """Delete all links of a user; returns how many."""
        return self._connection.execute(delete(console_once).where(console_once.c.user_id == user)).rowcount

    def drop_expired(self, now: datetime) -> int:
        """Delete everybody's links that have expired; returns how many."""
        return self._connection.execute(delete(console_once).where(console_once.c.expires_at <= now)).rowcount


class ConsoleSessions:
    """The sessions; each is found by the hash of its token."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, token: str, user: UserId, way: Way, now: datetime, *, network: str, agent: str) -> None:
        row = {
            "token": token,
            "user_id": user,
            "way": way,
            "began_at": now,
            "seen_at": now,
            "rotated_at": now,
            "network": network,
            "agent": agent,
        }
        self._connection.execute(insert(self._connection, console_sessions).values(row))

    def find(self, token: str) -> tuple[Session, User] | None:
        """The session with this token, with its user; None if there is none."""
        row = self._connection.execute(_SESSION.where(console_sessions.c.token == token)).one_or_none()
        if row is None:
            return None
        user = self._connection.execute(_USER.where(console_users.c.id == row.user_id)).one()
        return _session(row), _user(user)

    def of(self, user: UserId | None = None) -> list[Session]:
        """The sessions of a user, or of all users, those that were used last first."""
        query = _SESSION.order_by(console_sessions.c.seen_at.desc(), console_sessions.c.id.desc())
        if user is not None:
            query = query.where(console_sessions.c.user_id == user)
        return [_session(row) for row in self._connection.execute(query)]

    def see(self, session: int, now: datetime) -> None:
        """Record that a session was used."""
        self._connection.execute(update(console_sessions).where(console_sessions.c.id == session).values(seen_at=now))

    def rotate(self, session: int, token: str, now: datetime) -> None:
        """Give a session another token; the former one ends."""
        changed = update(console_sessions).where(console_sessions.c.id == session)
        self._connection.execute(changed.values(token=token, rotated_at=now))

    def end(self, sessions: Iterable[int]) -> int:
        """End sessions; returns how many there were."""
        gone = delete(console_sessions).where(console_sessions.c.id.in_(list(sessions)))
        return self._connection.execute(gone).rowcount

    def end_of(self, user: UserId, *, but: int = 0) -> int:
        """End all sessions of a user, except one; returns how many."""
        theirs = (console_sessions.c.user_id == user) & (console_sessions.c.id != but)
        return self._connection.execute(delete(console_sessions).where(theirs)).rowcount

    def end_idle(self, seen_before: datetime, began_before: datetime) -> int:
        """End sessions that were not used since, or began before; returns how many."""
        over = (console_sessions.c.seen_at <= seen_before) | (console_sessions.c.began_at <= began_before)
        return self._connection.execute(delete(console_sessions).where(over)).rowcount

    def forget_all(self) -> None:
        """End every session and every link: a restored store must not revive one that was ended since."""
        self._connection.execute(delete(console_sessions))
        self._connection.execute(delete(console_once))


def _usable(token: str, purpose: str, now: datetime) -> Any:  # noqa: ANN401 - a condition of SQLAlchemy
    return (
        (console_once.c.token == token)
        & (console_once.c.purpose == purpose)
        & console_once.c.used_at.is_(None)
        & (console_once.c.expires_at > now)
    )


def _user(row: Row[Any]) -> User:
    return User(UserId(row.id), row.name, Role(row.role), row.created_at, row.disabled_at)


def _credential(row: Row[Any]) -> Credential:
    return Credential(
        row.id,
        UserId(row.user_id),
        CredentialKind(row.kind),
        row.key or "",
        row.secret,
        row.counter,
        row.name,
        row.created_at,
        row.used_at,
    )


def _session(row: Row[Any]) -> Session:
    return Session(row.id, UserId(row.user_id), Way(row.way), row.began_at, row.seen_at, row.network, row.agent)
