"""JSON for other programs, in one form: times in ISO 8601, a value as an object of its fields; and values as TOML."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from pathlib import PurePath


def to_json(value: object, *, indent: int | None = None) -> str:
    """The JSON text of a value, which may contain times, days, paths, sets, and instances of data classes.

    Raises:
        TypeError: the value contains anything else that JSON does not know.
    """
    return json.dumps(value, ensure_ascii=False, indent=indent, default=_plain)


def json_line(value: object) -> bytes:
    """One JSON object on its own line, in UTF-8 for every locale."""
    return to_json(value).encode("utf-8", "replace") + b"\n"


def pick(value: object, *names: str) -> dict[str, object]:
    """These attributes of a value, as the members of a JSON object."""
    return {name: getattr(value, name) for name in names}


def toml_value(value: object) -> str:
    """A text, flag, number, day, list or table as TOML has it, in one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml_value, value)) + "]"
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{toml_key(str(key))} = {toml_value(one)}" for key, one in value.items()) + " }"
    if isinstance(value, date):
        return value.isoformat()
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def toml_key(name: str) -> str:
    """A key as TOML has it: bare where it can be."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else toml_value(name)


def _plain(value: object) -> object:
    """The value in types that JSON knows."""
    if isinstance(value, date):  # also a datetime
        return value.isoformat()
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    raise TypeError(f"{type(value).__name__} has no form in JSON")
