"""`python -m benchmarks.scale [--mails N] [--sources N]`: one PostgreSQL, 1, 2 and 4 workers; for docs/scale.md.

Real processes of `digest run --role …`, a server of its own, a relay that answers each message after 20 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from benchmarks.machine import described
from benchmarks.reckoning import MEASURED, PAGE, reckoned
from digest import logs
from digest.app import clock, run_pass
from digest.model import DigestId, Format
from digest.service.editions import digests, making
from digest.service.upkeep import retention
from digest.settings import Settings, load
from digest.store import open_store
from tests.postgres import Server, programs

ROOT = Path(__file__).resolve().parents[1]
WORKERS = (1, 2, 4)
RELAY_SECONDS = 0.02
_REQUESTS = 2_000
_WHOLE = 10  # from here on a figure is shown without decimals
_WAL = "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')"
_COMMITS = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
_SIZE = "SELECT pg_total_relation_size('{}')"
FACTS = {
    "n": "processors, for all processes together",
    "p": "deliveries planned a second, by the process that makes an edition",
    "w": "bytes of write-ahead log a mail",
    "t": "transactions a mail",
    "d": "bytes of a delivery, with its indexes",
    "c": "bytes of a reader count, with its indexes",
    "h": "reader counts thinned out a second",
    "k": "reader counts that stay of an entry's first year, four an hour",
    "g": "feed requests a second that a web process answers, unchanged since",
}
CONFIG = """
data_dir = "var"
base_url = "https://digest.example.org"
tick = "5s"
[[digests]]
id = "weekly"
title = "Weekly"
[mail]
transport = "smtp"
host = "127.0.0.1"
port = {port}
security = "none"
sender = "Digest <digest@example.org>"
connections = 20
batch = 500
[web]
listen = "127.0.0.1:{web}"
[log]
level = "warning"
"""
SOURCE = '[[sources]]\nid = "s{n}"\ntitle = "Source {n}"\npath = "dumps/{n}.txt"\nevery = "1d"\n'


class Relay:
    """Takes every message after 20 ms, in a loop and thread of its own."""

    def __init__(self) -> None:
        self.taken, self.first_at, self.last_at = 0, 0.0, 0.0
        self._loop = asyncio.new_event_loop()
        self._server = self._loop.run_until_complete(asyncio.start_server(self._session, "127.0.0.1", 0))
        self.port = self._server.sockets[0].getsockname()[1]
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 relay\r\n")
        try:
            while line := await reader.readline():
                word = line[:4].upper()
                if word == b"DATA":
                    writer.write(b"354 go on\r\n")
                    await reader.readuntil(b"\r\n.\r\n")
                    await asyncio.sleep(RELAY_SECONDS)
                    self.last_at = time.monotonic()
                    self.first_at = self.first_at or self.last_at
                    self.taken += 1
                writer.write(b"250-relay\r\n250 SMTPUTF8\r\n" if word == b"EHLO" else b"250 ok\r\n")
                if word == b"QUIT":
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        writer.close()


def started(home: Path, url: str, *roles: str) -> list[subprocess.Popen[bytes]]:
    """Processes of these roles."""
    command = [sys.executable, "-m", "digest", "run", "--config", str(home / "digest.toml"), "--role"]
    environment = os.environ | {"DIGEST_DATABASE_URL": url}
    with (home / "log").open("ab") as log:
        return [subprocess.Popen([*command, role], cwd=ROOT, env=environment, stdout=log, stderr=log) for role in roles]


def stopped(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.send_signal(signal.SIGTERM)
    for process in processes:
        process.wait(60)


def until(connection: psycopg.Connection[tuple[int]], query: str, wanted: int, seconds: float = 3600) -> None:
    end = time.monotonic() + seconds
    while connection.execute(query).fetchone() != (wanted,):  # type: ignore[arg-type] # our own words
        if time.monotonic() > end:
            raise TimeoutError(query)
        time.sleep(0.2)


def settings_of(home: Path, sources: int, port: int = 1, web: int = 0) -> Settings:
    """A configuration with so many sources, each with a dump."""
    (home / "dumps").mkdir()
    for n in range(sources):
        text = "".join(
            f"{day} Mar\n\nTitle {day} of {n}\n\nText {day} of {n}.\n\n点击阅读全文...\n\n" for day in (1, 2, 3)
        )
        (home / "dumps" / f"{n}.txt").write_text(text, "utf-8")
    config = CONFIG.format(port=port, web=web) + "".join(SOURCE.format(n=n) for n in range(sources))
    (home / "digest.toml").write_text(config, "utf-8")
    return load(home / "digest.toml")


def one(connection: psycopg.Connection[tuple[int]], query: str) -> float:
    row = connection.execute(query).fetchone()  # type: ignore[arg-type] # our own words
    assert row is not None  # noqa: S101 - a query for one row
    return float(row[0])


def mails_a_second(server: Server, workers: int, mails: int, facts: dict[str, float]) -> float:
    """Of one edition to so many people."""
    relay = Relay()
    with tempfile.TemporaryDirectory() as folder:
        home, url = Path(folder), server.database()
        settings = settings_of(home, 1, relay.port)
        store = open_store(url)
        run_pass(store, settings, settings.sources[0])
        _subscribe(url, mails)
        digests.register(store, settings.digests, clock())
        begun = time.monotonic()
        making.cut(store, settings, settings.digests[0], clock())
        facts["p"] = mails / (time.monotonic() - begun)
        store.close()
        processes = started(home, url, *["worker"] * workers, "scheduler")
        with psycopg.connect(url, autocommit=True) as connection:
            wal, done = one(connection, _WAL), one(connection, _COMMITS)
            until(connection, "SELECT count(*) FROM deliveries WHERE state = 'accepted'", mails)
            facts["w"] = (one(connection, _WAL) - wal) / mails
            facts["t"] = (one(connection, _COMMITS) - done) / mails
            facts["d"] = one(connection, _SIZE.format("deliveries")) / mails
        stopped(processes)
    if relay.taken != mails:
        raise AssertionError(f"{relay.taken} mails for {mails} people")
    return mails / (relay.last_at - relay.first_at)


def _subscribe(url: str, people: int) -> None:
    """One by the service, the others as copies of the row: adding people is not what is measured."""
    store = open_store(url)
    with store.write() as tx:
        tx.subscribers.add(
            "p0@example.org",
            name="",
            language="zh_CN",
            fmt=Format.BOTH,
            digests=[DigestId("weekly")],
            source="operator",
            now=clock(),
        )
    store.close()
    with psycopg.connect(url) as connection:
        for table, key in (("subscribers", "id"), ("subscriptions", "subscriber_id")):
            query = "SELECT column_name FROM information_schema.columns WHERE table_name = %s ORDER BY ordinal_position"
            names = [name for (name,) in connection.execute(query, (table,)).fetchall()]
            new = {key: "n", "address": "'p' || n || '@example.org'", "address_key": "'p' || n || '@example.org'"}
            values = ", ".join(new.get(name, name) for name in names)
            numbers = f"generate_series(2, {people}) n"
            connection.execute(f"INSERT INTO {table} ({', '.join(names)}) SELECT {values} FROM {table}, {numbers}")  # type: ignore[arg-type] # noqa: S608 - our own names


def sources_a_second(server: Server, workers: int, sources: int) -> tuple[float, float]:
    """Of the first reading, and of a reading that finds nothing changed."""
    with tempfile.TemporaryDirectory() as folder:
        home, url = Path(folder), server.database()
        settings_of(home, sources)
        open_store(url).close()
        rates = []
        for _ in ("first", "unchanged"):
            begun = datetime.now(UTC).isoformat()
            query = f"SELECT count(*) FROM sources WHERE refreshed_at > '{begun}'"  # noqa: S608 - our own
            processes = started(home, url, "scheduler", *["worker"] * workers)
            with psycopg.connect(url, autocommit=True) as connection:
                until(connection, query, sources)
                row = connection.execute(
                    "SELECT extract(epoch FROM max(refreshed_at) - min(refreshed_at)) FROM sources"
                )
                rates.append(sources / float(row.fetchone()[0]))  # type: ignore[index]
            stopped(processes)
    return rates[0], rates[1]


def counts(server: Server, facts: dict[str, float]) -> None:
    """Reader counts of a year, four an hour, of a few entries: what they take, and how long it takes to thin them."""
    entries = 5
    with tempfile.TemporaryDirectory() as folder:
        url = server.database()
        settings = settings_of(Path(folder), 2)
        store = open_store(url)
        for source in settings.sources:
            run_pass(store, settings, source)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("""
                INSERT INTO reader_counts (entry_id, counted_at, source, readers)
                SELECT id, moment, 's0', 7 FROM (SELECT id FROM entries ORDER BY id LIMIT 5) AS few,
                generate_series(now() - interval '365 days', now(), interval '15 minutes') AS times (moment)""")
            rows = one(connection, "SELECT count(*) FROM reader_counts")
            facts["c"] = one(connection, _SIZE.format("reader_counts")) / rows
            begun = time.monotonic()
            gone = retention.tidy(store, settings.retention, clock())["reader counts"]
            facts["h"] = gone / (time.monotonic() - begun)
            facts["k"] = (rows - gone) / entries
        store.close()


def feeds_a_second(server: Server) -> float:
    """Answers to who has the newest feed already, by one web process, asked by one who waits for each."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        home, url = Path(folder), server.database()
        settings = settings_of(home, 1, web=port)
        store = open_store(url)
        run_pass(store, settings, settings.sources[0])
        store.close()
        (web,) = started(home, url, "web")
        connection, known = http.client.HTTPConnection("127.0.0.1", port, timeout=60), {}
        while not known:
            connection.close()
            time.sleep(0.1)
            with contextlib.suppress(OSError):
                connection.request("GET", "/feed.atom")
                answer = connection.getresponse()
                answer.read()
                known = {"If-None-Match": answer.headers["ETag"]}
        begun = time.monotonic()
        for _ in range(_REQUESTS):
            connection.request("GET", "/feed.atom", headers=known)
            answer = connection.getresponse()
            answer.read()
            if answer.status != http.HTTPStatus.NOT_MODIFIED:
                raise AssertionError(answer.status)
        seconds = time.monotonic() - begun
        connection.close()
        stopped([web])
    return _REQUESTS / seconds


