"""Unchecked settings in layers: the file, variables that override it, and secrets that override both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from digest.errors import SettingError
    from digest.settings.positions import Path


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
class Layer:
    """The settings from one place. `origins` maps the paths to the variables that set them; it is empty for a file.

    `mistakes` are those of this place only: an unknown variable, a file that cannot be read. `additions` are further
    files whose tables are among the `values`.
    """

    values: Mapping[str, object]
    origins: Mapping[Path, str]
    mistakes: tuple[SettingError, ...] = ()
    additions: tuple[Addition, ...] = ()

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
