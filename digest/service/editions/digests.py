"""The configured digests, their schedules and titles, and the names of editions; editions are made elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from digest.editions.schedule import Schedule, describe_schedule
from digest.model import DigestId, Edition
from digest.records.editions import FIRST_REACH
from digest.templating import zone_name
from digest.typeset.dates import covered

if TYPE_CHECKING:
    from digest.settings import Digest, Settings
    from digest.store.transaction import Store, Transaction


def register(store: Store, digests: Sequence[Digest], now: datetime) -> None:
    """Register the configured digests, so that their first slots are known."""
    with store.read() as tx:
        unknown = [digest.id for digest in digests if tx.editions.digest(DigestId(digest.id)) is None]
    if unknown:
        with store.write() as tx:
            for name in unknown:
                tx.editions.register_digest(DigestId(name), now)


def frequencies_of(settings: Settings, digest: DigestId) -> list[DigestId]:
    """The digests with the same entries, including this one; only this one if it is not configured (any more)."""
    configured = settings.digest(digest)
    return [DigestId(one.id) for one in settings.frequencies(configured)] if configured else [digest]


def describe_digest(digest: Digest, language: str) -> str:
    """When a digest comes, in words with its time zone."""
    return describe_schedule(schedule_of(digest), language, zone_name(digest.timezone, language))


def schedule_of(digest: Digest) -> Schedule:
    """The schedule of a digest."""
    return Schedule.parse(digest.schedule, digest.timezone)


def digest_title(settings: Settings, digest: DigestId) -> str:
    """The title of a digest, or its id if it is no longer configured."""
    configured = settings.digest(digest)
    return configured.title if configured else digest


def digest_zone(settings: Settings, digest: DigestId) -> ZoneInfo:
    """The time zone of a digest, UTC if it is no longer configured."""
    configured = settings.digest(digest)
    return ZoneInfo(configured.timezone if configured else "UTC")


def edition_name(
    tx: Transaction, settings: Settings, edition: Edition, language: str, now: datetime | None = None
) -> str:
    """The days of an edition, such as `2026年11月23日—29日`, on the calendar of its digest.

    With `now`, those of the present year are named without it.
    """
    zone = digest_zone(settings, edition.digest)
    year = now is None or edition.closes_at.astimezone(zone).year != now.astimezone(zone).year
    return covered(window_opens(tx, edition), edition.closes_at, zone, language, year=year)


def window_opens(tx: Transaction, edition: Edition) -> datetime:
    """When the window of an edition opens; a digest's first one reaches back from when it was configured."""
    if edition.opens_at is not None:
        return edition.opens_at
    state = tx.editions.digest(edition.digest)
    return min(state.configured_at if state else edition.closes_at, edition.closes_at) - FIRST_REACH
