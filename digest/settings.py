"""Every setting, its default and its check; the only home of pydantic. Knows no station."""

from __future__ import annotations

import os
import re
import tomllib
from collections import Counter
from datetime import date, timedelta
from functools import cached_property
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from digest.addresses import mailbox
from digest.errors import AddressError, ConfigurationError
from digest.patterns import Pattern

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_CONFIG = Path("config/digest.toml")
_SECRETS = Path("/run/secrets")
_SCHEDULE = (  # what editions.schedule reads
    r"(?i)^\s*(daily|monthly\s+(0?[1-9]|1\d|2[0-8])|"
    r"(mon|tue|wed|thu|fri|sat|sun)(\s*,\s*(mon|tue|wed|thu|fri|sat|sun))*)"
    r"\s+([01]?\d|2[0-3]):[0-5]\d\s*$"
)
_HOST_PORT = r"(\[[0-9a-fA-F:.]+\]|[^:\s]+):\d{1,5}"
_SELECTOR = r"^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$"
_PLAIN_LOCAL = r"[A-Za-z0-9._=-]{1,31}"  # with a plus sign and the token of `mail.verp` it must fit into 64
_PLAIN_DOMAIN = r"[A-Za-z0-9.-]{1,189}"
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def _duration(value: object) -> object:
    """`15m`, `2h 30m`, `3d` as a timedelta; anything else is left to pydantic."""
    if not isinstance(value, str):
        return value
    if not re.fullmatch(r"\s*(\d+\s*[smhdw]\s*)+", value):
        raise ValueError("a duration is written like 30s, 15m, 2h, 3d or 1w")
    return timedelta(seconds=sum(int(n) * _UNITS[u] for n, u in re.findall(r"(\d+)\s*([smhdw])", value)))


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, OSError, ValueError) as error:
        raise ValueError(f"{value!r} is no IANA time zone, such as Asia/Shanghai or Europe/Berlin") from error
    return value


def _first_day(value: object) -> object:
    return date(int(value), 1, 1) if isinstance(value, int | str) and re.fullmatch(r"\d{4}", str(value)) else value


def _last_day(value: object) -> object:
    return date(int(value), 12, 31) if isinstance(value, int | str) and re.fullmatch(r"\d{4}", str(value)) else value


