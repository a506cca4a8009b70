"""Applies what one page changed in a text to the published text.

A page may show less of an article than is published, because another page showed more. So a change is what the page
itself started or stopped to show since its last reading. Showing less than is known is not a change. Decision 19.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from rapidfuzz import fuzz

from digest.changes.text import captions_of, folded, folded_line, same_text, with_figures
from digest.model import Content

_CUT = re.compile(r"(?:\.{3,}|…+)$")
_ALIKE = 0.5  # of the missing end: at least so much must have been inserted before it
_SAME_LINE = 50  # per cent; two versions of one line are at least so similar
_SEAM = 3  # characters at the end of an excerpt; if they are unchanged, it is cut at the same place
_LEAST = 4  # characters; a shorter line does not count as a cut one


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a text: in the form for comparison, as written, and with the number of its paragraph."""

    text: str
    written: str
    paragraph: int


def edited(published: Content, before: Content, now: Content) -> Content:
    """The published content with the changes that a page made between two complete readings, `before` and `now`.

    If nothing changes, the published object itself is returned. Title and author stay. If an excerpt of fixed length
    lost its end because something was inserted before it, the end stays.
    """
    captions = captions_of(published, before, now)
    old, new = list(_lines(before, captions)), list(_lines(now, captions))
    whole = _uncut(old, new)
    if same_text(published, before):
        paragraphs = list(now.paragraphs) if whole == new else _paragraphs(whole)
        return _with(published, now, paragraphs)
    stands = list(_lines(published, captions))
    merged = _merged(stands, old, whole)
    if [line.text for line in merged] == [line.text for line in stands]:
        return published
    return _with(published, now, _paragraphs(merged))


def shows_retracted(shown: Content, published: Content, earlier: Iterable[Content]) -> bool:
    """Whether the text shows a line that was retracted, which proves that it is an old text."""
    captions = captions_of(shown)
    here = {line.text for line in _lines(published, captions)}
    retracted = {line.text for content in earlier for line in _lines(content, captions)} - here
    return any(line.text in retracted for line in _lines(shown, captions))


def _with(published: Content, now: Content, paragraphs: list[str]) -> Content:
    figures = now.figures
    if not figures and published.figures:
        paragraphs, figures = with_figures(paragraphs, published), published.figures
    return replace(published, paragraphs=tuple(paragraphs), figures=tuple(f for f in figures if f in paragraphs))


def _lines(content: Content, captions: frozenset[str]) -> Iterator[_Line]:
    for number, paragraph in enumerate(content.paragraphs):
        for written in paragraph.split("\n"):
            text = folded_line(written)
            if text and text not in captions:
                yield _Line(text, written, number)


def _paragraphs(lines: Sequence[_Line]) -> list[str]:
    """Adjacent lines of one paragraph form a paragraph."""
    made: list[str] = []
    last = None
    for line in lines:
        if line.paragraph == last:
            made[-1] += "\n" + line.written
        else:
            made.append(line.written)
        last = line.paragraph
    return made


def _uncut(old: list[_Line], new: list[_Line]) -> list[_Line]:
    """The new lines, with the end that they lost only to the length of the excerpt.

    That is so if at least as much was inserted before as the end lacks, or if an ellipsis marks the cut.
    """
    if not old or not new:
        return new
    cut = _CUT.sub("", new[-1].text)
    for at, line in enumerate(old):
        begins = line.text != cut and len(cut) >= _LEAST and line.text.startswith(cut)
        if begins and (cut != new[-1].text or _size(new[:-1]) > _size(old[:at])):
            return [*new[:-1], *_renumbered(old[at:], new)]
    end = next((at for at in range(len(old) - 1, -1, -1) if old[at].text == new[-1].text), len(old))
    missing = _size(old[end + 1 :])
    if missing and _size(new) - _size(old[: end + 1]) >= _ALIKE * missing:
        return [*new, *_renumbered(old[end + 1 :], new)]
    return new


def _size(lines: Sequence[_Line]) -> int:
    return sum(len(line.text) for line in lines)


def _renumbered(lines: Sequence[_Line], behind: Sequence[_Line]) -> list[_Line]:
    """The lines as paragraphs after others."""
    first = behind[-1].paragraph + 1 - lines[0].paragraph
    return [_Line(line.text, line.written, line.paragraph + first) for line in lines]


