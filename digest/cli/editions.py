"""`digest edition list|show|cut|send` and `digest digests rename|end`."""

from __future__ import annotations

import asyncio
import signal
import threading
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.cli import sources
from digest.cli.common import (
    ConfigOption,
    JsonOption,
    YesOption,
    clock,
    print_json,
    print_table,
    store_of,
    store_to_read,
)
from digest.cli.deliveries import delivery_json
from digest.cli.progress import Progress
from digest.errors import ConfigurationError, UnknownError
from digest.json_output import pick
from digest.model import DigestId, EditionKey
from digest.service.editions.digests import edition_name
from digest.typeset.titles import headline

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from digest.model import Edition, Selected
    from digest.records.editions import EditionCounts
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


def edition_json(made: EditionCounts) -> dict[str, object]:
    """An edition in the JSON form of all commands."""
    return {
        **pick(made.edition, "key", "digest", "slot_at", "opens_at", "closes_at", "empty"),
        **pick(made.edition, "note", "held_at", "cancelled_at"),
        "deliveries": made.deliveries,
    }


def held_or_cancelled(edition: Edition) -> str:
    """Whether an operator stopped its mails, as the end of a sentence."""
    if edition.cancelled_at:
        return f", cancelled {edition.cancelled_at:%Y-%m-%d %H:%M} UTC"
    return f", held since {edition.held_at:%Y-%m-%d %H:%M} UTC" if edition.held_at else ""


def entry_json(one: Selected) -> dict[str, object]:
    """An entry of an edition in the JSON form of all commands."""
    entry = one.entry
    title = entry.content.title or None
    return {"id": entry.id, "title": title, "revision": entry.revision, **pick(one, "section", "gained")}


@app.command("list")
def list_(*, digest: DigestArgument = None, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """List the editions, newest first."""
    with store_to_read(config) as (settings, store), store.read() as tx:
        editions = tx.editions.editions(DigestId(digest_named(settings, digest).id) if digest else None)
        days = [edition_name(tx, settings, made.edition, "en") for made in editions]
    if as_json:
        for made in editions:
            print_json(edition_json(made))
        return
    print_table(
        ("key", "days", "made", "deliveries"),
        [
            (made.edition.key, covered, f"{made.edition.closes_at:%Y-%m-%d %H:%M}", _delivery_counts(made))
            for made, covered in zip(editions, days, strict=True)
        ],
    )


def _delivery_counts(made: EditionCounts) -> str:
    if made.edition.empty and not made.deliveries:
        return "nothing sent"
    counts = ", ".join(f"{count} {state}" for state, count in made.deliveries.items() if count) or "no subscribers"
    return counts + held_or_cancelled(made.edition)


@app.command()
def show(key: KeyArgument, *, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Show the entries of an edition and the state of each of its mails."""
    with store_to_read(config) as (_, store), store.read() as tx:
        made = tx.editions.edition(EditionKey(key))
        if made is None:
            raise UnknownError("edition", key, remedy="see `digest edition list`")
        selected = tx.editions.selected(made.edition.key)
        rows = tx.deliveries.rows(made.edition.key)
        acts = tx.control.acts([made.edition.digest], made.edition.key)
    if as_json:
        entries, recipients = [entry_json(one) for one in selected], [delivery_json(row) for row in rows]
        decided = [pick(act, "at", "who", "kind", "detail") for act in acts]
        print_json(edition_json(made) | {"entries": entries, "recipients": recipients, "acts": decided})
        return
    typer.echo(f"{key}: {_delivery_counts(made)}")
    for act in acts:
        typer.echo(f"{act.at:%Y-%m-%d %H:%M} UTC, by {act.who}: {act.detail}")
    print_table(("section", "title", "gained"), [(s.section, headline(s.entry.content), s.gained) for s in selected])
    print_table(
        ("address", "state", "attempts", "next", "answer"),
        [(r.address, r.state, r.attempts, r.next_at, f"{r.code or ''} {r.text}".strip()) for r in rows],
        numbers=("attempts",),
    )


@app.command()
def cut(digest: DigestArgument = None, *, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Make an edition now, even if none is due. If nothing is new, it makes none."""
    from digest.service.editions import making

    with store_of(config) as (settings, store):
        chosen = digest_named(settings, digest)
        with Progress(
            "making the edition", kept="Either no edition was made or a complete one: see `digest edition list`."
        ):
            made = making.cut(store, settings, chosen, clock())
    if made is None:
        typer.echo(f"{chosen.id}: nothing new since the last edition; none was made", err=as_json)
    elif as_json:
        print_json(edition_json(made))
    else:
        then = "; `digest edition send` sends it" if made.deliveries else ""
        typer.echo(f"{made.edition.key}: {_delivery_counts(made)}{then}")


@app.command()
def send(
    key: Annotated[str | None, typer.Argument(metavar="KEY", help="Only this edition.")] = None,
    *,
    now: Annotated[bool, typer.Option("--now", help="Also retry temporarily refused mails at once.")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Send the planned mails of one edition or of all; list mails that wait for a retry, and until when."""
    from digest.service.operating import waits

    with store_of(config) as (settings, store):
        if key is not None:
            with store.read() as tx:
                if tx.editions.edition(EditionKey(key)) is None:
                    raise UnknownError("edition", key, remedy="see `digest edition list`")
        report = _send_all(store, settings, key, hurry=now)
        waiting = waits.waiting_deliveries(store, EditionKey(key) if key else None, clock())
    if as_json:
        print_json(report.counts() | {"waiting": _waiting_json(waiting)})
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


def _waiting_json(waiting: list[DeliveryRow]) -> dict[str, object]:
    moments = [row.next_at for row in waiting if row.next_at]
    return {
        "mails": len(waiting),
        "first_at": moments[0] if moments else None,
        "last_at": moments[-1] if moments else None,
    }


def _print_waiting(waiting: list[DeliveryRow]) -> None:
    """List the mails that wait for a retry, the first due first; of many, only the first few."""
    if not waiting:
        return
    print_table(
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
            clock,
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
    old: sources.OldArgument, new: sources.NewArgument, *, as_json: JsonOption = False, config: ConfigOption = None
) -> None:
    """Rename a digest; its subscribers, editions and links in old mails stay. Stop the service first."""
    from digest.service.editions.renaming import lines_to_change, rename_digest

    with sources.store_while_stopped(config, new) as (settings, store):
        done = rename_digest(store, settings, DigestId(old), DigestId(new), clock())
    facts: dict[str, object] = {"digest": new, "was": old, "followers": done.followers, "editions": done.editions}
    said = f"{old} is now {new}, with {done.followers} subscribers and {done.editions} editions."
    sources.print_changed_lines(config, old, new, lines_to_change, facts, said, as_json=as_json)


@digests_app.command()
def end(
    digest: Annotated[str, typer.Argument(metavar="NAME", help="A digest that is no longer configured.")],
    *,
    yes: YesOption = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Unsubscribe everybody from a digest that is no longer configured; recorded as your act."""
    from digest.service.editions.renaming import end_digest, orphans

    with store_of(config) as (settings, store):
        count = orphans(store, settings).get(DigestId(digest), 0)
        if count and not yes:
            typer.confirm(f"Unsubscribe {count} people from {digest}?", abort=True, err=as_json)
        left = end_digest(store, settings, DigestId(digest), clock())
    if as_json:
        print_json({"digest": digest, "unsubscribed": left})
    else:
        typer.echo(f"{digest}: {left} unsubscribed")
