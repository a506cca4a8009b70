"""JSON forms of dates, numbers, identifiers and changes, which several subjects share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from digest.changes.identifiers import kind_and_value
from digest.model import READERS
from digest.operations.core import SparseView, View

if TYPE_CHECKING:
    from collections.abc import Iterable

    from digest.model import Content, Entry, EntryDate, SourceId
    from digest.service.publishing.by_hand.acts import Done


class DateView(View):
    """The date of an entry, without the parts that are unknown. `kind` says what the evidence supports."""

    year: int | None
    month: int | None
    day: int | None
    kind: str


class UidView(SparseView):
    """By which id or link a source showed an entry; one of both."""

    source: str
    uid: str = ""
    link: str = ""


class PieceView(View):
    """A stretch of a text."""

    text: str
    changed: bool


class ParagraphChange(View):
    """A changed paragraph before and after, in stretches."""

    before: list[PieceView]
    after: list[PieceView]


class DigestChange(View):
    """What a change does to the next edition of a digest: titles."""

    digest: str
    new: list[str]
    corrected: list[str]
    no_longer: list[str]


class ChangeView(SparseView):
    """A change by hand and its effects; which members there are depends on the change."""

    act: str
    entry: str | None = None
    dry_run: bool = False
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    entries: list[str] = Field([])
    keep: str = ""
    undone: str = ""
    at: str = ""
    other: str | None = None
    title: str = ""
    adopted: bool = False
    new: str = ""
    new_title: str = ""
    announced: bool = False
    source: str = ""
    dumps: list[str] = Field([])
    gone: list[str] = Field([])
    changed: list[str] = Field([])
    told: bool = False
    editions: list[DigestChange] = Field([])
    sentences: tuple[str, ...] = Field((), exclude=True)  # the same for people


def change_view(done: Done) -> ChangeView:
    """The JSON form of a change."""
    outcome = done.outcome
    editions = [
        DigestChange(digest=one.digest, new=[*one.new], corrected=[*one.corrected], no_longer=[*one.no_longer])
        for one in done.hearings
    ]
    facts = {"act": outcome.kind, "entry": outcome.entry, "dry_run": done.tried} | dict(outcome.facts)
    return ChangeView(**facts, editions=editions, sentences=outcome.sentences)


def date_view(date: EntryDate | None) -> DateView | None:
    """The JSON form of a date."""
    return DateView(year=date.year, month=date.month, day=date.day, kind=str(date.kind)) if date else None


def counts(entry: Entry) -> dict[str, int]:
    """Every number that the pages of an entry count, by name; that of readers first."""
    readers = {} if entry.readers is None else {READERS: entry.readers}
    return readers | dict(entry.counts)


def uid_views(uids: Iterable[tuple[SourceId, str]]) -> list[UidView]:
    """The JSON forms of identifiers."""
    return [
        UidView.model_validate({"source": source, kind: value})
        for source, uid in uids
        for kind, value in [kind_and_value(uid)]
    ]


def diff_views(before: Content, after: Content) -> list[ParagraphChange]:
    """The paragraphs in which two contents differ, the title first."""
    from digest.typeset.differences import differences  # noqa: PLC0415 - it takes a while, and lists do without

    return [
        ParagraphChange(
            before=[PieceView(text=one.text, changed=one.changed) for one in change.before],
            after=[PieceView(text=one.text, changed=one.changed) for one in change.after],
        )
        for change in differences(before, after)
    ]
