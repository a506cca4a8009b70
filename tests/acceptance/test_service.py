"""The real process: `digest run` from a configuration file, stopped and started as an operator does it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import feedparser
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder as `git clone` leaves it: the sample configuration and the sample dumps."""
    shutil.copytree(ROOT / "config", tmp_path / "config")
    return tmp_path


@pytest.fixture
def digest(home: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    def run(*arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "digest", *arguments],
            cwd=home,
            env=os.environ | {"DIGEST_WEB_LISTEN": "127.0.0.1:0"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == code, done.stderr
        return done

    return run


class Service:
    """A running `digest run`; `lines` is what it printed until it was ready."""

    def __init__(self, home: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "digest", "run"],
            cwd=home,
            env=os.environ | {"DIGEST_WEB_LISTEN": "127.0.0.1:0"},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.lines: list[str] = []
        assert self.process.stdout
        for line in self.process.stdout:
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
def running(home: Path) -> Iterator[Callable[[], Service]]:
    started: list[Service] = []

    def start() -> Service:
        started.append(Service(home))
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
    return {path.name for path in (home / "var" / "mail" / "new").glob("*")}


def test_a_newcomer_sees_feed_edition_and_mails_and_a_restart_tells_nothing(
    home: Path,
    digest: Callable[..., subprocess.CompletedProcess[str]],
    running: Callable[[], Service],
) -> None:
    digest("subscribers", "import", "config/samples/subscribers.csv")
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
    digest("subscribers", "import", "config/samples/subscribers.csv")
    second = running()
    assert fetched(second.where("feed")) == body
    assert mails(home) == told
    second.stop()


def test_a_second_service_on_the_same_folder_is_refused(
    digest: Callable[..., subprocess.CompletedProcess[str]], running: Callable[[], Service]
) -> None:
    service = running()
    assert "another `digest run`" in digest("run", code=2).stderr
    service.stop()
