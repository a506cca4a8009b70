"""What a transport awaits before it submits a mail, and what it returns once a mail was accepted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Self

Begun = Callable[[], Awaitable[None]]  # returns when a mail may be submitted, raises if it may not


class SendResult(str):
    """The reply that accepted a mail. `code` is the server's reply code, None if no server was asked."""

    __slots__ = ("code",)
    code: int | None

    def __new__(cls, words: str, code: int | None = None) -> Self:
        result = super().__new__(cls, words)
        result.code = code
        return result


async def at_once() -> None:
    """Allow the mail at once; for mails without a ledger."""
