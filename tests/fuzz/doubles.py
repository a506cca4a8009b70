"""A store whose process dies at a write, and a transport that records what it accepted."""

from __future__ import annotations

import contextlib
import email
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn, Self

from digest.errors import TransportError
from digest.mail.sending.session import SendResult
from digest.store.transaction import Store, Transaction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from digest.mail.sending.session import Envelope, Outgoing
    from digest.records.operating import Version


class KilledError(BaseException):
    """The process is gone; nobody may catch it."""


@dataclass(eq=False)
class Mortal(Store):
    """A store whose process dies at its n-th write from now, before or after the commit, and stays dead."""

    inner: Any
    writes_left: int | None = None
    after_commit: bool = False
    dead: bool = False

    @contextlib.contextmanager
    def write(self, *, exclusive: bool = True) -> Iterator[Transaction]:
        self._live()
        last = self.writes_left == 0
        if self.writes_left is not None:
            self.writes_left -= 1
        with self.inner.write(exclusive=exclusive) as tx:
            yield tx
            if last and not self.after_commit:
                self.die()
        if last:
            self.die()

    @contextlib.contextmanager
    def read(self) -> Iterator[Transaction]:
        self._live()
        with self.inner.read() as tx:
            yield tx

    def version(self) -> Version | None:
        self._live()
        version: Version | None = self.inner.version()
        return version

    def secret(self) -> bytes:
        self._live()
        secret: bytes = self.inner.secret()
        return secret

    def published_state(self) -> tuple[int, datetime]:
        with self.read() as tx:
            return tx.entries.published_state()

    def follow_published(self) -> None:
        raise NotImplementedError

    def back_up(self, file: Path, now: datetime, progress: Callable[[int, int], None] | None = None) -> None:
        raise NotImplementedError

    def check(self) -> None:
        self.inner.check()

    def die(self) -> None:
        self.dead = True
        raise KilledError

    def _live(self) -> None:
        if self.dead:
            raise KilledError


@dataclass
class Post:
    """What servers took, in order; `faults` says what becomes of the next mails; the ones after them are accepted.

    Where it `pipelines`, it gets a mail before that is begun, and the next recipient: it stores that in `announced`
    and gives nobody a mail for it.
    """

    store: Mortal | None = None
    faults: list[str] = field(default_factory=list)
    taken: dict[tuple[str, str], list[bytes]] = field(default_factory=lambda: defaultdict(list))
    begun: list[tuple[str, str]] = field(default_factory=list)
    deferred: Counter[tuple[str, str]] = field(default_factory=Counter)
    meanwhile: Callable[[str], None] = lambda _: None
    pipelines: bool = False
    announced: str = ""
    mail: Outgoing | None = None
    fault: str = ""
    key: tuple[str, str] = ("", "")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        return None

    async def prepare(self, mail: Outgoing) -> None:
        self.mail = mail
        if self.pipelines:  # whether this mail begins is not known yet
            self._hear()

    async def commit(self, following: Envelope | None = None) -> SendResult:
        assert self.mail is not None
        assert self.pipelines or not following
        self.announced = following.recipient if following else ""
        if not self.pipelines:
            self._hear()
        if self.fault == "others leave":
            self.meanwhile(self.mail.recipient)
        self.begun.append(self.key)
        if self.fault in {"killed before", "lost"}:
            self._away(self.fault)
        self.taken[self.key].append(self.mail.message)
        if self.fault in {"killed after", "cut off"}:
            self._away(self.fault)
        return SendResult("taken", 250)

    def _hear(self) -> None:
        assert self.store is not None
        assert self.mail is not None
        if self.store.dead:
            raise KilledError
        self.fault = self.faults.pop(0) if self.faults else "taken"
        archive = email.message_from_bytes(self.mail.message)["List-Archive"]
        self.key = (archive.strip("<>").partition("/editions/")[2], self.mail.recipient)
        if self.fault == "deferred":
            self.deferred[self.key] += 1
            raise TransportError("450 later", phase="recipient", code=450)

    def _away(self, fault: str) -> NoReturn:
        if fault.startswith("killed"):
            assert self.store is not None
            self.store.die()
        raise TransportError("connection lost", phase="answer", uncertain=True)
