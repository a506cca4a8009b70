"""Sites by their address: how to read one, for `digest layout suggest URL` and `digest source add --url`."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from digest.cli.common import clock, print_json
from digest.cli.plain import day_printed, printed
from digest.cli.terminal import short, terminal_width, wrapped_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from zoneinfo import ZoneInfo

    from digest.dumps.html.choosing import Choice
    from digest.dumps.suggesting.seen import Page
    from digest.fetching.values import Fetched
    from digest.settings import Settings

_ADDRESS = re.compile(r"https?://", re.IGNORECASE)
NO_TITLE = "(no title)"
_SHOWN = 8  # entries
_NAME = re.compile(r"[^a-z0-9]+")


def is_address(text: str) -> bool:
    """Whether an argument is an address of the web, not a path."""
    return _ADDRESS.match(text) is not None


def fetcher_of(settings: Settings | None, *, allow_private: bool) -> Callable[[str], Fetched]:
    """A function that fetches an address as the service does.

    Raises:
        FetchError: by the function; nothing whole is there, or it may not be fetched.
    """
    from digest.fetching.fetcher import Fetcher
    from digest.fetching.values import Fetched
    from digest.service.fetching.fetching import user_agent
    from digest.settings import Settings as Defaults

    named = user_agent(settings or Defaults.model_construct())
    fetcher = Fetcher(named, clock=clock)

    def fetch(url: str) -> Fetched:
        found = fetcher.fetch(url, allow_private=allow_private)
        assert isinstance(found, Fetched)  # noqa: S101 - nothing is known before, so nothing can be unmodified
        return found

    return fetch


def chosen(url: str, fetch: Callable[[str], Fetched], name: str, zone: ZoneInfo | None = None) -> Choice:
    """How to read the site at an address; `name` is the id of a layout that has to be declared, `zone` that of days.

    Raises:
        FetchError: the page cannot be fetched.
    """
    from digest.dumps.html.choosing import choice

    found = fetch(url)
    return choice(
        found.body, found.url, lambda address: fetch(address).body, media_type=found.media_type, name=name, zone=zone
    )


def name_of(url: str) -> str:
    """A name for a layout, from the host of an address."""
    host = url.split("://", 1)[-1].split("/", 1)[0].rsplit("@", 1)[-1].split(":", 1)[0].lower().removeprefix("www.")
    return _NAME.sub("-", host).strip("-") or "mine"


def suggest_address(url: str, output: Path | None, *, allow_private: bool, as_json: bool) -> int:
    """Print how the site at an address can be read; the exit code.

    Raises:
        FetchError: the page cannot be fetched.
    """
    found = chosen(url, fetcher_of(None, allow_private=allow_private), name_of(url))
    private = " --allow-private" if allow_private else ""
    _print_suggested(found, output, f"--url {found.url}{private}", as_json=as_json)
    return int(not found.layouts)


def suggest_page(page: Page, output: Path | None, *, as_json: bool) -> int:
    """Print how a saved page of HTML can be read; the exit code. Its feed is not asked for."""
    from digest.dumps.html.choosing import choice

    found = choice(page.text.encode(), "", None, name=name_of(page.name.rsplit(".", 1)[0]))
    _print_suggested(found, output, "--path FOLDER", as_json=as_json)
    return int(not found.layouts)


def _print_suggested(found: Choice, output: Path | None, origin: str, *, as_json: bool) -> None:
    """Print how a page can be read and why; write a layout that has to be declared to `output`."""
    if output is not None and found.table is not None:
        write_layout(output, found)
    if as_json:
        print_json(choice_json(found))
    else:
        print_choice(found)
    if output is not None and found.layouts:
        wrote = (
            f"Wrote {output}." if found.table is not None else "There is nothing to declare, so no file was written."
        )
        typer.echo(wrote, err=as_json)
    if not as_json and found.layouts:
        if found.table is None or output is not None:
            typer.echo(f"Next: digest source add ID --title TITLE {origin} --layout {found.layouts[0]}")
        elif found.url:  # `source add` chooses the layout again, and writes it
            typer.echo(f"Next: digest source add ID --title TITLE {origin}")
        else:
            typer.echo("Next: write the layout with -o layouts/NAME.toml, in the folder of your configuration")


@dataclass(frozen=True, slots=True)
class Site:
    """A site that becomes a source: its keys in the configuration, and what was fetched. `choice` made the layouts."""

    table: dict[str, object]
    pages: tuple[Fetched, ...] = ()
    choice: Choice | None = None

    @property
    def declares(self) -> bool:
        """Whether its layout has to be written."""
        return self.choice is not None and self.choice.table is not None


def site_of(
    settings: Settings,
    urls: Sequence[str],
    name: str,
    layouts: Sequence[str],
    *,
    zone: ZoneInfo,
    allow_private: bool,
) -> Site:
    """The site at some addresses, read by the layouts that are named, or as is best.

    Raises:
        FetchError: a page cannot be fetched.
        ConfigurationError: the pages have to be read in several ways, or nothing on them is recognised.
    """
    from digest.errors import ConfigurationError

    fetch = fetcher_of(settings, allow_private=allow_private)
    private: dict[str, object] = {"allow_private": True} if allow_private else {}
    if layouts:
        return Site({"url": _one_or_more(urls)} | private, tuple(map(fetch, urls)))
    several = [chosen(url, fetch, name, zone) for url in urls]
    found = same_way(several)
    if not found.layouts:
        raise ConfigurationError(
            f"no entry was recognised: {' '.join(found.reasons)}",
            place="digest source add",
            remedy="name the layout that reads it with --layout",
        )
    table: dict[str, object] = {"url": _one_or_more([one.url for one in several]), "layouts": list(found.layouts)}
    entries = tuple(entry for one in several for entry in one.entries)
    return Site(table | private, choice=replace(found, entries=entries))


def _one_or_more(urls: Sequence[str]) -> object:
    return urls[0] if len(urls) == 1 else list(urls)


def print_choice(found: Choice) -> None:
    """Print the reasons, the layout if there is one to declare, and the entries."""
    from digest.dumps.suggesting.samples import toml_of

    for reason in found.reasons:
        _say(reason)
    if found.table is not None:
        typer.echo(f"\n{toml_of([found.table])}")
    count = len(found.entries)
    if count:
        place = f" at {found.url}" if found.url else ""
        typer.echo(f"{count} {'entry' if count == 1 else 'entries'}{place}:")
    for one in found.entries[:_SHOWN]:
        date = day_printed(one.extras.printed or one.date or one.extras.updated)
        typer.echo(f"  {short(f'{date}  {one.title or NO_TITLE}', terminal_width() - 2)}")
    if count > _SHOWN:
        typer.echo(f"  … and {count - _SHOWN} more")


def choice_json(found: Choice) -> dict[str, object]:
    """The JSON object of a choice."""
    return {
        "way": found.way,
        "url": found.url,
        "layouts": list(found.layouts),
        "layout": found.table,
        "reasons": list(found.reasons),
        "entries": [printed(one, declared=True) for one in found.entries],
    }


def write_layout(file: Path, found: Choice) -> None:
    """Write the layout of a choice to a new file, with the reasons above it.

    Raises:
        ConfigurationError: the file is there already, or cannot be written.
    """
    from digest.dumps.suggesting.samples import toml_of
    from digest.errors import ConfigurationError

    assert found.table is not None  # noqa: S101 - callers ask before
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as opened:
            opened.write(toml_of([found.table], [[f"For {found.url or 'a saved page'}.", *found.reasons]]))
    except FileExistsError as error:
        raise ConfigurationError("is there already", place=str(file), remedy="name another file") from error
    except OSError as error:
        problem = f"cannot be written: {error.strerror}"
        raise ConfigurationError(problem, place=str(file), remedy="name another file") from error


def same_way(found: Sequence[Choice]) -> Choice:
    """The choice for several pages of one site.

    Raises:
        ConfigurationError: they have to be read in several ways.
    """
    from digest.errors import ConfigurationError

    ways = {(one.way, one.layouts) for one in found}
    if len(ways) > 1:
        said = ", ".join(f"{one.url} as {one.way}" for one in found)
        raise ConfigurationError(
            f"the pages have to be read in several ways: {said}",
            place="digest source add",
            remedy="add a source for each, or name the layouts with --layout",
        )
    return found[0]


def _say(text: str) -> None:
    for line in wrapped_lines(text, terminal_width(), "  "):
        typer.echo(line)
