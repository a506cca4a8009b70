"""Merges two entries that are one article, at an operator's request: which stays, its content, and the undo.

Decisions 60 and 61.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from digest.model import EntryId
from digest.records.publishing import Act, ActKind, Handled
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
