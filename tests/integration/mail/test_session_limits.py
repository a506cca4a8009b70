"""One session with a relay that limits, closes, cuts and loses: each mail arrives once, and none is refused."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from digest.errors import TransportError
from digest.mail.sending.session import Envelope, Outgoing
from digest.mail.sending.smtp import SmtpSession
from digest.mail.sending.transaction import Timeouts
from digest.settings import Mail
from tests.integration.mail.relay import Act, Cut, LosesCommands, Moment, Once, PerSession, Relay, Size, To

SENDER = "digest@example.org"
READERS = [f"reader{number}@example.net" for number in range(12)]
QUICK = Timeouts(reply=30, data=30, block=30, final=30, pipelined=0.2)
PATIENT = Timeouts(reply=30, data=30, block=30, final=30, pipelined=30)
EACH_ONE = dict.fromkeys(READERS, 1)
WAYS = pytest.mark.parametrize(
    "extensions", [("PIPELINING", "SIZE 100000"), ("SIZE 100000",), ()], ids=["pipelined", "plain", "old"]
)


def raw(number: int) -> bytes:
    return f"Message-ID: <{number}@example.org>\r\n\r\n.{number}\r\n{'words ' * number}\r\n".encode()


def told(relay: Relay, timeouts: Timeouts = PATIENT, sessions: int = 1) -> list[str]:
    """Send one mail to each, each naming the next; what became of them."""

    async def once() -> list[str]:
        said: list[str] = []
        mail = Mail(transport="smtp", host="127.0.0.1", port=relay.port, security="none")
        share = len(READERS) // sessions
        for first in range(0, len(READERS), share):
            async with SmtpSession(mail, "", timeouts=timeouts) as way:
                for number in range(first, first + share):
                    following = Envelope(SENDER, READERS[number + 1]) if number + 1 < first + share else None
                    try:
                        taken = await way.send(Outgoing(SENDER, READERS[number], raw(number)), following=following)
                    except TransportError as error:
                        said.append(str(error))
                    else:
                        said.append(str(taken.code))
        return said

    return asyncio.run(asyncio.wait_for(once(), 60))


@WAYS
@pytest.mark.parametrize("at", [Moment.SENDER, Moment.RECIPIENT])
@pytest.mark.parametrize("reply", ["452 4.5.3 too many messages in this session", "421 4.7.0 enough, closing"])
def test_what_a_session_may_not_have_goes_on_in_the_next(at: Moment, reply: str, extensions: tuple[str, ...]) -> None:
    with Relay(PerSession(5, reply, at), extensions=extensions) as relay:
        assert told(relay) == ["250"] * 12
    assert relay.copies() == EACH_ONE
    assert relay.connections == 3
    assert relay.most_open == 1, "the old connection is closed before the next is opened"


@WAYS
@pytest.mark.parametrize(
    "at", [Moment.SENDER, Moment.RECIPIENT, Moment.DATA, Moment.CONTENT], ids=lambda moment: moment.name
)
def test_a_421_at_any_command_of_a_connection_that_served_costs_a_connection(
    at: Moment, extensions: tuple[str, ...]
) -> None:
    with Relay(Once(at, "421 4.3.2 closing", frozenset({4})), extensions=extensions) as relay:
        assert told(relay) == ["250"] * 12
    assert (relay.copies(), relay.connections) == (EACH_ONE, 2)


@WAYS
@pytest.mark.parametrize("at", [Moment.SENDER, Moment.RECIPIENT, Moment.DATA], ids=lambda moment: moment.name)
def test_so_does_a_drop(at: Moment, extensions: tuple[str, ...]) -> None:
    with Relay(Once(at, Act.DROP, frozenset({4})), extensions=extensions) as relay:
        assert told(relay) == ["250"] * 12
    assert (relay.copies(), relay.connections) == (EACH_ONE, 2)


@WAYS
@pytest.mark.parametrize("refused", ["452 4.5.3 no more", "421 4.7.0 no"])
def test_a_session_that_is_refused_on_a_fresh_connection_as_well_is_refused(
    refused: str, extensions: tuple[str, ...]
) -> None:
    with Relay(To(lambda one: one == READERS[6], refused), extensions=extensions) as relay:
        said = told(relay)
    assert said == [f"recipient: {refused}" if reader == READERS[6] else "250" for reader in READERS]
    assert relay.mails_offered[READERS[6]] == 2
    assert relay.copies() == Counter(set(READERS) - {READERS[6]})


@WAYS
def test_a_cut_at_any_byte_sends_nobody_two_and_loses_none_but_what_is_in_doubt(extensions: tuple[str, ...]) -> None:
    """After a cut the mail is taken, or offered again, or unknown: the server has it, or did not receive all of it."""
    with Relay(extensions=extensions) as whole:
        told(whole)
    for place in range(1, 900, 23):
        with Relay(Cut(heard=place), extensions=extensions) as relay:
            said = told(relay)
        doubtful = [reader for reader, one in zip(READERS, said, strict=True) if one.startswith("answer")]
        failed = [reader for reader, one in zip(READERS, said, strict=True) if one != "250"]
        assert len(failed) <= 1, "only the first mail of a connection is not offered again"
        assert set(relay.copies().values()) == {1}
        assert set(READERS) - set(relay.copies()) <= set(failed)
        assert set(doubtful) <= set(failed)


@WAYS
def test_a_cut_in_any_reply_sends_nobody_two(extensions: tuple[str, ...]) -> None:
    for place in range(1, 500, 17):
        with Relay(Cut(said=place), extensions=extensions) as relay:
            said = told(relay)
        failed = [reader for reader, one in zip(READERS, said, strict=True) if one != "250"]
        assert len(failed) <= 1
        assert set(relay.copies().values()) == {1}
        assert set(READERS) - set(relay.copies()) <= set(failed)


# --- servers that lose commands -------------------------------------------------------------------

LOSSES = [
    {Moment.SENDER},
    {Moment.RECIPIENT},
    {Moment.TAKEN},
    {Moment.RESET},
    {Moment.SENDER, Moment.RECIPIENT, Moment.TAKEN, Moment.RESET},
]


@pytest.mark.parametrize("after", LOSSES, ids=lambda after: "+".join(sorted(one.name for one in after)))
def test_a_server_that_loses_commands_gets_them_one_by_one_from_then_on(after: set[Moment]) -> None:
    busy = To(lambda one: one == READERS[1], "450 4.2.1 busy")  # so that there is a RSET
    with Relay(busy, LosesCommands(frozenset(after))) as relay:
        said = told(relay, QUICK, sessions=3)
    assert said == ["recipient: 450 4.2.1 busy" if reader == READERS[1] else "250" for reader in READERS]
    assert relay.copies() == Counter(set(READERS) - {READERS[1]})
    assert relay.connections == 4, "one more than there are sessions: the loss is noticed once, for all of them"


def test_a_reply_out_of_order_is_no_reply_to_the_mail() -> None:
    """The RCPT is lost, and what the server says of the DATA stands in its place."""

    def odd(moment: Moment, _talk: object) -> str | None:
        return "503 5.5.1 RCPT first" if moment is Moment.RECIPIENT and not relay.refusals else None

    with Relay(odd) as relay:
        assert told(relay, PATIENT) == ["250"] * 12
    assert (relay.copies(), relay.connections) == (EACH_ONE, 2)


def test_a_server_that_is_silent_in_plain_dialogue_too_is_not_taken_for_one_that_loses_commands() -> None:
    with Relay(To(lambda one: one == READERS[0], Act.HANG)) as relay:
        said = told(relay, Timeouts(reply=0.4, data=30, block=30, final=30, pipelined=0.2))
        assert said[0].startswith("recipient: no reply")
        assert said[1:] == ["250"] * 11
    assert relay.mails_offered[READERS[0]] == 2


# --- sizes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("extensions", [("PIPELINING", "SIZE 100000"), ("SIZE",), ("PIPELINING", "SIZE 0"), ()])
def test_mail_says_the_size_where_the_server_wants_it(extensions: tuple[str, ...]) -> None:
    with Relay(extensions=extensions) as relay:
        assert told(relay) == ["250"] * 12
    for one in relay.taken:
        if "SIZE" not in " ".join(extensions):
            assert one.declared is None
        elif "PIPELINING" in extensions and one.recipient != READERS[0]:
            assert one.declared is not None
            assert len(one.raw) <= one.declared <= len(one.raw) + 3000, "by the one before it, since it is not made yet"
        else:
            assert one.declared == len(one.raw)


@pytest.mark.parametrize("pipelining", [(), ("PIPELINING",)])
def test_a_mail_over_the_announced_size_is_not_offered_and_the_others_are_sent(pipelining: tuple[str, ...]) -> None:
    most = len(raw(8))
    with Relay(Size(most), extensions=(*pipelining, f"SIZE {most}")) as relay:
        said = told(relay)
    assert said[:9] == ["250"] * 9
    for number, one in enumerate(said[9:], 9):
        assert one == f"content: 552 5.3.4 the mail has {len(raw(number))} bytes, and 127.0.0.1 accepts at most {most}"
    assert relay.copies() == Counter(READERS[:9])
    assert not relay.refusals
