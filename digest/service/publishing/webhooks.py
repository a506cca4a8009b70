"""Sends entries and editions to programs, as signed JSON: each event once, in order, until the receiver takes it.

An event is stored with its body before it is sent, so each attempt sends the same bytes. A crash between the answer and
its record sends an event once more, with the same id, by which the receiver knows it. The signature is that of the
Standard Webhooks specification, which also says how a receiver refuses a replay. Decision 327.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import urllib.error
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from digest import logs
from digest.errors import DigestError
from digest.feeds.values import FeedEntry
from digest.json_output import to_json
from digest.mail.sending.login import first_line
from digest.model import DigestId, Edition, EditionKey, EntryId, Section
from digest.records.publishing import WebhookEvent
from digest.service.operating.posting import post
from digest.service.publishing.edition_feeds import edition_content, edition_id
from digest.service.publishing.syndication import Syndication
from digest.settings import Digest, Settings, Webhook

if TYPE_CHECKING:
    from digest.store.transaction import Store, Transaction

VERSION = 1  # of the body
_WAITS = (30, 120, 600, 1800, 3600, 3 * 3600, 6 * 3600)  # seconds; then the last one again
_GIVE_UP = timedelta(days=3)
_LEASE = timedelta(minutes=2)
_AT_ONCE = 200  # events of a webhook in one turn
_GONE = 410
_LONGEST_ANSWER = 300
_log = logs.get_logger()


class WebhookError(DigestError):
    """A webhook did not take an event."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The result of one turn: how many events were delivered, and the problem of each webhook that took none."""

    delivered: int
    problems: tuple[str, ...]


def send_events(
    store: Store, settings: Settings, clock: Callable[[], datetime], *, stopped: Callable[[], bool] = bool
) -> Turn:
    """Plan what is new for each webhook, and send what is due. A webhook that fails delays no other."""
    if not settings.webhooks:
        return Turn(0, ())
    delivered, problems = 0, []
    with store.read() as tx:
        if tx.backups.fenced():
            return Turn(0, ())
    for webhook in settings.webhooks:
        plan_events(store, settings, webhook, clock())
        count, problem = _send(store, webhook, clock, stopped)
        delivered += count
        problems += [problem] if problem else []
    return Turn(delivered, tuple(problems))


def plan_events(store: Store, settings: Settings, webhook: Webhook, now: datetime) -> None:
    """Store an event for everything that happened since the last time and since the webhook was first configured."""
    with store.read() as tx:
        known = tx.webhooks.registered().get(webhook.id)
        state, _ = tx.entries.published_state()
        editions = _editions(tx, settings.digests, webhook, known[0]) if known else []
    if known and known[1] == state and not editions:
        return
    with store.write() as tx:
        tx.webhooks.register(webhook.id, now)
        since, _ = tx.webhooks.registered()[webhook.id]
        state, _ = tx.entries.published_state()
        syndication = Syndication(store, settings)
        if "entries" in webhook.events:
            for entry, event, kind in tx.webhooks.unsent_entries(webhook.id, since):
                if kind == "removed":
                    tx.webhooks.skip_entry(webhook.id, entry, now)
                body = _entry_body(tx, settings, syndication, entry, event, kind, now)
                tx.webhooks.plan(webhook.id, event, f"entry.{kind}", to_json(body), now)
        _take_removed_out(tx, settings, syndication, webhook)
        for edition in _editions(tx, settings.digests, webhook, since):
            event = f"edition/{edition.key}"
            body = _edition_body(tx, settings, syndication, edition, event, now)
            tx.webhooks.plan(webhook.id, event, "edition.made", to_json(body), now)
        tx.webhooks.planned_up_to(webhook.id, state)


def _take_removed_out(tx: Transaction, settings: Settings, syndication: Syndication, webhook: Webhook) -> None:
    """Make the events of editions again that are not sent yet and list an entry which was removed since."""
    for event in tx.webhooks.unsent_editions(webhook.id):
        key = EditionKey(event.event.removeprefix("edition/"))
        made = tx.editions.edition(key)
        if made and tx.browsing.removed([one.entry.id for one in tx.editions.selected(key)]):
            body = _edition_body(tx, settings, syndication, made.edition, event.event, event.made_at)
            tx.webhooks.rewrite(webhook.id, event.event, to_json(body))


def _editions(tx: Transaction, digests: Sequence[Digest], webhook: Webhook, since: datetime) -> list[Edition]:
    """The editions made since then that have no event yet, oldest first; those that are held wait."""
    if "editions" not in webhook.events:
        return []
    made = [one for digest in digests for one in tx.editions.outgoing(DigestId(digest.id))]
    recent = sorted((one for one in made if one.closes_at > since), key=lambda one: (one.closes_at, one.key))
    known = tx.webhooks.editions(webhook.id)
    return [one for one in recent if one.key not in known]


def _body(settings: Settings, event: str, kind: str, now: datetime) -> dict[str, Any]:
    return {
        "version": VERSION,
        "id": event,
        "kind": kind,
        "at": now,
        "site": {"title": settings.site_title, "url": f"{settings.base_url}/"},
    }


def _entry_body(
    tx: Transaction, settings: Settings, syndication: Syndication, entry: EntryId, event: str, kind: str, now: datetime
) -> dict[str, Any]:
    body = _body(settings, event, f"entry.{kind}", now)
    if kind == "removed":  # what was taken back is not told again
        return body | {"entry": {"id": entry, "url": f"{settings.base_url}/entries/{entry}"}}
    found = tx.entries.entry(entry)
    assert found is not None  # noqa: S101 - it is published
    (shown,) = syndication.told(tx, [found])
    return body | {"entry": {"id": entry, **_entry_json(shown)}}


