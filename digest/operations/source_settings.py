"""Sources that are added, changed, paused, resumed and removed."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from digest.errors import UnknownError
from digest.operations.core import AskedError, Context, Operation, Request
from digest.operations.settings import REVISION, ChangedView, change, state_of
from digest.records.operating import Scope
from digest.settings import is_name

_SOURCE = Field(max_length=63, description="The id of the source.")


class NewSource(Request):
    """A source to add."""

    source: str = _SOURCE
    values: dict[str, Any] = Field(description="Its settings, such as `title` and `path` or `url`; not its id.")
    layout: dict[str, Any] | None = Field(None, description="A layout to add with it, with its id.")
    revision: int | None = REVISION


class SourceValues(Request):
    """Settings of a source with their new values."""

    source: str = _SOURCE
    values: dict[str, Any] = Field(min_length=1, description="By key, such as `every`; null for no value.")
    revision: int | None = REVISION


class SourceName(Request):
    """One source."""

    source: str = _SOURCE


def add_source(context: Context, asked: NewSource) -> ChangedView:
    """Add a source, and a layout for it if it needs one. The next pass reads it."""
    if not is_name(asked.source):
        raise AskedError("source", f"{asked.source!r} is not an id", remedy="use only a-z, 0-9, - and _")
    if context.settings.source(asked.source):
        raise AskedError("source", f"there is a source {asked.source} already", remedy="choose another id")
    values: dict[str, object] = {}
    if asked.layout is not None:
        name = str(asked.layout.get("id", ""))
        if not is_name(name):
            raise AskedError("layout", f"{name!r} is not an id", remedy="use only a-z, 0-9, - and _")
        if any(one.get("id") == name for one in context.settings.layouts):
            raise AskedError("layout", f"there is a layout {name} already", remedy="choose another id")
        values[f"layouts.{name}"] = asked.layout
    return change(context, {**values, f"sources.{asked.source}": {**asked.values, "id": asked.source}}, asked.revision)


def set_source(context: Context, asked: SourceValues) -> ChangedView:
    """Give settings of a source other values."""
    _require_source(context, asked.source)
    values = {f"sources.{asked.source}.{key}": value for key, value in asked.values.items()}
    return change(context, values, asked.revision)


def pause_source(context: Context, asked: SourceName) -> ChangedView:
    """Pause a source: it is not read, and its entries stay."""
    _require_source(context, asked.source)
    return change(context, {f"sources.{asked.source}.paused": True}, None)


def resume_source(context: Context, asked: SourceName) -> ChangedView:
    """Resume a paused source: it is read again."""
    _require_source(context, asked.source)
    return change(context, {f"sources.{asked.source}.paused": False}, None)


def remove_source(context: Context, asked: SourceName) -> ChangedView:
    """Remove a source: it is not read any more, and has no page; its entries stay."""
    _require_source(context, asked.source)
    return change(context, {f"sources.{asked.source}": None}, None)


def _require_source(context: Context, source: str) -> None:
    if context.settings.source(source) is None:
        raise UnknownError("source", source, remedy="`digest settings list` lists the sources")


def _of_source(context: Context, asked: NewSource | SourceValues | SourceName) -> dict[str, Any]:
    return state_of(context, [f"sources.{asked.source}"])


ADD_SOURCE = Operation(
    "sources.add", "POST", "/sources", Scope.OPERATE, NewSource, ChangedView, add_source, "source add",
    target=lambda asked: asked.source,
    state=_of_source,
)  # fmt: skip
SET_SOURCE = Operation(
    "sources.set", "PATCH", "/sources/{source}", Scope.OPERATE, SourceValues, ChangedView, set_source, "source set",
    state=_of_source,
)  # fmt: skip
PAUSE_SOURCE = Operation(
    "sources.pause", "POST", "/sources/{source}/pause", Scope.OPERATE, SourceName, ChangedView, pause_source,
    "source pause", state=_of_source,
)  # fmt: skip
RESUME_SOURCE = Operation(
    "sources.resume", "POST", "/sources/{source}/resume", Scope.OPERATE, SourceName, ChangedView, resume_source,
    "source resume", state=_of_source,
)  # fmt: skip
REMOVE_SOURCE = Operation(
    "sources.remove", "DELETE", "/sources/{source}", Scope.OPERATE, SourceName, ChangedView, remove_source,
    "source remove", state=_of_source,
)  # fmt: skip
OPERATIONS = (ADD_SOURCE, SET_SOURCE, PAUSE_SOURCE, RESUME_SOURCE, REMOVE_SOURCE)
