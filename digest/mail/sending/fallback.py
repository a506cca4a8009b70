"""Combines two relays into one session: the second relay sends what cannot be given to the first. Decision 140."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self

from digest import logs
from digest.errors import TransportError
from digest.mail.replies.limits import RateLimit, rate_limit
from digest.mail.sending.session import SendResult, at_once

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from digest.mail.sending.session import Begun, Envelope
    from digest.mail.sending.smtp import SmtpSession

_FIRST_AGAIN_SECONDS = 300.0
_UNREACHED = {"connect", "login"}
_log = logs.get_logger()


class FallbackSession:
    """Uses the first relay, and the second one if the first cannot be reached or refuses the login.

    It changes over only before the first relay has learned anything of the mail: the second relay never receives a mail
    that the first may have accepted, or has refused. After a change, the session stays with the second relay for a
    while, because each failed attempt may take minutes.
    """

    def __init__(self, first: SmtpSession, second: SmtpSession, others: Callable[[], bool] = bool) -> None:
        self._first, self._second, self._others = first, second, others
        self._first_at = 0.0  # on the loop's clock
        self._problem = ""  # why the first relay is paused

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._first.__aexit__(kind, error, trace)
        await self._second.__aexit__(kind, error, trace)

    @property
    def pipelines(self) -> bool:
        """Whether the first relay pipelines.

        If the second one sends an announced mail, only the first connection is lost.
        """
        return self._first.pipelines

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
        """Send one message; return the relay's name and its reply."""
        now = asyncio.get_running_loop().time()
        if again or now >= self._first_at:
            try:
                return await _named(self._first, sender, recipient, message, following, begun)
            except TransportError as error:
                if again or error.phase not in _UNREACHED or self._is_one_too_many(error):
                    raise
                self._problem = str(error)
            _log.warning("the first relay fails; using the fallback relay", reason=self._problem)
            self._first_at = now + _FIRST_AGAIN_SECONDS
        try:
            return await _named(self._second, sender, recipient, message, None, begun)
        except TransportError as error:
            if error.phase in _UNREACHED:
                raise TransportError(
                    f"{error.text}; before it {self._problem}", phase=error.phase, code=error.code
                ) from error
            raise

    def _is_one_too_many(self, error: TransportError) -> bool:
        """Whether the first relay works, but accepts no connections beyond those that our other sessions have."""
        return self._others() and rate_limit(error) is RateLimit.SAID


async def _named(
    relay: SmtpSession, sender: str, recipient: str, message: bytes, following: Envelope | None, begun: Begun
) -> SendResult:
    try:
        result = await relay.send(sender, recipient, message, following=following, begun=begun)
    except TransportError as error:
        if error.phase in _UNREACHED:  # the text of these errors names the relay already
            raise
        raise TransportError(
            f"{relay.host}: {error.text}", phase=error.phase, code=error.code, uncertain=error.uncertain
        ) from error
    return SendResult(f"{relay.host}: {result}", result.code)
