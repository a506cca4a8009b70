"""`digest source add|rename|forget|remember`. Renaming a digest shares part of the code."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.common import ConfigOption, JsonOption, YesOption, clock, print_json, settings_of, store_of
from digest.cli.entry_edits import DryRunOption, print_outcome
from digest.cli.plain import day_printed
from digest.cli.terminal import short, terminal_width
from digest.model import SourceId

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from digest.model import Sighting
    from digest.settings import Settings, Source
    from digest.store.transaction import Store

app = typer.Typer(
    name="source",
    help="Inspect held dumps and decide on them, rename a source, forget dumps.",
    no_args_is_help=True,
)
_SHOWN = 5  # entries and problems
_MOST_DUMPS = 1_000
_PLACE = "digest source add"


OldArgument = Annotated[str, typer.Argument(metavar="OLD", help="The present name.")]
NewArgument = Annotated[str, typer.Argument(metavar="NEW", help="The new name.")]


# --- add ------------------------------------------------------------------------------------------


@app.command()
def add(
    name: Annotated[str, typer.Argument(metavar="NEW", help="Its id: a short name, used in URLs.")],
    *,
    title: Annotated[str, typer.Option(help="The name that visitors and subscribers see.")],
    path: Annotated[Path, typer.Option(help="A file, a folder or a glob of dumps.")],
    layout: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A layout by which to read it; give the option again for each further one."),
    ] = None,
    language: Annotated[str, typer.Option(help="The language of its entries, as a language tag.")] = "",
    timezone: Annotated[str, typer.Option(help="The time zone of its dates.")] = "",
    link: Annotated[str, typer.Option(help="The address of the original article, with {title} for the title.")] = "",
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show what the first import of a new source gives, and add the source to the configuration.

    The entries of the first import are not announced.
    """
    from digest.dumps.configured import load_settings
    from digest.errors import ConfigurationError

    settings = settings_of(config)
    table: dict[str, object] = {"id": name, "title": title, "path": str(path.absolute()), "backlog": 0}
    given = {"layouts": layout, "language": language, "timezone": timezone, "link": link}
    table |= {key: value for key, value in given.items() if value}
    source = load_settings(config, more=[table]).source(name)
    if source is None:
        remedy = "add the source to that variable yourself"
        raise ConfigurationError("the variable DIGEST_SOURCES sets the sources", place=_PLACE, remedy=remedy)
    look = _look(source, path)
    if not as_json:
        _print_look(name, look)
    if not look.entries:
        remedy = f"run `digest layout suggest {path} -o layouts/NAME.toml`, then `digest layout try NAME {path}`"
        raise ConfigurationError(f"no entry was found in {path}", place=_PLACE, remedy=remedy)
    for other in _sources_of_same_files(settings, source):
        typer.echo(
            f"digest: source {other} reads the same files: its entries would appear twice. If it cannot read them, "
            f"delete it from the configuration, or write `layouts` below its path instead of adding {name}.",
            err=True,
        )
    if not dry_run and not yes and not as_json:
        typer.confirm(f"Add the source {name}?", abort=True)
    written = None if dry_run or (as_json and not yes) else write_sources(settings, [table])
    if as_json:
        print_json(look.as_json() | {"source": name, "written": str(written) if written else None})
    elif written:
        typer.echo(f"Added {name} to {written}. The entries of its first import are not announced.")
    else:
        typer.echo("Nothing was written.")


def _sources_of_same_files(settings: Settings, source: Source) -> list[str]:
    """The ids of the sources that read the files of another source, as far as their paths show it."""
    if source.path is None:
        return []
    ours = source.path.resolve()
    theirs = ((other.id, other.path.resolve()) for other in settings.sources if other.path)
    return [name for name, path in theirs if path == ours or path in ours.parents or ours in path.parents]


@dataclass(slots=True)
class _Look:
    """What the first import of a source gives. `more`: only some dumps were read."""

    dumps: int = 0
    entries: int = 0
    first: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    more: bool = False

    def as_json(self) -> dict[str, object]:
        return {"dumps": self.dumps, "entries": self.entries, "first": self.first, "problems": self.problems}


def _look(source: Source, path: Path) -> _Look:
    from digest.dumps.configured import layouts_of, terms_of
    from digest.dumps.pages import is_page, pages, passed
    from digest.dumps.snapshot import page_sightings
    from digest.errors import DumpError

    look, layouts = _Look(), layouts_of(source)
    seen: set[tuple[str, object]] = set()
    for page in pages(source.path or path, terms_of(source), layouts):
        if not is_page(page):
            look.problems.append(str(page))
            continue
        if look.dumps == _MOST_DUMPS:
            look.more = True
            break
        look.dumps += 1
        try:
            with page.open() as stream:
                for sighting in page_sightings(stream, page, largest=source.largest, layouts=layouts):
                    key = (sighting.title or " ".join(sighting.paragraphs[:1]), sighting.date)
                    if key not in seen and len(look.first) < _SHOWN:
                        look.first.append(_described(sighting))
                    seen.add(key)
        except DumpError as error:
            if not passed(page, error):
                look.problems.append(str(error))
        except OSError as error:
            look.problems.append(f"{page.name}: cannot be read: {error.strerror}")
    look.entries = len(seen)
    return look


def _described(sighting: Sighting) -> str:
    return f"{day_printed(sighting.extras.printed or sighting.date)}  {sighting.title or '(no title)'}"


