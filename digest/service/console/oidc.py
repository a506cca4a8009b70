"""Login by an OpenID Connect provider: the code flow with PKCE. Authlib, the extra `digest[oidc]`, is imported here.

Source: OpenID Connect Core 1.0, sections 3.1.2 and 3.1.3.7; RFC 7636.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from digest.errors import ConfigurationError, DigestError
from digest.mail.sending.login import first_line
from digest.records.console import CredentialKind, User
from digest.service.console import users
from digest.service.operating import posting
from digest.settings import Settings

if TYPE_CHECKING:
    from digest.store.transaction import Store

LIFE = timedelta(minutes=10)  # from the start of a login to its end
_LEEWAY = 60  # seconds by which the provider's clock may differ
_ALGORITHMS = ["RS256", "PS256", "ES256", "ES384", "EdDSA"]
_MISSING = "install digest[oidc], such as by `pip install 'digest[oidc]'`, or empty console.oidc.issuer"
_FACTS = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")
_READ_AGAIN, _TRY_AGAIN = timedelta(hours=1), timedelta(seconds=30)


class OidcError(DigestError):
    """A login by the provider that failed."""

    def __init__(self, problem: str, *, remedy: str) -> None:
        self.problem, self.remedy = problem, remedy
        super().__init__(f"{problem} ({remedy})")


@dataclass(frozen=True, slots=True)
class Start:
    """Where to send the browser, and what must come back with it."""

    url: str
    state: str
    nonce: str
    verifier: str


def title(settings: Settings) -> str:
    """The provider's name; empty if there is none."""
    oidc = settings.console.oidc
    return oidc.title or (urlsplit(oidc.issuer).hostname or "")


def require_provider(settings: Settings) -> None:
    """Check that the package is installed and the client's secret can be read.

    Raises:
        ConfigurationError: with the remedy.
    """
    if find_spec("authlib") is None:
        raise _not_installed()
    _secret(settings)


def _not_installed() -> ConfigurationError:
    problem = "login by a provider needs a package that is not installed"
    return ConfigurationError(problem, place="console.oidc.issuer", remedy=_MISSING)


def _secret(settings: Settings) -> str:
    oidc = settings.console.oidc
    return first_line(oidc.client_secret_file) if oidc.client_secret_file else oidc.client_secret


