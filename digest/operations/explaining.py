"""Where an entry came from, its history, and why a subscriber got it or not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import Field

from digest.errors import masked
from digest.model import EntryId
from digest.operations.core import Context, Listed, Operation, Request, View
from digest.operations.entries import EntryName
from digest.operations.forms import DateView, UidView, date_view, uid_views
from digest.records.operating import Scope
from digest.service.publishing.by_hand.editing import covered
from digest.service.upkeep import explaining

if TYPE_CHECKING:
    from digest.records.upkeep import Mention
    from digest.service.upkeep.explaining import Explanation


class HandView(View):
    """A change by hand, with its fields before and after."""

    act: str
    at: datetime
    who: str
    entry: str | None
    other: str | None
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    undone_at: datetime | None


class CameView(View):
    """A dump that showed the entry first, and why it was taken for this entry."""

    source: str
    dump: str
    at: datetime
    because: str


class StandsView(View):
    """A place in a dump at which the entry stands now; page and position count from 0."""

    dump: str
    source: str
    page: int
    position: int
    because: str


class TroubledView(View):
    """A dump that shows the entry and is held, or could not be read."""

    source: str
    dump: str
    state: str
    reason: str


class OriginView(View):
    """A revision with the dump that brought it."""

    revision: int
    at: datetime
    cause: str
    significant: bool
    source: str | None
    dump: str | None
    date: DateView | None


class AmbiguousView(View):
    """A sighting that could have been several entries, and what was decided."""

    at: datetime
    title: str
    outcome: str


class ReachedView(View):
    """A person who got the entry; the address is masked."""

    address: str
    at: datetime


class MentionView(View):
    """An edition that lists the entry. `reached` are the first people who got it, for those who may see people."""

    edition: str
    section: str
    revision: int
    deliveries: dict[str, int]
    further: int
    reached: list[ReachedView]


class UntoldView(View):
    """A digest that did not announce the entry, and why."""

    digest: str
    why: str


class DealingView(View):
    """What became of an edition with the entry, for one person."""

    edition: str
    section: str
    state: str | None
    attempts: int
    accepted_at: datetime | None
    code: int | None
    text: str
    why: str


class PersonView(View):
    """What one person got of the entry."""

    address: str
    why: str
    editions: list[DealingView]


class ExplanationView(View):
    """Everything that is known about an entry."""

    id: str
    atom_id: str
    title: str
    first_seen_at: datetime
    announced: bool
    removed_at: datetime | None
    updated: datetime | None
    state: str
    merged_into: str | None
    by_hand: list[HandView]
    pages_say: dict[str, str]
    came: list[CameView]
    uids: list[UidView]
    link: str | None
    stands: list[StandsView]
    troubled: list[TroubledView]
    revisions: list[OriginView]
    ambiguous: list[AmbiguousView]
    editions: list[MentionView]
    untold: list[UntoldView]
    subscriber: PersonView | None


class ForPerson(EntryName):
    """An entry and a person."""

    address: str = Field(min_length=1, max_length=320, description="The address of a subscriber.")


class FindRequest(Request):
    """Words of a title, present or former, or an id."""

    words: str = Field(min_length=1, max_length=500, description="The id, or part of the present or a former title.")


class CandidateView(View):
    """An entry whose title has or had the words."""

    id: str
    title: str


def find(context: Context, asked: FindRequest) -> Listed[CandidateView]:
    """Find the entries that have or had these words in their title."""
    known = explaining.candidates(context.store, context.settings, asked.words)
    return Listed[CandidateView](items=[CandidateView(id=name, title=title) for name, title in known])


def explain(context: Context, asked: EntryName) -> ExplanationView:
    """Explain where an entry came from, how it was revised, which editions announced it, and why others did not."""
    told = explaining.explain(context.store, context.settings, EntryId(asked.entry), None, context.now())
    return view(told, people=Scope.PEOPLE in context.actor.scopes)


def explain_to(context: Context, asked: ForPerson) -> ExplanationView:
    """Explain also what one subscriber got of an entry, or why not."""
    told = explaining.explain(context.store, context.settings, EntryId(asked.entry), asked.address, context.now())
    return view(told, people=True)


def view(told: Explanation, *, people: bool) -> ExplanationView:
    """The JSON form of an explanation; with `people`, it names those who were reached, masked."""
    story, handled, person = told.story, told.handled, told.person
    return ExplanationView(
        id=story.entry,
        atom_id=story.atom_id,
        title=story.title,
        first_seen_at=story.first_seen_at,
        announced=story.announced,
        removed_at=story.removed_at,
        updated=story.updated_at,
        state=handled.state,
        merged_into=handled.merged_into,
        by_hand=[
            HandView(
                act=act.kind,
                at=act.at,
                who=act.who,
                entry=act.entry,
                other=act.other,
                before=act.before,
                after=act.after,
                undone_at=act.undone_at,
            )
            for act in told.acts
        ],
        pages_say=dict(covered(handled.printed)),
        came=[CameView(source=s.source, dump=s.path, at=s.first_seen_at, because=s.because) for s in story.shown],
        uids=uid_views(told.uids),
        link=story.steps[-1].content.extras.link,
        stands=[
            StandsView(dump=p.path, source=p.source, page=p.page, position=p.position, because=p.because)
            for p in story.places
        ],
        troubled=[
            TroubledView(source=source, dump=path, state=state, reason=reason)
            for source, path, state, reason in told.dumps
        ],
        revisions=[
            OriginView(
                revision=s.number,
                at=s.at,
                cause=s.cause,
                significant=s.significant,
                source=s.source,
                dump=s.path,
                date=date_view(s.date),
            )
            for s in story.steps
        ],
        ambiguous=[AmbiguousView.model_validate(one) for one in story.reports],
        editions=[_mention(one, people=people) for one in story.mentions],
        untold=[UntoldView.model_validate(one) for one in told.unannounced],
        subscriber=PersonView(
            address=person.subscriber.address,
            why=told.person_why,
            editions=[DealingView.model_validate(one) for one in told.dealings],
        )
        if person
        else None,
    )


def _mention(one: Mention, *, people: bool) -> MentionView:
    shown = one.reached if people else ()
    return MentionView(
        edition=one.edition.key,
        section=one.section,
        revision=one.revision,
        deliveries={str(state): count for state, count in one.deliveries.items()},
        further=one.further + len(one.reached) - len(shown),
        reached=[ReachedView(address=masked_or_erased(each.address), at=each.at) for each in shown],
    )


def masked_or_erased(address: str) -> str:
    """An address of which only the ends are shown."""
    return masked(address) if address else "somebody who was erased since"


EXPLAIN = Operation(
    "entries.explain",
    "GET",
    "/entries/{entry}/explain",
    Scope.READ,
    EntryName,
    ExplanationView,
    explain,
    "explain",
)
EXPLAIN_TO = Operation(
    "entries.explain_to",
    "POST",
    "/entries/{entry}/explain_to",
    Scope.PEOPLE,
    ForPerson,
    ExplanationView,
    explain_to,
    "explain",
    acts=False,
)
FIND = Operation(
    "entries.find", "GET", "/find_entries", Scope.READ, FindRequest, Listed[CandidateView], find, "explain"
)
OPERATIONS = (EXPLAIN, EXPLAIN_TO, FIND)
