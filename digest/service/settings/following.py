"""Brings the files of changes and the store to one state. Decision 342."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from digest import logs
from digest.dumps.configured import layout_rules
from digest.errors import ConfigurationError, ConflictError
from digest.records.operating import SettingsVersion
from digest.service.settings.files import OnDisk, Written, locked, on_disk, put_aside
from digest.settings import Settings
from digest.settings.changes import text_of, value_at, with_name, with_value
from digest.settings.effective import with_changes
from digest.settings.loading import Read, checked_settings, read_layers
from digest.settings.overlay import Changes

if TYPE_CHECKING:
    from digest.store.transaction import Store

KEPT = 20  # versions
NOTHING_BEFORE = -1  # the version before the one without any change
# Called after each change that this process makes, from any thread.
LISTENERS: set[Callable[[], object]] = set()
_log = logs.get_logger()


@dataclass(frozen=True, slots=True)
class Content:
    """All changes of one version: those of settings, and the texts of edited templates by their names."""

    document: Mapping[str, Any] = field(default_factory=dict)
    templates: Mapping[str, str] = field(default_factory=dict)


def follow(store: Store, settings: Settings, now: datetime) -> bool:
    """Bring files and store to one state: the newer version wins, and what was written by hand is a new version.

    Returns whether the settings have to be read again.

    Raises:
        ConfigurationError: the newer version does not fit this configuration, or cannot be read or written.
    """
    if settings.file is None or _are_in_step(on_disk(settings.data_dir), newest_version(store)):
        return False
    with locked(settings.data_dir):
        return _follow(store, settings, now)


def _follow(store: Store, settings: Settings, now: datetime) -> bool:
    if adopt(store, settings, now):
        return False  # the settings were read from these files
    disk, newest = on_disk(settings.data_dir), newest_version(store)
    if newest is None or _are_in_step(disk, newest):
        return False
    content = content_of(newest)
    checked_content(configuration_of(settings), content.document)
    with Written(settings.data_dir, content.document, content.templates, newest.revision) as written:
        written.put()
    return True


def adopt(store: Store, settings: Settings, now: datetime) -> bool:
    """Make a version of what was written into the files by hand, or by an earlier Digest; whether there was anything.

    The caller must hold the lock of the files.

    Raises:
        ConfigurationError: a file cannot be read, or is not TOML.
    """
    disk, newest = on_disk(settings.data_dir), newest_version(store)
    if _are_in_step(disk, newest):
        return False
    if newest is not None and not _is_newer(disk, newest):
        if disk.edited:
            put_aside(settings.data_dir, f"{now:%Y%m%dT%H%M%S}")
            _log.warning("changes that were written by hand are replaced by newer ones", revision=newest.revision)
        return False
    _adopt(store, settings, disk, newest.revision if newest else 0, now)
    return True


def _are_in_step(disk: OnDisk, newest: SettingsVersion | None) -> bool:
    """Whether the files are those of the newest version."""
    if newest is None:
        return not (disk.there or disk.templates or disk.former)
    return disk.there and disk.revision == newest.revision and not _is_newer(disk, newest)


def _is_newer(disk: OnDisk, newest: SettingsVersion) -> bool:
    """Whether what lies on the disk has to become a version of its own."""
    if disk.former:
        return True
    by_hand = disk.edited and disk.revision in {0, newest.revision}
    others = disk.revision == newest.revision and disk.templates != newest.templates
    return disk.there and (by_hand or others or disk.revision > newest.revision)


def _adopt(store: Store, settings: Settings, disk: OnDisk, known: int, now: datetime) -> None:
    """Make a version of what lies on the disk, which the settings were read from."""
    document = disk.document
    for table in disk.former:
        key = ("sources", str(table.get("id")))
        if not disk.there or value_at(document, key) is None:
            document = with_value(document, key, table, {})
    revision = max(known, disk.revision) + 1
    summary = "taken over from sources.toml" if disk.former else "written by hand"
    before = known if known or not disk.former else NOTHING_BEFORE
    version = SettingsVersion(revision, now, "a file", summary, before, text_of(document), disk.templates)
    with Written(settings.data_dir, document, disk.templates, revision) as written:
        store_version(store, version, known)
        written.put()


def rename(store: Store, settings: Settings, name: str, old: str, new: str, *, actor: str, now: datetime) -> None:
    """Follow the new name of a source or digest in the changes; the rest of the configuration may have to follow yet.

    `name` is the list of its table: `sources` or `digests`.

    Raises:
        ConfigurationError: the files cannot be read or written.
    """
    with locked(settings.data_dir):
        adopt(store, settings, now)
        newest = newest_version(store)
        if newest is None:
            return
        document = with_name(content_of(newest).document, name, old, new)
        if document == content_of(newest).document:
            return
        number, summary = newest.revision, f"renamed {name}.{old} to {new}"
        version = SettingsVersion(number + 1, now, actor, summary, number, text_of(document), newest.templates)
        with Written(settings.data_dir, document, newest.templates, version.revision) as written:
            store_version(store, version, number)
            written.put()


# --- versions


def revision_of(store: Store) -> int:
    """The number of the newest version; 0 if nothing was ever changed."""
    with store.read() as tx:
        return tx.settings.revision()


def announce() -> None:
    """Have a service in this process use the newest changes now."""
    for notice in tuple(LISTENERS):
        notice()


def store_version(store: Store, version: SettingsVersion, known: int) -> None:
    """Make a version the newest, if `known` still is."""
    with store.write() as tx:
        require_revision(tx.settings.revision(), known, tx.settings.newest())
        tx.settings.add(version, kept=KEPT)


def require_revision(known: int, looked_at: int | None, newest: SettingsVersion | None) -> None:
    if looked_at is not None and looked_at != known:
        who = f" by {newest.actor}" if newest and newest.actor else ""
        raise ConflictError(
            f"the settings were changed{who} since: this is revision {known}, not {looked_at}",
            known,
            remedy="look at the present ones, and make the change again",
        )


def newest_version(store: Store) -> SettingsVersion | None:
    with store.read() as tx:
        return tx.settings.newest()


def content_of(version: SettingsVersion | None) -> Content:
    return Content() if version is None else Content(tomllib.loads(version.text), version.templates)


def configuration_of(settings: Settings) -> Read:
    if settings.file is None:
        raise ConfigurationError("there is no configuration to change", remedy="`digest init` writes one")
    return read_layers(settings.file)


def checked_content(configuration: Read, document: Mapping[str, Any]) -> Settings:
    return checked_settings(with_changes(configuration, Changes(document)), layout_rules)
