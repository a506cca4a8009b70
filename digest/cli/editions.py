"""`digest edition list|show|cut|send` and `digest digests rename|end`."""

from __future__ import annotations

import asyncio
import signal
import threading
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.cli import common, sources
from digest.cli.progress import Progress
from digest.errors import ConfigurationError, UnknownError
from digest.model import DigestId, EditionKey

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from digest.model import Edition, Selected
    from digest.operations.editions import EditionView
    from digest.records.mailing import DeliveryRow
    from digest.service.mailing.drain.ledger import DrainReport
    from digest.settings import Digest, Settings
    from digest.store.transaction import Store

_NAMED = 10  # waiting mails that are listed
_GOES_ON = "Sent mails are recorded, the rest stay planned; `digest edition send` continues with them."
app = typer.Typer(name="edition", help="Make, preview, show and send editions.", no_args_is_help=True)
DigestArgument = Annotated[
    str | None, typer.Argument(metavar="DIGEST", help="The digest; optional if there is only one.")
]
KeyArgument = Annotated[str, typer.Argument(metavar="KEY", help="An edition, such as weekly/2026-W47.")]
digests_app = typer.Typer(
    name="digests", help="Rename a digest, or end one that is no longer configured.", no_args_is_help=True
)


def digest_named(settings: Settings, name: str | None) -> Digest:
    if not settings.digests:
        raise ConfigurationError("no digest is configured", place="digests", remedy="see docs/settings.md")
    if name is None:
        if len(settings.digests) > 1:
            raise typer.BadParameter(f"name one of {', '.join(d.id for d in settings.digests)}", param_hint="DIGEST")
        return settings.digests[0]
    found = settings.digest(name)
    if found is None:
        raise UnknownError("digest", name, remedy="the configuration lists the digests")
    return found


def held_or_cancelled(edition: Edition | EditionView) -> str:
    """Whether an operator stopped its mails, as the end of a sentence."""
    if edition.cancelled_at:
        return f", cancelled {edition.cancelled_at:%Y-%m-%d %H:%M} UTC"
    return f", held since {edition.held_at:%Y-%m-%d %H:%M} UTC" if edition.held_at else ""


def entry_json(one: Selected) -> dict[str, object]:
    """An entry of an edition in the JSON form of all commands."""
    from digest.operations.editions import entry_view

    return entry_view(one).model_dump(exclude={"headline"})


@app.command("list")
def list_(
    *, digest: DigestArgument = None, as_json: common.JsonOption = False, config: common.ConfigOption = None
) -> None:
    """List the editions, newest first."""
    from digest.operations import editions
    from digest.operations.core import MOST_OF_A_PAGE, perform

    rows: list[tuple[str, str, str, str]] = []
    with common.store_to_read(config) as (settings, store):
        context, cursor = common.context_of(settings, store), ""
        chosen = digest_named(settings, digest).id if digest else ""
        while True:
            asked = editions.EditionsRequest(digest=chosen, limit=MOST_OF_A_PAGE, cursor=cursor)
            page = perform(editions.LIST, context, asked)
            for made in page.items:
                if as_json:
                    common.print_json(made.model_dump(exclude={"days"}))
                rows.append((made.key, made.days, f"{made.closes_at:%Y-%m-%d %H:%M}", _delivery_counts(made)))
            if not page.next:
                break
            cursor = page.next
    if not as_json:
        common.print_table(("key", "days", "made", "deliveries"), rows)


def _delivery_counts(made: EditionView) -> str:
    if made.empty and not made.deliveries:
        return "nothing sent"
    counts = ", ".join(f"{count} {state}" for state, count in made.deliveries.items() if count) or "no subscribers"
    return counts + held_or_cancelled(made)


