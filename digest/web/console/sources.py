"""Sources: their health, one source with its dumps, adding one, and held dumps with the decision on them."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from digest.errors import DigestError
from digest.operations import dumps, layouts, source_acts, source_settings, sources, trying
from digest.operations.core import Nothing, checked
from digest.web.console.frame import Page
from digest.web.console.shown import frame

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.responses import Response

    from digest.operations.dumps import HeldView
    from digest.operations.layout_lines import ClaimedLine
    from digest.web.console.visit import Visit

ROOT = "/console/sources"
_GIVEN = ("url", "path", "source", "title", "timezone", "language", "private")
_DUMPS = 200  # of one source on its page
_WIDTH, _HEIGHT = 100, 20  # of a line of growth, in its own units


def overview(visit: Visit) -> Response:
    """The sources with their health, what is held first."""
    found = visit.perform(sources.LIST, Nothing()).items
    values = frame(
        visit,
        sources=[(one, line_of(one.grown)) for one in found],
        waiting=visit.perform(dumps.WAITING, Nothing()).items,
    )
    return visit.show("sources", values)


def line_of(counts: Sequence[int]) -> str:
    """The points of a line through counts, from the lowest to the highest; flat if all are the same."""
    low, high = min(counts), max(counts)
    step = _WIDTH / max(len(counts) - 1, 1)
    height = (_HEIGHT - 4) / (high - low) if high > low else 0
    return " ".join(
        f"{number * step:.0f},{_HEIGHT - 2 - (count - low) * height:.0f}" for number, count in enumerate(counts)
    )


def refresh_all(visit: Visit) -> Response:
    """Read all sources now."""
    done = visit.perform(source_acts.REFRESH_ALL, Nothing()).items
    return visit.back(ROOT, _read(visit, done), bad=any(one.failed for one in done))


def _read(visit: Visit, done: Sequence[source_acts.PassView]) -> str:
    problems = [problem for one in done for problem in one.problems]
    added, revised = sum(one.added for one in done), sum(one.revised for one in done)
    said = visit.words("Read: %(added)s new articles, %(revised)s revised.", added=added, revised=revised)
    return f"{said} {problems[0]}" if problems else said


# --- one source -----------------------------------------------------------------------------------


def _source(visit: Visit) -> str:
    name: str = visit.request.path_params["source"]
    return name


def source(visit: Visit) -> Response:
    """One source: its health, its dumps, what was fetched, and what can be done with it."""
    asked = checked(sources.SourceName, source=_source(visit))
    shown = visit.perform(sources.SHOW, asked)
    order = sorted(shown.listed, key=lambda one: (one.state == "good", -one.read_at.timestamp()))
    values = frame(
        visit,
        one=shown,
        known=list(layouts.known(visit.context)),
        why=partial(reason, visit),
        line=line_of(shown.grown),
        dumps=order[:_DUMPS],
        more=max(0, len(order) - _DUMPS),
        fetches=visit.perform(sources.FETCHES, asked).items if shown.kind != "path" else [],
    )
    return visit.show("source", values)


def act(visit: Visit) -> Response:
    """Do what a button of the page of a source says."""
    name, chosen = _source(visit), visit.fields.one("act")
    page = f"{ROOT}/of/{quote(name)}"
    if chosen in {"forget", "remove"} and visit.fields.one("sure") != "yes":
        return visit.back(page, visit.words("Tick the box if you are sure."), bad=True)
    done = _ACTS.get(chosen)
    if done is None:
        return visit.error(422, visit.words("This page does not do that."), back=page)
    return visit.back(ROOT if chosen == "remove" else page, done(visit, name))


def _refresh(visit: Visit, name: str) -> str:
    return _read(visit, [visit.perform(source_acts.REFRESH, checked(sources.SourceName, source=name))])


def _pause(visit: Visit, name: str) -> str:
    visit.perform(source_settings.PAUSE_SOURCE, checked(source_settings.SourceName, source=name))
    return visit.words("The source is paused: it is not read, and its articles stay.")


def _resume(visit: Visit, name: str) -> str:
    visit.perform(source_settings.RESUME_SOURCE, checked(source_settings.SourceName, source=name))
    return visit.words("The source is read again.")


def _title(visit: Visit, name: str) -> str:
    values = {"title": visit.fields.one("title")}
    visit.perform(source_settings.SET_SOURCE, checked(source_settings.SourceValues, source=name, values=values))
    return visit.words("The source has its new name.")


def _layouts(visit: Visit, name: str) -> str:
    values = {"layouts": visit.fields.one("layouts").split() or None}
    visit.perform(source_settings.SET_SOURCE, checked(source_settings.SourceValues, source=name, values=values))
    return visit.words("The layouts are set. All dumps of the source are read again.")


def _forget(visit: Visit, name: str) -> str:
    asked = checked(source_acts.Forget, source=name, tell=visit.fields.one("tell") == "yes")
    return "; ".join(visit.perform(source_acts.FORGET, asked).sentences[:3])


def _remember(visit: Visit, name: str) -> str:
    return "; ".join(visit.perform(source_acts.REMEMBER, checked(source_acts.Remember, source=name)).sentences)


def _remove(visit: Visit, name: str) -> str:
    visit.perform(source_settings.REMOVE_SOURCE, checked(source_settings.SourceName, source=name))
    return visit.words("The source is removed. Its articles stay.")


_ACTS: dict[str, Callable[[Visit, str], str]] = {
    "refresh": _refresh,
    "pause": _pause,
    "resume": _resume,
    "title": _title,
    "layouts": _layouts,
    "forget": _forget,
    "remember": _remember,
    "remove": _remove,
}


# --- adding ---------------------------------------------------------------------------------------


def adding(visit: Visit) -> Response:
    """The form for a new source."""
    return _adding(visit, dict.fromkeys(_GIVEN, ""), None)


def add(visit: Visit) -> Response:
    """Show what a new source would give; or add it, as it was shown."""
    form = visit.fields
    given = {name: form.one(name) for name in _GIVEN}
    asked = checked(
        trying.TryRequest,
        **{name: given[name] for name in _GIVEN if name not in {"url", "private"}},
        url=given["url"].split(),
        allow_private=given["private"] == "yes",
    )
    tried = visit.perform(trying.TRY, asked)
    if form.one("act") != "add":
        return _adding(visit, given | {"source": tried.source}, tried)
    new = checked(source_settings.NewSource, source=tried.source, values=tried.values, layout=tried.layout)
    visit.perform(source_settings.ADD_SOURCE, new)
    said = visit.words("The source is added. Its articles are there after the next reading, and are no news.")
    return visit.back(ROOT, said)


def _adding(visit: Visit, given: dict[str, Any], tried: trying.TriedSourceView | None) -> Response:
    return visit.show("add_source", frame(visit, given=given, tried=tried))


# --- held dumps -----------------------------------------------------------------------------------


def held(visit: Visit) -> Response:
    """Why a dump is held, what each choice does to readers of the blog, and what would change."""
    name, dump = _source(visit), visit.request.query_params.get("dump", "")
    shown = visit.perform(dumps.SHOW, checked(dumps.DumpRequest, source=name, dump=dump))
    if not shown.held:
        return visit.back(f"{ROOT}/of/{quote(name)}", visit.words("No dump is held any more."))
    one = shown.held[0]
    values = frame(
        visit,
        shown=shown,
        held=one,
        others=shown.held[1:],
        cause=cause(one),
        why=reason(visit, one.reason),
        end=_end(visit, name, one.dump),
    )
    return visit.show("held", values)


def reason(visit: Visit, said: str) -> str:
    """Why a dump is held, in the visitor's language if it is for its number of articles."""
    numbers = re.fullmatch(r"it shows (\d+) entries where it showed (\d+)", said)
    if numbers is None:
        return said
    return visit.words("It shows %(now)s articles, and %(before)s before.", now=numbers[1], before=numbers[2])


