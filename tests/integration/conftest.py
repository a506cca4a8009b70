"""These tests run in the event loop of the service, whose transports are none of asyncio's classes.

None waits in it without end.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

import pytest

from digest.app import event_loop

if TYPE_CHECKING:
    from collections.abc import Coroutine

_T = TypeVar("_T")
LONGEST = 240  # seconds; less than pytest gives to a test, and the failure says where it waited


@pytest.fixture(autouse=True)
def _as_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(main: Coroutine[object, object, _T], *, debug: bool | None = None) -> _T:
        with asyncio.Runner(debug=debug, loop_factory=event_loop) as runner:
            return runner.run(asyncio.wait_for(main, LONGEST))

    monkeypatch.setattr(asyncio, "run", run)
