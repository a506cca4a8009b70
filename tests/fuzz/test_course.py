"""Any course of publishing, edits, editions, people, faults and kills, against a simple model of who was told what.

The service is the real one, over a store in memory that dies at a drawn write, and a transport that notes what it took.
A kill leaves what was committed and nothing else, and what a server took it has. Longer by `make fuzz`.
"""

from __future__ import annotations

import asyncio
import contextlib
import email
import os
import tempfile
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pytest
from hypothesis import HealthCheck, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from digest.errors import DigestError, TransportError
from digest.model import MAY_HAVE_IT, DeliveryState, DigestId, EditionKey, Section
from digest.service import delivery, editions, feeds, refresh, subscribers
from digest.service.invariants import violations
from digest.settings import Settings
from digest.store import open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from digest.service.ports import Transaction

START = datetime(2026, 11, 11, 12, 0, tzinfo=UTC)
PEOPLE = [f"reader{number}@example.org" for number in range(4)]
WEEKLY = DigestId("weekly")
EXAMPLES = int(os.environ.get("DIGEST_FUZZ_EXAMPLES", "60"))


class KilledError(BaseException):
    """The process is gone; nobody may catch it."""


@dataclass
class Mortal:
    """A store whose process dies at its n-th write from now, before or after the commit, and stays dead."""

    inner: Any
    writes_left: int | None = None
    after_commit: bool = False
    dead: bool = False

    @contextlib.contextmanager
    def write(self) -> Iterator[Transaction]:
        self._live()
        last = self.writes_left == 0
        if self.writes_left is not None:
            self.writes_left -= 1
        with self.inner.write() as tx:
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

    def secret(self) -> bytes:
        self._live()
        secret: bytes = self.inner.secret()
        return secret

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
    """What servers took, in order; `faults` says what becomes of the next hand-overs, all well after them."""

    store: Mortal | None = None
    faults: list[str] = field(default_factory=list)
    taken: dict[tuple[str, str], list[bytes]] = field(default_factory=lambda: defaultdict(list))
    begun: list[tuple[str, str]] = field(default_factory=list)
    deferred: Counter[tuple[str, str]] = field(default_factory=Counter)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        return None

    async def send(self, sender: str, recipient: str, message: bytes) -> str:
        assert self.store is not None
        if self.store.dead:
            raise KilledError
        fault = self.faults.pop(0) if self.faults else "taken"
        archive = email.message_from_bytes(message)["List-Archive"]
        mail = (archive.strip("<>").partition("/editions/")[2], recipient)
        if fault == "deferred":
            self.deferred[mail] += 1
            raise TransportError("450 later", phase="recipient", code=450)
        self.begun.append(mail)
        if fault in {"killed before", "lost"}:
            return self._away(fault)
        self.taken[mail].append(message)
        if fault in {"killed after", "cut off"}:
            return self._away(fault)
        return "250 taken"

    def _away(self, fault: str) -> str:
        if fault.startswith("killed"):
            assert self.store is not None
            self.store.die()
        raise TransportError("connection lost", phase="answer", uncertain=True)


