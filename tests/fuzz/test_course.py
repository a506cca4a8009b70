"""Any course of publishing, edits, editions, people, faults and kills, against a simple model of what each person got.

The service is the real one, over a store in memory that dies at a drawn write, and a transport that notes what it took.
A kill leaves what was committed and nothing else, and what a server took it has. Longer by `make fuzz`.
"""

from __future__ import annotations

import asyncio
import contextlib
import email
import os
import re
import tempfile
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from digest.errors import DigestError
from digest.model import MAY_HAVE_IT, DeliveryState, DigestId, EditionKey, Format, Section
from digest.service.editions import digests, making
from digest.service.intake import refresh
from digest.service.mailing.drain import delivery
from digest.service.people import subscribers
from digest.service.publishing import feeds
from digest.service.upkeep.invariants import violations
from digest.settings import Settings
from digest.store import open_store
from tests.fuzz.doubles import KilledError, Mortal, Post

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.model import SubscriberId
    from digest.store.transaction import Transaction

START = datetime(2026, 11, 11, 12, 0, tzinfo=UTC)
PEOPLE = [f"reader{number}@example.org" for number in range(4)]
WEEKLY = DigestId("weekly")
FAULTS = ["taken", "others leave", "deferred", "lost", "cut off", "killed before", "killed after"]
LONG = "DIGEST_FUZZ_EXAMPLES" in os.environ  # then a failure may take minutes to be made small
EXAMPLES = int(os.environ.get("DIGEST_FUZZ_EXAMPLES", "1600")) // 100  # a course is long


