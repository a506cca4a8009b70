"""Whether an entry stands at a line, as a drawing says; each line is looked at a bounded number of times."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from digest.dumps.declared.dates import Order
from digest.dumps.declared.drawing import FieldKind
from digest.dumps.declared.found import Ending, Gathered, Outcome, Written, unwrapped
from digest.dumps.declared.layout import Drawing, Layout
from digest.dumps.declared.lines import Line, Lines, is_short_title
from digest.dumps.declared.rows import Row, Values
from digest.dumps.declared.steps import RowStep, TextStep

MOST_LINES = 20_000  # of a text that waits for what ends it
_WRAPPED = 40  # bytes that a wrapped line has at least
_MOST_WRAPPED = 4  # lines that one drawn line may take
_NO_KEYS = frozenset({FieldKind.ANYTHING, FieldKind.COUNT, FieldKind.WORD, FieldKind.TIME})
_NOT_YET: object = object()


_NONE = Outcome(Ending.NONE)


class Stops(Protocol):
    """Whether a line ends the text of an entry: a heading, a mark, or another entry's beginning.

    It gets the place and the drawing of the entry; `waiting`: that still wants its end.
    """

    def __call__(self, place: int, drawing: Drawing, *, waiting: bool) -> bool: ...


class Matcher:
    """Looks for entries among lines. `order`: which of two numbers in a date is the day, where dates showed it.

    `reach` is how many lines behind a plain one can
    show that an entry begins or ends there; None where it is not known.
    """

    def __init__(
        self,
        lines: Lines,
        order: Order | None,
        stops: Stops,
        drawings: Sequence[Drawing],
        reach: int | None,
    ) -> None:
        self._lines, self.order, self._stops, self._reach = lines, order, stops, reach
        self._drawings = drawings
        self.with_days: set[Drawing] = set()  # those whose entries had whole days
        # By drawing and step: from where a text was read before in vain, up to where, and how that ended.
        self._vain: dict[tuple[Drawing, int], tuple[int, Outcome]] = {}

    def read(self, row: Row, line: Line) -> Values | None:
        """What a drawn line finds in a line, kept beside the line."""
        if line.plain and not row.free:
            return None
        known = line.known
        if known is None:
            known = line.known = {}
        found = known.get(row, _NOT_YET)
        if found is _NOT_YET:
            found = known[row] = self._read(row, line)
        return found  # type: ignore[return-value] # only `Values | None` are kept under a row

    def _read(self, row: Row, line: Line) -> Values | None:
        """A line whose end is not written yet shows no title and no date: more of it may come."""
        if not line.whole and any(one.kind not in _NO_KEYS for one in row.drawn.fields):
            return None
        return row.read(line.encoded, self.order)

    def is_mark(self, line: Line, layout: Layout) -> bool:
        """Whether it is a heading, or begins or ends the list."""
        return not line.plain and any(
            self.read(row, line) is not None for rows in (layout.heading, layout.begins, layout.ends) for row in rows
        )

    def is_calm(self, place: int) -> bool:
        """Whether nothing that is drawn but any text stands at a plain line, or so near that it may belong to it."""
        if self._reach is None:
            return False
        for ahead in range(place + 1, place + 1 + self._reach):
            line = self._lines.at(ahead)
            if line is None or not line.plain:
                return False
        return True

    def skipping(self, place: int, layout: Layout) -> int:
        """The place of the next line that is not to be skipped."""
        if layout.skip:
            while (
                (line := self._lines.at(place))
                and not line.plain
                and any(self.read(row, line) is not None for row in layout.skip)
            ):
                place += 1
        return place

    def head(self, drawing: Drawing, place: int, at: int = 0) -> Outcome:
        """The lines of an entry, from a step on, up to its first text alone; of a glued one, the line of its label."""
        found = self._from(drawing, at, place, Gathered(), until=drawing.text_at)
        if drawing.head == drawing.text_at or found.ending is not Ending.DONE or found.got is None:
            return found
        step, line = drawing.steps[drawing.text_at], self._lines.at(found.end)
        if line is None:
            return Outcome(Ending.PENDING, found.end, found.got)
        first = step.first if isinstance(step, TextStep) else None
        values = self.read(first, line) if first else None
        got = found.got.with_values(values) if values is not None else None
        return _NONE if got is None else Outcome(Ending.DONE, found.end + 1, got)

    def entry(self, drawing: Drawing, place: int) -> Outcome:
        """The entry that begins at a place."""
        return self._from(drawing, 0, place, Gathered(), until=len(drawing.steps))

    def _from(self, drawing: Drawing, at: int, place: int, got: Gathered, *, until: int) -> Outcome:
        got.past_head = got.past_head or at >= drawing.head
        if at == until:
            return Outcome(Ending.DONE, place, got)
        step = drawing.steps[at]
        if isinstance(step, TextStep):
            return self._text(drawing, at, place, got, until=until)
        return self._row(drawing, step, at, place, got, until=until)

    def _row(self, drawing: Drawing, step: RowStep, at: int, place: int, got: Gathered, *, until: int) -> Outcome:
        here = self.skipping(place, drawing.layout)
        line = self._lines.at(here)
        if line is None:
            if not step.optional:
                return Outcome(Ending.PENDING, place, got)
            rest = self._from(drawing, at + 1, place, got, until=until)
            return Outcome(rest.ending, rest.end, rest.got, sure=rest.sure and not step.has_key)
        with_it = _NONE
        for row_line, end in self._candidates(drawing.layout, step.row, line, here):
            if (joined := self._joined(drawing, step, row_line, got)) is None:
                continue
            if row_line is line and step.row.free and step.has_key and self._may_go_on(drawing.layout, line, here):
                return Outcome(Ending.PENDING, place, got, sure=False)
            with_it = self._from(drawing, at + 1, end, joined, until=until)
            if with_it.ending is not Ending.NONE:
                break
        if with_it.whole or not step.optional:
            return with_it
        without = self._from(drawing, at + 1, place, got, until=until)
        if step.has_key and not line.whole:  # it may be this one, once its end is written
            without = Outcome(without.ending, without.end, without.got, sure=False, glued=without.glued)
        return without if without.whole or with_it.ending is Ending.NONE else with_it

    def _joined(self, drawing: Drawing, step: RowStep, line: Line, got: Gathered) -> Gathered | None:
        """What was gathered, with what a drawn line finds in a line; None where it does not fit."""
        row = step.row
        if row.free and self.is_mark(line, drawing.layout):
            return None
        if (values := self.read(row, line)) is None or (row.needs_day and not self._has_day(drawing, values)):
            return None
        if row.free and step.has_key and drawing.layout.declared.short_titles and not is_short_title(line):
            return None
        return got.with_values(values)

    def _has_day(self, drawing: Drawing, values: Values) -> bool:
        """Whether a date has its day, where those of the drawing had so far: `June 2021` stands in a sidebar then."""
        date = values.date
        return date is None or date.day is not None or drawing not in self.with_days

    def _candidates(self, layout: Layout, row: Row, line: Line, here: int) -> Iterator[tuple[Line, int]]:
        """The lines in which a drawn line may be found, and the place behind: where lines are wrapped, several as one.

        One of any text takes all lines of its paragraph first, if all but the last are long.
        """
        if layout.declared.paragraphs != "wrapped":
            yield line, here + 1
            return
        joined, end = [], here + 1
        text = line.text
        while end < here + _MOST_WRAPPED and (more := self._lines.at(end)) and not more.gap:
            text = unwrapped((text, more.text))
            end += 1
            joined.append((Line(line.number, text, gap=line.gap, whole=more.whole, plain=False), end))
        if row.free:
            behind = self._lines.at(end)
            whole = behind is None or behind.gap
            if joined and line.gap and whole and self._are_long(here, end - 1):
                yield joined[-1]
            yield line, here + 1
        else:
            yield line, here + 1
            yield from joined

    def _are_long(self, here: int, end: int) -> bool:
        """Whether lines are as long as wrapped ones are."""
        lines = (self._lines.at(place) for place in range(here, end))
        return all(line is not None and len(line.encoded) >= _WRAPPED for line in lines)

    def _may_go_on(self, layout: Layout, line: Line, here: int) -> bool:
        """Whether a wrapped title may have another line, which the end of the file keeps back."""
        wrapped = layout.declared.paragraphs == "wrapped"
        return wrapped and len(line.encoded) >= _WRAPPED and self._lines.at(here + 1) is None

    def _text(self, drawing: Drawing, at: int, place: int, got: Gathered, *, until: int) -> Outcome:
        step = drawing.steps[at]
        assert isinstance(step, TextStep)  # noqa: S101 - for the type checker
        here = self.skipping(place, drawing.layout)
        if step.first:
            return self._glued_text(drawing, step, at, here, got, until=until)
        vain = self._vain.get((drawing, at))
        if vain and vain[0] <= here < vain[1].end:
            return Outcome(vain[1].ending, vain[1].end, got, sure=vain[1].sure)
        ended = self._up_to(drawing, step, at, here, got, [], until=until)
        if ended.ending in {Ending.BROKEN, Ending.PENDING}:
            self._vain[drawing, at] = (here, Outcome(ended.ending, max(ended.end, here + 1), None, sure=ended.sure))
        return ended

    def _glued_text(
        self, drawing: Drawing, step: TextStep, at: int, here: int, got: Gathered, *, until: int
    ) -> Outcome:
        """A text whose first line begins with something else that is drawn."""
        line = self._lines.at(here)
        if line is None:
            return Outcome(Ending.PENDING, here, got)
        values = self.read(step.single, line) if step.single else None
        if values is not None and (joined := got.with_values(values)):
            rest = self._from(drawing, at + 1, here + 1, joined.with_body([_glued(values, line)]), until=until)
            if rest.ending is not Ending.NONE:
                return rest
        values = self.read(step.first, line) if step.first else None
        begun = got.with_values(values) if values is not None else None
        if values is None or begun is None:
            return _NONE
        first = _glued(values, line)
        if first.text and (rest_of_line := self._next(first.text, line, here)):
            return Outcome(Ending.DONE, here, begun, glued=rest_of_line)
        return self._up_to(drawing, step, at, here + 1, begun, [first], until=until)

    def _next(self, glued: str, line: Line, here: int) -> Line | None:
        """The rest of a line as a line of its own, if it ends the list or is the title of what stands behind it."""
        alone = Line(line.number, glued, gap=False, whole=line.whole, plain=False)
        for drawing in self._drawings:
            if self.is_mark(alone, drawing.layout):
                return alone
            if drawing.begins_bare and drawing.head > 1:
                below = self.head(drawing, here + 1, 1)
                if below.ending is Ending.DONE and below.end > here + 1:
                    return alone
        return None

    def _up_to(
        self, drawing: Drawing, step: TextStep, at: int, here: int, got: Gathered, body: list[Written], *, until: int
    ) -> Outcome:
        """Take lines as text up to what the drawing says next."""
        layout = drawing.layout
        rest = drawing.steps[at + 1 :]
        needed = step.last is not None or any(not (isinstance(one, RowStep) and one.optional) for one in rest)
        for _ in range(MOST_LINES):
            while (line := self._lines.at(here)) and line.plain and len(body) < MOST_LINES and self.is_calm(here):
                body.append(Written(line.text, line.gap))
                here += 1
            here = self.skipping(here, layout)
            line = self._lines.at(here)
            if line is None:
                ending = Ending.PENDING if needed else Ending.OPEN
                sure = not any(one.has_key for one in rest)
                return Outcome(ending, here, got.with_body(body), sure=sure)
            behind = self._behind(drawing, step, at, here, line, got, body, until=until)
            if behind is not None:
                return behind
            if self._stops(here, drawing, waiting=needed):
                return Outcome(Ending.BROKEN if needed else Ending.DONE, here, got.with_body(body))
            body.append(Written(line.text, line.gap))
            here += 1
        return Outcome(Ending.BROKEN, here, got.with_body(body))

    def _behind(
        self,
        drawing: Drawing,
        step: TextStep,
        at: int,
        here: int,
        line: Line,
        got: Gathered,
        body: list[Written],
        *,
        until: int,
    ) -> Outcome | None:
        """What stands behind the text, if it begins at this line."""
        if step.last:
            values = self.read(step.last, line)
            joined = got.with_values(values) if values is not None else None
            if values is None or joined is None:
                return None
            found = self._from(drawing, at + 1, here + 1, joined, until=until)
            return None if found.ending is Ending.NONE else _with_body(found, got, [*body, _glued(values, line)])
        found = self._from(drawing, at + 1, here, got, until=until) if at + 1 < until else _NONE
        if found.ending is Ending.NONE or (found.ending is Ending.DONE and found.end == here):
            return None
        sure = found.ending is not Ending.PENDING or not any(one.has_key for one in drawing.steps[at + 1 :])
        found = _with_body(found, got, body)
        return Outcome(found.ending, found.end, found.got, sure=found.sure and sure, glued=found.glued)


def _with_body(found: Outcome, before: Gathered, body: list[Written]) -> Outcome:
    """What was found behind a text, with that text in its place: only now, since most tries find nothing."""
    if found.got is None:
        return found
    so_far = len(before.body)
    whole = found.got.replaced((*before.body, *body, *found.got.body[so_far:]))
    return Outcome(found.ending, found.end, whole, sure=found.sure, glued=found.glued)


def _glued(values: Values, line: Line) -> Written:
    """The part of a line that is text."""
    return Written(next((text for one, text in values.texts if one.kind is FieldKind.TEXT), ""), line.gap)
