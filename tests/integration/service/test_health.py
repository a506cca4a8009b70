"""Status, alerts, readiness and metrics agree about each kind of trouble, when it begins and when it ends."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from starlette.requests import Request

from digest.errors import StoreError
from digest.model import (
    Body,
    BounceKind,
    ConfirmationKind,
    DeliveryState,
    DigestId,
    Edition,
    EditionKey,
    Format,
    SourceId,
    SubscriberId,
    Variant,
)
from digest.records.editions import Recipient
from digest.records.mailing import Bounce
from digest.records.operating import ClockFault, NoticeKind
from digest.records.people import UNMADE
from digest.service.operating import alerts
from digest.service.operating.health import Kind
from digest.service.operating.status import status
from digest.settings import Settings
from digest.store import open_store
from digest.web.metrics import Metrics, MonitorEndpoints
from tests.exposition import numbers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from digest.store.transaction import Store, Transaction

NOW = datetime(2026, 11, 16, 9, tzinfo=UTC)  # a Monday
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
BLOG, WEEKLY, KEY = SourceId("blog"), DigestId("weekly"), EditionKey("weekly/2026-W47")


class World:
    """A store in which all is well, and all outputs that report it."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store, self.now = store, NOW
        self.settings = Settings(
            data_dir=folder,
            sources=[{"id": "blog", "title": "山上", "path": folder / "dumps", "every": "6h"}],
            digests=[{"id": "weekly", "title": "每周", "schedule": "mon 08:00"}],
            alerts={"webhook": "http://127.0.0.1:1/"},
            webhooks=[{"id": "chat", "url": "http://127.0.0.1:1/", "secret": "x" * 16}],
        )
        metrics = Metrics(
            store, self.settings, lambda: self.now, fresh=HOUR
        )  # only what was stored makes it look again
        self._metrics = metrics
        self._watch = MonitorEndpoints(store, metrics)
        with store.write() as tx:
            tx.editions.register_digest(WEEKLY, NOW - HOUR)
            tx.readings.register_source(BLOG, NOW)
            tx.readings.refreshed(BLOG, NOW, "")

    def pause(self) -> None:
        """Pause the source, as a service that follows a change does."""
        (source,) = self.settings.sources
        self.settings = self.settings.model_copy(update={"sources": (source.model_copy(update={"paused": True}),)})
        self._metrics.settings = self.settings

    def told(self) -> dict[str, set[str]]:
        """The kinds of trouble that each of the four reports."""
        with self.store.write() as tx:
            tx.alerts.delete_notice(-1)  # a commit: where only time passed, the numbers may be a second old
        decided = alerts.decide(self.store, self.settings, self.now)
        with self.store.read() as tx:
            ill = {subject for subject, alert in tx.alerts.all().items() if alert.well_since is None}
        found = status(self.store, self.settings, self.now).troubles
        assert ill == {trouble.subject for trouble in found}
        self.begun = [one.alert.subject for one in decided if one.kind is NoticeKind.TROUBLE]
        answer = json.loads(bytes(self._watch.ready(Request({"type": "http", "query_string": b""})).body))
        exposed = numbers(self._metrics.exposition("")[0].decode())
        return {
            "status": {str(trouble.kind) for trouble in found},
            "readyz": set(answer["troubles"]),
            "metrics": {str(kind) for kind in Kind if exposed[f"digest_troubles {kind}"]},
        }

    def edition(self, tx: Transaction, people: int = 0) -> list[SubscriberId]:
        """The edition of the slot, with so many mails."""
        edition = Edition(KEY, WEEKLY, NOW - HOUR, None, self.now, empty=False)
        made = [self._person(tx, f"{number}@example.org") for number in range(people)]
        mails = [Recipient(person, f"<{person}@example.org>", 0, self.now) for person in made]
        assert tx.editions.make(edition, [], [Variant(Body("en", "s", "h", "t"), ())], mails)
        return made

    @staticmethod
    def _person(tx: Transaction, address: str) -> SubscriberId:
        record = tx.subscribers.add(
            address, name="", language="en", fmt=Format.BOTH, digests=[WEEKLY], source="operator", now=NOW
        )
        assert record
        return record.subscriber.id

    def later(self, tx: Transaction, span: timedelta) -> None:
        """Let time pass, in which the source is read."""
        self.now += span
        tx.readings.refreshed(BLOG, self.now, "")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    store = open_store("sqlite://")
    yield World(store, tmp_path)
    store.close()


def too_large(world: World, tx: Transaction) -> None:
    (person,) = world.edition(tx, 1)
    (mail,) = tx.deliveries.lease(world.now, world.now + HOUR, 1)
    tx.deliveries.begin(mail.edition, person, mail.leased_until, world.now + HOUR, world.now)
    tx.deliveries.record(
        mail.edition,
        person,
        DeliveryState.FAILED,
        now=world.now,
        code=552,
        text="content: 552 5.3.4 message too large",
    )


