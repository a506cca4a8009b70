"""An edition is being sent while people leave, are erased, or another process locks the database."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from typing import TYPE_CHECKING

import pytest

from tests.faults.conftest import ALL, PEOPLE
from tests.faults.links import leave_path
from tests.faults.places import LATER, stored
from tests.faults.sink import Moment

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.places import Place
    from tests.faults.sink import Sink
    from tests.faults.verdicts import Verdict

CONNECTIONS = 4
MIDDLE = 20  # so many mails are taken before somebody else takes the database
LONGER_THAN_A_WRITE_WAITS = 45.0
GOING = PEOPLE[-1]  # whose turn comes last
BY = ("leaves on a page", "is erased by a command")


@pytest.mark.parametrize("way", BY)
def test_a_person_who_goes_while_an_edition_is_sent_gets_no_mail_any_more(
    told: Place, sink: Sink, verdict: Callable[[str], Verdict], way: str
) -> None:
    row = verdict(f"somebody {way} while an edition is sent")
    ((person,),) = stored(told, f"SELECT id FROM subscribers WHERE address = '{GOING}'")  # noqa: S608 - an address of ours
    listening, one_at_a_time = threading.Event(), threading.Lock()
    answers: list[int] = []

    def go() -> int:
        if way == "leaves on a page":
            return service.ask(leave_path(told.database, person), post=True)[0]
        return told.run("subscribers", "erase", GOING, "--yes").code

    def at(moment: Moment, _recipient: str) -> None:
        if moment is Moment.DATA:
            with one_at_a_time:  # nobody's content is taken before
                if not answers:
                    assert listening.wait(60)
                    answers.append(go())

    sink.at = at
    with told.serving(ready="listens on") as service:
        listening.set()
        service.read_until("Ctrl-C")
        service.stop()
    assert answers == [200 if way == "leaves on a page" else 0]
    told.here("edition", "send", later=LATER)
    row.tried += 1
    row.count(sink.copies(), PEOPLE[:-1])
    assert sink.copies() == dict.fromkeys(PEOPLE[:-1], 1)
    if way == "leaves on a page":
        assert told.rows()[GOING] == ("suppressed", 0)
    else:
        assert GOING not in told.rows()


def test_a_lock_in_the_middle_of_a_drain_stops_it_until_the_database_is_free(
    told: Place, sink: Sink, verdict: Callable[[str], Verdict]
) -> None:
    row = verdict("database locked while an edition is sent" + (", for 45 s" if ALL else ""))
    locked = threading.Lock()
    with contextlib.closing(
        sqlite3.connect(told.database, isolation_level=None, check_same_thread=False, timeout=60)
    ) as other:

        def at(moment: Moment, _recipient: str) -> None:
            if moment is Moment.STORED and len(sink.taken) >= MIDDLE and locked.acquire(blocking=False):
                other.execute("BEGIN IMMEDIATE")
                threading.Timer(LONGER_THAN_A_WRITE_WAITS if ALL else 1.0, other.execute, ["COMMIT"]).start()

        sink.at = at
        ended = told.run("edition", "send")
        sent = len(sink.taken)
        with contextlib.suppress(sqlite3.OperationalError):
            other.execute("COMMIT")
    assert locked.locked(), "nothing was locked"
    assert (ended.code == 0) is (not ALL), ended.err
    if ALL:
        assert ended.err.startswith("digest: ")
        assert "Traceback" not in ended.err
        assert sent <= MIDDLE + 2 * CONNECTIONS, "mails went out whose answers could not be recorded"
    told.here("edition", "send", later=LATER)
    row.tried += 1
    copies = sink.copies()
    row.count(copies, PEOPLE)
    assert set(copies) == set(PEOPLE)
    assert set(copies.values()) <= {1, 2}
    assert row.copies <= (CONNECTIONS if ALL else 0)
    assert sink.differing() == []
