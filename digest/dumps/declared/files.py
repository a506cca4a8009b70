"""Layouts as they are written in TOML: the tables `[[layouts]]` of a file, or of all files of a folder."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from digest.dumps.declared.declaration import LayoutError
from digest.dumps.declared.drawing import Problem
from digest.dumps.declared.layout import Layout, compiled
from digest.errors import ConfigurationError


def read_layouts(path: Path) -> tuple[Layout, ...]:
    """The layouts of a TOML file, or of the `*.toml` of a folder in the order of their names; at least one.

    Raises:
        LayoutError: drawings are wrong, or two layouts have one id; it names all that is wrong.
        ConfigurationError: a file cannot be read, is not TOML, or holds no layout.
    """
    files = sorted(path.glob("*.toml")) if path.is_dir() else [path]
    layouts: list[Layout] = []
    errors: list[LayoutError] = []
    for file in files:
        try:
            layouts += layouts_in(_parsed(file), str(file), file.read_text("utf-8"))
        except LayoutError as error:
            errors.append(error)
    if errors:
        raise (
            errors[0] if len(errors) == 1 else LayoutError(str(path), [one for error in errors for one in error.placed])
        )
    if not layouts:
        raise ConfigurationError(
            "holds no layout", place=str(path), remedy="write a table [[layouts]] with id and entry"
        )
    ids = [layout.id for layout in layouts]
    if twice := sorted({name for name in ids if ids.count(name) > 1}):
        problem = Problem(f"layout {twice[0]}", 0, "two layouts have this id", "give each its own")
        raise LayoutError(str(path), [problem])
    return tuple(layouts)


def layouts_in(document: Mapping[str, Any], place: str, text: str = "") -> tuple[Layout, ...]:
    """The layouts of a parsed document; `text` is the document, so that errors can name its lines.

    Raises:
        LayoutError: as of `read_layouts`.
        ConfigurationError: its `layouts` are no tables.
    """
    tables = document.get("layouts", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ConfigurationError("`layouts` are no tables", place=place, remedy="write [[layouts]] over each")
    return compiled(tables, place, text)


def _parsed(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise ConfigurationError(
            f"cannot be read: {error.strerror}", place=str(file), remedy="check the path"
        ) from error
    except ValueError as error:
        remedy = "write drawings between ''' and ''', where \\ and \" are themselves"
        raise ConfigurationError(f"is not TOML: {error}", place=str(file), remedy=remedy) from error
