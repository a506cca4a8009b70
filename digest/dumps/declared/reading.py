"""A text becomes entries, as declared layouts say, line after line; what belongs to no entry can be kept, too."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from digest.dumps.declared.dates import Order
from digest.dumps.declared.found import Ending, Found, Gathered, Outcome, paragraphs, same_evidence
from digest.dumps.declared.layout import Drawing, Layout, reach_of, search_of
from digest.dumps.declared.lines import SHORT_TITLE, Line, Lines, is_short_title, is_title
from digest.dumps.declared.matching import Matcher
from digest.dumps.declared.places import Page, filled, is_whole, over, set_heading
from digest.dumps.declared.rows import Row
from digest.dumps.declared.steps import RowStep
from digest.model import PrintedDate

_STRONG = 2  # what a head has to show to be an entry's beyond doubt

_SENTENCE_ENDS = ("。", "，", ",", "、", ";", "；", ".", "！", "!")


class UnsureOrderError(Exception):
    """A date has two numbers of which nobody knows which is the day; another date of the text may show it."""


class Unclaimed(NamedTuple):
    """A line that belongs to no entry. `mark`: it is drawn all the same, as heading, begins, ends or skip."""

    number: int
    text: str
    mark: bool


class Unread(NamedTuple):
    """A line at which an entry seems to begin that is not as drawn."""

    number: int
    text: str


class Walk:
    """One way through the lines of a text, by one layout or several.

    `order`: which of two numbers is the day, where dates showed it; without it, `unsure` says what to do at the first
    date that needs it. `on_unclaimed` gets each line of no entry.
    """

    def __init__(
        self,
        layouts: Sequence[Layout],
        blocks: Iterable[str],
        *,
        order: Order | None = None,
        unsure: Callable[[], None] = lambda: None,
        on_unclaimed: Callable[[Unclaimed], None] = lambda _: None,
    ) -> None:
        self.unread: list[Unread] = []
        self.shown: set[Order] = set()
        self._lines = Lines(blocks, search_of(tuple(layouts)))
        self._layouts = layouts
        self._drawings = [drawing for layout in layouts for drawing in layout.drawings]
        self._pages = {layout: Page() for layout in layouts}
        self._matcher = Matcher(self._lines, order, self._stops, self._drawings, reach_of(layouts))
        self._unsure, self._on_unclaimed = unsure, on_unclaimed

    def entries(self) -> Iterator[Found]:
        """The entries in page order; once."""
        place = 0
        while (line := self._lines.at(place)) is not None:
            if (found := self._entry_at(place, line)) is not None:
                drawing, outcome = found
                counted = self._counts(drawing) and self._is_kept(drawing, outcome)
                if counted:
                    yield self._found(drawing, outcome, line)
                else:
                    self._pass(range(place, outcome.end))
                self._take_end(drawing, outcome, counted=counted)
                place = outcome.end
                if outcome.glued:
                    self._lines.put(place, outcome.glued)
            else:
                self._on_unclaimed(Unclaimed(line.number, line.text, self._take_mark(line)))
                place += 1
            self._lines.release(place)

    # ---- which entry ------------------------------------------------------------------------------------------------

    def _entry_at(self, place: int, line: Line) -> tuple[Drawing, Outcome] | None:
        """The entry that begins here, by the drawing that shows most; those that are not counted, too."""
        best: tuple[tuple[bool, int], Drawing, Outcome] | None = None
        pending: list[tuple[Drawing, Outcome]] = []
        for drawing in self._drawings:
            if not self._may_begin(drawing, place, line):
                continue
            outcome = self._matcher.entry(drawing, place)
            if outcome.ending is Ending.PENDING:
                pending.append((drawing, outcome))
            elif outcome.ending is not Ending.NONE and self._is_kept(drawing, outcome):
                shown = self._shown(drawing, outcome)
                if best is None or shown > best[0]:
                    best = shown, drawing, outcome
            elif outcome.ending is Ending.BROKEN and drawing.strength >= _STRONG:
                self.unread.append(Unread(line.number, line.text))
        if best:
            rivals = [one for one in pending if self._shown(*one) > best[0]]
            return (best[1], best[2]) if all(same_evidence(best[2], outcome) for _, outcome in rivals) else None
        if pending:
            first, *others = pending
            if self._is_kept(*first) and all(same_evidence(first[1], outcome) for _, outcome in others):
                return first
        return None

    @staticmethod
    def _shown(drawing: Drawing, outcome: Outcome) -> tuple[bool, int]:
        """What a drawing shows: first, whether its first line is more than a title, which any line can be."""
        tail = drawing.tail_strength if outcome.ending in {Ending.DONE, Ending.PENDING} else 0
        return not drawing.begins_bare, drawing.strength + tail

    def _may_begin(self, drawing: Drawing, place: int, line: Line) -> bool:
        """Whether the entry's first line can be this one, as far as what stands around it tells."""
        layout = drawing.layout
        page = self._pages[layout]
        skipped = self._matcher.skipping(place, layout) != place
        if skipped or page.closed or (layout.heading and not page.begun):
            return False
        first = drawing.steps[0]
        if self._matcher.is_mark(line, layout):
            return isinstance(first, RowStep) and first.row.drawn.is_only_dated
        return not drawing.begins_bare or self._may_be_title(drawing, place, line)

    def _may_be_title(self, drawing: Drawing, place: int, line: Line) -> bool:
        """The same of one that begins with a bare title."""
        layout = drawing.layout
        behind = self._pages[layout].behind
        if layout.declared.short_titles:
            return is_short_title(line) and (behind or self._is_before_paragraph(place, layout))
        if behind:
            return True
        if not drawing.strength:
            return bool(drawing.tail_strength)  # up to its end, though it does not count
        return is_title(line, strict=drawing.has_free_option) and not self._is_drawn_below(drawing, line)

    def _is_drawn_below(self, drawing: Drawing, line: Line) -> bool:
        """Whether a line is one that may be missing below the title, and so no title."""
        return any(
            isinstance(step, RowStep)
            and step.optional
            and step.row.strength >= _STRONG
            and self._matcher.read(step.row, line) is not None
            for step in drawing.steps[1 : drawing.head]
        )

    def _counts(self, drawing: Drawing) -> bool:
        """Whether an entry counts: what begins with any line has to show that it is no left-over paragraph."""
        page = self._pages[drawing.layout]
        if not drawing.begins_bare or page.behind:
            return True
        if drawing.layout.declared.short_titles:
            return page.begun
        return drawing.is_firm_behind_title if not drawing.has_free_option or page.entries else False

    def _is_before_paragraph(self, place: int, layout: Layout) -> bool:
        behind = self._lines.at(self._matcher.skipping(place + 1, layout))
        return (
            behind is not None
            and not is_short_title(behind)
            and (behind.whole or len(behind.text) > SHORT_TITLE)
            and not self._matcher.is_mark(behind, layout)
        )

    def _is_kept(self, drawing: Drawing, outcome: Outcome) -> bool:
        """Whether an entry as far as it was found can no longer change its title or date."""
        page = self._pages[drawing.layout]
        match outcome.ending:
            case Ending.DONE:
                any_line = not drawing.strength and drawing.text_at == len(drawing.steps)
                return outcome.sure and not (any_line and page.by_end)
            case Ending.OPEN:
                return outcome.sure and (drawing.strength > 0 or not page.by_end)
            case Ending.PENDING | Ending.BROKEN:
                reached = drawing.strength >= _STRONG and not drawing.has_tail_key and outcome.got is not None
                return reached and self._is_past_head(drawing, outcome)
            case Ending.NONE:
                return False

    def _is_past_head(self, drawing: Drawing, outcome: Outcome) -> bool:
        got = outcome.got
        return got is not None and got.past_head and (got.dated or not drawing.has_date)

    # ---- where a text ends ------------------------------------------------------------------------------------------

    def _stops(self, place: int, drawing: Drawing, *, waiting: bool) -> bool:
        """Whether the text of an entry ends at a line; `waiting`: the entry still wants its end."""
        line = self._lines.at(place)
        layout = drawing.layout
        if line is None or self._matcher.is_mark(line, layout):
            return True
        closing = drawing.closing if waiting else None
        return any(self._starts(other, place, line, closing, waiting=waiting) for other in self._drawings)

    def _starts(self, drawing: Drawing, place: int, line: Line, closing: Row | None, *, waiting: bool) -> bool:
        """Whether another entry surely begins at a line in a text; not where `closing` stands in what begins there."""
        layout = drawing.layout
        page = self._pages[layout]
        if page.closed or (layout.heading and not page.begun):
            return False
        if layout.declared.short_titles and drawing.begins_bare and not drawing.strength:
            return is_short_title(line) and self._is_before_paragraph(place, layout) and not self._is_first(place)
        bare = drawing.begins_bare
        no_title = bare and (not is_title(line, strict=drawing.has_free_option) or self._is_drawn_below(drawing, line))
        if not drawing.strength or no_title:
            return False
        outcome = self._matcher.head(drawing, place)
        ahead = [self._lines.at(one) for one in range(place + 1, outcome.end)] if closing else []
        closes = closing and any(one is not None and self._matcher.read(closing, one) is not None for one in ahead)
        if outcome.ending is not Ending.DONE or outcome.got is None or closes:
            return False
        return not waiting or not outcome.got.texts.get("title", "").endswith(_SENTENCE_ENDS)

    def _is_first(self, place: int) -> bool:
        """Whether the line directly before is a title, or may be one."""
        before = self._lines.at(place - 1) if place else None
        return before is None or is_short_title(before)

    # ---- what it says -----------------------------------------------------------------------------------------------

    def _found(self, drawing: Drawing, outcome: Outcome, line: Line) -> Found:
        got = outcome.got
        assert got is not None  # noqa: S101 - for the type checker
        page = self._pages[drawing.layout]
        if got.shows:
            self.shown.add(got.shows)
        if got.ambiguous:
            self._unsure()
        last = self._lines.at(outcome.end - 1)
        page.entries += 1
        page.begun = True
        if got.date is not None and got.date.day is not None:
            self._matcher.with_days.add(drawing)
        texts = got.texts
        title = texts.get("title", "")
        body, figures = paragraphs(title, got.body, drawing.layout.declared.paragraphs)
        own = {"title", "author", "link"}
        return Found(
            layout=drawing.layout.id,
            first=line.number,
            last=last.number if last else line.number,
            page=page.number,
            title=title,
            author=texts.get("author"),
            date=self._date(got, page),
            link=texts.get("link"),
            tags=got.tags,
            counts=got.counts,
            fields={name: text for name, text in texts.items() if name not in own and not name.startswith(":")},
            paragraphs=body,
            figures=figures,
            complete=outcome.ending is Ending.DONE and (last is None or last.whole or drawing.ends_in_words),
        )

    @staticmethod
    def _date(got: Gathered, page: Page) -> PrintedDate | None:
        """The date that the entry prints, with what the headings over it add."""
        above = over(page.headings)
        if not got.dated:
            return above
        date = got.date if got.date is None or above is None else filled(got.date, above)
        if date is None or date.month is not None:
            return date
        return None if date.year is None else PrintedDate(date.year)  # a day of no month is none

    def _take_end(self, drawing: Drawing, outcome: Outcome, *, counted: bool) -> None:
        """What follows an entry stands behind it for its own layout alone."""
        for layout, page in self._pages.items():
            page.behind = layout is drawing.layout and outcome.ending is Ending.DONE
            page.by_end = page.by_end and layout is drawing.layout and not counted

    def _pass(self, places: range) -> None:
        for place in places:
            if line := self._lines.at(place):
                self._on_unclaimed(Unclaimed(line.number, line.text, mark=False))

    # ---- headings and marks -----------------------------------------------------------------------------------------

    def _take_mark(self, line: Line) -> bool:
        """Take a line of no entry: it may be a heading, or begin or end the list. Whether it is drawn at all."""
        drawn = False
        for layout, page in self._pages.items():
            read = self._matcher.read
            if any(read(row, line) is not None for row in layout.skip):
                drawn = True
            elif any(read(row, line) is not None for row in layout.begins):
                page.number += page.entries > 0
                page.entries, page.closed, page.behind, page.by_end, page.begun = 0, False, True, False, True
                page.headings.clear()
                drawn = True
            elif self._take_heading(line, layout, page):
                drawn = True
            elif any(read(row, line) is not None for row in layout.ends):
                page.number += page.entries > 0
                page.entries, page.closed, page.behind, page.by_end = 0, layout.ends_list, True, True
                drawn = True
            elif any(self._is_tail(drawing, line) for drawing in layout.drawings):
                page.behind, page.by_end = True, True
            else:
                page.behind = False
        return drawn

    def _is_tail(self, drawing: Drawing, line: Line) -> bool:
        """Whether a line is the last of an entry whose beginning is not on the page."""
        if drawing.strength or drawing.text_at == len(drawing.steps):
            return False
        step = drawing.steps[-1]
        row = step.row if isinstance(step, RowStep) else step.last
        return row is not None and row.strength >= _STRONG and self._matcher.read(row, line) is not None

    def _take_heading(self, line: Line, layout: Layout, page: Page) -> bool:
        for row in layout.heading:
            values = self._matcher.read(row, line)
            if values is None or (page.whole_days and values.date is not None and values.date.day is None):
                continue
            if values.shows:
                self.shown.add(values.shows)
            if values.ambiguous:
                self._unsure()
            page.begun, page.behind, page.by_end = True, True, False
            if values.dated:
                page.whole_days = page.whole_days or (not page.headings and is_whole(values.date))
                set_heading(page.headings, values.date)
            return True
        return False
