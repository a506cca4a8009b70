"""Combines two relays into one session: the second relay sends what cannot be given to the first. Decision 140."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from digest import logs
from digest.errors import TransportError
from digest.mail.replies.outcome import RateLimit, rate_limit
from digest.mail.sending.session import Envelope, Outgoing, SendResult, Session

if TYPE_CHECKING:
    from digest.mail.sending.smtp import SmtpSession

_FIRST_AGAIN_SECONDS = 300.0
_UNREACHED = {"connect", "login"}
_T = TypeVar("_T")
_log = logs.get_logger()


class FallbackSession(Session):
    """Uses the first relay, and the second one if the first cannot be reached or refuses the login.

    It changes over only before the first relay has learned anything of the mail: the second relay never receives a mail
    that the first may have accepted, or has refused. After a change, the session stays with the second relay for a
    while, because each failed attempt may take minutes.
    """

    def __init__(self, first: SmtpSession, second: SmtpSession, others: Callable[[], bool] = bool) -> None:
        self._first, self._second, self._others = first, second, others
        self._relay = first  # the one that has the prepared mail
        self._mail: Outgoing | None = None
        self._first_at = 0.0  # on the loop's clock
        self._problem = ""  # why the first relay is paused

    @property
    def pipelines(self) -> bool:
        """Whether the first relay pipelines.

        If the second one sends an announced mail, only the first connection is lost.
        """
        return self._first.pipelines

    async def prepare(self, mail: Outgoing) -> None:
        self._mail, self._relay = mail, self._first
        if mail.again or asyncio.get_running_loop().time() >= self._first_at:
            try:
                await self._named(self._first.prepare(mail))
            except TransportError as error:
                self._change_over(error)
            else:
                return
        await self._prepare_second(mail)

    async def commit(self, following: Envelope | None = None) -> SendResult:
        """Submit the mail; return the relay's name and its reply. Only the first relay learns of the `following`."""
        assert self._mail is not None  # noqa: S101 - it was prepared
        if self._relay is self._first:
            try:
                return await self._committed(following)
            except TransportError as error:
                self._change_over(error)
            await self._prepare_second(self._mail)
        return await self._committed(None)

    async def close(self) -> None:
        await self._first.close()
        await self._second.close()

    async def _prepare_second(self, mail: Outgoing) -> None:
        self._relay = self._second
        await self._named(self._second.prepare(mail))

    async def _committed(self, following: Envelope | None) -> SendResult:
        result = await self._named(self._relay.commit(following))
        return SendResult(f"{self._relay.host}: {result}", result.code)

    def _change_over(self, error: TransportError) -> None:
        """Give mails to the second relay for a while; raise the error if this one must not change over."""
        again = self._mail is not None and self._mail.again
        if again or error.phase not in _UNREACHED or self._is_one_too_many(error):
            raise error
        self._problem = str(error)
        _log.warning("the first relay fails; using the fallback relay", reason=self._problem)
        self._first_at = asyncio.get_running_loop().time() + _FIRST_AGAIN_SECONDS

    def _is_one_too_many(self, error: TransportError) -> bool:
        """Whether the first relay works, but accepts no connections beyond those that our other sessions have."""
        return self._others() and rate_limit(error) is RateLimit.EXPLICIT

    async def _named(self, step: Awaitable[_T]) -> _T:
        """Add the relay's name to an error. The errors of an unreached relay name it already."""
        relay = self._relay
        try:
            return await step
        except TransportError as error:
            if error.phase not in _UNREACHED:
                text = f"{relay.host}: {error.text}"
            elif relay is self._second:
                text = f"{error.text}; before it {self._problem}"
            else:
                raise
            raise TransportError(text, phase=error.phase, code=error.code, uncertain=error.uncertain) from error
