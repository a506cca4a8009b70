"""The life of what listens: a bound socket, uvicorn on it, a stop that waits for answers under way."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from functools import partial
from typing import TYPE_CHECKING, cast

import uvicorn

from digest.errors import ConfigurationError
from digest.web.application import application
from digest.web.direct import Direct
from digest.web.guarded import Guarded
from digest.web.limits import WATCH, WEB, Gate, Limits, descriptors
from digest.web.watching import watch_application

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from starlette.types import ASGIApp

    from digest.ports import Store
    from digest.settings import Settings
    from digest.web.metrics import Metrics

_GRACE_SECONDS = 8
_TICKS_A_SECOND = 10  # of uvicorn's
_BACKLOG = 128  # connections that wait while we are busy: taken all at once, they fit into the reserve


class _Quiet(uvicorn.Server):
    """A server that leaves the signals to the service around it, and ends what takes too long."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def on_tick(self, counter: int) -> bool:
        if counter % _TICKS_A_SECOND == 0:
            now = asyncio.get_running_loop().time()
            for connection in list(self.server_state.connections):
                if isinstance(connection, Guarded):
                    connection.sweep(now)
        return await super().on_tick(counter)


class Listener:
    """An application on an address, which is taken when it is made: a busy port is said before anything runs.

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
                http=cast("type[asyncio.Protocol]", partial(Direct, gate=self._gate)),
                interface="asgi3",
                ws="none",
                backlog=_BACKLOG,
                timeout_keep_alive=limits.idle_seconds,
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

    def replace(self, app: ASGIApp, proxies: Iterable[str] = ()) -> None:
        """Answer every request from now on by another application."""
        self._server.config.loaded_app = app
        self._gate.trust(proxies)

    def stop(self) -> None:
        """Take no new connection, and end when those under way are answered."""
        self._server.should_exit = True


class Server(Listener):
    """The web server: pages and feeds."""

    def __init__(
        self, settings: Settings, store: Store, now: Callable[[], datetime], metrics: Metrics | None = None
    ) -> None:
        self._made = partial(application, store, now=now, metrics=metrics)
        super().__init__(self._made(settings), settings.web.listen, "web.listen", proxies=settings.web.proxies)

    def following(self, settings: Settings) -> Callable[[], None]:
        """What makes this server answer by other settings; all that can fail has been done by then.

        Raises:
            DigestError: they are wrong.
        """
        app = self._made(settings)
        return partial(self.replace, app, settings.web.proxies)


class WatchServer(Listener):
    """The listener for monitors that `web.metrics_listen` asks for."""

    def __init__(self, settings: Settings, store: Store, metrics: Metrics) -> None:
        app = watch_application(store, metrics)
        super().__init__(app, settings.web.metrics_listen, "web.metrics_listen", limits=WATCH)


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
