"""Two relays as one way out: the second takes what the first cannot be asked to take."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self

from digest import logs
from digest.errors import TransportError
from digest.mail.limits import RateLimit, rate_limit
from digest.mail.taken import Taken, at_once

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from digest.mail.smtp import SmtpSession
    from digest.mail.taken import Begun
    from digest.mail.transaction import Envelope

_FIRST_AGAIN_SECONDS = 300.0
_UNREACHED = {"connect", "login"}
_log = logs.get_logger()


class FallbackSession:
    """Asks the first relay, and the second where the first cannot be reached or lets nobody in.

    Only before anything was said of the mail: what the first may have taken, or refused, the second never gets. It goes
    on with the second for a while, since each failing attempt may cost minutes.
    """

    def __init__(self, first: SmtpSession, second: SmtpSession, others: Callable[[], bool] = bool) -> None:
        self._first, self._second, self._others = first, second, others
        self._first_at = 0.0  # of the loop's clock
        self._problem = ""  # why the first one rests

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._first.__aexit__(kind, error, trace)
        await self._second.__aexit__(kind, error, trace)

    @property
    def pipelines(self) -> bool:
        """Whether the first relay does. What is announced to it and sent to the second is lost on the first only."""
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
    ) -> Taken:
        """Hand over one message; the relay's name and its words."""
        now = asyncio.get_running_loop().time()
        if again or now >= self._first_at:
            try:
                return await _named(self._first, sender, recipient, message, following, begun)
            except TransportError as error:
                if again or error.phase not in _UNREACHED or self._is_one_too_many(error):
                    raise
                self._problem = str(error)
            _log.warning("the first relay fails, the fallback is asked", reason=self._problem)
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
        """Whether the first relay is well, and takes no more connections than others of us have."""
        return self._others() and rate_limit(error) is RateLimit.SAID


async def _named(
    relay: SmtpSession, sender: str, recipient: str, message: bytes, following: Envelope | None, begun: Begun
) -> Taken:
    try:
        taken = await relay.send(sender, recipient, message, following=following, begun=begun)
    except TransportError as error:
        if error.phase in _UNREACHED:  # these name it already
            raise
        raise TransportError(
            f"{relay.host}: {error.text}", phase=error.phase, code=error.code, uncertain=error.uncertain
        ) from error
    return Taken(f"{relay.host}: {taken}", taken.code)
