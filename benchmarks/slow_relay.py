"""A relay between a client and a mail server: what the server says reaches the client a while later."""

from __future__ import annotations

import asyncio
import sys
from typing import cast


async def main(mine: int, server: int, delay: float) -> None:
    """Listen until the process ends."""
    loop = asyncio.get_running_loop()
    await loop.create_server(lambda: _Front(server, delay), "127.0.0.1", mine)
    await asyncio.Event().wait()


class _Front(asyncio.Protocol):
    """The client's side. Only what comes back is slow: each reply, or all replies to one write at once."""

    def __init__(self, server: int, delay: float) -> None:
        self._server, self._delay = server, delay
        self._early: list[bytes] = []
        self._back: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)
        self._task = asyncio.get_running_loop().create_task(self._connect())

    async def _connect(self) -> None:
        back, _ = await asyncio.get_running_loop().create_connection(
            lambda: _Back(self._transport, self._delay), "127.0.0.1", self._server
        )
        self._back = back
        back.writelines(self._early)

    def data_received(self, data: bytes) -> None:
        if self._back:
            self._back.write(data)
        else:
            self._early.append(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - as asyncio calls it
        if self._back:
            self._back.close()


class _Back(asyncio.Protocol):
    """The server's side."""

    def __init__(self, client: asyncio.WriteTransport, delay: float) -> None:
        self._client, self._delay = client, delay

    def data_received(self, data: bytes) -> None:
        asyncio.get_running_loop().call_later(self._delay, self._client.write, data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - as asyncio calls it
        asyncio.get_running_loop().call_later(self._delay, self._client.close)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
