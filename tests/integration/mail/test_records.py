"""`digest check --mail`: the DNS records that are needed, compared with those of a name server."""

from __future__ import annotations

import json
import socket
import threading
from typing import TYPE_CHECKING, Any

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.resolver
import dns.rrset
import pytest

from digest.findings import Finding
from digest.mail.dkim import write_key, zone_line
from digest.mail.dns_records import MailDomains, Record, lookup, record_problem, records
from digest.mail.sending.transport import signing_keys
from digest.mail_checks import mail_findings
from digest.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import Blog

Zone = dict[tuple[str, str], list[str]]


@pytest.fixture
def zone() -> Zone:
    """What is published: name and type to records in the text of zone files."""
    return {}


@pytest.fixture
def ask(resolver: dns.resolver.Resolver) -> Callable[[str, str], list[str] | None]:
    """A name server, asked as the program asks the one of its machine."""
    return lambda name, kind: lookup(name, kind, resolver)


@pytest.fixture
def resolver(zone: Zone) -> Iterator[dns.resolver.Resolver]:
    """Asks a name server on loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))

        def serve() -> None:
            while True:
                raw, client = server.recvfrom(4096)
                if not raw:
                    return
                query = dns.message.from_wire(raw)
                question = query.question[0]
                name, kind = question.name.to_text().rstrip("."), dns.rdatatype.to_text(question.rdtype)
                answer = dns.message.make_response(query, recursion_available=True)
                if (name, kind) in zone:
                    answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *zone[name, kind]))
                elif not any(known == name for known, _ in zone):
                    answer.set_rcode(dns.rcode.NXDOMAIN)
                server.sendto(answer.to_wire(), client)

        thread = threading.Thread(target=serve)
        thread.start()
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], server.getsockname()[1]
        yield resolver
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
            end.sendto(b"", server.getsockname())
        thread.join()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    write_key(tmp_path / "rsa", "rsa")
    write_key(tmp_path / "ed", "ed25519")
    return Settings(
        base_url="https://digest.example.org",
        mail={
            "transport": "maildir",
            "path": tmp_path / "mail",
            "host": "smtp.relay.example",
            "sender": "Digest <digest@news.example.org>",
        },
        dkim={"key_file": tmp_path / "rsa", "ed25519_key_file": tmp_path / "ed"},
    )


def published(zone: Zone, needed: list[Record]) -> None:
    """As an operator does who pastes the lines."""
    for record in needed:
        name, _, rest = zone_line(record.name, record.value).partition(". IN TXT ")
        zone[name, "TXT"] = [rest]


def verdicts(settings: Settings, ask: Callable[[str, str], list[str] | None]) -> dict[str, str]:
    found = [one for one in mail_findings(settings, ask) if isinstance(one, Finding)]
    return {one.part: one.problem for one in found if one.part.startswith("dns ")}


def test_what_is_needed_follows_from_the_settings(settings: Settings) -> None:
    spf, rsa, ed25519, dmarc = records(settings, signing_keys(settings))
    assert spf == Record("SPF", "news.example.org", "v=spf1 a:smtp.relay.example ~all")
    assert (rsa.name, ed25519.name) == (
        "digest._domainkey.news.example.org",
        "digest-ed25519._domainkey.news.example.org",
    )
    assert dmarc == Record("DMARC", "_dmarc.news.example.org", "v=DMARC1; p=none; rua=mailto:digest@news.example.org")


@pytest.mark.parametrize(
    ("host", "named"),
    [
        ("smtp.gmail.com", "include:_spf.google.com"),
        ("notgmail.com", "a:notgmail.com"),
        ("127.0.0.1", "a:digest.example.org"),
        ("192.0.2.7", "ip4:192.0.2.7"),
        ("2001:db8::7", "ip6:2001:db8::7"),
    ],
)
def test_spf_names_where_mails_leave_from(settings: Settings, host: str, named: str) -> None:
    mail = settings.mail.model_copy(update={"host": host})
    assert records(settings.model_copy(update={"mail": mail}), ())[0].value == f"v=spf1 {named} ~all"


def test_spf_names_the_fallback_too(settings: Settings) -> None:
    back = settings.fallback.model_copy(update={"host": "email-smtp.eu-west-1.amazonaws.com"})
    spf = records(settings.model_copy(update={"fallback": back}), ())[0]
    assert spf.value == "v=spf1 a:smtp.relay.example include:amazonses.com ~all"


def test_what_was_pasted_is_found_to_be_right(
    settings: Settings, zone: Zone, ask: Callable[[str, str], list[str] | None]
) -> None:
    assert set(verdicts(settings, ask).values()) == {
        "is not published",
        "there is no such record: bounces and replies reach nobody",
    }
    published(zone, records(settings, signing_keys(settings)))
    zone["news.example.org", "MX"] = ["10 mx.example.org."]
    assert set(verdicts(settings, ask).values()) == {""}


def test_a_policy_of_the_domain_above_counts(
    settings: Settings, zone: Zone, ask: Callable[[str, str], list[str] | None]
) -> None:
    zone["_dmarc.example.org", "TXT"] = ['"v=DMARC1; p=reject"']
    assert verdicts(settings, ask)["dns DMARC _dmarc.news.example.org"] == ""


@pytest.mark.parametrize(
    ("purpose", "texts", "says"),
    [
        ("SPF", ["google-site-verification=x"], "is not published"),
        ("SPF", ["v=spf1 a:smtp.relay.example -all", "v=spf1 mx"], "2 times"),
        ("SPF", ["v=spf1 mx -all"], "does not name a:smtp.relay.example"),
        ("SPF", ["V=SPF1 mx A:smtp.relay.example -all"], ""),
        ("DKIM", ["v=DKIM1; k=rsa; p=AAAA"], "another key"),
        ("DKIM", ["v=DKIM1; p="], "another key"),
        ("DMARC", ["v=DMARC1; p=quarantine; adkim=s"], ""),
        ("DMARC", ["v=DMARC1; rua=mailto:a@example.org"], "no policy"),
        ("DMARC", ["v=DMARC10; p=none"], "is not published"),
    ],
)
def test_what_is_wrong_is_named(settings: Settings, purpose: str, texts: list[str], says: str) -> None:
    record = next(one for one in records(settings, signing_keys(settings)) if one.purpose == purpose)
    told = record_problem(record, texts)
    assert (says in told) if says else not told


def test_without_answers_from_dns_the_records_are_printed_all_the_same(settings: Settings) -> None:
    found = list(mail_findings(settings, lambda name, kind: None))
    assert not any(one.problem for one in found if isinstance(one, Finding))
    assert len([one for one in found if isinstance(one, Record)]) == 4


def test_a_name_server_that_is_silent_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("digest.mail.dns_records._SECONDS", 0.2)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], deaf.getsockname()[1]
        assert lookup("example.org", "TXT", resolver) is None


@pytest.mark.parametrize("sender", ["Digest <digest@localhost.localdomain>", "digest@localhost"])
def test_a_sender_of_no_domain_is_reported(settings: Settings, sender: str) -> None:
    mail = settings.mail.model_copy(update={"sender": sender})
    chosen = settings.model_copy(update={"mail": mail})
    problems = [one.problem for one in mail_findings(chosen, lambda name, kind: []) if isinstance(one, Finding)]
    assert "not a public domain" in problems[-1]


def test_a_signing_domain_that_is_not_the_senders_is_reported(settings: Settings) -> None:
    def told(domain: str) -> str:
        dkim = settings.dkim.model_copy(update={"domain": domain})
        chosen = settings.model_copy(update={"dkim": dkim})
        found = [one for one in mail_findings(chosen, lambda name, kind: None) if isinstance(one, Finding)]
        return next(one.problem for one in found if one.part == "dkim")

    assert "DMARC" in told("example.net")
    assert told("example.org") == ""


# --- the commands ---------------------------------------------------------------------------------


def configure(blog: Blog, text: str) -> None:
    file = blog.home / "digest.toml"
    file.write_text(file.read_text("utf-8") + text, "utf-8")


def test_from_a_key_to_its_record(blog: Blog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("digest.mail.dns_records.lookup", lambda name, kind: None)
    line = blog.run("mail", "key", str(blog.home / "rsa.pem")).strip()
    configure(blog, '\n[dkim]\nkey_file = "rsa.pem"\n')

    shown = blog.run("check", "--mail")
    assert line in shown
    told = [json.loads(one) for one in blog.run("check", "--mail", "--json").splitlines()]
    assert {one["record"]: one["line"] for one in told if "record" in one}["DKIM"] == line
    private = (blog.home / "rsa.pem").read_text("utf-8").splitlines()[1]
    assert private not in shown
    assert "exists already" in blog.run("mail", "key", str(blog.home / "rsa.pem"), code=2)


def test_a_key_that_cannot_be_read_is_reported_by_check_and_stops_the_service(blog: Blog) -> None:
    configure(blog, '\n[dkim]\nkey_file = "gone.pem"\n')
    assert "gone.pem" in blog.run("check", code=1)
    assert "gone.pem" in blog.run("run", code=2)


def test_a_relay_that_cannot_be_reached_is_reported(blog: Blog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("digest.mail.dns_records.lookup", lambda name, kind: None)
    configure(blog, '\n[fallback]\nhost = "127.0.0.1"\nport = 1\nsecurity = "none"\n')
    told: dict[str, Any] = {}
    for line in blog.run("check", "--mail", "--json", "--strict", code=1).splitlines():
        one = json.loads(line)
        told[one.get("part", "record")] = one
    assert told["mail"]["ok"]
    assert not told["fallback"]["ok"]


# --- whether a domain takes mail --------------------------------------------------------------------


INTERNET = {("com", "NS"): ["a.gtld-servers.net."]}


def test_a_name_server_that_knows_nothing_of_the_internet_refuses_nobody(
    zone: Zone, resolver: dns.resolver.Resolver
) -> None:
    zone["mail.intranet.example", "A"] = ["10.0.0.7"]
    assert MailDomains(resolver).take_mail("shop.example")
    zone |= INTERNET
    assert not MailDomains(resolver).take_mail("shop.example")


@pytest.mark.parametrize(
    ("published", "takes"),
    [
        ({"MX": ["10 mx.example.net."]}, True),
        ({"MX": ["0 ."]}, False),  # a null MX
        ({"MX": ["0 ."], "A": ["192.0.2.7"]}, False),
        ({"A": ["192.0.2.7"]}, True),  # without MX, the domain's own address counts
        ({"AAAA": ["2001:db8::7"]}, True),
        ({"TXT": ['"v=spf1 -all"']}, False),
        ({}, False),  # no such domain
    ],
)
def test_a_domain_takes_mail_if_it_has_mx_or_an_address(
    zone: Zone, resolver: dns.resolver.Resolver, published: dict[str, list[str]], takes: bool
) -> None:
    zone |= INTERNET | {("shop.example", kind): values for kind, values in published.items()}
    assert MailDomains(resolver).take_mail("shop.example") is takes


@pytest.mark.parametrize(
    ("published", "host"),
    [
        ({"MX": ["20 a.example.net.", "10 MX2.example.net.", "10 mx1.example.net."]}, "mx1.example.net"),
        ({"MX": ["0 .", "10 mx.example.net."]}, "mx.example.net"),
        ({"MX": ["0 ."]}, ""),
        ({"A": ["192.0.2.7"]}, "shop.example"),
        ({}, ""),
    ],
)
def test_the_host_that_is_tried_first_stands_for_the_provider(
    zone: Zone, resolver: dns.resolver.Resolver, published: dict[str, list[str]], host: str
) -> None:
    zone |= INTERNET | {("shop.example", kind): values for kind, values in published.items()}
    assert MailDomains(resolver).host_of("shop.example") == host


def test_what_a_name_server_said_counts_for_an_hour(zone: Zone, resolver: dns.resolver.Resolver) -> None:
    now = [0.0]
    zone |= INTERNET
    domains = MailDomains(resolver, lambda: now[0])
    assert not domains.take_mail("shop.example")
    zone["shop.example", "MX"] = ["10 mx.example.net."]
    now[0] = 3599.0
    assert not domains.take_mail("shop.example")
    now[0] = 3601.0
    assert domains.take_mail("shop.example")


@pytest.mark.parametrize(
    "fault", [dns.exception.Timeout, dns.resolver.NoNameservers, dns.resolver.NoResolverConfiguration, OSError]
)
def test_no_answer_refuses_nobody(fault: type[Exception]) -> None:
    asked = []

    def down(*_: object, **__: object) -> Any:
        asked.append(fault)
        raise fault

    resolver, now = dns.resolver.Resolver(configure=False), [0.0]
    resolver.resolve = down  # type: ignore[method-assign] # these faults at once, without a wait
    domains = MailDomains(resolver, lambda: now[0])
    assert [domains.take_mail("shop.example") for _ in range(3)] == [True] * 3
    assert domains.host_of("shop.example") == ""
    assert len(asked) == 1
    now[0] = 61.0
    assert domains.take_mail("shop.example")
    assert len(asked) == 2


@pytest.mark.parametrize("domain", ["x" * 64 + ".example", "a..example"])
def test_a_name_that_is_none_in_the_dns_is_no_fault(resolver: dns.resolver.Resolver, domain: str) -> None:
    assert MailDomains(resolver).take_mail(domain)


def test_slow_name_servers_hold_up_few_visitors() -> None:
    """A visitor who asks while as many others wait as may is let through at once."""
    waiting, released = threading.Semaphore(0), threading.Event()

    def held(*_: object, **__: object) -> Any:
        waiting.release()
        assert released.wait(30)
        raise dns.exception.Timeout

    resolver = dns.resolver.Resolver(configure=False)
    resolver.resolve = held  # type: ignore[method-assign] # as a name server of an attacker
    domains = MailDomains(resolver)
    threads = [threading.Thread(target=domains.take_mail, args=(f"{n}.example",)) for n in range(4)]
    for thread in threads:
        thread.start()
    assert all(waiting.acquire(timeout=30) for _ in threads)
    assert domains.take_mail("fifth.example")
    assert not waiting.acquire(blocking=False)
    released.set()
    for thread in threads:
        thread.join()
