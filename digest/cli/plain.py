"""`digest parse` with only paths and `--json`, without Typer: importing it takes longer than parsing."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from digest.cli.progress import CLEAR, Progress
from digest.dumps.files import DumpFile, dump_files
from digest.dumps.parse import printed
from digest.dumps.snapshot import BUILT_IN, read_sightings
from digest.errors import DumpError
from digest.model import NoteKind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from digest.dumps.interface import Layouts
    from digest.model import DateEvidence, Note, PrintedDate, Sighting

_JSON = "--json"


def is_plain(arguments: Sequence[str]) -> bool:
    """Whether the arguments need no Typer: no other option, no help or completion, and at least one path."""
    paths = [given for given in arguments[1:] if given != _JSON]
    return arguments[:1] == ["parse"] and bool(paths) and not any(path.startswith("-") for path in paths)


def parse_plainly(arguments: Sequence[str]) -> bool:
    """Run `digest parse` with plain arguments. Return whether everything could be read."""
    return print_sightings([Path(given) for given in arguments[1:] if given != _JSON], as_json=_JSON in arguments)


def print_sightings(paths: Sequence[Path], *, as_json: bool, declared: Layouts | None = None) -> bool:
    """Print the entries of the dumps, and problems on stderr. Return whether everything could be read.

    `declared`: layouts that take the place of the built-in ones.
    """
    if sys.stdout.isatty():  # the output itself shows the progress
        return _print_all(paths, lambda _: None, as_json=as_json, declared=declared)
    with Progress("parsing", kept="Everything printed so far is correct; nothing else was written.") as progress:

        def look(name: str) -> None:
            progress.make_room()
            progress.step(name)

        return _print_all(paths, look, as_json=as_json, declared=declared)


def _print_all(
    paths: Sequence[Path], look: Callable[[str], None], *, as_json: bool, declared: Layouts | None = None
) -> bool:
    whole = True
    for path in paths:
        try:
            for file in dump_files(path):
                look(file.name)
                if not isinstance(file, DumpFile):
                    whole = _complain(str(file))
                    continue
                whole &= _print_file(file, as_json=as_json, declared=declared)
        except DumpError as error:
            whole = _complain(str(error))
    sys.stdout.flush()
    return whole


def _print_file(file: DumpFile, *, as_json: bool, declared: Layouts | None) -> bool:
    """Print the entries of one dump, then the notes about it. Return whether all of it could be read."""
    notes: list[Note] = []
    problem = ""
    try:
        with file.path.open("rb") as stream:
            for sighting in read_sightings(stream, file.name, notes=notes, layouts=declared or BUILT_IN):
                if as_json:
                    sys.stdout.buffer.write(json_line(printed(sighting, declared=declared is not None)))
                else:
                    _print(sighting)
    except DumpError as error:
        problem = str(error)
    except BrokenPipeError:
        raise
    except OSError as error:
        problem = f"{file.name}: cannot be read: {error.strerror} (check its permissions)"
    for note in notes:
        _complain(f"{file.name}:{note.line}: {note.reason} ({note.remedy})")
    if problem:
        _complain(problem)
    return not problem and all(note.kind is not NoteKind.UNREAD for note in notes)


def json_line(value: object) -> bytes:
    """One JSON object on its own line, in UTF-8 for every locale."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def _print(sighting: Sighting) -> None:
    date = sighting.extras.printed or sighting.date
    day = _day(date) if date else "no date"
    facts = [day, sighting.author, f"{sighting.readers} readers" if sighting.readers is not None else None]
    counted = f"{len(sighting.paragraphs)} paragraphs, {len(sighting.figures)} figures"
    said = " · ".join(filter(None, [*facts, counted, None if sighting.complete else "incomplete"]))
    sys.stdout.write(f"{sighting.position + 1:3}  {sighting.title or '(no title)'}\n     {said}\n")


def _day(date: DateEvidence | PrintedDate) -> str:
    """A date, with question marks for what is not printed."""
    month, day = (f"{part:02}" if part is not None else "??" for part in (date.month, date.day))
    return f"{date.year or '????'}-{month}-{day}"


def _complain(problem: str) -> bool:
    """Print a problem after all earlier output. Return False: something could not be read."""
    sys.stdout.flush()
    sys.stderr.write(f"{CLEAR if sys.stderr.isatty() else ''}digest: {problem}\n")
    return False