@app.command()
def show(key: KeyArgument, *, as_json: common.JsonOption = False, config: common.ConfigOption = None) -> None:
    """Show the entries of an edition and the state of each of its mails."""
    from digest.operations import deliveries, editions
    from digest.operations.core import perform

    with common.store_to_read(config) as (settings, store):
        context = common.context_of(settings, store)
        made = perform(editions.SHOW, context, editions.EditionRequest(edition=key))
        with store.read() as tx:
            rows = tx.deliveries.rows(EditionKey(made.key))
    if as_json:
        shown = made.model_dump(exclude={"entries": {"__all__": {"headline"}}, "acts": True, "days": True})
        mails = [deliveries.delivery_view(one, []).model_dump(exclude=deliveries.NOT_IN_AN_EDITION) for one in rows]
        common.print_json(shown | {"recipients": mails, "acts": [one.model_dump() for one in made.acts]})
        return
    typer.echo(f"{key}: {_delivery_counts(made)}")
    for act in made.acts:
        typer.echo(f"{act.at:%Y-%m-%d %H:%M} UTC, by {act.who}: {act.detail}")
    common.print_table(
        ("section", "title", "gained"), [(one.section, one.headline, one.gained) for one in made.entries]
    )
    common.print_table(
        ("address", "state", "attempts", "next", "answer"),
        [(r.address, r.state, r.attempts, r.next_at, f"{r.code or ''} {r.text}".strip()) for r in rows],
        numbers=("attempts",),
    )


@app.command()
def cut(
    digest: DigestArgument = None, *, as_json: common.JsonOption = False, config: common.ConfigOption = None
) -> None:
    """Make an edition now, even if none is due. If nothing is new, it makes none."""
    from digest.operations import edition_acts, editions
    from digest.operations.core import perform

    with common.store_of(config) as (settings, store):
        chosen = digest_named(settings, digest)
        with Progress(
            "making the edition", kept="Either no edition was made or a complete one: see `digest edition list`."
        ):
            asked = editions.DigestName(digest=chosen.id)
            made = perform(edition_acts.CUT, common.context_of(settings, store), asked).edition
    if made is None:
        typer.echo(f"{chosen.id}: nothing new since the last edition; none was made", err=as_json)
    elif as_json:
        common.print_json(made.model_dump())
    else:
        then = "; `digest edition send` sends it" if made.deliveries else ""
        typer.echo(f"{made.key}: {_delivery_counts(made)}{then}")


@app.command()
def send(
    key: Annotated[str | None, typer.Argument(metavar="KEY", help="Only this edition.")] = None,
    *,
    now: Annotated[bool, typer.Option("--now", help="Also retry temporarily refused mails at once.")] = False,
    as_json: common.JsonOption = False,
    config: common.ConfigOption = None,
) -> None:
    """Send the planned mails of one edition or of all; list mails that wait for a retry, and until when."""
    from digest.operations import edition_acts
    from digest.operations.core import perform
    from digest.service.operating import waits

    reports: list[DrainReport] = []
    with common.store_of(config) as (settings, store):

        def send_all(wanted: EditionKey | None, hurry: bool) -> dict[str, int]:  # noqa: FBT001 - as the operation calls it
            reports.append(_send_all(store, settings, wanted, hurry=hurry))
            return reports[0].counts()

        context = common.context_of(settings, store, send=send_all)
        sent = perform(edition_acts.SEND, context, edition_acts.SendRequest(edition=key or "", now=now))
        waiting = waits.waiting_deliveries(store, EditionKey(key) if key else None, common.clock())
    (report,) = reports
    if as_json:
        common.print_json(sent.model_dump(exclude={"open"}))
    else:
        counts = ", ".join(f"{count} {name}" for name, count in report.counts().items() if count)
        typer.echo(counts or ("nothing is due" if waiting else "nothing is planned"))
        _print_waiting(waiting)
    if report.too_large:
        typer.echo(f"digest: mails that failed because they are too large: {report.too_large}", err=True)
        typer.echo(
            "digest: raise the relay's size limit, then run `digest deliveries retry`; or make editions shorter",
            err=True,
        )
    if report.full:
        typer.echo(
            "digest: the daily limit (mail.per_day) is reached; the rest is sent as soon as it allows", err=as_json
        )
    if report.paused:
        typer.echo(f"digest: sending is paused: {report.paused}", err=True)
    if report.paused or report.failed:
        raise typer.Exit(1)


