"""Checks the settings from files and variables, and reports all mistakes at once. Decision 248."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from pydantic import ValidationError

from digest.errors import MistakesError, SettingError
from digest.settings import fields
from digest.settings.former import present_names
from digest.settings.kinds import Group
from digest.settings.layers import merged
from digest.settings.places import Places
from digest.settings.templates import template_rules
from digest.settings.unknown import as_tables, remedy_for
from digest.settings.whole import Settings
from digest.settings.words import in_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path as Folder
    from typing import Any

    from pydantic_core import ErrorDetails

    from digest.settings.layers import Layer
    from digest.settings.positions import Path
    from digest.settings.rules import Broken

_STAND_IN = "stand-in"  # replaces a required value that is wrong, so that the rest can be checked
_ROUNDS = 6  # more than needed: wrong values, elements that are not tables, their missing keys


def checked(
    layers: Sequence[Layer],
    file: str,
    text: str,
    base: Folder,
    further: Callable[[Settings], Iterable[Broken]] = lambda _: (),
    templates: Sequence[Folder] = (),
) -> Settings:
    """The settings of these layers, the weakest first; paths stay as they were written.

    `file` is the name of the file, `text` its content, `base` the folder that paths are relative to. `further` returns
    violated rules that other parts of the program know. `templates` are folders of templates besides those that the
    settings name.

    Raises:
        MistakesError: there are mistakes; first those of the files in their order, then those of variables and secrets.
    """
    given = merged(layers)
    settings, errors, touched = _read(given)
    places = Places(given, layers, file, text)
    found: list[SettingError] = [one for layer in layers for one in layer.mistakes]
    found += [_of_a_value(one, places) for one in errors]
    if settings:
        others = (*template_rules(settings, base, templates), *further(settings))
        rules = (*_broken(settings, ()), *((one, one.places) for one in others))
        found += [_of_a_rule(one, at, places) for one, at in rules if not _is_touched(at, touched)]
    if found or settings is None:
        found.sort(key=lambda one: (one.variable, places.order(one.file), one.line or 0))
        raise MistakesError(found)
    return settings


# --- values ---------------------------------------------------------------------------------------


def _read(given: Mapping[str, Any]) -> tuple[Settings | None, list[ErrorDetails], set[Path]]:
    """The settings without wrong values, the errors, and the paths of the values that were left out."""
    present: Any = copy.deepcopy(present_names(given))
    errors: list[ErrorDetails] = []
    touched: set[Path] = set()
    for _ in range(_ROUNDS):
        try:
            return Settings.of(present), errors, touched
        except ValidationError as error:
            found = _without_consequences(error.errors(include_url=False))
        errors += [one for one in found if not _is_touched((one["loc"],), touched)]
        touched |= {one["loc"] for one in found}
        touched |= _leave_out(present, [one["loc"] for one in found])
    return None, errors, touched


def _without_consequences(found: list[ErrorDetails]) -> list[ErrorDetails]:
    """The errors without those of lists that are only too short because their elements are wrong."""
    holders = {one["loc"][:-1] for one in found}
    return [one for one in found if one["type"] != "too_short" or one["loc"] not in holders]


def _leave_out(given: Any, paths: Sequence[Path]) -> set[Path]:  # noqa: ANN401 - whatever a file holds
    """Remove or replace the values at these paths. Return the paths of lists that became empty."""
    elements: dict[Path, set[int]] = {}
    emptied: set[Path] = set()
    for path in paths:
        holder, name = _holder(given, path)
        if isinstance(holder, list):
            elements.setdefault(path[:-1], set()).add(int(name))
        elif (field := fields.field_of(path)) is not None and field.is_required():
            holder[name] = f"{_STAND_IN}-{path[1]}"
        else:
            holder.pop(name, None)
            if name != path[-1]:  # a text in place of a list
                emptied.add(path[:-1])
    for path, numbers in elements.items():
        holder, name = _holder(given, path)
        if fields.is_list_of_tables(path):  # elements that are not tables: their missing keys are not reported
            holder[name] = [{} if number in numbers else one for number, one in enumerate(holder[name])]
            continue
        holder[name] = [one for number, one in enumerate(holder[name]) if number not in numbers]
        if not holder[name]:
            del holder[name]
            emptied.add(path)
    return emptied


def _holder(given: Any, path: Path) -> tuple[Any, Any]:  # noqa: ANN401 - whatever a file holds
    """The table or list that contains the value at a path, and the value's name or number in it.

    If the path leads into a text, such as the only address of a list, it is the place of that text.
    """
    holder, name = given, path[0]
    for part in path[1:]:
        if not isinstance(holder[name], dict | list):
            break
        holder, name = holder[name], part
    return holder, name


def _is_touched(places: Sequence[Path], touched: set[Path]) -> bool:
    return any(path[:length] in touched for path in places for length in range(1, len(path) + 1))


def _of_a_value(error: ErrorDetails, places: Places) -> SettingError:
    path = error["loc"]
    if error["type"] == "extra_forbidden":
        return places.mistake("there is no such setting", remedy_for(path, places.variable(path)), path)
    if isinstance(error["input"], dict) and (names := fields.names_of_tables(path)):
        return places.mistake("must be a name, not a table", as_tables(names), path)
    field = fields.field_of(path)
    problem, remedy = in_words(
        error,
        secret=field is not None and not field.repr,
        in_json=bool(places.variable(path)),
        tables=fields.is_list_of_tables(path),
    )
    return places.mistake(problem, remedy, path)


# --- rules ----------------------------------------------------------------------------------------


def _broken(group: Group, path: Path) -> Iterator[tuple[Broken, tuple[Path, ...]]]:
    """Each violated rule of a group and of the groups inside it, with the paths of the settings involved."""
    for one in group.rules():
        yield one, tuple((*path, *place) for place in one.places)
    for name in type(group).model_fields:
        value = getattr(group, name)
        if isinstance(value, Group):
            yield from _broken(value, (*path, name))
        elif isinstance(value, tuple):
            for number, element in enumerate(value):
                if isinstance(element, Group):
                    yield from _broken(element, (*path, name, number))


def _of_a_rule(one: Broken, at: tuple[Path, ...], places: Places) -> SettingError:
    remedy = "" if _STAND_IN in one.remedy else one.remedy
    return places.mistake(one.problem, remedy, *at, text_line=one.text_line)
