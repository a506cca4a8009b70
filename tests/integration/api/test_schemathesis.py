"""Schemathesis sends what the OpenAPI document allows, and what it forbids, to every operation of a real server."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from digest.app import clock
from digest.web.api import application
from digest.web.serve import Server
from tests.waiting import ended

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.api.conftest import Api

EXAMPLES = int(os.environ.get("DIGEST_TEST_EXAMPLES", "1"))  # of each operation; `make api` takes many
# A value of the right form may still be one that cannot be: 422 says so. What is left out would send, fetch or wait.
CONFIG = """
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "401", "403", "404", "409", "422", "429", "503"]
"""


@pytest.fixture
def address(api: Api, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The API on a port of its own, without the limits on how often one may ask."""
    monkeypatch.setattr(application, "_WRONG_TOKENS", 10**9)
    unlimited = api.settings.api.model_copy(update={"per_minute": 10**9})
    web = api.settings.web.model_copy(update={"listen": "127.0.0.1:0"})
    server = Server(api.settings.model_copy(update={"api": unlimited, "web": web}), api.store, clock)
    server._socket.listen()  # a request before uvicorn is ready waits for it
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()))
    thread.start()
    try:
        yield server.address
    finally:
        server.stop()
        ended(thread)


def test_no_request_breaks_the_api(api: Api, address: str, tmp_path: Path) -> None:
    (tmp_path / "schemathesis.toml").write_text(CONFIG, "utf-8")
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("schemathesis")),
            *("--config-file", str(tmp_path / "schemathesis.toml"), "run", f"{address}/api/v1/openapi.json"),
            *("-u", f"{address}/api/v1", "-H", f"Authorization: Bearer {api.token}", "--seed", "1"),
            *("--phases", "coverage,fuzzing", "--max-examples", str(EXAMPLES)),
        ],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=3600,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:]
    assert " generated" in done.stdout
