"""How a message leaves: what every transport does, and which one the settings name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Self

from digest.errors import ConfigurationError

if TYPE_CHECKING:
    from types import TracebackType

    from digest.settings import Mail


class Session(Protocol):
    """One worker's way out; used by one task at a time. Called by `service.delivery`."""

    async def send(self, sender: str, recipient: str, message: bytes) -> str:
        """Hand over one message; the server's words where it took it.

        Raises:
            TransportError: it did not, or nobody knows.
        """
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def session(mail: Mail) -> Session:
    """A new session of the transport that the settings name. It connects when it first sends."""
    if mail.transport == "maildir":
        from digest.mail.maildir import MaildirSession  # noqa: PLC0415 - only one of the two is ever needed

        return MaildirSession(mail.path)
    from digest.mail.smtp import SmtpSession  # noqa: PLC0415 - aiosmtplib is not paid for where it is not used

    return SmtpSession(mail, password(mail))


def password(mail: Mail) -> str:
    """The password, from its file where one is named.

    Raises:
        ConfigurationError: the file cannot be read.
    """
    if mail.password_file is None:
        return mail.password
    try:
        return mail.password_file.read_text("utf-8").splitlines()[0]
    except (OSError, IndexError, UnicodeDecodeError) as error:
        raise ConfigurationError("cannot be read, or is empty", place=str(mail.password_file)) from error


async def try_transport(mail: Mail) -> str:
    """Reach the transport without sending anything; what was found, in a sentence.

    Raises:
        TransportError: it cannot be reached, or refuses us.
    """
    if mail.transport == "maildir":
        folder = next(parent for parent in (mail.path, *mail.path.parents) if parent.exists())
        return f"writes into {mail.path}" + ("" if folder == mail.path else ", which will be made")
    from digest.mail.smtp import SmtpSession  # noqa: PLC0415 - as above

    async with SmtpSession(mail, password(mail)) as way:
        return await way.greet()
