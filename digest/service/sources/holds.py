"""Why the dumps of a source are held, and what releasing them would do. Reads dumps, stores nothing. Decision 39."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from digest.changes.values import Added, Cause, Placing, Revised, Vanished
from digest.dumps.configured import layouts_of, terms_of
from digest.dumps.containers.kinds import containers_of
from digest.dumps.pages import Page, is_page, unpacked
from digest.errors import REPORT_IT, StoreError, UnknownError, describe_fault
from digest.model import Content, EntryDate, EntryId, SourceId
from digest.records.intake import DumpState, KnownDump, SourceState
from digest.service.fetching.origins import listed
from digest.service.intake import apply_dump, comparing, reading_dumps, years
from digest.settings import Source
from digest.typeset.titles import headline

if TYPE_CHECKING:
    from digest.store.transaction import Store


@dataclass(frozen=True, slots=True)
class Arrival:
    """An entry that would be added. `announced`: as new, not only published."""

    title: str
    date: EntryDate | None
    announced: bool


@dataclass(frozen=True, slots=True)
class Rewrite:
    """An entry whose content or date would change; each pair is before and after."""

    entry: EntryId
    contents: tuple[Content, Content]
    dates: tuple[EntryDate | None, EntryDate | None]
    cause: Cause


@dataclass(frozen=True, slots=True)
class Departure:
    """An entry that the dump no longer shows. It stays published."""

    entry: EntryId
    title: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """The effect of releasing a dump; each list in page order."""

    added: tuple[Arrival, ...]
    changed: tuple[Rewrite, ...]
    removed: tuple[Departure, ...]


@dataclass(frozen=True, slots=True)
class Held:
    """A held dump. `missing` good readings that agree end the hold; None: no reading does.

    `obstacle` says, in a sentence, why the file differs from what is held; empty if it does not. `outcome` is absent if
    the file cannot be read now.
    """

    dump: KnownDump
    missing: int | None
    obstacle: str
    outcome: Outcome | None


@dataclass(frozen=True, slots=True)
class SourceHolds:
    """A source: its state (None: never read), its dumps by path, the held ones with the effect of a release."""

    state: SourceState | None
    changed_at: datetime | None
    dumps: tuple[KnownDump, ...]
    held: tuple[Held, ...]


def missing(dump: KnownDump, agree: int) -> int | None:
    """How many more agreeing good readings end a hold that needs `agree`; None if none does."""
    return max(agree - dump.agreed, 1) if dump.ends_by_itself else None


def source_holds(
    store: Store,
    source: Source,
    path: str | None,
    *,
    now: datetime,
    progress: Callable[[str], None] = lambda _: None,
) -> SourceHolds:
    """The state of a source, or of one dump. Each held dump is read; `progress` is called with its name before.

    Raises:
        UnknownError: no dump of this path is known.
    """
    name = SourceId(source.id)
    with store.read() as tx:
        state, changed_at = tx.readings.source(name), tx.readings.changed_at(name)
        known = tx.readings.dumps(name)
    if path is not None and path not in known:
        raise UnknownError("dump", f"{name}/{path}", remedy=f"`digest source show {name}` names those in trouble")
    dumps = tuple(dump for dump in known.values() if path in {None, dump.path})
    waiting = [dump for dump in dumps if dump.state is DumpState.HELD]
    pages = pages_named(store, source, {dump.path for dump in waiting})
    held = []
    for dump in waiting:
        progress(dump.path)
        held.append(_held(store, source, dump, pages.get(dump.path), now))
    return SourceHolds(state, changed_at, dumps, tuple(held))


def pages_named(store: Store, source: Source, wanted: set[str]) -> dict[str, Page]:
    """The pages of these dumps, as far as they exist."""
    if not wanted:
        return {}
    inside = {container for name in wanted for container in containers_of(name)}
    terms, layouts = terms_of(source), layouts_of(source)
    found: dict[str, Page] = {}
    for page in filter(is_page, listed(store, source)):
        for one in unpacked(page, terms, layouts) if page.name in inside or page.name in wanted else ():
            if is_page(one) and one.name in wanted:
                found[one.name] = one
    return found


def _held(store: Store, source: Source, dump: KnownDump, page: Page | None, now: datetime) -> Held:
    needed = missing(dump, source.agree)
    if page is None:
        gone = "the file is gone: the next refresh ends the hold, and what was published stays"
        return Held(dump, needed, gone, None)
    if dump.unreadable and dump.stamp.names(page.stamp):
        return Held(dump, needed, "", None)  # its reason is enough
    try:
        before = reading_dumps.titles_before(store, dump.source, dump.path)
        read = reading_dumps.read_page(source, page, dump, now, again=True, before=before)
        if isinstance(read, reading_dumps.Unread):
            return Held(dump, needed, f"the file cannot be read now: it {read.error.reason}", None)
        assert isinstance(read, comparing.ReadDump)  # noqa: S101 - with `again`, it is read in any case
        outcome = _outcome(store, source, read)
    except StoreError:
        raise
    except Exception as error:  # noqa: BLE001 - as in a pass, the other dumps continue whatever fails
        return Held(dump, needed, f"the file {describe_fault(error)} ({REPORT_IT})", None)
    changed = read.looked.sha256 != dump.sha256
    obstacle = "the file changed since it was held: the next refresh reads it anew, then decide" if changed else ""
    return Held(dump, needed, obstacle, outcome)


def _outcome(store: Store, source: Source, dump: comparing.ReadDump) -> Outcome:
    """The effect on the store if the operator approves this reading."""
    assert dump.known is not None  # noqa: S101 - it is held
    approved = replace(dump, known=replace(dump.known, approved=dump.looked.sha256))
    name, path = dump.looked.source, dump.looked.path
    with store.read() as tx:
        state = tx.readings.source(name)
        on = comparing.ground(source, approved, tx.readings.last_reading(name, path))
        compared = comparing.compare(tx.readings, source, approved, on)
        dates = dict(compared.changes.dates) | years.better_dates(tx.readings, source, dump.looked, compared)
    settled = state is not None and state.settled_at is not None
    silent = apply_dump.quiet(compared, source, dump) if settled else {}
    return _in_order(compared, dates, silent)


def _in_order(compared: comparing.Compared, dates: dict[EntryId, EntryDate], silent: Collection[EntryId]) -> Outcome:
    changes = compared.changes.changes
    here = _order(compared.changes.placings)
    was = {entry.id: entry for entry in compared.entries}
    gone = {change.entry for change in changes if isinstance(change, Vanished)}
    titles = {placing.entry: placing.title for placing in compared.ground.last if placing.entry in gone}
    revised = sorted((one for one in changes if isinstance(one, Revised)), key=lambda one: here[one.entry])
    return Outcome(
        tuple(
            Arrival(headline(one.content), dates.get(one.entry, one.date), one.entry not in silent)
            for one in sorted((one for one in changes if isinstance(one, Added)), key=lambda one: here[one.entry])
        ),
        tuple(
            Rewrite(
                one.entry,
                (was[one.entry].content, one.content),
                (was[one.entry].date, dates.get(one.entry, was[one.entry].date)),
                one.cause,
            )
            for one in revised
        ),
        tuple(
            Departure(entry, headline(was[entry].content) if entry in was else title) for entry, title in titles.items()
        ),
    )


def _order(placings: Sequence[Placing]) -> dict[EntryId, int]:
    """The position of each entry on its dump, by its first sighting."""
    order: dict[EntryId, int] = {}
    for place, placing in enumerate(placings):
        order.setdefault(placing.entry, place)
    return order
