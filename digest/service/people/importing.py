"""Imports lists of people: who is new, who is known, who must not get mail. A second import changes nothing.

Decision 121.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from digest.addresses import checked_address
from digest.errors import AddressError, DigestError
from digest.lists import columns, people, values
from digest.lists.table import Table, decode_list, parse_table
from digest.mail.tokens import address_hash
from digest.model import DigestId, Format
from digest.records.operating import consent_by_operator
from digest.records.people import Joining, KnownPerson, Newcomer
from digest.service.editions.digests import frequencies_of
from digest.service.people import preferences, subscribers
from digest.service.upkeep.turns import in_turns
from digest.settings import Digest, Settings

if TYPE_CHECKING:
    from digest.store.transaction import Store, Transaction

_BY_OPERATOR = "operator, "  # prefix of a source without a word of its own about who added the person


class RowResult(NamedTuple):
    """The result for a line, a key of the counts; `text` explains more if needed."""

    line: int
    kind: str
    text: str = ""


# The results in the order of reporting; the last one is a mistake in the list.
KINDS = ("added", "joined", "known", "left", "erased", "suppressed", "unsubscribed", "bounced", "unconfirmed", "wrong")


@dataclass(slots=True)
class ImportReport:
    """The result of an import or of its trial run, in numbers of rows, with the lines that need a comment."""

    kinds: Counter[str] = field(default_factory=Counter)
    problems: list[RowResult] = field(default_factory=list)
    suppressed: list[RowResult] = field(default_factory=list)
    warnings: dict[str, list[int]] = field(default_factory=dict)
    unmatched: Counter[str] = field(default_factory=Counter)

    def counts(self) -> dict[str, int]:
        """The number of rows of each result."""
        return {kind: self.kinds[kind] for kind in KINDS}

    def add(self, result: RowResult) -> None:
        self.kinds[result.kind] += 1
        if result.kind == "wrong":
            self.problems.append(result)
        elif result.kind == "suppressed":
            self.suppressed.append(result)

    def warn(self, line: int, text: str) -> None:
        self.warnings.setdefault(text, []).append(line)


@dataclass(frozen=True, slots=True)
class PeopleFile:
    """A list that was read completely and has no open quote."""

    encoding: str
    table: Table
    rows: tuple[people.ListedPerson | people.RefusedRow, ...]

    @property
    def ignored(self) -> list[str]:
        """The column heads that are ignored."""
        return columns.unused_headings(self.table.heads, self.table.columns)


class _Row(NamedTuple):
    """A row that may be stored: the address in the form that servers accept, and its requests."""

    line: int
    address: str
    hash: str
    newcomer: Newcomer


def read_people(raw: bytes, now: datetime, encoding: str | None = None) -> PeopleFile:
    """Read a whole list before anything of it is stored.

    Raises:
        ListError: it is not text, its columns are unknown, or a quote is not closed.
    """
    text, found = decode_list(raw, encoding)
    read = parse_table(text)
    return PeopleFile(found, read, tuple(people.read_rows(read, now)))


def import_people(
    store: Store,
    settings: Settings,
    file: PeopleFile,
    *,
    now: datetime,
    progress: Callable[[int, int], object] | None = None,
) -> ImportReport:
    """Subscribe everybody in a list who may be, in short transactions; an interrupted import can be repeated.

    People who left or were erased stay away, known people keep their choices, and nobody is subscribed who had
    unsubscribed there, bounced or never confirmed.
    """
    report = ImportReport()
    rows = list(_storable_rows(settings, file, store.secret(), report, now))

    def write(tx: Transaction, batch: Sequence[_Row]) -> None:
        decided = _Decisions(tx, settings, batch)
        tx.newcomers.add(decided.new, now)
        for person, join in decided.joins:
            subscribers.follow(
                tx,
                settings,
                person.id,
                join.digest,
                join.source,
                now,
                wording=join.wording,
                asked_at=join.asked_at,
                consented_at=join.at,
            )
        for result in decided.results:
            report.add(result)

    in_turns(store, rows, write, progress=lambda done: progress(done, len(rows)) if progress else None)
    return report


def try_people(store: Store, settings: Settings, file: PeopleFile, *, now: datetime) -> ImportReport:
    """The result that `import_people` would have; nothing is written."""
    report = ImportReport()
    rows = list(_storable_rows(settings, file, store.secret(), report, now))
    with store.read() as tx:
        for result in _Decisions(tx, settings, rows).results:
            report.add(result)
    return report


def _storable_rows(
    settings: Settings, file: PeopleFile, secret: bytes, report: ImportReport, now: datetime
) -> Iterator[_Row]:
    """The rows that may be stored; the results of the others go into the report."""
    gone, known_zones = _unwanted_elsewhere(file, secret), set(preferences.time_zones())
    topics = _Topics(settings)
    for row in file.rows:
        if isinstance(row, people.RefusedRow):
            report.add(RowResult(row.line, "wrong", row.problem))
            continue
        try:
            address = checked_address(row.address)
            wanted = _named_digests(settings, row.digests)
        except AddressError as error:
            report.add(RowResult(row.line, "wrong", f"{row.address}: {error.reason}"))
            continue
        except DigestError as error:
            report.add(RowResult(row.line, "wrong", str(error)))
            continue
        hashed = address_hash(secret, address)
        status = row.status
        if status is values.ListStatus.GETS_MAIL:
            status = gone.get((hashed, "")) or gone.get((hashed, row.digests)) or status
        if status is not values.ListStatus.GETS_MAIL:
            report.add(RowResult(row.line, status.value))
            continue
        for warning in row.warnings:
            report.warn(row.line, warning)
        if row.timezone and row.timezone not in known_zones:
            report.warn(row.line, f"{row.timezone!r} is no time zone (such as Asia/Shanghai), and is left out")
            row = replace(row, timezone="")  # noqa: PLW2901 - the same row without it
        chosen, unmatched = topics.of(row.tags)
        report.unmatched.update(unmatched)
        yield _Row(row.line, address, hashed, _newcomer(settings.digests, row, address, wanted, chosen, now))


def _unwanted_elsewhere(file: PeopleFile, secret: bytes) -> dict[tuple[str, str], values.ListStatus]:
    """People without mail there, by address; by address and digest if a list has one row per digest.

    So one row subscribes nobody who has left according to another row.
    """
    found: dict[tuple[str, str], values.ListStatus] = {}
    for row in file.rows:
        if isinstance(row, people.ListedPerson) and row.status is not values.ListStatus.GETS_MAIL:
            try:
                hashed = address_hash(secret, checked_address(row.address))
            except AddressError:
                continue  # reported with its row
            of_one = row.digests if row.status is values.ListStatus.UNSUBSCRIBED else ""
            found[hashed, of_one] = row.status
    return found


def _named_digests(settings: Settings, written: str) -> list[DigestId]:
    """The digests in a cell, by id or title.

    Raises:
        DigestError: there is no such digest, or none is configured.
    """
    whole = [digest.id for digest in settings.digests if written and values.same_name(digest.title, written)]
    names = whole[:1] or written.replace(",", " ").replace(";", " ").split()
    return subscribers.chosen_digests(settings, names)


class _Topics:
    """The configured topics, by the names that tags may use."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._known: dict[str, str | None] = {}

    def of(self, tags: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
        """The topics of these tags, each once, and the tags without a topic."""
        for tag in tags:
            if tag not in self._known:
                self._known[tag] = subscribers.topic_named(self._settings.topics, tag)
        chosen = dict.fromkeys(topic for tag in tags if (topic := self._known[tag]))
        return tuple(chosen), [tag for tag in tags if self._known[tag] is None]


def _newcomer(
    digests: Sequence[Digest],
    row: people.ListedPerson,
    address: str,
    wanted: Sequence[DigestId],
    topics: tuple[str, ...],
    now: datetime,
) -> Newcomer:
    """A new person with the consent from the list."""
    ours = consent_by_operator("subscribers import")
    source = row.source if row.source.startswith(_BY_OPERATOR) else ": ".join(filter(None, (ours, row.source)))
    joins = tuple(Joining(digest, source, row.consented_at or now, row.wording, row.asked_at) for digest in wanted)
    return Newcomer(
        address,
        row.name,
        row.language or subscribers.language_of_digests(digests, wanted),
        row.form or Format.BOTH,
        row.timezone,
        topics,
        row.paused_until if row.paused_until and row.paused_until > now else None,
        joins,
    )


class _Decisions:
    """The changes and reports for a batch of rows; rows of one person count together."""

    def __init__(self, tx: Transaction, settings: Settings, rows: Sequence[_Row]) -> None:
        self._settings = settings
        self._known = tx.newcomers.known(row.address for row in rows)
        self._erased = tx.newcomers.erased(row.hash for row in rows)
        self._digests: dict[str, dict[DigestId, bool]] = {}
        self._new: dict[str, Newcomer] = {}
        self.joins: list[tuple[KnownPerson, Joining]] = []
        self.results = [self._result(row) for row in rows]

    @property
    def new(self) -> list[Newcomer]:
        return list(self._new.values())

    def _result(self, row: _Row) -> RowResult:
        person = self._known.get(row.address)
        if row.hash in self._erased:
            return RowResult(row.line, "erased")
        if person and person.suppressed:
            return RowResult(row.line, "suppressed", f"{row.newcomer.address}: {person.suppressed}")
        if row.hash not in self._digests:
            self._digests[row.hash] = self._frequencies(person.digests) if person else {}
        joins = self._missing(row)
        if person is None and row.hash not in self._new:
            self._new[row.hash] = replace(row.newcomer, joins=joins)
            return RowResult(row.line, "added")
        if not joins:
            followed = self._digests[row.hash]
            return RowResult(
                row.line, "known" if all(followed.get(one.digest) for one in row.newcomer.joins) else "left"
            )
        if person is None:
            before = self._new[row.hash]
            self._new[row.hash] = replace(before, joins=(*before.joins, *joins))
        else:
            self.joins += [(person, join) for join in joins]
        return RowResult(row.line, "joined")

    def _missing(self, row: _Row) -> tuple[Joining, ...]:
        """The digests in a row that its person never had, at any frequency: an earlier choice among them stays."""
        digests, missing = self._digests[row.hash], []
        for join in row.newcomer.joins:
            if join.digest not in digests:
                missing.append(join)
                digests.update(self._frequencies({join.digest: True}))
        return tuple(missing)

    def _frequencies(self, digests: Mapping[DigestId, bool]) -> dict[DigestId, bool]:
        """The digests with all others of the same entries, true if one of them is followed."""
        found: dict[DigestId, bool] = {}
        for digest, followed in digests.items():
            for one in frequencies_of(self._settings, digest):
                found[one] = found.get(one, False) or followed
        return found
