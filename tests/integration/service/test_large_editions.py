"""Editions with many subscribers: made at once, planned in parts, whole after an interruption, no choice lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from digest.model import DeliveryState, DigestId, Format, SubscriberId
from digest.service.editions import digests, making, planning
from digest.service.people import importing, subscribers
from digest.service.people.importing import read_people
from digest.store import open_store
from tests.conftest import Article
from tests.integration.service.test_audience import ADA, Press
from tests.integration.service.test_editions import MONDAY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MANY = 1_300
WEEKLY = DigestId("weekly")


@pytest.fixture
def crowd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Press]:
    """A blog with so many subscribers that each edition is a large one."""
    monkeypatch.setattr(making, "LARGE_EDITION", 1_000)
    press = Press(tmp_path, Article, open_store(f"sqlite:///{tmp_path}/digest.db"))
    digests.register(press.store, press.settings.digests, press.now)
    rows = "email,digest\n" + "".join(f"reader{number}@example.org,weekly\n" for number in range(MANY))
    importing.import_people(press.store, press.settings, read_people(rows.encode(), press.now), now=press.now)
    yield press
    press.close()


def number(press: Press, address: str) -> SubscriberId:
    with press.store.read() as tx:
        record = tx.subscribers.find(address)
    assert record is not None
    return record.subscriber.id


def planned(press: Press) -> list[int]:
    with press.store.read() as tx:
        (made,) = tx.editions.editions(WEEKLY)
        return [row.subscriber for row in tx.deliveries.rows(made.edition.key) if row.state is DeliveryState.PLANNED]


def test_everybody_is_planned_once(crowd: Press) -> None:
    crowd.publish("数")
    crowd.tick(at=MONDAY)
    assert len(planned(crowd)) == len(set(planned(crowd))) == MANY
    with crowd.store.read() as tx:
        assert tx.planning.waiting() == []


class BreakError(BaseException):
    """The machine went away."""


def broken(monkeypatch: pytest.MonkeyPatch, press: Press, after: int) -> None:
    """Make the edition, and break off when so many parts are planned."""
    whole, done = planning.plan_parts, []

    def plan(tx: Any, settings: Any, waiting: Any) -> None:
        done.append(waiting)
        if len(done) > after:
            raise BreakError
        whole(tx, settings, waiting)

    with monkeypatch.context() as patch:
        patch.setattr(planning, "plan_parts", plan)
        press.publish("数")
        with pytest.raises(BreakError):
            press.tick(at=MONDAY)


def test_what_a_break_left_is_planned_at_the_next_look(crowd: Press, monkeypatch: pytest.MonkeyPatch) -> None:
    broken(monkeypatch, crowd, after=1)
    assert 0 < len(planned(crowd)) < MANY
    crowd.tick(at=MONDAY)
    assert len(planned(crowd)) == MANY


def test_a_person_who_left_paused_joined_or_cannot_be_reached_meanwhile_gets_none(
    crowd: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken(monkeypatch, crowd, after=0)
    left, paused, gone, erased = (number(crowd, f"reader{at}@example.org") for at in (1, 2, 3, 4))
    with crowd.store.write() as tx:
        tx.subscribers.leave(left, WEEKLY, "one click", crowd.now)
        tx.subscribers.prefer(
            paused, language="en", fmt=Format.BOTH, timezone="", topics=(), paused_until=MONDAY.replace(year=2099)
        )
        tx.subscribers.suppress(gone, "550 5.1.1", crowd.now)
        tx.subscribers.erase(erased, "hash", crowd.now)
    late = subscribers.add(crowd.store, crowd.settings, ADA, digests=["weekly"], now=crowd.now).subscriber.id
    crowd.tick(at=MONDAY)
    assert not {left, paused, gone, erased, late} & set(planned(crowd))
    assert len(planned(crowd)) == MANY - 4
    with crowd.store.read() as tx:
        assert {one.subscriber.id for one in tx.subscribers.followers(WEEKLY) if one.behind} == {paused}


def test_a_person_who_missed_one_catches_up_unless_a_mail_failed_meanwhile(
    crowd: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = number(crowd, "reader7@example.org"), number(crowd, "reader8@example.org")
    crowd.publish("诗")
    crowd.tick(at=MONDAY)
    with crowd.store.write() as tx:
        (first,) = tx.editions.editions(WEEKLY)
        for delivery in tx.deliveries.lease(crowd.now, MONDAY.replace(year=2099), 2_000):
            person = delivery.subscriber.id
            assert tx.deliveries.begin(
                delivery.edition, person, delivery.leased_until, MONDAY.replace(year=2099), crowd.now
            )
            if person != other:
                tx.deliveries.record(delivery.edition, person, DeliveryState.ACCEPTED, now=crowd.now)
        tx.subscribers.set_behind(WEEKLY, [one, other], behind=True)
    whole = planning.plan_parts

    def plan(tx: Any, settings: Any, waiting: Any) -> None:
        tx.deliveries.record(first.edition.key, other, DeliveryState.FAILED, now=crowd.now)
        whole(tx, settings, waiting)

    crowd.publish("数")
    monkeypatch.setattr(planning, "plan_parts", plan)
    made = making.cut(crowd.store, crowd.settings, crowd.settings.digests[1], crowd.now)
    assert made is not None
    assert made.deliveries == {DeliveryState.PLANNED: MANY}
    with crowd.store.read() as tx:
        assert [one.subscriber.id for one in tx.subscribers.followers(WEEKLY) if one.behind] == [other]


def test_two_that_make_one_at_once_make_one(crowd: Press, monkeypatch: pytest.MonkeyPatch) -> None:
    crowd.publish("数")
    whole = making._plan_edition
    seen: list[Any] = []

    def planned_meanwhile(*args: Any) -> Any:
        made = whole(*args)
        if not seen:
            seen.append(made)
            making.cut(crowd.store, crowd.settings, crowd.settings.digests[1], crowd.now)
        return made

    monkeypatch.setattr(making, "_plan_edition", planned_meanwhile)
    assert making.cut(crowd.store, crowd.settings, crowd.settings.digests[1], crowd.now) is None
    assert len(planned(crowd)) == MANY
