"""Telling a WebSub hub that feeds changed: after each change, again until it hears, and never in anybody's way.

Source: WebSub, section 6: `hub.mode=publish` and `hub.url` by convention.
"""

from __future__ import annotations

import urllib.error
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING

from digest.errors import DigestError
from digest.service.feeds import feeds
from digest.service.syndication import FORMATS

if TYPE_CHECKING:
    from digest.service.ports import Store
    from digest.settings import Settings

_SECONDS = 10.0


class HubError(DigestError):
    """The hub could not be told."""


def tell(store: Store, settings: Settings) -> int:
    """Tell the hub of every feed where something was published since it last heard; how many it was told of.

    Raises:
        HubError: it did not take one; all are told again the next time.
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
    request = urllib.request.Request(hub, form, {"User-Agent": "Digest"})  # noqa: S310 - the settings allow http(s) only
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS):  # noqa: S310 - as above
            return
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise HubError(f"{hub}: {topic} could not be told: {error}") from error
