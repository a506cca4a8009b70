"""Applies other settings to a running service, if it can use them without a restart. Decision 245."""

from __future__ import annotations

from typing import TYPE_CHECKING

from digest import templating
from digest.errors import ConfigurationError
from digest.service.editions import digests
from digest.service.publishing import feeds
from digest.service.sources import renaming
from digest.web.template_trials import require_templates

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
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
    if after.templates:
        require_templates(after)
    use_templates = templating.prepare_templates(after.templates)
    answer_by_them = [server.following(after) for server in servers]
    digests.register(store, after, now)
    feeds.register(store, after)

    def follow() -> None:
        use_templates()
        for answer in answer_by_them:
            answer()

    return follow


def _require_same(before: Settings, after: Settings) -> None:
    """Check that no setting differs that only a start reads.

    Raises:
        ConfigurationError: one differs.
    """
    for place, value in _fixed(before).items():
        if _fixed(after)[place] != value:
            raise ConfigurationError(
                "is another one now, which takes a restart",
                place=place,
                remedy="restart the service, or set it back and reload",
            )


def _fixed(settings: Settings) -> dict[str, object]:
    """The settings that only a start reads, by their names."""
    bounces = settings.bounces
    return {
        "data_dir": settings.data_dir,
        "database_url": settings.database,
        "web.listen": settings.web.listen,
        "web.metrics_listen": settings.web.metrics_listen,
        "console.listen": settings.console.listen,
        "bounces.listen": bounces.listen,
        "bounces": bounces.listen and (bounces.address, bounces.protocol, bounces.largest),
    }