def tried_again(world: World, tx: Transaction) -> None:
    (row,) = tx.dead_letters.listed([DeliveryState.FAILED])
    assert tx.dead_letters.plan_again(row.edition, row.subscriber, row.state, world.now)


def refused(world: World, tx: Transaction) -> None:
    for person in world.edition(tx, world.settings.alerts.refused):
        tx.bounces.add(Bounce(person, KEY, str(person), BounceKind.REFUSED, "5.7.26", "no DKIM", world.now))


def on_the_way(world: World, tx: Transaction) -> None:
    """Its mails go out, which were only planned."""
    world.edition(tx, 1)
    world.later(tx, world.settings.alerts.late + MINUTE)


def sent(world: World, tx: Transaction) -> None:
    for mail in tx.deliveries.lease(world.now, world.now + HOUR, 9):
        tx.deliveries.begin(mail.edition, mail.subscriber.id, mail.leased_until, world.now + HOUR, world.now)
        tx.deliveries.record(mail.edition, mail.subscriber.id, DeliveryState.ACCEPTED, now=world.now)


def unmade(world: World, tx: Transaction) -> None:
    number = tx.confirmations.ask(
        ConfirmationKind.JOIN,
        "ada@example.org",
        subscriber=None,
        mail=True,
        digests=[WEEKLY],
        language="en",
        latest=False,
        network="",
        now=world.now,
        expires_at=world.now + DAY,
    )
    tx.confirmations.record(number, next_at=world.now + HOUR, text=f"{UNMADE}text.txt:1: 'x' is undefined")


def made_again(world: World, tx: Transaction) -> None:
    (waiting,) = tx.confirmations.lease(world.now + HOUR, world.now + 2 * HOUR, 9)
    tx.confirmations.record(waiting.id, next_at=None, text="mailed")


def a_day_later(world: World, tx: Transaction) -> None:
    world.later(tx, DAY + MINUTE)
    sent(world, tx)


def nobody_reads(world: World, tx: Transaction) -> None:
    world.edition(tx)
    world.now += 19 * HOUR


def refused_event(world: World, tx: Transaction) -> None:
    tx.webhooks.register("chat", world.now)
    tx.webhooks.plan("chat", "entry/a/added", "entry.added", "{}", world.now)
    for _ in range(world.settings.alerts.after):
        event = tx.webhooks.begin("chat", world.now, world.now)
        assert event
        tx.webhooks.retry(event, "HTTP Error 500", world.now)


def taken_event(world: World, tx: Transaction) -> None:
    event = tx.webhooks.begin("chat", world.now, world.now)
    assert event
    tx.webhooks.delivered(event, "", world.now)


Act = Any  # a function of a world and a transaction
TROUBLES: dict[str, tuple[Kind, Act, Act]] = {
    "a pass failed": (
        Kind.SOURCE,
        lambda world, tx: tx.readings.refreshed(BLOG, world.now, "no such folder"),
        lambda world, tx: tx.readings.refreshed(BLOG, world.now, ""),
    ),
    "a dump is held": (
        Kind.SOURCE,
        lambda world, tx: tx.readings.refreshed(BLOG, world.now, "", held=True),
        lambda world, tx: tx.readings.refreshed(BLOG, world.now, ""),
    ),
    "nobody reads a source": (
        Kind.SOURCE,
        nobody_reads,
        lambda world, tx: tx.readings.refreshed(BLOG, world.now, ""),
    ),
    "sending is paused": (
        Kind.SENDING,
        lambda world, tx: tx.deliveries.pause("login: 535 refused", world.now + HOUR),
        lambda world, tx: tx.deliveries.resume(),
    ),
    "nothing got through since a pause": (
        Kind.SENDING,
        lambda world, tx: tx.deliveries.pause("login: 535 refused", world.now),
        lambda world, tx: tx.deliveries.got_through(world.now),
    ),
    "the store is fenced": (
        Kind.SENDING,
        lambda world, tx: tx.backups.fence(world.now),
        lambda world, tx: tx.backups.lift(),
    ),
    "a domain is paused": (
        Kind.DOMAIN,
        lambda world, tx: tx.resting.rest("example.org", "421 busy", world.now + HOUR, world.now),
        lambda world, tx: tx.resting.got_through(["example.org"]),
    ),
    "nothing got through to a domain that rested": (
        Kind.DOMAIN,
        lambda world, tx: tx.resting.rest("example.org", "421 busy", world.now - MINUTE, world.now),
        lambda world, tx: tx.resting.got_through(["example.org"]),
    ),
    "an edition is late": (
        Kind.DIGEST,
        lambda world, tx: world.later(tx, 7 * DAY + 6 * HOUR),
        lambda world, tx: tx.editions.make(
            Edition(KEY, WEEKLY, NOW + 7 * DAY - HOUR, None, world.now, empty=True), [], [], []
        ),
    ),
    "mails of an edition are late": (Kind.DIGEST, on_the_way, sent),
    "an edition cannot be made": (
        Kind.EDITION,
        lambda world, tx: tx.editions.failed(WEEKLY, "html.html:3: 'x' is undefined", world.now),
        lambda world, tx: tx.editions.succeeded(WEEKLY),
    ),
    "an edition waits for approval": (
        Kind.APPROVAL,
        lambda world, tx: tx.control.ask(WEEKLY, world.now, world.now),
        lambda world, tx: tx.control.fulfilled(WEEKLY),
    ),
    "a webhook takes nothing": (Kind.WEBHOOK, refused_event, taken_event),
    "a confirmation cannot be made": (Kind.LETTER, unmade, made_again),
    "mails are too large": (Kind.SIZE, too_large, tried_again),
    "many refuse our mail": (
        Kind.REFUSED,
        refused,
        a_day_later,
    ),
    "a moment lies ahead": (
        Kind.CLOCK,
        lambda world, tx: tx.readings.refreshed(BLOG, world.now + 9 * DAY, ""),
        lambda world, tx: tx.readings.refreshed(BLOG, world.now, ""),
    ),
    "a clock was wrong": (
        Kind.CLOCK,
        lambda world, tx: tx.clocks.note([ClockFault("a lease of a mail", 1, "2028", "it is ended", world.now)]),
        lambda world, tx: tx.clocks.end(world.now, 0 * HOUR),
    ),
}


