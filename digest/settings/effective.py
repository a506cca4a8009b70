"""The settings as they hold, by their keys: the value of each, where it comes from, and whether it needs a restart."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from digest.errors import ConfigurationError
from digest.settings import fields
from digest.settings.changes import UNSET, Key, as_mapping, is_in_tables, keys_in, value_at
from digest.settings.former import present_names
from digest.settings.kinds import Group
from digest.settings.layers import merged
from digest.settings.loading import checked_settings
from digest.settings.overlay import Changes, overlaid
from digest.settings.places import Places

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.settings import positions
    from digest.settings.loading import Read
    from digest.settings.whole import Settings

MASKED = "***"
_UNITS = (("w", 604800), ("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


class Origin(StrEnum):
    """Where a value comes from; a later one overrides an earlier one."""

    DEFAULT = "default"
    CONFIGURATION = "configuration"
    CHANGES = "changes"
    VARIABLE = "variable"


@dataclass(frozen=True, slots=True)
class Effective:
    """A setting as it holds. `value` is in the types of JSON; a secret is masked.

    `place` is the file with the line, or the variable; empty for a default. `changed`: a change sets it or, with no
    value, unsets it; `before` is its value without the changes then.
    """

    key: str
    value: Any
    origin: Origin
    place: str = ""
    needs_restart: bool = False
    secret: bool = False
    changed: bool = False
    before: Any = None


def effective(configuration: Read) -> list[Effective]:
    """Every setting of a configuration, in the order of docs/settings.md; of tables in lists, the keys that they have.

    Raises:
        MistakesError: as `load`.
    """
    settings = checked_settings(configuration)
    given = as_mapping(present_names(merged(configuration.layers)))
    places = Places(given, configuration.layers, str(configuration.file), configuration.text)
    before = flat(_without_changes(configuration))
    found = [_effective(key, path, value, places, before) for key, path, value in _settings(settings, given)]
    found += _removed(configuration, {one.key for one in found}, before)
    return found


def flat(settings: Settings | None) -> dict[str, Any]:
    """Every value by its key, in the types of JSON, secrets masked; nothing of no settings."""
    if settings is None:
        return {}
    return {key: _shown(path, value) for key, path, value in _settings(settings, None)}


def unchanged(configuration: Read) -> Read:
    """The same configuration without its changes."""
    return with_changes(configuration, Changes())


def with_changes(configuration: Read, changes: Changes) -> Read:
    """The same configuration with other changes."""
    first, *others = configuration.layers
    overlay = replace(first, values=configuration.before, mistakes=configuration.mistakes, overlay=None)
    return replace(configuration, layers=(overlaid(overlay, changes), *others), changes=changes)


def variable_of(configuration: Read, key: Key) -> str:
    """The variable or secret file that sets a key, so that no change of it has an effect; empty if none does."""
    given = merged(configuration.layers)
    places = Places(given, configuration.layers, str(configuration.file), configuration.text)
    path: positions.Path = key
    if is_in_tables(key) and len(key) > 1:
        tables = given.get(key[0])
        listed = tables if isinstance(tables, list) else []
        numbers = (number for number, one in enumerate(listed) if as_mapping(one).get("id") == key[1])
        path = (key[0], next(numbers, len(listed)), *key[2:])
    return places.variable(path)


def plain(value: object) -> Any:  # noqa: ANN401 - whatever JSON has
    """A value in the types of JSON, as a configuration has it."""
    match value:
        case timedelta():
            return duration(value)
        case Path() | date():
            return str(value)
        case list() | tuple():
            return [plain(one) for one in value]
        case dict():
            return {str(name): plain(one) for name, one in value.items()}
        case Group():
            return {name: plain(one) for name, one in value}
    return value


def duration(value: timedelta) -> str:
    """`1h 30m` for a duration of so long."""
    left, parts = int(value.total_seconds()), []
    for unit, seconds in _UNITS:
        count, left = divmod(left, seconds)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts) or "0s"


def _without_changes(configuration: Read) -> Settings | None:
    if not configuration.changes.document:
        return None
    try:
        return checked_settings(unchanged(configuration))
    except ConfigurationError:
        return None  # the configuration needs what the changes set


def _settings(settings: Settings, given: dict[str, Any] | None) -> Iterator[tuple[str, positions.Path, object]]:
    """Each setting: its key, its path, its value. Of tables in lists, with `given` only the keys that it has."""
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, Group):
            yield from _inner(value, (name,))
        elif fields.is_list_of_tables((name,)):
            for number, table in enumerate(value):
                pairs = as_mapping(table) if isinstance(table, dict) else dict(table)
                written = _element(given, name, number) if given is not None else pairs
                for key, one in pairs.items():
                    if key in written:
                        yield f"{name}.{pairs.get('id')}.{key}", (name, number, key), one
        else:
            yield name, (name,), value


def _inner(group: Group, path: tuple[str, ...]) -> Iterator[tuple[str, positions.Path, object]]:
    """Each setting of a table and of the tables in it."""
    for name, value in group:
        inner = (*path, name)
        if isinstance(value, Group):
            yield from _inner(value, inner)
        else:
            yield ".".join(inner), inner, value


def _element(given: dict[str, Any], name: str, number: int) -> dict[str, Any]:
    tables = given.get(name)
    return as_mapping(tables[number]) if isinstance(tables, list) and number < len(tables) else {}


def _effective(key: str, path: positions.Path, value: object, places: Places, before: dict[str, Any]) -> Effective:
    secret, shown = _is_secret(path), _shown(path, value)
    restart = needs_restart(key)
    source = places.source(path)
    if source is None:
        return Effective(key, shown, Origin.DEFAULT, "", restart, secret)
    variable, file, line = source
    if variable:
        return Effective(key, shown, Origin.VARIABLE, variable, restart, secret)
    if places.is_changed(path):
        return Effective(key, shown, Origin.CHANGES, _place(file, line), restart, changed=True, before=before.get(key))
    return Effective(key, shown, Origin.CONFIGURATION, _place(file, line), restart, secret)


def _is_secret(path: positions.Path) -> bool:
    field = fields.field_of(path)
    return field is not None and not field.repr


def _shown(path: positions.Path, value: object) -> Any:  # noqa: ANN401 - whatever JSON has
    return (MASKED if value else "") if _is_secret(path) else plain(value)


def needs_restart(key: str) -> bool:
    """Whether only a start reads this setting."""
    return key in fields.ONLY_AT_START or key in fields.OF_THE_LISTENER


def _place(file: str, line: int | None) -> str:
    return f"{file}:{line}" if line else file


def _removed(configuration: Read, known: set[str], before: dict[str, Any]) -> Iterator[Effective]:
    """What changes remove: tables of lists, and keys of theirs."""
    document = configuration.changes.document
    for written in keys_in(document):
        if written in known or written not in document.get(UNSET, ()):
            continue
        key = tuple(written.split("."))
        former = before.get(written, plain(value_at(configuration.before, key)))
        yield Effective(written, None, Origin.CHANGES, configuration.changes.file, changed=True, before=former)
