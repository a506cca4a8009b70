"""Making editions: what is due, what it tells, its words and its deliveries, in one transaction."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from digest.editions.due import due_at, due_slot, edition_key
from digest.editions.schedule import latest_slot, next_slot
from digest.errors import FencedError
from digest.mail.corrections import Correction, seen
from digest.mail.message import message_id, picture_address, pictures_in
from digest.mail.words import body, fitted
from digest.model import DigestId, Edition, EditionKey, Section, Selected, SourceId, Variant
from digest.ports import FIRST_REACH, Recipient
from digest.service.audience import audience
from digest.service.digests import schedule_of, sender_domain
from digest.service.feeds import holds_any
from digest.service.framing import frame
from digest.service.planning import LARGE, finish, parts
from digest.service.redating import tells_another_day
from digest.service.tracing import say_made

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from datetime import datetime

    from digest.mail.told import Frame
    from digest.model import Body, Content, EntryId, SubscriberId
    from digest.ports import DigestState, EditionCounts, Store, Transaction
    from digest.settings import Digest, Settings

_TOLD = {Section.NEW, Section.CATCH_UP}


@dataclass(frozen=True, slots=True)
class _Selection:
    """What an edition would tell; `before` holds what became of corrected entries since they were told."""

    entries: tuple[Selected, ...]
    before: dict[EntryId, tuple[Correction, ...]]

    @property
    def empty(self) -> bool:
        """Whether there is nothing new and nothing corrected; being read is no news."""
        return all(one.section is Section.MOST_READ for one in self.entries)

    def contents(self, entries: Sequence[Selected]) -> Iterator[Content]:
        """All texts of which these entries may show something."""
        yield from (one.entry.content for one in entries)
        yield from (content for steps in self.before.values() for one in steps for content in (one.before, one.after))


@dataclass(frozen=True, slots=True)
class Upcoming:
    """What a digest waits to tell: titles, its passed slot of which no edition is made, its next one, to how many.

    `passed_since`: a slot passed since the moment of the fence, so that another store may have told it.
    """

    digest: str
    due: datetime | None
    passed_since: bool
    next_at: datetime
    new: tuple[str, ...]
    corrected: tuple[str, ...]
    people: int


def make_due(store: Store, settings: Settings, now: datetime) -> list[EditionCounts]:
    """Make each edition that is due and not made; none behind a fence. An empty slot is recorded and sends nothing."""
    made = []
    finish(store, settings)
    for digest in settings.digests:

        def wanted(tx: Transaction, state: DigestState, digest: Digest = digest) -> tuple[datetime | None, bool]:
            slot = due_slot(
                schedule_of(digest),
                now,
                configured_at=state.configured_at,
                last_slot_at=state.last_slot_at,
                late=digest.late,
            )
            first = digest.first == "now" and not state.editions and _all_settled(tx, settings, digest)
            return slot, slot is not None or first

        try:
            key = _made(store, settings, digest, now, wanted)
        except FencedError:
            break
        if key:
            made.append(_said(store, key))
    return made


def cut(store: Store, settings: Settings, digest: Digest, now: datetime) -> EditionCounts | None:
    """Make an edition now, due or not; None where there is nothing to tell.

    Raises:
        FencedError: the store was restored, and its fence stands.
    """
    finish(store, settings)
    key = _made(store, settings, digest, now, lambda _tx, _state: (None, True))
    return _said(store, key) if key else None


def _made(
    store: Store,
    settings: Settings,
    digest: Digest,
    now: datetime,
    wanted: Callable[[Transaction, DigestState], tuple[datetime | None, bool]],
) -> EditionKey | None:
    """Store an edition if one is wanted, which says for which slot; None where none is made.

    With many readers, what each gets is found out before anybody has to wait for it, and planned a part at a time
    after it: the transaction between holds the edition, its words, and who is to get which.

    Raises:
        FencedError: the store was restored, and its fence stands.
    """
    secret = store.secret()
    while True:
        with store.write() as tx:
            _require_no_fence(tx)
            state = _state(tx, digest, now)
            slot, due = wanted(tx, state)
            if not due:
                return None
            if tx.roster.followers().get(state.id, 0) <= LARGE:
                return _make(tx, secret, settings, digest, state, now, slot)
        with store.read() as tx:
            made = _planned(tx, secret, settings, digest, state, now, slot)
            kept = parts(tx, settings, state.id, made.recipients, made.caught_up, made.resting) if made else []
        if made is None:
            return None
        with store.write() as tx:
            _require_no_fence(tx)
            if tx.editions.digest(state.id) != state or tx.editions.edition(made.edition.key) is not None:
                continue  # another process made one meanwhile
            if not tx.editions.make(made.edition, made.entries, made.variants, ()):
                return None
            tx.planning.keep(made.edition.key, kept)
        finish(store, settings)
        return made.edition.key


def _require_no_fence(tx: Transaction) -> None:
    if since := tx.backups.fenced():
        raise FencedError(since)


def _said(store: Store, key: EditionKey) -> EditionCounts:
    """The edition, told to the log once it is stored."""
    with store.read() as tx:
        made = tx.editions.edition(key)
        assert made is not None  # noqa: S101 - it was stored
        say_made(tx, made)
    return made


@dataclass(frozen=True, slots=True)
class Draft:
    """The words of an edition that is not made, and the pictures that its HTML shows, by name."""

    key: EditionKey
    body: Body
    pictures: dict[str, bytes]


def draft(
    store: Store, settings: Settings, digest: Digest, now: datetime, language: str, topics: Sequence[str] = ()
) -> Draft | None:
    """What an edition made now would say to readers of these topics, of all without any; nothing is stored.

    None where there is nothing to tell them.
    """
    with store.read() as tx:
        state = tx.editions.digest(DigestId(digest.id))
        if state is None:
            return None
        whole = _selection(tx, digest, state)
        holds = holds_any(settings, topics)
        selection = replace(whole, entries=tuple(one for one in whole.entries if holds(one.entry)))
        if selection.empty:
            return None
        key = tx.editions.free_key(edition_key(state.id, now, schedule_of(digest)))
        edition = Edition(key, state.id, None, _opens_at(state, now), now, empty=False)
        around = frame(tx, settings, digest, edition, selection.contents(selection.entries))
        made = body(around, selection.entries, selection.before, language)
        return Draft(key, made, pictures(tx, made))


def preview(store: Store, settings: Settings, digest: Digest, now: datetime, language: str) -> Body | None:
    """The words of an edition made now, its pictures within; nothing is stored. None where there is nothing to tell."""
    made = draft(store, settings, digest, now, language)
    return replace(made.body, html=with_pictures(made.body.html, made.pictures)) if made else None


def with_pictures(html: str, pngs: dict[str, bytes]) -> str:
    """A mail's HTML for a browser: the pictures that come beside it stand in it."""
    for name, png in pngs.items():
        html = html.replace(picture_address(name), f"data:image/png;base64,{b64encode(png).decode()}")
    return html


