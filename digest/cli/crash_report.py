"""Reports an unexpected error of a command: one line for the user, and a file with details for developers."""

from __future__ import annotations

import contextlib
import platform
import secrets
import tempfile
import traceback
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from digest import __version__
from digest.files import new_private_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_LONGEST = 200  # characters of an error's text


def report_crash(error: BaseException, arguments: Sequence[str]) -> str:
    """Write the details of a fault to a file, and return the line that reports its id and that file."""
    ident = secrets.token_hex(4)
    file = _write_details(ident, _details(error, arguments), arguments)
    where = (
        f"details in {file}" if file else "its details could not be written, neither next to the store nor in TMPDIR"
    )
    return f"digest: {_in_a_line(error)} (fault {ident}: {where}; please report it)"


def _in_a_line(error: BaseException) -> str:
    from digest.logs import safe

    if isinstance(error, OSError) and error.strerror:
        said = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    else:
        said = next(iter(str(error).splitlines()), "")
    name = type(error).__name__
    return safe(f"{name}: {said[:_LONGEST]}" if said else name)


def _details(error: BaseException, arguments: Sequence[str]) -> str:
    from digest.logs import safe

    system = f"digest {__version__}, Python {platform.python_version()}, {platform.platform()}"
    trace = "".join(traceback.format_exception(error)).splitlines()
    return "\n".join(safe(line) for line in (system, f"digest {' '.join(arguments)}", *trace)) + "\n"


def _write_details(ident: str, details: str, arguments: Sequence[str]) -> Path | None:
    """The file with the details, readable only by its owner; None if it cannot be written."""
    for folder in _folders(arguments):
        file = folder / f"digest-fault-{ident}.txt"
        try:
            with new_private_file(file) as opened:
                opened.write(details.encode("utf-8", "backslashreplace"))
        except OSError:
            continue
        return file
    return None


def _folders(arguments: Sequence[str]) -> Iterator[Path]:
    """The folders for the details, the best first: the folder of the state, then the system's temporary folder."""
    state = _state(arguments)
    if state:
        yield state
    with contextlib.suppress(OSError):
        yield Path(tempfile.gettempdir())


def _state(arguments: Sequence[str]) -> Path | None:
    """The folder of the state that a command used; None if its configuration cannot be read."""
    from digest.settings import load

    given = [after for before, after in pairwise(arguments) if before == "--config"]
    given += [one.removeprefix("--config=") for one in arguments if one.startswith("--config=")]
    try:
        folder = load(Path(given[-1]) if given else None).data_dir
        return folder if folder.is_dir() else None
    except Exception:  # noqa: BLE001 - the configuration itself may cause the fault
        return None
