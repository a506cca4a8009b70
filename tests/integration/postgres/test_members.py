"""Many processes on one database: one edition, nobody twice, nobody missed, whichever process dies meanwhile."""

from __future__ import annotations

import signal
import urllib.request
from typing import TYPE_CHECKING

import pytest

from digest.model import DeliveryState
from tests.integration.postgres.fleet import Fleet, Relay
from tests.postgres import Server, programs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import Article, Blog

PEOPLE = 400


@pytest.fixture
def relay() -> Iterator[Relay]:
    made = Relay(seconds=0.02)
    yield made
    made.stop()


@pytest.fixture
def lasting(needs: Callable[[str], str], postgres: Server) -> Iterator[Server]:
    """A server that keeps what is committed when it is ended at once."""
    found = programs()
    assert found
    server = Server(found, durable=True)
    yield server
    server.remove()


@pytest.fixture
def fleet(tmp_path: Path, lasting: Server, relay: Relay, article: type[Article]) -> Iterator[Fleet]:
    made = Fleet(tmp_path, lasting.database(), relay)
    (tmp_path / "dumps" / "a.txt").write_text(
        article("甲的题目").dateblock() + article("乙的题目").dateblock(), "utf-8"
    )
    yield made
    made.close()


def fetched(url: str) -> tuple[bytes, str]:
    with urllib.request.urlopen(url, timeout=20) as answer:
        return answer.read(), answer.headers["ETag"]


def test_whichever_process_is_killed_and_though_the_server_crashes_everybody_gets_one_mail(
    fleet: Fleet, lasting: Server, relay: Relay
) -> None:
    fleet.people(PEOPLE)
    first, _second, *workers = fleet.start("scheduler", "scheduler", *["worker"] * 4)
    relay.wait_for(PEOPLE // 8)
    fleet.kill(workers[0])
    fleet.kill(first)
    relay.wait_for(PEOPLE // 3)
    lasting.stop("immediate")
    lasting.start()
    relay.wait_for(PEOPLE // 2)
    fleet.kill(workers[1])
    fleet.until(fleet.delivered)

    with fleet.store.read() as tx:
        (made,) = tx.editions.editions()
    assert made.deliveries == {DeliveryState.ACCEPTED: PEOPLE}
    assert len(relay.taken) == PEOPLE
    twice = relay.twice()
    assert len(twice) <= 2 * fleet.connections  # of the two that were killed
    assert all(len(relay.taken[address]) == 2 and len(relay.ids(address)) == 1 for address in twice)
    assert fleet.stop() == [0, 0, 0]


def test_a_limit_of_a_domain_holds_for_all_workers_together(
    tmp_path: Path, lasting: Server, relay: Relay, article: type[Article]
) -> None:
    fleet = Fleet(tmp_path, lasting.database(), relay, batch=5, limits="per_domain = 1")
    (tmp_path / "dumps" / "a.txt").write_text(article("甲的题目").dateblock(), "utf-8")
    try:
        fleet.people(PEOPLE // 8)
        fleet.start("scheduler", "worker", "worker", "worker")
        relay.wait_for(PEOPLE // 8)
        fleet.until(fleet.delivered)
        assert relay.most == 1
        assert relay.twice() == []
        assert fleet.stop() == [0] * 4
    finally:
        fleet.close()


def test_each_process_of_several_reads_its_configuration_anew(
    fleet: Fleet, article: type[Article], tmp_path: Path
) -> None:
    running = fleet.start("scheduler", "worker", "web")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "b.txt").write_text(article("另一个题目").dateblock(), "utf-8")
    config = tmp_path / "digest.toml"
    more = '[[sources]]\nid = "more"\ntitle = "更多"\npath = "more"\nevery = "2s"\n[[digests]]'
    config.write_text(config.read_text("utf-8").replace("[[digests]]", more, 1), "utf-8")
    for process in running:
        process.send_signal(signal.SIGHUP)

    def known() -> bool:
        with fleet.store.read() as tx:
            return any("more" in entry.sources for entry in tx.entries.newest())

    fleet.until(known)
    assert fleet.stop() == [0, 0, 0]
    logs = [file.read_text("utf-8") for file in tmp_path.glob("*.log")]
    assert sum("reloaded  " in log for log in logs) == 3, logs
    assert not any("not reloaded" in log or "Traceback" in log for log in logs)


def test_two_web_processes_show_the_same_bytes_and_learn_of_a_change(
    fleet: Fleet, article: type[Article], tmp_path: Path
) -> None:
    one, other, _ = fleet.start("web", "web", "all")
    feeds = [f"{fleet.addresses[process.pid]}/feed.atom" for process in (one, other)]
    fleet.until(lambda: "甲的题目".encode() in fetched(feeds[0])[0])
    before = fetched(feeds[0])
    assert fetched(feeds[1]) == before
    (tmp_path / "dumps" / "b.txt").write_text(article("丙的题目").dateblock(), "utf-8")
    fleet.until(lambda: "丙的题目".encode() in fetched(feeds[1])[0])
    fleet.until(lambda: fetched(feeds[0]) == fetched(feeds[1]) != before)
    assert fleet.stop() == [0, 0, 0]


def test_a_file_is_for_one_process(blog: Blog) -> None:
    for role in ("web", "worker", "scheduler"):
        said = blog.run("run", "--role", role, code=2)
        assert f"an SQLite file is for one process only, so it cannot be used with --role {role}" in said
        assert "postgresql://" in said
    assert "is not a role" in blog.run("run", "--role", "boss", code=2)
