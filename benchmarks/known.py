"""Dumps against a million known entries: a small one, and the whole one again."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING

from benchmarks import corpus
from benchmarks.machine import BUILD
from benchmarks.measure import SMALL, Row, best, small, times
from benchmarks.site import empty_store, read_all
from digest.changes.shown import shown
from digest.dumps.snapshot import read_sightings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FEW = 1_000


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
        part = folder / "few.txt"
        few = corpus.entries(0, _FEW, edited=97)
        started = time.process_time()
        _put(few, part)
        read_all(store, settings)
        ours = time.process_time() - started
        (keys,) = best(lambda: _loaded(file))
        if not SMALL:  # of few keys, all are loaded in no time
            yield times("known", f"{_FEW:,} sightings, {many:,} known", "loading all keys", ours, keys, 0.05)
        part.unlink()
        for share, edited in (("0 %", 0), ("1 %", 100)):
            again = corpus.entries(0, many, edited=edited)
            warm = _keys(whole)
            (reference,) = best(lambda again=again, warm=warm: _unknown(again, warm), rounds=1)
            with whole.open("ab" if not edited else "wb") as target:
                if edited:
                    target.write(again.read_bytes())
                target.write(b"\n")  # other bytes, so that it is read
            _age(whole)
            started = time.process_time()
            read_all(store, settings)
            ours = time.process_time() - started
            name = f"a re-dump of {many:,}, {share} edited"
            yield times("known", name, "the same cut, its keys in a warm set", ours, reference, 10, "s")
    shutil.rmtree(folder)


def _put(made: Path, where: Path) -> None:
    shutil.copyfile(made, where)
    _age(where)


def _age(file: Path) -> None:
    os.utime(file, (time.time() - 60, time.time() - 60))


def _loaded(file: Path) -> int:
    with closing(sqlite3.connect(file)) as connection:
        return len(dict(connection.execute("SELECT kind || key, entry_id FROM entry_keys").fetchall()))


def _keys(dump: Path) -> set[object]:
    with dump.open("rb") as stream:
        return {(one.line, one.view) for sighting in read_sightings(stream, "x") for one in shown([sighting])}


def _unknown(dump: Path, warm: set[object]) -> int:
    """What an in-memory set would have to do for the same: cut, make the keys, look them up."""
    with dump.open("rb") as stream:
        found = (one for sighting in read_sightings(stream, "x") for one in shown([sighting]))
        return sum((one.line, one.view) not in warm for one in found)
