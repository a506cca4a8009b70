"""Subscribers: search, one person, adding, importing, exporting; bounces, and mails that did not arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from digest.model import DeliveryState
from digest.operations import deliveries, edition_acts, editions, importing, people, people_acts
from digest.operations.core import MOST_OF_A_PAGE, Nothing, PageRequest
from digest.service.people.roster import PersonState
from digest.web.console.frame import Page
from digest.web.console.shown import frame, further

if TYPE_CHECKING:
    from digest.operations.people import WeekView
    from digest.web.console.visit import Visit

ROOT, MAILS = "/console/people", "/console/editions/mails"
_ROWS = 50
_LARGEST_LIST = 1024 * 1024
_WEEKS = 26
_CHART = (624, 120)  # width and height of the chart in its own units


def overview(visit: Visit) -> Response:
    """Search, the list, and the chart of who came and left."""
    query = visit.request.query_params
    state = query.get("state", "")
    asked = people.SubscribersRequest(
        search=query.get("q", "")[:200],
        state=PersonState(state) if state in set(PersonState) else None,
        limit=_ROWS,
        cursor=query.get("after", ""),
    )
    found = visit.perform(people.LIST, asked)
    whole = not (asked.search or asked.state or asked.cursor)
    growth = visit.perform(people.GROWTH, people.GrowthRequest(weeks=_WEEKS)) if whole else None
    return visit.show(
        "people",
        frame(
            visit,
            people=found.items,
            after=further(visit, found.next),
            asked=asked,
            states=tuple(PersonState),
            growth=growth,
            chart=_chart(growth.weeks) if growth else None,
            digests=visit.settings.digests,
        ),
    )


def _chart(weeks: list[WeekView]) -> dict[str, Any]:
    """The bars of the chart: who joined above its line, who left below."""
    width, height = _CHART
    most_up, most_down = max(1, *(one.joined for one in weeks)), max(one.left for one in weeks)
    unit = height / (most_up + most_down)
    step, middle = width / len(weeks), round(most_up * unit, 1)
    bars = [
        {
            "x": round(step * number + 2, 1),
            "width": round(step - 4, 1),
            "up": round(one.joined * unit, 1),
            "down": round(one.left * unit, 1),
            "week": one,
        }
        for number, one in enumerate(weeks)
    ]
    joined, left = sum(one.joined for one in weeks), sum(one.left for one in weeks)
    return {"bars": bars, "width": width, "height": height, "middle": middle, "joined": joined, "left": left}


def add(visit: Visit) -> Response:
    """Subscribe somebody who agreed to it."""
    asked = people_acts.NewSubscriber.model_construct(
        address=visit.fields.one("address"),
        name=visit.fields.one("name"),
        language=visit.fields.one("language") or None,
        digests=list(visit.fields.chosen("digest")),
        welcome=visit.fields.one("welcome") == "yes",
    )
    added = visit.perform(people_acts.ADD, asked)
    return visit.back(f"{ROOT}/{added.id}", visit.words("%(who)s is subscribed.", who=added.address))


def person(visit: Visit) -> Response:
    """Everything stored about a person."""
    return _person(visit, "person")


def erasing(visit: Visit) -> Response:
    """Ask once more before a person is erased."""
    return _person(visit, "erase")


def _person(visit: Visit, template: str) -> Response:
    known = visit.perform(people.SHOW, people.SubscriberName(subscriber=visit.request.path_params["subscriber"]))
    return visit.show(template, frame(visit, person=known, digests=visit.settings.digests))


def change(visit: Visit) -> Response:
    """Change a person's choices, unsubscribe them, or send them mail again."""
    who, chosen = visit.request.path_params["subscriber"], visit.fields.one("act")
    back = f"{ROOT}/{who}"
    if chosen == "set":
        choices = people_acts.ChoicesRequest(
            subscriber=who,
            language=visit.fields.one("language") or None,
            format=visit.fields.one("format") or None,
            digests=list(visit.fields.chosen("digest")),
            pause=visit.fields.one("pause") or None,
        )
        visit.perform(people_acts.SET, choices)
        return visit.back(back, visit.words("The choices are changed."))
    if chosen == "leave":
        visit.perform(people_acts.LEAVE, people_acts.LeaveRequest(subscriber=who))
        return visit.back(back, visit.words("They are unsubscribed."))
    if chosen == "suppress":
        visit.perform(people_acts.SUPPRESS, people_acts.SuppressRequest(subscriber=who))
        return visit.back(back, visit.words("This address gets no more mail."))
    if chosen == "unsuppress":
        done = visit.perform(people_acts.UNSUPPRESS, people_acts.UnsuppressRequest(subscribers=[who]))
        return visit.back(back, "; ".join(done.problems) or visit.words("They get mail again."), bad=not done.people)
    return visit.error(422, visit.words("This page does not do that."), back=back)


def erase(visit: Visit) -> Response:
    """Erase a person."""
    who = visit.request.path_params["subscriber"]
    if visit.fields.one("sure") != "yes":
        return visit.back(f"{ROOT}/{who}/erase", visit.words("Tick the box if you are sure."), bad=True)
    visit.perform(people_acts.ERASE, people.SubscriberName(subscriber=who))
    return visit.back(ROOT, visit.words("The person is erased, and no import adds the address again."))


def import_page(visit: Visit) -> Response:
    """The first step of an import: paste a list."""
    return visit.show("import", frame(visit, tried=None, csv=""))


