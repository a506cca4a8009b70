"""`digest check`: tries each part of a configuration and says what is wrong; changes nothing."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from digest import bundled
from digest.addresses import mailbox
from digest.dumps.files import DumpFile, dump_files
from digest.dumps.snapshot import read_snapshot
from digest.editions.schedule import Schedule, next_slot
from digest.errors import ConfigurationError, DigestError, DumpError
from digest.mail.incoming import try_incoming
from digest.mail.transport import signing_keys, try_envelopes, try_relay, try_transport
from digest.mail.verp import bounce_token, return_path
from digest.model import EditionKey, SubscriberId
from digest.patterns import Pattern, hostile
from digest.service.digest_names import orphans
from digest.service.digests import sender_domain
from digest.service.renaming import require_present_names
from digest.store import is_made, open_store
from digest.templating import check_templates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from digest.mail.records import Record
    from digest.settings import Relay, Settings, Source, Topic

_SQLITE = "sqlite:///"
_TEXT, _SLOW = 100_000, 2.0  # a pattern may take so many seconds for so many characters


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one part; `problem` is empty where it is right."""

    part: str
    fact: str = ""
    problem: str = ""


def findings(settings: Settings, now: datetime) -> Iterator[Finding]:
    """Every part in the order of the way of the data."""
    if not settings.sources:
        yield Finding("sources", "none is configured yet; `digest init` writes a configuration to start from")
    for source in settings.sources:
        yield _found(f"source {source.id}", lambda source=source: _dumps(source))  # type: ignore[misc]
    yield _found("samples", _samples)
    yield _found("store", lambda: _store(settings))
    yield _found("templates", lambda: check_templates(settings.templates))
    for topic in settings.topics:
        if topic.patterns:
            yield _found(f"topic {topic.id}", lambda topic=topic: _patterns(topic))  # type: ignore[misc]
    for digest in settings.digests:
        schedule = Schedule.parse(digest.schedule, digest.timezone)
        yield Finding(f"digest {digest.id}", f"next at {next_slot(schedule, now).isoformat()}")
    yield from _orphans(settings)
    yield from transport_findings(settings)


def _orphans(settings: Settings) -> Iterator[Finding]:
    """The digests that people follow and that are configured no more."""
    try:
        if not is_made(settings.database):
            return
        store = open_store(settings.database)
    except DigestError:
        return  # told as a finding of the store
    try:
        for digest, count in orphans(store, settings).items():
            people = "1 person follows" if count == 1 else f"{count} people follow"
            remedy = f"`digest digests rename {digest} NEW` keeps them, `digest digests end {digest}` lets them go"
            yield Finding(f"digest {digest}", problem=f"{people} it, and it is no longer configured ({remedy})")
    finally:
        store.close()


def transport_findings(settings: Settings) -> Iterator[Finding]:
    """Each relay and the place of bounces is asked and logged in to, each key is read; nothing is sent."""
    if settings.mail.transport == "smtp":
        yield _found("links", lambda: _links(settings))
        yield _found("tag", lambda: _tag(settings))
        yield _found("lease", lambda: _lease(settings))
    yield _found("mail", lambda: asyncio.run(try_transport(settings.mail)))
    if settings.fallback.host:
        yield _found("fallback", lambda: asyncio.run(try_relay(settings.fallback)))
    yield _found("dkim", lambda: _dkim(settings))
    if settings.bounces.address:
        yield _found("bounces", lambda: try_incoming(settings.bounces))
    if settings.hooks.on():
        yield _found("hooks", lambda: _hooks(settings))


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
        yield Finding("sender", problem=f"{domain} is no domain of the world: set mail.sender to an address of yours")
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
            yield Finding(part, "" if wrong else "is published", wrong)
        yield record
    if takes_mail == []:
        yield Finding(f"dns MX {domain}", problem="there is none: bounces and answers reach nobody")
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


