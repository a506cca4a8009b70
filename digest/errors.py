"""All errors that the service raises on purpose. Foreign exceptions are translated to one of these where they enter."""

from __future__ import annotations

import re
import traceback
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

_KNOWN = "see `digest subscribers list`"
_ADDRESS = re.compile(r"[^\s<>()\[\],;:'\"]+@[^\s<>()\[\],;:'\"@]*\w")
REPORT_IT = "this is a fault of digest: report it with the dump"


class DigestError(Exception):
    """The root of all errors. Its text is one line that says what is wrong and what to do about it.

    `whole` is that text with the address as the operator typed it, for their own terminal; empty if the text names no
    address. Logs and pages use the text, which masks it.
    """

    whole = ""


class ConfigurationError(DigestError):
    """A setting is missing or wrong.

    `place` is the file and the key, if they are known, for example `config/digest.toml:7: sources.blog.path`.
    """

    def __init__(self, problem: str, *, place: str = "", remedy: str = "") -> None:
        self.problem, self.place, self.remedy = problem, place, remedy
        super().__init__(_line(place, problem, remedy))


class SettingError(ConfigurationError):
    """One mistake of a configuration.

    `setting` is its key, with the id of the source, digest or topic: `sources.blog.path`. Its place is `file` and
    `line` (from 1; None if unknown), or `variable`: the name of an environment variable, or the path of a secret file.
    """

    def __init__(
        self,
        problem: str,
        *,
        setting: str = "",
        file: str = "",
        line: int | None = None,
        variable: str = "",
        remedy: str = "",
    ) -> None:
        self.setting, self.file, self.line, self.variable = setting, file, line, variable
        named = variable if "/" in variable else variable and f"the variable {variable}"
        where = named or (f"{file}:{line}" if line else file)
        super().__init__(problem, place=": ".join(filter(None, (where, setting))), remedy=remedy)


class MistakesError(ConfigurationError):
    """All mistakes of a configuration at once. The text is one line; commands print each mistake on its own line."""

    def __init__(self, mistakes: Iterable[ConfigurationError]) -> None:
        self.mistakes = tuple(mistakes)
        first = self.mistakes[0]
        super().__init__(first.problem, place=first.place, remedy=first.remedy)

    def __str__(self) -> str:
        return "; ".join(map(str, self.mistakes))


def together(*tried: Callable[[], object]) -> None:
    """Try each part of a configuration, so that the mistakes of one do not hide the mistakes of the next.

    Raises:
        ConfigurationError: the only mistake.
        MistakesError: there are several mistakes.
    """
    found: list[ConfigurationError] = []
    for try_one in tried:
        try:
            try_one()
        except MistakesError as error:
            found += error.mistakes
        except ConfigurationError as error:
            found.append(error)
    if len(found) == 1:
        raise found[0]
    if found:
        raise MistakesError(found)


class ConflictError(DigestError):
    """Something was changed by somebody else since it was looked at. `revision` is the present one."""

    def __init__(self, what: str, revision: int, *, remedy: str) -> None:
        self.revision, self.remedy = revision, remedy
        super().__init__(_line("", what, remedy))


class DumpError(DigestError):
    """A dump cannot be read or contains no entry. `dump` is its path within its source."""

    def __init__(self, dump: str, reason: str, *, remedy: str = "") -> None:
        self.dump, self.reason, self.remedy = dump, reason, remedy
        super().__init__(_line(dump, reason, remedy))


class FetchError(DigestError):
    """What is at an address of the web cannot be fetched, or a program's output cannot be used.

    `url` is the address or the program, without secrets. `status` is the HTTP status, if there was a response.
    `retry_at`: the site asks to wait until then. `stopped`: the fetch was interrupted because the service stops.
    `robots`: the site's robots.txt disallows it.
    """

    def __init__(
        self,
        url: str,
        reason: str,
        *,
        remedy: str = "",
        status: int | None = None,
        retry_at: datetime | None = None,
        stopped: bool = False,
        robots: bool = False,
    ) -> None:
        self.url, self.reason, self.remedy = url, reason, remedy
        self.status, self.retry_at, self.stopped, self.robots = status, retry_at, stopped, robots
        super().__init__(_line(url, reason, remedy))


class StoreError(DigestError):
    """The store cannot be opened, read or written."""


class OutdatedError(StoreError):
    """A store on a server has an older schema, and may not be migrated by a command that changes nothing."""

    def __init__(self, place: str, schema: str) -> None:
        super().__init__(
            f"{place}: its schema is {schema}; the next start of `digest run` migrates it (back it up first)"
        )


class RowError(StoreError):
    """The store works, but refuses a row. Nothing of that transaction is stored; other transactions can succeed."""


class FencedError(DigestError):
    """Nothing may be made or sent, because the store was restored from a backup made at `since`."""

    def __init__(self, since: datetime) -> None:
        self.since = since
        moment = f"{since:%Y-%m-%d %H:%M} UTC"
        super().__init__(f"the store is fenced: it was restored from a backup of {moment} (see `digest unfence`)")


