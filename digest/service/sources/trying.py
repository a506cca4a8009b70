"""What a site, files, or a list of feeds from a feed reader would give as sources: nothing is stored."""

import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from digest.changes.identifiers import normal_link
from digest.dumps.configured import layouts_of, load_settings, terms_of
from digest.dumps.feeds.opml import Outline, Outlines, source_id
from digest.dumps.html.choosing import Choice, choice
from digest.dumps.pages import is_page, pages, passed
from digest.dumps.printing import day_printed
from digest.dumps.snapshot import page_sightings, read_sightings
from digest.errors import ConfigurationError, DumpError
from digest.fetching.fetcher import Fetcher
from digest.fetching.values import Fetched
from digest.model import Sighting
from digest.service.fetching.fetching import user_agent
from digest.settings import Settings, Source

_NAME = re.compile(r"[^a-z0-9]+")
_SHOWN = 5  # entries
_MOST_DUMPS = 1_000
_TRIED = 50  # tables that are checked together
_LIST = "digest source import"


def fetcher_of(
    settings: Settings | None, clock: Callable[[], datetime], *, allow_private: bool
) -> Callable[[str], Fetched]:
    """A function that fetches an address as the service does.

    Raises:
        FetchError: by the function; nothing whole is there, or it may not be fetched.
    """

    named = user_agent(settings or Settings.model_construct())
    fetcher = Fetcher(named, clock=clock)

    def fetch(url: str) -> Fetched:
        found = fetcher.fetch(url, allow_private=allow_private)
        assert isinstance(found, Fetched)  # noqa: S101 - nothing is known before, so nothing can be unmodified
        return found

    return fetch


def chosen(url: str, fetch: Callable[[str], Fetched], name: str, zone: ZoneInfo | None = None) -> Choice:
    """How to read the site at an address; `name` is the id of a layout that has to be declared, `zone` that of days.

    Raises:
        FetchError: the page cannot be fetched.
    """

    found = fetch(url)
    return choice(
        found.body, found.url, lambda address: fetch(address).body, media_type=found.media_type, name=name, zone=zone
    )


def name_of(url: str) -> str:
    """A name for a layout, from the host of an address."""
    host = url.split("://", 1)[-1].split("/", 1)[0].rsplit("@", 1)[-1].split(":", 1)[0].lower().removeprefix("www.")
    return _NAME.sub("-", host).strip("-") or "mine"


@dataclass(frozen=True, slots=True)
class Site:
    """A site that becomes a source: its keys in the configuration, and what was fetched. `choice` made the layouts."""

    table: dict[str, object]
    pages: tuple[Fetched, ...] = ()
    choice: Choice | None = None

    @property
    def declares(self) -> bool:
        """Whether its layout has to be written."""
        return self.choice is not None and self.choice.table is not None


def site_of(
    settings: Settings,
    urls: Sequence[str],
    name: str,
    layouts: Sequence[str],
    *,
    zone: ZoneInfo,
    clock: Callable[[], datetime],
    allow_private: bool,
) -> Site:
    """The site at some addresses, read by the layouts that are named, or as is best.

    Raises:
        FetchError: a page cannot be fetched.
        ConfigurationError: the pages have to be read in several ways, or nothing on them is recognised.
    """
    fetch = fetcher_of(settings, clock, allow_private=allow_private)
    private: dict[str, object] = {"allow_private": True} if allow_private else {}
    if layouts:
        return Site({"url": _one_or_more(urls)} | private, tuple(map(fetch, urls)))
    several = [chosen(url, fetch, name, zone) for url in urls]
    found = same_way(several)
    if not found.layouts:
        raise ConfigurationError(
            f"no entry was recognised: {' '.join(found.reasons)}",
            place="digest source add",
            remedy="name the layout that reads it with --layout",
        )
    table: dict[str, object] = {"url": _one_or_more([one.url for one in several]), "layouts": list(found.layouts)}
    entries = tuple(entry for one in several for entry in one.entries)
    return Site(table | private, choice=replace(found, entries=entries))


def _one_or_more(urls: Sequence[str]) -> object:
    return urls[0] if len(urls) == 1 else list(urls)


def same_way(found: Sequence[Choice]) -> Choice:
    """The choice for several pages of one site.

    Raises:
        ConfigurationError: they have to be read in several ways.
    """
    ways = {(one.way, one.layouts) for one in found}
    if len(ways) > 1:
        said = ", ".join(f"{one.url} as {one.way}" for one in found)
        raise ConfigurationError(
            f"the pages have to be read in several ways: {said}",
            place="digest source add",
            remedy="add a source for each, or name the layouts with --layout",
        )
    return found[0]


def sources_of_same_files(settings: Settings, source: Source) -> list[str]:
    """The ids of the sources that read the files of another source, as far as their paths show it."""
    if source.path is None:
        return []
    ours = source.path.resolve()
    theirs = ((other.id, other.path.resolve()) for other in settings.sources if other.path)
    return [name for name, path in theirs if path == ours or path in ours.parents or ours in path.parents]


