"""A user's own account: their passkeys, their password, and their sessions.

Somebody who finds an unlocked browser shall not be able to stay: the ways to log in change only in a fresh session, and
then the session gets another token.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING

from digest.errors import UnknownError
from digest.records.console import CredentialKind
from digest.service.console import passkeys, passwords, sessions, users
from digest.service.operating.auditing import recorded
from digest.web.console.frame import Page
from digest.web.console.login import read_challenge, sign_challenge
from digest.web.console.visit import FORBIDDEN, MISSING, WRONG

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from starlette.responses import Response

    from digest.service.operating.auditing import Act
    from digest.web.console.frame import Handler
    from digest.web.console.visit import Visit

_HERE, _PASSWORD = "/console/account", "/console/account/password"


def account(visit: Visit) -> Response:
    """Who is logged in, how, and where else."""
    login, settings = visit.me, visit.settings
    with visit.store.read() as tx:
        found = tx.console_users.credentials(login.user.id)
    asked = signed = ""
    hindrance = passkeys.hindrance(settings, visit.host)
    if not hindrance:
        challenge = passkeys.new_challenge()
        asked = passkeys.registration(visit.store, settings, login.user, challenge)
        signed = sign_challenge(visit, challenge)
    return visit.page(
        "account",
        first="first" in visit.request.query_params,
        passkeys=[one for one in found if one.kind is CredentialKind.PASSKEY],
        hindrance=hindrance,
        elsewhere=f"{settings.console_url}{_HERE}",
        asked=asked,
        challenge=signed,
        password_on=settings.console.password,
        has_password=any(one.kind is CredentialKind.PASSWORD for one in found),
        codes=sum(one.kind is CredentialKind.RECOVERY for one in found),
        sessions=sessions.valid_sessions(visit.store, settings, visit.now, login.user.id),
        session=login.session,
    )


def in_a_fresh_session(handler: Handler) -> Handler:
    """The handler, for sessions that have begun lately; the others have to log in again first."""

    @wraps(handler)
    def checked(visit: Visit) -> Response:
        if visit.is_fresh:
            return handler(visit)
        said = visit.words("To change who can log in and how, log out and log in again first.")
        return visit.error(FORBIDDEN, said, back=_HERE)

    return checked


def _recorded(visit: Visit, name: str) -> AbstractContextManager[Act]:
    """A line in the audit log for a change of one's own account."""
    return recorded(visit.store, visit.context.actor, f"account.{name}", visit.me.user.name, visit.console.now)


@in_a_fresh_session
def add_passkey(visit: Visit) -> Response:
    """Add the passkey that this browser has made."""
    challenge, fields = read_challenge(visit), visit.fields
    if not challenge:
        said = visit.words("This form is no longer valid. Open the page again and send it once more.")
        return visit.error(FORBIDDEN, said, back=_HERE)
    with _recorded(visit, "add-passkey"):
        passkeys.add_passkey(
            visit.store, visit.settings, visit.me.user, fields.one("answer"), challenge, fields.one("name"), visit.now
        )
    visit.renew()
    return visit.back(_HERE, visit.words("From now on you can log in with this passkey."))


@in_a_fresh_session
def drop_passkey(visit: Visit) -> Response:
    """Delete one of one's own passkeys."""
    given = visit.fields.one("passkey")
    with _recorded(visit, "drop-passkey"), visit.store.write() as tx:
        mine = tx.console_users.credentials(visit.me.user.id, CredentialKind.PASSKEY)
        chosen = next((one for one in mine if str(one.id) == given), None)
        if chosen is None:
            raise UnknownError("passkey", given)
        tx.console_users.drop_credential(visit.me.user.id, chosen.id)
    visit.renew()
    return visit.back(_HERE, visit.words("The passkey is deleted."))


def password(visit: Visit) -> Response:
    """The form for a password and an app that shows codes."""
    if not visit.settings.console.password:
        return visit.error(MISSING, visit.words("There is no such page."))
    return _password_form(visit, passwords.new_secret(visit.me.user.name, visit.settings.site_title))


def _password_form(visit: Visit, secret: passwords.NewSecret, code: int = 200, wrong: str = "") -> Response:
    signed = visit.console.signed("totp", [secret.text, secret.address, visit.me.user.id])
    return visit.page("password", code, secret=secret, signed=signed, wrong=wrong, shortest=passwords.SHORTEST)


@in_a_fresh_session
def set_password(visit: Visit) -> Response:
    """Set the password and the app; the answer shows the recovery codes, this once."""
    fields, user = visit.fields, visit.me.user
    match visit.console.unsigned("totp", fields.one("secret")):
        case [str(text), str(address), int(whose)] if whose == user.id and visit.settings.console.password:
            secret = passwords.NewSecret(text, address)
        case _:
            said = visit.words("This form is no longer valid. Open the page again and send it once more.")
            return visit.error(FORBIDDEN, said, back=_PASSWORD)
    if fields.text("password") != fields.text("again"):
        return _password_form(visit, secret, WRONG, "again")
    try:
        with _recorded(visit, "set-password"):
            codes = passwords.set_password(
                visit.store, user, fields.text("password"), secret.text, fields.one("code"), visit.now
            )
    except passwords.PasswordError as error:
        return _password_form(visit, secret, WRONG, error.reason)
    visit.renew()
    users.end_sessions(visit.store, user.id, but=visit.me.session.id)
    return visit.page("codes", codes=codes)


@in_a_fresh_session
def drop_password(visit: Visit) -> Response:
    """Delete one's own password, with its app and its recovery codes."""
    with _recorded(visit, "drop-password"):
        passwords.drop_password(visit.store, visit.me.user.id)
    visit.renew()
    return visit.back(_HERE, visit.words("The password is deleted."))


def end_session(visit: Visit) -> Response:
    """End one of one's own sessions, or all others."""
    mine, chosen = visit.me, visit.fields.one("session")
    if chosen == "others":
        with _recorded(visit, "end-other-sessions"):
            users.end_sessions(visit.store, mine.user.id, but=mine.session.id)
        return visit.back(_HERE, visit.words("All other sessions are ended."))
    valid = sessions.valid_sessions(visit.store, visit.settings, visit.now, mine.user.id)
    found = next((one for one in valid if str(one.id) == chosen), None)
    if found is None:
        raise UnknownError("session", chosen)
    with _recorded(visit, "end-session"):
        sessions.end(visit.store, found.id)
    return visit.back(_HERE, visit.words("The session is ended."))


PAGES = (
    Page(_HERE, "", account),
    Page("/console/account/passkeys", "", None, add_passkey),
    Page("/console/account/passkeys/delete", "", None, drop_passkey),
    Page(_PASSWORD, "", password, set_password),
    Page("/console/account/password/delete", "", None, drop_password),
    Page("/console/account/sessions", "", None, end_session),
)
