"""The DNS records that mail servers check to trust our mails, and those that say whether a domain takes mail.

This is the only home of dnspython. Source: RFC 7208 (SPF), 6376 (DKIM), 9989 (DMARC), 5321 and 7505 (MX).
"""

import ipaddress
import re
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from time import monotonic
from typing import Literal
from urllib.parse import urlsplit

import dns.exception
import dns.resolver
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.TXT import TXT

from digest.addresses import mailbox
from digest.mail.dkim import Key, zone_line
from digest.settings import THIS_MACHINE, Settings

Purpose = Literal["SPF", "DKIM", "DMARC"]

_SECONDS = 3.0
_VISITOR_SECONDS = 1.0  # for each of at most four questions, while a person waits for a page
_LOOKUPS = 4  # at once: slow name servers of invented domains must not occupy all threads of the web server
_DOMAINS = 2_000  # in memory
_KNOWN_SECONDS, _UNKNOWN_SECONDS = 3600.0, 60.0
# The SPF mechanisms that large providers require. For any other relay, the mechanism names the host's own address.
_PROVIDERS = {
    "gmail.com": "include:_spf.google.com",
    "google.com": "include:_spf.google.com",
    "office365.com": "include:spf.protection.outlook.com",
    "outlook.com": "include:spf.protection.outlook.com",
    "amazonaws.com": "include:amazonses.com",
    "sendgrid.net": "include:sendgrid.net",
    "mailgun.org": "include:mailgun.org",
    "messagingengine.com": "include:spf.messagingengine.com",
    "fastmail.com": "include:spf.messagingengine.com",
    "exmail.qq.com": "include:spf.mail.qq.com",
}


@dataclass(frozen=True, slots=True)
class Record:
    """A TXT record that is needed."""

    purpose: Purpose
    name: str
    value: str

    @property
    def line(self) -> str:
        """The record as a line of a zone file."""
        return zone_line(self.name, self.value)

    @property
    def places(self) -> list[str]:
        """The names where the record may be, nearest first. A DMARC policy of a parent domain covers its subdomains."""
        if self.purpose != "DMARC":
            return [self.name]
        labels = self.name.split(".")[1:]
        return [".".join(["_dmarc", *labels[above:]]) for above in range(max(1, len(labels) - 1))]


def records(settings: Settings, keys: Iterable[Key]) -> list[Record]:
    """The records to publish for the sender's domain, in the order in which to publish them."""
    sender = settings.mail.sender_mailbox
    domain = sender.domain
    hosts = [host for host in (settings.mail.host, settings.fallback.host) if host]
    names = dict.fromkeys(_mechanism(host, _web_host(settings.base_url)) for host in hosts)
    reports = mailbox(settings.mail.reply_to or settings.mail.sender).address
    return [
        Record("SPF", domain, " ".join(["v=spf1", *names, "~all"])),
        *(Record("DKIM", key.name, key.record) for key in keys),
        Record("DMARC", f"_dmarc.{domain}", f"v=DMARC1; p=none; rua=mailto:{reports}"),
    ]


def record_problem(record: Record, published: list[str]) -> str:
    """The problem with the records published under this name; empty if there is none."""
    version = record.value.partition(" ")[0].rstrip(";")
    found = [text for text in published if re.match(rf"{re.escape(version)}(?![\w.])", text, re.IGNORECASE)]
    if not found:
        return "is not published"
    if len(found) > 1:
        return f"is published {len(found)} times, so none of them counts"
    return _difference(record, found[0])


def _difference(record: Record, found: str) -> str:
    if record.purpose == "SPF":
        missing = [word for word in record.value.split()[1:-1] if word.lower() not in found.lower().split()]
        named = " ".join(missing)
        return f"`{found}` does not name {named}: add it, as a domain has only one SPF record" if missing else ""
    wanted, tags = _tags(record.value), _tags(found)
    if record.purpose == "DKIM":
        return "" if tags.get("p") == wanted["p"] else "another key is published under this name"
    return "" if tags.get("p") in {"none", "quarantine", "reject"} else "names no policy (p=none, quarantine or reject)"


