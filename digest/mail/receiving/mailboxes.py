"""Reads mail from a maildir or an IMAP folder. A message stays there until the caller puts it away."""

import contextlib
import imaplib
import os
import ssl
import stat
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from digest.errors import IntakeError
from digest.mail.sending.login import Credentials, first_line
from digest.settings import Bounces

_SECONDS = 60.0
_AT_ONCE = 1000  # the next pass reads the rest
_PORTS = {"tls": 993, "starttls": 143, "none": 143}


@dataclass(frozen=True, slots=True)
class WaitingMessage:
    """A message, and the function that puts it away. The end of `raw` may be missing."""

    raw: bytes
    put_away: Callable[[], None]


def waiting_messages(bounces: Bounces) -> Generator[WaitingMessage]:
    """The messages that wait in the configured maildir or IMAP folder, oldest first.

    Raises:
        IntakeError: the folder cannot be read; messages that were put away before stay so.
        ConfigurationError: the password cannot be read.
    """
    if bounces.maildir:
        yield from maildir_messages(bounces.maildir, bounces.largest)
    if bounces.imap_host:
        yield from imap_messages(bounces)


def try_mailboxes(bounces: Bounces) -> str:
    """Check the places where bounces arrive without reading any; return the result in a sentence.

    Raises:
        IntakeError: a place cannot be read.
        ConfigurationError: the password cannot be read.
    """
    found = [f"`digest run` accepts them at {bounces.listen}"] if bounces.listen else []
    if bounces.maildir:
        with contextlib.closing(maildir_messages(bounces.maildir, 0)) as waiting:
            next(waiting, None)
        found.append(f"reads {bounces.maildir}")
    if bounces.imap_host:
        place = f"{bounces.imap_host}, folder {bounces.folder}"
        try:
            with _logged_in(bounces) as server:
                for folder in filter(None, (bounces.folder, bounces.done)):
                    _done(server.select(_quoted(folder), readonly=True))
        except (imaplib.IMAP4.error, OSError, UnicodeError) as error:
            raise IntakeError(f"{place}: {error}") from error
        found.append(f"logged in, reads {place}")
    return ", ".join(found) or f"go to {bounces.address}, where Digest does not read them"


def maildir_messages(folder: Path, largest: int) -> Generator[WaitingMessage]:
    """The messages in `new/`. Putting one away moves it to `cur/` and marks it as seen. Links are not followed."""
    new, cur = folder / "new", folder / "cur"
    try:
        names = sorted(entry.name for entry in os.scandir(new) if entry.is_file(follow_symlinks=False))[:_AT_ONCE]
    except FileNotFoundError:
        return  # no mail was ever delivered
    except OSError as error:
        raise IntakeError(f"{new}: cannot be read: {error.strerror}") from error
    for name in names:

        def put_away(name: str = name) -> None:
            try:
                cur.mkdir(mode=0o700, exist_ok=True)
                (new / name).rename(cur / f"{name.partition(':')[0]}:2,S")
            except OSError as error:
                raise IntakeError(f"{new / name}: cannot be moved to cur/: {error.strerror}") from error

        with contextlib.suppress(FileNotFoundError):  # another program took it first
            yield WaitingMessage(_read(new / name, largest), put_away)


def _read(file: Path, largest: int) -> bytes:
    try:
        handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(handle, "rb") as stream:  # noqa: PTH123 - it is a handle, which does not follow links
            return stream.read(largest) if stat.S_ISREG(os.fstat(handle).st_mode) else b""
    except FileNotFoundError:
        raise
    except OSError as error:
        raise IntakeError(f"{file}: cannot be read: {error.strerror}") from error


def imap_messages(bounces: Bounces) -> Iterator[WaitingMessage]:
    """The unseen messages of a folder, or all messages if they are moved after reading.

    Putting a message away marks it as seen, or moves it.
    """
    place = f"{bounces.imap_host}, folder {bounces.folder}"
    try:
        with _logged_in(bounces) as server:
            _done(server.select(_quoted(bounces.folder)))
            (found,) = _done(server.uid("SEARCH", "UNDELETED" if bounces.done else "UNSEEN"))
            for uid in (found or b"").decode("ascii").split()[:_AT_ONCE]:
                parts = _done(server.uid("FETCH", uid, f"(BODY.PEEK[]<0.{bounces.largest}>)"))
                raw = next((part[1] for part in parts if isinstance(part, tuple)), None)
                if isinstance(raw, bytes):

                    def put_away(uid: str = uid) -> None:
                        try:
                            _put_away(server, uid, bounces.done)
                        except (imaplib.IMAP4.error, OSError) as error:
                            raise IntakeError(f"{place}: {error}") from error

                    yield WaitingMessage(raw, put_away)
    except (imaplib.IMAP4.error, OSError, UnicodeError) as error:
        raise IntakeError(f"{place}: {error}") from error


@contextlib.contextmanager
def _logged_in(bounces: Bounces) -> Iterator[imaplib.IMAP4]:
    secret = first_line(bounces.password_file) if bounces.password_file else bounces.password
    port = bounces.imap_port or _PORTS[bounces.imap_security]
    secured = ssl.create_default_context()
    server: imaplib.IMAP4
    if bounces.imap_security == "tls":
        server = imaplib.IMAP4_SSL(bounces.imap_host, port, ssl_context=secured, timeout=_SECONDS)
    else:
        server = imaplib.IMAP4(bounces.imap_host, port, timeout=_SECONDS)
    try:
        if bounces.imap_security == "starttls":
            server.starttls(secured)
        _log_in(server, Credentials(bounces.username, secret))
        yield server
    finally:
        with contextlib.suppress(imaplib.IMAP4.error, OSError):
            server.logout()


def _log_in(server: imaplib.IMAP4, credentials: Credentials) -> None:
    """Log in. The error for a refusal hides the credentials, because some servers repeat them."""
    try:
        server.login(credentials.username, credentials.secret)
    except UnicodeError:
        raise imaplib.IMAP4.error("a user name or password that is not ASCII cannot be sent (choose another)") from None
    except imaplib.IMAP4.error as error:
        raise imaplib.IMAP4.error(credentials.redacted(str(error))) from None


def _put_away(server: imaplib.IMAP4, uid: str, folder: str) -> None:
    if not folder:
        _done(server.uid("STORE", uid, "+FLAGS", r"(\Seen)"))
    elif "MOVE" in server.capabilities:
        _done(server.uid("MOVE", uid, _quoted(folder)))
    else:
        _done(server.uid("COPY", uid, _quoted(folder)))
        _done(server.uid("STORE", uid, "+FLAGS", r"(\Seen \Deleted)"))
        _done(server.expunge())


def _done(answer: tuple[str, list[Any]]) -> list[Any]:
    state, parts = answer
    if state != "OK":
        raise imaplib.IMAP4.error(" ".join(str(part) for part in parts))
    return parts


def _quoted(folder: str) -> str:
    escaped = folder.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
