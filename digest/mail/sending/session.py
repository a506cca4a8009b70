"""The interface of all transports, and the values that they get and return."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from types import TracebackType
from typing import NamedTuple, Self


class Envelope(NamedTuple):
    """The sender and the recipient of a message."""

    sender: str
    recipient: str


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to send, with CRLF line ends.

    `again` means that an earlier attempt may have been accepted, so only the first relay may receive the message.
    """

    sender: str
    recipient: str
    message: bytes
    again: bool = False

    @property
    def envelope(self) -> Envelope:
        return Envelope(self.sender, self.recipient)


class SendResult(str):
    """The reply that accepted a mail. `code` is the server's reply code, None if no server was asked."""

    __slots__ = ("code",)
    code: int | None

    def __new__(cls, text: str, code: int | None = None) -> Self:
        result = super().__new__(cls, text)
        result.code = code
        return result


class Session(ABC):
    """A worker's session with a transport. Only one task uses it at a time.

    A mail is sent in two steps, so that the ledger can begin it between them: nothing is submitted before `commit`.
    """

    @property
    def pipelines(self) -> bool:
        """Whether announcing the next envelope early helps (PIPELINING)."""
        return False

    @abstractmethod
    async def prepare(self, mail: Outgoing) -> None:
        """Transmit as much of a mail as possible without submitting it. This drops a mail that was only prepared.

        Raises:
            TransportError: the server refused it.
        """

    @abstractmethod
    async def commit(self, following: Envelope | None = None) -> SendResult:
        """Submit the prepared mail and return the server's reply.

        If the server ends the connection meanwhile without accepting the mail, it is transmitted once more.
        `following` is the envelope that is probably sent next. Announcing it submits nothing, and it need not be sent;
        but if another mail is sent instead, the connection is lost.

        Raises:
            TransportError: the server refused it, or the outcome is unknown.
        """

    async def send(self, mail: Outgoing, following: Envelope | None = None) -> SendResult:
        """Send a mail in one step.

        Raises:
            TransportError: the server refused it, or the outcome is unknown.
        """
        await self.prepare(mail)
        return await self.commit(following)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @abstractmethod
    async def close(self) -> None:
        """End all connections."""