def lookup(
    name: str, kind: str, resolver: dns.resolver.Resolver | None = None, seconds: float = _SECONDS
) -> list[str] | None:
    """The published texts, hosts or IP addresses; empty if there are none, None if no resolver answers.

    Hosts stand in the order in which mail servers try them. The host of a null MX is empty.
    """
    try:
        chosen = resolver or dns.resolver.Resolver()
        answer = chosen.resolve(f"{name}.", kind, lifetime=seconds, raise_on_no_answer=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except (dns.exception.DNSException, OSError):
        return None
    values = []
    for one in sorted(answer, key=_preference):
        if isinstance(one, TXT):
            values.append(b"".join(one.strings).decode("utf-8", "replace"))
        elif isinstance(one, MX):
            values.append(one.exchange.to_text().rstrip("."))
        else:
            values.append(one.to_text())
    return values


def _preference(one: object) -> tuple[int, str]:
    return (one.preference, one.exchange.to_text().lower()) if isinstance(one, MX) else (0, "")


class MailDomains:
    """Which hosts take the mail of a domain, remembered for an hour. Several threads may ask. Decision 333."""

    def __init__(self, resolver: dns.resolver.Resolver | None = None, clock: Callable[[], float] = monotonic) -> None:
        self._resolver, self._clock = resolver, clock
        self._known: dict[str, tuple[str | None, float]] = {}  # what `_asked` returned, and until when it counts
        self._turn, self._lookups = threading.Lock(), threading.Semaphore(_LOOKUPS)

    def take_mail(self, domain: str) -> bool:
        """Whether a domain takes mail; True as well if no resolver answers in time, or if too many others ask now."""
        return self._host(domain) != ""

    def host_of(self, domain: str) -> str:
        """The host that mail servers try first for a domain, in lower case; empty if none is known."""
        return self._host(domain) or ""

    def _host(self, domain: str) -> str | None:
        with self._turn:
            host, until = self._known.get(domain, (None, 0.0))
        if self._clock() < until:
            return host
        if not self._lookups.acquire(blocking=False):
            return None
        try:
            host = self._asked(domain)
        finally:
            self._lookups.release()
        with self._turn:
            self._known.pop(domain, None)
            while len(self._known) >= _DOMAINS:
                del self._known[next(iter(self._known))]
            self._known[domain] = host, self._clock() + (_UNKNOWN_SECONDS if host is None else _KNOWN_SECONDS)
        return host

    def _asked(self, domain: str) -> str | None:
        """The host that takes the domain's mail, empty if it takes none; None if the name servers say nothing.

        Source: RFC 5321, 5.1: without MX, the domain's own address counts. RFC 7505: a null MX takes no mail.
        """
        hosts = lookup(domain, "MX", self._resolver, _VISITOR_SECONDS)
        if hosts is None or hosts:
            return next(filter(None, hosts), "").lower() if hosts else None
        found = [lookup(domain, kind, self._resolver, _VISITOR_SECONDS) for kind in ("A", "AAAA")]
        if any(found) or None in found:
            return domain if any(found) else None
        # The name server of a closed network denies every domain of the Internet, whose mails a relay may still take.
        return "" if lookup("com", "NS", self._resolver, _VISITOR_SECONDS) else None


MAIL_DOMAINS = MailDomains()


def _tags(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(";"))
    return {name.strip().lower(): "".join(value.split()) for name, _, value in pairs}


def _mechanism(host: str, own: str) -> str:
    """The SPF mechanism for the servers from which a relay sends."""
    for suffix, mechanism in _PROVIDERS.items():
        if host == suffix or host.endswith(f".{suffix}"):
            return mechanism
    if is_on_this_machine(host):
        return f"a:{own}" if own else "mx"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return f"a:{host}"
    return f"ip{address.version}:{address}"


def is_on_this_machine(host: str) -> bool:
    """Whether a relay runs on this machine, so that its reputation is ours."""
    return host in THIS_MACHINE


def _web_host(base_url: str) -> str:
    """Our public host name, if base_url has one."""
    host = urlsplit(base_url).hostname or ""
    return host if "." in host and not re.fullmatch(r"[\d.]+", host) else ""
