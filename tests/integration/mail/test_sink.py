"""Postfix's smtp-sink with each of its faults: the exact ledger of each of fifty people, then and later."""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from digest.mail.sending.smtp import SmtpSession
from digest.mail.sending.transaction import Timeouts
from digest.model import DeliveryState, DigestId
from tests.serving import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.integration.mail.conftest import Post

READERS = [f"reader{number}@example.org" for number in range(30)]
ACCEPTED, DEFERRED, FAILED = DeliveryState.ACCEPTED, DeliveryState.DEFERRED, DeliveryState.FAILED
PLANNED, UNKNOWN = DeliveryState.PLANNED, DeliveryState.UNKNOWN

ALL_ACCEPTED = [ACCEPTED] * 30
ALL_DEFERRED = [DEFERRED] * 30
OF_PEOPLE = [DEFERRED] * 20 + [PLANNED] * 10  # twenty in a row at one domain are hardly each its own fault
RESTS = [DEFERRED] * 3 + [PLANNED] * 27
UNCERTAIN = [UNKNOWN] * 3 + [PLANNED] * 27


class Sink:
    """One address, and one server at a time on it, which keeps what it takes."""

    def __init__(self, program: str, folder: Path) -> None:
        self._program, self._folder = program, folder
        self._running: subprocess.Popen[bytes] | None = None
        self.port = free_port()

    def start(self, *faults: str) -> None:
        self.stop()
        user = ["-u", "root"] if os.getuid() == 0 else []
        address = f"127.0.0.1:{self.port}"
        self._running = subprocess.Popen(
            [self._program, *user, *faults, "-d", f"{self._folder}/%M%S.", address, "100"], stderr=subprocess.DEVNULL
        )
        for _ in range(500):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                try:
                    self._running.wait(0.02)
                except subprocess.TimeoutExpired:
                    continue
            break
        assert self._running.poll() is None, "smtp-sink did not start"

    def stop(self) -> None:
        if self._running:
            self._running.kill()
            self._running.wait()
            self._running = None

    def emptied(self) -> Counter[str]:
        """How many mails of each recipient it had, those too that it refused after the dot; now it has none."""
        files = list(self._folder.iterdir())
        mails = [file.read_bytes() for file in files]
        for file in files:
            file.unlink()
        return Counter(to.decode() for mail in mails for to in re.findall(rb"(?m)^X-Rcpt-Args: <(.+?)>", mail))


@pytest.fixture
def sink(needs: Callable[[str], str], tmp_path: Path) -> Iterator[Sink]:
    (tmp_path / "taken").mkdir()
    made = Sink(needs("smtp-sink"), tmp_path / "taken")
    yield made
    made.stop()


@pytest.fixture
def post(post_to: Callable[..., Post], sink: Sink) -> Post:
    """By one connection, so that people come in their order."""
    made = post_to(sink.port, connections=1)
    made.people(*READERS)
    return made


def states(post: Post) -> list[DeliveryState]:
    rows = post.rows()
    return [rows[address].state for address in READERS]


