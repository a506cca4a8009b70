"""Lifts suppressions: which people are chosen, and that earlier bounces no longer count. Decision 180."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from digest.addresses import ascii_domain, domain_of, spellings
from digest.errors import AddressError, DigestError, PersonError, UnknownPersonError
from digest.lists.table import decode_list
from digest.records.operating import consent_by_operator
from digest.records.people import Suppressed

if TYPE_CHECKING:
    from digest.store.transaction import Store

_ADDRESS = re.compile(r"[^\s<>,;:\"'@＠]+[@＠][^\s<>,;:\"'@＠]+")


@dataclass(frozen=True, slots=True)
class ChosenPeople:
    """The suppressed people to mail again: these addresses and those at these domains, or everybody if none is given.

    Only those suppressed `since` then, with a reason that contains these words, ignoring case.

    `listed` are addresses from a list. Most of them may get mail anyway, so nothing is reported about each.
    """

    addresses: Sequence[str] = ()
    domains: Sequence[str] = ()
    since: datetime | None = None
    reason: str = ""
    listed: Sequence[str] = ()

    def among(self, people: Iterable[Suppressed]) -> list[Suppressed]:
        """The chosen ones of these people, however their addresses are spelled."""
        named = {key for address in (*self.addresses, *self.listed) for key in spellings(address)}
        domains = {_domain(domain) for domain in self.domains}
        everybody = not (named or domains)
        return [
            one
            for one in people
            if (everybody or not named.isdisjoint(spellings(one.address)) or domain_of(one.address) in domains)
            and (self.since is None or (one.at is not None and one.at >= self.since))
            and self.reason.casefold() in one.reason.casefold()
        ]


@dataclass(frozen=True, slots=True)
class LiftResult:
    """Who gets mail again; which of the named people do not, and why; how many of the listed ones do not."""

    people: tuple[Suppressed, ...]
    problems: tuple[DigestError, ...]
    others: int


def addresses_in(raw: bytes) -> list[str]:
    """The first address of each line; other text on the line is ignored.

    Raises:
        ListError: it is not text.
    """
    return [found[0] for line in decode_list(raw)[0].splitlines() if (found := _ADDRESS.search(line))]


def lift(store: Store, chosen: ChosenPeople, *, now: datetime) -> LiftResult:
    """Mail these people again. Earlier bounces no longer count; the next edition includes what they missed."""
    with store.write() as tx:
        suppressed = tx.subscribers.suppressed()
        people = chosen.among(suppressed)
        for one in people:
            tx.subscribers.unsuppress(one.id, consent_by_operator("subscribers unsuppress"), now)
        lifted = _keys(one.address for one in people)
        still = _keys(one.address for one in suppressed) - lifted
        left = [name for name in chosen.addresses if lifted.isdisjoint(spellings(name))]
        known = {name: tx.subscribers.find(name.strip()) is not None for name in left}
    others = sum(lifted.isdisjoint(spellings(name)) for name in chosen.listed)
    return LiftResult(tuple(people), tuple(_problems(left, still, known)), others)


def _keys(addresses: Iterable[str]) -> set[str]:
    return {key for address in addresses for key in spellings(address)}


def _domain(written: str) -> str:
    bare = written.strip().removeprefix("@")
    try:
        return ascii_domain(bare)
    except AddressError:
        return bare.casefold()


def _problems(left: Iterable[str], still: set[str], known: dict[str, bool]) -> Iterable[DigestError]:
    for name in left:
        if not still.isdisjoint(spellings(name)):
            yield PersonError(name, "is suppressed for another reason, or since another time")
        elif known[name]:
            yield PersonError(name, "is not suppressed")
        else:
            yield UnknownPersonError(name)
