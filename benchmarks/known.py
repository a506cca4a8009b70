"""Dumps against a million known entries: a small one, and the whole one again."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING

import psycopg

from benchmarks import corpus
from benchmarks.machine import BUILD
from benchmarks.measure import SMALL, Clock, Row, best, small, times
from benchmarks.site import empty_store, read_all, settings_for
from digest.changes.prepared import prepared
from digest.dumps.snapshot import read_sightings
from digest.store import open_store
from tests.postgres import Server, programs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_FEW = 1_000
_ROUNDS = 3


def rows() -> Iterator[Row]:
    """The store is filled once and serves all of them."""
    many = small(1_000_000, 20_000)
    folder = BUILD / "known"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    whole = folder / "whole.txt"
    _put(corpus.entries(0, many), whole)
    with empty_store("known", folder) as (store, settings):
        read_all(store, settings)
        file = settings.data_dir / "digest.db"
        if not SMALL:  # of few keys, all are loaded in no time
            few = [corpus.entries(at * _FEW, _FEW, edited=97) for at in range(_ROUNDS)]
            parts = iter([(made, folder / made.name) for made in few])  # each is a dump that nobody read before
            ours, keys = best(
                lambda: (_put(*next(parts)), read_all(store, settings)), lambda: _loaded(file), rounds=_ROUNDS
            )
            yield times("known", f"{_FEW:,} sightings, {many:,} known", "loading all keys", ours, keys, 0.05)
            for made in few:
                (folder / made.name).unlink()
        warm = _keys(whole)
        for edited in (0, 100):
            again = corpus.entries(0, many, edited=edited)
            (reference,) = best(lambda again=again, warm=warm: _unknown(again, warm), rounds=1)
            _show(again, whole)
            ours = _taken(lambda: read_all(store, settings), time.process_time)
            name = f"a re-dump of {many:,}, {100 // edited if edited else 0} % edited"
            yield times("known", name, "the same cut, its keys in a warm set", ours, reference, 10, "s")
    yield from _on_a_server(small(250_000, 20_000), folder)
    shutil.rmtree(folder)


def _on_a_server(many: int, folder: Path) -> Iterator[Row]:
    """The same with PostgreSQL, of this run alone; the reference has to load the keys that it looks up."""
    bin_ = programs()
    if bin_ is None:
        print("     (no PostgreSQL here: its row is left out)")
        return
    whole = folder / "whole.txt"
    _put(corpus.entries(0, many), whole)
    server, settings = Server(bin_, durable=True), settings_for(folder.with_name("store-server"), folder)
    try:
        url = server.database()
        with closing(open_store(url)) as store:
            read_all(store, settings)
            again = corpus.entries(0, many, edited=100)
            reference = _taken(lambda: (_loaded_from(url), _unknown(again, set())), time.perf_counter)
            _show(again, whole)
            ours = _taken(lambda: read_all(store, settings), time.perf_counter)
    finally:
        server.remove()
    name = f"a re-dump of {many:,}, 1 % edited, PostgreSQL"
    yield times("known", name, "the same cut, its keys loaded from it", ours, reference, 3, "s", Clock.WALL)


def _taken(work: Callable[[], object], clock: Callable[[], float]) -> float:
    started = clock()
    work()
    return clock() - started


def _show(again: Path, whole: Path) -> None:
    """Let the source show these entries now, by other bytes than before."""
    _put(again, whole)
    with whole.open("ab") as target:
        target.write(b"\n")
    _age(whole)


def _put(made: Path, where: Path) -> None:
    shutil.copyfile(made, where)
    _age(where)


def _age(file: Path) -> None:
    os.utime(file, (time.time() - 60, time.time() - 60))


def _loaded(file: Path) -> int:
    with closing(sqlite3.connect(file)) as connection:
        return len(dict(connection.execute("SELECT kind || key, entry_id FROM entry_keys").fetchall()))


def _loaded_from(url: str) -> int:
    with psycopg.connect(url) as connection:
        return len(dict(connection.execute("SELECT kind || key, entry_id FROM entry_keys").fetchall()))


def _keys(dump: Path) -> set[object]:
    with dump.open("rb") as stream:
        return {(one.line, one.view) for sighting in read_sightings(stream, "x") for one in prepared([sighting])}


def _unknown(dump: Path, warm: set[object]) -> int:
    """What an in-memory set would have to do for the same: cut, make the keys, look them up."""
    with dump.open("rb") as stream:
        found = (one for sighting in read_sightings(stream, "x") for one in prepared([sighting]))
        return sum((one.line, one.view) not in warm for one in found)
