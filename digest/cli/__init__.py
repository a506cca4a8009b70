"""The command line: reads arguments, calls the service and prints the result."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from digest.cli.plain import is_plain, parse_plainly
from digest.errors import ConfigurationError, DigestError, MistakesError
from digest.json_output import json_line

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit: 0 done, 1 something failed and is named on stderr, 2 wrong usage or configuration."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    try:
        try:
            _do(given)
        finally:
            with contextlib.suppress(AttributeError, ValueError):  # it is closed
                sys.stdout.flush()  # so that a failed write is reported as an error of the command
    except ConfigurationError as error:
        mistakes = error.mistakes if isinstance(error, MistakesError) else (error,)
        sys.stderr.writelines(f"digest: {one}\n" for one in mistakes)
        if given[:1] == ["check"] and "--json" in given:
            _print_mistakes(mistakes)
        sys.exit(2)
    except DigestError as error:
        from digest.cli.terminal import error_for_terminal

        sys.stderr.write(f"digest: {error_for_terminal(error)}\n")
        sys.exit(1)
    except BrokenPipeError:
        sys.stderr.close()  # the program that read our output has ended; Python would print an error at exit
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)  # the exit code of shells and of Typer; the interrupted step has printed what is stored
    except Exception as error:  # noqa: BLE001 - no command ends in a traceback
        from digest.cli.crash_report import report_crash

        sys.stderr.write(f"{report_crash(error, given)}\n")
        _discard_output()
        sys.exit(1)


def _do(given: list[str]) -> None:
    """Run the command that these arguments name."""
    if is_plain(given):
        sys.exit(int(not parse_plainly(given)))
    if given[:1] == ["run"] and len(given) in {1, 3} and given[1:2] in ([], ["--config"]):
        _run(Path(given[2]) if given[1:] else None)
        return
    from digest.cli.commands import application

    application(given[0] if given else None)(args=given, prog_name="digest")


def _print_mistakes(mistakes: Sequence[ConfigurationError]) -> None:
    """Print the mistakes that stop `digest check --json`, in the form of its findings."""
    for one in mistakes:
        place = {name: getattr(one, name, None) or None for name in ("setting", "file", "line", "variable")}
        says = f"{one.problem} ({one.remedy})" if one.remedy else one.problem
        finding = {"part": "configuration", "ok": False, "level": "error", "says": says, **place}
        sys.stdout.buffer.write(json_line(finding))
    sys.stdout.flush()


def _discard_output() -> None:
    """Discard output that cannot be written; otherwise Python would print an error at exit."""
    try:
        sys.stdout.flush()
    except OSError:
        with contextlib.suppress(AttributeError, OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(config: Path | None) -> None:
    """Run `digest run` without Typer, which the image does; other spellings of the command do the same."""
    gc.disable()  # until all modules are loaded: looking for garbage among them takes a tenth of the start
    try:
        from digest.cli.serving import serve

        serve(config, "all")
    finally:
        gc.enable()
