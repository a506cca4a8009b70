"""The changes of a store that is backed up or restored: those of the files, and those of the backup.

Decision 349.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from digest import logs
from digest.errors import ConfigurationError
from digest.service.settings.files import Written, locked, move_aside, on_disk
from digest.service.settings.following import content_of, follow, newest_version
from digest.settings import Settings
from digest.settings.overlay import changes_file
from digest.store import open_store, settings_in

if TYPE_CHECKING:
    from digest.store.transaction import Store

_log = logs.get_logger()


def store_all(store: Store, settings: Settings, now: datetime) -> None:
    """Have what was written into the files by hand in the store before it is copied; the log says if that fails."""
    try:
        follow(store, settings, now)
    except ConfigurationError as error:
        _log.error("the newest changes of the settings are not in the backup", reason=str(error))


def require_no_newer(settings: Settings, backup: Path) -> None:
    """Check that a backup has all changes that the files have.

    Raises:
        ConfigurationError: the files have newer ones, or one cannot be read.
    """
    version, disk = settings_in(backup), on_disk(settings.data_dir)
    content, known = content_of(version), version.revision if version else 0
    same = (disk.document, disk.templates) == (content.document, content.templates)
    newer = bool(disk.there or disk.templates) and not same and (disk.edited or disk.revision >= known)
    if not (newer or disk.former):
        return
    theirs = f"revision {known}, of {version.made_at:%Y-%m-%d %H:%M} UTC" if version else "it has none"
    raise ConfigurationError(
        f"these changed settings and templates are newer than those of the backup ({theirs})",
        place=str(changes_file(settings.data_dir).parent),
        remedy="give --changes keep to keep them, or --changes backup to move them aside",
    )


def take_stored(settings: Settings, now: datetime) -> Path | None:
    """Bring the changes of a restored store into the files; returns the folder in which the present ones are now.

    Raises:
        ConfigurationError: they cannot be written.
        StoreError: the store cannot be opened.
    """
    store = open_store(settings.database)
    try:
        newest = newest_version(store)
    finally:
        store.close()
    disk, content, aside = on_disk(settings.data_dir), content_of(newest), None
    if (disk.document, disk.templates, disk.former) == (content.document, content.templates, ()):
        return None
    if disk.there or disk.templates or disk.former:
        aside = move_aside(settings.data_dir, f"{now:%Y%m%dT%H%M%S}")
    if newest is not None:
        with (
            locked(settings.data_dir),
            Written(settings.data_dir, content.document, content.templates, newest.revision) as written,
        ):
            written.put()
    return aside
