"""Programs whose standard output is a dump."""

from __future__ import annotations

import os
import sys
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from digest.errors import FetchError
from digest.fetching import commands
from digest.fetching.values import Fetched, Limits
from tests.waiting import ended, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)


def run(*command: str, folder: Path, limits: Limits | None = None, stopped: Callable[[], bool] = bool) -> Fetched:
    return commands.run(command, folder=folder, limits=limits or Limits(), clock=lambda: NOW, stopped=stopped)


def test_what_a_program_prints_is_the_body(tmp_path: Path) -> None:
    found = run("/bin/sh", "-c", "echo page; echo progress >&2", folder=tmp_path)
    assert found == Fetched("/bin/sh", b"page\n", NOW)


def test_a_program_runs_in_the_folder_with_few_variables_and_no_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGEST_MAIL__PASSWORD", "marker")
    (tmp_path / "crawl").write_text("#!/bin/sh\npwd\nenv\ncat\n")
    (tmp_path / "crawl").chmod(0o755)
    lines = run("./crawl", folder=tmp_path).body.decode().splitlines()
    assert lines[0] == os.path.realpath(tmp_path)
    names = {line.partition("=")[0] for line in lines[1:]}
    assert names <= {*commands.PASSED_ON, "PWD", "OLDPWD", "SHLVL", "_"}


def test_no_shell_reads_the_words(tmp_path: Path) -> None:
    assert run("/bin/echo", "$HOME", "; id", "*", folder=tmp_path).body == b"$HOME ; id *\n"


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("echo half; echo 'no connection' >&2; exit 3", "ended with exit code 3: no connection"),
        ("kill -9 $$", "was ended by signal 9"),
        ("echo nothing to see >&2", "printed nothing: nothing to see"),
        ("printf '\\033[31mred\\033[0m\\033]0;title\\007 \\000\\nline' >&2; exit 1", "exit code 1: red line"),
        ("yes", "printed more than 100,000 bytes"),
    ],
)
def test_a_program_that_fails_says_how(tmp_path: Path, script: str, says: str) -> None:
    with pytest.raises(FetchError) as error:
        run("/bin/sh", "-c", script, folder=tmp_path, limits=Limits(largest=100_000))
    assert says in str(error.value)
    assert error.value.remedy


def test_only_the_end_of_much_standard_error_is_shown(tmp_path: Path) -> None:
    script = "import sys; sys.stderr.write('x' * 1_000_000 + ' the cause'); sys.exit(1)"
    with pytest.raises(FetchError) as error:
        run(sys.executable, "-c", script, folder=tmp_path)
    assert "the cause" in str(error.value)
    assert len(str(error.value)) < 500


@pytest.mark.parametrize("command", ["./missing", "/nowhere/at-all", "."])
def test_a_program_that_cannot_be_started_says_so(tmp_path: Path, command: str) -> None:
    with pytest.raises(FetchError, match=r"cannot be started: .*check `command`"):
        run(command, folder=tmp_path)


def test_a_program_that_takes_too_long_is_ended_with_its_children(tmp_path: Path) -> None:
    script = "trap '' TERM; sleep 60 & echo $! > child; echo working >&2; wait; sleep 60"
    with pytest.raises(FetchError, match=r"took longer than 0\.3 seconds: working .*raise `timeout`"):
        run("/bin/sh", "-c", script, folder=tmp_path, limits=Limits(whole=0.3))
    child = int((tmp_path / "child").read_text())
    until(lambda: not _runs(child))


def test_a_child_that_a_program_leaves_behind_is_ended(tmp_path: Path) -> None:
    run("/bin/sh", "-c", "sleep 60 >/dev/null 2>&1 & echo $! > child; echo page", folder=tmp_path)
    child = int((tmp_path / "child").read_text())
    until(lambda: not _runs(child))


def test_a_program_ends_when_the_service_stops(tmp_path: Path) -> None:
    stop = threading.Event()
    found: list[FetchError] = []

    def work() -> None:
        try:
            run("/bin/sh", "-c", "echo $$ > child; exec sleep 60", folder=tmp_path, stopped=stop.is_set)
        except FetchError as error:
            found.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    until(lambda: (tmp_path / "child").exists() and (tmp_path / "child").read_text().strip())
    stop.set()
    ended(thread)
    assert found[0].stopped
    assert not _runs(int((tmp_path / "child").read_text()))


def _runs(number: int) -> bool:
    """Whether a process is there and no zombie, for which its parent has not waited yet."""
    try:
        with open(f"/proc/{number}/stat", encoding="utf-8") as file:  # noqa: PTH123 - no path of ours
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
