"""Several commands in one write: the same outcome for each mail as one by one, whatever a server does in between."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from digest.errors import StoreError, TransportError
from digest.mail.sending.session import Envelope, Outgoing
from digest.mail.sending.smtp import SmtpSession
from digest.mail.sending.transaction import Timeouts
from digest.model import DeliveryState, DigestId
from digest.settings import Mail
from digest.store.mailing.deliveries import Deliveries
from tests.waiting import SECONDS

if TYPE_CHECKING:
    import ssl
    from asyncio import StreamReader, StreamWriter
    from collections.abc import AsyncIterator, Awaitable, Callable
    from datetime import datetime

    from digest.model import SubscriberId
    from tests.integration.mail.conftest import Post

SENDER = "digest@example.org"
ADDRESSES = [f"subscriber{number}@example.net" for number in range(6)]
PATIENT = Timeouts(reply=30, data=30, block=30, final=30)
DROP = "drop"
T = TypeVar("T")


def raw(number: int) -> bytes:
    return f"Message-ID: <{number}@example.org>\r\n\r\n.{number}\r\n..\r\n".encode()


@dataclass
class Server:
    """Takes mail on a free port; `faults` says what the n-th MAIL, RCPT, DATA or dot gets instead.

    `lax`: it awaits a content even where nobody is to get it. `heedless`: it takes recipients and contents of nobody.
    """

    pipelining: bool = True
    lax: bool = False
    heedless: bool = False
    faults: dict[tuple[str, int], str] = field(default_factory=dict)
    context: ssl.SSLContext | None = None
    seen: Counter[str] = field(default_factory=Counter)
    taken: list[tuple[str, bytes]] = field(default_factory=list)
    at: Callable[[str, str], None] = lambda _verb, _recipient: None
    before_answer: Callable[[str], Awaitable[None]] | None = None
    connections: int = 0

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[int]:
        async with await asyncio.start_server(self._handle, "127.0.0.1", 0, ssl=self.context) as server:
            yield server.sockets[0].getsockname()[1]

    async def _handle(self, subscriber: StreamReader, writer: StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(OSError, EOFError, asyncio.CancelledError):
            await _Conversation(self, subscriber, writer).run()
        writer.close()

    def fault(self, verb: str) -> str:
        self.seen[verb] += 1
        return self.faults.get((verb, self.seen[verb] - 1), "")


class _Conversation:
    def __init__(self, server: Server, subscriber: StreamReader, writer: StreamWriter) -> None:
        self._server, self._reader, self._writer = server, subscriber, writer
        self._sender, self._recipients = False, list[str]()

    async def run(self) -> None:
        self._say("220 here")
        while line := await self._reader.readline():
            verb = line[:4].decode().strip().upper()
            named = line.decode().partition("<")[2].partition(">")[0]
            self._server.at(verb, named if verb == "RCPT" else "".join(self._recipients))
            said = self._server.fault(verb)
            if said == DROP:
                return
            said = said or self._usual(verb, named)
            self._say(said)
            if said.startswith("354"):
                said = await self._take()
                if said == DROP:
                    return
                self._say(said)
            if verb == "QUIT" or said.startswith("421"):
                return

    def _say(self, reply: str) -> None:
        self._writer.write(f"{reply}\r\n".encode())

    def _usual(self, verb: str, named: str) -> str:
        if verb == "EHLO":
            return "250-here\r\n250-PIPELINING\r\n250 8BITMIME" if self._server.pipelining else "250 here"
        if verb == "RCPT":
            if not (self._sender or self._server.heedless):
                return "503 5.5.1 MAIL first"
            self._recipients.append(named)
        elif verb == "DATA":
            return "354 go on" if self._recipients or self._server.lax else "503 5.5.1 RCPT first"
        else:
            self._sender, self._recipients = verb == "MAIL", []
        return "250 2.0.0 yes"

    async def _take(self) -> str:
        """The reply to a content, which is accepted unless it is refused."""
        lines: list[bytes] = []
        while (line := await self._reader.readline()) != b".\r\n":
            if not line:
                raise EOFError
            lines.append(line.removeprefix(b"."))
        recipients, self._sender, self._recipients = self._recipients, False, []
        if not lines and not self._server.heedless:
            return "554 5.5.1 nothing for nobody"
        said = self._server.fault(".")
        if said in {"", DROP}:
            self._server.taken += [(one, b"".join(lines)) for one in recipients]
        self._server.at(".", "".join(recipients))
        if self._server.before_answer:
            await self._server.before_answer("".join(recipients))
        return said or "250 2.0.0 taken"


def served(server: Server, use: Callable[[SmtpSession], Awaitable[T]], **options: object) -> T:
    """What comes of a session with the server."""

    async def once() -> T:
        async with server.listening() as port, asyncio.timeout(30):
            mail = Mail(transport="smtp", host="localhost", port=port, security="tls" if server.context else "none")
            async with SmtpSession(mail, "", timeouts=PATIENT, **options) as way:  # type: ignore[arg-type]
                return await use(way)

    return asyncio.run(once())


async def each(way: SmtpSession) -> list[str]:
    """Send one mail to each, each naming the next; what became of them."""
    said: list[str] = []
    for number, subscriber in enumerate(ADDRESSES):
        following = Envelope(SENDER, ADDRESSES[number + 1]) if way.pipelines and number + 1 < len(ADDRESSES) else None
        try:
            said.append(await way.send(Outgoing(SENDER, subscriber, raw(number)), following=following))
        except TransportError as error:
            said.append(f"{error.phase} {error.code} {error.text if error.code else ''} {error.uncertain}")
    return said


def test_the_code_of_a_pipelined_reply_is_reported() -> None:
    assert [getattr(said, "code", None) for said in served(Server(), each)] == [250] * len(ADDRESSES)


def test_no_empty_mail_reaches_a_recipient_accepted_after_the_sender_was_refused() -> None:
    server = Server(heedless=True, faults={("MAIL", 2): "451 4.3.0 not now"})
    assert [said.split()[0] for said in served(server, each)] == ["2.0.0"] * 2 + ["sender"] + ["2.0.0"] * 3
    assert server.taken == [(subscriber, raw(number)) for number, subscriber in enumerate(ADDRESSES) if number != 2]
    assert server.connections == 2


def test_everybody_gets_their_own_message_over_one_connection() -> None:
    server = Server()
    assert served(server, each) == ["2.0.0 taken"] * 6
    assert server.taken == [(subscriber, raw(number)) for number, subscriber in enumerate(ADDRESSES)]
    assert server.connections == 1


@pytest.mark.parametrize("lax", [False, True], ids=["strict", "lax"])
@pytest.mark.parametrize("number", [0, 2, 5], ids=["first", "middle", "last"])
@pytest.mark.parametrize("fault", ["450 4.2.0 later", "550 5.1.1 never", "421 4.3.2 closing", DROP])
@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "."])
def test_a_fault_has_the_same_outcome_for_each_as_without_pipelining(
    verb: str, fault: str, number: int, lax: bool
) -> None:
    faults = {(verb, number): fault}
    plain, pipelined = Server(pipelining=False, faults=faults, lax=lax), Server(faults=faults, lax=lax)

    one_by_one, at_once = served(plain, each), served(pipelined, each)

    assert at_once == one_by_one
    assert pipelined.taken == plain.taken
    closed = fault == "421 4.3.2 closing" or (fault == DROP and verb != ".")
    again = number > 0 and closed  # a connection that has served
    assert len(set(at_once) - {"2.0.0 taken"}) == (0 if again else 1)


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "."])
def test_refusals_in_a_row_leave_the_connection_usable(verb: str) -> None:
    server = Server(faults={(verb, number): "450 4.2.0 later" for number in range(1, 4)})
    said = served(server, each)
    assert [one == "2.0.0 taken" for one in said] == [True, False, False, False, True, True]
    assert server.connections == 1


def test_a_recipient_who_was_announced_and_is_not_sent_to_gets_nothing_and_others_do() -> None:
    server = Server()

    async def skipping(way: SmtpSession) -> None:
        for number in (0, 1):
            await way.send(Outgoing(SENDER, ADDRESSES[number], raw(number)), Envelope(SENDER, ADDRESSES[number + 1]))
        await way.send(Outgoing(SENDER, ADDRESSES[3], raw(3)), following=Envelope(SENDER, ADDRESSES[4]))

    served(server, skipping)
    assert server.taken == [(ADDRESSES[number], raw(number)) for number in (0, 1, 3)]
    assert server.connections == 2


def test_nobody_gets_anything_of_a_session_that_ends_after_announcing() -> None:
    server = Server()

    async def one(way: SmtpSession) -> str:
        return await way.send(Outgoing(SENDER, ADDRESSES[0], raw(0)), following=Envelope(SENDER, ADDRESSES[1]))

    assert served(server, one) == "2.0.0 taken"
    assert server.taken == [(ADDRESSES[0], raw(0))]


@pytest.mark.parametrize(
    "address", ["a b@example.net", "a@example.net>\r\nRCPT TO:<evil@example.com", "读者@例子.example"]
)
def test_an_envelope_that_cannot_be_written_is_not_announced_and_fails_alone(address: str) -> None:
    server = Server()

    async def three(way: SmtpSession) -> list[object]:
        said: list[object] = []
        for number, subscriber in enumerate((ADDRESSES[0], address, ADDRESSES[2])):
            following = Envelope(SENDER, (address, ADDRESSES[2], ADDRESSES[3])[number])
            try:
                said.append(
                    await way.send(Outgoing(SENDER, subscriber, raw(number)), following if number < 2 else None)
                )
            except (TransportError, ValueError) as error:
                said.append(type(error))
        return said

    first, second, third = served(server, three)
    assert (first, third) == ("2.0.0 taken", "2.0.0 taken")
    assert second in {ValueError, TransportError}
    assert [recipient for recipient, _ in server.taken] == [ADDRESSES[0], ADDRESSES[2]]
    assert server.connections == 1


def test_over_tls(server_tls: Callable[[str], ssl.SSLContext], client_tls: ssl.SSLContext) -> None:
    server = Server(context=server_tls("localhost"))
    assert served(server, each, context=client_tls) == ["2.0.0 taken"] * 6
    assert server.taken == [(subscriber, raw(number)) for number, subscriber in enumerate(ADDRESSES)]


def test_what_a_server_says_unasked_is_no_answer() -> None:
    server = Server()

    async def two(way: SmtpSession) -> list[str]:
        said = [await way.send(Outgoing(SENDER, ADDRESSES[0], raw(0)))]
        assert way._pipeline
        way._pipeline.data_received(b"250 by the way\r\n")
        return [*said, await way.send(Outgoing(SENDER, ADDRESSES[1], raw(1)))]

    assert served(server, two) == ["2.0.0 taken"] * 2


@pytest.mark.parametrize("nonsense", [b"hello\r\n", b"2x0 \r\n", b"x" * 70_000, b"250-more\r\n" * 9_000])
def test_what_is_no_reply_ends_the_connection(nonsense: bytes) -> None:
    server = Server()

    async def two(way: SmtpSession) -> str:
        await way.send(Outgoing(SENDER, ADDRESSES[0], raw(0)))
        assert way._pipeline
        way._pipeline.data_received(nonsense)
        assert not way.pipelines
        return await way.send(Outgoing(SENDER, ADDRESSES[1], raw(1)))

    assert served(server, two) == "2.0.0 taken"
    assert server.connections == 2


# --- in a drain -----------------------------------------------------------------------------------


def drained(server: Server, post_to: Callable[..., Post], at: Callable[[Post, str, str], None], **mail: int) -> Post:
    async def once() -> Post:
        async with server.listening() as port, asyncio.timeout(60):
            post = await asyncio.to_thread(post_to, port, **{"connections": 1, **mail})
            await asyncio.to_thread(post.people, *ADDRESSES)
            server.at = lambda verb, recipient: at(post, verb, recipient)

            async def wait(until: datetime) -> None:
                post.now = max(post.now, until)

            await asyncio.to_thread(post.drain, wait=wait)
            return post

    return asyncio.run(once())


def test_nothing_is_sent_before_it_is_begun_and_at_most_one_mail_is_in_doubt(
    post_to: Callable[..., Post],
) -> None:
    server, doubts = Server(), []

    def look(post: Post, verb: str, recipient: str) -> None:
        rows = post.rows().values()
        doubts.append(sum(row.attempts for row in rows) - sum(row.state is DeliveryState.ACCEPTED for row in rows))
        if verb == ".":
            assert post.rows()[recipient].attempts == 1

    post = drained(server, post_to, look)
    assert [recipient for recipient, _ in server.taken] == ADDRESSES
    assert max(doubts) == 1
    assert post.states() == {DeliveryState.ACCEPTED: 6}
    assert server.connections == 1


@pytest.mark.parametrize("pipelining", [True, False])
def test_nothing_is_sent_before_it_is_begun_and_what_can_go_before_goes(*, pipelining: bool) -> None:
    server, said = Server(pipelining=pipelining), list[str]()

    def at(verb: str, _recipient: str) -> None:
        if verb in {"DATA", "."}:
            said.append(verb)

    async def send(way: SmtpSession) -> str:
        await way.prepare(Outgoing(SENDER, ADDRESSES[0], raw(0)))
        said.append("begun")
        return await way.commit()

    server.at = at
    assert served(server, send) == "2.0.0 taken"
    assert said == (["DATA", "begun", "."] if pipelining else ["begun", "DATA", "."])


@pytest.mark.parametrize("pipelining", [True, False])
def test_what_is_not_begun_after_all_is_not_sent_and_the_next_is(*, pipelining: bool) -> None:
    server = Server(pipelining=pipelining)

    async def send(way: SmtpSession) -> str:
        await way.prepare(Outgoing(SENDER, ADDRESSES[0], raw(0)))
        return await way.send(Outgoing(SENDER, ADDRESSES[1], raw(1)))

    assert served(server, send) == "2.0.0 taken"
    assert server.taken == [(ADDRESSES[1], raw(1))]
    assert server.connections == 1 + pipelining


@pytest.mark.parametrize("limits", [{}, {"per_second": 1000}, {"per_domain": 2}])
def test_a_person_who_leaves_meanwhile_gets_nothing_and_costs_a_connection(
    post_to: Callable[..., Post], limits: dict[str, int]
) -> None:
    server = Server()

    def leaving(post: Post, verb: str, recipient: str) -> None:
        if (verb, recipient) == (".", ADDRESSES[2]):
            person = post.rows()[ADDRESSES[3]].subscriber
            with post.store.write() as tx:
                assert tx.subscribers.leave(person, DigestId("weekly"), "link", post.now)

    post = drained(server, post_to, leaving, **limits)
    assert [recipient for recipient, _ in server.taken] == [one for one in ADDRESSES if one != ADDRESSES[3]]
    assert post.states() == {DeliveryState.ACCEPTED: 5, DeliveryState.SUPPRESSED: 1}
    assert server.connections == 2


def test_a_refusal_of_a_person_who_left_meanwhile_is_not_held_against_them(post_to: Callable[..., Post]) -> None:
    server = Server(faults={("RCPT", 3): "550 5.1.1 no such user"})
    gone: list[SubscriberId] = []

    def leaving(post: Post, verb: str, recipient: str) -> None:
        if (verb, recipient) == (".", ADDRESSES[2]):
            gone.append(post.rows()[ADDRESSES[3]].subscriber)
            with post.store.write() as tx:
                assert tx.subscribers.leave(gone[0], DigestId("weekly"), "link", post.now)

    post = drained(server, post_to, leaving)
    assert post.states() == {DeliveryState.ACCEPTED: 5, DeliveryState.SUPPRESSED: 1}
    with post.store.read() as tx:
        person = tx.subscribers.get(gone[0])
    assert person
    assert person.suppressed == ""


def test_a_refusal_of_a_person_who_left_meanwhile_stops_nobody(
    post_to: Callable[..., Post], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("digest.service.bounces.refusals._IN_A_ROW", 1)
    server = Server(faults={("RCPT", 3): "550 5.7.1 not from you"})

    def leaving(post: Post, verb: str, recipient: str) -> None:
        if (verb, recipient) == (".", ADDRESSES[2]):
            person = post.rows()[ADDRESSES[3]].subscriber
            with post.store.write() as tx:
                assert tx.subscribers.leave(person, DigestId("weekly"), "link", post.now)

    post = drained(server, post_to, leaving)
    assert post.states() == {DeliveryState.ACCEPTED: 5, DeliveryState.SUPPRESSED: 1}


def test_an_answer_that_the_store_did_not_take_is_kept_while_the_next_mail_waits_for_its_server(
    post_to: Callable[..., Post], monkeypatch: pytest.MonkeyPatch
) -> None:
    record, failed, kept = Deliveries.record_all, list[bool](), list[bool]()

    def failing(*arguments: Any, **options: Any) -> None:
        if not failed:
            failed.append(True)
            raise StoreError("the disk is full")
        record(*arguments, **options)

    def waits(post: Post, verb: str, _recipient: str) -> None:
        if verb == "MAIL" and failed:
            end = time.monotonic() + 20
            while not kept and time.monotonic() < end:
                kept.extend([True] * (post.states()[DeliveryState.ACCEPTED] == 1))

    monkeypatch.setattr(Deliveries, "record_all", failing)
    with pytest.raises(StoreError, match="the disk is full"):
        drained(Server(), post_to, waits, per_domain=2)
    assert kept


def test_with_a_limit_a_day_no_batch_is_leased_ahead(post_to: Callable[..., Post]) -> None:
    server, leased = Server(), []

    def look(post: Post, verb: str, _recipient: str) -> None:
        if verb == ".":
            leased.append(post.states()[DeliveryState.LEASED])

    drained(server, post_to, look, batch=2, per_day=100)
    assert leased == [2, 1, 2, 1, 2, 1]


def test_the_next_batch_is_leased_while_the_last_mail_of_this_one_is_under_way(post_to: Callable[..., Post]) -> None:
    server, leased = Server(), []

    def look(post: Post, verb: str, _recipient: str) -> None:
        if verb == ".":
            leased.append(post.states()[DeliveryState.LEASED])

    drained(server, post_to, look, batch=2)
    assert leased[:2] == [2, 3]


def test_a_pause_leaves_announced_recipients_as_they_were(post_to: Callable[..., Post]) -> None:
    server = Server(faults={(".", number): "554 5.7.1 spam" for number in range(3)})
    post = drained(server, post_to, lambda *_: None)
    assert server.taken == []
    assert post.states() == {DeliveryState.DEFERRED: 3, DeliveryState.PLANNED: 3}
    assert [row.attempts for row in post.rows().values()] == [1, 1, 1, 0, 0, 0]


def test_a_recipient_announced_to_a_server_that_falls_silent_is_reached_over_another_connection(
    post_to: Callable[..., Post],
) -> None:
    """The silent one speaks again when everybody else has their mail."""
    server = Server()
    others_done = asyncio.Event()

    async def silent(recipient: str) -> None:
        if recipient == ADDRESSES[2]:  # the second of its connection: the first announces nobody
            await asyncio.wait_for(others_done.wait(), SECONDS)
        elif {one for one, _ in server.taken} == set(ADDRESSES):
            others_done.set()

    server.before_answer = silent
    post = drained(server, post_to, lambda *_: None, connections=2)
    assert sorted(one for one, _ in server.taken) == ADDRESSES
    assert post.states() == {DeliveryState.ACCEPTED: 6}
