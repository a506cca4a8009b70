"""People and their consent."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, delete, func, or_, select, update

from digest.addresses import address_key, spellings
from digest.model import DeliveryState, DigestId, Format, PrivateFeed, Subscriber, SubscriberId
from digest.records.editions import CLOCK_TOLERANCE
from digest.records.mailing import RequestState
from digest.records.people import Consent, Follower, SubscriberRecord, Suppressed
from digest.store.database.statements import batches, insert
from digest.store.database.tables.editions import editions
from digest.store.database.tables.mailing import bounces, deliveries, single_mails, suppression_requests, suppressions
from digest.store.database.tables.people import confirmations, consents, erased, subscribers, subscriptions
from digest.store.mailing.leases import OPEN, TAKEN_BACK
from digest.store.people.confirmations import NOBODY
from digest.store.people.records import REACHABLE, records, subscriber_of


class Subscribers:
    """People and their consent. `erased_some`: deleted data may still be in the database's log."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.erased_some = False

    def add(
        self,
        address: str,
        *,
        name: str,
        language: str,
        fmt: Format,
        now: datetime,
        digests: Sequence[DigestId] = (),
        source: str = "",
    ) -> SubscriberRecord | None:
        """Add a person with one consent record per digest; None if the address is known already."""
        row = {
            "address": address,
            "address_key": address_key(address),
            "name": name,
            "language": language,
            "format": fmt,
            "timezone": "",
            "topics": [],
            "created_at": now,
            "suppressed": "",
        }
        added = (
            insert(self._connection, subscribers)
            .values(row)
            .on_conflict_do_nothing(index_elements=[subscribers.c.address_key])
            .returning(subscribers.c.id)
        )
        number = self._connection.execute(added).scalar_one_or_none()
        if number is None:
            return None
        for digest in digests:
            self.join(SubscriberId(number), digest, source, now)
        return self.get(SubscriberId(number))

    def join(
        self,
        subscriber: SubscriberId,
        digest: DigestId,
        source: str,
        now: datetime,
        *,
        since: datetime | None = None,
        wording: str = "",
        asked_at: datetime | None = None,
        consented_at: datetime | None = None,
    ) -> bool:
        """Subscribe a known person; False if they are subscribed already.

        With `since`, they count as following this selection since then, and the next edition includes what they missed.
        With `consented_at`, they agreed then, and joined now.
        """
        values = {"joined_at": now, "left_at": None, "since": since or now, "behind": since is not None}
        joined = insert(self._connection, subscriptions).values(subscriber_id=subscriber, digest=digest, **values)
        again = joined.on_conflict_do_update(
            index_elements=[subscriptions.c.subscriber_id, subscriptions.c.digest],
            set_=values,
            where=subscriptions.c.left_at.is_not(None),
        )
        if self._connection.execute(again.returning(subscriptions.c.digest)).one_or_none() is None:
            return False
        self._consent(subscriber, Consent(digest, "joined", source, consented_at or now, wording, asked_at))
        return True

    def prefer(
        self,
        subscriber: SubscriberId,
        *,
        language: str,
        fmt: Format,
        timezone: str,
        topics: Sequence[str],
        paused_until: datetime | None,
    ) -> None:
        """Change a person's preferences. A pause suppresses mails to them that are not sent yet."""
        here = update(subscribers).where(subscribers.c.id == subscriber, subscribers.c.erased_at.is_(None))
        before = select(subscribers.c.topics).where(subscribers.c.id == subscriber)
        if set(self._connection.execute(before).scalar_one_or_none() or ()) != set(topics):
            self._forget_unwanted(subscriber)
        self._connection.execute(
            here.values(
                language=language, format=fmt, timezone=timezone, topics=list(topics), paused_until=paused_until
            )
        )
        if paused_until is not None:
            self._suppress_deliveries(subscriber)
            self._fell_behind(subscriber)

    def choose_feed(self, subscriber: SubscriberId, feed: PrivateFeed, now: datetime, *, renew: bool = False) -> None:
        """Change whether a person has a private feed; with `renew`, its former address is no longer valid.

        With a feed instead of mails, mails to them that are not sent yet are suppressed. With mails again, they follow
        their digests from now on: what the feed showed is not mailed.
        """
        here = update(subscribers).where(subscribers.c.id == subscriber, subscribers.c.erased_at.is_(None))
        before = self._connection.execute(select(subscribers.c.feed).where(subscribers.c.id == subscriber)).scalar_one()
        number = subscribers.c.feed_number + (1 if renew or (feed and not before) else 0)
        self._connection.execute(here.values(feed=feed, feed_number=number))
        if feed is PrivateFeed.INSTEAD:
            self._suppress_deliveries(subscriber)
        elif before == PrivateFeed.INSTEAD:
            mine = update(subscriptions).where(subscriptions.c.subscriber_id == subscriber)
            self._connection.execute(mine.values(since=now, behind=False))

    def leave(self, subscriber: SubscriberId, digest: DigestId, source: str, now: datetime) -> bool:
        """End a subscription and cancel its deliveries that are not begun; False if there is none."""
        left = (
            update(subscriptions)
            .where(
                subscriptions.c.subscriber_id == subscriber,
                subscriptions.c.digest == digest,
                subscriptions.c.left_at.is_(None),
            )
            .values(left_at=now)
        )
        if self._connection.execute(left).rowcount == 0:
            return False
        self._consent(subscriber, Consent(digest, "left", source, now))
        of_digest = select(editions.c.key).where(editions.c.digest == digest)
        self._suppress_deliveries(subscriber, deliveries.c.edition.in_(of_digest))
        return True

    def move(self, subscriber: SubscriberId, address: str, source: str, now: datetime, *, asked_at: datetime) -> None:
        """Give a person, who confirmed it, another address that nobody has; earlier bounces no longer count.

        A consent is recorded for each digest that they follow, with `source`.
        """
        here = update(subscribers).where(subscribers.c.id == subscriber, subscribers.c.erased_at.is_(None))
        self._connection.execute(here.values(address=address, address_key=address_key(address)))
        if not self.unsuppress(subscriber, source, now):
            self._struck("unsuppressed", subscriber, source, now)  # from here on bounces are counted anew
        record = self.get(subscriber)
        for digest in record.digests if record else ():
            self._consent(subscriber, Consent(digest, "joined", source, now, asked_at=asked_at))

    def hand_on(self, subscriber: SubscriberId, other: SubscriberId, digest: DigestId) -> None:
        """Let entries sent to one person for a digest count as sent to another, and owed entries be owed to them.

        Does nothing if the other person was sent anything of it.
        """
        of_digest = deliveries.c.edition.in_(select(editions.c.key).where(editions.c.digest == digest))
        theirs = select(func.count()).select_from(deliveries).where(deliveries.c.subscriber_id == other, of_digest)
        if self._connection.execute(theirs).scalar_one():
            return
        ended = and_(deliveries.c.next_at.is_(None), deliveries.c.state != DeliveryState.SUPPRESSED)
        mine = update(deliveries).where(deliveries.c.subscriber_id == subscriber, of_digest, ended)
        self._connection.execute(mine.values(subscriber_id=other))
        this = and_(subscriptions.c.subscriber_id == subscriber, subscriptions.c.digest == digest)
        owed = select(subscriptions.c.since).where(this, subscriptions.c.behind)
        since = self._connection.execute(owed).scalar_one_or_none()
        if since is not None:
            self.follows_since(other, digest, since)

    def is_erased(self, subscriber: SubscriberId) -> bool:
        """Whether this address belonged to an erased person."""
        query = select(subscribers.c.erased_at).where(subscribers.c.id == subscriber)
        return self._connection.execute(query).scalar_one_or_none() is not None

    def find(self, address: str) -> SubscriberRecord | None:
        """A person by address, ignoring case and however the domain is written."""
        keys = spellings(address)
        known = records(self._connection, subscribers.c.address_key.in_(keys))
        found = {address_key(one.subscriber.address): one for one in known}
        return next((found[key] for key in keys if key in found), None)

    def get(self, subscriber: SubscriberId) -> SubscriberRecord | None:
        """A person; None if they never existed or are erased."""
        return next(iter(records(self._connection, subscribers.c.id == subscriber)), None)

    def all(self) -> list[SubscriberRecord]:
        """Everybody, in the order of joining (including those who left)."""
        return records(self._connection)

    def active(self, digest: DigestId) -> list[Subscriber]:
        """People who are subscribed and not suppressed, including paused ones."""
        return [follower.subscriber for follower in self.followers(digest)]

    def followers(self, digest: DigestId) -> list[Follower]:
        """The same people with their state."""
        query = (
            select(subscribers, subscriptions.c.since, subscriptions.c.behind)
            .join(subscriptions, subscriptions.c.subscriber_id == subscribers.c.id)
            .where(subscriptions.c.digest == digest, REACHABLE)
            .order_by(subscribers.c.id)
        )
        return [Follower(subscriber_of(row), row.since, row.behind) for row in self._connection.execute(query)]

    def subscription(self, subscriber: SubscriberId, digest: DigestId) -> tuple[datetime, datetime | None] | None:
        """Since when they follow its selection, and when they left; None if they never joined."""
        query = select(subscriptions.c.since, subscriptions.c.left_at).where(
            subscriptions.c.subscriber_id == subscriber, subscriptions.c.digest == digest
        )
        row = self._connection.execute(query).one_or_none()
        return None if row is None else (row.since, row.left_at)

    def follows_since(
        self, subscriber: SubscriberId, digest: DigestId, since: datetime, *, behind: bool = True
    ) -> None:
        """Let them follow its selection since then; the next edition includes what they missed of it."""
        this = and_(subscriptions.c.subscriber_id == subscriber, subscriptions.c.digest == digest)
        self._connection.execute(update(subscriptions).where(this).values(since=since, behind=behind))

    def set_behind(self, digest: DigestId, subscribers: Iterable[SubscriberId], *, behind: bool) -> None:
        """Record who missed an edition, or that the one just made includes what they missed."""
        for batch in batches(subscribers):
            these = and_(subscriptions.c.digest == digest, subscriptions.c.subscriber_id.in_(batch))
            self._connection.execute(update(subscriptions).where(these).values(behind=behind))

    def erase(self, subscriber: SubscriberId, address_hash: str, now: datetime) -> None:
        """Delete the person and every trace but the deliveries' counts; keep `address_hash` to prevent imports."""
        run = self._connection.execute
        person = select(subscribers.c.id).where(subscribers.c.id == subscriber)
        run(person.with_for_update(key_share=True))  # a drain that records a mail to them waits, or is waited for
        for table in (subscriptions, consents, bounces, suppressions, suppression_requests):
            run(delete(table).where(table.c.subscriber_id == subscriber))
        key = select(subscribers.c.address_key).where(subscribers.c.id == subscriber).scalar_subquery()
        theirs = or_(confirmations.c.subscriber_id == subscriber, confirmations.c.address_key == key)
        run(delete(confirmations).where(theirs, confirmations.c.done_at.is_(None)))
        run(update(confirmations).where(theirs).values(NOBODY))
        run(delete(single_mails).where(single_mails.c.subscriber_id == subscriber))
        self._suppress_deliveries(subscriber)
        # A server's reply often contains the address.
        run(update(deliveries).where(deliveries.c.subscriber_id == subscriber).values(message_id="", text=""))
        blank: dict[str, object] = {
            "address": None,
            "address_key": None,
            "name": "",
            "language": "",
            "timezone": "",
            "topics": [],
            "paused_until": None,
            "feed": PrivateFeed.NONE,
            "suppressed": "",
            "suppressed_at": None,
            "erased_at": now,
        }
        run(update(subscribers).where(subscribers.c.id == subscriber).values(blank))
        self.keep_out(address_hash, now)
        self.erased_some = True

    def keep_out(self, address_hash: str, now: datetime) -> None:
        """Remember a hash of an unused address, so that no import brings it back."""
        row = {"address_hash": address_hash, "erased_at": now}
        self._connection.execute(insert(self._connection, erased).values(row).on_conflict_do_nothing())

    def suppress(self, subscriber: SubscriberId, reason: str, now: datetime) -> None:
        """Never mail this address again; records what its server said."""
        here = update(subscribers).where(subscribers.c.id == subscriber, subscribers.c.erased_at.is_(None))
        if self._connection.execute(here.values(suppressed=reason or "suppressed", suppressed_at=now)).rowcount:
            self._struck("suppressed", subscriber, reason, now)
        self._suppress_deliveries(subscriber)

    def suppressed(self) -> list[Suppressed]:
        """Everybody who is suppressed, in the order of joining."""
        query = select(subscribers).where(subscribers.c.suppressed != "").order_by(subscribers.c.id)
        return [
            Suppressed(SubscriberId(row.id), row.address or "", row.suppressed, row.suppressed_at)
            for row in self._connection.execute(query)
        ]

    def unsuppress(self, subscriber: SubscriberId, reason: str, now: datetime) -> bool:
        """Mail this address again; earlier bounces no longer count, and the next edition includes what was missed.

        False if it is not suppressed.
        """
        asked = and_(
            suppression_requests.c.subscriber_id == subscriber, suppression_requests.c.state == RequestState.ASKED
        )
        self._connection.execute(delete(suppression_requests).where(asked))
        here = update(subscribers).where(subscribers.c.id == subscriber, subscribers.c.suppressed != "")
        if self._connection.execute(here.values(suppressed="", suppressed_at=None)).rowcount == 0:
            return False
        self._struck("unsuppressed", subscriber, reason, now)
        self._fell_behind(subscriber)
        return True

    def _forget_unwanted(self, subscriber: SubscriberId) -> None:
        """Forget entries that the person did not want so far: catching up must not announce them later."""
        caught_up = and_(subscriptions.c.subscriber_id == subscriber, ~subscriptions.c.behind)
        for row in self._connection.execute(
            select(subscriptions.c.digest, subscriptions.c.since).where(caught_up)
        ).all():
            last = select(func.max(editions.c.closes_at)).where(editions.c.digest == row.digest)
            told_at = self._connection.execute(last).scalar_one()
            # Editions of a day before are included because of the clock, so this is one day later.
            if told_at is not None and told_at + CLOCK_TOLERANCE > row.since:
                self.follows_since(subscriber, row.digest, told_at + CLOCK_TOLERANCE, behind=False)

    def _fell_behind(self, subscriber: SubscriberId) -> None:
        theirs = subscriptions.c.subscriber_id == subscriber
        self._connection.execute(update(subscriptions).where(theirs).values(behind=True))

    def _struck(self, act: str, subscriber: SubscriberId, reason: str, now: datetime) -> None:
        row = {"subscriber_id": subscriber, "act": act, "reason": reason, "at": now}
        self._connection.execute(insert(self._connection, suppressions).values(row))

    def _suppress_deliveries(self, subscriber: SubscriberId, *which: ColumnElement[bool]) -> None:
        """End open deliveries that are not begun, leased or not; a begun one is recorded by its drain."""
        waiting = OPEN & ~deliveries.c.begun
        self._connection.execute(
            update(deliveries).where(deliveries.c.subscriber_id == subscriber, waiting, *which).values(TAKEN_BACK)
        )

    def _consent(self, subscriber: SubscriberId, consent: Consent) -> None:
        row = {
            "subscriber_id": subscriber,
            "digest": consent.digest,
            "act": consent.act,
            "source": consent.source,
            "wording": consent.wording,
            "asked_at": consent.asked_at,
            "at": consent.at,
        }
        self._connection.execute(insert(self._connection, consents).values(row))
