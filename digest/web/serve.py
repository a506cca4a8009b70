"""The life of a listener: a bound socket, uvicorn on it, and a stop that waits for responses in progress."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from functools import partial
from typing import TYPE_CHECKING, cast

import uvicorn

from digest.errors import ConfigurationError
from digest.web.application import application
from digest.web.connection import LimitedConnection
from digest.web.extra_routes import operators_application
from digest.web.limits import WATCH, WEB, Gate, Limits, descriptors
from digest.web.metrics import monitor_application
from digest.web.response_cache import CachingConnection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from starlette.types import ASGIApp

    from digest.operations.core import Check, Service
    from digest.settings import Settings
    from digest.store.transaction import Store
    from digest.web.metrics import Metrics

_GRACE_SECONDS = 8
_TICKS_A_SECOND = 10  # uvicorn's
_BACKLOG = 128  # connections that wait while we are busy; if all are accepted at once, they fit into the reserve


class _Quiet(uvicorn.Server):
    """A server that leaves signals to the service around it, and ends what takes too long."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def on_tick(self, counter: int) -> bool:
        if counter % _TICKS_A_SECOND == 0:
            now = asyncio.get_running_loop().time()
            for connection in list(self.server_state.connections):
                if isinstance(connection, LimitedConnection):
                    connection.sweep(now)
        return await super().on_tick(counter)


class Listener:
    """An application on an address. It binds the address at once, so a busy port is reported before anything runs.

    Raises:
        ConfigurationError: the address cannot be bound; `place` names its setting.
    """

    def __init__(
        self, app: ASGIApp, listen: str, place: str, *, limits: Limits = WEB, proxies: Iterable[str] = ()
    ) -> None:
        self._socket = _bound(listen, place)
        self._gate = Gate(limits.within(descriptors()), proxies)
        host, port = self._socket.getsockname()[:2]
        self.address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        self._server = _Quiet(
            uvicorn.Config(
                app,
                http=cast("type[asyncio.Protocol]", partial(CachingConnection, gate=self._gate)),
                interface="asgi3",
                ws="none",
                backlog=_BACKLOG,
                timeout_keep_alive=limits.idle_seconds,
                log_config=None,
                access_log=False,
                lifespan="off",
                server_header=False,
                proxy_headers=False,  # web.proxies lists who may say where a request comes from
                timeout_graceful_shutdown=_GRACE_SECONDS,
            )
        )

    async def serve(self) -> None:
        """Serve until `stop` is called."""
        try:
            await self._server.serve(sockets=[self._socket])
        finally:
            self._socket.close()

    def replace(self, app: ASGIApp, proxies: Iterable[str] = ()) -> None:
        """Serve every request from now on with another application."""
        self._server.config.loaded_app = app
        self._gate.trust(proxies)

    def stop(self) -> None:
        """Accept no new connections, and end when the requests in progress are answered."""
        self._server.should_exit = True


class Server(Listener):
    """The web server: pages and feeds."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        now: Callable[[], datetime],
        metrics: Metrics | None = None,
        check: Check | None = None,
    ) -> None:
        self._store, self._now, self._metrics, self._check = store, now, metrics, check
        super().__init__(self._made(settings), settings.web.listen, "web.listen", proxies=settings.web.proxies)

    def following(self, settings: Settings) -> Callable[[], None]:
        """A function that makes this server use other settings; everything that can fail has run by then.

        Raises:
            DigestError: the settings are wrong.
        """
        return partial(self.replace, self._made(settings), settings.web.proxies)

    def _made(self, settings: Settings) -> ASGIApp:
        service = _service(settings, self._check)
        return application(self._store, settings, now=self._now, metrics=self._metrics, service=service)


class WatchServer(Listener):
    """The listener for monitors, configured by `web.metrics_listen`."""

    def __init__(self, settings: Settings, store: Store, metrics: Metrics) -> None:
        app = monitor_application(store, metrics)
        super().__init__(app, settings.web.metrics_listen, "web.metrics_listen", limits=WATCH)


class ConsoleServer(Listener):
    """The listener for the console and the API, configured by `console.listen`."""

    def __init__(
        self, settings: Settings, store: Store, now: Callable[[], datetime], check: Check | None = None
    ) -> None:
        self._store, self._now, self._check = store, now, check
        listen = settings.console.listen
        super().__init__(self._made(settings), listen, "console.listen", proxies=settings.web.proxies)

    def following(self, settings: Settings) -> Callable[[], None]:
        """A function that makes this server use other settings.

        Raises:
            DigestError: the settings are wrong.
        """
        return partial(self.replace, self._made(settings), settings.web.proxies)

    def _made(self, settings: Settings) -> ASGIApp:
        service = _service(settings, self._check)
        return operators_application(self._store, settings, now=self._now, service=service)


def _service(settings: Settings, check: Check | None) -> Service | None:
    """What operations may ask of the service around the server; None where nothing performs operations."""
    if not (settings.api.on or settings.console.on):
        return None
    from digest.operations import core  # noqa: PLC0415 - where both are off, their code is not loaded
    from digest.service.settings.following import announce  # noqa: PLC0415 - as above

    return core.Service(follow=announce, check=check)


def _bound(listen: str, place: str) -> socket.socket:
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    # The protocol is given, because asyncio switches Nagle's algorithm off only then. Otherwise the second part of a
    # response would wait 40 ms.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, int(port)))
        bound.listen()  # early connections wait and are not refused
    except (OSError, OverflowError) as error:
        bound.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigurationError(
            f"{listen} cannot be used: {reason}",
            place=place,
            remedy=f"set DIGEST_{place.replace('.', '_').upper()}=HOST:PORT",
        ) from error
    return bound
