"""Layouts: which there are, and the editor: a drawn entry beside a dump, each of whose lines is named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from digest.errors import DigestError
from digest.model import SourceId
from digest.operations import layouts, settings
from digest.operations.core import Nothing, checked
from digest.records.intake import DumpState
from digest.settings import is_name
from digest.web.console.frame import Page
from digest.web.console.shown import frame

if TYPE_CHECKING:
    from starlette.responses import Response

    from digest.operations.layouts import TriedView
    from digest.web.console.visit import Visit

ROOT = "/console/sources/layouts"
_LISTS = ("begins", "ends", "skip", "heading")  # each line of their fields is one drawing
_SOURCES, _DUMPS = 20, 20  # whose dumps can be chosen, and how many of each
_LINES = 200  # of a dump, from its beginning


def overview(visit: Visit) -> Response:
    """The layouts, and the dumps from which one can be drawn."""
    return visit.show(
        "layouts", frame(visit, layouts=visit.perform(layouts.LIST, Nothing()).items, choices=_dumps(visit))
    )


def _dumps(visit: Visit) -> list[tuple[str, str]]:
    """Some dumps to look at: those of each source that are in trouble first."""
    with visit.store.read() as tx:
        known = [(one.id, tx.readings.dumps(SourceId(one.id)).values()) for one in visit.settings.sources[:_SOURCES]]
    return [
        (name, dump.path)
        for name, dumps in known
        for dump in sorted(dumps, key=lambda one: (one.state is DumpState.GOOD, one.path))[:_DUMPS]
    ]


def suggest(visit: Visit) -> Response:
    """Draw a layout for a dump, a pasted text, or the page at an address; the editor shows it."""
    source, dump = _chosen(visit)
    url, text = visit.fields.one("url"), visit.fields.text("text")
    asked = checked(layouts.Suggest, url=url, text="" if url else text, source="" if text else source, dump=dump)
    found = visit.perform(layouts.SUGGEST, asked)
    if found.layout is not None or url or found.way:
        return visit.show("suggested", frame(visit, found=found, url=url))
    if not found.layouts:
        said = visit.words("No list of articles was recognised in it.")
        if found.built_in:
            said = visit.words("A built-in layout reads it, so that nothing has to be drawn.")
        return visit.back(ROOT, said, bad=not found.built_in)
    table = dict(found.layouts[0])
    return _editor(visit, "", table, (source, dump, text))


def _chosen(visit: Visit) -> tuple[str, str]:
    """The source and the dump that a form names, as one value `SOURCE/DUMP`."""
    source, _, dump = visit.fields.one("dump").partition("/")
    return source, dump


def editor(visit: Visit) -> Response:
    """A layout, and what it reads of a dump."""
    shown = visit.perform(layouts.SHOW, checked(layouts.LayoutName, layout=visit.request.path_params["layout"]))
    source, _, dump = visit.request.query_params.get("dump", "").partition("/")
    if not dump:
        source, dump = next(((name, one) for name, one in _dumps(visit) if name in shown.sources), ("", ""))
    return _editor(visit, shown.layout, shown.table, (source, dump, ""), built_in=shown.built_in)


def edit(visit: Visit) -> Response:
    """Try a drawing on a dump; or save it."""
    name = visit.request.path_params["layout"]
    given = visit.fields.one("id") or name
    table = {"id": given, **_kept(visit, name), **_drawn(visit)}
    source, dump = _chosen(visit)
    if visit.fields.one("act") != "save":
        return _editor(visit, given, table, (source, dump, visit.fields.text("text")))
    if not is_name(given):
        return _editor(
            visit, given, table, (source, dump, visit.fields.text("text")),
            wrong=visit.words("A name has lower-case letters, digits, - and _ only."),
        )  # fmt: skip
    visit.perform(settings.SET, checked(settings.Values, values={f"layouts.{given}": table}))
    said = visit.words("The layout is saved. All dumps that it reads are read again.")
    return visit.back(f"{ROOT}/{quote(given)}", said)


def _kept(visit: Visit, name: str) -> dict[str, Any]:
    """The keys of a layout that the editor does not show."""
    known = layouts.known(visit.context).get(name)
    table = layouts.table_of(known) if known else {}
    return {key: value for key, value in table.items() if key not in {"id", "entry", *_LISTS}}


def _drawn(visit: Visit) -> dict[str, Any]:
    """The keys that the form sets; several drawings are parted by a line of three hyphens."""
    drawings = [one.strip("\n") for one in visit.fields.text("entry").split("\n---\n") if one.strip()]
    made: dict[str, Any] = {"entry": drawings[0] if len(drawings) == 1 else drawings} if drawings else {}
    for key in _LISTS:
        if lines := [line for line in visit.fields.text(key).split("\n") if line.strip()]:
            made[key] = lines if len(lines) > 1 else lines[0]
    return made


def _editor(
    visit: Visit,
    name: str,
    table: dict[str, Any],
    dump: tuple[str, str, str],
    *,
    built_in: bool = False,
    wrong: str = "",
) -> Response:
    source, path, text = dump
    tried: TriedView | None = None
    if (path or text) and not wrong and visit.may("operate"):
        try:
            named = {"text": text} if text else {"source": source, "dump": path}
            tried = visit.perform(layouts.TRY, checked(layouts.Try, layout=name or "mine", table=table, **named))
        except DigestError as error:
            wrong = str(error)
    drawings = table.get("entry", "")
    values = frame(
        visit,
        name=name,
        built_in=built_in,
        is_html="html" in table,
        entry=drawings if isinstance(drawings, str) else "\n---\n".join(drawings),
        lists={key: _lines_of(table.get(key, "")) for key in _LISTS},
        chosen=f"{source}/{path}" if path else "",
        text=text,
        choices=_dumps(visit),
        tried=tried,
        lines=_parts(tried) if tried else [],
        more=max(0, len(tried.lines) - _LINES) if tried else 0,
        wrong=wrong,
        unused=str(table.get("id", "")) if not name else "",
    )
    return visit.show("layout", values, 422 if wrong else 200)


def _lines_of(value: Any) -> str:  # noqa: ANN401 - of a table
    return value if isinstance(value, str) else "\n".join(map(str, value))


def _parts(tried: TriedView) -> list[dict[str, Any]]:
    """Each of the first lines with its stretches, in order, and the fields in it."""
    made = []
    for line in tried.lines[:_LINES]:
        if not line.text:
            continue
        stretches, at = [], 0
        for mark in line.marks:
            stretches.append(("", line.text[at : mark.start]))
            stretches.append((mark.field, line.text[mark.start : mark.end]))
            at = mark.end
        stretches.append(("", line.text[at:]))
        fields = list(dict.fromkeys(mark.field for mark in line.marks))
        made.append({"line": line, "stretches": [one for one in stretches if one[1]], "fields": fields})
    return made


PAGES = (
    Page(ROOT, "read", overview, suggest, "operate"),
    Page(f"{ROOT}/{{layout}}", "read", editor, edit, "operate", largest=1024 * 1024),
)
