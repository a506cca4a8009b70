"""What is wrong, and which notices are still to be sent: the promises of `Alerts`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from digest.model import SourceId
from digest.records.operating import Alert, NoticeKind

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from digest.store.transaction import Store


def test_an_alert_is_stored_replaced_and_dropped(store: Store, now: datetime, day: timedelta) -> None:
    alert = Alert("sending", "paused: 535", now)
    told = replace(alert, told_at=now + day, well_since=now + 2 * day)
    with store.write() as tx:
        tx.alerts.put(alert)
        assert tx.alerts.all() == {"sending": alert}
        tx.alerts.put(told)
        assert tx.alerts.all() == {"sending": told}
        tx.alerts.drop("sending")
        tx.alerts.drop("sending")
        assert tx.alerts.all() == {}


def test_a_channel_gets_its_notices_one_after_the_other(store: Store, now: datetime, day: timedelta) -> None:
    alert = Alert("sending", "paused: 535", now)
    with store.write() as tx:
        for channel in ("mail a@example.org", "webhook"):
            tx.alerts.notify(channel, NoticeKind.TROUBLE, alert, now)
        tx.alerts.notify("webhook", NoticeKind.WELL, alert, now)
        mail, hook = tx.alerts.notices(now)
        assert (mail.channel, mail.kind, mail.attempts, mail.made_at) == ("mail a@example.org", "trouble", 0, now)
        assert (hook.channel, hook.kind, hook.problem) == ("webhook", "trouble", "paused: 535")
        tx.alerts.put_off(hook.id, now + day)
        tx.alerts.delete_notice(mail.id)
        assert tx.alerts.notices(now) == []  # the second one waits behind the first
        assert tx.alerts.waiting() == 2
        (again,) = tx.alerts.notices(now + day)
        assert (again.id, again.attempts) == (hook.id, 1)
        tx.alerts.delete_notice(hook.id)
        (last,) = tx.alerts.notices(now)
        assert last.kind is NoticeKind.WELL


def test_passes_that_fail_are_counted_until_one_goes_well(store: Store, now: datetime) -> None:
    source = SourceId("blog")

    def failures() -> int:
        known = tx.readings.source(source)
        assert known
        return known.failures

    with store.write() as tx:
        tx.readings.register_source(source, now)
        assert failures() == 0
        tx.readings.refreshed(source, now, "no such folder")
        tx.readings.refreshed(source, now, "", held=True)
        assert failures() == 2
        tx.readings.refreshed(source, now, "")
        assert failures() == 0
