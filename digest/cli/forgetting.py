"""`digest source forget|remember`: forget what dumps of a source said, or undo that."""

from __future__ import annotations

from typing import Annotated

import typer

from digest.cli.by_hand import DryRunOption, tell
from digest.cli.common import ConfigOption, JsonOption, YesOption, store_of


def register(app: typer.Typer) -> None:
    app.command("forget")(forget)
    app.command("remember")(remember)


def forget(
    source: Annotated[str, typer.Argument(metavar="ID", help="The source.")],
    dumps: Annotated[
        list[str] | None,
        typer.Argument(metavar="[DUMP…]", help="Only these dumps, named as in `digest source show`."),
    ] = None,
    *,
    told: Annotated[
        bool,
        typer.Option("--tell", help="Retract withdrawn entries in feeds, and announce changed ones as corrections."),
    ] = False,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Forget what dumps of a source said, and withdraw entries that no other dump shows.

    Move their files away first. Without a DUMP, it forgets all dumps of the source.
    """
    from functools import partial

    from digest.app import clock
    from digest.service.publishing.by_hand.acts import perform
    from digest.service.sources import forgetting

    with store_of(config) as (settings, store):
        work = partial(forgetting.forget, settings=settings, source=source, paths=dumps or (), now=clock(), tell=told)
        if not yes and not dry_run and not as_json:
            tell(perform(store, settings, work, dry_run=True), as_json=False)
            typer.confirm("Forget it?", abort=True, err=True)
        tell(perform(store, settings, work, dry_run=dry_run), as_json=as_json)
        if not as_json and not dry_run:
            typer.echo(f"`digest source remember {source}` undoes this")


def remember(
    source: Annotated[str, typer.Argument(metavar="ID", help="The source.")],
    *,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Undo the last `digest source forget` of a source: the withdrawn entries are published again."""
    from digest.app import clock
    from digest.service.publishing.by_hand import undoing
    from digest.service.publishing.by_hand.acts import perform

    with store_of(config) as (settings, store):
        now = clock()
        done = perform(store, settings, lambda tx: undoing.undo_source(tx, settings, source, now), dry_run=dry_run)
        tell(done, as_json=as_json)
