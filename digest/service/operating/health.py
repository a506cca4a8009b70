"""What is well and what is in trouble: the only place that decides it.

`digest status`, `digest alerts`, `/readyz`, the metrics and the notices to operators all ask here, so that they never
disagree. A kind of trouble is a row of `KINDS`: its name, and a function that examines the store.
Decisions 227, 228 and 229.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from digest.editions.schedule import unmade_slot
from digest.errors import FencedError
from digest.model import DigestId, EditionKey, SourceId, SubscriberId
from digest.records.editions import DigestState
from digest.records.intake import DumpState, SourceState
from digest.records.operating import Alert
from digest.service.editions.digests import schedule_of
from digest.service.operating.alert_states import Health, Observation
from digest.settings import Alerts, Digest, Settings, Source

if TYPE_CHECKING:
    from digest.store.transaction import Transaction

OVERDUE = 3  # times `every` without a pass
_A_DAY, _A_WEEK = timedelta(days=1), timedelta(days=7)
_NO_TIME = timedelta(0)
_SEE = " (is `digest run` running? its log says more)"
SENDING, REFUSED, SIZE = "sending", "refused mail", "mail size"
DOUBTFUL, CLOCK, MAIL_TO = "lost mail", "clock", "mail to "


class Kind(StrEnum):
    """The kinds of trouble. The values are labels of metrics and keys of `/readyz`."""

    SOURCE = "source"
    SENDING = "sending"
    DOMAIN = "domain"
    DIGEST = "digest"
    EDITION = "edition"
    LETTER = "letter"
    SIZE = "mail_size"
    REFUSED = "refused_mail"
    DOUBTFUL = "lost_mail"
    CLOCK = "clock"
    APPROVAL = "approval"
    WEBHOOK = "webhook"


class Sending(StrEnum):
    """The state of sending. `troubled`: a pause is over, and no mail got through since.

    `fenced`: the store was restored from a backup, and nothing is sent before an operator lifts the fence.
    """

    OK = "ok"
    PAUSED = "paused"
    TROUBLED = "troubled"
    FENCED = "fenced"


@dataclass(frozen=True, slots=True)
class Trouble:
    """A present trouble. `since` is when it was first seen; `certain` is false while it may be a blip.

    `told_at`: when it was decided to alert operators.
    """

    kind: Kind
    subject: str
    problem: str
    since: datetime
    certain: bool
    told_at: datetime | None = None


def troubles(tx: Transaction, settings: Settings, now: datetime) -> tuple[Trouble, ...]:
    """All present troubles, in the order of `KINDS`."""
    stored = tx.alerts.all()
    return tuple(
        trouble
        for kind, seen in observe(tx, settings, now)
        if (trouble := _trouble(kind, seen, stored, now)) is not None
    )


def observe(tx: Transaction, settings: Settings, now: datetime) -> Iterator[tuple[Kind, Observation]]:
    """The present health of each subject; no subject twice."""
    for kind, looked in KINDS.items():
        for seen in looked(tx, settings, now):
            yield kind, seen


def counts_by_kind(found: Iterable[Trouble]) -> dict[Kind, int]:
    """The number of troubles of each kind; zeros too."""
    kinds = [trouble.kind for trouble in found]
    return {kind: kinds.count(kind) for kind in Kind}


def _trouble(kind: Kind, seen: Observation, stored: Mapping[str, Alert], now: datetime) -> Trouble | None:
    """A subject in trouble; one that cannot be checked now keeps its former state."""
    known = stored.get(seen.subject)
    standing = known if known and known.well_since is None else None
    if seen.health is Health.WELL or (seen.health is Health.UNKNOWN and standing is None):
        return None
    told_at = known.told_at if known else None
    problem = seen.problem or (standing.problem if standing else "")
    certain = seen.health is Health.ILL or told_at is not None
    return Trouble(kind, seen.subject, problem, known.since if known else now, certain, told_at)


# --- sources --------------------------------------------------------------------------------------


def is_overdue(source: Source, state: SourceState | None, now: datetime) -> bool:
    """Whether a source was never read, or not for several times its interval; a paused one is not."""
    age = _age(state.refreshed_at if state else None, now)
    return not source.paused and (age is None or age > OVERDUE * source.every)


def _sources(tx: Transaction, settings: Settings, now: datetime) -> Iterator[Observation]:
    states = tx.readings.sources()
    for source in settings.sources:
        yield _source(tx, source, states.get(SourceId(source.id)), settings.alerts, now)


def _source(tx: Transaction, source: Source, state: SourceState | None, alerts: Alerts, now: datetime) -> Observation:
    subject = f"source {source.id}"
    if state is not None and state.failures > 0 and not source.paused:
        problem = state.problem or "; ".join(_held(tx, state.id))
        return Observation(subject, Health.ILL if state.failures >= alerts.after else Health.DOUBTFUL, problem)
    if not is_overdue(source, state, now):
        return Observation(subject, Health.WELL)
    if state is None or state.registered_at is None:
        return Observation(subject, Health.DOUBTFUL, f"was not read yet{_SEE}")
    last = state.refreshed_at or state.registered_at
    long = now - last > OVERDUE * source.every + alerts.calm
    told = f"was not read since {last:%Y-%m-%d %H:%M} UTC" if state.refreshed_at else "was not read yet"
    return Observation(subject, Health.ILL if long else Health.DOUBTFUL, f"{told}{_SEE}")


def _held(tx: Transaction, source: SourceId) -> Iterator[str]:
    for dump in tx.readings.troubled(source):
        if dump.state is DumpState.HELD:
            yield f"{dump.path}: held: {dump.reason}"


# --- mail -----------------------------------------------------------------------------------------


def sending(tx: Transaction, settings: Settings, now: datetime) -> tuple[Sending, str]:
    """The state of sending as recorded in the store, and the reason of trouble; no server is contacted."""
    from digest.service.bounces import suppressing  # noqa: PLC0415 - monitors are answered before mail is loaded

    if since := tx.backups.fenced():
        return Sending.FENCED, str(FencedError(since))
    if held := suppressing.held_editions(tx, settings.bounces, now):
        return Sending.PAUSED, f"paused: {held[0]}"
    if paused := tx.deliveries.paused(now):
        return Sending.PAUSED, f"paused: {paused[0]}"
    if reason := tx.deliveries.trouble():
        return Sending.TROUBLED, f"no mail got through since it was paused: {reason}"
    return Sending.OK, ""


def _sending(tx: Transaction, settings: Settings, now: datetime) -> Iterator[Observation]:
    """A pause ends by itself: all is well after a mail got through since. An operator lifts a fence."""
    state, problem = sending(tx, settings, now)
    yield Observation(SENDING, Health.WELL if state is Sending.OK else Health.ILL, problem)


def _resting(tx: Transaction, settings: Settings, now: datetime) -> Iterator[Observation]:  # noqa: ARG001 - like all kinds
    """The paused domains. One is well again after a mail got through, which is unknown during the pause."""
    rested = tx.resting.all()
    for subject in tx.alerts.all():
        if subject.startswith(MAIL_TO) and subject.removeprefix(MAIL_TO) not in {one.domain for one in rested}:
            yield Observation(subject, Health.WELL)
    for one in rested:
        rests = one.until > now
        problem = f"is paused: {one.reason}" if rests else f"no mail got through since its pause: {one.reason}"
        yield Observation(f"{MAIL_TO}{one.domain}", Health.ILL if rests else Health.DOUBTFUL, problem)


def _size(tx: Transaction, settings: Settings, now: datetime) -> Iterator[Observation]:  # noqa: ARG001 - like all kinds
    """Whether mails of the last week failed for their size. All is well when they are retried, or a week old."""
    from digest.mail.replies.outcome import says_too_large  # noqa: PLC0415 - as in `sending`

    failed = [one for one in tx.dead_letters.refused_mails(now - _A_WEEK) if says_too_large(one.code, one.text)]
    if not failed:
        yield Observation(SIZE, Health.WELL)
        return
    newest = failed[0]
    count = sum(one.edition == newest.edition for one in failed)
    problem = f"{newest.edition}: {count} mails are larger than the server takes ({newest.text})"
    remedy = "raise the relay's limit, then: digest deliveries retry; if you cannot, make editions shorter"
    yield Observation(SIZE, Health.ILL, f"{problem}; {remedy}")


def _refused(tx: Transaction, settings: Settings, now: datetime) -> Iterator[Observation]:
    people = tx.bounces.refused(now - _A_DAY)
    ill = people >= settings.alerts.refused
    problem = (
        f"the servers of {people} readers refused our mail within a day because of us: our sender, a policy or a limit"
    )
    yield Observation(REFUSED, Health.ILL if ill else Health.WELL, problem if ill else "")


def _doubtful(tx: Transaction, settings: Settings, now: datetime) -> Iterator[Observation]:  # noqa: ARG001 - like all kinds
    """Mails with unknown outcome. All is well when their entries are listed once more, or they are sent again."""
    from digest.service.editions.selecting import entries_to_repeat  # noqa: PLC0415 - as in `sending`

    people: dict[EditionKey, set[SubscriberId]] = {}
    for digest in settings.digests:
        for person, one in entries_to_repeat(tx, settings, digest.id).items():
            for key in one.editions:
                people.setdefault(key, set()).add(person)
    if not people:
        yield Observation(DOUBTFUL, Health.WELL)
        return
    count = sum(map(len, people.values()))
    mails = "1 mail" if count == 1 else f"{count} mails"
    keys = ", ".join(sorted(people))
    problem = f"{keys}: nobody knows whether {mails} arrived: the connection broke before the server's last word"
    remedy = "the next edition lists once more what it held; or: digest deliveries retry --state unknown"
    yield Observation(DOUBTFUL, Health.ILL, f"{problem}; {remedy}")


def _clock(tx: Transaction, settings: Settings, now: datetime) -> Iterator[Observation]:
    """What lies ahead and is not mended yet, and what a clock that was wrong left behind, until it is over."""
    from digest.service.operating import clocks  # noqa: PLC0415 - as in `sending`

    lying = [
        f"{one.what} lies ahead: {one.newest:%Y-%m-%d %H:%M} UTC (see whether this clock is right)"
        for one in clocks.times_ahead_in(tx, settings.mail, now)
    ]
    wrong = clocks.clock_problem(now)
    problems = [wrong] if wrong else [*lying, *map(str, tx.clocks.standing())]
    yield Observation(CLOCK, Health.ILL if problems else Health.WELL, "; ".join(problems))


# --- editions -------------------------------------------------------------------------------------


def _digests(tx: Transaction, settings: Settings, now: datetime) -> Iterator[Observation]:
    """Whether each digest's edition was made in time, and its mails are sent."""
    late = settings.alerts.late
    overdue = tx.dead_letters.overdue(now - late)
    for digest in settings.digests:
        subject = f"digest {digest.id}"
        state = tx.editions.digest(DigestId(digest.id))
        slot = passed_slot(digest, state, now)
        waits = tx.control.plan(DigestId(digest.id)).slot_at is not None
        if slot and slot < now - late and not waits:
            yield Observation(subject, Health.ILL, f"the edition of {slot:%Y-%m-%d %H:%M} UTC is not made")
            continue
        problem = ""
        for edition in overdue:
            if problem or edition.digest != digest.id:
                continue
            if edition.untried:
                problem = f"{edition.edition}: mails not sent: {edition.untried}"
            elif edition.deferred * 2 > edition.deliveries:
                problem = f"{edition.edition}: mails refused for now: {edition.deferred}"
        yield Observation(subject, Health.ILL if problem else Health.WELL, problem)


