"""The lines of a drawing as steps: a line of a page each, or the paragraphs between them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from digest.dumps.declared.dates import Grammar
from digest.dumps.declared.drawing import DrawnLine, Field, FieldKind, Group, Piece, Problem, Space
from digest.dumps.declared.rows import Row

_KEY_FIELDS = frozenset({FieldKind.TITLE, FieldKind.DATE})
_TWICE = 2  # what a title that is repeated shows


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
class Steps:
    """One form of an entry, as steps. `head` is the number of steps up to its first text, a glued one included."""

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
        shown = (strength_of(step) for step in self.steps[: self.head] if not getattr(step, "optional", False))
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
        return step is not None and strength_of(step) > 0

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
    def closing(self) -> Row | None:
        """The first line behind the text that not every line fits; None where its head has the same one, too."""
        head = {step.row.expression for step in self.steps[: self.text_at] if isinstance(step, RowStep)}
        for step in self.steps[self.text_at :]:
            row = step.row if isinstance(step, RowStep) else step.last
            if row is not None and not row.free and not getattr(step, "optional", False):
                return None if row.expression in head else row
        return None

    @cached_property
    def has_tail_key(self) -> bool:
        """Whether title or date stand behind the text."""
        return any(step.has_key for step in self.steps[self.head :])

    @cached_property
    def ends_in_words(self) -> bool:
        """Whether the last line that is drawn is fixed text, which does not grow."""
        last = self.steps[-1]
        return isinstance(last, RowStep) and not last.row.drawn.fields

    @cached_property
    def has_title(self) -> bool:
        return any(FieldKind.TITLE in kinds_of(step) for step in self.steps)

    @cached_property
    def has_date(self) -> bool:
        return any(FieldKind.DATE in kinds_of(step) for step in self.steps)


def step_of(line: DrawnLine, grammar: Grammar, key: str, problems: list[Problem]) -> Step | None:
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


def kinds_of(step: Step) -> set[FieldKind]:
    row = step.row if isinstance(step, RowStep) else step.first or step.last
    return {one.kind for one in row.drawn.fields} if row else set()


def strength_of(step: Step) -> int:
    if isinstance(step, RowStep):
        return step.row.strength
    return step.first.strength if step.first else 0
