"""`python -m benchmarks.profiles NAME [KEY]`: the work of a benchmark under pyinstrument.

NAME is cut, structure, refresh, feed, edition or usual, the last two with `rsa` or `ed25519`. It prints what a unit
takes without a profiler, the least of three, and of that what each function takes of the thread's processor time, with
what it calls and by itself, in microseconds. To see what an older state did, `benchmarks` is put into its work tree.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
import time
from contextlib import contextmanager, redirect_stderr
from pathlib import Path
from typing import TYPE_CHECKING

from pyinstrument import Profiler
from pyinstrument.processors import aggregate_repeated_calls
from pyinstrument.stack_sampler import get_stack_sampler

from benchmarks import corpus, dumps, edition, postfix, refresh, site, usual_mail
from benchmarks.machine import BUILD
from digest import app, logs
from digest.service.mailing.drain.delivery import drain
from digest.store import open_store
from digest.web.serve import Server

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from pyinstrument.frame import Frame

    from digest.settings import Settings
    from digest.store.transaction import Store

_MB = 1_000_000
_CONNECTIONS = 16
_LEAST = 0.015  # of the whole: less is not shown
_CLOCKS = (time.thread_time, time.process_time, time.perf_counter)


@contextmanager
def _reading(read: Callable[[list[Path]], object], size: int) -> Iterator[Callable[[], int]]:
    files = corpus.dumps(size, 1)
    entries = refresh.cut_files(files)

    def work() -> int:
        read(files)
        return entries

    yield work


@contextmanager
def _feed() -> Iterator[Callable[[], int]]:
    """A feed of 100 KB, compressed, for `wrk`."""
    with site.empty_store("profile", corpus.dumps(60_000, 2)[0].parent) as (store, settings):
        site.read_all(store, settings)
        yield lambda: _run(_answers(store, settings))


async def _answers(store: Store, settings: Settings) -> int:
    server = Server(settings, store, app.clock)
    serving = asyncio.create_task(server.serve())
    options = ["-t1", "-c32", "-d3s", "-H", "Accept-Encoding: gzip", f"{server.address}/feed.atom"]
    asking = await asyncio.create_subprocess_exec("wrk", *options, stdout=asyncio.subprocess.PIPE)
    said, _ = await asking.communicate()
    server.stop()
    await serving
    return int(re.search(rb"(\d+) requests in", said)[1])


@contextmanager
def _edition(key: str = "rsa") -> Iterator[Callable[[], int]]:
    people, folder = 2_000, BUILD / "mail-profile"
    with postfix.sink() as port:
        settings = edition.settings_of(port=port, connections=_CONNECTIONS, key=key)
        if key == "ed25519":
            edition.sign_by_ed25519_alone()

        def work() -> int:
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(edition.store_for(people), folder)
            store = open_store(f"sqlite:///{folder}/digest.sqlite")
            _run(drain(store, settings, app.clock))
            store.close()
            return people

        yield work


@contextmanager
def _usual(key: str = "rsa") -> Iterator[Callable[[], int]]:
    mails, words = 100, edition.words()
    stack = usual_mail.Stack(words.html, words.text, words.subject, edition.key_file(key))
    with postfix.sink() as port:
        yield lambda: asyncio.run(stack.send(port, _CONNECTIONS, mails)) or mails


_WORKS = {
    "cut": lambda: _reading(refresh.cut_files, 40 * _MB),
    "structure": lambda: _reading(dumps.structured, 20 * _MB),
    "refresh": lambda: _reading(refresh.imported, 10 * _MB),
    "feed": _feed,
    "edition": _edition,
    "usual": _usual,
}


def main(name: str, *given: str) -> None:
    """Print the profile."""
    logs.configure("info", json_lines=False)
    with Path(os.devnull).open("w") as nobody, redirect_stderr(nobody), _WORKS[name](*given) as work:  # the log's lines
        loop, process, wall = map(min, zip(*(_taken(work) for _ in range(3)), strict=True))
        profiler, sampler = Profiler(async_mode="disabled"), get_stack_sampler()
        profiler.start()
        # When to look is the clock's to say, which costs little; what has passed is the thread's own time.
        sampler.timer_func, sampler.last_profile_time = time.thread_time, time.thread_time()
        work()
        root = aggregate_repeated_calls(profiler.stop().root_frame(), {})
    print(f"a unit: {loop:.1f} µs in this thread, {process - loop:.1f} in others, {wall:.1f} by the clock")
    _print(root, loop / root.time, loop * _LEAST)


def _print(frame: Frame, scale: float, least: float, depth: int = 0) -> None:
    """What calls what, the dearest first."""
    own = scale * (frame.time - sum(child.time for child in frame.children if not child.is_synthetic))
    print(f"{scale * frame.time:8.1f}{own:8.1f}  {'  ' * depth}{frame.function}  {frame.file_path_short}")
    for child in sorted(frame.children, key=lambda child: -child.time):
        if scale * child.time >= least and not child.is_synthetic:
            _print(child, scale, least, depth + 1)


def _run(work: Coroutine[None, None, int]) -> int:
    with asyncio.Runner(loop_factory=app.event_loop) as runner:
        return runner.run(work)


def _taken(work: Callable[[], int]) -> list[float]:
    """Microseconds a unit, by each clock."""
    started = [clock() for clock in _CLOCKS]
    units = work()
    return [1e6 * (clock() - begun) / units for clock, begun in zip(_CLOCKS, started, strict=True)]


if __name__ == "__main__":
    main(*sys.argv[1:])
