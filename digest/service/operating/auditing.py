"""Records the acts of operators in the audit log, before and after each. Decision 338."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from digest.errors import DigestError, describe_fault, without_addresses
from digest.records.operating import ActOutcome, Scope, Via, acting_as

if TYPE_CHECKING:
    from digest.store.transaction import Store

_LONGEST_PROBLEM = 500  # characters


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a name, the way, the network or machine that they come from, and what they may do."""

    name: str
    via: Via
    scopes: frozenset[Scope]
    place: str = ""


@dataclass(slots=True)
class Act:
    """An act under way, to be completed: its target before and after, as JSON objects without whole addresses.

    `target` may be set late, for what gets its name by the act.
    """

    target: str
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)


@contextlib.contextmanager
def recorded(store: Store, actor: Actor, name: str, target: str, now: Callable[[], datetime]) -> Iterator[Act]:
    """Run an act, with a record of its beginning and of its end.

    The record is durable before the act begins, so that none is lost to a crash: one without an end may have happened.
    """
    with store.write() as tx:
        number = tx.audit_log.begin(who=actor.name, via=actor.via, place=actor.place, act=name, target=target, at=now())
    act = Act(target)
    try:
        with acting_as(*(("", "") if actor.via is Via.COMMAND else (actor.name, actor.via))):
            yield act
    except Exception as error:
        said = str(error) if isinstance(error, DigestError) else describe_fault(error, "failed")
        with contextlib.suppress(DigestError), store.write() as tx:  # the store may be what failed
            problem = without_addresses(said)[:_LONGEST_PROBLEM]
            tx.audit_log.complete(number, now(), outcome=ActOutcome.FAILED, problem=problem, target=act.target)
        raise
    before, after = differing(act.before, act.after)
    with store.write() as tx:
        tx.audit_log.complete(
            number, now(), outcome=ActOutcome.DONE, before=before or None, after=after or None, target=act.target
        )


def differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The members of two JSON objects that are not equal."""
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return (
        {name: before[name] for name in names if name in before},
        {name: after[name] for name in names if name in after},
    )
