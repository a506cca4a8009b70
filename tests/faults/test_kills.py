"""The program is killed at every n-th point at which it makes something durable, and started again.

What is stored is then a state that lies between two transactions, never within one; what the second run makes of it is
what one undisturbed run makes; and of an edition everybody has one copy, but for the mails that were between the
server's 250 and our commit.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.conftest import Article
from tests.faults.conftest import ALL, ARTICLES, PEOPLE, WRITES, each_way
from tests.faults.places import KILLED, LATER, Injection, Place, stored
from tests.faults.sink import Moment, Sink
from tests.faults.states import copied, missing, state_of, watch_commits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.faults.verdicts import Verdict

pytestmark = pytest.mark.usefixtures("traced")

CALLS = ("fdatasync", WRITES) if ALL else ("fdatasync",)
CONNECTIONS = 4  # the default of mail.connections


def nothing_read(_place: Place) -> tuple[str, ...]:
    return ("refresh",)


def something_new(place: Place) -> tuple[str, ...]:
    place.here("refresh")
    renamed = replace(ARTICLES[0], title="第一篇文章,改了题目")
    place.write("a.txt", [renamed, *ARTICLES[1:3], Article("新的一篇", (2026, 3, 20), ("新的正文。",))])
    place.write("c.txt", [Article("另一处的新文章", (2026, 3, 21), ("也是新的。",))])
    return ("refresh",)


def an_edition_to_make(place: Place) -> tuple[str, ...]:
    place.here(*people_to_come(place))
    return ("edition", "cut")


def people_to_come(place: Place) -> tuple[str, ...]:
    place.here("refresh")
    return ("subscribers", "import", str(place.home / "people.csv"))


def somebody_to_erase(place: Place) -> tuple[str, ...]:
    place.here(*an_edition_to_make(place))
    return ("subscribers", "erase", PEOPLE[3], "--yes")


STEPS = {
    "first import": nothing_read,
    "refresh": something_new,
    "making an edition": an_edition_to_make,
    "importing people": people_to_come,
    "erasing somebody": somebody_to_erase,
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("step", STEPS)
def test_a_kill_leaves_the_state_before_or_after_a_transaction(
    place: Place,
    some: Callable[[int, str], Iterator[int]],
    verdict: Callable[[str], Verdict],
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    call: str,
) -> None:
    row = verdict(f"kill -9 at the n-th {call}: {step}")
    command = STEPS[step](place)
    undisturbed = place.copy("undisturbed")
    with monkeypatch.context() as watching:
        between = watch_commits(watching, undisturbed.database)
        undisturbed.here(*command)
    end = state_of(undisturbed.database)
    assert end != between[0]
    assert end == between[-1]

    for nth in some(place.occurrences(call, *command), call):
        victim = place.copy("victim")
        ended = victim.run(*command, traced_by=Injection(call, nth).tracer())
        if not ended.killed:
            assert ended.code == 0, ended.err
            break
        row.tried += 1
        assert state_of(victim.database) in between, f"killed at {call} {nth}: between two states"
        assert published(victim) in {published(place), published(undisturbed)} or step == "refresh"
        again(victim, *command)
        ends = state_of(victim.database)
        row.losses += missing(end, ends)
        assert ends == end, f"killed at {call} {nth}: the second run ends elsewhere"
    assert row.tried


def again(place: Place, *command: str) -> None:
    """Run a command once more. A person whom the first run erased is unknown to the second."""
    erased = "erase" in command and stored(place, "SELECT 1 FROM subscribers WHERE address IS NULL")
    place.here(*command, code=1 if erased else 0)


def published(place: Place) -> int:
    """How many entries visitors see."""
    if not state_of(place.database):
        return 0
    with copied(place.database) as connection:
        count: int = connection.execute("SELECT count(*) FROM entries WHERE updated_at IS NOT NULL").fetchone()[0]
    return count


def settle(place: Place, sink: Sink, row: Verdict) -> None:
    """Let the drain end after a kill: second copies are the same mail, counted, and few."""
    place.here("edition", "send", later=LATER)
    copies = sink.copies()
    row.tried += 1
    row.count(copies, PEOPLE)
    assert set(copies) == set(PEOPLE), "somebody got none"
    assert set(copies.values()) <= {1, 2}
    assert sink.differing() == []
    twice = [person for person, count in copies.items() if count > 1]
    assert len(twice) <= CONNECTIONS
    rows = place.rows()
    assert {state for state, _ in rows.values()} == {"accepted"}
    assert all(rows[person][1] > 1 for person in twice), "a second copy is not counted"
    assert sum(attempts - 1 for _, attempts in rows.values()) <= CONNECTIONS
    total = len(sink.taken)
    place.here("edition", "send")
    assert len(sink.taken) == total, "a third run sends again"


@each_way
@pytest.mark.parametrize("call", CALLS)
def test_a_kill_while_draining_costs_nobody_their_mail_and_few_a_second_copy(
    told: Place,
    sink: Sink,
    some: Callable[[int, str], Iterator[int]],
    verdict: Callable[[str], Verdict],
    call: str,
) -> None:
    row = verdict(f"kill -9 at the n-th {call}: draining to 50 people")
    last = told.occurrences(call, "edition", "send")
    for nth in some(last, call):
        sink.taken.clear()
        victim = told.copy("victim")
        ended = victim.run("edition", "send", traced_by=Injection(call, nth).tracer())
        if not ended.killed:
            assert nth > last // 2, "threads share the syncs as they like, but not like this"
            break
        settle(victim, sink, row)


MOMENTS = [moment for moment in Moment if moment not in {Moment.HELLO, Moment.SENDER}]


@each_way
@pytest.mark.parametrize("moment", MOMENTS, ids=[moment.value for moment in MOMENTS])
def test_a_kill_at_any_word_of_a_conversation_costs_nobody_their_mail(
    told: Place, sink: Sink, verdict: Callable[[str], Verdict], moment: Moment
) -> None:
    row = verdict(f"kill -9 at the server's {moment.value}: draining to 50 people")
    every = (1, 2, 3, 4) if moment is Moment.CONNECT else (1, 13, 26, 50)
    for nth in every if ALL else every[-2:-1]:
        sink.taken.clear()
        victim = told.copy("victim")
        assert drain_killed_at(victim, sink, moment, nth) == KILLED
        settle(victim, sink, row)


def drain_killed_at(place: Place, sink: Sink, moment: Moment, nth: int) -> int:
    """Drain, and kill the drain when the server reaches a step for the n-th time; how it ended."""
    count = itertools.count(1)

    def at(now: Moment, _recipient: str) -> None:
        if now is moment and next(count) == nth:
            process.kill()
            process.wait()

    sink.at = at
    process = place.start("edition", "send")
    code = process.wait(timeout=120)
    sink.at = lambda _moment, _recipient: None
    return code


def test_a_kill_while_mails_are_written_into_a_folder_costs_no_copy(
    told: Place, some: Callable[[int, str], Iterator[int]], verdict: Callable[[str], Verdict]
) -> None:
    row = verdict("kill -9 at the n-th fsync: draining to a maildir")
    told.env["DIGEST_MAIL_TRANSPORT"] = "maildir"
    last = told.occurrences("fsync", "edition", "send")
    for nth in some(last, "fsync"):
        victim = told.copy("victim")
        if not victim.run("edition", "send", traced_by=Injection("fsync", nth).tracer()).killed:
            assert nth > last // 2, "as above"
            break
        victim.here("edition", "send", later=LATER)
        row.tried += 1
        mails = [path.read_text("utf-8") for path in (victim.home / "mail" / "new").iterdir()]
        got = sorted(
            found.group(1) for mail in mails for found in re.finditer(r"^Delivered-To: (\S+)$", mail, re.MULTILINE)
        )
        row.count(Counter(got), PEOPLE)
        assert got == sorted(PEOPLE)
