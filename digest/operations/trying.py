"""What a site or a folder would give as a source, and whole lists of feeds from feed readers."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import Field

from digest.dumps.configured import load_settings
from digest.dumps.feeds.opml import read_outlines
from digest.dumps.printing import printed
from digest.errors import ConfigurationError
from digest.operations.core import AskedError, Context, ForbiddenError, Operation, Request, Triable, View
from digest.operations.settings import change
from digest.records.operating import Scope
from digest.service.sources import trying
from digest.settings import is_name

_ID = Field("", max_length=63, description="The id that it would get; without one, a name from its address.")


class TryRequest(Request):
    """A folder, file or glob on the machine of the service, or addresses; one of both."""

    source: str = _ID
    title: str = Field("", max_length=200, description="The name that visitors and subscribers would see.")
    path: str = Field("", max_length=4000, description="A file, a folder or a glob of dumps; needs the scope admin.")
    url: list[str] = Field([], max_length=20, description="A page or feed of a web site, and each further page.")
    allow_private: bool = Field(
        default=False, description="The site is on the machine or network of the service; needs the scope admin."
    )
    layouts: list[str] = Field([], max_length=20, description="Read it by these; by default Digest chooses.")
    language: str = Field("", max_length=40, description="The language of its entries, as a language tag.")
    timezone: str = Field("", max_length=60, description="The time zone of its dates.")


class TriedSourceView(View):
    """What the first import of a source would give.

    `values` are its settings, and `layout` is a layout that has to be added with it: `sources.add` takes both.
    `entries` counts them, `first` shows some; `sample` are the same as `digest parse --json` prints them.
    """

    source: str
    dumps: int
    entries: int
    first: list[str]
    problems: list[str]
    reasons: list[str]
    same_files: list[str] = Field(description="Sources that read the same files.")
    values: dict[str, Any]
    layout: dict[str, Any] | None
    sample: list[dict[str, Any]]


class ImportRequest(Triable):
    """A list of feeds in OPML, and settings of all sources that it becomes."""

    opml: str = Field(min_length=1, max_length=800_000, description="The list, as a feed reader exports it.")
    language: str = Field("", max_length=40, description="The language of their entries, as a language tag.")
    timezone: str = Field("", max_length=60, description="The time zone of their dates.")


class NewFeedView(View):
    """A feed that becomes a source."""

    id: str
    title: str
    url: str
    line: int
    folders: list[str]


class SkippedView(View):
    """A feed that a source reads already."""

    title: str
    url: str
    line: int
    because: str


class RefusedView(View):
    """A line of the list that cannot become a source."""

    title: str
    line: int
    because: str


class ImportView(View):
    """What a list of feeds became. `written`: the sources were added, and the next pass reads them."""

    added: list[NewFeedView]
    skipped: list[SkippedView]
    refused: list[RefusedView]
    ignored_folders: list[str]
    written: bool


def try_source(context: Context, asked: TryRequest) -> TriedSourceView:
    """Show what the first import of a new source would give. Stores nothing."""
    if bool(asked.path) is bool(asked.url):
        raise AskedError("path", "either a path or an address is needed", remedy="give one of both")
    if (asked.path or asked.allow_private) and Scope.ADMIN not in context.actor.scopes:
        raise ForbiddenError("to read files or this network", Scope.ADMIN)
    name = asked.source or _free_name(context, asked)
    if not is_name(name):
        raise AskedError("source", f"{name!r} is not an id", remedy="use only a-z, 0-9, - and _")
    table: dict[str, Any] = {"id": name, "title": asked.title or name, "backlog": 0}
    site = _site(context, asked, name) if asked.url else None
    table |= site.table if site else {"path": str(Path(asked.path).absolute())}
    given = {"layouts": asked.layouts, "language": asked.language, "timezone": asked.timezone}
    table |= {key: value for key, value in given.items() if value}
    declares = site is not None and site.declares
    known = {key: value for key, value in table.items() if key != "layouts" or not declares}
    source = load_settings(context.settings.file, more=[known]).source(name)
    if source is None:
        raise ConfigurationError("a variable sets the sources", remedy="add the source to that variable yourself")
    look = trying.look_at_site(source, site) if site else trying.look_at_files(source, Path(asked.path))
    choice = site.choice if site else None
    return TriedSourceView(
        source=name,
        dumps=look.dumps,
        entries=look.entries,
        first=look.first,
        problems=look.problems[:20],
        reasons=list(choice.reasons) if choice else [],
        same_files=trying.sources_of_same_files(context.settings, source),
        values={key: value for key, value in table.items() if key != "id"},
        layout=dict(choice.table) if choice and choice.table is not None and declares else None,
        sample=[printed(one, declared=True) for one in (choice.entries[:5] if choice else ())],
    )


def _free_name(context: Context, asked: TryRequest) -> str:
    """A name that no source has, from the address or the folder."""
    stem = trying.name_of(asked.url[0] if asked.url else Path(asked.path).name.lower())
    names = (f"{stem}-{number}" if number > 1 else stem for number in range(1, 10_000))
    return next(name for name in names if context.settings.source(name) is None)


def _site(context: Context, asked: TryRequest, name: str) -> trying.Site:
    try:
        zone = ZoneInfo(asked.timezone or "UTC")
    except (ValueError, OSError) as error:
        problem = f"there is no time zone {asked.timezone!r}"
        raise AskedError("timezone", problem, remedy="write one such as Asia/Shanghai") from error
    return trying.site_of(
        context.settings,
        asked.url,
        name,
        asked.layouts,
        zone=zone,
        clock=context.now,
        allow_private=asked.allow_private,
    )


def import_list(context: Context, asked: ImportRequest) -> ImportView:
    """Add a source for each feed of a list in OPML. Nothing is fetched yet; entries of first imports are no news."""
    outlines = read_outlines(io.BytesIO(asked.opml.encode("utf-8", "replace")), "the list")
    imported = trying.import_of(outlines, context.settings, {"language": asked.language, "timezone": asked.timezone})
    trying.check(context.settings.file, imported)
    write = bool(imported.new) and not asked.dry_run
    if write:
        change(context, {f"sources.{table['id']}": table for table, _ in imported.new}, None)
    return ImportView.model_validate({**imported.as_json(), "written": write})


TRY = Operation(
    "sources.test",
    "POST",
    "/test_source",
    Scope.OPERATE,
    TryRequest,
    TriedSourceView,
    try_source,
    "source add --dry-run",
    acts=False,
)
IMPORT = Operation(
    "sources.import",
    "POST",
    "/import_sources",
    Scope.OPERATE,
    ImportRequest,
    ImportView,
    import_list,
    "source import",
    named=lambda done: f"{len(done.added)} feeds",
)
OPERATIONS = (TRY, IMPORT)
