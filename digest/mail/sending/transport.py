"""Chooses the transport that the settings name, signs what it sends, and checks it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from digest.errors import TransportError, together
from digest.mail.sending.login import password, require_token
from digest.mail.sending.session import Envelope, Outgoing, SendResult, Session
from digest.settings import Mail, Relay, Settings

if TYPE_CHECKING:
    from digest.mail.dkim import Key
    from digest.mail.sending.smtp import SmtpSession


class _SigningSession(Session):
    """A session that signs every message, so that no caller can forget to."""

    def __init__(self, session: Session, keys: tuple[Key, ...]) -> None:
        self._session, self._keys = session, keys

    @property
    def pipelines(self) -> bool:
        return self._session.pipelines

    async def prepare(self, mail: Outgoing) -> None:
        from digest.mail.dkim import sign  # noqa: PLC0415 - imports cryptography only where it signs

        # In this thread: switching to another one takes longer than a signature.
        await self._session.prepare(replace(mail, message=sign(mail.message, self._keys)))

    async def commit(self, following: Envelope | None = None) -> SendResult:
        return await self._session.commit(following)

    async def close(self) -> None:
        await self._session.close()


def open_session(settings: Settings, *, others: Callable[[], bool] = bool) -> Session:
    """A new session of the configured transport. It connects when it first sends, and signs what it sends.

    `others` reports whether other sessions are in use at the same time.

    Raises:
        ConfigurationError: a password or a key cannot be read.
    """
    keys = signing_keys(settings)
    unsigned = _unsigned(settings, others)
    return _SigningSession(unsigned, keys) if keys else unsigned


def signing_keys(settings: Settings) -> tuple[Key, ...]:
    """The DKIM keys; none if mails are not signed.

    Raises:
        ConfigurationError: a key cannot be read.
    """
    if settings.dkim.key_file is None:
        return ()
    from digest.mail.dkim import load_keys  # noqa: PLC0415 - as above

    return load_keys(settings.dkim, settings.mail.sender_mailbox.domain)


def _unsigned(settings: Settings, others: Callable[[], bool]) -> Session:
    mail = settings.mail
    if mail.transport == "maildir":
        from digest.mail.sending.maildir import MaildirSession  # noqa: PLC0415 - only one of the two is needed

        return MaildirSession(mail.path)
    first = _smtp(mail)
    if not settings.fallback.host:
        return first
    from digest.mail.sending.fallback import FallbackSession  # noqa: PLC0415 - as above

    return FallbackSession(first, _smtp(settings.fallback), others)


def _smtp(relay: Relay) -> SmtpSession:
    from digest.mail.sending.smtp import SmtpSession  # noqa: PLC0415 - aiosmtplib is loaded only where it is used

    return SmtpSession(relay, password(relay))


async def try_transport(mail: Mail) -> str:
    """Check the transport without sending anything; return the result in a sentence.

    Raises:
        TransportError: it cannot be reached, or refuses us.
    """
    if mail.transport == "maildir":
        folder = next(parent for parent in (mail.path, *mail.path.parents) if parent.exists())
        return f"writes into {mail.path}" + ("" if folder == mail.path else ", which will be created")
    return await try_relay(mail)


async def try_relay(relay: Relay) -> str:
    """Connect to a server and log in; return the result in a sentence.

    Raises:
        TransportError: it cannot be reached, or refuses us.
    """
    async with _smtp(relay) as session:
        return await session.greet()


async def try_envelopes(relay: Relay, addresses: Iterable[str]) -> dict[str, TransportError | None]:
    """Ask a server whether it accepts mail from each of these addresses to the same address, without sending any.

    The dialogue goes as far as RCPT, because many servers delay their objections to a sender until then.

    Returns: the refusal for each address; None where there is none.
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


def require_secrets(settings: Settings) -> None:
    """Read every secret that sending needs, so that a faulty one is reported before the first mail.

    A command that prints a token only has to exist, because the service that it asks may not be reachable yet.

    Raises:
        ConfigurationError: a password, a token or a key is not available; a MistakesError if several are not.
    """
    sends = settings.mail.transport == "smtp"
    relays = [relay for relay in (settings.mail, settings.fallback) if relay.host and sends]
    logins = [partial(try_login, relay) for relay in relays for try_login in (password, require_token)]
    together(partial(signing_keys, settings), *logins)
