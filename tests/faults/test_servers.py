"""Every way in which a mail server can fail, with fifty people: the exact outcome for each of them."""

from __future__ import annotations

import email
import threading
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.faults.conftest import ARTICLES, PEOPLE, each_way
from tests.faults.places import LATER
from tests.faults.sink import Act, Moment, Sink

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.places import Place
    from tests.faults.verdicts import Verdict

CONNECTIONS = 4
TITLES = [article.title for article in ARTICLES]
ONE = PEOPLE[7]  # the person whose mailbox has the fault
REFUSALS = 3  # in a row, before all sending is paused


@dataclass(frozen=True)
class Fault:
    """What a server does at a step, to one person or to all; `states` is what everybody's delivery is then.

    `twice`: it had taken the message, so the second attempt is a second copy. `ends`: no second attempt is made.
    `paused`: all sending is paused. `suppressed`: the person is suppressed.
    """

    moment: Moment
    says: str | Act
    to_all: bool = False
    state: str = "deferred"
    paused: bool = False
    suppressed: bool = False
    twice: bool = False
    ends: bool = False


FAULTS = {
    "421 at connecting": Fault(Moment.CONNECT, "421 4.3.2 busy", to_all=True, paused=True),
    "a connection cut at once": Fault(Moment.CONNECT, Act.DROP, to_all=True, paused=True),
    "450 at the sender": Fault(Moment.SENDER, "450 4.7.1 later", to_all=True, paused=True),
    "550 at the sender": Fault(Moment.SENDER, "550 5.7.1 not you", to_all=True, paused=True),
    "450 at a recipient": Fault(Moment.RECIPIENT, "450 4.2.1 busy"),
    "451 at a recipient": Fault(Moment.RECIPIENT, "451 4.7.1 greylisted"),
    "550 5.1.1 at a recipient": Fault(Moment.RECIPIENT, "550 5.1.1 who?", state="failed", suppressed=True, ends=True),
    "550 5.7.1 at a recipient": Fault(Moment.RECIPIENT, "550 5.7.1 refused"),
    "552 5.2.2 at a recipient": Fault(Moment.RECIPIENT, "552 5.2.2 full", state="failed", ends=True),
    "451 at DATA": Fault(Moment.DATA, "451 4.3.0 later"),
    "452 at the final dot": Fault(Moment.CONTENT, "452 4.3.1 full"),
    "554 at the final dot, to one": Fault(Moment.CONTENT, "554 5.6.0 no"),
    "554 at the final dot, to all": Fault(Moment.CONTENT, "554 5.7.1 no", to_all=True, paused=True),
    # All of a short content, its dot too, is written at once: nobody here can know that it came in part. A long one,
    # whose dot was never written, is cut in tests/integration/mail/test_timeouts.py.
    "cut in the middle of a content": Fault(Moment.BODY, Act.DROP, state="unknown"),
    "cut after the final dot": Fault(Moment.CONTENT, Act.DROP, state="unknown"),
    "taken, and cut instead of an answer": Fault(Moment.STORED, Act.DROP, state="unknown", twice=True),
}


@each_way
@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_of_the_server_has_its_exact_outcome_for_each(
    told: Place, sink: Sink, verdict: Callable[[str], Verdict], name: str
) -> None:
    fault = FAULTS[name]
    row = verdict(f"mail server: {name}")

    def at(moment: Moment, recipient: str) -> str | Act | None:
        struck = moment is fault.moment and (fault.to_all or recipient == ONE)
        return fault.says if struck else None

    sink.at = at
    ended = told.here("edition", "send", code=1 if fault.paused or fault.ends else 0)
    assert ("sending is paused" in ended.err) == fault.paused
    states = Counter(state for state, _ in told.rows().values())
    if fault.to_all:
        struck = REFUSALS + CONNECTIONS - 1
        assert states[fault.state] <= struck, "nobody else is bothered while the fault is not theirs"
        assert states == Counter({fault.state: states[fault.state], "planned": len(PEOPLE) - states[fault.state]})
        assert sink.taken == []
    else:
        assert states == Counter({"accepted": len(PEOPLE) - 1, fault.state: 1})
        assert told.rows()[ONE] == (fault.state, 1)
        assert sink.copies()[ONE] == int(fault.twice)
    row.tried += 1

    sink.at = lambda _moment, _recipient: None
    told.here("edition", "send", later=timedelta(hours=12))
    expected = dict.fromkeys(PEOPLE, 1) | ({ONE: 2} if fault.twice else {})
    if fault.ends:
        del expected[ONE]
    row.count(sink.copies(), expected)
    assert sink.copies() == expected
    assert sink.differing() == []
    known = {state for address, (state, _) in told.rows().items() if address != ONE or not fault.ends}
    assert known == {"accepted"}
    suppressed = told.here("subscribers", "show", ONE, "--json").out
    assert ('"suppressed": null' not in suppressed) == fault.suppressed


