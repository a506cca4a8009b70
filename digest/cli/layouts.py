"""`digest layout`: suggests layouts for unknown dumps, tries them and shows them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.common import ConfigOption, JsonOption, print_json, settings_of
from digest.cli.sites import is_address, suggest_address, suggest_page
from digest.cli.terminal import fitted, short, terminal_width, wrapped_lines
from digest.dumps.printing import day_printed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from digest.dumps.declared import Found, Layout, Read
    from digest.dumps.suggesting.doubts import Doubt, DoubtedLine
    from digest.dumps.suggesting.seen import Page
    from digest.dumps.suggesting.suggest import Suggestion
    from digest.dumps.suggesting.trying import Tried

app = typer.Typer(
    name="layout", help="Suggest, try and show the layouts by which dumps are read.", no_args_is_help=True
)
PathsArgument = Annotated[list[Path], typer.Argument(metavar="FOLDER|FILE", help="Dumps, folders of dumps, or globs.")]
LayoutsOption = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Use the layouts of this TOML file or folder, not those of the configuration."),
]
_MOST_LINES = 8  # lines of a dump that are printed under one heading
_TITLE, _EVIDENCE, _COUNTS = 26 / 80, 14 / 80, 10 / 80  # maximum widths of columns, as shares of the terminal


@app.command()
def suggest(
    paths: Annotated[
        list[str], typer.Argument(metavar="FOLDER|FILE|URL", help="Dumps, folders of dumps, globs, or one address.")
    ],
    *,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write the layouts to this new file.")
    ] = None,
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="Fetch also from this machine and its network.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Draw layouts for unknown dumps and show what they would read. Writes nothing but the file of -o.

    For the address of a site, say whether its feed, what the page says for programs, selectors or its text read it, and
    why. It needs no configuration. Exit code 1 means that no dump is a listing.
    """
    from digest.dumps.html.reading import is_html
    from digest.dumps.suggesting.samples import sample
    from digest.dumps.suggesting.suggest import suggestion

    if any(map(is_address, paths)):
        if len(paths) > 1:
            raise typer.BadParameter("give one address alone", param_hint="URL")
        raise typer.Exit(suggest_address(paths[0], output, allow_private=allow_private, as_json=as_json))
    sampled, count = sample([Path(path) for path in paths])
    if html := next((page for page in sampled if is_html(page.text)), None):
        raise typer.Exit(suggest_page(html, output, as_json=as_json))
    found = suggestion(sampled)
    pages = {page.name: page for page in sampled}
    if output is not None and found.shapes:
        _write(output, found)
    if as_json:
        from digest.operations import layouts as operation

        print_json(operation.suggestion_view(found, pages).model_dump())
    else:
        _print_suggestion(found, pages, count)
    if output is not None and found.shapes:
        typer.echo(f"Wrote {output}. Next, look at what each of its layouts reads:", err=as_json)
        for shape in found.shapes:
            typer.echo(f"  digest layout try {shape.id} {' '.join(map(str, paths))} --layouts {output}", err=as_json)
    raise typer.Exit(int(not found.shapes and not found.known))