def _approvals(tx: Transaction, settings: Settings, now: datetime) -> Iterator[Observation]:  # noqa: ARG001 - like all kinds
    """Whether an edition waits for approval."""
    from digest.service.editions.approval import deadline  # noqa: PLC0415 - as in `sending`

    for digest in settings.digests:
        plan, problem = tx.control.plan(DigestId(digest.id)), ""
        if plan.slot_at is not None:
            then = "sent" if digest.unapproved == "send" else "skipped"
            problem = (
                f"waits for your approval until {deadline(digest, plan):%Y-%m-%d %H:%M} UTC, then it is {then} "
                f"(digest edition preview {digest.id}; digest edition approve {digest.id})"
            )
        yield Observation(f"the next edition of {digest.id}", Health.ILL if problem else Health.WELL, problem)


def passed_slot(digest: Digest, state: DigestState | None, now: datetime) -> datetime | None:
    """The slot that passed and whose edition is not made; None if there is none."""
    if state is None:
        return None
    return unmade_slot(schedule_of(digest), now, configured_at=state.configured_at, last_slot_at=state.last_slot_at)


def _age(at: datetime | None, now: datetime) -> timedelta | None:
    """How long ago that was; never below zero, because clocks step back."""
    return None if at is None else max(now - at, _NO_TIME)


