"""A running service among strangers: they may open every connection, and it still reads dumps."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.waiting import lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Article, Blog

DESCRIPTORS = 128
PATTERN = """
[[topics]]
id = "slow"
title = "慢"
patterns = ["(a+)+$", "(.*,)*(.*,)*x$"]
"""


@pytest.fixture
def service(blog: Blog, article: type[Article]) -> Iterator[subprocess.Popen[str]]:
    """`digest run` with few descriptors, a source that is read each second, and a topic that asks for much."""
    blog.search("page.txt", article("甲"))
    config = blog.home / "digest.toml"
    text = config.read_text("utf-8").replace('path = "dumps"', 'path = "dumps"\nevery = "1s"') + PATTERN
    config.write_text(text, "utf-8")
    with (blog.home / "log").open("w", encoding="utf-8") as log:
        running = subprocess.Popen(
            [sys.executable, "-m", "digest", "run", "--config", str(config)],
            env=os.environ | {"DIGEST_WEB_LISTEN": "127.0.0.1:0"},
            preexec_fn=_few,  # noqa: PLW1509 - there is no thread here
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    try:
        yield running
    finally:
        running.kill()
        running.wait()
        assert running.stdout
        running.stdout.close()


def _few() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))


def address(service: subprocess.Popen[str]) -> str:
    """Where it listens, when it is ready."""
    found = ""
    for line in lines(service):
        if "home page" in line:
            found = line.split()[-1]
        if "Ctrl-C" in line:
            return found
    pytest.fail(f"it ended early: {found}")


def test_dumps_are_read_while_strangers_hold_every_connection(
    service: subprocess.Popen[str], blog: Blog, article: type[Article]
) -> None:
    parts = urlsplit(address(service))
    with contextlib.ExitStack() as held:
        for _ in range(3 * DESCRIPTORS):
            held.enter_context(socket.create_connection((parts.hostname, parts.port), timeout=20))
        blog.search("other.txt", article("乙", (2026, 3, 15), ("另一段文字。",)))
        while "乙" not in blog.entries():
            assert service.poll() is None
            time.sleep(0.1)

    said = (blog.home / "log").read_text("utf-8")
    assert "connections refused" in said
    assert "Traceback" not in said
    assert "failed" not in said


def test_a_text_made_for_a_topics_pattern_holds_nothing_up(
    service: subprocess.Popen[str], blog: Blog, article: type[Article]
) -> None:
    home = address(service)
    text = "a" * 20_000 + "!" + "a," * 20_000
    blog.search("other.txt", article("乙", (2026, 3, 15), (text,)))
    while "乙" not in blog.entries():
        assert service.poll() is None
        time.sleep(0.1)
    with urllib.request.urlopen(f"{home}healthz", timeout=20) as answer:
        assert answer.read() == b"ok\n"
    service.send_signal(signal.SIGTERM)

    assert service.wait(timeout=30) == 0