@dataclass(slots=True)
class Look:
    """What the first import of a source gives. `more`: only some dumps were read."""

    dumps: int = 0
    entries: int = 0
    first: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    more: bool = False

    def as_json(self) -> dict[str, object]:
        return {"dumps": self.dumps, "entries": self.entries, "first": self.first, "problems": self.problems}


def look_at_files(source: Source, path: Path) -> Look:

    look, layouts = Look(), layouts_of(source)
    seen: set[tuple[str, object]] = set()
    for page in pages(source.path or path, terms_of(source), layouts):
        if not is_page(page):
            look.problems.append(str(page))
            continue
        if look.dumps == _MOST_DUMPS:
            look.more = True
            break
        look.dumps += 1
        try:
            with page.open() as stream:
                for sighting in page_sightings(stream, page, largest=source.largest, layouts=layouts):
                    key = (sighting.title or " ".join(sighting.paragraphs[:1]), sighting.date)
                    if key not in seen and len(look.first) < _SHOWN:
                        look.first.append(_described(sighting))
                    seen.add(key)
        except DumpError as error:
            if not passed(page, error):
                look.problems.append(str(error))
        except OSError as error:
            look.problems.append(f"{page.name}: cannot be read: {error.strerror}")
    look.entries = len(seen)
    return look


def look_at_site(source: Source, site: Site) -> Look:
    """What the pages of a site give."""

    look = Look(dumps=len(site.pages) or 1)
    entries = list(site.choice.entries) if site.choice else []
    for page in site.pages:
        stream = io.BytesIO(page.body)
        try:
            entries += read_sightings(
                stream, page.url, layouts=layouts_of(source), url=page.url, media_type=page.media_type
            )
        except DumpError as error:
            look.problems.append(str(error))
    look.entries, look.first = len(entries), list(map(_described, entries[:_SHOWN]))
    return look


def _described(sighting: Sighting) -> str:
    return f"{day_printed(sighting.extras.printed or sighting.date)}  {sighting.title or '(no title)'}"


# --- lists of feeds, in OPML ----------------------------------------------------------------------


@dataclass(slots=True)
class Imported:
    """What a list gives: the tables of new sources with their outlines, the skipped outlines, and the faulty ones."""

    new: list[tuple[dict[str, object], Outline]] = field(default_factory=list)
    skipped: list[tuple[Outline, str]] = field(default_factory=list)
    faults: list[tuple[int, str, str]] = field(default_factory=list)

    @property
    def folders(self) -> list[str]:
        """The folders of the new sources."""
        return list(dict.fromkeys(" / ".join(one.folders) for _, one in self.new if one.folders))

    def as_json(self) -> dict[str, object]:
        return {
            "added": [
                {"id": table["id"], "title": one.title, "url": one.url, "line": one.line, "folders": list(one.folders)}
                for table, one in self.new
            ],
            "skipped": [
                {"title": one.title, "url": one.url, "line": one.line, "because": why} for one, why in self.skipped
            ],
            "refused": [{"title": title, "line": line, "because": why} for line, title, why in self.faults],
            "ignored_folders": self.folders,
        }


def import_of(outlines: Outlines, settings: Settings, given: Mapping[str, object]) -> Imported:
    """The sources that a list gives, without those that are configured already; `given` are settings of all."""
    imported = Imported(faults=outlines.faults)
    ids = {source.id for source in settings.sources}
    read = {_address(url): source.id for source in settings.sources for url in source.url}
    for one in outlines.feeds:
        known = read.get(_address(one.url))
        if known is not None:
            imported.skipped.append((one, f"source {known} reads it"))
            continue
        name = source_id(one, ids)
        ids.add(name)
        read[_address(one.url)] = name
        table: dict[str, object] = {"id": name, "title": one.title, "url": one.url, "layouts": ["feed"], "backlog": 0}
        imported.new.append((table | {key: value for key, value in given.items() if value}, one))
    return imported


def _address(url: str) -> str:
    """What two addresses of one feed have in common."""
    return normal_link(url) or url


def check(config: Path | None, imported: Imported) -> None:
    """Move those sources to the faults that the settings refuse.

    Raises:
        ConfigurationError: the settings refuse all of them for one reason, which is not in the list.
    """
    good: list[tuple[dict[str, object], Outline]] = []
    for start in range(0, len(imported.new), _TRIED):
        some = imported.new[start : start + _TRIED]
        if not _refusal(config, [table for table, _ in some]):
            good += some
            continue
        for table, one in some:
            if why := _refusal(config, [table]):
                imported.faults.append((one.line, one.title, why))
            else:
                good.append((table, one))
    if imported.new and not good:
        line, title, why = imported.faults[-1]
        raise ConfigurationError(f"line {line}, {title}: {why}", place=_LIST, remedy="no feed can be added")
    imported.new = good
    imported.faults.sort(key=lambda fault: fault[0])


def _refusal(config: Path | None, tables: list[dict[str, object]]) -> str:
    """Why the settings refuse these sources; empty if they do not."""
    try:
        settings = load_settings(config, more=tables)
    except ConfigurationError as error:
        return str(error).removeprefix("digest source add: ")
    if any(settings.source(str(table["id"])) is None for table in tables):
        return "the variable DIGEST_SOURCES sets the sources (add them to that variable yourself)"
    return ""
