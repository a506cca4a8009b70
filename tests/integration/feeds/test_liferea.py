"""Liferea subscribes and comes again. It shows a window, so it needs Xvfb, and a bus of its own to be talked to."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import quoteattr

from tests.integration.feeds.test_subscribing import TITLES, live
from tests.waiting import lines, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.integration.feeds.test_subscribing import Live

__all__ = ["live"]  # the fixture

KINDS = ("feed.atom", "feed.rss", "sources/blog/feed.atom")  # version 1.14 reads no JSON
REFRESH = [
    "--print-reply",
    "--dest=org.gnome.feed.Reader",
    "/org/gnome/feed/Reader",
    "org.gnome.feed.Reader.Refresh",
]
LIST = '<?xml version="1.0"?><opml version="1.0"><head><title>x</title></head><body>{}</body></opml>'


@contextlib.contextmanager
def started(*command: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """A program that runs meanwhile, with all that it starts."""
    process = subprocess.Popen(
        command,
        env={"PATH": os.environ["PATH"], **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)
        assert process.stdout
        process.stdout.close()


def test_liferea_shows_each_article_once(live: Live, needs: Callable[[str], str], tmp_path: Path) -> None:
    liferea, xvfb, bus, send = (needs(name) for name in ("liferea", "Xvfb", "dbus-daemon", "dbus-send"))
    home = tmp_path / "home"
    listed = home / ".config" / "liferea" / "feedlist.opml"
    listed.parent.mkdir(parents=True)
    urls = [f"{live.address}/{name}" for name in KINDS]
    outlines = (
        f"<outline type='rss' text={quoteattr(url)} id='feed{at}' xmlUrl={quoteattr(url)}/>"
        for at, url in enumerate(urls)
    )
    listed.write_text(LIST.format("".join(outlines)))
    database = home / ".local" / "share" / "liferea" / "liferea.db"

    def asked(statement: str) -> list[tuple[Any, ...]]:
        """What Liferea has stored so far; nothing before it has made its tables."""
        try:
            with contextlib.closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as db:
                return list(db.execute(statement))
        except sqlite3.OperationalError:
            return []

    def shown() -> list[tuple[Any, ...]]:
        return asked("SELECT node_id, count(*), count(DISTINCT source_id) FROM items GROUP BY node_id")

    with contextlib.ExitStack() as stack:
        screen = stack.enter_context(started(xvfb, "-displayfd", "1", "-screen", "0", "640x480x24", "-nolisten", "tcp"))
        display = f":{next(lines(screen)).strip()}"
        session = stack.enter_context(started(bus, "--session", "--nofork", "--print-address", HOME=str(home)))
        address = next(lines(session)).strip()
        seen = {
            "HOME": str(home),
            "XDG_RUNTIME_DIR": str(home),
            "DISPLAY": display,
            "DBUS_SESSION_BUS_ADDRESS": address,
            "GSETTINGS_BACKEND": "memory",
            "LC_ALL": "C.UTF-8",
        }

        def refreshed() -> bool:
            """Ask it to look at all feeds, as soon as it can be asked."""
            command, environment = [send, "--session", *REFRESH], {"PATH": os.environ["PATH"], **seen}
            return (
                subprocess.run(command, env=environment, check=False, capture_output=True, timeout=30).returncode == 0
            )

        with started(liferea, "--disable-plugins", f"--add-feed={live.address}/", **seen):
            each = (len(TITLES), len(TITLES))
            until(lambda: [row[1:] for row in shown()] == [each], shown)  # what was added; the listed ones wait
            until(refreshed)
            until(lambda: [row[1:] for row in shown()] == [each] * (len(urls) + 1), shown)
            until(lambda: listed.read_text().count("xmlUrl") == len(urls) + 1, listed.read_text)

        live.correct_and_remove()
        live.articles.insert(0, replace(live.articles[0], title="新来的一篇", body=("新来的文章写的是新的事情。",)))
        live.show()
        with started(liferea, "--disable-plugins", **seen):  # started anew, because it keeps to max-age
            until(refreshed)
            new = "SELECT DISTINCT node_id FROM items WHERE title = '新来的一篇'"
            until(lambda: len(asked(new)) == len(urls) + 1, lambda: asked(new))
            most = len(TITLES) + 1  # it keeps what was taken back
            assert all(row[1] == row[2] and row[1] <= most for row in shown())
