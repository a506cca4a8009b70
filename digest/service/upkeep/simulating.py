"""Simulates what the present configuration would have sent, and when: feeds and mails under a fake clock.

The stored history is stored again in a private in-memory store. The code that makes editions and mails there is the
code that makes the real ones. Nothing is sent, and the store that is read is not written. Decisions 208 and 210.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import TYPE_CHECKING

from digest import logs
from digest.editions.schedule import edition_key, latest_slot, next_slot
from digest.mail.composing.message import edition_message
from digest.model import Delivery, DeliveryState, DigestId, Edition, EditionKey, Format, Section, Selected, SourceId
from digest.records.editions import EditionCounts
from digest.records.publishing import Drawn
from digest.records.upkeep import Settled, Stated
from digest.service.editions.digests import schedule_of
from digest.service.editions.drafts import edition_pictures
from digest.service.editions.making import make_due
from digest.service.mailing.composing import edition_mail
from digest.service.publishing.feeds import feeds
from digest.service.publishing.syndication import FORMATS, Syndication
from digest.service.upkeep.replaying import Act, Replay, acts
from digest.settings import Digest, Settings
from digest.store import open_scratch
from digest.templating import LANGUAGES

if TYPE_CHECKING:
    from digest.store.transaction import Store, Transaction

    Write = Callable[[str, bytes], None]

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_SECRET = hashlib.sha256(b"digest simulate").digest()  # publicly known, so that no link of a simulation can ever work
_NOWHERE = "simulated.invalid"  # RFC 2606: no mail reaches it
_NEWS = 500  # unannounced entries before the start, in memory with their texts
_PICTURES = 50
_AN_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class SimulatedEdition:
    """An edition that would have been made, its entries, and the files with its mails and the feed of that time."""

    edition: Edition
    selected: tuple[Selected, ...]
    mails: tuple[str, ...]
    feed: str


@dataclass(frozen=True, slots=True)
class Simulation:
    """The editions within `[since, until)`, and the files with the feeds as they are at its end."""

    since: datetime
    until: datetime
    editions: tuple[SimulatedEdition, ...]
    feeds: tuple[str, ...]


def simulate(
    store: Store,
    settings: Settings,
    since: datetime,
    until: datetime,
    write: Write,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Simulation:
    """Replay the store's history, as if the configuration had always been this and the service awake at each slot.

    What the digests would have announced before `since` counts as announced. `write` receives each file: its path and
    its bytes; equal arguments give equal files. `progress` counts the times at which something was read.
    Nobody is asked for approval: each edition is made at its slot.
    """
    unasked = [digest.model_copy(update={"approve": None}) for digest in settings.digests]
    settings = settings.model_copy(update={"digests": tuple(unasked)})
    scratch = open_scratch(_LONG_AGO, _SECRET)
    try:
        with logs.bound(simulated=True), store.read() as tx:
            course = _Course(scratch, settings, since, write)
            _copy_pictures(tx, scratch)
            _copy_names(tx, scratch)
            total, done, moment = tx.audit.moments(), 0, _LONG_AGO
            for act in acts(tx.audit.history()):
                if act.at >= until:
                    break
                if isinstance(act.facts[0], Stated) and act.at != moment:
                    done, moment = done + 1, act.at
                    progress(done, total)
                course.take(act)
            return course.ended(until)
    finally:
        scratch.close()


def _copy_pictures(tx: Transaction, scratch: Store) -> None:
    drawn: dict[str, Drawn | None] = {}
    for name, picture in tx.audit.pictures():
        drawn[name] = picture
        if len(drawn) == _PICTURES:
            _add_pictures(scratch, drawn)
            drawn.clear()
    _add_pictures(scratch, drawn)


def _add_pictures(scratch: Store, drawn: dict[str, Drawn | None]) -> None:
    with scratch.write() as tx:
        tx.pictures.add(drawn)


def _copy_names(tx: Transaction, scratch: Store) -> None:
    """Copy former names, because feeds keep them in their ids."""
    with scratch.write() as there:
        for renamed in tx.renames.all().values():
            there.readings.register_source(renamed.new, _LONG_AGO)
            there.renames.remember(renamed)


class _Course:
    """The clock of a simulation, and the events in its course.

    It starts before `since`, at the earliest of the digests' slots before, so that each digest is in the middle of its
    schedule at `since`; editions made before `since` are not shown. Everything before `_now` has happened.
    """

    def __init__(self, store: Store, settings: Settings, since: datetime, write: Write) -> None:
        self._store, self._settings, self._since, self._write = store, settings, since, write
        self._replay = Replay(store, settings)
        self._feeds = Syndication(store, settings)
        before = since - _AN_INSTANT
        self._start = min((latest_slot(schedule_of(digest), before) for digest in settings.digests), default=before)
        self._now = _LONG_AGO
        self._started = False
        self._silent = _Silent(store, settings)
        self._told: list[SimulatedEdition] = []
        with store.write() as tx:
            for language, form in product(LANGUAGES, Format):
                _add_reader(tx, settings.digests, language, form, self._start)
            for digest in settings.digests:
                tx.editions.register_digest(DigestId(digest.id), self._start)

    def take(self, act: Act) -> None:
        """Advance the clock to the act, and store it."""
        if act.at > self._now:
            self._go_on(act.at)
        self._replay.take(act)
        if not self._started and isinstance(act.facts[0], Stated | Settled):
            self._silent.add(len(act.facts), act.at)

    def ended(self, until: datetime) -> Simulation:
        """Advance the clock to the end."""
        self._go_on(until)
        written = []
        for feed, kind in product(feeds(self._settings), FORMATS):
            written.append(f"feeds/{feed.path}final.{kind}")
            self._write(written[-1], self._feeds.feed(feed.path, kind).body)
        return Simulation(self._since, until, tuple(self._told), tuple(written))

    def _go_on(self, to: datetime) -> None:
        """Make what is due from `_now` on and before `to`."""
        if not self._started and to > self._start:
            self._started = True
            self._silent.end(self._start)
            self._now = max(self._now, self._start)
        if self._started:
            for moment in self._wakes(to):
                for made in make_due(self._store, self._settings, moment):
                    if made.edition.closes_at >= self._since:
                        self._told.append(self._simulated_edition(made))
        self._now = to

    def _wakes(self, to: datetime) -> Iterator[datetime]:
        """The times when something may be due: each slot, and after events at `_now` if a digest waits for them."""
        if any(digest.first == "now" for digest in self._settings.digests):
            yield self._now
        moment = self._slot_after(self._now - _AN_INSTANT, to)
        while moment < to:
            yield moment
            moment = self._slot_after(moment, to)

    def _slot_after(self, moment: datetime, to: datetime) -> datetime:
        return min((next_slot(schedule_of(digest), moment) for digest in self._settings.digests), default=to)

    def _simulated_edition(self, made: EditionCounts) -> SimulatedEdition:
        """Write its mails, and the present feed."""
        edition = made.edition
        with self._store.write() as tx:
            selected = tuple(tx.editions.selected(edition.key))
            mails = tuple(self._mails(tx, edition.key, edition.closes_at, sum(made.deliveries.values())))
        feed = f"feeds/{_stamp(edition.closes_at)}.atom"
        self._write(feed, self._feeds.feed().body)
        return SimulatedEdition(edition, selected, mails, feed)

    def _mails(self, tx: Transaction, key: EditionKey, now: datetime, count: int) -> Iterator[str]:
        words = [(variant.body, edition_pictures(tx, variant.body)) for variant in tx.editions.variants(key)]
        for delivery in tx.deliveries.lease(now, now + _AN_INSTANT, count, key) if count else ():
            body, pngs = words[delivery.variant]
            mail = edition_mail(
                self._settings,
                _SECRET,
                key,
                delivery.digest,
                delivery.subscriber,
                body,
                pngs,
                message_id=delivery.message_id,
                written_at=delivery.written_at,
                agreed_at=delivery.agreed_at,
            )
            name = f"editions/{key}/{_reader(delivery)}.eml"
            self._write(name, edition_message(mail))
            tx.deliveries.record(key, delivery.subscriber.id, DeliveryState.ACCEPTED, now=now, text="simulated")
            yield name


class _Silent:
    """Marks as announced, silently, what the digests would have announced before the start."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store, self._digests = store, settings.digests
        self._waiting, self._editions = 0, 0
        self._at = _LONG_AGO

    def add(self, facts: int, at: datetime) -> None:
        """Count stored entries that may be new."""
        self._waiting, self._at = self._waiting + facts, at
        if self._waiting >= _NEWS:
            for digest in self._digests:
                self._tell(digest, at, slot=None)
            self._waiting = 0

    def end(self, start: datetime) -> None:
        """Announce the rest, in the newest slot of each digest; without any facts, first editions are still to come."""
        if self._at > _LONG_AGO:
            for digest in self._digests:
                self._tell(digest, start, latest_slot(schedule_of(digest), start))

    def _tell(self, digest: Digest, at: datetime, slot: datetime | None) -> None:
        name = DigestId(digest.id)
        key = edition_key(name, slot, schedule_of(digest)) if slot else EditionKey(f"{name}/before-{self._editions}")
        self._editions += 1
        with self._store.write() as tx:
            new = tx.selecting.untold(name, None, [SourceId(source) for source in digest.sources])
            selected = [Selected(Section.NEW, entry) for entry in new]
            selected += [Selected(Section.CORRECTED, entry) for entry in tx.selecting.corrected(name)]
            tx.editions.make(Edition(key, name, slot, None, at, empty=not selected), selected, (), ())


def _add_reader(tx: Transaction, digests: Sequence[Digest], language: str, form: Format, now: datetime) -> None:
    everything: Sequence[DigestId] = [DigestId(digest.id) for digest in digests]
    address = f"{language}-{form}@{_NOWHERE}"
    tx.subscribers.add(address, name="", language=language, fmt=form, now=now, digests=everything, source="simulate")


def _reader(delivery: Delivery) -> str:
    return f"{delivery.subscriber.language}-{delivery.subscriber.format}"


def _stamp(at: datetime) -> str:
    """A time as a file name."""
    return f"{at:%Y%m%dT%H%M%S}{f'.{at.microsecond:06}' if at.microsecond else ''}Z"
