"""The turns of many sources in the service: one slow site delays nobody, one host has one request at a time."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING, Any

import pytest
import time_machine

from digest.app import clock as present
from digest.app import opened
from digest.running import Alone, Service
from digest.service.fetching.fetching import AT_ONCE, Collector, Fetches, fetch_all
from digest.settings import Settings, load
from tests.sites import NOW, Request, Site, response, sites

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.store.transaction import Store
    from tests.conftest import Article, Blog


@pytest.fixture
def many_sites() -> Iterator[list[Site]]:
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(sites()) for _ in range(6)]


def settings_of(blog: Blog, *urls: str, more: str = "") -> Settings:
    sources = "".join(
        f'[[sources]]\nid = "s{number}"\ntitle = "S"\nurl = "{url}"\nallow_private = true\nrobots = false\n'
        for number, url in enumerate(urls)
    )
    file = blog.home / "digest.toml"
    file.write_text(file.read_text("utf-8").replace("[[digests]]", f"{sources}{more}[[digests]]"), "utf-8")
    return load(file)


def silent(request: Request) -> None:
    request.closing.wait(60)


def read(store: Store) -> set[str]:
    """The sources over which a pass went."""
    with store.read() as tx:
        return {name for name, state in tx.readings.sources().items() if state.refreshed_at}


def test_a_site_that_does_not_answer_delays_nobody(blog: Blog, many_sites: list[Site], article: type[Article]) -> None:
    slow, *others = many_sites
    slow.pages["/page"] = silent
    for site in others:
        site.pages["/page"] = response(article("甲的题目").dateblock())
    blog.index("a.txt", article("乙的题目"))
    settings = settings_of(blog, *(f"{site.url}/page" for site in many_sites))

    async def course() -> None:
        with opened(settings) as store:
            service = Service(settings, store, process=Alone(serves=False))
            turns = {tick.source: asyncio.create_task(service.do(tick)) for tick in service.work.table() if tick.source}
            rest = [turn for source, turn in turns.items() if source != "s0"]
            await asyncio.wait_for(asyncio.gather(*rest), 60)
            assert read(store) == {"blog", "s1", "s2", "s3", "s4", "s5"}
            assert not turns["s0"].done()
            service.stop.set()
            await asyncio.wait_for(turns["s0"], 60)
            assert "s0" not in read(store)

    asyncio.run(course())


def test_sources_of_one_host_take_turns(blog: Blog, many_sites: list[Site], article: type[Article]) -> None:
    site = many_sites[0]
    pause = threading.Event()

    def answer(request: Request) -> None:
        pause.wait(0.01)
        request.send(response(article("甲的题目").dateblock()))

    site.pages |= {f"/{number}": answer for number in range(6)}
    settings = settings_of(blog, *(f"{site.url}/{number}" for number in range(6)))

    async def course() -> None:
        with opened(settings) as store:
            service = Service(settings, store, process=Alone(serves=False))
            await asyncio.gather(*(service.do(tick) for tick in service.work.table() if tick.name == "fetch"))
            assert {f"s{number}" for number in range(6)} <= read(store)

    asyncio.run(course())
    assert sorted(site.paths()) == [f"/{number}" for number in range(6)]
    assert site.busiest == 1


def test_turns_are_spread_and_a_start_fetches_a_few_in_each_second(blog: Blog) -> None:
    settings = settings_of(blog, *(f"http://127.0.{number}.1/" for number in range(200)))

    async def course() -> None:
        with opened(settings) as store:
            ticks = [
                tick
                for tick in Service(settings, store, process=Alone(serves=False)).work.table()
                if tick.name == "fetch"
            ]
        assert len({tick.lock for tick in ticks}) == 200
        assert len({tick.after for tick in ticks}) == 200
        soon = [tick.soon.total_seconds() for tick in ticks if tick.soon is not None]
        assert len(soon) == 200
        assert max(soon) <= 10
        assert sum(one < 5 for one in soon) == pytest.approx(100, abs=40)

    asyncio.run(course())


def test_a_command_fetches_from_many_hosts_at_once_and_from_each_in_turn(
    blog: Blog, many_sites: list[Site], article: type[Article]
) -> None:
    met = threading.Barrier(len(many_sites))

    def together(request: Request) -> None:
        met.wait(60)
        request.send(response(article("甲的题目").dateblock()))

    for site in many_sites:
        site.pages |= {"/a": together, "/b": response(article("乙的题目").dateblock())}
    urls = [f"{site.url}/{page}" for page in "ab" for site in many_sites]
    settings = settings_of(blog, *urls)
    assert len(many_sites) <= AT_ONCE
    names: list[str] = []
    with opened(settings) as store:
        fetched = [source for source in settings.sources if source.is_fetched]
        assert fetch_all(store, settings, fetched, present, progress=names.append) == Fetches(fetched=12)
    assert sorted(names) == sorted(urls)
    assert all(site.busiest == 1 for site in many_sites)


class OneAtATime:
    """A store that counts how many transactions are open at once."""

    def __init__(self, store: Store) -> None:
        self._store, self._lock, self.now, self.most = store, threading.Lock(), 0, 0

    def read(self) -> contextlib.AbstractContextManager[Any]:
        return self._counted(self._store.read())

    def write(self, *, exclusive: bool = True) -> contextlib.AbstractContextManager[Any]:
        return self._counted(self._store.write(exclusive=exclusive))

    @contextlib.contextmanager
    def _counted(self, transaction: contextlib.AbstractContextManager[Any]) -> Iterator[Any]:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
        try:
            with transaction as tx:
                yield tx
        finally:
            with self._lock:
                self.now -= 1


def test_fetches_of_many_hosts_do_not_wait_for_the_store_together(
    blog: Blog, many_sites: list[Site], article: type[Article]
) -> None:
    for site in many_sites:
        site.pages |= {f"/{number}": response(article(f"题目{number}").dateblock()) for number in range(3)}
    settings = settings_of(blog, *(f"{site.url}/{number}" for number in range(3) for site in many_sites))
    with opened(settings) as store:
        counting: Any = OneAtATime(store)
        done = fetch_all(counting, settings, settings.sources[1:], present, progress=lambda _: None)
        assert (done, counting.most) == (Fetches(fetched=18), 1)


# --- back-off and patience ----------------------------------------------------------------------


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(NOW, tick=False) as travelling:
        yield travelling


def test_a_failing_page_is_tried_less_often_and_at_once_by_the_operator(
    blog: Blog, many_sites: list[Site], clock: Any
) -> None:
    site = many_sites[0]
    settings = settings_of(blog, f"{site.url}/gone")
    source = settings.sources[1]
    with opened(settings) as store:
        collector = Collector(settings, present)
        tried = []
        for _ in range(12):
            tried.append(collector.fetch(store, source).failed)
            clock.shift(source.every)
        assert tried == [1, 1, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0]
        assert collector.fetch(store, source, at_once=True).failed == 1


def test_a_host_that_asks_for_a_pause_gets_it_from_all_sources(
    blog: Blog, many_sites: list[Site], article: type[Article], clock: Any
) -> None:
    site, other = many_sites[:2]
    site.pages["/a"] = response("", "429 Too Many Requests", retry_after="7200")
    site.pages["/b"] = other.pages["/c"] = response(article("甲的题目").dateblock())
    settings = settings_of(blog, f"{site.url}/a", f"{site.url}/b", f"{other.url}/c")
    _, first, second, elsewhere = settings.sources
    with opened(settings) as store:
        collector = Collector(settings, present)
        collector.fetch(store, second)
        clock.shift(second.every)
        assert collector.fetch(store, first).failed == 1
        for at_once in (False, True):
            assert collector.fetch(store, first, at_once=at_once).waiting == 1
            assert collector.fetch(store, second, at_once=at_once).waiting == 1
        assert collector.fetch(store, elsewhere).fetched == 1
        clock.shift(7200)
        assert collector.fetch(store, second).unchanged == 1


def test_nothing_is_stored_of_a_fetch_that_the_end_of_the_service_interrupts(
    blog: Blog, many_sites: list[Site]
) -> None:
    site = many_sites[0]
    stop = threading.Event()

    def end_it(request: Request) -> None:
        stop.set()
        silent(request)

    site.pages["/page"] = end_it
    settings = settings_of(blog, f"{site.url}/page")
    with opened(settings) as store:
        collector = Collector(settings, present, stopped=stop.is_set)
        assert collector.fetch(store, settings.sources[1]) == Fetches()
        with store.read() as tx:
            assert tx.fetches.all_states() == {}
