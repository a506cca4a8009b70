"""Clock faults: finds the records of a wrong clock, repairs them if possible, and reports the fault until it is over.

A time further in the future than any correct clock explains was recorded under a clock that was ahead, or the present
one is behind. The store cannot know which. The time is changed to now, so that work continues, and the former time is
recorded. A clock that shows a time before this program existed is wrong; nothing is changed then. Decisions 36 and 212.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from digest import logs
from digest.errors import ClockError
from digest.mail.replies.outcome import LONGEST_WAIT
from digest.records.operating import Ahead, ClockFault
from digest.service.operating import waits
from digest.settings import Mail

if TYPE_CHECKING:
    from digest.store.transaction import Store, Transaction

FLOOR = datetime(2026, 1, 1, tzinfo=UTC)  # no correct clock shows an earlier time to this program
_CALM = timedelta(hours=1)  # a fault is over after so long without another one
_JUMP = timedelta(minutes=1)
_BEHIND = "the clock of this machine says"
_HAPPENED = {
    "the last slot of a digest": "it counts as none, so that editions go on",
    "the end of an edition's window": "it counts as now",
    "the last pass over a source": "it counts as now, and so does all that was noted later",
    "a lease of a mail": "it is ended; one that is being sent ends in an hour",
}
_OF_MAILS = {"a lease of a mail", "the next attempt of a mail"}  # hours in the future, as the only trouble
_log = logs.get_logger()


def clock_problem(now: datetime) -> str:
    """What is certainly wrong with a clock that shows this time; empty if nothing is."""
    return str(ClockError(now)) if now < FLOOR else ""


def require_right_clock(store: Store, mail: Mail, now: datetime) -> None:
    """Check that a clock shows a possible time, before a command records anything under it.

    An early time alone proves nothing here: people replay the dumps of former years into a new store. Together with
    later times in the store, it does.

    Raises:
        ClockError: no correct clock shows that time to this program, and the store has recorded later ones.
    """
    if now < FLOOR and times_ahead(store, mail, now):
        raise ClockError(now)


def times_ahead(store: Store, mail: Mail, now: datetime) -> list[Ahead]:
    """Times further in the future than a correct clock explains; changes nothing."""
    with store.read() as tx:
        return times_ahead_in(tx, mail, now)


def times_ahead_in(tx: Transaction, mail: Mail, now: datetime) -> list[Ahead]:
    """As `times_ahead`, for who reads already."""
    return tx.clocks.ahead(now, mail.lease, LONGEST_WAIT)


def repair_times(store: Store, mail: Mail, now: datetime, *, also: Sequence[datetime | None] = ()) -> None:
    """Find times too far in the future, repair and record each once; end faults that did not come again.

    `also` are further times of passes that may be such.
    """
    lease = mail.lease
    with store.read() as tx:
        found, standing = tx.clocks.ahead(now, lease, LONGEST_WAIT), tx.clocks.standing()
    passes = [at for at in also if at and at - now > timedelta(days=1)]
    if now < FLOOR:
        if found or passes:
            _say_behind(store, now, standing)
        return
    if not found and not passes:
        if any(fault.at > now or now - fault.at >= _CALM for fault in standing):
            with store.write() as tx:
                tx.clocks.end(now, _CALM)
        waits.shorten_waits(store, mail, now)
        return
    faults = [ClockFault(one.what, one.number, _text(one.newest), _done(one, now), now) for one in found]
    if not found:
        what = "the last pass over a source"
        faults = [ClockFault(what, len(passes), _text(max(passes)), _HAPPENED[what], now)]
    with store.write() as tx:
        if passes or any(one.what not in _OF_MAILS for one in found):
            tx.clocks.mend(now)
        tx.clocks.end_leases(now, lease)
        tx.clocks.note(faults)
    waits.shorten_waits(store, mail, now)
    for fault in faults:
        _log.warning("a clock was wrong", what=fault.what, number=fault.number, was=fault.moment, done=fault.done)


def _say_behind(store: Store, now: datetime, standing: Sequence[ClockFault]) -> None:
    if any(fault.what == _BEHIND for fault in standing):
        return
    done = "no right clock says that: nothing is changed, and editions wait; set the clock of this machine"
    fault = ClockFault(_BEHIND, 1, _text(now), done, now)
    with store.write() as tx:
        tx.clocks.note([fault])
    _log.error("the clock is wrong", says=fault.moment, done=done)


def _done(one: Ahead, now: datetime) -> str:
    if one.what == "the next attempt of a mail":
        return f"it is tried by {_text(now + LONGEST_WAIT)} at the latest"
    return _HAPPENED.get(one.what, "it is over now")


def _text(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


class JumpDetector:
    """Detects that this machine's clock is set while the service runs, in either direction."""

    def __init__(self, clock: Callable[[], datetime], ticking: Callable[[], Sequence[float]] | None = None) -> None:
        """`ticking` returns seconds that nobody sets; the clock was set if it differs from all of them."""
        self._clock, self._ticking = clock, ticking or _ticking
        self._last = self._clock(), self._ticking()

    def jump(self) -> timedelta:
        """How far the clock was set since the last look, forward or back; zero if it was not."""
        (before, ticked), (now, ticking) = self._last, (self._clock(), self._ticking())
        self._last = now, ticking
        apart = [now - before - timedelta(seconds=b - a) for a, b in zip(ticked, ticking, strict=True)]
        nearest = min(apart, key=abs)
        return nearest if abs(nearest) >= _JUMP else timedelta(0)


def _ticking() -> tuple[float, ...]:
    """Seconds without the time that the machine slept, and with it if the system counts that."""
    slept = getattr(time, "CLOCK_BOOTTIME", None)
    return (time.monotonic(), *((time.clock_gettime(slept),) if slept is not None else ()))


def note_jump(store: Store, jump: timedelta, now: datetime) -> None:
    """Record that the clock was set."""
    way = "forward" if jump > timedelta(0) else "back"
    done = "if that is wrong, set it right: what was noted meanwhile is mended then"
    fault = ClockFault(f"the clock was set {way} by {_length(abs(jump))}, to", 1, _text(now), done, now)
    with store.write() as tx:
        tx.clocks.note([fault])
    _log.warning("the clock was set", by=_length(abs(jump)), way=way, now=fault.moment)


def _length(span: timedelta) -> str:
    return str(timedelta(seconds=round(span.total_seconds())))
