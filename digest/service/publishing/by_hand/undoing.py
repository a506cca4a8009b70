"""Hides entries, publishes them again, and undoes an operator's last change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from digest.errors import UnknownError
from digest.model import DeliveryState, EntryId
from digest.records.publishing import Act, ActKind, EntryState
from digest.service.publishing.by_hand import editing, merging
from digest.service.publishing.by_hand.acts import HandError, Outcome, record, require, require_own
from digest.service.publishing.feeds import enlist
from digest.service.sources import forgetting
from digest.settings import Settings
from digest.typeset.titles import headline

if TYPE_CHECKING:
    from digest.store.transaction import Transaction

_OPEN = (DeliveryState.PLANNED, DeliveryState.LEASED, DeliveryState.DEFERRED)
_HELD_BACK = {EntryState.HIDDEN, EntryState.FORGOTTEN}


def hide(tx: Transaction, entries: Sequence[str], now: datetime) -> Outcome:
    """Hide entries from feeds, pages, search and future editions; nobody is notified.

    Raises:
        UnknownError: one is no entry, or hidden already.
    """
    found = [require_own(tx, entry) for entry in dict.fromkeys(entries)]
    for one in found:
        if one.state in _HELD_BACK:
            raise HandError(one.entry.id, "is hidden already", remedy="nothing to do")
    tx.by_hand.hide([one.entry.id for one in found], now)
    for one in found:
        record(tx, ActKind.HIDE, now, entry=one.entry.id)
    sentences = (
        *(f"{one.entry.id} is hidden: {headline(one.entry.content)}" for one in found),
        *(sentence for one in found for sentence in _on_their_way(tx, one.entry.id)),
    )
    return Outcome(ActKind.HIDE, found[0].entry.id, sentences, {"entries": [one.entry.id for one in found]})


def _on_their_way(tx: Transaction, entry: EntryId) -> Iterator[str]:
    """Unsent mails that contain an entry: their text is made already."""
    story = tx.audit.story(entry)
    for mention in story.mentions if story else ():
        waiting = sum(mention.deliveries.get(state, 0) for state in _OPEN)
        if waiting:
            mails = "1 unsent mail still contains it" if waiting == 1 else f"{waiting} unsent mails still contain it"
            yield f"{mention.edition.key}: {mails}"


def publish(tx: Transaction, settings: Settings, entries: Sequence[str], now: datetime) -> Outcome:
    """Publish hidden entries; editions announce those that they never announced as new.

    Raises:
        UnknownError: one is no entry, or not hidden.
    """
    found = [require_own(tx, entry) for entry in dict.fromkeys(entries)]
    for one in found:
        if one.state not in _HELD_BACK:
            raise HandError(one.entry.id, "is not hidden", remedy="`digest entries list --hidden` names those that are")
    names = [one.entry.id for one in found]
    tx.by_hand.publish(names, now)
    enlist(tx, settings, names)
    for one in found:
        record(tx, ActKind.PUBLISH, now, entry=one.entry.id, before={"state": one.state})
    sentences = tuple(f"{one.entry.id} is published: {headline(one.entry.content)}" for one in found)
    return Outcome(ActKind.PUBLISH, names[0], sentences, {"entries": names})


def undo(tx: Transaction, settings: Settings, entry: str, now: datetime) -> Outcome:
    """Undo an operator's last change to an entry that is not undone yet.

    Raises:
        UnknownError: there is none, or the pages have changed the entry since.
    """
    found = require(tx, entry)
    act = next((one for one in reversed(tx.by_hand.acts(found.entry.id)) if one.undone_at is None), None)
    if act is None:
        raise UnknownError("act by hand", entry, remedy="`digest explain ID` names them")
    return undo_act(tx, settings, act, now)


def undo_source(tx: Transaction, settings: Settings, source: str, now: datetime) -> Outcome:
    """Undo the last forgetting of a source.

    Raises:
        UnknownError: nothing was forgotten.
    """
    acts = [one for one in tx.by_hand.acts() if one.kind is ActKind.FORGET and one.source == source]
    act = next((one for one in reversed(acts) if one.undone_at is None), None)
    if act is None:
        raise UnknownError("forgotten dump", source, remedy="nothing was forgotten of it")
    return undo_act(tx, settings, act, now)


def undo_act(tx: Transaction, settings: Settings, act: Act, now: datetime) -> Outcome:
    """Undo this change."""
    sentences = _taken_back(tx, settings, act, now)
    tx.by_hand.undone(act.id, now)
    facts = {"undone": act.kind, "at": act.at.isoformat(), "other": act.other}
    return Outcome(act.kind, act.entry, (f"undone: {act.kind} of {act.at:%Y-%m-%d %H:%M} UTC", *sentences), facts)


def _taken_back(tx: Transaction, settings: Settings, act: Act, now: datetime) -> Sequence[str]:
    match act.kind:
        case ActKind.EDIT:
            return editing.undo(tx, settings, act, now)
        case ActKind.MERGE:
            return merging.undo(tx, settings, act, now)
        case ActKind.SPLIT:  # the new entry may have been announced: it is merged into the one from which it was split
            return merging.merge(tx, settings, act.entry or "", act.other or "", now, words="other").sentences
        case ActKind.FORGET:
            return forgetting.undo(tx, settings, act, now)
        case _:
            return (_shown_again(tx, settings, act, now),)


def _shown_again(tx: Transaction, settings: Settings, act: Act, now: datetime) -> str:
    """Publish an entry again, or hide it again."""
    entry = act.entry or EntryId("")
    state = require(tx, entry).state
    wrong = {ActKind.HIDE: state not in _HELD_BACK, ActKind.PUBLISH: state is not EntryState.PUBLISHED}
    wrong |= {ActKind.REMOVE: state is not EntryState.REMOVED, ActKind.RESTORE: state is not EntryState.PUBLISHED}
    if wrong[act.kind]:
        raise HandError(entry, f"is {state} now", remedy="there is nothing to undo")
    if act.kind is ActKind.RESTORE:
        tx.feeds.remove(entry, now)
        return f"{entry} is removed"
    if act.kind is ActKind.PUBLISH:
        tx.by_hand.hide([entry], now, forgotten=act.before.get("state") == EntryState.FORGOTTEN)
        return f"{entry} is hidden"
    if act.kind is ActKind.REMOVE:
        tx.feeds.restore(entry, now)
    else:
        tx.by_hand.publish([entry], now)
    enlist(tx, settings, [entry])
    return f"{entry} is published"
