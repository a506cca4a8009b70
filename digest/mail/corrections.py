"""What changed in an entry that was told before: a short extract, for HTML and for text. Knows no edition."""

from __future__ import annotations

from dataclasses import dataclass, replace
from html import escape
from typing import TYPE_CHECKING

from digest.mail.personal import without_marks
from digest.typeset.characters import shown
from digest.typeset.differences import Piece, differences
from digest.typeset.excerpt import cut
from digest.typeset.formulas import text as linear
from digest.typeset.math.extract import pieces

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from digest.model import Content, EntryDate
    from digest.typeset.differences import Change
    from digest.typeset.math.extract import Formula

_MOST = 3  # changes of an entry; its page shows all
_LONGEST = 180  # characters of a changed paragraph


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
    """A paragraph as it was or as it is, what differs marked; both empty where there is none."""

    html: str
    text: str


@dataclass(frozen=True, slots=True)
class Extract:
    """The first changes as pairs of before and after, and how many more there are."""

    changes: tuple[tuple[Side, Side], ...]
    more: int


def extract(corrections: Sequence[Correction], channel: Callable[[Formula], str]) -> Extract:
    """What the corrections changed, titles apart; `channel` shows formulas in HTML."""
    found: list[Change] = []
    for one in corrections:
        found += differences(_without_title(one.before), _without_title(one.after))
    made = tuple(
        (_side(change.before, "del", "[-", "-]", channel), _side(change.after, "ins", "{+", "+}", channel))
        for change in found[:_MOST]
    )
    return Extract(made, len(found) - len(made))


def _without_title(content: Content) -> Content:
    return replace(content, title="", paragraphs=tuple(map(without_marks, content.paragraphs)))


def _side(stretches: Iterable[Piece], element: str, start: str, end: str, channel: Callable[[Formula], str]) -> Side:
    html = text = ""
    for piece in _short(stretches):
        written = shown(piece.text)
        marked, plain = _set(written, channel), " ".join(linear(written).split("\n"))
        html += f"<{element}>{marked}</{element}>" if piece.changed else marked
        text += f"{start}{plain}{end}" if piece.changed else plain
    return Side(html, text)


def _short(stretches: Iterable[Piece]) -> Iterator[Piece]:
    """About as many characters as a glance takes in; no formula is cut."""
    left = _LONGEST
    for piece in stretches:
        if left <= 0:
            yield Piece("…", changed=False)
            return
        text = cut(piece.text, left)
        yield Piece(text, piece.changed)
        if text != piece.text:
            return
        left -= len(text)


def _set(text: str, channel: Callable[[Formula], str]) -> str:
    parts = (escape(part).replace("\n", "<br>") if isinstance(part, str) else channel(part) for part in pieces(text))
    return "".join(parts)
