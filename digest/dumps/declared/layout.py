"""A declared layout, checked and ready to read with."""

from __future__ import annotations

import difflib
import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from digest.dumps.declared.dates import Grammar, Order
from digest.dumps.declared.drawing import (
    DrawnLine,
    Field,
    FieldKind,
    Group,
    Problem,
    Space,
    drawn_lines,
)
from digest.dumps.declared.names import is_language
from digest.dumps.declared.rows import Row
from digest.dumps.layouts.characters import INVISIBLE, SPACES
from digest.errors import ConfigurationError
from digest.patterns import LineSearch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from digest.dumps.declared.drawing import Piece

_KEYS = ("id", "entry", "begins", "ends", "skip", "heading", "short_titles", "paragraphs", "date_order", "languages")
_TWICE = 2  # what a title that is repeated shows
_PARAGRAPHS = ("lines", "wrapped")
_RULES = 1
"""To be raised with each change of what a declared layout reads, so that dumps are read again."""
_KEY_FIELDS = frozenset({FieldKind.TITLE, FieldKind.DATE})


class LayoutError(ConfigurationError):
    """Layouts are wrong. `problems` are all of them, in order; the text has a line for each. `place` is the file."""

    def __init__(self, place: str, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        if len(problems) == 1:
            super().__init__(str(problems[0]), place=place)
        else:
            listed = "".join(f"\n  {problem}" for problem in problems)
            super().__init__(f"{len(problems)} things are wrong in the layouts{listed}", place=place)

    @property
    def placed(self) -> tuple[Problem, ...]:
        """The problems, each with its file."""
        return tuple(
            Problem(f"{self.place}: {one.key}", one.line, one.reason, one.remedy, one.file_line)
            for one in self.problems
        )


@dataclass(frozen=True, slots=True)
class Declaration:
    """A layout as it is written. `entry` holds at least one drawing."""

    id: str
    entry: tuple[str, ...]
    begins: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    heading: tuple[str, ...] = ()
    short_titles: bool = False
    paragraphs: str = ""  # "lines": each line is one; "wrapped": lines are joined; else blank lines tell
    date_order: Order | None = None
    languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RowStep:
    """A line of an entry."""

    row: Row
    optional: bool
    has_key: bool  # whether title or date stand in it


@dataclass(frozen=True, slots=True)
class TextStep:
    """Paragraphs. `first`, `last` and `single` are patterns where something is glued to their beginning or end.

    `single` is for a text of one line, with both; absent where nothing is glued.
    """

    first: Row | None
    last: Row | None
    single: Row | None
    has_key: bool


Step = RowStep | TextStep


@dataclass(frozen=True, eq=False)
class Drawing:
    """One form of an entry, as steps. `head` is the number of steps up to its first text, a glued one included."""

    layout: Layout
    steps: tuple[Step, ...]

    @cached_property
    def head(self) -> int:
        for at, step in enumerate(self.steps):
            if isinstance(step, TextStep):
                return at + 1 if step.first else at
        return len(self.steps)

    @cached_property
    def text_at(self) -> int:
        """Where its first text is, the number of steps where it has none."""
        return next((at for at, step in enumerate(self.steps) if isinstance(step, TextStep)), len(self.steps))

    @cached_property
    def strength(self) -> int:
        """How much its head shows at least, beside any text."""
        shown = (_strength(step) for step in self.steps[: self.head] if not getattr(step, "optional", False))
        return sum(shown) + _TWICE * self.has_title_twice

    @cached_property
    def has_title_twice(self) -> bool:
        """Whether its title stands on two lines of its own, which hardly any text does."""
        bare = [
            step for step in self.steps[: self.head] if isinstance(step, RowStep) and step.has_key and step.row.free
        ]
        return len(bare) > 1

    @cached_property
    def tail_strength(self) -> int:
        steps = self.steps[self.text_at :]
        return sum(
            (step.last.strength if step.last else 0)
            if isinstance(step, TextStep)
            else 0
            if step.optional
            else step.row.strength
            for step in steps
        )

    @cached_property
    def begins_bare(self) -> bool:
        """Whether it begins with a line that is nothing but the title."""
        first = self.steps[0]
        return isinstance(first, RowStep) and not first.optional and first.row.free and first.has_key

    @cached_property
    def is_firm_behind_title(self) -> bool:
        """Whether the line behind a bare title cannot be any text."""
        if len(self.steps) == 1:
            return False
        step = next(
            (
                step
                for step in self.steps[1:]
                if not (isinstance(step, RowStep) and step.optional and not step.row.free)
            ),
            None,
        )
        if isinstance(step, RowStep) and step.has_key and step.row.free:
            return True  # the title again
        return step is not None and _strength(step) > 0

    @cached_property
    def reach(self) -> int | None:
        """How many lines behind a plain one show whether the entry begins there or its text ends there.

        None where nothing does: then each line has to be looked at.
        """
        most = 0
        beginnings = [
            self.steps,
            *(self.steps[at + 1 :] for at, step in enumerate(self.steps) if isinstance(step, TextStep)),
        ]
        for steps in beginnings:
            for at, step in enumerate(steps):
                if isinstance(step, TextStep) and not step.first:
                    if at and all(one.row.free for one in steps[:at] if isinstance(one, RowStep)):
                        return None
                    break
                if isinstance(step, TextStep) or not (step.row.free or step.optional):
                    most = max(most, at)
                    break
            else:
                if any(isinstance(step, RowStep) and step.row.free for step in steps):
                    return None
                most = max(most, len(steps) - 1)
        return most

    @cached_property
    def has_free_option(self) -> bool:
        """Whether a line of any text may be missing in its head."""
        return any(isinstance(step, RowStep) and step.optional and step.row.free for step in self.steps[: self.head])

    @cached_property
    def has_tail_key(self) -> bool:
        """Whether title or date stand behind the text."""
        return any(step.has_key for step in self.steps[self.head :])

    @cached_property
    def has_title(self) -> bool:
        return any(FieldKind.TITLE in _kinds(step) for step in self.steps)

    @cached_property
    def has_date(self) -> bool:
        return any(FieldKind.DATE in _kinds(step) for step in self.steps)


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
        return hashlib.sha256(json.dumps(said, ensure_ascii=True).encode()).hexdigest()[:16]


@lru_cache(maxsize=64)
def search_of(layouts: tuple[Layout, ...]) -> LineSearch | None:
    """One search for all lines that fit a drawn one which not every line fits; None where there is none."""
    if any(layout.declared.paragraphs == "wrapped" for layout in layouts):
        return None  # what is drawn on one line may stand on two
    expressions = dict.fromkeys(row.expression for layout in layouts for row in layout.rows() if not row.free)
    return LineSearch(tuple(expressions), SPACES + INVISIBLE) if expressions else None


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
        own: list[Problem] = []
        if (declared := declaration(table, own)) is not None:
            layouts.append(layout_of(declared, own))
        for one in own:
            line = _line_of(one, table, text)
            problems.append(Problem(f"{prefix}: {one.key}", one.line, one.reason, one.remedy, line))
    ids = [layout.id for layout in layouts]
    for twice in sorted({name for name in ids if ids.count(name) > 1}):
        problems.append(Problem(f"layout {twice}", 0, "two layouts have this id", "give each its own"))
    if problems:
        raise LayoutError(place, problems)
    return tuple(layouts)


def _line_of(problem: Problem, table: Mapping[str, object], text: str) -> int:
    """The line of the file at which a drawing has a problem, from 1; 0 where it cannot be told."""
    key, _, number = problem.key.partition(".")
    given = table.get(key)
    drawing = given[int(number)] if isinstance(given, list) and number.isdigit() else given
    if not problem.line or not isinstance(drawing, str) or text.count(drawing) != 1:
        return 0
    return text.count("\n", 0, text.index(drawing)) + problem.line


def declaration(table: Mapping[str, object], problems: list[Problem]) -> Declaration | None:
    """What a table says; None, with the problems, where it says nothing that can be read."""
    for key in table:
        if key not in _KEYS:
            close = difflib.get_close_matches(key, _KEYS, 1, 0.6)
            remedy = f"did you mean {close[0]}?" if close else f"there are {', '.join(_KEYS)}"
            problems.append(Problem(key, 0, "there is no such key", remedy))
    reader = _Table(table, problems)
    made = Declaration(
        id=reader.name(),
        entry=reader.texts("entry"),
        begins=reader.texts("begins"),
        ends=reader.texts("ends"),
        skip=reader.texts("skip"),
        heading=reader.texts("heading"),
        short_titles=reader.flag("short_titles"),
        paragraphs=reader.choice("paragraphs", _PARAGRAPHS),
        date_order=Order(order) if (order := reader.choice("date_order", tuple(Order))) else None,
        languages=reader.languages(),
    )
    if not made.entry and "entry" not in reader.wrong:
        problems.append(Problem("entry", 0, "is missing", "draw one entry, such as {title} and {date} on two lines"))
    return made if made.entry else None


class _Table:
    """Reads the values of one table, each with its kind."""

    def __init__(self, table: Mapping[str, object], problems: list[Problem]) -> None:
        self._table, self._problems = table, problems
        self.wrong: set[str] = set()

    def name(self) -> str:
        given = self._table.get("id")
        if isinstance(given, str) and given.strip() == given and given and "\n" not in given:
            return given
        self._say("id", "is missing or no text", 'write a short name, such as id = "news"')
        return ""

    def texts(self, key: str) -> tuple[str, ...]:
        given = self._table.get(key, [])
        several = [given] if isinstance(given, str) else given
        if isinstance(several, list) and all(isinstance(one, str) and one.strip() for one in several):
            return tuple(several)
        what = "a drawing in '''…''' or a list of them" if key == "entry" else 'a list of lines, such as ["Archive"]'
        self._say(key, "is neither a text nor a list of texts that say something", f"write {what}")
        return ()

    def flag(self, key: str) -> bool:
        given = self._table.get(key, False)
        if isinstance(given, bool):
            return given
        self._say(key, f"is {given!r}", "write true or false")
        return False

    def choice(self, key: str, choices: Sequence[str]) -> str:
        given = self._table.get(key, "")
        if given == "" or given in choices:
            return str(given)
        self._say(key, f"is {given!r}", "write " + " or ".join(f'"{one}"' for one in choices))
        return ""

    def languages(self) -> tuple[str, ...]:
        found = []
        for tag in self.texts("languages"):
            if is_language(tag):
                found.append(tag)
            else:
                self._say("languages", f"{tag!r} is no language that is known", 'write tags such as ["de", "pt-BR"]')
        return tuple(found)

    def _say(self, key: str, reason: str, remedy: str) -> None:
        self.wrong.add(key)
        self._problems.append(Problem(key, 0, reason, remedy))


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
        steps = tuple(step for line in lines if (step := _step(line, own, key, problems)))
        if steps and len(problems) == before:
            _check(steps, lines, layout, key, problems)
            layout.drawings.append(Drawing(layout, steps))
    return layout


def _step(line: DrawnLine, grammar: Grammar, key: str, problems: list[Problem]) -> Step | None:
    has_key = any(one.kind in _KEY_FIELDS for one in line.fields)
    places = [at for at, piece in enumerate(line.pieces) if isinstance(piece, Field) and piece.kind is FieldKind.TEXT]
    texts = sum(one.kind is FieldKind.TEXT for one in line.fields)
    if not texts:
        return RowStep(Row(line.pieces, line, grammar), line.optional, has_key)
    if texts > 1 or not places:
        reason = "{text} stands twice in a line" if texts > 1 else "{text} stands in brackets"
        problems.append(Problem(key, line.number, reason, "write it once in a line, outside of [ … ]"))
        return None
    if len(line.pieces) == 1:
        return TextStep(None, None, None, has_key)
    before, text, behind = line.pieces[: places[0]], line.pieces[places[0]], line.pieces[places[0] + 1 :]
    front, back = _spaced(before, text, first=True), _spaced(behind, text, first=False)
    return TextStep(
        first=Row((*before_of(before), front), line, grammar) if before else None,
        last=Row((back, *behind_of(behind)), line, grammar) if behind else None,
        single=Row((*before_of(before), _between(before, text, behind), *behind_of(behind)), line, grammar)
        if before and behind
        else None,
        has_key=has_key,
    )


def before_of(pieces: Sequence[Piece]) -> Sequence[Piece]:
    return pieces[:-1] if isinstance(pieces[-1], Space) else pieces


def behind_of(pieces: Sequence[Piece]) -> Sequence[Piece]:
    return pieces[1:] if isinstance(pieces[0], Space) else pieces


def _spaced(beside: Sequence[Piece], text: Piece, *, first: bool) -> Piece:
    """The text, or nothing, with the white space between it and what it is glued to."""
    if first:
        return Group((beside[-1], text)) if beside and isinstance(beside[-1], Space) else text
    return Group((text, beside[0])) if beside and isinstance(beside[0], Space) else text


def _between(before: Sequence[Piece], text: Piece, behind: Sequence[Piece]) -> Piece:
    inner = [text]
    if isinstance(before[-1], Space):
        inner.insert(0, before[-1])
    if isinstance(behind[0], Space):
        inner.append(behind[0])
    return Group(tuple(inner))


def _kinds(step: Step) -> set[FieldKind]:
    row = step.row if isinstance(step, RowStep) else step.first or step.last
    return {one.kind for one in row.drawn.fields} if row else set()


def _strength(step: Step) -> int:
    if isinstance(step, RowStep):
        return step.row.strength
    return step.first.strength if step.first else 0


def _check(
    steps: Sequence[Step], lines: Sequence[DrawnLine], layout: Layout, key: str, problems: list[Problem]
) -> None:
    """What is wrong with a drawing as a whole."""
    declared = layout.declared
    kinds = {kind for step in steps for kind in _kinds(step)}
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
