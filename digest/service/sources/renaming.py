"""Renames a source, and finds one by a former name. Feeds and pages move; their content and ids stay.

Decisions 67 and 68.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from digest.errors import ConfigurationError, UnknownError
from digest.model import SourceId
from digest.service.editions.renaming import require_present_digests
from digest.service.publishing.feeds import topic_key
from digest.settings import Settings, Topic

if TYPE_CHECKING:
    from digest.store.transaction import Store, Transaction


@dataclass(frozen=True, slots=True)
class Done:
    """A finished rename."""

    entries: int
    dumps: int


def rename(store: Store, settings: Settings, old: SourceId, new: SourceId, now: datetime) -> Done:
    """Rename a source; the configuration may use the new name already, or still the old one.

    The caller must hold the lock against `digest run`.

    Raises:
        UnknownError: there is no such source.
        ConfigurationError: another source has or had the new name.
    """
    if old != new and settings.source(old) and settings.source(new):
        raise ConfigurationError(f"{old} and {new} are both configured", place="sources", remedy="remove one of them")
    with store.write() as tx:
        former = tx.renames.all()
        if old in former:
            raise UnknownError("source", old, remedy=f"it is {former[old].new} now")
        if tx.readings.source(old) is None:
            raise UnknownError("source", old, remedy="`digest status` names the sources")
        _require_free(tx, old, new)
        done = Done(tx.readings.shown_by(old), len(tx.readings.dumps(old)))
        tx.renames.rename(old, new, _feeds(settings.topics, old, new), now)
        alert = tx.alerts.all().get(f"source {old}")
        if alert:
            tx.alerts.drop(alert.subject)
            tx.alerts.put(replace(alert, subject=f"source {new}"))
    return done


def _require_free(tx: Transaction, old: SourceId, new: SourceId) -> None:
    former = tx.renames.all()
    problem = ""
    if new == old:
        problem = "is its name"
    elif tx.renames.holds(new) or any(one.new == new for one in former.values()):
        problem = "is another source, with dumps or entries of its own"
    elif new in former and former[new].new != old:
        problem = f"is a former name of {former[new].new}, and its addresses lead there"
    if problem:
        raise ConfigurationError(problem, place=new, remedy="choose another name")


def _feeds(topics: Sequence[Topic], old: SourceId, new: SourceId) -> dict[str, str]:
    """The keys of the feeds that contain the name, each with the new one."""
    keys = {f"source/{old}": f"source/{new}"}
    for topic in topics:
        before, after = (topic_key(_with_name(topic, {old, new}, name)) for name in (old, new))
        if before != after:
            keys[before] = after
    return keys


def _with_name(topic: Topic, either: set[SourceId], name: SourceId) -> Topic:
    return topic.model_copy(update={"sources": tuple(name if one in either else one for one in topic.sources)})


def require_present_names(store: Store, settings: Settings) -> None:
    """Check that the configuration uses no former name: a source's dumps would be taken for those of a new one.

    Raises:
        ConfigurationError: one uses it.
    """
    require_present_digests(store, settings)
    with store.read() as tx:
        former = tx.renames.all()
    for renamed in former.values():
        if settings.source(renamed.old):
            raise ConfigurationError(
                f"the source {renamed.old} was renamed to {renamed.new}",
                place="sources",
                remedy=f'write id = "{renamed.new}", and the same in the `sources` of digests and topics',
            )


def present_name(store: Store, settings: Settings, name: str) -> str | None:
    """The name of the configured source that formerly had this name; None if there is none."""
    with store.read() as tx:
        renamed = tx.renames.all().get(SourceId(name))
    return renamed.new if renamed and settings.source(renamed.new) else None


def lines_to_change(text: str, source: str) -> Iterator[tuple[int, str]]:
    """The lines of a configuration that name a source, each with its number from 1."""
    table, within = "", False
    for number, line in enumerate(text.splitlines(), 1):
        code = line.strip()
        if code.startswith("["):
            table = code.partition("#")[0].strip().strip("[]").strip() if not within else table
        key = code.partition("=")[0].strip()
        within = within or (table in {"digests", "topics"} and key == "sources")
        named = any(f"{quote}{source}{quote}" in code for quote in "\"'")
        if named and (within or (table == "sources" and key == "id")):
            yield number, code
        within = within and "]" not in code.partition("#")[0]