def _entry_json(entry: FeedEntry) -> dict[str, Any]:
    return {
        "atom_id": entry.id,
        "url": entry.url,
        "original": entry.via or None,
        "title": entry.title,
        "author": entry.author or None,
        "language": entry.language,
        "published": entry.published,
        "updated": entry.updated_at,
        "tags": list(entry.tags),
        "summary": entry.summary,
        "html": entry.html,
    }


def _edition_body(
    tx: Transaction, settings: Settings, syndication: Syndication, edition: Edition, event: str, now: datetime
) -> dict[str, Any]:
    content = edition_content(tx, settings, syndication, edition)
    assert content is not None  # noqa: S101 - it is for everybody
    sections = {
        str(section): [
            {"url": entry.url, "title": entry.title, "summary": entry.summary}
            for where, entry in content.entries
            if where is section
        ]
        for section in (Section.NEW, Section.CORRECTED, Section.MOST_READ)
    }
    return _body(settings, event, "edition.made", now) | {
        "edition": {
            "key": edition.key,
            "digest": edition.digest,
            "atom_id": edition_id(settings, edition.key),
            "url": f"{settings.base_url}/editions/{edition.key}",
            "title": content.title,
            "note": edition.note or None,
            "made": edition.closes_at,
            "summary": content.summary,
            "html": content.html,
            **sections,
        }
    }


def _send(
    store: Store, webhook: Webhook, clock: Callable[[], datetime], stopped: Callable[[], bool]
) -> tuple[int, str]:
    """Send what is due to one webhook, in order; returns how many it took, and why it took no more."""
    delivered = 0
    while delivered < _AT_ONCE and not stopped():
        with store.write(exclusive=False) as tx:
            now = clock()
            event = tx.webhooks.begin(webhook.id, now, now + _LEASE)
        if event is None:
            break
        problem = _attempt(webhook, event, clock())
        with store.write(exclusive=False) as tx:
            _record(tx, event, problem, clock())
        if problem is not None:
            return delivered, f"{webhook.id}: {event.event}: {problem}"
        delivered += 1
    return delivered, ""


def _attempt(webhook: Webhook, event: WebhookEvent, now: datetime) -> OSError | WebhookError | None:
    """POST an event; the problem, or None if it was taken."""
    try:
        _post(webhook, event.event, event.kind, event.body, now)
    except (OSError, ValueError, DigestError) as error:
        return error if isinstance(error, OSError) else WebhookError(str(error))
    return None


def _post(webhook: Webhook, event: str, kind: str, text: str, now: datetime) -> None:
    body = text.encode()
    try:
        post(webhook.url, body, signed_headers(secret_of(webhook), event, kind, body, now))
    except urllib.error.HTTPError as error:
        error.close()  # it holds the connection
        raise


def _record(tx: Transaction, event: WebhookEvent, problem: OSError | WebhookError | None, now: datetime) -> None:
    if problem is None:
        tx.webhooks.delivered(event, "", now)
        return
    answer = str(problem)[:_LONGEST_ANSWER]
    gone = isinstance(problem, urllib.error.HTTPError) and problem.code == _GONE
    wait = timedelta(seconds=_WAITS[min(event.attempts, len(_WAITS)) - 1])
    if gone or now - event.made_at > _GIVE_UP:
        tx.webhooks.failed(event, answer, now)
        return
    tx.webhooks.retry(event, answer, now + max(wait, _retry_after(problem)))


def _retry_after(problem: OSError | WebhookError) -> timedelta:
    """How long a receiver asks us to wait, an hour at most; only the form in seconds is understood."""
    asked = problem.headers.get("Retry-After", "") if isinstance(problem, urllib.error.HTTPError) else ""
    seconds = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 0  # noqa: PLR2004 - digits
    return min(timedelta(seconds=seconds), timedelta(hours=1))


def secret_of(webhook: Webhook) -> bytes:
    """The secret of a webhook.

    Raises:
        ConfigurationError: its file cannot be read.
    """
    return (first_line(webhook.secret_file) if webhook.secret_file else webhook.secret).encode()


def signed_headers(secret: bytes, event: str, kind: str, body: bytes, now: datetime) -> dict[str, str]:
    """The headers of an event. Source: Standard Webhooks 1.0, with a symmetric signature.

    The signature covers the id, the time in seconds and the body, each followed by a full stop but the last.
    """
    at = str(int(now.timestamp()))
    mark = hmac.new(secret, f"{event}.{at}.".encode() + body, hashlib.sha256).digest()
    return {
        "Content-Type": "application/json",
        "Webhook-Id": event,
        "Webhook-Timestamp": at,
        "Webhook-Signature": f"v1,{base64.b64encode(mark).decode()}",
        "Digest-Event": kind,
    }


def send_test(settings: Settings, webhook: Webhook, now: datetime) -> None:
    """Send a test event, which is not recorded.

    Raises:
        WebhookError: the receiver did not take it.
    """
    event = f"test/{int(now.timestamp())}"
    try:
        _post(webhook, event, "test", to_json(_body(settings, event, "test", now)), now)
    except (OSError, ValueError) as error:
        raise WebhookError(f"{webhook.id} did not take a test event: {error}") from error
