"""The search index in PostgreSQL: a text search vector for each row of `searched`.

The tokens are ours, so no parser or dictionary of the server sees them. A vector finds the rows that contain all
tokens. Whether they follow each other is checked in the tokens themselves, because a vector drops positions after the
16383rd. Source: https://www.postgresql.org/docs/current/textsearch-limitations.html Decision 194.
"""

from collections.abc import Iterable

from sqlalchemy import (
    ColumnElement,
    Connection,
    String,
    and_,
    bindparam,
    cast,
    column,
    delete,
    func,
    insert,
    literal,
    select,
    table,
)
from sqlalchemy.dialects.postgresql import ARRAY, REAL, TSQUERY, TSVECTOR

from digest.search_terms import Query
from digest.store.database.statements import batches
from digest.store.database.tables.publishing import searched

INDEX = table("search_index", column("number"), column("words", TSVECTOR))
_PUT = insert(INDEX).values(number=bindparam("row"), words=cast(bindparam("vector", type_=String), TSVECTOR))
_PLACES, _LAST_PLACE = 255, 16_383  # positions of one token in a vector
_LARGEST = 900_000  # bytes of a vector, with a margin: the limit is 1 MB
_WEIGHTS = [0.1, 0.1, 0.1, 1.0]  # of D, for the body, to A, for the title


def index(connection: Connection, numbers: Iterable[int]) -> None:
    """Index these rows of `searched` by their present content."""
    for batch in batches(numbers):
        connection.execute(delete(INDEX).where(INDEX.c.number.in_(batch)))
        index_new(connection, searched.c.number.in_(batch))


def index_new(connection: Connection, here: ColumnElement[bool]) -> None:
    """Index rows of `searched` that are not in the index yet."""
    rows = connection.execute(select(searched).where(here)).all()
    if rows:
        connection.execute(_PUT, [{"row": row.number, "vector": vector(row.title, row.body)} for row in rows])


def agrees(connection: Connection) -> bool:
    """Whether every row of `searched` is indexed by its content, and nothing else."""
    numbers = connection.execute(select(searched.c.number)).scalars().all()
    if set(numbers) != set(connection.execute(select(INDEX.c.number)).scalars()):
        return False
    for batch in batches(numbers):
        for row in connection.execute(select(searched).where(searched.c.number.in_(batch))).all():
            same = INDEX.c.words == cast(literal(vector(row.title, row.body), String), TSVECTOR)
            if not connection.execute(select(same).where(INDEX.c.number == row.number)).scalar_one():
                return False
    return True


def vector(title: str, body: str) -> str:
    """The vector of a row. Content beyond the limit is not found; the beginning always is."""
    places: dict[str, list[str]] = {}
    size = place = 0
    for tokens, weight in ((title.split(), "A"), (body.split(), "")):
        for token in tokens:
            place += 1
            known = places.get(token)
            if known is None:
                size += len(token.encode()) + 8
                known = places.setdefault(token, [])
            if len(known) < _PLACES:
                size += 2
                known.append(f"{min(place, _LAST_PLACE)}{weight}")
            if size > _LARGEST:
                break
    return " ".join(f"'{token}':{','.join(known)}" for token, known in places.items())


def holds(wanted: Query) -> ColumnElement[bool]:
    """Whether a row contains every term, in its title or its body."""
    anywhere = [" " + column + " " for column in (searched.c.title, searched.c.body)]
    return and_(INDEX.c.words.op("@@")(_query(wanted)), _in_order(wanted, anywhere))


def titled(wanted: Query) -> ColumnElement[bool]:
    """Whether the title alone contains every term."""
    return and_(INDEX.c.words.op("@@")(_query(wanted, "A")), _in_order(wanted, [" " + searched.c.title + " "]))


def rank(wanted: Query) -> ColumnElement[float]:
    """How well a row matches; higher is better."""
    return func.ts_rank(cast(_WEIGHTS, ARRAY(REAL)), INDEX.c.words, _query(wanted))


def _query(wanted: Query, weight: str = "") -> ColumnElement[str]:
    """The query. Tokens are letters and digits, so none can be an operator."""
    tokens = dict.fromkeys(
        f"'{token}':{'*' if term.open and at == len(term.tokens) - 1 else ''}{weight}".rstrip(":")
        for term in wanted
        for at, token in enumerate(term.tokens)
    )
    return cast(literal(" & ".join(tokens)), TSQUERY)


def _in_order(wanted: Query, texts: list[ColumnElement[str]]) -> ColumnElement[bool]:
    """Whether the tokens of each term follow each other in one of the texts."""
    phrases = [f" {' '.join(term.tokens)}{'' if term.open else ' '}" for term in wanted]
    asked = func.unnest(cast(phrases, ARRAY(String))).column_valued("phrase")
    missing = select(asked).where(*(func.strpos(text, asked) == 0 for text in texts))
    return ~missing.exists()
