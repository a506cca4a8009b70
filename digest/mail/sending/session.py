"""The interface of all transports, and the values that they get and return."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, NamedTuple, Protocol, Self

if TYPE_CHECKING:
    from types import TracebackType

Begun = Callable[[], Awaitable[None]]  # returns when a mail may be submitted, raises if it may not


class Envelope(NamedTuple):
    """The sender and the recipient of a message."""

    sender: str
    recipient: str


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


class Session(Protocol):
    """A worker's session with a transport. Only one task uses it at a time."""

    @property
    def pipelines(self) -> bool:
        """Whether announcing the next envelope early helps (PIPELINING)."""
        ...

    async def send(
        self,
        sender: str,
        recipient: str,
        message: bytes,
        *,
        again: bool = False,
        following: Envelope | None = None,
        begun: Begun = at_once,
    ) -> SendResult:
        """Send one message and return the server's reply.

        `again` means that an earlier attempt may have been accepted, so only the first relay may receive the message.
        `following` is the envelope that is probably sent next. Announcing it submits nothing, and it need not be sent;
        but if another mail is sent instead, the connection is lost. `begun` is awaited before the mail is submitted,
        however much of it was transmitted by then. It is awaited again if the session tries again.

        Raises:
            TransportError: the server refused it, or the outcome is unknown.
            Exception: any error of `begun`; then nothing was submitted.
        """
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