class Provider:
    """The configured provider. What it publishes about itself is read once an hour, by one thread at a time.

    A failure to read it counts for a while, so that strangers cannot keep the threads waiting for it.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._known: tuple[datetime, Mapping[str, Any]] | None = None
        self._failed: tuple[datetime, OidcError] | None = None
        self._reading = threading.Lock()

    @property
    def _back(self) -> str:
        return f"{self._settings.console_url}/console/login/oidc/back"

    def start(self, now: datetime) -> Start:
        """Begin a login.

        Raises:
            ConfigurationError: Authlib is not installed, or the client's secret cannot be read.
            OidcError: the provider cannot be reached.
        """
        verifier, nonce = secrets.token_urlsafe(48), secrets.token_urlsafe(24)
        url, state = self._client().create_authorization_url(
            self._facts(now)["authorization_endpoint"], code_verifier=verifier, nonce=nonce
        )
        return Start(url, state, nonce, verifier)

    def finish(self, code: str, nonce: str, verifier: str, now: datetime) -> Mapping[str, Any]:
        """The verified claims about somebody whom the provider sends with a code.

        Raises:
            ConfigurationError: as `start`.
            OidcError: the provider refuses the code, or its token is not right.
        """
        client, facts = self._client(), self._facts(now)
        from authlib.common.errors import AuthlibBaseError  # noqa: PLC0415 - as in `_client`

        try:
            token = client.fetch_token(facts["token_endpoint"], code=code, code_verifier=verifier)
        except (AuthlibBaseError, OSError, ValueError) as error:
            raise OidcError(f"the provider gave no token: {error}", remedy="log in again") from error
        return self._claims(str(token.get("id_token", "")), nonce, facts, now)

    def _claims(self, token: str, nonce: str, facts: Mapping[str, Any], now: datetime) -> Mapping[str, Any]:
        from joserfc import jwt  # noqa: PLC0415 - as in `_client`
        from joserfc.errors import JoseError  # noqa: PLC0415 - as above
        from joserfc.jwk import KeySet  # noqa: PLC0415 - as above

        oidc = self._settings.console.oidc
        try:
            keys = KeySet.import_key_set(_json(posting.get(facts["jwks_uri"])))  # type: ignore[arg-type] # it checks
            decoded = jwt.decode(token, keys, algorithms=_ALGORITHMS)
            jwt.JWTClaimsRegistry(
                now=int(now.timestamp()),
                leeway=_LEEWAY,
                iss={"essential": True, "value": facts["issuer"]},
                aud={"essential": True, "value": oidc.client_id},
                sub={"essential": True},
                exp={"essential": True},
                iat={"essential": True},
                nonce={"essential": True, "value": nonce},
            ).validate(decoded.claims)
        except (JoseError, OSError, ValueError) as error:
            raise OidcError(f"the provider's token is not right: {error}", remedy="log in again") from error
        several = isinstance(decoded.claims["aud"], list) and len(decoded.claims["aud"]) > 1
        if (several or "azp" in decoded.claims) and decoded.claims.get("azp") != oidc.client_id:
            raise OidcError("the provider's token is for another client", remedy="check console.oidc.client_id")
        return decoded.claims

    def _facts(self, now: datetime) -> Mapping[str, Any]:
        """What the provider publishes about itself. Source: OpenID Connect Discovery 1.0, section 4."""
        with self._reading:
            if self._known and now - self._known[0] < _READ_AGAIN:
                return self._known[1]
            if self._failed and now - self._failed[0] < _TRY_AGAIN:
                raise self._failed[1]
            try:
                found = self._published()
            except OidcError as error:
                self._failed = now, error
                raise
            self._known = now, found
            return found

    def _published(self) -> Mapping[str, Any]:
        issuer = self._settings.console.oidc.issuer
        try:
            found = _json(posting.get(f"{issuer.rstrip('/')}/.well-known/openid-configuration"))
            needed = {name: str(found[name]) for name in _FACTS}
        except (OSError, ValueError, KeyError) as error:
            problem = f"{issuer} does not say how to log in: {error!r}"
            raise OidcError(problem, remedy="check console.oidc.issuer, or log in another way") from error
        if needed["issuer"] != issuer:
            problem = f"the provider calls itself {needed['issuer']}, not {issuer}"
            raise OidcError(problem, remedy="set console.oidc.issuer to that")
        return needed

    def _client(self) -> Any:  # noqa: ANN401 - Authlib has no types
        try:
            from authlib.oauth2.client import OAuth2Client  # noqa: PLC0415 - an extra, which few need
        except ImportError as error:
            raise _not_installed() from error
        return OAuth2Client(
            _Session(),
            self._settings.console.oidc.client_id,
            _secret(self._settings),
            scope="openid email profile",
            redirect_uri=self._back,
            code_challenge_method="S256",
        )


def user_of(store: Store, settings: Settings, claims: Mapping[str, Any], now: datetime) -> User | None:
    """Whose login these claims are: bound to `sub` at the first login, when a claim equals the user's name.

    None if there is no such user; see `users.newcomer`.
    """
    key = f"{claims['iss']} {claims['sub']}"
    with store.read() as tx:
        bound = tx.console_users.credential(CredentialKind.OIDC, key)
        found = tx.console_users.get(bound.user) if bound else None
    if found is not None:
        return None if found.disabled_at else found
    claim = settings.console.oidc.claim
    if claim == "email" and claims.get("email_verified") is not True:
        return None
    user = users.newcomer(store, settings, str(claims.get(claim, "")), now)
    if user is None:
        return None
    with store.write() as tx:
        others = [
            one
            for one in tx.console_users.credentials(user.id, CredentialKind.OIDC)
            if one.key.startswith(f"{claims['iss']} ")
        ]
        if others:  # the name belongs to somebody else at the provider already
            return None
        tx.console_users.add_credential(user.id, CredentialKind.OIDC, now, key=key, name=title(settings))
    return user


class _Answer:
    """What Authlib looks at of a response."""

    status_code = 200

    def __init__(self, body: bytes) -> None:
        self._body = body

    def json(self) -> Any:  # noqa: ANN401 - as Authlib has it
        return json.loads(self._body)

    def raise_for_status(self) -> None:
        """The body is no JSON object although the status is 200."""
        raise OSError("the answer is not a JSON object")


class _Session:
    """What Authlib sends its one request with."""

    def post(self, url: str, data: Mapping[str, str], headers: Mapping[str, str], auth: Any, **_: object) -> _Answer:  # noqa: ANN401
        where, named, body = auth.prepare("POST", url, dict(headers), urlencode(data))
        return _Answer(posting.ask(where, body.encode(), dict(named)))


def _json(body: bytes) -> Mapping[str, Any]:
    found = json.loads(body)
    if not isinstance(found, dict):
        raise ValueError("it is not a JSON object")  # noqa: TRY004 - as any other text that is not what it should be
    return found
