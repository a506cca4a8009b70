"""Protects the files of an installation: no command may overwrite them with its output."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from digest.dumps.files import is_read
from digest.errors import DigestError
from digest.settings import config_file
from digest.settings.overlay import changes_file
from digest.store import database_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.settings import Settings

_BESIDE = ("", "-wal", "-shm", "-journal")  # the files that SQLite writes beside a database


def require_free(settings: Settings, target: Path, config: Path | None = None) -> None:
    """Refuse to write to a file or folder of the installation itself.

    `target` need not exist, and links are followed. `config` is the file from which the settings were read.

    Raises:
        DigestError: it is the database, its lock, the configuration, a key or password, a dump, a mail or a template.
    """
    place = target.resolve()
    for path, what in _files(settings, config):
        if place == path.resolve() or _is_same(place, path):
            raise DigestError(f"{target}: is {what} of this installation (name another file)")
    for source in settings.sources:
        if source.path and (is_read(source.path, place) or _is_same(place, source.path)):
            raise DigestError(f"{target}: the source {source.id} reads this path (name another file)")
    for folder, what in _folders(settings):
        if place.is_relative_to(folder.resolve()):
            raise DigestError(f"{target}: this path is among {what} of this installation (name another file)")


def _files(settings: Settings, config: Path | None) -> Iterator[tuple[Path, str]]:
    database = database_file(settings.database) if settings.database.startswith("sqlite:") else None
    if database:
        for ending in _BESIDE:
            yield database.with_name(database.name + ending), "the database"
    yield settings.database_folder / "digest.lock", "the lock"
    if read := config_file(config):
        yield read, "the configuration"
    for group in (settings.mail, settings.fallback, settings.dkim, settings.bounces, settings.hooks):
        for name, path in group:
            if name.endswith("_file") and isinstance(path, Path):
                yield path, "a key or password"


def _folders(settings: Settings) -> Iterator[tuple[Path, str]]:
    if settings.mail.transport == "maildir":
        yield settings.mail.path, "the mails"
    if settings.bounces.maildir:
        yield settings.bounces.maildir, "the mails"
    for folder in settings.template_folders:
        yield folder, "the templates"
    yield changes_file(settings.data_dir).parent, "the changes of the settings"


def _is_same(place: Path, path: Path) -> bool:
    """Whether both paths are the same file on the disk."""
    return place.exists() and path.exists() and place.samefile(path)