def _tag(settings: Settings) -> str:
    if settings.tag:
        return f"ids begin with tag:{settings.tag}"
    remedy = f'set tag = "{settings.tag_base}", and never change it'
    if _is_loopback(urlsplit(settings.base_url).hostname or ""):
        remedy = 'set it to a domain of yours and a year, such as tag = "digest.example.org,2026", and never change it'
    raise ConfigurationError(
        "is not set, so that another base_url would give new entries other ids",
        place="tag",
        remedy=remedy,
    )


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
        found = asyncio.run(try_envelopes(relay, remedies))
    except ConfigurationError:
        return  # told already
    for address, error in found.items():
        part = f"envelope {address}"
        if error is None:
            yield Finding(part, f"{relay.host} takes mail from it, and to it; nothing was sent")
        elif error.phase not in {"connect", "login"}:  # those are told already
            yield Finding(part, problem=f"{relay.host} refuses it: {error} ({remedies[address]})")


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
    from digest.service.hooks import IN_PATH, secrets  # noqa: PLC0415 - who has no provider need not wait for it

    places = [f"{provider}{'/SECRET' if provider in IN_PATH else ''}" for provider in secrets(settings.hooks)]
    return "taken at " + ", ".join(f"{settings.base_url}/hooks/{place}" for place in places)


def _found(part: str, tried: Callable[[], str]) -> Finding:
    try:
        return Finding(part, tried())
    except DigestError as error:
        return Finding(part, problem=str(error))
    except OSError as error:
        return Finding(part, problem=f"{error.filename}: {error.strerror}")


def _dumps(source: Source) -> str:
    """Counts the dumps of a source and reads the first one."""
    files = list(dump_files(source.path))
    dumps = [file for file in files if isinstance(file, DumpFile)]
    if not dumps:
        raise DumpError(str(source.path), "holds no dump", remedy=f"check path of source {source.id}")
    with dumps[0].path.open("rb") as stream:
        entries = len(read_snapshot(stream, dumps[0].name, largest=source.largest).sightings)
    refused = [str(file) for file in files if not isinstance(file, DumpFile)]
    return f"{len(dumps)} dumps, {entries} entries in the first" + (
        f", {len(refused)} refused, such as {refused[0]}" if refused else ""
    )


def _patterns(topic: Topic, ticking: Callable[[], float] = time.perf_counter) -> str:
    """Searches texts that would hold up many an engine; `ticking` gives seconds."""
    slowest = 0.0
    for written in topic.patterns:
        pattern = Pattern(written)
        for text in hostile(written):
            started = ticking()
            pattern.found(text)
            slowest = max(slowest, (ticking() - started) / len(text) * _TEXT)
        if slowest > _SLOW:
            raise ConfigurationError(
                f"{written!r} may take {slowest:.1f} s for a text of {_TEXT:,} characters",
                place="topics.patterns",
                remedy="use + or * instead of a counted repetition, or fewer alternatives",
            )
    return f"{len(topic.patterns)} patterns, {_TEXT:,} characters that try to hold one up take {slowest * 1000:.0f} ms"


def _samples() -> str:
    count = 0
    for file in dump_files(bundled.folder("config") / "demo" / "samples" / "*.txt"):
        if isinstance(file, DumpFile):
            with file.path.open("rb") as stream:
                count += len(read_snapshot(stream, file.name, largest=file.size).sightings)
    if not count:
        raise DumpError("samples", "the sample dumps are missing from the installation", remedy="install it anew")
    return f"{count} sightings"


def _store(settings: Settings) -> str:
    """Opens the store; where there is none yet, tries the migrations in memory."""
    url = settings.database
    missing = not is_made(url)
    store = open_store("sqlite://" if missing else url)
    try:
        store.check()
        require_present_names(store, settings)
    finally:
        store.close()
    if not missing:
        return "opens, at the newest schema"
    if not url.startswith(_SQLITE):
        return "answers; its tables will be made"
    path = Path(url.removeprefix(_SQLITE))
    folder = next(parent for parent in path.parents if parent.exists())
    if not os.access(folder, os.W_OK):
        raise DigestError(f"{folder}: cannot be written (change its owner, or set data_dir)")
    return f"will be made at {path}"