def main() -> None:
    """Measure and put the table into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mails", type=int, default=20_000)
    parser.add_argument("--sources", type=int, default=10_000)
    asked = parser.parse_args()
    found = programs()
    if found is None:
        raise SystemExit("PostgreSQL is not installed")
    server = Server(found, durable=True)
    rows, facts = [], dict[str, float](n=os.cpu_count() or 1)
    begun = time.monotonic()
    logs.configure("error", json_lines=False)
    try:
        counts(server, facts)
        facts["g"] = feeds_a_second(server)
        for workers in WORKERS:
            mails = mails_a_second(server, workers, asked.mails, facts) if asked.mails else 0.0
            first, again = sources_a_second(server, workers, asked.sources) if asked.sources else (0.0, 0.0)
            rows.append(f"| {workers} | {mails:.0f} | {first:.0f} | {again:.0f} |")
            print(rows[-1], flush=True)
    finally:
        server.remove()
    _write(rows, facts, f"{asked.mails:,} mails, {asked.sources:,} sources.", (time.monotonic() - begun) / 60)


def _write(rows: list[str], facts: dict[str, float], sizes: str, minutes: float) -> None:
    """Put the tables into the page, and reckon the rest of it anew from them."""
    here = described()
    told = f"{here['machine']}; {here['system']}; commit `{here['commit']}`, {datetime.now(UTC).date()}; "
    told += f"a load of {os.getloadavg()[1]:.1f}; {minutes:.0f} minutes; {sizes}"
    table = [
        MEASURED[0],
        told,
        "",
        "| workers | mails a second | sources a second, first | sources a second, unchanged |",
        "|---:|---:|---:|---:|",
        *rows,
        "",
        "Below, *m*, *f* and *u* are the columns' figures of one worker, *M*, *F* and *U* the largest.",
        "",
        "| | of one database | |",
        "|---|---|---:|",
        *(
            f"| `{letter}` | {FACTS[letter]} | {facts[letter]:,.{0 if facts[letter] > _WHOLE else 1}f} |"
            for letter in FACTS
        ),
        MEASURED[1],
    ]
    before, _, rest = PAGE.read_text("utf-8").partition(MEASURED[0])
    PAGE.write_text(reckoned(before + "\n".join(table) + rest.partition(MEASURED[1])[2]), "utf-8")


if __name__ == "__main__":
    main()
