"""`digest check`: tries each part of a configuration and reports problems; changes nothing. Decision 232."""

from __future__ import annotations

import os
import shutil
import time
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from digest import installation
from digest.dumps import pages as files
from digest.dumps.configured import layouts_of, terms_of
from digest.dumps.pages import is_page, passed, unpacked
from digest.dumps.snapshot import page_sightings
from digest.editions.schedule import next_slot
from digest.errors import DigestError, DumpError, FetchError, OutdatedError
from digest.fetching.addresses import is_number, parsed, public_ones, shown
from digest.findings import Finding, error, try_part, warning
from digest.mail_checks import mail_findings, transport_findings
from digest.model import SourceId
from digest.patterns import Pattern, hostile
from digest.service.editions.digests import schedule_of
from digest.service.editions.renaming import orphans
from digest.service.fetching.origins import listed, names
from digest.service.operating import clocks
from digest.service.operating.status import edited_files
from digest.service.sources.renaming import require_present_names
from digest.settings import advice
from digest.settings.changes import revision_in
from digest.settings.effective import needs_restart
from digest.settings.overlay import changes_file
from digest.store import is_made, open_unchanged
from digest.templating import named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from digest.dumps.pages import Listed, Page
    from digest.model import Note
    from digest.settings import Settings, Source, Topic
    from digest.store.transaction import Store

__all__ = ["findings", "mail_findings"]

_SQLITE = "sqlite:///"
_MOST_DUMPS, _MOST_BYTES = 1_000, 100_000_000  # read of each source
_NAMED = 10  # problems of dumps that are listed for each source
_TEXT, _SLOW = 100_000, 2.0  # characters, and the seconds that a pattern may take to search them


def findings(
    settings: Settings, now: datetime, *, deep: bool = False, progress: Callable[[str], None] = lambda _: None
) -> Iterator[Finding]:
    """The findings about every part, in the order in which data passes through the service.

    Reads only some dumps of a source with very many, unless `deep`; calls `progress` with the name of each dump.
    """
    if not settings.sources:
        yield error("sources", "none is configured yet; `digest init` writes a configuration to start from")
    for part, says in advice(settings):
        yield warning(part, says)
    yield from _changes(settings)
    for source in settings.sources:
        if source.paused:
            yield Finding(f"source {source.id}", f"is paused (`digest source resume {source.id}` reads it again)")
        elif source.path:
            yield from _dumps(source, list(files.listed(source.path)), deep=deep, progress=progress)
        else:
            folder = settings.file.parent if settings.file else Path.cwd()
            yield from _origins(source, folder, made=is_made(settings.database))
    yield try_part("store", lambda: _store(settings))
    if wrong := clocks.clock_problem(now):
        yield warning("clock", wrong)
    yield from _contents(settings, now, deep=deep, progress=progress)
    yield from _templates(settings)
    for topic in settings.topics:
        if topic.patterns:
            yield _patterns(topic)
    for digest in settings.digests:
        yield Finding(f"digest {digest.id}", f"next at {next_slot(schedule_of(digest), now).isoformat()}")
    yield from transport_findings(settings)


def _changes(settings: Settings) -> Iterator[Finding]:
    """What overrides the configuration, and what of it only a start reads."""
    changed = (*settings.changed, *edited_files(settings))
    if not changed:
        return
    file = changes_file(settings.data_dir)
    starts = [key for key in settings.changed if needs_restart(key)]
    later = f"; {', '.join(starts)} {'holds' if len(starts) == 1 else 'hold'} after a restart" if starts else ""
    yield Finding("changes", f"{file} overrides {', '.join(changed)}{later} (`digest settings list --changed`)")
    if file.is_file() and revision_in(file.read_text("utf-8-sig"))[1]:
        remedy = "reload or restart `digest run`"
        yield warning("changes", f"{file} was written by hand: other processes do not know it yet ({remedy})")


def _newer_changes(store: Store, settings: Settings) -> Iterator[Finding]:
    """Changes that another host made, and that this one does not have in its files yet."""
    with store.read() as tx:
        newest = tx.settings.revision()
    if newest > settings.revision:
        says = f"the store has revision {newest}, and the file here {settings.revision or 'none'}"
        yield warning("changes", f"{says} (`digest run` takes it over within seconds, and so does its next start)")


