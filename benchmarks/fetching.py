"""`python -m benchmarks.fetching [--sources N] [--every SECONDS] [--minutes M] [--slow N]`; for docs/scale.md.

Sites of their own on as many addresses of the loopback, a tenth of which change in each turn; some hosts accept a
connection and say nothing. Real processes of `digest run`: one with a file, then a scheduler and workers on PostgreSQL.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import multiprocessing
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.machine import described
from benchmarks.reckoning import PAGE
from benchmarks.scale import ROOT, started, stopped
from digest import logs
from digest.store import open_store
from tests.postgres import Server, programs

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

FETCHED = "<!-- fetched: begin -->", "<!-- fetched: end -->"
CONFIG = """
data_dir = "var"
base_url = "https://digest.example.org"
[[digests]]
id = "weekly"
title = "Weekly"
[mail]
path = "mail"
[web]
listen = "127.0.0.1:{web}"
[log]
level = "warning"
"""
SOURCE = """[[sources]]
id = "s{n}"
title = "Source {n}"
url = "http://{host}:{port}/index"
every = "{every}s"
timeout = "20s"
allow_private = true
"""
_TURN_CHANGES = 10  # each so many turns of a page, it shows one more entry
_TICKS = os.sysconf("SC_CLK_TCK")


class Figures(NamedTuple):
    """What one run shows: seconds and counts."""

    first: float  # until each page that answers was fetched once
    usual: float  # in 99 of 100 cases, at most so long passed between two fetches of one of these pages, afterwards
    longest: float  # ever
    busiest: int  # requests in one second, afterwards
    rate: float  # fetches a second, afterwards
    processor: float  # share of one processor that all processes of digest took, afterwards
    feed: float  # the median time of a feed request meanwhile, milliseconds
    status: float  # the time of `digest status`, seconds


def host(number: int) -> str:
    return f"127.{1 + number // 40000}.{number // 200 % 200}.{1 + number % 200}"


def serve(sources: int, slow: int, port: int, told: Connection) -> None:
    """Answer for all sites in a process of its own, and tell what was asked: pairs of a time and a number."""
    asked: list[tuple[float, int]] = []
    turns: Counter[int] = Counter()
    numbers = {host(number): number for number in range(sources)}

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = numbers[writer.get_extra_info("sockname")[0]]
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        except asyncio.IncompleteReadError:
            writer.close()
            return
        if head.startswith("GET /robots.txt"):
            writer.write(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        elif number < slow:
            await asyncio.sleep(3600)
        else:
            asked.append((time.time(), number))
            turns[number] += 1
            shown = 3 + (turns[number] + number) // _TURN_CHANGES
            tag = f'etag: "{shown}"\r\nconnection: close\r\n'
            if f'"{shown}"' in head:
                writer.write(f"HTTP/1.1 304 Not Modified\r\n{tag}\r\n".encode())
            else:
                body = page(number, shown).encode()
                writer.write(f"HTTP/1.1 200 OK\r\n{tag}content-length: {len(body)}\r\n\r\n".encode() + body)
        writer.close()

    async def course() -> None:
        server = await asyncio.start_server(answer, [host(number) for number in range(sources)], port, backlog=64)
        told.send("ready")
        while not await asyncio.to_thread(told.poll, 0.2):
            pass
        told.send(asked)
        server.close()
        os._exit(0)  # the silent connections have no other end

    asyncio.run(course())


def page(number: int, shown: int) -> str:
    parts = (
        f"{1 + day % 28} Mar\n\nTitle {day} of {number}\n\nText {day} of {number}.\n\n点击阅读全文...\n\n"
        for day in reversed(range(shown))
    )
    return "".join(parts)


def measured(sources: int, slow: int, every: int, minutes: float, url: str, roles: tuple[str, ...]) -> Figures:
    """Run these processes for so long."""
    port, web = free(), free()
    ours, theirs = multiprocessing.Pipe()
    serving = multiprocessing.get_context("spawn").Process(target=serve, args=(sources, slow, port, theirs))
    serving.start()
    if ours.recv() != "ready":
        raise AssertionError("the sites do not answer")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        config = CONFIG.format(web=web) + "".join(
            SOURCE.format(n=number, host=host(number), port=port, every=every) for number in range(sources)
        )
        (home / "digest.toml").write_text(config, "utf-8")
        if url:
            open_store(url).close()
        begun = time.time()
        processes = started(home, url, *roles) if url else [alone(home)]
        settled = begun + max(2 * every, 60)
        time.sleep(settled - time.time())
        used, times = processor(processes), []
        while time.time() < settled + minutes * 60:
            times.append(feed(web))
            time.sleep(0.5)
        seconds = time.time() - settled
        share = (processor(processes) - used) / seconds
        status = status_seconds(home, url)
        stopped(processes)
        log = (home / "log").read_text("utf-8")
        if "failed unexpectedly" in log:
            raise AssertionError(log[-3000:])
    ours.send("stop")
    asked: list[tuple[float, int]] = ours.recv()
    serving.join()
    return figures(asked, sources - slow, begun, settled, seconds, (share, statistics.median(times) * 1000, status))


def figures(
    asked: list[tuple[float, int]],
    healthy: int,
    begun: float,
    settled: float,
    seconds: float,
    rest: tuple[float, float, float],
) -> Figures:
    by_page: dict[int, list[float]] = defaultdict(list)
    for at, number in asked:
        by_page[number].append(at)
    if len(by_page) != healthy:
        raise AssertionError(f"{len(by_page)} of {healthy} pages were fetched")
    end = settled + seconds
    gaps = [
        later - sooner
        for times in by_page.values()
        for sooner, later in zip(times, [*times[1:], end], strict=True)
        if later >= settled
    ]
    late = [at for at, _ in asked if settled <= at <= end]
    a_second = Counter(int(at) for at in late)
    share, milliseconds, status = rest
    first = max(times[0] for times in by_page.values()) - begun
    usual = sorted(gaps)[len(gaps) * 99 // 100]
    return Figures(first, usual, max(gaps), max(a_second.values()), len(late) / seconds, share, milliseconds, status)


def alone(home: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "digest", "run", "--config", str(home / "digest.toml")]
    with (home / "log").open("ab") as log:
        return subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)


def status_seconds(home: Path, url: str) -> float:
    command = [sys.executable, "-m", "digest", "status", "--config", str(home / "digest.toml")]
    begun = time.monotonic()
    environment = os.environ | ({"DIGEST_DATABASE_URL": url} if url else {})
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, env=environment)
    return time.monotonic() - begun


def processor(processes: list[subprocess.Popen[bytes]]) -> float:
    """The seconds of a processor that they took so far."""
    total = 0
    for process in processes:
        fields = Path(f"/proc/{process.pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / _TICKS


def feed(port: int) -> float:
    begun = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/feed.atom")
    connection.getresponse().read()
    connection.close()
    return time.monotonic() - begun


def free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def main() -> None:
    """Measure and put the table into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", type=int, default=1_000)
    parser.add_argument("--slow", type=int, default=20)
    parser.add_argument("--every", type=int, default=60)
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--only", choices=("file", "postgresql"))
    parser.add_argument("--docs", action="store_true")
    asked = parser.parse_args()
    logs.configure("error", json_lines=False)
    sizes = asked.sources, asked.slow, asked.every, asked.minutes
    rows = []
    if asked.only != "postgresql":
        rows.append(row(f"{asked.sources:,}: one process, SQLite", measured(*sizes, "", ())))
    if asked.only != "file":
        found = programs()
        if found is None:
            raise SystemExit("PostgreSQL is not installed")
        server = Server(found, durable=True)
        try:
            for workers in (1, 2):
                roles = ("web", "scheduler", *["worker"] * workers)
                name = f"{asked.sources:,}: web, scheduler, {workers} × worker, PostgreSQL"
                rows.append(row(name, measured(*sizes, server.database(), roles)))
        finally:
            server.remove()
    if asked.docs:
        write(rows, *sizes)