@each_way
@pytest.mark.parametrize("stored", [True, False], ids=["taken both times", "lost both times"])
def test_what_is_cut_twice_behind_its_end_is_listed_once_more_in_the_next_mail(
    told: Place, sink: Sink, verdict: Callable[[str], Verdict], *, stored: bool
) -> None:
    row = verdict(f"mail server: cut twice behind the final dot, {'taken' if stored else 'lost'}")
    moment = Moment.STORED if stored else Moment.CONTENT
    sink.at = lambda at, recipient: Act.DROP if at is moment and recipient == ONE else None
    told.here("edition", "send")
    told.here("edition", "send", later=timedelta(hours=12))
    assert told.rows()[ONE] == ("unknown", 2)
    copies = sink.copies()
    assert copies == Counter(dict.fromkeys(PEOPLE, 1) | {ONE: 2 * stored})
    before = len(sink.taken)

    sink.at = lambda _moment, _recipient: None
    told.here("edition", "cut", later=timedelta(hours=13))
    told.here("edition", "send", later=timedelta(hours=13))
    told.here("edition", "cut", later=timedelta(hours=14))
    told.here("edition", "send", later=timedelta(hours=14))
    (mail,) = sink.taken[before:]
    assert mail.recipient == ONE
    for title in TITLES:
        assert title in words_of(mail.raw)
    assert "您可能已经收到过" in words_of(mail.raw)
    row.tried += 1
    row.copies += sum(max(count - 1, 0) for count in copies.values())
    row.listed += 1


def words_of(raw: bytes) -> str:
    part = next(part for part in email.message_from_bytes(raw).walk() if part.get_content_type() == "text/plain")
    return bytes(part.get_payload(decode=True) or b"").decode()


def test_a_server_without_extensions_reaches_all_who_can_be_reached_that_way(
    told: Place, sink: Sink, verdict: Callable[[str], Verdict]
) -> None:
    row = verdict("mail server: no extensions")
    sink.extensions = ()
    told.here("edition", "send")
    row.tried += 1
    row.count(sink.copies(), PEOPLE)
    assert sink.copies() == dict.fromkeys(PEOPLE, 1)


SILENCES = (Moment.CONNECT, Moment.HELLO, Moment.SENDER, Moment.RECIPIENT, Moment.DATA, Moment.STORED)
OF_NOBODY = {Moment.CONNECT, Moment.HELLO, Moment.SENDER}  # sent before a recipient is named


@each_way
@pytest.mark.parametrize("silent", SILENCES, ids=[moment.value for moment in SILENCES])
def test_the_others_are_served_while_one_connection_is_silent(
    told: Place, sink: Sink, verdict: Callable[[str], Verdict], silent: Moment
) -> None:
    """The silence ends, with a cut, when all others have their mail, so that what became of each is exact."""
    row = verdict(f"mail server: one connection is silent at {silent.value}, then cut")
    got: set[str] = set()
    struck, all_others = threading.Lock(), threading.Event()

    def at(moment: Moment, recipient: str) -> Act | None:
        if moment is Moment.ANSWERED:
            got.add(recipient)
            if len(got) == len(PEOPLE) - 1:
                all_others.set()
        if moment is not silent or not (silent in OF_NOBODY or recipient == ONE):
            return None
        if not struck.acquire(blocking=False):
            return None
        waited.append(all_others.wait(60))
        return Act.DROP

    waited: list[bool] = []
    sink.at = at
    told.here("edition", "send")
    assert waited == [True], "one silence held back the others"
    told.here("edition", "send", later=timedelta(hours=12))
    row.tried += 1
    row.count(sink.copies(), PEOPLE)
    assert sink.copies() == dict.fromkeys(PEOPLE, 1) | ({ONE: 2} if silent is Moment.STORED else {})
    assert sink.differing() == []


@each_way
def test_a_server_that_falls_silent_keeps_one_connection_and_not_the_others(
    told: Place, sink: Sink, verdict: Callable[[str], Verdict]
) -> None:
    row = verdict("mail server: silence after the final dot")
    others: list[str] = []

    def at(moment: Moment, recipient: str) -> Act | None:
        if moment is Moment.ANSWERED:
            others.append(recipient)
            if len(others) == len(PEOPLE) - 1:
                process.kill()
        return Act.HANG if moment is Moment.STORED and recipient == ONE else None

    told.env["DIGEST_MAIL_BATCH"] = "100"
    sink.at = at
    process = told.start("edition", "send")
    process.wait(timeout=120)
    assert len(others) == len(PEOPLE) - 1
    sink.at = lambda _moment, _recipient: None
    told.here("edition", "send", later=LATER)
    copies = sink.copies()
    row.count(copies, PEOPLE)
    assert set(copies) == set(PEOPLE)
    twice = {person for person, count in copies.items() if count > 1}
    assert ONE in twice
    assert len(twice) <= CONNECTIONS
    assert sink.differing() == []
    row.tried += 1
