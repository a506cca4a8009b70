"""The rules of cutting, applied line by line to a whole text: slow, and obviously right.

How a single line is read (counts, dates, the shape of a byline) is taken from the layouts, and proved apart.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from digest.dumps.interface import Cut
from digest.dumps.layouts import byline, dateblock, fields
from digest.dumps.layouts.characters import INVISIBLE, bare
from digest.dumps.lines import is_begun
from digest.dumps.reading import Reading
from digest.model import Layout, Note, NoteKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from digest.model import Sighting

_KNOWN_END = r"(?:点击阅读全文|點擊閱讀全文)(?:\.{1,6}|…{1,3}|。{1,3}|(?: |\xa0)?(?:>>>?|»|→|›|≫))?"
_LIST_END = re.compile(rf"[\s{INVISIBLE}]*最近(?:评论|評論)(.*)")


class _Line(NamedTuple):
    text: str
    gap: bool
    ended: bool
    number: int = 0


_NONE = _Line("", gap=True, ended=True)


@dataclass
class _Found:
    """Facts that only the whole text shows."""

    listing: bool = True
    ends: list[str] = field(default_factory=list)
    label: str = ""


def sightings(text: Callable[[], Iterable[str]], dump: str, notes: list[Note] | None = None) -> list[Sighting]:
    """What the program finds in a text, and its notes."""
    reading = Reading(text, dump)
    found = list(reading.sightings())
    if notes is not None:
        notes += reading.notes
    return found


def cut_slowly(text: str) -> tuple[list[Sighting], list[Note]]:
    """What `digest.dumps.reading` has to find in a text."""
    written = text.split("\n")
    lines = [
        _Line(line, at == 0 or not written[at - 1].strip(), at + 1 < len(written), at + 1)
        for at, line in enumerate(written)
        if line.strip()
    ]
    cutter = _Lines(_found(_Lines(_Found()).take_all(lines))).take_all(lines)
    said = {Layout.BYLINE: byline.sighting, Layout.DATEBLOCK: dateblock.sighting}
    sightings = [said[cut.layout](cut, "a.txt", position) for position, cut in enumerate(cutter.cuts)]
    return sightings, sorted(cutter.notes + list(cutter.ends.values()), key=lambda note: note.line)


def _found(cutter: _Lines) -> _Found:
    bodies = [
        [bare(line) for line in cut.body.split("\n") if line]
        for cut in cutter.cuts
        if cut.layout is Layout.DATEBLOCK and not cut.complete
    ]
    last = {body[-1] for body in bodies if body and dateblock.reads_as_more(body[-1])}
    under = Counter(line for body in bodies for line in set(body))
    glued = [
        second.title
        for first, second in zip(cutter.cuts, cutter.cuts[1:], strict=False)
        if first.layout is Layout.DATEBLOCK and not first.complete
    ]
    ends = [line for line in last if under[line] + sum(title.startswith(line) for title in glued) >= 2]
    half = len(cutter.cuts) == 1 and cutter.begins_at_once and not last and not cutter.notes
    labels = set(cutter.labels)
    label = cutter.labels[0] if len(labels) == 1 and len(cutter.labels) >= 2 else ""
    return _Found(cutter.known or bool(ends) or half, ends, label)


def _is_by(text: str) -> bool:
    return byline.begins_with_by(text) or fields.read(text) is not None


class _Lines:
    def __init__(self, found: _Found) -> None:
        self.cuts: list[Cut] = []
        self.notes: list[Note] = []
        self.ends: dict[str, Note] = {}
        self.labels: list[str] = []
        self.known = self.begins_at_once = False
        self._found = found
        learned = [r"\s+".join(map(re.escape, line.split())) for line in found.ends]
        learned = [end + (r"(?=\s*$)" if re.search("[A-Za-z0-9]$", end) else "") for end in learned]
        self._end = re.compile(
            rf"[\s{INVISIBLE}]*({'|'.join([*sorted(learned, key=len, reverse=True), _KNOWN_END])})(.*)"
        )
        self._open: Cut | None = None
        self._lost = False
        self._lines: list[str] = []
        self._before = ""  # the line before, where nothing but text was in between
        self._title, self._taken = "", False
        self._page, self._page_ends = 0, False
        self._page_of: Layout | None = None

    def take_all(self, lines: list[_Line]) -> _Lines:
        for line, ahead, beyond in zip(lines, [*lines[1:], _NONE], [*lines[2:], _NONE, _NONE], strict=False):
            if self._taken:  # as the title of the date before it
                self._taken = False
            elif not _is_cut(line) and not (line.text and not line.ended and is_begun(line.text)):
                self._take(line, ahead, beyond)
        self._close(complete=False)
        return self

    @property
    def _layout(self) -> Layout | None:
        return self._open.layout if self._open else None

    def _take(self, line: _Line, ahead: _Line, beyond: _Line) -> None:
        if _is_by(line.text):
            found = fields.read(line.text, self._found.label)
            if found and not found.label:
                if found.implausible:
                    self._note(line, NoteKind.COUNT)
                was_lost, title = self._lost, self._title
                self._close(complete=self._layout is Layout.BYLINE)
                if title:
                    self._begin(Layout.BYLINE, title, found.mark)
                elif was_lost:
                    self._note(line, NoteKind.UNREAD)
                self._behind_label(line, line.text[found.end :], ahead, beyond)
            else:
                self.labels += [found.label] if found else []
                self._lose(line, ahead, beyond)
        elif byline.is_barred(line.text, self._place(self._title or self._before, ahead)):
            self._lose(line, ahead, beyond)
        elif _is_by(ahead.text):
            self._entitle(line.text)
        else:
            self._text(line, ahead, beyond)

    def _place(self, before: str, behind: _Line) -> byline.Place:
        return byline.Place(
            before=before.strip(),
            behind=behind.text,
            in_byline=self._layout is Layout.BYLINE,
            first=self._page_of is None,
            is_title=_is_by(behind.text),
        )

    def _lose(self, line: _Line, ahead: _Line, beyond: _Line) -> None:
        if self._layout is Layout.DATEBLOCK and not self._title:
            self._lost = True
        title = self._title
        self._close(complete=self._layout is Layout.BYLINE)
        self._note(line, NoteKind.UNREAD)
        self._begin(Layout.BYLINE, title, "")
        self._lost = True
        self._behind_label(line, line.text[byline.text_begins(line.text) :], ahead, beyond)

    def _behind_label(self, line: _Line, rest: str, ahead: _Line, beyond: _Line) -> None:
        self._title, self._before = "", ""
        if _is_by(ahead.text):
            self._entitle(rest)
        elif rest.strip():
            self._text(line._replace(text=rest, gap=True), ahead, beyond, glued=True)

    def _entitle(self, text: str) -> None:
        """The line before a byline is its title, less a mark in front."""
        for mark in (self._end, _LIST_END):
            if (found := mark.match(text)) and (rest := bare(found.groups()[-1])):
                self._close(complete=True)
                self._page_ends, text = True, text[text.rindex(rest) :]
        self._title = text.strip()

    def _text(self, line: _Line, ahead: _Line, beyond: _Line, *, glued: bool = False) -> None:
        found_end, found_list = self._end.match(line.text), _LIST_END.match(line.text)
        end = bare(found_end[2]) if found_end else None
        list_end = bare(found_list[1]) if found_list else None
        for text, complete in ((line.text, False), (end, True), (list_end, True)):
            if text and self._heads(text, line, ahead, beyond, complete=complete):
                if found_end and complete:
                    self._count(found_end[1], line)
                self._close(complete=complete)
                self._page_ends |= complete
                self._begin(Layout.DATEBLOCK, ahead.text.strip(), dateblock.header(text) or "")
                self._taken = True
                if dateblock.header(text) is None:
                    self._note(line, NoteKind.UNREAD)
                    self._lost = True
                return
        if found_end and end == "":
            self.known = True
            if self._layout is Layout.DATEBLOCK:
                self._count(found_end[1], line)
                self._close(complete=True)
                return
        elif list_end == "" and self._layout is Layout.BYLINE:
            self._close(complete=True)
            self._page_ends = True
            return
        if not _is_cut(ahead):  # else it is the title of a byline that is being written
            self._keep(line, ahead, beyond, glued=glued)

    def _keep(self, line: _Line, ahead: _Line, beyond: _Line, *, glued: bool) -> None:
        """A line without a mark: the title of a byline without `By`, or text, or furniture."""
        if byline.is_barred(ahead.text, self._place(line.text, beyond)) and not _is_by(ahead.text):
            self._title = line.text.strip()
        elif self._open:
            apart = line.gap and not glued and self._lines and self._layout is Layout.DATEBLOCK
            self._lines += ["", line.text] if apart else [line.text]
        else:
            self._page_ends = True
        self._before = line.text

    def _heads(self, text: str, line: _Line, title: _Line, beyond: _Line, *, complete: bool) -> bool:
        """Whether it is a date, or looks like one, behind which a title stands: one whole line between blank ones."""
        found = dateblock.header(text)
        if found is None and not (dateblock.looks_like_header(text) and (line.gap or complete)):
            return False
        in_body = not complete and (self._layout is Layout.DATEBLOCK or (self._open and found is None))
        if in_body and title.text.rstrip().endswith(tuple("。，,;；、")):
            return False
        alone = title is not _NONE and title.gap and beyond.gap and (title.ended or beyond is not _NONE)
        end = self._end.match(title.text)
        marked = dateblock.header(title.text) or (end and not bare(end[2])) or _is_by(beyond.text)
        return bool(alone and not marked and (found or self._found.listing))

    def _count(self, mark: str, line: _Line) -> None:
        """An end mark; one that was learned is counted."""
        self.known = True
        if not self._lost and self._layout is Layout.DATEBLOCK and not re.fullmatch(_KNOWN_END, mark):
            first = self.ends.setdefault(mark, Note(line.number, NoteKind.END_MARK, mark))
            self.ends[mark] = Note(first.line, first.kind, mark, first.entries + 1)

    def _note(self, line: _Line, kind: NoteKind) -> None:
        self.notes.append(Note(line.number, kind, line.text.strip()[: Note.LONGEST]))

    def _begin(self, layout: Layout, title: str, mark: str) -> None:
        self.begins_at_once |= self._page_of is None and not self._page_ends
        self._page += self._page_of is not None and (self._page_ends or self._page_of is not layout)
        self._page_of, self._page_ends, self._lines, self._lost = layout, False, [], False
        self._title = self._before = ""
        self._open = Cut(layout, self._page, title, mark, "", complete=False)

    def _close(self, *, complete: bool) -> None:
        if self._open:
            told = complete or self._layout is Layout.BYLINE or self._found.listing
            if told and not self._lost:
                self.cuts.append(self._open._replace(body="\n".join(self._lines), complete=complete))
            self._open, self._lost, self._page_ends = None, False, not complete
        self._title = self._before = ""


def _is_cut(line: _Line) -> bool:
    """Whether the end of the file cut a byline here."""
    return line is not _NONE and not line.ended and byline.is_being_written(line.text)