class ClockError(DigestError):
    """Nothing may be stored or sent, because the clock of this machine shows a time that is certainly wrong."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        problem = f"the clock of this machine is wrong: it says {now:%Y-%m-%d %H:%M} UTC"
        super().__init__(f"{problem} (set it; until then nothing is stored or sent)")


class EditionError(DigestError):
    """No edition of a digest can be made, and why."""

    def __init__(self, digest: str, problem: str) -> None:
        self.digest, self.problem = digest, problem
        super().__init__(f"no edition of {digest} can be made: {problem}")


class UnknownError(DigestError):
    """The requested thing does not exist (an entry, an edition, a subscriber, a source)."""

    def __init__(self, kind: str, name: str, *, remedy: str = "") -> None:
        self.kind, self.name, self.remedy = kind, name, remedy
        super().__init__(_line("", f"no {kind} {name!r}", remedy))


class PersonError(DigestError):
    """The person with this address is unknown, or in the wrong state. The text masks the address."""

    def __init__(self, address: str, reason: str) -> None:
        self.address, self.reason, self.whole = address, reason, f"{address}: {reason}"
        super().__init__(f"{masked(address)}: {reason}")


class UnknownPersonError(UnknownError):
    """There is no subscriber with this address. The text masks it."""

    def __init__(self, address: str) -> None:
        super().__init__("subscriber", masked(address), remedy=_KNOWN)
        self.address, self.whole = address, _line("", f"no subscriber {address!r}", _KNOWN)


class AddressError(DigestError):
    """A mail address that cannot be used.

    `address` is the full address, `reason` the problem; the text masks the address.
    """

    def __init__(self, address: str, reason: str) -> None:
        self.address, self.reason, self.whole = address, reason, f"{address}: {reason}"
        super().__init__(f"{masked(address)}: {reason}")


class MailDomainError(AddressError):
    """A mail address whose `domain` takes no mail."""

    def __init__(self, address: str) -> None:
        self.domain = address.rpartition("@")[2]
        super().__init__(address, f"{self.domain} takes no mail")


class ListError(DigestError):
    """A subscriber list cannot be read. `line` counts from 1; it is 0 if the whole file is affected."""

    def __init__(self, problem: str, line: int = 0) -> None:
        self.problem, self.line = problem, line
        super().__init__(f"line {line}: {problem}" if line else problem)


class BusyError(DigestError):
    """Too many requests in a short time. `seconds` is the time to wait before trying again."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds
        super().__init__("too many requests in a short time (try again later)")


class TransportError(DigestError):
    """The mail transport did not accept a message.

    `code` is the SMTP reply code if a server replied, and `text` its reply. `phase` is one of `connect`, `login`,
    `sender`, `recipient`, `content`, `answer`. `uncertain` means that the server may have accepted the message: the
    connection was lost after the final dot and before the reply.
    """

    def __init__(self, text: str, *, phase: str, code: int | None = None, uncertain: bool = False) -> None:
        self.text, self.phase, self.code, self.uncertain = text, phase, code, uncertain
        super().__init__(f"{phase}: {code or 'no reply'} {text}".strip())


class IntakeError(DigestError):
    """Bounces and complaints cannot be fetched from their mailbox."""


class HookError(DigestError):
    """A provider's webhook request was refused. `status` is the HTTP status of the response."""

    def __init__(self, provider: str, reason: str, *, status: int) -> None:
        self.provider, self.reason, self.status = provider, reason, status
        super().__init__(f"{provider}: {reason} (see docs/bounces.md)")


def masked(address: str) -> str:
    """The address in the form for logs and messages: `a***@e***.org`."""
    local, _, domain = address.rpartition("@")
    head, dot, tail = domain.rpartition(".")
    return f"{local[:1]}***@{(head or tail)[:1]}***{dot}{tail if head else ''}"


def without_addresses(text: str) -> str:
    """The text with each mail address in it masked."""
    return _ADDRESS.sub(lambda found: masked(found[0]), text)


def _line(place: str, problem: str, remedy: str) -> str:
    text = f"{place}: {problem}" if place else problem
    return f"{text} ({remedy})" if remedy else text


def describe_fault(error: Exception, what: str = "cannot be read or stored") -> str:
    """An unexpected exception in one line: the consequence, its type and message, and the last place in our code."""
    home = __file__.removesuffix("errors.py")
    raised = error.__cause__ if isinstance(error, RowError) and error.__cause__ else error
    frames = [frame for frame in traceback.extract_tb(raised.__traceback__) if frame.filename.startswith(home)]
    place = f" at digest/{frames[-1].filename.removeprefix(home)}:{frames[-1].lineno}" if frames else ""
    said = " ".join(str(error).split())[:200]
    return f"{what}: {type(raised).__name__}{f': {said}' if said else ''}{place}"
