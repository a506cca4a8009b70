"""Applies other settings to a running service, if it can use them without a restart. Decisions 245 and 343."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from digest import templating
from digest.errors import ConfigurationError
from digest.service.editions import digests
from digest.service.publishing import feeds
from digest.service.sources import renaming
from digest.settings import fields
from digest.web.template_trials import require_templates

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime

    from digest.settings import Settings
    from digest.store.transaction import Store
    from digest.web.serve import ConsoleServer, Server


def prepare_reload(
    store: Store, before: Settings, after: Settings, servers: Sequence[Server | ConsoleServer], now: datetime
) -> Callable[[], None]:
    """A function that makes pages and mails use `after`; every check that can fail has run by then.

    Raises:
        DigestError: the settings are wrong or need a restart; nothing has changed.
    """
    _require_same(before, after)
    renaming.require_present_names(store, after)
    if after.template_folders:
        require_templates(after)
    use_templates = templating.prepare_templates(after.template_folders)
    answer_by_them = [server.following(after) for server in servers]
    digests.register(store, after.digests, now)
    feeds.register(store, after)

    def follow() -> None:
        use_templates()
        for answer in answer_by_them:
            answer()

    return follow


def until_restart(before: Settings, after: Settings, held: Collection[str]) -> tuple[Settings, tuple[str, ...]]:
    """`after` with the present values of those settings in `held` that only a start reads, and the keys of these."""
    present, wanted = _fixed(before), _fixed(after)
    keys = tuple(key for key, value in wanted.items() if key in held and present.get(key, value) != value)
    groups: dict[str, dict[str, Any]] = {}
    for key in keys:
        group, _, name = key.partition(".")
        groups.setdefault(group, {})[name] = getattr(getattr(before, group), name)
    update = {group: getattr(after, group).model_copy(update=values) for group, values in groups.items()}
    return (after.model_copy(update=update) if update else after), keys


def _require_same(before: Settings, after: Settings) -> None:
    """Check that no setting differs that only a start reads.

    Raises:
        ConfigurationError: one differs.
    """
    present, wanted = _fixed(before), _fixed(after)
    for place, value in present.items():
        if wanted.get(place, value) != value:
            raise ConfigurationError(
                "is another one now, which takes a restart",
                place=place,
                remedy="restart the service, or set it back and reload",
            )


def _fixed(settings: Settings) -> dict[str, object]:
    """The settings that only a start reads, by their keys; of a store, its address as it results."""
    found: dict[str, object] = {"data_dir": settings.data_dir, "database_url": settings.database}
    of_the_listener = fields.OF_THE_LISTENER if settings.bounces.listen else frozenset()
    for key in sorted((fields.ONLY_AT_START - found.keys()) | of_the_listener):
        group, _, name = key.partition(".")
        found[key] = getattr(getattr(settings, group), name)
    return found
