"""Layouts: which there are, drawings for unknown dumps, and what a layout reads of a dump, line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from digest.dumps.declared import compiled
from digest.dumps.declared.known import known_layouts
from digest.dumps.declared.sightings import sighting
from digest.dumps.html.choosing import choice
from digest.dumps.html.reading import is_html
from digest.dumps.printing import printed
from digest.dumps.suggesting.doubts import DoubtedLine
from digest.dumps.suggesting.samples import page_of, toml_of
from digest.dumps.suggesting.seen import Page
from digest.dumps.suggesting.suggest import suggestion
from digest.dumps.suggesting.trying import evidence_line, tried
from digest.errors import UnknownError
from digest.operations.core import AskedError, Context, Listed, Nothing, Operation, Request, SparseView, View
from digest.operations.layout_lines import ClaimedLine, claimed_lines, fields_found
from digest.operations.sources import source_of
from digest.records.operating import Scope
from digest.service.sources.holds import pages_named
from digest.service.sources.trying import chosen, fetcher_of, name_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from digest.dumps.declared import Layout, Read
    from digest.dumps.html.choosing import Choice
    from digest.dumps.suggesting.suggest import Suggestion
    from digest.dumps.suggesting.trying import Tried

WITHOUT_NAMES = ("dateblock", "byline")  # the layouts of a source that names none
_PASTED = "pasted text"
_LONGEST = 400_000  # characters of a dump that is given as text


class LayoutView(View):
    """A layout, and the sources that it reads."""

    layout: str
    built_in: bool
    sources: list[str]


class WholeLayoutView(LayoutView):
    """A layout with its table, and the same as TOML."""

    table: dict[str, Any]
    toml: str


class LineView(View):
    """A line of a dump; lines count from 1."""

    line: int
    text: str


class GapView(View):
    """What a layout does not read as it should, and where."""

    reason: str
    lines: list[LineView]


class UnclaimedView(LineView):
    """A line that belongs to no entry. `mark`: it is drawn all the same, as heading, begins, ends or skip."""

    mark: bool


class DoubtView(View):
    """What is uncertain about a drawing."""

    dump: str
    layout: str
    reason: str
    lines: list[LineView]


class SuggestionView(SparseView):
    """How unknown dumps can be read: drawings for text; for HTML and addresses the `way`, with the reasons.

    `entries` have the form that `digest parse --json` prints.
    """

    way: str = ""
    url: str = ""
    layouts: list[Any]
    layout: dict[str, Any] | None = None
    reasons: list[str] = Field([])
    entries: list[dict[str, Any]]
    unsure: list[DoubtView] = Field([])
    unclaimed: dict[str, list[LineView]] = Field({})
    built_in: list[str] = Field([])
    nothing: list[str] = Field([])


class TriedView(View):
    """What a layout reads of a dump. `fields` says in how many of the entries each field was found."""

    dump: str
    entries: list[dict[str, Any]]
    gaps: list[GapView]
    unclaimed: list[UnclaimedView]
    fields: dict[str, int]
    lines: list[ClaimedLine]


class LayoutName(Request):
    """One layout."""

    layout: str = Field(min_length=1, max_length=200, description="The id of the layout.")


class OfDump(Request):
    """A dump: its text, or its name in a source."""

    text: str = Field("", max_length=_LONGEST, description="The text of a dump.")
    source: str = Field("", max_length=200, description="The source of a dump, in place of its text.")
    dump: str = Field("", max_length=4000, description="The dump of this source.")


class Suggest(OfDump):
    """The dump or the address for which a layout is wanted."""

    url: str = Field("", max_length=2000, pattern="^$|^https?://", description="The address of a page, in place of it.")


class Try(OfDump):
    """A layout and a dump. The layout is a known one, or a table that is not stored yet."""

    layout: str = Field("", max_length=200, description="The id of a known layout.")
    table: dict[str, Any] | None = Field(None, description="A layout, in place of a known one.")


def known(context: Context) -> dict[str, Layout]:
    """The layouts of the configuration and the built-in ones, by their ids."""
    declared = compiled(context.settings.layouts, "the configuration")
    return {**{one.id: one for one in declared}, **known_layouts()}


def listed(context: Context, _asked: Nothing) -> Listed[LayoutView]:
    """List the layouts of the configuration and the built-in ones, with the sources that use them."""
    return Listed[LayoutView](items=[LayoutView(**_facts(context, name)) for name in known(context)])


def _facts(context: Context, name: str) -> dict[str, Any]:
    used = [one.id for one in context.settings.sources if name in (one.layouts or WITHOUT_NAMES)]
    return {"layout": name, "built_in": name in known_layouts(), "sources": used}


def show(context: Context, asked: LayoutName) -> WholeLayoutView:
    """Show a layout as a table and as TOML."""
    layout = known(context).get(asked.layout)
    if layout is None:
        raise UnknownError("layout", asked.layout, remedy="`digest layout list` names them")
    table = table_of(layout)
    return WholeLayoutView(**_facts(context, asked.layout), table=table, toml=toml_of([table]))


def table_of(layout: Layout) -> dict[str, Any]:
    """The keys of a layout that are set."""
    declared = layout.declared
    made: dict[str, Any] = {"id": declared.id}
    if declared.html:
        made["html"] = declared.html.table
    else:
        made["entry"] = declared.entry[0] if len(declared.entry) == 1 else list(declared.entry)
    for key in ("begins", "ends", "skip", "heading", "short_titles", "paragraphs", "languages"):
        if value := getattr(declared, key):
            made[key] = list(value) if isinstance(value, tuple) else value
    if declared.date_order:
        made["date_order"] = declared.date_order.value
    return made


# --- suggest --------------------------------------------------------------------------------------


def suggest(context: Context, asked: Suggest) -> SuggestionView:
    """Suggest how an unknown dump or a site can be read, and show what it would read. Stores nothing."""
    if asked.url:
        fetch = fetcher_of(context.settings, context.now, allow_private=False)
        return choice_view(chosen(asked.url, fetch, name_of(asked.url)))
    page = page_asked(context, asked)
    if is_html(page.text):
        return choice_view(choice(page.text.encode(), "", None, name=name_of(page.name.rsplit(".", 1)[0])))
    return suggestion_view(suggestion([page]), {page.name: page})


def page_asked(context: Context, asked: OfDump) -> Page:
    """The dump that was asked for, or its beginning.

    Raises:
        UnknownError: its source has no such dump.
        AskedError: nothing was named.
    """
    if asked.text:
        name = asked.dump or _PASTED
        return Page.of_html(asked.text, name=name) if is_html(asked.text) else Page(asked.text, name=name)
    if not asked.source:
        raise AskedError("text", "no dump is named", remedy="give its text, or its source and its name")
    page = pages_named(context.store, source_of(context, asked.source), {asked.dump}).get(asked.dump)
    if page is None:
        raise UnknownError("dump", f"{asked.source}/{asked.dump}", remedy="the page of the source names its dumps")
    with page.open() as stream:
        return page_of(stream, page.name)


def suggestion_view(found: Suggestion, pages: Mapping[str, Page]) -> SuggestionView:
    """The JSON form of drawings for dumps."""
    read = [(pages[dump.name], dump.read) for shape in found.shapes for dump in shape.dumps]
    return SuggestionView(
        layouts=[dict(shape.table) for shape in found.shapes],
        entries=[entry for page, one in read for entry in _entries(page, one)],
        unsure=[
            DoubtView(dump=one.dump, layout=one.layout, reason=one.reason, lines=_lines(one.lines))
            for one in found.unsure
        ],
        unclaimed={
            page.name: _lines([DoubtedLine(line.number, line.text) for line in one.unclaimed]) for page, one in read
        },
        built_in=list(found.known),
        nothing=list(found.nothing),
    )


def choice_view(found: Choice) -> SuggestionView:
    """The JSON form of the way in which a site can be read."""
    return SuggestionView(
        way=found.way,
        url=found.url,
        layouts=list(found.layouts),
        layout=None if found.table is None else dict(found.table),
        reasons=list(found.reasons),
        entries=[printed(one, declared=True) for one in found.entries],
    )


def _entries(page: Page, read: Read) -> list[dict[str, Any]]:
    """The entries in the JSON form of `digest parse`, each with the line that shows its date."""
    made = []
    for position, one in enumerate(read.entries):
        line = evidence_line(page, one)
        shown = printed(sighting(one, page.name, position), declared=True)
        made.append(shown | {"evidence": _lines([line])[0].model_dump() if line else None})
    return made


def _lines(doubted: Sequence[DoubtedLine]) -> list[LineView]:
    return [LineView(line=one.number, text=one.text) for one in doubted]


# --- try ------------------------------------------------------------------------------------------


def try_layout(context: Context, asked: Try) -> TriedView:
    """Show every entry that a layout reads of a dump, what each line is, and what belongs to none. Stores nothing."""
    if asked.table is None:
        layout = known(context).get(asked.layout)
        if layout is None:
            raise UnknownError("layout", asked.layout, remedy="`digest layout list` names them")
    else:
        (layout,) = compiled([{"id": asked.layout or "mine"} | asked.table], "the layout")
    (one,) = tried(layout, [page_asked(context, asked)])
    return tried_view(one)


def tried_view(one: Tried) -> TriedView:
    """The JSON form of what a layout reads of a dump."""
    entries = _entries(one.page, one.read)
    return TriedView(
        dump=one.page.name,
        entries=entries,
        gaps=[GapView(reason=gap.reason, lines=_lines(gap.lines)) for gap in one.gaps],
        unclaimed=[UnclaimedView(line=line.number, text=line.text, mark=line.mark) for line in one.read.unclaimed],
        fields=fields_found(one),
        lines=[] if is_html(one.page.text) else list(claimed_lines(one)),
    )


LIST = Operation("layouts.list", "GET", "/layouts", Scope.READ, Nothing, Listed[LayoutView], listed, "layout list")
SHOW = Operation(
    "layouts.show", "GET", "/layouts/{layout}", Scope.READ, LayoutName, WholeLayoutView, show, "layout show"
)
SUGGEST = Operation(
    "layouts.suggest",
    "POST",
    "/layouts/suggest",
    Scope.OPERATE,
    Suggest,
    SuggestionView,
    suggest,
    "layout suggest",
    acts=False,
)
TRY = Operation(
    "layouts.try", "POST", "/layouts/try", Scope.OPERATE, Try, TriedView, try_layout, "layout try", acts=False
)
OPERATIONS = (LIST, SHOW, SUGGEST, TRY)
