"""A mail server with faults, a store full of people, and settings that join the two."""

from __future__ import annotations

import asyncio
import email
import ssl
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

from digest.model import Body, DeliveryState, DigestId, Edition, EditionKey, Format, SubscriberId, Variant
from digest.records.editions import Recipient
from digest.service.mailing.drain.delivery import drain
from digest.settings import Settings
from digest.store import open_store
from tests.serving import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from digest.records.mailing import DeliveryRow
    from digest.service.mailing.drain.ledger import DrainReport
    from digest.store.transaction import Store

KEY = EditionKey("weekly/2026-W47")
NOW = datetime(2026, 11, 16, 0, 0, tzinfo=UTC)
READERS = [f"reader{number}@example.org" for number in range(50)]
ACCEPTED, DEFERRED, FAILED = DeliveryState.ACCEPTED, DeliveryState.DEFERRED, DeliveryState.FAILED
PLANNED, SUPPRESSED, UNKNOWN = DeliveryState.PLANNED, DeliveryState.SUPPRESSED, DeliveryState.UNKNOWN
LEASED = DeliveryState.LEASED
SOMEBODY = READERS[2]
RAW = b"Message-ID: <one@example.org>\r\nSubject: x\r\n\r\nwords\r\n"


def only(person: str, reply: str) -> Callable[[str], str | None]:
    return lambda address: reply if address == person else None


def healthy(_: str) -> None:
    """A server's answer to everybody: none out of the ordinary."""


@dataclass
class Inbox:
    """What a server took, by envelope recipient; and how it misbehaves.

    `at_recipient` and `at_content` give the reply to a recipient, or None for the usual one. `drop` names whose
    message is taken and not answered: the connection is cut instead.
    """

    taken: dict[str, list[bytes]] = field(default_factory=lambda: defaultdict(list))
    at_recipient: Callable[[str], str | None] = lambda _: None
    at_content: Callable[[str], str | None] = lambda _: None
    drop: Callable[[str], bool] = lambda _: False
    connections: int = 0

    async def handle_EHLO(self, server: Any, session: Any, envelope: Any, hostname: str, replies: list[str]) -> Any:  # noqa: N802
        self.connections += 1
        session.host_name = hostname
        return replies

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        refusal = self.at_recipient(address)
        if refusal:
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        (recipient,) = envelope.rcpt_tos
        refusal = self.at_content(recipient)
        if refusal:
            return refusal
        self.taken[recipient].append(envelope.original_content)
        if self.drop(recipient):
            server.transport.abort()
        return "250 2.0.0 taken"

    def counts(self) -> Counter[int]:
        """How many recipients got how many messages."""
        return Counter(len(messages) for messages in self.taken.values())

    def ids(self, recipient: str) -> list[str | None]:
        return [email.message_from_bytes(raw)["Message-ID"] for raw in self.taken[recipient]]


class _Old(SMTP):
    """A server that knows no extensions."""

    async def smtp_EHLO(self, hostname: str) -> None:  # noqa: N802
        await self.push("502 5.5.1 what?")


class _Local(Controller):
    """On a free port of its own."""

    def __init__(self, inbox: Inbox, *, old: bool = False, **options: Any) -> None:
        port = free_port()
        self._kind = _Old if old else SMTP
        super().__init__(inbox, hostname="127.0.0.1", port=port, **options)

    def factory(self) -> SMTP:
        return self._kind(self.handler, **self.SMTP_kwargs)


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def serve(inbox: Inbox) -> Iterator[Callable[..., int]]:
    """Start a server on the inbox; its port."""
    running: list[Controller] = []

    def start(**options: Any) -> int:
        controller = _Local(inbox, **options)
        controller.start()
        running.append(controller)
        return controller.port

    yield start
    for controller in running:
        controller.stop()


@pytest.fixture
def port(serve: Callable[..., int]) -> int:
    """A server that takes everything that the inbox does not refuse."""
    return serve(enable_SMTPUTF8=True)


@dataclass
class Post:
    """An edition with a delivery a person, and a clock that the test moves."""

    store: Store
    settings: Settings
    now: datetime = NOW

    def people(self, *addresses: str) -> list[SubscriberId]:
        with self.store.write() as tx:
            records = [
                tx.subscribers.add(
                    address,
                    name="",
                    language="zh_CN",
                    fmt=Format.BOTH,
                    digests=[DigestId("weekly")],
                    source="operator",
                    now=NOW,
                )
                for address in addresses
            ]
            tx.editions.register_digest(DigestId("weekly"), NOW)
            made = [record.subscriber.id for record in records if record]
        self.edition(KEY, *made)
        return made

    def edition(self, key: str, *people: SubscriberId) -> EditionKey:
        """One more edition to these people, made now."""
        with self.store.write() as tx:
            tx.editions.make(
                Edition(EditionKey(key), DigestId("weekly"), self.now, None, self.now, empty=False),
                [],
                [Variant(Body("zh_CN", "科学空间 每周摘要", "<p>\ue0f0leave\ue0f1</p>", "\ue0f0leave\ue0f1"), ())],
                [
                    Recipient(person, f"<{key.partition('/')[2]}.{person}@example.org>", 0, self.now)
                    for person in people
                ],
            )
        return EditionKey(key)

    async def wait(self, until: datetime) -> None:
        """Move the clock instead of waiting."""
        self.now = max(self.now, until)
        await asyncio.sleep(0)

    def drain(self, **options: Any) -> DrainReport:
        return asyncio.run(drain(self.store, self.settings, lambda: self.now, **{"wait": self.wait, **options}))

    def rows(self) -> dict[str, DeliveryRow]:
        with self.store.read() as tx:
            return {row.address: row for row in tx.deliveries.rows(KEY)}

    def states(self) -> Counter[DeliveryState]:
        return Counter(row.state for row in self.rows().values())


@pytest.fixture
def post_to(tmp_path: Path) -> Iterator[Callable[..., Post]]:
    """A post office that speaks to a port."""
    store = open_store("sqlite://")

    def made(port: int, **mail: Any) -> Post:
        values = {"transport": "smtp", "host": "127.0.0.1", "port": port, "security": "none", "connections": 4, **mail}
        settings = Settings(
            data_dir=tmp_path,
            base_url="https://digest.example.org",
            digests=[{"id": "weekly", "title": "每周", "schedule": "mon 00:00"}],
            mail={"sender": "Digest <digest@example.org>", "lease": timedelta(minutes=20), **values},
        )
        return Post(store, settings)

    yield made
    store.close()


@pytest.fixture
def post(post_to: Callable[..., Post], port: int) -> Post:
    return post_to(port)


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def server_tls(authority: trustme.CA) -> Callable[[str], ssl.SSLContext]:
    def made(name: str) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert(name).configure_cert(context)
        return context

    return made


@pytest.fixture
def client_tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.fixture
def password() -> Callable[..., AuthResult]:
    """An authenticator that knows one user."""

    def check(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        return AuthResult(success=(data.login, data.password) == (b"digest", b"secret"), handled=False)

    return check
