"""The open entry during a pass over a text, and the page on which it is."""

from typing import NamedTuple

from digest.dumps.interface import Cut
from digest.dumps.layouts import dateblock
from digest.dumps.lines import Learned, Line, Window
from digest.model import Layout, NoteKind

_DATEBLOCK, _BYLINES = Layout.DATEBLOCK, Layout.BYLINE  # looking up a member costs as much as a short call
_made = tuple.__new__  # takes half the time of `Cut()` and `Cut._make`


class UnsureError(Exception):
    """Only a look at the whole text can decide how to continue."""


class Remark(NamedTuple):
    """A note on the line that begins after so many characters."""

    place: int
    kind: NoteKind
    text: str
    entries: int = 0


class Open(Window):
    """The open entry, the closed ones, and the notes on the text.

    The body of the open entry is `_before`, from earlier windows, and the present window from `_body` on. An entry with
    an unreadable mark is open like any other, but `_lost`: it is dropped when it ends.
    """

    def __init__(self, learned: Learned | None) -> None:
        super().__init__()
        self.remarks: list[Remark] = []
        self.end_marks: dict[str, Remark] = {}  # the learned ones, by their text
        self.known = False  # whether the text has an end mark
        self.refused = False  # whether days with titles are no entries, because the text is no listing
        self.at_once = False  # whether the text begins with an entry
        self._learned = learned
        self._body = 1
        self._before: list[str] = []
        self._cuts: list[Cut] = []
        self._layout: Layout | None = None  # of the open entry, like title, header and whether it is lost
        self._title = ""
        self._header = ""
        self._lost = False
        self._page = 0
        self._page_of: Layout | None = None
        self._page_ends = False

    def _end_entry(self, start: int, end: int, mark: str) -> None:
        """Handle an end mark that is alone on its line; outside an entry of its layout it is text."""
        self.known = True
        if self._layout is _DATEBLOCK:
            self._count_end(start, mark)
            self._close(start, complete=True)
            self.at = end

    def _end_list(self, start: int, end: int) -> None:
        self._close(start, complete=True)
        self._page_ends = True
        self.at = end

    def _count_end(self, start: int, mark: str) -> None:
        """Count the entries that a learned end mark ends."""
        if self._lost or dateblock.is_end_mark(mark):
            return
        text = mark.strip()
        first = self.end_marks.get(text) or Remark(self.place(start), NoteKind.END_MARK, text)
        self.end_marks[text] = first._replace(entries=first.entries + 1)

    def _is_listing(self) -> bool:
        """Whether entries of the `dateblock` layout can occur here."""
        if self._learned is None and not self.known:
            raise UnsureError
        return self._learned is None or self._learned.listing

    def _remark(self, line: Line, kind: NoteKind) -> None:
        self.remarks.append(Remark(self.place(line.start), kind, line.text.strip()))

    def _pass_by(self, end: int) -> None:
        """Skip text outside entries: it is page furniture, and a page does not continue after it."""
        if self._layout is None and not self._page_ends:
            self._page_ends = bool(self.text[self.at : end].strip())

    def _begin(self, layout: Layout, title: str, mark: str, body: int) -> None:
        if self._page_ends or self._page_of is not layout:
            self.at_once = self.at_once or (self._page_of is None and not self._page_ends)
            self._page += self._page_of is not None
            self._page_of, self._page_ends = layout, False
        self._layout, self._title, self._header = layout, title, mark
        self.at = self._body = body

    def _close(self, end: int, *, complete: bool) -> None:
        layout = self._layout
        if layout is None:
            return
        if not self._lost:
            body = self.text[self._body : end]
            if self._before:
                body = "".join([*self._before, body])
                self._before = []
            if complete or layout is _BYLINES or self._is_told(body):
                self._cuts.append(_made(Cut, (layout, self._page, self._title, self._header, body, complete)))
        else:
            self._before, self._lost = [], False
        self._layout = None
        self._page_ends = not complete

    def _is_told(self, body: str) -> bool:
        """Whether an entry without end mark is one; unsure if its text may have an end mark that is not learned yet."""
        if not self._is_listing():
            self.refused = True
            return False
        if self._learned is None and any(map(dateblock.reads_as_more, body.split("\n"))):
            raise UnsureError
        return True
