"""Extracts what changed in an entry: the sentences before and after, for mails, for their text and for pages.

Both sides are typeset like the text of an entry: formulas are drawn and stay whole, and Chinese has its own marks.
Decisions 163, 168 and 169.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from html import escape

from digest.changes.dates import redates
from digest.dumps.structure import blocks
from digest.mail.composing.message_template import without_marks
from digest.model import BlockKind, Content, EntryDate
from digest.typeset.characters import joined, strip_unsafe
from digest.typeset.differences import Change, Piece, differences
from digest.typeset.excerpt import before_word, cut, dots
from digest.typeset.formulas import Channel, drawing, page
from digest.typeset.formulas import text as linear
from digest.typeset.html import inline
from digest.typeset.math.extract import Formula, pieces
from digest.typeset.math.tree import tree
from digest.typeset.punctuation import full_width
from digest.typeset.sentences import HOLE, clauses, ends, masked
from digest.typeset.titles import display_title

_MOST, _MOST_ON_PAGE = 3, 40  # changes shown for an entry
_LONGEST, _LONGEST_ON_PAGE = 180, 600  # characters of one side
# A displayed formula begins and ends a line by itself on a page.
_BEFORE_DISPLAYED = re.compile(r'<br/>((?:<(?:del|ins)>)?<span class="displayed">)')
_AFTER_DISPLAYED = re.compile(r'(</math>(?:<span class="tag">[^<]*</span>)?</span>(?:</(?:del|ins)>)?)<br/>')
_SEAM = "\n\ue0f2"  # between two paragraphs
# Code begins with a mark, and has other characters for those that begin a formula.
_CODE, _IN_CODE = "\ue0f3", {ord("$"): "\ue0f4", ord("\\"): "\ue0f5"}
_AS_READ = {0xE0F3: None, 0xE0F4: "$", 0xE0F5: "\\"}
_OURS = dict.fromkeys(_AS_READ)
_LONG_BETWEEN = 60  # characters; a longer unchanged stretch between two changes is abridged
_RAW = re.compile(r" ?[^\s\u2e80-\uffef]*\\[A-Za-z]+(?:[^\u2e80-\uffef\n]*[^\s\u2e80-\uffef])? ?")  # TeX in no formula
_LINE_END = re.compile("(?<=[^\ufffc\n])\n(?=[^\ufffc\n])")
_EDGES = re.compile("^(?:<br/>)+|(?:<br/>)+$")
_VERSE_BREAKS = 2  # of lines, at least
_FAR = 500  # characters by which an added sentence that begins like the next one may stand earlier


@dataclass(frozen=True, slots=True)
class Correction:
    """An announced revision, together with the content that it replaced.

    `was` and `now` are the dates before and after the revision if it changes the day; otherwise both are None. `was` is
    also None if the earlier date was unknown.
    """

    before: Content
    after: Content
    was: EntryDate | None = None
    now: EntryDate | None = None

    @property
    def rewords(self) -> bool:
        """Whether the revision changed the text; the title does not count."""
        return (self.before.paragraphs, self.before.figures) != (self.after.paragraphs, self.after.figures)


@dataclass(frozen=True, slots=True)
class Side:
    """Sentences before or after a change, with the differences marked in HTML. Both are empty if there are none."""

    html: str
    text: str


@dataclass(frozen=True, slots=True)
class Extract:
    """The first changes as pairs of before and after, and the number of further changes."""

    changes: tuple[tuple[Side, Side], ...]
    more: int


def extract(corrections: Sequence[Correction], channel: Channel) -> Extract:
    """The changes that the corrections made, apart from titles; `channel` renders formulas as HTML."""
    found = [change for one in corrections for change in _differences(one, quoted=True)]
    made = tuple(
        (_side(before, "del", channel, _LONGEST), _side(after, "ins", channel, _LONGEST))
        for before, after in map(_sentences, found[:_MOST])
    )
    return Extract(made, len(found) - len(made))


def changes_html(before: Content, after: Content, channel: Channel = page, labels: tuple[str, str] = ("", "")) -> str:
    """The visible changes of a revision, the title first: safe HTML, empty if there is none.

    `labels` begin the two sides where no style sheet does; `channel` renders formulas.
    """
    old, new = (replace(one, title=display_title(one), paragraphs=()) for one in (before, after))
    found = [_sentences(change) for change in _differences(Correction(before, after), quoted=True)[:_MOST_ON_PAGE]]
    titles = [(change.before, change.after) for change in differences(old, new, around=None)]
    made = ""
    for sides in (*titles, *found):
        made += '<div class="change">'
        for side, mark, name, label in zip(sides, ("del", "ins"), ("before", "after"), labels, strict=True):
            if inner := _side(side, mark, channel, _LONGEST_ON_PAGE).html:
                made += f'<p class="{name}">{escape(label)}{inner}</p>'
        made += "</div>\n"
    return _AFTER_DISPLAYED.sub(r"\1", _BEFORE_DISPLAYED.sub(r"\1", made)).strip()


def corrections_html(
    corrections: Sequence[Correction], channel: Channel = page, labels: tuple[str, str] = ("", "")
) -> str:
    """The visible changes of several corrections, one after the other; see `changes_html`."""
    return "\n".join(filter(None, (changes_html(one.before, one.after, channel, labels) for one in corrections)))


def is_visible(corrections: Sequence[Correction]) -> bool:
    """Whether a visitor sees any of the changes. Another notation for the same formula or mark is not a correction."""
    return any(
        full_width(strip_unsafe(one.before.title)) != full_width(strip_unsafe(one.after.title))
        or (one.now is not None and (one.was is None or redates(one.was, one.now)))
        or _differences(one)
        for one in corrections
    )


def _differences(one: Correction, *, quoted: bool = False) -> tuple[Change, ...]:
    """The paragraphs that look different, in full; `quoted` ones have an ellipsis for TeX that cannot be drawn."""
    before, after = _typeset(one.before, quoted=quoted), _typeset(one.after, quoted=quoted)
    drawn = {drawing(formula): formula for paragraph in after.paragraphs for formula in _formulas(paragraph)}
    alike = (
        replace(one, paragraphs=tuple(_with_formulas(part, drawn) for part in one.paragraphs))
        for one in (before, after)
    )
    return differences(*alike, around=None)


def _typeset(content: Content, *, quoted: bool) -> Content:
    """The text as it is displayed. A formula over several lines is in one paragraph, so that it stays whole."""
    code = {line for block in blocks(content) if block.kind is BlockKind.CODE for line in block.text.split("\n")}
    paragraphs = [""]
    for piece in pieces(_SEAM.join(_written(paragraph, code) for paragraph in content.paragraphs)):
        if isinstance(piece, Formula):
            paragraphs[-1] += "……" if quoted and tree(piece) is None else piece.source.replace(_SEAM, "\n")
            continue
        first, *others = (_RAW.sub("……", piece) if quoted else piece).split(_SEAM)
        paragraphs[-1] += first
        paragraphs += others
    return replace(content, title="", paragraphs=tuple(map(_as_displayed, paragraphs)))


def _written(paragraph: str, code: AbstractSet[str]) -> str:
    """A paragraph without anything that means something to us; in code, nothing begins a formula."""
    text = strip_unsafe(without_marks(paragraph)).replace(_SEAM, "\n").translate(_OURS)
    return _CODE + text.translate(_IN_CODE) if code >= set(paragraph.split("\n")) else text


def _as_displayed(paragraph: str) -> str:
    return paragraph if paragraph.startswith(_CODE) else full_width(paragraph)


def _formulas(paragraph: str) -> Iterator[Formula]:
    return (piece for piece in pieces(paragraph) if isinstance(piece, Formula))


def _with_formulas(paragraph: str, drawn: dict[tuple[str, bool, str], Formula]) -> str:
    """The paragraph, with each formula written like the one of `drawn` that looks the same."""
    return "".join(
        piece if isinstance(piece, str) else drawn.get(drawing(piece), piece).source for piece in pieces(paragraph)
    )


def _sentences(change: Change) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """The sentences of both sides from the first to the last difference. A side that only lacks sentences has none."""
    before, after = _joined(change.before), _joined(change.after)
    head = _common(before, after)
    tail = _common(before[head:][::-1], after[head:][::-1])
    old, new = _within(change.before, head, len(before) - tail), _within(change.after, head, len(after) - tail)
    if added := _alone(change.after, change.before):
        return (), added
    if removed := _alone(change.before, change.after):
        return removed, ()
    return old, new


def _alone(side: Sequence[Piece], other: Sequence[Piece]) -> tuple[Piece, ...]:
    """What only this side has, if that is one stretch of whole sentences and all that differs; otherwise nothing.

    A sentence that begins like the one behind it could as well be said to stand some characters earlier.
    """
    changed = [at for at, piece in enumerate(side) if piece.changed]
    if len(changed) != 1 or any(piece.changed for piece in other):
        return ()
    whole, size = _joined(side), len(side[changed[0]].text)
    first = len(_joined(side[: changed[0]]))
    places = {*_places(whole), len(whole)}
    for start in range(first, max(-1, first - _FAR), -1):
        if {start, start + size} <= places:
            return (Piece(whole[start : start + size], changed=True),)
        if whole[start - 1 : start] != whole[start + size - 1 : start + size]:
            break
    return ()


def _places(text: str) -> list[int]:
    """Where sentences begin, and the lines of verse and code, which are not beside a displayed formula."""
    lines = [found.end() for found in _LINE_END.finditer(masked(text))] if text.count("\n") >= _VERSE_BREAKS else []
    return sorted({0, *ends(text), *lines})


def _joined(side: Iterable[Piece]) -> str:
    return "".join(piece.text for piece in side)


def _common(one: str, other: str) -> int:
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _within(side: Sequence[Piece], start: int, end: int) -> tuple[Piece, ...]:
    """The pieces of those sentences that the stretch overlaps."""
    whole = _joined(side)
    places = _places(whole)
    first = max((place for place in places if place <= start and place < len(whole)), default=0)
    last = next((place for place in places if place >= max(end, first + 1)), len(whole))
    made, at = [], 0
    for piece in side:
        text = piece.text[max(0, first - at) : max(0, last - at)]
        at += len(piece.text)
        if text:
            made.append(Piece(text, piece.changed))
    return tuple(made)


def _side(stretches: Sequence[Piece], element: str, channel: Channel, longest: int) -> Side:
    short = list(_short(stretches, longest))
    parts = [(part, element if piece.changed else "") for piece in short for part in pieces(piece.text)]
    html = inline([part for part, _ in parts], channel, [], [mark for _, mark in parts])
    text = "".join(linear(piece.text) for piece in short)
    return Side(_EDGES.sub("", html.translate(_AS_READ).strip()), joined(text.translate(_AS_READ)))


def _short(stretches: Sequence[Piece], longest: int) -> Iterator[Piece]:
    """The pieces, shortened to a length that one takes in at a glance.

    Formulas are never cut, and long stretches between changes and before the first one are abridged.
    """
    left = longest
    for at, piece in enumerate(stretches):
        if left <= 0:
            yield Piece(dots(piece.text), changed=False)
            return
        whole, goes_on = piece.text, not piece.changed and at < len(stretches) - 1
        if goes_on and at and len(whole) > _LONG_BETWEEN:
            whole = _in_part(whole)
        elif goes_on and len(whole) > longest // 3:
            whole = _last_part(whole, longest // 3)
        text = cut(whole, left)
        yield Piece(text, piece.changed)
        if text != whole:
            return
        left -= len(text)


def _in_part(text: str) -> str:
    """The first and the last clause, with an ellipsis for the text between them."""
    marks = sorted({*clauses(text), *(place - 1 for place in ends(text))})
    head, tail = (marks[0], marks[-1] + 1) if marks else (0, 0)
    return f"{text[:head]}{dots(text)}{text[tail:]}" if head > 0 and tail - head > _LONG_BETWEEN // 2 else text


def _last_part(text: str, limit: int) -> str:
    """The last clauses, about `limit` characters, with an ellipsis for the text before them."""
    least = len(text) - limit
    hidden = masked(text)
    at = next((place + 1 for place in clauses(text) if place + 1 >= least), before_word(hidden, least))
    while at < len(text) and hidden[at - 1 : at + 1] == HOLE * 2:  # within a formula
        at += 1
    return text if at == len(text) else dots(text) + text[at:].lstrip()
