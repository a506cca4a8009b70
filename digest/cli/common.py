"""Shared by all commands: common options, opening the store, printing."""

from __future__ import annotations

import contextlib
import getpass
import os
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.cli.progress import Progress
from digest.json_output import json_line
from digest.typeset.dates import format_day

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from digest.model import EditionKey, EntryDate
    from digest.operations.core import Context, Given, Operation
    from digest.settings import Settings
    from digest.store.transaction import Store

    Send = Callable[[EditionKey | None, bool], Mapping[str, int]]

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        envvar="DIGEST_CONFIG",
        show_envvar=True,
        help="The configuration file (default: config/digest.toml).",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, one object per line.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]


def clock() -> datetime:
    """Current UTC time."""
    from digest.app import clock as current

    return current()


def settings_of(config: Path | None) -> Settings:
    """Load the settings and configure the log.

    A command prints for people itself, so on a terminal the log only contains errors.
    """
    from digest import logs
    from digest.dumps.configured import load_settings

    settings = load_settings(config)
    for_machines = settings.log.json_lines and not sys.stderr.isatty()
    level = settings.log.level if for_machines else "error"
    logs.configure(level, json_lines=settings.log.json_lines)
    return settings


@contextlib.contextmanager
def store_of(config: Path | None, *, any_clock: bool = False) -> Iterator[tuple[Settings, Store]]:
    """Load the settings and open their store, for a command that may change it.

    Raises:
        ClockError: the clock is certainly wrong, as the store shows, unless `any_clock` is set.
    """
    from digest.app import in_step, opened
    from digest.service.operating.clocks import require_right_clock

    settings = settings_of(config)
    with contextlib.ExitStack() as held:
        with Progress("opening the store", kept="Each upgrade of the store's tables is complete or not made at all."):
            store = held.enter_context(opened(settings))
        if not any_clock:
            require_right_clock(store, settings.mail, clock())
        yield in_step(store, settings, lambda: settings_of(config), serves=False), store


@contextlib.contextmanager
def store_to_read(config: Path | None) -> Iterator[tuple[Settings, Store]]:
    """Load the settings and open their store, for a command that changes nothing."""
    from digest.app import opened_to_read

    settings = settings_of(config)
    with contextlib.ExitStack() as held:
        with Progress("opening the store", kept="Nothing was changed."):
            store = held.enter_context(opened_to_read(settings))
        yield settings, store


def context_of(settings: Settings, store: Store, *, send: Send | None = None) -> Context:
    """What an operation works with when a command performs it: the operator of this machine may do everything.

    `send` sends mails now, for a command that does it itself.
    """
    from digest.operations.core import Context, Service
    from digest.records.operating import Scope, Via
    from digest.service.operating.auditing import Actor

    actor = Actor(_operator(), Via.COMMAND, frozenset(Scope), socket.gethostname())
    return Context(store, settings, clock, actor, Service(send=send, steps=_steps), try_templates=_try_templates)


def act(operation: Operation[Any, Given], settings: Settings, store: Store, **given: object) -> Given:
    """Perform an operation for a command, which passes on what is given; the operation checks it."""
    from digest.operations.core import perform

    return perform(operation, context_of(settings, store), operation.takes.model_construct(**given))


def _try_templates(settings: Settings) -> None:
    from digest.web.template_trials import require_templates

    require_templates(settings)


@contextlib.contextmanager
def _steps(
    what: str, *, kept: str, total: int | Callable[[], int | None] | None = None
) -> Iterator[Callable[[str], None]]:
    with Progress(what, kept=kept, total=total) as progress:
        yield progress.step


def act_of(settings: Settings, store: Store, name: str, target: str) -> AbstractContextManager[object]:
    """Record in the audit log what happens within it: an act that belongs to this machine, and that no API offers."""
    from digest.service.operating.auditing import recorded

    return recorded(store, context_of(settings, store).actor, name, target, clock)


def _operator() -> str:
    """The name of the person at this terminal, also behind sudo."""
    if name := os.environ.get("SUDO_USER"):
        return name
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container may run as a number without a name
        return str(os.getuid())


def print_json(value: object) -> None:
    """Print one JSON object on its own line, and flush it."""
    sys.stdout.buffer.write(json_line(value))
    sys.stdout.flush()


def format_date(date: EntryDate | None) -> str:
    """The date and how it is known, in words; empty for None."""
    return f"{format_day(date, 'en')} ({date.kind})" if date else ""


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, numbers: Sequence[str] = ()) -> None:
    """Print a table as wide as the terminal; `numbers` names the columns that are aligned to the right."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, justify="right" if column in numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text("" if cell is None else str(cell)) for cell in row))
    console = Console()
    if not console.is_terminal:
        console = Console(width=200)
    console.print(table)


def write_file(path: Path, body: bytes) -> None:
    """Write a file in one step: other programs see either the old file or the new one."""
    from digest.errors import DigestError

    draft = path.with_name(f".{path.name}.part")
    try:
        if path.exists() and not path.is_file():  # a pipe or a device, such as /dev/null, stays what it is
            path.write_bytes(body)
            return
        draft.write_bytes(body)
        draft.replace(path)
    except OSError as error:
        raise DigestError(f"{path}: cannot be written: {error.strerror}") from error
