"""What people would use instead, on the same work: rss2email, reader, and feedgen with EmailMessage and dkimpy.

Where they do less than we do, it is said in docs/performance.md; what only its makers measured is quoted there.
"""

from __future__ import annotations

import asyncio
import configparser
import os
import resource
import shutil
import subprocess
import sys
import time
import warnings
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from benchmarks import corpus, edition, usual_mail
from benchmarks.feeds import feed_entries, feedgen_of
from benchmarks.machine import BUILD, ROOT
from benchmarks.measure import Row, small, speed
from benchmarks.postfix import sink
from benchmarks.refresh import timed_calls
from benchmarks.site import COMPILED, empty_store, free_port, nginx, read_all
from digest.feeds.atom import atom
from digest.feeds.values import FeedFacts
from digest.model import DigestId, Format
from digest.service.editions import digests
from digest.service.publishing import feeds
from digest.settings import load
from digest.store import open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_FOLDER = BUILD / "peers"
_MAILS = small(1_000, 200)
_FEEDS, _EACH = small(1_000, 100), 8
_CONNECTIONS = 16
_NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
_ROUNDS = 2
_SEND = """
import asyncio, sys
from datetime import UTC, datetime
from pathlib import Path
from digest import logs
from digest.service.editions import making
from digest.service.mailing.drain.delivery import drain
from digest.service.intake.refresh import refresh
from digest.settings import load
from digest.store import open_store
logs.configure("error", json_lines=False)
settings, now = load(Path(sys.argv[1])), lambda: datetime.now(UTC)
store = open_store(settings.database)
refresh(store, settings, settings.sources[0], now=now())
making.cut(store, settings, settings.digests[0], now())
sent = asyncio.run(drain(store, settings, now)).counts()
store.close()
sys.exit(sent["accepted"] != int(sys.argv[2]))
"""


def rows() -> Iterator[Row]:
    """Mails out, then feeds in; whole programs against whole programs, by what they take of the processor."""
    shutil.rmtree(_FOLDER, ignore_errors=True)
    with sink() as port:
        yield _ahead(
            f"plain mails, {_MAILS:,}", "rss2email, a mail an entry", _MAILS, "mails/s", _ours(port), _rss2email(port)
        )
        against = "feedgen, Jinja2, EmailMessage, dkimpy, aiosmtplib"
        yield _ahead(f"mails signed by RSA, {_MAILS:,}", against, _MAILS, "mails/s", _ours(port, "rsa"), _by_hand(port))
    yield from _updates()


def _ahead(name: str, against: str, work: int, unit: str, ours: float, theirs: float) -> Row:
    return speed("peers", name, against, work, unit, ours, theirs, 1)


def _taken(run: Callable[..., object], *arguments: object) -> float:
    """The processor's seconds, those of processes that were started and ended included."""
    started = _spent()
    run(*arguments)
    return _spent() - started


def _spent() -> float:
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime


# --- from entries to mails ------------------------------------------------------------------------


def _ours(port: int, key: str = "") -> float:
    """Seconds of a process that reads a dump, cuts an edition and hands it over to all, with its ledger."""
    return min(
        _taken(_run, [sys.executable, "-c", _SEND, folder / "digest.toml", str(_MAILS)]) for folder in _made(port, key)
    )


def _made(port: int, key: str) -> Iterator[Path]:
    """A folder for each round, with as many subscribers."""
    for at in range(_ROUNDS):
        folder = _FOLDER / f"ours-{key}-{at}"
        folder.mkdir(parents=True)
        signs = f'[dkim]\nkey_file = "{edition.key_file(key)}"\n' if key else ""
        (folder / "digest.toml").write_text(
            f'data_dir = "var"\nbase_url = "https://digest.example.org"\n{signs}'
            f'[mail]\ntransport = "smtp"\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"\n'
            f'connections = {_CONNECTIONS}\nsender = "Digest <digest@example.org>"\n'
            '[[digests]]\nid = "weekly"\ntitle = "一"\nschedule = "mon 00:00"\n'
            f'[[sources]]\nid = "one"\ntitle = "一"\npath = "{corpus.entries(0, 2 * _EACH)}"\n'
            'timezone = "Asia/Shanghai"\nlanguage = "zh-CN"\n'
        )
        settings = load(folder / "digest.toml")
        with closing(open_store(settings.database)) as store:
            digests.register(store, settings.digests, _NOW)
            feeds.register(store, settings)
            with store.write() as tx:
                add = partial(
                    tx.subscribers.add,
                    name="",
                    language="zh_CN",
                    fmt=Format.BOTH,
                    now=_NOW,
                    digests=[DigestId("weekly")],
                )
                for number in range(_MAILS):
                    add(f"reader{number}@example.org")
        yield folder