def _print_look(name: str, look: _Look) -> None:
    dumps = f"{look.dumps:,} {'dump' if look.dumps == 1 else 'dumps'}"
    which = f"the first {dumps}" if look.more else dumps
    typer.echo(f"The first import of {name} gives {look.entries} entries from {which}:")
    for line in look.first:
        typer.echo(f"  {short(line, terminal_width() - 2)}")
    if look.entries > len(look.first):
        typer.echo(f"  … and {look.entries - len(look.first)} more")
    for problem in look.problems[:_SHOWN]:
        typer.echo(f"Not read: {problem}", err=True)
    if len(look.problems) > _SHOWN:
        typer.echo(f"… and {len(look.problems) - _SHOWN} more dumps are not read.", err=True)


def write_sources(settings: Settings, tables: Sequence[Mapping[str, object]]) -> Path:
    """Write sources to the configuration, or to the file beside the store if that is read-only; returns the file."""
    from digest.dumps.suggesting.samples import toml_value
    from digest.errors import ConfigurationError
    from digest.settings.layers import added_file, append

    text = "\n".join(
        "[[sources]]\n" + "".join(f"{key} = {toml_value(value)}\n" for key, value in table.items()) for table in tables
    )
    file = settings.file
    assert file is not None  # noqa: S101 - settings that were loaded
    if _is_writable(file):
        try:
            append(file, text)
        except ValueError as error:
            remedy = f"write this table into it yourself:\n{text}"
            raise ConfigurationError(f"no table can follow its end: {error}", place=str(file), remedy=remedy) from error
        except OSError:
            pass  # its folder is read-only, or the file is mounted by itself
        else:
            return file
    other = added_file({"data_dir": settings.data_dir}, file.parent)
    try:
        other.parent.mkdir(parents=True, exist_ok=True)
        append(other, text)
    except OSError as error:
        problem = f"neither it nor {file} can be written: {error.strerror}"
        raise ConfigurationError(problem, place=str(other), remedy="check the permissions") from error
    return other


def _is_writable(file: Path) -> bool:
    return os.access(file, os.W_OK)


# --- rename ---------------------------------------------------------------------------------------


@app.command()
def rename(old: OldArgument, new: NewArgument, *, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Rename a source and keep all its data; old addresses redirect to the new ones. Stop the service first."""
    from digest.service.sources import renaming

    with store_while_stopped(config, new) as (settings, store):
        done = renaming.rename(store, settings, SourceId(old), SourceId(new), clock())
    facts: dict[str, object] = {"source": new, "was": old, "entries": done.entries, "dumps": done.dumps}
    said = f"{old} is now {new}, with {done.entries} entries and {done.dumps} dumps. Its old addresses redirect there."
    print_changed_lines(config, old, new, renaming.lines_to_change, facts, said, as_json=as_json)


@contextlib.contextmanager
def store_while_stopped(config: Path | None, new: str) -> Iterator[tuple[Settings, Store]]:
    """The settings with either of both names, and the store while no service uses it."""
    from digest.app import exclusive_lock, opened_untouched
    from digest.service.operating.clocks import require_right_clock
    from digest.settings import is_name

    if not is_name(new):
        raise typer.BadParameter(
            f"{new!r} is not a valid name: use lower-case letters, digits, - and _", param_hint="NEW"
        )
    settings = settings_of(config)
    with exclusive_lock(settings.database_folder), opened_untouched(settings, any_names=True) as store:
        require_right_clock(store, settings.mail, clock())
        yield settings, store


def print_changed_lines(
    config: Path | None,
    old: str,
    new: str,
    lines_to_change: Callable[[str, str], Iterable[tuple[int, str]]],
    facts: dict[str, object],
    said: str,
    *,
    as_json: bool,
) -> None:
    """Print what was renamed, and the lines of the configuration to change; for people or as JSON."""
    from digest.settings import config_file

    file = config_file(config)
    lines = list(lines_to_change(file.read_text("utf-8"), old)) if file else []
    if as_json:
        print_json(facts | {"change": [{"line": number, "text": line} for number, line in lines]})
        return
    typer.echo(said)
    if lines:
        typer.echo(f"Replace {old} by {new} in {file}; until then no command opens the store:")
    for number, line in lines:
        typer.echo(f"  line {number}: {line}")


# --- forget and remember --------------------------------------------------------------------------


@app.command()
def forget(
    source: Annotated[str, typer.Argument(metavar="ID", help="The source.")],
    dumps: Annotated[
        list[str] | None,
        typer.Argument(metavar="DUMP", help="Only these dumps, named as in `digest source show`."),
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

    from digest.service.publishing.by_hand.acts import perform
    from digest.service.sources import forgetting

    with store_of(config) as (settings, store):
        work = partial(forgetting.forget, settings=settings, source=source, paths=dumps or (), now=clock(), tell=told)
        if not yes and not dry_run and not as_json:
            print_outcome(perform(store, settings, work, dry_run=True), as_json=False)
            typer.confirm("Forget it?", abort=True, err=True)
        print_outcome(perform(store, settings, work, dry_run=dry_run), as_json=as_json)
        if not as_json and not dry_run:
            typer.echo(f"`digest source remember {source}` undoes this")


@app.command()
def remember(
    source: Annotated[str, typer.Argument(metavar="ID", help="The source.")],
    *,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Undo the last `digest source forget` of a source: the withdrawn entries are published again."""
    from digest.service.publishing.by_hand import undoing
    from digest.service.publishing.by_hand.acts import perform

    with store_of(config) as (settings, store):
        now = clock()
        done = perform(store, settings, lambda tx: undoing.undo_source(tx, settings, source, now), dry_run=dry_run)
        print_outcome(done, as_json=as_json)
