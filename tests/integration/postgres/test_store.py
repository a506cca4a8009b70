"""What only a store on a server has to prove: its schema, its faults, many writers at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import event, inspect, text

from digest.checks import _store as checked
from digest.errors import StoreError
from digest.model import Content, DeliveryState, EditionKey, EntryId, SourceId
from digest.settings import Settings
from digest.store import is_made, open_store
from digest.store.database import engine as engines
from digest.store.database import schema
from digest.store.database.tables import metadata
from tests.contract.conftest import NOW, Hand
from tests.waiting import SECONDS, until

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from digest.store.transaction import Store
    from tests.postgres import Server

KEY = "weekly/2026-W11"
HOUR = timedelta(hours=1)


def described(connection: Connection) -> dict[str, set[str]]:
    """Columns, constraints and indexes, as the server itself writes them."""
    queries = {
        "columns": "SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' "
        "|| coalesce(collation_name, '') || ' ' || coalesce(column_default, '') "
        "FROM information_schema.columns WHERE table_schema = 'public'",
        "constraints": "SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) "
        "FROM pg_constraint WHERE connamespace = 'public'::regnamespace",
        "indexes": "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'",
    }
    ours = {name: {row[0] for row in connection.execute(text(query))} for name, query in queries.items()}
    others = ("procrastinate", "alembic_version")
    return {name: {line for line in lines if not any(o in line for o in others)} for name, lines in ours.items()}


def ours_alone(name: str | None, kind: str, _parents: object) -> bool:
    return kind != "table" or name is None or not name.startswith(("search_index", "procrastinate"))


def test_the_schema_by_migrations_is_that_of_the_tables(postgres: Server, url: str) -> None:
    engine, straight = engines.of_server(url, HOUR), engines.of_server(postgres.database(), HOUR)
    with engines.writing(engine).begin() as connection, engines.writing(straight).begin() as other:
        schema.migrate(connection, "here")
        metadata.create_all(other)
        assert described(connection) == described(other)
        assert any(" C" in line for line in described(connection)["columns"])
        context = MigrationContext.configure(connection, opts={"include_name": ours_alone})
        assert compare_metadata(context, metadata) == []
    engine.dispose()
    straight.dispose()


def test_the_tables_of_the_queue_are_made_with_ours(store: Store) -> None:
    with store.reading() as connection:
        assert "procrastinate_jobs" in inspect(connection).get_table_names()


def test_the_database_of_another_program_is_refused(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
    with pytest.raises(StoreError, match="another program's database"):
        open_store(url)


def test_a_check_makes_no_tables(url: str) -> None:
    assert checked(Settings(database_url=url)) == "answers; its tables will be created"
    assert not is_made(url)
    open_store(url).close()
    assert checked(Settings(database_url=url)) == "opens, with the newest schema"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("postgresql://digest:h1dd3n@127.0.0.1:1/digest", "the server does not answer: connection failed"),
        ("postgresql://digest:h1dd3n/x@127.0.0.1/digest", "database_url: cannot be read"),
        ("postgresql://digest:h1dd3n%zz@127.0.0.1/digest", "database_url: cannot be read"),
        ("postgresql://digest:h1dd3n@127.0.0.1:h1dd3n/digest", "database_url: cannot be read"),
    ],
)
def test_a_server_that_cannot_be_reached_is_named_without_the_password(wrong: str, said: str) -> None:
    with pytest.raises(StoreError, match=said) as failed:
        open_store(wrong)
    assert "h1dd3n" not in f"{failed.value}"


def test_a_database_that_is_not_there_is_named(postgres: Server) -> None:
    with pytest.raises(StoreError, match=r'database "nowhere" does not exist .*check that it runs, and database_url'):
        open_store(postgres.url("nowhere"))


def test_a_writer_that_waits_too_long_says_so_and_readers_go_on(store: Store) -> None:
    other = open_store(store._url, wait=timedelta(milliseconds=50))
    with store.write():
        with pytest.raises(StoreError, match=r"is in use by another .*try again"), other.write():
            pass
        with other.read() as tx:
            assert tx.readings.source(SourceId("blog")) is None
        with other.write(exclusive=False) as tx:
            tx.readings.register_source(SourceId("blog"), NOW)
    with other.write() as tx:
        assert tx.readings.source(SourceId("blog")) is not None
    other.close()


def test_a_writer_that_waited_for_its_turn_sees_what_was_written_before_it(store: Store) -> None:
    entered, seen = threading.Event(), []

    def wait() -> None:
        entered.set()
        with store.write() as tx:
            seen.append(tx.readings.source(SourceId("blog")))

    with ThreadPoolExecutor(1) as pool:
        with store.write() as tx:
            waiting = pool.submit(wait)
            assert entered.wait(SECONDS)
            tx.readings.register_source(SourceId("blog"), NOW)
        waiting.result(SECONDS)
    assert seen[0] is not None


def test_lost_connections_are_made_anew(store: Store) -> None:
    with store.write() as tx:
        tx.readings.register_source(SourceId("blog"), NOW)
    end = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid()"""
    with psycopg.connect(store._url) as connection:
        connection.execute(end)
    with store.read() as tx:
        assert tx.readings.source(SourceId("blog")) is not None
    with (  # noqa: PT012 - what came before the loss is the point
        psycopg.connect(store._url) as connection,
        pytest.raises(StoreError, match="the server does not answer"),
        store.write() as tx,
    ):
        tx.readings.refreshed(SourceId("blog"), NOW, "half done")
        connection.execute(end)
        tx.readings.refreshed(SourceId("blog"), NOW, "done")
    with store.read() as tx:
        state = tx.readings.source(SourceId("blog"))
    assert state is not None
    assert state.problem == ""