def _editions(tx: Transaction, settings: Settings, now: datetime) -> Iterator[Observation]:  # noqa: ARG001 - like all kinds
    """Whether the last attempt to make an edition of each digest failed."""
    for digest in settings.digests:
        failure = tx.editions.failure(DigestId(digest.id))
        health = Health.ILL if failure else Health.WELL
        yield Observation(f"edition of {digest.id}", health, f"cannot be made: {failure.problem}" if failure else "")


def _letters(tx: Transaction, settings: Settings, now: datetime) -> Iterator[Observation]:  # noqa: ARG001 - like all kinds
    """Whether mails to one person wait because their template is wrong: confirmations, welcomes."""
    for subject, (count, problem) in (
        ("confirmations", tx.confirmations.unmade()),
        ("welcomes and notices", tx.single_mails.unmade()),
    ):
        waits = f"{count} cannot be made and wait: {problem}"
        yield Observation(subject, Health.ILL if count else Health.WELL, waits if count else "")


def _webhooks(tx: Transaction, settings: Settings, now: datetime) -> Iterator[Observation]:  # noqa: ARG001 - like all kinds
    """Whether each webhook takes its events."""
    counts = tx.webhooks.counts() if settings.webhooks else {}
    for webhook in settings.webhooks:
        found, subject = counts.get(webhook.id), f"webhook {webhook.id}"
        if found is None or not (found.attempts and found.answer and found.waiting + found.failed):
            yield Observation(subject, Health.WELL)
            continue
        ill = found.failed or found.attempts >= settings.alerts.after
        problem = f"does not take its events: {found.answer} (waiting: {found.waiting}, given up: {found.failed}"
        problem += f"; digest webhooks retry {webhook.id})"
        yield Observation(subject, Health.ILL if ill else Health.DOUBTFUL, problem)


KINDS: Mapping[Kind, Callable[[Transaction, Settings, datetime], Iterator[Observation]]] = {
    Kind.SOURCE: _sources,
    Kind.SENDING: _sending,
    Kind.DOMAIN: _resting,
    Kind.DIGEST: _digests,
    Kind.EDITION: _editions,
    Kind.LETTER: _letters,
    Kind.SIZE: _size,
    Kind.REFUSED: _refused,
    Kind.DOUBTFUL: _doubtful,
    Kind.CLOCK: _clock,
    Kind.APPROVAL: _approvals,
    Kind.WEBHOOK: _webhooks,
}
