"""What `digest check` finds about mail: whether relays answer, links lead back to us, and mails arrive and pass."""

from __future__ import annotations

import asyncio
import ipaddress
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from digest.errors import ConfigurationError
from digest.findings import Finding, error, try_part, warning
from digest.mail.receiving.mailboxes import try_mailboxes
from digest.mail.sending.transport import signing_keys, try_envelopes, try_relay, try_transport
from digest.mail.tokens import bounce_token, return_path
from digest.model import EditionKey, SubscriberId

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from digest.mail.dns_records import Record
    from digest.settings import Mail, Relay, Settings


def transport_findings(settings: Settings) -> Iterator[Finding]:
    """Connect and log in to each relay and to the mailbox of bounces, and read each key; send nothing."""
    if settings.mail.transport == "smtp":
        yield try_part("links", lambda: _links(settings.base_url))
        yield _tag(settings)
        yield try_part("lease", lambda: _lease(settings.mail))
    yield try_part("mail", lambda: asyncio.run(try_transport(settings.mail)))
    if settings.fallback.host:
        yield try_part("fallback", lambda: asyncio.run(try_relay(settings.fallback)))
    yield try_part("dkim", lambda: _dkim(settings))
    if settings.bounces.address:
        yield try_part("bounces", lambda: try_mailboxes(settings.bounces))
    if settings.hooks.on():
        yield try_part("hooks", lambda: _hooks(settings))


def mail_findings(
    settings: Settings, look_up: Callable[[str, str], list[str] | None] | None = None
) -> Iterator[Finding | Record]:
    """Findings that decide whether mails arrive and pass checks; each needed record follows the finding about it.

    `look_up` queries the DNS: it maps a name and a record type to texts, or to None if no resolver answers.
    """
    from digest.mail.dns_records import is_on_this_machine, lookup, record_problem, records  # noqa: PLC0415 - dnspython is for this alone

    yield from transport_findings(settings)
    if settings.mail.transport == "smtp":
        yield from _envelopes(settings)
    domain = settings.mail.sender_mailbox.domain
    if "." not in domain or domain.endswith((".localdomain", ".local", ".invalid", ".test")):
        yield error("sender", f"{domain} is not a public domain: set mail.sender to an address of your own")
        return
    try:
        keys = signing_keys(settings)
    except ConfigurationError:
        keys = ()  # already reported
    asked = look_up or lookup
    takes_mail = asked(domain, "MX")
    for record in records(settings, keys):
        answers = [] if takes_mail is None else [asked(name, "TXT") for name in record.places]
        published = next((texts for texts in answers if texts), [])
        part = f"dns {record.purpose} {record.name}"
        if takes_mail is None or None in answers:
            yield Finding(part, "no DNS resolver answers here, so publish and compare it yourself")
        else:
            wrong = record_problem(record, published)
            yield warning(part, wrong) if wrong else Finding(part, "is published")
        yield record
    if takes_mail == []:
        yield warning(f"dns MX {domain}", "there is no such record: bounces and replies reach nobody")
    if is_on_this_machine(settings.mail.host):
        yield Finding("dns PTR", "the IP address that sends mails needs a reverse name (PTR) that resolves to it")


def _links(base_url: str) -> str:
    """Check the links to our pages in mails, which subscribers use to confirm and unsubscribe."""
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    if _is_loopback(host):
        problem = f"{base_url} leads each subscriber to their own machine"
    elif parts.scheme != "https":
        problem = f"{base_url} is not https, so mail programs cannot unsubscribe with one click (RFC 8058)"
    else:
        return f"mails link to {base_url}"
    raise ConfigurationError(
        problem,
        place="base_url",
        remedy='set it to the public address of your pages, such as base_url = "https://digest.example.org"',
    )


def _lease(mail: Mail) -> str:
    """Check the lease: if it ends during sending, another drain may take the mail and send it twice."""
    from digest.mail.sending.transaction import RFC_5321  # noqa: PLC0415 - only loaded if mail is sent

    longest = timedelta(seconds=RFC_5321.of_a_mail)
    if mail.lease > longest:
        return f"a drain leases a mail for {mail.lease}, and sending it takes at most {longest}"
    raise ConfigurationError(
        f"{mail.lease} is not longer than a slow server may take for one mail ({longest})",
        place="mail.lease",
        remedy='leave it out, or set it to "30m" or more',
    )


def _tag(settings: Settings) -> Finding:
    if settings.tag:
        return Finding("tag", f"ids start with tag:{settings.tag}")
    remedy = f'set tag = "{settings.tag_base}", and never change it'
    if _is_loopback(urlsplit(settings.base_url).hostname or ""):
        remedy = 'set it to a domain of yours and a year, such as tag = "digest.example.org,2026", and never change it'
    return warning("tag", f"is not set, so a change of base_url would change the ids of new entries ({remedy})")


def _is_loopback(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith((".localhost", ".localdomain"))
    return address.is_loopback or address.is_unspecified


def _envelopes(settings: Settings) -> Iterator[Finding]:
    """Check whether each relay accepts mail from our sender, and from the envelope sender for bounces."""
    sender = settings.mail.sender_mailbox.address
    remedies = {sender: "let your account send as this address, or set mail.sender to one that it may use"}
    if settings.bounces.address:
        token = bounce_token(b"check", SubscriberId(0), EditionKey("check"))
        remedies[return_path(settings.bounces.address, token)] = (
            "let your account send as these addresses, and configure the server that receives mail for them to accept "
            "a +, on Postfix by recipient_delimiter = +; see docs/bounces.md"
        )
    for relay in (settings.mail, settings.fallback):
        if relay.host:
            yield from _relay_findings(relay, remedies)


def _relay_findings(relay: Relay, remedies: dict[str, str]) -> Iterator[Finding]:
    try:
        answers = asyncio.run(try_envelopes(relay, remedies))
    except ConfigurationError:
        return  # already reported
    for address, refusal in answers.items():
        part = f"envelope {address}"
        if refusal is None:
            yield Finding(part, f"{relay.host} accepts mail from it, and to it; nothing was sent")
        elif refusal.phase not in {"connect", "login"}:  # those are already reported
            yield warning(part, f"{relay.host} refuses it: {refusal} ({remedies[address]})")


def _dkim(settings: Settings) -> str:
    keys = signing_keys(settings)
    if not keys:
        return "Digest does not sign mails; if your relay does not either, `digest mail key FILE` creates a key"
    signing, sender = keys[0].domain, settings.mail.sender_mailbox.domain.lower()
    if not (sender == signing or sender.endswith(f".{signing}") or signing.endswith(f".{sender}")):
        raise ConfigurationError(
            f"{signing} is not the sender's domain, so DMARC does not count the signature",
            place="dkim.domain",
            remedy=f"set it to {sender}",
        )
    return "signs with " + ", ".join(f"{key.algorithm} ({key.name})" for key in keys)


def _hooks(settings: Settings) -> str:
    from digest.service.bounces.webhooks import IN_PATH, read_secrets  # noqa: PLC0415 - only loaded if a provider is configured

    places = [f"{provider}{'/SECRET' if provider in IN_PATH else ''}" for provider in read_secrets(settings.hooks)]
    return "accepted at " + ", ".join(f"{settings.base_url}/hooks/{place}" for place in places)