def cause(one: HeldView) -> str:
    """The likely cause of a hold: one of the causes that the template words."""
    if one.added is None or one.changed is None or one.removed is None:
        return "unreadable"
    if len(one.removed) > len(one.added) + len(one.changed) or not (one.added or one.changed):
        return "shrunken"  # of a file that breaks off, nothing counts as removed
    if len(one.changed) > len(one.removed) + len(one.added):
        return "rewritten"
    return "other"


def _end(visit: Visit, name: str, dump: str) -> list[ClaimedLine]:
    """The last lines of the dump, if a built-in layout can name them."""
    used = visit.settings.source(name)
    layout = (used.layouts or ("dateblock",))[0] if used else ""
    if layout not in layouts.known(visit.context):
        return []
    if not visit.may("operate"):
        return []
    try:
        tried = visit.perform(layouts.TRY, checked(layouts.Try, layout=layout, source=name, dump=dump))
    except (DigestError, OSError):
        return []  # the page says why it cannot be read
    return [one for one in tried.lines if one.text][-6:]


def decide(visit: Visit) -> Response:
    """Approve or discard a held dump."""
    name, dump = _source(visit), visit.fields.one("dump")
    operation = {"approve": dumps.APPROVE, "discard": dumps.DISCARD}.get(visit.fields.one("act"))
    if operation is None:
        return visit.error(422, visit.words("This page does not do that."), back=ROOT)
    visit.perform(operation, checked(dumps.DumpRequest, source=name, dump=dump))
    if operation is dumps.APPROVE:
        said = visit.words("Approved: the dump was read as it is now.")
    else:
        said = visit.words("Discarded: what was published stays as it is.")
    return visit.back(f"{ROOT}/of/{quote(name)}", said)


PAGES = (
    Page(ROOT, "read", overview, refresh_all, "operate"),
    Page(f"{ROOT}/add", "operate", adding, add),
    Page(f"{ROOT}/of/{{source}}", "read", source, act, "operate"),
    Page(f"{ROOT}/held/{{source}}", "read", held, decide, "operate"),
)