def _contents(settings: Settings, now: datetime, *, deep: bool, progress: Callable[[str], None]) -> Iterator[Finding]:
    """Findings about the contents of a store that opens."""
    try:
        if is_made(settings.database):
            with open_unchanged(settings.database) as found:
                for source in settings.sources:
                    if source.is_fetched and not source.paused:
                        yield from _fetched(found.store, source, deep=deep, progress=progress)
                yield from _newer_changes(found.store, settings)
                yield from _clock(found.store, settings, now)
                yield from _orphans(found.store, settings)
    except DigestError:
        return  # reported as a finding about the store


def _clock(store: Store, settings: Settings, now: datetime) -> Iterator[Finding]:
    """Times in the store that are ahead of this clock; the next pass, edition or send corrects them.

    A clock that is certainly wrong itself is reported elsewhere.
    """
    if clocks.clock_problem(now):
        return
    with store.read() as tx:
        lying, standing = clocks.times_ahead_in(tx, settings.mail, now), tx.clocks.standing()
    for one in lying:
        remedy = f"check that this clock is right: it says {now:%Y-%m-%d %H:%M} UTC; then the next pass corrects it"
        yield warning("clock", f"{one.what} is in the future: {one.newest:%Y-%m-%d %H:%M} UTC ({remedy})")
    for fault in standing:
        yield warning("clock", str(fault))


def _orphans(store: Store, settings: Settings) -> Iterator[Finding]:
    """The digests that still have subscribers but are no longer configured."""
    for digest, count in orphans(store, settings).items():
        people = "1 person follows" if count == 1 else f"{count} people follow"
        remedy = f"`digest digests rename {digest} NEW` keeps them, `digest digests end {digest}` unsubscribes them"
        yield warning(f"digest {digest}", f"{people} it, and it is no longer configured ({remedy})")


def _origins(source: Source, folder: Path, *, made: bool) -> Iterator[Finding]:
    """Whether the addresses of a source may be fetched, by their spelling, and whether its program is there."""
    part = f"source {source.id}"
    for url in source.url:
        try:
            _, place = parsed(url)
            if is_number(place.host):
                public_ones(place, [place.host], allow_private=source.allow_private)
        except FetchError as problem:
            yield warning(part, str(problem))
    if source.command:
        program = source.command[0]
        if shutil.which(str(folder / program) if "/" in program else program) is None:
            remedy = "check `command` of the source and the rights of the file"
            yield warning(part, f"{program}: there is no such program that can be run ({remedy})")
    if not made:
        yield Finding(part, f"{', '.join(names(source))}: nothing was fetched yet (see `digest refresh`)")


def _fetched(store: Store, source: Source, *, deep: bool, progress: Callable[[str], None]) -> Iterator[Finding]:
    """Read what was fetched for a source; nothing is fetched."""
    part = f"source {source.id}"
    with store.read() as tx:
        states = tx.fetches.states(SourceId(source.id))
    for name, url in names(source).items():
        if url in states and states[url].moved_to:
            remedy = "give the source that address; until then, each fetch asks twice"
            yield warning(part, f"{name} moved permanently to {shown(states[url].moved_to)} ({remedy})")
    yield from _dumps(source, list(listed(store, source)), deep=deep, progress=progress)


def _dumps(
    source: Source, found: Sequence[Listed], *, deep: bool, progress: Callable[[str], None]
) -> Iterator[Finding]:
    """Read the dumps of a source: first its number of entries, then the problems of its dumps."""
    part = f"source {source.id}"
    if source.path and found and isinstance(found[0], DumpError):
        yield warning(part, str(found[0]))
        return
    dumps = [page for page in found if is_page(page)]
    if not dumps and source.path:
        yield warning(part, str(DumpError(source.origin, "contains no dump", remedy="check the path and its files")))
    read = dumps if deep else list(_some(dumps))
    entries, problems = 0, [str(page) for page in found if not is_page(page)]
    for dump in read:
        for page in islice(unpacked(dump, terms_of(source), layouts_of(source)), None if deep else _MOST_DUMPS):
            if not is_page(page):
                problems.append(str(page))
                continue
            progress(page.name)
            count, wrong = _read(source, page)
            entries += count
            problems += wrong
    if dumps:
        which = "" if len(read) == len(dumps) else f" in the first {len(read):,} (`digest check --deep` reads all)"
        yield Finding(part, f"{len(dumps):,} dump{'s' * (len(dumps) > 1)}, {entries:,} entries{which}")
    for one in problems[:_NAMED]:
        yield warning(part, one)
    if len(problems) > _NAMED:
        yield warning(part, f"and {len(problems) - _NAMED:,} more")


