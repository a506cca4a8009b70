"""Settings as they were read, before anything looked at them: a file, the variables over it, secrets over both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from digest.errors import SettingError
    from digest.settings.positions import Path


@dataclass(frozen=True, slots=True)
class Layer:
    """What one place gives. `origins` names the variables by the paths that they set; it is empty of a file.

    `mistakes` are of this place alone: a variable that sets nothing, a file that cannot be read.
    """

    values: Mapping[str, object]
    origins: Mapping[Path, str]
    mistakes: tuple[SettingError, ...] = ()

    def covers(self, path: Path) -> bool:
        """Whether it decides on what stands at a path, as it gives that or a list or text that the path leads into."""
        found: object = self.values
        for part in path:
            if not isinstance(found, Mapping):
                return True
            if part not in found:
                return False
            found = found[str(part)]
        return True

    def origin(self, path: Path) -> str:
        """The variable that sets what stands at a path or around it; empty where none does."""
        tried = (path[:length] for length in range(len(path), 0, -1))
        return next((self.origins[start] for start in tried if start in self.origins), "")


def merged(layers: Sequence[Layer]) -> dict[str, object]:
    """The settings of all layers; a later one wins, key by key."""
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
