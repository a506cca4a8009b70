"""Layouts as they are written in a TOML file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def toml_of(tables: Sequence[Mapping[str, object]], comments: Sequence[Sequence[str]] = ()) -> str:
    """One document with a table `[[layouts]]` for each; `comments` are lines over each of them."""
    return "\n".join(
        "".join(f"# {_in_one_line(line)}\n" for line in (comments[at] if at < len(comments) else ())) + _table(table)
        for at, table in enumerate(tables)
    )


def toml_value(value: object) -> str:
    """A text, flag, number or list of texts as TOML has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(toml_value, value)) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _table(table: Mapping[str, object]) -> str:
    lines = ["[[layouts]]"]
    lines += [f"{key} = {_drawing(value) if key == 'entry' else toml_value(value)}" for key, value in table.items()]
    return "\n".join(lines) + "\n"


def _drawing(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_drawing, value)) + "]"
    text = str(value)
    if "'''" in text:
        return toml_value(text)
    return "'''\n" + text.removesuffix("\n") + "\n'''"


def _in_one_line(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)
