"""Prepares an edition's entries for the mail templates: excerpts, facts, corrections, and bars of reader counts.

Decisions 161 and 164.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from digest.changes.dates import redates
from digest.dumps.structure import blocks
from digest.mail.composing import message_template, templates
from digest.mail.composing.corrections import Correction, Extract, extract
from digest.model import (
    Block,
    BlockKind,
    Content,
    DateKind,
    EditionKey,
    Entry,
    EntryDate,
    EntryId,
    Section,
    Selected,
    SourceId,
)
from digest.settings import Digest
from digest.templating import Folders, language_tag
from digest.typeset import chart, dates
from digest.typeset.characters import line
from digest.typeset.excerpt import cut, excerpt, summary
from digest.typeset.html import captioned, html
from digest.typeset.math.extract import Formula
from digest.typeset.text import cells, text
from digest.typeset.titles import display_title, title

if TYPE_CHECKING:
    Groups = Sequence[tuple[str, Callable[[Entry], bool]]]  # names and rules, in the order of the groups

_T = TypeVar("_T")
_LONGEST_NAME = 60  # characters of an author's name
_LARGEST_ENTRY = 16_000  # bytes of HTML; a longer excerpt (code or verse) is left out
_LARGEST_CHANGES = 4_000  # bytes of HTML; with more, the mail only says that the text changed
_LONGEST_TITLE = 200  # characters
_LONGEST_LINK = 2_000  # characters
_SHORT_TITLE, _TWO_LINES = 160, 64  # cells of a title where each entry has two lines: at most, and beside an excerpt
_CODE = re.compile(r'<pre class="code"><code>(.*?)</code></pre>', re.DOTALL)
_SPACES = re.compile(r"\n *| {2,}")
_NARROW = 1.4  # cells a character; text below this is not Chinese, and says half as much in as many characters
_STEP = 4  # least difference between two bars, in hundredths of the longest
_CELLS = 24
_EIGHTHS = " ▏▎▍▌▋▊▉"


class _Amount(NamedTuple):
    """How much of an entry is displayed: characters of Chinese text, and paragraphs."""

    characters: int
    paragraphs: int


class Length(Enum):
    """How much of each new entry a mail displays, depending on the number of entries."""

    TWO_PARAGRAPHS = _Amount(420, 2)
    ONE_PARAGRAPH = _Amount(140, 1)
    TWO_LINES = _Amount(36, 1)  # at a width of 360 px
    CONTENTS = _Amount(0, 0)


def length_of(entries: int) -> Length:
    """The length for this number of new entries."""
    for most, length in ((5, Length.TWO_PARAGRAPHS), (12, Length.ONE_PARAGRAPH), (40, Length.TWO_LINES)):
        if entries <= most:
            return length
    return Length.CONTENTS


@dataclass(frozen=True, slots=True)
class Frame:
    """The surroundings of the entries in a mail: the digest, its window, and addresses.

    Templates get the settings of the digest as `digest`, so a setting about words needs no other code.

    `channel` renders formulas. `weight` gives the size of a picture in bytes by its name. New entries are grouped under
    the first of `groups` that contains them; entries without a group come last. `sources` names the sources if there
    are several. `languages` gives the language of each source. `original` gives an entry's URL on its own site, empty
    if unknown. `subscribe_url` is empty if nobody can subscribe on a page. `postal` is the sender's postal address.
    `contact` is the contact that subscribers see and its address, both empty if there is none.
    `earlier_subjects` are those of other editions. `note` is an operator's Markdown on top.
    """

    digest: Digest
    key: EditionKey
    opens_at: datetime
    closes_at: datetime
    zone: ZoneInfo
    base_url: str
    folder: Folders
    channel: Callable[[Formula], str]
    weight: Callable[[str], int] = lambda _: 0
    groups: Groups = ()
    sources: Mapping[SourceId, str] = field(default_factory=dict)
    languages: Mapping[SourceId, str] = field(default_factory=dict)
    original: Callable[[Entry], str] = lambda _: ""
    subscribe_url: str = ""
    contact: tuple[str, str] = ("", "")
    postal: str = ""
    earlier_subjects: Collection[str] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class EntryView:
    """An entry as the templates see it. `html` and `text` hold its finished excerpt.

    `number` counts the new entries in the order of the mail, then the corrected ones. `anchor` is the entry's link
    target in the mail. `original` is its URL on its own site, empty if unknown. `inferred` means that the year of the
    date was inferred. `lang` is its language, empty if it is the mail's language.

    `gain` is the text of `gained`; `share` and `bar` compare it with the largest gain. `tied` means that the entry
    before gained as many.

    For a corrected entry: `before` is its former title, empty if the title is the same. `redated` means that the day
    changed, and `was` is the former date, empty if it was unknown. `reworded` means that the text changed, and
    `changed` holds the changes if they are short.
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


