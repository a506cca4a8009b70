"""A declared layout, checked and ready to read with.

Also reads layouts as they are written in TOML: the tables `[[layouts]]` of a file, or of all files of a folder.

Decisions 275 and 279.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from digest.dumps.declared.dates import Grammar
from digest.dumps.declared.declaration import Declaration, LayoutError, declaration
from digest.dumps.declared.drawing import DrawnLine, FieldKind, Problem, drawn_lines
from digest.dumps.declared.rows import Row
from digest.dumps.declared.steps import RowStep, Step, Steps, TextStep, kinds_of, step_of
from digest.dumps.layouts.characters import INVISIBLE, SPACES
from digest.errors import ConfigurationError
from digest.patterns import LineSearch

_RULES = 1
"""To be raised with each change of what a declared layout reads, so that dumps are read again."""


@dataclass(frozen=True, eq=False)
class Drawing(Steps):
    """One form of an entry of a layout."""

    layout: Layout


@dataclass(frozen=True, eq=False)
class Layout:
    """A layout that dumps can be read with; made by `compiled`."""

    declared: Declaration
    grammar: Grammar
    begins: tuple[Row, ...] = ()
    ends: tuple[Row, ...] = ()
    skip: tuple[Row, ...] = ()
    heading: tuple[Row, ...] = ()
    drawings: list[Drawing] = field(default_factory=list)

    @property
    def id(self) -> str:
        return self.declared.id

    @cached_property
    def ends_list(self) -> bool:
        """Whether behind an end mark nothing counts until the list begins again; else such marks stand between entries.

        They do where nothing else tells one entry from the next.
        """
        told = bool(self.heading) or any(drawing.strength or drawing.tail_strength for drawing in self.drawings)
        return bool(self.begins) and told

    def rows(self) -> Iterator[Row]:
        """Every line that is drawn."""
        for rows in (self.begins, self.ends, self.skip, self.heading):
            yield from rows
        for drawing in self.drawings:
            for step in drawing.steps:
                if isinstance(step, RowStep):
                    yield step.row
                else:
                    yield from filter(None, (step.first, step.last, step.single))

    @cached_property
    def fingerprint(self) -> str:
        """What changes whenever the layout may read anything otherwise; the id is no part of it."""
        declared = self.declared
        said = [_RULES, declared.entry, declared.begins, declared.ends, declared.skip, declared.heading]
        said += [declared.short_titles, declared.paragraphs, declared.date_order, declared.languages]
        said += [declared.html.said] if declared.html else []
        return hashlib.sha256(json.dumps(said, ensure_ascii=True).encode()).hexdigest()[:16]


@lru_cache(maxsize=64)
def search_of(layouts: tuple[Layout, ...]) -> LineSearch | None:
    """One search for all lines that fit a drawn one which not every line fits; None where there is none."""
    if any(layout.declared.paragraphs == "wrapped" for layout in layouts):
        return None  # what is drawn on one line may stand on two
    expressions = dict.fromkeys(row.expression for layout in layouts for row in layout.rows() if not row.free)
    return LineSearch(tuple(expressions), SPACES + INVISIBLE) if expressions else None


def reach_of(layouts: Sequence[Layout]) -> int | None:
    """How many lines ahead one has to look, whatever the layout; None where each line has to be looked at."""
    reaches = [drawing.reach for layout in layouts for drawing in layout.drawings]
    if any(layout.declared.short_titles for layout in layouts) or not reaches:
        return None
    known = [reach for reach in reaches if reach is not None]
    return max(known) if len(known) == len(reaches) else None


def compiled(tables: Sequence[Mapping[str, object]], place: str, text: str = "") -> tuple[Layout, ...]:
    """The layouts of the tables `[[layouts]]` of a file; `place` names it, and `text` is what stands in it, if known.

    Raises:
        LayoutError: some are wrong; it names everything that is.
    """
    problems: list[Problem] = []
    layouts = []
    for number, table in enumerate(tables):
        name = table.get("id")
        prefix = f"layout {name}" if isinstance(name, str) and name else f"layouts.{number}"
        layout, own = checked(table)
        layouts += [layout] if layout else []
        problems += [
            Problem(f"{prefix}: {one.key}", one.line, one.reason, one.remedy, _line_of(one, table, text)) for one in own
        ]
    ids = [layout.id for layout in layouts]
    for twice in sorted({name for name in ids if ids.count(name) > 1}):
        problems.append(Problem(f"layout {twice}", 0, "two layouts have this id", "give each its own"))
    if problems:
        raise LayoutError(place, problems)
    return tuple(layouts)


def checked(table: Mapping[str, object]) -> tuple[Layout | None, list[Problem]]:
    """The layout of one table, and everything that is wrong in it; None if the table cannot be read at all."""
    problems: list[Problem] = []
    declared = declaration(table, problems)
    return layout_of(declared, problems) if declared else None, problems


def _line_of(problem: Problem, table: Mapping[str, object], text: str) -> int:
    """The line of the file at which a drawing has a problem, from 1; 0 if it is unknown."""
    key, _, number = problem.key.partition(".")
    given = table.get(key)
    drawing = given[int(number)] if isinstance(given, list) and number.isdigit() else given
    if not problem.line or not isinstance(drawing, str) or text.count(drawing) != 1:
        return 0
    return text.count("\n", 0, text.index(drawing)) + problem.line


def layout_of(declared: Declaration, problems: list[Problem]) -> Layout:
    """The layout of a declaration; what is wrong with it is added to `problems`."""
    grammar = Grammar(declared.languages, declared.date_order)

    def rows(key: str, lines: Sequence[str]) -> tuple[Row, ...]:
        made = []
        for number, line in enumerate(lines):
            place = key if len(lines) == 1 else f"{key}.{number}"
            for drawn in drawn_lines(line, place, problems):
                if any(one.kind is FieldKind.TEXT for one in drawn.fields):
                    problems.append(Problem(place, drawn.number, "{text} stands in a line", "write {_} for anything"))
                elif key != "heading" and drawn.is_free:
                    problems.append(Problem(place, drawn.number, "any line would fit", "write some fixed text"))
                else:
                    made.append(Row(drawn.pieces, drawn, grammar))
        return tuple(made)

    layout = Layout(
        declared,
        grammar,
        begins=rows("begins", declared.begins),
        ends=rows("ends", declared.ends),
        skip=rows("skip", declared.skip),
        heading=rows("heading", declared.heading),
    )
    for number, text in enumerate(declared.entry):
        key = "entry" if len(declared.entry) == 1 else f"entry.{number}"
        before = len(problems)
        lines = drawn_lines(text, key, problems)
        if not lines and len(problems) == before:
            problems.append(Problem(key, 0, "the drawing is empty", "draw one entry, such as {title} and {date}"))
        dates = sum(one.kind is FieldKind.DATE for line in lines for one in line.fields)
        bare = bool(declared.heading) or dates > 1
        own = Grammar(declared.languages, declared.date_order, bare_days=True) if bare else grammar
        steps = tuple(step for line in lines if (step := step_of(line, own, key, problems)))
        if steps and len(problems) == before:
            _check(steps, lines, layout, key, problems)
            layout.drawings.append(Drawing(steps, layout))
    return layout


def _check(
    steps: Sequence[Step], lines: Sequence[DrawnLine], layout: Layout, key: str, problems: list[Problem]
) -> None:
    """What is wrong with a drawing as a whole."""
    declared = layout.declared
    kinds = {kind for step in steps for kind in kinds_of(step)}
    has_text = any(isinstance(step, TextStep) for step in steps)
    if not has_text and FieldKind.TITLE not in kinds:
        problems.append(Problem(key, 0, "neither {title} nor {text} is drawn", "draw where the title stands"))
    bounded = declared.heading or declared.begins or declared.ends
    if not bounded and all(line.optional or line.is_free for line in lines):
        reason = "nothing in the drawing tells an entry from other text"
        problems.append(Problem(key, 0, reason, "draw a date, fixed text or a count, or write heading or begins"))
    for one, other, line in zip(steps, steps[1:], lines[1:], strict=False):
        if isinstance(one, TextStep) and isinstance(other, TextStep) and not (one.last or other.first):
            problems.append(Problem(key, line.number, "{text} follows {text}", "one of them takes all paragraphs"))
    if declared.short_titles and not declared.heading:
        problems.append(Problem("short_titles", 0, "titles are found so under a heading", 'write heading = "{date}"'))


def read_layouts(path: Path) -> tuple[Layout, ...]:
    """The layouts of a TOML file, or of the `*.toml` of a folder in the order of their names; at least one.

    Raises:
        LayoutError: drawings are wrong, or two layouts have one id; it names all that is wrong.
        ConfigurationError: a file cannot be read, is not TOML, or holds no layout.
    """
    files = sorted(path.glob("*.toml")) if path.is_dir() else [path]
    layouts: list[Layout] = []
    errors: list[LayoutError] = []
    for file in files:
        try:
            layouts += layouts_in(_parsed(file), str(file), file.read_text("utf-8"))
        except LayoutError as error:
            errors.append(error)
    if errors:
        raise (
            errors[0] if len(errors) == 1 else LayoutError(str(path), [one for error in errors for one in error.placed])
        )
    if not layouts:
        raise ConfigurationError(
            "holds no layout", place=str(path), remedy="write a table [[layouts]] with id and entry"
        )
    ids = [layout.id for layout in layouts]
    if twice := sorted({name for name in ids if ids.count(name) > 1}):
        problem = Problem(f"layout {twice[0]}", 0, "two layouts have this id", "give each its own")
        raise LayoutError(str(path), [problem])
    return tuple(layouts)


def layouts_in(document: Mapping[str, Any], place: str, text: str = "") -> tuple[Layout, ...]:
    """The layouts of a parsed document; `text` is the document, so that errors can name its lines.

    Raises:
        LayoutError: as of `read_layouts`.
        ConfigurationError: its `layouts` are no tables.
    """
    tables = document.get("layouts", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ConfigurationError("`layouts` are no tables", place=place, remedy="write [[layouts]] over each")
    return compiled(tables, place, text)


def _parsed(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise ConfigurationError(
            f"cannot be read: {error.strerror}", place=str(file), remedy="check the path"
        ) from error
    except ValueError as error:
        remedy = "write drawings between ''' and ''', where \\ and \" are themselves"
        raise ConfigurationError(f"is not TOML: {error}", place=str(file), remedy=remedy) from error
