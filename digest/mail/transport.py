"""How a message leaves: what every transport does, and which one the settings name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Self

from digest.addresses import mailbox
from digest.errors import TransportError
from digest.mail.login import password, require_token
from digest.mail.taken import at_once

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType

    from digest.mail.dkim import Key
    from digest.mail.smtp import SmtpSession
    from digest.mail.taken import Begun, Taken
    from digest.mail.transaction import Envelope
    from digest.settings import Mail, Relay, Settings


class Session(Protocol):
    """One worker's way out; used by one task at a time. Called by `service.delivery`."""

    @property
    def pipelines(self) -> bool:
        """Whether it is worth to name the next mail with this one."""
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
    ) -> Taken:
        """Hand over one message; the server's words where it took it.

        `again`: an earlier attempt may have been taken, so no other relay than the first gets it. `following`: what is
        likely sent next. Nothing of it is handed over, and it need not be sent; but then the connection is lost.
        `begun` is awaited before the mail is handed over, however much of it was sent by then, and once more where that
        is tried again.

        Raises:
            TransportError: it did not, or nobody knows.
            Exception: what `begun` raises; nothing was handed over then.
        """
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class _Signing:
    """A session that signs all that goes out: whoever makes a mail cannot forget to."""

    def __init__(self, way: Session, keys: tuple[Key, ...]) -> None:
        self._way, self._keys = way, keys

    async def __aenter__(self) -> Self:
        await self._way.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._way.__aexit__(kind, error, trace)

    @property
    def pipelines(self) -> bool:
        return self._way.pipelines

    async def send(
        self,
        sender: str,
        recipient: str,
        message: bytes,
        *,
        again: bool = False,
        following: Envelope | None = None,
        begun: Begun = at_once,
    ) -> Taken:
        from digest.mail.dkim import signed  # noqa: PLC0415 - cryptography is not paid for where nothing is signed

        # At once: the way into a thread and back takes longer than a signature.
        mail = signed(message, self._keys)
        return await self._way.send(sender, recipient, mail, again=again, following=following, begun=begun)


def session(settings: Settings, *, others: Callable[[], bool] = bool) -> Session:
    """A new session of the transport that the settings name. It connects when it first sends, and signs what it sends.

    `others` says whether other sessions use it at the same time.

    Raises:
        ConfigurationError: a password or a key cannot be read.
    """
    keys = signing_keys(settings)
    way = _way(settings, others)
    return _Signing(way, keys) if keys else way


def signing_keys(settings: Settings) -> tuple[Key, ...]:
    """The DKIM keys; none where mails are not signed.

    Raises:
        ConfigurationError: a key cannot be read.
    """
    if settings.dkim.key_file is None:
        return ()
    from digest.mail.dkim import keys  # noqa: PLC0415 - as above

    return keys(settings.dkim, mailbox(settings.mail.sender).domain)


def _way(settings: Settings, others: Callable[[], bool]) -> Session:
    mail = settings.mail
    if mail.transport == "maildir":
        from digest.mail.maildir import MaildirSession  # noqa: PLC0415 - only one of the two is ever needed

        return MaildirSession(mail.path)
    first = _smtp(mail)
    if not settings.fallback.host:
        return first
    from digest.mail.fallback import FallbackSession  # noqa: PLC0415 - as above

    return FallbackSession(first, _smtp(settings.fallback), others)


def _smtp(relay: Relay) -> SmtpSession:
    from digest.mail.smtp import SmtpSession  # noqa: PLC0415 - aiosmtplib is not paid for where it is not used

    return SmtpSession(relay, password(relay))


async def try_transport(mail: Mail) -> str:
    """Reach the transport without sending anything; what was found, in a sentence.

    Raises:
        TransportError: it cannot be reached, or refuses us.
    """
    if mail.transport == "maildir":
        folder = next(parent for parent in (mail.path, *mail.path.parents) if parent.exists())
        return f"writes into {mail.path}" + ("" if folder == mail.path else ", which will be made")
    return await try_relay(mail)


async def try_relay(relay: Relay) -> str:
    """Connect to a server and log in; what was found, in a sentence.

    Raises:
        TransportError: it cannot be reached, or refuses us.
    """
    async with _smtp(relay) as way:
        return await way.greet()


async def try_envelopes(relay: Relay, addresses: Iterable[str]) -> dict[str, TransportError | None]:
    """Ask a server whether it takes mail from each of these addresses to itself; nothing is sent.

    Up to RCPT, since many servers keep until then what they have against a sender.

    Returns: what it has against each address, None where nothing.
    """
    found: dict[str, TransportError | None] = {}
    for address in addresses:
        try:
            await _smtp(relay).ask(address, address)
        except TransportError as error:
            found[address] = error
        else:
            found[address] = None
    return found


def prepare(settings: Settings) -> None:
    """Read every secret that sending needs, so that what is wrong with one is told before the first mail.

    A command that prints a token only has to be there: what it asks may not be reachable yet.

    Raises:
        ConfigurationError: a password, a token or a key cannot be had.
    """
    session(settings)
    for relay in (settings.mail, settings.fallback):
        if relay.host and settings.mail.transport == "smtp":
            require_token(relay)
