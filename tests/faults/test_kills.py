"""The program is killed at every n-th moment at which it makes something durable, and started again.

What is stored is then a state that lies between two transactions, never within one; what the second run makes of it is
what one undisturbed run makes; and of an edition everybody has one copy, but for the mails that were between the
server's 250 and our commit.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import Article
from tests.faults.conftest import ALL, ARTICLES, PEOPLE
from tests.faults.places import KILLED, LATER, Injection, Place, leave_paths
from tests.faults.sink import Moment, Sink
from tests.faults.states import copied, state_of, watch_commits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.faults.verdicts import Verdict

pytestmark = pytest.mark.usefixtures("traced")

CALLS = ("fdatasync", "pwrite64") if ALL else ("fdatasync",)
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


def occurrences(place: Place, call: str, command: tuple[str, ...], some: Callable[[int], list[int]]) -> Iterator[int]:
    """The occurrences to try; where all are tried, on and on: the loop ends with the run that ends clean."""
    chosen = some(place.occurrences(call, *command))
    stride = 1 if call == CALLS[0] else 10  # there are hundreds of writes
    yield from chosen[::stride]
    if ALL:
        yield from itertools.count(chosen[-1] + 1, stride)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("step", STEPS)
def test_a_kill_leaves_the_state_before_or_after_a_transaction(
    place: Place,
    some: Callable[[int], list[int]],
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

    for nth in occurrences(place, call, command, some):
        victim = place.copy("victim")
        ended = victim.run(*command, before=Injection(call, nth).command())
        if not ended.killed:
            assert ended.code == 0, ended.err
            break
        row.tried += 1
        assert state_of(victim.database) in between, f"killed at {call} {nth}: between two states"
        assert published(victim) in {published(place), published(undisturbed)} or step == "refresh"
        again(victim, *command)
        assert state_of(victim.database) == end, f"killed at {call} {nth}: the second run ends elsewhere"
    assert row.tried


def again(place: Place, *command: str) -> None:
    """Run a command once more. Who was erased by the first run is unknown to the second."""
    erased = "erase" in command and stored(place, "SELECT 1 FROM subscribers WHERE address IS NULL")
    code = 1 if erased else 0
    if ALL:
        ended = place.run(*command)
        assert ended.code == code, ended.err
    else:
        place.here(*command, code=code)


def published(place: Place) -> int:
    """How many entries readers see."""
    if not state_of(place.database):
        return 0
    with copied(place.database) as connection:
        count: int = connection.execute("SELECT count(*) FROM entries WHERE updated_at IS NOT NULL").fetchone()[0]
    return count


def settled(place: Place, sink: Sink) -> int:
    """Let the drain end after a kill; how many second copies there are, which are the same mail, counted, and few."""
    place.good("edition", "send", before=LATER)
    copies = sink.copies()
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
    return len(twice)


@pytest.mark.parametrize("call", CALLS)
def test_a_kill_while_draining_costs_nobody_their_mail_and_few_a_second_copy(
    told: Place,
    sink: Sink,
    some: Callable[[int], list[int]],
    verdict: Callable[[str], Verdict],
    needs: Callable[[str], str],
    call: str,
) -> None:
    needs("faketime")
    row = verdict(f"kill -9 at the n-th {call}: draining to 50 people")
    last = told.occurrences(call, "edition", "send")
    for nth in some(last)[:: 1 if call == CALLS[0] else 10]:
        sink.taken.clear()
        victim = told.copy("victim")
        ended = victim.run("edition", "send", before=Injection(call, nth).command())
        if not ended.killed:
            assert nth > last // 2, "threads share the syncs as they like, but not like this"
            break
        row.tried += 1
        row.copies += settled(victim, sink)


MOMENTS = [Moment.CONNECT, Moment.RECIPIENT, Moment.DATA, Moment.CONTENT, Moment.STORED, Moment.ANSWERED]


@pytest.mark.parametrize("moment", MOMENTS, ids=[moment.value for moment in MOMENTS])
def test_a_kill_at_any_word_of_a_conversation_costs_nobody_their_mail(
    told: Place, sink: Sink, verdict: Callable[[str], Verdict], needs: Callable[[str], str], moment: Moment
) -> None:
    needs("faketime")
    row = verdict(f"kill -9 at the server's {moment.value}: draining to 50 people")
    every = (1, 2, 3, 4) if moment is Moment.CONNECT else (1, 13, 26, 50)
    for nth in every if ALL else every[-2:-1]:
        sink.taken.clear()
        victim = told.copy("victim")
        assert drain_killed_at(victim, sink, moment, nth) == KILLED
        row.tried += 1
        row.copies += settled(victim, sink)


def drain_killed_at(place: Place, sink: Sink, moment: Moment, nth: int) -> int:
    """Drain, and kill the drain when the server comes to a moment for the n-th time; how it ended."""
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
    told: Place, some: Callable[[int], list[int]], verdict: Callable[[str], Verdict], needs: Callable[[str], str]
) -> None:
    needs("faketime")
    row = verdict("kill -9 at the n-th fsync: draining to a maildir")
    told.env["DIGEST_MAIL_TRANSPORT"] = "maildir"
    last = told.occurrences("fsync", "edition", "send")
    for nth in some(last):
        victim = told.copy("victim")
        if not victim.run("edition", "send", before=Injection("fsync", nth).command()).killed:
            assert nth > last // 2, "as above"
            break
        victim.good("edition", "send", before=LATER)
        row.tried += 1
        mails = [path.read_text("utf-8") for path in (victim.home / "mail" / "new").iterdir()]
        got = sorted(
            found.group(1) for mail in mails for found in re.finditer(r"^Delivered-To: (\S+)$", mail, re.MULTILINE)
        )
        assert got == sorted(PEOPLE)


def test_who_was_told_that_they_left_has_left_whenever_the_service_is_killed(
    told: Place, verdict: Callable[[str], Verdict]
) -> None:
    row = verdict("kill -9 at the n-th fdatasync: starting, and people leaving")
    told.env["DIGEST_MAIL_TRANSPORT"] = "maildir"
    told.here("edition", "send")
    paths = leave_paths(told.database, 5)
    for nth in itertools.count(1, 1 if ALL else 2):
        victim = told.copy("victim")
        answered = asked_to_leave(victim, paths, Injection("fdatasync", nth))
        assert state_of(victim.database)
        left = {row[0] for row in stored(victim, "SELECT subscriber_id FROM subscriptions WHERE left_at NOT NULL")}
        assert set(answered) <= left, "somebody who was told so has not left"
        assert left - set(answered) <= set(list(paths)[len(answered) : len(answered) + 1]), "only who was at it"
        acts = [row[0] for row in stored(victim, "SELECT subscriber_id FROM consents WHERE act = 'left'")]
        assert sorted(acts) == sorted(left)
        if len(answered) == len(paths):
            break
        row.tried += 1
        assert nth < 100
    assert row.tried


def asked_to_leave(place: Place, paths: dict[int, str], injection: Injection) -> list[int]:
    """Who was told that they left, before the service died."""
    answered = []
    with place.serving(before=injection.command()) as service:
        for person, path in paths.items():
            status, _, _ = service.ask(path, post=True)
            assert status in {0, 200}
            if status == 0:
                break
            answered.append(person)
    return answered


def stored(place: Place, query: str) -> list[tuple[Any, ...]]:
    """What the database file holds, looked at from outside."""
    with copied(place.database) as connection:
        return list(connection.execute(query))
