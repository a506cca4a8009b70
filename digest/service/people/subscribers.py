"""People: joining and leaving, and by whom. Every act leaves a consent record."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from digest.addresses import checked_address, former_spelling
from digest.errors import AddressError, ConfigurationError, DigestError, PersonError, UnknownError, UnknownPersonError
from digest.lists.values import checked_name, language_of, same_name
from digest.mail.tokens import address_hash
from digest.model import DigestId, Format, SubscriberId
from digest.records.mailing import Trouble
from digest.records.operating import consent_by_operator
from digest.records.people import SubscriberRecord
from digest.service.editions.digests import frequencies_of
from digest.service.editions.renaming import read_leave
from digest.service.mailing.welcome import plan_welcome
from digest.settings import Digest, Settings, Topic

if TYPE_CHECKING:
    from digest.store.transaction import Store, Transaction


def add(
    store: Store,
    settings: Settings,
    written: str,
    *,
    name: str = "",
    language: str | None = None,
    form: str = "both",
    digests: Sequence[str] | None = None,
    welcome: bool = False,
    now: datetime,
) -> SubscriberRecord:
    """Subscribe a person at once, as the operator's act. A known person who left comes back: this is a new consent.

    `welcome`: they get a first mail at once, as `signup.welcome` says.

    Raises:
        AddressError: the address is invalid, or its server said that it does not exist.
        UnknownError: there is no such digest.
        DigestError: they are subscribed already, or another value is invalid.
    """
    address = checked_address(written)
    wanted = chosen_digests(settings, digests)
    mail_language = checked_language(language) if language else language_of_digests(settings.digests, wanted)
    called = checked_name(name)
    _check(form)
    secret = store.secret()
    with store.write() as tx:
        person = tx.subscribers.find(address) or _new(tx, address, called, mail_language, form, now)
        if person.suppressed:
            raise AddressError(
                address, f"is known undeliverable: {person.suppressed} (`digest subscribers unsuppress` lifts it)"
            )
        source = consent_by_operator("subscribers add")
        joined = [digest for digest in wanted if follow(tx, settings, person.subscriber.id, digest, source, now)]
        if not joined:
            raise PersonError(address, "is subscribed already")
        if welcome and settings.signup.welcome != "none":
            edition = settings.signup.welcome == "edition"
            plan_welcome(tx, settings, secret, person.subscriber.id, joined, now, edition=edition)
        return require_person(tx, address)


def _new(tx: Transaction, address: str, name: str, language: str, form: str, now: datetime) -> SubscriberRecord:
    """A new person, without any digest yet."""
    added = tx.subscribers.add(address, name=name, language=language, fmt=Format(form), now=now)
    assert added is not None  # noqa: S101 - this transaction found nobody with this address
    return added


def export(store: Store, address: str | None = None) -> list[dict[str, object]]:
    """Everything stored, of one person or of everybody, ready for `to_json`.

    Raises:
        UnknownError: there is no such person.
    """
    with store.read() as tx:
        records = tx.subscribers.all() if address is None else [require_person(tx, address)]
        troubles = tx.bounces.of(record.subscriber.id for record in records)
    return [_exported(record) | _bounces(troubles.get(record.subscriber.id, Trouble())) for record in records]


def export_page(store: Store, after: int, limit: int) -> list[dict[str, object]]:
    """As `export`, with the number of each person as `id`: of at most `limit` people with numbers above `after`."""
    with store.read() as tx:
        records = tx.roster.records(after, limit)
        troubles = tx.bounces.of(record.subscriber.id for record in records)
    return [
        {"id": one.subscriber.id} | _exported(one) | _bounces(troubles.get(one.subscriber.id, Trouble()))
        for one in records
    ]


def _exported(record: SubscriberRecord) -> dict[str, object]:
    person = record.subscriber
    return {
        "address": person.address,
        "name": person.name,
        "language": person.language,
        "format": str(person.format),
        "timezone": person.timezone or None,
        "topics": list(person.topics),
        "paused_until": person.paused_until,
        "private_feed": str(person.feed) or None,
        "created_at": person.created_at,
        "digests": list(record.digests),
        "suppressed": record.suppressed or None,
        "consents": [
            {
                "digest": c.digest,
                "act": c.act,
                "source": c.source,
                "wording": c.wording or None,
                "asked_at": c.asked_at,
                "at": c.at,
            }
            for c in record.consents
        ],
        "deliveries": [
            {"edition": key, "state": str(state), "accepted_at": at} for key, state, at in record.deliveries
        ],
    }


def _bounces(trouble: Trouble) -> dict[str, object]:
    """The bounces of one person's mails, ready for `to_json`."""
    return {
        "bounces": [
            {"edition": b.edition, "kind": b.kind, "status": b.status or None, "text": b.text, "at": b.at}
            for b in trouble.bounces
        ],
        "suppressions": [{"act": s.act, "reason": s.reason, "at": s.at} for s in trouble.suppressions],
    }


