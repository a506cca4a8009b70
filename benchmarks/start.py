"""What it takes to begin: the service to its first feed, its memory at rest, one parse.

The reference of the service is Starlette on uvicorn, with uvloop and httptools as ours, serving files and nothing else.
All are compiled, as what is installed is: the first round does that, and the best counts.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import corpus
from benchmarks.machine import ROOT
from benchmarks.measure import Clock, Row, best, times
from benchmarks.site import COMPILED, empty_store, free_port, lean, read_all, running

if TYPE_CHECKING:
    from collections.abc import Iterator

_DIGEST = Path(sys.executable).with_name("digest")


def rows() -> Iterator[Row]:
    """Wall time: much of it is waiting for the disk."""
    dump = corpus.dumps(60_000, 2)[0]
    port, other = free_port(), free_port()
    with empty_store("start", dump.parent, port) as (store, settings):
        read_all(store, settings)
        config = settings.data_dir.parent / "digest.toml"
        resident, first = [0, 0], [float("inf")] * 2
        for _ in range(3):
            command = [_DIGEST, "run", "--config", config]
            started = time.perf_counter()
            with running(command, f"http://127.0.0.1:{port}/feed.atom") as server:
                first[0] = min(first[0], time.perf_counter() - started)
                resident[0] = _resident_kb(server.pid)
            started = time.perf_counter()
            with lean(ROOT / "docs", other, "/performance.md") as server:
                first[1] = min(first[1], time.perf_counter() - started)
                resident[1] = _resident_kb(server.pid)
        against = "Starlette with nothing else"
        yield times("start", "start to the first feed", against, *first, 3.5, clock=Clock.WALL)
        at_rest = [kb / 1024 for kb in resident]
        yield times("start", "memory at rest", against, *at_rest, 2, "MB", Clock.MEMORY)
    parse, nothing = best(
        lambda: _quiet(_DIGEST, "parse", dump, "--json"),
        lambda: _quiet(sys.executable, "-c", "pass"),
        rounds=7,
        clock=Clock.WALL,
    )
    yield times("start", "digest parse of one dump", "python -c pass", parse, nothing, 8, clock=Clock.WALL)


def _quiet(*command: object) -> None:
    subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL, env=os.environ | COMPILED)


def _resident_kb(process: int) -> int:
    time.sleep(1.5)  # the first pass and the first ticks come after the first answer
    with Path(f"/proc/{process}/status").open() as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))
