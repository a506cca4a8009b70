"""`digest digests rename|end`: rename a digest together with its subscribers, or end one."""

from __future__ import annotations

from typing import Annotated

import typer

from digest.cli import sources
from digest.cli.common import ConfigOption, JsonOption, YesOption, print_json, store_of
from digest.model import DigestId

app = typer.Typer(
    name="digests", help="Rename a digest, or end one that is no longer configured.", no_args_is_help=True
)


@app.command()
def rename(
    old: sources.OldArgument, new: sources.NewArgument, *, as_json: JsonOption = False, config: ConfigOption = None
) -> None:
    """Rename a digest; its subscribers, editions and links in old mails stay. Stop the service first."""
    from digest.app import clock
    from digest.service.editions.renaming import lines_to_change, rename_digest

    with sources.stopped(config, new) as (settings, store):
        done = rename_digest(store, settings, DigestId(old), DigestId(new), clock())
    facts: dict[str, object] = {"digest": new, "was": old, "followers": done.followers, "editions": done.editions}
    said = f"{old} is now {new}, with {done.followers} subscribers and {done.editions} editions."
    sources.tell_lines(config, old, new, lines_to_change, facts, said, as_json=as_json)


@app.command()
def end(
    digest: Annotated[str, typer.Argument(metavar="NAME", help="A digest that is no longer configured.")],
    *,
    yes: YesOption = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Unsubscribe everybody from a digest that is no longer configured; recorded as your act."""
    from digest.app import clock
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