def test_what_is_committed_is_on_the_disk_whatever_the_servers_default(store: Store) -> None:
    with store.reading() as connection:
        assert connection.execute(text("SHOW synchronous_commit")).scalar_one() == "on"


def people(store: Store, count: int) -> Hand:
    hand = Hand(store)
    hand.read(hand.added("甲"))
    hand.edition(KEY, new=["甲"], to=[hand.subscriber(f"{n}@example.org") for n in range(count)])
    return hand


def test_drains_that_lease_at_the_same_time_take_different_deliveries_and_all_of_them(store: Store) -> None:
    people(store, 40)
    together = threading.Barrier(4)

    def take(_: int) -> list[int]:
        taken: list[int] = []
        together.wait(SECONDS)
        while True:
            with store.write(exclusive=False) as tx:
                leased = tx.deliveries.lease(NOW, NOW + HOUR, 3)
                taken += [one.subscriber.id for one in leased]
            if not leased:
                return taken

    with ThreadPoolExecutor(4) as pool:
        taken = [person for done in pool.map(take, range(4)) for person in done]
    assert sorted(taken) == sorted(set(taken))
    with store.write(exclusive=False) as tx:
        taken += [one.subscriber.id for one in tx.deliveries.lease(NOW, NOW + HOUR, 99)]
    assert len(taken) == 40


def test_a_lease_does_not_wait_for_another_that_is_not_committed(store: Store) -> None:
    people(store, 4)
    with store.write(exclusive=False) as one, store.write(exclusive=False) as other:
        first = one.deliveries.lease(NOW, NOW + HOUR, 3)
        second = other.deliveries.lease(NOW, NOW + HOUR, 3)
    assert (len(first), len(second)) == (3, 1)
    assert not {d.subscriber.id for d in first} & {d.subscriber.id for d in second}


def test_a_late_reply_leaves_nothing_about_a_person_who_is_erased_meanwhile(store: Store) -> None:
    """The two lock each other out: whichever is first, the address is gone in the end."""
    people(store, 1)
    with store.write(exclusive=False) as tx:
        (leased,) = tx.deliveries.lease(NOW, NOW + HOUR, 1)
        tx.deliveries.begin(leased.edition, leased.subscriber.id, leased.leased_until, NOW + HOUR, NOW)
    erasing = threading.Event()

    def erase() -> None:
        erasing.set()
        with store.write() as tx:
            tx.subscribers.erase(leased.subscriber.id, "hash", NOW)

    with ThreadPoolExecutor(1) as pool:
        with store.write(exclusive=False) as tx:
            tx.deliveries.record(
                leased.edition, leased.subscriber.id, DeliveryState.FAILED, now=NOW, text="no such <0@example.org>"
            )
            done = pool.submit(erase)
            assert erasing.wait(SECONDS)
        done.result(SECONDS)
    with store.read() as tx:
        assert [row.text for row in tx.deliveries.rows(EditionKey(KEY))] == [""]


def test_a_nul_is_no_fault_of_the_server(store: Store) -> None:
    with store.read() as tx:
        assert tx.entries.entry(EntryId("a\0b")) is None
        assert tx.subscribers.find("a\0@example.org") is None


def test_a_text_of_more_words_than_an_index_takes_is_stored_and_found_by_its_beginning(store: Store) -> None:
    hand = Hand(store)
    words = " ".join(f"word{n:08}" for n in range(120_000))
    change = hand.added("长")
    hand.read(type(change)(change.entry, 0, Content("标题", None, ("开头的话", words, "结尾之词"), ()), None))
    with store.read() as tx:
        assert [entry.id for entry in tx.entries.search("开头")] == ["长"]
        assert [entry.id for entry in tx.entries.search("word00000007")] == ["长"]
        assert [entry.id for entry in tx.entries.search("标题")] == ["长"]


def test_words_far_behind_in_a_text_are_found_as_they_stand(store: Store) -> None:
    hand = Hand(store)
    change = hand.added("长")
    hand.read(type(change)(change.entry, 0, Content("标题", None, ("的" * 20_000, "位置编码"), ()), None))
    with store.read() as tx:
        assert [entry.id for entry in tx.entries.search("位置编码")] == ["长"]
        assert tx.entries.search("编码位置") == []


def test_the_index_of_words_is_used(store: Store) -> None:
    hand = Hand(store)
    hand.read(*(hand.added(f"题{n}", n) for n in range(50)))
    asked = "EXPLAIN SELECT number FROM search_index WHERE words @@ '''题7'''::tsquery"
    with store.reading() as connection:
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        plan = "\n".join(row[0] for row in connection.execute(text(asked)))
    assert "ix_search_index_words" in plan


def test_a_change_of_what_is_published_is_heard(store: Store) -> None:
    other: Any = open_store(store._url)
    other.follow_published()
    hand = Hand(store)
    hand.read(hand.added("甲"))
    with store.read() as tx:
        newest = tx.entries.published_state()
    until(lambda: other._listening.known == newest, lambda: other._listening.known)
    asked: list[object] = []
    event.listen(other._engine, "begin", asked.append)
    assert other.published_state() == newest
    assert asked == []
    other.close()
    assert other.published_state() == newest
    assert len(asked) == 1
    other.close()