def _print_waiting(waiting: list[DeliveryRow]) -> None:
    """List the mails that wait for a retry, the first due first; of many, only the first few."""
    if not waiting:
        return
    common.print_table(
        ("waits", "address", "attempts", "until", "answer"),
        [(r.edition, r.address, r.attempts, r.next_at, f"{r.code or ''} {r.text}".strip()) for r in waiting[:_NAMED]],
        numbers=("attempts",),
    )
    last = waiting[-1].next_at
    more = f"{len(waiting) - _NAMED} more, the last until {last:%Y-%m-%d %H:%M} UTC; " if len(waiting) > _NAMED else ""
    typer.echo(f"{more}`digest edition send --now` retries them at once")


def _send_all(store: Store, settings: Settings, key: str | None, *, hurry: bool) -> DrainReport:
    from digest.service.editions import planning
    from digest.service.mailing.drain import delivery

    with Progress("planning mails", kept=_GOES_ON):
        planning.plan_waiting(store, settings)
    with Progress("sending", kept=_GOES_ON) as progress:
        stop = asyncio.Event()
        drained = delivery.drain(
            store,
            settings,
            common.clock,
            edition=EditionKey(key) if key else None,
            progress=lambda state: progress(state.done, total=state.total),
            stop=stop,
            resume=True,
            hurry=hurry,
        )
        report = asyncio.run(_until_ctrl_c(drained, stop, progress))
    if stop.is_set():
        counts = ", ".join(f"{count} {name}" for name, count in report.counts().items() if count)
        typer.echo(f"digest: stopped: {counts or 'nothing was sent'}. {_GOES_ON}", err=True)
        raise typer.Exit(130)
    return report


async def _until_ctrl_c(
    drained: Coroutine[Any, Any, DrainReport], stop: asyncio.Event, progress: Progress
) -> DrainReport:
    """Drain. The first Ctrl-C finishes the mails in progress, the second one stops at once."""
    loop = asyncio.get_running_loop()

    def finish() -> None:
        stop.set()
        loop.remove_signal_handler(signal.SIGINT)
        progress.phase("finishing mails in progress (press Ctrl-C again to stop at once)")

    if threading.current_thread() is threading.main_thread():
        loop.add_signal_handler(signal.SIGINT, finish)
    return await drained


@digests_app.command()
def rename(
    old: sources.OldArgument,
    new: sources.NewArgument,
    *,
    as_json: common.JsonOption = False,
    config: common.ConfigOption = None,
) -> None:
    """Rename a digest; its subscribers, editions and links in old mails stay. Stop the service first."""
    from digest.service.editions.renaming import lines_to_change, rename_digest
    from digest.service.settings import following

    with sources.store_while_stopped(config, new) as (settings, store):
        with common.act_of(settings, store, "digests.rename", f"{old} to {new}"):
            done = rename_digest(store, settings, DigestId(old), DigestId(new), common.clock())
        actor = common.context_of(settings, store).actor.name
        following.rename(store, settings, "digests", old, new, actor=actor, now=common.clock())
    facts: dict[str, object] = {"digest": new, "was": old, "followers": done.followers, "editions": done.editions}
    said = f"{old} is now {new}, with {done.followers} subscribers and {done.editions} editions."
    sources.print_changed_lines(config, old, new, lines_to_change, facts, said, as_json=as_json)


@digests_app.command()
def end(
    digest: Annotated[str, typer.Argument(metavar="NAME", help="A digest that is no longer configured.")],
    *,
    yes: common.YesOption = False,
    as_json: common.JsonOption = False,
    config: common.ConfigOption = None,
) -> None:
    """Unsubscribe everybody from a digest that is no longer configured; recorded as your act."""
    from digest.operations import edition_acts, editions
    from digest.operations.core import perform
    from digest.service.editions.renaming import orphans

    with common.store_of(config) as (settings, store):
        count = orphans(store, settings).get(DigestId(digest), 0)
        if count and not yes:
            typer.confirm(f"Unsubscribe {count} people from {digest}?", abort=True, err=as_json)
        done = perform(edition_acts.END, common.context_of(settings, store), editions.DigestName(digest=digest))
    if as_json:
        common.print_json(done.model_dump())
    else:
        typer.echo(f"{digest}: {done.unsubscribed} unsubscribed")
