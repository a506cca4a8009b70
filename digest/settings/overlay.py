"""Puts changes over a configuration, and remembers which value comes from them."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from digest.errors import ConfigurationError, SettingError
from digest.settings import fields
from digest.settings.changes import UNSET, Document, Key, as_mapping, is_group, is_in_tables, key_of, require_changeable
from digest.settings.former import RENAMED
from digest.settings.layers import Layer, Overlay, read, toml
from digest.settings.positions import lines_of

if TYPE_CHECKING:
    from pathlib import Path as File

    from digest.settings.positions import Path

_FOLDER, _FILE, _TEMPLATES = "changes", "settings.toml", "templates"  # in data_dir


@dataclass(frozen=True, slots=True)
class Changes:
    """Changes, and the file and text that they were read from, both empty for what is not written yet."""

    document: Document = field(default_factory=dict)
    file: str = ""
    text: str = ""
    mistakes: tuple[SettingError, ...] = ()


def changes_file(data_dir: File) -> File:
    """The file of changes of an installation."""
    return data_dir / _FOLDER / _FILE


def changed_templates(data_dir: File) -> File:
    """The folder of templates that were edited in the console."""
    return data_dir / _FOLDER / _TEMPLATES


def changes_in(data_dir: File) -> Changes:
    """The changes of an installation; none if there is no file. What is wrong with the file is among the mistakes."""
    file, text = changes_file(data_dir), ""
    if not file.is_file():
        return Changes()
    try:
        text = read(file)
        return Changes(toml(file, text), str(file), text)
    except SettingError as mistake:
        return Changes({}, str(file), text, (mistake,))
    except ConfigurationError as unreadable:
        problem = SettingError(unreadable.problem, file=str(file), remedy="check its permissions")
        return Changes({}, str(file), text, (problem,))


def overlaid(layer: Layer, changes: Changes) -> Layer:
    """The settings of a layer with the changes over them; mistakes in the form of the changes are mistakes of it."""
    over = _Over(layer.values, changes)
    over.unset()
    for name, value in changes.document.items():
        if name != UNSET:
            over.set(name, value)
    mistakes = (*layer.mistakes, *changes.mistakes, *over.mistakes)
    return Layer(over.values, layer.origins, mistakes, layer.additions, over.overlay())


class _Over:
    """The values of a configuration while changes are put over them."""

    def __init__(self, values: Mapping[str, object], changes: Changes) -> None:
        self.values: dict[str, Any] = copy.deepcopy(dict(values))
        self.mistakes: list[SettingError] = []
        self._changes, self._text = changes, "" if changes.mistakes else changes.text  # what is not TOML has no lines
        self._lines = lines_of(self._text)
        self._paths: dict[Path, Path] = {}
        lists = ((name, value) for name, value in self.values.items() if isinstance(value, list))
        self._rows: dict[str, list[int | None]] = {
            name: list(range(len(value))) for name, value in lists if fields.is_list_of_tables((name,))
        }

    def overlay(self) -> Overlay:
        rows = {name: tuple(numbers) for name, numbers in self._rows.items()}
        return Overlay(self._changes.file, self._text, self._paths, rows)

    def unset(self) -> None:
        listed = self._changes.document.get(UNSET, [])
        if not isinstance(listed, list):
            self._refuse("must be a list of keys in brackets", (UNSET,), UNSET)
            return
        keys: list[tuple[Key, Path]] = []
        for number, written in enumerate(listed):
            try:
                keys.append((key_of(str(written)), (UNSET, number)))
            except SettingError as mistake:
                self._refuse(mistake.problem, (UNSET, number), str(written), mistake.remedy)
        for key, at in sorted(keys, key=lambda one: len(one[0]) != 2):  # noqa: PLR2004 - whole tables first: their numbers
            self._remove(key, at)

    def _remove(self, key: Key, at: Path) -> None:
        if not is_in_tables(key) or len(key) == 1:
            holder: Any = self.values
            for part in key[:-1]:
                holder = holder.get(part, {}) if isinstance(holder, dict) else {}
            if isinstance(holder, dict):
                holder.pop(key[-1], None)
            self._paths[key] = at
            return
        tables = self.values.get(key[0])
        number = self._number(key[0], key[1])
        if number is None or not isinstance(tables, list):
            return  # it is no longer configured
        if len(key) > 2:  # noqa: PLR2004 - list, id and key
            tables[number].pop(key[2], None)
            self._paths[key[0], number, key[2]] = at
        else:
            del tables[number]
            del self._rows[key[0]][number]

    def _number(self, name: str, wanted: str) -> int | None:
        tables = self.values.get(name)
        listed = tables if isinstance(tables, list) else []
        found = (number for number, one in enumerate(listed) if isinstance(one, dict) and one.get("id") == wanted)
        return next(found, None)

    def set(self, name: str, value: object) -> None:
        if fields.is_list_of_tables((name,)):
            self._set_tables(name, value)
        else:
            self._set((name,), value)

    def _set(self, path: Key, value: object) -> None:
        if isinstance(value, Mapping) and is_group(path):
            for key, one in value.items():
                self._set((*path, str(key)), one)
            return
        if not self._is_allowed(path, path, ".".join(path)):
            return
        for former in RENAMED:
            if path == (former.now,):  # both lists would be joined
                self.values[former.before[0]] = as_mapping(self.values.get(former.before[0]))
                self.values[former.before[0]].pop(former.before[1], None)
        holder = self.values
        for part in path[:-1]:
            holder[part] = holder = as_mapping(holder.get(part))
        holder[path[-1]] = value
        self._paths[path] = path

    def _set_tables(self, name: str, value: object) -> None:
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            self._refuse("must be a table of its own for each", (name,), name, f"write [[{name}]] with two brackets")
            return
        here = self.values.setdefault(name, [])
        rows = self._rows.setdefault(name, [])
        if not isinstance(here, list):
            return  # a mistake of the configuration, which is reported as one
        seen: set[str] = set()
        for at, table in enumerate(value):
            wanted = table.get("id")
            if not isinstance(wanted, str) or wanted in seen:
                problem = "another table has this id too" if wanted else "has no id"
                remedy = "" if wanted else f"write the id of the one of the {name} that it changes"
                self._refuse(problem, (name, at), f"{name}.#{at + 1}", remedy)
                continue
            seen.add(wanted)
            number = self._number(name, wanted)
            if number is None:
                number = len(here)
                here.append({})
                rows.append(None)
                self._paths[name, number] = (name, at)
            for key, one in table.items():
                if key == "id" and (name, number) not in self._paths:
                    continue  # it says which table is meant
                if self._is_allowed((name, key), (name, at, key), f"{name}.{wanted}.{key}"):
                    here[number][key] = one
                    self._paths[name, number, key] = (name, at, key)

    def _is_allowed(self, setting: Key, at: Path, called: str) -> bool:
        try:
            require_changeable(setting, setting=called, file=self._changes.file, line=self._lines.get(at))
        except SettingError as mistake:
            self.mistakes.append(mistake)
            return False
        return True

    def _refuse(self, problem: str, at: Path, called: str, remedy: str = "") -> None:
        lines = (self._lines[at[:length]] for length in range(len(at), 0, -1) if at[:length] in self._lines)
        line = next(lines, None)
        self.mistakes.append(SettingError(problem, setting=called, file=self._changes.file, line=line, remedy=remedy))
