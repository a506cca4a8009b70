"""Login by passkeys (WebAuthn Level 2): what a browser is asked, and whether its answer is right.

A challenge counts once: it is signed by the caller, and the store records it when it is used.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import webauthn
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, parse_authentication_credential_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from digest.errors import DigestError
from digest.records.console import CredentialKind, User
from digest.service.console.users import hashed
from digest.settings import Settings

if TYPE_CHECKING:
    from digest.store.transaction import Store

CHALLENGE_LIFE = timedelta(minutes=5)
_USED = "challenge"  # the purpose of a used challenge in the store
_LONGEST_NAME = 60
_LARGEST_ANSWER = 64 * 1024  # characters
_MOST = 20  # passkeys of one user


class PasskeyError(DigestError):
    """A passkey that cannot be added."""


def new_challenge() -> str:
    """A challenge for one answer of a browser."""
    return bytes_to_base64url(secrets.token_bytes(32))


def hindrance(settings: Settings, host: str) -> str:
    """Why a browser offers no passkeys: the console's `address` is a number, it is `insecure`, or the browser is
    `elsewhere`: at another host than the console's; empty if it offers them. `host` is the request's.

    Source: WebAuthn Level 2, section 5.1.2: the id of a relying party is a domain, and the context is secure.
    """
    parts = urlsplit(settings.console_url)
    name = parts.hostname or ""
    try:
        ip_address(name)
    except ValueError:
        if parts.scheme != "https" and name != "localhost" and not name.endswith(".localhost"):
            return "insecure"
        return "" if host.lower() == parts.netloc.lower() else "elsewhere"
    return "address"


def registration(store: Store, settings: Settings, user: User, challenge: str) -> str:
    """What to ask a browser in order to make a passkey for this user, as JSON."""
    with store.read() as tx:
        known = tx.console_users.credentials(user.id, CredentialKind.PASSKEY)
    made = webauthn.generate_registration_options(
        rp_id=_host(settings),
        rp_name=settings.site_title,
        user_id=hashlib.sha256(store.secret() + f"passkey {user.id}".encode()).digest(),
        user_name=user.name,
        challenge=base64url_to_bytes(challenge),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=base64url_to_bytes(one.key)) for one in known],
    )
    return webauthn.options_to_json(made)


def add_passkey(
    store: Store, settings: Settings, user: User, answer: str, challenge: str, name: str, now: datetime
) -> None:
    """Add the passkey that a browser made.

    Raises:
        PasskeyError: its answer is not right, or the passkey is known already.
    """
    try:
        made = webauthn.verify_registration_response(
            credential=answer[:_LARGEST_ANSWER],
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=_host(settings),
            expected_origin=_origin(settings),
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError) as error:
        raise PasskeyError(f"the browser's answer is not right: {error} (try again)") from error
    label = "".join(c for c in name if c.isprintable())[:_LONGEST_NAME].strip() or "passkey"
    with store.write() as tx:
        if len(tx.console_users.credentials(user.id, CredentialKind.PASSKEY)) >= _MOST:
            raise PasskeyError(f"a user has at most {_MOST} passkeys (delete one of them)")
        fresh = tx.console_users.mark_used(hashed(challenge), _USED, now, now + CHALLENGE_LIFE)
        added = fresh and tx.console_users.add_credential(
            user.id,
            CredentialKind.PASSKEY,
            now,
            key=bytes_to_base64url(made.credential_id),
            secret=bytes_to_base64url(made.credential_public_key),
            counter=made.sign_count,
            name=label,
        )
    if not added:
        raise PasskeyError("this passkey is registered already (use another one)")


def question(settings: Settings, challenge: str) -> str:
    """What to ask a browser in order to log in, as JSON: any passkey for this host."""
    made = webauthn.generate_authentication_options(
        rp_id=_host(settings),
        challenge=base64url_to_bytes(challenge),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return webauthn.options_to_json(made)


def check_passkey(store: Store, settings: Settings, answer: str, challenge: str, now: datetime) -> User | None:
    """The user whose passkey answered the challenge, which is used up by that; None if the answer is not right."""
    try:
        given = parse_authentication_credential_json(answer[:_LARGEST_ANSWER])
        with store.read() as tx:
            known = tx.console_users.credential(CredentialKind.PASSKEY, bytes_to_base64url(given.raw_id))
        if known is None:
            return None
        done = webauthn.verify_authentication_response(
            credential=given,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=_host(settings),
            expected_origin=_origin(settings),
            credential_public_key=base64url_to_bytes(known.secret),
            credential_current_sign_count=known.counter,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError):
        return None
    with store.write() as tx:
        user = tx.console_users.get(known.user)
        if user is None or user.disabled_at:
            return None
        if not tx.console_users.mark_used(hashed(challenge), _USED, now, now + CHALLENGE_LIFE):
            return None
        tx.console_users.use_credential(known.id, now, counter=done.new_sign_count)
    return user


def _host(settings: Settings) -> str:
    return urlsplit(settings.console_url).hostname or ""


def _origin(settings: Settings) -> str:
    parts = urlsplit(settings.console_url)
    return f"{parts.scheme}://{parts.netloc}"
