"""A locked database, a second service, a clock that jumps: nothing is half done or announced twice."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tests.conftest import Article
from tests.faults.conftest import ALL, PEOPLE
from tests.faults.links import confirm_path, leave_paths, signed_form
from tests.faults.places import needs_faketime, stored
from tests.faults.states import copied
from tests.serving import free_port
from tests.waiting import SECONDS, ended

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.places import Place
    from tests.faults.sink import Sink
    from tests.faults.verdicts import Verdict

    Answered = tuple[int, dict[str, str], bytes]

CLIENTS, AT_ONCE = 200, 16


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
            ended(leaving)
            assert answers == [503]
        other.execute("COMMIT")
        ended(leaving)
        assert answers == [503 if ALL else 200]
        assert service.ask(first, post=True)[0] == 200
        service.stop()
    with copied(told.database) as connection:
        query = "SELECT count(*) FROM consents WHERE act = 'left'"
        (left,) = connection.execute(query).fetchone()
    row.tried += 1
    row.losses += 1 - left
    row.count(sink.copies(), PEOPLE)
    assert left == 1


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
    row.count(sink.copies(), PEOPLE)
    assert sink.copies() == dict.fromkeys(PEOPLE, 1)


def test_no_leap_of_the_clock_announces_twice_or_skips(
    place: Place, sink: Sink, verdict: Callable[[str], Verdict], needs: Callable[[str], str]
) -> None:
    needs_faketime(needs)
    row = verdict("clock: a week on, 8 days forward, back, three weeks down, in the real process")
    place.env |= {"DIGEST_MAIL_TRANSPORT": "smtp", "DIGEST_MAIL_HOST": "127.0.0.1"}
    place.env |= {"DIGEST_MAIL_PORT": str(sink.port), "DIGEST_MAIL_SECURITY": "none"}
    begun = "2026-11-17 12:00:00"  # a Tuesday; slots are Mondays at 08:00 in Shanghai
    place.good("refresh", before=("faketime", begun))
    place.good("subscribers", "add", PEOPLE[0], "--no-welcome", before=("faketime", begun))
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
    row.losses += len({f"待续之{number}" for number in "一二三四"} - titles_told(place))
    assert row.losses == 0
    listed = [json.loads(line)["key"] for line in place.good("edition", "list", "--json").splitlines()]
    assert len(listed) == len(set(listed))
    with copied(place.database) as connection:
        told = [entry for (entry,) in connection.execute("SELECT entry_id FROM edition_entries WHERE section = 'new'")]
    assert len(told) == len(set(told))
    row.copies += len(sink.taken) - len({one.message_id for one in sink.taken})
    assert row.copies == 0


def titles_told(place: Place) -> set[str]:
    """What editions announced as new."""
    query = "SELECT title FROM edition_entries JOIN revisions USING (entry_id) WHERE section = 'new'"
    return {title for (title,) in stored(place, query)}


def test_two_hundred_readers_see_one_feed_over_a_restart(
    told: Place, sink: Sink, verdict: Callable[[str], Verdict]
) -> None:
    row = verdict("a restart while 200 readers poll")
    told.env["DIGEST_WEB_LISTEN"] = f"127.0.0.1:{free_port()}"
    tags, bodies = [""] * CLIENTS, set[bytes]()
    statuses: list[list[int]] = [[] for _ in range(CLIENTS)]

    def poll(reader: int) -> int:
        known = {"If-None-Match": tags[reader]} if tags[reader] and reader % 4 else {}  # every fourth asks anew
        status, said, body = service.ask("/feed.atom", headers=known)
        statuses[reader].append(status)
        if status in {200, 304}:
            tags[reader] = said["etag"]
            assert tags[reader] == tags[0] or not tags[0]
        if status == 200:
            bodies.add(body)
        return status

    def go_on() -> None:
        while not over.is_set():
            list(pool.map(poll, range(CLIENTS)))
            over.wait(0.05)

    over = threading.Event()
    with ThreadPoolExecutor(AT_ONCE) as pool, contextlib.ExitStack() as stack:
        with told.serving() as service:
            assert {*pool.map(poll, range(CLIENTS))} == {200}
            polling = pool.submit(go_on)
            stack.callback(over.set)
            service.stop()
        with told.serving() as service:
            over.set()
            polling.result(SECONDS)
            assert {*pool.map(poll, range(CLIENTS))} == {200, 304}
            service.stop()
    seen = {status for each in statuses for status in each}
    assert seen == {0, 200, 304}, "refused, whole or unchanged"
    assert len(set(tags)) == 1
    assert len(bodies) == 1
    row.tried += CLIENTS
    row.count(sink.copies(), PEOPLE)


def test_under_a_lock_people_who_ask_or_confirm_are_asked_to_come_again_and_nothing_is_half_done(
    told: Place, verdict: Callable[[str], Verdict]
) -> None:
    row = verdict("database locked" + (" for 30 s and more" if ALL else "") + ": subscribing and confirming")
    told.env["DIGEST_MAIL_TRANSPORT"] = "maildir"
    asking, confirming = "asking@example.org", "confirming@example.org"
    told.env["DIGEST_SIGNUP_MX"] = "false"
    confirm, signed = confirm_path(told, confirming), signed_form(told)

    def asks() -> Answered:
        return service.ask("/subscribe", form={"address": asking, "digest": "weekly", "form": signed}, seconds=90)

    def confirms() -> Answered:
        return service.ask(confirm, post=True, seconds=90)

    def done() -> tuple[int, ...]:
        count = "SELECT count(*) FROM"
        queries = (
            f"{count} confirmations WHERE address = '{asking}'",
            f"{count} confirmations WHERE address = '{confirming}' AND done_at IS NOT NULL",
            f"{count} subscribers WHERE address = '{confirming}'",
            f"{count} subscriptions JOIN subscribers ON id = subscriber_id WHERE address = '{confirming}'",
            f"{count} consents c JOIN subscribers s ON s.id = c.subscriber_id WHERE address = '{confirming}'",
        )
        return tuple(stored(told, query)[0][0] for query in queries)

    with (
        told.serving() as service,
        contextlib.closing(sqlite3.connect(told.database, isolation_level=None)) as other,
        ThreadPoolExecutor(2) as both,
    ):
        other.execute("BEGIN IMMEDIATE")
        pressed = [both.submit(asks), both.submit(confirms)]
        for path in ("/subscribe", confirm, "/feed.atom", "/healthz"):
            assert service.ask(path)[0] == 200, path
        if ALL:  # longer than a write waits
            for status, headers, _ in (one.result(120) for one in pressed):
                assert status == 503
                assert int(headers["retry-after"]) > 0
            assert done() == (0,) * 5
        other.execute("COMMIT")
        assert [one.result(120)[0] for one in pressed] == [503 if ALL else 200] * 2
        if ALL:
            assert [asks()[0], confirms()[0]] == [200, 200], "pressed again"
        service.stop()
    row.tried += 2
    row.losses += done().count(0)
    assert done() == (1,) * 5
