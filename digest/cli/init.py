"""`digest init`: asks five questions and writes a configuration. Decision 256."""

from __future__ import annotations

import contextlib
import shlex
import shutil
import sys
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.common import JsonOption, YesOption, clock, print_json
from digest.cli.progress import Progress
from digest.errors import AddressError, ConfigurationError, DigestError

if TYPE_CHECKING:
    from digest import first_configuration
    from digest.first_configuration import Recognised

_NOTHING = "Nothing was written; run `digest init` again."
_ALIKE, _CLOSE = 3, 0.8  # how many time zones to suggest, and how similar they must be


def register(app: typer.Typer) -> None:
    app.command("init")(init)


def init(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder to write it to.")] = Path("config"),
    *,
    title: Annotated[str | None, typer.Option("--title", help="The blog's title, as visitors see it.")] = None,
    timezone: Annotated[
        str | None, typer.Option("--timezone", metavar="ZONE", help="The time zone of its dates and of the schedule.")
    ] = None,
    dumps: Annotated[
        str | None, typer.Option("--dumps", metavar="PATH", help="A file, a folder or a glob of dumps.")
    ] = None,
    operator: Annotated[
        str | None, typer.Option("--operator", metavar="ADDRESS", help="Your own address, for alerts.")
    ] = None,
    base_url: Annotated[
        str | None, typer.Option("--base-url", metavar="URL", help="The address at which people reach the pages.")
    ] = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write a small, commented configuration. On a terminal, it asks for everything that no option gives.

    It never replaces a file: if there is a configuration already, it stops.
    """
    from digest import first_configuration

    if (folder / first_configuration.FILE).exists():
        raise first_configuration.already_there(folder / first_configuration.FILE)
    given = {"title": title, "timezone": timezone, "dumps": dumps, "operator": operator, "base_url": base_url}
    asking = not yes and not as_json and sys.stdin.isatty() and sys.stdout.isatty()
    try:
        answers, found = _collect_answers(folder, given, asking=asking, err=as_json)
        text = first_configuration.configuration(answers, folder, clock().year)
        file = first_configuration.write_configuration(folder, text, answers.dumps)
    except (KeyboardInterrupt, EOFError):
        typer.echo(f"\ndigest: stopped. {_NOTHING}", err=True)
        raise typer.Exit(130) from None
    if as_json:
        print_json({"file": str(file), "dumps": str(answers.dumps), "files": found.files, "entries": found.entries})
    else:
        _say_next(file, answers)
    if not found.entries:
        typer.echo(f"\nNo entry can be read in {answers.dumps} yet, so pages and feeds stay empty.", err=as_json)
        typer.echo(
            "Save the blog's listing pages there as text; `digest parse FILE` shows what one of them contains.\n"
            f"If they are there, `digest layout suggest {answers.dumps} -o {folder / 'layouts' / 'mine.toml'}` draws a "
            f"layout for them. Then write `layouts` with its name below `path` in {file}.",
            err=as_json,
        )


# --- the questions --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Question:
    """`read` converts the answer, or raises an error with the remedy; `then` comments on the value."""

    name: str
    text: str
    default: str
    read: Callable[[str], str]
    then: Callable[[str], str] = lambda _: ""


def _collect_answers(
    folder: Path, given: dict[str, str | None], *, asking: bool, err: bool
) -> tuple[first_configuration.Answers, Recognised]:
    """The answers, from options, questions or defaults, and what is in the dumps; `err` prints comments to stderr.

    Raises:
        ConfigurationError: an option is wrong.
    """
    from digest import first_configuration

    seen: dict[str, Recognised] = {}

    def look(path: str) -> str:
        seen[path] = seen.get(path) or _recognised(path)
        return f"     {path}: {seen[path]}"

    place = folder / "dumps"
    if given["dumps"] is None and not (place.is_dir() and any(place.iterdir())):
        place = first_configuration.nearby(Path()) or place
    look(given["dumps"] or str(place))
    title = "博客" if _is_chinese(next(iter(seen.values()))) else "Blog"
    questions = (
        _Question("title", "Title of the blog, as visitors see it", title, _title),
        _Question("timezone", "Time zone of its dates and of your mails", _system_zone(), _zone),
        _Question("dumps", "Where the dumps are: a file, a folder or a glob", str(place), _dumps(folder), look),
        _Question("operator", "Your own address, for alerts; it is never published (- for none)", "-", _address),
        _Question("base_url", "Base URL, the address of your pages", "http://127.0.0.1:8080", _base_url),
    )
    if asking:
        with contextlib.suppress(ImportError):  # so that arrow keys and backspace work, also for Chinese
            import readline  # noqa: F401
        typer.echo("Five questions create your configuration. Press Enter to accept the value in brackets.\n")
    values = {}
    for number, question in enumerate(questions, 1):
        written = given[question.name]
        if written is None and asking:
            values[question.name] = _ask(f"{number}/5  {question.text}", question)
            continue
        option = f"--{question.name.replace('_', '-')}"
        values[question.name] = _read(question, question.default if written is None else written, option)
        if said := question.then(values[question.name]):
            typer.echo(said.strip() if not asking else said, err=err)
    found = seen[values["dumps"]]
    answers = first_configuration.Answers(
        values["title"],
        values["timezone"],
        Path(values["dumps"]),
        values["operator"],
        values["base_url"],
        chinese=_is_chinese(found),
    )
    return answers, found


def _ask(text: str, question: _Question) -> str:
    """The first valid answer of a person; asks again after a wrong one."""
    while True:
        written = input(f"{text} [{question.default}]: ").strip() or question.default
        try:
            value = question.read(written)
        except (DigestError, ValueError) as error:
            typer.echo(f"     {error}")
            continue
        if said := question.then(value):
            typer.echo(said)
        return value


def _read(question: _Question, written: str, option: str) -> str:
    try:
        return question.read(written)
    except DigestError as error:
        raise ConfigurationError(str(error), place=option) from error
    except ValueError as error:
        raise ConfigurationError(str(error), place=option) from error


# --- their answers --------------------------------------------------------------------------------


def _title(written: str) -> str:
    if not written.strip():
        raise ValueError("is empty: write the name of the blog")
    if any(unicodedata.category(character).startswith("C") for character in written):
        raise ValueError("contains an invisible character: write the title without it")
    return written.strip()


def _zone(written: str) -> str:
    import difflib
    from zoneinfo import available_timezones

    from digest.settings.kinds import known_zone

    try:
        return known_zone(written)
    except ValueError as error:
        names = {name.casefold(): name for name in available_timezones()}
        cities = {name.rpartition("/")[2]: name for name in names}
        asked = written.casefold().replace(" ", "_")
        alike = [
            names[cities.get(one, one)] for one in difflib.get_close_matches(asked, [*cities, *names], _ALIKE, _CLOSE)
        ]
        if not alike or "did you mean" in str(error):
            raise
        raise ValueError(f"{error} (did you mean {' or '.join(dict.fromkeys(alike))}?)") from error


def _dumps(folder: Path) -> Callable[[str], str]:
    from digest.first_configuration import require_dumps

    def read(written: str) -> str:
        path = Path(written).expanduser()
        if path != folder / "dumps" or path.exists():  # that folder is created later
            require_dumps(path, folder)
        return str(path)

    return read


def _address(written: str) -> str:
    from digest.addresses import checked_address

    if written in {"", "-"}:
        return ""
    try:
        return checked_address(written)
    except AddressError as error:
        raise ValueError(f"{written!r} {error.reason}: write an address such as me@example.org, or -") from error


def _base_url(written: str) -> str:
    from digest.settings.kinds import web_url

    return web_url(written)


def _recognised(path: str) -> Recognised:
    from digest.errors import DumpError
    from digest.first_configuration import Recognised, recognised

    with Progress("reading dumps", kept=_NOTHING) as progress:
        try:
            return recognised(Path(path), progress.step)
        except DumpError:  # the folder is created when the configuration is written
            return Recognised()


# --- their defaults -------------------------------------------------------------------------------


def _system_zone() -> str:
    from tzlocal import get_localzone_name

    try:
        return _zone(get_localzone_name() or "UTC")
    except (ValueError, LookupError, OSError):
        return "UTC"


def _is_chinese(found: Recognised) -> bool:
    """Whether the blog is in Chinese; assumed if nothing was read, since most blogs are."""
    return found.chinese or not found.entries


# --- what comes next ------------------------------------------------------------------------------


def _say_next(file: Path, answers: first_configuration.Answers) -> None:
    """Print the next commands, as the user would type them here."""
    from digest.settings import DEFAULT_CONFIG

    program = _program()
    named = "" if file == DEFAULT_CONFIG else f" --config {shlex.quote(str(file))}"
    typer.echo(f"\n{file} is written; only you can read it, and its comments explain it. Next:\n")
    steps = (
        ("check", "reports problems, if any"),
        ("refresh", f"reads {answers.dumps} once"),
        ("edition preview", "shows the first mail in your browser; sends nothing"),
        ("run", f"serves pages and feeds at {answers.base_url}/ until Ctrl-C"),
    )
    commands = [(f"{program} {command}{named}", what) for command, what in steps]
    width = max(len(command) for command, _ in commands)
    for command, what in commands:
        typer.echo(f"  {command:{width}}   # {what}")
    if not answers.operator:
        typer.echo("\nNobody gets alerts yet: set operator to your address in that file.")


def _program() -> str:
    """The command that starts this program from here."""
    called = Path(sys.argv[0])
    found = shutil.which(called.name)
    if called.name != "digest":
        return "digest"
    return "digest" if found and Path(found).resolve() == called.resolve() else shlex.quote(sys.argv[0])
