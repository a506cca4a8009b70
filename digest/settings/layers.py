"""Unchecked settings in layers: files, variables that override them, and secrets that override both.

Besides the configuration, files are drawn layouts beside it, sources that an earlier version added to `sources.toml`,
and the changes that the console, the API and commands make.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path as File
from typing import TYPE_CHECKING, Any

from digest.errors import ConfigurationError, SettingError
from digest.settings.positions import lines_of

if TYPE_CHECKING:
    from digest.settings.positions import Path

LAYOUTS, SOURCES = "layouts", "sources"
_ADDED = "sources.toml"
_READABLE = 0o644  # the service may run as another user
_NEW = "digest source add"  # the place of tables that are in no file yet


@dataclass(frozen=True, slots=True)
class Addition:
    """A further file, which adds `count` tables to the list of tables `name`; the first of them has the number `first`.

    `text` is the content of the file.
    """

    name: str
    first: int
    count: int
    file: str
    text: str


@dataclass(frozen=True, slots=True)
class Overlay:
    """Changes that are among the values of a layer, with their `file` and its `text`, both empty if there is none yet.

    `paths` maps the paths of the values that they set to the paths in their own document. `rows` has the former number
    of each table of a list from which they remove some; a new table has none.
    """

    file: str
    text: str
    paths: Mapping[Path, Path]
    rows: Mapping[str, tuple[int | None, ...]]

    def path_of(self, path: Path) -> Path | None:
        """The path, in their document, of the change that sets a value; None if none of them does."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.paths:
                return (*self.paths[path[:length]], *path[length:])
        return None

    def before(self, path: Path) -> Path:
        """The path of a value without the changes."""
        name, number = (path[0], path[1]) if len(path) > 1 else ("", None)
        if isinstance(number, int) and number < len(self.rows.get(str(name), ())):
            former = self.rows[str(name)][number]
            return path if former is None else (name, former, *path[2:])
        return path


@dataclass(frozen=True, slots=True)
class Layer:
    """The settings from one place. `origins` maps the paths to the variables that set them; it is empty for a file.

    `mistakes` are those of this place only: an unknown variable, a file that cannot be read. `additions` are further
    files whose tables are among the `values`, and `overlay` the changes that are.
    """

    values: Mapping[str, object]
    origins: Mapping[Path, str]
    mistakes: tuple[SettingError, ...] = ()
    additions: tuple[Addition, ...] = ()
    overlay: Overlay | None = None

    def covers(self, path: Path) -> bool:
        """Whether this layer sets the value at a path, or a list or text that contains the path."""
        found: object = self.values
        for part in path:
            if not isinstance(found, Mapping):
                return True
            if part not in found:
                return False
            found = found[str(part)]
        return True

    def origin(self, path: Path) -> str:
        """The variable that sets the value at a path, or a table or list around it; empty if none does."""
        tried = (path[:length] for length in range(len(path), 0, -1))
        return next((self.origins[start] for start in tried if start in self.origins), "")


def merged(layers: Sequence[Layer]) -> dict[str, object]:
    """The settings of all layers; for each key, the last layer wins."""
    made: dict[str, object] = {}
    for layer in layers:
        _merge(made, layer.values)
    return made


def _merge(into: dict[str, object], values: Mapping[str, object]) -> None:
    for name, value in values.items():
        here = into.get(name)
        if isinstance(value, Mapping):
            table = dict(here) if isinstance(here, Mapping) else {}
            _merge(table, value)
            into[name] = table
        else:
            into[name] = value


# --- files ----------------------------------------------------------------------------------------


def data_folder(given: Mapping[str, object], base: File) -> File:
    """The `data_dir` of some settings; `base` is the folder of the configuration."""
    return File(os.path.normpath(base / str(given.get("data_dir", "../var"))))


def added_file(folder: File) -> File:
    """The file in `data_dir` to which earlier versions added sources if the configuration was read-only."""
    return folder / _ADDED


def with_additions(given: Mapping[str, object], folder: File, added: File) -> Layer:
    """The settings of a file, with the tables of `layouts/*.toml` in its folder, and of the file `added`.

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
    return Layer(values, {}, tuple(mistakes), tuple(additions))


def with_sources(layer: Layer, more: Sequence[Mapping[str, object]]) -> Layer:
    """The settings of a layer with further tables of sources, which are in no file yet."""
    sources = layer.values.get(SOURCES, [])
    if not more or not isinstance(sources, list):
        return layer
    added = Addition(SOURCES, len(sources), len(more), _NEW, "")
    values = {**layer.values, SOURCES: [*sources, *more]}
    return replace(layer, values=values, additions=(*layer.additions, added))


def _only(document: Mapping[str, object], name: str, file: File, text: str) -> list[Any]:
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


def read(file: File) -> str:
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


def toml(file: File, text: str) -> dict[str, Any]:
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


def append(file: File, text: str) -> None:
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
            state = target.stat()
            with contextlib.suppress(PermissionError):  # only root may give a file away
                os.chown(name, state.st_uid, state.st_gid)
            shutil.copymode(target, name)
        else:
            File(name).chmod(_READABLE)
        File(name).replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            File(name).unlink()
        raise
