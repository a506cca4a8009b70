"""The systemd unit: well formed, strict, and its filter allows every system call that we make."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.forking import run_digest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Article, Blog

UNIT = Path(__file__).resolve().parents[3] / "config" / "digest.service"
LOOSEST = 2.0  # of ten, as systemd-analyze counts exposure


def output_of(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def analyze(needs: Callable[[str], str]) -> str:
    return needs("systemd-analyze")


def test_the_unit_is_well_formed(analyze: str, tmp_path: Path) -> None:
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text("utf-8").replace("/opt/digest/bin/digest", sys.executable), "utf-8")
    assert output_of(analyze, "verify", str(unit)) == ""

    unit.write_text(unit.read_text("utf-8").replace("ProtectSystem=", "ProtectSistem="), "utf-8")
    assert "ProtectSistem" in output_of(analyze, "verify", str(unit))


def test_the_unit_is_tight(analyze: str) -> None:
    found = re.search(
        r"exposure level for digest\.service: ([\d.]+)", output_of(analyze, "security", "--offline=yes", str(UNIT))
    )
    assert found
    assert float(found[1]) < LOOSEST


def test_the_filter_of_the_unit_lets_each_of_our_system_calls_pass(
    analyze: str, needs: Callable[[str], str], blog: Blog, article: type[Article], tmp_path: Path
) -> None:
    def group(name: str) -> set[str]:
        """The system calls of a group and of the groups within it."""
        words = [line.strip() for line in output_of(analyze, "syscall-filter", name).splitlines()]
        within = [word for word in words if word.startswith("@") and word != name]
        calls = {word for word in words if re.fullmatch(r"[a-z_0-9]+", word)}
        return calls.union(*map(group, within))

    blog.search("page.txt", article("甲", body=(r"公式 $\frac{a}{b}+\sqrt{2}$ 在此。",)))
    blog.run("subscribers", "add", "ada@example.org")
    used: set[str] = set()
    trace, configured = tmp_path / "trace", ("--config", str(blog.home / "digest.toml"))
    tracer = (needs("strace"), "-f", "-qq", "-o", str(trace))
    for command in ("--version", "refresh", "edition cut", "edition send", "feed", "check"):
        if command == "--version":
            output_of(*tracer, sys.executable, "-m", "digest", command)  # its start, which the others share
        else:
            run_digest([*command.split(), *configured], traced_by=tracer).check_returncode()
        used |= set(re.findall(r"^\d+\s+([a-z_0-9]+)\(", trace.read_text("utf-8", "replace"), re.MULTILINE))

    allowed, refused = (
        set().union(*map(group, names.split()))
        for names in re.findall(r"^SystemCallFilter=~?(.+)$", UNIT.read_text("utf-8"), re.MULTILINE)
    )
    assert "openat" in used
    assert used - allowed == set()
    assert used & (refused - ROOTS_ALONE) == set()


ROOTS_ALONE = {"chown", "fchown", "lchown"}  # SQLite keeps a file's owner where it is root, and the unit is not