def row(name: str, one: Figures) -> str:
    cells = (
        f"{one.first:.0f} s",
        f"{one.rate:.1f}",
        f"{one.usual:.0f} s",
        f"{one.longest:.0f} s",
        str(one.busiest),
        f"{one.processor:.2f}",
        f"{one.feed:.0f} ms",
        f"{one.status:.1f} s",
    )
    line = f"| {name} | {' | '.join(cells)} |"
    print(line, flush=True)
    return line


def write(rows: list[str], sources: int, slow: int, every: int, minutes: float) -> None:
    here = described()
    told = f"{here['machine']}; {here['system']}; commit `{here['commit']}`, {datetime.now(UTC).date()}; "
    told += f"a load of {os.getloadavg()[1]:.1f}; {sources:,} sources, {slow} of them silent, `every` {every} s, "
    told += f"{minutes:g} minutes each."
    table = [
        FETCHED[0],
        told,
        "",
        "| | all fetched once | fetches a second | gap, 99 % | longest | most a second | processors | feed | status |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
        *rows,
        FETCHED[1],
    ]
    before, _, rest = PAGE.read_text("utf-8").partition(FETCHED[0])
    PAGE.write_text(before + "\n".join(table) + rest.partition(FETCHED[1])[2], "utf-8")


if __name__ == "__main__":
    main()