class EntryPresenter:
    """Prepares entries for the templates."""

    def __init__(self, frame: Frame, language: str, length: Length, *, grouped: bool) -> None:
        self._frame, self._language, self._length, self._grouped = frame, language, length, grouped

    def present(
        self, section: Section, selected: Sequence[Selected], before: Mapping[EntryId, Sequence[Correction]]
    ) -> list[EntryView]:
        """The entries of a section, in their order."""
        mine = [one for one in selected if one.section is section]
        gains = [one.gained or 0 for one in mine]
        return [
            self._view(one, before.get(one.entry.id, ()), share, tied=at > 0 and gains[at - 1] == gains[at])
            for at, (one, share) in enumerate(zip(mine, shares(gains), strict=True))
        ]

    def _view(self, one: Selected, corrections: Sequence[Correction], share: int, *, tied: bool) -> EntryView:
        frame, entry = self._frame, one.entry
        now = _title(entry.content)
        short = one.section is Section.NEW and self._length is Length.TWO_LINES
        if short and cells(now) > _SHORT_TITLE:
            now = cut(now, _SHORT_TITLE * len(now) // cells(now))
        excerpted = one.section is Section.NEW and not (short and cells(now) > _TWO_LINES)
        page, plain = self._excerpt(one) if excerpted else ("", "")
        group = group_of(frame.groups, entry) if self._grouped else ""
        source = frame.sources.get(entry.sources[0], "")
        lang = frame.languages.get(entry.sources[0], "")
        former = _title(corrections[0].before) if corrections and corrections[0].before.title else ""
        redated, was = _redated(corrections, entry.date)
        return EntryView(
            title=now,
            url=f"{frame.base_url}/entries/{entry.id}",
            original=_bounded(frame.original(entry)),
            author=cut(message_template.without_marks(line(entry.content.author or "")), _LONGEST_NAME),
            date=dates.format_day(entry.date, self._language),
            inferred=entry.date is not None and entry.date.kind is DateKind.INFERRED,
            source=source if source != group else "",
            group=group,
            lang=lang if lang != language_tag(self._language) else "",
            html=page,
            text=plain,
            gained=one.gained,
            gain=chart.format_count(one.gained or 0, self._language),
            share=share,
            bar=bar(share),
            tied=tied,
            before=former if former != now else "",
            redated=redated,
            was=dates.format_day(was, self._language),
            reworded=any(correction.rewords for correction in corrections),
            changed=_changed(corrections, frame.channel),
        )

    def _excerpt(self, one: Selected) -> tuple[str, str]:
        """HTML and text of the beginning; both empty if they are too long for a mail."""
        body = [
            captioned(Block(BlockKind(block.kind), message_template.without_marks(block.text)))
            for block in _beginning(blocks(one.entry.content), self._length)
        ]
        page = _wrapping(html(body, level=5 if self._grouped else 4, channel=self._frame.channel))
        if len(page.encode()) > _LARGEST_ENTRY:
            return "", ""
        return page, text(body, templates.WIDTH - 2, indent="  ")


def group_of(groups: Groups, entry: Entry) -> str:
    """The group of a new entry; empty if it has none."""
    return next((name for name, holds in groups if holds(entry)), "")


def in_groups(groups: Groups, entries: Sequence[_T], name_of: Callable[[_T], str]) -> list[tuple[str, list[_T]]]:
    """The entries by the name of their group, in the order of the groups, those without one last; no group is empty.

    A group that has all of them needs no name: it is empty.
    """
    names = [*dict.fromkeys(name for name, _ in groups), ""]
    named = [(name, [one for one in entries if name_of(one) == name]) for name in names]
    made = [(name, inside) for name, inside in named if inside]
    return made if len(made) > 1 else [("", inside) for _, inside in made]


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
    """Write code as lines that a narrow window can break: not all mail programs can break lines inside `pre`."""
    return _CODE.sub(lambda code: f'<p class="code"><code>{_SPACES.sub(_spaces, code[1])}</code></p>', page)


def _spaces(spaces: re.Match[str]) -> str:
    if spaces[0].startswith("\n"):
        return "<br/>" + "&#160;" * (len(spaces[0]) - 1)
    return "&#160;" * (len(spaces[0]) - 1) + " "


def _changed(corrections: Sequence[Correction], channel: Callable[[Formula], str]) -> Extract | None:
    made = extract(corrections, channel)
    size = sum(len(side.html.encode()) for change in made.changes for side in change)
    return made if made.changes and size <= _LARGEST_CHANGES else None


def _redated(corrections: Sequence[Correction], now: EntryDate | None) -> tuple[bool, EntryDate | None]:
    """Whether the day differs from the day before the first change of date, and the former date."""
    first = next((one for one in corrections if one.now), None)
    if first is None:
        return False, None
    return first.was is None or redates(first.was, now), first.was


def _bounded(link: str) -> str:
    """A link that contains a title may be as long as the title. Browsers do not follow very long links."""
    return link if len(link) <= _LONGEST_LINK else ""


def _title(content: Content) -> str:
    return cut(title(message_template.without_marks(display_title(content))), _LONGEST_TITLE)


def shares(gains: Sequence[int]) -> list[int]:
    """The length of the bar for each number, in hundredths of the longest bar.

    Equal numbers have equal lengths, and different numbers have different lengths. The lengths are proportional, except
    where two numbers could not be told apart.
    """
    order = sorted({gain for gain in gains if gain > 0})
    if not order:
        return [1 for _ in gains]
    step = min(_STEP, 100 // (len(order) + 1)) or 1
    made: list[int] = []
    for gain in order:
        made.append(max(round(100 * gain / order[-1]), made[-1] + step if made else 1))
    ceiling = 100
    for at in range(len(made) - 1, -1, -1):
        made[at] = max(1, min(made[at], ceiling))
        ceiling = made[at] - step
    by_gain = dict(zip(order, made, strict=True))
    return [by_gain.get(gain, 1) for gain in gains]


def bar(share: int) -> str:
    """A bar for text, drawn in eighths of a cell; never empty."""
    eighths = max(1, round(share * _CELLS * 8 / 100))
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()
