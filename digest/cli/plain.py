"""`digest parse` with only paths and `--json`, without Typer: importing it takes longer than parsing. Decision 242."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from digest.cli.progress import CLEAR, Progress
from digest.dumps.containers.container import RecordPage
from digest.dumps.files import Refused
from digest.dumps.pages import is_page, pages, passed
from digest.dumps.printing import day_printed, printed
from digest.dumps.snapshot import BUILT_IN, page_sightings
from digest.errors import DumpError
from digest.json_output import json_line
from digest.model import NoteKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from digest.dumps.interface import Layouts
    from digest.dumps.pages import Page
    from digest.model import Note, Sighting

    Furniture = Callable[[Page], Iterable[tuple[int, str]]]

_JSON = "--json"


def is_plain(arguments: Sequence[str]) -> bool:
    """Whether the arguments need no Typer: no other option, no help or completion, and at least one path."""
    paths = [given for given in arguments[1:] if given != _JSON]
    return arguments[:1] == ["parse"] and bool(paths) and not any(path.startswith("-") for path in paths)


def parse_plainly(arguments: Sequence[str]) -> bool:
    """Run `digest parse` with plain arguments. Return whether everything could be read."""
    return print_sightings([Path(given) for given in arguments[1:] if given != _JSON], as_json=_JSON in arguments)


def print_sightings(
    paths: Sequence[Path], *, as_json: bool, declared: Layouts | None = None, furniture: Furniture | None = None
) -> bool:
    """Print the entries of the dumps, and problems on stderr. Return whether everything could be read.

    `declared`: layouts that take the place of the built-in ones. `furniture` returns the lines of a dump that belong to
    no entry, with their numbers; they are printed too.
    """
    printer = _Printer(as_json, declared, furniture)
    if sys.stdout.isatty():  # the output itself shows the progress
        return _print_all(paths, lambda _: None, printer)
    with Progress("parsing", kept="Everything printed so far is correct; nothing else was written.") as progress:

        def look(name: str) -> None:
            progress.make_room()
            progress.step(name)

        return _print_all(paths, look, printer)


def _print_all(paths: Sequence[Path], look: Callable[[str], None], printer: _Printer) -> bool:
    whole, container = True, None
    for path in paths:
        for page in pages(path, layouts=printer.declared or BUILT_IN):
            if not is_page(page):
                whole &= _complain(str(page)) or (isinstance(page, Refused) and page.harmless)
                continue
            look(page.name)
            if isinstance(page, RecordPage) and page.container is not container:
                container = page.container
                for fact in container.facts():
                    _complain(f"{container.page.name}: {fact}")
            whole &= printer.print_page(page)
    sys.stdout.flush()
    return whole


@dataclass(frozen=True, slots=True)
class _Printer:
    """Prints dumps, as text or as JSON."""

    as_json: bool
    declared: Layouts | None
    furniture: Furniture | None

    def print_page(self, page: Page) -> bool:
        """Print the entries of one dump, then the notes about it. Return whether all of it could be read."""
        notes: list[Note] = []
        problem = ""
        try:
            with page.open() as stream:
                for sighting in page_sightings(stream, page, notes=notes, layouts=self.declared or BUILT_IN):
                    self._print_entry(page, sighting)
            if self.furniture is not None:
                self._print_furniture(page, self.furniture(page))
        except DumpError as error:
            problem = "" if passed(page, error) else str(error)
        except BrokenPipeError:
            raise
        except OSError as error:
            problem = f"{page.name}: cannot be read: {error.strerror} (check its permissions)"
        for note in notes:
            _complain(f"{page.name}:{note.line}: {note.reason} ({note.remedy})")
        if problem:
            _complain(problem)
        return not problem and all(note.kind not in {NoteKind.UNREAD, NoteKind.CUT} for note in notes)

    def _print_entry(self, page: Page, sighting: Sighting) -> None:
        if self.as_json:
            sys.stdout.buffer.write(json_line(printed(sighting, declared=self.declared is not None)))
            return
        if not sighting.position:
            sys.stdout.write(f"{page.name}\n")
        _print(sighting)

    def _print_furniture(self, page: Page, lines: Iterable[tuple[int, str]]) -> None:
        for number, text in lines:
            if self.as_json:
                sys.stdout.buffer.write(json_line({"dump": page.name, "line": number, "furniture": text}))
            else:
                sys.stdout.write(f"     line {number} left out: {text}\n")


def _print(sighting: Sighting) -> None:
    date = sighting.extras.printed or sighting.date or sighting.extras.updated
    readers = f"{sighting.readers} readers" if sighting.readers is not None else None
    facts = [day_printed(date), str(sighting.layout), sighting.author, readers]
    counted = f"{_number(sighting.paragraphs, 'paragraph')}, {_number(sighting.figures, 'figure')}"
    said = " · ".join(filter(None, [*facts, counted, None if sighting.complete else "incomplete"]))
    sys.stdout.write(f"{sighting.position + 1:3}  {sighting.title or '(no title)'}\n     {said}\n")


def _number(some: Sequence[object], name: str) -> str:
    return f"{len(some)} {name}" + ("" if len(some) == 1 else "s")


def _complain(problem: str) -> bool:
    """Print a problem after all earlier output. Return False: something could not be read."""
    sys.stdout.flush()
    sys.stderr.write(f"{CLEAR if sys.stderr.isatty() else ''}digest: {problem}\n")
    return False
