"""Extracts what changed in an entry: the sentences before and after, for mails, for their text and for pages.

Both sides are typeset like the text of an entry: formulas are drawn and stay whole, and Chinese has its own marks.
Decisions 163, 168 and 169.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from html import escape

from digest.changes.dates import redates
from digest.mail.composing.message_template import without_marks
from digest.model import Content, EntryDate
from digest.typeset.characters import joined, strip_unsafe
from digest.typeset.differences import Change, Piece, differences
from digest.typeset.excerpt import cut
from digest.typeset.formulas import Channel, drawing, page
from digest.typeset.formulas import text as linear
from digest.typeset.html import inline
from digest.typeset.math.extract import Formula, pieces
from digest.typeset.punctuation import full_width
from digest.typeset.sentences import clauses, ends
from digest.typeset.titles import display_title

_MOST, _MOST_ON_PAGE = 3, 40  # changes shown for an entry
_LONGEST, _LONGEST_ON_PAGE = 180, 600  # characters of one side
# A displayed formula begins and ends a line by itself on a page.
_BEFORE_DISPLAYED = re.compile(r'<br/>((?:<(?:del|ins)>)?<span class="displayed">)')
_AFTER_DISPLAYED = re.compile(r'(</math>(?:<span class="tag">[^<]*</span>)?</span>(?:</(?:del|ins)>)?)<br/>')
_SEAM = "\n\ue0f2"  # between two paragraphs
_LONG_BETWEEN = 60  # characters; a longer unchanged stretch between two changes is abridged


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
    found = [change for one in corrections for change in _differences(one)]
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
    found = [_sentences(change) for change in _differences(Correction(before, after))[:_MOST_ON_PAGE]]
    titles = [(change.before, change.after) for change in differences(old, new, around=None)]
    made = ""
    for sides in (*titles, *found):
        made += '<div class="change">'
        for side, mark, name, label in zip(sides, ("del", "ins"), ("before", "after"), labels, strict=True):
            if inner := _side(side, mark, channel, _LONGEST_ON_PAGE).html:
                made += f'<p class="{name}">{escape(label)}{inner}</p>'
        made += "</div>\n"
    return _AFTER_DISPLAYED.sub(r"\1", _BEFORE_DISPLAYED.sub(r"\1", made)).strip()


def is_visible(corrections: Sequence[Correction]) -> bool:
    """Whether a visitor sees any of the changes. Another notation for the same formula or mark is not a correction."""
    return any(
        full_width(strip_unsafe(one.before.title)) != full_width(strip_unsafe(one.after.title))
        or (one.now is not None and (one.was is None or redates(one.was, one.now)))
        or _differences(one)
        for one in corrections
    )


def _differences(one: Correction) -> tuple[Change, ...]:
    """The paragraphs that look different, in full."""
    before, after = _typeset(one.before), _typeset(one.after)
    drawn = {drawing(formula): formula for paragraph in after.paragraphs for formula in _formulas(paragraph)}
    alike = tuple(_with_formulas(paragraph, drawn) for paragraph in before.paragraphs)
    return differences(replace(before, paragraphs=alike), after, around=None)


def _typeset(content: Content) -> Content:
    """The text as it is displayed. A formula over several lines is in one paragraph, so that it stays whole."""
    paragraphs = [""]
    written = (strip_unsafe(without_marks(paragraph)).replace(_SEAM, "\n") for paragraph in content.paragraphs)
    for piece in pieces(_SEAM.join(written)):
        if isinstance(piece, Formula):
            paragraphs[-1] += piece.source.replace(_SEAM, "\n")
            continue
        first, *others = piece.split(_SEAM)
        paragraphs[-1] += first
        paragraphs += others
    return replace(content, title="", paragraphs=tuple(map(full_width, paragraphs)))


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
    if new and _lacks(old, before, head) and (added := _alone(change.after, after, head)):
        return (), added
    if old and _lacks(new, after, head) and (removed := _alone(change.before, before, head)):
        return removed, ()
    return old, new


def _lacks(side: Sequence[Piece], whole: str, at: int) -> bool:
    """Whether nothing on this side differs and a sentence of the other side could begin at this place."""
    return not any(piece.changed for piece in side) and at in {0, *ends(whole)}


def _alone(side: Sequence[Piece], whole: str, at: int) -> tuple[Piece, ...]:
    """The addition or removal at this place, if it is one stretch of whole sentences; otherwise nothing."""
    changed = tuple(piece for piece in side if piece.changed)
    places = {0, len(whole), *ends(whole)}
    return changed if len(changed) == 1 and {at, at + len(changed[0].text)} <= places else ()


def _joined(side: Iterable[Piece]) -> str:
    return "".join(piece.text for piece in side)


def _common(one: str, other: str) -> int:
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _within(side: Sequence[Piece], start: int, end: int) -> tuple[Piece, ...]:
    """The pieces of those sentences that the stretch overlaps."""
    whole = _joined(side)
    places = [0, *ends(whole)]
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
    html = text = ""
    for piece in _short(stretches, longest):
        marked, plain = inline(pieces(piece.text), channel, []), joined(linear(piece.text))
        html += f"<{element}>{marked}</{element}>" if piece.changed else marked
        text += plain
    return Side(html.strip(), text.strip())


def _short(stretches: Sequence[Piece], longest: int) -> Iterator[Piece]:
    """The pieces, shortened to a length that one takes in at a glance.

    Formulas are never cut, and long stretches between changes are abridged.
    """
    left = longest
    for at, piece in enumerate(stretches):
        if left <= 0:
            yield Piece("……", changed=False)
            return
        between = not piece.changed and 0 < at < len(stretches) - 1
        whole = _in_part(piece.text) if between and len(piece.text) > _LONG_BETWEEN else piece.text
        text = cut(whole, left)
        yield Piece(text, piece.changed)
        if text != whole:
            return
        left -= len(text)


def _in_part(text: str) -> str:
    """The first and the last clause, with an ellipsis for the text between them."""
    marks = sorted({*clauses(text), *(place - 1 for place in ends(text))})
    head, tail = (marks[0], marks[-1] + 1) if marks else (0, 0)
    return f"{text[:head]}……{text[tail:]}" if head > 0 and tail - head > _LONG_BETWEEN // 2 else text