class Course(RuleBasedStateMachine):
    """The rules are what can happen; the model says which editions a person must have and must not have."""

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
            mail={"connections": 1, "batch": 3},
        )
        self.now = self.latest = START
        self.texts: dict[str, str] = {}
        self.days: dict[str, datetime] = {}
        self.on_page: set[str] = set()  # what a pass over the source read to its end
        self.edited: set[str] = set()  # since then
        self.active: set[str] = set()
        self.expected: dict[str, set[str]] = {}
        self.owed: dict[str, set[str]] = defaultdict(set)
        self.over: dict[tuple[str, str], int] = {}  # mails that may not go out any more, and how often they did
        self.unsure: Counter[tuple[str, str]] = Counter()
        self.held: set[tuple[str, str]] = set()
        self.agreed_anew: set[tuple[str, str]] = set()  # a second copy names the day of the new consent
        self.killed_sending = 0
        self.real = open_store("sqlite://")
        self.stack.callback(self.real.close)
        self.store = Mortal(self.real)
        self.post = Post(self.store, meanwhile=self._others_leave)
        patch = self.stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(delivery, "open_session", lambda _, **__: self.post)

    # --- what happens -----------------------------------------------------------------------------

    @initialize()
    def begin(self) -> None:
        digests.register(self.real, self.settings.digests, self.now)
        feeds.register(self.real, self.settings)
        self._publish(1)
        self.read()
        for person in PEOPLE[:3]:
            self.join(person)

    @rule(count=st.integers(1, 3))
    def publish(self, count: int) -> None:
        self._publish(count)

    @rule(which=st.integers(0, 50))
    def edit(self, which: int) -> None:
        title = sorted(self.texts)[which % len(self.texts)]
        read = self.on_page or set(self.texts)  # what was published since then is no other text of anything
        if 2 * len((self.edited | {title}) & read) > len(read):
            return  # a page of which more than half is another text at once is held
        self.edited.add(title)
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
            self.edited.clear()

    @rule(hours=st.one_of(st.integers(-6, 30), st.sampled_from([24 * 7, 24 * 20])))
    def wait(self, hours: int) -> None:
        self._pass(timedelta(hours=hours))

    def _pass(self, time: timedelta) -> None:
        """The clock may step back, but is never a day behind a time it showed (see `service.editions.selecting`)."""
        self.latest = max(self.latest, self.now + time)
        self.now = max(self.now + time, self.latest - timedelta(hours=20))

    @rule(hours=st.integers(1, 6))
    def step_back(self, hours: int) -> None:
        """The clock is set back after an edition, and new entries come in what the clock takes for its window."""
        self.make(by_hand=True)
        self._pass(-timedelta(hours=hours))
        self._publish(1)
        self.read()

    @rule(by_hand=st.booleans())
    def make(self, *, by_hand: bool) -> None:
        with self._life():
            if by_hand:
                making.cut(self.store, self.settings, self.settings.digests[0], self.now)
            else:
                making.make_due(self.store, self.settings, self.now)
        self._note_editions()

    @rule(
        faults=st.lists(
            st.sampled_from(FAULTS),
            max_size=6,
        ),
        pipelines=st.booleans(),
    )
    def send(self, faults: list[str], *, pipelines: bool = True) -> None:
        self.post.faults, self.post.begun, self.post.pipelines = list(faults), [], pipelines
        dying = self.store
        with self._life():
            asyncio.run(delivery.drain(self.store, self.settings, lambda: self.now))
        self.post.faults = []
        self.killed_sending += dying.dead
        for mail in self.post.begun:
            if self._state(*mail) is not DeliveryState.ACCEPTED:
                self.unsure[mail] += 1

    @rule(times=st.integers(2, 4))
    def die_again_and_again(self, times: int) -> None:
        """Each time the server has the mail and nobody recorded it."""
        for _ in range(times):
            self._pass(timedelta(hours=1))
            self.send(["killed after"])

    @rule(person=st.sampled_from(PEOPLE))
    def join(self, person: str) -> None:
        if person in self.active:
            return
        with self._life(), contextlib.suppress(DigestError):
            subscribers.add(self.store, self.settings, person, language="en", now=self.now)
        self._note_people()

    @precondition(lambda self: self.active)
    @rule(which=st.integers(0, 3), hours=st.sampled_from([None, 10, 24 * 8]), zone=st.sampled_from(["", "Asia/Tokyo"]))
    def prefer(self, which: int, hours: int | None, zone: str) -> None:
        """Somebody pauses, or not, and lives somewhere."""
        person = sorted(self.active)[which % len(self.active)]
        with self._life(), self.store.write() as tx:
            tx.subscribers.prefer(
                _id(tx, person),
                language="en",
                fmt=Format.BOTH,
                timezone=zone,
                topics=(),
                paused_until=self.now + timedelta(hours=hours) if hours else None,
            )

    @precondition(lambda self: self.active)
    @rule(which=st.integers(0, 3))
    def leave(self, which: int) -> None:
        with self._life():
            self._leave(sorted(self.active)[which % len(self.active)], self.store)
        self._note_people()

    def _leave(self, person: str, store: Mortal) -> None:
        with store.write() as tx:
            tx.subscribers.leave(_id(tx, person), WEEKLY, "a test", self.now)

    def _others_leave(self, recipient: str) -> None:
        """While a mail is being sent, somebody else leaves, by another process: the announced recipient, if any."""
        others = sorted(self.active - {recipient}, key=lambda person: (person != self.post.announced, person))
        for person in others[:1]:
            self._leave(person, Mortal(self.real))
            self._note_people()

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
        """Everything works again, pauses end, and time passes until nothing is due."""
        self._revive()
        self.now += timedelta(days=9)
        self._publish(1)  # people who missed something get it with the next edition, which needs new entries
        self.read()
        self.make(by_hand=True)
        for _ in range(12):
            self.now += timedelta(hours=12)
            self.send([])

    def _check(self) -> None:
        assert [str(one) for one in violations(self.real)] == []
        with self.real.read() as tx:
            new = Counter(title for key in self.expected for title in _told(tx, key, Section.NEW))
            assert tx.deliveries.open() == 0
        assert new == Counter(self.texts.keys())
        assert self.on_page == set(self.texts)
        told: dict[str, Counter[str]] = defaultdict(Counter)
        listed: dict[str, Counter[str]] = defaultdict(Counter)
        excused: dict[str, set[str]] = defaultdict(set)
        refused: dict[str, set[str]] = defaultdict(set)
        for key, person in [(key, person) for key in self.expected for person in PEOPLE]:
            copies = self.post.taken[key, person]
            self._check_copies((key, person), copies)
            if copies:
                told[person].update(_titles_in(copies[0], NEWS))
                listed[person].update(_titles_in(copies[0], AGAIN))
            with self.real.read() as tx:
                held = set(_told(tx, key, Section.NEW, Section.CATCH_UP, Section.CORRECTED))
                again = set(_told(tx, key, Section.AGAIN))
            if self._doubtful((key, person)):
                excused[person] |= held
                refused[person] |= again  # the list itself may have got lost, and comes no second time
        note(f"told: {dict(told)}, listed once more: {dict(listed)}")
        for person in PEOPLE:
            assert set(told[person].values()) <= {1}, (person, "gets something twice")
            # The one counted exception to that: what may be lost is listed once more, and only that.
            assert set(listed[person].values()) <= {1}, (person, "is listed something twice")
            assert set(listed[person]) <= excused[person], (person, "is listed what no doubtful mail told")
            missed = self.owed[person] - set(told[person])
            assert missed <= set(listed[person]) | refused[person], (person, "misses something")

    def _check_copies(self, mail: tuple[str, str], copies: list[bytes]) -> None:
        assert not copies or mail[1] in self.expected[mail[0]], (mail, "had not subscribed")
        assert len(copies) <= min(1 + self.unsure[mail], MAY_HAVE_IT), (mail, "has more copies than there were doubts")
        assert len({email.message_from_bytes(copy)["Message-ID"] for copy in copies}) <= 1, mail
        assert len(set(copies)) <= 1 or mail in self.agreed_anew, "a second copy is the same message"
        assert len(copies) <= self.over.get(mail, MAY_HAVE_IT), (mail, "was sent after somebody left")

    def _doubtful(self, mail: tuple[str, str]) -> bool:
        """The counted exception: nobody knows of two attempts what became of them, or of one before the last."""
        state = self._state(*mail)
        doubts = self.unsure[mail] + self.killed_sending  # a drain that dies between beginning and sending
        twice = state is DeliveryState.UNKNOWN and doubts >= MAY_HAVE_IT
        ended = state in {DeliveryState.SUPPRESSED, DeliveryState.FAILED}
        return twice or (ended and doubts > 0)

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
                key = made.edition.key
                if key not in self.expected:
                    self.expected[key] = set(self.active)
                    for person in self.active:
                        self.owed[person].update(_told(tx, key, Section.NEW))

    def _note_people(self) -> None:
        """The people who are subscribed now. People who left are owed nothing, and get nothing.

        The mails of a killed drain are sent if these people subscribe again before its lease has ended.
        """
        with self.real.read() as tx:
            active = {person.address for person in tx.subscribers.active(WEEKLY)}
        for person in self.active - active:
            self.owed[person] = set()
            for mail in [(key, person) for key in self.expected]:
                self.over[mail] = len(self.post.taken[mail])
                if self._state(*mail) is DeliveryState.LEASED:
                    self.held.add(mail)
        self.agreed_anew |= {(key, person) for key in self.expected for person in active - self.active}
        for mail in [mail for mail in self.held if mail[1] in active - self.active]:
            self.held.remove(mail)
            self.over.pop(mail, None)
        self.active = active

    def _state(self, key: str, person: str) -> DeliveryState | None:
        with self.real.read() as tx:
            rows = [row for row in tx.deliveries.rows(EditionKey(key)) if row.address == person]
        return rows[0].state if rows else None