class Course(RuleBasedStateMachine):
    """The rules are what can happen; the model is who must have which edition, and what may not reach whom."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = contextlib.ExitStack()
        self.folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        (self.folder / "dumps").mkdir()
        self.settings = Settings(
            data_dir=self.folder,
            base_url="https://digest.example.org",
            sources=[{"id": "blog", "title": "山上", "path": self.folder / "dumps", "timezone": "Asia/Shanghai"}],
            digests=[{"id": "weekly", "title": "每周", "timezone": "Asia/Shanghai"}],
            mail={"connections": 2, "batch": 3},
        )
        self.now = START
        self.texts: dict[str, str] = {}
        self.days: dict[str, datetime] = {}
        self.on_page: set[str] = set()  # what a pass over the source read to its end
        self.active: set[str] = set()
        self.expected: dict[str, set[str]] = {}
        self.waived: set[tuple[str, str]] = set()
        self.forbidden: dict[tuple[str, str], int] = {}
        self.unsure: Counter[tuple[str, str]] = Counter()
        self.real = open_store("sqlite://")
        self.stack.callback(self.real.close)
        self.store = Mortal(self.real)
        self.post = Post(self.store)
        patch = self.stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(delivery, "session", lambda _: self.post)

    # --- what happens -----------------------------------------------------------------------------

    @initialize()
    def begin(self) -> None:
        editions.register(self.real, self.settings, self.now)
        feeds.register(self.real, self.settings)
        self._publish(1)
        self.read()
        self.join(PEOPLE[0])

    @rule(count=st.integers(1, 3))
    def publish(self, count: int) -> None:
        self._publish(count)

    @rule(which=st.integers(0, 50))
    def edit(self, which: int) -> None:
        title = sorted(self.texts)[which % len(self.texts)]
        self.texts[title] = f"现在开头是第{len(self.texts[title])}种样子,和原来的不同。" + self.texts[title]

    @rule()
    def read(self) -> None:
        shown = set(self.texts)
        page = "".join(
            f"{title}\nBy 山客 | {self.days[title]:%Y-%m-%d} | 100位读者 | 引用{text}\n"
            for title, text in reversed(self.texts.items())
        )
        (self.folder / "dumps" / "page.txt").write_text(page + "最近评论\n", "utf-8")
        with self._life():
            done = refresh.refresh(self.store, self.settings, self.settings.sources[0], now=self.now)
            assert not done.problems
            self.on_page |= shown

    @rule(hours=st.one_of(st.integers(-6, 30), st.sampled_from([24 * 7, 24 * 20])))
    def wait(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule(by_hand=st.booleans())
    def make(self, *, by_hand: bool) -> None:
        with self._life():
            if by_hand:
                editions.cut(self.store, self.settings, self.settings.digests[0], self.now)
            else:
                editions.make_due(self.store, self.settings, self.now)
        self._note_editions()

    @rule(
        faults=st.lists(
            st.sampled_from(["taken", "taken", "deferred", "lost", "cut off", "killed before", "killed after"]),
            max_size=6,
        )
    )
    def send(self, faults: list[str]) -> None:
        self.post.faults, self.post.begun = list(faults), []
        with self._life():
            asyncio.run(delivery.drain(self.store, self.settings, lambda: self.now))
        self.post.faults = []
        for mail in self.post.begun:
            if self._state(*mail) is not DeliveryState.ACCEPTED:
                self.unsure[mail] += 1

    @rule(person=st.sampled_from(PEOPLE))
    def join(self, person: str) -> None:
        if person in self.active:
            return
        with self._life(), contextlib.suppress(DigestError):
            subscribers.add(self.store, self.settings, person, now=self.now)
        self._note_people()
        if person in self.active:
            self.forbidden = {mail: copies for mail, copies in self.forbidden.items() if mail[1] != person}

    @precondition(lambda self: self.active)
    @rule(which=st.integers(0, 3))
    def leave(self, which: int) -> None:
        person = sorted(self.active)[which % len(self.active)]
        with self.real.read() as tx:
            record = tx.subscribers.find(person)
        assert record is not None
        with self._life(), self.store.write() as tx:
            tx.subscribers.leave(record.subscriber.id, WEEKLY, "a test", self.now)
        self._note_people()
        if person not in self.active:
            for key, people in self.expected.items():
                if person in people:
                    self.waived.add((key, person))
                    self.forbidden[key, person] = len(self.post.taken[key, person])

    @rule(writes=st.integers(0, 6), after_commit=st.booleans())
    def doom(self, writes: int, *, after_commit: bool) -> None:
        """The process will die at one of its next writes."""
        self.store.writes_left, self.store.after_commit = writes, after_commit

    # --- what must hold ---------------------------------------------------------------------------

    def teardown(self) -> None:
        try:
            if self.texts:
                self._settle()
                self._check()
        finally:
            self.stack.close()

    def _settle(self) -> None:
        """Everything works again, and time passes until nothing is due."""
        self._revive()
        self.read()
        self.now += timedelta(days=1)
        self.make(by_hand=True)
        for _ in range(12):
            self.now += timedelta(hours=12)
            self.send([])

    def _check(self) -> None:
        assert [str(one) for one in violations(self.real)] == []
        with self.real.read() as tx:
            new = {key: [one.entry.content.title for one in _told(tx, key)] for key in self.expected}
            assert tx.deliveries.open() == 0
        note(f"told: {new}")
        assert Counter(title for titles in new.values() for title in titles) == Counter(self.texts.keys())
        assert self.on_page == set(self.texts)
        for key, people in self.expected.items():
            for person in people:
                self._check_one((key, person))
        strangers = {
            mail for mail, copies in self.post.taken.items() if copies and mail[1] not in self.expected[mail[0]]
        }
        assert strangers == set()

    def _check_one(self, mail: tuple[str, str]) -> None:
        copies, state = self.post.taken[mail], self._state(*mail)
        assert len(copies) <= min(1 + self.unsure[mail], MAY_HAVE_IT), mail
        assert len(set(copies)) <= 1, "a second copy is the same message"
        if mail in self.forbidden:
            assert len(copies) == self.forbidden[mail], "nothing is sent after somebody left"
        missed_for_a_reason = (
            mail in self.waived
            or (state is DeliveryState.UNKNOWN and self.unsure[mail] >= MAY_HAVE_IT)
            or (state is DeliveryState.FAILED and self.post.deferred[mail] > 0)
        )
        assert copies or missed_for_a_reason, (mail, state)

    # --- the hands of the rules -------------------------------------------------------------------

    def _publish(self, count: int) -> None:
        for _ in range(count):
            title = f"文章{chr(0x4E00 + 11 * len(self.texts))}"
            self.texts[title] = f"这是《{title}》的正文,和别的文章没有一句相同。{title * 20}"
            self.days[title] = self.now

    @contextlib.contextmanager
    def _life(self) -> Iterator[None]:
        """A stretch of a process; where it is killed, another one starts on what was committed."""
        try:
            yield
        except KilledError:
            note("killed")
            self._revive()

    def _revive(self) -> None:
        self.store = Mortal(self.real)
        self.post.store = self.store

    def _note_editions(self) -> None:
        with self.real.read() as tx:
            for made in tx.editions.editions():
                if not made.edition.empty:
                    self.expected.setdefault(made.edition.key, set(self.active))

    def _note_people(self) -> None:
        with self.real.read() as tx:
            self.active = {person.address for person in tx.subscribers.active(WEEKLY)}

    def _state(self, key: str, person: str) -> DeliveryState:
        with self.real.read() as tx:
            (row,) = [row for row in tx.deliveries.rows(EditionKey(key)) if row.address == person]
        return row.state


def _told(tx: Transaction, key: str) -> list[Any]:
    return [one for one in tx.editions.selected(EditionKey(key)) if one.section is Section.NEW]


def test_over_any_course_nobody_is_told_twice_and_nobody_misses_anything() -> None:
    run_state_machine_as_test(
        Course,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
