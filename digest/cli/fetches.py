"""`digest source fetches`: how fetching goes, and the bodies that are kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli import common
from digest.cli.refreshing import chosen_sources
from digest.cli.terminal import relative_time
from digest.errors import UnknownError
from digest.model import SourceId

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from digest.records.intake import FetchState, KeptFetch
    from digest.settings import Source
    from digest.store.transaction import Transaction

_HASH = 12  # characters of a SHA-256 that are shown


def register(app: typer.Typer) -> None:
    app.command("fetches")(fetches)


def fetches(
    source: Annotated[str | None, typer.Argument(metavar="ID", help="Only this source, with all that is kept.")] = None,
    *,
    save: Annotated[
        Path | None, typer.Option("--save", metavar="FILE", help="Write the newest body to a file, as it came.")
    ] = None,
    fetch: Annotated[
        str, typer.Option("--fetch", metavar="HASH", help="The body to write: the beginning of its hash.")
    ] = "",
    as_json: common.JsonOption = False,
    config: common.ConfigOption = None,
) -> None:
    """Show how fetching goes for sources by address and by command, and write what was fetched to a file."""
    from digest.operations import sources as operation
    from digest.protected_files import require_free

    if save and source is None:
        raise typer.BadParameter("name the source too", param_hint="--save")
    with common.store_to_read(config) as (settings, store):
        chosen = [one for one in chosen_sources(settings, source) if one.is_fetched or source]
        if save and source:
            require_free(settings, save, config)
            with store.read() as tx:
                common.write_file(save, _body(tx, chosen[0], fetch))
            typer.echo(f"Wrote {save}.")
            return
        context = common.context_of(settings, store)
        rows = operation.fetch_rows(context, chosen)
        kept = operation.kept_of(context, source) if source else []
    if as_json:
        for row in rows:
            common.print_json(operation.fetch_view(*row, kept if source else None).model_dump())
        return
    _print_states(rows)
    if source:
        _print_kept(rows, kept)


def _body(tx: Transaction, source: Source, fetch: str) -> bytes:
    """A kept body; the newest one, or the one whose hash begins like this.

    Raises:
        UnknownError: there is none.
    """
    name = SourceId(source.id)
    found = [one for one in tx.fetches.kept(name) if one.sha256.startswith(fetch.lower())]
    body = tx.fetches.body(name, found[0].url, found[0].sha256) if found else None
    if body is None:
        remedy = f"`digest source fetches {source.id}` lists what is kept"
        raise UnknownError("fetch", fetch or source.id, remedy=remedy)
    return body


def _of(kept: list[KeptFetch], state: FetchState | None) -> Iterator[KeptFetch]:
    return (one for one in kept if state and one.url == state.url)


def _print_states(rows: list[tuple[Source, str, FetchState | None]]) -> None:
    now = common.clock()
    columns = ("source", "page", "tried", "not before", "last good", "bytes", "problem")
    common.print_table(columns, [_row(source, name, state, now) for source, name, state in rows], numbers=("bytes",))


def _row(source: Source, name: str, state: FetchState | None, now: datetime) -> list[object]:
    if state is None:
        return [source.id, name, "never", "", "never", "", ""]
    problem = f"{_times(state.failures)}: {state.problem}" if state.failures else ""
    if state.moved_to and not problem:
        problem = f"moved permanently to {state.moved_to}"
    return [
        source.id,
        name,
        relative_time(state.tried_at, now),
        relative_time(state.next_try_at, now) if state.failures and state.next_try_at > now else "",
        relative_time(state.confirmed_at, now) if state.confirmed_at else "never",
        f"{state.size:,}" if state.sha256 else "",
        problem,
    ]


def _times(failures: int) -> str:
    return "once" if failures == 1 else f"{failures} times in a row"


def _print_kept(rows: list[tuple[Source, str, FetchState | None]], kept: list[KeptFetch]) -> None:
    now = common.clock()
    columns = ("kept", "page", "bytes", "first", "last")
    lines = [
        [one.sha256[:_HASH], name, f"{one.size:,}", relative_time(one.first_at, now), relative_time(one.last_at, now)]
        for _, name, state in rows
        for one in _of(kept, state)
    ]
    if lines:
        common.print_table(columns, lines, numbers=("bytes",))
