"""Cuts a text into entries: finds where they begin and end, in both layouts; it does not parse the entries.

One search finds the lines at which something may begin or end; only those are examined. It works on blocks of any size
and keeps no more in memory than a block and the current entry. Decisions 5, 6, 12 and 15.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from digest.dumps.interface import Cut
from digest.dumps.layouts import byline, dateblock, fields
from digest.dumps.lines import Learned, Line, is_begun, marks
from digest.dumps.opened import Open, UnsureError
from digest.model import Layout, NoteKind

_SENTENCE_ENDS = ("。", "，", ",", ";", "；", "、")
_BYLINE, _HEADER, _TITLE, _END_MARK, _LIST_END = 1, 2, 3, 4, 5  # groups of the search
_DATEBLOCK, _BYLINES = Layout.DATEBLOCK, Layout.BYLINE  # looking up a member costs as much as a short call


def cuts(blocks: Iterable[str], learned: Learned | None = None) -> Iterator[Cut]:
    """The entries of a text in page order; everything else on its pages is page furniture and is dropped.

    Raises:
        UnsureError: after the last entry that could be determined without `learned`.
    """
    return Cutter(learned).cuts(blocks)


class Cutter(Open):
    """The open entry during a pass over the text; finds where it ends, and what begins."""

    def __init__(self, learned: Learned | None = None) -> None:
        super().__init__(learned)
        self.labels: dict[str, int] = {}  # unknown labels, and their counts
        self._marks = marks(learned.ends if learned else ())
        self._may_begin = self._marks.may_begin
        self._plain_end = 0 if self._marks.learned else _END_MARK  # a learned mark is counted
        self._wide = False  # whether the current text has full-width bars

    def cuts(self, blocks: Iterable[str]) -> Iterator[Cut]:
        """The entries that each block closes, and finally the end; call once."""
        return chain.from_iterable(self._closed(blocks))

    def _closed(self, blocks: Iterable[str]) -> Iterator[Sequence[Cut]]:
        try:
            for block in blocks:
                yield self._read(block)
            yield self._end()
        except UnsureError:
            yield self._cuts
            raise

    def _read(self, block: str) -> Sequence[Cut]:
        """Read a block; returns the entries that it closes."""
        self.text += block
        self._wide = "｜" in self.text
        done = self._walk(self.decided())
        if self._layout is None:
            self._pass_by(done)
        elif not self._lost:
            self._before.append(self.text[self._body : done])
        self.move(done)
        self._body = 1
        closed, self._cuts = self._cuts, []
        return closed

    def _end(self) -> Sequence[Cut]:
        """The end of the file: an open entry may still grow, and an incomplete byline or mark is not text."""
        text = self.text
        size = len(text.rstrip())
        last = text.rfind("\n", 0, size) + 1
        end = len(text)
        cut = "\n" not in text[size:] and last >= self.at
        if cut and byline.is_being_written(text[last:]):
            self._walk(last)
            end, _ = self.line_before(last)
        elif cut and is_begun(text[last:]):
            self._walk(last)
            end = last
        else:
            self._walk(end)
        self._close(end, complete=False)
        return self._cuts

    def _walk(self, limit: int) -> int:
        """Handle every mark before the limit; returns where to continue."""
        text, plain_end = self.text, self._plain_end
        bar = self._next_bar(self.at)
        for mark in self._marks.search.finditer(text, self.at - 1):
            start, kind = mark.start() + 1, mark.lastindex
            if start >= limit:
                break
            if bar < start:
                bar = self._look_at_bars(bar, start)
            if start < self.at:
                continue  # it was handled with the line before it
            if kind == _BYLINE:
                bar = self._begin_byline(mark[_BYLINE], start, mark.end())
            elif kind == _TITLE and self._layout is not _DATEBLOCK:
                if self._layout:
                    self._close(start, complete=False)
                else:
                    self._pass_by(start)
                self._begin(_DATEBLOCK, mark[_TITLE].rstrip(), mark[_HEADER], mark.end())
            elif kind == plain_end and self._layout is _DATEBLOCK:
                self.known = True
                self._close(start, complete=True)
                self.at = mark.end()
            elif kind == _LIST_END and self._layout is _BYLINES:
                self._end_list(start, mark.end())
            else:
                self._look(self.line_at(start))
        self._look_at_bars(bar, limit)
        return max(limit, self.at)

    def _look_at_bars(self, bar: int, end: int) -> int:
        """Look for bylines without their `By` in the lines with bars; returns the position of the next bar."""
        text = self.text
        if bar < self.at:
            bar = self._next_bar(self.at)
        while bar < end:
            start = max(text.rfind("\n", 0, bar) + 1, self.at)
            stop = text.find("\n", bar)
            stop = len(text) if stop < 0 else stop
            if byline.is_hinted(text, start, bar, stop) and text[start - 1] == "\n":
                self._is_barred(self.line_at(start))
            bar = self._next_bar(stop)
        return bar

    def _next_bar(self, start: int) -> int:
        """The position of the next bar, or the end of the text."""
        text = self.text
        bar = text.find("|", start)
        if self._wide and (wide := text.find("｜", start)) >= 0 and (bar < 0 or wide < bar):
            return wide
        return bar if bar >= 0 else len(text)

    def _is_barred(self, line: Line) -> bool:
        """Handle a line that looks like a byline without its `By`."""
        if not byline.may_be_barred(line.text):
            return False
        _, before = self.line_before(line.start)
        behind = self.line_behind(line.end)
        place = byline.Place(
            before=before,
            behind=behind.text if behind else "",
            in_byline=self._layout is _BYLINES,
            first=self._page_of is None,
            is_title=behind is not None and byline.begins(self.text, behind.start),
        )
        if not byline.is_barred(line.text, place):
            return False
        self._lose_byline(line)
        return True

    def _look(self, line: Line, *, glued: bool = False) -> None:
        """Handle a line that may begin with a mark: it begins an entry, ends one, or both, or it is a title or text."""
        if not glued and (self._begins_with_by(line) or self._is_barred(line)):
            return
        ahead = self.line_behind(line.end)
        if ahead and byline.begins(self.text, ahead.start):
            self._entitle(line)
            return
        beyond = self.line_behind(ahead.end) if ahead else None
        end_mark, list_end = self._marks.after_end(line.text), byline.after_list_end(line.text)
        alone = glued or self.gap_before(line.start)
        for text, complete in ((line.text, False), (end_mark, True), (list_end, True)):
            if text and ahead and self._heads(text, ahead, beyond, alone=alone or complete, inside=not complete):
                self._begin_dateblock(text, ahead, line, complete=complete)
                return
        if end_mark == "":
            self._end_entry(line.start, line.end, line.text)
        elif list_end == "" and self._layout is _BYLINES:
            self._end_list(line.start, line.end)

    def _begins_with_by(self, line: Line) -> bool:
        """Handle a line that begins with `By`, if it is a readable byline, or looks like one."""
        if not byline.begins(self.text, line.start):
            return False
        found = fields.read(line.text, self._learned.label if self._learned else "")
        if found and found.label:
            if self._learned is None:
                raise UnsureError
            self.labels[found.label] = self.labels.get(found.label, 0) + 1
        if found and not found.label:
            if found.implausible:
                self._remark(line, NoteKind.COUNT)
            self._begin_byline(found.mark, line.start, line.start + found.end)
        else:
            self._lose_byline(line)
        return True

    def _begin_byline(self, mark: str, start: int, end: int) -> int:
        """Begin an entry; the last line before it, glued to a byline or not, is its title. Returns the next bar."""
        text = self.text
        at = text.rfind("\n", self.at, start - 1) + 1 or self.at
        title = text[at : start - 1].strip()
        if not title:
            at, title = self.line_before(at)
        behind_lost = self._lost
        if self._layout:
            self._close(at, complete=self._layout is _BYLINES)
        else:
            self._pass_by(at)
        if title:
            self._begin(_BYLINES, title, mark, end)
        elif behind_lost:  # its title was dropped with the unreadable line
            self._remark(self.line_at(start), NoteKind.UNREAD)
        self.at = end
        if self._wide or text[end : end + 1] in self._may_begin:
            self._look_at_glued()
            return self._next_bar(self.at)
        bar = text.find("|", end)
        return bar if bar >= 0 else len(text)

    def _lose_byline(self, line: Line) -> None:
        """Handle an unreadable byline: the entry that it begins is unknown, and is no part of the entry before it."""
        at, title = self.line_before(line.start)
        if not title and self._layout is _DATEBLOCK:
            self._lost = True  # the line taken for the entry's title is the title of that one
        if self._layout:
            self._close(at, complete=self._layout is _BYLINES)
        else:
            self._pass_by(at)
        self._remark(line, NoteKind.UNREAD)
        self._begin(_BYLINES, title, "", line.start + byline.text_begins(line.text))
        self._lost = True
        self._look_at_glued()

    def _look_at_glued(self) -> None:
        """Handle text behind the label of a byline: it may be a mark, if there is no excerpt."""
        if self.text[self.at : self.at + 1] in self._marks.may_begin and self._marks.glued.compiled.match(
            self.text, self.at
        ):
            self._look(self.line_at(self.at), glued=True)

    def _entitle(self, line: Line) -> None:
        """Make the line the title of the byline behind it. A mark glued to its front ends the open entry."""
        text = line.text
        for after in (self._marks.after_end, byline.after_list_end):
            if rest := after(text):
                self._close(line.start, complete=True)
                self._page_ends = True
                self.at = line.start + line.text.rindex(rest)
                text = rest

    def _heads(self, text: str, title: Line, beyond: Line | None, *, alone: bool, inside: bool) -> bool:
        """Whether a date begins an entry: a title of one whole line follows it, with blank lines around.

        An unreadable date must be `alone`. `inside`: no mark ends the open entry before it.
        """
        found = dateblock.header(text)
        if not title.gap or (found is None and not (alone and dateblock.looks_like_header(text))):
            return False
        in_body = inside and self._layout and (self._layout is _DATEBLOCK or found is None)
        if in_body and title.text.rstrip().endswith(_SENTENCE_ENDS):
            return False
        if beyond is None:
            whole = self.text.startswith("\n", title.end)
        else:
            whole = beyond.gap and not byline.begins(self.text, beyond.start)
        if not whole or dateblock.header(title.text) or self._marks.after_end(title.text) == "":
            return False
        return found is not None or self._is_listing()

    def _begin_dateblock(self, text: str, title: Line, line: Line, *, complete: bool) -> None:
        """Begin an entry with this date; a mark before the date makes the open entry complete and ends the page."""
        found = dateblock.header(text)
        if not complete:
            self._pass_by(line.start)
        elif self._marks.after_end(line.text) is not None:
            self.known = True
            self._count_end(line.start, line.text[: line.text.rindex(text)])
        self._close(line.start, complete=complete)
        self._page_ends = self._page_ends or complete
        self._begin(_DATEBLOCK, title.text.strip(), found or "", title.end)
        if found is None:
            self._remark(line, NoteKind.UNREAD)
            self._lost = True
