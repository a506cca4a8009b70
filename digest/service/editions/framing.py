"""The parts of an edition's mails around its entries, from the settings and the store."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from digest.mail.composing.entry_views import Frame
from digest.mail.composing.message import picture_address
from digest.model import SourceId
from digest.service.editions.naming import window_opens
from digest.service.publishing.feeds import feeds, source_of, via
from digest.service.publishing.pictures import channel

if TYPE_CHECKING:
    from collections.abc import Iterable

    from digest.model import Content, Edition
    from digest.settings import Digest, Settings
    from digest.store.transaction import Transaction


def frame(tx: Transaction, settings: Settings, digest: Digest, edition: Edition, contents: Iterable[Content]) -> Frame:
    """The frame of an edition; `contents` are all texts whose formulas its mails may show."""
    offered = feeds(settings)
    groups = [feed for feed in offered if feed.path.startswith("topics/")] or [
        feed for feed in offered if feed.path.startswith("sources/")
    ]
    return Frame(
        title=digest.title,
        key=edition.key,
        opens_at=window_opens(tx, edition),
        closes_at=edition.closes_at,
        zone=ZoneInfo(digest.timezone),
        base_url=settings.base_url,
        template=digest.template,
        folder=settings.templates,
        channel=channel(tx, contents, picture_address),
        weight=lambda name: len(tx.pictures.png(name) or b""),
        groups=[(feed.title, feed.holds) for feed in groups],
        sources={SourceId(one.id): one.title for one in settings.sources if len(settings.sources) > 1},
        languages={SourceId(one.id): one.language for one in settings.sources},
        original=lambda entry: via(source_of(settings, entry), entry.content.title),
        subscribe_url=f"{settings.base_url}/subscribe" if settings.signup.open else "",
        contact=(settings.contact, settings.contact_url),
        postal=settings.mail.postal,
        taken=tx.editions.subjects(),
    )