@app.command("try")
def try_(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The id of the layout.")],
    paths: PathsArgument,
    *,
    layouts: LayoutsOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show every entry that a layout reads, and what it does not read. Exit code 1 means that there are gaps."""
    from digest.dumps.suggesting.samples import sample
    from digest.dumps.suggesting.trying import tried

    layout = _known(layouts, config, name)[name]
    sampled, count = sample(paths)
    results = tried(layout, sampled)
    if as_json:
        from digest.operations import layouts as operation
    for one in results:
        if as_json:
            print_json(operation.tried_view(one).model_dump(exclude={"fields", "lines"}))
        else:
            _print_tried(one)
    if not as_json:
        _print_agreement(results, count)
    raise typer.Exit(int(not results or any(one.gaps for one in results)))


@app.command("list")
def list_(*, layouts: LayoutsOption = None, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """List the layouts of the configuration and the built-in ones, with the sources that use them."""
    from digest.dumps.declared.known import known_layouts
    from digest.operations.layouts import WITHOUT_NAMES, LayoutView

    sources = () if layouts else settings_of(config).sources
    for name in _known(layouts, config):
        used = [source.id for source in sources if name in (source.layouts or WITHOUT_NAMES)]
        one = LayoutView(layout=name, built_in=name in known_layouts(), sources=used)
        if as_json:
            print_json(one.model_dump())
        else:
            typer.echo(f"{name}{' (built in)' if one.built_in else ''}: {', '.join(used) or 'no source'}")


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The id of the layout.")],
    *,
    layouts: LayoutsOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Print a layout as TOML."""
    from digest.dumps.suggesting.samples import toml_of
    from digest.operations.layouts import table_of

    table = table_of(_known(layouts, config, name)[name])
    if as_json:
        print_json(table)
    else:
        typer.echo(toml_of([table]), nl=False)


def _known(file: Path | None, config: Path | None, wanted: str | None = None) -> dict[str, Layout]:
    """The layouts of a file, or those of the configuration and the built-in ones.

    Raises:
        typer.BadParameter: the `wanted` one is not among them.
    """
    from digest.dumps.declared import compiled
    from digest.dumps.declared.known import known_layouts
    from digest.dumps.declared.layout import read_layouts
    from digest.settings.guesses import closest, did_you_mean

    if file is not None:
        found = {layout.id: layout for layout in read_layouts(file)}
    else:
        declared = compiled(settings_of(config).layouts, "the configuration")
        found = {**{layout.id: layout for layout in declared}, **known_layouts()}
    if wanted is not None and wanted not in found:
        guess = did_you_mean(closest(wanted, found)) or f"the layouts are: {', '.join(found)}; --layouts names others"
        raise typer.BadParameter(f"there is no layout {wanted!r} ({guess})", param_hint="NAME")
    return found


# --- suggest --------------------------------------------------------------------------------------


def _write(output: Path, found: Suggestion) -> None:
    from digest.dumps.suggesting.samples import toml_of
    from digest.errors import ConfigurationError

    comments = [
        [
            f"Suggested from {_dumps(len(shape.dumps))}, such as {shape.dumps[0].name}.",
            *(f"Not sure: {_in_one_line(doubt)}" for doubt in found.unsure if doubt.layout == shape.id),
        ]
        for shape in found.shapes
    ]
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with output.open("x", encoding="utf-8") as file:
            file.write(toml_of([shape.table for shape in found.shapes], comments))
    except FileExistsError as error:
        raise ConfigurationError("is there already", place=str(output), remedy="name another file") from error
    except OSError as error:
        problem = f"cannot be written: {error.strerror}"
        raise ConfigurationError(problem, place=str(output), remedy="name another file") from error


def _in_one_line(doubt: Doubt) -> str:
    numbers = ", ".join(str(line.number) for line in doubt.lines)
    return f"{doubt.reason} (lines {numbers})" if numbers else doubt.reason


def _unclaimed(read: Read) -> list[DoubtedLine]:
    from digest.dumps.suggesting.doubts import DoubtedLine

    return [DoubtedLine(line.number, line.text) for line in read.unclaimed]


def _print_suggestion(found: Suggestion, pages: Mapping[str, Page], count: int) -> None:
    from digest.dumps.suggesting.samples import toml_of

    if count > len(pages):
        typer.echo(f"Looked at {len(pages)} of {count} dumps.\n")
    for shape in found.shapes:
        names = ", ".join(dump.name for dump in shape.dumps)
        _say(f"== {shape.id}: {_dumps(len(shape.dumps))} of one shape: {names}")
        typer.echo(toml_of([shape.table]))
        for dump in shape.dumps:
            _print_read(pages[dump.name], dump.read)
            for doubt in found.unsure:
                if doubt.dump == dump.name:
                    _print_lines(f"Not sure: {doubt.reason}.", doubt.lines)
        typer.echo("")
    if found.known:
        _say(f"The built-in layouts read {', '.join(found.known)}.")
    if found.nothing:
        nothing = not found.shapes and not found.known
        _say(f"No listing was found in {', '.join(found.nothing)}.", err=nothing)
        _say("A listing shows entries that look alike, each with a title and usually a date.", err=nothing)
        _say("A layout cannot restore what an extractor left out: save the whole text of the page.", err=nothing)


# --- what both print ------------------------------------------------------------------------------


def _print_read(page: Page, read: Read) -> None:
    """Print the entries of a dump as a table, and the lines that belong to none."""
    from digest.dumps.suggesting.trying import evidence_line

    width = terminal_width()

    def row(found: Found) -> tuple[str, ...]:
        line = evidence_line(page, found)
        counts = " ".join(f"{name} {number}" for name, number in found.counts.items())
        evidence = f"{line.number}: {line.text}" if line else "-"
        words = found.paragraphs[0] if found.paragraphs else ""
        title = short(found.title or "(no title)", int(width * _TITLE))
        shown = short(evidence, int(width * _EVIDENCE)), short(counts, int(width * _COUNTS))
        return title, day_printed(found.date), *shown, words

    _say(f"-- {page.name}: {len(read.entries)} entries")
    heads = ("title", "date", "from line", "counts", "first words")
    for line in fitted(heads, [row(found) for found in read.entries], giving_way="first words"):
        typer.echo(line)
    if left := _unclaimed(read):
        _print_lines("Lines of no entry:", left)


def _print_lines(head: str, doubted: Sequence[DoubtedLine]) -> None:
    _say(head)
    for line in doubted[:_MOST_LINES]:
        typer.echo(f"  {line.number:5} {short(line.text, terminal_width() - 8)}".rstrip())
    if len(doubted) > _MOST_LINES:
        typer.echo(f"        … and {len(doubted) - _MOST_LINES} more")


def _say(text: str, *, err: bool = False) -> None:
    for line in wrapped_lines(text, terminal_width(), "  "):
        typer.echo(line, err=err)


def _dumps(count: int) -> str:
    return "1 dump" if count == 1 else f"{count} dumps"


# --- try ------------------------------------------------------------------------------------------


def _print_tried(one: Tried) -> None:
    _print_read(one.page, one.read)
    for gap in one.gaps:
        _print_lines(f"Gap: {gap.reason}.", gap.lines)
    typer.echo("")


def _print_agreement(results: Sequence[Tried], count: int) -> None:
    titles = [found.title for one in results for found in one.read.entries if found.title]
    again = len(titles) - len(set(titles))
    gaps = sum(len(one.gaps) for one in results)
    if count > len(results):
        typer.echo(f"Looked at {len(results)} of {count} dumps.")
    entries = sum(len(one.read.entries) for one in results)
    typer.echo(f"{entries} entries in {_dumps(len(results))}; {again} of them appear in several dumps.")
    typer.echo(f"{gaps} {'gap' if gaps == 1 else 'gaps'}." if gaps else "No gap.")
