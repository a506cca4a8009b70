"""Clocks that are wrong are reported to the operator, once and until it is over; their records are repaired."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine

from digest import checks
from digest.model import DeliveryState, DigestId, EditionKey, SourceId
from digest.running import Alone, Service
from digest.service.editions import making
from digest.service.operating import alerts, clocks, health, status
from digest.settings import load
from tests.integration.service.test_audience import Press, made_at
from tests.integration.service.test_editions import DAY, HOUR, MONDAY, WEDNESDAY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from digest.records.operating import ClockFault
    from tests.conftest import Article, Blog

YEAR = 365 * DAY


@pytest.fixture
def press(tmp_path: Path) -> Iterator[Press]:
    made = made_at(tmp_path)
    yield made
    made.close()


def faults(press: Press) -> list[ClockFault]:
    with press.store.read() as tx:
        return tx.clocks.standing()


def alert(press: Press) -> str:
    alerts.decide(press.store, press.settings, press.now)
    with press.store.read() as tx:
        found = tx.alerts.all().get(health.CLOCK)
    return found.problem if found and found.well_since is None else ""


def slots(press: Press) -> list[datetime | None]:
    with press.store.read() as tx:
        return [made.edition.slot_at for made in tx.editions.editions(DigestId("weekly"))]


def test_times_that_lie_ahead_are_reported_everywhere_before_they_are_repaired(press: Press) -> None:
    press.join()
    press.publish("甲")
    press.tick(at=MONDAY + 2 * YEAR)
    press.now = MONDAY
    shown = status.status(press.store, press.settings, press.now).troubles
    assert [(one.subject, one.certain) for one in shown if one.kind is health.Kind.CLOCK] == [("clock", True)]
    assert "the last slot of a digest lies ahead: 2028-" in shown[-1].problem
    assert status.monitored_state(press.store, press.settings, press.now).troubles[health.Kind.CLOCK] == 1
    assert "lies ahead" in alert(press)
    assert faults(press) == []  # a look changes nothing


def test_a_last_slot_that_lies_ahead_counts_as_none_and_is_reported_until_an_hour_later(press: Press) -> None:
    press.join()
    press.publish("甲")
    press.tick(at=MONDAY + 2 * YEAR)
    assert faults(press) == []

    press.now = MONDAY
    press.tick()
    (slot, *_) = [fault for fault in faults(press) if fault.what == "the last slot of a digest"]
    assert (slot.number, slot.moment, slot.at) == (2, "2028-11-15 00:00 UTC", MONDAY)
    assert all(at is None or at <= MONDAY for at in slots(press))
    assert "the last slot of a digest (2 of them): 2028-11-15 00:00 UTC; it counts as none" in alert(press)
    assert status.monitored_state(press.store, press.settings, press.now).clock_faults == len(faults(press)) > 0

    press.publish("乙")
    before = faults(press)
    press.tick(at=MONDAY + HOUR / 2)
    assert faults(press) == before  # reported once
    press.tick(at=MONDAY + HOUR)
    assert faults(press) == []
    assert alert(press) == ""
    assert [key for key in press.tick(at=MONDAY + 7 * DAY) if key.startswith("weekly")] == ["weekly/2026-W48"]


@pytest.mark.parametrize("begun", [False, True])
def test_a_lease_that_lies_ahead_ends_at_the_next_drain_and_is_reported(press: Press, *, begun: bool) -> None:
    press.join()
    press.publish("甲")
    press.tick(at=MONDAY)
    with press.store.write() as tx:
        (one,) = tx.deliveries.lease(press.now, MONDAY + YEAR, 9)
        if begun:
            tx.deliveries.begin(one.edition, one.subscriber.id, one.leased_until, MONDAY + YEAR, press.now)
    clocks.repair_times(press.store, press.settings.mail, MONDAY)
    (fault,) = faults(press)
    assert (fault.what, fault.moment) == ("a lease of a mail", "2027-11-16 00:00 UTC")
    with press.store.write() as tx:
        after = 2 * HOUR if begun else HOUR / 60
        (again,) = tx.deliveries.lease(MONDAY + after, MONDAY + 3 * HOUR, 9)
    assert again.uncertain == int(begun)


def test_a_lease_of_hours_under_a_clock_of_a_little_more_is_no_fault(press: Press) -> None:
    press.join()
    press.publish("甲")
    press.tick(at=MONDAY)
    with press.store.write() as tx:
        tx.deliveries.lease(press.now, MONDAY + press.settings.mail.lease + HOUR / 2, 9)
    clocks.repair_times(press.store, press.settings.mail, MONDAY)
    assert faults(press) == []


def test_a_next_attempt_that_lies_ahead_is_brought_back_and_reported(press: Press) -> None:
    ada = press.join()
    press.publish("甲")
    press.tick(at=MONDAY)
    with press.store.write() as tx:
        (one,) = tx.deliveries.lease(press.now, MONDAY + HOUR, 9)
        tx.deliveries.begin(one.edition, ada, one.leased_until, MONDAY + HOUR, press.now)
        tx.deliveries.record(one.edition, ada, DeliveryState.DEFERRED, now=press.now, next_at=MONDAY + YEAR)
    clocks.repair_times(press.store, press.settings.mail, MONDAY)
    (fault,) = faults(press)
    assert (fault.what, fault.moment) == ("the next attempt of a mail", "2027-11-16 00:00 UTC")
    with press.store.read() as tx:
        (row,) = tx.deliveries.rows(EditionKey("weekly/2026-W47"))
    assert row.next_at
    assert row.next_at <= MONDAY + 10 * HOUR


def test_a_mail_that_waits_for_its_readers_own_morning_is_no_fault_and_stays_so(press: Press) -> None:
    ada = press.join()
    press.wish(ada, timezone="Asia/Tokyo")  # an hour later there than where the digest is made: tomorrow
    press.publish("甲")
    press.tick(at=MONDAY)
    clocks.repair_times(press.store, press.settings.mail, MONDAY)
    with press.store.read() as tx:
        (row,) = tx.deliveries.rows(EditionKey("weekly/2026-W47"))
    assert row.next_at == MONDAY + 23 * HOUR
    assert faults(press) == []


def test_a_pass_that_lies_ahead_counts_as_now_and_is_reported(press: Press) -> None:
    press.now = WEDNESDAY + YEAR
    press.publish("甲")
    press.now = WEDNESDAY
    press.refresh()
    assert [(fault.what, fault.moment) for fault in faults(press)] == [
        ("the last pass over a source", "2027-11-11 12:00 UTC")
    ]
    with press.store.read() as tx:
        state = tx.readings.source(SourceId("blog"))
    assert state
    assert state.refreshed_at == WEDNESDAY


def test_under_an_impossible_clock_nothing_is_changed_and_that_is_reported(press: Press) -> None:
    press.join()
    press.publish("甲")
    press.tick(at=MONDAY)
    before = slots(press)
    for _ in range(2):
        assert making.make_due(press.store, press.settings, datetime(1970, 1, 1, 0, 5, tzinfo=UTC)) == []
    assert slots(press) == before
    (fault,) = faults(press)
    assert "1970-01-01" in str(fault)
    press.tick(at=MONDAY + HOUR)
    assert faults(press) == []


class Hands:
    """A clock on the wall that is set, and one that ticks."""

    def __init__(self) -> None:
        self.wall, self.ticks = MONDAY, [0.0, 0.0]
        self.watch = clocks.JumpDetector(lambda: self.wall, lambda: list(self.ticks))

    def after(self, *ticks: float, set_by: timedelta = timedelta(0)) -> timedelta:
        """An hour later by the wall, and so many seconds by what ticks, with a clock that is set meanwhile."""
        self.wall += HOUR + set_by
        self.ticks = [a + b for a, b in zip(self.ticks, ticks, strict=True)]
        return self.watch.jump()


@pytest.mark.parametrize("way", [8 * DAY, -8 * DAY, 5 * HOUR, -HOUR])
def test_a_clock_that_is_set_while_the_service_runs_is_seen_whichever_way(way: timedelta) -> None:
    hands = Hands()
    assert hands.after(3600, 3600) == timedelta(0)
    assert hands.after(3600, 3600, set_by=way) == way
    assert hands.after(3600, 3600) == timedelta(0)


def test_a_machine_that_slept_and_one_whose_whole_time_is_another_set_no_clock() -> None:
    hands = Hands()
    assert hands.after(10, 3600) == timedelta(0)  # the first does not count sleep
    assert hands.after(3600, 6) == timedelta(0)
    assert clocks.JumpDetector(lambda: MONDAY).jump() == timedelta(0)


@pytest.mark.parametrize(("way", "said"), [(8 * DAY, "forward by 8 days"), (-8 * DAY, "back by 8 days")])
def test_a_clock_that_was_set_is_reported_and_over_an_hour_later(press: Press, way: timedelta, said: str) -> None:
    press.now = MONDAY + way
    clocks.note_jump(press.store, way, press.now)
    assert f"the clock was set {said}" in alert(press)
    clocks.repair_times(press.store, press.settings.mail, press.now + HOUR)
    assert faults(press) == []


def test_status_and_check_say_it(blog: Blog, article: type[Article]) -> None:
    blog.index("a.txt", article("一"))
    settings = load(blog.home / "digest.toml")
    with time_machine.travel(MONDAY + YEAR, tick=False):
        blog.refresh()
    with time_machine.travel(MONDAY, tick=False):
        found = [one for one in checks.findings(settings, MONDAY) if one.part == "clock"]
        assert [one.problem.partition(" (")[0] for one in found] == [
            "the last pass over a source is in the future: 2027-11-16 00:00 UTC"
        ]
        blog.refresh()
        shown = json.loads(blog.run("status", "--json"))["clock_faults"]
        assert [(one["what"], one["moment"]) for one in shown] == [
            ("the last pass over a source", "2027-11-16 00:00 UTC")
        ]
        said = " ".join(blog.run("status").split())
        assert "clock: the last pass over a source: 2027-11-16 00:00 UTC; it counts as now" in said
        found = [one for one in checks.findings(settings, MONDAY) if one.part == "clock"]
        assert [one.problem.partition(";")[0] for one in found] == ["the last pass over a source: 2027-11-16 00:00 UTC"]


def test_a_clock_that_steps_back_by_hours_ends_leases_and_keeps_the_date_of_mails(press: Press) -> None:
    """A second copy is the same message, so its Date is, too."""
    press.join()
    press.publish("甲")
    press.tick(at=MONDAY)
    with press.store.write() as tx:
        (first,) = tx.deliveries.lease(press.now, press.now + HOUR, 9)
        tx.deliveries.begin(first.edition, first.subscriber.id, first.leased_until, press.now + HOUR, press.now)
    back = MONDAY - 6 * HOUR
    clocks.repair_times(press.store, press.settings.mail, back)
    assert [fault.what for fault in faults(press)] == ["a lease of a mail"]
    with press.store.write() as tx:
        (again,) = tx.deliveries.lease(back + 2 * HOUR, back + 3 * HOUR, 9)
    assert (again.written_at, again.uncertain) == (first.written_at, 1)


def test_the_service_looks_at_the_clock_with_each_look_at_the_alerts(
    press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    jumps = iter([8 * DAY, timedelta(0)])
    monkeypatch.setattr(clocks.JumpDetector, "jump", lambda _: next(jumps))
    service = Service(press.settings, press.store, process=Alone(serves=False))
    (look,) = [tick for tick in service.work.table() if tick.name == "alerts"]

    async def looks() -> None:
        for _ in range(2):
            await service.do(look)  # what the timer calls

    asyncio.run(looks())
    assert [fault.what for fault in faults(press)] == ["the clock was set forward by 8 days, 0:00:00, to"]
    with press.store.read() as tx:
        assert health.CLOCK in tx.alerts.all()
