"""The invariants of the store, which `digest check --deep` and each backup verify. Changes nothing. Decision 202."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from digest.changes.keys import entry_key, lead_key
from digest.model import Content
from digest.records.upkeep import Recorded, Violation
from digest.search_terms import tokens

if TYPE_CHECKING:
    from digest.store.transaction import Store

# Source: RFC 4151, section 2.1; the part after the authority is ours.
_ATOM_ID = re.compile(r"tag:[A-Za-z0-9.@-]+,\d{4}(-\d{2}){0,2}:entry/(?P<entry>.+)")


def violations(store: Store, progress: Callable[[int, int], None] | None = None) -> Iterator[Violation]:
    """Every row that breaks an invariant, in one consistent state; `progress` gets checked entries and total."""
    with store.read() as tx:
        yield from tx.audit.broken()
        total = tx.audit.size()
        for done, entry in enumerate(tx.audit.recorded(), 1):
            yield from _of(entry)
            if progress:
                progress(done, total)
    with store.write() as tx:
        if not tx.audit.index_agrees():
            yield Violation("the index of words is not that of the stored words", "search_index")


def _of(entry: Recorded) -> Iterator[Violation]:
    """The values computed from an entry's contents, computed again."""
    row = f"id={entry.entry}"
    named = _ATOM_ID.fullmatch(entry.atom_id)
    if named is None or named["entry"] != entry.entry:
        yield Violation("an AtomId is not well-formed, or another entry's", f"{row}, atom_id={entry.atom_id}")
    for number, content in enumerate(entry.contents, 1):
        key = entry_key(content)
        if key and key not in entry.titles:
            yield Violation("an entry does not answer to its title", f"{row}, revision={number}")
        lead = lead_key(content)
        if lead and lead not in entry.leads:
            yield Violation("an entry does not answer to the fingerprint of its text", f"{row}, revision={number}")
    if entry.indexed != _words(entry.contents[-1]):
        yield Violation("the words that a search knows are not those of the entry", row)


def _words(content: Content) -> tuple[str, str]:
    body = (token for text in (*content.paragraphs, *content.extras.tags) for token in tokens(text))
    return " ".join(tokens(content.title)), " ".join(body)
