"""Advice about a configuration that is valid."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from digest.addresses import address_key, mailbox
from digest.settings.kinds import THIS_MACHINE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.settings.whole import Settings


def advice(settings: Settings) -> Iterator[tuple[str, str]]:
    """Each part with a sentence of advice about it, including the remedy."""
    if not settings.operator and not settings.alerts.webhook:
        lost = "a source that fails, mail that stops, an edition that is late"
        yield "operator", f"none is set, so nobody is alerted to problems: {lost} (set operator to your address)"
    for place, address in _public(settings):
        if address_key(address) in {address_key(one) for one in settings.operator}:
            yield "operator", f"{place} is the same address, and it is public (use another one there, if you mind)"
    if settings.console.on and is_open(settings.console_url):
        danger = f"{settings.console_url} is reached without encryption: others on the way can take over sessions"
        yield "console.url", f"{danger} (set it to an https:// address)"
    for former in settings.former:
        yield former.now, str(former)


def is_open(url: str) -> bool:
    """Whether what is sent to an address can be read on the way."""
    parts = urlsplit(url)
    return parts.scheme == "http" and parts.hostname not in THIS_MACHINE


def _public(settings: Settings) -> Iterator[tuple[str, str]]:
    """The addresses that subscribers and visitors see, by their settings."""
    yield "mail.sender", mailbox(settings.mail.sender).address
    if settings.mail.reply_to:
        yield "mail.reply_to", mailbox(settings.mail.reply_to).address
    if settings.contact:
        yield "contact", settings.contact
