"""The changes of the configuration, in versions: the newest one holds, the earlier ones are there to return to."""

from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select

from digest.records.operating import SettingsVersion
from digest.store.database.tables.operating import settings_changes

_ABOUT = (
    settings_changes.c.revision,
    settings_changes.c.made_at,
    settings_changes.c.actor,
    settings_changes.c.summary,
    settings_changes.c.before,
)
_CONTENT = (settings_changes.c.text, settings_changes.c.templates)


class SettingsChanges:
    """The versions of the changes."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def revision(self) -> int:
        """The number of the newest version; 0 if nothing was ever changed."""
        found: int = self._connection.execute(
            select(func.coalesce(func.max(settings_changes.c.revision), 0))
        ).scalar_one()
        return found

    def version(self, revision: int) -> SettingsVersion | None:
        """One version; None if there is none of this number, or no longer."""
        query = select(*_ABOUT, *_CONTENT).where(settings_changes.c.revision == revision)
        row = self._connection.execute(query).one_or_none()
        return row and _version(row)

    def newest(self) -> SettingsVersion | None:
        """The newest version; None if nothing was ever changed."""
        query = select(*_ABOUT, *_CONTENT).order_by(settings_changes.c.revision.desc()).limit(1)
        row = self._connection.execute(query).one_or_none()
        return row and _version(row)

    def all(self) -> list[SettingsVersion]:
        """The versions that are kept, the newest first."""
        query = select(*_ABOUT, *_CONTENT).order_by(settings_changes.c.revision.desc())
        return [_version(row) for row in self._connection.execute(query)]

    def add(self, version: SettingsVersion, *, kept: int) -> None:
        """Add a version, which becomes the newest, and delete all but the newest `kept` versions."""
        row = {
            "revision": version.revision,
            "made_at": version.made_at,
            "actor": version.actor,
            "summary": version.summary,
            "before": version.before,
            "text": version.text,
            "templates": version.templates,
        }
        self._connection.execute(insert(settings_changes).values(row))
        old = settings_changes.c.revision <= version.revision - kept
        self._connection.execute(delete(settings_changes).where(old))


def _version(row: Row[*tuple[Any, ...]]) -> SettingsVersion:
    return SettingsVersion(**row._asdict())