def upcoming(tx: Transaction, settings: Settings, now: datetime, since: datetime) -> list[Upcoming]:
    """What each digest would tell if its fence were lifted now."""
    made = []
    for digest in settings.digests:
        state = tx.editions.digest(DigestId(digest.id))
        if state is None:
            continue
        schedule, selection = schedule_of(digest), _selection(tx, digest, state)
        new, corrected = (
            tuple(one.entry.content.title for one in selection.entries if one.section is section)
            for section in (Section.NEW, Section.CORRECTED)
        )
        due = due_slot(
            schedule, now, configured_at=state.configured_at, last_slot_at=state.last_slot_at, late=digest.late
        )
        people = len(tx.subscribers.active(state.id))
        passed = latest_slot(schedule, now) > since
        made.append(Upcoming(digest.id, due, passed, next_slot(schedule, now), new, corrected, people))
    return made


def make_all(
    tx: Transaction, secret: bytes, settings: Settings, now: datetime, *, but: Collection[str] = ()
) -> list[EditionKey]:
    """Make an edition of all that each digest has not told, in its newest slot, however long ago that passed."""
    made = []
    for digest in settings.digests:
        if digest.id in but:
            continue
        state = _state(tx, digest, now)
        slot = due_slot(
            schedule_of(digest),
            now,
            configured_at=state.configured_at,
            last_slot_at=state.last_slot_at,
            late=timedelta.max,
        )
        key = _make(tx, secret, settings, digest, state, now, slot)
        made += [key] if key else []
    return made


def _state(tx: Transaction, digest: Digest, now: datetime) -> DigestState:
    name = DigestId(digest.id)
    tx.editions.register_digest(name, now)
    state = tx.editions.digest(name)
    assert state is not None  # noqa: S101 - registered in this transaction
    return state


def _all_settled(tx: Transaction, settings: Settings, digest: Digest) -> bool:
    """Whether the first import of each source of the digest is through: half of one is not a first edition."""
    names = digest.sources or tuple(source.id for source in settings.sources)
    settled = {name for name, state in tx.readings.sources().items() if state.settled_at is not None}
    return settled.issuperset(names)


def _make(
    tx: Transaction,
    secret: bytes,
    settings: Settings,
    digest: Digest,
    state: DigestState,
    now: datetime,
    slot: datetime | None,
) -> EditionKey | None:
    """Store an edition; None where there is none to make or another scheduler made it."""
    made = _planned(tx, secret, settings, digest, state, now, slot)
    if made is None or not tx.editions.make(made.edition, made.entries, made.variants, made.recipients):
        return None
    tx.subscribers.set_behind(state.id, made.caught_up, behind=False)
    tx.subscribers.set_behind(state.id, made.resting, behind=True)
    return made.edition.key


@dataclass(frozen=True, slots=True)
class _Planned:
    """An edition with all that is to be stored of it. `caught_up` are told what they had missed, `resting` nothing."""

    edition: Edition
    entries: Sequence[Selected] = ()
    variants: Sequence[Variant] = ()
    recipients: Sequence[Recipient] = ()
    caught_up: Sequence[SubscriberId] = ()
    resting: Sequence[SubscriberId] = ()


