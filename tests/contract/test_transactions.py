"""One writer, many readers, all or nothing: the promises of `Store`."""

from __future__ import annotations

import contextlib
import multiprocessing
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, wait
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from digest.errors import StoreError
from digest.model import EntryId, SourceId
from digest.store import open_store
from tests.contract.conftest import DAY, NOW
from tests.waiting import SECONDS, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from digest.records.operating import Version
    from digest.store.transaction import Store
    from tests.contract.conftest import Hand

BLOG = SourceId("blog")


@pytest.fixture
def url(shared_url: str) -> str:
    return shared_url


@pytest.fixture
def on_disk(url: str) -> Iterator[Store]:
    opened = open_store(url)
    yield opened
    opened.close()


def test_an_exception_leaves_nothing_behind(store: Store, hand: Hand, now: datetime) -> None:
    hand.read(hand.added("甲"))
    with pytest.raises(LookupError, match="mine"), store.write() as tx:  # noqa: PT012 - what came before the exception is the point
        tx.readings.register_source(SourceId("other"), now)
        tx.readings.refreshed(BLOG, now, "half done")
        tx.readings.settle(BLOG, [EntryId("甲")], {}, now)
        raise LookupError("mine")
    with store.read() as tx:
        assert tx.readings.source(SourceId("other")) is None
        state = tx.readings.source(BLOG)
    assert state is not None
    assert (state.settled_at, state.problem) == (None, "")


def test_a_refused_statement_leaves_nothing_behind(store: Store, hand: Hand, now: datetime) -> None:
    with pytest.raises(StoreError):
        hand.read(hand.added("甲"), hand.added("甲"))
    with store.read() as tx:
        assert tx.readings.source(BLOG) is None


def test_a_read_transaction_is_refused_to_write(store: Store, now: datetime) -> None:
    with pytest.raises(StoreError, match="cannot be written"), store.read() as tx:
        tx.readings.register_source(BLOG, now)


def test_a_transaction_within_a_write_does_not_hang(store: Store, url: str) -> None:
    quick = open_store(url, wait=timedelta(0))
    for inner in (quick, open_store("sqlite://")):
        with pytest.raises(StoreError), inner.write(), inner.write():
            pass
        inner.close()


def test_writers_take_turns_and_none_is_lost(store: Store, now: datetime) -> None:
    with store.write() as tx:
        tx.readings.register_source(BLOG, now)
        tx.readings.refreshed(BLOG, now, "0")
    together = threading.Barrier(4)

    def count() -> None:
        together.wait(SECONDS)
        for _ in range(10):
            with store.write() as tx:
                state = tx.readings.source(BLOG)
                assert state is not None
                tx.readings.refreshed(BLOG, now, str(int(state.problem) + 1))

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(count) for _ in range(4)]:
            done.result(SECONDS)
    with store.read() as tx:
        state = tx.readings.source(BLOG)
    assert state is not None
    assert state.problem == "40"


def test_readers_and_writers_share_a_store(store: Store, hand: Hand) -> None:
    def read() -> int:
        with store.read() as tx:
            return len(tx.entries.newest())

    with ThreadPoolExecutor(8) as pool:
        reads = []
        for n in range(10):
            hand.read(hand.added(f"题{n}", n))
            reads += [pool.submit(read) for _ in range(4)]
        assert all(1 <= done.result(SECONDS) <= 10 for done in reads)
    assert read() == 10


def test_a_reader_sees_the_old_state_while_a_write_is_open(on_disk: Store, now: datetime) -> None:
    with on_disk.write() as writer:
        writer.readings.register_source(BLOG, now)
        with on_disk.read() as reader:
            assert reader.readings.source(BLOG) is None
    with on_disk.read() as reader:
        assert reader.readings.source(BLOG) is not None


def test_a_reader_keeps_its_state_while_others_write(on_disk: Store, now: datetime) -> None:
    with on_disk.read() as reader:
        assert reader.readings.source(BLOG) is None
        with on_disk.write() as writer:
            writer.readings.register_source(BLOG, now)
        assert reader.readings.source(BLOG) is None


def test_what_was_written_is_there_after_opening_again(url: str, now: datetime) -> None:
    first = open_store(url)
    with first.write() as tx:
        tx.readings.register_source(BLOG, now)
    secret = first.secret()
    first.close()
    again = open_store(url)
    with again.read() as tx:
        assert tx.readings.source(BLOG) is not None
    assert again.secret() == secret
    again.close()


def test_each_store_has_a_secret_of_its_own(store: Store, url: str) -> None:
    other = open_store(url)
    assert len(store.secret()) == 32
    assert store.secret() == store.secret() != other.secret()
    other.close()


def _opened(url: str) -> bytes:
    store = open_store(url)
    try:
        return store.secret()
    finally:
        store.close()


def test_many_who_open_a_new_store_at_once_make_one(url: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        secrets = {done.result(SECONDS) for done in [pool.submit(_opened, url) for _ in range(8)]}
    assert len(secrets) == 1


def test_many_processes_that_open_a_new_store_at_once_make_one(url: str) -> None:
    context = multiprocessing.get_context("forkserver")  # whose processes share what the first one loads
    context.set_forkserver_preload([__name__])
    with ProcessPoolExecutor(3, mp_context=context) as pool:
        secrets = set(pool.map(_opened, [url] * 6))
    assert len(secrets) == 1


def test_a_new_store_answers_its_check(store: Store) -> None:
    store.check()


def version_of(store: Store) -> Version:
    version = store.version()
    assert version
    return version


@pytest.mark.parametrize("name", ["", "/digest.db"])
def test_the_version_grows_with_each_commit_at_once(tmp_path: Path, now: datetime, name: str) -> None:
    with contextlib.closing(open_store(f"sqlite:///{tmp_path}{name}" if name else "sqlite://")) as store:
        seen = [version_of(store)]
        with store.write() as tx:
            tx.readings.register_source(SourceId("blog"), now)
            assert version_of(store).commits == seen[0].commits
        seen.append(version_of(store))
        with store.read() as tx:
            tx.readings.source(SourceId("blog"))
        assert version_of(store) == seen[1]
        assert seen[0].commits != seen[1].commits


def test_the_version_shows_what_another_process_wrote(tmp_path: Path, now: datetime) -> None:
    url = f"sqlite:///{tmp_path / 'digest.db'}"
    with contextlib.closing(open_store(url)) as one, contextlib.closing(open_store(url)) as other:
        before = version_of(one)
        with other.write() as tx:
            tx.readings.register_source(SourceId("blog"), now)
        until(lambda: version_of(one) != before, lambda: version_of(one))
        assert version_of(one).published == before.published


def test_a_store_on_a_server_says_no_version(url: str) -> None:
    with contextlib.closing(open_store(url)) as store:
        assert (store.version() is None) is url.startswith("postgres")


def test_two_processes_keep_the_order_of_a_webhooks_events(url: str) -> None:
    with contextlib.closing(open_store(url)) as store, contextlib.closing(open_store(url)) as other:
        with store.write() as tx:
            tx.webhooks.register("chat", NOW)
            for event in ("edition/1", "edition/2"):
                tx.webhooks.plan("chat", event, "edition.made", "{}", NOW)

        def second() -> object:
            with other.write(exclusive=False) as tx:
                return tx.webhooks.begin("chat", NOW, NOW + DAY)

        with ThreadPoolExecutor(1) as pool:
            with store.write(exclusive=False) as tx:
                assert tx.webhooks.begin("chat", NOW, NOW + DAY)
                waiting = pool.submit(second)
                wait([waiting], timeout=0.1)
            assert waiting.result() is None
