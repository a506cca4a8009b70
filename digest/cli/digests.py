"""`digest digests rename|end`: another name for a digest, with everybody who follows it; the end of one."""

from __future__ import annotations

from typing import Annotated

import typer

from digest.cli.common import ConfigOption, JsonOption, YesOption, print_json, settings_of, store_of
from digest.model import DigestId

app = typer.Typer(name="digests", help="Rename a digest, or end one that is configured no more.", no_args_is_help=True)


@app.command()
def rename(
    old: Annotated[str, typer.Argument(metavar="OLD", help="Its name up to now.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="Its name from now on.")],
    *,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Give a digest another name and keep its readers, editions and links in old mails. Stop the service first."""
    from digest.app import clock, only_one, opened_untouched
    from digest.service import digest_names
    from digest.settings import config_file, is_name

    if not is_name(new):
        raise typer.BadParameter(f"{new!r} is no name: small letters, digits, - and _", param_hint="NEW")
    settings = settings_of(config)
    with only_one(settings.database_folder), opened_untouched(settings, any_names=True) as store:
        done = digest_names.rename(store, settings, DigestId(old), DigestId(new), clock())
    file = config_file(config)
    lines = list(digest_names.lines_to_change(file.read_text("utf-8"), old)) if file else []
    if as_json:
        change = [{"line": number, "text": line} for number, line in lines]
        print_json(
            {"digest": new, "was": old, "followers": done.followers, "editions": done.editions, "change": change}
        )
        return
    typer.echo(f"{old} is {new} now, with {done.followers} followers and {done.editions} editions.")
    if lines:
        typer.echo(f"Write {new} for {old} in {file}; until then no command opens the store:")
    for number, line in lines:
        typer.echo(f"  line {number}: {line}")


@app.command()
def end(
    digest: Annotated[str, typer.Argument(metavar="NAME", help="A digest that is configured no more.")],
    *,
    yes: YesOption = False,
    config: ConfigOption = None,
) -> None:
    """Let everybody leave a digest that is configured no more; recorded as your act."""
    from digest.app import clock
    from digest.service import digest_names

    with store_of(config) as (settings, store):
        count = digest_names.orphans(store, settings).get(DigestId(digest), 0)
        if count and not yes:
            typer.confirm(f"Let {count} people leave {digest}?", abort=True)
        left = digest_names.end(store, settings, DigestId(digest), clock())
    typer.echo(f"{digest}: {left} left")
