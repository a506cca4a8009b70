"""A folder with dumps and a store, and the real program with faults injected into its system calls."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
import time_machine

from digest.cli import main
from tests.faults.states import copied
from tests.forking import Digest
from tests.waiting import lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from email.message import Message

    from tests.conftest import Article

KILLED = -signal.SIGKILL
LATER = timedelta(hours=2)  # when leases that a killed process left have ended
_BYTECODE = str(Path(tempfile.gettempdir()) / f"digest-bytecode-{os.getuid()}")  # a start takes a third of the time
_STRACE_LOG = "strace.log"  # in the folder of the place
_LONGEST_SERVICE = 600.0  # seconds; one that hangs is killed, so that its test fails and the others continue
_COMMAND = (sys.executable, "-m", "digest")


def needs_faketime(needs: Callable[[str], str]) -> None:
    """The program `faketime`; what killed ones left is removed, since one with the same process id would not start."""
    needs("faketime")
    for left in Path("/dev/shm").glob("*faketime_*_*"):  # noqa: S108 - where the program keeps it
        if not Path("/proc", left.name.rpartition("_")[2]).exists():
            left.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Injection:
    """A fault of a system call, at its n-th occurrence or, with `lasting`, from there on."""

    call: str
    nth: int
    fault: str = "signal=KILL"
    lasting: bool = False

    def tracer(self) -> tuple[str, ...]:
        when = f"{self.nth}+" if self.lasting else str(self.nth)
        return (*counting(self.call), "-e", f"inject={self.call}:{self.fault}:when={when}")


def counting(call: str) -> tuple[str, ...]:
    """What traces a process whose system calls are counted."""
    return ("strace", "-f", "-qqq", "-o", _STRACE_LOG, "-e", f"trace={call}")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str

    @property
    def killed(self) -> bool:
        return self.code == KILLED


@dataclass
class Place:
    """Where one run happens. `env` goes to every command."""

    home: Path
    env: dict[str, str] = field(default_factory=dict)

    @property
    def database(self) -> Path:
        return self.home / "var" / "digest.db"

    def write(self, name: str, articles: Sequence[Article]) -> Path:
        """Write a dump of these articles, newest first."""
        text = "".join(article.byline() for article in reversed(articles)) + "最近评论\n"
        path = self.home / "dumps" / name
        path.write_text(text, "utf-8")
        return path

    def copy(self, name: str | Path) -> Place:
        """The same folder at another place, beside this one if only named; the times of its files are kept."""
        there = self.home.parent / name
        if there.exists():
            shutil.rmtree(there)
        shutil.copytree(self.home, there)
        return Place(there, dict(self.env))

    def run(
        self, *arguments: str, before: tuple[str, ...] = (), traced_by: tuple[str, ...] = (), seconds: float = 300
    ) -> Ended:
        """Run the program in a process of its own, behind another one's command line or traced by another program."""
        with self._process(arguments, before, traced_by, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            try:
                out, err = process.communicate(timeout=seconds)
            finally:
                process.kill()
        return Ended(process.returncode, out, err)

    def good(self, *arguments: str, before: tuple[str, ...] = (), traced_by: tuple[str, ...] = ()) -> str:
        """What a command printed that has to succeed."""
        done = self.run(*arguments, before=before, traced_by=traced_by)
        assert done.code == 0, done.err or done.out
        return done.out

    def here(self, *arguments: str, code: int | None = 0, later: timedelta | None = None) -> Ended:
        """Run the program in this process, which is quicker; `later` than now, where that matters.

        It has to end with `code`; with None, as it likes.
        """
        out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
        with (
            mock.patch.dict(os.environ, self._environment()),
            time_machine.travel(datetime.now(UTC) + later) if later else contextlib.nullcontext(),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            pytest.raises(SystemExit) as ended,
        ):
            main([*arguments, "--config", str(self.home / "digest.toml")])
        ended_with = int(ended.value.code or 0)
        assert code in {ended_with, None}, err.getvalue()
        out.seek(0)
        return Ended(ended_with, out.read(), err.getvalue())

    def occurrences(self, call: str, *arguments: str) -> int:
        """How often one thread of a command makes a system call where nothing fails, which is what strace counts."""
        counted = self.copy("counted")
        counted.good(*arguments, traced_by=counting(call))
        return counted.counted(call)

    @property
    def undisturbed(self) -> bool:
        """Whether the last command that a fault was put into ended before it came to that."""
        return "(INJECTED)" not in (self.home / _STRACE_LOG).read_text("utf-8", "replace")

    def counted(self, call: str) -> int:
        """How often the busiest thread made the call."""
        log = (self.home / _STRACE_LOG).read_text("utf-8", "replace")
        return max(Counter(re.findall(rf"^(\d+) +{call}\(", log, re.MULTILINE)).values())

    def rows(self) -> dict[str, tuple[str, int]]:
        """State and attempts of each delivery by address, as the database file holds them."""
        query = "SELECT address, state, attempts FROM deliveries JOIN subscribers ON id = subscriber_id"
        with copied(self.database) as connection:
            return {address: (state, attempts) for address, state, attempts in connection.execute(query)}

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """The program as a process in the background; its output is dropped."""
        return self._process(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def _process(
        self,
        arguments: Sequence[str],
        before: tuple[str, ...] = (),
        traced_by: tuple[str, ...] = (),
        **options: Any,
    ) -> subprocess.Popen[str]:
        options |= {"cwd": self.home, "env": self._environment()}
        if before:
            return subprocess.Popen([*before, *_COMMAND, *arguments], text=True, **options)
        return Digest(arguments, traced_by=traced_by, **options)

    def _environment(self) -> dict[str, str]:
        ours = {"DIGEST_CONFIG": "digest.toml", "DIGEST_WEB_LISTEN": "127.0.0.1:0", "PYTHONPYCACHEPREFIX": _BYTECODE}
        return {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | ours | self.env

    @contextlib.contextmanager
    def serving(
        self, *, before: tuple[str, ...] = (), traced_by: tuple[str, ...] = (), ready: str = "Ctrl-C"
    ) -> Iterator[Service]:
        """`digest run`, as far as the line that holds `ready`, or its early end."""
        log = self.home / "run.log"
        with (
            log.open("w") as err,
            self._process(
                ["run"], before, traced_by, stdout=subprocess.PIPE, stderr=err, start_new_session=True
            ) as process,
        ):
            service = Service(process, log)
            watch = threading.Timer(_LONGEST_SERVICE, process.kill)
            watch.start()
            try:
                service.read_until(ready)
                yield service
            finally:
                watch.cancel()
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)


@dataclass
class Service:
    """A running `digest run`."""

    process: subprocess.Popen[str]
    log: Path
    address: str = ""

    def read_until(self, ready: str) -> None:
        for line in lines(self.process):
            found = re.search(r"listens on (\S+)", line)
            self.address = found.group(1) if found else self.address
            if ready in line:
                return

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def said(self) -> str:
        return self.log.read_text("utf-8", "replace")

    def ask(
        self,
        path: str,
        *,
        post: bool = False,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        seconds: float = 60,
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers by lower-case name, and body; status 0 where nobody answered. A form is posted."""
        said = urllib.parse.urlencode(form or {}).encode() if post or form else None
        request = urllib.request.Request(self.address + path, data=said, headers=dict(headers or {}))
        try:
            with urllib.request.urlopen(request, timeout=seconds) as answer:
                return answer.status, _lower(answer.headers), answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, _lower(error.headers), error.read()
        except OSError:
            return 0, {}, b""

    def stop(self) -> None:
        """Ask it to end, and wait until it has: a program before it may be gone first."""
        os.killpg(self.process.pid, signal.SIGTERM)
        assert self.process.stdout
        self.process.stdout.read()
        assert self.process.wait(timeout=60) in {0, -signal.SIGTERM}
        assert "stopped" in self.said(), self.said()

    def until(self, fact: Callable[[], bool], seconds: float = 60) -> bool:
        """Ask for a sign of life until something has become true; False where it did not."""
        end = time.monotonic() + seconds
        while not fact():
            if time.monotonic() > end or not self.alive:
                return False
            self.ask("/healthz")
            time.sleep(0.02)
        return True


def _lower(headers: Message) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def stored(place: Place, query: str) -> list[tuple[Any, ...]]:
    """What the database file holds, looked at from outside."""
    with copied(place.database) as connection:
        return list(connection.execute(query))
