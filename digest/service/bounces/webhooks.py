"""Verifies and parses providers' webhooks, and records their events like bounce messages.

The same event again changes nothing, whatever request it comes in. Decision 177.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from digest.errors import ConfigurationError, HookError, together
from digest.mail.receiving import provider_events
from digest.mail.receiving.provider_payloads import Provider
from digest.mail.sending.login import first_line
from digest.model import BounceKind
from digest.service.bounces.messages import BounceResult, DeliveryEvidence, find_delivery, our_addresses, record_bounce
from digest.service.operating import posting
from digest.settings import Hooks, Settings

if TYPE_CHECKING:
    from digest.store.transaction import Store

LARGEST = 1024**2  # bytes of a request; a batch from SendGrid has 768 KB
IN_PATH = frozenset({Provider.POSTMARK, Provider.BREVO})  # these sign nothing: a secret is part of the path
_FORGED, _UNREADABLE, _LATER = 403, 400, 503
_AT_ONCE = 50  # events per transaction, so that nobody waits for it
_MOST_CERTIFICATES = 16
_KEPT, _NOT_KEPT = timedelta(days=1), timedelta(minutes=10)
_MOST_SIGNATURES = 10_000
_SHORTEST = 16  # characters of a secret
_PLAIN = re.compile(r"[A-Za-z0-9_-]+")


class WebhookIntake:
    """Accepts webhooks of the providers that are switched on. Many threads may share one."""

    def __init__(self, store: Store, settings: Settings, fetch: Callable[[str], bytes] = posting.get) -> None:
        """`fetch` gets the content of an Amazon URL, or raises an OSError.

        Raises:
            ConfigurationError: a key or secret cannot be read.
        """
        self._store, self._settings, self._fetch = store, settings, fetch
        self._keys = read_secrets(settings.hooks)
        self._certificates: OrderedDict[str, tuple[bytes, datetime]] = OrderedDict()
        self._signatures: OrderedDict[str, bytes] = OrderedDict()
        self._fetching, self._seeing = threading.Lock(), threading.Lock()

    def accepts(self, provider: Provider, secret: str) -> bool:
        """Whether a provider is switched on, and the path has its secret if it signs nothing."""
        if provider not in self._keys:
            return False
        return provider_events.equal_secrets(secret, self._keys[provider]) if provider in IN_PATH else not secret

    def handle(self, provider: Provider, headers: Mapping[str, str], raw: bytes, now: datetime) -> list[BounceResult]:
        """Handle a request of a known provider; returns what each event was. `headers` by lower-case name.

        Raises:
            HookError: the provider did not send it, it is not as documented, or it cannot be verified now.
            StoreError: it cannot be stored; if it is sent again, it will be.
        """
        payload = _parsed(provider, raw)
        if provider is Provider.SES:
            return self._handle_sns(payload, now)
        if not self._is_signed(provider, headers, raw, payload, now):
            raise HookError(provider, "the signature is not theirs", status=_FORGED)
        return self._record_events(provider, payload, headers.get("svix-id", ""), now)

    def _is_signed(
        self, provider: Provider, headers: Mapping[str, str], raw: bytes, payload: object, now: datetime
    ) -> bool:
        key = self._keys[provider]
        match provider:
            case Provider.MAILGUN:
                signature = _texts(payload.get("signature") if isinstance(payload, dict) else None)
                return provider_events.signed_by_mailgun(signature, key, now) and self._is_first(
                    signature["token"], payload
                )
            case Provider.SENDGRID:
                return provider_events.signed_by_sendgrid(headers, raw, key)
            case Provider.RESEND:
                return provider_events.signed_by_svix(headers, raw, key, now)
            case _:
                return provider in IN_PATH

    def _is_first(self, token: str, payload: object) -> bool:
        """Whether this signature, which does not cover the events, comes with its first event."""
        event = json.dumps(payload.get("event-data") if isinstance(payload, dict) else None, sort_keys=True).encode()
        event = hashlib.sha256(event).digest()
        with self._seeing:
            known = self._signatures.setdefault(token, event)
            if len(self._signatures) > _MOST_SIGNATURES:
                self._signatures.popitem(last=False)
        return known == event

    def _handle_sns(self, payload: object, now: datetime) -> list[BounceResult]:
        message = _texts(payload)
        url = provider_events.certificate_url(message)
        if message.get("TopicArn") not in self._settings.hooks.ses_topics or url is None:
            raise HookError(Provider.SES, "not of a topic in hooks.ses_topics", status=_FORGED)
        if not provider_events.signed_by_amazon(message, self._certificate(url, now), now):
            raise HookError(Provider.SES, "the signature is not Amazon's", status=_FORGED)
        if message["Type"] == "SubscriptionConfirmation":
            confirm = provider_events.subscribe_url(message)
            if confirm is None:
                raise HookError(Provider.SES, "a confirmation that leads elsewhere", status=_FORGED)
            self._fetch_url(confirm)
            return []
        if message["Type"] != "Notification":
            return []
        try:
            notification = json.loads(message["Message"])
        except (ValueError, RecursionError):
            return []  # SNS states in words that a topic was set up
        return self._record_events(Provider.SES, notification, message["MessageId"], now)

    def _certificate(self, url: str, now: datetime) -> bytes:
        """The certificate, cached for a day; a failure for some minutes, so that nobody makes us ask repeatedly."""
        with self._fetching:
            known, until = self._certificates.get(url, (b"", now))
            if until <= now:
                try:
                    known, until = self._fetch_url(url), now + _KEPT
                except HookError:
                    known, until = b"", now + _NOT_KEPT
                self._certificates[url] = known, until
                if len(self._certificates) > _MOST_CERTIFICATES:
                    self._certificates.popitem(last=False)
        if not known:
            raise HookError(Provider.SES, "Amazon's certificate cannot be fetched", status=_LATER)
        return known

    def _fetch_url(self, url: str) -> bytes:
        try:
            return self._fetch(url)
        except (OSError, ValueError) as error:
            raise HookError(Provider.SES, f"Amazon does not answer: {error}", status=_LATER) from error

    def _record_events(self, provider: Provider, payload: object, number: str, now: datetime) -> list[BounceResult]:
        found = provider_events.events(
            provider, payload, number, our_addresses(self._settings.mail, self._settings.bounces)
        )
        secret = self._store.secret()
        results = []
        for start in range(0, len(found), _AT_ONCE):
            results += self._record_batch(provider, found[start : start + _AT_ONCE], secret, now)
        return results

    def _record_batch(
        self, provider: Provider, batch: Sequence[provider_events.Event], secret: bytes, now: datetime
    ) -> list[BounceResult]:
        results = []
        with self._store.write() as tx:
            for event in batch:
                evidence = DeliveryEvidence(
                    addresses=event.senders, recipients=(event.recipient,), message_ids=event.message_ids
                )
                whose = find_delivery(tx, secret, self._settings.bounces, evidence)
                if whose is None or tx.subscribers.get(whose[0]) is None:
                    tx.bounces.ignore(f"{provider}: of no mail of ours", now)
                elif event.report.kind is not BounceKind.OTHER:
                    mark = f"hook\0{provider}\0{event.number}".encode("utf-8", "replace")
                    results.append(record_bounce(tx, self._settings.bounces, whose, event.report, mark, now))
        return results


def read_secrets(hooks: Hooks) -> dict[Provider, str]:
    """The key or secret of each provider that is switched on; empty for Amazon, whose signatures need none.

    Raises:
        ConfigurationError: one cannot be read, or is too short to be one; a MistakesError where several are.
    """
    found: dict[Provider, str] = {}

    def read(provider: Provider) -> None:
        found[provider] = "" if provider is Provider.SES else _secret(hooks, provider)

    together(*(partial(read, Provider(name)) for name in hooks.on()))
    return found


def _secret(hooks: Hooks, provider: Provider) -> str:
    kind = "key" if provider in {Provider.MAILGUN, Provider.SENDGRID} else "secret"
    place = f"hooks.{provider}_{kind}"
    file = getattr(hooks, f"{provider}_{kind}_file")
    value = str(first_line(file) if file else getattr(hooks, f"{provider}_{kind}")).strip()
    if len(value) < _SHORTEST:
        raise ConfigurationError(f"has fewer than {_SHORTEST} characters", place=place, remedy="see docs/bounces.md")
    if provider in IN_PATH and not _PLAIN.fullmatch(value):
        raise ConfigurationError("has characters other than letters, digits, - and _", place=place)
    return value


def _parsed(provider: Provider, raw: bytes) -> object:
    try:
        parsed: object = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise HookError(provider, "not JSON", status=_UNREADABLE) from error
    return parsed


def _texts(payload: Any) -> dict[str, str]:  # noqa: ANN401 - it is any JSON value
    """The texts of a table, with numbers as texts; empty for anything else."""
    known = payload if isinstance(payload, dict) else {}
    return {name: str(value) for name, value in known.items() if isinstance(value, str | int)}
