"""Merges two entries that are one article, and splits one that is two, at an operator's request.

Decisions 60, 61 and 62.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from digest.changes import by_hand, dates, keys, values
from digest.model import Content, DateEvidence, EntryDate, EntryId, PrintedDate, Section
from digest.records.publishing import Act, ActKind, Handled, NewArticle, Said, ShownAs
from digest.service.intake.apply_dump import atom_id
from digest.service.publishing.by_hand.acts import HandError, Outcome, record, require, require_own
from digest.service.publishing.by_hand.editing import revise
from digest.service.publishing.feeds import enlist
from digest.settings import Settings
from digest.typeset.titles import headline

if TYPE_CHECKING:
    from digest.store.transaction import Transaction


def merge(
    tx: Transaction, settings: Settings, keep: str, other: str, now: datetime, *, words: str | None = None
) -> Outcome:
    """Merge `other` into `keep`, which keeps its id, address and feed id; the other page redirects to it.

    `words` is `keep` or `other`: the entry whose title, text and date the merged one has. Without it, those of `other`
    are used only if no dump shows `keep` any more and one shows `other`.

    Raises:
        UnknownError: one of them is no entry, not published yet, or merged already.
    """
    into, gone = require_own(tx, keep), require_own(tx, other)
    if into.entry.id == gone.entry.id:
        raise HandError(keep, "is that entry", remedy="name two")
    for one in (into, gone):
        if not one.settled:
            raise HandError(one.entry.id, "is not published yet", remedy="wait for the first import of its source")
    adopt = words == "other" or (words is None and _stands_alone(tx, gone, into))
    before = into.entry.revision
    if adopt:
        _adopt(tx, into, gone, now)
    merged = tx.by_hand.merge(gone.entry.id, into.entry.id, now)
    sources = tx.by_hand.show_in(into.entry.id, gone.entry.sources, now)
    enlist(tx, settings, [into.entry.id])
    revision = require(tx, keep).entry.revision
    record(
        tx,
        ActKind.MERGE,
        now,
        entry=into.entry.id,
        other=gone.entry.id,
        before={"revision": before, "merged": merged, "title": headline(into.entry.content)},
        after={"revision": revision, "sources": sources, "title": headline(gone.entry.content)},
    )
    other_title = headline(gone.entry.content)
    title = other_title if adopt else headline(into.entry.content)
    sentences = (
        f"{gone.entry.id} ({other_title}) is {into.entry.id} now",
        f"it reads: {title}",
        f"/entries/{gone.entry.id} leads to /entries/{into.entry.id}",
    )
    facts = {"keep": into.entry.id, "other": gone.entry.id, "title": title, "adopted": adopt}
    return Outcome(ActKind.MERGE, into.entry.id, sentences, facts)


def undo(tx: Transaction, settings: Settings, act: Act, now: datetime) -> tuple[str, ...]:
    """Undo a merge: the other entry is itself again, as its dumps show it now; returns sentences.

    Raises:
        UnknownError: it is not merged into that one any more.
    """
    keep, other = act.entry, act.other
    if keep is None or other is None or require(tx, other).merged_into != keep:
        raise HandError(other or "", f"is not merged into {keep} any more", remedy="nothing to undo")
    tx.by_hand.unmerge(other, act.before["merged"], now)
    tx.by_hand.take_from(keep, act.after["sources"])
    sentences = [f"{other} is an entry of its own again"]
    into = require(tx, keep)
    if act.after["revision"] != act.before["revision"]:
        if into.entry.revision == act.after["revision"]:
            _go_back(tx, into, act.before["revision"], now)
            sentences.append(f"{keep} reads again: {act.before['title']}")
        else:
            sentences.append(f"{keep} keeps its text, which has changed since; edit it if it is wrong")
    enlist(tx, settings, [keep, other])
    return tuple(sentences)


def _stands_alone(tx: Transaction, other: Handled, keep: Handled) -> bool:
    def stands(entry: EntryId) -> bool:
        return any(not one.left for one in tx.by_hand.shown(entry))

    return stands(other.entry.id) and not stands(keep.entry.id)


def _adopt(tx: Transaction, into: Handled, gone: Handled, now: datetime) -> None:
    """Copy the other entry's content to the one that stays, including an operator's edits of it."""
    before, after = (into.entry.content, into.entry.date), (gone.entry.content, gone.entry.date)
    if before != after or into.printed != gone.printed:
        revise(tx, into, after, gone.printed, now)


def _go_back(tx: Transaction, into: Handled, number: int, now: datetime) -> None:
    """Restore an entry's content of that revision."""
    old = tx.by_hand.revision(into.entry.id, number)
    revise(tx, into, (old.content, old.date), old.printed, now)


_TELLING = {Section.NEW, Section.CATCH_UP}
_TURNS = {
    values.Cause.TITLE.value,
    values.Cause.TEXT.value,
    values.Cause.REDATED.value,
}  # by which an entry may have become another article


@dataclass(frozen=True, slots=True)
class _Parts:
    """The parts of the new article: its content, the dumps that show it, its revisions.

    `left` is the remaining content of the entry; None if that stays.
    """

    content: Content
    date: EntryDate | None
    since: datetime
    shown: tuple[ShownAs, ...]
    numbers: frozenset[int]
    left: tuple[Content, EntryDate | None] | None