def _merged(stands: list[_Line], old: Sequence[_Line], new: Sequence[_Line]) -> list[_Line]:
    """The published lines without what the page stopped to show, and with what it started to show in its place."""
    olds, news = [line.text for line in old], [line.text for line in new]
    place = _places(olds, [line.text for line in stands])
    removed: set[int] = set()
    inserted: dict[int, list[_Line]] = {}
    here, shown = {line.text for line in stands}, set(news)
    for kind, first, end, start, behind in SequenceMatcher(None, olds, news, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        at = place[first] if kind == "replace" and first in place else _where(place, first, len(stands))
        removed |= {place[n] for n in range(first, end) if n in place and stands[place[n]].text not in shown}
        if any(n not in place for n in range(first, end)):  # another page edited the same line
            gap = range(*_gap(place, first, end, len(stands)))
            removed |= {n for n in gap if _is_rewritten(stands[n], new[start:behind])}
        fresh = [line for line in new[start:behind] if line.text not in here and not _is_cut(line, here)]
        if fresh and end == len(old) and behind == len(new) and end - 1 in place:
            fresh[-1] = _with_end(fresh[-1], old[-1], stands[place[end - 1]])
        inserted.setdefault(at, []).extend(fresh)
    top = max((line.paragraph for line in stands), default=0) + 1
    made: list[_Line] = []
    for at in range(len(stands) + 1):
        made += [_Line(line.text, line.written, line.paragraph + top) for line in inserted.get(at, ())]
        if at < len(stands) and at not in removed:
            made.append(stands[at])
    return made


def _with_end(now: _Line, before: _Line, stands: _Line) -> _Line:
    """The last line of an excerpt, with the end of the published line that only another page shows."""
    cut, here = _CUT.sub("", before.written), _CUT.sub("", now.written)
    end = stands.written.removeprefix(cut)
    if end in ("", stands.written) or here[-_SEAM:] != cut[-_SEAM:]:
        return now
    written = here + end
    return _Line(folded(written), written, now.paragraph)


def _gap(place: dict[int, int], first: int, end: int, size: int) -> tuple[int, int]:
    """The published lines between those that the page left unchanged."""
    above = max((at + 1 for n, at in place.items() if n < first), default=0)
    return above, min((at for n, at in place.items() if n >= end), default=size)


def _is_rewritten(line: _Line, new: Sequence[_Line]) -> bool:
    """Whether a published line is another version of a line that the page shows now."""
    if any(line.text.startswith(_CUT.sub("", one.text)) for one in new):  # the page shows this line, in full or cut
        return False
    return any(fuzz.ratio(line.text, one.text) >= _SAME_LINE for one in new)


def _is_cut(line: _Line, here: Iterable[str]) -> bool:
    """Whether the line is the beginning of a line that is published already."""
    cut = _CUT.sub("", line.text)
    return len(cut) >= _LEAST and any(text.startswith(cut) for text in here)


def _places(olds: Sequence[str], stands: Sequence[str]) -> dict[int, int]:
    """The places of a page's lines in the published text, by line number. A cut last line counts as complete."""
    found: dict[int, int] = {}
    for block in SequenceMatcher(None, olds, stands, autojunk=False).get_matching_blocks():
        found |= {block.a + n: block.b + n for n in range(block.size)}
    last = len(olds) - 1
    if last >= 0 and last not in found:
        cut = _CUT.sub("", olds[last])
        whole = [at for at, text in enumerate(stands) if len(cut) >= _LEAST and text.startswith(cut)]
        if len(whole) == 1:
            found[last] = whole[0]
    return found


def _where(place: dict[int, int], first: int, end: int) -> int:
    """The place in the published text after the line before, or before the line after."""
    before = next((place[n] for n in range(first - 1, -1, -1) if n in place), None)
    if before is not None:
        return before + 1
    return min((at for n, at in place.items() if n >= first), default=end)


def is_cut_elsewhere(before: Content, now: Content) -> bool:
    """Whether two texts differ only in the place where an ellipsis cuts their last line."""
    old, new = list(_lines(before, frozenset())), list(_lines(now, frozenset()))
    if len(old) != len(new) or not old or [line.text for line in old[:-1]] != [line.text for line in new[:-1]]:
        return False
    shorter, longer = sorted((old[-1].text, new[-1].text), key=len)
    cut = _CUT.sub("", shorter)
    return cut != shorter and longer.startswith(cut)
