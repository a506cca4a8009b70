"""The machine that measures: what it is, where its files lie, how much memory a process took. Knows no benchmark."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "benchmarks"


def described() -> dict[str, str]:
    """Processor, system, Python and commit, for the head of a table."""
    return {
        "machine": f"{os.cpu_count()} × {_processor()}, {_memory_gb()} GB",
        "system": f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
        "commit": _commit(),
    }


def peak_over_start(code: str) -> float:
    """How many MB more than after its imports a fresh process took at most; `code` says `start()` behind them."""
    prelude = (
        "def _kb(name):\n"
        "    with open('/proc/self/status') as status:\n"
        "        return next(int(line.split()[1]) for line in status if line.startswith(name))\n"
        "def start():\n"
        "    global _before\n"
        "    _before = _kb('VmRSS')\n"
        "    open('/proc/self/clear_refs', 'w').write('5')\n"
    )
    return float(said_by(f"{prelude}{code}\nprint((_kb('VmHWM') - _before) / 1024)"))


def said_by(code: str) -> str:
    """What a fresh Python prints that runs this code."""
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True).stdout


def _processor() -> str:
    with Path("/proc/cpuinfo").open() as file:
        named = (line.partition(":")[2].strip() for line in file if line.startswith("model name"))
        return next(named, platform.machine())


def _memory_gb() -> int:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9)


def _commit() -> str:
    asked = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip() or "unknown"
