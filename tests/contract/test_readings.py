"""Sources, dumps, last good readings, and the queries of the diff: the promises of `Readings`."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from digest.changes.values import Ambiguous, Body, Cause, ChangeSet, Placing, Questions
from digest.dumps.files import Stamp
from digest.errors import StoreError
from digest.model import AtomId, DateEvidence, DateKind, DigestId, EntryDate, EntryId, Fingerprint, SourceId
from digest.records.intake import ApplyFacts, DumpState
from digest.store.intake.readings import Readings
from tests.contract.plans import plans

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from digest.store.transaction import Store
    from tests.contract.conftest import Hand

BLOG, OTHER = SourceId("blog"), SourceId("other")
NOTHING: frozenset[str] = frozenset()


def known(
    store: Store, titles: set[str] | None = None, leads: set[str] | None = None, also: tuple[str, ...] = ()
) -> set[str]:
    asked = Questions(frozenset(titles or ()), frozenset(leads or ()), entries=frozenset(map(EntryId, also)))
    with store.read() as tx:
        return {one.id for one in tx.readings.known(asked)}


def test_a_source_is_registered_once(store: Store, now: datetime) -> None:
    with store.write() as tx:
        assert tx.readings.source(BLOG) is None
        tx.readings.register_source(BLOG, now)
        tx.readings.refreshed(BLOG, now, "a.txt: cannot be read")
        tx.readings.register_source(BLOG, now + timedelta(days=1))
        state = tx.readings.source(BLOG)
        assert tx.readings.sources() == {BLOG: state}
    assert state is not None
    assert (state.settled_at, state.refreshed_at, state.problem) == (
        None,
        now,
        "a.txt: cannot be read",
    )


def test_a_source_counts_the_entries_that_it_shows(store: Store, hand: Hand) -> None:
    hand.read(hand.added("甲"), hand.added("乙"))
    hand.read(source="other", placings=[hand.placing("甲", 0)])
    with store.read() as tx:
        assert (tx.readings.shown_by(BLOG), tx.readings.shown_by(OTHER)) == (2, 1)


def test_a_dump_is_read_back_as_it_was_stored(store: Store, hand: Hand, now: datetime) -> None:
    odd = replace(
        hand.dump(path="深/层 %1.txt"),
        stamp=Stamp(2**40, -1, 2**64 - 1),
        state=DumpState.HELD,
        reason="lost most of its entries",
        unreadable=True,
        approved="cd" * 32,
        discarded="ef" * 32,
    )
    with store.write() as tx:
        tx.readings.register_source(BLOG, now)
        tx.readings.store_dump(hand.dump(path="深/层 %1.txt"))
        tx.readings.store_dump(odd)
        assert tx.readings.dumps(BLOG) == {odd.path: odd}
        assert tx.readings.dumps(OTHER) == {}


def test_how_an_entry_stood_before_it_left_a_dump_is_remembered(store: Store, hand: Hand, now: datetime) -> None:
    day = timedelta(days=1)
    own = replace(hand.placing("乙", 1), body=Body(("另一种写法",), ("图",)))
    half = replace(hand.placing("丙", 2), complete=False)
    first = [replace(hand.placing("甲", 0), revision=1), own, half]
    hand.read(hand.added("甲"), hand.added("乙"), hand.added("丙"), placings=first)
    asked = list(map(EntryId, "甲乙丙"))

    def departed(path: str = "a.txt") -> dict[EntryId, Placing]:
        with store.read() as tx:
            return tx.readings.departed(BLOG, path, asked)

    assert departed() == {}
    hand.read(placings=first[:1], last=first, now=now + day)
    (left,) = departed().values()
    assert (left.entry, left.title, left.view, left.body) == ("乙", own.title, own.view, own.body)
    hand.read(placings=[], last=first[:1], now=now + 2 * day)
    assert {entry: one.revision for entry, one in departed().items()} == {"甲": 1, "乙": None}

    again = replace(own, view=Fingerprint("1:again"))
    hand.read(placings=[again], last=[], now=now + 3 * day)
    hand.read(placings=[], last=[again], now=now + 80 * day)
    assert [departed()[EntryId(entry)].view for entry in "甲乙"] == ["1:甲", "1:again"]

    with store.write() as tx:
        tx.readings.move(BLOG, "a.txt", "b.txt")
    assert (departed(), len(departed("b.txt"))) == ({}, 2)
    more = [hand.placing("丙", 0)]
    hand.read(placings=more, path="b.txt", last=[], now=now + 100 * day)
    hand.read(placings=[], path="b.txt", last=more, now=now + 101 * day)
    assert set(departed("b.txt")) == {"乙", "丙"}


def test_storing_a_dump_again_keeps_its_last_reading(store: Store, hand: Hand) -> None:
    hand.read(hand.added("甲"))
    with store.write() as tx:
        tx.readings.store_dump(replace(hand.dump(), state=DumpState.HELD))
        assert [placing.entry for placing in tx.readings.last_reading(BLOG, "a.txt")] == ["甲"]


def test_a_last_reading_comes_back_in_page_order_and_is_replaced_by_the_next(store: Store, hand: Hand) -> None:
    full = Placing(EntryId("乙"), 1, 1, "乙", DateEvidence(3, 1, 2026), 7, Fingerprint("1:x"), complete=False)
    partial = replace(full, entry=EntryId("甲"), position=0, page=0, evidence=DateEvidence(2, 29), readers=None)
    undated = replace(full, position=2, evidence=None)
    hand.read(hand.added("甲"), hand.added("乙"), placings=[undated, full, partial])
    with store.read() as tx:
        assert tx.readings.last_reading(BLOG, "a.txt") == (partial, full, undated)
        assert tx.readings.last_reading(BLOG, "b.txt") == ()
    hand.read(placings=[full])
    with store.read() as tx:
        assert tx.readings.last_reading(BLOG, "a.txt") == (full,)


def test_what_stands_as_it_stood_is_not_written_again_and_all_else_is(store: Store, hand: Hand, now: datetime) -> None:
    chance = random.Random(5)
    hand.read(*(hand.added(entry) for entry in "甲乙丙丁戊己庚辛"))
    facts = ApplyFacts(now, first_import=False, atom_ids={}, title_keys={}, lead_keys={})
    for _ in range(30):
        with store.write() as tx:
            last = tx.readings.last_reading(BLOG, "a.txt")
            reading = [replace(one, readers=chance.choice((one.readers, 8))) for one in last if chance.random() < 0.9]
            for entry in chance.choices("甲乙丙", k=chance.randint(0, 2)):
                reading.insert(chance.choice((0, len(reading))), hand.placing(entry, 0))
            placed = tuple(replace(one, position=at, page=at // 3) for at, one in enumerate(reading))
            tx.readings.apply(BLOG, "a.txt", ChangeSet((), placed, (), (), ()), replace(facts, last=last))
        with store.read() as tx:
            assert tx.readings.last_reading(BLOG, "a.txt") == placed


def test_an_entry_is_known_by_every_key_it_ever_had(store: Store, hand: Hand) -> None:
    hand.read(hand.added("旧题"), hand.added("别的"))
    hand.read(hand.revised("旧题", "新题"))
    for title in ("旧题", "新题"):
        assert known(store, titles={f"title {title}"}) == {"旧题"}
        assert known(store, leads={f"lead {title}的正文"}) == {"旧题"}
    assert known(store, titles={"lead 旧题的正文"}) == set()
    assert known(store, also=("别的", "无此")) == {"别的"}
    with store.read() as tx:
        (one,) = tx.readings.known(Questions(frozenset({"title 新题"}), entries=frozenset({EntryId("旧题")})))
    assert one.titles == {"title 旧题", "title 新题"}
    assert one.content == hand.content("新题")
    assert not one.removed


def test_an_entry_is_known_by_its_full_day_only(store: Store, hand: Hand) -> None:
    hand.read(hand.added("甲", date=hand.exact(2026, 3, 1)), hand.added("乙", date=hand.partial(3, 1)))
    with store.read() as tx:
        found = tx.readings.known(Questions(days=frozenset({(2026, 3, 1), (1999, 1, 1)})))
    assert [(one.id, one.date) for one in found] == [("甲", hand.exact(2026, 3, 1))]


def test_of_a_busy_day_the_last_that_came_answer(
    store: Store, hand: Hand, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = {"甲": 1, "乙": 1, "丙": 1, "丁": 2}
    for minute, (title, day) in enumerate(days.items()):
        hand.read(hand.added(title, date=hand.exact(2026, 3, day)), now=now + timedelta(minutes=minute))
    asked = Questions(days=frozenset({(2026, 3, 1), (2026, 3, 2)}))
    with store.read() as tx:
        assert {one.id for one in tx.readings.known(asked)} == set(days)
        monkeypatch.setattr("digest.store.intake.answering._OF_A_DAY", 2)
        assert {one.id for one in tx.readings.known(asked)} == {"乙", "丙", "丁"}


def test_an_empty_key_answers_nothing(store: Store, hand: Hand, now: datetime) -> None:
    first, second = hand.added("甲"), hand.added("乙")
    keys = {first.entry: "", second.entry: ""}
    atom_ids = {first.entry: AtomId("tag:x,2026:1"), second.entry: AtomId("tag:x,2026:2")}
    with store.write() as tx:
        tx.readings.register_source(BLOG, now)
        tx.readings.store_dump(hand.dump())
        facts = ApplyFacts(now, first_import=False, atom_ids=atom_ids, title_keys=keys, lead_keys=keys)
        tx.readings.apply(BLOG, "a.txt", ChangeSet((first, second), (), (), (), ()), facts)
    assert known(store, titles={""}, leads={""}) == set()


def test_more_questions_than_one_statement_takes_are_answered(store: Store, hand: Hand) -> None:
    many = [f"题{n}" for n in range(1_203)]
    hand.read(*(hand.added(title, n) for n, title in enumerate(many)))
    assert known(store, titles={f"title {title}" for title in many}) == set(many)
    with store.read() as tx:
        pages = tx.readings.pages_with([EntryId(title) for title in many])
        assert len(tx.readings.dates([EntryId(title) for title in many])) == len(many)
    assert [len(page) for page in pages.values()] == [len(many)]


def test_what_is_known_is_looked_up_and_nothing_is_looked_through(store: Store, hand: Hand) -> None:
    names = [str(at) for at in range(500)]
    hand.read(
        *(hand.added(name) for name in names),
        placings=[hand.placing(name, at, page=at) for at, name in enumerate(names)],
    )
    some, named = frozenset(names), frozenset(map(EntryId, names))
    questions = Questions(some, some, frozenset({(2026, 3, 14)}), named)

    def ask(connection: Connection) -> None:
        Readings(connection).known(questions)
        assert Readings(connection).pages_with(named)

    for plan in plans(store, ask):
        keys = [step for step in plan.split("SEARCH ")[1:] if "entry_keys" in step]
        assert all("key=?" in step or "entry_id=?" in step for step in keys)
        assert "SCAN entr" not in plan
        assert "SCAN placings" not in plan


def test_the_room_that_a_reading_takes_is_given_back(store: Store) -> None:
    with store.writing() as connection:
        if connection.dialect.name != "sqlite":
            pytest.skip("reads SQLite's page cache")
        usual = connection.exec_driver_sql("PRAGMA cache_size").scalar_one()
        Readings(connection).known(Questions())
        assert connection.exec_driver_sql("PRAGMA cache_size").scalar_one() < usual  # KiB are negative
    with store.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA cache_size").scalar_one() == usual


def test_pages_with_an_entry_hold_their_other_entries_too(store: Store, hand: Hand) -> None:
    hand.read(
        *(hand.added(name) for name in "甲乙丙"),
        placings=[hand.placing("甲", 0), hand.placing("乙", 1), hand.placing("丙", 2, page=1)],
    )
    hand.read(source="other", path="b.txt", placings=[hand.placing("丙", 0), hand.placing("甲", 1)])
    with store.read() as tx:
        pages = tx.readings.pages_with([EntryId("甲")])
    assert {where: [placing.entry for placing in page] for where, page in pages.items()} == {
        (BLOG, "a.txt", 0): ["甲", "乙"],
        (OTHER, "b.txt", 0): ["丙", "甲"],
    }


def test_a_better_date_is_a_silent_revision(store: Store, hand: Hand, now: datetime, day: timedelta) -> None:
    hand.read(hand.added("甲", date=hand.partial(11, 20)), hand.added("乙"))
    inferred = EntryDate(11, 20, 2020, DateKind.INFERRED)
    with store.write() as tx:
        tx.readings.upgrade_dates({EntryId("甲"): inferred}, now + day)
        tx.readings.upgrade_dates({EntryId("甲"): inferred}, now + 2 * day)
        found = tx.readings.dates([EntryId("甲"), EntryId("乙"), EntryId("无")])
        assert found == {"甲": (inferred, now), "乙": (None, now)}
    hand.read(now=now + 3 * day, dates={"甲": hand.exact(2020, 11, 20)})
    entry = hand.entry("甲")
    assert (entry.date, entry.updated_at, entry.revision) == (hand.exact(2020, 11, 20), now, 3)
    assert entry.date is not None
    assert entry.date.full == date(2020, 11, 20)
    with store.read() as tx:
        history = tx.entries.revisions(EntryId("甲"))
    assert [(r.number, r.at, r.cause, r.significant) for r in history] == [
        (1, now, "first", True),
        (2, now + day, "date", False),
        (3, now + 3 * day, "date", False),
    ]
    assert [r.date for r in history] == [hand.partial(11, 20), inferred, hand.exact(2020, 11, 20)]


def test_a_significant_revision_moves_updated_and_a_silent_one_does_not(
    store: Store, hand: Hand, now: datetime, day: timedelta
) -> None:
    hand.read(hand.added("甲"))
    hand.read(hand.revised("甲", "甲 ", Cause.SPACING), now=now + day)
    assert (hand.entry("甲").content.title, hand.entry("甲").updated_at) == ("甲 ", now)
    hand.read(hand.revised("甲", "甲改"), now=now + 2 * day, dates={"甲": hand.exact(2026, 1, 1)})
    entry = hand.entry("甲")
    assert (entry.content, entry.updated_at, entry.first_seen_at) == (hand.content("甲改"), now + 2 * day, now)
    with store.read() as tx:
        history = tx.entries.revisions(EntryId("甲"))
    assert [(r.cause, r.significant, r.content.title) for r in history] == [
        ("first", True, "甲"),
        ("spacing", False, "甲 "),
        ("title", True, "甲改"),
        ("date", False, "甲改"),
    ]


def test_a_first_import_is_published_as_a_whole_by_settle(
    store: Store, hand: Hand, now: datetime, day: timedelta
) -> None:
    hand.read(hand.added("甲"), hand.added("乙"), first_import=True)
    hand.read(hand.revised("乙", "乙改"), hand.added("丙"), path="b.txt", first_import=True, now=now + day)
    assert hand.newest() == []
    with store.read() as tx:
        assert {entry.id for entry in tx.readings.unsettled(BLOG)} == {"甲", "乙", "丙"}
        assert tx.entries.entry(EntryId("甲")) is None
        assert tx.entries.revisions(EntryId("甲")) == []
    old = datetime(2020, 1, 1, tzinfo=UTC)
    with store.write() as tx:
        tx.readings.settle(BLOG, [EntryId("丙")], {EntryId("甲"): old, EntryId("丙"): now}, now + day)
        tx.readings.settle(BLOG, [EntryId("甲")], {EntryId("甲"): now}, now + 2 * day)
        state = tx.readings.source(BLOG)
        assert state is not None
        assert state.settled_at == now + day
        assert tx.readings.unsettled(BLOG) == []
    assert {e: hand.entry(e).updated_at for e in "甲乙丙"} == {"甲": old, "乙": now + day, "丙": now}
    hand.edition()
    with store.read() as tx:
        assert [entry.id for entry in tx.selecting.untold(DigestId("weekly"), None, [])] == ["丙"]


def test_a_source_without_entries_settles(store: Store, now: datetime) -> None:
    with store.write() as tx:
        tx.readings.register_source(BLOG, now)
        tx.readings.settle(BLOG, [], {}, now)
        state = tx.readings.source(BLOG)
        assert state is not None
        assert state.settled_at == now
        assert tx.entries.published_state()[0] == 0


def test_an_unsettled_source_does_not_hide_what_another_showed_first(store: Store, hand: Hand) -> None:
    hand.read(hand.added("甲"))
    hand.read(
        hand.added("乙"), source="other", first_import=True, placings=[hand.placing("甲", 0), hand.placing("乙", 1)]
    )
    assert hand.newest() == ["甲"]
    assert hand.entry("甲").sources == ("blog", "other")
    with store.read() as tx:
        assert [entry.id for entry in tx.readings.unsettled(OTHER)] == ["乙"]


def test_the_source_that_showed_an_entry_first_stands_in_front(hand: Hand) -> None:
    hand.read(hand.added("甲"), source="zebra")
    hand.read(source="ant", placings=[hand.placing("甲", 0)])
    assert hand.entry("甲").sources == ("zebra", "ant")


def test_what_a_source_never_showed_before_is_announced_once(hand: Hand) -> None:
    assert hand.read(hand.added("甲")) == {"甲"}
    assert hand.read(hand.added("乙"), placings=[hand.placing("甲", 0), hand.placing("乙", 1)]) == {"乙"}
    assert hand.read(path="b.txt", placings=[hand.placing("甲", 0), hand.placing("乙", 1)]) == set()
    assert hand.read(source="other", placings=[hand.placing("乙", 0)]) == {"乙"}


def test_what_stays_ambiguous_is_reported_once(store: Store, hand: Hand, now: datetime, day: timedelta) -> None:
    doubt = Ambiguous(0, "甲", (EntryId("一"), EntryId("二")), "kept apart")
    for later in range(3):
        hand.read(ambiguous=[doubt, doubt], now=now + later * day)
    with store.read() as tx:
        (report,) = tx.readings.reports()
        assert tx.readings.reports(OTHER) == []
    assert (report.at, report.source, report.path, report.title) == (now, BLOG, "a.txt", "甲")
    assert (report.candidates, report.outcome) == (("一", "二"), "kept apart")
    hand.read(now=now + 3 * day)
    hand.read(ambiguous=[doubt], now=now + 4 * day)
    hand.read(ambiguous=[replace(doubt, title="乙")], path="b.txt", now=now + 5 * day)
    with store.read() as tx:
        assert [(r.title, r.at) for r in tx.readings.reports()] == [
            ("乙", now + 5 * day),
            ("甲", now + 4 * day),
            ("甲", now),
        ]
        assert len(tx.readings.reports(BLOG, limit=2)) == 2


def test_an_approved_dump_stays_held_until_it_is_read(store: Store, hand: Hand) -> None:
    hand.read(hand.added("甲"))
    held = replace(hand.dump(), sha256="cd" * 32, state=DumpState.HELD, reason="lost")
    with store.write() as tx:
        tx.readings.store_dump(held)
        tx.readings.decide(BLOG, "a.txt", approve=True)
        approved = tx.readings.dumps(BLOG)["a.txt"]
    assert approved == replace(held, approved=held.sha256)
    assert approved.awaits_reading


def test_a_discarded_dump_is_good_again_at_its_last_reading(store: Store, hand: Hand) -> None:
    hand.read(hand.added("甲"))
    held = replace(hand.dump(), sha256="cd" * 32, state=DumpState.HELD, reason="lost")
    with store.write() as tx:
        tx.readings.store_dump(held)
        tx.readings.decide(BLOG, "a.txt", approve=False)
        tx.readings.decide(BLOG, "a.txt", approve=True)  # nothing is held any more
        discarded = tx.readings.dumps(BLOG)["a.txt"]
        assert len(tx.readings.last_reading(BLOG, "a.txt")) == 1
    assert discarded == replace(held, discarded=held.sha256, state=DumpState.GOOD, reason="")


def test_a_naive_moment_is_refused(store: Store) -> None:
    naive = datetime(2026, 3, 14)  # noqa: DTZ001 - the point
    with pytest.raises(StoreError, match="no time zone"), store.write() as tx:
        tx.readings.register_source(BLOG, naive)
