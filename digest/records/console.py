"""Values about the people who run an installation: their accounts, how they log in, and their sessions."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

UserId = NewType("UserId", int)


class Role(StrEnum):
    """What a user of the console may do; each includes the ones before it."""

    VIEWER = "viewer"
    EDITOR = "editor"
    ADMIN = "admin"


class CredentialKind(StrEnum):
    """What a user can log in with. A password counts only together with a code: of an app (TOTP), or for recovery."""

    PASSKEY = "passkey"
    PASSWORD = "password"  # noqa: S105 - the name of a kind
    TOTP = "totp"
    RECOVERY = "recovery"
    OIDC = "oidc"


class Way(StrEnum):
    """How a session began."""

    LINK = "link"
    PASSKEY = "passkey"
    PASSWORD = "password"  # noqa: S105 - as above
    HEADER = "header"
    OIDC = "oidc"


@dataclass(frozen=True, slots=True)
class User:
    """A user of the console. `disabled_at`: since when they may not log in."""

    id: UserId
    name: str
    role: Role
    created_at: datetime
    disabled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Credential:
    """Something a user can log in with.

    `key` is its name to others: the id of a passkey, the subject at a provider; empty for other kinds. `secret` is the
    public key of a passkey, the hash of a password or recovery code, or the shared secret of TOTP. `counter` is the
    signature counter of a passkey, or the last time step of which a code was used.
    """

    id: int
    user: UserId
    kind: CredentialKind
    key: str
    secret: str
    counter: int
    name: str
    created_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Session:
    """A login that lasts. `network` and `agent` tell its owner where it was begun: `192.0.2.0/24`, `Firefox, Linux`."""

    id: int
    user: UserId
    way: Way
    began_at: datetime
    seen_at: datetime
    network: str
    agent: str