def split(
    tx: Transaction,
    settings: Settings,
    entry: str,
    now: datetime,
    *,
    revision: int | None = None,
    dump: str | None = None,
    silent: bool = False,
) -> Outcome:
    """Take an article out of an entry: its content from a revision on, or what a dump (`SOURCE/PATH`) shows.

    Without either, from the newest revision on that brought another title, text or day. The article is announced as new
    once, unless an edition announced it as new under the entry's name, or `silent` is set.

    Raises:
        UnknownError: there is no such entry, revision or dump, or nothing would be left.
    """
    found = require_own(tx, entry)
    if found.printed != by_hand.NOTHING:
        raise HandError(entry, "has edits of yours", remedy="`digest entries edit --lift all` takes them back first")
    if not found.settled:
        raise HandError(entry, "is not published yet", remedy="wait for the first import of its source")
    history = [one for one in tx.by_hand.revisions(found.entry.id) if not one.split]
    shown = tx.by_hand.shown(found.entry.id)
    parts = _by_dump(found, dump, history, shown, now) if dump else _by_revision(found, revision, history, shown)
    told = _told_as_new(tx, found.entry.id, parts.numbers)
    new = NewArticle(
        id=(name := keys.entry_id(keys.entry_key(parts.content), _evidence(parts.date), _Taken(tx))),
        atom_id=atom_id(settings.tag_base, name),
        content=parts.content,
        date=parts.date,
        first_seen_at=parts.since,
        announced=not silent and not told,
    )
    tx.by_hand.split(found.entry.id, new, parts.shown, parts.numbers, now)
    if parts.left:
        revise(tx, found, parts.left, by_hand.NOTHING, now, silent=silent)
    enlist(tx, settings, [found.entry.id, new.id])
    left = headline(require(tx, entry).entry.content)
    title = headline(new.content)
    record(
        tx,
        ActKind.SPLIT,
        now,
        entry=found.entry.id,
        other=new.id,
        before={"revision": found.entry.revision, "title": headline(found.entry.content)},
        after={"title": left, "other": title, "revisions": sorted(parts.numbers)},
    )
    sentences = (
        f"{new.id} is an entry of its own now: {title}",
        f"{found.entry.id} reads: {left}",
        *(f"{one.source}/{one.path} shows {new.id}" for one in parts.shown if not one.left),
    )
    facts = {"entry": found.entry.id, "title": left, "new": new.id, "new_title": title}
    return Outcome(ActKind.SPLIT, found.entry.id, sentences, facts | {"announced": new.announced})


class _Taken:
    """The ids that are in use."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def __contains__(self, name: object) -> bool:
        return self._tx.by_hand.entry(EntryId(str(name))) is not None


def _by_revision(found: Handled, number: int | None, history: Sequence[Said], shown: Sequence[ShownAs]) -> _Parts:
    if number is None:
        number = next((one.number for one in reversed(history[1:]) if one.cause in _TURNS), None)
    if number is None:
        raise HandError(found.entry.id, "never became another article", remedy="name the dump that shows it: --dump")
    kept = [one for one in history if one.number < number]
    theirs = [one for one in history if one.number >= number]
    if not kept or not theirs:
        places = ", ".join(str(one.number) for one in history[1:]) or "none"
        raise HandError(found.entry.id, f"cannot be split at revision {number}", remedy=f"it can be at: {places}")
    numbers, title = frozenset(one.number for one in theirs), keys.entry_key(found.entry.content)
    other_title = title != keys.entry_key(kept[-1].content)
    moved = tuple(
        one for one in shown if one.placing.revision in numbers or (other_title and _key(one.placing) == title)
    )
    left = (kept[-1].content, kept[-1].date)
    return _Parts(found.entry.content, found.entry.date, theirs[0].at, moved, numbers, left)


def _key(placing: values.Placing) -> str:
    return placing.key or keys.title_key(placing.title)


def _by_dump(found: Handled, dump: str, history: Sequence[Said], shown: Sequence[ShownAs], now: datetime) -> _Parts:
    moved = tuple(one for one in shown if f"{one.source}/{one.path}" == dump)
    rest = [one for one in shown if one not in moved]
    if not moved or not rest:
        names = ", ".join(sorted({f"{one.source}/{one.path}" for one in shown if not one.left})) or "none"
        problem = f"{dump} does not show it" if not moved else f"only {dump} shows it"
        raise HandError(found.entry.id, problem, remedy=f"dumps that show it: {names}")
    theirs = [one for one in history if f"{one.source}/{one.path}" == dump]
    text = {one.number: one.content for one in history}
    content, evidence = _shown_text(moved[0], found, text)
    date = dates.evidence_date(evidence, now)
    if history[-1] not in theirs:  # the content is that of the others
        numbers = frozenset(one.number for one in theirs if one.number != history[-1].number)
        return _Parts(content, date, now, moved, numbers, None)
    fullest = max(rest, key=lambda one: len("".join(_shown_text(one, found, text)[0].paragraphs)))
    left, day = _shown_text(fullest, found, text)
    said = dates.evidence_date(day, now) if day else found.entry.date
    return _Parts(content, date, now, moved, frozenset(one.number for one in theirs), (left, said))


def _shown_text(
    one: ShownAs, found: Handled, texts: dict[int, Content]
) -> tuple[Content, DateEvidence | PrintedDate | None]:
    """The text that a dump shows, if it is stored."""
    placing = one.placing
    known = texts.get(placing.revision or 0)
    body = placing.body or known or found.entry.content
    author = found.entry.content.author
    extras = placing.extras.lasting
    content = Content(placing.title, author, body.paragraphs, body.figures, placing.complete, extras)
    return content, placing.dated


def _evidence(date: EntryDate | None) -> DateEvidence | None:
    return DateEvidence(date.month, date.day, date.year) if date and date.month and date.day else None


def _told_as_new(tx: Transaction, entry: EntryId, numbers: frozenset[int]) -> bool:
    story = tx.audit.story(entry)
    mentions = story.mentions if story else ()
    return any(one.section in _TELLING and one.revision in numbers for one in mentions)
