"""Notifies a WebSub hub of changed feeds: after each change, and again until it succeeds, without delaying others.

Source: WebSub, section 6: `hub.mode=publish` and `hub.url` by convention. Decision 73.
"""

from __future__ import annotations

import urllib.parse
from typing import TYPE_CHECKING

from digest.errors import DigestError
from digest.service.operating.posting import post
from digest.service.publishing.feeds import feeds
from digest.service.publishing.syndication import FORMATS
from digest.settings import Settings

if TYPE_CHECKING:
    from digest.store.transaction import Store


class HubError(DigestError):
    """The hub could not be notified."""


def tell(store: Store, settings: Settings) -> int:
    """Notify the hub of every feed with changes since the last notice; returns how many.

    Raises:
        HubError: it did not accept one; all are sent again the next time.
    """
    hub = settings.feed.hub
    if not hub:
        return 0
    with store.read() as tx:
        state, _ = tx.entries.published_state()
        if tx.feeds.pinged() == state:
            return 0
    topics = [f"{settings.base_url}/{feed.path}feed.{kind}" for feed in feeds(settings) for kind in FORMATS]
    for topic in topics:
        _publish(hub, topic)
    with store.write() as tx:
        tx.feeds.set_pinged(state)
    return len(topics)


def _publish(hub: str, topic: str) -> None:
    form = urllib.parse.urlencode({"hub.mode": "publish", "hub.url": topic}).encode()
    try:
        post(hub, form, {})
    except (OSError, ValueError) as error:
        raise HubError(f"{hub}: {topic} could not be notified: {error}") from error