def _some(dumps: Sequence[Page]) -> Iterator[Page]:
    """As many dumps as can be read in a short time; at least one."""
    size = 0
    for number, dump in enumerate(dumps):
        size += dump.stamp.size
        if number and (number >= _MOST_DUMPS or size > _MOST_BYTES):
            return
        yield dump


def _read(source: Source, dump: Page) -> tuple[int, list[str]]:
    """The number of entries in a dump, and its problems."""
    try:
        with dump.open() as stream:
            notes: list[Note] = []
            shown = page_sightings(stream, dump, largest=source.largest, notes=notes, layouts=layouts_of(source))
            count = sum(1 for _ in shown)
    except DumpError as problem:
        return 0, [] if passed(dump, problem) else [str(problem)]
    except OSError as problem:
        return 0, [f"{dump.name}: cannot be read: {problem.strerror}"]
    return count, [f"{dump.name}: line {note.line} {note.reason}" for note in notes]


def _templates(settings: Settings) -> Iterator[Finding]:
    """Render all templates with sample values."""
    from digest.web.template_trials import try_templates  # noqa: PLC0415 - `check --mail` does without pages

    try:
        tried = try_templates(settings)
    except DigestError as problem:
        yield error("templates", str(problem))
        return
    own = f", {tried.own} replaced by {named(settings.template_folders)}" if settings.template_folders else ""
    if not tried.problems:
        yield Finding("templates", f"{tried.templates} were rendered with samples, in every language{own}")
    for wrong in tried.problems:
        yield error("templates", wrong)
    for odd in tried.odd:
        yield warning("templates", f"{named(settings.template_folders)}: {odd}")


def _patterns(topic: Topic, ticking: Callable[[], float] = time.perf_counter) -> Finding:
    """Search texts that are slow for many regular expression engines; `ticking` returns seconds."""
    part, slowest = f"topic {topic.id}", 0.0
    for written in topic.patterns:
        pattern = Pattern(written)
        for text in hostile(written):
            started = ticking()
            pattern.found(text)
            slowest = max(slowest, (ticking() - started) / len(text) * _TEXT)
        if slowest > _SLOW:
            remedy = "use + or * instead of a counted repetition, or fewer alternatives"
            return warning(part, f"{written!r} may take {slowest:.1f} s for a text of {_TEXT:,} characters ({remedy})")
    took = f"{_TEXT:,} characters of a text that is hard to search take {slowest * 1000:.0f} ms"
    return Finding(part, f"{len(topic.patterns)} patterns, {took}")


def _store(settings: Settings) -> str:
    """Open the store, unchanged: an older one is migrated as a copy. If there is none, try the migrations in memory."""
    url, missing = settings.database, not is_made(settings.database)
    try:
        with open_unchanged(url) as opened:
            opened.store.check()
            if not missing:
                installation.require_ours(opened.store, settings, remember=False)
            require_present_names(opened.store, settings)
    except OutdatedError as error:
        return str(error)
    if opened.outdated:
        return f"opens; its schema is {opened.outdated}; the next start migrates it, and keeps a copy beside it"
    if not missing:
        return "opens, with the newest schema"
    if not url.startswith(_SQLITE):
        return "answers; its tables will be created"
    path = Path(url.removeprefix(_SQLITE))
    folder = next(parent for parent in path.parents if parent.exists())
    if not os.access(folder, os.W_OK):
        raise DigestError(f"{folder}: cannot be written (change its owner, or set data_dir)")
    return f"will be created at {path}"
