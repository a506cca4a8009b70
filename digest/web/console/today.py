"""The first page: what is wrong and what to do about it, the next edition, mails under way; and their live bar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from digest import templating
from digest.operations import backups, editions, notices, people
from digest.operations.core import Nothing
from digest.web.console.frame import Page
from digest.web.console.people import MAILS
from digest.web.console.shown import bar, frame, is_under_way, made_editions, plans
from digest.web.console.visit import HOME

if TYPE_CHECKING:
    from digest.operations.notices import AlertView
    from digest.web.console.visit import Visit

_NEWEST = 5  # editions among which mails may be under way
_OLD_BACKUP = 7  # days
_AGAIN = 3_000  # milliseconds until a browser asks for the next state
_PLACES = {  # where an operator decides about a trouble of this kind
    "source": "/console/sources",
    "sending": MAILS,
    "domain": MAILS,
    "letter": MAILS,
    "mail_size": MAILS,
    "refused_mail": MAILS,
    "lost_mail": MAILS,
    "webhook": "/console/backups",
}
_OF_DIGESTS = {"digest", "edition", "approval"}


def today(visit: Visit) -> Response:
    """What is to do, what comes next, what is under way."""
    alerts = [one for one in visit.perform(notices.ALERTS, Nothing()).items if one.well_since is None]
    newest = made_editions(visit, _NEWEST).items
    under_way = [made for made in newest if is_under_way(made)]
    growth = visit.perform(people.GROWTH, people.GrowthRequest(weeks=1)) if visit.may("people") else None
    days = _days_without_backup(visit, begun=bool(newest)) if visit.may("admin") else None
    return visit.show(
        "today",
        frame(
            visit,
            troubles=[(_headline(visit, one), one, _place(visit, one)) for one in alerts],
            plans=plans(visit),
            under_way=[(made, bar(made.deliveries)) for made in under_way],
            growth=growth,
            days=days if days is not None and days >= _OLD_BACKUP else None,
            tasks=len(alerts) + (days is not None and days >= _OLD_BACKUP),
        ),
    )


def _place(visit: Visit, trouble: AlertView) -> str:
    """The page about a trouble, if there is one that the user may see."""
    name = trouble.subject.rpartition(" ")[2]
    if trouble.kind == "source" and visit.settings.source(name):
        return f"/console/sources/of/{name}"
    if trouble.kind in _OF_DIGESTS:
        return f"/console/editions/next/{name}" if visit.settings.digest(name) else "/console/editions"
    place = _PLACES.get(trouble.kind or "", "")
    needed = {MAILS: "people", "/console/backups": "admin"}.get(place, "read")
    return place if visit.may(needed) else ""


def _headline(visit: Visit, trouble: AlertView) -> str:
    """A trouble in a few words; its sentence says more."""
    name = trouble.subject.rpartition(" ")[2]
    words = {
        "source": visit.words("The source %(name)s has a problem", name=name),
        "sending": visit.words("Mails cannot be sent"),
        "domain": visit.words("Mails to %(name)s are paused", name=name),
        "digest": visit.words("The edition of %(name)s is late", name=name),
        "edition": visit.words("The edition of %(name)s cannot be made", name=name),
        "letter": visit.words("Mails to single people are not sent"),
        "mail_size": visit.words("Mails are too large"),
        "refused_mail": visit.words("Mails were refused"),
        "lost_mail": visit.words("Mails may be lost"),
        "clock": visit.words("A clock was wrong"),
        "approval": visit.words("An edition of %(name)s waits for your approval", name=name),
        "webhook": visit.words("The webhook %(name)s does not answer", name=name),
    }
    return words.get(trouble.kind or "", trouble.subject)


def _days_without_backup(visit: Visit, *, begun: bool) -> int | None:
    """How many days ago the last backup was made; None if there never was one and nothing has `begun` yet."""
    with visit.store.read() as tx:
        made = tx.backups.made_at()
    if made is None:
        return _OLD_BACKUP if begun else None
    return (visit.now - made).days


def make_backup(visit: Visit) -> Response:
    """Make a backup, and come back."""
    made = visit.perform(backups.MAKE, Nothing())
    return visit.back(HOME, visit.words("The backup %(name)s is made and verified.", name=made.file))


def progress(visit: Visit) -> Response:
    """The state of an edition's mails as one server-sent event; the browser asks again after a moment.

    Each answer ends at once, so that no connection stays open. Source: the EventSource interface of HTML.
    """
    key = visit.request.query_params.get("edition", "")
    made = visit.perform(editions.PROGRESS, editions.EditionName(edition=key or "-"))
    values = frame(visit, share=bar(made.deliveries))
    shown = templating.rendered(visit.language, None, "console/bar.html", values)
    kind = "state" if is_under_way(made) and not made.cancelled else "end"
    lines = "".join(f"data: {line}\n" for line in shown.splitlines())
    return Response(f"retry: {_AGAIN}\nevent: {kind}\n{lines}\n", media_type="text/event-stream")


PAGES = (
    Page(HOME, "read", today),
    Page("/console/progress", "read", progress),
    Page("/console/backup", "admin", None, make_backup),
)
