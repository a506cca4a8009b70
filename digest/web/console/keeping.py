"""Backups and alerts: make, list and verify backups, and send a test alert."""

from __future__ import annotations

from typing import TYPE_CHECKING

from digest.operations import backups, notices
from digest.operations.core import Nothing
from digest.web.console.frame import Page
from digest.web.console.shown import frame

if TYPE_CHECKING:
    from starlette.responses import Response

    from digest.web.console.visit import Visit

ROOT = "/console/backups"


def overview(visit: Visit) -> Response:
    """The backups, the fence of a restored store, the alerts and the webhooks."""
    return visit.show(
        "backups",
        frame(
            visit,
            backups=visit.perform(backups.LIST, Nothing()).items,
            folder=str(backups.folder(visit.context)),
            fence=visit.perform(backups.FENCE, Nothing()).fence,
            alerts=visit.perform(notices.ALERTS, Nothing()),
            operators=visit.settings.operator,
            webhooks=visit.perform(notices.WEBHOOKS, Nothing()).items,
        ),
    )


def act(visit: Visit) -> Response:
    """Make or verify a backup, lift the fence, send a test alert, or send the events of a webhook again."""
    chosen, name = visit.fields.one("act"), visit.fields.one("name")
    if chosen == "make":
        made = visit.perform(backups.MAKE, Nothing())
        return visit.back(ROOT, visit.words("The backup %(name)s is made and verified.", name=made.file))
    if chosen == "verify":
        found = visit.perform(backups.VERIFY, backups.BackupName(name=name))
        said = visit.words("%(name)s is right: every row of it was read.", name=name)
        return visit.back(ROOT, said if found.right else found.problem or "", bad=not found.right)
    if chosen == "test":
        tested = visit.perform(notices.TEST_ALERT, Nothing()).items
        failed = [f"{one.channel}: {one.problem}" for one in tested if not one.sent]
        return visit.back(ROOT, "; ".join(failed) or visit.words("The test alert is sent."), bad=bool(failed))
    if chosen == "retry":
        done = visit.perform(notices.RETRY_WEBHOOK, notices.WebhookName(webhook=name))
        said = visit.words("Events delivered: %(count)s", count=done.delivered)
        return visit.back(ROOT, "; ".join([said, *done.problems]), bad=bool(done.problems))
    if chosen in {"as-sent", "send"} and visit.fields.one("sure") == "yes":
        visit.perform(backups.LIFT, backups.LiftRequest(as_sent=chosen == "as-sent"))
        return visit.back(ROOT, visit.words("The fence is lifted."))
    return visit.back(ROOT, visit.words("Tick the box if you are sure."), bad=True)


PAGES = (Page(ROOT, "admin", overview, act),)
