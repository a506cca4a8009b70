"""What the web server answers a second, beside nginx and beside the same bytes as files."""

from __future__ import annotations

import gzip
import re
import shutil
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING

from benchmarks import corpus
from benchmarks.machine import BUILD
from benchmarks.measure import SMALL, Clock, Row, times
from benchmarks.rate import p99
from benchmarks.site import empty_store, fetch, free_port, lean, nginx, read_all, running

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_SECONDS = 1 if SMALL else 3
_ROUNDS = 2 if SMALL else 3
_SERVER = (
    "import asyncio, sys\n"
    "from pathlib import Path\n"
    "from digest.app import clock, event_loop\n"
    "from digest.settings import load\n"
    "from digest.store import open_store\n"
    "from digest.web.serve import Server\n"
    "settings = load(Path(sys.argv[1]))\n"
    "with asyncio.Runner(loop_factory=event_loop) as runner:\n"
    "    runner.run(Server(settings, open_store(settings.database), clock).serve())\n"
)
_RATE = re.compile(r"Requests/sec:\s+([\d.]+)")
_REFUSED = re.compile(r"Non-2xx or 3xx responses: (\d+)")


def rows() -> Iterator[Row]:
    """Each against its reference by turns."""
    port, files_port, static_port = free_port(), free_port(), free_port()
    ours, files, static = (f"http://127.0.0.1:{one}" for one in (port, files_port, static_port))
    dumps = corpus.dumps(60_000, 2)[0].parent
    with empty_store("web", dumps, port) as (store, settings):
        read_all(store, settings)
        with store.read() as tx:
            entry = f"entries/{tx.entries.newest(limit=1)[0].id}"
        config = settings.data_dir.parent / "digest.toml"
        with running([sys.executable, "-c", _SERVER, config], f"{ours}/feed.atom"):
            folder = BUILD / "files"
            shutil.rmtree(folder, ignore_errors=True)
            (folder / "entries").mkdir(parents=True)
            feed = fetch(f"{ours}/feed.atom")
            (folder / "feed.atom").write_bytes(feed)
            (folder / "feed.atom.gz").write_bytes(gzip.compress(feed, 9, mtime=0))
            (folder / "index.html").write_bytes(fetch(f"{ours}/"))
            (folder / f"{entry}.html").write_bytes(fetch(f"{ours}/{entry}"))
            with nginx(folder, files_port), lean(folder, static_port):
                kind = f"feed of {len(feed) // 1000} KB"
                yield _row(f"{kind}, plain", "nginx", f"{ours}/feed.atom", f"{files}/feed.atom", (), (), 0.5)
                coded = ("-H", "Accept-Encoding: gzip")
                yield _row(f"{kind}, gzip", "nginx", f"{ours}/feed.atom", f"{files}/feed.atom", coded, coded, 0.28)
                mine, theirs = (("-H", f"If-None-Match: {_tag(f'{base}/feed.atom')}") for base in (ours, files))
                yield _row(f"{kind}, 304", "nginx", f"{ours}/feed.atom", f"{files}/feed.atom", mine, theirs, 0.28)
                yield _patience(kind, f"{ours}/feed.atom", f"{files}/feed.atom")
                file = "the same bytes as a file, the same server"
                yield _row("home page", file, f"{ours}/", f"{static}/", (), (), 0.5)
                yield _row("entry page", file, f"{ours}/{entry}", f"{static}/{entry}.html", (), (), 0.5)


def _row(
    name: str, against: str, url: str, other: str, headers: Sequence[str], others: Sequence[str], floor: float
) -> Row:
    rates = [0.0, 0.0]
    for _ in range(_ROUNDS):
        rates = [max(rates[0], _rate(url, headers)), max(rates[1], _rate(other, others))]
    return Row("web", name, against, *rates, "requests/s", rates[0] / rates[1], floor, at_most=False, clock=Clock.WALL)


def _patience(kind: str, url: str, other: str) -> Row:
    """What one in a hundred waits where so many ask each second, whether or not the last ones were answered."""
    waits = [float("inf")] * 2
    for _ in range(2 * _ROUNDS):  # short ones: whatever else runs for a while is charged to one in a hundred at once
        waits = [min(least, p99(one, 1000, 1)) for least, one in zip(waits, (url, other), strict=True)]
    return times("web", f"{kind}, p99 at 1,000 requests/s", "nginx", *waits, 3, clock=Clock.WALL)


def _rate(url: str, headers: Sequence[str]) -> float:
    said = subprocess.run(
        ["wrk", "-t1", "-c32", f"-d{_SECONDS}s", *headers, url], check=True, capture_output=True, text=True
    ).stdout
    if _REFUSED.search(said):
        raise RuntimeError(f"{url} is refused: {said}")
    return float(_RATE.findall(said)[0])


def _tag(url: str) -> str:
    with urllib.request.urlopen(url) as reply:
        return str(reply.headers["ETag"])
