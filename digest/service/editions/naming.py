"""The names of digests and editions; an edition is named by its days."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from digest.records.editions import FIRST_REACH
from digest.typeset.dates import covered

if TYPE_CHECKING:
    from datetime import datetime

    from digest.model import DigestId, Edition
    from digest.settings import Settings
    from digest.store.transaction import Transaction


def digest_title(settings: Settings, digest: DigestId) -> str:
    """The title of a digest, or its id if it is no longer configured."""
    configured = settings.digest(digest)
    return configured.title if configured else digest


def edition_name(tx: Transaction, settings: Settings, edition: Edition, language: str) -> str:
    """The days of an edition, such as `2026年11月23日—29日`, on the calendar of its digest."""
    configured = settings.digest(edition.digest)
    zone = ZoneInfo(configured.timezone if configured else "UTC")
    return covered(window_opens(tx, edition), edition.closes_at, zone, language)


def window_opens(tx: Transaction, edition: Edition) -> datetime:
    """When the window of an edition opens; a digest's first one reaches back from when it was configured."""
    if edition.opens_at is not None:
        return edition.opens_at
    state = tx.editions.digest(edition.digest)
    return min(state.configured_at if state else edition.closes_at, edition.closes_at) - FIRST_REACH