FAULTS = {
    "-r CONNECT": (RESTS, "connect: 450"),
    "-r EHLO,HELO": (RESTS, "connect: 450"),
    "-r MAIL": (RESTS, "sender: 450"),
    "-r RCPT": (ALL_DEFERRED, ""),
    "-r DATA": (ALL_DEFERRED, ""),
    "-r .": (ALL_DEFERRED, ""),
    "-f CONNECT": (RESTS, "connect: 500"),
    "-f MAIL": (RESTS, "sender: 500"),
    "-f RCPT": (RESTS, "recipient: 500"),
    "-f DATA": (RESTS, "content: 500"),
    "-f .": (RESTS, "content: 500"),
    "-b '451 4.7.1 greylisted' -r RCPT": (ALL_DEFERRED, ""),
    "-b '421 4.7.28 too fast' -r RCPT": (ALL_DEFERRED, ""),
    "-b '421 4.7.28 too fast' -r .": (ALL_DEFERRED, ""),
    "-B '550 5.1.1 no such user' -f RCPT": (OF_PEOPLE, "recipient: 550"),
    "-B '552 5.2.2 mailbox full' -f RCPT": (OF_PEOPLE, "recipient: 552"),
    "-B '554 5.7.1 relay access denied' -f RCPT": (RESTS, "recipient: 554"),
    "-B '553 5.1.8 unknown sender' -f RCPT": (RESTS, "recipient: 553"),
    "-B '530 5.7.0 log in first' -f MAIL": (RESTS, "sender: 530"),
    "-B '550 5.7.26 unauthenticated' -f .": (RESTS, "content: 550"),
    "-q CONNECT": (RESTS, "connect: no reply"),
    "-q EHLO": (RESTS, "connect: no reply"),
    "-q MAIL": (RESTS, "sender: no reply"),
    "-q RCPT": (RESTS, "recipient: no reply"),
    "-q DATA": (RESTS, "content: no reply"),
    "-q .": (UNCERTAIN, "answer: no reply"),
    "-Q CONNECT": (RESTS, "connect: 421"),
    "-Q MAIL": (RESTS, "sender: 421"),
    "-Q RCPT": (ALL_DEFERRED, ""),
    "-Q DATA": (ALL_DEFERRED, ""),
    "-Q .": (ALL_DEFERRED, ""),
    "-e": (ALL_ACCEPTED, ""),
    "-p": (ALL_ACCEPTED, ""),
    "-8": (ALL_ACCEPTED, ""),
    "-E": (ALL_ACCEPTED, ""),
    "-e -p -8 -E": (ALL_ACCEPTED, ""),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_has_its_outcome_for_each_and_afterwards_everybody_has_one(sink: Sink, post: Post, fault: str) -> None:
    expected, paused = FAULTS[fault]
    sink.start(*shlex.split(fault))

    report = post.drain()

    assert states(post) == expected
    assert report.paused.startswith(paused)
    assert bool(report.paused) == bool(paused)
    with post.store.read() as tx:
        assert len(tx.subscribers.active(DigestId("weekly"))) == len(READERS)
    if ACCEPTED in expected:
        assert sink.emptied() == Counter(READERS)

    sink.start()
    sink.emptied()
    post.now += timedelta(days=2)
    post.drain()

    before = dict(zip(READERS, expected, strict=True))
    assert states(post) == [FAILED if state is FAILED else ACCEPTED for state in expected]
    assert sink.emptied() == Counter(address for address in READERS if before[address] not in {ACCEPTED, FAILED})


def test_a_server_without_extensions_takes_all_whose_address_it_can_write(
    sink: Sink, post_to: Callable[..., Post]
) -> None:
    post = post_to(sink.port)
    post.people(*READERS[:10], "jürgen@example.org", "读者@例子.example")
    sink.start("-e")
    post.drain()
    assert post.states() == {ACCEPTED: 10, FAILED: 2}
    assert sink.emptied() == Counter(READERS[:10])


# With a delay at RCPT it answers pipelined commands out of their order: there it does not offer to pipeline (-p).
@pytest.mark.parametrize("faults", [["-w", "1"], ["-W", "DATA:1"], ["-W", ".:1"], ["-p", "-W", "RCPT:1"]], ids=" ".join)
def test_a_slow_server_is_waited_for(sink: Sink, post_to: Callable[..., Post], faults: list[str]) -> None:
    post = post_to(sink.port, connections=2)
    post.people(*READERS[:2])
    sink.start(*faults)
    post.drain()
    assert post.states() == {ACCEPTED: 2}
    assert sink.emptied() == Counter(READERS[:2])


def test_silence_after_the_dot_is_unknown_and_comes_once_more(
    sink: Sink, post_to: Callable[..., Post], monkeypatch: pytest.MonkeyPatch
) -> None:
    defaults = SmtpSession.__init__.__kwdefaults__
    assert defaults
    monkeypatch.setitem(defaults, "timeouts", Timeouts(final=0.3))
    post = post_to(sink.port, connections=1)
    post.people(*READERS[:2])
    sink.start("-W", ".:8")
    post.drain()
    assert post.states() == {UNKNOWN: 2}
    assert sink.emptied() == Counter(READERS[:2])

    sink.start()
    post.now += timedelta(hours=1)
    post.drain()
    assert post.states() == {ACCEPTED: 2}
    assert sink.emptied() == Counter(READERS[:2])
