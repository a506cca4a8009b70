"""What changed in an entry that was told before: the sentences before and now, for HTML and for text. Knows no edition.

Both are typeset as the text of an entry is: formulas whole, Chinese punctuation full-width.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from html import escape
from typing import TYPE_CHECKING

from digest.changes.dates import redates
from digest.mail.personal import without_marks
from digest.typeset.characters import shown
from digest.typeset.differences import Change, Piece, differences
from digest.typeset.excerpt import cut
from digest.typeset.formulas import text as linear
from digest.typeset.math.extract import Formula, pieces
from digest.typeset.math.mathml import mathml
from digest.typeset.punctuation import full_width
from digest.typeset.sentences import clauses, ends

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from digest.model import Content, EntryDate

_MOST = 3  # changes of an entry; its page shows all
_LONGEST = 180  # characters of a side
_LONG_BETWEEN = 60  # characters between two changes, of which a longer stretch is shown in part


@dataclass(frozen=True, slots=True)
class Correction:
    """A revision that is told, beside what it replaced.

    `was` and `now` are the dates before and after it where it tells another day, else both absent; `was` is absent
    too where none was known.
    """

    before: Content
    after: Content
    was: EntryDate | None = None
    now: EntryDate | None = None

    @property
    def rewords(self) -> bool:
        """Whether it changed the text, titles apart."""
        return (self.before.paragraphs, self.before.figures) != (self.after.paragraphs, self.after.figures)


@dataclass(frozen=True, slots=True)
class Side:
    """Sentences as they were or as they are, in HTML what differs marked; both empty where there are none."""

    html: str
    text: str


@dataclass(frozen=True, slots=True)
class Extract:
    """The first changes as pairs of before and after, and how many more there are."""

    changes: tuple[tuple[Side, Side], ...]
    more: int


def extract(corrections: Sequence[Correction], channel: Callable[[Formula], str]) -> Extract:
    """What the corrections changed, titles apart; `channel` shows formulas in HTML."""
    found = [change for one in corrections for change in _differences(one)]
    made = tuple(
        (_side(before, "del", channel), _side(after, "ins", channel))
        for before, after in map(_sentences, found[:_MOST])
    )
    return Extract(made, len(found) - len(made))


def seen(corrections: Sequence[Correction]) -> bool:
    """Whether a reader sees any of it: another writing of an equal formula or mark is no correction."""
    return any(
        shown(one.before.title) != shown(one.after.title)
        or (one.now is not None and (one.was is None or redates(one.was, one.now)))
        or _differences(one)
        for one in corrections
    )


def _differences(one: Correction) -> tuple[Change, ...]:
    """The paragraphs that look otherwise, whole."""
    before, after = _typeset(one.before), _typeset(one.after)
    drawn = {_drawing(formula): formula for paragraph in after.paragraphs for formula in _formulas(paragraph)}
    alike = tuple(_with_formulas(paragraph, drawn) for paragraph in before.paragraphs)
    return differences(replace(before, paragraphs=alike), after, around=None)


def _typeset(content: Content) -> Content:
    paragraphs = (full_width(shown(without_marks(paragraph))) for paragraph in content.paragraphs)
    return replace(content, title="", paragraphs=tuple(paragraphs))


def _formulas(paragraph: str) -> Iterator[Formula]:
    return (piece for piece in pieces(paragraph) if isinstance(piece, Formula))


def _drawing(formula: Formula) -> tuple[str, bool, str]:
    """What a reader sees of a formula."""
    return mathml(formula) or formula.source, formula.display, formula.tag


def _with_formulas(paragraph: str, drawn: dict[tuple[str, bool, str], Formula]) -> str:
    """The paragraph, formulas that look like one of `drawn` written as that is."""
    return "".join(
        piece if isinstance(piece, str) else drawn.get(_drawing(piece), piece).source for piece in pieces(paragraph)
    )


def _sentences(change: Change) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Of both sides the sentences from the first difference to the last; none of a side that only lacks sentences."""
    before, after = _joined(change.before), _joined(change.after)
    head = _common(before, after)
    tail = _common(before[head:][::-1], after[head:][::-1])
    old, new = _within(change.before, head, len(before) - tail), _within(change.after, head, len(after) - tail)
    if new and _lacks(old, before, head) and (added := _alone(change.after, after, head)):
        return (), added
    if old and _lacks(new, after, head) and (taken := _alone(change.before, before, head)):
        return taken, ()
    return old, new


def _lacks(side: Sequence[Piece], whole: str, at: int) -> bool:
    """Whether nothing of a side differs, and a sentence could stand where the other side has more."""
    return not any(piece.changed for piece in side) and at in {0, *ends(whole)}


def _alone(side: Sequence[Piece], whole: str, at: int) -> tuple[Piece, ...]:
    """What was added or taken away there, if that is one stretch of whole sentences; else nothing."""
    changed = tuple(piece for piece in side if piece.changed)
    places = {0, len(whole), *ends(whole)}
    return changed if len(changed) == 1 and {at, at + len(changed[0].text)} <= places else ()


def _joined(side: Iterable[Piece]) -> str:
    return "".join(piece.text for piece in side)


def _common(one: str, other: str) -> int:
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _within(side: Sequence[Piece], start: int, end: int) -> tuple[Piece, ...]:
    """The pieces of the sentences that the stretch lies in."""
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


def _side(stretches: Sequence[Piece], element: str, channel: Callable[[Formula], str]) -> Side:
    html = text = ""
    for piece in _short(stretches):
        marked, plain = _set(piece.text, channel), " ".join(linear(piece.text).split("\n"))
        html += f"<{element}>{marked}</{element}>" if piece.changed else marked
        text += plain
    return Side(html.strip(), text.strip())


def _short(stretches: Sequence[Piece]) -> Iterator[Piece]:
    """About as many characters as a glance takes in; no formula is cut, little of a long stretch between changes."""
    left = _LONGEST
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
    """The first clause and the last one, dots in the place of what stands between."""
    marks = sorted({*clauses(text), *(place - 1 for place in ends(text))})
    head, tail = (marks[0], marks[-1] + 1) if marks else (0, 0)
    return f"{text[:head]}……{text[tail:]}" if head > 0 and tail - head > _LONG_BETWEEN // 2 else text


def _set(text: str, channel: Callable[[Formula], str]) -> str:
    parts = (escape(part).replace("\n", "<br>") if isinstance(part, str) else channel(part) for part in pieces(text))
    return "".join(parts)
