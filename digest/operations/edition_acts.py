"""What an operator decides about editions: the plan of the next one, making, holding, cancelling, sending."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import Field

from digest.model import DigestId, EditionKey
from digest.operations.core import Context, Operation, Request, View
from digest.operations.editions import (
    DigestName,
    EditionName,
    EditionView,
    PlanView,
    edition_view,
    named_digest,
    plan,
    require_edition,
)
from digest.records.operating import Scope
from digest.service.editions import control

if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST_NOTE = 20_000  # characters


class MadeView(View):
    """The edition that was made; absent if there was nothing to announce."""

    edition: EditionView | None


class EditionState(View):
    """What became of an edition."""

    edition: str
    state: str
    mails: int | None = Field(None, exclude_if=lambda value: value is None)


class SkippedView(View):
    """The edition that was skipped."""

    digest: str
    skipped: str


class WaitingMails(View):
    """Mails that wait for a retry, and when the first and the last of them are due."""

    mails: int
    first_at: datetime | None
    last_at: datetime | None


class SentView(View):
    """What was sent by this request, and what waits for a retry. The service sends what is still `open` by itself."""

    accepted: int = 0
    deferred: int = 0
    failed: int = 0
    unknown: int = 0
    suppressed: int = 0
    waiting: WaitingMails
    open: int


class CopyView(View):
    """What the mail server said to one more copy of a mail."""

    edition: str
    subject: str
    answer: str


class EndedView(View):
    """How many people followed a digest that is not configured any more."""

    digest: str
    unsubscribed: int


class NoteRequest(DigestName):
    """The note on top of the next edition."""

    text: str | None = Field(None, max_length=_LONGEST_NOTE, description="Markdown; none removes the note.")


class OrderRequest(DigestName):
    """The entries to list first."""

    entries: list[str] = Field(max_length=500, description="Ids of entries or parts of titles; empty: usual order.")


class LeaveOutRequest(DigestName):
    """Entries to leave out of the mails, or to take in again."""

    entries: list[str] = Field(min_length=1, max_length=500, description="Ids of entries, or parts of titles.")
    once: bool = Field(default=False, description="Only of the next edition; the one after it lists them.")
    undo: bool = Field(default=False, description="Leave them out no longer.")


class SendRequest(Request):
    """Which mails to send."""

    edition: str = Field("", max_length=300, description="Only this edition; all if empty.")
    now: bool = Field(default=False, description="Also retry temporarily refused mails at once.")


class ResendRequest(EditionName):
    """One more copy of a mail."""

    subscriber: str = Field(min_length=1, max_length=320, description="The number or the address of a subscriber.")


def set_note(context: Context, asked: NoteRequest) -> PlanView:
    """Put a note on top of the next edition, in Markdown, or remove it."""
    digest = named_digest(context, asked.digest)
    control.set_note(context.store, digest, asked.text, context.now())
    return plan(context, asked)


def set_order(context: Context, asked: OrderRequest) -> PlanView:
    """List these entries first in the next edition, in this order."""
    control.set_first(context.store, named_digest(context, asked.digest), asked.entries, context.now())
    return plan(context, asked)


def leave_out(context: Context, asked: LeaveOutRequest) -> PlanView:
    """Leave entries out of the mails of a digest, or take them in again. Feeds and pages keep them."""
    digest = named_digest(context, asked.digest)
    if asked.undo:
        control.take_in(context.store, digest, asked.entries, context.now())
    else:
        control.leave_out(context.store, digest, asked.entries, context.now(), once=asked.once)
    return plan(context, asked)


def cut(context: Context, asked: DigestName) -> MadeView:
    """Make an edition now, even if none is due. If nothing is new, it makes none."""
    from digest.service.editions import making  # noqa: PLC0415 - as above

    made = making.cut(context.store, context.settings, named_digest(context, asked.digest), context.now())
    return MadeView(edition=edition_view(made) if made else None)


def approve(context: Context, asked: DigestName) -> MadeView:
    """Approve the edition that waits; it is made as its plan shows it, and sent."""
    from digest.service.editions import making  # noqa: PLC0415 - as above

    made = making.approve(context.store, context.settings, named_digest(context, asked.digest), context.now())
    return MadeView(
        edition=None if made is None or (made.edition.empty and not made.deliveries) else edition_view(made)
    )


def skip(context: Context, asked: DigestName) -> SkippedView:
    """Skip the edition that waits for approval; the next one includes its entries."""
    digest = named_digest(context, asked.digest)
    return SkippedView(digest=digest.id, skipped=control.skip_waiting(context.store, digest, context.now()))


def hold(context: Context, asked: EditionName) -> EditionState:
    """Hold an edition: send no more of its mails until it is resumed."""
    control.hold(context.store, EditionKey(asked.edition), context.now())
    return EditionState(edition=asked.edition, state="held")


def resume(context: Context, asked: EditionName) -> EditionState:
    """Go on with the mails of an edition that is held."""
    control.resume(context.store, EditionKey(asked.edition), context.now())
    return EditionState(edition=asked.edition, state="resumed")


def cancel(context: Context, asked: EditionName) -> EditionState:
    """Send no further mail of an edition. Subscribers who do not get it find its entries in their next edition."""
    mails = control.cancel(context.store, EditionKey(asked.edition), context.now())
    return EditionState(edition=asked.edition, state="cancelled", mails=mails)


def send(context: Context, asked: SendRequest) -> SentView:
    """Send the planned mails of one edition or of all.

    A command sends them itself. Otherwise they are made due, and the service sends them at its next turn.
    """
    from digest.service.editions import planning  # noqa: PLC0415 - as above
    from digest.service.operating import waits  # noqa: PLC0415 - as above

    store, key = context.store, EditionKey(asked.edition) if asked.edition else None
    if key is not None:
        with store.read() as tx:
            require_edition(tx, key)
    if context.service.send:
        sent = context.service.send(key, asked.now)
    else:
        planning.plan_waiting(store, context.settings)
        with store.write(exclusive=False) as tx:
            tx.deliveries.resume()
        if asked.now:
            waits.make_due_now(store, key, context.now())
        sent = {}
    rows = waits.waiting_deliveries(store, key, context.now())
    moments = [row.next_at for row in rows if row.next_at]
    waiting = WaitingMails(
        mails=len(rows), first_at=moments[0] if moments else None, last_at=moments[-1] if moments else None
    )
    with store.read() as tx:
        return SentView(**sent, waiting=waiting, open=tx.deliveries.open(key))


def resend(context: Context, asked: ResendRequest) -> CopyView:
    """Send one more copy of a mail to a subscriber who got it, for example because they lost it."""
    from digest.operations.people import address_of  # noqa: PLC0415 - as above

    key, address = EditionKey(asked.edition), address_of(context, asked.subscriber)
    copy = control.prepare_copy(context.store, context.settings, key, address, context.now())
    said = asyncio.run(control.send_copy(context.store, context.settings, copy))
    return CopyView(edition=asked.edition, subject=copy.mail.subject, answer=said)


def end(context: Context, asked: DigestName) -> EndedView:
    """Unsubscribe everybody from a digest that is no longer configured."""
    from digest.service.editions.renaming import end_digest  # noqa: PLC0415 - as above

    left = end_digest(context.store, context.settings, DigestId(asked.digest), context.now())
    return EndedView(digest=asked.digest, unsubscribed=left)


def _planned(context: Context, asked: DigestName) -> dict[str, Any]:
    """The plan of a digest, for the audit log."""
    with context.store.read() as tx:
        made = tx.control.plan(DigestId(named_digest(context, asked.digest).id))
    return {
        "note": made.note,
        "first": list(made.first),
        "left_out": [f"{one.entry} (once)" if one.once else one.entry for one in made.left_out],
        "waits": made.slot_at.isoformat() if made.slot_at else None,
    }


def _stopped(context: Context, asked: EditionName) -> dict[str, Any]:
    """Whether an edition is held or cancelled, for the audit log."""
    with context.store.read() as tx:
        edition = require_edition(tx, asked.edition).edition
    moments = {"held_at": edition.held_at, "cancelled_at": edition.cancelled_at}
    return {name: moment.isoformat() if moment else None for name, moment in moments.items()}


def _of_digest(
    name: str, way: str, run: Callable[[Context, Any], Any], takes: type[DigestName], gives: type[View], command: str
) -> Operation[Any, Any]:
    path = f"/digests/{{digest}}/{way}"
    return Operation(name, "POST", path, Scope.OPERATE, takes, gives, run, command, state=_planned)


def _of_edition(name: str, run: Callable[[Context, EditionName], EditionState]) -> Operation[EditionName, EditionState]:
    path = f"/editions/{name.removeprefix('editions.')}"
    return Operation(
        name,
        "POST",
        path,
        Scope.OPERATE,
        EditionName,
        EditionState,
        run,
        f"edition {name.removeprefix('editions.')}",
        target=lambda asked: asked.edition,
        state=_stopped,
    )


END = Operation("digests.end", "POST", "/digests/{digest}/end", Scope.PEOPLE, DigestName, EndedView, end, "digests end")
NOTE = _of_digest("editions.note", "note", set_note, NoteRequest, PlanView, "edition note")
ORDER = _of_digest("editions.order", "order", set_order, OrderRequest, PlanView, "edition order")
LEAVE_OUT = _of_digest("editions.leave-out", "leave-out", leave_out, LeaveOutRequest, PlanView, "edition leave-out")
CUT = _of_digest("editions.cut", "cut", cut, DigestName, MadeView, "edition cut")
APPROVE = _of_digest("editions.approve", "approve", approve, DigestName, MadeView, "edition approve")
SKIP = _of_digest("editions.skip", "skip", skip, DigestName, SkippedView, "edition skip")
HOLD, RESUME, CANCEL = (
    _of_edition("editions.hold", hold),
    _of_edition("editions.resume", resume),
    _of_edition("editions.cancel", cancel),
)
SEND = Operation(
    "editions.send",
    "POST",
    "/editions/send",
    Scope.OPERATE,
    SendRequest,
    SentView,
    send,
    "edition send",
    target=lambda asked: asked.edition or "all editions",
)
RESEND = Operation(
    "editions.resend",
    "POST",
    "/editions/resend",
    Scope.PEOPLE,
    ResendRequest,
    CopyView,
    resend,
    "edition resend",
    target=lambda asked: asked.edition,
)
OPERATIONS = (NOTE, ORDER, LEAVE_OUT, CUT, APPROVE, SKIP, SEND, HOLD, RESUME, CANCEL, RESEND, END)