def import_list(visit: Visit) -> Response:
    """Try a list and show what it would do; then, with the same list, do it."""
    asked = importing.ImportRequest(csv=visit.fields.text("csv"))
    if visit.fields.one("act") != "import":
        tried = visit.perform(importing.TRY, asked)
        return visit.show("import", frame(visit, tried=tried, csv=asked.csv))
    done = visit.perform(importing.IMPORT, asked)
    said = visit.words(
        "The list is imported: %(added)s added, %(known)s known already, %(wrong)s wrong.",
        added=done.counts.added + done.counts.joined,
        known=done.counts.known,
        wrong=done.counts.wrong,
    )
    return visit.back(ROOT, said)


def export(visit: Visit) -> Response:
    """All subscribers and their consent as a CSV file, which an import can read."""
    parts, cursor = [], ""
    while True:
        part = visit.perform(people.EXPORT_CSV, PageRequest(limit=MOST_OF_A_PAGE, cursor=cursor))
        parts.append(part.csv)
        if not part.next:
            break
        cursor = part.next
    made = Response("".join(parts), media_type="text/csv; charset=utf-8")
    made.headers["Content-Disposition"] = 'attachment; filename="subscribers.csv"'
    return made


def form(visit: Visit) -> Response:
    """The HTML of a form for one's own site."""
    return visit.show("form", frame(visit, html=visit.perform(people.FORM, people.FormRequest()).html))


def bounces(visit: Visit) -> Response:
    """Bounces and complaints, and the suppressions that wait for a decision."""
    found = visit.perform(
        deliveries.BOUNCES, deliveries.BouncesRequest(limit=_ROWS, cursor=visit.request.query_params.get("after", ""))
    )
    with visit.store.read() as tx:
        keys = tx.breaker.waiting()
    asked = [editions.EditionName(edition=key) for key in keys]
    waiting = [one for key in asked for one in visit.perform(deliveries.SUPPRESSIONS, key).items]
    return visit.show(
        "bounces",
        frame(visit, bounces=found.items, after=further(visit, found.next), waiting=waiting),
    )


def decide(visit: Visit) -> Response:
    """Apply or drop the suppressions of an edition; or read the mailbox of bounces now."""
    chosen, back = visit.fields.one("act"), f"{ROOT}/bounces"
    if chosen == "read":
        handled = visit.perform(deliveries.READ, Nothing()).handled
        return visit.back(back, visit.words("Messages read: %(count)s", count=sum(handled.values())))
    asked = deliveries.DecideRequest(edition=visit.fields.one("edition") or "-", confirm=chosen == "confirm")
    visit.perform(deliveries.DECIDE, asked)
    return visit.back(back, visit.words("It is decided, and sending continues."))


def mails(visit: Visit) -> Response:
    """The fate of each mail."""
    query = visit.request.query_params
    state = query.get("state", "")
    asked = deliveries.DeliveriesRequest(
        states=[DeliveryState(state)] if state in set(DeliveryState) else [],
        edition=query.get("edition", "")[:300],
        subscriber=query.get("who", "").strip()[:320],
        limit=_ROWS,
        cursor=query.get("after", ""),
    )
    found = visit.perform(deliveries.LIST, asked)
    return visit.show(
        "mails",
        frame(
            visit,
            mails=found.items,
            after=further(visit, found.next),
            asked=asked,
            state=state,
            states=tuple(DeliveryState),
        ),
    )


def mail_acts(visit: Visit) -> Response:
    """Send mails again that did not arrive, free leases that nobody holds, or send one more copy to somebody."""
    chosen, edition = visit.fields.one("act"), visit.fields.one("edition")
    back = f"{MAILS}?edition={edition}" if edition else MAILS
    if chosen == "retry":
        who = [one for one in (visit.fields.one("who"),) if one]
        unknown = [DeliveryState.UNKNOWN] if visit.fields.one("unknown") == "yes" else []
        asked = deliveries.RetryRequest(edition=edition, subscribers=who, states=[DeliveryState.FAILED, *unknown])
        done = visit.perform(deliveries.RETRY, asked)
        said = visit.words(
            "%(planned)s are sent again; %(left)s stay as they are.", planned=done.planned, left=done.left
        )
        return visit.back(back, said)
    if chosen == "release":
        sure = visit.fields.one("sure") == "yes"
        released = visit.perform(deliveries.RELEASE, deliveries.ReleaseRequest(edition=edition, sure=sure)).released
        return visit.back(back, visit.words("%(released)s are free again.", released=released))
    if chosen == "resend":
        asked_for = edition_acts.ResendRequest(edition=edition or "-", subscriber=visit.fields.one("who") or "-")
        answer = visit.perform(edition_acts.RESEND, asked_for).answer
        return visit.back(back, visit.words("One more copy is sent: %(answer)s", answer=answer))
    return visit.error(422, visit.words("This page does not do that."), back=back)


PAGES = (
    Page(ROOT, "people", overview, add),
    Page(f"{ROOT}/import", "people", import_page, import_list, largest=_LARGEST_LIST),
    Page(f"{ROOT}/export.csv", "people", export),
    Page(f"{ROOT}/bounces", "people", bounces, decide),
    Page(f"{ROOT}/form", "people", form),
    Page(f"{ROOT}/{{subscriber}}", "people", person, change),
    Page(f"{ROOT}/{{subscriber}}/erase", "people", erasing, erase),
    Page(MAILS, "people", mails, mail_acts),
)
