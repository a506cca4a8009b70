"""Keeps the tables of docs/settings.md equal to the settings; `make docs` runs this module."""

from __future__ import annotations

import re
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel

from digest import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).resolve().parents[1] / "docs" / "settings.md"
_LISTS: dict[str, type[BaseModel]] = {
    "topics": settings.Topic,
    "sources": settings.Source,
    "digests": settings.Digest,
    "webhooks": settings.Webhook,
}
_KEY = re.compile(r"^\| `([\w.]+)` \|")


def main() -> None:
    """Write the rows of the page anew."""
    try:
        PAGE.write_text(updated(PAGE.read_text("utf-8")), "utf-8")
    except LookupError as error:
        sys.exit(f"docs/settings.md: {error}")


def rows() -> dict[str, str]:
    """The row of each setting by its key, in the order of the program."""
    found = dict(_rows(settings.Settings, ""))
    for name, model in _LISTS.items():
        found |= _rows(model, f"{name}.")
    return found


def _rows(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, str]]:
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from _rows(inner, f"{prefix}{name}.")
        elif name not in _LISTS or prefix:  # a list of tables has a row for each key
            default = _default(field.get_default(), required=field.is_required())
            yield f"{prefix}{name}", f"| `{prefix}{name}` | {default} | {field.description} |"


def _default(default: object, *, required: bool) -> str:
    match default:
        case _ if required:
            return "required"
        case timedelta():
            seconds = int(default.total_seconds())
            unit, size = next((u, s) for u, s in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)) if seconds % s == 0)
            return f"`{seconds // size}{unit}`"
        case None | "" | ():
            return "none"
        case bool():
            return f"`{str(default).lower()}`"
        case _:
            return f"`{default}`"


def updated(page: str) -> str:
    """The page with each row as it is now: new ones behind the row of the setting before them, old ones gone.

    Raises:
        LookupError: a setting is the first of a table that the page does not have.
    """
    wanted = rows()
    lines = [line for line in page.split("\n") if not (found := _KEY.match(line)) or found[1] in wanted]
    lines = [wanted[found[1]] if (found := _KEY.match(line)) else line for line in lines]
    before = None
    for key, row in wanted.items():
        if row not in lines:
            if before is None or before.rpartition(".")[0] != key.rpartition(".")[0]:
                table = key.rpartition(".")[0]
                raise LookupError(f"add a heading and a table for [{table}], with the row: {row}")
            lines.insert(lines.index(wanted[before]) + 1, row)
        before = key
    return "\n".join(lines)


if __name__ == "__main__":
    main()
