"""What monitors see of a whole service, and that one id is followed from a dump to a mail."""

from __future__ import annotations

import asyncio
import email
import http.client
import json
import os
import signal
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from starlette.requests import Request

from digest.app import opened, run_pass
from digest.errors import StoreError
from digest.model import DigestId, SourceId
from digest.running import Service
from digest.service.editions.making import make_due
from digest.service.intake.passes import trace
from digest.service.operating.health import Sending
from digest.service.operating.status import MonitoredState, monitored_state
from digest.settings import load
from digest.store import open_store
from digest.web.metrics import Metrics, from_this_machine
from tests.exposition import numbers
from tests.forking import run_digest

if TYPE_CHECKING:
    from collections.abc import Callable

    from digest.settings import Settings
    from tests.conftest import Article, Blog

ADDRESS = "ada.lovelace@example.org"
AT_ONCE = timedelta(0)


@pytest.fixture
def settings(blog: Blog, article: type[Article], monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name in ("LISTEN", "METRICS_LISTEN"):
        monkeypatch.setenv(f"DIGEST_WEB_{name}", "127.0.0.1:0")
    blog.search(
        "page.txt", article("甲"), article("乙", (2026, 3, 15), (r"一个画不出来的公式 $\frac{甲}{\foo{x}}$。",))
    )
    blog.write("broken.txt", "")
    config = blog.home / "digest.toml"
    config.write_text(config.read_text("utf-8").replace("[mail]", 'first = "now"\n[mail]'), "utf-8")
    blog.run("subscribers", "add", ADDRESS)
    return load(config)


async def lived(settings: Settings, meanwhile: Callable[[Service], None]) -> None:
    with opened(settings) as store:
        service = Service(settings, store)
        ready = asyncio.Event()
        running = asyncio.create_task(service.run(ready.set))
        await asyncio.wait_for(ready.wait(), 30)
        try:
            await asyncio.to_thread(meanwhile, service)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.wait_for(running, 30)


def fetched(url: str, **headers: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_a_service_has_its_console_on_a_listener_of_its_own(
    blog: Blog, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGEST_CONSOLE_ON", "true")
    monkeypatch.setenv("DIGEST_CONSOLE_LISTEN", "127.0.0.1:0")
    seen: list[int] = []

    def look(service: Service) -> None:
        for address in (service.console_address, service.address):
            seen.extend(fetched(f"{address}/{path}")[0] for path in ("console/login", "feed.atom"))
        assert service._console is not None
        renamed = load(blog.home / "digest.toml").model_copy(update={"title": "Another name"})
        service._console.following(renamed)()
        assert "Another name" in fetched(f"{service.console_address}/console/login")[1]

    asyncio.run(lived(load(blog.home / "digest.toml"), look))
    assert seen == [200, 404, 404, 200]


def test_a_service_shows_its_numbers_on_a_listener_of_its_own(blog: Blog, settings: Settings) -> None:
    seen: dict[str, Any] = {}

    def look(service: Service) -> None:
        feed = f"{service.address}/feed.atom"
        with urllib.request.urlopen(feed, timeout=10) as answer:
            etag = answer.headers["ETag"]
            answer.read()
        assert fetched(feed, **{"If-None-Match": etag})[0] == 304
        assert fetched(f"{service.address}/nothing")[0] == 404
        seen["public"] = fetched(f"{service.address}/metrics")[0]
        seen["own"] = fetched(f"{service.watch_address}/metrics")
        seen["health"] = [fetched(f"{service.watch_address}/{path}")[0] for path in ("healthz", "readyz")]
        seen["pages"] = fetched(f"{service.watch_address}/feed.atom")[0]

    asyncio.run(lived(settings, look))
    status, exposed = seen["own"]
    told = numbers(exposed)

    assert (seen["public"], status, seen["health"], seen["pages"]) == (404, 200, [200, 200], 404)
    assert told["digest_refreshes_total failed"] == told["digest_refresh_seconds_count"] == 1
    assert (told["digest_entries_total added"], told["digest_entries_total revised"]) == (2, 0)
    assert told["digest_requests_total made atom 200"] == told["digest_requests_total kept atom 304"] == 1
    assert told["digest_requests_total  page 404"] == 2
    assert told["digest_deliveries weekly none accepted"] == 1
    assert told["digest_dumps_troubled failed"] == told["digest_sources_failing"] == 1
    assert told["digest_edition_lag_seconds weekly"] == 0
    assert told["digest_sending ok"] == 1
    assert told["digest_formulas_undrawn"] == 1
    assert told["process_resident_memory_bytes"] > 0
    assert [secret for secret in (ADDRESS, "lovelace", "甲", "山上", str(blog.home)) if secret in exposed] == []


def test_answers_that_a_connection_gives_again_are_counted(settings: Settings) -> None:
    def look(service: Service) -> None:
        def told() -> list[float]:
            known = numbers(fetched(f"{service.watch_address}/metrics")[1])
            cases = ("made atom 200", "kept atom 200", "made atom 304", "kept atom 304")
            return [known.get(f"digest_requests_total {case}", 0) for case in cases]

        host = urlsplit(service.address)
        connection = http.client.HTTPConnection(host.hostname or "", host.port, timeout=10)  # one, which stays open

        def asked(**headers: str) -> tuple[int, str]:
            connection.request("GET", "/feed.atom", headers=headers)
            with connection.getresponse() as answer:
                answer.read()
                return answer.status, answer.headers["ETag"]

        status, etag = asked()
        assert (status, told()) == (200, [1, 0, 0, 0])
        assert [asked()[0] for _ in range(2)] == [200, 200]
        assert told() == [1, 2, 0, 0]
        assert [asked(**{"If-None-Match": etag})[0] for _ in range(3)] == [304] * 3
        assert told() == [1, 2, 0, 3]
        connection.close()

    asyncio.run(lived(settings, look))


def test_passes_and_what_they_change_are_counted(blog: Blog, article: type[Article]) -> None:
    settings = load(blog.home / "digest.toml")
    articles = [article(f"第{n}篇", (2026, 3, 10 - n), (f"第{n}篇的第一段,与别的都不相同。",)) for n in range(8)]
    pages = [articles[2:], [*articles[:1], *articles[4:]], articles[7:]]
    with opened(settings) as store:
        metrics = Metrics(store, settings, lambda: datetime.now(UTC))
        for page in pages:
            blog.search("page.txt", *page)
            metrics.refreshed(run_pass(store, settings, settings.sources[0]), 0.1)
        metrics.refreshed(None, 0.1)
        told = numbers(metrics.exposition("")[0].decode())

    ended = {name: told[f"digest_refreshes_total {name}"] for name in ("done", "held", "failed")}
    assert ended == {"done": 2, "held": 1, "failed": 1}
    changed = {name: told[f"digest_entries_total {name}"] for name in ("added", "revised", "vanished")}
    assert changed == {"added": 7, "revised": 0, "vanished": 2}
    assert told["digest_dumps_troubled held"] == told["digest_sources_failing"] == 1


def test_what_the_store_knows_is_the_same_in_another_process_and_after_a_restart(
    blog: Blog, settings: Settings
) -> None:
    asyncio.run(lived(settings, lambda _: None))

    def told() -> dict[str, float]:
        with opened(settings) as store:
            at = datetime(2026, 11, 21, tzinfo=UTC)
            return numbers(Metrics(store, settings, lambda: at).exposition("")[0].decode())

    first, second = told(), told()
    of_the_store = [name for name in first if not name.startswith("process_") and "_created" not in name]
    assert {name: first[name] for name in of_the_store} == {name: second[name] for name in of_the_store}
    assert first["digest_deliveries weekly none accepted"] == 1
    assert first["digest_queue_depth"] == 0


def test_a_store_that_fails_is_a_number_too(settings: Settings) -> None:
    metrics = Metrics(_Failing(), settings, lambda: datetime.now(UTC), fresh=AT_ONCE)  # type: ignore[arg-type] # a double
    told = numbers(metrics.exposition("")[0].decode())
    assert told["digest_store_up"] == 0
    assert "digest_queue_depth" not in told


class _Failing:
    """A store that does not answer."""

    def version(self) -> None:
        return None

    def read(self) -> Any:
        raise StoreError("gone")


@pytest.fixture
def stood(settings: Settings) -> Callable[[datetime], MonitoredState]:
    """The state at a time of a store whose digest was configured on a Monday at noon."""
    store = open_store("sqlite://")
    with store.write() as tx:
        tx.editions.register_digest(DigestId("weekly"), MONDAY)

    def at(now: datetime) -> MonitoredState:
        if now == MADE_AT:
            make_due(store, settings, now)
        return monitored_state(store, settings, now)

    return at


MONDAY = datetime(2026, 11, 16, 4, tzinfo=UTC)  # noon in Shanghai; the slot is at eight, UTC midnight
SLOT = datetime(2026, 11, 23, 0, tzinfo=UTC)
MADE_AT = SLOT + timedelta(hours=3)


def test_an_edition_lags_from_its_slot_until_it_is_made(stood: Callable[[datetime], MonitoredState]) -> None:
    def lag(now: datetime) -> timedelta:
        return stood(now).digests[0].lag

    second = timedelta(seconds=1)
    assert [lag(at) for at in (MONDAY + second, SLOT - second, SLOT, SLOT + 2 * second)] == [
        *[timedelta(0), timedelta(0), timedelta(0), 2 * second]
    ]
    assert lag(MADE_AT - second) == timedelta(hours=3) - second
    assert lag(MADE_AT) == timedelta(0)
    assert stood(MADE_AT + second).digests[0].made_at == MADE_AT


def test_a_source_without_a_pass_is_overdue(settings: Settings, stood: Callable[[datetime], MonitoredState]) -> None:
    assert stood(MONDAY).overdue == stood(MONDAY).sources == 1
    with opened(settings) as store:
        with store.write() as tx:
            tx.readings.register_source(SourceId("blog"), MONDAY)
            tx.readings.refreshed(SourceId("blog"), MONDAY, "")
        every = settings.sources[0].every
        late = [
            monitored_state(store, settings, MONDAY + 3 * every + extra).overdue for extra in (AT_ONCE, timedelta(0, 1))
        ]
        assert late == [0, 1]
        assert monitored_state(store, settings, MONDAY - every).oldest_refresh == timedelta(0)


def test_a_relay_in_trouble_takes_no_page_away_and_a_monitor_can_ask_for_all(settings: Settings) -> None:
    def look(service: Service) -> None:
        def ready() -> tuple[int, str, int]:
            status, body = fetched(f"{service.watch_address}/readyz")
            return status, json.loads(body)["mail"], fetched(f"{service.watch_address}/readyz?full")[0]

        now = datetime.now(UTC)
        assert ready() == (200, "ok", 200)
        with service.store.write() as tx:
            tx.deliveries.pause("connect: relay.example.org said no", now + timedelta(hours=1))
        assert ready() == (200, "paused", 503)
        assert "relay" not in fetched(f"{service.watch_address}/readyz")[1]
        with service.store.write() as tx:
            tx.deliveries.pause("connect: relay.example.org said no", now)
        assert ready() == (200, "troubled", 503)
        with service.store.write() as tx:
            tx.deliveries.resume()
        assert ready() == (200, Sending.OK, 200)
        with service.store.write() as tx:
            tx.backups.fence(now)
        assert ready() == (200, Sending.FENCED, 503)
        told = numbers(Metrics(service.store, settings, lambda: now).exposition("")[0].decode())
        assert [told[f"digest_sending {state}"] for state in Sending] == [0, 0, 0, 1]
        with service.store.write() as tx:
            tx.backups.lift()
        assert ready() == (200, Sending.OK, 200)

    asyncio.run(lived(settings, look))


@pytest.mark.parametrize(
    ("client", "headers", "base_url", "here"),
    [
        ("127.0.0.1", {}, "http://127.0.0.1:8080", True),
        ("::1", {}, "http://localhost:8080", True),
        ("192.0.2.1", {}, "http://127.0.0.1:8080", False),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, "http://127.0.0.1:8080", False),
        ("127.0.0.1", {"Via": "1.1 proxy"}, "http://127.0.0.1:8080", False),
        ("127.0.0.1", {}, "https://digest.example.org", False),  # a proxy that says nothing
        ("unix", {}, "http://127.0.0.1:8080", False),
    ],
)
def test_the_public_address_shows_numbers_only_to_this_machine(
    client: str, headers: dict[str, str], base_url: str, *, here: bool
) -> None:
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    assert from_this_machine(Request({"type": "http", "client": (client, 5), "headers": raw}), base_url) is here


class Log:
    """The JSON lines of a command run in a process of its own."""

    def __init__(self, blog: Blog, *command: str) -> None:
        env = os.environ | {"DIGEST_LOG_JSON_LINES": "true"}
        done = run_digest([*command, "--config", str(blog.home / "digest.toml")], env=env)
        done.check_returncode()
        self.text = done.stderr
        self.lines: list[dict[str, Any]] = [json.loads(line) for line in done.stderr.splitlines()]

    def of(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["event"] == event]


def test_one_id_is_followed_from_a_dump_to_the_mails(blog: Blog, article: type[Article]) -> None:
    for name in ("ada", "bob"):
        blog.run("subscribers", "add", f"{name}@example.org")
    blog.search("page.txt", article("甲"), article("乙", (2026, 3, 15), ("另一段文字。",)))
    read = Log(blog, "refresh")
    blog.search("second.txt", article("丙", (2026, 3, 16), ("第三段文字。",)))
    later = Log(blog, "refresh")
    made, sent = Log(blog, "edition", "cut"), Log(blog, "edition", "send")
    entry = blog.entries()["甲"]["id"]

    (shown,) = [line for line in read.of("entries") if entry in line["entries"]]
    followed = shown["trace"]
    assert (shown["change"], shown["dump"], shown["source"]) == ("added", "page.txt", "blog")
    (refreshed,) = read.of("refreshed")
    assert (refreshed["trace"], refreshed["added"]) == (followed, 2)
    (other,) = later.of("refreshed")
    assert other["trace"] > followed

    (edition,) = made.of("edition made")
    assert entry in edition["entries"]
    assert edition["traces"] == [followed, other["trace"]]
    mails = sent.of("mail")
    assert {line["edition"] for line in mails} == {edition["edition"]}
    assert all(followed in line["traces"] for line in mails)
    assert [line["state"] for line in mails] == ["accepted"] * 2 and edition["mails"] == 2  # noqa: PT018 - one fact
    ids = {email.message_from_bytes(raw)["Message-ID"] for raw in blog.mails()}
    assert {line["message_id"] for line in mails} == ids
    assert "ada@" not in sent.text
    assert {line["to"] for line in mails} == {"a***@e***.org", "b***@e***.org"}

    grepped = [line for log in (read, later, made, sent) for line in log.text.splitlines() if followed in line]
    assert [json.loads(line)["event"] for line in grepped] == [
        *["dump read", "entries", "refreshed", "edition made", "mail", "mail"]
    ]


def test_traces_sort_like_their_passes_and_name_one_each() -> None:
    start = datetime(2026, 11, 21, 9, 0, 0, 999_999, tzinfo=UTC)
    named = [trace(start + timedelta(microseconds=step)) for step in (0, 1, 2, 10**6, 10**12)]
    assert named == sorted(named)
    assert len(set(named)) == 5
    assert all(name.isalnum() and len(name) <= 11 for name in named)
