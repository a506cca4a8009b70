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
        return f"{key} belongs at the top of the file, before the first [table]"
    if elsewhere:
        return guesses.did_you_mean(" or ".join(f"{of}.{key}" for of in elsewhere))
    if likely := guesses.closest(key, beside):
        return guesses.did_you_mean(likely)
    others = {name: f"{of}.{name}" if of else name for name, of in reversed(_settings())}
    other = guesses.closest(key, others, _LIKELY)
    return guesses.did_you_mean(others[other]) if other else "docs/settings.md lists all settings"


@cache
def _settings() -> tuple[tuple[str, str], ...]:
    """Each known key and its table, which is empty for the top of the file."""
    return tuple((path[-1], ".".join(path[:-1])) for path in fields.paths())
