"""Listing pages with their layouts, and what a careful person reads in them."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from digest.dumps.declared import compiled

if TYPE_CHECKING:
    from digest.dumps.declared import Layout, Read

FOLDER = Path(__file__).parent / "listings"

Said = tuple[str, int | None, int | None, int | None]  # title, year, month, day


@dataclass
class Page:
    """`truth` is in page order; a title is empty where the page prints none."""

    name: str
    tables: list[dict[str, object]]
    text: str
    truth: list[Said]

    @cached_property
    def layouts(self) -> tuple[Layout, ...]:
        """Compiled when a test first asks, since that takes much longer than to read the page."""
        return compiled(self.tables, self.name)


def said(read: Read) -> list[Said]:
    return [(one.title, *(one.date or (None, None, None))) for one in read.entries]


def remade() -> list[Page]:
    """The pages with the shape of real ones."""
    return [
        Page(
            file.stem,
            tomllib.loads(file.read_text("utf-8"))["layouts"],
            file.with_suffix(".txt").read_text("utf-8"),
            [
                (one["title"] or "", one["year"], one["month"], one["day"])
                for one in json.loads(file.with_suffix(".json").read_text("utf-8"))
            ],
        )
        for file in sorted((FOLDER / "remade").glob("*.toml"))
    ]


def invented() -> list[Page]:
    """Further pages, in nine languages; in their file, a line of truth is a title and a day like `2021-6-11`."""
    pages = []
    for part in re.split("(?m)^=== ", (FOLDER / "invented.txt").read_text("utf-8"))[1:]:
        name, rest = part.split("\n", 1)
        layout, text, truth = rest.split("\n---\n")
        table = tomllib.loads(layout) | {"id": name}
        pages.append(Page(name, [table], f"{text}\n", list(map(read_said, truth.strip("\n").split("\n")))))
    return pages


def read_said(line: str) -> Said:
    title, _, day = line.rpartition("|")
    year, month, of_month = (int(part) if part else None for part in (day or "--").split("-"))
    return title, year, month, of_month


ALL = [*remade(), *invented()]
