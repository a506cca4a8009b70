"""All settings by their paths."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, get_args, get_origin

from digest.settings.kinds import Group
from digest.settings.whole import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic.fields import FieldInfo

    from digest.settings.positions import Path


DRAWN = "layouts"  # tables whose keys `digest.dumps.declared` knows
# The settings that only a start reads; a listener for bounces also reads how to receive them.
ONLY_AT_START = frozenset(
    {"data_dir", "database_url", "web.listen", "web.metrics_listen", "console.listen", "bounces.listen"}
)
OF_THE_LISTENER = frozenset({"bounces.address", "bounces.protocol", "bounces.largest"})


@cache
def paths() -> tuple[tuple[str, ...], ...]:
    """Every setting and every table, in the order of docs/settings.md; a table is followed by its settings."""
    return tuple(_of(Settings, ()))


def _of(group: type[Group], before: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for name, field in group.model_fields.items():
        yield (*before, name)
        inner = group_of(field)
        if inner:
            yield from _of(inner, (*before, name))


def field_of(path: Path) -> FieldInfo | None:
    """The field of the setting at a path, ignoring list numbers; None if there is no such setting."""
    group: type[Group] | None = Settings
    field: FieldInfo | None = None
    for part in path:
        if isinstance(part, int):
            continue
        if group is None or part not in group.model_fields:
            return None
        field = group.model_fields[part]
        group = group_of(field)
    return field


def is_list(field: FieldInfo) -> bool:
    return get_origin(field.annotation) is tuple


def is_number(field: FieldInfo) -> bool:
    """Whether a setting is a flag or a number, not a text."""
    return field.annotation in {bool, int, float}


def is_list_of_tables(path: Path) -> bool:
    field = field_of(path)
    return field is not None and is_list(field) and (group_of(field) is not None or path == (DRAWN,))


def names_of_tables(path: Path) -> str:
    """The list of tables whose names a setting holds, such as the layouts of a source; empty for another setting."""
    names = [part for part in path if isinstance(part, str)]
    return names[-1] if len(names) > 1 and is_list_of_tables((names[-1],)) else ""


def is_in_list(path: Path) -> bool:
    """Whether a setting is in a list of tables, such as the title of a source."""
    return len(path) > 1 and is_list_of_tables(path[:1])


def group_of(field: FieldInfo) -> type[Group] | None:
    """The class of a table or of a list of tables; None for any other setting."""
    kinds = (field.annotation, *(get_args(field.annotation) if is_list(field) else ()))
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Group)), None)
