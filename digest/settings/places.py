"""The place of a setting: the line of the file or the variable that sets it, and its name there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from digest.errors import SettingError
from digest.settings import fields
from digest.settings.former import RENAMED
from digest.settings.positions import lines_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from digest.settings.layers import Addition, Layer, Overlay
    from digest.settings.positions import Path


class Places:
    """The places of the settings `given` by layers, the weakest first: the file, then those that override it."""

    def __init__(self, given: Mapping[str, object], layers: Sequence[Layer], file: str, text: str) -> None:
        self._given, self._layers, self._file, self._text = given, layers, file, text
        self._lines: dict[str, dict[Path, int]] = {}

    def mistake(self, problem: str, remedy: str, *places: Path, text_line: int = 0) -> SettingError:
        """A mistake about settings, the first of which should be changed; its place is the first that is set.

        `text_line`, from 1, is the line of a text in several lines; 0 means the whole value.
        """
        paths = [self._as_written(path) for path in places]
        setting = self._called(paths[0])
        for path in paths:
            layer = self._layer(path)
            if layer and layer.origins:
                return SettingError(problem, setting=setting, variable=layer.origin(path), remedy=remedy)
            if layer:
                file, line = self._where(path, text_line)
                return SettingError(problem, setting=setting, file=file, line=line, remedy=remedy)
        file, line = self._where(paths[0], text_line)
        return SettingError(problem, setting=setting, file=file, line=line, remedy=remedy)

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

    def source(self, path: Path) -> tuple[str, str, int | None] | None:
        """What sets a value: a variable or a secret file; or else the file with the line. None if nothing does.

        Of a file the first is empty; of a variable the second.
        """
        written = self._as_written(path)
        layer = self._layer(written)
        if layer is None:
            return None
        return (layer.origin(written), "", None) if layer.origins else ("", *self._where(written, 0))

    def is_changed(self, path: Path) -> bool:
        """Whether a change sets the value at a path, and no variable overrides it."""
        written = self._as_written(path)
        layer = self._layer(written)
        return layer is not None and layer.overlay is not None and layer.overlay.path_of(written) is not None

    def order(self, file: str) -> int:
        """The place of a file in the order in which files are read."""
        files = [one.file for one in self._additions] + [one.file for one in self._overlays]
        return files.index(file) + 1 if file in files else 0

    @cached_property
    def _additions(self) -> tuple[Addition, ...]:
        return tuple(one for layer in self._layers for one in layer.additions)

    @cached_property
    def _overlays(self) -> tuple[Overlay, ...]:
        return tuple(layer.overlay for layer in self._layers if layer.overlay)

    def _where(self, path: Path, text_line: int) -> tuple[str, int | None]:
        """The file that sets a setting, and the line there of the setting, or else of its table."""
        for change in self._overlays:
            if changed := change.path_of(path):
                return change.file, self._line(change.text, changed, text_line)
            path = change.before(path)
        file, text = self._file, self._text
        for one in self._additions:
            number = path[1] if path[:1] == (one.name,) and len(path) > 1 else None
            if isinstance(number, int) and one.first <= number < one.first + one.count:
                file, text, path = one.file, one.text, (one.name, number - one.first, *path[2:])
                break
        return file, self._line(text, path, text_line)

    def _line(self, text: str, path: Path, text_line: int) -> int | None:
        if text not in self._lines:
            self._lines[text] = lines_of(text)
        lines = self._lines[text]
        found = next((one for one in (path[:length] for length in range(len(path), 0, -1)) if one in lines), None)
        if found is None:
            return None
        line = lines[found]
        if text_line and found == path:
            opening = re.search(r"'''|\"\"\"", text.split("\n")[line - 1])
            if opening:  # TOML leaves out a line break directly after it
                line += text_line - bool(opening.string[opening.end() :].strip())
        return line

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
