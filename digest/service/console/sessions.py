"""Sessions of the console: begun at a login, found by the token in a cookie, ended by time or by hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from digest.records.console import Session, User, UserId, Way
from digest.service.console.users import hashed, new_token
from digest.settings import Settings

if TYPE_CHECKING:
    from digest.store.transaction import Store

_SEEN_EVERY = timedelta(minutes=1)  # a page does not wait for a write more often
_LONGEST_AGENT = 60
_BROWSERS = (  # the first that a User-Agent contains; most of them also name those behind them
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("HeadlessChrome/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True, slots=True)
class Login:
    """A session that is valid now, and whose it is. `token`: what the browser must send from now on."""

    session: Session
    user: User
    token: str


def begin(
    store: Store, settings: Settings, user: UserId, way: Way, now: datetime, *, network: str, agent: str
) -> Login:
    """Begin a session with a new token, whatever token the browser had; sessions that have ended are deleted."""
    token, console = new_token(), settings.console
    with store.write() as tx:
        tx.console_sessions.end_idle(now - console.idle, now - console.absolute)
        tx.console_sessions.add(hashed(token), user, way, now, network=network, agent=short_agent(agent))
        made = tx.console_sessions.find(hashed(token))
    if made is None:
        raise AssertionError("a session that was just added is not found")
    return Login(*made, token)


def find(store: Store, settings: Settings, token: str, now: datetime) -> Login | None:
    """The valid session with this token; None if there is none, it has ended, or its user is disabled."""
    if not token:
        return None
    with store.read() as tx:
        found = tx.console_sessions.find(hashed(token))
    if found is None:
        return None
    session, user = found
    console = settings.console
    if user.disabled_at or now - session.seen_at >= console.idle or now - session.began_at >= console.absolute:
        return None
    if now - session.seen_at >= _SEEN_EVERY:
        with store.write(exclusive=False) as tx:
            tx.console_sessions.see(session.id, now)
    return Login(session, user, token)


def rotate(store: Store, session: int, now: datetime) -> str:
    """Give a session a new token, after its user's rights or ways to log in have changed; the former one ends."""
    token = new_token()
    with store.write() as tx:
        tx.console_sessions.rotate(session, hashed(token), now)
    return token


def end(store: Store, session: int) -> None:
    """End a session."""
    with store.write() as tx:
        tx.console_sessions.end([session])


def valid_sessions(store: Store, settings: Settings, now: datetime, user: UserId | None = None) -> list[Session]:
    """The sessions of a user, or of all, that have not ended; those that were used last first."""
    with store.read() as tx:
        found = tx.console_sessions.of(user)
    console = settings.console
    return [one for one in found if now - one.seen_at < console.idle and now - one.began_at < console.absolute]


def short_agent(written: str) -> str:
    """What a browser says about itself, in a few words: `Firefox, Linux`."""
    names = [next((name for mark, name in table if mark in written), "") for table in (_BROWSERS, _SYSTEMS)]
    return ", ".join(filter(None, names)) or "".join(c for c in written[:_LONGEST_AGENT] if c.isprintable())