def _id(tx: Transaction, person: str) -> SubscriberId:
    record = tx.subscribers.find(person)
    assert record is not None
    return record.subscriber.id


def _told(tx: Transaction, key: str, *sections: Section) -> list[str]:
    return [one.entry.content.title for one in tx.editions.selected(EditionKey(key)) if one.section in sections]


NEWS, AGAIN = "New", "You may have received these already"


def _titles_in(raw: bytes, heading: str) -> list[str]:
    """The titles that a mail has under a heading, read as its recipient does."""
    part = next(part for part in email.message_from_bytes(raw).walk() if part.get_content_type() == "text/plain")
    words = bytes(part.get_payload(decode=True) or b"").decode().replace("\r\n", "\n")
    section = words.partition(f"== {heading} ==")[2].partition("\n== ")[0].partition("\n--\n")[0]
    return re.findall(r"^(?:\d+\.|·) (文章.)$", section, re.MULTILINE)


def test_over_any_course_nobody_gets_an_entry_twice_and_nobody_misses_anything() -> None:
    run_state_machine_as_test(
        Course,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=30,
            deadline=None,
            phases=[Phase.explicit, Phase.reuse, Phase.generate, *([Phase.shrink] if LONG else [])],
            suppress_health_check=list(HealthCheck),
        ),
    )
