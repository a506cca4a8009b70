"""Login by a password together with a code: of an app (TOTP, RFC 6238), or one of the recovery codes.

Right and wrong names cost the same work and get the same answer, so that nobody learns who has an account.
Decision 346.
"""

from __future__ import annotations

import hmac
import re
import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from digest.errors import BusyError, DigestError
from digest.records.console import Credential, CredentialKind, User, UserId
from digest.service.console.users import hashed

if TYPE_CHECKING:
    from digest.store.transaction import Store

STEP = 30  # seconds in which a code of an app is the same
_NEIGHBOURS = (-1, 0, 1)  # steps by which clocks may differ
SHORTEST, LONGEST = 12, 256  # characters of a password
_RECOVERY_CODES = 10
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"  # without characters that look alike
_AT_ONCE, _WAITING = 2, 8  # passwords that are checked, and that may wait for it: each takes 19 MB meanwhile
_WAIT_SECONDS = 2.0
_BUSY_SECONDS = 5
# Source: OWASP Password Storage Cheat Sheet: Argon2id, 19 MiB, 2 passes, 1 lane.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_running, _queued = threading.BoundedSemaphore(_AT_ONCE), threading.BoundedSemaphore(_AT_ONCE + _WAITING)
Made = TypeVar("Made")
_NOBODY = UserId(0)
KINDS = (CredentialKind.PASSWORD, CredentialKind.TOTP, CredentialKind.RECOVERY)


class PasswordError(DigestError):
    """A password or code that cannot be set. `reason` is a word for the page: `short`, `long`, `name` or `code`."""

    def __init__(self, reason: str, problem: str) -> None:
        self.reason = reason
        super().__init__(problem)


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A secret for an app, shown once: as text, and as an address that opens the app."""

    text: str
    address: str


def new_secret(name: str, site: str) -> NewSecret:
    """A new secret for an app that shows codes."""
    text = pyotp.random_base32()
    return NewSecret(text, pyotp.TOTP(text).provisioning_uri(name=name, issuer_name=site))


def set_password(store: Store, user: User, password: str, secret: str, code: str, now: datetime) -> list[str]:
    """Set a user's password and the secret of their app; returns the recovery codes, which are shown once.

    Raises:
        PasswordError: the password is too short, too long or the user's name, or the code is not the app's.
        BusyError: too many passwords are checked at once.
    """
    if len(password) < SHORTEST:
        raise PasswordError("short", f"a password has at least {SHORTEST} characters")
    if len(password) > LONGEST:
        raise PasswordError("long", f"a password has at most {LONGEST} characters")
    if user.name.casefold() in password.casefold():
        raise PasswordError("name", "a password must not contain the user's name")
    step = _step_of(secret, code, now)
    if step is None:
        raise PasswordError("code", "this is not the code that the app shows now")
    stored = _with_room(lambda: _hasher.hash(password))
    codes = _new_codes()
    with store.write() as tx:
        tx.console_users.drop_credentials(user.id, KINDS)
        tx.console_users.add_credential(user.id, CredentialKind.PASSWORD, now, secret=stored)
        tx.console_users.add_credential(user.id, CredentialKind.TOTP, now, secret=secret, counter=step)
        for one in codes:
            tx.console_users.add_credential(user.id, CredentialKind.RECOVERY, now, secret=hashed(_plain(one)))
    return codes


def drop_password(store: Store, user: UserId) -> None:
    """Delete a user's password, the secret of their app and their recovery codes."""
    with store.write() as tx:
        tx.console_users.drop_credentials(user, KINDS)


def check_password(store: Store, name: str, password: str, code: str, now: datetime) -> User | None:
    """The user with this name, if password and code are theirs; the code is used up by that. None otherwise.

    Raises:
        BusyError: too many passwords are checked at once.
    """
    with store.read() as tx:
        user = tx.console_users.named(name)
        found = tx.console_users.credentials(user.id if user else _NOBODY, *KINDS)
    kept = {kind: [one for one in found if one.kind is kind] for kind in KINDS}
    right = _is_password(kept[CredentialKind.PASSWORD], password)
    app = kept[CredentialKind.TOTP]
    step = _step_of(app[0].secret if app else _nobodys_secret(), code, now)
    spare = _recovery(kept[CredentialKind.RECOVERY], code)
    if user is None or user.disabled_at or not right or not app:
        return None
    with store.write() as tx:
        if step is not None:
            used = tx.console_users.use_credential(app[0].id, now, after=step - 1, counter=step)
        else:
            used = spare is not None and tx.console_users.drop_credential(user.id, spare.id)
        if used:
            tx.console_users.use_credential(kept[CredentialKind.PASSWORD][0].id, now)
    return user if used else None


def _is_password(kept: Sequence[Credential], password: str) -> bool:
    """Whether this is the password; for a user without one, the same work is done in vain."""
    stored = kept[0].secret if kept else _nobodys_password()
    given = password[: LONGEST + 1]
    try:
        _with_room(lambda: _hasher.verify(stored, given))
    except (VerificationError, InvalidHashError):
        return False
    return bool(kept) and len(password) <= LONGEST


def _step_of(secret: str, code: str, now: datetime) -> int | None:
    """The time step of which this is the code; all steps are looked at, whether one is right or not."""
    given = re.sub(r"\s", "", code).encode()
    present, found = int(now.timestamp()) // STEP, None
    for near in _NEIGHBOURS:
        made = pyotp.TOTP(secret).generate_otp(present + near).encode()
        if hmac.compare_digest(made, given):
            found = present + near
    return found


def _recovery(kept: Sequence[Credential], code: str) -> Credential | None:
    """The recovery code that this is; all are looked at."""
    given, found = hashed(_plain(code)), None
    for one in kept:
        if hmac.compare_digest(one.secret, given):
            found = one
    return found


def _new_codes() -> list[str]:
    made = ("".join(secrets.choice(_ALPHABET) for _ in range(16)) for _ in range(_RECOVERY_CODES))
    return ["-".join(one[start : start + 4] for start in range(0, 16, 4)) for one in made]


def _plain(code: str) -> str:
    return re.sub(r"[\s-]", "", code).lower()


@lru_cache(maxsize=1)
def _nobodys_password() -> str:
    return _hasher.hash(secrets.token_urlsafe(16))


@lru_cache(maxsize=1)
def _nobodys_secret() -> str:
    return pyotp.random_base32()


def _with_room(work: Callable[[], Made]) -> Made:
    """Do the work of one password when few others are under way.

    Raises:
        BusyError: too many wait already, or it takes too long.
    """
    if not _queued.acquire(blocking=False):
        raise BusyError(_BUSY_SECONDS)
    try:
        if not _running.acquire(timeout=_WAIT_SECONDS):
            raise BusyError(_BUSY_SECONDS)
        try:
            return work()
        finally:
            _running.release()
    finally:
        _queued.release()
