"""What a transport waits for before it hands a mail over, and what it says of it then; knows no transport."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Self

Begun = Callable[[], Awaitable[None]]  # returns when a mail may be handed over, raises where it may not


class Taken(str):
    """What was said as a mail was taken; `code` is the server's reply code, None where no server was asked."""

    __slots__ = ("code",)
    code: int | None

    def __new__(cls, words: str, code: int | None = None) -> Self:
        taken = super().__new__(cls, words)
        taken.code = code
        return taken


async def at_once() -> None:
    """For a mail that nobody keeps a ledger of."""
