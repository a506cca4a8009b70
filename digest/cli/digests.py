"""`digest digests rename|end`: another name for a digest, with everybody who follows it; the end of one."""

from __future__ import annotations

from typing import Annotated

import typer

from digest.cli import renaming
from digest.cli.common import ConfigOption, JsonOption, YesOption, store_of
from digest.model import DigestId

app = typer.Typer(name="digests", help="Rename a digest, or end one that is configured no more.", no_args_is_help=True)


@app.command()
def rename(
    old: renaming.OldArgument, new: renaming.NewArgument, *, as_json: JsonOption = False, config: ConfigOption = None
) -> None:
    """Give a digest another name and keep its readers, editions and links in old mails. Stop the service first."""
    from digest.app import clock
    from digest.service.editions import digest_names

    with renaming.stopped(config, new) as (settings, store):
        done = digest_names.rename(store, settings, DigestId(old), DigestId(new), clock())
    facts: dict[str, object] = {"digest": new, "was": old, "followers": done.followers, "editions": done.editions}
    said = f"{old} is {new} now, with {done.followers} followers and {done.editions} editions."
    renaming.tell(config, old, new, digest_names.lines_to_change, facts, said, as_json=as_json)


@app.command()
def end(
    digest: Annotated[str, typer.Argument(metavar="NAME", help="A digest that is configured no more.")],
    *,
    yes: YesOption = False,
    config: ConfigOption = None,
) -> None:
    """Let everybody leave a digest that is configured no more; recorded as your act."""
    from digest.app import clock
    from digest.service.editions import digest_names

    with store_of(config) as (settings, store):
        count = digest_names.orphans(store, settings).get(DigestId(digest), 0)
        if count and not yes:
            typer.confirm(f"Let {count} people leave {digest}?", abort=True)
        left = digest_names.end(store, settings, DigestId(digest), clock())
    typer.echo(f"{digest}: {left} left")
