"""The settings of the console: where it listens, and how the people who run this installation log in."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from digest.settings.kinds import THIS_MACHINE, Duration, Group, Hook, MaybeHostPort, Network, matching
from digest.settings.rules import broken

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.settings.rules import Broken

_Header = Annotated[str, AfterValidator(matching(r"(|[A-Za-z][A-Za-z0-9-]*)", "the name of a header, such as X-User"))]


class Oidc(Group):
    """Login by an OpenID Connect provider; it needs `digest[oidc]`."""

    issuer: Hook = Field("", description="The provider's issuer URL, such as `https://login.example.org`; empty: off.")
    client_id: str = Field("", description="The id that the provider gave to this installation.")
    client_secret: str = Field("", repr=False, description="The client's secret; better use client_secret_file.")
    client_secret_file: Path | None = Field(None, description="A file whose first line is the client's secret.")
    claim: Literal["email", "preferred_username", "sub"] = Field(
        "email",
        description="Which claim must equal the name of a console user at their first login; later logins go by `sub`. "
        "An `email` counts only if the provider has verified it.",
    )
    title: str = Field("", description="The provider's name on the login page; by default its host.")

    def rules(self) -> Iterator[Broken]:
        if not self.issuer:
            return
        parts = urlsplit(self.issuer)
        if parts.scheme == "http" and parts.hostname not in THIS_MACHINE:
            yield broken("the provider would be reached without encryption", "issuer", remedy="use https://")
        if not self.client_id:
            yield broken("the provider needs a client id", "client_id")
        if bool(self.client_secret) == (self.client_secret_file is not None):
            yield broken("the provider needs the client's secret, in one place", "client_secret_file", "client_secret")


class Console(Group):
    """The console: pages on which people who log in run this installation."""

    on: bool = Field(default=False, description="Whether there is a console; then its pages are under `/console`.")
    listen: MaybeHostPort = Field(
        "",
        description="HOST:PORT of a listener of its own. Then the console and the API are served there, and not on "
        "`web.listen`.",
    )
    url: Hook = Field(
        "",
        description="The address at which browsers reach the console; by default `base_url`, or `http://` and "
        "`console.listen`, with `localhost` for 127.0.0.1. Passkeys belong to its host, which must be a name, not an "
        "IP address.",
    )
    password: bool = Field(
        default=False, description="Whether people may log in with a password and a code from an app (TOTP)."
    )
    trusted_header: _Header = Field(
        "", description="The header in which a proxy names the user whom it has logged in, such as `Remote-User`."
    )
    trusted_proxies: tuple[Network, ...] = Field(
        (), description="Addresses or networks of the proxies whose `trusted_header` counts; no others do."
    )
    newcomers: Literal["", "viewer", "editor", "admin"] = Field(
        "",
        description="The role of people whom `trusted_header` or `oidc` names and who have no account yet; empty: an "
        "admin must add them first.",
    )
    idle: Duration = Field(
        timedelta(hours=12), gt=timedelta(0), description="End a session that was not used for this long."
    )
    absolute: Duration = Field(
        timedelta(days=7), gt=timedelta(0), description="End every session after this long, however it is used."
    )
    oidc: Oidc = Field(Oidc(), description="Login by an OpenID Connect provider.")

    def rules(self) -> Iterator[Broken]:
        if bool(self.trusted_header) != bool(self.trusted_proxies):
            yield broken(
                "a trusted header needs the proxies that may send it, and the other way round",
                "trusted_proxies",
                "trusted_header",
                remedy="set both, or neither",
            )
        if self.absolute < self.idle:
            yield broken("absolute is shorter than idle", "absolute", "idle")
