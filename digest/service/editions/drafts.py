"""What an edition made now would be: drafts that are not stored, and the titles that each digest would announce."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from digest.editions.schedule import due_slot, edition_key, latest_slot, next_slot
from digest.mail.composing import edition_text, message
from digest.model import Body, DigestId, Edition, EditionKey, Section
from digest.records.editions import DigestState, EditionPlan
from digest.service.editions import digests, selecting
from digest.service.editions.variants import edition_frame
from digest.service.publishing.feeds import holds_any
from digest.settings import Digest, Settings
from digest.typeset.titles import headline

if TYPE_CHECKING:
    from digest.store.transaction import Store, Transaction


@dataclass(frozen=True, slots=True)
class Upcoming:
    """What a digest would announce next: titles, its passed slot without an edition, its next slot, for how many.

    `passed_since`: a slot passed since the time of the fence, so another store may have sent it.
    """

    digest: str
    due: datetime | None
    passed_since: bool
    next_at: datetime
    new: tuple[str, ...]
    corrected: tuple[str, ...]
    people: int


@dataclass(frozen=True, slots=True)
class Draft:
    """The text of an edition that is not stored, and the pictures in its HTML, by name."""

    key: EditionKey
    body: Body
    pictures: dict[str, bytes]


@dataclass(frozen=True, slots=True)
class NextEdition:
    """What the next edition of a digest would be now: the operator's plan, its entries, and when it is or was due."""

    plan: EditionPlan
    selection: selecting.Selection
    due: datetime


def next_edition(tx: Transaction, digest: Digest, now: datetime) -> NextEdition:
    """The next edition of a digest as of now; nothing is stored."""
    name = DigestId(digest.id)
    plan = tx.control.plan(name)
    selection = selecting.select_entries(tx, digest, _digest_state(tx, name, now))
    return NextEdition(plan, selection, plan.slot_at or next_slot(digests.schedule_of(digest), now))


def _digest_state(tx: Transaction, name: DigestId, now: datetime) -> DigestState:
    """What is stored about a digest; if it is newly configured, what will be."""
    return tx.editions.digest(name) or DigestState(name, now, None, None, 0)


def draft_edition(
    store: Store, settings: Settings, digest: Digest, now: datetime, language: str, topics: Sequence[str] = ()
) -> Draft | None:
    """What an edition made now would contain for subscribers of these topics, of all if empty; nothing is stored.

    None if there is nothing to announce to them.
    """
    with store.read() as tx:
        state = _digest_state(tx, DigestId(digest.id), now)
        whole = selecting.select_entries(tx, digest, state)
        holds = holds_any(settings, topics)
        selection = replace(whole, entries=tuple(one for one in whole.entries if holds(one.entry)))
        if selection.empty:
            return None
        key = tx.editions.free_key(edition_key(state.id, now, digests.schedule_of(digest)))
        note = tx.control.plan(state.id).note
        edition = Edition(key, state.id, None, opens_at(state, now), now, empty=False, note=note)
        around = edition_frame(tx, settings, digest, edition, selection.contents(selection.entries))
        made = edition_text.edition_body(around, selection.entries, selection.before, language)
        return Draft(key, made, edition_pictures(tx, made))


def with_pictures(html: str, pngs: dict[str, bytes]) -> str:
    """A mail's HTML for a browser, with the attached pictures inlined."""
    for name, png in pngs.items():
        html = html.replace(message.picture_address(name), f"data:image/png;base64,{b64encode(png).decode()}")
    return html


def upcoming_editions(tx: Transaction, settings: Settings, now: datetime, since: datetime) -> list[Upcoming]:
    """What each digest would announce if its fence were lifted now."""
    made = []
    for digest in settings.digests:
        state = tx.editions.digest(DigestId(digest.id))
        if state is None:
            continue
        schedule, selection = digests.schedule_of(digest), selecting.select_entries(tx, digest, state)
        new, corrected = (
            tuple(headline(one.entry.content) for one in selection.entries if one.section is section)
            for section in (Section.NEW, Section.CORRECTED)
        )
        due = due_slot(
            schedule, now, configured_at=state.configured_at, last_slot_at=state.last_slot_at, late=digest.late
        )
        people = len(tx.subscribers.active(state.id))
        passed = latest_slot(schedule, now) > since
        made.append(Upcoming(digest.id, due, passed, next_slot(schedule, now), new, corrected, people))
    return made


def opens_at(state: DigestState, now: datetime) -> datetime | None:
    """When the newest edition closed, or now if the clock stepped back since."""
    return min(state.last_close_at, now) if state.last_close_at else None


def edition_pictures(tx: Transaction, variants: Body) -> dict[str, bytes]:
    """The pictures in the HTML of an edition, by name."""
    return {name: png for name in message.pictures_in(variants.html) if (png := tx.pictures.png(name)) is not None}