def erase(store: Store, address: str, *, now: datetime) -> None:
    """Delete a person; only a keyed hash of the address stays.

    Raises:
        UnknownError: there is no such person.
    """
    secret = store.secret()
    with store.write() as tx:
        record = require_person(tx, address)
        tx.subscribers.erase(record.subscriber.id, address_hash(secret, record.subscriber.address), now)


def leave(store: Store, token: str, *, source: str, now: datetime) -> bool:
    """End a subscription by its token, durably. Leaving twice is fine; False: the token is not ours."""
    read = read_leave(store, token)
    if read is None:
        return False
    with store.write() as tx:
        if tx.subscribers.get(read[0]) is not None:
            tx.subscribers.leave(read[0], read[1], source, now)
    return True


def require_person(tx: Transaction, written: str) -> SubscriberRecord:
    """The person with an address, in the operator's spelling or as an older program may have stored it.

    Raises:
        UnknownError: there is no such person.
    """
    record = tx.subscribers.find(written) or tx.subscribers.find(former_spelling(written))
    if record is None:
        raise UnknownPersonError(written)
    return record


def chosen_digests(settings: Settings, names: Sequence[str] | None) -> list[DigestId]:
    """The digests with these names; without names, one frequency of each selection, the first configured."""
    for name in names or ():
        if settings.digest(name) is None:
            raise UnknownError("digest", name, remedy="the configuration names the digests")
    if not settings.digests:
        raise ConfigurationError("no digest is configured", place="digests", remedy="see docs/settings.md")
    first = [digest.id for digest in settings.digests if settings.frequencies(digest)[0] is digest]
    return [DigestId(name) for name in names or first]


def language_of_digests(digests: Sequence[Digest], wanted: Sequence[DigestId]) -> str:
    """The language of the first configured one of these digests."""
    return next(digest.language for digest in digests if digest.id in wanted)


def checked_language(written: str) -> str:
    """The supported language with this name.

    Raises:
        DigestError: there is none.
    """
    found = language_of(written)
    if found is None:
        raise DigestError(f"{written!r} is no language we speak (there are zh_CN, en)")
    return found


def topic_named(topics: Sequence[Topic], name: str) -> str | None:
    """The configured topic with this id or title, ignoring case, width and marks; None if there is none."""
    return next((topic.id for topic in topics if same_name(topic.id, name) or same_name(topic.title, name)), None)


def _check(form: str) -> None:
    if form not in list(Format):
        raise DigestError(f"{form!r} is no format (there are {', '.join(Format)})")


def follow(
    tx: Transaction,
    settings: Settings,
    person: SubscriberId,
    digest: DigestId,
    source: str,
    now: datetime,
    *,
    wording: str = "",
    asked_at: datetime | None = None,
    consented_at: datetime | None = None,
) -> bool:
    """Subscribe a person to a digest; False if they are subscribed.

    Somebody who follows the same entries at another frequency changes over, without a duplicate and without a gap.
    """
    since = None
    for other in frequencies_of(settings, digest):
        known = tx.subscribers.subscription(person, other) if other != digest else None
        if known and known[1] is None:
            since = min(since or known[0], known[0])
            tx.subscribers.leave(person, other, f"changed to {digest}: {source}", now)
    return tx.subscribers.join(
        person, digest, source, now, since=since, wording=wording, asked_at=asked_at, consented_at=consented_at
    )
