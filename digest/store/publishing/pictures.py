"""Pictures of formulas by name."""

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, func, select

from digest.records.publishing import Drawn
from digest.store.database.statements import batches, insert
from digest.store.database.tables.publishing import pictures


class Pictures:
    """Formulas as pictures, named by their appearance, never changed."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def unknown(self, names: Iterable[str]) -> set[str]:
        """The names that nobody tried to draw yet."""
        wanted = set(names)
        known: set[str] = set()
        for batch in batches(wanted):
            known |= set(self._connection.execute(select(pictures.c.name).where(pictures.c.name.in_(batch))).scalars())
        return wanted - known

    def add(self, drawn: Mapping[str, Drawn | None]) -> None:
        """Store pictures, None for one that could not be drawn."""
        rows = [
            {
                "name": name,
                "png": one.png if one else None,
                "width": one.width if one else 0,
                "height": one.height if one else 0,
                "depth": one.depth if one else 0,
            }
            for name, one in drawn.items()
        ]
        if rows:
            self._connection.execute(insert(self._connection, pictures).on_conflict_do_nothing(), rows)

    def sizes(self, names: Iterable[str]) -> dict[str, tuple[int, int, int]]:
        """Width, height and depth of those that exist."""
        columns = (pictures.c.name, pictures.c.width, pictures.c.height, pictures.c.depth)
        return {
            row.name: (row.width, row.height, row.depth)
            for batch in batches(set(names))
            for row in self._connection.execute(
                select(*columns).where(pictures.c.name.in_(batch), pictures.c.png.is_not(None))
            )
        }

    def png(self, name: str) -> bytes | None:
        """The bytes of a picture; None if it is unknown, or could not be drawn."""
        return self._connection.execute(select(pictures.c.png).where(pictures.c.name == name)).scalar_one_or_none()

    def failed(self) -> int:
        """How many could not be drawn."""
        query = select(func.count()).select_from(pictures).where(pictures.c.png.is_(None))
        return int(self._connection.execute(query).scalar_one())
