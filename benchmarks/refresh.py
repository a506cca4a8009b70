"""Whole passes over a source: into an empty store, in two processes, and over what did not change."""

from __future__ import annotations

import os
import shutil
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import get_context
from typing import TYPE_CHECKING
from unittest import mock

from benchmarks import corpus
from benchmarks.dumps import reference_pass
from benchmarks.machine import BUILD
from benchmarks.measure import Clock, Row, best, small, speed, times
from benchmarks.site import empty_store, read_all
from digest.dumps.files import Stamp
from digest.model import SourceId
from digest.service.intake import apply_dump

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MB = 1_000_000


def rows() -> Iterator[Row]:
    """The two sizes of an import take turns: a single one says more of who else used the machine."""
    size = small(200, 8) * _MB
    quarter, whole = corpus.dumps(size // 4, 5), corpus.dumps(size, 20)
    imports = [(imported(quarter), imported(whole)) for _ in range(small(1, 3))]
    (fourth, _), (seconds, drawing) = map(min, zip(*imports, strict=True))
    (reference,) = best(lambda: reference_pass(whole))
    name = f"refresh of {size // _MB} MB into an empty store"
    yield speed("refresh", name, "decode and find, the same bytes", size / _MB, "MB/s", seconds, reference, 0.015)
    yield times("refresh", "the same, 4 × the input", "the quarter", seconds, fourth, 4.4, "s")
    print(f"     (its formula pictures took {drawing:.1f} s more)")
    yield _two_processes(corpus.dumps(small(100, 20) * _MB, 50))
    yield _nothing_changed(small(10_000, 1_000))
    yield _one_large_file(small(1_000, 100) * _MB)


def imported(files: list[Path]) -> tuple[float, float]:
    """The processor's seconds of a first import, and those that went into pictures."""
    with empty_store("import", files[0].parent) as (store, settings), timed_calls("drawn") as drawing:
        started = time.process_time()
        done = read_all(store, settings)
        seconds = time.process_time() - started
    if done.failed or not done.added:
        raise RuntimeError(f"nothing to measure: {done.problems[:3]}")
    return seconds - sum(drawing), sum(drawing)


@contextmanager
def timed_calls(name: str) -> Iterator[list[float]]:
    """What each call of a function of the refresh takes."""
    taken: list[float] = []
    real = getattr(apply_dump, name)

    def counting(*given: object) -> object:
        started = time.process_time()
        try:
            return real(*given)
        finally:
            taken.append(time.process_time() - started)

    with mock.patch.object(apply_dump, name, counting):
        yield taken


def _two_processes(files: list[Path]) -> Row:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        list(pool.map(reference_pass, [files[:1]] * 2))
        two, one = best(
            lambda: list(pool.map(cut_files, [files[::2], files[1::2]])),
            lambda: list(pool.map(cut_files, [files])),
            clock=Clock.WALL,
        )
    return speed(
        "refresh", "two processes cut many files", "one process", len(files), "files/s", two, one, 1.6, Clock.WALL
    )


def cut_files(files: list[Path]) -> int:
    """The number of sightings."""
    from digest.dumps.snapshot import read_sightings  # noqa: PLC0415 - in its own process

    found = 0
    for file in files:
        with file.open("rb") as stream:
            found += sum(1 for _ in read_sightings(stream, file.name))
    return found


def _nothing_changed(count: int) -> Row:
    folder = BUILD / f"many-{count}"
    if not folder.exists():
        folder.mkdir(parents=True)
        writer = corpus.Writer()
        for at in range(count):
            (folder / f"{at:06}.txt").write_text(writer.page(at, short=True))
        _age(folder)
    with empty_store("many", folder) as (store, settings):
        read_all(store, settings)
        ours, reference = best(lambda: read_all(store, settings), lambda: _looked_at(folder), rounds=5)
    name = f"refresh, nothing changed, {count:,} files"
    return speed("refresh", name, "scandir and stat", count, "files/s", ours, reference, 0.3)


def _one_large_file(size: int) -> Row:
    """A file that is known by its stamp alone: where it were read, its NULs would be refused."""
    folder = BUILD / "large"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "one.txt").write_text(corpus.Writer().page(0))
    _age(folder)
    repeat = 50
    with empty_store("large", folder) as (store, settings):
        read_all(store, settings)
        os.truncate(folder / "one.txt", size)
        _age(folder)
        state, source = (folder / "one.txt").stat(), SourceId("one")
        with store.write() as tx:
            stamp = Stamp(state.st_size, state.st_mtime_ns, state.st_ino)
            tx.readings.store_dump(replace(tx.readings.dumps(source)["one.txt"], stamp=stamp))
        ours, reference = best(
            lambda: [read_all(store, settings) for _ in range(repeat)],
            lambda: [_looked_at(folder) for _ in range(repeat)],
        )
    name = f"refresh, nothing changed, one file of {size // _MB} MB"
    return speed("refresh", name, "scandir and stat", repeat, "passes/s", ours, reference, 0.3)


def _age(folder: Path) -> None:
    """Make the files older than the moment in which a clock may not have ticked."""
    for file in folder.iterdir():
        os.utime(file, (time.time() - 60, time.time() - 60))


def _looked_at(folder: Path) -> int:
    with os.scandir(folder) as found:
        return sum(entry.stat().st_size for entry in found)
