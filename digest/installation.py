"""Protects a store from a second installation that opens it by mistake.

A store remembers the configuration that uses it. Another file counts as the same installation, moved to another place,
unless there are signs against that. Decision 211 lists them.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from digest import logs
from digest.errors import ConfigurationError, DigestError
from digest.settings import load_alone
from digest.store import installation_in, place

if TYPE_CHECKING:
    from digest.settings import Settings
    from digest.store.transaction import Store

_REMEMBERED = 5  # earlier configuration files that a store remembers
_log = logs.get_logger()


@dataclass(frozen=True, slots=True)
class Installation:
    """A configuration that uses a store: its file, its base URL, the origins of its sources by id, its digests.

    `before` are the files that were used earlier in its place, the newest first.
    """

    file: str
    url: str
    sources: dict[str, str] = field(default_factory=dict)
    digests: list[str] = field(default_factory=list)
    before: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.file} (sources {', '.join(self.sources) or 'none'})"


def described(settings: Settings) -> Installation | None:
    """What a store remembers about these settings; None if they come from no file."""
    if settings.file is None:
        return None
    return Installation(
        str(settings.file),
        settings.base_url,
        {source.id: source.origin for source in settings.sources},
        sorted(digest.id for digest in settings.digests),
    )


def require_ours(store: Store, settings: Settings, *, remember: bool = True) -> None:
    """Check that a store belongs to this installation; unless `remember` is off, store its present configuration.

    Raises:
        ConfigurationError: the store belongs to another installation.
    """
    mine = described(settings)
    if mine is None:
        return
    kept = user(store)
    _require_not_another(kept, mine, settings)
    if remember and (kept is None or kept.file == mine.file or not _is_equal(kept, mine)):
        _remember(store, kept, mine)


def require_ours_at(file: Path, settings: Settings) -> None:
    """See that a database file which is about to be replaced is not that of another installation.

    One that is damaged, or older than installations are remembered, is nobody's.

    Raises:
        ConfigurationError: it is another one's.
    """
    mine, found = described(settings), installation_in(file)
    if mine and found:
        _require_not_another(Installation(**found), mine, settings)


def _require_not_another(kept: Installation | None, mine: Installation, settings: Settings) -> None:
    if kept and is_another(kept, mine, stands=_stands(kept.file, settings)):
        raise ConfigurationError(
            f"is the store of another installation, {kept}",
            place=place(settings.database),
            remedy=f"set another data_dir or database_url in {mine.file}; or, to use that store from now on, run "
            "`digest adopt`",
        )


def adopt(store: Store, settings: Settings) -> Installation | None:
    """Assign a store to this installation. Return the installation that used it before."""
    mine, kept = described(settings), user(store)
    if mine:
        _write(store, mine)
    return kept


def user(store: Store) -> Installation | None:
    """The installation that uses a store; None if it is unknown."""
    with store.read() as tx:
        found: dict[str, Any] | None = tx.backups.installation()
    return Installation(**found) if found else None


def is_another(kept: Installation, mine: Installation, *, stands: bool) -> bool:
    """Whether these are two installations. `stands`: the file of `kept` is still there and leads to the same store."""
    apart = bool(kept.sources and mine.sources) and not set(kept.sources) & set(mine.sources)
    if kept.file == mine.file:  # a new set of sources keeps the base URL; two containers may have the same path
        return apart and kept.url != mine.url
    if stands:
        return kept.sources != mine.sources
    return apart or (mine.file in kept.before and not _is_equal(kept, mine))


def _is_equal(kept: Installation, mine: Installation) -> bool:
    """Whether two files describe the same installation: workers on several machines may each have a copy."""
    same = kept.url == mine.url and kept.digests == mine.digests
    return same and set(kept.sources) == set(mine.sources)


def _stands(file: str, settings: Settings) -> bool:
    """Whether a configuration file still exists and leads to the store of these settings."""
    if file == str(settings.file) or not Path(file).exists():
        return False
    try:
        return load_alone(Path(file)).database == settings.database  # variables lead every file to one store
    except DigestError:
        return False


def _remember(store: Store, kept: Installation | None, mine: Installation) -> None:
    before = [] if kept is None else kept.before
    if kept and kept.file != mine.file:
        before = [kept.file, *(file for file in before if file not in {kept.file, mine.file})][:_REMEMBERED]
        _log.warning("the configuration of this store moved", was=kept.file, now=mine.file)
    now = Installation(mine.file, mine.url, mine.sources, mine.digests, before)
    if now != kept:
        _write(store, now)


def _write(store: Store, now: Installation) -> None:
    with store.write() as tx:
        tx.backups.set_installation(asdict(now))
