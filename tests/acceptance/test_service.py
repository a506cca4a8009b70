"""The real process: `digest run` from a configuration file, stopped and started as an operator does it."""

from __future__ import annotations

import email
import email.policy
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import feedparser
import pytest

from tests.forking import Digest, run_digest
from tests.waiting import ended, lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with the configuration and the dumps of the demo as its own: by its tag, it is a real installation."""
    shutil.copytree(ROOT / "config" / "demo", tmp_path / "config")
    config = tmp_path / "config" / "digest.toml"
    config.write_text(config.read_text("utf-8").replace("demo.invalid,2026", "digest.example.org,2026"), "utf-8")
    return tmp_path


@pytest.fixture
def digest(home: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    def run(*arguments: str, code: int = 0, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        done = run_digest(arguments, cwd=home, env=os.environ | {"DIGEST_WEB_LISTEN": "127.0.0.1:0"} | (env or {}))
        assert done.returncode == code, done.stderr
        return done

    return run


class Service:
    """A running `digest run`; `lines` is what it printed until it was ready."""

    def __init__(self, home: Path, *command: str, **env: str) -> None:
        self.process = Digest(
            command or ("run",),
            cwd=home,
            env=os.environ | {"DIGEST_WEB_LISTEN": "127.0.0.1:0"} | env,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.lines: list[str] = []
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        self.lines.clear()
        for line in lines(self.process):
            self.lines.append(line)
            if "Ctrl-C" in line:
                return
        pytest.fail(f"digest run ended early: {self.lines}")

    def where(self, what: str) -> str:
        found = re.search(rf"{what}\s+(\S+)", "".join(self.lines))
        assert found, self.lines
        return found.group(1)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=30) == 0
        assert self.process.stdout
        self.process.stdout.close()


@pytest.fixture
def running(home: Path) -> Iterator[Callable[..., Service]]:
    started: list[Service] = []

    def start(*command: str, **env: str) -> Service:
        started.append(Service(home, *command, **env))
        return started[-1]

    yield start
    for service in started:
        if service.process.poll() is None:
            service.process.kill()
            service.process.wait()
        if service.process.stdout:
            service.process.stdout.close()


def fetched(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=20) as answer:
        body: bytes = answer.read()
    return body


def mails(home: Path) -> set[str]:
    return {path.name for path in (home / "config" / "mail" / "new").glob("*")}


def test_a_newcomer_sees_feed_edition_and_mails_and_a_restart_announces_nothing(
    home: Path,
    digest: Callable[..., subprocess.CompletedProcess[str]],
    running: Callable[[], Service],
) -> None:
    digest("subscribers", "import", "config/subscribers.csv")
    first = running()
    body = fetched(first.where("feed"))
    feed = feedparser.parse(body)
    assert not feed.bozo
    assert len(feed.entries) == 8
    assert "只有一张照片的一天" in {entry.title for entry in feed.entries}
    assert "圆周率日" in fetched(first.where("newest edition")).decode()
    assert "纸上山河" in fetched(first.where("home page")).decode()
    assert len(mails(home)) == 3
    first.stop()

    told = mails(home)
    digest("subscribers", "import", "config/subscribers.csv")
    second = running()
    assert fetched(second.where("feed")) == body
    assert mails(home) == told
    second.stop()


def test_the_demo_says_so_and_touches_nothing_of_a_real_installation(
    home: Path, digest: Callable[..., subprocess.CompletedProcess[str]], running: Callable[..., Service]
) -> None:
    relay = {"TRANSPORT": "smtp", "HOST": "127.0.0.1", "PORT": "1", "SECURITY": "none"}
    real = {"DATABASE_URL": f"sqlite:///{home / 'real.db'}", "DATA_DIR": str(home / "real"), "TITLE": "Mine"}
    given = {f"DIGEST_MAIL_{name}": value for name, value in relay.items()}
    env = given | {f"DIGEST_{name}": value for name, value in real.items()}
    demo = running("demo", **env)
    assert "This is the demo" in demo.lines[0]
    assert Path(demo.where("mails")).resolve() == home / "var" / "demo" / "mail"
    feed = feedparser.parse(fetched(demo.where("feed")))
    assert len(feed.entries) == 8
    assert "演示" in feed.feed.title
    assert all(entry.id.startswith("tag:demo.invalid,") for entry in feed.entries)
    site = demo.where("home page")
    entry, edition = (urlsplit(link).path for link in (feed.entries[0].link, demo.where("newest edition")))
    for path in ("", "about", "subscribe", "search?q=a", entry[1:], edition[1:], "feed.rss", "feed.json"):
        assert "演示 demo" in fetched(f"{site}{path}").decode(), path
    demo.stop()
    sent = [path.read_bytes() for path in (home / "var" / "demo" / "mail" / "new").iterdir()]
    assert len(sent) == 3
    for raw in sent:
        mail = email.message_from_bytes(raw, policy=email.policy.default)
        assert "demo" in mail["From"]
        assert "演示 demo" in mail["Subject"]
    assert {path.name for path in home.iterdir()} == {"config", "var"}
    assert not (home / "config" / "digest.db").exists()

    for command in (["refresh"], ["subscribers", "add", "ada@example.org"], ["edition", "cut"], ["edition", "send"]):
        done = digest(*command, "--config", "var/demo/digest.toml", env=env)
        assert str(home / "real") not in done.stdout + done.stderr
    assert not (home / "real").exists()
    assert not (home / "real.db").exists()

    (home / "var" / "demo" / "digest.toml").write_text("# mine\n", "utf-8")
    assert "your own configuration" in digest("demo", code=2).stderr


def test_without_a_dump_the_demo_runs_until_the_first_one(home: Path, running: Callable[..., Service]) -> None:
    config = home / "config" / "digest.toml"
    config.write_text(config.read_text("utf-8").replace("samples/*.txt", "own").replace("演示", "真的"), "utf-8")
    service = running("run", "--demo-without-dumps")
    assert "This is the demo" in service.lines[0]
    assert Path(service.where("mails")).resolve() == home / "config" / "demo" / "mail"
    demo = feedparser.parse(fetched(service.where("feed")))
    assert "演示" in demo.feed.title
    assert len(demo.entries) == 8
    assert not (home / "config" / "digest.db").exists()

    (home / "config" / "own").mkdir()
    shutil.copyfile(home / "config" / "samples" / "index.txt", home / "config" / "own" / "page.txt")
    service.wait_until_ready()
    assert "the demo ends" in service.lines[0]
    real = feedparser.parse(fetched(service.where("feed")))
    assert "真的" in real.feed.title
    assert len(real.entries) == 4
    assert (home / "config" / "digest.db").exists()
    service.stop()


@pytest.mark.parametrize("real", ["a public address", "a state"])
def test_the_demo_never_takes_the_place_of_a_real_installation(
    home: Path,
    digest: Callable[..., subprocess.CompletedProcess[str]],
    running: Callable[..., Service],
    real: str,
) -> None:
    config = home / "config" / "digest.toml"
    config.write_text(config.read_text("utf-8").replace("samples/*.txt", "unmounted"), "utf-8")
    if real == "a state":
        digest("subscribers", "add", "ada@example.org")
    env = {"DIGEST_BASE_URL": "https://digest.example.org"} if real == "a public address" else {}
    service = running("run", "--demo-without-dumps", **env)
    assert "This is the demo" not in "".join(service.lines)
    assert not feedparser.parse(fetched(service.where("feed"))).entries
    assert not (home / "config" / "demo").exists()
    service.stop()


def test_a_second_service_on_the_same_folder_is_refused(
    digest: Callable[..., subprocess.CompletedProcess[str]], running: Callable[[], Service]
) -> None:
    service = running()
    assert "another `digest run`" in digest("run", code=2).stderr
    service.stop()


def test_a_relay_that_never_answers_does_not_keep_the_service_from_ending(
    home: Path, digest: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    digest("subscribers", "add", "ada@example.org")
    digest("refresh")
    reached = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as relay:
        thread = threading.Thread(target=stalled, args=(relay, reached))
        thread.start()
        settings = {"TRANSPORT": "smtp", "HOST": "127.0.0.1", "PORT": str(relay.getsockname()[1]), "SECURITY": "none"}
        process = Digest(
            ["run"],
            cwd=home,
            env=os.environ
            | {"DIGEST_WEB_LISTEN": "127.0.0.1:0"}
            | {f"DIGEST_MAIL_{name}": value for name, value in settings.items()},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        try:
            assert reached.wait(60)
            asked_at = time.monotonic()
            process.send_signal(signal.SIGTERM)
            _, said = process.communicate(timeout=30)
        finally:
            process.kill()
            process.communicate()
            ended(thread)

    assert time.monotonic() - asked_at < 10
    assert process.returncode == 1
    assert "stopped with work in progress" in said
    (edition,) = digest("edition", "list", "--json").stdout.splitlines()
    assert json.loads(edition)["deliveries"]["leased"] == 1


def stalled(relay: socket.socket, reached: threading.Event) -> None:
    """Take one message on one connection, and never say what became of it."""
    connection, _ = relay.accept()
    with connection, connection.makefile("rwb") as line:
        line.write(b"220 slow\r\n")
        line.flush()
        for command in line:
            line.write(b"354 go on\r\n" if command.upper().startswith(b"DATA") else b"250 ok\r\n")
            line.flush()
            if command.upper().startswith(b"DATA"):
                reached.set()
                while connection.recv(65536):
                    pass
                return


def test_the_units_commands_start_the_service_while_the_relay_is_down_and_a_dump_cannot_be_read(
    home: Path, digest: Callable[..., subprocess.CompletedProcess[str]], running: Callable[..., Service]
) -> None:
    config = home / "config" / "digest.toml"
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        relay = f'transport = "smtp"\nhost = "127.0.0.1"\nport = {nobody.getsockname()[1]}\nsecurity = "none"'
        text = config.read_text("utf-8").replace('transport = "maildir"\npath = "mail"', relay)
        config.write_text(text.replace("http://127.0.0.1:8080", "https://digest.example.org"), "utf-8")
        (home / "config" / "samples" / "broken.txt").write_bytes(b"\x00\x01\x02\x03" * 100)
        digest("subscribers", "add", "ada@example.org")

        unit = (ROOT / "config" / "digest.service").read_text("utf-8")
        for command in re.findall(r"^ExecStartPre=\S+/digest (.+)$", unit, re.MULTILINE):
            digest(*command.split())
        (command,) = re.findall(r"^ExecStart=\S+/digest (.+)$", unit, re.MULTILINE)
        service = running(*command.split())
        site = service.where("home page").rstrip("/")
        assert fetched(f"{site}/healthz") == b"ok\n"
        assert json.loads(fetched(f"{site}/readyz"))["ready"] is True
        said = digest("check")
        assert "warn  mail: connect" in said.stdout
        assert "warn  source samples: broken.txt" in said.stdout
        digest("check", "--strict", code=1)
        service.stop()
