"""`digest explain`: where an entry came from, its history, and why a subscriber got it or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from digest.changes.identifiers import kind_and_value
from digest.changes.values import Cause
from digest.cli.common import (
    ConfigOption,
    JsonOption,
    clock,
    format_date,
    print_json,
    store_to_read,
)
from digest.cli.editions import held_or_cancelled
from digest.cli.terminal import address_for_terminal
from digest.records.publishing import ActKind
from digest.service.publishing.by_hand.editing import FIELDS, covered, format_value

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from digest.model import EntryId
    from digest.records.publishing import Act
    from digest.records.upkeep import Step
    from digest.service.upkeep.explaining import Explanation


_BY_HAND = {str(cause) for cause in Cause if cause.by_hand}


def register(app: typer.Typer) -> None:
    app.command("explain")(explain)


def explain(
    entry: Annotated[str, typer.Argument(metavar="ENTRY", help="The id, or part of the present or a former title.")],
    subscriber: Annotated[
        str | None, typer.Argument(metavar="SUBSCRIBER", help="The address of a subscriber who got it, or did not.")
    ] = None,
    *,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Explain where an entry came from, how it was revised, which editions announced it, and to whom or why not."""
    from digest.operations import explaining as operation
    from digest.service.upkeep import explaining

    with store_to_read(config) as (settings, store):
        found = explaining.candidates(store, settings, entry)
        if len(found) > 1:
            _print_candidates(found, as_json=as_json)
            raise typer.Exit(1)
        told = explaining.explain(store, settings, found[0][0], subscriber, clock())
    if as_json:
        view = operation.view(told, people=True)
        if view.subscriber:
            shown = view.subscriber.model_copy(update={"address": address_for_terminal(view.subscriber.address)})
            view = view.model_copy(update={"subscriber": shown})
        print_json(view.model_dump())
    else:
        typer.echo("\n".join(_lines(told)))


def _print_candidates(found: list[tuple[EntryId, str]], *, as_json: bool) -> None:
    typer.echo("digest: several entries have this text in their title; give the id of one", err=True)
    for name, title in found:
        print_json({"id": name, "title": title}) if as_json else typer.echo(f"{name}  {title}")


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _lines(told: Explanation) -> Iterator[str]:
    story = told.story
    yield story.title
    yield f"  {story.entry} · {format_date(story.date) or 'no date'}"
    yield f"  {story.atom_id}"
    yield "came"
    for shown in story.shown:
        yield f"  {_moment(shown.first_seen_at)} from {shown.source}/{shown.path}: {shown.because or 'new'}"
    for source, uid in told.uids:
        kind, value = kind_and_value(uid)
        yield f"  {source} knows it by the {kind} {value}"
    yield "in dumps now" if story.places else "in no dump now"
    for place in story.places:
        yield f"  {place.source}/{place.path}, page {place.page + 1}, position {place.position + 1}: {place.because}"
    for source, path, how, reason in told.dumps:
        yield f"  {source}/{path} is {how}: {reason}"
    yield "revisions"
    for before, step in zip([None, *story.steps], story.steps, strict=False):
        origin = _origin(step)
        dated = f": {format_date(step.date)}" if before and before.date != step.date else ""
        weight = "" if step.significant else ", silent"
        yield f"  {step.number}  {_moment(step.at)}  {step.cause}{weight}, {origin}{dated}"
    for report in story.reports:
        yield f"ambiguous  {_moment(report.at)} in {report.source}/{report.path}: {report.title}: {report.outcome}"
    yield from _by_hand(told)
    yield from _publication(told)
    if told.person:
        yield f"{address_for_terminal(told.person.subscriber.address)}: {told.person_why}"
        for dealing in told.dealings:
            state = f" ({dealing.state}, {dealing.attempts} attempts)" if dealing.state else ""
            when = f" at {_moment(dealing.accepted_at)}" if dealing.accepted_at else ""
            answer = f": {dealing.code or ''} {dealing.text}".rstrip() if dealing.code or dealing.text else ""
            yield f"  {dealing.edition}, {dealing.section}: {dealing.why}{when}{state}{answer}"


def _origin(step: Step) -> str:
    if step.cause in _BY_HAND:
        return "changed manually"
    if step.path is None and step.source:
        return "split manually from another entry"
    return f"from {step.source}/{step.path}" if step.path else "from its neighbours on a page"


def _by_hand(told: Explanation) -> Iterator[str]:
    """The manual changes to the entry, and what the pages say where such a change still applies."""
    if told.acts:
        yield "manual changes"
    for act in told.acts:
        undone = f", undone {_moment(act.undone_at)}" if act.undone_at else ""
        yield f"  {_moment(act.at)} {_did(act, told.story.entry)}, on the {act.who}{undone}"
    for name, said in covered(told.handled.printed).items():
        yield f"  {name}: the pages say {said}; the manual change applies until they say something new"


def _did(act: Act, entry: EntryId) -> str:
    """The manual change, from the point of view of one of its entries."""
    match act.kind:
        case ActKind.EDIT:
            fields = [name for name in FIELDS if name in act.before]
            each = (
                f"{name} {format_value(name, act.before[name]['value'])} → "
                f"{format_value(name, act.after[name]['value'])}"
                for name in fields
            )
            return f"{'silent edit' if act.after.get('silent') else 'edit'}: {', '.join(each)}"
        case ActKind.MERGE:
            return f"merge: {act.other} into this entry" if act.entry == entry else f"merge: into {act.entry}"
        case ActKind.SPLIT:
            return f"split: {act.other} from this entry" if act.entry == entry else f"split: from {act.entry}"
    return str(act.kind)


def _publication(told: Explanation) -> Iterator[str]:
    from digest.operations.explaining import masked_or_erased

    story = told.story
    if told.handled.merged_into:
        yield f"merged into {told.handled.merged_into}; its page redirects there"
    elif story.removed_at:
        yield f"removed {_moment(story.removed_at)}"
    elif told.handled.since:
        yield f"{told.handled.state} {_moment(told.handled.since)}"
    elif story.updated_at:
        yield f"published, updated {_moment(story.updated_at)}"
    else:
        yield "not published: the first import of its source is not finished"
    for mention in story.mentions:
        counts = ", ".join(f"{count} {state}" for state, count in mention.deliveries.items()) or "to nobody"
        made = f"{mention.edition.key}, made {_moment(mention.edition.closes_at)}{held_or_cancelled(mention.edition)}"
        yield f"announced as {mention.section} in {made}, at revision {mention.revision}: {counts}"
        for one in mention.reached:
            yield f"  {_moment(one.at)} to {masked_or_erased(one.address)}"
        if mention.further:
            yield f"  and to {mention.further} more: see `digest edition show {mention.edition.key}`"
    for left_out in told.unannounced:
        yield f"not announced by {left_out.digest}: {left_out.why}"