def _planned(
    tx: Transaction,
    secret: bytes,
    settings: Settings,
    digest: Digest,
    state: DigestState,
    now: datetime,
    slot: datetime | None,
) -> _Planned | None:
    """What an edition made now would be; None where there is none to make."""
    selection = _selection(tx, digest, state)
    if selection.empty and slot is None:
        return None
    key = tx.editions.free_key(edition_key(state.id, slot or now, schedule_of(digest)))
    edition = Edition(key, state.id, slot, _opens_at(state, now), now, selection.empty)
    if selection.empty:
        return _Planned(edition)
    people = audience(tx, settings, digest, selection.entries, now)
    around = frame(tx, settings, digest, edition, selection.contents(people.entries))
    words = _Words(around, selection, people.entries)
    words.number(digest.language, tuple(range(len(selection.entries))))  # for those who read it elsewhere
    domain, schedule = sender_domain(settings), schedule_of(digest)
    recipients, still_behind = [], set()
    for person, shown in people.readers:
        variant = words.number(person.language, shown)
        due, identity = due_at(schedule, slot, now, person.timezone), message_id(key, person.id, domain, secret)
        recipients.append(Recipient(person.id, identity, variant, due))
        if not words.tells_all(variant, shown):
            still_behind.add(person.id)
    caught_up = [person for person in people.caught_up if person not in still_behind]
    return _Planned(edition, people.entries, words.variants, recipients, caught_up, people.resting)


def _opens_at(state: DigestState, now: datetime) -> datetime | None:
    """Where the newest edition closed, or now where the clock stepped back since."""
    return min(state.last_close_at, now) if state.last_close_at else None


class _Words:
    """The words of an edition, made once for all who get the same. A variant's number is its place in `variants`."""

    def __init__(self, around: Frame, selection: _Selection, entries: Sequence[Selected]) -> None:
        self._frame, self._before, self._entries = around, selection.before, entries
        self._numbers: dict[tuple[str, tuple[int, ...]], int] = {}
        self.variants: list[Variant] = []

    def number(self, language: str, shown: tuple[int, ...]) -> int:
        if (language, shown) not in self._numbers:
            self._numbers[language, shown] = len(self.variants)
            self.variants.append(self._variant(language, shown))
        return self._numbers[language, shown]

    def _variant(self, language: str, shown: tuple[int, ...]) -> Variant:
        """What a long mail does not name stands on the edition's page, but for what only its readers had missed.

        So where there is not room for all, that comes first, and what still has no room is not told.
        """
        said, named = fitted(self._frame, [self._said(at) for at in shown], self._before, language)
        told = [at for at in shown if self._entries[at].section in _TOLD]
        if named < len(told) and any(self._missed(at) for at in shown):
            shown = tuple(sorted(shown, key=lambda at: not self._missed(at)))
            said, named = fitted(self._frame, [self._said(at) for at in shown], self._before, language)
            told = [at for at in shown if self._entries[at].section in _TOLD]
            told[named:] = [at for at in told[named:] if not self._missed(at)]
        return Variant(said, tuple(told))

    def _missed(self, at: int) -> bool:
        return self._entries[at].section is Section.CATCH_UP

    def tells_all(self, number: int, shown: tuple[int, ...]) -> bool:
        """Whether the words tell everything new that is shown to a reader."""
        return set(self.variants[number].told) == {at for at in shown if self._entries[at].section in _TOLD}

    def _said(self, at: int) -> Selected:
        """An entry as the words tell it: to its readers, what they missed is new."""
        one = self._entries[at]
        return replace(one, section=Section.NEW) if one.section is Section.CATCH_UP else one


def _selection(tx: Transaction, digest: Digest, state: DigestState) -> _Selection:
    sources: Sequence[SourceId] = [SourceId(name) for name in digest.sources]
    new = tx.editions.untold(state.id, state.configured_at - FIRST_REACH, sources)
    corrected = [
        (entry, steps)
        for entry in tx.editions.corrected(state.id)
        if seen(steps := _corrections(tx, state.id, entry.id))
    ]
    read = tx.editions.most_read(state.last_close_at, sources, digest.most_read) if state.last_close_at else []
    return _Selection(
        (
            *(Selected(Section.NEW, entry) for entry in new),
            *(Selected(Section.MOST_READ, entry, gained) for entry, gained in read),
            *(Selected(Section.CORRECTED, entry) for entry, _ in corrected),
        ),
        {entry.id: steps for entry, steps in corrected},
    )


def _corrections(tx: Transaction, digest: DigestId, entry: EntryId) -> tuple[Correction, ...]:
    """Each correction since the revision that the digest told, with what it replaced, oldest first."""
    told = tx.editions.told_revision(digest, entry) or 1
    return tuple(
        Correction(old.content, new.content, *((old.date, new.date) if tells_another_day(old, new) else ()))
        for old, new in pairwise(tx.entries.revisions(entry))
        if new.number > told and (new.significant or tells_another_day(old, new))
    )


def pictures(tx: Transaction, words: Body) -> dict[str, bytes]:
    """The pictures that the HTML of an edition shows, by name."""
    return {name: png for name in pictures_in(words.html) if (png := tx.pictures.png(name)) is not None}
