"""What `digest check` finds of mail: whether relays answer, whether mails lead back to us, arrive and are believed."""

from __future__ import annotations

import asyncio
import ipaddress
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from digest.addresses import mailbox
from digest.errors import ConfigurationError
from digest.findings import Finding, error, found, warning
from digest.mail.incoming import try_incoming
from digest.mail.transport import signing_keys, try_envelopes, try_relay, try_transport
from digest.mail.verp import bounce_token, return_path
from digest.model import EditionKey, SubscriberId
from digest.service.editions.digests import sender_domain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from digest.mail.records import Record
    from digest.settings import Relay, Settings


def transport_findings(settings: Settings) -> Iterator[Finding]:
    """Each relay and the place of bounces is asked and logged in to, each key is read; nothing is sent."""
    if settings.mail.transport == "smtp":
        yield found("links", lambda: _links(settings))
        yield _tag(settings)
        yield found("lease", lambda: _lease(settings))
    yield found("mail", lambda: asyncio.run(try_transport(settings.mail)))
    if settings.fallback.host:
        yield found("fallback", lambda: asyncio.run(try_relay(settings.fallback)))
    yield found("dkim", lambda: _dkim(settings))
    if settings.bounces.address:
        yield found("bounces", lambda: try_incoming(settings.bounces))
    if settings.hooks.on():
        yield found("hooks", lambda: _hooks(settings))


def mail_findings(
    settings: Settings, look_up: Callable[[str, str], list[str] | None] | None = None
) -> Iterator[Finding | Record]:
    """All that decides whether mails arrive and are believed; each record that is needed after what was found of it.

    `look_up` asks the DNS: names and kinds to texts, None where nobody answers.
    """
    from digest.mail.records import is_here, lookup, problem, records  # noqa: PLC0415 - dnspython is for this alone

    yield from transport_findings(settings)
    if settings.mail.transport == "smtp":
        yield from _envelopes(settings)
    domain = sender_domain(settings)
    if "." not in domain or domain.endswith((".localdomain", ".local", ".invalid", ".test")):
        yield error("sender", f"{domain} is no domain of the world: set mail.sender to an address of yours")
        return
    try:
        keys = signing_keys(settings)
    except ConfigurationError:
        keys = ()  # told already
    asked = look_up or lookup
    takes_mail = asked(domain, "MX")
    for record in records(settings, keys):
        answers = [] if takes_mail is None else [asked(name, "TXT") for name in record.places]
        published = next((texts for texts in answers if texts), [])
        part = f"dns {record.purpose} {record.name}"
        if takes_mail is None or None in answers:
            yield Finding(part, "no DNS resolver answers here, so publish and compare by hand")
        else:
            wrong = problem(record, published)
            yield warning(part, wrong) if wrong else Finding(part, "is published")
        yield record
    if takes_mail == []:
        yield warning(f"dns MX {domain}", "there is none: bounces and answers reach nobody")
    if is_here(settings.mail.host):
        yield Finding("dns PTR", "the address that mails leave from needs a reverse name (PTR) that leads back to it")


def _links(settings: Settings) -> str:
    """Mails hold links to our pages, by which readers confirm and leave."""
    parts = urlsplit(settings.base_url)
    host = parts.hostname or ""
    if _is_loopback(host):
        problem = f"{settings.base_url} leads each reader to their own machine"
    elif parts.scheme != "https":
        problem = f"{settings.base_url} is not https, and mail programs press no button to leave there (RFC 8058)"
    else:
        return f"mails lead to {settings.base_url}"
    raise ConfigurationError(
        problem,
        place="base_url",
        remedy='set it to how readers reach you, such as base_url = "https://digest.example.org"',
    )


def _lease(settings: Settings) -> str:
    """A mail whose lease ends while it is handed over may be taken by another drain, and go out twice."""
    from digest.mail.transaction import RFC_5321  # noqa: PLC0415 - who sends nothing does not load it

    longest = timedelta(seconds=RFC_5321.of_a_mail)
    if settings.mail.lease > longest:
        return f"a drain holds a mail for {settings.mail.lease}, and handing it over takes {longest} at most"
    raise ConfigurationError(
        f"{settings.mail.lease} is no longer than a slow server may take over one mail ({longest})",
        place="mail.lease",
        remedy='leave it out, or set it to "30m" or more',
    )


def _tag(settings: Settings) -> Finding:
    if settings.tag:
        return Finding("tag", f"ids begin with tag:{settings.tag}")
    remedy = f'set tag = "{settings.tag_base}", and never change it'
    if _is_loopback(urlsplit(settings.base_url).hostname or ""):
        remedy = 'set it to a domain of yours and a year, such as tag = "digest.example.org,2026", and never change it'
    return warning("tag", f"is not set, so that another base_url would give new entries other ids ({remedy})")


def _is_loopback(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith((".localhost", ".localdomain"))
    return address.is_loopback or address.is_unspecified


def _envelopes(settings: Settings) -> Iterator[Finding]:
    """Whether each relay takes mail from our sender, and from the address under which bounces come back."""
    sender = mailbox(settings.mail.sender).address
    remedies = {sender: "let your account send as this address, or set mail.sender to one that it may use"}
    if settings.bounces.address:
        token = bounce_token(b"check", SubscriberId(0), EditionKey("check"))
        remedies[return_path(settings.bounces.address, token)] = (
            "let your account send as these addresses, and the server that takes mail to them know what a + means, "
            "on Postfix by recipient_delimiter = +; see docs/bounces.md"
        )
    for relay in (settings.mail, settings.fallback):
        if relay.host:
            yield from _asked(relay, remedies)


def _asked(relay: Relay, remedies: dict[str, str]) -> Iterator[Finding]:
    try:
        answers = asyncio.run(try_envelopes(relay, remedies))
    except ConfigurationError:
        return  # told already
    for address, refusal in answers.items():
        part = f"envelope {address}"
        if refusal is None:
            yield Finding(part, f"{relay.host} takes mail from it, and to it; nothing was sent")
        elif refusal.phase not in {"connect", "login"}:  # those are told already
            yield warning(part, f"{relay.host} refuses it: {refusal} ({remedies[address]})")


def _dkim(settings: Settings) -> str:
    keys = signing_keys(settings)
    if not keys:
        return "Digest does not sign; where your relay does not either, `digest mail key FILE` makes a key"
    signing, sender = keys[0].domain, sender_domain(settings).lower()
    if not (sender == signing or sender.endswith(f".{signing}") or signing.endswith(f".{sender}")):
        raise ConfigurationError(
            f"{signing} is not the sender's domain, so DMARC does not count the signature",
            place="dkim.domain",
            remedy=f"set it to {sender}",
        )
    return "signs with " + ", ".join(f"{key.algorithm} ({key.name})" for key in keys)


def _hooks(settings: Settings) -> str:
    from digest.service.bounces.webhooks import IN_PATH, secrets  # noqa: PLC0415 - who has no provider need not wait for it

    places = [f"{provider}{'/SECRET' if provider in IN_PATH else ''}" for provider in secrets(settings.hooks)]
    return "taken at " + ", ".join(f"{settings.base_url}/hooks/{place}" for place in places)
