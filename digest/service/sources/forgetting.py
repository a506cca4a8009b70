"""Forgets the content of a source's dumps: entries that depend on them vanish silently, and return if shown again.

Decision 64.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from digest.changes.by_hand import NOTHING
from digest.dumps.configured import layouts_of, terms_of
from digest.dumps.containers.kinds import containers_of
from digest.dumps.pages import is_page, listed, unpacked
from digest.errors import UnknownError
from digest.model import EntryId, SourceId
from digest.records.publishing import Act, ActKind, EntryState
from digest.service.fetching.origins import names
from digest.service.publishing.by_hand import acts, editing
from digest.service.publishing.feeds import enlist
from digest.settings import Settings
from digest.typeset.titles import headline

if TYPE_CHECKING:
    from digest.store.transaction import Transaction


def forget(
    tx: Transaction, settings: Settings, source: str, paths: Collection[str], now: datetime, *, tell: bool = False
) -> acts.Outcome:
    """Forget the content of these dumps, or of all dumps of the source if none is named.

    Entries that only these dumps show are held back until a dump shows them again. For entries that others show too,
    content that only these dumps brought is reverted. Nobody is notified unless `tell` is set: then feeds retract the
    vanished entries and editions correct the changed ones.

    Raises:
        UnknownError: there is no such source or dump, or its file still exists and would be read again.
    """
    name, whole = SourceId(source), not paths
    known = tx.readings.dumps(name)
    for path in paths:
        if path not in known:
            raise UnknownError("dump", f"{source}/{path}", remedy=f"`digest source show {source}` names them")
    if not known and not tx.readings.shown_by(name):
        raise UnknownError("source", source, remedy="nothing is known of it")
    chosen = sorted(known) if whole else sorted(set(paths))
    _require_gone(settings, source, chosen)
    resting = tx.by_hand.resting(name, () if whole else chosen)
    titles = _titles(tx, resting.alone)
    tx.by_hand.forget(name, () if whole else chosen, whole=whole)
    changed = [entry for entry, number in resting.revised.items() if _take_back(tx, entry, number, now, tell=tell)]
    shown = [*resting.alone, *resting.revised] if not whole else _shown(tx, name)
    begun = tx.by_hand.unshow(shown, name)
    if tell:
        for entry in resting.alone:
            tx.feeds.remove(entry, now)
    else:
        tx.by_hand.hide(resting.alone, now, forgotten=True)
    enlist(tx, settings, changed)
    acts.record(
        tx,
        ActKind.FORGET,
        now,
        source=name,
        before={"begun": begun},
        after={"dumps": chosen, "alone": list(resting.alone), "changed": changed, "told": tell},
    )
    sentences = (
        f"{source}: {_of(len(chosen), 'dump')} forgotten",
        f"{_of(len(resting.alone), 'entry', 'entries')} rest on that alone and {'are removed' if tell else 'go'}",
        *(f"  {title}" for title in titles),
        f"{_of(len(changed), 'entry', 'entries')} read again as the other dumps have it",
    )
    facts = {"source": source, "dumps": chosen, "gone": list(resting.alone), "changed": changed, "told": tell}
    return acts.Outcome(ActKind.FORGET, None, sentences, facts)


def undo(tx: Transaction, settings: Settings, act: Act, now: datetime) -> Sequence[str]:
    """Publish the vanished entries again; dumps whose files exist are read again."""
    entries = [EntryId(entry) for entry in act.after["alone"]]
    back = []
    for entry in entries:
        found = tx.by_hand.entry(entry)
        if found and found.state is EntryState.FORGOTTEN:
            tx.by_hand.publish([entry], now)
            back.append(entry)
        elif found and found.state is EntryState.REMOVED and tx.feeds.restore(entry, now):
            back.append(entry)
    for entry, _ in act.before["begun"]:
        if act.source is not None:
            tx.by_hand.show_in(EntryId(entry), [act.source], now)
    enlist(tx, settings, back)
    return (
        f"{_of(len(back), 'entry', 'entries')} published again",
        "the next pass reads the dumps again whose files exist",
    )


def _require_gone(settings: Settings, source: str, paths: Sequence[str]) -> None:
    """Check that the files are gone: the next pass would read them again as if they were new."""
    configured = settings.source(source)
    if configured is None:
        return
    there = set(names(configured))
    inside = {container for path in paths for container in containers_of(path)}
    for page in filter(is_page, listed(configured.path)) if configured.path else ():
        if page.name in inside:
            there |= {one.name for one in unpacked(page, terms_of(configured), layouts_of(configured)) if is_page(one)}
        there.add(page.name)
    there &= set(paths)
    if there:
        alone = len(there) == 1
        files = f"{min(there)} is" if alone else f"{min(there)} and {len(there) - 1} more are"
        problem = f"{files} still there, and the next pass reads {'it' if alone else 'them'} again"
        remedy = f"move {'it' if alone else 'them'} away first, or take the source out of the configuration"
        raise acts.HandError(source, problem, remedy=remedy)


def _take_back(tx: Transaction, entry: EntryId, number: int | None, now: datetime, *, tell: bool) -> bool:
    """Restore an entry's content from before these dumps; returns whether it changed."""
    found = tx.by_hand.entry(entry)
    if number is None or found is None or found.printed != NOTHING:
        return False
    old = tx.by_hand.revision(entry, number)
    if old.content == found.entry.content:
        return False
    editing.revise(tx, found, (old.content, found.entry.date), NOTHING, now, silent=not tell)
    return True


def _titles(tx: Transaction, entries: Sequence[EntryId]) -> list[str]:
    found = (tx.by_hand.entry(entry) for entry in entries)
    return [f"{one.entry.id}  {headline(one.entry.content)}" for one in found if one]


def _shown(tx: Transaction, source: SourceId) -> list[EntryId]:
    found, _ = tx.by_hand.listed(set(EntryState), source=source)
    return [one.entry.id for one in found]


def _of(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or f'{one}s'}"
