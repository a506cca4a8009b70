"""Editions that wait, are held or cancelled, while people and plans change: nobody misses an entry or gets it twice."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from digest.errors import DigestError
from digest.mail.tokens import leave_token
from digest.model import DeliveryState, DigestId, Edition, EditionKey, SubscriberId
from digest.records.editions import EditionActKind
from digest.service.editions import control, digests, making, planning, renaming
from digest.service.people import subscribers
from digest.service.upkeep import backups
from digest.settings import Settings
from digest.store import open_store
from tests.conftest import Article
from tests.integration.service.test_audience import Press
from tests.integration.service.test_editions import DAY, HOUR, MONDAY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from digest.model import Delivery

WEEKLY = DigestId("weekly")
KEY = EditionKey("weekly/2026-W47")


class Desk(Press):
    """A press whose editions the operator decides about; `approve` holds for the weekly digest."""

    approve: str = ""

    @property
    def settings(self) -> Settings:
        made = super().settings
        given = made.model_dump(include={"data_dir", "base_url", "sources", "topics"})
        weekly = {"id": "weekly", "title": "每周", "schedule": "mon 08:00", "timezone": "Asia/Shanghai"}
        if self.approve:
            weekly["approve"] = self.approve
        return Settings(**given, digests=[weekly])

    def come(self, address: str) -> SubscriberId:
        """Somebody subscribes, and gets the newest edition at once."""
        made = subscribers.add(self.store, self.settings, address, welcome=True, now=self.now)
        return made.subscriber.id

    def lease(self) -> list[Delivery]:
        with self.store.write() as tx:
            leased = tx.deliveries.lease(self.now, self.now + HOUR, 1000)
            for one in leased:
                tx.deliveries.begin(one.edition, one.subscriber.id, one.leased_until, self.now + HOUR, self.now)
        return leased

    def answer(self, leased: list[Delivery], state: DeliveryState, next_at: datetime | None = None) -> None:
        with self.store.write() as tx:
            for one in leased:
                tx.deliveries.record(one.edition, one.subscriber.id, state, now=self.now, next_at=next_at)

    def approve_now(self) -> str | None:
        configured = self.settings
        made = making.approve(self.store, configured, configured.digests[0], self.now)
        return made.edition.key if made else None

    def acts(self) -> list[EditionActKind]:
        with self.store.read() as tx:
            return [act.kind for act in tx.control.acts([WEEKLY])]


@contextmanager
def opened(folder: Path, url: str) -> Iterator[Desk]:
    made = Desk(folder, Article, open_store(url))
    digests.register(made.store, made.settings.digests, made.now)
    yield made
    made.close()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with opened(tmp_path, "sqlite://") as made:
        yield made


def test_a_mail_that_is_put_off_after_the_cancellation_is_not_sent_and_its_entries_come_with_the_next(
    desk: Desk,
) -> None:
    ada = desk.join()
    desk.publish("数")
    desk.tick(at=MONDAY)
    leased = desk.lease()
    assert control.cancel(desk.store, KEY, desk.now) == 0
    desk.answer(leased, DeliveryState.DEFERRED, desk.now + HOUR)
    desk.now += 2 * HOUR
    assert desk.lease() == []
    desk.publish("诗")
    desk.tick(at=MONDAY + 7 * DAY)
    desk.deliver()
    assert sorted(desk.titles(ada)) == ["数", "诗"]


def test_a_failed_mail_of_a_cancelled_edition_is_not_retried(desk: Desk) -> None:
    desk.join()
    desk.publish("数")
    desk.tick(at=MONDAY)
    desk.answer(desk.lease(), DeliveryState.FAILED)
    control.cancel(desk.store, KEY, desk.now)
    with desk.store.write() as tx:
        assert not tx.dead_letters.plan_again(KEY, SubscriberId(1), DeliveryState.FAILED, desk.now)


def test_what_was_leased_but_not_begun_waits_while_an_edition_is_held(desk: Desk) -> None:
    desk.join()
    desk.publish("数")
    desk.tick(at=MONDAY)
    with desk.store.write() as tx:
        (one,) = tx.deliveries.lease(desk.now, desk.now + HOUR, 10)
    control.hold(desk.store, KEY, desk.now)
    with desk.store.write() as tx:
        assert tx.deliveries.begin(KEY, one.subscriber.id, one.leased_until, desk.now + HOUR, desk.now) is None
    assert desk.lease() == []
    control.resume(desk.store, KEY, desk.now)
    assert len(desk.lease()) == 1


@pytest.mark.parametrize("decided", ["approve", "cut", "approval is not required any more"])
def test_people_who_come_leave_pause_and_missed_one_while_an_edition_waits(desk: Desk, decided: str) -> None:
    desk.approve = "12h"
    ada, bob, eve = (desk.join(address=f"{name}@example.org") for name in ("ada", "bob", "eve"))
    desk.publish("数")
    assert desk.tick(at=MONDAY) == []
    desk.now += HOUR
    cleo = desk.join(address="cleo@example.org")
    desk.wish(bob, paused_until=desk.now + DAY)
    subscribers.leave(desk.store, leave_token(desk.store.secret(), eve, WEEKLY), source="test", now=desk.now)
    desk.publish("诗")
    desk.tick(at=desk.now + HOUR)
    if decided == "approve":
        assert desk.approve_now() == KEY
    elif decided == "cut":
        assert desk.cut() == KEY
    else:
        desk.approve = ""
        assert desk.tick() == [KEY]
    assert desk.tick() == []
    desk.deliver()
    desk.approve = ""
    desk.tick(at=MONDAY + 7 * DAY)
    desk.deliver()
    assert desk.titles(ada) == ["数", "诗"]
    assert sorted(desk.titles(bob)) == ["数", "诗"]
    assert desk.titles(cleo) == ["数", "诗"]
    assert desk.titles(eve) == []
    assert desk.acts().count(EditionActKind.APPROVE) == 1


def test_everything_counts_as_sent_after_a_restore_also_what_came_while_an_edition_waited(desk: Desk) -> None:
    desk.approve = "12h"
    desk.join()
    desk.publish("数")
    desk.tick(at=MONDAY)
    desk.now += HOUR
    desk.publish("诗")
    backups.fence(desk.store, desk.now)
    backups.lift(desk.store, desk.settings, desk.now, as_sent=True)
    desk.approve = ""
    assert desk.tick() == []
    assert desk.tick(at=MONDAY + 7 * DAY) == ["weekly/2026-W48"]
    with desk.store.read() as tx:
        after = tx.editions.edition(EditionKey("weekly/2026-W48"))
    assert after is not None
    assert after.edition.empty


def test_a_newcomer_during_a_hold_gets_the_entries_after_its_cancellation(desk: Desk) -> None:
    desk.join()
    desk.publish("数")
    desk.tick(at=MONDAY)
    control.hold(desk.store, KEY, desk.now)
    desk.now += 2 * DAY
    cleo = desk.come("cleo@example.org")
    control.cancel(desk.store, KEY, desk.now)
    desk.publish("诗")
    desk.tick(at=MONDAY + 7 * DAY)
    desk.deliver()
    assert sorted(desk.titles(cleo)) == ["数", "诗"]


def test_a_newcomer_after_a_cancellation_gets_its_entries_with_the_next_one(desk: Desk) -> None:
    desk.join()
    desk.publish("数")
    desk.tick(at=MONDAY)
    control.cancel(desk.store, KEY, desk.now)
    desk.now += 2 * DAY
    cleo = desk.come("cleo@example.org")
    desk.publish("诗")
    desk.tick(at=MONDAY + 7 * DAY)
    desk.deliver()
    assert sorted(desk.titles(cleo)) == ["数", "诗"]


def test_a_large_edition_is_approved_once_although_the_plan_changes_while_it_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "LARGE_EDITION", 0)
    with opened(tmp_path, f"sqlite:///{tmp_path}/digest.db") as desk:
        desk.approve = "12h"
        ada = desk.join()
        desk.publish("数")
        desk.tick(at=MONDAY)
        real, notes = planning.recipient_parts, iter(["later"])

        def meanwhile(*given: Any) -> Any:
            for note in notes:
                control.set_note(desk.store, desk.settings.digests[0], note, desk.now)
            return real(*given)

        monkeypatch.setattr(making, "recipient_parts", meanwhile)
        assert desk.approve_now() == KEY
        desk.deliver()
        assert desk.titles(ada) == ["数"]
        assert desk.acts().count(EditionActKind.APPROVE) == 1
        with desk.store.read() as tx:
            made = tx.editions.edition(KEY)
        assert made is not None
        assert made.edition.note == "later"


def test_nothing_waits_for_a_slot_that_another_digest_has_sent_which_became_one_with_it(desk: Desk) -> None:
    desk.approve = "12h"
    desk.join()
    desk.publish("数")
    desk.tick(at=MONDAY)
    other = DigestId("other")
    with desk.store.write() as tx:
        tx.editions.register_digest(other, desk.now)
        tx.editions.make(Edition(EditionKey("other/1"), other, MONDAY, None, desk.now, empty=True), (), (), ())
    renaming.rename_digest(desk.store, desk.settings, other, WEEKLY, desk.now)
    with pytest.raises(DigestError, match="no edition waits"):
        desk.approve_now()
    assert desk.cut() == KEY


@pytest.mark.parametrize("wishes", [("verse",), ("maths",)])
def test_topics_that_change_during_a_hold_decide_what_the_next_mail_catches_up(
    desk: Desk, wishes: tuple[str, ...]
) -> None:
    ada = desk.join()
    desk.publish("数", "诗")
    desk.tick(at=MONDAY)
    control.hold(desk.store, KEY, desk.now)
    desk.wish(ada, topics=wishes)
    control.cancel(desk.store, KEY, desk.now)
    desk.publish("数二", "诗二")
    desk.tick(at=MONDAY + 7 * DAY)
    desk.deliver()
    assert sorted(desk.titles(ada)) == (["诗", "诗二"] if wishes == ("verse",) else ["数", "数二"])
