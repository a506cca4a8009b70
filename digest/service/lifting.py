"""Taking addresses back that were suppressed: who is meant, and that what came back before no longer counts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from digest.errors import masked
from digest.mail.blame import domain_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from digest.ports import Store, Suppressed

_SOURCE = "operator, digest subscribers unsuppress"
_ADDRESS = re.compile(r"[^\s<>,;:\"']+@[^\s<>,;:\"']+")


@dataclass(frozen=True, slots=True)
class Chosen:
    """Who is taken back: of these addresses and those at these domains, or of everybody where there are none, those
    who were suppressed `since` then and for a reason that holds these words, in any case of letters.
    """

    addresses: Sequence[str] = ()
    domains: Sequence[str] = ()
    since: datetime | None = None
    reason: str = ""

    def means(self, one: Suppressed) -> bool:
        """Whether this person is meant."""
        named = {address.strip().casefold() for address in self.addresses}
        domains = {domain.strip().removeprefix("@").casefold() for domain in self.domains}
        here = one.address.casefold() in named or domain_of(one.address) in domains
        return (
            (here or not (named or domains))
            and (self.since is None or (one.at is not None and one.at >= self.since))
            and self.reason.casefold() in one.reason.casefold()
        )


@dataclass(frozen=True, slots=True)
class Lifted:
    """Who gets mail again, and in sentences which of the named do not, and why."""

    people: tuple[Suppressed, ...]
    problems: tuple[str, ...]


def addresses_in(text: str) -> list[str]:
    """The first address of each line, whatever else stands there."""
    return [found[0] for line in text.splitlines() if (found := _ADDRESS.search(line))]


def lift(store: Store, chosen: Chosen, *, now: datetime) -> Lifted:
    """Write to these people again. What came back before no longer counts; the next edition tells what they missed."""
    with store.write() as tx:
        suppressed = tx.subscribers.suppressed()
        people = tuple(one for one in suppressed if chosen.means(one))
        for one in people:
            tx.subscribers.unsuppress(one.id, _SOURCE, now)
        lifted = {one.address.casefold() for one in people}
        left = [name for name in chosen.addresses if name.strip().casefold() not in lifted]
        still = {one.address.casefold() for one in suppressed} - lifted
        known = {name: tx.subscribers.find(name.strip()) is not None for name in left}
    return Lifted(people, tuple(_problems(left, still, known)))


def _problems(left: Iterable[str], still: set[str], known: dict[str, bool]) -> Iterable[str]:
    for name in left:
        if name.strip().casefold() in still:
            yield f"{masked(name)}: is suppressed for another reason, or since another time"
        elif known[name]:
            yield f"{masked(name)}: is not suppressed"
        else:
            yield f"no subscriber {masked(name)!r} (see `digest subscribers list`)"