def test_each_kind_of_trouble_is_tried() -> None:
    elsewhere = {Kind.DOUBTFUL}  # it is of entries, which test_doubts.py has
    assert {kind for kind, _, _ in TROUBLES.values()} == set(Kind) - elsewhere


@pytest.mark.parametrize("name", TROUBLES)
def test_all_four_outputs_report_a_trouble_at_once_when_it_begins_and_when_it_ends(world: World, name: str) -> None:
    kind, begins, ends = TROUBLES[name]
    nothing: dict[str, set[str]] = {"status": set(), "readyz": set(), "metrics": set()}
    assert world.told() == nothing
    with world.store.write() as tx:
        begins(world, tx)
    assert world.told() == {who: {str(kind)} for who in nothing}
    with world.store.write() as tx:
        ends(world, tx)
    assert world.told() == nothing


@pytest.mark.parametrize("name", [name for name in TROUBLES if TROUBLES[name][0] is not Kind.SOURCE])
def test_what_is_no_blip_is_reported_to_the_operator_at_once(world: World, name: str) -> None:
    _, begins, _ = TROUBLES[name]
    with world.store.write() as tx:
        begins(world, tx)
    world.told()
    assert len(world.begun) == (0 if "that rested" in name else 1)


def test_a_source_that_nobody_reads_is_reported_when_it_is_no_blip(world: World) -> None:
    begun = []
    for _ in range(30):
        world.now += HOUR
        world.told()
        begun += [(world.now - NOW, subject) for subject in world.begun if subject.startswith("source")]
    assert begun == [(20 * HOUR, "source blog")]  # three passes missed, and an hour


def test_a_paused_source_is_no_trouble(world: World) -> None:
    with world.store.write() as tx:
        tx.readings.refreshed(BLOG, NOW, "dumps: cannot be read")
    assert world.told()["status"] == {"source"}
    world.pause()
    world.now += 30 * HOUR
    assert world.told() == {"status": set(), "readyz": set(), "metrics": set()}
    assert numbers(world._metrics.exposition("")[0].decode())["digest_sources_failing"] == 0


def test_a_store_that_does_not_answer_is_reported_by_readiness_and_metrics(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> None:
        raise StoreError("gone")

    monkeypatch.setattr(world.store, "read", gone)
    with pytest.raises(StoreError, match="gone"):
        status(world.store, world.settings, world.now)
    answer = world._watch.ready(Request({"type": "http", "query_string": b""}))
    assert (answer.status_code, json.loads(bytes(answer.body))["store"]) == (503, "failing")
    assert numbers(world._metrics.exposition("")[0].decode())["digest_store_up"] == 0


def test_a_trouble_that_ended_is_over_in_status_before_operators_hear_that_it_is(world: World) -> None:
    with world.store.write() as tx:
        tx.backups.fence(world.now)
    world.told()
    with world.store.write() as tx:
        tx.backups.lift()
    world.now += MINUTE
    assert world.told()["status"] == set()
    with world.store.read() as tx:
        assert tx.alerts.all()["sending"].well_since == world.now
    world.now += world.settings.alerts.calm
    (well,) = alerts.decide(world.store, world.settings, world.now)
    assert (well.kind, well.alert.subject) == (NoticeKind.WELL, "sending")
