"""Real processes around one database, a relay that they send to, and a helper that ends them."""

from __future__ import annotations

import asyncio
import email
import os
import re
import signal
import subprocess
import threading
import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiosmtpd.controller import Controller

from digest.errors import StoreError
from digest.model import DigestId, Format
from digest.store import open_store
from tests.forking import Digest
from tests.serving import free_port
from tests.waiting import lines

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[3]
STOP_SECONDS = 10.0  # what a container's engine gives a process
CONFIG = """
data_dir = "var"
base_url = "https://digest.example.org"
tick = "1s"
[[sources]]
id = "blog"
title = "山上"
path = "dumps"
every = "2s"
[[digests]]
id = "weekly"
title = "山上 每周摘要"
first = "now"
[mail]
transport = "smtp"
host = "127.0.0.1"
port = {port}
security = "none"
sender = "Digest <digest@example.org>"
connections = {connections}
batch = {batch}
lease = "10s"
{limits}
[web]
listen = "127.0.0.1:0"
[feed]
newest = 10
"""


class Relay:
    """A relay that takes everything, slowly; what it took by recipient."""

    def __init__(self, seconds: float) -> None:
        self.taken: dict[str, list[bytes]] = defaultdict(list)
        self.most = self._at_once = 0
        self._seconds, self._news = seconds, threading.Condition()
        self.port = free_port()
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port, enable_SMTPUTF8=True)
        self._controller.start()

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self._at_once += 1
        self.most = max(self.most, self._at_once)
        await asyncio.sleep(self._seconds)
        self._at_once -= 1
        with self._news:
            self.taken[envelope.rcpt_tos[0]].append(envelope.original_content)
            self._news.notify_all()
        return "250 2.0.0 taken"

    def wait_for(self, people: int, seconds: float = 60) -> None:
        """Until so many people got a mail."""
        with self._news:
            assert self._news.wait_for(lambda: len(self.taken) >= people, seconds), f"only {len(self.taken)}"

    def twice(self) -> list[str]:
        return [address for address, mails in self.taken.items() if len(mails) > 1]

    def ids(self, address: str) -> set[str | None]:
        return {email.message_from_bytes(mail)["Message-ID"] for mail in self.taken[address]}

    def stop(self) -> None:
        self._controller.stop()


class Fleet:
    """Processes of `digest run` in one folder, each of a role."""

    def __init__(
        self, home: Path, url: str, relay: Relay, *, connections: int = 2, batch: int = 20, limits: str = ""
    ) -> None:
        self.home, self.url, self.relay, self.connections = home, url, relay, connections
        (home / "dumps").mkdir(exist_ok=True)
        config = CONFIG.format(port=relay.port, connections=connections, batch=batch, limits=limits)
        (home / "digest.toml").write_text(config, "utf-8")
        self.store = open_store(url)
        self.running: list[subprocess.Popen[str]] = []
        self.addresses: dict[int, str] = {}

    def people(self, count: int) -> None:
        with self.store.write() as tx:
            for n in range(count):
                tx.subscribers.add(
                    f"p{n}@example.org",
                    name="",
                    language="zh_CN",
                    fmt=Format.BOTH,
                    now=_now(),
                    digests=[DigestId("weekly")],
                    source="operator",
                )

    def start(self, *roles: str) -> list[subprocess.Popen[str]]:
        """Start a process a role at once; they are returned when all say that they are ready."""
        started = [self._started(role) for role in roles]
        for process in started:
            for line in lines(process):
                if found := re.search(r"listens on (\S+)", line):
                    self.addresses[process.pid] = found[1]
                if "Ctrl-C" in line:
                    break
            else:
                raise AssertionError(self.logs())
        return started

    def _started(self, role: str) -> subprocess.Popen[str]:
        with (self.home / f"{role}-{len(self.running)}.log").open("w") as log:
            process = Digest(
                ["run", "--role", role, "--config", str(self.home / "digest.toml")],
                cwd=ROOT,
                env=os.environ | {"DIGEST_DATABASE_URL": self.url},
                stdout=subprocess.PIPE,
                stderr=log,
            )
        self.running.append(process)
        return process

    def kill(self, process: subprocess.Popen[str]) -> None:
        process.send_signal(signal.SIGKILL)
        process.wait()

    def stop(self) -> list[int]:
        """Stop all that live; how they ended, each in time whatever its role."""
        alive = [process for process in self.running if process.poll() is None]
        for process in alive:
            process.send_signal(signal.SIGTERM)
        end = time.monotonic() + STOP_SECONDS
        return [process.wait(timeout=max(0.0, end - time.monotonic())) for process in alive]

    def close(self) -> None:
        for process in self.running:
            if process.poll() is None:
                self.kill(process)
            assert process.stdout
            process.stdout.close()
        self.store.close()

    def until(self, true: Callable[[], bool], seconds: float = 60) -> None:
        """Ask the store again and again; a server that is away has no answer yet."""
        end, pause = time.monotonic() + seconds, threading.Event()
        while time.monotonic() < end:
            try:
                if true():
                    return
            except StoreError:
                pass
            pause.wait(0.1)
        raise AssertionError(f"{true.__name__} never came true\n{self.logs()}")

    def delivered(self) -> bool:
        """Whether an edition is made and nothing of it is open."""
        with self.store.read() as tx:
            return bool(tx.editions.editions()) and tx.deliveries.open() == 0

    def logs(self) -> str:
        return "\n".join(f"--- {file.name}\n{file.read_text()[-3000:]}" for file in self.home.glob("*.log"))


def _now() -> Any:
    from digest.app import clock  # noqa: PLC0415 - a scene, not a test

    return clock()
