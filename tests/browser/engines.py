"""Firefox and WebKit, driven over their own protocols: Marionette and WebDriver. No window is seen."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any, Protocol

from tests.serving import free_port
from tests.waiting import SECONDS, until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

SCREEN = "1400x1000x24"
MINI_BROWSER = (
    "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser",
    "/usr/lib/aarch64-linux-gnu/webkit2gtk-4.1/MiniBrowser",
)


class Engine(Protocol):
    """A browser with one page."""

    def open(self, url: str) -> None:
        """Load a page, to its end."""

    def run(self, script: str, *given: object) -> Any:
        """The value that a function's body returns; `given` are its `arguments`."""

    def resize(self, width: int) -> int:
        """Make the page this wide, or as narrow as the engine can; its width in pixels."""

    def picture(self) -> bytes:
        """The whole page as PNG."""


class Firefox:
    """Source: firefox-source-docs, Marionette protocol: `LENGTH:JSON`, a message is [type, number, name, values]."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection, self._number, self._rest = connection, 0, b""
        self._read()
        self("WebDriver:NewSession", capabilities={})

    def __call__(self, name: str, **values: object) -> Any:
        self._number += 1
        message = json.dumps([0, self._number, name, values]).encode()
        self._connection.sendall(str(len(message)).encode() + b":" + message)
        _, number, error, value = self._read()
        assert number == self._number
        assert not error, (name, error)
        return value.get("value") if isinstance(value, dict) else value

    def _read(self) -> Any:
        while b":" not in self._rest:
            self._rest += self._more()
        length, _, body = self._rest.partition(b":")
        while len(body) < int(length):
            body += self._more()
        self._rest = body[int(length) :]
        return json.loads(body[: int(length)])

    def _more(self) -> bytes:
        read = self._connection.recv(1 << 20)
        assert read, "Firefox closed the connection"
        return read

    def open(self, url: str) -> None:
        self("WebDriver:Navigate", url=url)

    def run(self, script: str, *given: object) -> Any:
        return self("WebDriver:ExecuteScript", script=script, args=list(given))

    def resize(self, width: int) -> int:
        self("WebDriver:SetWindowRect", width=max(width, 500), height=900)
        self("Marionette:SetContext", value="chrome")  # a window has a least width, the page within it has none
        self.run(
            "Object.assign(gBrowser.selectedBrowser.style, {minWidth: 0, width: `${arguments[0]}px`,"
            " maxWidth: `${arguments[0]}px`})",
            width,
        )
        self("Marionette:SetContext", value="content")
        until(lambda: self.run("return innerWidth") == width)
        return width

    def picture(self) -> bytes:
        return base64.b64decode(self("WebDriver:TakeScreenshot", full=True, hash=False))


class WebKit:
    """Source: W3C WebDriver."""

    def __init__(self, port: int, browser: str) -> None:
        self._address = f"http://127.0.0.1:{port}/session"
        options = {"binary": browser, "args": ["--automation"]}
        made = self._call("POST", "", capabilities={"alwaysMatch": {"webkitgtk:browserOptions": options}})
        self._address += f"/{made['sessionId']}"

    def _call(self, method: str, path: str, **values: object) -> Any:
        body = json.dumps(values).encode() if method == "POST" else None
        asked = urllib.request.Request(self._address + path, body, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(asked, timeout=SECONDS) as reply:
                return json.load(reply)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()) from error

    def open(self, url: str) -> None:
        self._call("POST", "/url", url=url)

    def run(self, script: str, *given: object) -> Any:
        return self._call("POST", "/execute/sync", script=script, args=list(given))

    def resize(self, width: int) -> int:
        self._call("POST", "/window/rect", width=width, height=960)
        return int(self.run("return innerWidth"))

    def picture(self) -> bytes:
        (page,) = self._call("POST", "/element", using="css selector", value="html").values()
        return base64.b64decode(self._call("GET", f"/element/{page}/screenshot"))

    def close(self) -> None:
        self._call("DELETE", "")


@contextlib.contextmanager
def firefox(program: str, home: Path, preferences: Mapping[str, object]) -> Iterator[Firefox]:
    """Firefox with a new profile in an empty folder."""
    port = free_port()
    wanted = {"marionette.port": port, "app.update.enabled": False, "datareporting.policy.dataSubmissionEnabled": False}
    lines = (
        f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in {**wanted, **preferences}.items()
    )
    (home / "user.js").write_text("".join(lines), "utf-8")
    command = [
        program,
        "--headless",
        "--no-remote",
        "--profile",
        str(home),
        "--marionette",
        "--remote-allow-system-access",
    ]
    with _running(command, HOME=str(home)) as process, _connected(port, process) as connection:
        yield Firefox(connection)


@contextlib.contextmanager
def webkit(driver: str, screen: str, browser: str, home: Path) -> Iterator[WebKit]:
    """WebKit's small browser on a screen that nobody sees."""
    port, number = free_port(), free_port()
    shown = {"DISPLAY": f":{number}", "HOME": str(home), "NO_AT_BRIDGE": "1", "LIBGL_ALWAYS_SOFTWARE": "1"}
    with (
        _running([screen, f":{number}", "-screen", "0", SCREEN, "-nolisten", "tcp"]),
        _running([driver, f"--port={port}", "--host=127.0.0.1"], **shown) as process,
        _connected(port, process),
    ):
        made = WebKit(port, browser)
        try:
            yield made
        finally:
            made.close()


@contextlib.contextmanager
def _running(command: list[str], **more: str) -> Iterator[subprocess.Popen[bytes]]:
    """A program and what it starts, until the end."""
    process = subprocess.Popen(
        command,
        env={**os.environ, **more},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(SECONDS)


@contextlib.contextmanager
def _connected(port: int, process: subprocess.Popen[bytes]) -> Iterator[socket.socket]:
    made: list[socket.socket] = []

    def tried() -> bool:
        assert process.poll() is None, f"{process.args!r} ended with {process.returncode}"
        with contextlib.suppress(OSError):
            made.append(socket.create_connection(("127.0.0.1", port), timeout=SECONDS))
        return bool(made)

    until(tried)
    with made[0]:
        yield made[0]
