"""Somebody else holds the database, a second service starts, the clock jumps: nothing is half done or told twice."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
from typing import TYPE_CHECKING

from tests.conftest import Article
from tests.faults.conftest import ALL, PEOPLE
from tests.faults.places import leave_paths
from tests.faults.states import copied

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.places import Place
    from tests.faults.sink import Sink
    from tests.faults.verdicts import Verdict


def test_while_another_writer_holds_the_database_readers_read_and_a_leave_waits(
    told: Place, sink: Sink, verdict: Callable[[str], Verdict]
) -> None:
    row = verdict("database locked by another writer" + (" for 30 s and more" if ALL else ""))
    first, second = leave_paths(told.database, 2).values()
    with told.serving() as service, contextlib.closing(sqlite3.connect(told.database, isolation_level=None)) as other:
        assert sink.copies() == dict.fromkeys(PEOPLE, 1)
        other.execute("BEGIN IMMEDIATE")
        answers: list[int] = []
        leaving = threading.Thread(target=lambda: answers.append(service.ask(first, post=True)[0]))
        leaving.start()
        for path in ("/", "/feed.atom", "/feed.json", "/healthz", "/readyz", first):
            assert service.ask(path)[0] == 200, path
        assert answers == []
        if ALL:  # longer than a write waits
            status, headers, _ = service.ask(second, post=True, seconds=90)
            assert status == 503
            assert int(headers["retry-after"]) > 0
            leaving.join()
            assert answers == [503]
        other.execute("COMMIT")
        leaving.join()
        assert answers == [503 if ALL else 200]
        assert service.ask(first, post=True)[0] == 200
        service.stop()
    with copied(told.database) as connection:
        query = "SELECT count(*) FROM consents WHERE act = 'left'"
        assert connection.execute(query).fetchone() == (1,)
    row.tried += 1


def test_a_second_service_on_one_database_is_refused_whatever_its_folder(
    told: Place, sink: Sink, verdict: Callable[[str], Verdict]
) -> None:
    row = verdict("two services on one database")
    with told.serving():
        same = told.run("run", seconds=60)
        assert same.code == 2
        assert "another `digest run`" in same.err
        told.env |= {
            "DIGEST_DATA_DIR": str(told.home / "elsewhere"),
            "DIGEST_DATABASE_URL": f"sqlite:///{told.database}",
        }
        other = told.run("run", seconds=60)
        assert other.code == 2
        assert "another `digest run`" in other.err
    row.tried += 2
    assert sink.copies() == dict.fromkeys(PEOPLE, 1)


def test_no_leap_of_the_clock_tells_twice_or_skips(
    place: Place, sink: Sink, verdict: Callable[[str], Verdict], needs: Callable[[str], str]
) -> None:
    needs("faketime")
    row = verdict("clock: a week on, 8 days forward, back, three weeks down, in the real process")
    place.env |= {"DIGEST_MAIL_TRANSPORT": "smtp", "DIGEST_MAIL_HOST": "127.0.0.1"}
    place.env |= {"DIGEST_MAIL_PORT": str(sink.port), "DIGEST_MAIL_SECURITY": "none"}
    begun = "2026-11-17 12:00:00"  # a Tuesday; slots are Mondays at 08:00 in Shanghai
    place.good("refresh", before=("faketime", begun))
    place.good("subscribers", "add", PEOPLE[0], before=("faketime", begun))
    days = {
        "2026-11-18 12:00:00": (None, 0),
        "2026-11-23 02:00:00": ("待续之一", 1),  # the first slot has passed
        "2026-12-01 12:00:00": ("待续之二", 2),  # eight days forward
        "2026-11-22 12:00:00": ("待续之三", 2),  # and back
        "2026-12-07 12:00:00": (None, 3),
        "2026-12-28 12:00:00": ("待续之四", 4),  # three weeks down
        "2026-12-28 13:00:00": (None, 4),
    }
    for day, (title, mails) in days.items():
        if title:
            place.write(f"{title}.txt", [Article(title, (2026, 3, 20 + len(sink.taken)), (f"{title}的正文。",))])
        with place.serving(before=("faketime", "-f", f"@{day}")) as service:
            assert service.alive, service.said()
            service.stop()
        assert len(sink.taken) == mails, day
        row.tried += 1
    listed = [json.loads(line)["key"] for line in place.good("edition", "list", "--json").splitlines()]
    assert len(listed) == len(set(listed))
    with copied(place.database) as connection:
        told = [entry for (entry,) in connection.execute("SELECT entry_id FROM edition_entries WHERE section = 'new'")]
    assert len(told) == len(set(told))
    assert {one.message_id for one in sink.taken} == {taken.message_id for taken in sink.taken}
