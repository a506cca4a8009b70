"""`digest check`: tries each part of a configuration and says what is wrong; changes nothing."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from digest import bundled
from digest.dumps.files import DumpFile, dump_files
from digest.dumps.snapshot import read_snapshot
from digest.editions.schedule import Schedule, next_slot
from digest.errors import DigestError, DumpError
from digest.mail.transport import try_transport
from digest.store import open_store
from digest.templating import check_templates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from digest.settings import Settings, Source

_SQLITE = "sqlite:///"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one part; `problem` is empty where it is right."""

    part: str
    fact: str = ""
    problem: str = ""


def findings(settings: Settings, now: datetime) -> Iterator[Finding]:
    """Every part in the order of the way of the data."""
    if not settings.sources:
        yield Finding("sources", "none is configured yet; `digest init` writes a configuration to start from")
    for source in settings.sources:
        yield _found(f"source {source.id}", lambda source=source: _dumps(source))  # type: ignore[misc]
    yield _found("samples", _samples)
    yield _found("store", lambda: _store(settings.database))
    yield _found("templates", lambda: check_templates(settings.templates))
    for digest in settings.digests:
        schedule = Schedule.parse(digest.schedule, digest.timezone)
        yield Finding(f"digest {digest.id}", f"next at {next_slot(schedule, now).isoformat()}")
    yield _found("mail", lambda: asyncio.run(try_transport(settings.mail)))


def _found(part: str, tried: Callable[[], str]) -> Finding:
    try:
        return Finding(part, tried())
    except DigestError as error:
        return Finding(part, problem=str(error))
    except OSError as error:
        return Finding(part, problem=f"{error.filename}: {error.strerror}")


def _dumps(source: Source) -> str:
    """Counts the dumps of a source and reads the first one."""
    files = list(dump_files(source.path))
    dumps = [file for file in files if isinstance(file, DumpFile)]
    if not dumps:
        raise DumpError(str(source.path), "holds no dump", remedy=f"check path of source {source.id}")
    with dumps[0].path.open("rb") as stream:
        entries = len(read_snapshot(stream, dumps[0].name, largest=source.largest).sightings)
    refused = len(files) - len(dumps)
    return f"{len(dumps)} dumps, {entries} entries in the first" + (f", {refused} links refused" if refused else "")


def _samples() -> str:
    count = 0
    for file in dump_files(bundled.folder("config") / "samples" / "*.txt"):
        if isinstance(file, DumpFile):
            with file.path.open("rb") as stream:
                count += len(read_snapshot(stream, file.name, largest=file.size).sightings)
    if not count:
        raise DumpError("samples", "the sample dumps are missing from the installation", remedy="install it anew")
    return f"{count} sightings"


def _store(url: str) -> str:
    """Opens the store; where there is none yet, tries the migrations in memory."""
    path = Path(url.removeprefix(_SQLITE))
    missing = url.startswith(_SQLITE) and not path.exists()
    store = open_store("sqlite://" if missing else url)
    try:
        store.check()
    finally:
        store.close()
    if not missing:
        return "opens, at the newest schema"
    folder = next(parent for parent in path.parents if parent.exists())
    if not os.access(folder, os.W_OK):
        raise DigestError(f"{folder}: cannot be written (change its owner, or set data_dir)")
    return f"will be made at {path}"
