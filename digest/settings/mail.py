"""The settings for sending and signing mail, and for receiving bounces."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field

from digest import addresses
from digest.settings.kinds import THIS_MACHINE, Address, Duration, Group, Mailbox, MaybeHostPort, Sender, matching
from digest.settings.rules import broken

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.settings.rules import Broken

_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_Selector = Annotated[
    str, AfterValidator(matching(rf"{_LABEL}(\.{_LABEL})*", "a name in the DNS: letters, digits and - between dots"))
]
_Line = Annotated[str, AfterValidator(matching(r"[^\r\n]*", "one line"))]
_Topic = Annotated[
    str,
    AfterValidator(
        matching(
            r"arn:aws:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}",
            "the ARN of an SNS topic, such as arn:aws:sns:eu-west-1:123456789012:bounces",
        )
    ),
]
_PLAIN_LOCAL = r"[A-Za-z0-9._=-]{1,31}"  # with a plus sign and a token, it must fit into 64 characters
_PLAIN_DOMAIN = r"[A-Za-z0-9.-]{1,189}"


class Relay(Group):
    """A mail server that sends our mails, and how to log in to it."""

    host: str = Field("", description="The SMTP server.")
    port: int = Field(0, ge=0, le=65535, description="Its port; 0 for the usual one for `security`: 465, 587 or 25.")
    security: Literal["tls", "starttls", "none"] = Field(
        "starttls",
        description="`tls` encrypts from the first byte, `starttls` refuses a server without STARTTLS, `none` is only "
        "for a server on this machine.",
    )
    username: str = Field("", description="The name to log in with.")
    password: str = Field("", repr=False, description="The password; better use password_file.")
    password_file: Path | None = Field(None, description="A file whose first line is the password.")
    oauth_token_file: Path | None = Field(
        None, description="Instead of a password: a file whose first line is an access token, read at each login."
    )
    oauth_command: tuple[str, ...] = Field(
        (), description="Instead of a password: a program and its arguments; it prints an access token."
    )

    def rules(self) -> Iterator[Broken]:
        ways = ("password", "password_file", "oauth_token_file", "oauth_command")
        given = sum(map(bool, (self.password or self.password_file, self.oauth_token_file, self.oauth_command)))
        if self.username and not given:
            yield broken("username needs password_file, oauth_token_file or oauth_command", "username", *ways)
        if given > 1:
            set_ = [way for way in ways if getattr(self, way)]
            yield broken("give one of password_file, oauth_token_file and oauth_command", *reversed(set_))
        if self.security == "none" and self.username and self.host not in THIS_MACHINE:
            says = "a password is not sent without TLS: set security to tls or starttls"
            yield broken(says, "security", "username", "host")


class Fallback(Relay):
    """Where to send mails while the first server cannot be reached."""


class Dkim(Group):
    """How mails are signed. Without a key file, they are not signed."""

    domain: str = Field("", description="The signing domain; empty for the sender's domain, which it must match.")
    selector: _Selector = Field("digest", description="The name of the RSA key in the DNS.")
    key_file: Path | None = Field(None, description="The private RSA key; `digest mail key` creates one.")
    ed25519_selector: _Selector = Field("digest-ed25519", description="The name of the Ed25519 key in the DNS.")
    ed25519_key_file: Path | None = Field(
        None,
        description="A private Ed25519 key for a second signature; it needs key_file too, since few servers verify "
        "Ed25519 yet.",
    )

    def rules(self) -> Iterator[Broken]:
        if self.ed25519_key_file and not self.key_file:
            says = "ed25519_key_file needs key_file too: many servers read RSA only"
            yield broken(says, "ed25519_key_file", "key_file")
        if self.ed25519_key_file and self.selector.lower() == self.ed25519_selector.lower():
            says = "selector and ed25519_selector must differ: each names one key"
            yield broken(says, "ed25519_selector", "selector", "ed25519_key_file")


class Mail(Relay):
    """How mail is sent."""

    transport: Literal["maildir", "smtp"] = Field(
        "maildir", description="`maildir` writes mails to files, `smtp` sends them."
    )
    sender: Sender = Field(
        "Digest <digest@localhost.localdomain>",
        description="The From of every mail: one address, with a name in front of it if you like.",
    )
    reply_to: Mailbox = Field(
        "", description="Where replies go, if not to the sender: one address with an optional name."
    )
    path: Path = Field(Path("mail"), description="The maildir; relative to this file.")
    connections: int = Field(4, ge=1, le=100, description="How many connections to use at once.")
    per_second: float = Field(0, ge=0, description="The maximum number of mails per second; 0 for no limit.")
    per_day: int = Field(0, ge=0, description="The maximum number of edition mails in any 24 hours; 0 for no limit.")
    per_domain: int = Field(
        0, ge=0, description="How many connections may send to one recipient domain at once; 0 for all of them."
    )
    batch: int = Field(100, ge=1, le=10_000, description="How many deliveries to lease at a time.")
    lease: Duration = Field(
        timedelta(minutes=30),
        description="How long a drain may lease a delivery; set it longer than the sending of one mail may take.",
    )
    retry: Duration = Field(timedelta(minutes=30), description="How long to wait after the first temporary refusal.")
    give_up: Duration = Field(
        timedelta(days=4),
        description="How long to retry a mail that its server keeps refusing; never longer than until the next slot.",
    )
    pause: Duration = Field(
        timedelta(minutes=15), description="How long to pause all sending when the fault is on our side."
    )
    postal: _Line = Field(
        "",
        description="The sender's name and postal address, as one line at the foot of every mail.",
    )

    @property
    def sender_mailbox(self) -> addresses.Mailbox:
        """The name and the address of the sender."""
        return addresses.mailbox(self.sender)

    def rules(self) -> Iterator[Broken]:
        yield from super().rules()
        if self.transport == "smtp" and not self.host:
            yield broken("transport smtp needs host", "host", "transport")


class Bounces(Group):
    """How bounces of undeliverable mail, and complaints about mail, arrive."""

    address: Address = Field(
        "",
        description="The address for bounces, such as `bounces@digest.example.org`; the envelope sender of each "
        "mail is then `bounces+TOKEN@…`.",
    )
    soft: int = Field(5, ge=1, description="Suppress an address after soft bounces on this many editions in a row.")
    breaker: float = Field(
        0.05,
        ge=0,
        le=1,
        description="Hold the suppressions that an edition causes, and pause sending until an operator decides, "
        "if they exceed this share of its mails and number at least 20; 1 for no limit.",
    )
    every: Duration = Field(
        timedelta(minutes=5), gt=timedelta(0), description="How often to read the maildir or the IMAP folder."
    )
    largest: int = Field(
        1024**2,
        ge=65536,
        description="The maximum size of a mail in bytes: the listener refuses a larger mail; of one in the maildir or "
        "IMAP folder, only this much is read.",
    )
    listen: MaybeHostPort = Field("", description="HOST:PORT where a mail server delivers bounces.")
    protocol: Literal["lmtp", "smtp"] = Field("lmtp", description="The protocol of `listen`.")
    maildir: Path | None = Field(
        None, description="A maildir where a mail server delivers bounces; relative to this file."
    )
    imap_host: str = Field("", description="An IMAP server that stores bounces.")
    imap_port: int = Field(0, ge=0, le=65535, description="Its port; 0 for the usual one: 993 or 143.")
    imap_security: Literal["tls", "starttls", "none"] = Field(
        "tls",
        description="`tls` encrypts from the first byte, `starttls` refuses a server without STARTTLS, `none` is only "
        "for a server on this machine.",
    )
    username: str = Field("", description="The name to log in to the IMAP server with.")
    password: str = Field("", repr=False, description="The password; better use password_file.")
    password_file: Path | None = Field(None, description="A file whose first line is the password.")
    folder: str = Field("INBOX", min_length=1, description="The IMAP folder to read.")
    done: str = Field(
        "", description="The IMAP folder to move mails to after reading; if empty, they are marked as seen."
    )

    def rules(self) -> Iterator[Broken]:
        local, at, domain = self.address.rpartition("@")
        if (self.listen or self.maildir or self.imap_host) and not self.address:
            says = "address is needed to recognise bounces: set it"
            yield broken(says, "address", "listen", "maildir", "imap_host")
        if self.address and not (at and re.fullmatch(_PLAIN_LOCAL, local) and re.fullmatch(_PLAIN_DOMAIN, domain)):
            says = "address must be plain: at most 31 characters before the @, and no plus sign"
            yield broken(says, "address")
        if self.imap_host and not (self.username and (self.password or self.password_file)):
            yield broken("imap_host needs username and password_file", "imap_host", "username", "password_file")
        if self.imap_security == "none" and self.imap_host not in {"", *THIS_MACHINE}:
            says = "a password is not sent without TLS: set imap_security to tls or starttls"
            yield broken(says, "imap_security", "imap_host")


class Hooks(Group):
    """Providers that report bounces and complaints by HTTP; each is off until its key or topic is set."""

    ses_topics: tuple[_Topic, ...] = Field(
        (), description="Amazon SES: the ARNs of the SNS topics that may post to `/hooks/ses`."
    )
    mailgun_key: str = Field(
        "", repr=False, description="Mailgun: the HTTP webhook signing key; better use mailgun_key_file."
    )
    mailgun_key_file: Path | None = Field(
        None, description="Mailgun: a file whose first line is the HTTP webhook signing key, for `/hooks/mailgun`."
    )
    postmark_secret: str = Field(
        "", repr=False, description="Postmark: a secret of your choice; better use postmark_secret_file."
    )
    postmark_secret_file: Path | None = Field(
        None, description="Postmark: a file whose first line is a secret of your choice, for `/hooks/postmark/SECRET`."
    )
    sendgrid_key: str = Field(
        "", description="SendGrid: the verification key of the signed event webhook, for `/hooks/sendgrid`."
    )
    sendgrid_key_file: Path | None = Field(
        None, description="SendGrid: a file whose first line is that key, for `/hooks/sendgrid`."
    )
    brevo_secret: str = Field(
        "", repr=False, description="Brevo: a secret of your choice; better use brevo_secret_file."
    )
    brevo_secret_file: Path | None = Field(
        None, description="Brevo: a file whose first line is a secret of your choice, for `/hooks/brevo/SECRET`."
    )
    resend_secret: str = Field(
        "", repr=False, description="Resend: the signing secret (`whsec_…`); better use resend_secret_file."
    )
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
