"""What Lighthouse says of the home page, of entries and of an edition: `make lighthouse`. It fails below 95."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.conftest import CONFIG, DUMPS, ROOT, Article
from tests.serving import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

LOWEST, TRIES = 95, 3
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
PROGRAM = ROOT / "tests/npm/lighthouse/node_modules/.bin/lighthouse"
FLAGS = "--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage"
STEP = (
    r"第N步,由于 $\sum_{k=1}^N \boldsymbol{x}_k^2\geq 0$,对任意的 $\theta\in\mathbb{R}^N$ 都有" + "\n"
    r"$$\int_0^N \frac{x^4(1-x)^4}{1+x^2}\,dx=\left(\frac{22}{7}-\pi\right)\cdot\sqrt[3]{N}$$"
)
MANY = Article("一篇满是公式的文章", (2026, 3, 14), tuple(STEP.replace("N", str(n)) for n in range(1, 41)))


def main() -> int:
    """Print a row for each page, and which audits cost something; 1 if a category is below `LOWEST`."""
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as (address, pages):
        rows = {name: best(address + path, Path(folder)) for name, path in pages.items()}
    print(f"{'':24}" + "".join(f"{name:>16}" for name in CATEGORIES))  # noqa: T201 - a command for people
    for name, (scores, told) in rows.items():
        print(f"{name:24}" + "".join(f"{scores[category]:>16}" for category in CATEGORIES))  # noqa: T201
        if min(scores.values()) < LOWEST:
            print("\n".join(f"    {line}" for line in told))  # noqa: T201
    low = [name for name, (scores, _) in rows.items() if min(scores.values()) < LOWEST]
    print(f"below {LOWEST}: {', '.join(low)}" if low else f"all are {LOWEST} or more")  # noqa: T201
    return 1 if low else 0


@contextlib.contextmanager
def served(home: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """The address of an installation that serves, and its pages by name: the real dumps and an article of formulas."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    config = CONFIG.replace("https://digest.example.org", address) + f'[web]\nlisten = "127.0.0.1:{port}"\n'
    (home / "digest.toml").write_text(config, "utf-8")
    shutil.copytree(DUMPS if DUMPS.is_dir() else ROOT / "config/demo/samples", home / "dumps")
    (home / "dumps" / "many.txt").write_text(MANY.byline() + "最近评论\n", "utf-8")
    run(home, "refresh")
    run(home, "edition", "cut")
    entries = [json.loads(line) for line in run(home, "entries", "list", "--json").splitlines()]
    (edition, *_) = (json.loads(line) for line in run(home, "edition", "list", "--json").splitlines())
    pages = {
        "home": "/",
        "entry": f"/entries/{next(one['id'] for one in entries if one['title'] != MANY.title)}",
        "entry with formulas": f"/entries/{next(one['id'] for one in entries if one['title'] == MANY.title)}",
        "edition": f"/editions/{edition['key']}",
    }
    server = subprocess.Popen(command(home, "run"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        yield address, pages
    finally:
        server.terminate()
        server.wait(30)


def command(home: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "digest", *arguments, "--config", str(home / "digest.toml")]


def run(home: Path, *arguments: str) -> str:
    return subprocess.run(command(home, *arguments), capture_output=True, text=True, check=True, timeout=120).stdout


def wait_for(port: int) -> None:
    until = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
        else:
            return


def best(url: str, folder: Path) -> tuple[dict[str, int], list[str]]:
    """The best of up to `TRIES` measurements: what else the machine does costs points, and gives none."""
    found = measured(url, folder)
    for _ in range(TRIES - 1):
        if min(found[0].values()) >= LOWEST:
            break
        found = max(found, measured(url, folder), key=lambda one: sum(one[0].values()))
    return found


def measured(url: str, folder: Path) -> tuple[dict[str, int], list[str]]:
    """Each category of a page in points of a hundred, and the audits that cost something."""
    chromium = shutil.which("chromium") or sys.exit("needs Chromium: apt-get install chromium")
    if not PROGRAM.exists():
        sys.exit(f"needs {PROGRAM.relative_to(ROOT)}: npm ci --prefix tests/npm/lighthouse")
    report = folder / "report.json"
    wanted = ["--quiet", "--output=json", f"--output-path={report}", f"--only-categories={','.join(CATEGORIES)}"]
    subprocess.run(
        [PROGRAM, url, *wanted, f"--chrome-flags={FLAGS}"],
        env={**os.environ, "CHROME_PATH": chromium},
        check=True,
        timeout=180,
        stdout=subprocess.DEVNULL,
    )
    found = json.loads(report.read_text("utf-8"))
    scores = {name: round(found["categories"][name]["score"] * 100) for name in CATEGORIES}
    told = [
        f"{one['id']}: {one['score']} {one.get('displayValue', '')}"
        for one in found["audits"].values()
        if one["score"] is not None and one["score"] < 1 and one["scoreDisplayMode"] != "informative"
    ]
    return scores, told


if __name__ == "__main__":
    sys.exit(main())
