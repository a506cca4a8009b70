"""An entry of an edition as the templates of mails see it: excerpt, facts, what was corrected."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from digest.changes.dates import redates
from digest.dumps.structure import blocks
from digest.mail.bars import bar, counted, shares
from digest.mail.corrections import Extract, extract
from digest.mail.personal import without_marks
from digest.mail.templates import WIDTH
from digest.model import Block, BlockKind, DateKind, Section
from digest.typeset.characters import line
from digest.typeset.dates import said
from digest.typeset.excerpt import cut, excerpt, summary
from digest.typeset.html import html
from digest.typeset.text import cells, text
from digest.typeset.titles import title

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from digest.mail.corrections import Correction
    from digest.model import EditionKey, Entry, EntryDate, EntryId, Selected, SourceId
    from digest.typeset.math.extract import Formula

_LONGEST_NAME = 60  # characters of an author
_LARGEST_ENTRY = 16_000  # bytes of HTML; a longer excerpt, of code or verse, is left out
_LARGEST_CHANGES = 4_000  # bytes of HTML; of more, only the fact is told
_LONGEST_TITLE = 200  # characters
_LONGEST_LINK = 2_000  # characters
_SHORT_TITLE, _TWO_LINES = 160, 64  # cells of a title where entries have two lines: at most, and beside an excerpt
_CODE = re.compile(r'<pre class="code"><code>(.*?)</code></pre>', re.DOTALL)
_SPACES = re.compile(r"\n *| {2,}")
_NARROW = 1.4  # cells a character: below that the text is not Chinese, and says half as much in as many characters


class _Shown(NamedTuple):
    """How much of an entry is shown: characters of Chinese and paragraphs."""

    characters: int
    paragraphs: int


class Length(Enum):
    """How much of each new entry a mail shows; it follows from how many there are."""

    TWO_PARAGRAPHS = _Shown(420, 2)
    ONE_PARAGRAPH = _Shown(140, 1)
    TWO_LINES = _Shown(36, 1)  # at 360 px
    CONTENTS = _Shown(0, 0)


def length_of(entries: int) -> Length:
    """The length for so many new entries."""
    for most, length in ((5, Length.TWO_PARAGRAPHS), (12, Length.ONE_PARAGRAPH), (40, Length.TWO_LINES)):
        if entries <= most:
            return length
    return Length.CONTENTS


@dataclass(frozen=True, slots=True)
class Frame:
    """What surrounds the entries: the digest, its window, where things are.

    `channel` shows their formulas, `weight` tells the bytes of a picture by its name. New entries stand together by
    the first of `groups` that holds them, those that none holds at the end. `sources` names them where there are
    several, `languages` is what they are written in, `original` where an entry is found on its own site, empty where
    that is not known. `subscribe_url` is empty where nobody can subscribe on a page, `contact` is what readers
    see and where it leads, both empty where there is none, `postal` the sender's line.
    `taken` are the subjects of other editions.
    """

    title: str
    key: EditionKey
    opens_at: datetime
    closes_at: datetime
    zone: ZoneInfo
    base_url: str
    template: str
    folder: Path | None
    channel: Callable[[Formula], str]
    weight: Callable[[str], int] = lambda _: 0
    groups: Sequence[tuple[str, Callable[[Entry], bool]]] = ()
    sources: Mapping[SourceId, str] = field(default_factory=dict)
    languages: Mapping[SourceId, str] = field(default_factory=dict)
    original: Callable[[Entry], str] = lambda _: ""
    subscribe_url: str = ""
    contact: tuple[str, str] = ("", "")
    postal: str = ""
    taken: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """An entry as the templates see it; `html` and `text` are its excerpt, ready.

    `number` counts the new entries in the order of the mail, then the corrected ones; `anchor` is its place in the
    mail. `original` is where it is found on its own site, empty where that is not known. `inferred`: nobody wrote the
    year of the date. `lang` is its language, empty where it is the mail's. `gain` is `gained` in words, `share` and
    `bar` how it compares with the most; `tied`: the one before gained as many. Of a corrected entry, `before` is its
    former title, empty where it is the same; `redated`: its date is another day than it was, `was`, empty where none
    was known; `reworded`: its text is another one; `changed`: how, where that is short.
    """

    title: str
    url: str
    original: str
    author: str
    date: str
    inferred: bool
    source: str
    group: str
    lang: str
    html: str
    text: str
    number: int = 0
    anchor: str = ""
    gained: int | None = None
    gain: str = ""
    share: int = 0
    bar: str = ""
    tied: bool = False
    before: str = ""
    redated: bool = False
    was: str = ""
    reworded: bool = False
    changed: Extract | None = None


class Teller:
    """Makes entries ready for the templates."""

    def __init__(self, frame: Frame, language: str, length: Length, *, grouped: bool) -> None:
        self._frame, self._language, self._length, self._grouped = frame, language, length, grouped

    def told(
        self, section: Section, selected: Sequence[Selected], before: Mapping[EntryId, Sequence[Correction]]
    ) -> list[Told]:
        """The entries of a section, in their order."""
        mine = [one for one in selected if one.section is section]
        gains = [one.gained or 0 for one in mine]
        return [
            self._told(one, before.get(one.entry.id, ()), share, tied=at > 0 and gains[at - 1] == gains[at])
            for at, (one, share) in enumerate(zip(mine, shares(gains), strict=True))
        ]

    def _told(self, one: Selected, corrections: Sequence[Correction], share: int, *, tied: bool) -> Told:
        frame, entry = self._frame, one.entry
        now = _title(entry.content.title)
        short = one.section is Section.NEW and self._length is Length.TWO_LINES
        if short and cells(now) > _SHORT_TITLE:
            now = cut(now, _SHORT_TITLE * len(now) // cells(now))
        excerpted = one.section is Section.NEW and not (short and cells(now) > _TWO_LINES)
        page, plain = self._excerpt(one) if excerpted else ("", "")
        group = group_of(frame, entry) if self._grouped else ""
        source = frame.sources.get(entry.sources[0], "")
        lang = frame.languages.get(entry.sources[0], "")
        former = _title(corrections[0].before.title) if corrections else ""
        redated, was = _redated(corrections, entry.date)
        return Told(
            title=now,
            url=f"{frame.base_url}/entries/{entry.id}",
            original=_short(frame.original(entry)),
            author=cut(without_marks(line(entry.content.author or "")), _LONGEST_NAME),
            date=said(entry.date, self._language),
            inferred=entry.date is not None and entry.date.kind is DateKind.INFERRED,
            source=source if source != group else "",
            group=group,
            lang=lang if lang != self._language.replace("_", "-") else "",
            html=page,
            text=plain,
            gained=one.gained,
            gain=counted(one.gained or 0, self._language),
            share=share,
            bar=bar(share),
            tied=tied,
            before=former if former != now else "",
            redated=redated,
            was=said(was, self._language),
            reworded=any(correction.rewords for correction in corrections),
            changed=_changed(corrections, frame.channel),
        )

    def _excerpt(self, one: Selected) -> tuple[str, str]:
        """HTML and text of the beginning; empty where that is too much for a mail."""
        body = [
            Block(BlockKind(block.kind), without_marks(block.text))
            for block in _beginning(blocks(one.entry.content), self._length)
        ]
        page = _wrapping(html(body, level=5 if self._grouped else 4, channel=self._frame.channel))
        if len(page.encode()) > _LARGEST_ENTRY:
            return "", ""
        return page, text(body, WIDTH - 2, indent="  ")


def group_of(frame: Frame, entry: Entry) -> str:
    """The group in which a new entry stands, empty for none."""
    return next((name for name, holds in frame.groups if holds(entry)), "")


def _beginning(body: Sequence[Block], length: Length) -> Sequence[Block]:
    if length is Length.CONTENTS:
        return ()
    start = next((block.text[:200] for block in body if block.kind is BlockKind.PARAGRAPH), "")
    narrow = bool(start) and cells(start) < _NARROW * len(start)
    limit = length.value.characters * (2 if narrow else 1)
    return (
        summary(body, limit) if length is Length.TWO_LINES else excerpt(body, limit, paragraphs=length.value.paragraphs)
    )


def _wrapping(page: str) -> str:
    """Code as lines that a narrow window may break: not all mail programs can be asked to do that within `pre`."""
    return _CODE.sub(lambda code: f'<p class="code"><code>{_SPACES.sub(_kept, code[1])}</code></p>', page)


def _kept(spaces: re.Match[str]) -> str:
    if spaces[0].startswith("\n"):
        return "<br/>" + "&#160;" * (len(spaces[0]) - 1)
    return "&#160;" * (len(spaces[0]) - 1) + " "


def _changed(corrections: Sequence[Correction], channel: Callable[[Formula], str]) -> Extract | None:
    made = extract(corrections, channel)
    size = sum(len(side.html.encode()) for change in made.changes for side in change)
    return made if made.changes and size <= _LARGEST_CHANGES else None


def _redated(corrections: Sequence[Correction], now: EntryDate | None) -> tuple[bool, EntryDate | None]:
    """Whether the date is another day than before the first correction of it, and what it was then."""
    first = next((one for one in corrections if one.now), None)
    if first is None:
        return False, None
    return first.was is None or redates(first.was, now), first.was


def _short(link: str) -> str:
    """A link that holds a title may be as long as it; no browser follows a very long one."""
    return link if len(link) <= _LONGEST_LINK else ""


def _title(written: str) -> str:
    return cut(title(without_marks(written)), _LONGEST_TITLE)
