"""Settings with another name in earlier versions: they still work, and `digest check` reports the new name.

Decision 251.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from digest.settings.kinds import several


@dataclass(frozen=True, slots=True)
class Former:
    """The former and the present name of a setting, each as a path from the top of the file."""

    before: tuple[str, str]
    now: str

    def __str__(self) -> str:
        return f"{'.'.join(self.before)} is its former name: write {self.now} instead; the former one still works"


RENAMED = (Former(("alerts", "mail"), "operator"),)


def present_names(given: object) -> object:
    """The same settings under their present names; if both names give a list, the two lists are joined."""
    if not isinstance(given, Mapping):
        return given
    made = dict(given)
    for former in RENAMED:
        group, key = former.before
        table = made.get(group)
        if not isinstance(table, Mapping) or key not in table:
            continue
        made[group] = {name: value for name, value in table.items() if name != key}
        made[former.now] = _both(made.get(former.now), table[key])
    return made


def former_names(given: Mapping[str, object]) -> list[Former]:
    """The former names that these settings use."""
    tables = ((one, given.get(one.before[0])) for one in RENAMED)
    return [one for one, table in tables if isinstance(table, Mapping) and one.before[1] in table]


def _both(present: object, former: object) -> object:
    try:
        mine, others = several(present or ()), several(former)
    except ValueError:
        return former
    if isinstance(mine, list | tuple) and isinstance(others, list | tuple):
        return [*mine, *(one for one in others if one not in mine)]
    return former
