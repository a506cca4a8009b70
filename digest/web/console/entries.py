"""Articles: search, one article with its history and the evidence of its date, and every change by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from digest.operations import entries, entry_acts, explaining
from digest.operations.core import checked
from digest.records.publishing import EntryState
from digest.web.console.frame import Page
from digest.web.console.shown import frame, further

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.responses import Response

    from digest.operations.forms import ChangeView
    from digest.web.console.visit import Visit

ROOT = "/console/entries"
_ROWS = 50


def overview(visit: Visit) -> Response:
    """The articles that were asked for, the newest first, or the best match first for a search."""
    query = visit.request.query_params
    state, source, words = query.get("state", EntryState.PUBLISHED), query.get("source", ""), query.get("q", "")
    asked = checked(
        entries.EntriesRequest,
        states=list(EntryState) if state == "all" else [state],
        search=words,
        source=source,
        limit=_ROWS,
        cursor=query.get("after", ""),
    )
    found = visit.perform(entries.LIST, asked)
    values = frame(
        visit,
        found=found.items,
        total=found.total,
        after=further(visit, found.next),
        asked={"state": state, "source": source, "q": words},
        states=list(EntryState),
        sources=visit.settings.sources,
    )
    return visit.show("entries", values)


def _entry(visit: Visit) -> str:
    name: str = visit.request.path_params["entry"]
    return name


def entry(visit: Visit) -> Response:
    """One article: its text, its history, where it comes from, and what can be changed."""
    return _page(visit, None)


def _page(visit: Visit, tried: ChangeView | None) -> Response:
    asked = checked(entries.EntryName, entry=_entry(visit))
    one = visit.perform(entries.SHOW, asked)
    values = frame(
        visit,
        one=one,
        date_text=day_text(one),
        history=visit.perform(entries.HISTORY, asked).items,
        told=visit.perform(explaining.EXPLAIN, asked),
        tried=tried,
        given={name: visit.fields.one(name) for name in ("title", "author", "date", "other", "act")},
    )
    return visit.show("entry", values)


def act(visit: Visit) -> Response:
    """Do what a button of the page says; or show first what it would do."""
    name, chosen = _entry(visit), visit.fields.one("act")
    page = f"{ROOT}/of/{quote(name)}"
    if chosen in _SIMPLE:
        if chosen == "remove" and visit.fields.one("sure") != "yes":
            return visit.back(page, visit.words("Tick the box if you are sure."), bad=True)
        return visit.back(page, _SIMPLE[chosen](visit, name))
    change = _CHANGES.get(chosen)
    if change is None:
        return visit.error(422, visit.words("This page does not do that."), back=page)
    trial = visit.fields.one("how") == "try"
    done = change(visit, name, trial)
    if trial:
        return _page(visit, done)
    return visit.back(page, "; ".join(done.sentences))


def _remove(visit: Visit, name: str) -> str:
    done = visit.perform(entry_acts.REMOVE, checked(entries.EntryName, entry=name))
    if done.editions:
        return visit.words("The article is removed, also from mails that are not sent yet.")
    return visit.words("The article is removed.")


def _restore(visit: Visit, name: str) -> str:
    visit.perform(entry_acts.RESTORE, checked(entries.EntryName, entry=name))
    return visit.words("The article is published again.")


def _edit(visit: Visit, name: str, trial: bool) -> ChangeView:  # noqa: FBT001 - as all changes
    """Only the fields that differ from what the page showed are changed; an emptied author or date is unknown."""
    shown = visit.perform(entries.SHOW, checked(entries.EntryName, entry=name))
    before = {"title": shown.title or "", "author": shown.author or "", "date": day_text(shown)}
    given = {field: visit.fields.one(field) for field in before}
    lift = [field for field in before if visit.fields.one(f"lift-{field}") == "yes"]
    changed = {field: text for field, text in given.items() if text != before[field] and field not in lift}
    asked = checked(
        entry_acts.Edit,
        entry=name,
        **{field: text for field, text in changed.items() if text or field == "title"},
        clear=[field for field, text in changed.items() if not text and field != "title"],
        lift=lift,
        silent=visit.fields.one("silent") == "yes",
        dry_run=trial,
    )
    return visit.perform(entry_acts.EDIT, asked)


def day_text(one: entries.EntryView) -> str:
    """A date as the form takes it: 2021-03-04, 2021-03, 2021 or 03-04; empty without one."""
    if one.date is None:
        return ""
    parts = ((one.date.year, 4), (one.date.month, 2), (one.date.day, 2))
    return "-".join(f"{part:0{width}}" for part, width in parts if part is not None)


def _merge(visit: Visit, name: str, trial: bool) -> ChangeView:  # noqa: FBT001 - as all changes
    other = visit.fields.one("other").rstrip("/").rpartition("/")[2]  # an id, or the address of its page
    asked = checked(entry_acts.Merge, entry=name, other=other, words=visit.fields.one("words") or None, dry_run=trial)
    return visit.perform(entry_acts.MERGE, asked)


def _split(visit: Visit, name: str, trial: bool) -> ChangeView:  # noqa: FBT001 - as all changes
    revision = visit.fields.one("revision")
    asked = checked(
        entry_acts.Split,
        entry=name,
        revision=revision or None,
        silent=visit.fields.one("silent") == "yes",
        dry_run=trial,
    )
    return visit.perform(entry_acts.SPLIT, asked)


def _hide(visit: Visit, name: str, trial: bool) -> ChangeView:  # noqa: FBT001 - as all changes
    return visit.perform(entry_acts.HIDE, checked(entry_acts.Several, entries=[name], dry_run=trial))


def _publish(visit: Visit, name: str, trial: bool) -> ChangeView:  # noqa: FBT001 - as all changes
    return visit.perform(entry_acts.PUBLISH, checked(entry_acts.Several, entries=[name], dry_run=trial))


def _undo(visit: Visit, name: str, trial: bool) -> ChangeView:  # noqa: FBT001 - as all changes
    return visit.perform(entry_acts.UNDO, checked(entry_acts.One, entry=name, dry_run=trial))


_SIMPLE: dict[str, Callable[[Visit, str], str]] = {"remove": _remove, "restore": _restore}
_CHANGES: dict[str, Callable[[Visit, str, bool], ChangeView]] = {
    "edit": _edit,
    "merge": _merge,
    "split": _split,
    "hide": _hide,
    "publish": _publish,
    "undo": _undo,
}
PAGES = (
    Page(ROOT, "read", overview),
    Page(f"{ROOT}/of/{{entry}}", "read", entry, act, "operate"),
)
