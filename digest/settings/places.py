"""The place of a setting: the line of the file or the variable that sets it, and its name there."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from digest.errors import SettingError
from digest.settings import fields
from digest.settings.former import RENAMED
from digest.settings.positions import lines_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from digest.settings.layers import Layer
    from digest.settings.positions import Path


class Places:
    """The places of the settings `given` by layers, the weakest first: the file, then those that override it."""

    def __init__(self, given: Mapping[str, object], layers: Sequence[Layer], file: str, text: str) -> None:
        self._given, self._layers, self._file, self._text = given, layers, file, text

    def mistake(self, problem: str, remedy: str, *places: Path) -> SettingError:
        """A mistake about settings, the first of which should be changed; its place is the first that is set."""
        paths = [self._as_written(path) for path in places]
        setting = self._called(paths[0])
        for path in paths:
            layer = self._layer(path)
            if layer and layer.origins:
                return SettingError(problem, setting=setting, variable=layer.origin(path), remedy=remedy)
            if layer:
                return SettingError(problem, setting=setting, file=self._file, line=self._line(path), remedy=remedy)
        return SettingError(problem, setting=setting, file=self._file, line=self._line(paths[0]), remedy=remedy)

    def variable(self, path: Path) -> str:
        """The variable or secret file that sets a setting; empty if the file does."""
        written = self._as_written(path)
        layer = self._layer(written)
        return layer.origin(written) if layer else ""

    def _layer(self, path: Path) -> Layer | None:
        return next((layer for layer in reversed(self._layers) if layer.covers(path)), None)

    def _as_written(self, path: Path) -> Path:
        """The path with the former name of a setting, if only that name is used."""
        for former in RENAMED:
            if path[:1] == (former.now,) and self._layer((former.now,)) is None and self._layer(former.before):
                return (*former.before, *path[1:])
        return path

    @cached_property
    def _lines(self) -> dict[Path, int]:
        return lines_of(self._text)

    def _line(self, path: Path) -> int | None:
        """The line of a setting, or else of its table."""
        tried = (path[:length] for length in range(len(path), 0, -1))
        return next((self._lines[one] for one in tried if one in self._lines), None)

    def _called(self, path: Path) -> str:
        """`sources.blog.path`: a table of a list is named by its id, or without one by its number from 1, as `#2`."""
        called: list[str] = []
        found: object = self._given
        for part in path:
            if isinstance(part, int):
                found = found[part] if isinstance(found, list) and part < len(found) else None
                if fields.is_list_of_tables(tuple(called[:1])):
                    called.append(_id(found) or f"#{part + 1}")
                continue
            called.append(part)
            found = found.get(part) if isinstance(found, Mapping) else None
        return ".".join(called)


def _id(table: object) -> str:
    written = table.get("id") if isinstance(table, Mapping) else None
    return written if isinstance(written, str) and written.isprintable() else ""
