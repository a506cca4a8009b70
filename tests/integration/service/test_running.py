"""`digest run` in this process: its life from start to signal, its ticks, its lock."""

from __future__ import annotations

import asyncio
import os
import signal
import smtplib
import socket
import threading
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from digest.app import exclusive_lock, opened
from digest.errors import ConfigurationError
from digest.running import Service
from digest.scheduler import Timer
from digest.service.bounces import messages
from digest.service.operating import alerts
from digest.settings import Settings, load

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable

    from tests.conftest import Article, Blog


@pytest.fixture
def settings(blog: Blog, article: type[Article], monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("DIGEST_WEB_LISTEN", "127.0.0.1:0")
    blog.search("page.txt", article("甲"), article("乙", (2026, 3, 15), ("另一段文字。",)))
    blog.write("broken.txt", "")
    config = blog.home / "digest.toml"
    config.write_text(config.read_text("utf-8").replace("[mail]", 'first = "now"\n[mail]'), "utf-8")
    blog.run("subscribers", "add", "ada@example.org")
    return load(config)


async def lived(settings: Settings, meanwhile: Callable[[Service], None]) -> None:
    """Run the service until its first pass is through, then do something in a thread, then send SIGTERM."""
    with opened(settings) as store:
        service = Service(settings, store)
        ready = asyncio.Event()
        running = asyncio.create_task(service.run(ready.set))
        await asyncio.wait_for(ready.wait(), 30)
        await asyncio.to_thread(meanwhile, service)
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(running, 30)


def test_the_service_reads_serves_mails_and_ends_on_a_signal(blog: Blog, settings: Settings) -> None:
    seen: dict[str, bytes] = {}

    def look(service: Service) -> None:
        for path in ("/", "/feed.atom", "/healthz", "/readyz"):
            with urllib.request.urlopen(service.address + path, timeout=10) as answer:
                seen[path] = answer.read()

    asyncio.run(lived(settings, look))
    assert "甲" in seen["/"].decode()
    assert seen["/feed.atom"] == blog.feed()
    assert len(blog.mails()) == 1

    asyncio.run(lived(settings, look))
    assert len(blog.mails()) == 1


def test_a_tick_that_fails_is_reported_and_the_service_lives_on(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("no such luck")

    monkeypatch.setattr("digest.service.editions.making.make_due", fail)
    asyncio.run(lived(settings, lambda service: None))

    assert "editions failed unexpectedly" in "".join(capfd.readouterr())


def test_a_busy_address_is_named_with_the_remedy(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, opened(settings) as store:
        web = settings.web.model_copy(update={"listen": f"127.0.0.1:{taken.getsockname()[1]}"})
        with pytest.raises(ConfigurationError, match="DIGEST_WEB_LISTEN"):
            Service(settings.model_copy(update={"web": web}), store)


def test_a_folder_is_used_by_one_service_at_a_time(blog: Blog) -> None:
    with (
        exclusive_lock(blog.home / "var"),
        pytest.raises(ConfigurationError, match="another `digest run`"),
        exclusive_lock(blog.home / "var"),
    ):
        pass
    with exclusive_lock(blog.home / "var"):
        pass


def test_ticks_call_again_and_again_and_stop() -> None:
    async def run() -> int:
        called = asyncio.Queue[int]()
        count = 0

        async def tick() -> None:
            nonlocal count
            count += 1
            await called.put(count)

        ticks = Timer()
        long_ago = datetime.now(UTC) - timedelta(minutes=1)
        ticks.add("one", timedelta(milliseconds=10), tick, first_at=long_ago)
        ticks.start()
        last = 0
        while last < 3:
            last = await asyncio.wait_for(called.get(), 10)
        ticks.stop()
        ticks.stop()
        return last

    assert asyncio.run(run()) == 3


def test_the_service_takes_bounces_and_reports_trouble(
    blog: Blog, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, read = threading.Event(), threading.Event()
    tell, read_all = alerts.send_due_notices, messages.read_mailboxes

    async def tell_and_say(*given: Any) -> list[str]:
        problems = await tell(*given)
        told.set()
        return problems

    def read_and_say(*given: Any) -> Counter[str]:
        handled = read_all(*given)
        read.set()
        return handled

    monkeypatch.setattr(alerts, "send_due_notices", tell_and_say)
    monkeypatch.setattr(messages, "read_mailboxes", read_and_say)
    known = settings.model_dump()
    ways = {"address": "bounces@digest.example.org", "listen": "127.0.0.1:0", "maildir": blog.home / "bounced"}
    wanted = known | {
        "bounces": known["bounces"] | ways,
        "alerts": known["alerts"] | {"mail": ("op@example.org",), "after": 1},
    }
    (blog.home / "bounced" / "new").mkdir(parents=True)
    (blog.home / "bounced" / "new" / "1").write_bytes(b"Subject: a letter\n\nhello\n")

    def look(service: Service) -> None:
        assert service._listener
        host, _, port = service._listener.address.rpartition(":")
        with smtplib.LMTP(host, int(port)) as server:
            server.sendmail("", ["bounces@digest.example.org"], b"Subject: a letter\r\n\r\nhello\r\n")
        assert told.wait(30)
        assert read.wait(30)

    asyncio.run(lived(Settings(**wanted), look))
    (state,) = blog.listed("status")
    assert state["ignored_mail"] == {"no token": 2}
    assert [alert["subject"] for alert in state["alerts"]] == ["source blog"]  # a file of it is broken
    assert [b"To: op@example.org" in mail for mail in blog.mails()].count(True) == 1


def test_a_busy_address_for_bounces_is_named(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, opened(settings) as store:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        ways = settings.bounces.model_copy(update={"address": "bounces@digest.example.org", "listen": listen})
        service = Service(settings.model_copy(update={"bounces": ways}), store)
        with pytest.raises(ConfigurationError, match=r"bounces\.listen"):
            asyncio.run(service.run(lambda: pytest.fail("it runs")))
