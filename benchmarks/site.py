"""A filled store and servers over it: ours, a lean one, nginx. Knows no figure."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from benchmarks.machine import BUILD, ROOT
from digest.service.intake.refresh import refresh
from digest.settings import load
from digest.store import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from digest.service.intake.passes import Pass
    from digest.settings import Settings
    from digest.store.transaction import Store

_PATIENCE = 60.0
# What is installed is compiled; a checkout of which nothing was compiled would be measured while it compiles.
COMPILED = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(BUILD / "bytecode")}


def settings_for(folder: Path, dumps: Path, port: int = 0) -> Settings:
    """The settings of a service whose state lies in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "digest.toml"
    file.write_text(
        f'data_dir = "var"\nbase_url = "http://127.0.0.1:{port or 8080}"\n[web]\nlisten = "127.0.0.1:{port}"\n'
        f'[[sources]]\nid = "one"\ntitle = "一"\npath = "{dumps}"\ntimezone = "Asia/Shanghai"\nlanguage = "zh-CN"\n'
    )
    return load(file)


@contextlib.contextmanager
def empty_store(name: str, dumps: Path, port: int = 0) -> Iterator[tuple[Store, Settings]]:
    """A store made anew under build/, removed behind it."""
    folder = BUILD / f"store-{name}"
    shutil.rmtree(folder, ignore_errors=True)
    settings = settings_for(folder, dumps, port)
    store = open_store(settings.database)
    try:
        yield store, settings
    finally:
        store.close()
        shutil.rmtree(folder, ignore_errors=True)


def read_all(store: Store, settings: Settings) -> Pass:
    """One pass over the only source, of now."""
    return refresh(store, settings, settings.sources[0], now=datetime.now(UTC))


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextlib.contextmanager
def running(command: Sequence[str | Path], url: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A server, once it answers there; ended behind it."""
    server = subprocess.Popen(
        list(map(str, command)), cwd=ROOT, env=os.environ | COMPILED | environment, stdout=subprocess.DEVNULL
    )
    try:
        fetch(url)
        yield server
    finally:
        server.terminate()
        server.wait(timeout=30)


def fetch(url: str) -> bytes:
    """What stands there, asked for until it does."""
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as reply:
                return bytes(reply.read())
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.002)


@contextlib.contextmanager
def nginx(folder: Path, port: int) -> Iterator[None]:
    """One worker that serves the files of a folder, compressed ones where they lie beside them."""
    place = BUILD / "nginx"
    place.mkdir(parents=True, exist_ok=True)
    paths = " ".join(
        f"{kind}_temp_path {place}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (place / "nginx.conf").write_text(
        f"worker_processes 1; daemon off; pid {place}/pid; error_log {place}/error.log;\n"
        "events { worker_connections 512; }\n"
        f"http {{ access_log off; {paths} default_type application/atom+xml;\n"
        " sendfile on; keepalive_requests 10000000;\n"
        f" server {{ listen 127.0.0.1:{port}; root {folder}; gzip_static on; }} }}\n"
    )
    with running(["nginx", "-p", place, "-c", place / "nginx.conf"], f"http://127.0.0.1:{port}/"):
        yield


@contextlib.contextmanager
def lean(folder: Path, port: int, answers: str = "/") -> Iterator[subprocess.Popen[bytes]]:
    """Starlette and nothing else, serving the files of a folder on the same kind of server as ours."""
    code = (
        "import sys, uvicorn\n"
        "from starlette.applications import Starlette\n"
        "from starlette.routing import Mount\n"
        "from starlette.staticfiles import StaticFiles\n"
        "app = Starlette(routes=[Mount('/', StaticFiles(directory=sys.argv[1], html=True))])\n"
        "uvicorn.run(app, port=int(sys.argv[2]), log_config=None, access_log=False, lifespan='off')\n"
    )
    with running([sys.executable, "-c", code, folder, str(port)], f"http://127.0.0.1:{port}{answers}") as server:
        yield server
