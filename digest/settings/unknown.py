"""Suggestions for a setting that does not exist."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from digest.settings import fields, guesses

if TYPE_CHECKING:
    from digest.settings.positions import Path

_SURELY, _LIKELY = 0.85, 0.8  # similarity (0 to 1) needed for a name in the same table, and in another


def remedy_for(path: Path, variable: str) -> str:
    """The remedy for an unknown key, from the names in its table and in all other tables."""
    key, table = str(path[-1]), ".".join(part for part in path[:-1] if isinstance(part, str))
    beside = [name for name, of in _settings() if of == table]
    elsewhere = [of for name, of in _settings() if name == key and of != table]
    if surely := guesses.closest(key, beside, _SURELY):
        return guesses.did_you_mean(surely)
    if "" in elsewhere and not variable:
        at_the_top = f"{key} belongs at the top of the file, before the first [table]"
        return as_tables(key) if fields.is_list_of_tables((key,)) else at_the_top
    if elsewhere:
        return guesses.did_you_mean(" or ".join(f"{of}.{key}" for of in elsewhere))
    if likely := guesses.closest(key, beside):
        return guesses.did_you_mean(likely)
    return _elsewhere(key, inside=bool(table))


def _elsewhere(key: str, *, inside: bool) -> str:
    """The remedy for a key that is like one of another table; `inside` of a table."""
    others = {name: f"{of}.{name}" if of else name for name, of in reversed(_settings())}
    other = guesses.closest(key, others, _LIKELY)
    if inside and others.get(other) == other and fields.is_list_of_tables((other,)):
        return f"did you mean {other}? Then {as_tables(other)}"
    return guesses.did_you_mean(others[other]) if other else "docs/settings.md lists all settings"


def as_tables(key: str) -> str:
    """The remedy for a list of tables in the wrong place; a list of their names may have a place of its own."""
    remedy = f"begin each of the {key} with a line [[{key}]] of its own, anywhere in the file"
    tables = [of for name, of in _settings() if name == key and of]
    below = " or ".join(f"[[{of}]]" if fields.is_list_of_tables((of,)) else f"[{of}]" for of in tables)
    return f"{remedy}; a list of their names belongs below {below}" if below else remedy


@cache
def _settings() -> tuple[tuple[str, str], ...]:
    """Each known key and its table, which is empty for the top of the file."""
    return tuple((path[-1], ".".join(path[:-1])) for path in fields.paths())
