"""The first `make`: pip's progress is counted, failures are shown, Ctrl-C is explained. pip is a script here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.terminal import CTRL_C, Terminal

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
INSTALL = ROOT / ".ci" / "install"
PINS = "".join(f"{name}==1.0 \\\n    --hash=sha256:00\n" for name in ("one", "two", "three"))


@pytest.fixture
def command(tmp_path: Path) -> Callable[[str], list[str]]:
    """The command that installs three packages by a pip that is this shell script."""

    def made(script: str) -> list[str]:
        (tmp_path / "pins.txt").write_text(PINS, "utf-8")
        pip = tmp_path / "venv" / "bin" / "python"
        pip.parent.mkdir(parents=True)
        pip.write_text(f"#!/bin/sh\nset -e\nplaces={tmp_path}/venv/lib/python3.11/site-packages\n{script}\n", "utf-8")
        pip.chmod(0o755)
        return [sys.executable, str(INSTALL), str(tmp_path / "venv"), str(tmp_path / "pins.txt")]

    return made


def test_what_is_fetched_and_installed_is_counted_on_one_line(
    command: Callable[[str], list[str]], tmp_path: Path
) -> None:
    script = """
    echo "Collecting one==1.0 (from -r pins.txt)"; echo "Collecting two==1.0"
    read -r key
    mkdir -p $places/one-1.0.dist-info
    read -r key"""
    with Terminal(command(script), cwd=tmp_path) as terminal:
        terminal.wait_for("fetched 2 of 3 packages, ")
        terminal.type("\n")
        terminal.wait_for("installed 1 of 3 packages, ")
        assert "a second" in terminal.printed
        terminal.type("\n")
        terminal.wait_for("installed 3 packages in")
        assert terminal.ended() == 0
    assert terminal.raw.count(b"\r\x1b[2K") > 2


def test_ctrl_c_says_what_is_kept(command: Callable[[str], list[str]], tmp_path: Path) -> None:
    with Terminal(command('echo "Collecting one==1.0"; read -r key'), cwd=tmp_path) as terminal:
        terminal.wait_for("fetched 1 of 3")
        terminal.type(CTRL_C)
        terminal.wait_for("What was fetched stays in pip's cache; `make` begins the rest anew.")
        assert terminal.ended() == 130


def test_what_pip_says_of_a_failure_is_shown(command: Callable[[str], list[str]]) -> None:
    done = subprocess.run(
        command('echo "Collecting one==1.0"; echo "ERROR: no such thing"; exit 1'),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "ERROR: no such thing" in done.stderr
    assert "then run `make` again" in done.stderr


def test_make_installs_by_it() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    setup = makefile.partition("$(READY): requirements-dev.txt")[2].partition("\n\n")[0]
    assert ".ci/install $(VENV) requirements-dev.txt" in setup
    pins = (ROOT / "requirements-dev.txt").read_text("utf-8")
    assert pins.count("--hash=sha256:") > 100  # it counts lines that begin with NAME==
