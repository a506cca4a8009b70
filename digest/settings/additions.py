"""Files that add tables to a configuration: drawn layouts beside it, and sources that a command added."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from digest.errors import ConfigurationError, SettingError
from digest.settings.layers import Addition, Layer
from digest.settings.positions import lines_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LAYOUTS, SOURCES = "layouts", "sources"
_ADDED = "sources.toml"
_NEW = "digest source add"  # the place of tables that are in no file yet


def added_file(given: Mapping[str, object], base: Path) -> Path:
    """The file for added sources if the configuration is read-only. `given` are its settings, `base` its folder."""
    return Path(os.path.normpath(base / str(given.get("data_dir", "../var")))) / _ADDED


def with_additions(
    given: Mapping[str, object], folder: Path, added: Path, more: Sequence[Mapping[str, object]] = ()
) -> Layer:
    """The settings of a file, with the tables of `layouts/*.toml` in its folder, of the file `added`, and with `more`.

    `more` are tables of sources.

    What is wrong in one of these files is a mistake of the layer; the others are read.
    """
    values = dict(given)
    additions, mistakes = [], []
    files = [(LAYOUTS, file) for file in sorted((folder / "layouts").glob("*.toml"))]
    files += [(SOURCES, added)] if added.is_file() else []
    for name, file in files:
        here, tables, text = values.get(name, []), [], ""
        try:
            text = read(file)
            tables = _only(toml(file, text), name, file, text)
        except SettingError as mistake:
            mistakes.append(mistake)
        except ConfigurationError as unreadable:
            mistakes.append(SettingError(unreadable.problem, file=str(file), remedy="check its permissions"))
        if isinstance(here, list):
            additions.append(Addition(name, len(here), len(tables), str(file), text))
            values[name] = [*here, *tables]
    sources = values.get(SOURCES, [])
    if more and isinstance(sources, list):
        additions.append(Addition(SOURCES, len(sources), len(more), _NEW, ""))
        values[SOURCES] = [*sources, *more]
    return Layer(values, {}, tuple(mistakes), tuple(additions))


def _only(document: Mapping[str, object], name: str, file: Path, text: str) -> list[Any]:
    """The tables of a file that contains nothing else.

    Raises:
        SettingError: it contains something else, or none.
    """
    other = next((key for key in document if key != name), None)
    if other is not None:
        line = lines_of(text).get((other,))
        raise SettingError(
            f"this file is only for [[{name}]]", setting=other, file=str(file), line=line, remedy="move it elsewhere"
        )
    tables = document.get(name)
    if not isinstance(tables, list) or not tables:
        raise SettingError(f"contains no [[{name}]]", file=str(file), remedy=f"write [[{name}]] above each of them")
    return tables


def read(file: Path) -> str:
    """The content of a file of settings.

    Raises:
        ConfigurationError: it cannot be read.
        SettingError: it is not UTF-8.
    """
    try:
        return file.read_text("utf-8-sig")  # some editors begin a file with a byte order mark
    except OSError as error:
        raise ConfigurationError(f"cannot be read: {error.strerror}", place=str(file)) from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise SettingError("is not UTF-8", file=str(file), line=line, remedy="save it as UTF-8") from error


def toml(file: Path, text: str) -> dict[str, Any]:
    """The values of a document.

    Raises:
        SettingError: it is not TOML.
    """
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise SettingError("is not TOML: nested too deeply", file=str(file)) from error
    except ValueError as error:
        problem, _, place = str(error).rpartition(" (at ")
        found = re.match(r"line (\d+)", place)
        line = int(found[1]) if found else text.rstrip().count("\n") + 1
        raise SettingError(f"is not TOML: {problem}", file=str(file), line=line) from error


def append(file: Path, text: str) -> None:
    """Write more text to the end of a file, all of it or nothing; comments, permissions and links stay.

    Raises:
        OSError: it cannot be written.
        ValueError: the result would not be TOML.
    """
    target = file.resolve()
    before = target.read_text("utf-8") if target.exists() else ""
    gap = "\n" if before and before.endswith("\n") else "\n\n" if before else ""
    whole = f"{before}{gap}{text}"
    tomllib.loads(whole.removeprefix("\ufeff"))
    number, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
    try:
        with os.fdopen(number, "w", encoding="utf-8", newline="") as stream:
            stream.write(whole)
            stream.flush()
            os.fsync(stream.fileno())
        if target.exists():
            shutil.copymode(target, name)
        Path(name).replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
