"""What an edition says: subject, HTML and text from templates, once a language, for everybody."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from css_inline import CSSInliner, InlineError

from digest.changes.dates import redates
from digest.dumps.structure import blocks
from digest.errors import ConfigurationError
from digest.mail.corrections import Extract, extract
from digest.mail.message import pictures_in
from digest.mail.personal import ADDRESS, AGREED, LEAVE_URL, PREFERENCES_URL, without_marks
from digest.model import Block, BlockKind, Body, DateKind, Section
from digest.templating import rendered
from digest.typeset.characters import line
from digest.typeset.dates import said
from digest.typeset.excerpt import cut, excerpt
from digest.typeset.html import html
from digest.typeset.text import text, wrapped
from digest.typeset.titles import title

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from digest.mail.corrections import Correction
    from digest.model import EditionKey, Entry, EntryDate, EntryId, Selected, SourceId
    from digest.typeset.math.extract import Formula

EXCERPT = 420  # characters of an entry
LARGEST_HTML = 80_000  # bytes; some mail programs cut longer ones
LARGEST_PICTURES = 400_000  # bytes, of all pictures of a mail
_LARGEST_ENTRY = 16_000  # bytes of HTML; a longer excerpt, of code or verse, is left out
_LARGEST_CHANGES = 3_000  # bytes of HTML; of more, only the fact is told
_LONGEST_TITLE = 200  # characters
_LONGEST_FIRST = 60  # characters of the title in the subject
_LONGEST_PREHEADER = 140  # characters
_MOST_CORRECTED = 12
CONTENTS = 5  # new entries from which on they are listed at the top
_WIDTH = 72
_BAR = 24  # cells
_EIGHTHS = " ▏▎▍▌▋▊▉"
_KEPT = re.compile(r' data-css-inline="[a-z]+"')


@dataclass(frozen=True, slots=True)
class Frame:
    """What surrounds the entries: the digest, its window, where things are.

    `channel` shows their formulas, `weight` tells the bytes of a picture by its name. New entries stand together by
    the first of `groups` that holds them, those that none holds at the end. `sources` names them where there are
    several, `languages` is what they are written in. `subscribe_url` is
    empty where nobody can subscribe on a page, `postal` is the sender's line.
    """

    title: str
    key: EditionKey
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
    subscribe_url: str = ""
    postal: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """An entry as the templates see it; `html` and `text` are its excerpt, ready.

    `inferred`: nobody wrote the year of the date. `lang` is its language, empty where it is the mail's. `share` is
    `gained` in hundredths of the most, `bar` the same as text. Of a corrected entry, `before` is its former title,
    empty where it is the same; `redated`: its date is another day than it was, `was`, empty where none was known;
    `reworded`: its text is another one; `changed`: how, where that is short.
    """

    title: str
    url: str
    author: str
    date: str
    inferred: bool
    source: str
    group: str
    lang: str
    html: str
    text: str
    gained: int | None = None
    share: int = 0
    bar: str = ""
    before: str = ""
    redated: bool = False
    was: str = ""
    reworded: bool = False
    changed: Extract | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """New entries that stand together; without a title where they are all, or fit nowhere."""

    title: str
    entries: list[Told]


def body(
    frame: Frame, selected: Sequence[Selected], before: Mapping[EntryId, Sequence[Correction]], language: str
) -> Body:
    """The words of an edition in a language, marks where the personal parts go; see `fitted`."""
    return fitted(frame, selected, before, language)[0]


def fitted(
    frame: Frame, selected: Sequence[Selected], before: Mapping[EntryId, Sequence[Correction]], language: str
) -> tuple[Body, int]:
    """The words of an edition, and how many of its new entries, from the first, they name.

    `before` gives what became of corrected entries since they were told, the oldest correction first. An edition too
    long for a mail shows fewer entries, says how many are left out, and links to all.

    Raises:
        ConfigurationError: a template is wrong.
    """
    grouped = _grouped(frame, selected)
    teller = _Teller(frame, language, grouped=grouped)
    told = {section: teller.told(section, selected, before) for section in Section}
    shown = len(told[Section.NEW])
    while True:
        values = _values(frame, told, shown, language) | {"grouped": grouped}
        page = _inlined(frame, _render(frame, "html.html", values, language))
        size = max(len(page.encode()) / LARGEST_HTML, sum(map(frame.weight, pictures_in(page))) / LARGEST_PICTURES)
        if size <= 1 or shown <= 1:
            break
        shown = max(1, min(shown - 1, int(shown / size)))
    subject = line(_render(frame, "subject.txt", values, language))
    made = Body(language, subject, page, _render(frame, "text.txt", values, language).strip() + "\n")
    return made, shown


def _render(frame: Frame, name: str, values: Mapping[str, object], language: str) -> str:
    return rendered(language, frame.folder, f"mail/{frame.template}/{name}", values)


def _inlined(frame: Frame, page: str) -> str:
    """The page with its styles on its elements: mail programs drop style sheets, and keep `data-css-inline="keep"`
    where they know it.

    Raises:
        ConfigurationError: the style sheet of a template is wrong.
    """
    try:
        made = _INLINER.inline(page)
    except InlineError as error:
        raise ConfigurationError(str(error), place=f"mail/{frame.template}/html.html") from error
    return _KEPT.sub("", made)


_INLINER = CSSInliner(load_remote_stylesheets=False, minify_css=True)


def _values(frame: Frame, told: Mapping[Section, list[Told]], shown: int, language: str) -> dict[str, object]:
    closes = frame.closes_at.astimezone(frame.zone)
    new, corrected = told[Section.NEW], told[Section.CORRECTED]
    first = next(iter(new or corrected), None)
    return {
        "language": language.replace("_", "-"),
        "title": frame.title,
        "day": said(closes.date(), language),
        "month": closes.month,
        "month_name": closes.strftime("%B"),
        "week": (closes.day - 1) // 7 + 1,
        "first": cut(first.title, _LONGEST_FIRST) if first else "",
        "preheader": _preheader(new or corrected),
        "new": new[:shown],
        "groups": _groups(frame, new[:shown]),
        "contents": shown >= CONTENTS,
        "count": len(new),
        "left_out": len(new) - shown,
        "most_read": told[Section.MOST_READ],
        "corrected": corrected[:_MOST_CORRECTED],
        "more_corrected": max(0, len(corrected) - _MOST_CORRECTED),
        "edition_url": f"{frame.base_url}/editions/{frame.key}",
        "home_url": f"{frame.base_url}/",
        "subscribe_url": frame.subscribe_url,
        "leave_url": LEAVE_URL,
        "preferences_url": PREFERENCES_URL,
        "address": ADDRESS,
        "agreed": AGREED,
        "postal": line(frame.postal),
        "wrapped": lambda words, indent="": "\n".join(wrapped(words, _WIDTH, indent=indent)),
    }


def _preheader(told: Sequence[Told]) -> str:
    """What stands beside the subject in a list of mails: the other titles, or how the only entry begins."""
    others = " · ".join(one.title for one in told[1:])
    return cut(others or " ".join("".join(one.text for one in told).split()), _LONGEST_PREHEADER)


def _grouped(frame: Frame, selected: Sequence[Selected]) -> bool:
    """Whether the new entries fall into more than one group."""
    return len({_group(frame, one.entry) for one in selected if one.section is Section.NEW}) > 1


def _group(frame: Frame, entry: Entry) -> str:
    return next((name for name, holds in frame.groups if holds(entry)), "")


def _groups(frame: Frame, entries: Sequence[Told]) -> list[Group]:
    """The entries by group, the groups in their order."""
    names = [*dict.fromkeys(name for name, _ in frame.groups), ""]
    made = (Group(name, [one for one in entries if one.group == name]) for name in names)
    return [group for group in made if group.entries]


class _Teller:
    """Makes entries ready for the templates."""

    def __init__(self, frame: Frame, language: str, *, grouped: bool) -> None:
        self._frame, self._language, self._grouped = frame, language, grouped

    def told(
        self, section: Section, selected: Sequence[Selected], before: Mapping[EntryId, Sequence[Correction]]
    ) -> list[Told]:
        mine = [one for one in selected if one.section is section]
        most = max((one.gained or 0 for one in mine), default=0)
        return [self._told(one, before.get(one.entry.id, ()), most) for one in mine]

    def _told(self, one: Selected, corrections: Sequence[Correction], most: int) -> Told:
        frame, entry = self._frame, one.entry
        page, plain = self._excerpt(one) if one.section is Section.NEW else ("", "")
        group = _group(frame, entry) if self._grouped else ""
        source = frame.sources.get(entry.sources[0], "")
        lang = frame.languages.get(entry.sources[0], "")
        share = (one.gained or 0) / most if most else 0
        now, former = _title(entry.content.title), _title(corrections[0].before.title) if corrections else ""
        redated, was = _redated(corrections, entry.date)
        return Told(
            title=now,
            url=f"{frame.base_url}/entries/{entry.id}",
            author=cut(without_marks(line(entry.content.author or "")), _LONGEST_FIRST),
            date=said(entry.date, self._language),
            inferred=entry.date is not None and entry.date.kind is DateKind.INFERRED,
            source=source if source != group else "",
            group=group,
            lang=lang if lang != self._language.replace("_", "-") else "",
            html=page,
            text=plain,
            gained=one.gained,
            share=max(1, round(share * 100)),
            bar=_bar(share),
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
            for block in excerpt(blocks(one.entry.content), EXCERPT)
        ]
        page = html(body, level=5 if self._grouped else 4, channel=self._frame.channel)
        if len(page.encode()) > _LARGEST_ENTRY:
            return "", ""
        return page, text(body, _WIDTH - 2, indent="  ")


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


def _title(written: str) -> str:
    return cut(title(without_marks(written)), _LONGEST_TITLE)


def _bar(share: float) -> str:
    """A bar of eighths of a cell, never empty."""
    eighths = max(1, round(share * _BAR * 8))
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()
