"""The layouts of a configuration: checked when it is loaded, and found for each source."""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path as File
from zoneinfo import ZoneInfo

from digest.dumps.containers.kinds import Terms
from digest.dumps.feeds.reading import FeedFirst
from digest.dumps.interface import Layouts
from digest.dumps.reading import BuiltIn
from digest.model import Layout
from digest.settings import Settings, Source, load
from digest.settings.overlay import Changes
from digest.settings.positions import Path
from digest.settings.rules import Broken

HTML = frozenset({Layout.JSON_LD, Layout.MICROFORMATS, Layout.ARTICLES})
"""The built-in layouts of HTML."""

# Only an installation that draws layouts loads Babel, so the functions import `declared` themselves.


def load_settings(
    path: File | None = None, *, more: Sequence[Mapping[str, object]] = (), changes: Changes | None = None
) -> Settings:
    """The settings from a file, as `digest.settings.load` gives them, with all their layouts checked.

    Raises:
        ConfigurationError: as `load`; the mistakes of drawings are among the others.
    """
    return load(path, further=layout_rules, more=more, changes=changes)


def layouts_of(source: Source) -> Layouts:
    """The layouts by which to read the dumps of a source.

    Raises:
        LayoutError: one of them is wrong, in settings that were loaded without checking that.
    """
    return _layouts(source.layouts, json.dumps(source.drawn, default=str), source.timezone)


def terms_of(source: Source) -> Terms:
    """What a source says about containers."""
    return Terms(
        source.only,
        source.text_field,
        source.largest,
        source.largest_unpacked,
        source.largest_ratio,
        source.most_records,
    )


def layout_rules(settings: Settings) -> Iterator[Broken]:
    """A violated rule for everything that is wrong in a drawn layout, used or not."""
    if not settings.layouts:
        return
    from digest.dumps.declared.layout import checked  # noqa: PLC0415

    for number, table in enumerate(settings.layouts):
        for one in checked(table)[1]:
            key, _, inner = one.key.partition(".")
            element: Path = (int(inner) if inner.isdigit() else inner,) if inner else ()
            yield Broken(one.reason, (("layouts", number, key, *element),), one.remedy, one.line)


@lru_cache(maxsize=256)
def _layouts(names: tuple[str, ...], tables: str, timezone: str) -> Layouts:
    """A source that names no layout reads feeds, too; one that names some reads them only if it names `feed`."""
    others = tuple(name for name in names if name != Layout.FEED)
    zone = ZoneInfo(timezone)
    made = _made(others, tables, zone) if json.loads(tables) or HTML & {*others} else BuiltIn()
    if names and len(others) == len(names):
        return made
    return FeedFirst(made if others or not names else None, zone, demanded=bool(names))


def _made(names: tuple[str, ...], tables: str, zone: ZoneInfo) -> Layouts:
    from digest.dumps.declared.known import known_layouts  # noqa: PLC0415
    from digest.dumps.declared.layout import compiled  # noqa: PLC0415
    from digest.dumps.declared.sightings import DeclaredLayouts  # noqa: PLC0415

    layouts = {layout.id: layout for layout in compiled(json.loads(tables), "the configuration")}
    return DeclaredLayouts([layouts.get(name) or known_layouts()[name] for name in names], zone)