def _http(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("a URL starts with http:// or https:// and names a host")
    return value.rstrip("/")


def _link(value: str) -> str:
    if value:
        _http(value)
        try:
            value.format(title="")
        except (KeyError, IndexError, ValueError) as error:
            raise ValueError("the only placeholder is {title}") from error
    return value


def _hook(value: str) -> str:
    """A URL as it is: some end in a slash for a reason."""
    if value:
        _http(value)
    return value


def _pattern(value: str) -> str:
    try:
        Pattern(value)
    except ValueError as error:
        raise ValueError(f"the pattern {value!r}: {error}") from error
    return value


def _network(value: str) -> str:
    try:
        return str(ip_network(value, strict=False))
    except ValueError as error:
        raise ValueError(f"{value!r} is no IP address or network, such as 10.0.0.0/8") from error


def _mailbox(value: str) -> str:
    """One mailbox with an optional name, its domain as A-labels; empty stays empty."""
    if not value.strip():
        return ""
    try:
        return str(mailbox(value))
    except AddressError as error:
        raise ValueError(
            f"{value!r} is not one address with an optional name: write NAME <name@example.org>, the name in "
            'quotes where it holds , ; : @ ( ) [ ] < > or ", and only ASCII before the @'
        ) from error


def _sender(value: str) -> str:
    if not value.strip():
        raise ValueError("every mail needs a sender: write NAME <name@example.org>")
    return _mailbox(value)


def _bare(value: str) -> str:
    return mailbox(_mailbox(value)).address if value.strip() else ""


Duration = Annotated[timedelta, BeforeValidator(_duration)]
Zone = Annotated[str, AfterValidator(_zone)]
Network = Annotated[str, AfterValidator(_network)]
_NAME = r"^[a-z0-9][a-z0-9_-]{0,62}$"
Name = Annotated[str, Field(pattern=_NAME)]
Share = Annotated[float, Field(ge=0, le=1)]
Url = Annotated[str, AfterValidator(_http)]
Language = Literal["zh_CN", "en"]


class _Group(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


_Placed = TypeVar("_Placed", bound=_Group)  # a group that names files


class Source(_Group):
    """A configured origin of dumps."""

    id: Name = Field(description="Short name, used in URLs; `digest source rename` gives it another.")
    title: str = Field(min_length=1, description="What readers see.")
    path: Path = Field(description="A file, a folder (read with its sub-folders) or a glob; relative to this file.")
    timezone: Zone = Field("UTC", description="The zone of its dates: an entry's day begins at midnight there.")
    language: str = Field("zh-CN", pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", description="Language tag.")
    link: Annotated[str, AfterValidator(_link)] = Field(
        "", description="Where the original is found; {title} is replaced by the title, percent-encoded."
    )
    every: Duration = Field(timedelta(minutes=15), gt=timedelta(0), description="How often it is read.")
    backlog: int = Field(10, ge=0, description="How many entries of its first import count as new.")
    earliest: Annotated[date | None, BeforeValidator(_first_day)] = Field(
        None, description="No entry is older: a day, or a year. With `latest` it can settle dates without a year."
    )
    latest: Annotated[date | None, BeforeValidator(_last_day)] = Field(None, description="No entry is newer.")
    keep: Share = Field(
        0.5, description="A dump that shows less than this share of the entries it showed before is held."
    )
    common: Share = Field(
        0.0, description="A dump of whose last reading at most this share of entries is left is held."
    )
    agree: int = Field(
        2,
        ge=1,
        description="Release a held dump after this many good readings in a row that agree, the held one included.",
    )
    corrected: Share = Field(
        0.25,
        description="Hold a pass that would correct more than this share of the entries that the source shows, "
        "and at least five: then the crawler has changed.",
    )
    stale: Duration | None = Field(
        None, gt=timedelta(0), description="Report the source as failed when no dump of it has changed for this long."
    )
    largest: int = Field(2 * 1024**3, gt=0, description="A dump of more bytes than this is refused.")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.earliest and self.latest and self.earliest > self.latest:
            raise ValueError("earliest is after latest")
        return self


class Digest(_Group):
    """A configured mailing."""

    id: Name = Field(description="Short name, part of each edition's key; `digest digests rename` gives it another.")
    title: str = Field(min_length=1, description="Stands in the subject and on the page.")
    schedule: str = Field(
        "mon 08:00",
        pattern=_SCHEDULE,
        description="`mon 08:00`, `mon,thu 18:30`, `daily 07:00` or `monthly 1 08:00` (a date up to 28).",
    )
    timezone: Zone = Field("UTC", description="The zone of the schedule.")
    language: Language = Field("zh_CN", description="The language of its mails, unless a subscriber has their own.")
    template: Name = Field("weekly", description="The folder under templates/mail/ that its mails are made with.")
    sources: tuple[Name, ...] = Field((), description="Only entries of these sources; empty for all.")
    first: Literal["slot", "now"] = Field(
        "slot", description="`now` makes a first edition as soon as there is something to tell."
    )
    late: Duration = Field(
        timedelta(days=2), description="How long after its slot an edition is still sent; later, the next one tells it."
    )
    most_read: int = Field(5, ge=0, description="How many of the most read entries an edition names.")


class Topic(_Group):
    """Entries of a kind, with feeds of their own: each rule that is given must hold."""

    id: Name = Field(description="Short name, used in URLs; never change it.")
    title: str = Field(min_length=1, description="What readers see.")
    words: tuple[str, ...] = Field((), description="One of these stands in the title or the text, whatever its case.")
    patterns: tuple[Annotated[str, AfterValidator(_pattern)], ...] = Field(
        (),
        description="One of these regular expressions (of RE2: no `(?=…)`, no `\\1`) is found in title or text.",
    )
    sources: tuple[Name, ...] = Field((), description="One of these sources shows it.")
    authors: tuple[str, ...] = Field((), description="One of these wrote it.")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.words or self.patterns or self.sources or self.authors):
            raise ValueError("a topic needs a rule: words, patterns, sources or authors")
        return self


class Feed(_Group):
    """What subscription documents hold, and who is told of a change."""

    newest: int = Field(
        50, ge=2, le=1000, description="The most entries of a subscription document; older ones stand in archives."
    )
    largest: int = Field(512 * 1024, ge=10_000, description="The most bytes of a subscription document.")
    hub: Annotated[str, AfterValidator(_link)] = Field("", description="The WebSub hub to tell of each change.")


class Web(_Group):
    """The web server."""

    listen: str = Field("127.0.0.1:8080", pattern=rf"^{_HOST_PORT}$", description="HOST:PORT.")
    metrics_listen: str = Field(
        "",
        pattern=rf"^(|{_HOST_PORT})$",
        description="HOST:PORT of another listener, for monitors only: `/metrics`, `/healthz`, `/readyz`.",
    )
    proxies: tuple[Network, ...] = Field(
        (), description="Addresses or networks of your reverse proxies: only they may say who asks."
    )


class Signup(_Group):
    """Subscribing on the web pages, and what keeps others from being mailed by it."""

    open: bool = Field(default=True, description="Whether the pages offer to subscribe by mail.")
    expires: Duration = Field(
        timedelta(days=2), gt=timedelta(0), description="How long the link to confirm holds; then all is deleted."
    )
    welcome: Literal["edition", "letter", "none"] = Field(
        "edition",
        description="What a newcomer gets at once: the newest `edition` (a short `letter` where there is none), "
        "always the `letter`, or `none`.",
    )
    per_network: int = Field(
        10, ge=1, description="How many requests of one network (IPv4 /24, IPv6 /48) are taken in an hour."
    )
    per_domain: int = Field(
        50, ge=1, description="How many addresses of one mail domain are mailed a link to confirm in an hour."
    )
    total: int = Field(500, ge=1, description="How many requests are taken in an hour.")


class Relay(_Group):
    """A mail server that takes our mails, and how to log in to it."""

    host: str = Field("", description="The SMTP server.")
    port: int = Field(0, ge=0, le=65535, description="Its port; 0 for the usual one: 465, 587 or 25 by `security`.")
    security: Literal["tls", "starttls", "none"] = Field(
        "starttls", description="`tls` from the first byte, `starttls` or it is refused, `none` only for loopback."
    )
    username: str = Field("", description="Log in as.")
    password: str = Field("", repr=False, description="Better given as password_file.")
    password_file: Path | None = Field(None, description="A file whose first line is the password.")
    oauth_token_file: Path | None = Field(
        None, description="Instead of a password: a file whose first line is an access token, read at each login."
    )
    oauth_command: tuple[str, ...] = Field(
        (), description="Instead of a password: a program with its arguments that prints an access token."
    )

    @model_validator(mode="after")
    def _credible(self) -> Self:
        given = sum(map(bool, (self.password or self.password_file, self.oauth_token_file, self.oauth_command)))
        if self.username and not given:
            raise ValueError("username needs password_file, oauth_token_file or oauth_command")
        if given > 1:
            raise ValueError("give one of password_file, oauth_token_file and oauth_command")
        if self.security == "none" and self.username and self.host not in {"localhost", "127.0.0.1", "::1"}:
            raise ValueError("a password is not sent without TLS: set security to tls or starttls")
        return self


class Fallback(Relay):
    """Where mails go while the first server cannot be reached."""


class Dkim(_Group):
    """How mails are signed. Without a key file they are not."""

    domain: str = Field("", description="The signing domain; empty for that of the sender, which it must match.")
    selector: str = Field("digest", pattern=_SELECTOR, description="Names the RSA key in the DNS.")
    key_file: Path | None = Field(None, description="The private RSA key; `digest mail key` makes one.")
    ed25519_selector: str = Field("digest-ed25519", pattern=_SELECTOR, description="Names the Ed25519 key in the DNS.")
    ed25519_key_file: Path | None = Field(
        None, description="A private Ed25519 key for a second signature; never alone, since few verify it yet."
    )

    @model_validator(mode="after")
    def _readable(self) -> Self:
        if self.ed25519_key_file and not self.key_file:
            raise ValueError("ed25519_key_file needs key_file too: many servers read RSA only")
        if self.ed25519_key_file and self.selector.lower() == self.ed25519_selector.lower():
            raise ValueError("selector and ed25519_selector must differ: each names one key")
        return self


class Mail(Relay):
    """How mail leaves."""

    transport: Literal["maildir", "smtp"] = Field("maildir", description="`maildir` writes files, `smtp` sends.")
    sender: Annotated[str, AfterValidator(_sender)] = Field(
        "Digest <digest@localhost.localdomain>",
        description="The From of every mail: one address, a name in front of it if you like.",
    )
    reply_to: Annotated[str, AfterValidator(_mailbox)] = Field(
        "", description="Where answers go, if not to the sender: one address with an optional name."
    )
    path: Path = Field(Path("mail"), description="The maildir; relative to this file.")
    connections: int = Field(4, ge=1, le=100, description="How many connections are used at once.")
    per_second: float = Field(0, ge=0, description="The most mails a second; 0 for no limit.")
    per_day: int = Field(0, ge=0, description="The most mails of editions in any 24 hours; 0 for no limit.")
    per_domain: int = Field(
        0, ge=0, description="How many connections may deal with one recipient domain at once; 0 for all of them."
    )
    batch: int = Field(100, ge=1, le=10_000, description="How many deliveries are leased at a time.")
    lease: Duration = Field(
        timedelta(minutes=30), description="How long a drain may hold a delivery; longer than one may take to send."
    )
    retry: Duration = Field(timedelta(minutes=30), description="The first wait after a temporary refusal.")
    give_up: Duration = Field(
        timedelta(days=4),
        description="After this long a mail that its server keeps refusing has failed; at the latest at the next slot.",
    )
    pause: Duration = Field(timedelta(minutes=15), description="How long all sending rests when the fault is ours.")
    postal: str = Field(
        "",
        pattern=r"^[^\r\n]*$",
        description="The sender's name and postal address, one line at the foot of every mail.",
    )

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.transport == "smtp" and not self.host:
            raise ValueError("transport smtp needs host")
        return self


class Retention(_Group):
    """How long what grows by itself is kept whole. Entries, revisions, editions and consents stay for good."""

    readers: Duration = Field(
        timedelta(days=45), ge=timedelta(days=7), description="How long every reader count is kept; then one a day."
    )
    readers_daily: Duration = Field(
        timedelta(days=365), description="How long one a day is kept; then one a month, for good."
    )
    details: Duration = Field(
        timedelta(days=90),
        ge=timedelta(days=7),
        description="How long a delivery keeps its Message-ID and what the server said.",
    )
    deliveries: Duration = Field(
        timedelta(days=400),
        ge=timedelta(days=7),
        description="How long an edition keeps a row a reader; then only how many there were of each state.",
    )
    reports: Duration = Field(timedelta(days=365), description="How long reports of ambiguous sightings are kept.")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.readers_daily < self.readers:
            raise ValueError("readers_daily is shorter than readers")
        if self.deliveries < self.details:
            raise ValueError("deliveries is shorter than details")
        return self


class Bounces(_Group):
    """How mail that could not be delivered, and complaints about mail, come back."""

    address: Annotated[str, AfterValidator(_bare)] = Field(
        "",
        description="Where bounces go, such as `bounces@digest.example.org`: mails are sent from `bounces+TOKEN@…`.",
    )
    soft: int = Field(
        5, ge=1, description="After how many editions in a row that failed for now an address is struck off."
    )
    breaker: float = Field(
        0.05,
        ge=0,
        le=1,
        description="The share of an edition's mails (and at least 20) above which its suppressions take no effect, "
        "and sending rests until an operator decides; 1 for no limit.",
    )
    every: Duration = Field(
        timedelta(minutes=5), gt=timedelta(0), description="How often the maildir or the IMAP folder is read."
    )
    largest: int = Field(1024**2, ge=65536, description="A mail of more bytes is refused, or read up to them.")
    listen: str = Field("", pattern=rf"^(|{_HOST_PORT})$", description="HOST:PORT where a mail server hands them over.")
    protocol: Literal["lmtp", "smtp"] = Field("lmtp", description="What is spoken there.")
    maildir: Path | None = Field(None, description="A maildir into which they are delivered; relative to this file.")
    imap_host: str = Field("", description="An IMAP server that keeps them.")
    imap_port: int = Field(0, ge=0, le=65535, description="Its port; 0 for the usual one: 993 or 143.")
    imap_security: Literal["tls", "starttls", "none"] = Field(
        "tls", description="`tls` from the first byte, `starttls` or it is refused, `none` only for loopback."
    )
    username: str = Field("", description="Log in there as.")
    password: str = Field("", repr=False, description="Better given as password_file.")
    password_file: Path | None = Field(None, description="A file whose first line is the password.")
    folder: str = Field("INBOX", min_length=1, description="The IMAP folder that is read.")
    done: str = Field("", description="The IMAP folder into which they are moved; else they are marked as seen.")

    @model_validator(mode="after")
    def _usable(self) -> Self:
        local, at, domain = self.address.rpartition("@")
        if (self.listen or self.maildir or self.imap_host) and not self.address:
            raise ValueError("bounces are told apart by address: set it")
        if self.address and not (at and re.fullmatch(_PLAIN_LOCAL, local) and re.fullmatch(_PLAIN_DOMAIN, domain)):
            raise ValueError("address is a plain one of at most 31 characters before the @, without a plus sign")
        if self.imap_host and not (self.username and (self.password or self.password_file)):
            raise ValueError("imap_host needs username and password_file")
        if self.imap_security == "none" and self.imap_host not in {"", "localhost", "127.0.0.1", "::1"}:
            raise ValueError("a password is not sent without TLS: set imap_security to tls or starttls")
        return self


class Hooks(_Group):
    """Providers that tell by HTTP what bounced and who complained; each is off until its key or topic is set."""

    ses_topics: tuple[Annotated[str, Field(pattern=r"^arn:aws:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}$")], ...] = (
        Field((), description="Amazon SES: the ARNs of the SNS topics that may tell at `/hooks/ses`.")
    )
    mailgun_key: str = Field("", repr=False, description="Better given as mailgun_key_file.")
    mailgun_key_file: Path | None = Field(
        None, description="Mailgun: a file whose first line is the HTTP webhook signing key, for `/hooks/mailgun`."
    )
    postmark_secret: str = Field("", repr=False, description="Better given as postmark_secret_file.")
    postmark_secret_file: Path | None = Field(
        None, description="Postmark: a file whose first line is a secret of yours, for `/hooks/postmark/SECRET`."
    )
    sendgrid_key: str = Field("", description="SendGrid: the verification key of the signed event webhook.")
    sendgrid_key_file: Path | None = Field(
        None, description="SendGrid: a file whose first line is that key, for `/hooks/sendgrid`."
    )
    brevo_secret: str = Field("", repr=False, description="Better given as brevo_secret_file.")
    brevo_secret_file: Path | None = Field(
        None, description="Brevo: a file whose first line is a secret of yours, for `/hooks/brevo/SECRET`."
    )
    resend_secret: str = Field("", repr=False, description="Better given as resend_secret_file.")
    resend_secret_file: Path | None = Field(
        None, description="Resend: a file whose first line is the signing secret (`whsec_…`), for `/hooks/resend`."
    )

    def on(self) -> tuple[str, ...]:
        """The providers that are switched on."""
        held = {
            "ses": self.ses_topics,
            "mailgun": self.mailgun_key or self.mailgun_key_file,
            "postmark": self.postmark_secret or self.postmark_secret_file,
            "sendgrid": self.sendgrid_key or self.sendgrid_key_file,
            "brevo": self.brevo_secret or self.brevo_secret_file,
            "resend": self.resend_secret or self.resend_secret_file,
        }
        return tuple(name for name, given in held.items() if given)


class Alerts(_Group):
    """Who hears that something is wrong."""

    mail: tuple[Annotated[str, AfterValidator(_bare)], ...] = Field((), description="Addresses to write to.")
    webhook: Annotated[str, AfterValidator(_hook)] = Field("", repr=False, description="A URL that gets a JSON POST.")
    after: int = Field(3, ge=1, description="After how many passes in a row that failed a source is told of.")
    late: Duration = Field(timedelta(hours=6), description="How late an edition or its mails may be.")
    refused: int = Field(
        5, ge=1, description="How many people's servers may refuse our mail by policy within a day before it is told."
    )
    calm: Duration = Field(timedelta(hours=1), description="How long all must be well before that is told.")


class Log(_Group):
    """What the service says of itself."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="The least that is said.")
    json_lines: bool = Field(default=False, description="One JSON object a line instead of text for people.")


class Settings(BaseSettings):
    """The whole configuration. Paths are absolute once loaded."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, env_prefix="DIGEST_")

    data_dir: Path = Field(Path("../var"), description="Where the state lies; relative to this file.")
    database_url: str = Field(
        "", repr=False, description="Another store than SQLite under data_dir, such as `postgresql://USER@HOST/NAME`."
    )
    base_url: Url = Field("http://127.0.0.1:8080", description="How people reach the web server from outside.")
    title: str = Field("", description="The name of the site and of the feed of everything; else the first source's.")
    language: Language = Field("zh_CN", description="The language of the pages.")
    tag: str = Field(
        "",
        pattern=r"^(|[A-Za-z0-9.@-]+,\d{4}(-\d{2}){0,2})$",
        description="`DOMAIN,YEAR`, the start of every Atom id; from base_url if absent. Never change it.",
    )
    tick: Duration = Field(
        timedelta(minutes=1),
        gt=timedelta(0),
        description="How often is looked for what is due: editions, mails, the hub.",
    )
    templates: Path | None = Field(None, description="A folder whose files replace their namesakes in templates/.")
    sources: tuple[Source, ...] = Field((), description="The origins of dumps.")
    digests: tuple[Digest, ...] = Field((), description="The mailings.")
    topics: tuple[Topic, ...] = Field((), description="Entries of a kind, with feeds of their own.")
    feed: Feed = Field(Feed(), description="What subscription documents hold.")
    web: Web = Field(Web(), description="The web server.")
    signup: Signup = Field(Signup(), description="Subscribing on the web pages.")
    mail: Mail = Field(Mail(), description="How mail leaves.")
    fallback: Fallback = Field(Fallback(), description="Where mails go while the first server cannot be reached.")
    dkim: Dkim = Field(Dkim(), description="How mails are signed.")
    retention: Retention = Field(Retention(), description="How long what grows by itself is kept whole.")
    bounces: Bounces = Field(Bounces(), description="How bounces and complaints come back.")
    hooks: Hooks = Field(Hooks(), description="Providers that tell by HTTP what bounced and who complained.")
    alerts: Alerts = Field(Alerts(), description="Who hears that something is wrong.")
    log: Log = Field(Log(), description="What the service says of itself.")

    _file: ClassVar[Path | None] = None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - replaced by the one below
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - a .env file is not read
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        environment = _Environment(settings_cls, env_nested_delimiter="_", env_nested_max_split=1)
        secrets: tuple[PydanticBaseSettingsSource, ...] = ()
        if _SECRETS.is_dir():
            secrets = (
                NestedSecretsSettingsSource(
                    file_secret_settings, secrets_dir=_SECRETS, secrets_nested_delimiter="__", secrets_prefix="digest_"
                ),
            )
        return (*secrets, environment, init_settings)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        named = (
            ("sources", [one.id for one in self.sources]),
            ("digests", [one.id for one in self.digests]),
            ("topics", [one.id for one in self.topics]),
        )
        for kind, ids in named:
            twice = {name for name, times in Counter(ids).items() if times > 1}
            if twice:
                raise ValueError(f"two {kind} have the id {', '.join(sorted(twice))}")
        selections: tuple[Digest | Topic, ...] = (*self.digests, *self.topics)
        for one in selections:
            unknown = set(one.sources) - {s.id for s in self.sources}
            if unknown:
                kind = type(one).__name__.lower()
                raise ValueError(f"{kind} {one.id} names the unknown source {', '.join(sorted(unknown))}")
        return self

    @property
    def database(self) -> str:
        """The URL of the store."""
        return self.database_url or f"sqlite:///{self.data_dir / 'digest.db'}"

    @property
    def database_folder(self) -> Path:
        """Where the database lies; `data_dir` for one that is no file."""
        file = self.database.removeprefix("sqlite:///")
        return Path(file).parent if file and file != self.database else self.data_dir

    @property
    def site_title(self) -> str:
        return self.title or (self.sources[0].title if self.sources else "Digest")

    @property
    def tag_base(self) -> str:
        """What stands between `tag:` and the colon of every Atom id."""
        return self.tag or f"{urlsplit(self.base_url).hostname},2026"

    def source(self, name: str) -> Source | None:
        if self._by_id[0] is not self.sources:  # a changed copy takes this along with the rest
            del self.__dict__["_by_id"]
        return self._by_id[1].get(name)

    @cached_property
    def _by_id(self) -> tuple[tuple[Source, ...], dict[str, Source]]:
        return self.sources, {source.id: source for source in self.sources}

    def topic(self, name: str) -> Topic | None:
        return next((t for t in self.topics if t.id == name), None)

    def rhythms(self, digest: Digest) -> list[Digest]:
        """The digests that tell the same entries, this one among them: each reader follows one of them."""
        return [one for one in self.digests if set(one.sources) == set(digest.sources)]

    def digest(self, name: str) -> Digest | None:
        return next((d for d in self.digests if d.id == name), None)


class _Environment(EnvSettingsSource):
    """`DIGEST_MAIL_HOST` and, as others write it, `DIGEST_MAIL__HOST` both set mail.host."""

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {name.replace("__", "_"): value for name, value in super()._load_env_vars().items()}


class _DemoEnvironment(_Environment):
    """What says where the demo is reached and how it speaks, and nothing else."""

    def _load_env_vars(self) -> Mapping[str, str | None]:
        harmless = ("digest_base_url", "digest_web_", "digest_log_")
        return {name: value for name, value in super()._load_env_vars().items() if name.lower().startswith(harmless)}


class _DemoSettings(Settings):
    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - no secret is the demo's
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (_DemoEnvironment(settings_cls, env_nested_delimiter="_", env_nested_max_split=1), init_settings)


def load(path: Path | None = None) -> Settings:
    """The settings of a file, the environment over it, secrets over both.

    Without `path` it is `DIGEST_CONFIG`, or `config/digest.toml`; only that default may be absent.

    Raises:
        ConfigurationError: naming the file, the key and the remedy.
    """
    chosen = _chosen(path)
    file = (chosen or DEFAULT_CONFIG).absolute()
    if chosen and not file.exists():
        raise ConfigurationError("there is no such file", place=str(chosen), remedy="`digest init` writes one")
    return _loaded(file, Settings)


def load_demo(file: Path) -> Settings:
    """The settings of the demo. Of the environment only `DIGEST_BASE_URL`, `DIGEST_WEB_…` and `DIGEST_LOG_…` count.

    So nothing that is set for a real installation leads the demo to its database, its readers or its mail server.

    Raises:
        ConfigurationError: as `load`.
    """
    return _loaded(file.absolute(), _DemoSettings)


def _loaded(file: Path, kind: type[Settings]) -> Settings:
    given = _toml(file) if file.exists() else {}
    try:
        settings = kind(**given)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "settings"
        problem = str(first["msg"]).removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            problem = "there is no such setting"
        raise ConfigurationError(problem, place=f"{file}: {key}", remedy="see docs/settings.md") from error
    return _absolute(settings, file.parent)


def config_file(path: Path | None = None) -> Path | None:
    """The file that `load` reads, None where there is none and it need not be."""
    file = _chosen(path) or DEFAULT_CONFIG
    return file if file.exists() else None


def is_name(text: str) -> bool:
    """Whether a source, digest or topic may have this id."""
    return re.search(_NAME, text) is not None and not text.endswith("\n")


def _chosen(path: Path | None) -> Path | None:
    return path or (Path(os.environ["DIGEST_CONFIG"]) if os.environ.get("DIGEST_CONFIG") else None)


def _toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise ConfigurationError(f"cannot be read: {error.strerror}", place=str(file)) from error
    except ValueError as error:
        raise ConfigurationError(f"is not TOML: {error}", place=str(file)) from error


def _absolute(settings: Settings, base: Path) -> Settings:
    def at(path: Path) -> Path:
        return Path(os.path.normpath(base / path))

    def with_paths(group: _Placed, *names: str) -> _Placed:
        found = {name: getattr(group, name) for name in names}
        return group.model_copy(update={name: path and at(path) for name, path in found.items()})

    secrets = ("password_file", "oauth_token_file")
    return settings.model_copy(
        update={
            "data_dir": at(settings.data_dir),
            "templates": settings.templates and at(settings.templates),
            "sources": tuple(with_paths(source, "path") for source in settings.sources),
            "mail": with_paths(settings.mail, "path", *secrets),
            "fallback": with_paths(settings.fallback, *secrets),
            "dkim": with_paths(settings.dkim, "key_file", "ed25519_key_file"),
            "bounces": with_paths(settings.bounces, "maildir", "password_file"),
            "hooks": with_paths(settings.hooks, *(name for name in Hooks.model_fields if name.endswith("_file"))),
        }
    )
