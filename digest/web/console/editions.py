"""Editions: the list, the next one with what is decided about it, its preview, one edition with its mails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from digest.model import Format
from digest.operations import edition_acts as acts
from digest.operations import editions, previews
from digest.operations.core import Nothing
from digest.web.console.frame import Page
from digest.web.console.shown import bar, frame, framed, further, is_under_way, language, made_editions

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.responses import Response

    from digest.operations.core import Operation
    from digest.web.console.visit import Visit

ROOT = "/console/editions"
_ROWS = 30
_DARK = "(prefers-color-scheme: dark)"
_LOOKS = {"light": "(max-width: 0)", "dark": "(min-width: 0)"}  # the dark style never, or always


def overview(visit: Visit) -> Response:
    """The digests with their next editions, and the editions that were made."""
    found = made_editions(visit, _ROWS, visit.request.query_params.get("after", ""))
    return visit.show(
        "editions",
        frame(
            visit,
            digests=visit.perform(editions.DIGESTS, Nothing()).items,
            editions=[(made, bar(made.deliveries)) for made in found.items],
            after=further(visit, found.next),
        ),
    )


def _digest(visit: Visit) -> str:
    name: str = visit.request.path_params["digest"]
    return name


def upcoming(visit: Visit) -> Response:
    """What the next edition of a digest holds so far, and what can be decided about it."""
    plan = visit.perform(editions.PLAN, editions.DigestName(digest=_digest(visit)))
    digest = next(one for one in visit.perform(editions.DIGESTS, Nothing()).items if one.digest == plan.digest)
    return visit.show("upcoming", frame(visit, plan=plan, digest=digest, operators=visit.settings.operator))


def decide(visit: Visit) -> Response:
    """Do what a button of the page of the next edition says."""
    name, chosen = _digest(visit), visit.fields.one("act")
    back = f"{ROOT}/next/{name}"
    act = _DECISIONS.get(chosen)
    if act is None:
        return visit.error(422, visit.words("This page does not do that."), back=back)
    to, said = act(visit, name)
    return visit.back(to or back, said)


def _note(visit: Visit, name: str) -> tuple[str, str]:
    text = visit.fields.text("text").strip()
    visit.perform(acts.NOTE, acts.NoteRequest(digest=name, text=text or None))
    return "", visit.words("The note is stored.") if text else visit.words("The note is removed.")


def _first(visit: Visit, name: str) -> tuple[str, str]:
    """List an entry first, before those that are first already."""
    entry, plan = visit.fields.one("entry"), visit.perform(editions.PLAN, editions.DigestName(digest=name))
    order = [entry, *(one.id for one in plan.entries if one.id != entry)]
    visit.perform(acts.ORDER, acts.OrderRequest(digest=name, entries=order))
    return "", visit.words("The order is changed.")


def _usual_order(visit: Visit, name: str) -> tuple[str, str]:
    visit.perform(acts.ORDER, acts.OrderRequest(digest=name, entries=[]))
    return "", visit.words("The order is the usual one again.")


def _leave_out(*, once: bool, undo: bool) -> Callable[[Visit, str], tuple[str, str]]:
    def act(visit: Visit, name: str) -> tuple[str, str]:
        asked = acts.LeaveOutRequest(digest=name, entries=[visit.fields.one("entry")], once=once, undo=undo)
        visit.perform(acts.LEAVE_OUT, asked)
        return "", visit.words("The entry is in again.") if undo else visit.words("The entry is left out.")

    return act


def _make(operation: Operation[Any, Any]) -> Callable[[Visit, str], tuple[str, str]]:
    def act(visit: Visit, name: str) -> tuple[str, str]:
        made = visit.perform(operation, editions.DigestName(digest=name)).edition
        if made is None:
            return "", visit.words("There is nothing to announce, so no edition was made.")
        return f"{ROOT}/of/{made.key}", visit.words("The edition is made. Its mails are sent within a minute.")

    return act


def _skip(visit: Visit, name: str) -> tuple[str, str]:
    visit.perform(acts.SKIP, editions.DigestName(digest=name))
    return "", visit.words("The edition is skipped. The next one includes its entries.")


def _test(visit: Visit, name: str) -> tuple[str, str]:
    asked = previews.TestRequest(
        digest=name,
        address=visit.fields.one("address"),
        language=visit.fields.one("language") or None,
        format=Format.BOTH,
    )
    done = visit.perform(previews.TEST, asked)
    return "", visit.words("The test mail is sent: %(answer)s", answer=done.answer)


_DECISIONS: dict[str, Callable[[Visit, str], tuple[str, str]]] = {
    "note": _note,
    "first": _first,
    "usual": _usual_order,
    "leave-out": _leave_out(once=False, undo=False),
    "next-time": _leave_out(once=True, undo=False),
    "take-in": _leave_out(once=False, undo=True),
    "cut": _make(acts.CUT),
    "approve": _make(acts.APPROVE),
    "skip": _skip,
    "test": _test,
}


def preview(visit: Visit) -> Response:
    """The mails of the next edition for each kind of subscriber; one of them in a frame."""
    name, query = _digest(visit), visit.request.query_params
    shown = visit.perform(previews.PREVIEW, previews.PreviewsRequest(digest=name))
    wanted = (query.get("language", ""), query.get("format", ""), query.getlist("topics"))
    chosen = next(
        (one for one in shown.items if (one.language, str(one.format), one.topics) == wanted),
        shown.items[0] if shown.items else None,
    )
    look = query.get("look", "")
    looks = ("light", "dark", "phone", "text") if chosen and chosen.html_bytes else ("text",)
    full = None
    if chosen and (look == "text" or looks == ("text",)):
        asked = previews.PreviewsRequest(
            digest=name, language=chosen.language, format=chosen.format, topics=chosen.topics, content=True
        )
        full = visit.perform(previews.PREVIEW, asked).items[0]
    return visit.show(
        "preview",
        frame(visit, previews=shown, chosen=chosen, looks=looks, look=look if look in looks else looks[0], full=full),
    )


def mail(visit: Visit) -> Response:
    """The HTML of a mail alone, to be shown in a frame of the preview, in its light or its dark style."""
    query = visit.request.query_params
    asked = previews.PreviewsRequest(
        digest=_digest(visit),
        language=query.get("language") or None,
        format=Format.BOTH,
        topics=query.getlist("topics"),
        content=True,
    )
    found = visit.perform(previews.PREVIEW, asked).items
    html = getattr(found[0], "html", None) if found else None
    if not html:
        return visit.error(404, visit.words("There is no such mail."), back=ROOT)
    return framed(html.replace(_DARK, _LOOKS.get(query.get("look", ""), _LOOKS["light"])))


def edition(visit: Visit) -> Response:
    """One edition: its entries, how far its mails are, what was decided."""
    asked = editions.EditionRequest(edition=visit.request.path_params["edition"], language=language(visit))
    made = visit.perform(editions.SHOW, asked)
    values = frame(visit, made=made, share=bar(made.deliveries), under_way=is_under_way(made))
    return visit.show("edition", values)


def control(visit: Visit) -> Response:
    """Hold an edition, go on with it, cancel it, or send it now."""
    key, chosen = visit.request.path_params["edition"], visit.fields.one("act")
    back = f"{ROOT}/of/{key}"
    if chosen == "send":
        visit.perform(acts.SEND, acts.SendRequest(edition=key, now=True))
        return visit.back(back, visit.words("Its mails are due now, and sent within a minute."))
    if chosen == "cancel" and visit.fields.one("sure") != "yes":
        return visit.back(back, visit.words("Tick the box if you are sure."), bad=True)
    said = {
        "hold": (acts.HOLD, visit.words("The edition is held: no more of its mails are sent.")),
        "resume": (acts.RESUME, visit.words("Its mails are sent again.")),
        "cancel": (acts.CANCEL, visit.words("The edition is cancelled.")),
    }.get(chosen)
    if said is None:
        return visit.error(422, visit.words("This page does not do that."), back=back)
    visit.perform(said[0], editions.EditionName(edition=key))
    return visit.back(back, said[1])


PAGES = (
    Page(ROOT, "read", overview),
    Page(f"{ROOT}/next/{{digest}}", "read", upcoming, decide, "operate"),
    Page(f"{ROOT}/preview/{{digest}}", "read", preview),
    Page(f"{ROOT}/mail/{{digest}}", "read", mail),
    Page(f"{ROOT}/of/{{edition:path}}", "read", edition, control, "operate"),
)
