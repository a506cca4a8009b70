"""Finds rows that break an invariant, as far as a query can; invariants on computed texts are checked elsewhere."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, func, select, text

from digest.model import AtomId, EditionKey, EntryId, Section, SubscriberId
from digest.records.mailing import DeliveryRow
from digest.records.publishing import Drawn
from digest.records.upkeep import Fact, Recorded, Story, Violation
from digest.store.database.statements import batches, content_of
from digest.store.database.tables import metadata
from digest.store.database.tables.editions import edition_bodies, edition_entries
from digest.store.database.tables.mailing import deliveries
from digest.store.database.tables.publishing import KeyKind, entries, entry_keys, revisions, searched
from digest.store.mailing.deliveries import WITH_ADDRESS, row_of
from digest.store.publishing import searching
from digest.store.publishing.entries import CONTENT_COLUMNS
from digest.store.upkeep import history

_BATCH = 500  # rows in memory at a time

# Each invariant with a query for the rows that break it.
_LAWS = {
    "an entry is new twice in the editions of one digest": """
        SELECT e.digest, t.entry_id, count(*) AS times FROM edition_entries t JOIN editions e ON e.key = t.edition
        WHERE t.section = 'new' GROUP BY e.digest, t.entry_id HAVING count(*) > 1""",
    "a delivery is of an edition without words": """
        SELECT d.edition, d.subscriber_id FROM deliveries d
        WHERE NOT EXISTS (SELECT 1 FROM edition_bodies b WHERE b.edition = d.edition)""",
    "a delivery is of an empty edition": """
        SELECT d.edition, d.subscriber_id FROM deliveries d JOIN editions e ON e.key = d.edition
        JOIN edition_bodies b ON b.edition = d.edition AND b.ordinal = d.variant
        WHERE e.empty AND CAST(b.again AS TEXT) = '[]'""",
    "two deliveries have one Message-ID": """
        SELECT message_id, count(*) AS times FROM deliveries WHERE message_id <> ''
        GROUP BY message_id HAVING count(*) > 1""",
    "the numbers of a feed have a gap": """
        SELECT feed, count(*) AS entries, max(number) AS newest FROM feed_entries
        GROUP BY feed HAVING count(*) <> max(number) OR min(number) <> 1""",
    "an entry stands twice in a feed": """
        SELECT feed, entry_id, count(*) AS times FROM feed_entries GROUP BY feed, entry_id HAVING count(*) > 1""",
    "a published entry is missing from the feed of everything": """
        SELECT id FROM entries e WHERE updated_at IS NOT NULL AND removed_at IS NULL AND hidden_at IS NULL
        AND NOT EXISTS (SELECT 1 FROM feed_entries f WHERE f.feed = '' AND f.entry_id = e.id)""",
    "the revisions of an entry have a gap, or it is not at the newest": """
        SELECT e.id, e.revision, count(r.number) AS revisions, max(r.number) AS newest
        FROM entries e LEFT JOIN revisions r ON r.entry_id = e.id
        GROUP BY e.id, e.revision HAVING count(r.number) <> e.revision OR max(r.number) <> e.revision""",
    "a date has a day and stands as one without": """
        SELECT id, date_kind, date_part FROM entries WHERE date_part IS NOT NULL AND date_kind IS NOT NULL
        UNION ALL SELECT entry_id, date_kind, date_part FROM revisions
        WHERE date_part IS NOT NULL AND date_kind IS NOT NULL""",
    "two entries have one AtomId": """
        SELECT atom_id, count(*) AS times FROM entries GROUP BY atom_id HAVING count(*) > 1""",
    "an entry is not shown by its first source": """
        SELECT e.id, e.first_source FROM entries e WHERE NOT EXISTS
        (SELECT 1 FROM entry_sources s WHERE s.entry_id = e.id AND s.source = e.first_source)""",
    "a correction announces what was never announced": """
        WITH RECURSIVE became(entry_id, other_id) AS (
            SELECT entry_id, other_id FROM acts WHERE kind = 'merge'
            UNION SELECT b.entry_id, a.other_id FROM became b
            JOIN acts a ON a.entry_id = b.other_id AND a.kind = 'merge')
        SELECT t.edition, t.entry_id FROM edition_entries t JOIN editions e ON e.key = t.edition
        WHERE t.section = 'corrected' AND NOT EXISTS (
            SELECT 1 FROM edition_entries n JOIN editions o ON o.key = n.edition
            WHERE n.section IN ('new', 'catch_up') AND o.digest = e.digest AND (n.entry_id = t.entry_id OR EXISTS (
                SELECT 1 FROM became b WHERE b.entry_id = t.entry_id AND b.other_id = n.entry_id)))""",
    "an entry is merged into one that is none, or merged itself": """
        SELECT e.id, e.merged_into FROM entries e WHERE e.merged_into IS NOT NULL AND (e.removed_at IS NULL
        AND e.hidden_at IS NULL OR NOT EXISTS (
            SELECT 1 FROM entries k WHERE k.id = e.merged_into AND k.merged_into IS NULL))""",
    "an entry was forgotten and is published": """
        SELECT id FROM entries WHERE forgotten_at IS NOT NULL AND hidden_at IS NULL""",
    "a former name of a source is a source": """
        SELECT r.old, r.new FROM renamed_sources r JOIN sources s ON s.id = r.old""",
    "a former name of a digest is a digest": """
        SELECT r.old, r.new FROM renamed_digests r JOIN digests d ON d.id = r.old""",
    "an erased person has an open delivery": """
        SELECT d.edition, d.subscriber_id FROM deliveries d JOIN subscribers s ON s.id = d.subscriber_id
        WHERE s.erased_at IS NOT NULL AND d.next_at IS NOT NULL AND d.state <> 'leased'""",
}

_TWICE = """
    SELECT d.subscriber_id, e.digest, t.entry_id, count(*) AS times FROM deliveries d
    JOIN editions e ON e.key = d.edition
    JOIN edition_bodies b ON b.edition = d.edition AND b.ordinal = d.variant
    CROSS JOIN EACH AS j
    JOIN edition_entries t ON t.edition = d.edition AND t.ordinal = CAST(j.value AS INTEGER)
    WHERE d.state NOT IN ('suppressed', 'failed') OR d.uncertain > 0
    GROUP BY d.subscriber_id, e.digest, NAME, t.entry_id HAVING count(*) > 1"""
_TOLD_TWICE = {
    "told": "a subscriber gets an entry twice",
    "again": "an entry is listed once more twice to a subscriber",
}
# The name under which an edition was made: followers of two digests that became one got both digests' editions.
_NAME = {"sqlite": "substr(e.key, 1, instr(e.key, '/'))", "postgresql": "split_part(e.key, '/', 1)"}
# A row for each element of a JSON list, such as `b.told`.
_EACH = {"sqlite": "json_each(b.LIST)", "postgresql": "json_array_elements_text(b.LIST)"}


class Audit:
    """Reads everything, unpublished entries too. It streams: memory does not grow with the store."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def size(self) -> int:
        """The number of entries that `recorded` yields."""
        return self._connection.execute(select(func.count()).select_from(entries)).scalar_one()

    def broken(self) -> Iterator[Violation]:
        """Violations that the database itself can find: damage, dangling references, duplicates, gaps."""
        if self._connection.dialect.name == "sqlite":
            yield from self._damage()
        for law, query in _LAWS.items():
            for row in self._stream(text(query)):
                yield Violation(law, _named(row))
        yield from self._twice()

    def _twice(self) -> Iterator[Violation]:
        """People to whom two mails of a digest announced an entry as new, or listed it again; they may have both."""
        database = self._connection.dialect.name
        query = _TWICE.replace("EACH", _EACH[database]).replace("NAME", _NAME[database])
        for named, law in _TOLD_TWICE.items():
            for row in self._stream(text(query.replace("LIST", named))):
                yield Violation(law, _named(row))

    def _damage(self) -> Iterator[Violation]:
        for row in self._stream(text("PRAGMA integrity_check")):
            if row[0] != "ok":
                yield Violation("the database is damaged", row[0])
        for found in self._stream(text("PRAGMA foreign_key_check")):
            table, rowid, parent = found.table, found.rowid, found.parent
            columns = metadata.tables[table].primary_key.columns
            names = ", ".join(column.name for column in columns)
            row = self._connection.execute(text(f"SELECT {names} FROM {table} WHERE rowid = :id"), {"id": rowid}).one()  # noqa: S608 - names of our tables
            yield Violation(f"a row of {table} refers to nothing in {parent}", _named(row))

    def index_agrees(self) -> bool:
        """Whether the search index agrees with the stored entries; requires a transaction that may write."""
        return searching.agrees(self._connection)

    def recorded(self) -> Iterator[Recorded]:
        """Every entry with what is computed from its contents, by id."""
        query = (
            select(entries.c.id, entries.c.atom_id, *CONTENT_COLUMNS)
            .join_from(entries, revisions, revisions.c.entry_id == entries.c.id)
            .where(revisions.c.split_to.is_(None))
            .order_by(entries.c.id, revisions.c.number)
        )
        each = groupby(self._stream(query), key=lambda row: (row.id, row.atom_id))
        gathered = ((name, atom_id, tuple(map(content_of, rows))) for (name, atom_id), rows in each)
        for batch in batches(gathered):
            ids = [name for name, _, _ in batch]
            keys: dict[tuple[str, str], set[str]] = {}
            for row in self._connection.execute(select(entry_keys).where(entry_keys.c.entry_id.in_(ids))):
                keys.setdefault((row.entry_id, row.kind), set()).add(row.key)
            words = {
                row.entry_id: (row.title, row.body)
                for row in self._connection.execute(select(searched).where(searched.c.entry_id.in_(ids)))
            }
            for name, atom_id, contents in batch:
                yield Recorded(
                    EntryId(name),
                    AtomId(atom_id),
                    contents,
                    frozenset(keys.get((name, KeyKind.TITLE), ())),
                    frozenset(keys.get((name, KeyKind.LEAD), ())),
                    words.get(name),
                )

    def matching(self, asked: str, limit: int) -> list[tuple[EntryId, str]]:
        """The entry with this id, otherwise the entries whose titles contain these words, newest first."""
        return history.matching(self._connection, asked, limit)

    def story(self, entry: EntryId) -> Story | None:
        """Everything stored about an entry; None if there is none with this id."""
        return history.story(self._connection, entry)

    def delivery(self, edition: EditionKey, subscriber: SubscriberId) -> DeliveryRow | None:
        """The delivery of an edition to a person; None if there is none."""
        here = WITH_ADDRESS.where(deliveries.c.edition == edition, deliveries.c.subscriber_id == subscriber)
        row = self._connection.execute(here).one_or_none()
        return row_of(row) if row else None

    def tells(self, edition: EditionKey, subscriber: SubscriberId, entry: EntryId, section: Section) -> bool:
        """Whether this person's text of an edition announces the entry as new, or lists it once more, there."""
        words = (edition_bodies.c.edition == deliveries.c.edition) & (edition_bodies.c.ordinal == deliveries.c.variant)
        mine = select(edition_bodies.c.told, edition_bodies.c.again).join_from(deliveries, edition_bodies, words)
        mine = mine.where(deliveries.c.edition == edition, deliveries.c.subscriber_id == subscriber)
        row = self._connection.execute(mine).one_or_none()
        named = [*row.told, *row.again] if row else []
        here = select(edition_entries.c.ordinal).where(edition_entries.c.edition == edition)
        here = here.where(edition_entries.c.entry_id == entry, edition_entries.c.section == section)
        return any(ordinal in named for ordinal in self._connection.execute(here).scalars())

    def moments(self) -> int:
        """The number of distinct times at which revisions were stored."""
        return history.moments(self._connection)

    def history(self) -> Iterator[Fact]:
        """All stored facts in an order in which they can be stored again: by time, revisions of an entry by number.

        If the clock stepped back, a fact gets the time of the fact that it depends on. At one time, the order is:
        revisions by number, source and path; then further sources of entries, counts, finished first imports, removals.
        """
        return history.facts(self._connection)

    def pictures(self) -> Iterator[tuple[str, Drawn | None]]:
        """The pictures of all formulas by name, None for one that could not be drawn."""
        return history.pictures(self._connection)

    def _stream(self, query: Any) -> Iterator[Row[Any]]:  # noqa: ANN401 - the type that execute accepts
        return iter(self._connection.execution_options(yield_per=_BATCH).execute(query))


def _named(row: Row[Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in row._mapping.items())  # noqa: SLF001 - SQLAlchemy's public name