def _rss2email(port: int) -> float:
    """Seconds of `r2e run` over a feed that it has not seen, one mail an entry."""
    with _published(1, _MAILS) as site:
        return min(_taken(r2e, "run") for r2e in (_subscribed(site, 1, port, at) for at in range(_ROUNDS)))


def _subscribed(site: str, count: int, port: int, at: int) -> Callable[..., None]:
    """The command of rss2email, which knows so many feeds."""
    folder = _FOLDER / f"r2e-{count}-{at}"
    folder.mkdir(parents=True)
    config, state = folder / "r2e.cfg", folder / "r2e.json"

    def r2e(*arguments: str | Path) -> None:
        _run(["r2e", "-c", config, "-d", state, *arguments])

    r2e("new", "reader@example.org")
    said = configparser.ConfigParser(interpolation=None)
    said.read(config)
    said["DEFAULT"].update({"email-protocol": "smtp", "smtp-server": "127.0.0.1", "smtp-port": str(port)})
    for number in range(count):
        said[f"feed.f{number}"] = {"url": f"{site}/{number}.atom"}
    with config.open("w") as file:
        said.write(file)
    return r2e


def _by_hand(port: int) -> float:
    """Seconds of what a script of the usual libraries takes; it keeps no ledger."""
    words = edition.words()
    stack = usual_mail.Stack(words.html, words.text, words.subject, edition.key_file("rsa"))

    def run() -> None:
        feedgen_of(_facts(0), feed_entries(2 * _EACH))
        asyncio.run(stack.send(port, _CONNECTIONS, _MAILS))

    return _taken(run)


# --- from feeds to the store ----------------------------------------------------------------------


def _updates() -> Iterator[Row]:
    count = _FEEDS * _EACH
    ours = _refreshed()
    with _published(_FEEDS, _EACH) as site:
        theirs = _updated()
        r2e = _subscribed(site, _FEEDS, 0, 0)
        first, again = _taken(r2e, "run", "--no-send"), _taken(r2e, "run", "--no-send")
    name = f"{_FEEDS:,} feeds or dumps of {_EACH}"
    for peer, (one, two) in (("reader", theirs), ("rss2email", (first, again))):
        yield _ahead(f"new entries, {name}", peer, count, "entries/s", ours[0], one)
        yield _ahead(f"unchanged entries, {name}", peer, count, "entries/s", ours[1], two)


def _refreshed() -> tuple[float, float]:
    dumps = corpus.dumps(_FEEDS * _EACH * 1000, _FEEDS)
    with empty_store("peers", dumps[0].parent) as (store, settings):
        with timed_calls("drawn") as drawing:  # no peer draws formulas
            new = _taken(read_all, store, settings)
        return new - sum(drawing), _taken(read_all, store, settings)


def _updated() -> tuple[float, float]:
    """Seconds of reader over new feeds and over the same again, read as files, which is its quickest way."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from reader import make_reader  # noqa: PLC0415 - in here, since it warns as it is imported

    with closing(make_reader(str(_FOLDER / "reader.sqlite"), feed_root=str(_FOLDER / "published"))) as reader:
        for number in range(_FEEDS):
            reader.add_feed(f"{number}.atom")
        took = _taken(reader.update_feeds), _taken(lambda: reader.update_feeds(scheduled=False))
        if reader.get_entry_counts().total != _FEEDS * _EACH:
            raise RuntimeError("not all entries were read")
    return took


@contextmanager
def _published(count: int, each: int) -> Iterator[str]:
    """The address of a site with so many feeds of so many entries."""
    folder, port = _FOLDER / "published", free_port()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    entries = feed_entries(count * each)
    for number in range(count):
        document = atom(_facts(number), entries[number * each : (number + 1) * each])
        (folder / f"{number}.atom").write_bytes(document)
    (folder / "index.html").write_text("up")
    with nginx(folder, port):
        yield f"http://127.0.0.1:{port}"


def _facts(number: int) -> FeedFacts:
    home = f"https://blog{number}.example.org/"
    return FeedFacts(f"tag:{number}", "全部", "全部", "zh-CN", f"{home}feed.atom", home, _NOW)


def _run(command: list[str | Path]) -> None:
    ended = subprocess.run(
        list(map(str, command)), cwd=ROOT, env=os.environ | COMPILED, capture_output=True, text=True, check=False
    )
    if ended.returncode:
        raise RuntimeError(f"{command}: {ended.stderr[-2000:]}")
