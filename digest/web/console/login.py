"""The pages before and after a session: the ways to log in, links that work once, the logout, and the first page."""

from __future__ import annotations

import hmac
from datetime import datetime
from typing import TYPE_CHECKING, Any

from starlette.responses import RedirectResponse

from digest import logs
from digest.records.console import Way
from digest.service.console import oidc, passkeys, passwords, users
from digest.web.console.frame import ANYBODY, Page
from digest.web.console.visit import FORBIDDEN, LOGIN, MISSING, SEE_OTHER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from digest.records.console import User
    from digest.service.console.throttle import Key
    from digest.web.console.visit import Visit

_log = logs.get_logger()
_GONE, _REFUSED = 410, 401
_OIDC = "oidc"  # the cookie of a login at the provider
_FIRST = "/console/account?first"


def login(visit: Visit) -> Response:
    """The ways to log in that are on."""
    if visit.user:
        return visit.back(visit.next_page())
    return _login_page(visit)


def _login_page(visit: Visit, code: int = 200, *, wrong: str = "", name: str = "") -> Response:
    settings = visit.settings
    asked = signed = ""
    hindrance = passkeys.hindrance(settings, visit.host)
    if not hindrance:
        challenge = passkeys.new_challenge()
        asked, signed = passkeys.question(settings, challenge), sign_challenge(visit, challenge)
    return visit.page(
        "login",
        code,
        next=visit.next_page(),
        asked=asked,
        challenge=signed,
        elsewhere=f"{settings.console_url}{LOGIN}" if hindrance == "elsewhere" else "",
        password=settings.console.password,
        provider=oidc.title(settings) if settings.console.oidc.issuer else "",
        wrong=wrong,
        name=name,
    )


def sign_challenge(visit: Visit, challenge: str) -> str:
    """A challenge for a form of this browser; `read_challenge` reads it while it is valid."""
    until = (visit.now + passkeys.CHALLENGE_LIFE).isoformat()
    return visit.console.signed("challenge", [challenge, until, visit.csrf()])


def read_challenge(visit: Visit) -> str:
    """The challenge of a form; empty if it has expired, or was made for another browser."""
    match visit.console.unsigned("challenge", visit.fields.one("challenge")):
        case [str(challenge), str(until), str(whose)]:
            mine = hmac.compare_digest(whose, visit.console.mark("csrf", visit.sent))
            return challenge if mine and visit.now < datetime.fromisoformat(until) else ""
    return ""


def log_in_by_passkey(visit: Visit) -> Response:
    """Log in by the answer of a passkey to the challenge of the form."""
    challenge = read_challenge(visit)
    answer = visit.fields.one("answer")
    user = passkeys.check_passkey(visit.store, visit.settings, answer, challenge, visit.now) if challenge else None
    if user is None:
        return _login_page(visit, _REFUSED, wrong="passkey")
    return _entered(visit, user, Way.PASSKEY)


def log_in_by_password(visit: Visit) -> Response:
    """Log in by a name, a password and a code. The same answer for whatever is wrong."""
    if not visit.settings.console.password:
        return visit.error(MISSING, visit.words("There is no such page."))
    name, throttle = visit.fields.one("name"), visit.console.throttle
    keys = _keys(visit, name)
    throttle.check(keys, visit.now)
    user = passwords.check_password(
        visit.store, name, visit.fields.text("password"), visit.fields.one("code"), visit.now
    )
    if user is None:
        throttle.wrong(keys, visit.now)
        _log.warning("login refused", network=visit.network)
        return _login_page(visit, _REFUSED, wrong="password", name=name)
    throttle.right(keys)
    return _entered(visit, user, Way.PASSWORD)


def _keys(visit: Visit, name: str) -> list[Key]:
    """What wrong passwords count for: a browser that this user has logged in with; otherwise name and network."""
    with visit.store.read() as tx:
        found = tx.console_users.named(name)
    mark = visit.known_browser(found.id if found else None)
    return [("browser", mark)] if mark else [("name", name.casefold()), ("network", visit.network)]


def _entered(visit: Visit, user: User, way: Way) -> Response:
    after = visit.next_page()
    visit.log_in(user, way)
    return visit.back(after)


def go_to_provider(visit: Visit) -> Response:
    """Begin a login at the provider. This GET changes nothing but a cookie of this browser."""
    if not visit.settings.console.oidc.issuer:
        return visit.error(MISSING, visit.words("There is no such page."))
    start = visit.console.provider.start(visit.now)
    until = (visit.now + oidc.LIFE).isoformat()
    made = RedirectResponse(start.url, SEE_OTHER)
    value = visit.console.signed(_OIDC, [start.state, start.nonce, start.verifier, until, visit.next_page()])
    visit.console.set_cookie(made, _OIDC, value, seconds=int(oidc.LIFE.total_seconds()))
    return made


def come_from_provider(visit: Visit) -> Response:
    """End a login at the provider: its code is exchanged for a token that says who this is."""
    given, query = visit.request.cookies.get(visit.console.cookie(_OIDC), ""), visit.request.query_params
    match visit.console.unsigned(_OIDC, given):
        case [str(state), str(nonce), str(verifier), str(until), str(after)] if (
            visit.settings.console.oidc.issuer
            and visit.now < datetime.fromisoformat(until)
            and hmac.compare_digest(state.encode(), query.get("state", "").encode())
            and query.get("code")
        ):
            claims = _claims(visit, query["code"], nonce, verifier)
        case _:
            said = visit.words("This login is over. Begin it again.")
            return visit.error(FORBIDDEN, said, remedy=query.get("error", "")[:100], back=LOGIN)
    user = oidc.user_of(visit.store, visit.settings, claims, visit.now)
    if user is None:
        name = str(claims.get(visit.settings.console.oidc.claim, ""))
        said = visit.words("%(name)s has no account here. An admin can add it.", name=name)
        return visit.error(FORBIDDEN, said, back=LOGIN)
    visit.log_in(user, Way.OIDC)
    made = visit.back(after)
    visit.console.set_cookie(made, _OIDC, "", seconds=0)
    return made


def _claims(visit: Visit, code: str, nonce: str, verifier: str) -> Mapping[str, Any]:
    """What the provider says about somebody; a network whose codes are wrong must wait, as with passwords."""
    keys = [("network", visit.network)]
    visit.console.throttle.check(keys, visit.now)
    try:
        return visit.console.provider.finish(code, nonce, verifier, visit.now)
    except oidc.OidcError:
        visit.console.throttle.wrong(keys, visit.now)
        raise


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
    return visit.back(_FIRST)


def _used_up(visit: Visit) -> Response:
    remedy = visit.words("Ask an admin for another one, or run `digest console link`.")
    return visit.error(_GONE, visit.words("This link was used, or has expired."), remedy=remedy, back=LOGIN)


def logout(visit: Visit) -> Response:
    """End the session of this browser."""
    visit.log_out()
    return visit.back(LOGIN, visit.words("You are logged out."))


PAGES = (
    Page(LOGIN, ANYBODY, login),
    Page("/console/login/passkey", ANYBODY, None, log_in_by_passkey),
    Page("/console/login/password", ANYBODY, None, log_in_by_password),
    Page("/console/login/oidc", ANYBODY, go_to_provider),
    Page("/console/login/oidc/back", ANYBODY, come_from_provider),
    Page("/console/link/{token}", ANYBODY, link, follow_link),
    Page("/console/logout", "", None, logout),
)
