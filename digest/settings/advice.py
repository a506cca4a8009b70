"""What a person should know of a configuration that is right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from digest.addresses import address_key, mailbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.settings.whole import Settings


def advice(settings: Settings) -> Iterator[tuple[str, str]]:
    """Each part of which something is to be known, and what, in a sentence with its remedy."""
    if not settings.operator and not settings.alerts.webhook:
        lost = "a source that fails, mail that stops, an edition that is late"
        yield "operator", f"none is named, so nobody hears of trouble: {lost} (set operator to your address)"
    for place, address in _public(settings):
        if address_key(address) in {address_key(one) for one in settings.operator}:
            yield "operator", f"{place} is the same address, and readers see it (use another one there, if you mind)"
    for former in settings.former:
        yield former.now, str(former)


def _public(settings: Settings) -> Iterator[tuple[str, str]]:
    """The addresses that readers see, by their settings."""
    yield "mail.sender", mailbox(settings.mail.sender).address
    if settings.mail.reply_to:
        yield "mail.reply_to", mailbox(settings.mail.reply_to).address
    if settings.contact:
        yield "contact", settings.contact
