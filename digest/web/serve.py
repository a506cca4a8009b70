"""The life of what listens: a bound socket, uvicorn on it, a stop that waits for answers under way."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING

import uvicorn

from digest.errors import ConfigurationError
from digest.web.application import application
from digest.web.direct import Direct
from digest.web.watching import watch_application

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from starlette.types import ASGIApp

    from digest.ports import Store
    from digest.settings import Settings
    from digest.web.metrics import Metrics

_GRACE_SECONDS = 8


class _Quiet(uvicorn.Server):
    """A server that leaves the signals to the service around it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Listener:
    """An application on an address, which is taken when it is made: a busy port is said before anything runs.

    Raises:
        ConfigurationError: the address cannot be bound; `place` names its setting.
    """

    def __init__(self, app: ASGIApp, listen: str, place: str) -> None:
        self._socket = _bound(listen, place)
        host, port = self._socket.getsockname()[:2]
        self.address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        self._server = _Quiet(
            uvicorn.Config(
                app,
                http=Direct,
                log_config=None,
                access_log=False,
                lifespan="off",
                server_header=False,
                proxy_headers=False,  # web.proxies says who may tell where a request comes from
                timeout_graceful_shutdown=_GRACE_SECONDS,
            )
        )

    async def serve(self) -> None:
        """Answer until `stop` is called."""
        try:
            await self._server.serve(sockets=[self._socket])
        finally:
            self._socket.close()

    def stop(self) -> None:
        """Take no new connection, and end when those under way are answered."""
        self._server.should_exit = True


class Server(Listener):
    """The web server: pages and feeds."""

    def __init__(
        self, settings: Settings, store: Store, now: Callable[[], datetime], metrics: Metrics | None = None
    ) -> None:
        app = application(store, settings, now=now, metrics=metrics)
        super().__init__(app, settings.web.listen, "web.listen")


class WatchServer(Listener):
    """The listener for monitors that `web.metrics_listen` asks for."""

    def __init__(self, settings: Settings, store: Store, now: Callable[[], datetime], metrics: Metrics) -> None:
        super().__init__(
            watch_application(store, settings, metrics, now), settings.web.metrics_listen, "web.metrics_listen"
        )


def _bound(listen: str, place: str) -> socket.socket:
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    # The protocol is named, since asyncio switches Nagle's algorithm off only where it is: the second piece of an
    # answer would wait 40 ms.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, int(port)))
        bound.listen()  # who comes before the loop turns waits, and is not refused
    except (OSError, OverflowError) as error:
        bound.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigurationError(
            f"{listen} cannot be used: {reason}",
            place=place,
            remedy=f"set DIGEST_{place.replace('.', '_').upper()}=HOST:PORT",
        ) from error
    return bound
